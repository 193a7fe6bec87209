"""What a unit sees: the pictures once it has opened the summary, and an original with a motive and a line in the audit
log.
"""

import hashlib
import io
import json
import re
import threading
import zipfile
from html import unescape
from unittest.mock import Mock

import pytest
from django.utils import timezone

from chat.captures import opening, receiving, store
from chat.documents import transcript_pdf
from chat.models import Capture, CaptureState, ScanResult, Transmission
from chat.referral import actions as referral_actions
from chat.referral.queries import agreed_captures
from chat.rules.referral import State
from chat.unit import dossier
from common.offload import background_jobs
from common.sealed_files.chunks import CHUNK_BYTES
from reports.audit import for_the_person, recorded_pages, wording
from reports.models import AccessKind, AccessRecord, CaptureContact
from tests.chat.console.agents import signed_in
from tests.chat.referral.test_referral_pages import visit
from tests.factories import captures as make_captures
from tests.factories import chat as make
from tests.factories import transmissions as hand
from tests.support.reading import squeezed
from triage.rules import Urgency

pytestmark = pytest.mark.django_db
SUITES = "/tchat/suites/"
NAMED = re.compile(r'name="(captures(?:_until)?)" value="([^"]*)"')
CONTENT = make_captures.png(more=2 * CHUNK_BYTES)


@pytest.fixture
def received():
    """Return a transmission that its unit has opened, a capture that its agent saw, the unit's browser, the page."""
    conversation = make.assigned()
    capture = make_captures.seen(conversation, CONTENT)
    unit = hand.account()
    row = hand.opened(conversation, unit)
    return row, capture, signed_in(unit.user), f"/unite/{row.public_id}/captures/"


def dossier_of(browser, address):
    answer = browser.post(f"{address}dossier/")
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as found:
        return json.loads(found.read("dossier.json"))


def whole(answer):
    return b"".join(answer.streaming_content)


def test_drawings_are_beside_the_summary_once_it_was_opened(received):
    row, capture, browser, page = received
    assert f'href="{page}"' in browser.get(f"/unite/{row.public_id}/").text
    assert hashlib.sha256(CONTENT).hexdigest() in browser.get(page).text
    assert browser.get(f"{page}{capture.public_id}/1/").content[8:12] == b"WEBP"


def test_each_reading_of_the_page_has_a_line_and_the_person_reads_it(received, monkeypatch):
    row, capture, browser, page = received

    def told():
        readings = for_the_person.readings_of([row.conversation.public_id])
        return [one.who for one in readings if one.did == "a regardé les captures transmises"]

    assert told() == []
    browser.get(page)
    assert told() == ["L'unité"]
    browser.get(f"{page}{capture.public_id}/1/")
    assert told() == ["L'unité"], "the page has told it"
    assert browser.post(f"{page}{capture.public_id}/original/", {"motive": ""}).status_code == 422
    assert told() == ["L'unité"], "the page that refuses answers one that was read"
    line = AccessRecord.objects.order_by("number").last()
    assert wording.in_words(line.kind, line.detail) == "dessins des captures"
    with monkeypatch.context() as many:
        many.setattr(recorded_pages, "PAGES", 0)
        assert browser.get(page).status_code == 429 and len(told()) == 1
    browser.get(page)
    assert len(told()) == 2
    opening.lock_capture(capture, motive="x", by=row.conversation.assigned_to.user)
    assert browser.get(page).status_code == 200 and len(told()) == 2, "it shows none"


def test_original_is_given_for_a_motive_and_the_person_reads_it(received):
    row, capture, browser, page = received
    answer = browser.post(f"{page}{capture.public_id}/original/", {"motive": "complaint"})
    assert answer.status_code == 200 and answer["Content-Type"] == "application/octet-stream"
    digest = hashlib.sha256(CONTENT).hexdigest()
    assert answer["Content-Disposition"] == f'attachment; filename="capture-1-{digest[:12]}.png"'
    assert answer["Content-Length"] == str(len(CONTENT)) and whole(answer) == CONTENT
    line = AccessRecord.objects.get(kind=AccessKind.CAPTURE_ORIGINAL)
    assert line.detail == f"capture 1, sha256 {digest}" and "plainte" in line.motive
    assert digest in wording.in_words(line.kind, line.detail)
    [told] = [one for one in for_the_person.readings_of([row.conversation.public_id]) if "original" in one.did]
    assert told.at == line.at


@pytest.mark.parametrize("motive", ["", "curiosité"])
def test_original_is_not_given_without_a_motive(received, motive):
    _row, capture, browser, page = received
    answer = browser.post(f"{page}{capture.public_id}/original/", {"motive": motive})
    assert answer.status_code == 422 and "fr-error-text" in answer.text
    assert not AccessRecord.objects.filter(kind=AccessKind.CAPTURE_ORIGINAL).exists()
    assert browser.get(f"{page}{capture.public_id}/original/").status_code == 405


@pytest.mark.parametrize(
    ("scan", "is_given"),
    [
        (ScanResult.NOT_ASKED, True),
        (ScanResult.CLEAN, True),
        (ScanResult.UNSCANNABLE, True),
        (ScanResult.FOUND, False),
        (ScanResult.WAITING, False),
    ],
)
def test_scanner_decides_what_is_given_and_its_verdict_is_said(received, scan, is_given):
    _row, capture, browser, page = received
    Capture.objects.filter(pk=capture.pk).update(scan=scan)
    shown = browser.get(page).text
    assert (f'action="{page}{capture.public_id}/original/"' in shown) is is_given
    answer = browser.post(f"{page}{capture.public_id}/original/", {"motive": "complaint"})
    assert answer.status_code == (200 if is_given else 409)
    if is_given:
        assert whole(answer) == CONTENT
    assert AccessRecord.objects.filter(kind=AccessKind.CAPTURE_ORIGINAL).exists() is is_given


def test_unscannable_is_never_said_to_be_clean(received):
    _row, capture, browser, page = received
    Capture.objects.filter(pk=capture.pk).update(scan=ScanResult.UNSCANNABLE)
    assert str(ScanResult.CLEAN.label) not in browser.get(page).text


def test_unit_that_has_not_opened_the_summary_sees_nothing(received):
    row, capture, _browser, _page = received
    unit = hand.account()
    sent = hand.sent(make.assigned(), unit)
    browser = signed_in(unit.user)
    for address in (f"/unite/{sent.public_id}/captures/", f"/unite/{row.public_id}/captures/"):
        assert browser.get(address).status_code == 404
        assert browser.get(f"{address}{capture.public_id}/1/").status_code == 404
        assert browser.post(f"{address}{capture.public_id}/original/", {"motive": "complaint"}).status_code == 404
        assert browser.post(f"{address}{capture.public_id}/mettre-de-cote/", {"motive": "minor"}).status_code == 404
    capture.refresh_from_db()
    assert capture.locked_at is None


def test_what_the_agent_never_saw_is_not_there(received):
    row, _capture, browser, page = received
    other = make_captures.drawn(row.conversation)
    assert browser.post(f"{page}{other.public_id}/original/", {"motive": "complaint"}).status_code == 404


def test_what_was_shown_after_the_summary_was_sent_did_not_go_along(received):
    """The person agreed to what they read then: a capture that is shown later is not the unit's."""
    row, _capture, browser, page = received
    later = make_captures.seen(row.conversation, name="APRES.png")
    assert "APRES" not in browser.get(page).text
    assert browser.get(f"{page}{later.public_id}/1/").status_code == 404
    assert browser.post(f"{page}{later.public_id}/original/", {"motive": "complaint"}).status_code == 404


def agree(conversation, row, page=None, **changed):
    """Press « Oui » as the person, on this page, or as it is drawn now. changed: fields; None sends none."""
    page = page or visit(conversation).get(SUITES).text
    fields = {"transmission": row.public_id, "answer": "yes", **dict(NAMED.findall(page)), **changed}
    answer = visit(conversation).post(SUITES, {name: said for name, said in fields.items() if said is not None})
    row.refresh_from_db()
    return answer


def sent_along(row, unit):
    """Return the numbers of the captures that the unit sees beside the summary."""
    referral_actions.mark_read(transmission=row, by=unit.user)
    unit.browser = signed_in(unit.user)
    return shown_to(unit, row)


def shown_to(unit, row):
    page = unit.browser.get(f"/unite/{row.public_id}/captures/").text
    return [int(number) for number in re.findall(r'aria-labelledby="capture-(\d+)"', page)]


@pytest.fixture
def asked():
    """Return an exchange with one capture that its agent saw, and a summary that waits for the person's answer."""
    conversation, unit = make.assigned(), hand.account()
    make_captures.seen(conversation)
    return conversation, unit, hand.asked(conversation, unit)


def test_captures_that_the_page_named_go_along(asked):
    conversation, unit, row = asked
    make_captures.seen(conversation)
    page = squeezed(unescape(visit(conversation).get(SUITES).text))
    assert "Les captures que vous avez montrées vont avec ce résumé (2)" in page
    assert agree(conversation, row).status_code == 302
    assert sent_along(row, unit) == [1, 2]


def test_what_was_seen_after_the_page_was_drawn_does_not_go_along(asked):
    conversation, unit, row = asked
    page = visit(conversation).get(SUITES).text
    assert "vont avec ce résumé (1)" in page
    later = make_captures.seen(conversation)
    agree(conversation, row, page)
    assert later.number == 2 and sent_along(row, unit) == [1]
    address = f"/unite/{row.public_id}/captures/{later.public_id}/original/"
    assert unit.browser.post(address, {"motive": "complaint"}).status_code == 404


def test_page_that_named_no_capture_sends_none():
    conversation, unit = make.assigned(), hand.account()
    row = hand.asked(conversation, unit)
    page = visit(conversation).get(SUITES).text
    make_captures.seen(conversation)
    agree(conversation, row, page)
    assert row.state == State.SENT and sent_along(row, unit) == []


@pytest.mark.parametrize(
    "wrong", ["demain", "2027-99-01", "<b>", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"]
)
def test_moment_that_is_none_sends_nothing(asked, wrong):
    conversation, _unit, row = asked
    assert agree(conversation, row, captures_until=wrong).status_code == 200
    assert row.state == State.ASKED


@pytest.mark.parametrize("wrong", ["toutes", "1,,2", "-1", "1;2", "9" * 10, "1," * 300])
def test_numbers_that_are_none_send_nothing(asked, wrong):
    conversation, _unit, row = asked
    assert agree(conversation, row, captures=wrong).status_code == 200
    assert row.state == State.ASKED


def set_aside(capture, *, since):
    Capture.objects.filter(pk=capture.pk).update(locked_at=since)


def test_what_was_set_aside_when_the_person_agreed_never_goes_along(asked):
    conversation, unit, row = asked
    aside = Capture.objects.get()
    make_captures.seen(conversation)
    set_aside(aside, since=timezone.now())
    page = visit(conversation).get(SUITES).text
    assert "vont avec ce résumé (1)" in page
    agree(conversation, row, page)
    assert sent_along(row, unit) == [2]
    set_aside(aside, since=None)
    assert shown_to(unit, row) == [2]
    address = f"/unite/{row.public_id}/captures/{aside.public_id}/original/"
    assert unit.browser.post(address, {"motive": "complaint"}).status_code == 404


def test_what_was_given_back_after_the_page_was_drawn_does_not_go_along(asked):
    conversation, unit, row = asked
    aside = Capture.objects.get()
    make_captures.seen(conversation)
    set_aside(aside, since=timezone.now())
    page = visit(conversation).get(SUITES).text
    set_aside(aside, since=None)
    agree(conversation, row, page)
    assert sent_along(row, unit) == [2]


def test_page_of_the_version_before_names_what_had_been_seen_by_its_time(asked):
    conversation, unit, row = asked
    agree(conversation, row, captures=None)
    make_captures.seen(conversation)
    assert sent_along(row, unit) == [1]
    words = row.words
    del words["captures"]
    row.seal(words)
    row.save(update_fields=["sealed_words"])
    assert shown_to(unit, row) == [1], "and so does a summary that it sent"


def test_moment_to_come_names_what_was_seen_by_now(asked):
    conversation, unit, row = asked
    agree(conversation, row, captures_until="2999-01-01T00:00:00+00:00")
    make_captures.seen(conversation)
    assert sent_along(row, unit) == [1]


def test_form_that_the_version_before_drew_sends_what_was_seen_when_the_summary_was_written(asked):
    conversation, unit, row = asked
    make_captures.seen(conversation)
    agree(conversation, row, captures_until=None, captures=None)
    assert sent_along(row, unit) == [1]


def test_summary_that_the_version_before_sent_keeps_what_had_been_seen_by_then(asked):
    conversation, unit, row = asked
    make_captures.seen(conversation)
    agree(conversation, row)
    words = row.words
    del words["captures_until"]
    row.seal(words)
    row.save()
    make_captures.seen(conversation)
    assert sent_along(row, unit) == [1, 2]


def test_summary_that_cannot_be_read_is_not_sent_and_takes_no_capture_along(asked):
    conversation, _unit, row = asked
    page = visit(conversation).get(SUITES).text
    words = bytes(row.sealed_words)
    Transmission.objects.filter(pk=row.pk).update(sealed_words=b"\1\4test" + b"0" * 40)
    answer = agree(conversation, row, page)
    assert answer.status_code == 409 and "il ne partira pas" in answer.text and row.state == State.ASKED
    Transmission.objects.filter(pk=row.pk).update(sealed_words=words)
    agree(conversation, row, page)
    assert row.state == State.SENT and agreed_captures(row) is not None
    row.sealed_words = b"\1\4test" + b"0" * 40
    assert agreed_captures(row) is None


def test_summary_without_agreement_takes_no_capture_along(monkeypatch):
    conversation = make.assigned()
    conversation.urgency = Urgency.CRITICAL
    conversation.save()
    capture, unit = make_captures.seen(conversation, CONTENT), hand.account()
    row = referral_actions.send_without(
        conversation_id=conversation.pk,
        point_id=unit.point_id,
        summary="x",
        why="danger",
        by=conversation.assigned_to.user,
    )
    referral_actions.mark_read(transmission=row, by=unit.user)
    browser, address = signed_in(unit.user), f"/unite/{row.public_id}/"
    page = f"{address}captures/"
    assert f'href="{page}"' not in browser.get(address).text
    assert hashlib.sha256(CONTENT).hexdigest() not in browser.get(page).text
    assert browser.get(f"{page}{capture.public_id}/1/").status_code == 404
    assert browser.post(f"{page}{capture.public_id}/original/", {"motive": "complaint"}).status_code == 404
    drawn = []
    monkeypatch.setattr(transcript_pdf, "draw", lambda document, *_given, **_named: drawn.append(document) or b"%PDF")
    assert dossier_of(browser, address)["captures"] == []
    assert drawn[0].thread == [] and "sans l'accord de la personne" in drawn[0].about[0]


def test_locked_capture_is_given_to_nobody(received):
    row, capture, browser, page = received
    opening.lock_capture(capture, motive="x", by=row.conversation.assigned_to.user)
    assert "Captures (0)" in browser.get(page).text, "as many as the page before says"
    assert browser.post(f"{page}{capture.public_id}/original/", {"motive": "complaint"}).status_code == 404
    capture.locked_at = None  # read before it was locked
    with pytest.raises(opening.Locked):
        opening.open_original(capture, motive="x", by=row.conversation.assigned_to.user)


def test_unit_that_finds_a_minor_sets_the_capture_aside(received):
    """It alone sees the original of one that is « illisible », and the pages that were not drawn."""
    row, capture, browser, page = received
    Capture.objects.filter(pk=capture.pk).update(state=CaptureState.UNREADABLE)
    address = f"{page}{capture.public_id}/mettre-de-cote/"
    shown = browser.get(page).text
    assert f'action="{address}"' in shown and "pas encore nommée" in shown
    CaptureContact.objects.create(name="Permanence", reach="01 23 45 67 89")
    assert "Permanence" in browser.get(page).text
    refused = browser.post(address, {"motive": ""})
    assert refused.status_code == 422 and "<details open>" in refused.text
    assert browser.get(address).status_code == 405
    assert not AccessRecord.objects.filter(kind=AccessKind.CAPTURE_LOCKED).exists()
    answer = browser.post(address, {"motive": "minor"}, follow=True)
    assert "Captures (0)" in answer.text and "Permanence" in answer.text and "mise de côté" in answer.text
    line = AccessRecord.objects.get(kind=AccessKind.CAPTURE_LOCKED)
    assert line.detail == "capture 1, locked" and "18 ans" in line.motive and line.role == "unit"
    [told] = [one for one in for_the_person.readings_of([row.conversation.public_id]) if "de côté" in one.did]
    assert told.who == "L'unité"
    for after in (f"{page}{capture.public_id}/original/", address):
        assert browser.post(after, {"motive": "complaint"}).status_code == 404
    assert browser.get(f"{page}{capture.public_id}/1/").status_code == 404


def test_original_that_does_not_open_leaves_no_line(received):
    _row, capture, browser, page = received
    Capture.objects.filter(pk=capture.pk).update(sealed_words=b"\1\4test" + b"0" * 40)
    answer = browser.post(f"{page}{capture.public_id}/original/", {"motive": "complaint"})
    assert answer.status_code == 503
    assert not AccessRecord.objects.filter(kind=AccessKind.CAPTURE_ORIGINAL).exists()


def test_original_whose_store_is_away_leaves_no_line_and_says_so(received, monkeypatch):
    """Nothing was sent, and the register said that it was opened."""
    _row, capture, browser, page = received
    with monkeypatch.context() as patch:
        patch.setattr(store, "read_file", lambda *_asked: iter(Mock(side_effect=store.StoreAway), None))
        answer = browser.post(f"{page}{capture.public_id}/original/", {"motive": "complaint"})
    assert answer.status_code == 503 and "ne peut pas être lu en ce moment" in unescape(answer.text)
    assert not AccessRecord.objects.filter(kind=AccessKind.CAPTURE_ORIGINAL).exists()
    assert whole(browser.post(f"{page}{capture.public_id}/original/", {"motive": "complaint"})) == CONTENT


def test_originals_have_a_pace(received, monkeypatch, one_window):
    from chat.unit import captures as pages

    _row, capture, browser, page = received
    monkeypatch.setattr(pages, "ORIGINALS", 1)
    asked = [browser.post(f"{page}{capture.public_id}/original/", {"motive": "complaint"}) for _ in range(2)]
    assert [one.status_code for one in asked] == [200, 429]
    assert whole(asked[0]) == CONTENT


def test_erasing_the_exchange_takes_its_files(received, django_capture_on_commit_callbacks):
    row, capture, _browser, _page = received
    with django_capture_on_commit_callbacks(execute=True):
        store.erase_after_commit(store.of_reports([row.conversation.report_id]))
    with pytest.raises(store.StoreAway):
        b"".join(store.read_file(receiving.sealer_of(capture), capture.store_id, store.ORIGINAL, capture.tokens))


def test_late_dossier_does_not_name_a_capture_that_was_set_aside_meanwhile(received, monkeypatch):
    row, capture, browser, _page = received
    may_end, begun = threading.Event(), []

    def draw(document, *_arguments, **_named):
        begun.append(document)
        assert may_end.wait(300)
        return b"%PDF-1.7"

    monkeypatch.setattr(transcript_pdf, "draw", draw)
    monkeypatch.setattr(background_jobs, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(dossier, "DOSSIERS", 1_000)
    address = f"/unite/{row.public_id}/dossier/"
    assert browser.post(address).status_code == 503
    Capture.objects.filter(pk=capture.pk).update(locked_at=timezone.now())
    may_end.set()
    monkeypatch.setattr(background_jobs, "PATIENCE_SECONDS", 300)
    for _press in range(900):
        answer = browser.post(address)
        if answer.status_code != 503:  # the first document has been made
            break
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as found:
        assert json.loads(found.read("dossier.json"))["captures"] == []
    assert len(begun) == 2

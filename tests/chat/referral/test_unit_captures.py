"""What a unit sees: the pictures once it has opened the summary, and an original with a motive and a line in the audit
log.
"""

import hashlib
import io
import json
import threading
import zipfile

import pytest
from django.utils import timezone

from chat.captures import opening, receiving
from chat.documents import transcript_pdf
from chat.models import Capture, ScanResult
from chat.referral import actions as referral_actions
from chat.unit import dossier
from common.offload import background_jobs
from common.sealed_files.chunks import CHUNK_BYTES
from reports.audit import for_the_person, wording
from reports.models import AccessKind, AccessRecord
from tests.chat.console.agents import signed_in
from tests.factories import captures as make_captures
from tests.factories import chat as make
from tests.factories import transmissions as hand
from triage.rules import Urgency

pytestmark = pytest.mark.django_db
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
    with zipfile.ZipFile(io.BytesIO(answer.content)) as found:
        return json.loads(found.read("dossier.json"))


def whole(answer):
    return b"".join(answer.streaming_content)


def test_drawings_are_beside_the_summary_once_it_was_opened(received):
    row, capture, browser, page = received
    assert f'href="{page}"' in browser.get(f"/unite/{row.public_id}/").text
    assert hashlib.sha256(CONTENT).hexdigest() in browser.get(page).text
    assert browser.get(f"{page}{capture.public_id}/1/").content[8:12] == b"WEBP"


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


def test_original_that_does_not_open_leaves_no_line(received):
    _row, capture, browser, page = received
    Capture.objects.filter(pk=capture.pk).update(sealed_words=b"\1\4test" + b"0" * 40)
    answer = browser.post(f"{page}{capture.public_id}/original/", {"motive": "complaint"})
    assert answer.status_code == 503
    assert not AccessRecord.objects.filter(kind=AccessKind.CAPTURE_ORIGINAL).exists()


def test_originals_have_a_pace(received, monkeypatch):
    from chat.unit import captures as pages

    _row, capture, browser, page = received
    monkeypatch.setattr(pages, "ORIGINALS", 1)
    asked = [browser.post(f"{page}{capture.public_id}/original/", {"motive": "complaint"}) for _ in range(2)]
    assert [one.status_code for one in asked] == [200, 429]
    assert whole(asked[0]) == CONTENT


def test_erasing_the_exchange_takes_its_files(received, django_capture_on_commit_callbacks):
    from chat.captures import store

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
    with zipfile.ZipFile(io.BytesIO(answer.content)) as found:
        assert json.loads(found.read("dossier.json"))["captures"] == []
    assert len(begun) == 2

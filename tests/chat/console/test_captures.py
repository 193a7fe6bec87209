"""Captures as their agent sees them: pictures that we drew, blurred, with their digest. Locking one needs a motive."""

import hashlib
import re
import uuid
from datetime import date
from functools import partial
from html import unescape

import pytest
from django.utils import timezone

from chat.captures import answers, drawing, queries, receiving, store
from chat.console import casework_panels
from chat.journal import actions as journal_actions
from chat.journal.dates import Moment, Precision
from chat.journal.facts import Told
from chat.models import Capture
from common.sealed_files.answer import PieceByPiece
from reports.audit import for_the_person
from reports.models import AccessKind, AccessRecord, CaptureContact
from tests.chat.console.agents import page_of, signed_in
from tests.factories import captures as make_captures
from tests.factories import chat as make
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db
CONTENT = make_captures.png()


@pytest.fixture
def seen():
    """Return a conversation with one capture shown and drawn, its agent's browser, and the page."""
    conversation = make.assigned()
    capture = make_captures.drawn(conversation, CONTENT, "IMG_2.png")
    return conversation, capture, signed_in(conversation.assigned_to.user), f"{page_of(conversation)}captures/"


def read(answer):
    return squeezed(unescape(answer.text))


def test_thread_says_how_many_and_shows_none(seen):
    conversation, capture, browser, page = seen
    make_captures.received(conversation)  # a private one, which the agent does not see
    beside = read(browser.get(page_of(conversation)))
    assert "1 capture montrée par la personne" in beside and f'href="{page}"' in beside
    assert "<img" not in beside and "IMG_2" not in beside
    capture.refresh_from_db()
    assert capture.read_at is None  # only what the page of captures showed counts as seen


def test_chronology_names_the_captures_of_each_fact_and_the_summary_how_many_go_along(seen):
    conversation, capture, browser, page = seen
    told = Told("Un mot", Moment(Precision.DAY, date(2026, 3, 12)))
    fact = journal_actions.note_fact(conversation_id=conversation.pk, public_id=uuid.uuid4(), told=told)
    journal_actions.show_facts(conversation=conversation)
    Capture.objects.filter(pk=capture.pk).update(fact=fact)
    make_captures.drawn(conversation)  # the transmission includes no captures
    link = f'<a href="{page}#capture-1">Capture n° 1</a>'
    beside = read(browser.get(page_of(conversation)))
    assert link in beside and "#capture-2" not in beside and "capture que vous avez vue" not in beside
    drawing = beside[beside.index("<svg") : beside.index("</svg>")]
    assert "Capture n° 1 : fait n° 1." in drawing and ">C1</text>" in drawing and "C2" not in drawing
    assert link in read(browser.get(f"{page_of(conversation)}faits/"))
    browser.get(page)
    told = "2 captures que vous avez vues vont avec le résumé, si la personne donne son accord."
    assert told in read(browser.get(page_of(conversation)))


def test_document_of_the_exchange_names_what_was_seen_by_number_and_digest(seen):
    conversation, _capture, browser, page = seen
    make_captures.received(conversation)  # a private one, which the agent does not see
    drawn = partial(casework_panels.document, conversation.assigned_to, conversation, motive="Essai")
    assert "Captures" not in str(drawn(now=timezone.now()).sections)
    browser.get(page)
    text = squeezed(str(drawn(now=timezone.now()).sections))
    assert "Captures montrées par la personne" in text and f"SHA-256 {hashlib.sha256(CONTENT).hexdigest()}" in text
    assert "Capture n° 1, PNG" in text and "n° 2" not in text and "IMG_2" not in text


def test_page_shows_size_kind_date_and_digest_and_counts_as_seen(seen):
    _conversation, capture, browser, page = seen
    shown = read(browser.get(page))
    for words in ("PNG", "IMG_2.png", hashlib.sha256(CONTENT).hexdigest()):
        assert words in shown
    capture.refresh_from_db()
    assert capture.read_at is not None


def test_private_and_taken_back_captures_are_not_there(seen):
    conversation, capture, browser, page = seen
    make_captures.received(conversation, name="PRIVEE.png")
    assert receiving.take_back(conversation=conversation) == 1
    shown = read(browser.get(page))
    assert "PRIVEE" not in shown and "IMG_2" not in shown
    assert browser.get(f"{page}{capture.public_id}/1/").status_code == 404


def test_drawing_is_blurred_by_a_box_that_is_not_ticked(seen):
    """Without a script too: the style blurs every image whose box is not ticked, and the box keeps nothing."""
    _conversation, capture, browser, page = seen
    shown = browser.get(page).text
    [box] = re.findall(r"<input[^>]*data-blurs[^>]*>", shown)
    assert "checked" not in box
    [form] = re.findall(r"<form[^>]*console-capture__page[^>]*>", shown)
    assert 'autocomplete="off"' in form and 'method="dialog"' in form, "else « back » ticks the box again"
    assert f'src="{page}{capture.public_id}/1/"' in shown and 'loading="lazy"' in shown


def test_long_drawing_is_sent_piece_by_piece_and_a_store_that_is_away_is_told_first(seen, monkeypatch):
    _conversation, capture, browser, page = seen
    browser.get(page)
    address = f"{page}{capture.public_id}/1/"
    whole = browser.get(address).content
    monkeypatch.setattr(answers, "WHOLE_MOST", 0)
    answer = browser.get(address)
    assert isinstance(answer, PieceByPiece) and b"".join(answer.streaming_content) == whole
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("image/webp", "no-store")
    assert (answer["Content-Length"], answer["Content-Disposition"]) == (str(len(whole)), "inline")

    def away(*_given):
        raise store.StoreAway

    monkeypatch.setattr(store, "read_chunk", away)
    assert browser.get(address).status_code == 503


def test_drawing_is_webp_that_no_cache_keeps(seen):
    _conversation, capture, browser, page = seen
    browser.get(page)
    answer = browser.get(f"{page}{capture.public_id}/1/")
    assert answer.status_code == 200 and answer.content[8:12] == b"WEBP"
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("image/webp", "no-store")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert CONTENT not in answer.content
    assert browser.get(f"{page}{capture.public_id}/2/").status_code == 404


def test_drawing_before_it_was_shown_on_the_page_is_none(seen):
    _conversation, capture, browser, page = seen
    assert browser.get(f"{page}{capture.public_id}/1/").status_code == 404


def test_store_that_is_away_is_said(seen, monkeypatch):
    _conversation, capture, browser, page = seen
    browser.get(page)

    def away(*_arguments):
        raise store.StoreAway

    monkeypatch.setattr(store, "read_chunk", away)
    assert browser.get(f"{page}{capture.public_id}/1/").status_code == 503


def test_unreadable_is_said_to_say_nothing_of_being_safe():
    conversation = make.assigned()
    capture = make_captures.shown(conversation)
    drawing._finish(capture, {"sha256": "0" * 64, "kind": "png"}, [])
    page = read(signed_in(conversation.assigned_to.user).get(f"{page_of(conversation)}captures/"))
    assert "Illisible" in page and "ne veut pas dire que le fichier est sain" in page and "<img" not in page


def test_capture_for_which_there_was_no_time_is_not_called_unreadable():
    conversation = make.assigned()
    capture = make_captures.shown(conversation)
    for _each in range(queries.LATE_TRIES):
        drawing._put_off(capture, {"sha256": "0" * 64, "kind": "png"})
    page = read(signed_in(conversation.assigned_to.user).get(f"{page_of(conversation)}captures/"))
    assert "Pas encore dessinée" in page and "Illisible" not in page and "rechargez" not in page
    assert "ne veut pas dire que le fichier est sain" in page and "<img" not in page


@pytest.mark.parametrize("who", ["another agent", "nobody"])
def test_nobody_else_sees_them(seen, who, client):
    conversation, capture, browser, page = seen
    browser.get(page)
    other = signed_in(make.assigned().assigned_to.user) if who == "another agent" else client
    for address in (page, f"{page}{capture.public_id}/1/"):
        assert other.get(address).status_code == (404 if who == "another agent" else 302)
    elsewhere = f"{page_of(make.assigned(conversation.assigned_to))}captures/{capture.public_id}/1/"
    assert browser.get(elsewhere).status_code == 404


def test_original_is_not_the_agents(seen):
    _conversation, capture, browser, page = seen
    browser.get(page)
    for name in ("original", "0"):
        assert browser.get(f"{page}{capture.public_id}/{name}/").status_code == 404


# --- set aside --------------------------------------------------------------------------------------------------------


def test_locked_capture_is_seen_by_nobody_with_its_motive_in_the_register(seen):
    conversation, capture, browser, page = seen
    browser.get(page)
    answer = browser.post(f"{page}{capture.public_id}/cote/", {"motive": "minor"})
    assert (answer.status_code, answer.headers["Location"]) == (302, page)
    shown = read(browser.get(page))
    assert "Mise de côté" in shown and "<img" not in shown
    assert browser.get(f"{page}{capture.public_id}/1/").status_code == 404
    line = AccessRecord.objects.get(kind=AccessKind.CAPTURE_LOCKED)
    assert (line.subject, line.detail) == (str(conversation.public_id), "capture 1, locked")
    assert "moins de 18 ans" in line.motive
    [told] = for_the_person.readings_of([conversation.public_id])
    assert told.who == "La personne qui a répondu", "not « another agent »: it was shown to nobody else"
    browser.post(f"{page}{capture.public_id}/cote/", {"motive": "minor"})
    assert AccessRecord.objects.filter(kind=AccessKind.CAPTURE_LOCKED).count() == 1


def test_who_sets_aside_reads_whom_to_tell_before_and_after_or_that_nobody_is_named(seen):
    _conversation, capture, browser, page = seen
    assert "pas encore nommée par le service" in read(browser.get(page))
    CaptureContact.objects.create(name="Commandant Essai, référent", reach="poste 12 34")
    before = read(browser.get(page))
    browser.post(f"{page}{capture.public_id}/cote/", {"motive": "minor"})
    after = read(browser.get(page))
    assert "Mettre de côté cette capture" in before and "Mettre de côté cette capture" not in after
    for shown in (before, after):
        assert "<strong>Commandant Essai, référent</strong>, poste 12 34" in shown and "pas encore nommée" not in shown


@pytest.mark.parametrize("motive", ["", "autre"])
def test_lock_asks_for_a_motive(seen, motive):
    _conversation, capture, browser, page = seen
    browser.get(page)
    answer = browser.post(f"{page}{capture.public_id}/cote/", {"motive": motive})
    assert answer.status_code == 422 and "fr-error-text" in answer.text and " open" in answer.text
    assert Capture.objects.get(pk=capture.pk).locked_at is None


def test_capture_that_is_none_cannot_be_locked(seen):
    _conversation, _capture, browser, page = seen
    assert browser.post(f"{page}{uuid.uuid4()}/cote/", {"motive": "minor"}).status_code == 404

"""« Ma copie »: its page without a script, what it gives, and who may have it."""

import base64
import hashlib
import io
import json
import re
import secrets
import threading
import time
import tracemalloc
import zipfile
from datetime import UTC, date, datetime, timedelta
from html import unescape
from importlib import import_module
from unittest.mock import Mock, patch

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chat import access
from chat.captures import drawing, handouts, receiving, store
from chat.casework import proposals
from chat.conversations import follow_up_code
from chat.documents import transcript_pdf
from chat.journal import actions as journal_actions
from chat.journal.facts import Told
from chat.models import Capture, CaptureState, FollowUp, JournalFact, Message, RemovalRequest, ScanResult
from chat.personal_copy import actions, archive, lock, parts, person_archive, schema
from chat.proof_of_date import sources
from chat.referral import actions as referral_actions
from chat.referral.queries import AgreedFacts
from chat.visitor import own_copy
from common.data_keys import keys
from common.data_keys.keys import KeysAway
from common.offload import background_jobs, pool
from pnav.addresses import DISCREET, in_language
from reports.audit import for_the_person
from reports.audit import log as audit_log
from reports.models import AccessKind, AccessRecord
from reports.proof_of_date import days, stamps
from tests.chat.console.agents import signed_in
from tests.factories import captures
from tests.factories import chat as make
from tests.factories import transmissions as hand
from tests.js.test_twins import drawn as run_script
from tests.reports.rules import proof_corpus as corpus
from tests.support.archives import pack
from tests.support.json_schema import problems
from tests.support.moments import yesterday_noon
from tests.support.reading import spaced, squeezed
from tests.support.time_stamping import serving
from triage.rules import Urgency

pytestmark = pytest.mark.django_db
PAGE = "/tchat/copie/"
MINE = {"device": "mine"}


@pytest.fixture
def drawn(monkeypatch):
    """Give the papers that are told, and not drawn."""
    told = []

    def draw(document, source=transcript_pdf.EXCHANGE, *, who="", is_patient=False):
        told.append(document)
        return b"%PDF-1.7 of " + document.title.encode()

    monkeypatch.setattr(person_archive.transcript_pdf, "draw", draw)
    return told


def note(conversation, what="Insultes sous une photo", **words):
    import uuid

    return journal_actions.note_fact(
        conversation_id=conversation.pk, public_id=uuid.uuid4(), told=Told(what=what, **words)
    )


def content_of(answer):
    found = b"".join(answer.streaming_content)
    assert len(found) == int(answer["Content-Length"])
    return found


def unpacked(answer):
    with zipfile.ZipFile(io.BytesIO(content_of(answer))) as found:
        assert found.testzip() is None
        return {name: found.read(name) for name in found.namelist()}


def with_everything():
    """Return an exchange that ended, with all that a copy may hold."""
    unit = hand.account()
    conversation = make.assigned(make.agent(public_name="Camille"), reception_point=unit.point)
    make.message(conversation, "Il m'insulte \u202echaque soir")
    make.message(conversation, "Je vous lis.", author="agent")
    note(conversation, platform="Instagram", account="@lea")
    hand.opened(conversation, unit)
    proposals.ask_question(
        conversation_id=conversation.pk,
        text="Êtes-vous seule ?",
        answers=["Oui", "Non"],
        by=conversation.assigned_to.user,
    )
    return conversation


@pytest.mark.parametrize("discreet", [False, True])
def test_copy_holds_what_was_ticked_beside_the_orientation(as_reporter, drawn, discreet):
    """It had the answers of the orientation alone."""
    conversation = make.assigned(
        role="relative", facts=["insults"], platforms=["social", "game"], since="month", expectations=["advice"],
        discreet=discreet,
    )  # fmt: skip
    files = unpacked(as_reporter(conversation).post(PAGE, MINE))
    answers = json.loads(files["copie.json"])["report"]["answers"]
    told = [(one["question"], one["answer"]) for one in answers]
    assert [answer for _question, answer in told] == [
        "Proche", "Intimidations, insultes, moqueries ou menaces", "Réseau social, Jeu en ligne", "Quelques semaines",
        "Recevoir des conseils",
    ]  # fmt: skip
    assert any(set(told) <= set(one.pairs) for one in drawn[0].sections)


@pytest.mark.parametrize(
    ("age_band", "who", "asked"),
    [
        ("under_15", "minor", "Avant tout, es-tu en sécurité ?"),
        ("adult", "adult", "Avant tout, êtes-vous en sécurité ?"),
    ],
)
def test_copy_asks_what_was_asked_in_the_same_voice(as_reporter, drawn, age_band, who, asked):
    """It said *vous* to a minor, in the questions of the orientation alone."""
    conversation = make.assigned(age_band=age_band, answers={"danger": "no", "who": who})
    files = unpacked(as_reporter(conversation).post(PAGE, MINE))
    first = json.loads(files["copie.json"])["report"]["answers"][0]
    assert first == {"question": asked, "answer": "Non, rien de tout cela"}
    assert any((asked, first["answer"]) in one.pairs for one in drawn[0].sections)


def test_copy_holds_all_that_is_the_persons_and_fits_its_schema(as_reporter, drawn, settings):
    settings.SITE_URL = "https://exemple.test"
    conversation = with_everything()
    answer = as_reporter(conversation).post(PAGE, MINE)
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    name = archive.name_of(timezone.localtime(), "zip")
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    files = unpacked(answer)
    assert list(files) == [
        "copie.pdf", "faits.pdf", "copie.json", "copie.schema.json", "verifier.html", archive.DIGESTS,
    ]  # fmt: skip
    value = json.loads(files["copie.json"])
    assert list(problems(value, schema.read())) == []
    assert value["$schema"] == "https://exemple.test/tchat/copie/schema.json"
    assert "Il m'insulte \u202echaque soir" in [one["text"] for one in value["messages"]], "to the letter"
    assert value["facts"][0]["told"]["account"] == "@lea" and value["facts"][0]["shown_at"] is None
    assert "Camille" in value["hands"][0]["text"]
    assert value["decisions"]["proposals"][0]["text"] == "Êtes-vous seule ?"
    assert [step["state"] for step in value["decisions"]["transmissions"][0]["steps"]] == ["asked", "sent", "read"]
    assert [one["who"] for one in value["readings"]], "the unit read its summary"
    thread, facts = drawn
    bodies = [body for _head, body in thread.thread]
    assert "Il m'insulte ⟦U+202E⟧chaque soir" in bodies, "what cannot be seen is shown on paper"
    ((head, body),) = facts.thread
    assert "@lea" in body and "privé" in head and head.startswith("1. "), "a proof is asked for by this number"
    assert (thread.title, facts.title) == ("Ma copie", "Mes faits notés")


def test_every_key_of_the_json_is_asked_for_by_the_schema():
    required = set(schema.read()["required"])
    assert set(parts.PARTS) - {"captures", "handouts", "proofs"} <= required, "each part, and what stands around them"
    broken = {"format": "pnav-copy", "version": 1, "more": 1}
    found = list(problems(broken, schema.read()))
    assert "$.more: unknown" in found and "$.messages: missing" in found


def test_captures_go_along_as_they_were_received(as_reporter, drawn):
    conversation = make.assigned()
    sent = [captures.png(), captures.png(40, 30, more=300_000), captures.png(9, 9)]
    rows = [captures.drawn(conversation, content) for content in sent]
    Capture.objects.filter(pk=rows[2].pk).update(locked_at=timezone.now())
    client = as_reporter(conversation)
    assert 'name="captures"' in client.get(PAGE).text
    files = unpacked(client.post(PAGE, {**MINE, "captures": "on"}))
    assert [files["captures/capture-1.png"], files["captures/capture-2.png"]] == sent[:2]
    assert "captures/capture-3.png" not in files, "it was set aside"
    value = json.loads(files["copie.json"])
    assert list(problems(value, schema.read())) == []
    assert [one["sha256"] for one in value["captures"]] == [hashlib.sha256(one).hexdigest() for one in sent[:2]]
    (line,) = [one for one in files[archive.DIGESTS].decode().splitlines() if one.endswith("capture-2.png")]
    assert line.startswith(value["captures"][1]["sha256"])
    without = unpacked(client.post(PAGE, MINE))
    assert "captures/capture-1.png" not in without
    assert json.loads(without["copie.json"])["captures"][0]["file"] is None


def test_capture_that_is_not_read_yet_or_opens_no_more_is_told(as_reporter, drawn):
    conversation = make.assigned()
    content = captures.png()
    captures.drawn(conversation, content)
    captures.received(conversation, content)
    closed = captures.received(conversation, content)
    drawing._finish(captures.fresh(closed), {}, [])  # this is done when it was altered in the store
    captures.begun(conversation, content)
    files = unpacked(as_reporter(conversation).post(PAGE, {**MINE, "captures": "on"}))
    assert [name for name in files if name.startswith("captures/")] == ["captures/capture-1.png"]
    value = json.loads(files["copie.json"])
    assert list(problems(value, schema.read())) == []
    assert [(one["number"], one["state"], bool(one["file"]), bool(one["sha256"])) for one in value["captures"]] == [
        (1, "read", True, True), (2, "waiting", False, False), (3, "closed", False, False),
    ]  # fmt: skip
    (section,) = [one for one in drawn[0].sections if one.title == "Les captures"]
    heads, said = zip(*section.pairs, strict=True)
    assert [head.split(",")[0] for head in heads] == ["Capture 1", "Capture 2", "Capture 3"]
    assert "SHA-256" in said[0] and "se préparait encore" in said[1] and "ne peut plus être ouverte" in said[2]


def test_file_that_is_left_out_is_named_with_the_reason(as_reporter, drawn):
    conversation = make.assigned()
    found, aside = captures.drawn(conversation), captures.drawn(conversation)
    Capture.objects.filter(pk=found.pk).update(scan=ScanResult.FOUND)
    Capture.objects.filter(pk=aside.pk).update(locked_at=timezone.now())
    waiting, read, closed = (captures.handed(conversation, title) for title in ("En attente", "Lu", "Illisible"))
    for one, state in ((waiting, CaptureState.RECEIVED), (closed, CaptureState.UNREADABLE)):
        Capture.objects.filter(pk=one.pk).update(state=state)
        one.drawings.all().delete()
    client = as_reporter(conversation)
    files = unpacked(client.post(PAGE, {**MINE, "captures": "on"}))
    assert [name for name in files if name.startswith(("captures/", "documents/"))] == [
        f"documents/document-{read.number}-page-1.webp"
    ]
    assert [one["number"] for one in json.loads(files["copie.json"])["captures"]] == [found.number]
    said = dict(pair for one in drawn[0].sections if one.title == "Les captures" for pair in one.pairs)
    of_found, of_aside = said.values()
    assert "SHA-256" in of_found and "programme malveillant y a été trouvé" in of_found
    assert squeezed(of_aside) == "Elle a été mise de côté : elle n'est pas dans cette copie."
    (documents,) = [one for one in drawn[0].sections if one.title == "Les documents reçus"]
    texts_of = [text for _head, text in documents.pairs]
    assert "se préparait encore" in texts_of[0] and texts_of[1] == "Lu" and "ne peut pas être montré" in texts_of[2]
    unpacked(client.post(PAGE, MINE))
    (without,) = [one for one in drawn[-1].sections if one.title == "Les documents reçus"]
    assert [text for _head, text in without.pairs] == ["En attente", "Lu", "Illisible"], "no file was asked for"


@pytest.mark.parametrize(
    ("error", "told"), [(store.StoreAway, "prenez la copie sans eux"), (KeysAway, "La copie n'a pas pu être faite.")]
)
def test_copy_whose_files_cannot_be_read_now_is_not_given_without_them(as_reporter, drawn, monkeypatch, error, told):
    conversation = make.assigned()
    monkeypatch.setattr(own_copy, "COPIES", 2)
    captures.handed(conversation, "Convocation")
    client = as_reporter(conversation)

    def away(*_arguments, **_named):
        raise error

    with monkeypatch.context() as without:
        without.setattr(*((store, "read_chunk") if error is store.StoreAway else (receiving, "key_of")), away)
        for _press in range(3):
            answer = client.post(PAGE, {**MINE, "captures": "on"})
            assert answer.status_code == 503 and told in unescape(answer.text), "none of these counts as a copy"
        assert "copie.pdf" in unpacked(client.post(PAGE, MINE)), "without the files it is given"
    assert any(name.startswith("documents/") for name in unpacked(client.post(PAGE, {**MINE, "captures": "on"})))


def test_copy_that_was_prepared_waits_for_the_store(as_reporter, drawn, monkeypatch):
    """One that is closed by words is read whole before it is given."""
    conversation = make.assigned()
    captures.seen(conversation)
    client = as_reporter(conversation)
    asked = {**MINE, "captures": "on", "lock": "on", "words": "cheval bleu pomme nuage"}
    monkeypatch.setattr(own_copy, "COPIES", 1)

    def away(*_arguments, **_named):
        raise store.StoreAway

    with monkeypatch.context() as outage:
        outage.setattr(store, "read_chunk", away)
        for _press in range(2):
            answer = client.post(PAGE, asked)
            assert answer.status_code == 503 and "prenez la copie sans eux" in unescape(answer.text)
            assert looked(client, asked) == 200, "it is kept"
    given = client.post(PAGE, asked)
    assert given["Content-Disposition"].endswith('.html"') and content_of(given)
    assert len(drawn) == 1 and AccessRecord.objects.filter(kind="copy").count() == 1


def test_copy_says_whose_hours_it_has_and_where_an_appointment_is(as_reporter, drawn):
    unit = hand.account()
    conversation = make.assigned(reception_point=unit.point)
    note(conversation)
    row = hand.opened(conversation, unit)
    at = timezone.now() + timedelta(days=3)
    for place in ("", "Bureau 12"):
        referral_actions.propose_meeting(
            transmission=row, seen=row.steps.count(), meets_at=at, place=place, by=unit.user
        )
    files = unpacked(as_reporter(conversation).post(PAGE, MINE))
    hours = "Les heures sont celles de Paris ; celles des faits sont comme vous les avez notées."
    assert [squeezed(paper.about[1]) for paper in drawn] == [hours, hours]
    value = json.loads(files["copie.json"])
    assert list(problems(value, schema.read())) == []
    steps = value["decisions"]["transmissions"][0]["steps"]
    assert [step["place"] for step in steps[-2:]] == ["1 rue de la Paix, 93140 Bondy", "Bureau 12"]
    told = [text for section in drawn[0].sections for _head, text in section.pairs]
    assert any(text.endswith("\nBureau 12") for text in told)


def test_copy_says_that_it_has_only_the_last_readings(as_reporter, drawn, monkeypatch):
    conversation = make.assigned()
    with transaction.atomic():
        for _each in range(3):
            audit_log.record(kind=AccessKind.READING, by=None, motive="x", subject=str(conversation.public_id))
    monkeypatch.setattr(for_the_person, "AT_MOST", 2)
    unpacked(as_reporter(conversation).post(PAGE, MINE))
    (readers,) = [one for one in drawn[0].sections if one.title == "Qui a lu"]
    assert list(readers.lines) == ["Seules les 2 dernières fois sont écrites ici."] and len(readers.pairs) == 2


def test_what_is_too_large_for_its_page_is_closed_beside_it(as_reporter, drawn, folder):
    """Three captures of nine megabytes are more than is held in memory; what comes is a page and a file."""
    conversation = make.assigned()
    bulk = secrets.token_bytes(9_000_000)
    for number in range(3):
        captures.drawn(conversation, captures.png() + bulk + bytes([number]))
    words = {"lock": "on", "words": "cheval bleu pomme ete nuage", "captures": "on"}
    answer = as_reporter(conversation).post(PAGE, {**MINE, **words})
    assert answer.status_code == 200 and re.search(r'documents-[\d-]+\.zip"$', answer["Content-Disposition"])
    tracemalloc.start()
    try:
        whole = content_of(answer)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(whole) == int(answer["Content-Length"]) > archive.PAGE_BYTES_AT_MOST
    assert most < 2 * len(whole) + 8_000_000, "its reader's own, and a few pieces"
    with zipfile.ZipFile(io.BytesIO(whole)) as found:
        assert found.namelist() == ["ouvrir.html", "contenu.bin"] and found.testzip() is None
        opener, apart = found.read("ouvrir.html").decode(), found.read("contenu.bin")
    assert words["words"] not in opener and "contenu.bin" in opener and bulk[:64] not in whole
    sealed = json.loads(re.search(r'id="sealed"[^>]*>(.*?)</script>', opener)[1])
    asked = {"words": words["words"], "salt": base64.b64decode(sealed["salt"]).hex()}
    cipher, prefix, step = AESGCM(lock.work(asked)[1]), base64.b64decode(sealed["prefix"]), sealed["piece"] + 16
    parts = [apart[at : at + step] for at in range(0, len(apart), step)]
    clear = b"".join(
        cipher.decrypt(prefix + number.to_bytes(4) + bytes([number == len(parts) - 1]), part, None)
        for number, part in enumerate(parts)
    )
    assert len(clear) == sealed["size"]
    with zipfile.ZipFile(io.BytesIO(clear)) as copy:
        assert copy.testzip() is None and {"copie.json", "verifier.html"} <= set(copy.namelist())


def test_what_is_too_large_for_any_copy_is_said(as_reporter, drawn, monkeypatch):
    monkeypatch.setattr(archive, "BYTES_AT_MOST", 900)
    monkeypatch.setattr(person_archive.schema, "content", lambda: b"{}")
    monkeypatch.setattr(person_archive.pages, "draw_checker", lambda **_voice: b"x" * 1_900)
    answer = as_reporter(make.assigned()).post(PAGE, MINE)
    assert answer.status_code == 413 and "C'est trop grand" in unescape(answer.text)


def test_papers_are_drawn_for_real(as_reporter):
    conversation = make.assigned()
    make.message(conversation, "Bonsoir à vous")
    files = unpacked(as_reporter(conversation).post(PAGE, MINE))
    assert files["copie.pdf"].startswith(b"%PDF-") and b"pdfuaid" in files["copie.pdf"]
    assert "faits.pdf" not in files


def test_shared_device_is_warned_first(as_reporter, drawn):
    client = as_reporter(make.assigned())
    asked = client.post(PAGE, {})
    assert "Répondez d'abord à cette question." in unescape(asked.text) and drawn == []
    warned = client.post(PAGE, {"device": "shared", "words": "cheval bleu pomme ete nuage"})
    page = squeezed(unescape(warned.text))
    assert "Prenez-le plutôt sur le vôtre." in page and "cheval bleu pomme ete nuage" in page and drawn == []
    assert 'name="anyway"' in page
    assert re.search(r"s'appelle « documents-[0-9-]+ »", page), "whether it is closed by words, and then a page, or not"
    assert "copie.pdf" in unpacked(client.post(PAGE, {"device": "shared", "anyway": "on"}))


def test_words_close_the_copy_and_stand_nowhere(as_reporter, drawn, caplog):
    client = as_reporter(make.assigned())
    short = client.post(PAGE, {**MINE, "lock": "on", "words": "un deux"})
    assert "12 lettres au moins" in short.text and "un deux" in short.text
    page = unescape(client.get(PAGE).text)
    for drawn_page in (short.text, page):  # a browser may send the text that it spell-checks to its maker
        assert 'spellcheck="false"' in re.search(r'<textarea[^>]*name="words"[^>]*>', drawn_page)[0]
    words = re.search(r'<textarea[^>]*name="words"[^>]*>([^<]+)<', page)[1].strip()
    assert len(words.split()) == 5
    assert "Notez-les sur papier" in page and "sans eux, rien ne s'ouvre" in page
    assert "Il est écrit devant chaque élément dans la copie ; celui de la copie elle-même est en haut." in page
    assert words not in client.get(PAGE).text, "others each time"
    answer = client.post(PAGE, {**MINE, "lock": "on", "words": words})
    assert answer["Content-Disposition"].endswith('.html"')
    text = content_of(answer).decode()
    assert words not in text and words not in caplog.text and "%PDF" not in text
    assert "default-src 'none'" in text and "http" not in re.sub(r"base64|http-equiv", "", text.split("<script")[0])


def test_copies_are_limited_for_an_exchange_and_a_network(as_reporter, drawn, monkeypatch, one_window):
    monkeypatch.setattr(own_copy, "COPIES", 1)
    client = as_reporter(make.assigned())
    assert unpacked(client.post(PAGE, MINE))
    refused = client.post(PAGE, MINE)
    assert refused.status_code == 429 and "Réessayez plus tard" in refused.text and refused["Retry-After"]
    monkeypatch.setattr(own_copy, "NETWORK_COPIES", -1_000)
    assert as_reporter(make.assigned()).post(PAGE, MINE).status_code == 429


@pytest.mark.parametrize(("where", "error", "status"), [
    ("draw", pool.Failed("slow"), 503), ("draw", pool.Failed("memory"), 503), ("give_copy", archive.TooLarge(), 413),
])  # fmt: skip
def test_copy_that_cannot_be_made_says_so_on_its_page(as_reporter, drawn, monkeypatch, where, error, status):
    def fail(*_asked, **_options):
        raise error

    monkeypatch.setattr(person_archive if where == "give_copy" else person_archive.transcript_pdf, where, fail)
    client = as_reporter(make.assigned())
    answer = client.post(PAGE, {**MINE, "words": "cheval bleu"})
    assert answer.status_code == status and 'role="alert"' in answer.text and "cheval bleu" in answer.text
    assert "Rien n'est perdu" in unescape(answer.text) and not AccessRecord.objects.filter(kind="copy").exists()
    monkeypatch.undo()
    assert "copie.pdf" in unpacked(client.post(PAGE, MINE)), "the next press begins again"


# --- on a machine that is too slow ------------------------------------------------------------------------------------


@pytest.fixture
def late(monkeypatch):
    """Keep every paper from being ready in time, until `set` is called."""
    may_end = threading.Event()
    may_end.drawn = []

    def draw(document, *_arguments, **_named):
        may_end.drawn.append(document)
        assert may_end.wait(300)
        return b"%PDF-1.7"

    monkeypatch.setattr(person_archive.transcript_pdf, "draw", draw)
    monkeypatch.setattr(background_jobs, "PATIENCE_SECONDS", 0.05)
    yield may_end
    may_end.set()


def looked(client, asked):
    answer = client.post(f"{PAGE}etat/", asked)
    assert (answer["Cache-Control"], answer.content) == ("no-store", b"")
    return answer.status_code


def asked_again(page):
    """Return what the form of the waiting page sends: without a script its button is all there is."""
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text)
    return {name: unescape(value) for name, value in fields if name != "csrfmiddlewaretoken"}


def when_ready(client, asked, late, monkeypatch):
    late.set()
    monkeypatch.setattr(background_jobs, "PATIENCE_SECONDS", 300)
    return client.post(PAGE, asked)


def wait_until_ready(client, asked, late):
    late.set()
    deadline = time.monotonic() + 300
    while (found := looked(client, asked)) != 200:
        assert found == 204 and time.monotonic() < deadline
        time.sleep(0.01)


def test_copy_that_is_late_says_so_is_made_once_and_is_given(as_reporter, late, monkeypatch):
    monkeypatch.setattr(own_copy, "COPIES", 1)
    conversation = make.assigned()
    make.message(conversation, "Avant")
    client = as_reporter(conversation)
    words = "cheval bleu pomme nuage"
    asked = {"device": "shared", "anyway": "on", "lock": "on", "words": words}
    page = client.post(PAGE, asked)
    assert (page.status_code, page["Cache-Control"]) == (202, "no-store")
    told = squeezed(unescape(page.text))
    assert "Votre copie se prépare" in told and "rien ne recommence" in told and "<h1" in told
    assert f"<strong>{words}</strong>" in told, "the words that open it, which were on the page before"
    assert "Revenir à mon échange" in told.partition("<main")[2], "the pages of an exchange have no other way back"
    assert asked_again(page) == asked
    make.message(conversation, "Après")
    for _press in range(3):
        assert client.post(PAGE, asked_again(page)).status_code == 202, "no press counts as another copy"
        assert looked(client, asked) == 204
    assert len(late.drawn) == 1 and not AccessRecord.objects.filter(kind="copy").exists()
    given = when_ready(client, asked_again(page), late, monkeypatch)
    assert given["Content-Disposition"].endswith('.html"') and content_of(given)
    assert AccessRecord.objects.filter(kind="copy").count() == 1 and len(late.drawn) == 1
    assert looked(client, asked) == 205, "there is nothing that could be given"
    assert client.post(PAGE, asked).status_code == 429


def test_copy_that_is_ready_waits_and_to_look_at_it_makes_and_gives_nothing(as_reporter, late, monkeypatch):
    client = as_reporter(make.assigned())
    assert looked(client, MINE) == looked(client, {}) == 205 and late.drawn == []
    assert client.post(PAGE, MINE).status_code == 202
    wait_until_ready(client, MINE, late)
    assert looked(client, MINE) == 200 and not AccessRecord.objects.filter(kind="copy").exists()
    assert unpacked(client.post(PAGE, MINE)) and len(late.drawn) == 1


def test_copy_for_which_there_is_no_room_is_never_said_to_be_ready(as_reporter, late, monkeypatch):
    """It was not begun: whoever asks again and again asks less and less often."""
    monkeypatch.setattr(background_jobs, "AT_MOST", 0)
    client = as_reporter(make.assigned())
    for tried, told in (("", "1"), ("1", "2"), ("5", "5"), ("9", "1"), ("x" * 900, "1")):
        page = client.post(PAGE, {**MINE, "tried": tried})
        assert page.status_code == 202 and f'data-tried="{told}"' in page.text and asked_again(page) == MINE
        assert looked(client, MINE) == 205
    monkeypatch.setattr(background_jobs, "AT_MOST", 6)
    page = client.post(PAGE, {**MINE, "tried": "5"})
    assert page.status_code == 202 and 'data-tried="0"' in page.text, "it is under way now"


def test_late_copy_is_of_the_moment_when_it_was_asked_for(as_reporter, late, monkeypatch):
    conversation = make.assigned()
    row = captures.drawn(conversation, captures.png())
    client, asked = as_reporter(conversation), {**MINE, "captures": "on"}
    assert client.post(PAGE, asked).status_code == 202
    make.message(conversation, "Plus tard")
    files = unpacked(when_ready(client, asked, late, monkeypatch))
    assert "Plus tard" not in files["copie.json"].decode() and "captures/capture-1.png" in files
    assert json.loads(files["copie.json"])["number"] == 1
    # A capture that was set aside meanwhile is not given, so the copy is prepared again.
    late.clear()
    monkeypatch.setattr(background_jobs, "PATIENCE_SECONDS", 0.05)
    assert client.post(PAGE, asked).status_code == 202
    Capture.objects.filter(pk=row.pk).update(locked_at=timezone.now())
    files = unpacked(when_ready(client, asked, late, monkeypatch))
    assert "captures/capture-1.png" not in files and "Plus tard" in files["copie.json"].decode()


def _erase_fact(conversation):
    journal_actions.erase_fact(conversation_id=conversation.pk, public_id=JournalFact.objects.get().public_id)


def _correct_fact(conversation):
    public_id = JournalFact.objects.get().public_id
    journal_actions.change_fact(conversation_id=conversation.pk, public_id=public_id, told=Told(what="Autre chose"))


def _erase_capture(conversation):
    receiving.erase_capture(conversation_id=conversation.pk, public_id=Capture.objects.get().public_id)


def _take_handout_back(conversation):
    handouts.take_back(conversation=conversation, public_id=Capture.objects.get().public_id)


def _answer_about_removal(_conversation):
    RemovalRequest.objects.all().delete()


@pytest.mark.parametrize(("put", "erase", "gone"), [
    (lambda one: note(one, "Ce que je regrette"), _erase_fact, "Ce que je regrette"),
    (lambda one: note(one, "Ce que je regrette"), _correct_fact, "Ce que je regrette"),
    (lambda one: captures.drawn(one, name="Photo de Léa.png"), _erase_capture, "Photo de Léa.png"),
    (lambda one: captures.handed(one, title="Convocation"), _take_handout_back, "Convocation"),
    (
        lambda one: RemovalRequest.objects.create(conversation=one, asked_on=date(2026, 3, 12)),
        _answer_about_removal,
        "2026-03-12",
    ),
])  # fmt: skip
def test_late_copy_holds_nothing_that_was_erased_meanwhile(as_reporter, late, monkeypatch, folder, put, erase, gone):
    """Without the files of captures too: their names stand in it."""
    conversation = make.assigned()
    put(conversation)
    client = as_reporter(conversation)
    assert client.post(PAGE, MINE).status_code == 202
    erase(conversation)
    assert client.post(PAGE, MINE).status_code == 202
    copy = unpacked(when_ready(client, MINE, late, monkeypatch))["copie.json"].decode()
    assert gone not in copy and json.loads(copy)["number"] == 1
    assert AccessRecord.objects.filter(kind="copy").count() == 1


def test_two_copies_never_have_the_same_number(as_reporter, late, monkeypatch):
    """Each has that of its line in the register, by which its proof of date is asked for."""
    conversation = make.assigned()
    client = as_reporter(conversation)
    other = {**MINE, "captures": "on"}
    assert client.post(PAGE, MINE).status_code == 202
    wait_until_ready(client, MINE, late)
    late.clear()
    assert client.post(PAGE, other).status_code == 202, "it is begun before the first is given"
    first = unpacked(when_ready(client, MINE, late, monkeypatch))
    second = unpacked(client.post(PAGE, other))
    assert [json.loads(one["copie.json"])["number"] for one in (first, second)] == [1, 2]
    for number, files in enumerate((first, second), 1):
        digest = hashlib.sha256(files[archive.DIGESTS]).hexdigest()
        assert digest in actions.line_of_copy(conversation, number).detail
    with pytest.raises(actions.NumberTaken):
        actions.record_copy(conversation, digest, number=2)
    assert AccessRecord.objects.filter(kind="copy").count() == 2


def test_other_copy_of_the_same_exchange_waits_for_the_first(as_reporter, late, monkeypatch):
    client = as_reporter(make.assigned())
    assert client.post(PAGE, MINE).status_code == 202
    other = {**MINE, "lock": "on", "words": "cheval bleu pomme nuage"}
    assert client.post(PAGE, other).status_code == 202
    deadline = time.monotonic() + 300
    while not late.drawn:  # the thread that draws may be late
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert len(late.drawn) == 1
    assert unpacked(when_ready(client, MINE, late, monkeypatch))
    assert content_of(client.post(PAGE, other)) and len(late.drawn) == 2


def test_late_copy_by_the_code_after_the_end_in_discreet_mode_in_tu_and_in_english(as_reporter, late, monkeypatch):
    conversation = make.closed()
    as_reporter(conversation).post(reverse("chat:copy_later"), {"later": "yes"})
    conversation.refresh_from_db()
    client = follower(conversation)
    assert "se prépare" in client.post(PAGE, MINE).text
    assert unpacked(when_ready(client, MINE, late, monkeypatch))
    late.clear()
    monkeypatch.setattr(background_jobs, "PATIENCE_SECONDS", 0.05)
    hidden = as_reporter(make.assigned(discreet=True)).post(DISCREET.reverse("chat:copy"), MINE)
    assert hidden.status_code == 202 and "Cela se prépare" in hidden.text
    assert not re.search(
        "copie|échange|police", re.sub(r"<[^>]+>", " ", hidden.text.split("<h1")[1].split("</form")[0])
    )
    english = as_reporter(make.assigned()).post(in_language("en").reverse("chat:copy"), MINE)
    assert "Your copy is being prepared" in english.text


def test_discreet_copy_has_neutral_names(as_reporter, drawn):
    conversation = make.assigned(discreet=True)
    client = as_reporter(conversation)
    page = client.get(DISCREET.reverse("chat:copy")).text
    assert "À emporter" in page and "Ma copie" not in page
    note(conversation)
    captures.drawn(conversation)
    files = unpacked(client.post(DISCREET.reverse("chat:copy"), {**MINE, "captures": "on"}))
    assert [one["file"] for one in json.loads(files["copie.json"])["captures"]] == ["fichiers/fichier-1.png"]
    assert "fichiers/fichier-1.png" in files and not [name for name in files if re.search("faits?|captures?", name)]
    assert drawn[0].title == "À emporter" and drawn[0].letterhead == ()
    assert "notes.pdf" in files and "faits.pdf" not in files
    words = json.loads(re.search(rb'<script id="words"[^>]*>(.*?)</script>', files["verifier.html"])[1])
    assert (words["fact"], words["capture"]) == ("note", "document")
    assert not [one for one in words.values() if re.search(r"\bfaits?\b|\bcaptures?\b", one.replace("se fait", ""))]


def test_copy_in_english(as_reporter, drawn):
    conversation = make.assigned()
    captures.drawn(conversation)
    page = as_reporter(conversation).get(in_language("en").reverse("chat:copy")).text
    assert "With the screenshots and the documents received" in page and "capture" not in re.sub(r"<[^>]+>", "", page)
    answer = as_reporter(conversation).post(in_language("en").reverse("chat:copy"), MINE)
    assert "The screenshots" in [one.title for one in drawn[0].sections]
    assert drawn[0].title == "My copy" and b'lang="en"' in unpacked(answer)["verifier.html"]


# --- by the code, after the end ---------------------------------------------------------------------------------------


def follower(conversation):
    """Return a visit in which the code of « Suites » was typed."""
    client = Client()
    follow_up_code.set_code(conversation.pk, b"x" * 32, timezone.now())
    session = client.session
    follow_up_code.remember(session, FollowUp.objects.get(conversation=conversation))
    session.save()
    return client


def test_code_opens_the_copy_only_when_the_person_said_so(as_reporter, drawn):
    conversation = make.closed()
    assert follower(conversation).get(PAGE).headers["Location"] == "/tchat/suites/"
    assert as_reporter(conversation).post(reverse("chat:copy_later"), {"later": "yes"}).headers["Location"] == PAGE
    conversation.refresh_from_db()
    client = follower(conversation)
    assert PAGE in client.get("/tchat/suites/").text
    assert "copie.pdf" in unpacked(client.post(PAGE, MINE))
    client.post(reverse("chat:copy_later"), {"later": "no"})
    assert client.get(PAGE).headers["Location"] == "/tchat/suites/"
    client.post(reverse("chat:copy_later"), {"later": "yes"})
    assert client.get(PAGE).headers["Location"] == "/tchat/suites/", "a code gives itself nothing"


@pytest.mark.parametrize(("age_band", "language"), [("adult", "fr"), ("under_15", "fr"), ("adult", "en")])
def test_new_code_says_that_it_opens_the_copy_too(as_reporter, age_band, language):
    conversation = make.closed(make.agent(), age_band=age_band)
    actions.set_by_code(conversation.pk, is_on=True)
    way = in_language("en").reverse if language == "en" else reverse
    address = way("chat:follow_up_code")
    page = spaced(unescape(as_reporter(conversation).post(address).text))
    assert 'class="pnav-chat__code"' in page, "a code was made"
    for said in ("jamais les messages", "pas les messages", "never the messages", "not the messages"):
        assert said not in page
    told = {"adult": "Il ouvre cette page et votre copie", "under_15": "Il ouvre cette page et ta copie"}[age_band]
    assert ("It opens this page and your copy" if language == "en" else told) in page
    assert ("can read everything" if language == "en" else "peut tout lire") in page
    actions.set_by_code(conversation.pk, is_on=False)
    hand.sent(conversation, hand.account())
    page = spaced(unescape(as_reporter(conversation).post(address).text))
    assert ("never the messages" if language == "en" else "jamais les messages") in page


def test_code_that_was_made_for_a_copy_alone_opens_nothing_once_that_is_switched_off(as_reporter):
    conversation = make.closed(make.agent())
    actions.set_by_code(conversation.pk, is_on=True)
    digest, now = b"x" * 32, timezone.now()
    follow_up_code.set_code(conversation.pk, digest, now)
    assert access.follow_up_by_digest(digest, now) is not None
    actions.set_by_code(conversation.pk, is_on=False)
    assert access.follow_up_by_digest(digest, timezone.now()) is None
    actions.set_by_code(conversation.pk, is_on=True)
    found = access.follow_up_by_digest(digest, timezone.now())
    assert found is not None and found.until is None, "switched on again, it is the same code"
    hand.sent(conversation, hand.account())
    actions.set_by_code(conversation.pk, is_on=False)
    assert access.follow_up_by_digest(digest, timezone.now()) is not None, "there is a summary to follow"


def test_code_that_a_version_before_left_without_an_end_gets_one():
    digests = {name: name.encode().ljust(32, b"x") for name in ("switched off", "switched on", "summary")}
    for name, digest in digests.items():
        conversation = make.closed(make.agent())
        actions.set_by_code(conversation.pk, is_on=True)
        follow_up_code.set_code(conversation.pk, digest, timezone.now())
        if name == "summary":
            hand.sent(conversation, hand.account())
        if name != "switched on":  # as a process of the version before takes it back
            type(conversation).objects.filter(pk=conversation.pk).update(copy_by_code=False)
    import_module("chat.migrations.0070_codes_of_a_copy_end").give_an_end(apps, None)
    opens = {name for name, digest in digests.items() if access.follow_up_by_digest(digest, timezone.now())}
    assert opens == {"switched on", "summary"}


def test_code_of_reprise_becomes_one_that_lasts(as_reporter):
    from chat.access import follow_up_by_digest
    from chat.conversations import actions as conversation_actions

    conversation = make.assigned()
    now = timezone.now()
    type(conversation).objects.filter(pk=conversation.pk).update(
        resume_digest=b"y" * 32, resume_issued_at=now, resume_until=now + timezone.timedelta(days=1)
    )
    actions.set_by_code(conversation.pk, is_on=True)
    conversation_actions.close_conversation(
        conversation_id=conversation.pk, by_author="agent", by=conversation.assigned_to.user, outcome="advised"
    )
    row = follow_up_by_digest(b"y" * 32, now)
    assert row is not None and row.until is None


def test_page_of_nobody_leads_to_the_code(client):
    assert client.get(PAGE).headers["Location"] == "/tchat/reprendre/"


def test_checker_and_schema_are_for_everybody(client):
    page = client.get(reverse("chat:copy_checker"))
    assert page["Content-Disposition"] == 'attachment; filename="verifier.html"' and b"empreintes.txt" in page.content
    assert json.loads(client.get("/tchat/copie/schema.json").content)["title"]


# --- proofs of date ---------------------------------------------------------------------------------------------------


READ = "Uint8Array.from(atob(one), (sign) => sign.charCodeAt(0))"


def judged(proofs, *copies):
    """Return what « verifier.html » says of these proofs beside each of these « copie.json »."""
    checked = (
        "await (async ([proofs, ...copies]) => Promise.all(copies.map((copy) => script.checkProofs(proofs, copy))))"
        f"(given.map((one) => {READ}))"
    )
    return run_script("copy/proofs.js", checked, [base64.b64encode(one).decode() for one in (proofs, *copies)])


def test_proofs_of_date_go_along_and_are_held_to_the_words_of_the_copy(as_reporter, drawn):
    conversation = make.thread(make.assigned(), ["Un mot", "Un autre"])
    kept, corrected = note(conversation, "Un fait"), note(conversation, "Un brouillon")
    journal_actions.change_fact(
        conversation_id=conversation.pk, public_id=corrected.public_id, told=Told(what="Un fait corrigé")
    )
    picture = captures.drawn(conversation)
    then = yesterday_noon()
    Message.objects.filter(conversation=conversation).update(sent_at=then)
    JournalFact.objects.filter(pk=kept.pk).update(noted_at=then.replace(microsecond=0))
    JournalFact.objects.filter(pk=corrected.pk).update(noted_at=then - timedelta(days=1), changed_at=then)
    Capture.objects.filter(pk=picture.pk).update(received_at=then)
    days.run_all(sources.sources)
    files = unpacked(as_reporter(conversation).post(PAGE, MINE))
    said = json.loads(files["copie.json"])
    assert list(problems(said, schema.read())) == []
    facts = {one["number"]: one for one in said["facts"]}
    assert facts[1]["changed_at"] is None and facts[2]["changed_at"] is not None
    number = next(one["number"] for one in said["messages"] if one["text"] == "Un mot")

    def altered(part, place, **fields):
        other = json.loads(files["copie.json"])
        next(one for one in other[part] if one["number"] == place).update(fields)
        return json.dumps(other).encode()

    earlier = parts.iso_moment(then - timedelta(days=3))
    before = json.loads(files["copie.json"])
    for one in before["facts"]:  # as the version before wrote it
        del one["changed_at"]
    whole, old, *others = judged(
        files["preuves.json"],
        files["copie.json"],
        json.dumps(before).encode(),
        altered("messages", number, text="Un mit"),
        altered("messages", number, sent_at=earlier),
        altered("facts", 1, noted_at=earlier),
        altered("facts", 2, changed_at=earlier),
        altered("captures", 1, received_at=earlier),
        json.dumps({**said, "exchange": {**said["exchange"], "id": str(make.waiting().public_id)}}).encode(),
    )
    total = len(said["messages"]) + len(said["facts"]) + len(said["captures"])
    assert (whole["total"], whole["dated"], whole["wrong"]) == (total, 0, [])
    assert whole["first"] == whole["last"] == str(timezone.localdate() - timedelta(days=1))
    assert old == whole, "a copy of the version before holds"
    assert [one["wrong"] for one in others[:-1]] == [
        [f"message-{number}"], [f"message-{number}"], ["fait-1"], ["fait-2"], ["capture-1"],
    ]  # fmt: skip
    assert len(others[-1]["wrong"]) == total, "of another exchange"


def test_file_of_a_capture_is_held_to_its_digest_although_the_list_was_made_again(as_reporter, drawn):
    """The half of « verifier.html » finds wrong proofs and other files, of what was given and of what was altered."""
    conversation = make.assigned()
    picture = captures.drawn(conversation)
    Capture.objects.filter(pk=picture.pk).update(received_at=yesterday_noon())
    days.run_all(sources.sources)
    files = unpacked(as_reporter(conversation).post(PAGE, {**MINE, "captures": "on"}))
    name = "captures/capture-1.png"
    moved = {other: content for other, content in files.items() if other != name}
    cases = [files, files | {name: b"another picture"}, moved, files | {"captures/capture-9.png": b"one more"}]
    given = [
        {
            "contents": {one: base64.b64encode(case[one]).decode() for one in ("copie.json", "preuves.json")},
            "digests": {one: hashlib.sha256(content).hexdigest() for one, content in case.items()},
        }
        for case in cases
    ]
    checked = (
        "await Promise.all(given.map(async ({ contents, digests }) => {"
        f" const held = new Map(Object.entries(contents).map(([name, one]) => [name, {READ}]));"
        " const found = new Map(Object.entries(digests));"
        " return [(await script.checkContents(held, found)).wrong, script.otherCaptures(held, found)]; }))"
    )
    assert run_script("copy/proofs.js", checked, given) == [
        [[], []], [["capture-1"], [name]], [["capture-1"], [name]], [[], ["captures/capture-9.png"]],
    ]  # fmt: skip


@pytest.fixture
def stamped(settings):
    """Return an exchange of the day before, whose day two local authorities signed, and the fingerprints of their
    anchors.
    """
    first, second = corpus.authorities()
    conversation = make.thread(make.assigned(), ["Un mot", "Un autre"])
    fact, capture = note(conversation, "Un fait"), captures.drawn(conversation, b"\x89PNG\r\n\x1a\n" + b"octets")
    then = yesterday_noon()
    Message.objects.filter(conversation=conversation).update(sent_at=then)
    JournalFact.objects.filter(pk=fact.pk).update(noted_at=then)
    Capture.objects.filter(pk=capture.pk).update(received_at=then)
    days.run_all(sources.sources)
    for one in (first, second):
        one.mode, one.asked = "well", []
    with serving(first) as at_first, serving(second) as at_second:
        settings.TIMESTAMP_AUTHORITIES = [f"first {at_first} {first.trusted}", f"second {at_second} {second.trusted}"]
        stamps.run()
    return conversation


def test_copy_taken_after_two_authorities_signed_is_dated_offline(as_reporter, drawn, stamped):
    """It is checked by the half of « verifier.html » in Node, and by the command, without the database and the
    authorities.
    """
    files = unpacked(as_reporter(stamped).post(PAGE, MINE | {"captures": "on"}))
    altered = json.loads(files["preuves.json"])
    key = next(iter(altered["stamps"]))
    token = bytearray(base64.b64decode(altered["stamps"][key]["token"]))
    token[-1] ^= 1
    altered["stamps"][key]["token"] = base64.b64encode(token).decode()
    given = [files["preuves.json"], files["copie.json"], json.dumps(altered).encode()]
    checked = (
        f"await (async ([proofs, copy, altered]) => [await script.checkProofs(proofs, copy),"
        f" await script.checkProofs(altered, copy)])(given.map((one) => {READ}))"
    )
    whole, broken = run_script("copy/proofs.js", checked, [base64.b64encode(one).decode() for one in given])
    said = json.loads(files["copie.json"])
    total = len(said["messages"]) + len(said["facts"]) + len(said["captures"])
    assert (whole["total"], whole["dated"], whole["wrong"]) == (total, total, [])
    assert len(broken["wrong"]) == total, "one altered byte of what an authority signed"


@pytest.mark.parametrize(("kind", "file"), [("message", None), ("fact", None), ("capture", "captures/capture-1.png")])
def test_proof_of_one_item_is_a_file_by_itself(as_reporter, stamped, drawn, tmp_path, capsys, kind, file):
    me = as_reporter(stamped)
    answer = me.post("/tchat/copie/preuve/", {"kind": kind, "number": "1"})
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert re.search(r'"documents-[0-9-]+\.json"', answer["Content-Disposition"])
    path = tmp_path / "preuve.json"
    path.write_bytes(answer.content)
    more = []
    if file is not None:  # the file of the capture, from the copy
        held = tmp_path / "capture.png"
        held.write_bytes(unpacked(me.post(PAGE, MINE | {"captures": "on"}))[file])
        more = ["--content", str(held)]
    trusted = [one["fingerprint"] for one in json.loads(answer.content)["stamps"]]
    assert len(set(trusted)) == 2
    call_command("verify_proof", str(path), *more, *[f"--trust={one}" for one in trusted])
    said = capsys.readouterr().out
    assert "La preuve est entière" in said and said.count("Horodaté le") == 2
    for text in {"Un mot", "Un autre", "Un fait"} - ({"Un fait"} if kind == "fact" else set()):
        assert kind == "message" or text not in answer.text, "shows nothing of any other item"
    path.write_bytes(answer.content.replace(b"pnav-item-1", b"pnav-item-2", 1))
    with pytest.raises(SystemExit):
        call_command("verify_proof", str(path))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"kind": "message"}, "Écrivez ce numéro"),
        ({"kind": "message", "number": "douze"}, "Écrivez ce numéro"),
        ({"kind": "autre", "number": "1"}, "Choisissez de quoi"),
        ({"kind": "message", "number": "999"}, "Rien n'a ce numéro"),
        ({"kind": "fact", "number": "1"}, "dans la nuit qui suit"),
    ],
)
def test_proof_that_is_none_is_said_beside_the_field(as_reporter, asked, said):
    conversation = make.waiting()
    note(conversation, "Un fait d'aujourd'hui")
    answer = as_reporter(conversation).post("/tchat/copie/preuve/", asked)
    assert answer.status_code == 422 and said in squeezed(unescape(answer.text))


@pytest.mark.parametrize(("address", "field"), [(PAGE, "id_device"), ("/tchat/copie/preuve/", "id_kind")])
@pytest.mark.parametrize("discreet", [False, True])
def test_refusal_is_listed_and_the_list_alone_takes_the_focus(as_reporter, address, field, discreet):
    client, data = as_reporter(make.waiting(discreet=discreet)), {"lock": "on", "words": "x"}
    page = client.post(DISCREET.address(address) if discreet else address, data).text
    (summary,) = re.findall(
        r'<div class="fr-alert fr-alert--error[^>]* autofocus id="erreurs">.*?</div>', page, re.DOTALL
    )
    assert f'<a href="#{field}">' in summary and f'id="{field}"' in page
    assert page.count("autofocus") == 1
    assert not re.search(r'<form[^>]* action="[^"]*#', page), "a part in the address would keep the focus from it"


def test_proofs_are_of_ones_own_exchange_and_bounded(as_reporter, monkeypatch):
    monkeypatch.setattr(own_copy, "PROOFS", 1)
    me = as_reporter(make.waiting())
    make.thread(make.waiting(), ["Un", "Deux", "Trois"])
    asked = {"kind": "message", "number": "3"}
    assert "Rien n'a ce numéro" in squeezed(unescape(me.post("/tchat/copie/preuve/", asked).text))
    assert "réessayez plus tard" in squeezed(unescape(me.post("/tchat/copie/preuve/", asked).text))
    assert Client().post("/tchat/copie/preuve/", asked).status_code == 302


# --- the proof of a whole copy ----------------------------------------------------------------------------------------


def list_digest(content):
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        return hashlib.sha256(found.read(archive.DIGESTS)).hexdigest()


def rewritten(content):
    """Return the same archive with another PDF, its list and its comment made again: in itself it is whole."""
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        files = [archive.File(name, found.read(name)) for name in found.namelist() if name != archive.DIGESTS]
    other = [archive.File(one.name, one.content + b"!") if one.name.endswith(".pdf") else one for one in files]
    return pack(other, timezone.localtime())


def whole_judged(proof, *zips):
    """Return what « verifier.html » says of the proof of a copy beside each of these archives."""
    lists = []
    for one in zips:
        with zipfile.ZipFile(io.BytesIO(one)) as found:
            lists.append(found.read(archive.DIGESTS))
    checked = (
        "await (async ([proof, ...lists]) => Promise.all(lists.map((list) =>"
        f" script.checkWhole(new TextDecoder().decode(proof), list))))(given.map((one) => {READ}))"
    )
    return run_script("copy/proofs.js", checked, [base64.b64encode(one).decode() for one in (proof, *lists)])


def close_the_day(settings):
    """Close the day as at the midnight after: everything of today has a leaf, and two authorities sign."""
    first, second = corpus.authorities()
    for one in (first, second):
        one.mode, one.asked = "well", []
    next_day = days.next_day
    # In UTC, in which authorities give their dates: whenever this test runs, they sign on the day that they sign about.
    with timezone.override(UTC), patch.object(days, "next_day", lambda now: next_day(now + timedelta(days=1))):
        days.run_all(sources.sources)
    with serving(first) as at_first, serving(second) as at_second:
        settings.TIMESTAMP_AUTHORITIES = [f"first {at_first} {first.trusted}", f"second {at_second} {second.trusted}"]
        stamps.run()


def test_each_copy_has_a_number_and_a_line_in_the_register_with_the_digest_of_its_list(as_reporter, drawn):
    conversation = make.assigned()
    make.waiting()
    me, sent = as_reporter(conversation), []
    for number in (1, 2):
        sent.append(content_of(me.post(PAGE, MINE)))
        assert drawn[-1].about[0].startswith(f"Copie n° {number}, faite le ")
        with zipfile.ZipFile(io.BytesIO(sent[-1])) as found:
            assert json.loads(found.read("copie.json"))["number"] == number
    lines = AccessRecord.objects.filter(kind="copy").order_by("number")
    assert [(one.subject, one.detail, one.account_id, one.role) for one in lines] == [
        (str(conversation.public_id), f"copy, sha256 {list_digest(one)}", None, "service") for one in sent
    ]
    before = AccessRecord.objects.count()
    me.post(PAGE, {})
    assert AccessRecord.objects.count() == before, "nothing was given"
    closed = content_of(me.post(PAGE, {**MINE, "lock": "on", "words": "cheval bleu pomme ete nuage"}))
    assert AccessRecord.objects.filter(kind="copy").count() == 3 and b"empreintes" not in closed


@pytest.mark.parametrize("whose", ["person", "agent", "unit"])
def test_altered_pdf_is_said_by_the_proof_of_the_archive(as_reporter, drawn, settings, tmp_path, capsys, whose):
    """The half of « verifier.html » and the command say so, although the list and the comment were made again."""
    unit = hand.account()
    conversation = make.assigned(reception_point=unit.point)
    make.message(conversation, "Un mot")
    row = hand.opened(conversation, unit)
    if whose == "person":
        me = as_reporter(conversation)
        given = content_of(me.post(PAGE, MINE))
    elif whose == "agent":
        page = f"/console/echange/{conversation.public_id}/document/"
        given = content_of(signed_in(conversation.assigned_to.user).post(page, {"motive": "person", "archive": "on"}))
    else:
        given = content_of(signed_in(unit.user).post(f"/unite/{row.public_id}/dossier/"))
    line = AccessRecord.objects.latest("number")
    assert line.detail.endswith(f", sha256 {list_digest(given)}")
    if whose == "person":
        early = me.post("/tchat/copie/preuve/", {"kind": "copy", "number": "1"})
        assert early.status_code == 422 and "dans la nuit qui suit" in squeezed(unescape(early.text))
    close_the_day(settings)
    if whose == "person":
        answer = me.post("/tchat/copie/preuve/", {"kind": "copy", "number": "1"})
        proof = answer.content
        assert answer.status_code == 200 and b"Un mot" not in proof
        assert me.post("/tchat/copie/preuve/", {"kind": "copy", "number": "2"}).status_code == 422
        other = as_reporter(make.assigned()).post("/tchat/copie/preuve/", {"kind": "copy", "number": "1"})
        assert other.status_code == 422, "of one's own exchange"
    else:
        found = io.StringIO()
        call_command("date_proof", str(line.number), stdout=found)
        proof = found.getvalue().encode()
    day = str(datetime.now(UTC).date())
    altered = rewritten(given)
    whole, wrong = whole_judged(proof, given, altered)
    assert (whole["state"], whole["day"], wrong) == ("dated", day, {"state": "wrong", "day": "", "stamps": []})
    (tmp_path / "preuve.json").write_bytes(proof)
    for name, content in (("copie.zip", given), ("altered.zip", altered)):
        (tmp_path / name).write_bytes(content)
    call_command("verify_proof", str(tmp_path / "preuve.json"), f"--content={tmp_path / 'copie.zip'}")
    said = capsys.readouterr().out
    assert said.count("Horodaté le") == 2 == len(whole["stamps"])
    for one in whole["stamps"]:
        assert f"{one['authority']} ; certificat de l'autorité : {one['fingerprint']}" in said
    with pytest.raises(SystemExit):
        call_command("verify_proof", str(tmp_path / "preuve.json"), f"--content={tmp_path / 'altered.zip'}")
    assert "n'est pas celui de la preuve" in capsys.readouterr().err
    damaged = bytearray(given)
    damaged[given.index(b"%PDF") + 6] ^= 1
    (tmp_path / "damaged.zip").write_bytes(damaged)
    with pytest.raises(SystemExit):
        call_command("verify_proof", str(tmp_path / "preuve.json"), f"--content={tmp_path / 'damaged.zip'}")
    assert ".pdf' a été modifié" in capsys.readouterr().err


def test_line_of_an_opened_capture_is_no_proof_of_an_archive(settings, tmp_path):
    """Somebody hands in a capture that is a list of digests of their own, and a unit opens it."""
    forged = rewritten(pack([archive.File("copie.pdf", b"%PDF")], timezone.localtime()))
    with transaction.atomic():
        audit_log.record(
            kind="capture_original", by=make.agent().user, motive="x", subject="x",
            detail=f"capture 1, sha256 {list_digest(forged)}",
        )  # fmt: skip
    close_the_day(settings)
    found = io.StringIO()
    call_command("date_proof", str(AccessRecord.objects.latest("number").number), stdout=found)
    assert whole_judged(found.getvalue().encode(), forged) == [{"state": "wrong", "day": "", "stamps": []}]
    (tmp_path / "preuve.json").write_text(found.getvalue())
    (tmp_path / "copie.zip").write_bytes(forged)
    with pytest.raises(CommandError, match="pas celle d'une archive"):
        call_command("verify_proof", str(tmp_path / "preuve.json"), f"--content={tmp_path / 'copie.zip'}")


# --- the agent's archive ----------------------------------------------------------------------------------------------


def test_agents_archive_is_their_document_that_checks_itself_with_its_line_in_the_register(
    drawn, monkeypatch, settings, client
):
    # All other places belong to visitors.
    monkeypatch.setattr(background_jobs, "AT_MOST", background_jobs.KEPT_FOR_STAFF)
    settings.SITE_URL = "https://exemple.test"
    conversation = with_everything()
    note(conversation, "Un fait privé")
    captures.seen(conversation)
    browser, page = signed_in(conversation.assigned_to.user), f"/console/echange/{conversation.public_id}/"
    assert "archive vérifiable" in browser.get(page).text
    before = AccessRecord.objects.count()
    answer = browser.post(f"{page}document/", {"motive": "person", "archive": "on"})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    given = content_of(answer)
    with zipfile.ZipFile(io.BytesIO(given)) as found:
        assert found.namelist() == [
            "echange.pdf", "echange.json", "echange.schema.json", "verifier.html", archive.DIGESTS,
        ]  # fmt: skip
        value = json.loads(found.read("echange.json"))
        published = client.get(value["$schema"].removeprefix("https://exemple.test"))
        assert published.content == found.read("echange.schema.json") and published.status_code == 200
    form = schema.read(schema.EXCHANGE)
    assert list(problems(value, form)) == []
    assert (
        set(form["required"]) | {"facts", "captures"}
        == set(value) - {"$schema"}
        == set(form["properties"]) - {"$schema"}
    )
    assert list(problems(value | {"more": 1}, form)) == ["$.more: unknown"]
    assert [one["text"] for one in value["messages"] if one["author"] == "reporter"] == [
        "Il m'insulte \u202echaque soir"
    ]
    assert "Un fait privé" not in json.dumps(value, ensure_ascii=False) and "SHA-256" in json.dumps(value)
    assert {one["name"] for one in value["messages"] if one["author"] == "reporter"} == {"La personne"}
    line = AccessRecord.objects.latest("number")
    assert AccessRecord.objects.count() == before + 1 and (line.kind, line.detail) == (
        "paper", f"archive: transcript and file, sha256 {list_digest(given)}",
    )  # fmt: skip
    assert (
        signed_in(make.assigned().assigned_to.user)
        .post(f"{page}document/", {"motive": "person", "archive": "on"})
        .status_code
        == 404
    )
    assert browser.post(f"{page}document/", {"archive": "on"}).headers.get("Content-Type", "").startswith("text/html")

    def busy(*_arguments, **_words):
        raise pool.Busy

    monkeypatch.setattr(person_archive.transcript_pdf, "draw", busy)
    later = browser.post(f"{page}document/", {"motive": "person", "archive": "on"})
    assert later.status_code == 503 and 'name="archive" value="on"' in later.text
    assert AccessRecord.objects.count() == before + 1, "nothing was given"


def test_agents_archive_has_the_proofs_of_what_it_holds_and_of_nothing_else(drawn, stamped):
    """It has the proofs of its messages; of facts and captures it has those that were shown and seen."""
    browser, page = signed_in(stamped.assigned_to.user), f"/console/echange/{stamped.public_id}/document/"
    answer = browser.post(page, {"motive": "person", "archive": "on"})
    given = content_of(answer)
    with zipfile.ZipFile(io.BytesIO(given)) as found:
        proofs, value = found.read("preuves.json"), json.loads(found.read("echange.json"))
    assert "Un fait" not in proofs.decode() and {one["name"].split("-")[0] for one in json.loads(proofs)["proofs"]} == {
        "message"
    }
    spoken = next(one for one in value["messages"] if one["text"] == "Un mot")
    said, altered = json.dumps(value).encode(), json.dumps(value).replace("Un mot", "Un mit").encode()
    whole, changed = judged(proofs, said, altered)
    assert (whole["total"], whole["dated"], whole["wrong"], whole["without"]) == (
        len(value["messages"]), len(value["messages"]), [], [],
    )  # fmt: skip
    assert changed["wrong"] == [f"message-{spoken['number']}"]
    show_all(stamped)
    answer = browser.post(page, {"motive": "person", "archive": "on"})
    given = content_of(answer)
    with zipfile.ZipFile(io.BytesIO(given)) as found:
        proofs, value = found.read("preuves.json"), json.loads(found.read("echange.json"))
    assert list(problems(value, schema.read(schema.EXCHANGE))) == []
    total = len(value["messages"]) + 2
    said = json.dumps(value, ensure_ascii=False)
    digest = value["captures"][0]["sha256"]
    whole, fact, capture = judged(
        proofs, said.encode(), said.replace("Un fait", "Un fiat").encode(), said.replace(digest, "0" * 64).encode()
    )
    assert (whole["total"], whole["dated"], whole["wrong"], whole["without"]) == (total, total, [], [])
    assert (fact["wrong"], capture["wrong"]) == (["fait-1"], ["capture-1"])


def show_all(conversation):
    """Show everything, as if the person had shown their facts and captures and the agent's page was drawn."""
    now = timezone.now()
    JournalFact.objects.filter(conversation=conversation).update(shown_at=now, read_at=now)
    Capture.objects.filter(conversation=conversation).update(shown_at=now, read_at=now)


@pytest.mark.parametrize("whose", ["document", "archive", "dossier"])
def test_nothing_is_given_without_its_words_while_the_keys_are_away(drawn, monkeypatch, whose):
    """They were left out, as if they could never be opened again."""
    unit = hand.account()
    conversation = make.assigned(reception_point=unit.point)
    conversation.data_key = keys.make()[0]
    conversation.save(update_fields=["data_key"])
    make.message(conversation, "Un mot de l'échange")
    row = hand.opened(conversation, unit)
    if whose == "dossier":
        browser, address, form = signed_in(unit.user), f"/unite/{row.public_id}/dossier/", {}
    else:
        browser = signed_in(conversation.assigned_to.user)
        address = f"/console/echange/{conversation.public_id}/document/"
        form = {"motive": "person"} | ({"archive": "on"} if whose == "archive" else {})
    before = AccessRecord.objects.count()
    keys.forget_all()
    with monkeypatch.context() as away:
        away.setattr(keys, "_read", Mock(side_effect=KeysAway("away")))
        answer = browser.post(address, form)
    assert answer.status_code == 503 and answer.headers["Retry-After"] == "60", "the page says a minute"
    assert "textes chiffrés ne peuvent pas être lus en ce moment" in squeezed(unescape(answer.text))
    # The page of the unit is the one that it reads, so it leaves the line of a reading. The agent's leaves none.
    assert AccessRecord.objects.count() == before + (whose == "dossier")
    answer = browser.post(address, form)
    assert answer.status_code == 200 and (content_of(answer) if answer.streaming else answer.content)


# --- a unit's dossier -------------------------------------------------------------------------------------------------


def test_units_dossier_is_an_archive_of_what_was_agreed_with_its_line_in_the_register(drawn, monkeypatch):
    # All other places belong to visitors.
    monkeypatch.setattr(background_jobs, "AT_MOST", background_jobs.KEPT_FOR_STAFF)
    unit = hand.account()
    conversation = make.assigned(reception_point=unit.point)
    make.message(conversation, "Un mot de l'échange")
    row = hand.opened(conversation, unit)
    before = AccessRecord.objects.count()
    told = len(for_the_person.readings_of([conversation.public_id]))
    answer = signed_in(unit.user).post(f"/unite/{row.public_id}/dossier/")
    given = content_of(answer)
    with zipfile.ZipFile(io.BytesIO(given)) as found:
        assert found.namelist() == ["dossier.pdf", "dossier.json", "verifier.html", archive.DIGESTS]
        value = json.loads(found.read("dossier.json"))
        assert b"Un mot de" not in found.read("dossier.json")
    assert value["summary"] and [step["state"] for step in value["steps"]] == ["asked", "sent", "read"]
    assert [(one.kind, one.detail) for one in AccessRecord.objects.filter(number__gt=before).order_by("number")] == [
        ("transmission", ""), ("transmission", f"archive: dossier, sha256 {list_digest(given)}"),
    ]  # fmt: skip
    now = for_the_person.readings_of([conversation.public_id])
    assert (len(now) - told, now[0].did) == (1, "a lu le résumé transmis"), "one act, which has two lines"
    other = signed_in(hand.account(hand.station(name="Ailleurs")).user)
    assert other.post(f"/unite/{row.public_id}/dossier/").status_code == 404


def test_units_dossier_says_why_it_was_sent_and_where_the_appointment_is(drawn):
    unit = hand.account()
    conversation = make.assigned(reception_point=unit.point)
    conversation.urgency = Urgency.CRITICAL
    conversation.save()
    row = referral_actions.send_without(
        conversation_id=conversation.pk,
        point_id=unit.point_id,
        summary="Menaces",
        why="Il est en bas de chez elle",
        by=conversation.assigned_to.user,
    )
    referral_actions.mark_read(transmission=row, by=unit.user)
    referral_actions.propose_meeting(
        transmission=row, seen=2, meets_at=timezone.now() + timedelta(days=3), place="Bureau 12", by=unit.user
    )
    answer = signed_in(unit.user).post(f"/unite/{row.public_id}/dossier/")
    given = content_of(answer)
    with zipfile.ZipFile(io.BytesIO(given)) as found:
        value = json.loads(found.read("dossier.json"))
    assert value["why"] == "Il est en bas de chez elle" and value["steps"][-1]["text"].endswith("\nBureau 12")
    (paper,) = drawn
    assert ["Il est en bas de chez elle"] in [list(one.lines) for one in paper.sections]
    assert "celles que la personne a dites" in paper.about[-1]


def test_long_dossier_is_several_papers(drawn, monkeypatch):
    unit = hand.account()
    conversation = make.assigned(reception_point=unit.point)
    for _each in range(12):
        note(conversation, "x" * 500)
    show_all(conversation)
    row = hand.asked(conversation, unit)
    referral_actions.answer_consent(
        conversation=conversation, public_id=row.public_id, agrees=True, facts=AgreedFacts(12, timezone.now())
    )
    referral_actions.mark_read(transmission=row, by=unit.user)
    monkeypatch.setattr(transcript_pdf, "LINES_AT_MOST", 60)
    answer = signed_in(unit.user).post(f"/unite/{row.public_id}/dossier/")
    given = content_of(answer)
    with zipfile.ZipFile(io.BytesIO(given)) as found:
        papers = [name for name in found.namelist() if name.endswith(".pdf")]
    assert papers == [f"dossier-{number}.pdf" for number in range(1, len(drawn) + 1)] and len(drawn) > 1
    assert drawn[1].about[-1] == f"Partie 2 sur {len(drawn)}."
    kept = [one for paper in drawn for one in paper.sections if one.title.startswith("Chronologie")]
    assert sum(len(one.pairs) for one in kept) == 12

"""The document of an exchange: what it contains, how it is drawn, and its bounds."""

import re
import resource
import threading
from dataclasses import replace
from html import unescape

import pytest
from django.db import connection
from django.utils import timezone

from chat.captures import handouts
from chat.casework import emergencies
from chat.console import casework, casework_panels
from chat.documents import drawing, font_coverage, transcript_pdf
from chat.documents.transcript_pdf import SLIP, Document, Section
from chat.models import Capture
from common.offload import background_jobs, pool
from reports.audit import for_the_person
from reports.models import AccessKind, AccessRecord
from tests.chat.casework.desk import assert_is_tagged, save
from tests.chat.console.agents import page_of, signed_in
from tests.factories import captures
from tests.factories import chat as make
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db


def test_document_is_tagged_marked_and_registered(conversation, console):
    make.message(conversation, "Ils recommencent chaque soir.")
    response = console.post(page_of(conversation) + "document/", {"motive": "complaint"})
    assert response["Content-Type"] == "application/pdf"
    assert "attachment" in response["Content-Disposition"]
    assert_is_tagged(response.content, f"Échange {str(conversation.public_id)[:8]}")
    line = AccessRecord.objects.get(kind=AccessKind.PAPER)
    assert (line.motive, line.subject) == ("Dépôt de plainte", str(conversation.public_id))
    assert line.account_id == conversation.assigned_to.user_id


def test_document_holds_who_when_why_and_the_file(conversation, agent):
    make.message(conversation, "Ils recommencent chaque soir.")
    save(conversation, present=["online"], notes={"links": "https://mechant.example"})
    emergencies.start(conversation_id=conversation.pk, situation="danger", by=agent.user)
    now = timezone.now()
    paper = casework_panels.document(agent, conversation, motive="dépôt de plainte", now=now)
    assert agent.public_name in paper.mark and "dépôt de plainte" in paper.mark
    assert f"{timezone.localtime(now):%d/%m/%Y %H:%M}" in paper.mark
    assert list(paper.thread)[-1][1] == "Ils recommencent chaque soir."
    told = {section.title: section for section in paper.sections}
    assert ("Par internet ou par téléphone", "oui") in told["Fiche des faits"].pairs
    assert ("Liens, un par ligne", "hxxps://mechant[.]example") in told["Fiche des faits"].pairs
    assert told["Procédure d'urgence"].pairs[0][1] == "non coché"


TEXTS = ["😀👨‍👩‍👧 🇫🇷", "مرحبا", "#set page(width: 1cm) $x$ *gras* @ref", "中文 \u202e\u0007 𓀀", "a\n\nb"]


def test_document_of_any_text_is_made(conversation, console):
    """All of these at once do not keep it from being made."""
    for text in TEXTS:
        make.message(conversation, text)
    response = console.post(page_of(conversation) + "document/", {"motive": "justice"})
    assert response.status_code == 200 and response.content.startswith(b"%PDF")


@pytest.mark.parametrize("source", [transcript_pdf.EXCHANGE, SLIP])
def test_document_is_made_whatever_stands_in_any_of_its_parts(source):
    """A control that was pasted into the sheet or the place of an appointment must not keep it from being made.

    Each of these is tried in each of its parts.
    """
    text = "B".join(["Guichet", "\x01", "\x07", "\x0b", "\x1b", "\x7f", "\x85", "\x9f", "\u202e", "\ufffe", ""])
    document = Document(
        title=text,
        about=[text],
        sections=[Section(text, lines=[text], pairs=[(text, text)])],
        mark=text,
        heads=(text, text),
        thread_title=text,
        thread=[(text, text)],
    )
    assert transcript_pdf.draw(document, source).startswith(b"%PDF")


def test_document_shows_what_cannot_be_seen_in_the_sheet(conversation, console, monkeypatch):
    save(conversation, notes={"notes": "Vu le soir\x0bpuis \u202egnp.exe\r\nfin", "links": "xn--e1afmkfd.com"})
    drawn: list[str] = []

    def told(source, data, *, is_plain):
        drawn.append(str(data))
        return b"%PDF"

    monkeypatch.setattr(drawing, "compile_pdf", told)
    monkeypatch.setattr(pool, "run", lambda _module, data, **_who: drawing.work(data))
    response = console.post(page_of(conversation) + "document/", {"motive": "justice"})
    assert response.content.startswith(b"%PDF")
    assert "Vu le soir⟦U+000B⟧puis ⟦U+202E⟧gnp.exe\\nfin" in drawn[-1]


def test_signs_that_are_not_tried_are_drawn_by_typst_everywhere():
    """« ⁃ » was taken for one of them, and no exchange in which somebody wrote it could be put on paper."""
    every = [
        chr(code) for code in range(0x20, 0x3000) if chr(code).isprintable() and not font_coverage.signs_of([chr(code)])
    ]
    assert len(every) > 350 and drawing.can_draw(every, is_plain=True)
    assert font_coverage.signs_of(["a⁃⁁⁓b"]) == ["⁃", "⁁", "⁓"]


def test_document_with_more_signs_than_are_tried_writes_the_rest_by_their_codes(monkeypatch):
    monkeypatch.setattr(font_coverage, "SIGNS_AT_MOST", 2)
    monkeypatch.setattr(font_coverage, "_known", {})
    tried: list[list[str]] = []
    assert font_coverage.drawable(["αβγδ"], can_draw=lambda signs: not tried.append(signs)) == {"α", "β"}
    assert tried == [["α", "β"]]


def test_document_that_takes_too_much_with_all_fonts_is_drawn_with_few(monkeypatch):
    """Signs of every script at once have a font each; a plain text of the same length has not."""
    asked = []

    def run(_module, data, **_who):
        asked.append((data["is_plain"], data["known"]))
        if not data["is_plain"]:
            raise pool.Failed("memory")
        return {"é": False}, b"%PDF"

    monkeypatch.setattr(pool, "run", run)
    monkeypatch.setattr(font_coverage, "_known", {"α": True})
    assert transcript_pdf.draw(long_document(1, "α")) == b"%PDF"
    assert asked == [(False, {"α": True}), (True, {})]
    assert font_coverage._known == {"α": True}, "what few fonts draw says nothing of all of them"
    monkeypatch.setattr(pool, "run", _killed)
    with pytest.raises(pool.Failed):
        transcript_pdf.draw(long_document(1, "α"))


def test_document_writes_signs_that_repeat_once():
    family = "👨\u200d👩\u200d👧"
    assert font_coverage.with_codes(f"a{family * 700}b", set()) == "a⟦U+1F468 200D 1F469 200D 1F467 ×700⟧b"
    assert font_coverage.with_codes("中文文 中", {"文"}) == "⟦U+4E2D⟧文文 ⟦U+4E2D⟧"
    assert font_coverage.with_codes("中文文", set()) == "⟦U+4E2D, 6587 ×2⟧"


def long_document(count, text):
    thread = [(f"{number}. La personne", text) for number in range(1, count + 1)]
    return Document(title="Échange", about=["a"], sections=[Section("Fiche", lines=["b"])], heads=("Sujet", "Réponse"),
                    thread_title="Messages", thread=thread, codes_note="Codes.")  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", ["👨\u200d👩\u200d👧" * 700, "a😀" * 2000, "bonjour à vous " * 266, "a\n" * 2000, "中文字符" * 1000]
)
def test_long_document_is_cut_into_parts_that_can_be_drawn(text):
    """404 messages of 700 emoji took 12 to 17 s and 2.4 GiB of the process that serves pages. Now each part fits in a
    third of what the child may take, and no message is in none or in two."""
    whole = long_document(404, text)
    parts = casework_panels.parts(whole)
    read = [part.stored.document() for part in parts]
    assert [head for part in read for head, _body in part.thread] == [head for head, _body in whole.thread]
    assert len(parts) > 1 and [bool(part.sections) for part in read] == [True] + [False] * (len(parts) - 1)
    assert read[1].about[-1].startswith(f"Partie 2 sur {len(parts)} : messages {parts[1].first} à ")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    pages = transcript_pdf.draw(max(read, key=lambda part: len(part.thread)))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert pages.startswith(b"%PDF")
    assert after.ru_utime - before.ru_utime < pool.CPU_SECONDS / 2


def test_document_has_so_many_messages_at_most():
    parts = transcript_pdf.parts(long_document(transcript_pdf.MESSAGES_AT_MOST + 1, "a"))
    assert [len(part.thread) for part in parts] == [transcript_pdf.MESSAGES_AT_MOST, 1]


def test_file_that_is_too_long_is_cut_too_and_nothing_is_in_none_or_in_two(monkeypatch):
    monkeypatch.setattr(transcript_pdf, "LINES_AT_MOST", 100)
    sections = [
        Section("Vide"),
        Section("Résumé", lines=["a " * 200 for _each in range(30)]),
        Section("Faits", pairs=[(str(number), "b\n" * 9) for number in range(40)]),
        Section("Fin", lines=["c"]),
    ]
    whole = replace(long_document(3, "d"), sections=sections)
    found = list(transcript_pdf.parts(whole))
    assert len(found) > 5 and [one.about for one in found] == [whole.about] * len(found)
    for section in sections:
        here = [one for part in found for one in part.sections if one.title == section.title]
        assert here and [line for one in here for line in one.lines] == list(section.lines)
        assert [pair for one in here for pair in one.pairs] == list(section.pairs)
    assert [head for part in found for head, _body in part.thread] == [head for head, _body in whole.thread]
    assert [part for part in found if part.thread] == found[-1:], "the thread comes after the file"
    parts = casework_panels.parts(whole)
    assert parts[0].first == "" and parts[0].stored.document().about[-1] == f"Partie 1 sur {len(parts)}."
    assert parts[-1].stored.document().about[-1].endswith(": messages 1 à 3.")
    assert [part.stored.document().sections for part in parts] == [part.sections for part in found]


@pytest.mark.slow
@pytest.mark.parametrize("text", ["a\ue000" * 350, "bonjour à vous " * 46, "中文字符" * 170])
def test_longest_journal_is_cut_into_parts_that_can_be_drawn(text):
    """500 facts of full length in one table took more than a child may take, so that there was no document at all."""
    sections = [Section("Faits", pairs=[("12 mars 2027 à 18:05", f"{text}\n{text}") for _each in range(500)])]
    found = list(transcript_pdf.parts(Document(title="Dossier", about=["a"], sections=sections, codes_note="Codes.")))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert transcript_pdf.draw(found[0], is_patient=True).startswith(b"%PDF")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime - before.ru_utime < pool.CPU_SECONDS / 2


def test_long_exchange_is_given_part_by_part_each_with_its_line(conversation, console, monkeypatch):
    monkeypatch.setattr(transcript_pdf, "MESSAGES_AT_MOST", 2)
    for number in range(3):
        make.message(conversation, f"numéro {number}")
    shown = console.post(page_of(conversation) + "document/", {"motive": "justice"})
    assert shown.status_code == 200 and "Partie 2 : messages" in shown.text
    assert not AccessRecord.objects.exists()
    asked = {"motive": "justice", "part": "2"}
    pages = console.post(page_of(conversation) + "document/", asked)
    assert pages.content.startswith(b"%PDF") and pages["Content-Disposition"].endswith('-2.pdf"')
    assert AccessRecord.objects.get(kind=AccessKind.PAPER).detail == "pdf: transcript and file, part 2 of 2"
    assert b"Partie 2" in console.post(page_of(conversation) + "document/", {**asked, "part": "3"}).content
    assert AccessRecord.objects.count() == 1


def _killed(*_args, **_given):
    """Run as `pool.run` does, with a child that the machine kills."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "_speak", lambda child, _pieces, _seconds: child.kill() or b"")
        return run_in_child(*_args, **_given)


run_in_child = pool.run


@pytest.mark.parametrize(
    ("fault", "told"), [("killed", "Rien n'est perdu : recommencez."), ("busy", "Attendez quelques secondes")]
)
def test_document_that_cannot_be_made_is_told_and_leaves_no_line(conversation, console, monkeypatch, fault, told):
    if fault == "killed":
        monkeypatch.setattr(pool, "run", _killed)
    else:
        monkeypatch.setattr(background_jobs, "AT_MOST", 0)
    response = console.post(page_of(conversation) + "document/", {"motive": "justice"})
    page = unescape(response.text)
    assert (response.status_code, response["Retry-After"]) == (503, "10") and told in page
    assert 'name="motive" value="justice"' in page
    assert not AccessRecord.objects.exists()


def test_documents_are_not_asked_for_in_a_loop(conversation, console, monkeypatch, one_window):
    monkeypatch.setattr(casework, "PAPERS", 1)
    answers = [
        console.post(page_of(conversation) + "document/", {"motive": "justice"}).status_code for _one in range(2)
    ]
    assert answers == [200, 429] and AccessRecord.objects.count() == 1


def test_document_is_drawn_outside_any_transaction(conversation, console, monkeypatch):
    # All other places belong to visitors.
    monkeypatch.setattr(background_jobs, "AT_MOST", background_jobs.KEPT_FOR_STAFF)
    seen = []
    real = background_jobs.ask
    depth = len(connection.savepoint_ids)  # savepoints of the test itself

    def ask(*args, **given):
        seen.append(len(connection.savepoint_ids) - depth)
        return real(*args, **given)

    monkeypatch.setattr(background_jobs, "ask", ask)
    assert console.post(page_of(conversation) + "document/", {"motive": "justice"}).status_code == 200
    assert seen == [0]


def test_document_that_is_late_goes_on_and_is_given_when_it_is_asked_for_again(conversation, console, monkeypatch):
    may_end, drawn = threading.Event(), []

    def draw(document, *_arguments, **_named):
        drawn.append(document)
        assert may_end.wait(300)
        return b"%PDF-1.7"

    monkeypatch.setattr(transcript_pdf, "draw", draw)
    monkeypatch.setattr(background_jobs, "PATIENCE_SECONDS", 0.05)
    page = page_of(conversation) + "document/"
    for _press in range(2):
        later = console.post(page, {"motive": "justice"})
        assert later.status_code == 503 and later["Retry-After"] and "se prépare" in later.text
        assert "Reprendre le document" in later.text and not AccessRecord.objects.exists()
    may_end.set()
    monkeypatch.setattr(background_jobs, "PATIENCE_SECONDS", 300)
    assert console.post(page, {"motive": "justice"}).content == b"%PDF-1.7"
    assert len(drawn) == 1 and AccessRecord.objects.count() == 1


@pytest.mark.parametrize("more", [{}, {"archive": "on"}])
def test_late_document_does_not_name_what_was_taken_back_or_set_aside_meanwhile(
    conversation, console, monkeypatch, more
):
    may_end, drawn = threading.Event(), []

    def draw(document, *_arguments, **_named):
        drawn.append(document)
        assert may_end.wait(300)
        return b"%PDF-1.7"

    monkeypatch.setattr(transcript_pdf, "draw", draw)
    monkeypatch.setattr(background_jobs, "PATIENCE_SECONDS", 0.05)
    seen, sent = captures.seen(conversation), captures.handed(conversation, title="Convocation")
    page, asked = page_of(conversation) + "document/", {"motive": "justice", **more}
    assert console.post(page, asked).status_code == 503
    Capture.objects.filter(pk=seen.pk).update(locked_at=timezone.now())
    handouts.take_back(conversation=conversation, public_id=sent.public_id)
    assert console.post(page, asked).status_code == 503
    may_end.set()
    monkeypatch.setattr(background_jobs, "PATIENCE_SECONDS", 300)
    monkeypatch.setattr(casework, "PAPERS", 1_000)
    for _press in range(900):
        answer = console.post(page, asked)
        if answer.status_code != 503:  # the first document has been made
            break
    assert answer.status_code == 200 and AccessRecord.objects.filter(kind=AccessKind.PAPER).count() == 1
    assert b"".join(answer.streaming_content) if more else answer.content == b"%PDF-1.7"
    first, last = ({one.title: one.pairs for one in paper.sections} for paper in drawn)
    shown, handed = "Captures montrées par la personne", "Documents envoyés à la personne"
    assert "mise de côté" not in str(first[shown]) and handed in first
    assert "mise de côté" in str(last[shown]) and handed not in last


def test_document_writes_what_no_font_draws_by_its_code(monkeypatch):
    monkeypatch.setattr(font_coverage, "_known", {})
    texts = ["bonjour", "中 a 😀", "e\u0301"]
    tries = []

    def can_draw(signs):
        tries.append(signs)
        return "中" not in signs

    kept = font_coverage.drawable(texts, can_draw=can_draw)
    assert font_coverage.with_codes(texts[1], kept) == "⟦U+4E2D⟧ a 😀"
    assert "bonjour" not in str(tries)
    count = len(tries)
    font_coverage.drawable(texts, can_draw=can_draw)
    assert len(tries) == count  # the result is known now


def test_document_tries_no_more_than_it_may(monkeypatch):
    monkeypatch.setattr(font_coverage, "_known", {})
    texts = ["".join(chr(0x5000 + n) for n in range(500))]
    tries = []
    assert font_coverage.drawable(texts, can_draw=lambda signs: bool(tries.append(signs))) == set()
    assert len(tries) == font_coverage.AT_MOST


def test_document_without_a_reason_is_not_made(conversation, console):
    response = console.post(page_of(conversation) + "document/", {"motive": ""})
    page = squeezed(response.text)
    assert page.count("Choisissez pourquoi le document est fait.") == 1
    # The page is that of another tab: its folded form is open, and the field has the focus beside what is wrong.
    [fold] = re.findall(r'<details id="document-pli-[^>]*>', page)
    [field] = re.findall(r'<select [^>]*id="motif-document-[^>]*>', page)
    assert fold.endswith(" open>") and "autofocus" in field and 'aria-invalid="true"' in field
    assert not AccessRecord.objects.exists()


def test_document_is_for_the_one_who_answers(conversation):
    stranger = signed_in(make.agent(unit_name="Ailleurs").user)
    assert stranger.post(page_of(conversation) + "document/", {"motive": "person"}).status_code == 404
    assert not AccessRecord.objects.exists()


def test_document_is_told_to_the_person(conversation, console):
    console.post(page_of(conversation) + "document/", {"motive": "complaint"})
    (told,) = for_the_person.readings_of([conversation.public_id])
    assert (told.who, told.did) == ("La personne qui a répondu", "en a fait un document")

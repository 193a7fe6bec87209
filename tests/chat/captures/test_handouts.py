"""Documents that an agent hands to the person: off by default, drawn, read only by that person, and taken back until
then.
"""

import io
import re
import uuid
import zipfile
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from chat.captures import drawing, handouts, queries, receiving
from chat.casework.handles import give_handles, handle_of
from chat.console import casework_panels
from chat.conversations import actions, follow_up_code
from chat.documents import transcript_pdf
from chat.models import Capture, FollowUp
from chat.personal_copy import person_archive
from chat.rules.lifecycle import Author
from common.sealed_files.chunks import CHUNK_BYTES
from common.service_settings import definitions
from tests.chat.console.agents import page_of, signed_in
from tests.factories import captures as make_captures
from tests.factories import chat as make
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db
THEIRS = "/tchat/captures/"
TITLE = "Convocation, à lire avant mardi"


def read(answer):
    return squeezed(unescape(answer.text))


@pytest.fixture
def held(set_rule):
    """Return an exchange where documents may be sent, its agent's browser and page."""
    set_rule(definitions.HANDOUTS_MOST, 2)
    conversation = make.assigned()
    return conversation, signed_in(conversation.assigned_to.user), page_of(conversation)


def send(browser, page, content=None, *, title=TITLE, name="scan.png", **more):
    file = {} if content == b"" else {"capture": SimpleUploadedFile(name, content or make_captures.png())}
    return browser.post(f"{page}documents/", {"title": title, **file, **more})


def draw(pages=1):
    """Do the worker's turn, without its child."""
    capture = Capture.objects.select_related("conversation").get(state="received")
    file = io.BytesIO()
    Image.new("RGB", (8, 6), "red").save(file, "WEBP")
    told = {"sha256": "ab" * 32, "kind": "png", "more": False}
    drawn = drawing.seal_drawings(capture, [(file.getvalue(), 8, 6)] * pages) if pages else []
    drawing._finish(capture, told, drawn)
    return make_captures.fresh(capture)


def lines_of(conversation):
    return [row.body for row in conversation.messages.filter(author=Author.SYSTEM).select_related("conversation")]


def test_page_says_to_whom_a_document_goes(held):
    """A town is no aim: two people of one town looked alike on the one page that sends a file."""
    conversation, browser, page = held
    give_handles(conversation.assigned_to, [conversation.pk])
    handle = str(handle_of(conversation.assigned_to, conversation))
    shown = read(browser.get(f"{page}captures/"))
    assert f">{handle} · " in shown
    assert f"Envoyer à la personne – {handle}<" in shown
    assert "La personne le lit à côté du dessin" in shown


def test_nobody_sends_before_the_service_has_decided(settings, set_rule):
    conversation = make.assigned()
    browser, page = signed_in(conversation.assigned_to.user), page_of(conversation)
    for is_decided in (True, False):
        settings.CAPTURES = is_decided
        set_rule(definitions.HANDOUTS_MOST, 0 if is_decided else 2)
        assert "documents/" not in browser.get(f"{page}captures/").text + browser.get(page).text
        assert send(browser, page).status_code == 302
        assert "envoie pas de documents" in read(browser.get(f"{page}captures/"))
    assert not Capture.objects.exists()


def test_document_is_handed_over_drawn_and_read_by_its_person(held, as_reporter):
    conversation, browser, page = held
    assert "captures/#documents" in browser.get(page).text
    me = as_reporter(conversation)
    before, last = len(lines_of(conversation)), conversation.messages.count()
    assert 'id="document" hidden' in me.get("/tchat/").text and not me.get("/tchat/reponses/").json()["document"]
    key = str(uuid.uuid4())
    for _twice in range(2):
        assert send(browser, page, key=key).status_code == 302
    assert [squeezed(line)[:32] for line in lines_of(conversation)[before:]] == ["Un document vous a été envoyé. L"]
    thread = me.get("/tchat/").text
    assert 'id="document">' in thread and f'value="{THEIRS}#received"' in thread, "as the line says"
    assert me.get("/tchat/reponses/").json()["document"]
    # Without a script the button comes once the page is read again: the frame says so, and no longer than it is needed.
    for after, is_told in ((last, True), (last + 1, False)):
        frame = squeezed(read(me.get("/tchat/suite/", {"apres": after, "etat": "active"})))
        assert ("« Actualiser », sous les messages, montre le bouton" in frame) is is_told
    waits = read(me.get(THEIRS))
    assert TITLE in waits and "en préparation" in waits and "<img" not in waits
    capture = draw(pages=2)
    assert capture.read_at is None and capture.sent_by == conversation.assigned_to
    assert "Pas encore vu" in read(browser.get(f"{page}captures/"))
    address = f"{THEIRS}{capture.public_id}/2/"
    assert me.get(address).status_code == 404, "counts as seen by the page that shows it, not by its address"
    shown = read(me.get(THEIRS))
    assert f'src="{address}"' in shown and f'alt="{TITLE} (2/2)"' in shown
    answer = me.get(address)
    assert (answer.status_code, answer["Content-Type"], answer["Cache-Control"]) == (200, "image/webp", "no-store")
    assert "Vu par la personne" in read(browser.get(f"{page}captures/"))
    assert browser.get(f"{page}captures/{capture.public_id}/1/").status_code == 200


def test_document_is_not_seen_by_the_script_that_reads_the_list_of_captures(held, as_reporter):
    conversation, browser, page = held
    capture = make_captures.handed(conversation, TITLE)
    me = as_reporter(conversation)
    make_captures.received(conversation, name="mienne.png")
    shown = read(me.get(f"{THEIRS}?liste="))
    assert 'id="own-captures"' in shown and "mienne.png" in shown and TITLE not in shown
    assert make_captures.fresh(capture).read_at is None
    browser.post(f"{page}documents/", {"retirer": str(capture.public_id)})
    assert "Document retiré : la personne ne l'a pas vu." in read(browser.get(f"{page}captures/"))
    assert not Capture.objects.filter(pk=capture.pk).exists()


def test_it_is_none_of_the_persons_captures(held, as_reporter):
    conversation, browser, page = held
    send(browser, page)
    capture = draw()
    me = as_reporter(conversation)
    me.get(THEIRS)
    assert queries.own_captures(conversation) == [] and queries.seen_captures(conversation) == []
    assert queries.count_shown(conversation).total == 0 and not queries.has_own(conversation)
    assert queries.own_originals(conversation) == {} and queries.mark_read(conversation) == 0
    assert receiving.take_back(conversation=conversation) == 0
    me.post(THEIRS, {"act": "erase", "one": str(capture.public_id)})
    assert Capture.objects.filter(pk=capture.pk).exists(), "not theirs to erase"
    for act in (
        lambda: receiving.begin_capture(
            conversation_id=conversation.pk, public_id=capture.public_id, size=capture.size, name="x"
        ),
        lambda: make_captures.send(conversation, capture.public_id, make_captures.png(), 0),
    ):
        with pytest.raises(receiving.CaptureGone):
            act()
    assert make_captures.received(conversation).number == 2


def test_nobody_else_reads_it(held, as_reporter):
    conversation, browser, page = held
    send(browser, page)
    capture = draw()
    address = f"{THEIRS}{capture.public_id}/1/"
    as_reporter(conversation).get(THEIRS)
    assert as_reporter(make.waiting()).get(address).status_code == 404
    assert Client().get(address).status_code == 302
    other = make.assigned()
    stranger = signed_in(other.assigned_to.user)
    assert stranger.get(f"{page}captures/{capture.public_id}/1/").status_code == 404
    assert stranger.get(f"{page_of(other)}captures/{capture.public_id}/1/").status_code == 404
    assert stranger.post(f"{page}documents/", {"retirer": str(capture.public_id)}).status_code == 404


def test_code_of_what_follows_opens_nothing_of_it(held, as_reporter, client):
    conversation, browser, page = held
    send(browser, page)
    capture = draw()
    as_reporter(conversation).get(THEIRS)
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    conversation.refresh_from_db()
    follow_up_code.set_code(conversation.pk, b"x" * 32, timezone.now())
    session = client.session
    follow_up_code.remember(session, FollowUp.objects.get(conversation=conversation))
    session.save()
    assert TITLE not in read(client.get(THEIRS))
    assert client.get(f"{THEIRS}{capture.public_id}/1/").status_code == 302
    assert TITLE in read(as_reporter(conversation).get(THEIRS)), "the exchange's own visit still reads it"


def test_it_is_taken_back_until_its_person_has_seen_it(held, as_reporter, folder):
    conversation, browser, page = held
    send(browser, page)
    capture = draw()
    browser.post(f"{page}documents/", {"retirer": str(capture.public_id)})
    assert not Capture.objects.exists()
    send(browser, page)
    capture = draw()
    as_reporter(conversation).get(THEIRS)
    answer = browser.post(f"{page}documents/", {"retirer": str(capture.public_id)}, follow=True)
    assert "il reste dans l'échange" in read(answer) and Capture.objects.exists()
    for wrong in ("x", str(uuid.uuid4())):
        assert browser.post(f"{page}documents/", {"retirer": wrong}).status_code in {302, 404}


def test_unreadable_is_said_to_both(held, as_reporter):
    conversation, browser, page = held
    send(browser, page)
    draw(pages=0)
    assert "ne peut pas être montré ici" in read(as_reporter(conversation).get(THEIRS))
    assert "Illisible" in read(browser.get(f"{page}captures/"))


def test_document_for_which_there_was_no_time_is_said_to_be_late_and_no_other_is_asked_for(held, as_reporter):
    conversation, browser, page = held
    send(browser, page)
    for _each in range(queries.LATE_TRIES):
        drawing._put_off(Capture.objects.select_related("conversation").get(), {"kind": "png"})
    theirs, ours = read(as_reporter(conversation).get(THEIRS)), read(browser.get(f"{page}captures/"))
    assert "n'est pas encore prêt" in theirs and "Revenez plus tard" in theirs and "Demandez-en" not in theirs
    assert "Pas encore dessiné : le service n'en a pas eu le temps" in ours
    assert "Illisible" not in ours and "un autre PDF" not in ours


@pytest.mark.parametrize(
    ("content", "title", "said"),
    [
        (b"", TITLE, "Choisissez un fichier."),
        (b"<svg></svg>", TITLE, "ni une image ni un PDF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(1_000_000), TITLE, "trop gros"),
        (None, " ", "Dites en quelques mots"),
        (None, "\u200b", "Rien ne se voit"),
        (None, "x" * (handouts.TITLE_MAX + 1), "200 caractères au plus"),
    ],
)
def test_bad_input_is_said_beside_its_field_and_leaves_nothing(held, set_rule, folder, content, title, said):
    conversation, browser, page = held
    set_rule(definitions.CAPTURE_SIZE, 1)
    before = conversation.last_seq
    answer = send(browser, page, content, title=title, name="a.svg")
    assert answer.status_code == 422 and said in read(answer) and "fr-error-text" in answer.text
    assert not Capture.objects.exists() and not [one for one in folder.rglob("*") if one.is_file()]
    conversation.refresh_from_db()
    assert conversation.last_seq == before


def test_no_more_than_the_service_allows_and_none_after_the_end(held):
    conversation, browser, page = held
    make_captures.received(conversation)  # a capture of the person, which has its own limit
    assert [send(browser, page).status_code for _ in range(3)] == [302, 302, 422]
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    assert send(browser, page).status_code == 302
    answer = browser.get(f"{page}captures/")
    assert "rien n'a été envoyé" in read(answer)
    assert Capture.objects.filter(sent_by__isnull=False).count() == 2


def test_nothing_is_left_of_what_could_not_be_announced(held, monkeypatch, folder):
    """It was whole in the store, and the exchange went to somebody else meanwhile."""
    _conversation, browser, page = held

    def gone(*_arguments, **_words):
        raise actions.NotYours

    monkeypatch.setattr(handouts, "say_line", gone)
    content = make_captures.png(more=CHUNK_BYTES)
    assert send(browser, page, content).status_code == 404
    assert not Capture.objects.exists()


def test_own_copy_and_the_exchanges_document_have_it(held, as_reporter, monkeypatch):
    conversation, browser, page = held
    send(browser, page)
    capture = draw(pages=2)
    monkeypatch.setattr(person_archive.transcript_pdf, "draw", lambda *_a, **_w: b"%PDF-1.7")
    me = as_reporter(conversation)
    me.get(THEIRS)
    assert 'name="captures"' in me.get("/tchat/copie/").text, "who handed nothing in takes along what they were handed"
    answer = me.post("/tchat/copie/", {"device": "mine", "captures": "on"})
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as files:
        names = [name for name in files.namelist() if name.startswith("documents/")]
        assert names == [f"documents/document-{capture.number}-page-{page}.webp" for page in (1, 2)]
        assert files.read(names[0])[8:12] == b"WEBP"
        assert TITLE.encode() in files.read("copie.json") and b"scan.png" not in files.read("copie.json")
    document = casework_panels.document(conversation.assigned_to, conversation, motive="Essai", now=timezone.now())
    assert isinstance(document, transcript_pdf.Document)
    assert "Documents envoyés à la personne" in str(document.sections) and TITLE in str(document.sections)


def test_title_is_sealed_and_the_line_says_nothing_of_it(held):
    conversation, browser, page = held
    send(browser, page)
    row = Capture.objects.get()
    assert TITLE.encode() not in bytes(row.sealed_words)
    assert all(TITLE not in line for line in lines_of(conversation))


def test_each_page_of_a_document_can_be_enlarged_without_a_script(held, as_reporter):
    """A page of A4 has letters of five pixels on a telephone."""
    conversation, browser, page = held
    me = as_reporter(conversation)
    send(browser, page, key=str(uuid.uuid4()))
    draw(pages=2)
    shown = read(me.get(THEIRS))
    for number in (1, 2):
        [key] = re.findall(rf'id="agrandir-({number}-[0-9a-f-]+)"', shown)
        assert f'for="agrandir-{key}">Agrandir pour lire ({number}/2)<' in shown
        frame = rf'</div>\s*<div class="pnav-handout__frame" id="page-{key}" tabindex="0" role="region"'
        frame += rf' aria-label="[^"]+ \({number}/2\)">\s*<img'
        assert re.search(frame, shown), "the frame follows the choice, which enlarges what is in it"

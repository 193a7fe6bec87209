"""A thread is read in pieces: what a page shows of it is bounded, and all of it can be reached."""

import itertools
import re
from html import unescape
from operator import itemgetter

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from chat.messages import protocol, transcript
from chat.rules.lifecycle import Author
from chat.texts import script as script_texts
from chat.visitor import conversation as visitor_conversation
from pnav.accounts.models import Role
from tests.chat.sockets import signed_in, visit
from tests.factories import chat as make

pytestmark = pytest.mark.django_db

SAID = script_texts.words(familiar=False, discreet=False)


@pytest.fixture(autouse=True)
def _no_counts_left():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def long_one():
    """Return an exchange under way of 251 messages: the system's first one, and 250 of the person."""
    return make.thread(make.assigned(), [f"Message numéro {n}" for n in range(2, 252)])


@pytest.fixture
def reporter(settings):
    def open_browser(conversation) -> Client:
        client = Client()
        client.cookies[settings.SESSION_COOKIE_NAME] = visit(conversation)
        return client

    return open_browser


def seqs(response) -> list[int]:
    return [int(found) for found in re.findall(r'-message" data-author="\w+" data-seq="(\d+)"', response.text)]


def way_back(response) -> str:
    """Return the address of « Voir les messages précédents », without what scrolls; empty when there is none."""
    found = re.search(r'href="([^"]*avant=\d+)#fin"', response.text)
    return unescape(found[1]) if found else ""


# --- the reading ------------------------------------------------------------------------------------------------------


def test_piece_is_the_last_messages_in_order(long_one):
    lines = transcript.read_lines(long_one, SAID)
    assert [line.seq for line in lines] == list(range(152, 252)) and len(lines) == transcript.PIECE_MESSAGES
    assert (lines[0].body, transcript.earlier_cursor(lines)) == ("Message numéro 152", 152)


def test_pieces_backward_and_forward_make_the_whole_thread(long_one):
    backward, before = [], protocol.MAX_SEQ
    while before:
        lines = transcript.read_lines(long_one, SAID, before=before)
        backward = [line.seq for line in lines] + backward
        before = transcript.earlier_cursor(lines)
    forward, after = [], 0
    while lines := transcript.read_lines(long_one, SAID, after=after, is_forward=True):
        forward += [line.seq for line in lines]
        after = lines[-1].seq
    assert backward == forward == list(range(1, 252))


@pytest.mark.parametrize("sign", ["x", "é", "語", "🙂"])
def test_piece_of_long_messages_is_bounded_in_bytes(sign):
    conversation = make.thread(make.assigned(), [sign * protocol.MAX_BODY] * 30)
    lines = transcript.read_lines(conversation, SAID)
    sizes = [len(line.body.encode()) for line in lines]
    assert sum(sizes[1:]) <= transcript.PIECE_BYTES < sum(sizes) + len(sign.encode()) * protocol.MAX_BODY
    assert lines[-1].seq == conversation.last_seq and transcript.earlier_cursor(lines) == lines[0].seq > 1
    assert [one.seq for one in transcript.read_messages(conversation)] == [line.seq for line in lines]


def test_piece_holds_a_message_that_alone_is_too_long(monkeypatch):
    monkeypatch.setattr(transcript, "PIECE_BYTES", 10)
    conversation = make.thread(make.assigned(), ["x" * 100, "y" * 100])
    assert [line.body[0] for line in transcript.read_lines(conversation, SAID)] == ["y"]
    assert [one.seq for one in transcript.read_messages(conversation)] == [conversation.last_seq]
    assert [line.seq for line in transcript.read_lines(conversation, SAID, before=3)] == [2]


def test_piece_says_nothing_earlier_of_a_short_thread():
    conversation = make.assigned()
    make.message(conversation)
    assert transcript.earlier_cursor(transcript.read_lines(conversation, SAID)) == 0
    assert transcript.earlier_cursor(transcript.read_messages(conversation)) == 0
    assert transcript.read_messages(conversation, before=1) == [] == transcript.read_lines(conversation, SAID, before=1)


@pytest.mark.parametrize(
    ("text", "number"), [("12", 12), ("", 0), ("-1", 0), ("١٢", 0), ("9" * 10, 0), ("1 OR 1", 0), ("x", 0)]
)
def test_cursor_of_an_address(text, number):
    assert transcript.parse_cursor(text) == number


# --- the person's pages -----------------------------------------------------------------------------------------------


def test_page_shows_the_last_piece_and_the_way_to_the_others(long_one, reporter):
    client = reporter(long_one)
    page = client.get("/tchat/")
    assert 'data-last-seq="251"' in page.text
    read = seqs(page)
    assert len(read) == transcript.PIECE_MESSAGES
    while way := way_back(page):
        page = client.get(way if way.startswith("/") else f"/tchat/messages/{way}")
        read = seqs(page) + read
    assert read == list(range(1, 252))
    assert "Messages 1 à 51, sur 251." in unescape(page.text) and "apres=51" in page.text


def test_page_of_a_short_thread_offers_nothing_earlier(reporter):
    conversation = make.assigned()
    make.message(conversation)
    assert way_back(reporter(conversation).get("/tchat/")) == ""


def test_text_goes_along_to_earlier_messages(long_one, reporter):
    client = reporter(long_one)
    to = "/tchat/messages/?avant=152#fin"
    assert f'name="to" value="{to}"' in client.get("/tchat/").text
    assert client.post("/tchat/brouillon/", {"body": "Un début", "to": to}).url == to
    client.get(to)
    assert "Un début" in client.get("/tchat/").text


def test_whole_thread_for_printing_and_how_often(long_one, reporter):
    client = reporter(long_one)
    for _time in range(visitor_conversation.WHOLE_THREADS):
        assert seqs(client.get("/tchat/messages/?tout")) == list(range(1, 252))
    assert len(seqs(client.get("/tchat/messages/?tout"))) == transcript.PIECE_MESSAGES


def test_whole_thread_is_bounded_too(reporter, monkeypatch):
    monkeypatch.setattr(transcript, "WHOLE_MESSAGES", 40)
    conversation = make.thread(make.assigned(), ["Bonjour"] * 60)
    page = reporter(conversation).get("/tchat/messages/?tout")
    assert seqs(page) == list(range(1, 41)) and "?apres=40" in page.text


def test_frame_without_script_shows_a_piece_and_the_way_to_the_rest(long_one, reporter):
    page = reporter(long_one).get("/tchat/suite/?apres=20")
    assert seqs(page) == list(range(152, 252)) and way_back(page) == "/tchat/messages/?avant=152"
    assert way_back(reporter(long_one).get("/tchat/suite/?apres=200")) == ""


def test_earlier_messages_belong_to_the_visit(client, long_one, reporter):
    assert client.get("/tchat/messages/").url == "/tchat/"
    other = make.assigned()
    make.message(other, "Autre parole")
    assert "Message numéro" not in reporter(other).get("/tchat/messages/?tout").text


# --- the console ------------------------------------------------------------------------------------------------------


def agents_browser(settings, agent) -> Client:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = signed_in(agent)
    return client


def test_console_shows_the_last_piece_and_the_way_to_the_others(long_one, settings):
    client = agents_browser(settings, long_one.assigned_to)
    page = client.get(f"/console/echange/{long_one.public_id}/")
    read = seqs(page)
    assert read == list(range(152, 252))
    while way := way_back(page):
        page = client.get(way if way.startswith("/") else f"/console/echange/{long_one.public_id}/messages/{way}")
        read = seqs(page) + read
    assert read == list(range(1, 252))


def test_supervisor_reads_pieces_after_joining_alone(long_one, settings):
    supervisor = make.agent(role=Role.SUPERVISOR)
    client, base = agents_browser(settings, supervisor), f"/console/tableau/echange/{long_one.public_id}/"
    answer = client.get(f"{base}messages/?avant=100")
    assert (answer.status_code, answer.url) == (302, base)
    client.post(f"{base}rejoindre/", {"motive": "essai"})
    page = client.get(base)
    assert len(seqs(page)) == transcript.PIECE_MESSAGES and way_back(page).startswith(f"{base}messages/?avant=")
    assert seqs(client.get(f"{base}messages/?avant=102")) == list(range(2, 102))


# --- what it costs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("author", [Author.REPORTER, Author.AGENT])
def test_page_costs_the_same_whatever_came_before(author, reporter, settings):
    """Statements and bytes of the person's page and of the console's are counted, with 150, 300 and 600 messages."""
    conversation = make.assigned()
    person, agent = reporter(conversation), agents_browser(settings, conversation.assigned_to)
    pages = [(person, "/tchat/"), (agent, f"/console/echange/{conversation.public_id}/")]
    sizes: list[list[tuple[int, int]]] = []
    for more in (150, 150, 300):
        make.thread(conversation, ["Une phrase de taille moyenne, et un peu plus."] * more, author)
        sizes.append([])
        for client, address in pages:
            client.get(address)  # this reads what is then cached for all
            looks = []
            for _twice in range(2):  # what is cached for some seconds may have to be read again once
                with CaptureQueriesContext(connection) as queries:
                    looks.append((len(client.get(address).content), len(queries)))
            sizes[-1].append(min(looks, key=itemgetter(1)))
    for first, second in itertools.pairwise(sizes):
        for (bytes_before, statements_before), (bytes_after, statements_after) in zip(first, second, strict=True):
            assert statements_after == statements_before
            assert bytes_after < bytes_before * 1.05  # numbers have more digits

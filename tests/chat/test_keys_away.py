"""While the server of the keys is away, nobody is told that their exchange has ended, and nothing is lost."""

import io
import json
import re
import uuid
import zipfile
from html import unescape

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from chat.documents import transcript_pdf
from chat.messages import conversation_keys, reading, writing
from chat.messages.reading import Ask
from chat.models import Conversation
from chat.realtime import beats
from chat.rules.transfer import Answer, HandoverState
from chat.visitor import own_copy
from common import metrics
from common.data_keys import keys as data_keys
from pnav.accounts.models import Role
from reports.models import OpeningRequest
from tests.chat import sockets
from tests.chat.console.agents import page_of, signed_in
from tests.chat.sockets import Line, in_db, visit
from tests.chat.test_data_keys import draft, keyed
from tests.chat.transfer.acts import SUMMARY, propose
from tests.factories import captures as make_captures
from tests.factories import chat as make
from tests.factories import transmissions as hand
from tests.reports.openings.acts import GROUNDS, ask
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db

WORDS = "Il vient de m'écrire encore."


@pytest.fixture(autouse=True)
def _nothing_known():
    data_keys.forget_all()
    conversation_keys.forget_all()
    yield
    data_keys.forget_all()
    conversation_keys.forget_all()


class Server:
    """The server of the keys, seen from this process."""

    is_away = False

    def leave(self) -> None:
        """Let this process know no key, and answer nobody from now on."""
        data_keys.forget_all()
        self.is_away = True

    def come_back(self) -> None:
        """Answer again. It is asked at once, as after `keys.AWAY_SECONDS`."""
        self.is_away = False
        data_keys.forget_all()


@pytest.fixture
def server(monkeypatch) -> Server:
    server, send = Server(), data_keys._send

    def send_if_there(*values):
        if server.is_away:
            raise OperationalError("refused")
        return send(*values)

    monkeypatch.setattr(data_keys.router, "is_apart", lambda: server.is_away)
    monkeypatch.setattr(data_keys, "_send", send_if_there)
    return server


def of_reporter(conversation: Conversation, settings) -> Client:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = visit(conversation)
    return client


def frame_of(client: Client, address: str, conversation: Conversation, client_id: str):
    frame = {"type": "post", "conversation": str(conversation.public_id), "client_id": client_id, "body": WORDS}
    [answer] = client.post(address, json.dumps(frame), content_type="application/json").json()["frames"]
    return answer


# --- writing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_agent", [False, True])
def test_frame_over_http_is_to_be_sent_again(settings, server, by_agent):
    agent = make.agent()
    conversation = make.assigned(agent)
    keyed(conversation)
    client = signed_in(agent.user) if by_agent else of_reporter(conversation, settings)
    address, client_id = reverse("console:frames" if by_agent else "chat:frames"), str(uuid.uuid4())
    before = conversation.messages.count()
    given_back = metrics.MESSAGES.labels(metrics.PAGE, "given_back")
    count = given_back._value.get()
    server.leave()
    answer = frame_of(client, address, conversation, client_id)
    assert (answer["type"], answer["code"], answer["client_id"]) == ("error", "unavailable", client_id)
    assert conversation.messages.count() == before and given_back._value.get() == count + 1
    server.come_back()
    answer = frame_of(client, address, conversation, client_id)
    assert answer["type"] == "messages" and answer["items"][0]["body"] == WORDS


def test_form_of_the_person_gives_the_text_back(settings, server):
    conversation = make.assigned()
    keyed(conversation)
    client, client_id = of_reporter(conversation, settings), str(uuid.uuid4())
    server.leave()
    answer = client.post(reverse("chat:message"), {"client_id": client_id, "body": WORDS})
    page = unescape(answer.text)
    assert answer.status_code == 503 and f"{WORDS}</textarea>" in page and client_id in page
    assert "pris fin" not in page and "terminé" not in page


def test_summary_that_cannot_be_read_is_not_agreed_to(settings, server):
    """The page showed an empty quotation with « Ce résumé, tel quel », and the colleague read what was behind it."""
    camille, alex = make.agent(), make.agent()
    conversation = make.assigned(camille)
    keyed(conversation)
    camille.refresh_from_db()
    conversation.refresh_from_db()
    asked = propose(conversation, camille, agent=alex.pk)
    client, agrees = of_reporter(conversation, settings), {"summary": str(asked.public_id), "answer": "agreed"}
    assert SUMMARY in unescape(client.get(reverse("chat:handover")).text)
    server.leave()
    for answer in (client.get(reverse("chat:handover")), client.post(reverse("chat:handover"), agrees)):
        page = unescape(answer.text).replace("\xa0", " ").replace("\u202f", " ")
        assert "Ce résumé ne peut pas être lu en ce moment : il n'est pas transmis tel quel." in page
        assert 'value="agreed"' not in page and 'value="refused"' in page and "blockquote" not in page
    assert answer.status_code == 409 and "<title>Erreur" in answer.text
    assert re.search(r'<div [^>]* id="summary" role="alert"[^>]* autofocus>', answer.text)
    chosen = client.post(reverse("chat:handover"), {"summary": str(asked.public_id)}).text
    assert re.findall(r'id="([^"]+)"[^>]* autofocus', chosen) == ["answer-corrected"], "the first that is drawn"
    asked.refresh_from_db()
    assert (asked.state, asked.answer) == (HandoverState.READING, "")
    server.come_back()
    assert client.post(reverse("chat:handover"), agrees).status_code == 302
    asked.refresh_from_db()
    assert (asked.state, asked.answer, asked.summary) == (HandoverState.OFFERED, Answer.AGREED, SUMMARY)
    server.leave()
    assert asked.summary == "Ce texte ne peut pas être lu en ce moment.", "a colleague is told, and reads no blank"


def test_unit_that_cannot_read_a_summary_is_told_that_more_may_have_come_with_it(server):
    """What the person agreed to is sealed with the summary: the link to the captures was gone without a word."""
    conversation = make.assigned()
    make_captures.seen(conversation, make_captures.png())
    keyed(conversation)
    conversation.refresh_from_db()
    unit = hand.account()
    row = hand.opened(conversation, unit)
    browser, address = signed_in(unit.user), f"/unite/{row.public_id}/"
    along, missing = "Captures montrées par la personne", "Les faits et les captures joints, s'il y en a,"
    page = unescape(browser.get(address).text)
    assert along in page and missing not in page
    server.leave()
    page = unescape(browser.get(address).text)
    assert "Ce résumé ne peut pas être lu en ce moment." in page and along not in page and missing in page


@pytest.mark.parametrize("with_files", [False, True])
def test_copy_is_not_made_without_its_words_and_no_try_counts(settings, server, monkeypatch, with_files):
    conversation = make.assigned()
    keyed(conversation)
    make.message(conversation, WORDS)
    monkeypatch.setattr(transcript_pdf, "draw", lambda *_given, **_named: b"%PDF-1.7")
    monkeypatch.setattr(own_copy, "COPIES", 1)
    client, address = of_reporter(conversation, settings), reverse("chat:copy")
    asked = {"device": "mine"} | ({"captures": "on"} if with_files else {})
    server.leave()
    for _press in range(2):
        answer = client.post(address, asked)
        assert answer.status_code == 503 and "La copie n'a pas pu être faite." in unescape(answer.text)
        assert "la copie sans eux" not in unescape(answer.text)
    server.come_back()
    with zipfile.ZipFile(io.BytesIO(b"".join(client.post(address, asked).streaming_content))) as copy:
        assert WORDS in copy.read("copie.json").decode()


def test_ready_answer_in_the_frame_is_not_lost_silently(settings, server):
    conversation = make.assigned()
    keyed(conversation)
    client = of_reporter(conversation, settings)
    server.leave()
    answer = client.post(reverse("chat:news") + "?apres=0&etat=active", {"client_id": str(uuid.uuid4()), "body": "Oui"})
    assert answer.status_code == 503 and 'http-equiv="refresh"' in answer.text


def test_form_of_the_agent_keeps_the_text_and_says_to_send_it_again(server):
    agent = make.agent()
    conversation = make.assigned(agent)
    keyed(conversation)
    client, sent = signed_in(agent.user), {"client_id": str(uuid.uuid4()), "body": WORDS}
    server.leave()
    page = unescape(client.post(page_of(conversation), sent).text)
    assert "Il reste ici : envoyez-le dans un instant." in page.replace("\u202f", " ").replace("\xa0", " ")
    assert f"{WORDS}</textarea>" in page and sent["client_id"] in page
    assert "L'échange est terminé : ce message" not in page.replace("\xa0", " ")
    server.come_back()
    assert client.post(page_of(conversation), sent).status_code == 302
    assert conversation.messages.last().body == WORDS


# --- reading ----------------------------------------------------------------------------------------------------------


def with_two_keys() -> Conversation:
    """Return an exchange whose last two messages alone were sealed with its own key, and the others with the ring."""
    conversation = make.assigned()
    make.message(conversation, "Bonjour")
    keyed(conversation)
    for body in (WORDS, "Vous êtes là ?"):
        make.message(conversation, body)
    conversation.refresh_from_db()
    return conversation


@pytest.mark.parametrize("is_agent", [False, True])
def test_reading_ends_before_what_cannot_be_opened_now(server, is_agent):
    conversation, other = with_two_keys(), make.assigned()
    make.message(other, "Ailleurs")
    agent_id = conversation.assigned_to_id if is_agent else None
    first = conversation.last_seq - 2

    def asked(after: int, *, with_state: bool = True) -> reading.Reading:
        ask = Ask(conversation.pk, conversation.public_id, after, agent_id, with_state)
        [found, beside] = reading.read_messages([ask, Ask(other.pk, other.public_id, 0)])
        assert beside.items[-1]["body"] == "Ailleurs" and not beside.is_cut, "nobody else is concerned"
        return found

    server.leave()
    found = asked(0)
    assert found.is_cut and found.items[-1]["body"] == "Bonjour"
    assert found.last_seq == found.snapshot.last_seq == found.items[-1]["seq"] == first
    found = asked(first, with_state=False)
    assert (found.items, found.last_seq, found.is_cut) == ([], first, True)
    server.come_back()
    found = asked(first)
    assert [item["body"] for item in found.items] == [WORDS, "Vous êtes là ?"]
    assert not found.is_cut and found.snapshot.last_seq == first + 2


def test_key_that_was_erased_is_not_waited_for(server):
    """It never comes back, so the line says that the message cannot be read, and what follows is read."""
    conversation = with_two_keys()
    data_keys.erase([conversation.data_key])
    [found] = reading.read_messages([Ask(conversation.pk, conversation.public_id, 0)])
    assert len(found.items) == conversation.last_seq and not found.is_cut and WORDS not in str(found.items)


@pytest.mark.django_db(transaction=True)
async def test_console_is_sent_at_a_beat_what_could_not_be_read(server, monkeypatch):
    agent = await in_db(make.agent)
    conversation = await in_db(make.assigned, agent)
    await in_db(keyed, conversation)
    before = conversation.last_seq
    asked = []
    really = reading.own_conversations
    monkeypatch.setattr(reading, "own_conversations", lambda agents: asked.append(1) or really(agents))
    async with Line("/ws/console/", await in_db(sockets.signed_in, agent)) as line:
        await line.until("queue")
        await in_db(writing.write_messages, [draft(conversation, WORDS)])  # its notification is lost
        server.leave()
        await line.send(type="sync", conversation=str(conversation.public_id), after=before)
        frame = await line.until("messages")
        assert (frame["items"], frame["last_seq"]) == ([], before)
        assert (await line.until("state"))["last_seq"] == before, "otherwise a page would ask again and again"
        asked.clear()
        await line.send(type="beat")
        await line.until("beat")
        assert await line.socket.receive_nothing(timeout=4 * beats.LINGER_SECONDS) and len(asked) <= 3
        server.come_back()
        await line.send(type="beat")
        assert (await line.hears(WORDS))["seq"] == before + 1


@pytest.mark.django_db(transaction=True)
async def test_person_is_sent_at_a_beat_what_could_not_be_read(server):
    conversation = await in_db(make.assigned)
    await in_db(keyed, conversation)
    before = conversation.last_seq
    async with Line("/ws/conversation/", await in_db(visit, conversation)) as line:
        await line.send(type="sync", after=before)
        await line.until("state")
        await in_db(writing.write_messages, [draft(conversation, WORDS)])
        server.leave()
        await line.send(type="beat", after=before)
        while (frame := await line.receive())["type"] != "beat":
            assert frame["type"] != "messages", "the page would have it as it is, for good"
        server.come_back()
        await line.send(type="beat", after=before)
        assert (await line.hears(WORDS))["seq"] == before + 1


@pytest.mark.parametrize("kind", ["sync", "beat"])
def test_page_without_a_socket_reads_it_once_the_keys_are_back(settings, server, kind):
    conversation = make.assigned()
    keyed(conversation)
    before = conversation.last_seq
    make.message(conversation, WORDS)
    client = of_reporter(conversation, settings)

    def frames() -> list[dict]:
        frame = json.dumps({"type": kind, "after": before})
        return client.post(reverse("chat:frames"), frame, content_type="application/json").json()["frames"]

    server.leave()
    told = frames()
    assert [item for frame in told for item in frame.get("items", [])] == []
    assert [frame["last_seq"] for frame in told if frame["type"] == "state"] == [before]
    server.come_back()
    assert WORDS in str(frames())


def test_request_for_disclosure_is_not_called_forged(server):
    """Whoever decides waits a minute; a refusal is final."""
    agent, chief = make.agent(), make.agent(role=Role.SUPERVISOR)
    conversation = make.sealed(make.assigned(agent))
    keyed(conversation)
    opening = ask(agent.user, report=conversation.report)
    client, address = signed_in(chief.user), reverse("openings:detail", args=[opening.public_id])
    assert GROUNDS.motive in client.get(address).text
    server.leave()
    page = squeezed(unescape(client.get(address).text))
    assert "ne peuvent pas être lus en ce moment" in page and "rechargez cette page dans une minute" in page
    assert "n'est plus celle" not in page and GROUNDS.motive not in page
    server.come_back()
    assert GROUNDS.motive in client.get(address).text
    OpeningRequest.objects.filter(pk=opening.pk).update(version=opening.version + 1)
    assert "cette demande n'est plus celle qui a été faite" in squeezed(unescape(client.get(address).text))

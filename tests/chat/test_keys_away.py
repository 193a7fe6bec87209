"""While the server of the keys is away, nobody is told that their exchange has ended, and nothing is lost."""

import json
import uuid
from html import unescape

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from chat.messages import conversation_keys
from chat.models import Conversation
from common.data_keys import keys as data_keys
from tests.chat.console.agents import page_of, signed_in
from tests.chat.sockets import visit
from tests.chat.test_data_keys import keyed
from tests.factories import chat as make

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
    server.leave()
    answer = frame_of(client, address, conversation, client_id)
    assert (answer["type"], answer["code"], answer["client_id"]) == ("error", "unavailable", client_id)
    assert conversation.messages.count() == before
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

"""When somebody who can write to the database exchanges sealed texts, none of them opens elsewhere, and the pages say
so.
"""

import base64
import json
from html import unescape

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from chat.models import UNREADABLE, Conversation, Message
from common import encryption
from pnav.sessions import SessionStore, stored_key
from reports.models import Report
from tests.chat.sockets import Line, in_db, signed_in, visit
from tests.factories import chat as make

pytestmark = pytest.mark.django_db

MINE, YOURS = "Ce que la personne a écrit", "Ce que l'autre a écrit"


@pytest.fixture
def two():
    """Return two conversations of one agent, a message in each; an answer of the agent in the first."""
    agent = make.agent()
    one, other = make.assigned(agent), make.assigned(agent)
    make.message(one, MINE)
    make.message(other, YOURS)
    make.message(one, "Ce que Camille a écrit", author="agent")
    return agent, one, other


def of(conversation: Conversation, author: str = "reporter") -> Message:
    return Message.objects.select_related("conversation").get(conversation=conversation, author=author)


def put(message: Message, sealed: bytes) -> None:
    Message.objects.filter(pk=message.pk).update(sealed_body=sealed)


def browser(key: str) -> Client:
    client = Client()
    client.cookies["sessionid"] = key
    return client


SWAPS = {
    "the same number of another conversation": lambda one, other: (of(one), of(other)),
    "another author of the same conversation": lambda one, _other: (of(one), of(one, "agent")),
    "a line of Pnav's own": lambda one, _other: (of(one), of(one, "system")),
}


@pytest.mark.parametrize("name", SWAPS)
def test_swapped_messages_open_nowhere(two, name, client):
    agent, one, other = two
    first, second = SWAPS[name](one, other)
    texts = first.body, second.body
    put(first, second.sealed_body)
    put(second, first.sealed_body)
    for message in (first, second):
        message.refresh_from_db()
        with pytest.raises(encryption.UnsealError):
            _read = message.body
        assert message.shown == str(UNREADABLE)
    page = browser(visit(one)).get("/tchat/")
    console = browser(signed_in(agent)).get(f"/console/echange/{one.public_id}/")
    for answer in (page, console):
        assert answer.status_code == 200
        said = unescape(answer.content.decode())
        assert str(UNREADABLE) in said
        assert not any(text in said for text in texts)


def test_one_that_does_not_open_hides_no_other(two, caplog):
    _agent, one, other = two
    put(of(one), of(other).sealed_body)
    client = browser(visit(one))
    assert "Ce que Camille a écrit" in unescape(client.get("/tchat/").content.decode())
    frame = json.dumps({"type": "sync", "after": 0})
    (found, _state) = client.post("/tchat/trames/", frame, content_type="application/json").json()["frames"]
    assert [item["body"] for item in found["items"]][1:] == [str(UNREADABLE), "Ce que Camille a écrit"]
    assert f"message cannot be opened {one.public_id} 2" in caplog.text
    assert MINE not in caplog.text and YOURS not in caplog.text


def test_altered_by_one_bit_opens_not(two):
    _agent, one, _other = two
    message = of(one)
    sealed = bytes(message.sealed_body)
    for at in range(len(sealed)):
        message.sealed_body = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises(encryption.UnsealError):
            _read = message.body


def test_sent_again_after_a_swap_is_answered(two):
    """The first copy is asked for, and does not open: an acknowledgement all the same, and no second copy."""
    _agent, one, other = two
    message = of(one)
    put(message, of(other).sealed_body)
    frame = {"type": "post", "client_id": str(message.client_id), "body": MINE}
    answer = browser(visit(one)).post("/tchat/trames/", json.dumps(frame), content_type="application/json").json()
    assert answer["frames"][0]["items"][0]["seq"] == message.seq
    assert Message.objects.filter(conversation=one, author="reporter").count() == 1


def test_swapped_answers_of_reports_are_not_read(two, caplog):
    agent, one, other = two
    Report.objects.filter(pk=one.report_id).update(triage_answers_sealed=other.report.triage_answers_sealed)
    page = browser(signed_in(agent)).get(f"/console/echange/{one.public_id}/")
    assert page.status_code == 200
    assert "ne peuvent pas être lues" in unescape(page.content.decode())
    with pytest.raises(encryption.UnsealError):
        Report.objects.get(pk=one.report_id).triage_answers()


def test_swapped_sessions_are_nobodys(two):
    """The visitor's row has the agent's data, and the other way round: both are strangers."""
    agent, one, _other = two
    mine, theirs = visit(one), signed_in(agent)
    rows = {key: Session.objects.get(pk=stored_key(key)).session_data for key in (mine, theirs)}
    Session.objects.filter(pk=stored_key(mine)).update(session_data=rows[theirs])
    Session.objects.filter(pk=stored_key(theirs)).update(session_data=rows[mine])
    assert browser(mine).get("/console/").status_code == 302
    assert "J'ai un code" in unescape(browser(mine).get("/tchat/").text)
    assert browser(theirs).get("/console/").url.startswith("/compte/login/")


def test_session_written_by_hand_is_nobodys(two):
    """Who writes in the table, without the keys, makes no session: not in Django's own form either."""
    agent, _one, _other = two
    key = signed_in(agent)
    forged = SessionStore().serializer().dumps({"_auth_user_id": str(agent.user_id)})
    for data in (forged.decode(), base64.b64encode(forged).decode(), "", "é", "A" * 200):
        Session.objects.filter(pk=stored_key(key)).update(session_data=data)
        assert browser(key).get("/console/").url.startswith("/compte/login/")


@pytest.mark.django_db(transaction=True)
async def test_socket_shows_the_line_too():
    agent = await in_db(make.agent)
    one, other = await in_db(make.assigned, agent), await in_db(make.assigned, agent)
    await in_db(make.message, one, MINE)
    await in_db(make.message, other, YOURS)
    await in_db(lambda: put(of(one), of(other).sealed_body))
    async with Line("/ws/conversation/", await in_db(visit, one)) as line:
        await line.send(type="sync", after=0)
        frame = await line.until("messages")
        assert [item["body"] for item in frame["items"]][1:] == [str(UNREADABLE)]
        assert (await line.post("On continue"))["seq"] == 3

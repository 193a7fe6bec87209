"""Each refused socket or frame leaves a line in the log, with its name and class."""

import json
import uuid

import pytest
from django.conf import settings
from django.test import Client

from chat.conversations import actions
from chat.messages import protocol
from chat.realtime import connection
from chat.rules.lifecycle import Author
from common import security_log
from pnav.accounts.models import Role
from tests.access.people import signed_in as account_signed_in
from tests.chat.sockets import Line, in_db, signed_in, visit
from tests.factories import chat as make

pytestmark = [pytest.mark.django_db(transaction=True)]
REPORTER, CONSOLE = "/ws/conversation/", "/ws/console/"


def custodian_key() -> str:
    agent = make.agent()
    agent.user.role = Role.CUSTODIAN
    agent.user.save()
    return account_signed_in(agent.user)


async def test_socket_without_a_session(told):
    for path in (REPORTER, CONSOLE):
        async with Line(path, None) as line:
            assert await line.closed() == protocol.CLOSE_NO_SESSION
    assert told() == [
        "socket_refused socket=conversation why=no_session",
        "socket_refused socket=console why=no_session",
    ]


async def test_socket_of_another_role_says_whose(told):
    key = await in_db(custodian_key)
    async with Line(CONSOLE, key) as line:
        assert await line.closed() == protocol.CLOSE_FORBIDDEN
    (line,) = told()
    assert line.startswith("socket_refused socket=console why=wrong_role account=") and line[-1].isdigit()


async def test_socket_of_a_foreign_page(told):
    line = Line(CONSOLE, None, origin="https://typed.example")
    assert (await line.socket.connect())[0] is False
    assert told() == ["socket_refused why=origin"]


async def test_bad_frames_are_told_and_a_flood_of_them_counted(told, caplog):
    conversation = await in_db(make.waiting)
    async with Line(REPORTER, await in_db(visit, conversation)) as line:
        for _time in range(connection.BAD_FRAMES_A_MINUTE):
            await line.socket.send_to(text_data='{"type": "MARQUE"}')
        assert await line.closed() == protocol.CLOSE_BAD_FRAMES
    assert told("frame_refused") == ["frame_refused line=conversation why=bad_frame"] * security_log.LINES
    assert told("limit_reached") == ["limit_reached limit=bad_frames"]
    security_log.flush()
    rest = connection.BAD_FRAMES_A_MINUTE - security_log.LINES
    assert told("frame_refused")[-1] == f"frame_refused line=conversation why=bad_frame times={rest} seconds=60"
    assert "MARQUE" not in caplog.text and str(conversation.public_id) not in caplog.text


async def test_agent_who_asks_for_the_conversation_of_another_is_named(told):
    agent = await in_db(make.agent)
    other = await in_db(make.assigned)
    async with Line(CONSOLE, await in_db(signed_in, agent)) as line:
        await line.send(type="sync", conversation=str(other.public_id), after=0)
        assert (await line.until("error"))["code"] == protocol.FORBIDDEN
    assert told() == [f"frame_refused line=console why=forbidden account={agent.user_id}"]


async def test_too_many_frames(told, monkeypatch):
    monkeypatch.setattr(settings, "FRAMES_AT_ONCE", 2)
    conversation = await in_db(make.waiting)
    async with Line(REPORTER, await in_db(visit, conversation)) as line:
        for _time in range(4):
            await line.send(type="typing")
        assert (await line.until("error"))["code"] == protocol.RATE_LIMITED
    assert "limit_reached limit=frames" in told()


async def test_too_many_sockets(told, monkeypatch):
    monkeypatch.setattr(connection, "SOCKETS_A_SESSION", 1)
    key = await in_db(lambda: visit(make.waiting()))
    async with Line(REPORTER, key), Line(REPORTER, key) as second:
        assert await second.closed() == protocol.CLOSE_TOO_MANY
    assert told() == ["limit_reached limit=sockets"]


async def test_frames_over_http_too(told):
    conversation = await in_db(make.assigned)
    agent = await in_db(make.agent)
    keys = await in_db(visit, conversation), await in_db(signed_in, agent)

    def send(key: str, path: str, body: str) -> int:
        client = Client()
        client.cookies[settings.SESSION_COOKIE_NAME] = key
        return client.post(path, body, content_type="application/json").status_code

    foreign = json.dumps({"type": "sync", "conversation": str(uuid.uuid4()), "after": 0})
    for key, path in zip(keys, ("/tchat/trames/", "/console/trames/"), strict=True):
        for body in ("not json", foreign):
            assert await in_db(send, key, path, body) == 200
    whose = f"account={agent.user_id}"
    assert told() == [
        "frame_refused line=conversation_http why=bad_frame",
        "frame_refused line=conversation_http why=forbidden",
        f"frame_refused line=console_http why=bad_frame {whose}",
        f"frame_refused line=console_http why=forbidden {whose}",
    ]


async def test_what_is_nobody_s_fault_leaves_no_line(told):
    """A message for a conversation that has just ended."""
    conversation = await in_db(make.assigned)
    async with Line(REPORTER, await in_db(visit, conversation)) as line:
        await line.send(type="sync", after=0)
        await line.until("state")
        await in_db(lambda: actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER))
        await line.send(type="post", client_id=str(uuid.uuid4()), body="trop tard")
        assert (await line.until("error"))["code"] == protocol.CLOSED
    assert told() == []

import asyncio
import contextlib
import gc
import json
import threading
import time
import uuid
import weakref
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.utils import timezone

from chat import pubsub, token_bucket
from chat.casework import colleague_questions
from chat.conversations import actions, dispatcher, resume, waiting_list
from chat.messages import protocol, reading
from chat.models import Conversation, Message
from chat.realtime import authentication, consumers, http_fallback
from chat.realtime import connection as connection_module
from chat.realtime.broadcaster import ensure_broadcaster
from chat.rules.lifecycle import Author, Status
from chat.token_bucket import BucketsByKey
from common import security_log
from common.client_address import Connection
from pnav.accounts.models import Role
from pnav.pages import quick_exit
from pnav.sessions import SessionStore, stored_key
from reports import reporter_identity
from reports.models import SealedValue
from reports.reporter_identity import Arrival
from tests.chat.sockets import SECONDS, Line, in_db, signed_in, visit
from tests.factories import chat as make
from tests.reports.test_reporter_identity import opened

pytestmark = [pytest.mark.django_db(transaction=True)]

REPORTER = "/ws/conversation/"
CONSOLE = "/ws/console/"


# --- the door --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [REPORTER, CONSOLE])
@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "https://testserver", "http://testserver:81"])
async def test_connect_foreign_origin_is_refused_before_accept(path, origin):
    line = Line(path, None, origin=origin)
    connected, _code = await line.socket.connect()
    assert not connected


async def test_connect_to_no_such_address():
    connected, _code = await Line("/ws/anything/", None).socket.connect()
    assert not connected


@pytest.mark.parametrize("path", [REPORTER, CONSOLE])
async def test_connect_without_session(path):
    async with Line(path, None) as line:
        assert await line.closed() == protocol.CLOSE_NO_SESSION


async def test_connect_with_an_invented_session():
    async with Line(REPORTER, "a" * 32) as line:
        assert await line.closed() == protocol.CLOSE_NO_SESSION


async def test_console_reporter_is_not_an_agent():
    key = await in_db(lambda: visit(make.waiting()))
    async with Line(CONSOLE, key) as line:
        assert await line.closed() == protocol.CLOSE_NO_SESSION


async def test_console_without_second_factor():
    key = await in_db(lambda: signed_in(make.agent(), second_factor=False))
    async with Line(CONSOLE, key) as line:
        assert await line.closed() == protocol.CLOSE_NO_SESSION


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.CUSTODIAN])
async def test_console_other_roles_are_forbidden(role):
    key = await in_db(lambda: signed_in(make.agent(role=role)))
    async with Line(CONSOLE, key) as line:
        assert await line.closed() == protocol.CLOSE_FORBIDDEN


# --- the reporter ----------------------------------------------------------------------------------------------------


async def test_sync_answers_messages_then_state():
    conversation = await in_db(make.waiting)
    await in_db(make.message, conversation, "Bonjour")
    async with Line(REPORTER, await in_db(visit, conversation)) as line:
        await line.send(type="sync", after=0)
        frame = await line.receive()
        assert frame["type"] == "messages" and frame["last_seq"] == 1
        (item,) = frame["items"]
        assert (item["seq"], item["author"], item["body"]) == (1, "reporter", "Bonjour")
        state = await line.receive()
        assert state.pop("read_seq") == 0  # a field of ours, besides those of the contract
        assert state.pop("closed") is False
        assert state == {
            "type": "state",
            "conversation": str(conversation.public_id),
            "status": "waiting",
            "position": 1,
            "wait_minutes": None,
            "interlocutor": None,
            "last_seq": 1,
        }


async def test_sync_of_many_messages_comes_in_pages():
    conversation = await in_db(make.waiting)
    await in_db(lambda: [make.message(conversation, str(i)) for i in range(450)])
    async with Line(REPORTER, await in_db(visit, conversation)) as line:
        await line.send(type="sync", after=20)
        pages = [await line.receive() for _page in range(3)]
        assert [len(page["items"]) for page in pages] == [200, 200, 30]
        assert [item["seq"] for page in pages for item in page["items"]] == list(range(21, 451))
        assert (await line.receive())["type"] == "state"


async def test_whoever_is_put_off_reads_all_of_it_in_the_next_crossing(monkeypatch):
    """A crossing has room for one message: everybody who asks at once gets everything, each in order."""
    monkeypatch.setattr(reading, "CROSSING_BYTES", 1)
    monkeypatch.setattr(connection_module, "PAGES_AT_ONCE", 1_000)
    put_off = []
    put_back = reading._put_off
    monkeypatch.setattr(reading, "_put_off", lambda found, places: (put_off.extend(places), put_back(found, places)))
    conversations = [await in_db(make.waiting) for _each in range(4)]
    for conversation in conversations:
        await in_db(lambda one=conversation: [make.message(one, str(n)) for n in range(3)])
    async with contextlib.AsyncExitStack() as stack:
        lines = [
            await stack.enter_async_context(Line(REPORTER, await in_db(visit, one)))
            for one in conversations
            for _ in "ab"
        ]
        for line in lines:
            await line.send(type="sync", after=0)
        for line in lines:
            seen = []
            while len(seen) < 3:
                seen += [item["seq"] for item in (await line.until("messages"))["items"]]
            assert seen == [1, 2, 3]
            await line.until("state")
            await line.send(type="beat")
        for line in lines:
            await line.until("beat")
    assert put_off, "several asked in one crossing"


async def test_post_is_acknowledged_and_committed():
    conversation = await in_db(make.waiting)
    async with Line(REPORTER, await in_db(visit, conversation)) as line:
        item = await line.post("Au secours")
        assert item["seq"] == 1
        assert (await in_db(Message.objects.select_related("conversation").get)).body == "Au secours"


async def test_post_twice_is_acknowledged_twice_and_kept_once():
    conversation = await in_db(make.waiting)
    client_id = str(uuid.uuid4())
    async with Line(REPORTER, await in_db(visit, conversation)) as line:
        first = await line.post("un", client_id=client_id)
        await line.post("deux")
        again = await line.post("un", client_id=client_id)
        assert first == again
        assert await in_db(Message.objects.count) == 2


async def test_post_for_another_conversation_is_forbidden():
    mine, other = await in_db(make.waiting), await in_db(make.waiting)
    async with Line(REPORTER, await in_db(visit, mine)) as line:
        client_id = str(uuid.uuid4())
        await line.send(type="post", conversation=str(other.public_id), client_id=client_id, body="x")
        error = await line.until("error")
        assert (error["code"], error["client_id"]) == ("forbidden", client_id)
    assert await in_db(Message.objects.count) == 0


async def test_post_after_the_end():
    conversation = await in_db(make.closed)
    async with Line(REPORTER, await in_db(visit, conversation)) as line:
        await line.send(type="post", client_id=str(uuid.uuid4()), body="x")
        assert (await line.until("error"))["code"] == "closed"


async def test_bad_frames_cost_an_error_each_then_the_socket():
    conversation = await in_db(make.waiting)
    async with Line(REPORTER, await in_db(visit, conversation)) as line:
        for _each in range(19):
            await line.socket.send_to(text_data="not json")
            assert (await line.receive())["code"] == "bad_frame"
        assert (await line.post("still here"))["seq"] == 1
        await line.socket.send_to(bytes_data=b"\xff")
        assert await line.closed() == protocol.CLOSE_BAD_FRAMES


async def test_too_many_frames_at_once_are_limited_and_named():
    conversation = await in_db(make.waiting)
    async with Line(REPORTER, await in_db(visit, conversation)) as line:
        for _each in range(100):
            await line.send(type="post", client_id=str(uuid.uuid4()), body="x")
        error = await line.until("error")
        assert error["code"] == "rate_limited" and error["client_id"]


async def test_beat_answers_what_was_missed_and_renews_the_lease():
    conversation = await in_db(make.waiting)
    async with Line(REPORTER, await in_db(visit, conversation)) as line:
        # Written without a notification, as if it had been lost.
        await in_db(_write_silently, conversation)
        await in_db(Conversation.objects.update, reporter_seen_at=make.long_ago(5))
        await line.send(type="beat", after=0)
        assert (await line.until("messages"))["items"][0]["body"] == "en silence"
        assert (await line.until("beat"))["at"].endswith("Z")
    await in_db(conversation.refresh_from_db)
    assert (timezone.now() - conversation.reporter_seen_at).total_seconds() < 10


async def test_beat_of_a_page_out_of_sight_says_so_and_one_that_is_looked_at_takes_it_back():
    conversation = await in_db(make.waiting)
    key = await in_db(visit, conversation)
    async with Line(REPORTER, key) as line, Line(REPORTER, key) as other:

        async def beats(one, **fields):
            await one.send(type="beat", **fields)
            await one.until("beat")
            await in_db(conversation.refresh_from_db)
            return conversation.reporter_is_hidden

        assert await beats(line, hidden=True)
        assert not await beats(other), "another page of the visit is looked at"
        assert await beats(other, hidden=True)
        assert not await beats(line, after=0)


def _write_silently(conversation):
    from django.db import transaction

    from chat.messages.writing import append_message

    with transaction.atomic():
        locked = Conversation.objects.select_for_update().get(pk=conversation.pk)
        append_message(locked, author=Author.SYSTEM, body="en silence", now=timezone.now())


async def test_quick_exit_hangs_up_though_beats_go_on(monkeypatch):
    monkeypatch.setattr(connection_module, "CHECK_SECONDS", 1)
    conversation = await in_db(make.waiting)
    key = await in_db(visit, conversation)
    async with Line(REPORTER, key) as line:
        await in_db(_flush, key)
        await line.send(type="beat")
        assert await line.closed() == protocol.CLOSE_NO_SESSION


def _flush(key):
    from importlib import import_module

    from django.conf import settings

    import_module(settings.SESSION_ENGINE).SessionStore(key).flush()


async def test_line_of_another_tab_is_refused_after_a_quick_exit_that_had_no_network(monkeypatch):
    """Its request never arrived. The tab that stayed open is the first to ask again, and that is the exit."""
    threads = quick_exit.ThreadPoolExecutor(1, initializer=quick_exit.leave_the_pool)
    monkeypatch.setattr(quick_exit, "THREAD", threads)
    conversation = await in_db(make.assigned)
    key = await in_db(visit, conversation)
    line = Line(REPORTER, key, cookies="; left=1")
    await line.socket.connect(timeout=30)
    event = await line.socket.receive_output(timeout=30)
    assert event == {"type": "websocket.close", "code": protocol.CLOSE_NO_SESSION}
    async with asyncio.timeout(30):
        while await in_db(Session.objects.exists):
            await asyncio.sleep(0.05)
    threads.submit(lambda: connection.close()).result(SECONDS)  # that of the thread, looked up there
    threads.shutdown()


async def test_line_is_only_refused_where_too_many_such_exits_wait(monkeypatch):
    """The browser keeps the cookie of the press, and its next page is the exit."""
    monkeypatch.setattr(quick_exit, "THREAD", never := Mock())
    monkeypatch.setattr(quick_exit, "_socket_places", threading.BoundedSemaphore(1))
    key = await in_db(visit, await in_db(make.assigned))
    for _each in range(2):
        line = Line(REPORTER, key, cookies="; left=1")
        await line.socket.connect(timeout=30)
        event = await line.socket.receive_output(timeout=30)
        assert event == {"type": "websocket.close", "code": protocol.CLOSE_NO_SESSION}
    assert never.submit.call_count == 1 and await in_db(Session.objects.exists)


async def test_code_used_elsewhere_hangs_up():
    conversation = await in_db(make.waiting)
    key = await in_db(visit, conversation)
    async with Line(REPORTER, key) as line:
        await in_db(resume.resume_conversation, conversation_id=conversation.pk)
        await line.send(type="beat")
        assert await line.closed() == protocol.CLOSE_NO_SESSION


@pytest.mark.parametrize("change", ["password", "factor", "closed", "signed out"])
async def test_console_socket_ends_with_the_right_to_it(change, monkeypatch):
    agent = await in_db(make.agent)
    conversation = await in_db(make.assigned, agent)
    key = await in_db(signed_in, agent)
    monkeypatch.setattr(connection_module, "CHECK_SECONDS", 0)
    async with Line(CONSOLE, key) as line:
        await line.until("queue")
        await in_db(_take_away, change, agent, key)
        # Without a beat, reading is refused too.
        await line.send(type="sync", conversation=str(conversation.public_id), after=0)
        assert await line.closed() in {protocol.CLOSE_NO_SESSION, protocol.CLOSE_FORBIDDEN}


async def test_console_follows_a_session_that_got_another_key(monkeypatch):
    """The old key is told 4401 within a round, and refused at the door; with the new one they are where they were."""
    agent = await in_db(make.agent)
    conversation = await in_db(make.assigned, agent)
    key = await in_db(signed_in, agent)
    monkeypatch.setattr(connection_module, "CHECK_SECONDS", 0)
    async with Line(CONSOLE, key) as line:
        assert (await line.until("assigned"))["conversation"] == str(conversation.public_id)
        new = await in_db(_prove_again, key)
        assert await line.closed() == protocol.CLOSE_NO_SESSION
    async with Line(CONSOLE, key) as line:
        event = await line.socket.receive_output(timeout=30)
        assert event == {"type": "websocket.close", "code": protocol.CLOSE_NO_SESSION}, "who is refused hears nothing"
    async with Line(CONSOLE, new) as line:
        assert (await line.until("assigned"))["conversation"] == str(conversation.public_id)
        await line.post("je suis toujours là", conversation.public_id)


def _prove_again(key):
    session = SessionStore(key)
    session.replace_key()
    return session.session_key


def _take_away(change, agent, key):
    user = agent.user
    if change == "password":
        user.set_password("another password altogether")
    elif change == "factor":
        Authenticator.objects.filter(user=user).delete()
    elif change == "closed":
        user.is_active = False
    else:
        _flush(key)
    user.save()


async def test_socket_that_says_nothing_for_long_is_told_to_come_back(monkeypatch):
    key = await in_db(lambda: visit(make.waiting()))
    monkeypatch.setattr(connection_module, "SILENCE_SECONDS", 1)
    async with Line(REPORTER, key) as line:
        started = time.monotonic()
        assert await line.closed() == protocol.CLOSE_AGAIN
        assert time.monotonic() - started > 0.9


async def test_too_many_sockets_of_one_session(monkeypatch):
    monkeypatch.setattr(connection_module, "SOCKETS_A_SESSION", 2)
    key = await in_db(lambda: visit(make.waiting()))
    async with Line(REPORTER, key), Line(REPORTER, key), Line(REPORTER, key) as third:
        assert await third.closed() == protocol.CLOSE_TOO_MANY
    assert not connection_module.OPEN_SOCKETS


async def test_session_that_opens_sockets_without_end_waits_and_others_do_not(monkeypatch, told):
    """Twenty handshakes a second of one stranger made the acknowledgements of everybody 1.45 times as long."""
    now = [1_000.0]
    monkeypatch.setattr(token_bucket, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(connection_module, "OPENINGS", BucketsByKey(2, 0.1))
    key, other = await in_db(lambda: (visit(make.waiting()), visit(make.waiting())))
    for _time in range(2):
        async with Line(REPORTER, key) as line:
            await line.send(type="sync", after=0)
            await line.until("state")
    async with Line(REPORTER, key) as third, Line(REPORTER, other) as of_somebody_else:
        assert await third.closed() == protocol.CLOSE_TOO_MANY
        await of_somebody_else.send(type="sync", after=0)
        await of_somebody_else.until("state")
    assert told("limit_reached") == ["limit_reached limit=openings"]
    now[0] += 10
    async with Line(REPORTER, key) as later:
        await later.send(type="sync", after=0)
        await later.until("state")


async def test_session_whose_socket_was_cut_opens_fewer(monkeypatch, told):
    """A client that sends what no page sends comes back at once, and its handshakes cost more than what it sent."""
    at_once = connection_module.OPENINGS_OF_A_CUT + 2
    monkeypatch.setattr(connection_module, "OPENINGS", BucketsByKey(at_once, 0.001))
    key, other = await in_db(lambda: (visit(make.waiting()), visit(make.waiting())))
    for one, end in [(key, {"code": 1006, "reason": "steps"}), (other, {"code": 1006})]:
        async with Line(REPORTER, one) as line:
            await line.send(type="sync", after=0)
            await line.until("state")
            await line.socket.send_input({"type": "websocket.disconnect", **end})
            await line.socket.wait(10)
    async with Line(REPORTER, key) as second, Line(REPORTER, key) as third, Line(REPORTER, other) as of_who_left:
        await second.send(type="sync", after=0)
        await second.until("state")
        assert await third.closed() == protocol.CLOSE_TOO_MANY
        await of_who_left.send(type="sync", after=0)
        await of_who_left.until("state")
        assert round(connection_module.OPENINGS.of(hash(stored_key(other))).level) == at_once - 2
    assert told("limit_reached") == ["limit_reached limit=openings"]


async def test_too_many_sockets_of_people_of_one_network(monkeypatch):
    """They are refused however many visits they have.

    Agents, who may be many behind one address, and people elsewhere are let in.
    """
    monkeypatch.setattr(connection_module, "SOCKETS_A_NETWORK", 2)
    one, other, third = [await in_db(lambda: visit(make.waiting())) for _each in range(3)]
    agent = await in_db(lambda: signed_in(make.agent()))
    async with Line(REPORTER, one), Line(REPORTER, other), Line(REPORTER, third) as last, Line(CONSOLE, agent) as desk:
        assert await last.closed() == protocol.CLOSE_TOO_MANY
        await desk.send(type="beat")
        await desk.until("beat")
        elsewhere = Line(REPORTER, third)
        elsewhere.socket.scope["client"] = ["203.0.113.9", 4711]
        async with elsewhere as line:
            await line.send(type="sync", after=0)
            await line.until("messages")
    assert not connection_module.OPEN_SOCKETS and not connection_module.OPEN_OF_NETWORK


@pytest.mark.parametrize(
    ("lines", "most"), [("2001:db8:1:ff01::{:x}", 2), ("2001:db8:1:ff{:02x}::1", 4), ("2001:db8:1:{:x}00::1", 8)]
)
async def test_too_many_sockets_of_people_of_one_network_of_ipv6(monkeypatch, lines, most):
    """A line, a household and a company have a quarter, half and all of what one network may have."""
    monkeypatch.setattr(connection_module, "SOCKETS_A_NETWORK", 8)
    key = await in_db(lambda: visit(make.waiting()))
    async with contextlib.AsyncExitStack() as opened:

        async def come_from(address):
            line = Line(REPORTER, key)
            line.socket.scope["client"] = [address, 4711]
            return await opened.enter_async_context(line)

        within = [await come_from(lines.format(number)) for number in range(1, most + 1)]
        beyond = await come_from(lines.format(most + 1))
        assert await beyond.closed() == protocol.CLOSE_TOO_MANY
        for line in (within[-1], await come_from("2001:db8:2::1")):
            await line.send(type="sync", after=0)
            await line.until("messages")
    assert not connection_module.OPEN_SOCKETS and not connection_module.OPEN_OF_NETWORK


async def test_posts_of_a_conversation_share_one_measure(monkeypatch):
    monkeypatch.setattr(consumers, "POSTS", BucketsByKey(10, 0.01))
    key = await in_db(lambda: visit(make.waiting()))
    async with Line(REPORTER, key) as one, Line(REPORTER, key) as other:
        for line in (one, other):
            for _each in range(7):
                await line.send(type="post", client_id=str(uuid.uuid4()), body="x")
        assert (await other.until("error"))["code"] == "rate_limited"
    async with Line(REPORTER, key) as again:
        await again.send(type="post", client_id=str(uuid.uuid4()), body="x")
        assert (await again.until("error"))["code"] == "rate_limited", "hanging up gives no new measure"


async def test_state_place_moves_up_when_somebody_leaves():
    first, second = await in_db(make.waiting), await in_db(make.waiting)
    async with Line(REPORTER, await in_db(visit, second)) as line:
        await line.send(type="sync", after=0)
        assert (await line.until("state"))["position"] == 2
        await asyncio.sleep(1.1)  # a process keeps its board for a second at most
        await in_db(actions.close_conversation, conversation_id=first.pk, by_author=Author.REPORTER)
        assert (await line.until("state"))["position"] == 1


# --- both ------------------------------------------------------------------------------------------------------------


async def test_whole_conversation_over_two_sockets():
    agent = await in_db(make.agent)
    conversation = await in_db(make.waiting)
    public_id = conversation.public_id
    async with (
        Line(REPORTER, await in_db(visit, conversation)) as reporter,
        Line(CONSOLE, await in_db(signed_in, agent)) as console,
    ):
        assert (await console.until("queue"))["waiting"] == 1
        await reporter.send(type="sync", after=0)
        assert (await reporter.until("state"))["status"] == "waiting"
        await in_db(dispatcher.dispatch)
        assert (await console.until("assigned"))["conversation"] == str(public_id)
        state = await reporter.until(lambda frame: frame["type"] == "state" and frame["status"] == "active")
        assert state["interlocutor"] == "Camille, police nationale"
        await console.send(type="sync", conversation=str(public_id), after=0)
        await console.until("state")

        await reporter.post("J'ai peur")
        assert (await console.hears("J'ai peur"))["author"] == "reporter"
        await console.send(type="typing", conversation=str(public_id))
        assert (await reporter.until("typing"))["author"] == "agent"
        answer = await console.post("Je suis là", conversation=public_id)
        assert (await reporter.hears("Je suis là"))["seq"] == answer["seq"]
        await reporter.send(type="read", seq=answer["seq"])
        read = await console.until("read")
        assert (read["author"], read["seq"]) == ("reporter", answer["seq"])

        await in_db(actions.close_conversation, conversation_id=conversation.pk, by_author=Author.REPORTER)
        closed = lambda frame: frame["type"] == "state" and frame["status"] == "closed"  # noqa: E731
        assert (await reporter.until(closed))["status"] == "closed"
        assert (await console.until("released"))["reason"] == "closed"


async def test_agent_who_types_to_somebody_who_is_away_is_kept_to_be_at_work_there():
    """It is so from the socket and from the way without one (`chat.conversations.dormancy`)."""
    agent = await in_db(make.agent)
    away, other = await in_db(make.assigned, agent), await in_db(make.assigned, agent)
    rows = Conversation.objects.filter(pk__in=[away.pk, other.pk])
    await in_db(rows.update, reporter_seen_at=make.long_ago(3))
    session = await in_db(signed_in, agent)
    async with Line(CONSOLE, session) as console:
        await console.until("queue")
        await console.send(type="typing", conversation=str(away.public_id))
        async with asyncio.timeout(SECONDS):
            while True:
                await in_db(away.refresh_from_db)
                if away.agent_typed_at is not None:
                    break
                await asyncio.sleep(0.05)
    await in_db(other.refresh_from_db)
    assert other.agent_typed_at is None
    party = http_fallback.Party.of_agent(other, agent)
    await in_db(http_fallback.answer_over_http, party, protocol.Typing(other.public_id))
    await in_db(other.refresh_from_db)
    assert other.agent_typed_at is not None


async def test_console_of_who_takes_part_in_an_aside_is_told_to_look():
    agent, colleague, stranger = [await in_db(make.agent) for _ in range(3)]
    conversation = await in_db(make.assigned, agent)
    keys = [await in_db(signed_in, one) for one in (agent, colleague, stranger)]
    async with Line(CONSOLE, keys[0]) as own, Line(CONSOLE, keys[1]) as line, Line(CONSOLE, keys[2]) as other:
        for one in (own, line, other):
            await one.until("queue")
        await in_db(
            lambda: colleague_questions.ask_colleagues(
                conversation_id=conversation.pk, body="secret", of=[colleague.pk], by=agent.user
            )
        )
        for one in (own, line):
            assert await one.until("asides") == {"type": "asides"}
        await other.send(type="beat")
        while (frame := await other.receive())["type"] != "beat":
            assert frame["type"] != "asides"


async def test_console_beat_brings_what_was_not_read_before_it_ended():
    """docs/protocol.md: a beat is answered by what lies after its number, of an exchange that has ended too."""
    agent = await in_db(make.agent)
    conversation = await in_db(make.closed, agent)
    public_id, last_seq = str(conversation.public_id), conversation.last_seq
    async with Line(CONSOLE, await in_db(signed_in, agent)) as console:
        await console.until("queue")
        await console.send(type="beat", conversation=public_id, after=1)
        missed = await console.until("messages")
        assert missed["conversation"] == public_id
        assert [item["seq"] for item in missed["items"]] == list(range(2, last_seq + 1))
        await console.until("beat")
        for after in (last_seq, last_seq + 5):
            await console.send(type="beat", conversation=public_id, after=after)
            while (frame := await console.receive())["type"] != "beat":
                assert frame["type"] != "messages"


async def test_console_is_told_when_it_reads_an_ended_conversation_too_fast(monkeypatch):
    agent = await in_db(make.agent)
    conversation = await in_db(make.closed, agent)
    monkeypatch.setattr(connection_module, "READINGS", BucketsByKey(1, 0.01))
    async with Line(CONSOLE, await in_db(signed_in, agent)) as console:
        await console.until("queue")
        await console.send(type="sync", conversation=str(conversation.public_id), after=0)
        await console.until("state")
        await console.send(type="sync", conversation=str(conversation.public_id), after=0)
        assert (await console.until("error"))["code"] == protocol.RATE_LIMITED


async def test_console_beat_of_another_agents_ended_conversation_brings_nothing():
    conversation = await in_db(make.closed)
    stranger = await in_db(make.agent, unit_name="Ailleurs")
    async with Line(CONSOLE, await in_db(signed_in, stranger)) as console:
        await console.until("queue")
        await console.send(type="beat", conversation=str(conversation.public_id), after=0)
        while (frame := await console.receive())["type"] != "error":
            assert frame["type"] != "messages"
        assert frame["code"] == "forbidden"


async def test_console_hears_nothing_of_another_agents_conversation():
    agent, stranger = await in_db(make.agent), await in_db(make.agent, unit_name="Ailleurs")
    conversation = await in_db(make.assigned, agent)
    async with Line(CONSOLE, await in_db(signed_in, stranger)) as line:
        assert (await line.receive())["type"] == "queue"
        for frame in (
            {"type": "sync", "after": 0},
            {"type": "post", "client_id": str(uuid.uuid4()), "body": "x"},
            {"type": "read", "seq": 1},
            {"type": "typing"},
        ):
            await line.send(conversation=str(conversation.public_id), **frame)
            assert (await line.until("error"))["code"] == "forbidden"
        await in_db(make.message, conversation, "rien pour vous")
        await asyncio.sleep(0.3)
        assert await line.socket.receive_nothing()


async def test_console_released_when_the_lease_ends():
    agent = await in_db(make.agent)
    conversation = await in_db(make.assigned, agent)
    async with Line(CONSOLE, await in_db(signed_in, agent)) as line:
        await line.until("assigned")
        await in_db(type(agent).objects.update, seen_at=make.long_ago(2))
        await in_db(dispatcher.release_stale)
        released = await line.until("released")
        assert released == {"type": "released", "conversation": str(conversation.public_id), "reason": "released"}


async def test_console_reads_nothing_more_of_a_conversation_given_to_another():
    agent, other = await in_db(make.agent), await in_db(make.agent)
    conversation = await in_db(make.assigned, agent)
    async with Line(CONSOLE, await in_db(signed_in, agent)) as line:
        await line.until("assigned")
        # As if the notification of this had been lost.
        await in_db(Conversation.objects.filter(pk=conversation.pk).update, assigned_to=other)
        await in_db(make.message, conversation, "pour un autre agent")
        await asyncio.sleep(0.3)
        await line.send(type="beat")
        frames = [await line.receive()]
        while frames[-1]["type"] != "released":
            frames.append(await line.receive())
        assert "pour un autre agent" not in json.dumps(frames)


async def test_console_two_looks_at_once_say_each_change_once(monkeypatch):
    agent = await in_db(make.agent)
    first, second = await in_db(make.assigned, agent), await in_db(make.assigned, agent)
    own = reading.own_conversations
    looked, go_on = threading.Event(), threading.Event()

    def read_slowly(agent_ids):
        answer = own(agent_ids)
        if not looked.is_set():
            looked.set()
            go_on.wait(SECONDS)
        return answer

    async with Line(CONSOLE, await in_db(signed_in, agent)) as line:
        await line.until("assigned")
        await line.until("assigned")
        monkeypatch.setattr(reading, "own_conversations", read_slowly)
        await in_db(pubsub.agent_changed, agent.pk)
        assert await asyncio.to_thread(looked.wait, SECONDS)
        # Two end while the query is under way, which must not bring back what it saw before.
        for conversation in (first, second):
            await in_db(
                lambda pk=conversation.pk: actions.close_conversation(conversation_id=pk, by_author=Author.REPORTER)
            )
        go_on.set()
        released = [(await line.until("released"))["conversation"] for _ in range(2)]
        assert set(released) == {str(first.public_id), str(second.public_id)}
        await line.send(type="beat")
        types = []
        while "beat" not in types or not await line.socket.receive_nothing(timeout=0.5):
            types.append((await line.receive())["type"])
        assert not {"assigned", "released"} & set(types)


async def test_socket_that_never_entered_leaves_nothing_behind(monkeypatch):
    agent = await in_db(make.agent)

    def away(_agent_ids):
        raise OperationalError

    monkeypatch.setattr(reading, "own_conversations", away)
    async with Line(CONSOLE, await in_db(signed_in, agent)) as line:
        assert await line.closed() == protocol.CLOSE_AGAIN
        broadcaster = ensure_broadcaster()
        assert not broadcaster._subscriptions and not broadcaster._consoles and not broadcaster.connections


async def test_socket_that_hung_up_leaves_nothing_behind():
    agent = await in_db(make.agent)
    conversation, waiting = await in_db(make.assigned, agent), await in_db(make.waiting)
    broadcaster = ensure_broadcaster()
    async with (
        Line(CONSOLE, await in_db(signed_in, agent)) as console,
        Line(REPORTER, await in_db(visit, conversation)) as reporter,
        Line(REPORTER, await in_db(visit, waiting)) as other,
    ):
        await other.send(type="sync", after=0)
        await other.until("state")
        await console.until("assigned")
        await reporter.post("Bonjour")
        assert len(broadcaster.connections) == 3
    assert not broadcaster._subscriptions and not broadcaster._consoles and not broadcaster.connections
    room = broadcaster.waiting_room
    assert not room._waiting and not room._owed and not room._consoles


async def test_queue_frame_holds_no_text_and_no_answer():
    conversation = await in_db(make.waiting, answers={"who": "a very telling answer"})
    await in_db(make.message, conversation, "texte privé")
    async with Line(CONSOLE, await in_db(lambda: signed_in(make.agent(availability="away")))) as line:
        frame = await line.until("queue")
        assert frame["items"][0]["conversation"] == str(conversation.public_id)
        assert "privé" not in json.dumps(frame) and "telling" not in json.dumps(frame)


# --- faults ----------------------------------------------------------------------------------------------------------


async def test_database_away_answers_unavailable_and_comes_back():
    conversation = await in_db(make.waiting)
    async with Line(REPORTER, await in_db(visit, conversation)) as line:
        await in_db(_lock_out, True)
        try:
            client_id = str(uuid.uuid4())
            await line.send(type="post", client_id=client_id, body="garde-le")
            error = await line.until("error")
            assert (error["code"], error["client_id"]) == ("unavailable", client_id)
        finally:
            await in_db(_lock_out, False)
        assert (await line.post("garde-le", client_id=client_id))["seq"] == 1


async def test_queue_that_could_not_be_read_is_read_again_for_the_consoles(monkeypatch):
    """Nobody arrives meanwhile who would make it read: a console without a queue is never « connected »."""
    read, tries = waiting_list.read_queue, []

    def away_once():
        tries.append(1)
        if len(tries) == 1:
            raise OperationalError
        return read()

    monkeypatch.setattr(waiting_list, "read_queue", away_once)
    async with Line(CONSOLE, await in_db(lambda: signed_in(make.agent(availability="away")))) as line:
        assert (await line.until("queue"))["waiting"] == 0
    assert len(tries) == 2


def _lock_out(yes):
    """Make every insertion of a message fail in the database itself."""
    with connection.cursor() as cursor:
        if yes:
            cursor.execute("ALTER TABLE chat_message RENAME TO chat_message_gone")
        else:
            cursor.execute("ALTER TABLE chat_message_gone RENAME TO chat_message")


async def test_ring_holds_no_content(monkeypatch):
    conversation = await in_db(make.waiting)
    rings = []
    sent = pubsub._send

    async def listen(origin, batch, *more):
        rings.extend(batch)
        await sent(origin, batch, *more)

    monkeypatch.setattr(pubsub, "_send", listen)
    # A process that is alone sends no notifications.
    ensure_broadcaster().hub._others["another process"] = time.monotonic()
    async with Line(REPORTER, await in_db(visit, conversation)) as line:
        await line.post("un secret")
        async with asyncio.timeout(30):
            while not any(ring.kind == pubsub.MESSAGES for ring in rings):
                await asyncio.sleep(0.02)
    assert all("secret" not in repr(ring) for ring in rings)
    assert {ring.kind for ring in rings} <= {pubsub.MESSAGES, pubsub.TICK}


async def test_status_known_to_the_protocol():
    assert set(Status.values) == {"waiting", "active", "closed", "abandoned"}


# --- where somebody comes from ----------------------------------------------------------------------------------------


async def test_connection_of_a_socket_is_sealed(monkeypatch):
    monkeypatch.setattr(authentication, "ARRIVALS_SECONDS", 0.05)
    conversation = await in_db(make.assigned)
    key = await in_db(visit, conversation)
    line = Line(REPORTER, key)
    line.socket.scope["client"] = ("203.0.113.41", 40404)
    async with line:
        values = []
        async with asyncio.timeout(10):
            while not values:
                await asyncio.sleep(0.05)
                values = await in_db(opened, conversation.report, "connection")
    assert values[0].startswith("adresse : 203.0.113.41\nport : 40404\n")


async def test_connection_refused_is_not_kept(monkeypatch):
    monkeypatch.setattr(authentication, "ARRIVALS_SECONDS", 0.05)
    await in_db(make.waiting)
    async with Line(REPORTER, "a" * 32) as line:
        assert await line.closed() == protocol.CLOSE_NO_SESSION
    await asyncio.sleep(0.3)
    assert not await in_db(SealedValue.objects.exists)


async def test_connections_beyond_what_is_held_in_clear_are_told_in_a_few_lines(monkeypatch, told):
    monkeypatch.setattr(authentication, "ARRIVALS_AT_MOST", 3)
    monkeypatch.setattr(authentication, "ARRIVALS_SECONDS", 3600)  # nothing is sealed during this test
    identities = authentication.Identities(lambda passes: [None] * len(passes))
    for n in range(50):
        identities.note(Arrival(uuid.uuid4(), Connection(f"203.0.113.{n}", "40404"), timezone.now()))
    assert told() == ["limit_reached limit=arrivals"] * security_log.LINES
    security_log.flush()
    assert (
        told()[-1]
        == f"limit_reached limit=arrivals times={50 - 3 - security_log.LINES} seconds={security_log.WINDOW_SECONDS}"
    )


async def test_connection_is_sealed_when_the_database_is_back(monkeypatch):
    monkeypatch.setattr(authentication, "ARRIVALS_SECONDS", 0.05)
    conversation = await in_db(make.waiting)
    real, failures = reporter_identity.record, []

    def away(waiting):
        if len(failures) < 2:
            failures.append(len(waiting))
            raise OperationalError
        real(waiting)

    monkeypatch.setattr(reporter_identity, "record", away)
    async with Line(REPORTER, await in_db(visit, conversation)):
        async with asyncio.timeout(10):
            while not await in_db(conversation.report.sealed_values.exists):
                await asyncio.sleep(0.05)
    assert failures == [1, 1]


@pytest.mark.parametrize("path", [REPORTER, CONSOLE])
async def test_closed_socket_frees_what_it_held_without_a_collection(path):
    """What hangs in circles waits for a full collection of memory, which holds everybody up."""

    def prepared():
        conversation = make.assigned()
        return visit(conversation) if path == REPORTER else signed_in(conversation.assigned_to)

    key = await in_db(prepared)
    gc.disable()
    try:
        async with Line(path, key) as line:
            await line.send(type="beat")
            await line.until("beat")
            left = [weakref.ref(one) for one in ensure_broadcaster().connections]
            assert len(left) == 1
        until = time.monotonic() + SECONDS
        while left[0]() is not None and time.monotonic() < until:
            await asyncio.sleep(0.05)
        assert left[0]() is None, gc.get_referrers(left[0]())
    finally:
        gc.enable()

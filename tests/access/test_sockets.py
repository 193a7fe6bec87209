"""Every socket is opened by everybody; then everybody who is let in sends every frame about every conversation."""

import asyncio
import json
import uuid

import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings as site

from chat.messages import protocol
from chat.models import Message
from chat.realtime import routing
from pnav.asgi import application
from tests.access.frames import CLIENT_ID, FRAMES, types
from tests.access.people import (
    AGENTS,
    ASSIGNED,
    OTHER_AGENT,
    OTHER_REPORTER,
    OTHER_WORDS,
    PEOPLE,
    REPORTER,
    SIGNED_IN,
    WORDS,
    Cast,
    create_cast,
)  # fmt: skip
from tests.chat.conftest import _hub_of_this_loop, _no_hub_left_behind  # noqa: F401  what sockets leave
from tests.chat.sockets import SECONDS, Closed, Line, in_db

pytestmark = [pytest.mark.django_db(transaction=True)]

CONVERSATION, CONSOLE, ELSEWHERE = "ws/conversation/", "ws/console/", ""
REFUSED = "refused"  # refused before the socket is accepted

# --- the decisions ----------------------------------------------------------------------------------------------------

# By address of `chat.realtime.routing`: None lets in, and a code closes the socket.
SOCKETS = {
    CONVERSATION: lambda person: None if person in {REPORTER, OTHER_REPORTER} else protocol.CLOSE_NO_SESSION,
    CONSOLE: lambda person: (
        None if person in AGENTS else protocol.CLOSE_FORBIDDEN if person in SIGNED_IN else protocol.CLOSE_NO_SESSION
    ),
    ELSEWHERE: lambda _person: REFUSED,
}
# Who is let in, and the conversation that is theirs there.
INSIDE = {CONVERSATION: {REPORTER, OTHER_REPORTER}, CONSOLE: AGENTS}
OWN = {REPORTER: "own", ASSIGNED: "own", OTHER_REPORTER: "other", OTHER_AGENT: "other"}


def routes() -> list[str]:
    return [str(pattern.pattern) for pattern in routing.websocket_urlpatterns]


def test_every_socket_has_a_decision():
    assert sorted(set(routes()) - set(SOCKETS)) == [], "Say in SOCKETS who may open it, and in INSIDE who then sends."


def test_every_type_of_frame_has_a_sample():
    assert types() == set(FRAMES), (
        "Write a frame of this type in tests/access/frames.py: it is then tried on everybody."
    )
    for kind, more in FRAMES.items():
        assert protocol.parse(json.dumps({"type": kind, **more}))


def path_of(address: str) -> str:
    return f"/{address or 'ws/autre/'}"


async def _knock(address: str, key: str | None) -> int | str | None:
    """Return None when the socket stays open, else the code, or REFUSED."""
    headers = [(b"host", b"testserver"), (b"origin", b"http://testserver")]
    if key:
        headers.append((b"cookie", f"{site.SESSION_COOKIE_NAME}={key}".encode()))
    socket = WebsocketCommunicator(application, path_of(address), headers=headers)
    connected, _code = await socket.connect(timeout=SECONDS)
    if not connected:
        return REFUSED
    await socket.send_to(text_data=json.dumps({"type": "beat"}))
    while True:
        event = await socket.receive_output(timeout=SECONDS)
        if event["type"] == "websocket.close":
            return int(event["code"])
        if json.loads(event["text"])["type"] == "beat":
            await socket.disconnect(timeout=SECONDS)
            return None


async def test_every_socket_as_everybody(tried):
    cast = await in_db(create_cast)
    wrong = []
    for address, rule in SOCKETS.items():
        answers = await asyncio.gather(*(_knock(address, cast.keys.get(person)) for person in PEOPLE))
        for person, answer in zip(PEOPLE, answers, strict=True):
            if answer != rule(person):
                wrong.append(f"{path_of(address)} as {person}: {answer}, and not {rule(person)}")
        tried("table of access: socket, person", len(PEOPLE))
    assert not wrong, "\n".join(wrong)


async def test_foreign_page_opens_no_socket(tried):
    cast = await in_db(create_cast)
    origins = ["https://evil.example", "null", "http://testserver.evil.example", "http://testserver:81", "//testserver",
               "https://testserver", "http://testserver@evil.example", "HTTP://TESTSERVER"]  # fmt: skip
    for origin in origins:
        for address in (CONVERSATION, CONSOLE):
            with pytest.raises(AssertionError):
                async with Line(path_of(address), cast.keys[REPORTER], origin=origin):
                    pass
    tried("handshakes of foreign pages", 2 * len(origins))


# --- frames -----------------------------------------------------------------------------------------------------------


def _about(cast: Cast) -> dict[str, str | None]:
    return {
        "own": str(cast.conversation.public_id),
        "other": str(cast.other.public_id),
        "unknown": str(uuid.uuid4()),
        "none": None,
    }


async def _answers(line: Line) -> list[dict]:
    """Return everything up to the answer of a beat: that of the frame before it, in whatever order."""
    await line.send(type="beat")
    frames = []
    while True:
        frame = await line.receive()
        frames.append(frame)
        if frame["type"] == "beat":
            # A frame that has to ask the database may be answered after this beat, so wait for one more.
            if sum(one["type"] == "beat" for one in frames) == 2:
                return [one for one in frames if one["type"] != "beat"]
            await line.send(type="beat")


async def _send_one(cast: Cast, address: str, person: str, kind: str, conversation: str | None) -> list[dict]:
    """Return what comes back for one frame on a socket of its own, save answers of beats."""
    async with Line(path_of(address), cast.keys[person]) as line:
        await _answers(line)
        named = {"conversation": conversation} if conversation else {}
        await line.send(type=kind, **named, **FRAMES[kind])
        try:
            return await _answers(line)
        except Closed as closed:
            return [{"type": "closed", "code": closed.code}]


async def _send_each(cast: Cast, address: str, person: str) -> tuple[list[str], int]:
    """Send every type about every conversation, at once; return what went wrong, and how many were tried."""
    about = _about(cast)
    tries = [(kind, which) for kind in FRAMES for which in about]
    sent = (_send_one(cast, address, person, kind, about[which]) for kind, which in tries)
    answers = dict(zip(tries, await asyncio.gather(*sent), strict=True))
    wrong, refusals = [], {}
    for (kind, which), frames in answers.items():
        said = json.dumps(frames)
        if {words for words in (WORDS, OTHER_WORDS) if words in said} - cast.may_read(person):
            wrong.append(f"{kind} about {which} as {person}: shows what another person wrote")
        errors = [frame for frame in frames if frame["type"] in {"error", "closed"}]
        if which == OWN.get(person) or (which == "none" and (address == CONVERSATION or kind == "beat")):
            if errors:
                wrong.append(f"{kind} about {which} as {person}: {errors}")
        elif which != "none":
            refusals.setdefault(kind, set()).add(json.dumps(errors))
            if [error.get("code") for error in errors] != ["forbidden"]:
                wrong.append(f"{kind} about {which} as {person}: {errors}, and not « forbidden »")
    for kind, different in refusals.items():
        if len(different) > 1:
            wrong.append(f"{kind} as {person}: one of these is known to be there: {different}")
    return wrong, len(tries)


async def test_every_frame_about_every_conversation(tried):
    """What is not theirs is refused, as what does not exist; and nothing of what was refused was written."""
    cast = await in_db(create_cast)
    inside = [(address, person) for address, people in INSIDE.items() for person in sorted(people)]
    results = await asyncio.gather(*(_send_each(cast, *each) for each in inside))
    wrong = [line for lines, _count in results for line in lines]
    assert not wrong, "\n".join(wrong)
    posted = Message.objects.filter(client_id=CLIENT_ID).order_by("conversation_id", "author")
    theirs = [(one.pk, author) for one in (cast.conversation, cast.other) for author in ("agent", "reporter")]
    assert await in_db(lambda: list(posted.values_list("conversation_id", "author"))) == theirs
    tried("table of access: socket, frame, conversation, person", sum(count for _lines, count in results))

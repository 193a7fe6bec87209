"""Parses frames into values and writes values as frames, as docs/protocol.md defines them. Pure."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from common import plain_text

MAX_FRAME_BYTES = 16 * 1024
MAX_BODY = 4000
PAGE = 200  # the most messages in one frame
PAGE_BYTES = 48 * 1024  # about the most bytes in one frame; Daphne's limit on a frame holds in both directions
MAX_SEQ = 2**31 - 1
OLDEST_SIGN = 86_400  # seconds; a sign of an agent that is older is not reported

BAD_FRAME = "bad_frame"
TOO_LONG = "too_long"
EMPTY = "empty"
CLOSED = "closed"
FORBIDDEN = "forbidden"
RATE_LIMITED = "rate_limited"
UNAVAILABLE = "unavailable"
# Reasons (`why`) that go with a code. FULL goes with CLOSED: the conversation is open, but may hold no more. UNSEEN
# goes with EMPTY: the message has characters, but none of them can be seen.
FULL = "full"
UNSEEN = "unseen"
FULL_DETAIL = "The conversation holds no more."
TOO_FAST_DETAIL = "Too many messages at once: send it again later."

# Close codes of the sockets. An application may send 1000 and 3000 to 4999 only; autobahn raises for any other code.
CLOSE_NO_SESSION = 4401
CLOSE_FORBIDDEN = 4403
CLOSE_BAD_FRAMES = 4408
CLOSE_TOO_MANY = 4413  # too many sockets, or too much that is not read: the client tries again later
CLOSE_AGAIN = 4412  # for example when the process restarts: the client comes back soon


class ProtocolError(Exception):
    """A frame that is refused; nothing was written. Holds a code and a fixed sentence, never what was sent."""

    def __init__(self, code: str, detail: str, client_id: str | None = None, why: str = "") -> None:
        """Name the error. client_id: that of the refused message, if there is one. why: the reason, for a code that has
        several.
        """
        super().__init__(code)
        self.why = why
        self.code = code
        self.detail = detail
        self.client_id = client_id

    def frame(self) -> dict[str, Any]:
        """Make the `error` frame of docs/protocol.md."""
        answer: dict[str, Any] = {"type": "error", "code": self.code, "detail": self.detail}
        if self.client_id is not None:
            answer["client_id"] = self.client_id
        if self.why:
            answer["why"] = self.why
        return answer


@dataclass(slots=True)
class Sync:
    """It is a `sync` frame: the page has everything up to the number `after`, and wants what follows and the state."""

    conversation: UUID | None
    after: int


@dataclass(slots=True)
class Post:
    """It is a `post` frame: a message to add.

    client_id: a UUID as text, in lower case. body: trimmed, 1 to MAX_BODY characters (`parse_body`).
    """

    conversation: UUID | None
    client_id: str
    body: str = field(repr=False)


@dataclass(slots=True)
class Typing:
    """It is a `typing` frame: somebody is typing in this conversation."""

    conversation: UUID | None


@dataclass(slots=True)
class Read:
    """It is a `read` frame: everything up to the number `seq` was on screen."""

    conversation: UUID | None
    seq: int


@dataclass(slots=True)
class Beat:
    """It is a `beat` frame: the page is alive.

    after: asks for the messages after this number; None: says nothing of what the page has. is_hidden: the page is out
    of sight, and may fall asleep soon. sign: the seconds since somebody last touched this console; None: says nothing
    of it.
    """

    conversation: UUID | None
    after: int | None
    is_hidden: bool = False
    sign: int | None = None


Frame = Sync | Post | Typing | Read | Beat


def _bad(detail: str) -> ProtocolError:
    return ProtocolError(BAD_FRAME, detail)


def _uuid(content: dict[str, Any], name: str) -> UUID | None:
    value = content.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) != 36:
        raise _bad(f"« {name} » must be a UUID.")
    try:
        return UUID(value)
    except ValueError as error:
        raise _bad(f"« {name} » must be a UUID.") from error


UUID_TEXT = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def _client_id(content: dict[str, Any]) -> str | None:
    """Return the `client_id` as text in lower case: it is compared and stored, so a UUID object is not needed."""
    value = content.get("client_id")
    if value is None:
        return None
    if not isinstance(value, str) or len(value) != 36 or not UUID_TEXT.fullmatch(value := value.lower()):
        raise _bad("« client_id » must be a UUID.")
    return value


@lru_cache(maxsize=20_000)
def _known_uuid(text: str) -> UUID:
    return UUID(text)


def _conversation(content: dict[str, Any]) -> UUID | None:
    """Return the conversation of a frame. Its UUID is cached, because the same few come again and again."""
    value = content.get("conversation")
    if isinstance(value, str) and len(value) == 36:
        try:
            return _known_uuid(value)
        except ValueError as error:
            raise _bad("« conversation » must be a UUID.") from error
    return _uuid(content, "conversation")


def read_sign(text: str) -> int | None:
    """Return the seconds since the last sign of an agent that a page names in its address; None if it names none."""
    seconds = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(OLDEST_SIGN)) else -1
    return seconds if 0 <= seconds <= OLDEST_SIGN else None


def _sign(content: dict[str, Any]) -> int | None:
    value = content.get("sign")
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= OLDEST_SIGN:
        raise _bad("« sign » must be seconds of a day at most.")
    return value


def _seq(content: dict[str, Any], name: str) -> int | None:
    value = content.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_SEQ:
        raise _bad(f"« {name} » must be a whole number, 0 or more.")
    return value


def parse_body(body: object, client_id: str | None = None) -> str:
    """Return the body of a message as it is stored: trimmed, 1 to MAX_BODY characters.

    Raises ProtocolError (too_long, empty, bad_frame). PostgreSQL cannot store a NUL, and a lone surrogate cannot be
    encoded: both are refused here, before they reach a batch. A body of which nothing can be seen counts as empty, with
    its own reason (UNSEEN).
    """
    if not isinstance(body, str):
        raise ProtocolError(BAD_FRAME, "« body » must be a text.", client_id)
    body = body.replace("\r\n", "\n").strip()
    if not body:
        raise ProtocolError(EMPTY, "The message is empty.", client_id)
    if len(body) > MAX_BODY:
        raise ProtocolError(TOO_LONG, f"A message holds at most {MAX_BODY} characters.", client_id)
    if "\x00" in body or not _is_encodable(body):
        raise ProtocolError(BAD_FRAME, "The message holds a character that cannot be kept.", client_id)
    if not plain_text.shows_something(body):
        raise ProtocolError(EMPTY, "Nothing of the message can be seen.", client_id, why=UNSEEN)
    return body


def _is_encodable(body: str) -> bool:
    try:
        body.encode()
    except UnicodeEncodeError:  # the text holds half of a surrogate pair
        return False
    return True


def parse(text: str | bytes) -> Frame:
    """Parse the text of a frame from a client. Raises ProtocolError for anything that is not a valid frame."""
    size = len(text)
    if not isinstance(text, bytes) and not text.isascii():
        size = len(text.encode("utf-8", "surrogatepass"))
    if size > 4 * MAX_FRAME_BYTES:
        raise ProtocolError(TOO_LONG, "A frame holds at most 16 KiB.")
    try:
        content = orjson.loads(text)
    except ValueError as error:
        raise _bad("A frame is a JSON object.") from error
    if not isinstance(content, dict):
        raise _bad("A frame is a JSON object.")
    kind = content.get("type")
    client_id = _client_id(content) if kind == "post" else None
    if size > MAX_FRAME_BYTES:
        raise ProtocolError(TOO_LONG, "A frame holds at most 16 KiB.", client_id)
    conversation = _conversation(content)
    if kind == "post":
        if client_id is None:
            raise _bad("« client_id » is missing.")
        return Post(conversation, client_id, parse_body(content.get("body"), client_id))
    if kind == "sync":
        after = _seq(content, "after")
        if after is None:
            raise _bad("« after » is missing.")
        return Sync(conversation, after)
    if kind == "typing":
        return Typing(conversation)
    if kind == "read":
        seq = _seq(content, "seq")
        if seq is None:
            raise _bad("« seq » is missing.")
        return Read(conversation, seq)
    if kind == "beat":
        hidden = content.get("hidden", False)
        if not isinstance(hidden, bool):
            raise _bad("« hidden » must be true or false.")
        return Beat(conversation, _seq(content, "after"), hidden, _sign(content))
    raise _bad("This type of frame does not exist.")


def instant(moment: datetime) -> str:
    """Write a moment as the frames do: ISO 8601 in UTC, with « Z »."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def encode(frame: dict[str, Any]) -> str:
    """Return the JSON text of a frame."""
    return orjson.dumps(frame, option=orjson.OPT_UTC_Z).decode()


def message_item(
    *, seq: int, client_id: UUID | str | None, author: str, sent_at: datetime, body: str
) -> dict[str, Any]:
    """Return one item of a `messages` frame.

    sent_at: in UTC, as the database returns it. It stays a datetime: `encode` writes it with the rest of the frame.
    """
    return {
        "seq": seq,
        "client_id": str(client_id) if client_id else None,
        "author": author,
        "sent_at": sent_at,
        "body": body,
    }


def messages_frame(conversation: UUID | str, items: list[dict[str, Any]], last_seq: int) -> dict[str, Any]:
    """Return a `messages` frame.

    items: in the order of `seq`, without gaps. last_seq: the last number of the conversation, even if it is not among
    the items.
    """
    return {"type": "messages", "conversation": str(conversation), "items": items, "last_seq": last_seq}


def size_of(item: dict[str, Any]) -> int:
    """Return about how many bytes an item takes in a frame."""
    return len(orjson.dumps(item["body"])) + 160


def has_more(frame: dict[str, Any]) -> bool:
    """Return whether messages follow those of this `messages` frame."""
    return bool(frame["items"]) and frame["items"][-1]["seq"] < frame["last_seq"]


def state_frame(
    conversation: UUID | str,
    *,
    status: str,
    position: int | None,
    wait_minutes: tuple[int, int] | None,
    interlocutor: str | None,
    last_seq: int,
    read_seq: int,
    closed: bool | None = None,
) -> dict[str, Any]:
    """Return a `state` frame.

    position: 1 for the next person; None for one who does not wait. wait_minutes: the range of the wait (from, to).
    read_seq: up to which number the other side has read. A `read` hint may be lost, so each state repeats it. closed:
    for a person who waits, whether the chat is closed to others; None for everybody else.
    """
    frame = {
        "type": "state",
        "conversation": str(conversation),
        "status": status,
        "position": position,
        "wait_minutes": list(wait_minutes) if wait_minutes else None,
        "interlocutor": interlocutor,
        "last_seq": last_seq,
        "read_seq": read_seq,
    }
    return frame if closed is None else frame | {"closed": closed}


def beat_frame(now: datetime) -> dict[str, Any]:
    """Return the answer to a beat. It holds the server's time."""
    return {"type": "beat", "at": instant(now)}

"""This module reads the lines of a thread as the page of its reporter shows them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Literal, LiteralString, NamedTuple

from django.utils import timezone

from chat.messages import protocol
from chat.models import Agent, Conversation, Message
from chat.rules.lifecycle import Author
from common import dates, plain_text
from common.sql import fetch_rows


class Line(NamedTuple):
    """It is one message as the reporter's page shows it.

    name: who wrote it. state: « sent » or « read », in words; empty for what others wrote.
    instant: ISO 8601, for machines. time: for people, with the day unless it is today.
    """

    seq: int
    author: str
    name: str
    instant: str
    time: str
    body: str
    state: str


class Said(NamedTuple):
    """It is one message as the console reads it.

    body: as it was sent, or what stands in its place when no key opens it. shown: the same, with characters that cannot
    be seen made visible.
    """

    seq: int
    author: str
    sent_at: datetime
    body: str
    shown: str


# The most that one page shows of a thread: this many messages, and of these the last ones that fit into this many
# bytes. The message that exceeds the bytes is still shown, so that there is always one. `protocol.PAGE_BYTES` are 8,000
# words, which take an hour to read.
PIECE_MESSAGES = 100
PIECE_BYTES = protocol.PAGE_BYTES
# The same for a thread that a person asks for as a whole, to print it or to search it.
WHOLE_MESSAGES = 2_000
WHOLE_BYTES = 512 * 1024

# How many messages are in memory while a whole thread is read for a document.
DOCUMENT_PIECE = 200

# The id of the message to which an address of the console leads (`?message=`). It takes the focus.
AIMED = "message-cherche"


def whole_thread(conversation: Conversation) -> Iterator[Message]:
    """Yield all messages in order, with their agents and units, for a document.

    One statement for each DOCUMENT_PIECE of them, which are then in memory.
    """
    last, is_more = 0, True
    while is_more:
        rows = conversation.messages.filter(seq__gt=last).select_related("agent__unit").order_by("seq")
        found = list(rows[:DOCUMENT_PIECE])
        is_more = len(found) == DOCUMENT_PIECE
        for message in found:
            message.conversation = conversation
            last = message.seq
            yield message


def _lines_statement(order: Literal["ASC", "DESC"]) -> LiteralString:
    """Return the SQL that reads one piece of the messages between two numbers.

    order: DESC begins with the last of them and goes back, ASC begins with the first. The rows come in the order of
    the thread in either case.
    """
    return f"""
    SELECT m.seq, m.author, a.public_name, u.force, m.sent_at, m.sealed_body
    FROM (
        SELECT *, sum(octet_length(sealed_body)) OVER (ORDER BY seq {order}) - octet_length(sealed_body) AS bytes_before
        FROM (
            SELECT seq, author, agent_id, sent_at, sealed_body FROM chat_message
            WHERE conversation_id = %s AND seq > %s AND seq < %s ORDER BY seq {order} LIMIT %s
        ) AS candidate
    ) AS m
    LEFT JOIN chat_agent a ON a.id = m.agent_id LEFT JOIN chat_unit u ON u.id = a.unit_id
    WHERE m.bytes_before < %s ORDER BY m.seq
    """  # noqa: S608  two orders that are written here


LINES_BACKWARD = _lines_statement("DESC")
LINES_FORWARD = _lines_statement("ASC")


def agent_name(said: Mapping[str, str], interlocutor: str | None, *, discreet: bool) -> str:
    """Return the name of who answers, as the page shows it. In discreet mode it does not say who that is."""
    return said["agent"] if discreet or not interlocutor else interlocutor


def _time(local: datetime, today: date, written: dict[date, str]) -> str:
    """Return the time of a message, with its day when that is not today.

    written: the days of this thread in words so far, because most of its messages share them.
    """
    hour, day = f"{local:%H:%M}", local.date()
    if day == today:
        return hour
    if day not in written:
        written[day] = dates.format_date(local, "j F")
    return f"{written[day]}, {hour}"


def parse_cursor(text: str) -> int:
    """Return the number of a message from a parameter of the address (`avant`, `apres`); 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def read_lines(
    conversation: Conversation,
    said: Mapping[str, str],
    *,
    after: int = 0,
    before: int = protocol.MAX_SEQ,
    is_forward: bool = False,
    is_whole: bool = False,
    discreet: bool = False,
) -> list[Line]:
    """Read one piece of the messages after `after` and before `before`, in order: the last ones, or the first ones if
    is_forward.

    A piece holds at most PIECE_MESSAGES and PIECE_BYTES; if is_whole, WHOLE_MESSAGES and WHOLE_BYTES. Numbers have no
    gaps, so `lines[0].seq` tells whether messages before it were left out (`earlier_cursor`).
    said: words of the page, by their names (« you », « system », « agent », « sent », « read »). The caller has proven
    access. One statement.
    """
    count, size = (WHOLE_MESSAGES, WHOLE_BYTES) if is_whole else (PIECE_MESSAGES, PIECE_BYTES)
    statement = LINES_FORWARD if is_forward else LINES_BACKWARD
    rows = fetch_rows(statement, [conversation.pk, after, before, count, size])
    names = {Author.REPORTER.value: said["you"], Author.SYSTEM.value: said["system"]}
    zone, today = timezone.get_current_timezone(), timezone.localdate()
    lines: list[Line] = []
    days: dict[date, str] = {}
    for seq, author, agent, force, sent_at, sealed in rows:
        name, state = names.get(author), ""
        if name is None:
            name = agent_name(said, Agent.interlocutor_of(agent, force), discreet=discreet)
        if author == Author.REPORTER:
            state = said["read"] if seq <= conversation.agent_read_seq else said["sent"]
        local = sent_at.astimezone(zone)
        body = Message.opened(sealed, conversation=conversation.public_id, seq=seq, author=author)
        lines.append(
            Line(
                seq,
                author,
                name,
                local.isoformat(timespec="milliseconds"),
                _time(local, today, days),
                plain_text.plain(body),
                state,
            )
        )
    return lines


def earlier_cursor(piece: Sequence[Line] | Sequence[Said], after: int = 0) -> int:
    """Return the number before which earlier messages can be read; 0 when there are none.

    piece: what was read of the messages after `after`.
    """
    return piece[0].seq if piece and piece[0].seq > after + 1 else 0


def read_messages(conversation: Conversation, *, before: int = protocol.MAX_SEQ) -> list[Said]:
    """Read the last piece of the messages before `before`, for the console, in one statement.

    The caller has proven access.
    """
    return [*read_newest_first(conversation, before=before, count=PIECE_MESSAGES, size=PIECE_BYTES)][::-1]


def read_newest_first(
    conversation: Conversation, *, before: int = protocol.MAX_SEQ, count: int, size: int
) -> Iterator[Said]:
    """Read the messages before `before` for the console, the last one first. One statement, at the first of them.

    count, size: the most that are read, in messages and in bytes. Each is decrypted when it is asked for, so that a
    caller may stop. The caller has proven access.
    """
    rows = fetch_rows(LINES_BACKWARD, [conversation.pk, 0, before, count, size])
    for seq, author, _agent, _force, sent_at, sealed in reversed(rows):
        body = Message.opened(sealed, conversation=conversation.public_id, seq=seq, author=author)
        yield Said(seq, author, sent_at, body, plain_text.plain(body))

"""Reads the lines of a thread as the page of its reporter shows them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Literal, LiteralString, NamedTuple

from django.utils import timezone

from chat.messages import protocol
from chat.models import Agent, Conversation, Message
from chat.rules.lifecycle import Author
from common import dates, plain_text
from common.sql import fetch_rows


class Line(NamedTuple):
    """One message in words: `name` is who wrote it, `state` what became of it (empty for what others wrote).

    instant: ISO 8601, for a machine. time: for a person, with the day unless it is today.
    """

    seq: int
    author: str
    name: str
    instant: str
    time: str
    body: str
    state: str


# What one page shows of a thread, at most: so many messages, and the last of them that fit in so many bytes (with one
# message over, so that there is always one). An exchange in `protocol.PAGE_BYTES` is 8,000 words, an hour's reading.
PIECE_MESSAGES = 100
PIECE_BYTES = protocol.PAGE_BYTES
# And of the thread that a person asks for in one go, to print it or search it.
WHOLE_MESSAGES = 2_000
WHOLE_BYTES = 512 * 1024


def _lines_statement(order: Literal["ASC", "DESC"]) -> LiteralString:
    """The messages between two numbers, as far as a piece goes: from the last one back, or from the first one on."""
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
FIRST_OF_PIECE = """
SELECT min(seq) FROM (
    SELECT seq, sum(octet_length(sealed_body)) OVER (ORDER BY seq DESC) - octet_length(sealed_body) AS bytes_before
    FROM (
        SELECT seq, sealed_body FROM chat_message
        WHERE conversation_id = %s AND seq < %s ORDER BY seq DESC LIMIT %s
    ) AS candidate
) AS m WHERE m.bytes_before < %s
"""


def agent_name(said: Mapping[str, str], interlocutor: str | None, *, discreet: bool) -> str:
    """Name who answers, as the page does. In discreet mode it does not say who that is."""
    return said["agent"] if discreet or not interlocutor else interlocutor


def _time(local: datetime, today: date) -> str:
    hour = f"{local:%H:%M}"
    return hour if local.date() == today else f"{dates.format_date(local, 'j F')}, {hour}"


def parse_cursor(text: str) -> int:
    """The number of a message as an address has it (`avant`, `apres`); 0 for anything else."""
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
    """One piece of what lies after `after` and before `before`, in order: the last of it, or the first (is_forward).

    A piece is PIECE_MESSAGES and PIECE_BYTES at most; WHOLE_MESSAGES and WHOLE_BYTES if is_whole. What lies between is
    dense, so `lines[0].seq` tells whether something is left out before it.
    said: see `script_texts.words`. Access is already proven.
    """
    count, size = (WHOLE_MESSAGES, WHOLE_BYTES) if is_whole else (PIECE_MESSAGES, PIECE_BYTES)
    statement = LINES_FORWARD if is_forward else LINES_BACKWARD
    rows = fetch_rows(statement, [conversation.pk, after, before, count, size])
    names = {Author.REPORTER.value: said["you"], Author.SYSTEM.value: said["system"]}
    zone, today = timezone.get_current_timezone(), timezone.localdate()
    lines = []
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
                _time(local, today),
                plain_text.plain(body),
                state,
            )
        )
    return lines


def earlier_cursor(piece: Sequence[Line] | Sequence[Message], after: int = 0) -> int:
    """The number before which the thread goes on, of a piece that was read after `after`; 0 when it does not."""
    return piece[0].seq if piece and piece[0].seq > after + 1 else 0


def read_messages(conversation: Conversation, *, before: int = protocol.MAX_SEQ) -> list[Message]:
    """The last piece of what lies before `before`, as the console shows it, in two statements. Access is proven."""
    [(first,)] = fetch_rows(FIRST_OF_PIECE, [conversation.pk, before, PIECE_MESSAGES, PIECE_BYTES])
    if first is None:
        return []
    messages = list(conversation.messages.filter(seq__gte=first, seq__lt=before).order_by("seq"))
    for message in messages:
        message.conversation = conversation
    return messages

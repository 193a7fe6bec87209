"""This is the one module that writes messages: a batch of drafts, or a line of Pnav's own.

Whoever posts goes through `write_messages`: a socket (through the batch of its process), the plain HTTP page, and the
page without JavaScript. It writes to many conversations in one transaction. It locks the rows of the conversations in
the order of their keys, and finds the drafts that are stored already by their `client_id`. The others get the next
sequence numbers, are encrypted for exactly that place, and are inserted. Drafts are answered only after the COMMIT.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import connection
from django.utils import translation

from chat.database import has_lock_limit, limit_locks
from chat.messages import conversation_keys
from chat.models import Agent, Conversation, Message
from chat.rules import message_limits
from chat.rules.lifecycle import OPEN, Author, Status
from common import encryption
from common.data_keys import keys as data_keys
from common.encryption import UnsealError
from common.sql import array_text, fetch_rows, raw_connection, send_statement
from common.texts.catalogue import Sentence

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Draft:
    """It is a message to add. The caller has proven access; an agent's right to the conversation is checked again here.

    public_id, client_id: UUIDs as text. client_id is chosen by the browser, a new one for each message.
    agent_id: the agent who writes, or None for the reporter.
    body: plain text, trimmed, 1 to MESSAGE_MAX_LENGTH characters, without NUL (protocol.parse_body).
    is_metered: whether the limits of `chat.rules.message_limits` apply. False only for sessions of a measurement.
    was_put_off: whether this draft was answered PUT_OFF before. It is not put off a second time.
    received_at: when the socket received it, in seconds of the event loop's clock; 0 when it is not measured.
    """

    conversation_id: int
    public_id: str
    author: str
    agent_id: int | None
    client_id: str
    body: str = field(repr=False)
    was_put_off: bool = False
    is_metered: bool = True
    received_at: float = 0.0


@dataclass(slots=True)
class Written:
    """It is a message that is committed.

    assigned_to: the agent who answered there at that moment, and the only one who may read it.
    is_repeat: the message was stored before; number, time and body are those of the first copy.
    """

    seq: int
    sent_at: datetime
    body: str = field(repr=False)
    assigned_to: int | None
    is_repeat: bool = False


class Refusal(StrEnum):
    """It says why nothing was written. The values are codes of the protocol, except for those of FULL and PUT_OFF."""

    CLOSED = "closed"
    FORBIDDEN = "forbidden"
    FULL = "full"  # the exchange may hold no more; the client is told `closed`, with this as the reason
    TOO_FAST = "rate_limited"  # faster than a person writes; the client may send it again later
    HELD = "unavailable"  # somebody else locks the conversation for too long, or its data key cannot be found
    PUT_OFF = "put off"  # no refusal: the next batch writes it before later ones, and the client is never told


# LATERAL with LIMIT makes PostgreSQL look into the index once for each draft. Without it the plan would depend on the
# planner's statistics, which are wrong for a table that grows fast.
LOCK = """
SELECT id, last_seq, status, assigned_to_id, characters, reporter_due_at, data_key, clock_timestamp()
FROM chat_conversation
WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE
"""
FREE = "SELECT id FROM chat_conversation WHERE id = ANY(%s::bigint[]) FOR NO KEY UPDATE SKIP LOCKED"
KNOWN = """
SELECT m.conversation_id, m.author, m.client_id::text, m.seq, m.sent_at, m.sealed_body
FROM unnest(%s::bigint[], %s::text[], %s::uuid[]) AS d(conversation_id, author, client_id)
CROSS JOIN LATERAL (
    SELECT * FROM chat_message
    WHERE conversation_id = d.conversation_id AND author = d.author AND client_id = d.client_id LIMIT 1
) AS m
"""
INSERT = """
INSERT INTO chat_message (conversation_id, seq, author, agent_id, client_id, sealed_body, sent_at)
SELECT conversation_id, seq, author, agent_id, client_id, sealed_body, %s
FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::bigint[], %s::uuid[], %s::bytea[])
     AS d(conversation_id, seq, author, agent_id, client_id, sealed_body)
"""
# Whoever writes is present, so the reporter's lease is renewed in the same statement.
NUMBER = """
UPDATE chat_conversation c
SET last_seq = d.last_seq,
    reporter_seen_at = CASE WHEN d.reporter_wrote THEN greatest(c.reporter_seen_at, %s) ELSE c.reporter_seen_at END,
    characters = c.characters + d.characters,
    reporter_due_at = coalesce(d.due_at, c.reporter_due_at)
FROM unnest(%s::bigint[], %s::int[], %s::boolean[], %s::bigint[], %s::timestamptz[])
     AS d(id, last_seq, reporter_wrote, characters, due_at)
WHERE c.id = d.id
"""


# The optimistic way: one statement does everything for the conversations that are as the caller expects. That means
# open, with that last number, assigned to that agent, and without any of these messages. If another process changes a
# row meanwhile, PostgreSQL checks the conditions again once the lock is free (READ COMMITTED), and leaves the row out.
# LATERAL with LIMIT is there for the reason given above LOCK.
AS_EXPECTED = """
WITH drafts AS MATERIALIZED (
    SELECT * FROM unnest(%(conversation_ids)s::bigint[], %(seqs)s::int[], %(authors)s::text[], %(agent_ids)s::bigint[],
                         %(client_ids)s::uuid[], %(bodies)s::bytea[])
                  AS d(conversation_id, seq, author, agent_id, client_id, sealed_body)
), heads AS (
    SELECT c.id, d.last_seq, d.reporter_wrote, d.characters,
           greatest(c.reporter_due_at, statement_timestamp())
           + d.paced * CASE c.status WHEN 'active' THEN %(active)s ELSE %(waiting)s END * interval '1 s' AS due_at
    FROM unnest(%(ids)s::bigint[], %(befores)s::int[], %(afters)s::int[], %(writers)s::bigint[],
                %(reporter_wrote)s::boolean[], %(characters)s::bigint[], %(paced)s::int[],
                %(seq_most)s::int[], %(characters_most)s::bigint[])
         AS d(id, before, last_seq, agent_id, reporter_wrote, characters, paced, seq_most, characters_most)
    JOIN chat_conversation c ON c.id = d.id
    WHERE c.last_seq = d.before AND c.status IN ('waiting', 'active')
      AND (d.agent_id IS NULL OR c.assigned_to_id = d.agent_id)
      AND d.last_seq <= d.seq_most AND c.characters + d.characters <= d.characters_most
      AND (d.paced = 0
           OR greatest(c.reporter_due_at, statement_timestamp())
              + d.paced * CASE c.status WHEN 'active' THEN %(active)s ELSE %(waiting)s END * interval '1 s'
              <= statement_timestamp()
                 + CASE c.status WHEN 'active' THEN %(active_ahead)s ELSE %(waiting_ahead)s END * interval '1 s')
      AND c.id <> ALL (ARRAY(
          SELECT k.conversation_id FROM drafts k CROSS JOIN LATERAL (
              SELECT FROM chat_message m
              WHERE m.conversation_id = k.conversation_id AND m.author = k.author AND m.client_id = k.client_id
              LIMIT 1) AS known))
    ORDER BY c.id FOR NO KEY UPDATE OF c
), numbered AS (
    UPDATE chat_conversation c
    SET last_seq = h.last_seq,
        reporter_seen_at = CASE WHEN h.reporter_wrote THEN greatest(c.reporter_seen_at, statement_timestamp())
                                ELSE c.reporter_seen_at END,
        characters = c.characters + h.characters,
        reporter_due_at = h.due_at
    FROM heads h WHERE c.id = h.id
    RETURNING c.id, c.assigned_to_id
), inserted AS (
    INSERT INTO chat_message (conversation_id, seq, author, agent_id, client_id, sealed_body, sent_at)
    SELECT d.conversation_id, d.seq, d.author, d.agent_id, d.client_id, d.sealed_body, statement_timestamp()
    FROM drafts d JOIN numbered n ON n.id = d.conversation_id
)
SELECT id, assigned_to_id, statement_timestamp() FROM numbered
"""
# The same for a batch of one draft, which is nearly every batch when there is little traffic.
ONE_AS_EXPECTED = """
WITH numbered AS (
    UPDATE chat_conversation c
    SET last_seq = c.last_seq + 1,
        reporter_seen_at = CASE WHEN %(agent_id)s::bigint IS NULL
                                THEN greatest(c.reporter_seen_at, statement_timestamp()) ELSE c.reporter_seen_at END,
        characters = c.characters + %(characters)s,
        reporter_due_at = greatest(c.reporter_due_at, statement_timestamp())
            + %(paced)s * CASE c.status WHEN 'active' THEN %(active)s ELSE %(waiting)s END * interval '1 s'
    WHERE c.id = %(id)s AND c.last_seq = %(before)s AND c.status IN ('waiting', 'active')
      AND (%(agent_id)s::bigint IS NULL OR c.assigned_to_id = %(agent_id)s::bigint)
      AND c.last_seq < %(seq_most)s AND c.characters + %(characters)s <= %(characters_most)s::bigint
      AND (%(paced)s = 0
           OR greatest(c.reporter_due_at, statement_timestamp())
              + CASE c.status WHEN 'active' THEN %(active)s ELSE %(waiting)s END * interval '1 s'
              <= statement_timestamp()
                 + CASE c.status WHEN 'active' THEN %(active_ahead)s ELSE %(waiting_ahead)s END * interval '1 s')
      AND NOT EXISTS (SELECT FROM chat_message m
                      WHERE m.conversation_id = %(id)s AND m.author = %(author)s AND m.client_id = %(client_id)s::uuid)
    RETURNING c.id, c.last_seq, c.assigned_to_id
), inserted AS (
    INSERT INTO chat_message (conversation_id, seq, author, agent_id, client_id, sealed_body, sent_at)
    SELECT id, last_seq, %(author)s, %(agent_id)s::bigint, %(client_id)s::uuid, %(sealed_body)b, statement_timestamp()
    FROM numbered
)
SELECT id, assigned_to_id, statement_timestamp() FROM numbered
"""
# Names of values in Pnav's own lines that nobody typed for this exchange: who answers, hours, numbers. A line that
# holds no other values may be encrypted with the key ring (`_seal_line`).
TYPED_BY_NOBODY = frozenset({"name", "to", "minutes", "time", "fin", "hour", "minute", "n", "date"})
_UNKNOWN = datetime.min.replace(tzinfo=UTC)
_PACES: dict[str, float] = {
    "active": message_limits.ANSWERED.interval_seconds,
    "active_ahead": message_limits.ANSWERED.ahead_seconds,
    "waiting": message_limits.UNANSWERED.interval_seconds,
    "waiting_ahead": message_limits.UNANSWERED.ahead_seconds,
}
_NO_END = message_limits.Size(2**31 - 1, 2**62)


@dataclass(slots=True)
class _Head:
    """It is a conversation that is written to, with what this batch adds to it.

    `last_seq` grows with each draft that is numbered; `before` is the number before the batch.
    """

    last_seq: int
    status: str
    agent_id: int | None
    before: int
    reporter_wrote: bool = False
    is_known: bool = False  # whether the row was read under its lock; if not, the statement itself checks the limits
    characters_before: int = 0
    due_at: datetime | None = None
    characters: int = 0  # the characters that this batch adds
    paced: int = 0  # how many messages of this batch count for the person's pace
    size: message_limits.Size = _NO_END  # the smallest bound of those who write in this batch
    label: bytes | None = None  # the id of the data key that encrypts what is written
    cipher: AESGCM | None = None  # the cipher of that key
    is_mute: bool = False  # whether that key is gone: nothing can be encrypted, and no stored message can be opened

    def take_key(self, label: bytes | None, ciphers: encryption.Ciphers) -> None:
        """Encrypt with this data key from now on; with the key ring if there is none (label None)."""
        if label is not None:
            self.label, self.cipher = label, ciphers[label]
            self.is_mute = self.cipher is None

    def refusal(self, draft: Draft, now: datetime) -> Refusal | None:
        """Return the limit that forbids this message, if one does; otherwise count the message and return None."""
        due_at = None
        if draft.is_metered:
            size = message_limits.size_for(is_agent=draft.agent_id is not None)
            if self.is_known:
                characters = self.characters_before + self.characters + len(draft.body)
                if self.last_seq >= size.messages or characters > size.characters:
                    return Refusal.FULL
                if draft.agent_id is None:
                    pace = message_limits.pace_of(self.status)
                    due_at = max(self.due_at or now, now) + timedelta(seconds=pace.interval_seconds)
                    if due_at > now + timedelta(seconds=pace.ahead_seconds):
                        return Refusal.TOO_FAST
            if size.messages < self.size.messages:
                self.size = size
            if draft.agent_id is None:
                self.paced += 1
        self.due_at = due_at or self.due_at
        self.characters += len(draft.body)
        return None


def write_messages(
    drafts: Sequence[Draft], expected: Mapping[int, int] | None = None, *, may_put_off: bool = False
) -> list[Written | Refusal]:
    """Add these messages, each once, and return the result of each, in the same order, once they are committed.

    A draft that is sent again, later or in the same batch, gives the first copy. Two processes that write to the same
    conversations wait for each other without a deadlock.
    expected: the last sequence number of each conversation (by its key), as far as the caller knows. Where that number
    is still true and nothing else forbids it, one statement does everything. The other conversations are locked first.
    may_put_off: whether a wrong guess may be answered PUT_OFF, so that the caller tries it again with the next batch.
    Raises the errors of django.db. What was committed before the error stays; the caller may send all drafts again,
    because a stored one is found by its `client_id`. Inside a transaction this takes part in that transaction.
    """
    answers: dict[int, Written | Refusal] = {}
    with connection.wrap_database_errors:
        raw = raw_connection()
        if expected:
            answers = _write_as_expected(raw, drafts, expected)
        others = [n for n in range(len(drafts)) if n not in answers]
        if others and may_put_off:
            put_off = _to_put_off(drafts, others)
            answers.update(dict.fromkeys(put_off, Refusal.PUT_OFF))
            others = [n for n in others if n not in answers]
        if others:
            # Load the keys before anything is locked: they may be stored on another server, which may be slow.
            asked = {drafts[n].conversation_id: drafts[n].public_id for n in others}
            data_keys.ciphers_of(conversation_keys.read_labels(asked).values())
            under_lock = _write_under_lock(raw, [drafts[n] for n in others])
            answers.update(zip(others, under_lock, strict=True))
    return [answers[n] for n in range(len(drafts))]


def _to_put_off(drafts: Sequence[Draft], others: Sequence[int]) -> list[int]:
    """Choose the drafts that may wait, and mark them. Of a conversation all wait or none, so that order is kept."""
    cannot_wait = {drafts[n].conversation_id for n in others if drafts[n].was_put_off}
    put_off = [n for n in others if drafts[n].conversation_id not in cannot_wait]
    for n in put_off:
        drafts[n].was_put_off = True
    return put_off


def write_what_is_free(drafts: Sequence[Draft]) -> list[Written | Refusal]:
    """Write the drafts of the conversations that nobody else has locked; those of the others are answered HELD.

    Raises the errors of django.db, as `write_messages`.
    """
    rows = fetch_rows(FREE, [array_text({draft.conversation_id for draft in drafts})])
    free = {pk for (pk,) in rows}
    written = iter(write_messages([draft for draft in drafts if draft.conversation_id in free]))
    return [next(written) if draft.conversation_id in free else Refusal.HELD for draft in drafts]


def _write_as_expected(
    raw: psycopg.Connection[Any], drafts: Sequence[Draft], expected: Mapping[int, int]
) -> dict[int, Written | Refusal]:
    """Write in one statement and one round trip to the conversations that are as expected.

    Returns the answers by the index of their draft. Drafts of all other conversations are missing, and not written.
    """
    if len(drafts) == 1:
        return _write_one_as_expected(raw, drafts[0], expected)
    heads: dict[int, _Head] = {}
    labels = conversation_keys.read_labels(
        {draft.conversation_id: draft.public_id for draft in drafts if draft.conversation_id in expected}
    )
    ciphers = data_keys.ciphers_of(labels.values())
    for draft in drafts:
        pk = draft.conversation_id
        if pk in labels:
            head = heads.get(pk)
            if head is None:
                heads[pk] = head = _Head(expected[pk], Status.ACTIVE, None, before=expected[pk])
                head.take_key(labels[pk], ciphers)
            if draft.agent_id is not None:
                head.agent_id = draft.agent_id  # the draft of another agent is left to the locked way, which refuses it
    guesses, rows, changed = _number(drafts, heads, {}, _UNKNOWN)
    if not rows:
        return {}
    used = [head for head in heads.values() if head.last_seq != head.before]  # the same rows and order as `changed`
    names = ("conversation_ids", "seqs", "authors", "agent_ids", "client_ids", "bodies")
    values: dict[str, object] = dict(zip(names, map(array_text, zip(*rows, strict=True)), strict=True))
    values |= dict(zip(("ids", "afters", "reporter_wrote", "characters"), changed[:4], strict=True))
    values["paced"] = array_text(head.paced for head in used)
    values["seq_most"] = array_text(head.size.messages for head in used)
    values["characters_most"] = array_text(head.size.characters for head in used)
    values |= _PACES
    values["befores"] = array_text(head.before for head in used)
    values["writers"] = array_text(head.agent_id for head in used)
    written = _execute(raw, AS_EXPECTED, values)
    answers: dict[int, Written | Refusal] = {}
    for n, (draft, guess) in enumerate(zip(drafts, guesses, strict=True)):
        if draft.conversation_id in written and isinstance(guess, Written):
            guess.assigned_to, guess.sent_at = written[draft.conversation_id]
            answers[n] = guess
    return answers


def _write_one_as_expected(
    raw: psycopg.Connection[Any], draft: Draft, expected: Mapping[int, int]
) -> dict[int, Written | Refusal]:
    before = expected.get(draft.conversation_id)
    if before is None:
        return {}
    labels = conversation_keys.read_labels({draft.conversation_id: draft.public_id})
    if draft.conversation_id not in labels:
        return {}  # the conversation was deleted: the locked way gives that answer
    label = labels[draft.conversation_id]
    cipher = data_keys.ciphers_of([label])[label] if label is not None else None
    if label is not None and cipher is None:
        return {}  # its key is gone: the locked way gives that answer too
    seq = before + 1
    sealed_body = _seal(draft, seq, label, cipher)
    size = message_limits.size_for(is_agent=draft.agent_id is not None) if draft.is_metered else _NO_END
    values: dict[str, object] = {
        **_PACES,
        "characters": len(draft.body),
        "paced": 1 if draft.is_metered and draft.agent_id is None else 0,
        "seq_most": size.messages,
        "characters_most": size.characters,
        "id": draft.conversation_id,
        "before": before,
        "author": draft.author,
        "agent_id": draft.agent_id,
        "client_id": draft.client_id,
        "sealed_body": sealed_body,
    }
    written = _execute(raw, ONE_AS_EXPECTED, values)
    if not written:
        return {}
    assigned_to, sent_at = written[draft.conversation_id]
    return {0: Written(seq, sent_at, draft.body, assigned_to)}


def _execute(raw: psycopg.Connection[Any], statement: LiteralString, values: Mapping[str, object]) -> dict[int, Any]:
    """Run the statement and return the conversations that it wrote to: key → (who answers there, time of writing)."""
    if has_lock_limit():
        with raw.pipeline(), raw.transaction():
            limit_locks(raw)
            cursor = send_statement(raw, statement, values)
    else:
        cursor = send_statement(raw, statement, values)
    return {pk: (assigned_to, now) for pk, assigned_to, now in cursor.fetchall()}


def _write_under_lock(raw: psycopg.Connection[Any], drafts: Sequence[Draft]) -> list[Written | Refusal]:
    """Lock the conversations, look for repeats, number the drafts and insert them: two round trips, one COMMIT."""
    with raw.pipeline(), raw.transaction():
        limit_locks(raw)
        heads = send_statement(raw, LOCK, [array_text({draft.conversation_id for draft in drafts})])
        columns = zip(*((draft.conversation_id, draft.author, draft.client_id) for draft in drafts), strict=True)
        known = send_statement(raw, KNOWN, [array_text(column) for column in columns])
        under_lock, now = _heads(heads)
        found = ((draft.public_id, under_lock.get(draft.conversation_id)) for draft in drafts)
        conversation_keys.remember_labels({public_id: head.label for public_id, head in found if head is not None})
        answers, rows, changed = _number(drafts, under_lock, _known(drafts, known, under_lock), now)
        if rows:
            send_statement(raw, INSERT, [now, *map(array_text, zip(*rows, strict=True))])
            send_statement(raw, NUMBER, [now, *changed])
    return answers


def _heads(cursor: psycopg.Cursor[Any]) -> tuple[dict[int, _Head], datetime]:
    """Read the locked conversations, by key, and the database's time, which is the one clock of all processes."""
    rows = cursor.fetchall()
    heads = {
        pk: _Head(
            last_seq, status, agent_id, last_seq, is_known=True, characters_before=characters, due_at=due_at,
            label=None if data_key is None else data_key.bytes,
        )
        for pk, last_seq, status, agent_id, characters, due_at, data_key, _now in rows
    }  # fmt: skip
    ciphers = data_keys.ciphers_of(head.label for head in heads.values())
    for head in heads.values():
        head.take_key(head.label, ciphers)
    return heads, rows[-1][-1] if rows else _UNKNOWN


def _known(
    drafts: Sequence[Draft], cursor: psycopg.Cursor[Any], heads: dict[int, _Head]
) -> dict[tuple[int, str, str], Written]:
    rows = cursor.fetchall()
    if not rows:
        return {}
    public_ids = {draft.conversation_id: draft.public_id for draft in drafts}
    return {
        (pk, author, client_id): Written(
            seq=seq,
            sent_at=sent_at,
            body=Message.opened(sealed, conversation=public_ids[pk], seq=seq, author=author),
            assigned_to=heads[pk].agent_id,
            is_repeat=True,
        )
        for pk, author, client_id, seq, sent_at, sealed in rows
    }


def _number(
    drafts: Sequence[Draft],
    heads: dict[int, _Head],
    known: dict[tuple[int, str, str], Written],
    now: datetime,
) -> tuple[list[Written | Refusal], list[tuple[object, ...]], list[str]]:
    """Decide what becomes of each draft. Return the answers, the new rows, and the columns of changed conversations."""
    answers: list[Written | Refusal] = []
    rows: list[tuple[object, ...]] = []
    in_batch: dict[tuple[int, str, str], Written] = {}
    for draft in drafts:
        head = heads.get(draft.conversation_id)
        if head is None or (draft.agent_id is not None and head.agent_id != draft.agent_id):
            answers.append(Refusal.FORBIDDEN)
            continue
        key = (draft.conversation_id, draft.author, draft.client_id)
        if key in known:
            answers.append(known[key])
            continue
        if key in in_batch:
            answers.append(replace(in_batch[key], is_repeat=True))
            continue
        if head.status not in OPEN:
            answers.append(Refusal.CLOSED)
            continue
        if head.is_mute:
            answers.append(Refusal.HELD)
            continue
        if refusal := head.refusal(draft, now):
            answers.append(refusal)
            continue
        head.last_seq = seq = head.last_seq + 1
        if draft.agent_id is None:
            head.reporter_wrote = True
        sealed = _seal(draft, seq, head.label, head.cipher)
        rows.append(
            (
                draft.conversation_id,
                seq,
                draft.author,
                draft.agent_id,
                draft.client_id,
                f'"\\\\x{sealed.hex()}"',
            )
        )
        in_batch[key] = written = Written(seq, now, draft.body, head.agent_id)
        answers.append(written)
    changed = [
        (pk, head.last_seq, head.reporter_wrote, head.characters, None if head.due_at is None else f'"{head.due_at}"')
        for pk, head in heads.items()
        if head.last_seq != head.before
    ]
    return answers, rows, [array_text(column) for column in zip(*changed, strict=True)]


def _seal(draft: Draft, seq: int, label: bytes | None, cipher: AESGCM | None) -> bytes:
    """Encrypt the body of a draft for its place. label, cipher: those of its data key; label is None for an exchange
    without one. Raises UnsealError for a key without a cipher: the key ring never takes the place of a key that is
    gone.
    """
    context = Message.context_of(draft.public_id, seq, draft.author)
    if label is None:
        return encryption.seal(draft.body, context=context)
    if cipher is None:
        raise UnsealError("The data key of this exchange is gone.")
    return encryption.seal_with(cipher, label, draft.body, context=context)


def append_message(
    conversation: Conversation,
    *,
    author: str,
    body: str,
    now: datetime,
    client_id: UUID | None = None,
    agent: Agent | None = None,
    may_use_ring: bool = False,
) -> Message:
    """Add a message after the last one, as part of a larger act. The caller holds the lock of the conversation.

    may_use_ring: whether the key ring may encrypt it when the exchange's own key cannot be used; see `_seal_line`.
    Raises UnsealError when the exchange's key cannot be used and may_use_ring is false.
    """
    seq = conversation.last_seq + 1
    seal = _seal_line if may_use_ring else Message.sealed
    message = Message(
        conversation=conversation,
        seq=seq,
        author=author,
        agent=agent,
        client_id=client_id,
        sealed_body=seal(
            body, conversation=conversation.public_id, seq=seq, author=author, data_key=conversation.data_key
        ),
        sent_at=now,
    )
    message.save(force_insert=True)
    conversation.last_seq = seq
    conversation.save(update_fields=["last_seq"])
    return message


def _seal_line(text: str, *, conversation: UUID | str, seq: int, author: str, data_key: UUID | None) -> bytes:
    """Encrypt a line that holds nothing that anybody typed. Use the key ring if the exchange's key cannot be used.

    The dispatcher writes such lines for up to twenty people in one transaction. If the key of one of them is gone, or
    the key server is away, the others must still be given to an agent.
    """
    try:
        return Message.sealed(text, conversation=conversation, seq=seq, author=author, data_key=data_key)
    except UnsealError as error:
        logger.error("a line was sealed without the key of its exchange %s (%s)", conversation, type(error).__name__)
        return Message.sealed(text, conversation=conversation, seq=seq, author=author, data_key=None)


def say_line(
    conversation: Conversation,
    sentence: Sentence,
    *,
    now: datetime,
    client_id: UUID | None = None,
    familiar: bool = False,
    **words: Any,
) -> Message:
    """Add a line of Pnav's own, in the language of the visit, whatever the language of the person who causes it.

    The text is stored as it is now: editing the sentence later changes no line that was said (docs/adr/0047).
    familiar: whether the line says *tu*. words: the values of the sentence's placeholders, lazily translated or not.
    client_id: given for a line that comes with ready answers. The caller holds the lock of the conversation.
    """
    with translation.override(conversation.report.language):
        body = sentence.say(familiar=familiar, **words)
    return append_message(
        conversation,
        author=Author.SYSTEM,
        body=body,
        now=now,
        client_id=client_id,
        may_use_ring=words.keys() <= TYPED_BY_NOBODY,
    )


@dataclass(frozen=True, slots=True)
class Line:
    """It is a line of Pnav's own that is to be written: the sentence, and the values of its placeholders."""

    conversation: Conversation
    sentence: Sentence
    values: Mapping[str, Any] = field(default_factory=dict)


RENUMBER: LiteralString = """
UPDATE chat_conversation c SET last_seq = d.last_seq
FROM unnest(%s::bigint[], %s::int[]) AS d(id, last_seq) WHERE c.id = d.id
"""


def say_lines(lines: Sequence[Line], *, now: datetime) -> None:
    """Do what `say_line` does in many conversations, one line in each, with two statements however many there are.

    Reading data keys that are not in memory costs one more. The caller holds the locks of the conversations. The
    `last_seq` of each object is raised as well.
    """
    if not lines:
        return
    data_keys.load(line.conversation.data_key for line in lines)  # keys that are gone are handled one by one below
    rows = []
    for line in lines:
        conversation, seq, author = line.conversation, line.conversation.last_seq + 1, Author.SYSTEM.value
        with translation.override(conversation.report.language):
            body = line.sentence.say(**line.values)
        seal = _seal_line if line.values.keys() <= TYPED_BY_NOBODY else Message.sealed
        sealed = seal(body, conversation=conversation.public_id, seq=seq, author=author, data_key=conversation.data_key)
        rows.append((conversation.pk, seq, author, None, None, f'"\\\\x{sealed.hex()}"'))
        conversation.last_seq = seq
    raw = raw_connection()
    with connection.wrap_database_errors:
        keys, seqs, *others = map(array_text, zip(*rows, strict=True))
        send_statement(raw, INSERT, [now, keys, seqs, *others])
        send_statement(raw, RENUMBER, [keys, seqs])

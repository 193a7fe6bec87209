# ruff: noqa: S608  (the statements are made of constants of this module; everything else is a parameter)
"""This module reads messages and states for sockets and for plain HTTP, for many askers at once.

A reading is what lies after a cursor, with the state of the conversation. A message that was just committed needs no
reading: the broadcaster sends it from memory to those who have everything before it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.utils import translation

from chat.messages import conversation_keys, protocol
from chat.models import Agent, Message
from common import encryption
from common.data_keys import keys as data_keys
from common.sql import array_text, fetch_rows

Json = dict[str, Any]
Own = dict[UUID, tuple[int, int]]  # the conversations of an agent: public id to (key, last_seq)
Row = tuple[Any, ...]
# Position in the queue, and range of the wait in minutes (from, to).
type QueuePlace = tuple[int | None, tuple[int, int] | None]

# Up to CROWD askers in one batch get whole pages (protocol.PAGE messages). When there are more, for example when
# everybody reconnects at once, each gets PAGE_IN_A_CROWD messages at a time.
CROWD = 8
PAGE_IN_A_CROWD = 50
# One batch reads so many bytes of short messages, of sealed words, and as many of long ones, and one message more at
# most. Whoever does not fit is read in the next batch. When everybody reconnects at once, messages of usual length all
# have room.
CROSSING_BYTES = 4 * 1024 * 1024

# Of a message longer than the first parameter only the size comes. PostgreSQL does not fetch what it does not return.
AFTER = """
SELECT a.n, c.last_seq, m.seq, m.client_id::text, m.author, m.sent_at, m.size,
       CASE WHEN m.size <= %s THEN m.sealed_body END
FROM unnest(%s::int[], %s::bigint[], %s::int[], %s::bigint[]) AS a(n, conversation_id, after, agent_id)
JOIN chat_conversation c ON c.id = a.conversation_id AND (a.agent_id IS NULL OR c.assigned_to_id = a.agent_id)
CROSS JOIN LATERAL (
    SELECT seq, client_id, author, sent_at, sealed_body, octet_length(sealed_body) AS size FROM chat_message
    WHERE conversation_id = a.conversation_id AND seq > a.after ORDER BY seq LIMIT %s
) AS m
ORDER BY a.n, m.seq
"""
LONG = """
SELECT l.n, l.seq, m.sealed_body FROM unnest(%s::int[], %s::bigint[], %s::int[]) AS l(n, conversation_id, seq)
CROSS JOIN LATERAL (
    SELECT sealed_body FROM chat_message WHERE conversation_id = l.conversation_id AND seq = l.seq LIMIT 1
) AS m
"""
BEHIND = """
SELECT c.id, c.last_seq FROM unnest(%s::bigint[], %s::int[]) AS a(id, after)
JOIN chat_conversation c ON c.id = a.id AND c.last_seq > a.after
"""
OWN = """
SELECT assigned_to_id, public_id, id, last_seq FROM chat_conversation
WHERE assigned_to_id = ANY(%s::bigint[]) AND status = 'active' ORDER BY assigned_at
"""
# A hash of everything that decides which state a person reads, and whether they may still read it.
STANDING = """hash_record_extended(
    ROW(c.status, c.assigned_to_id, a.public_name, u.force, r.language, r.visit_generation), 0)"""
SNAPSHOTS = f"""
SELECT c.id, c.status, c.last_seq, c.assigned_to_id, a.public_name, u.force, r.language,
       c.reporter_read_seq, c.agent_read_seq, r.visit_generation, {STANDING}, c.public_id::text, uuid_send(c.data_key)
FROM chat_conversation c JOIN reports_report r ON r.id = c.report_id
LEFT JOIN chat_agent a ON a.id = c.assigned_to_id LEFT JOIN chat_unit u ON u.id = a.unit_id
WHERE c.id = ANY(%s::bigint[])
"""
OUTDATED = f"""
SELECT known.n FROM unnest(%s::int[], %s::bigint[], %s::bigint[], %s::bigint[]) AS known(n, id, last_seq, standing)
LEFT JOIN chat_conversation c ON c.id = known.id LEFT JOIN reports_report r ON r.id = c.report_id
LEFT JOIN chat_agent a ON a.id = c.assigned_to_id LEFT JOIN chat_unit u ON u.id = a.unit_id
WHERE c.id IS NULL OR c.last_seq > known.last_seq OR {STANDING} <> known.standing
"""
OUTDATED_AGENTS = """
SELECT coalesce(known.agent_id, c.agent_id)
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS known(agent_id, id, last_seq)
FULL JOIN (
    SELECT assigned_to_id AS agent_id, id, last_seq FROM chat_conversation
    WHERE assigned_to_id = ANY(%s::bigint[]) AND status = 'active'
) AS c ON c.agent_id = known.agent_id AND c.id = known.id
WHERE c.id IS NULL OR known.id IS NULL OR c.last_seq > known.last_seq
"""


class Known(NamedTuple):
    """It is what a page has of a conversation: all messages up to `last_seq`, and the hash of the state it knows."""

    conversation_id: int
    last_seq: int
    standing: int


class KnownOwn(NamedTuple):
    """It is what a console has: for each conversation of its agent the key, and the number up to which it has
    messages."""

    agent_id: int
    conversations: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class Ask:
    """Asks for the messages of a conversation after the number `after`.

    agent_id: the agent who asks, None for the reporter. with_state: whether the state of the conversation is wanted.
    """

    conversation_id: int
    public_id: UUID | str
    after: int
    agent_id: int | None = None
    with_state: bool = True


@dataclass(frozen=True, slots=True)
class Snapshot:
    """It is the state of a conversation.

    interlocutor: who answers, as the reporter reads it, in the language of the visit; None if nobody does.
    generation: that of the visit that may read it (docs/adr/0010).
    standing: a hash that changes with the status, the agent, the interlocutor, the language and the generation.
    """

    status: str
    last_seq: int
    agent_id: int | None
    interlocutor: str | None
    reporter_read_seq: int
    agent_read_seq: int
    generation: int
    standing: int

    def state_frame(
        self, public_id: str, *, for_reporter: bool, place: QueuePlace = (None, None), closed: bool | None = None
    ) -> Json:
        """Return the `state` frame for one side. For a person who waits: place, their position and range of minutes,
        and closed, whether the chat is closed to others.
        """
        return protocol.state_frame(
            public_id,
            status=self.status,
            position=place[0],
            wait_minutes=place[1],
            interlocutor=self.interlocutor,
            last_seq=self.last_seq,
            read_seq=self.agent_read_seq if for_reporter else self.reporter_read_seq,
            closed=closed,
        )


@dataclass(slots=True)
class Reading:
    """These are the messages after a cursor, in the order of `seq` and without a gap, one page at most.

    last_seq: the last number of the conversation, so that one sees whether more follow. snapshot: None when only
    messages were asked for; last_seq is then 0 if there are none. is_put_off: nothing was read, because others filled
    the batch (CROSSING_BYTES), and the asker has to ask again. The first asker is never put off. is_cut: the server of
    the keys is away, and the message after the last one cannot be opened before it is back. The reading ends before it,
    as if it were not written yet: `last_seq`, also that of the snapshot, is the number before it. So the next beat
    finds a message after the cursor, and reads again.
    """

    snapshot: Snapshot | None = None
    items: list[Json] = field(default_factory=list)
    last_seq: int = 0
    is_put_off: bool = False
    is_cut: bool = False

    def cut_before(self, seq: int) -> None:
        """End this reading before the message `seq`."""
        self.is_cut = True
        self.last_seq = seq - 1
        if self.snapshot is not None:
            self.snapshot = replace(self.snapshot, last_seq=seq - 1)


@lru_cache(maxsize=10_000)
def _interlocutor(name: str, force: str, language: str) -> str:
    with translation.override(language):
        return Agent.interlocutor_of(name, force)


def read_snapshots(conversation_ids: Sequence[int]) -> dict[int, Snapshot]:
    """Read the state of these conversations, by key; those that no longer exist are left out. One query.

    Which data key encrypts each of them is remembered, so that the first message that is written there need not ask.
    """
    rows = fetch_rows(SNAPSHOTS, [array_text(set(conversation_ids))])
    # A conversation without a key may get one (`conversation_keys`): that it has none is asked where it matters.
    conversation_keys.remember_labels({public_id: label for *_state, public_id, label in rows if label is not None})
    return {
        pk: Snapshot(
            status=status,
            last_seq=last_seq,
            agent_id=agent_id,
            interlocutor=_interlocutor(name, force, language) if agent_id else None,
            reporter_read_seq=reporter_read_seq,
            agent_read_seq=agent_read_seq,
            generation=generation,
            standing=standing,
        )
        for (
            pk, status, last_seq, agent_id, name, force, language, reporter_read_seq, agent_read_seq, generation,
            standing, _public_id, _label,
        ) in rows
    }  # fmt: skip


def read_messages(asks: Sequence[Ask]) -> list[Reading | None]:
    """Read what lies after each cursor; None for a conversation that no longer exists.

    Takes two queries at most, one more for long messages, and one more for data keys that this process does not know.
    An agent gets no messages of a conversation that is no longer theirs. In place of a message that no key opens stands
    a line that says so. While the server of the keys is away, the askers whose key is not in memory get what is before
    the first message that needs it (`Reading.is_cut`), because a page keeps what it was sent. What is read together is
    bounded in bytes: askers for whom no room is left are put off (`Reading.is_put_off`).

    Raises the errors of django.db.
    """
    in_state = [ask.conversation_id for ask in asks if ask.with_state]
    heads = read_snapshots(in_state) if in_state else {}
    readings: list[Reading | None] = []
    wanted: list[tuple[int, Ask]] = []
    for n, ask in enumerate(asks):
        head = heads.get(ask.conversation_id) if ask.with_state else None
        if ask.with_state and head is None:
            readings.append(None)
            continue
        readings.append(Reading(head, last_seq=head.last_seq if head else 0))
        if head is None or head.last_seq > ask.after:
            wanted.append((n, ask))
    if wanted:
        _read_after(wanted, readings)
    return readings


def _read_after(wanted: Sequence[tuple[int, Ask]], readings: Sequence[Reading | None]) -> None:
    """Add the messages to their readings. wanted: each question with its index in `readings`."""
    page = protocol.PAGE if len(wanted) <= CROWD else PAGE_IN_A_CROWD
    columns = zip(*((n, ask.conversation_id, ask.after, ask.agent_id) for n, ask in wanted), strict=True)
    public_ids = {n: ask.public_id for n, ask in wanted}
    sizes = dict.fromkeys(public_ids, 0)
    # The length that leaves room for all of them.
    short = CROSSING_BYTES // sum(_most(readings[n], ask, page) for n, ask in wanted)
    rows = fetch_rows(AFTER, [short, *map(array_text, columns), page])
    if any(row[-1] is None for row in rows):
        rows = _with_long(rows, wanted, readings)
    ciphers, away = data_keys.find_for(row[-1] for row in rows)
    for n, last_seq, seq, client_id, author, sent_at, _size, sealed in rows:
        reading = readings[n]
        if reading is None or reading.is_cut or sizes[n] > protocol.PAGE_BYTES:
            continue
        if away and encryption.data_key_bytes(sealed) in away:
            reading.cut_before(seq)
            continue
        reading.last_seq = max(reading.last_seq, last_seq, seq)
        body = Message.opened(sealed, conversation=public_ids[n], seq=seq, author=author, ciphers=ciphers)
        item = protocol.message_item(seq=seq, client_id=client_id, author=author, sent_at=sent_at, body=body)
        before, sizes[n] = sizes[n], sizes[n] + protocol.size_of(item)
        if sizes[n] <= protocol.PAGE_BYTES or not before:
            reading.items.append(item)


def _most(reading: Reading | None, ask: Ask, page: int) -> int:
    """Return how many messages this asker gets at most."""
    return min(page, reading.last_seq - ask.after) if reading is not None and reading.last_seq else page


def _with_long(rows: Sequence[Row], wanted: Sequence[tuple[int, Ask]], readings: Sequence[Reading | None]) -> list[Row]:
    """Choose the rows for which there is room, and fetch the words of the long messages among them, in one query.

    Each asker gets what one frame holds, and all together get CROSSING_BYTES; in both cases the message that crosses
    the bound is still there. Askers for whom nothing is left are put off. When a conversation is deleted meanwhile, its
    asker gets the messages before the first one that is gone.
    """
    kept: list[Row] = []
    own: dict[int, int] = {}
    total = 0
    for row in rows:
        n, size = row[0], row[-2]
        if own.get(n, 0) > protocol.PAGE_BYTES:
            continue
        if total > CROSSING_BYTES:
            break
        own[n] = own.get(n, 0) + size
        total += size
        kept.append(row)
    if total > CROSSING_BYTES:
        _put_off(readings, [n for n, _ask in wanted if n > kept[-1][0]])
    conversations = {n: ask.conversation_id for n, ask in wanted}
    long = [(row[0], conversations[row[0]], row[2]) for row in kept if row[-1] is None]
    # None when the long ones stand behind a frame that is full already.
    fetched = fetch_rows(LONG, [*map(array_text, zip(*long, strict=True))]) if long else []
    found = {(n, seq): sealed for n, seq, sealed in fetched}
    whole: list[Row] = []
    gone: set[int] = set()
    for row in kept:
        sealed = found.get((row[0], row[2])) if row[-1] is None else row[-1]
        if sealed is None:
            gone.add(row[0])
        if row[0] not in gone:
            whole.append((*row[:-1], sealed))
    return whole


def _put_off(readings: Sequence[Reading | None], places: Sequence[int]) -> None:
    """Mark the askers at these places as not read."""
    for n in places:
        reading = readings[n]
        if reading is not None:
            reading.is_put_off = True


def find_outdated(known: Sequence[Known]) -> list[int]:
    """Return the indices of the entries that are no longer true.

    That is so when messages follow the last one, when the state is another, or when the conversation was deleted. One
    query, which returns no rows for the other entries.
    """
    columns = zip(*((n, *one) for n, one in enumerate(known)), strict=True)
    return [n for (n,) in fetch_rows(OUTDATED, [array_text(column) for column in columns])]


def find_outdated_agents(known: Sequence[KnownOwn]) -> set[int]:
    """Return the agents whose console is out of date: a conversation came or left, or has more messages.

    One query, which returns no rows for the other agents.
    """
    rows = [(one.agent_id, *conversation) for one in known for conversation in one.conversations]
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    agents = array_text({one.agent_id for one in known})
    return {agent_id for (agent_id,) in fetch_rows(OUTDATED_AGENTS, [*map(array_text, columns), agents])}


def conversations_behind(cursors: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Find the conversations with messages after their cursor: key → number of the last message. One query.

    cursors: (key of the conversation, number up to which everything was sent), at least one.
    """
    return dict(fetch_rows(BEHIND, [array_text(column) for column in zip(*cursors, strict=True)]))


def own_conversations(agent_ids: Collection[int]) -> dict[int, Own]:
    """Return the conversations that these agents answer now, by agent, the longest assigned first. One query."""
    own: dict[int, Own] = {agent_id: {} for agent_id in agent_ids}
    for agent_id, public_id, pk, last_seq in fetch_rows(OWN, [array_text(agent_ids)]) if own else ():
        own[agent_id][public_id] = (pk, last_seq)
    return own

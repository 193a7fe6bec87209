"""What the sockets and the plain pages read, for many askers at once.

A reading is what lies after a cursor, with the state of the conversation beside it. It is the only way from the table
of messages to a screen, except that a message just committed is shown from memory to those who have all before it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import translation

from chat import protocol
from chat.models import Agent, Conversation, Message
from locations.models import Force
from reports import keyring

Json = dict[str, Any]
Own = dict[UUID, tuple[int, int]]  # conversations of an agent: public id to (key, last_seq)
Place = tuple[int | None, tuple[int, int] | None]

# In one crossing: few askers get whole pages, a crowd (everybody is back at once) shorter ones in turn.
CROWD = 8
PAGE_IN_A_CROWD = 50

AFTER = """
SELECT a.n, m.seq, m.client_id, m.author, m.sent_at, m.sealed_body
FROM unnest(%s::int[], %s::bigint[], %s::int[]) AS a(n, conversation_id, after)
CROSS JOIN LATERAL (
    SELECT seq, client_id, author, sent_at, sealed_body FROM chat_message
    WHERE conversation_id = a.conversation_id AND seq > a.after ORDER BY seq LIMIT %s
) AS m
ORDER BY a.n, m.seq
"""
BEHIND = """
SELECT c.id, c.last_seq FROM unnest(%s::bigint[], %s::int[]) AS a(id, after)
JOIN chat_conversation c ON c.id = a.id AND c.last_seq > a.after
"""


@dataclass(frozen=True, slots=True)
class Ask:
    """« I have everything of this conversation up to `after`. » agent_id: the agent who asks, None for the reporter."""

    conversation_id: int
    public_id: UUID
    after: int
    agent_id: int | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Where a conversation stands. `interlocutor`: as the reporter reads it, in the language of the visit."""

    status: str
    last_seq: int
    agent_id: int | None
    interlocutor: str | None
    reporter_read_seq: int
    agent_read_seq: int
    generation: int

    def state_frame(self, public_id: str, *, for_reporter: bool, place: Place = (None, None)) -> Json:
        """The `state` frame of one side. place: position and range of minutes, of a person who waits."""
        return protocol.state_frame(
            public_id,
            status=self.status,
            position=place[0],
            wait_minutes=place[1],
            interlocutor=self.interlocutor,
            last_seq=self.last_seq,
            read_seq=self.agent_read_seq if for_reporter else self.reporter_read_seq,
        )


@dataclass(slots=True)
class Reading:
    """Items in order of `seq`, without a gap after the cursor: a page at most; `last_seq` says what remains."""

    snapshot: Snapshot
    items: list[Json] = field(default_factory=list)

    @property
    def last_seq(self) -> int:
        return max(self.snapshot.last_seq, self.items[-1]["seq"] if self.items else 0)


@lru_cache(maxsize=10_000)
def _interlocutor(name: str, force: str, language: str) -> str:
    with translation.override(language):
        return Agent.interlocutor_of(name, force)


def snapshots(conversation_ids: Sequence[int]) -> dict[int, Snapshot]:
    """Where these conversations stand, by key; those that no longer exist are not there. One query."""
    rows = Conversation.objects.filter(pk__in=set(conversation_ids)).values_list(
        "pk",
        "status",
        "last_seq",
        "assigned_to_id",
        "assigned_to__public_name",
        "assigned_to__unit__force",
        "report__language",
        "reporter_read_seq",
        "agent_read_seq",
        "report__visit_generation",
    )
    return {
        pk: Snapshot(
            status=status,
            last_seq=last_seq,
            agent_id=agent_id,
            interlocutor=_interlocutor(name, Force(force), language) if agent_id else None,
            reporter_read_seq=reporter_read_seq,
            agent_read_seq=agent_read_seq,
            generation=generation,
        )
        for (
            pk, status, last_seq, agent_id, name, force, language, reporter_read_seq, agent_read_seq, generation
        ) in rows
    }  # fmt: skip


def read(asks: Sequence[Ask]) -> list[Reading | None]:
    """What lies after each cursor, in two queries; None for a conversation that no longer exists.

    An agent reads nothing of a conversation that is not theirs any more, whoever asked to look.
    Raises keyring.UnsealError when no key of the ring opens a message.
    """
    heads = snapshots([ask.conversation_id for ask in asks])
    readings = [Reading(heads[ask.conversation_id]) if ask.conversation_id in heads else None for ask in asks]
    wanted = [
        (n, ask)
        for n, (ask, reading) in enumerate(zip(asks, readings, strict=True))
        if reading is not None
        and reading.snapshot.last_seq > ask.after
        and ask.agent_id in {None, reading.snapshot.agent_id}
    ]
    if not wanted:
        return readings
    page = protocol.PAGE if len(wanted) <= CROWD else PAGE_IN_A_CROWD
    with connection.cursor() as cursor:
        cursor.execute(
            AFTER,
            [
                [n for n, _ask in wanted],
                [ask.conversation_id for _n, ask in wanted],
                [ask.after for _n, ask in wanted],
                page,
            ],
        )
        rows = cursor.fetchall()
    found = {n: reading for n, reading in enumerate(readings) if reading is not None}
    sizes = [0] * len(asks)
    for n, seq, client_id, author, sent_at, sealed in rows:
        if sizes[n] > protocol.PAGE_BYTES:
            continue
        body = keyring.unseal(sealed, context=Message.context_of(asks[n].public_id, seq, author))
        item = protocol.message_item(seq=seq, client_id=client_id, author=author, sent_at=sent_at, body=body)
        before, sizes[n] = sizes[n], sizes[n] + protocol.size_of(item)
        if sizes[n] <= protocol.PAGE_BYTES or not before:
            found[n].items.append(item)
    return readings


def behind(cursors: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Of these (conversation, cursor), those with something after the cursor: key to the number of the last message."""
    with connection.cursor() as cursor:
        cursor.execute(BEHIND, [[pk for pk, _after in cursors], [after for _pk, after in cursors]])
        return dict(cursor.fetchall())


def own_conversations(agent_ids: Collection[int]) -> dict[int, Own]:
    """The conversations that these agents answer now, by agent, oldest first."""
    own: dict[int, Own] = {agent_id: {} for agent_id in agent_ids}
    rows = (
        Conversation.objects.active()
        .filter(assigned_to__in=agent_ids)
        .order_by("assigned_at")
        .values_list("assigned_to_id", "public_id", "pk", "last_seq")
    )
    for agent_id, public_id, pk, last_seq in rows:
        if agent_id is not None:
            own[agent_id][public_id] = (pk, last_seq)
    return own

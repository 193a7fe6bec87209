"""Renews the lease of an agent whose open page is not the console, but any other page of the staff, in any tab.

The console renews the lease by its socket, or by its frames over HTTP. Every other page sends a beat here, each third
of a lease, as long as there is something to lose (docs/adr/0049).
"""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from chat.conversations import actions
from chat.rules.lifecycle import Availability, is_idle, is_lease_over, is_on_the_phone
from common.sql import fetch_rows

# The lease is renewed while something depends on it: conversations under way, or the availability of an agent who is
# available or in a pause and would become absent without it. At most ten conversations are looked at, because of the
# constraint `agent_capacity_is_human`. `actions.AGENTS_SEEN` renews the lease of the console: what one of the two
# statements writes of an agent, the other writes too.
BEAT = """
WITH moment AS MATERIALIZED (SELECT clock_timestamp() AS now), held AS MATERIALIZED (
    SELECT count(*) AS held, count(*) FILTER (WHERE EXISTS (
        SELECT FROM chat_message m
        WHERE m.conversation_id = c.id AND m.author = 'reporter' AND m.seq > c.agent_read_seq
    )) AS unread, count(*) FILTER (WHERE EXISTS (
        SELECT FROM chat_dangermark d WHERE d.conversation_id = c.id AND d.dealt_seq < ANY (d.seqs)
    )) AS marked, count(*) FILTER (WHERE 'agent' IS DISTINCT FROM (
        SELECT m.author FROM chat_message m WHERE m.conversation_id = c.id AND m.author <> 'system'
        ORDER BY m.seq DESC LIMIT 1
    ) OR EXISTS (
        SELECT FROM chat_hold h WHERE h.conversation_id = c.id AND h.ended_at IS NULL AND h.until <= moment.now
          AND NOT EXISTS (
            SELECT FROM chat_message m
            WHERE m.conversation_id = c.id AND m.author = 'agent' AND m.seq > h.seq AND m.sent_at >= h.until
          )
    )) AS owed
    FROM moment CROSS JOIN chat_conversation c JOIN chat_agent a ON a.id = c.assigned_to_id
    WHERE a.user_id = %(user)s AND c.status = 'active'
), told AS (
    SELECT moment.now - %(sign)s::int * interval '1 s' AS sign_at FROM moment
), late AS (
    SELECT a.id, a.seen_at, told.sign_at, moment.now FROM chat_agent a, moment, held, told
    WHERE a.user_id = %(user)s AND (held.held > 0 OR a.availability <> %(away)s)
      AND (a.seen_at IS NULL OR a.seen_at < moment.now - %(every)s * interval '1 s'
        OR a.seen_at > moment.now + %(every)s * interval '1 s'
        OR told.sign_at > coalesce(a.sign_at + %(every)s * interval '1 s', '-infinity'))
    FOR NO KEY UPDATE OF a
), renewed AS (
    UPDATE chat_agent a SET seen_at = late.now,
        sign_at = greatest(CASE WHEN a.sign_at > late.now THEN late.now ELSE a.sign_at END, late.sign_at)
    FROM late WHERE a.id = late.id RETURNING a.id, late.seen_at, late.now
)
SELECT a.id, a.availability, a.pause_reason, held.held, held.unread, held.marked, held.owed,
       renewed.id, renewed.seen_at, renewed.now,
       ceil(extract(epoch FROM moment.now - a.sign_at))::int
FROM chat_agent a CROSS JOIN held CROSS JOIN moment LEFT JOIN renewed ON renewed.id = a.id WHERE a.user_id = %(user)s
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """It is what a page of the staff is told when it says that it is open (a beat).

    held: the agent's conversations under way; unread: those of them with messages to read. is_kept: the lease is kept
    up, because conversations or the availability depend on it; this beat need not have written it
    (`actions.SEEN_EVERY`). was_over: the lease had ended before this beat. idle_reason: the reason, with its hour, of
    the pause in which a page has set the agent because it saw no sign of them (`chat.conversations.idle`), or empty.
    sign: seconds since the last sign of the agent that any of their pages has told before this beat, rounded up; None
    if none has. phone_reason: the same as idle_reason while they telephone (`chat.conversations.phone_calls`). marked:
    their conversations with a mark of danger that is not dealt with, by the numbers that are kept. owed: those whose
    person waits for their words, or whose promise to be back may be over: how late these are, the list tells.
    """

    held: int
    unread: int
    is_kept: bool
    was_over: bool
    idle_reason: str = ""
    phone_reason: str = ""
    sign: int | None = None
    marked: int = 0
    owed: int = 0


def renew_lease(*, user_id: int, sign: int | None = None) -> Standing | None:
    """Renew the lease of this account's agent if something depends on it; None for an account without an agent.

    sign: seconds since the page last saw a sign of its agent, if it says so.

    One statement, and at most one write every `actions.SEEN_EVERY`, however many pages send beats. More statements
    follow only when the lease had ended (`actions.came_back`).
    """
    values = {
        "user": user_id,
        "away": Availability.AWAY.value,
        "every": actions.SEEN_EVERY.total_seconds(),
        "sign": sign,
    }
    rows = fetch_rows(BEAT, values)
    if not rows:
        return None
    _agent_id, availability, pause_reason, held, unread, marked, owed, renewed, seen_at, now, told = rows[0]
    lease = timedelta(seconds=settings.LEASE_SECONDS)
    was_over = renewed is not None and is_lease_over(seen_at=seen_at, now=now, lease=lease)
    if was_over:
        actions.came_back([(renewed, seen_at, now)])
    return Standing(
        held,
        unread,
        is_kept=bool(held) or availability != Availability.AWAY,
        was_over=was_over,
        idle_reason=pause_reason if is_idle(pause_reason) else "",
        sign=told,
        marked=marked,
        owed=owed,
        phone_reason=pause_reason if is_on_the_phone(pause_reason) else "",
    )

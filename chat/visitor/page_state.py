"""This module reads what the person's page shows besides the thread, by one statement that every page of the exchange
makes.

It decides that something is there; whoever shows more than that reads it in its own module, and the tests hold this
statement and those modules together.
"""

from datetime import datetime
from typing import Any, NamedTuple

from chat.casework import proposals
from chat.models import Conversation, EventKind
from chat.models.casework import ProposalKind
from chat.referral import queries as referral_queries
from chat.retention import schedule
from chat.rules.lifecycle import Status
from chat.rules.referral import STANDING, State
from chat.rules.transfer import HandoverState
from common.sql import fetch_rows
from reports.rules.retention import DEFAULTS, Decision, Kind, Life, Rule

FOUND = f"""
SELECT
  EXISTS (SELECT FROM chat_handover h WHERE h.conversation_id = c.id AND h.state = %(reading)s AND h.until > %(now)s
          AND h.from_agent_id = c.assigned_to_id AND c.status = %(active)s),
  ARRAY (SELECT DISTINCT t.state FROM chat_transmission t WHERE t.conversation_id = c.id),
  EXISTS (SELECT FROM chat_transmission t WHERE t.conversation_id = c.id AND (t.state = %(consent)s
          OR t.state = %(meeting)s AND %(now)s < (SELECT s.meets_at FROM chat_transmissionstep s
             WHERE s.transmission_id = t.id AND s.state = %(meeting)s ORDER BY s.number DESC LIMIT 1))),
  EXISTS (SELECT FROM chat_proposal p WHERE p.conversation_id = c.id AND p.kind = %(appointment)s),
  EXISTS (SELECT FROM chat_proposal p WHERE p.conversation_id = c.id),
  EXISTS (SELECT FROM chat_proposal p WHERE p.conversation_id = c.id
          AND (p.kind = %(removal)s OR r.discreet AND p.kind = ANY(%(on_follow_up)s)))
    OR EXISTS (SELECT FROM chat_removalrequest d WHERE d.conversation_id = c.id),
  EXISTS (SELECT FROM chat_capture k WHERE k.conversation_id = c.id AND k.sent_by_id IS NOT NULL
          AND k.shown_at IS NOT NULL),
  EXISTS (SELECT FROM chat_conversationevent e WHERE e.conversation_id = c.id AND e.kind = %(assigned)s),
  {schedule.ADDED_AT},
  c.reporter_seen_at,
  (SELECT q.answered_at FROM reports_erasurerequest q WHERE q.report_id = c.report_id AND q.is_granted),
  exchange.days, exchange.grace_days, exchange.digest_days, exchange.in_force_at,
  exchange.former_days, exchange.former_grace_days,
  erasure.days, erasure.grace_days, erasure.digest_days, erasure.in_force_at,
  erasure.former_days, erasure.former_grace_days
FROM chat_conversation c JOIN reports_report r ON r.id = c.report_id
LEFT JOIN reports_retentionrule exchange ON exchange.kind = %(exchange)s
LEFT JOIN reports_retentionrule erasure ON erasure.kind = %(erasure)s
WHERE c.id = %(id)s
"""  # noqa: S608  of our own texts


class PageState(NamedTuple):
    """It is what is there for this person now.

    is_asked: a summary waits to be read before the exchange passes on. has_slip: an appointment stands. may_be_asked:
    something was proposed. has_document: whoever answers has sent one. is_answered: somebody answers, or has answered.
    decision and rule: when all of it goes if nothing is added, as the person may know it
    (`chat.retention.schedule.ending_as_told`).
    """

    is_asked: bool
    may_be_asked: bool
    is_answered: bool
    has_slip: bool
    follow: str
    has_document: bool
    decision: Decision
    rule: Rule


def read_page_state(conversation: Conversation, now: datetime) -> PageState:
    """Read what the page of an exchange shows beside the thread. conversation: just obtained by `chat.access`."""
    values = {
        "id": conversation.pk,
        "now": now,
        "reading": HandoverState.READING.value,
        "active": Status.ACTIVE.value,
        "assigned": EventKind.ASSIGNED.value,
        "consent": State.ASKED.value,
        "meeting": State.MEETING.value,
        "appointment": ProposalKind.APPOINTMENT.value,
        "removal": ProposalKind.REMOVAL.value,
        "on_follow_up": [kind.value for kind in proposals.ON_FOLLOW_UP],
        **schedule.ACTS,
        "exchange": Kind.EXCHANGE.value,
        "erasure": Kind.ERASURE.value,
    }
    (found,) = fetch_rows(FOUND, values)
    is_asked, states, waits, has_appointment, may_be_asked, has_more, has_document, is_answered, *more = found
    added_at, seen_at, granted_at, *rules = more
    decision, rule = schedule.ending_as_told(
        Life(added_at, seen_at),
        granted_at=granted_at,
        exchange=_rule(Kind.EXCHANGE, rules[:6]),
        erasure=_rule(Kind.ERASURE, rules[6:]),
        now=now,
    )
    # Which of them stands is in sealed words: opened for the few who have one.
    may_meet = has_appointment or not STANDING.isdisjoint(states)
    return PageState(
        is_asked=is_asked,
        may_be_asked=may_be_asked,
        is_answered=is_answered,
        has_slip=may_meet and referral_queries.slip_of(conversation) is not None,
        follow=referral_queries.link_words(waits=waits, has_any=bool(states) or has_more),
        has_document=has_document,
        decision=decision,
        rule=rule,
    )


def _rule(kind: Kind, row: list[Any]) -> Rule:
    """Return the administrator's rule, or the one that the service began with."""
    return DEFAULTS[kind] if row[0] is None else Rule(*row)

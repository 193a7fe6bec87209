"""This module says in one statement what there is of an exchange and of its agent, so that a page reads only that.

Of most exchanges there is no emergency, no proposal, no hand-over, no note…: each of these had a query that found
nothing, thirty on each page of the console. A query costs a third of a millisecond of the processor, and gives up the
interpreter, which other pages hold then.
"""

from datetime import datetime
from typing import NamedTuple

from chat.models import Agent, Conversation
from common.sql import fetch_rows


class AtHand(NamedTuple):
    """It says whether there is any, of a conversation that was just obtained, and of its agent; by the name of what it
    is.

    offers: any offer of anybody that is open. passed: hand-overs by this agent that are open or have just ended.
    whispered: words of supervisors of late. macros, groups, crowded: whether there are any, whoever they belong to.
    """

    emergencies: bool = True
    facts: bool = True
    captures: bool = True
    draft: bool = True
    sheet: bool = True
    proposals: bool = True
    transmissions: bool = True
    handovers: bool = True
    whispers: bool = True
    watches: bool = True
    notes: bool = True
    own_replies: bool = True
    asides: bool = True
    offers: bool = True
    passed: bool = True
    whispered: bool = True
    ended: bool = True
    macros: bool = True
    groups: bool = True
    crowded: bool = True


EVERYTHING = AtHand()

# In the order of AtHand. Each is one look into an index, or into a table of a few rows; the states are written out,
# because some of these indexes hold rows of a state alone.
_ANY = """
SELECT
    EXISTS (SELECT FROM chat_emergency WHERE conversation_id = %(exchange)s::bigint),
    EXISTS (SELECT FROM chat_journalfact WHERE conversation_id = %(exchange)s),
    EXISTS (SELECT FROM chat_capture
            WHERE conversation_id = %(exchange)s AND sent_by_id IS NULL AND shown_at IS NOT NULL),
    EXISTS (SELECT FROM chat_replydraft WHERE conversation_id = %(exchange)s),
    EXISTS (SELECT FROM chat_factsheet WHERE conversation_id = %(exchange)s),
    EXISTS (SELECT FROM chat_proposal WHERE conversation_id = %(exchange)s),
    EXISTS (SELECT FROM chat_transmission WHERE conversation_id = %(exchange)s),
    EXISTS (SELECT FROM chat_handover WHERE conversation_id = %(exchange)s),
    EXISTS (SELECT FROM chat_whisper WHERE conversation_id = %(exchange)s AND agent_id = %(agent)s::bigint),
    EXISTS (SELECT FROM chat_watch WHERE conversation_id = %(exchange)s AND left_at IS NULL),
    EXISTS (SELECT FROM chat_note WHERE conversation_id = %(exchange)s),
    EXISTS (SELECT FROM chat_ownreply WHERE agent_id = %(agent)s),
    EXISTS (SELECT FROM chat_asidepart p JOIN chat_aside a ON a.id = p.aside_id
            JOIN chat_conversation c ON c.id = a.conversation_id
            WHERE p.agent_id = %(agent)s AND c.status = 'active' AND c.assigned_to_id = a.asked_by_id),
    EXISTS (SELECT FROM chat_handover WHERE state IN ('offered', 'reading')),
    EXISTS (SELECT FROM chat_handover WHERE from_agent_id = %(agent)s
            AND (state IN ('offered', 'reading') OR ended_at >= %(news)s::timestamptz)),
    EXISTS (SELECT FROM chat_whisper WHERE agent_id = %(agent)s AND said_at >= %(news)s::timestamptz),
    EXISTS (SELECT FROM chat_conversation
            WHERE assigned_to_id = %(agent)s AND status = 'closed' AND closed_at >= %(ended)s::timestamptz),
    EXISTS (SELECT FROM chat_macro WHERE is_active),
    EXISTS (SELECT FROM chat_conversation WHERE status = 'waiting' AND lookalike_group IS NOT NULL),
    EXISTS (SELECT FROM chat_conversation WHERE status = 'waiting' AND is_crowded)
"""


def read_at_hand(
    agent: Agent, conversation: Conversation | None, *, news_since: datetime, ended_since: datetime
) -> AtHand:
    """Return what there is. conversation: None on a page without an open one. One statement.

    news_since: what happened to hand-overs before that is no news. ended_since: nor are exchanges that ended before.
    """
    values = {
        "exchange": conversation and conversation.pk,
        "agent": agent.pk,
        "news": news_since,
        "ended": ended_since,
    }
    [row] = fetch_rows(_ANY, values)
    return AtHand(*row)

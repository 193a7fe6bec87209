"""This module gives a conversation of an agent its handle when it is first shown to that agent, and stores it.

The dispatcher does not do this, so that conversations that an earlier version assigned get a handle too. Pages, parts
of pages and documents all read the handle from the same row.
"""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Case, F, Prefetch, Q, When
from django.db.models.functions import Greatest

from chat.models import Agent, Conversation, ConversationHandle
from chat.rules.handles import REMEMBERED, RESTS, Handle, next_handle
from chat.rules.lifecycle import Status
from common import clock

# Most handles of one agent that are read to choose the next one. No agent is given as many people in a shift.
GIVEN_AT_MOST = 500


def handle_of(agent: Agent | None, conversation: Conversation) -> Handle | None:
    """Return the handle of this conversation for this agent; None when they never had it on screen."""
    row = ConversationHandle.objects.filter(agent=agent, conversation=conversation).first() if agent else None
    return row.value if row else None


def own_handles(agent: Agent, *, of: str) -> Prefetch:
    """Return a `Prefetch` of this agent's handle for the conversation of each row. One query.

    The conversation gets a list `own_handles`, with one row or none. of: the name of the foreign key to it.
    """
    return Prefetch(f"{of}__handles", queryset=ConversationHandle.objects.filter(agent=agent), to_attr="own_handles")


def _used_until(agent: Agent) -> Case:
    """Return when a handle of this agent was last used: until the end of its conversation, or until a colleague had it.

    Of one under way, and of one that is back in the queue, it is when it was given.
    """
    return Case(
        When(conversation__closed_at__isnull=False, then=Greatest("conversation__closed_at", "given_at")),
        When(
            ~Q(conversation__assigned_to=agent) & Q(conversation__assigned_at__isnull=False),
            then=Greatest("conversation__assigned_at", "given_at"),
        ),
        default=F("given_at"),
    )


@transaction.atomic
def give_handles(agent: Agent, conversations: Sequence[int]) -> dict[int, Handle]:
    """Give each of these conversations (keys) of this agent a handle, and return the handles by key.

    A conversation that has one keeps it. Locks the agent's row, so that two pages that are requested at once give the
    same handles.
    """
    Agent.objects.select_for_update(of=("self",), no_key=True).get(pk=agent.pk)
    now = clock.now()
    running = ConversationHandle.objects.filter(
        agent=agent, conversation__assigned_to=agent, conversation__status=Status.ACTIVE
    )
    in_use = {row.conversation_id: row.value for row in running}
    lately = ConversationHandle.objects.filter(agent=agent, given_at__gt=now - REMEMBERED)
    lately = lately.annotate(used_at=_used_until(agent)).order_by("-given_at", "-pk")[:GIVEN_AT_MOST]
    used = sorted(lately, key=lambda row: (row.used_at, row.given_at, row.pk))
    given = [row.value for row in used]
    resting = {row.number for row in used if row.conversation_id not in in_use and row.used_at > now - RESTS}
    missing = [pk for pk in conversations if pk not in in_use]
    words = dict(
        ConversationHandle.objects.filter(conversation__in=missing)
        .order_by("given_at", "pk")
        .values_list("conversation", "word")
    )
    made = []
    for pk in missing:
        handle = next_handle(given=given, in_use=in_use.values(), resting=resting, word=words.get(pk, ""))
        in_use[pk] = handle
        given.append(handle)
        made.append(
            ConversationHandle(
                conversation_id=pk,
                agent=agent,
                number=handle.number,
                colour=handle.colour,
                word=handle.word,
                given_at=now,
            )
        )
    # Conflicts are ignored: another process may have given a handle meanwhile, whose row then stays.
    ConversationHandle.objects.bulk_create(made, ignore_conflicts=True)
    return {pk: in_use[pk] for pk in conversations}

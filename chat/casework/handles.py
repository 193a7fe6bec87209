"""Gives an agent's conversations their handles, when one is first shown to its agent, and keeps them.

They are given there and not by the dispatcher, so that a conversation gets one too which a process of the version
before assigned. Whatever shows a handle reads the same row: pages, parts of pages, documents.
"""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Prefetch

from chat.models import Agent, Conversation, ConversationHandle
from chat.rules.handles import REMEMBERED, Handle, next_handle
from chat.rules.lifecycle import Status
from common import clock

# Of one agent, read to choose the next handle. Nobody is given so many people in a shift.
GIVEN_AT_MOST = 500


def handle_of(agent: Agent | None, conversation: Conversation) -> Handle | None:
    """Return the handle of this conversation for this agent; None when they never had it on screen."""
    row = ConversationHandle.objects.filter(agent=agent, conversation=conversation).first() if agent else None
    return row.value if row else None


def own_handles(agent: Agent, *, of: str) -> Prefetch:
    """For `prefetch_related` of rows that the caller has obtained: how this agent calls the conversation `of` each, as
    its list `own_handles`, of one or none. One query."""
    return Prefetch(f"{of}__handles", queryset=ConversationHandle.objects.filter(agent=agent), to_attr="own_handles")


@transaction.atomic
def give_handles(agent: Agent, conversations: Sequence[int]) -> dict[int, Handle]:
    """Give each of these conversations of this agent, by key, its handle; one that has one keeps it.

    Locks the agent's row, so that two pages that are asked for at once give the same. Three statements, and one to
    write; at most GIVEN_AT_MOST rows are read.
    """
    Agent.objects.select_for_update(of=("self",), no_key=True).get(pk=agent.pk)
    now = clock.now()
    running = ConversationHandle.objects.filter(
        agent=agent, conversation__assigned_to=agent, conversation__status=Status.ACTIVE
    )
    in_use = {row.conversation_id: row.value for row in running}
    lately = ConversationHandle.objects.filter(agent=agent, given_at__gt=now - REMEMBERED)
    given = [row.value for row in reversed(lately.order_by("-given_at", "-pk")[:GIVEN_AT_MOST])]
    missing = [pk for pk in conversations if pk not in in_use]
    words = dict(
        ConversationHandle.objects.filter(conversation__in=missing)
        .order_by("given_at", "pk")
        .values_list("conversation", "word")
    )
    made = []
    for pk in missing:
        handle = next_handle(given=given, in_use=in_use.values(), word=words.get(pk, ""))
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
    # A conversation that was deleted meanwhile, or that a process of another version gave a handle to: as it stands.
    ConversationHandle.objects.bulk_create(made, ignore_conflicts=True)
    return {pk: in_use[pk] for pk in conversations}

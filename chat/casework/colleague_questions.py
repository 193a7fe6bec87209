"""These are questions of an agent to colleagues (« aparté »), each in a thread of its own that never enters the
transcript.

Colleagues read what is written to them there, and nothing of the conversation: not who it is, not where, not its
number. A question lasts as long as the agent who asked has the conversation; after that, colleagues no longer see it
(`Aside.running`). Each act notifies the consoles of those who take part that something changed, but not what.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _

from chat import access, pubsub
from chat.casework.lock import lock_assigned
from chat.conversations import wording
from chat.models import Agent, Aside, AsideMessage, AsidePart, Conversation, EventKind
from chat.models.transfer import Handover
from chat.rules.lifecycle import Availability
from common import clock, encryption, plain_text


@dataclass(frozen=True, slots=True)
class QuestionMessage:
    """It is one message of an aparté, as its parties read it."""

    number: int
    author: str
    is_own: bool
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class ShownQuestion:
    """It is a question on the console of an agent who takes part.

    title: who asked, or who was asked. is_own: this agent asked it. conversation, place: those of the conversation, for
    the agent who asked only. unread: messages of others that this agent has not had on screen.
    """

    public_id: UUID
    title: str
    is_own: bool
    conversation: UUID | None
    place: str
    messages: list[QuestionMessage]
    unread: int
    last_number: int


# Most questions of one conversation, and most messages of one question. All of them are drawn on every page of those
# who take part.
ASIDES_AT_MOST, MESSAGES_AT_MOST = 20, 100


class TooMany(Exception):
    """This conversation has ASIDES_AT_MOST questions already, or this question MESSAGES_AT_MOST messages."""


class NobodyThere(Exception):
    """The colleagues to be asked are no longer on duty."""


class QuestionClosed(Exception):
    """The conversation has ended, or went to another agent, so that nothing can be added to the question."""


def colleagues(agent: Agent, conversation: Conversation, now: datetime) -> list[Agent]:
    """Return the colleagues whom this agent may ask about a conversation: all others on duty, of any unit, by name.

    Not those who passed it on because they know somebody concerned: they read nothing of it (docs/adr/0038). One query.
    """
    recused = Handover.objects.recusals().filter(conversation=conversation).order_by().values("from_agent")
    there = Agent.objects.on_duty(now).exclude(pk=agent.pk).exclude(pk__in=recused).select_related("unit", "user")
    return [one for one in there.order_by("public_name", "pk") if access.may_answer(one.user)]


def among(there: Sequence[Agent], *, without: Collection[int]) -> list[Agent]:
    """Return those of these present colleagues whom an agent may ask, by name. there: each with unit and account.

    without: the keys of those who may not be asked (`colleagues`).
    """
    on_duty = [one for one in there if one.availability == Availability.AVAILABLE and access.may_answer(one.user)]
    may_be_asked = [one for one in on_duty if one.pk not in without]
    return sorted(may_be_asked, key=lambda one: (one.public_name.casefold(), one.pk))


@transaction.atomic
def ask_colleagues(*, conversation_id: int, body: str, of: Collection[int], by: AbstractBaseUser) -> Aside:
    """Ask colleagues something. of: the keys of those to ask; empty asks all who are on duty now (`colleagues`).

    Raises NobodyThere, TooMany, NotYours, ConversationClosed. Locks the conversation row only.
    """
    conversation, agent = lock_assigned(conversation_id, by)
    if conversation.asides.count() >= ASIDES_AT_MOST:
        raise TooMany
    now = clock.now()
    there = [one.pk for one in colleagues(agent, conversation, now) if not of or one.pk in of]
    if not there:
        raise NobodyThere
    aside = Aside.objects.create(conversation=conversation, asked_by=agent, asked_at=now, is_for_all=not of)
    AsidePart.objects.bulk_create(AsidePart(aside=aside, agent_id=pk) for pk in [agent.pk, *there])
    _add(aside, agent, body, now)
    conversation.record_event(EventKind.ASKED, at=now, by=by, detail=str(len(there)))
    return aside


@transaction.atomic
def answer_colleague(*, aside_id: int, body: str, agent: Agent) -> AsideMessage:
    """Add a message to a question in which this agent takes part. The caller has proven that.

    Raises QuestionClosed, TooMany. Locks the row of the question only.
    """
    running = Aside.objects.running().select_related("conversation")
    aside = running.select_for_update(of=("self",)).filter(pk=aside_id).first()
    if aside is None:
        raise QuestionClosed
    if aside.last_number >= MESSAGES_AT_MOST:
        raise TooMany
    return _add(aside, agent, body, clock.now())


def _add(aside: Aside, agent: Agent, body: str, now: datetime) -> AsideMessage:
    aside.last_number += 1
    aside.save(update_fields=["last_number"])
    number = aside.last_number
    context = AsideMessage.context_of(aside.public_id, number, agent.pk)
    sealed = encryption.seal(body, context=context, data_key=aside.conversation.data_key)
    message = aside.messages.create(number=number, agent=agent, sealed_body=sealed, sent_at=now)
    aside.parts.filter(agent=agent).update(read_number=number)
    for agent_id in aside.parts.values_list("agent_id", flat=True):
        pubsub.aside_changed(agent_id)
    return message


def mark_read(*, aside: Aside, agent: Agent, number: int) -> None:
    """Note that this agent has had everything up to `number` on screen. A lower number than before changes nothing."""
    number = min(number, aside.last_number)
    aside.parts.filter(agent=agent, read_number__lt=number).update(read_number=number)


# --- reading ----------------------------------------------------------------------------------------------------------


def open_questions(agent: Agent) -> list[ShownQuestion]:
    """Return the open questions in which this agent takes part, the oldest first."""
    rows = access.asides_of(agent).select_related("asked_by", "conversation__report__municipality")
    rows = rows.prefetch_related("messages__agent", "parts__agent").order_by("asked_at", "pk")
    return [_shown(aside, agent) for aside in rows]


def _shown(aside: Aside, agent: Agent) -> ShownQuestion:
    is_own = aside.asked_by_id == agent.pk
    read = next(part.read_number for part in aside.parts.all() if part.agent_id == agent.pk)
    others = [plain_text.plain(part.agent.public_name) for part in aside.parts.all() if part.agent_id != agent.pk]
    messages = list(aside.messages.all())
    for message in messages:
        message.aside = aside
    if not is_own:
        title = _("Question de %(name)s") % {"name": plain_text.plain(aside.asked_by.public_name)}
    elif aside.is_for_all:
        title = _("À tous les collègues disponibles")
    else:
        title = _("À %(name)s") % {"name": others[0]}
    return ShownQuestion(
        public_id=aside.public_id,
        title=title,
        is_own=is_own,
        conversation=aside.conversation.public_id if is_own else None,
        place=wording.place_of(aside.conversation.report) if is_own else "",
        messages=[
            QuestionMessage(
                number=message.number,
                author=plain_text.plain(message.agent.public_name),
                is_own=message.agent_id == agent.pk,
                at=message.sent_at,
                text=message.shown,
            )
            for message in messages
        ],
        unread=sum(message.number > read and message.agent_id != agent.pk for message in messages),
        last_number=aside.last_number,
    )

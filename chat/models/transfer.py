"""These are the tables of handovers between agents, and of supervisors who join a conversation.

(Foreign keys are by name, because `chat.models` imports this module.)
"""

import logging
import uuid
from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, F, Q, When

from chat.models.agent import Agent
from chat.models.notes import UNREADABLE
from chat.rules.lifecycle import Status
from chat.rules.transfer import OPEN, SHARED, STAYED, Answer, HandoverState, Manner, Part, Reason
from common import encryption, plain_text
from common.choices import label_of, read_choice
from locations.models import Force
from triage.rules import Urgency

logger = logging.getLogger(__name__)


def _opened(sealed: bytes | memoryview, context: str) -> str | None:
    """Return the decrypted text as it is shown; None when it cannot be decrypted, which is logged."""
    try:
        return plain_text.plain(encryption.unseal(sealed, context=context))
    except encryption.UnsealError:
        logger.error("a text between colleagues cannot be opened %s", context.split(":")[1])
        return None


def _or_unreadable(text: str | None) -> str:
    return str(UNREADABLE) if text is None else text


def _is_alive(now: datetime) -> Q:
    """Return the condition that a handover is open, in time, and still of the conversation's present agent."""
    return Q(
        state__in=OPEN,
        until__gt=now,
        conversation__status=Status.ACTIVE,
        conversation__assigned_to=F("from_agent"),
    )


class HandoverQuerySet(models.QuerySet["Handover"]):
    """Selects handovers by whether they may still be accepted."""

    def live(self, now: datetime) -> "HandoverQuerySet":
        """Select those that may still be accepted: open, in time, and of the conversation's present agent."""
        return self.filter(_is_alive(now))

    def with_life(self, now: datetime) -> "HandoverQuerySet":
        """Annotate with `is_live`, for readers of ended ones too."""
        return self.annotate(is_live=Case(When(_is_alive(now), then=True), default=False))

    def recusals(self) -> "HandoverQuerySet":
        """Select those by which an agent said that they know somebody concerned, unless the exchange stayed theirs.

        Such an agent is never given that exchange again, as long as it lasts (docs/adr/0038).
        """
        return self.filter(reason=Reason.IMPARTIALITY).exclude(state__in=STAYED)


class Handover(models.Model):
    """It is a handover of a conversation from `from_agent` to an agent, a unit or a force. At most one is open.

    `taken_by`: the agent who answers from then on. `until`: the end of an open state. `answer`: the person's answer to
    the summary.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    conversation = models.ForeignKey("chat.Conversation", on_delete=models.CASCADE, related_name="handovers")
    from_agent = models.ForeignKey("chat.Agent", on_delete=models.PROTECT, related_name="+")
    to_agent = models.ForeignKey("chat.Agent", null=True, on_delete=models.PROTECT, related_name="+")
    to_unit = models.ForeignKey("chat.Unit", null=True, on_delete=models.PROTECT, related_name="+")
    to_force = models.CharField(max_length=20, choices=Force, blank=True)
    taken_by = models.ForeignKey("chat.Agent", null=True, on_delete=models.PROTECT, related_name="+")
    manner = models.CharField(max_length=20, choices=Manner)
    reason = models.CharField(max_length=20, choices=Reason)
    state = models.CharField(max_length=20, choices=HandoverState)
    answer = models.CharField(max_length=20, choices=Answer, blank=True)
    asked_at = models.DateTimeField()
    until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    is_live: bool  # set only by `with_life`
    # Whether words of danger are not dealt with, and a procedure is open; only of those that
    # `chat.transfer.queries.offers_to_me` reads.
    is_marked: bool = False
    has_emergency: bool = False
    # Who was given it from the queue, to which it went; only of those that `chat.transfer.queries.read_offers` reads.
    given_to: Agent | None = None

    objects: ClassVar[models.Manager["Handover"]] = HandoverQuerySet.as_manager()

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["conversation"], condition=Q(state__in=OPEN), name="handover_open_once"),
            models.CheckConstraint(
                condition=Q(state__in=OPEN, until__isnull=False, ended_at__isnull=True)
                | Q(~Q(state__in=OPEN), until__isnull=True, ended_at__isnull=False),
                name="handover_open_has_a_delay",
            ),
            models.CheckConstraint(
                condition=Q(to_agent__isnull=False, to_unit__isnull=True, to_force="")
                | Q(to_agent__isnull=True, to_unit__isnull=False, to_force="")
                | Q(Q(to_agent__isnull=True, to_unit__isnull=True), ~Q(to_force="")),
                name="handover_has_one_target",
            ),
            models.CheckConstraint(
                condition=Q(state=HandoverState.ACCEPTED, taken_by__isnull=False)
                | Q(~Q(state=HandoverState.ACCEPTED), taken_by__isnull=True),
                name="handover_accepted_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["until"], name="handover_open", condition=Q(state__in=OPEN))]

    @property
    def is_in_danger(self) -> bool:
        """Return whether its person is in danger, as far as the service knows: by their words, or by a procedure."""
        return self.is_marked or self.has_emergency

    @property
    def has_signs(self) -> bool:
        """Return whether signs stand before what is offered: danger, or a person under 18."""
        return self.is_in_danger or self.conversation.report.is_minor

    @property
    def urgency_name(self) -> str:
        """Return the degree of its exchange by the name that pages use: normal, high or critical."""
        return read_choice(Urgency, self.conversation.urgency, Urgency.NORMAL).name.lower()

    @property
    def is_recusal(self) -> bool:
        """Return whether its agent said by it that they know somebody concerned (`HandoverQuerySet.recusals`)."""
        return self.reason == Reason.IMPARTIALITY and self.state not in STAYED

    @property
    def is_to_queue(self) -> bool:
        """Return whether it was given back to the queue, for whoever is free next, and to no team.

        Only the force of its own agent is written then (`chat.transfer.actions.queue_of`).
        """
        return self.state == HandoverState.QUEUED and self.to_force == self.from_agent.force

    @property
    def taker(self) -> Agent | None:
        """Return who answers instead of `from_agent`, at once or from the queue; None while nobody does."""
        return self.taken_by or self.given_to

    @property
    def to_name(self) -> str:
        """Return the name of the receiver as the console shows it."""
        if self.to_agent:
            return self.to_agent.interlocutor
        return plain_text.plain(self.to_unit.name) if self.to_unit else label_of(Force, self.to_force)

    def opened(self, part: str) -> str | None:
        """Return the decrypted text of this part; "" if there is none, and None when no key opens it.

        `texts` may be prefetched.
        """
        return next((text.opened for text in self.texts.all() if text.part == part), "")

    def text(self, part: str) -> str:
        """Return the text of this part as a colleague reads it; a sentence in its place when no key opens it."""
        return _or_unreadable(self.opened(part))

    @property
    def summary(self) -> str:
        """Return what the person agreed to share: the agent's summary or their own words; otherwise ""."""
        if self.answer not in SHARED:
            return ""
        return self.text(Part.CORRECTION if self.answer == Answer.CORRECTED else Part.SUMMARY)

    @property
    def note(self) -> str:
        """Return what the first agent wrote to the second."""
        return self.text(Part.NOTE)

    @property
    def refusal(self) -> str:
        """Return why the handover was declined."""
        return self.text(Part.REFUSAL)


class HandoverText(models.Model):
    """It is one encrypted text of a handover."""

    SEALED, SEALED_WITH = ("sealed_text",), ("handover__conversation",)
    EXCHANGE = "handover__conversation__report"

    handover = models.ForeignKey(Handover, on_delete=models.CASCADE, related_name="texts", db_index=False)
    part = models.CharField(max_length=20, choices=Part)
    sealed_text = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["handover", "part"], name="handover_text_once")]

    @staticmethod
    def context_of(handover: uuid.UUID, part: str) -> str:
        """Return the context of one part of this handover."""
        return f"handover:{handover}:{part}"

    @property
    def context(self) -> str:
        """Return the context that binds the encrypted text to its handover and part."""
        return self.context_of(self.handover.public_id, self.part)

    @property
    def data_key(self) -> uuid.UUID | None:
        """Return the key of the exchange that it belongs to."""
        return self.handover.conversation.data_key

    @property
    def opened(self) -> str | None:
        """Return the decrypted text as it is drawn; None when no key opens it."""
        return _opened(self.sealed_text, self.context)


class DirectionQuerySet(models.QuerySet["Direction"]):
    """Selects where exchanges that were handed over through the queue should go."""

    def avoiding(self, agent_id: int, now: datetime) -> "DirectionQuerySet":
        """Select those of people who must not be given back to this agent now."""
        return self.filter(Q(avoided=agent_id) | Q(avoided_before__contains=[agent_id]), until__gt=now)


class Direction(models.Model):
    """It is where a person who was transferred through the queue should go. The queue follows it until `until`.

    unit: the unit whose agents come first. avoided: the agent who handed them over, and must not get them back.
    avoided_before: keys of the agents who had handed them over shortly before. at: from when their wait is counted for
    the other force.
    """

    conversation = models.OneToOneField("chat.Conversation", on_delete=models.CASCADE, related_name="direction")
    unit = models.ForeignKey("chat.Unit", null=True, on_delete=models.CASCADE, related_name="+")
    avoided = models.ForeignKey("chat.Agent", on_delete=models.CASCADE, related_name="+")
    avoided_before = ArrayField(models.BigIntegerField(), default=list, db_default=[])
    at = models.DateTimeField()
    until = models.DateTimeField()

    objects: ClassVar[models.Manager["Direction"]] = DirectionQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(until__gt=F("at")), name="direction_ends_later")]


class WatchQuerySet(models.QuerySet["Watch"]):
    """Selects supervisors' presences in conversations."""

    def running(self, now: datetime) -> "WatchQuerySet":
        """Select those in which the supervisor is still present: not left, not over, and the exchange goes on."""
        return self.filter(left_at__isnull=True, until__gt=now, conversation__status=Status.ACTIVE)


class Watch(models.Model):
    """A supervisor has joined a conversation: they read it, and may write, until they leave or `until`."""

    conversation = models.ForeignKey("chat.Conversation", on_delete=models.CASCADE, related_name="watches")
    supervisor = models.ForeignKey("chat.Agent", on_delete=models.PROTECT, related_name="+")
    joined_at = models.DateTimeField()
    until = models.DateTimeField()
    left_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager["Watch"]] = WatchQuerySet.as_manager()

    class Meta:
        ordering = ["joined_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "supervisor"], condition=Q(left_at__isnull=True), name="watch_open_once"
            ),
            models.CheckConstraint(condition=Q(until__gt=F("joined_at")), name="watch_ends_later"),
        ]


class Whisper(models.Model):
    """It is a line of a supervisor to the agent alone, which is never in the thread."""

    SEALED, SEALED_WITH = ("sealed_text",), ("conversation",)
    EXCHANGE = "conversation__report"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    conversation = models.ForeignKey("chat.Conversation", on_delete=models.CASCADE, related_name="whispers")
    supervisor = models.ForeignKey("chat.Agent", on_delete=models.PROTECT, related_name="+")
    agent = models.ForeignKey("chat.Agent", on_delete=models.PROTECT, related_name="+")
    said_at = models.DateTimeField()
    sealed_text = models.BinaryField()

    class Meta:
        ordering = ["said_at", "pk"]

    @staticmethod
    def context_of(whisper: uuid.UUID) -> str:
        """Return the context of this whisper."""
        return f"whisper:{whisper}"

    @property
    def context(self) -> str:
        """Return the context that binds the sealed text to this row."""
        return self.context_of(self.public_id)

    @property
    def data_key(self) -> uuid.UUID | None:
        """Return the key of the exchange that it belongs to."""
        return self.conversation.data_key

    @property
    def shown(self) -> str:
        """Return the opened text as it is drawn; a sentence in its place when no key opens it."""
        return _or_unreadable(_opened(self.sealed_text, self.context))

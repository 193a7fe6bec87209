"""What is kept of a conversation that passes from one to another, and of supervisors who step in.

`chat.models` imports this module; the other way there are only names.
"""

import logging
import uuid
from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, F, Q, When

from chat.rules.lifecycle import Status
from chat.rules.transfer import OPEN, SHARED, Answer, HandoverState, Manner, Part, Reason
from common import encryption, plain_text
from common.choices import label_of
from locations.models import Force

logger = logging.getLogger(__name__)


def _opened(sealed: bytes | memoryview, context: str) -> str:
    """The text as it is shown; empty when no key opens it, which is logged."""
    try:
        return plain_text.plain(encryption.unseal(sealed, context=context))
    except encryption.UnsealError:
        logger.error("a text between colleagues cannot be opened %s", context.split(":")[1])
        return ""


def _is_alive(now: datetime) -> Q:
    """Open, in time, and the conversation is still with whoever passes it on."""
    return Q(
        state__in=OPEN,
        until__gt=now,
        conversation__status=Status.ACTIVE,
        conversation__assigned_to=F("from_agent"),
    )


class HandoverQuerySet(models.QuerySet["Handover"]):
    """Handovers, by whether they may still be accepted."""

    def live(self, now: datetime) -> "HandoverQuerySet":
        """Those that may still be accepted: open, in time, the exchange still with whoever passes it on."""
        return self.filter(_is_alive(now))

    def with_life(self, now: datetime) -> "HandoverQuerySet":
        """Add `is_live`, for whoever reads ended ones too."""
        return self.annotate(is_live=Case(When(_is_alive(now), then=True), default=False))


class Handover(models.Model):
    """A conversation passes from `from_agent` to an agent, a unit or a force: one row a passage, kept with it.

    `taken_by`: who answers from then on. `until`: the delay of an open state. `answer`: what the person said of the
    summary. At most one is open for a conversation.
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
    is_live: bool  # of `with_life` alone

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
    def to_name(self) -> str:
        """As the console shows it."""
        if self.to_agent:
            return self.to_agent.interlocutor
        return plain_text.plain(self.to_unit.name) if self.to_unit else label_of(Force, self.to_force)

    def text(self, part: str) -> str:
        """Return the text that was written there, or an empty one. `texts` may be prefetched."""
        return next((text.shown for text in self.texts.all() if text.part == part), "")

    @property
    def summary(self) -> str:
        """Return what the person agreed to share: the agent's summary, or their own words; otherwise empty."""
        if self.answer not in SHARED:
            return ""
        return self.text(Part.CORRECTION if self.answer == Answer.CORRECTED else Part.SUMMARY)

    @property
    def note(self) -> str:
        """What the first agent wrote to the second, opened."""
        return self.text(Part.NOTE)

    @property
    def refusal(self) -> str:
        """Why it was declined, opened."""
        return self.text(Part.REFUSAL)


class HandoverText(models.Model):
    """One text of a handover, sealed for its part."""

    SEALED, SEALED_WITH = ("sealed_text",), ("handover__conversation",)
    EXCHANGE = "handover__conversation__report"

    handover = models.ForeignKey(Handover, on_delete=models.CASCADE, related_name="texts", db_index=False)
    part = models.CharField(max_length=20, choices=Part)
    sealed_text = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["handover", "part"], name="handover_text_once")]

    @staticmethod
    def context_of(handover: uuid.UUID, part: str) -> str:
        """The context of one part of this handover."""
        return f"handover:{handover}:{part}"

    @property
    def context(self) -> str:
        """The context that binds the sealed text to its handover and part."""
        return self.context_of(self.handover.public_id, self.part)

    @property
    def data_key(self) -> uuid.UUID | None:
        """The key of the exchange that it belongs to."""
        return self.handover.conversation.data_key

    @property
    def shown(self) -> str:
        """The opened text as it is drawn; a sentence in its place when no key opens it."""
        return _opened(self.sealed_text, self.context)


class DirectionQuerySet(models.QuerySet["Direction"]):
    """Where exchanges that were passed on through the queue are to go."""

    def avoiding(self, agent_id: int, now: datetime) -> "DirectionQuerySet":
        """Choose those of people who are not given back to this agent now."""
        return self.filter(Q(avoided=agent_id) | Q(avoided_before__contains=[agent_id]), until__gt=now)


class Direction(models.Model):
    """Where a person who was transferred through the queue is to go. The queue follows it until `until`.

    unit: whose agents come first. avoided: who passed them on, and is not given them back. avoided_before: keys of the
    agents who had, a moment before.
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
    """Exchanges that a supervisor joined, by whether they are still there."""

    def running(self, now: datetime) -> "WatchQuerySet":
        """Those in which the supervisor is still there: not left, not over, and the exchange goes on."""
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
    """A line of a supervisor to the agent who answers, and to nobody else: it is never in the thread."""

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
        """The context of this whisper."""
        return f"whisper:{whisper}"

    @property
    def context(self) -> str:
        """The context that binds the sealed text to this row."""
        return self.context_of(self.public_id)

    @property
    def data_key(self) -> uuid.UUID | None:
        """The key of the exchange that it belongs to."""
        return self.conversation.data_key

    @property
    def shown(self) -> str:
        """The opened text as it is drawn; a sentence in its place when no key opens it."""
        return _opened(self.sealed_text, self.context)

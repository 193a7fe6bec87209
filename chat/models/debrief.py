"""This is the table of agents' requests for a talk with the psychologist."""

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from chat.models.agent import Agent


class Meeting(models.TextChoices):
    """It is how the talk takes place."""

    PHONE = "phone", _("Par téléphone")
    IN_PERSON = "in_person", _("En personne")
    VIDEO = "video", _("En visioconférence")


class Debrief(models.Model):
    """It is an agent's request for a talk with the psychologist (« Je souhaite débriefer »).

    Only `chat.wellbeing.debriefs` reads and writes it. Superiors cannot see it (docs/adr/0040): it is on no page of the
    console but the agent's own, not in the admin, and not in the register. An agent has one request at a time.
    `sealed_words`: what they wrote, encrypted; it may be empty. `ends_at`: when it is deleted, answered or not.
    `answer_seen_at`: when the agent first read the answer that stands. `withdrawn_at`: when the agent took back a
    request that was answered, so that the talk of `meet_at` does not take place; the row stays for the psychologist,
    without its words, because they would wait at that hour. If `asked_at` is later, the agent has asked again
    since: this request stands, and the psychologist reads of the former hour beside it.
    """

    SEALED = ("sealed_words",)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    agent = models.OneToOneField(Agent, on_delete=models.CASCADE, related_name="+")
    asked_at = models.DateTimeField()
    sealed_words = models.BinaryField()
    meet_at = models.DateTimeField(null=True, blank=True)
    meet_how = models.CharField(max_length=20, choices=Meeting, blank=True)
    ends_at = models.DateTimeField()
    answer_seen_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(meet_at__isnull=True, meet_how="") | Q(meet_at__isnull=False, meet_how__in=Meeting.values),
                name="debrief_answer_is_whole",
            ),
        ]
        indexes = [models.Index(fields=["ends_at"], name="debrief_end")]

    @property
    def is_standing(self) -> bool:
        """Return whether the agent asks for a talk, and has not taken that back."""
        return self.withdrawn_at is None or self.asked_at > self.withdrawn_at

    @property
    def is_answered(self) -> bool:
        """Return whether the talk of `meet_at` is proposed and not taken back."""
        return self.meet_at is not None and self.withdrawn_at is None

    def is_ahead(self, now: datetime) -> bool:
        """Return whether the talk of `meet_at` is proposed, not taken back, and yet to come."""
        return self.withdrawn_at is None and self.meet_at is not None and self.meet_at > now

    @property
    def context(self) -> str:
        """Return the context that binds the encrypted words to this row."""
        return f"debrief:{self.public_id}"

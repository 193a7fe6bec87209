"""A talk with the psychologist: asked for by an agent, answered with a time."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from chat.models.agent import Agent


class Meeting(models.TextChoices):
    """How the psychologist receives an agent."""

    PHONE = "phone", _("Par téléphone")
    IN_PERSON = "in_person", _("En personne")
    VIDEO = "video", _("En visioconférence")


class Debrief(models.Model):
    """« Je souhaite débriefer »: an agent asks the psychologist for a talk. `chat.wellbeing.debriefs` alone reads and
    writes it.

    Out of the hierarchy's sight (docs/adr/0040): no page of the console but the agent's own, none of the admin, no line
    of the register. One request an agent at a time. `sealed_words`: what they wrote, perhaps nothing.
    `ends_at`: deleted then, answered or not.
    """

    SEALED = ("sealed_words",)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    agent = models.OneToOneField(Agent, on_delete=models.CASCADE, related_name="+")
    asked_at = models.DateTimeField()
    sealed_words = models.BinaryField()
    meet_at = models.DateTimeField(null=True, blank=True)
    meet_how = models.CharField(max_length=20, choices=Meeting, blank=True)
    ends_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(meet_at__isnull=True, meet_how="") | Q(meet_at__isnull=False, meet_how__in=Meeting.values),
                name="debrief_answer_is_whole",
            ),
        ]
        indexes = [models.Index(fields=["ends_at"], name="debrief_end")]

    @property
    def context(self) -> str:
        """The context that binds the sealed words to this row."""
        return f"debrief:{self.public_id}"

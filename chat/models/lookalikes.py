"""This is the table of groups of look-alike arrivals (docs/adr/0074)."""

import uuid

from django.db import models

from chat.models.agent import Agent


class ArrivalGroup(models.Model):
    """It is a group of many similar arrivals within a minute. Its members refer to it by
    `Conversation.lookalike_group`.

    look: what they have in common, as a text that is compared. place: the commune or postal code, for display.
    taken_by, taken_at: the agent who asked the members for a word, and when.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    look = models.CharField(max_length=200)
    place = models.CharField(max_length=200)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    taken_by = models.ForeignKey(Agent, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    taken_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-last_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.place} {self.first_at}"

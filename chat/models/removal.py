"""When a person asked that a content be removed, and how many were: two tables that know nothing of each other."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from chat.rules.removal import Answer


class RemovalRequest(models.Model):
    """A day on which the person of a conversation asked that something be removed. Neither where, nor what.

    It goes once they say that the content is gone, with no trace of the answer, or with the conversation.
    """

    conversation = models.ForeignKey(
        "chat.Conversation", on_delete=models.CASCADE, related_name="removal_requests", db_index=False
    )
    asked_on = models.DateField()

    class Meta:
        verbose_name = _("demande de retrait")
        verbose_name_plural = _("demandes de retrait")
        ordering = ["asked_on"]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "asked_on"], name="removal_request_once_a_day"),
        ]


class RemovalCount(models.Model):
    """Answers « retiré » or « encore là » of a week (its Monday), one by one, as versions before ADR 0083 counted them.

    Nothing of this version adds to it; `chat.statistics.daily.round_removals` empties it into rounded numbers.
    """

    week = models.DateField()
    answer = models.CharField(max_length=20, choices=Answer)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("contenus retirés, par semaine")
        verbose_name_plural = _("contenus retirés, par semaine")
        ordering = ["week", "answer"]
        constraints = [
            models.UniqueConstraint(fields=["week", "answer"], name="removal_count_once_a_week"),
            models.CheckConstraint(condition=Q(count__gte=0), name="removal_count_from_zero"),
        ]

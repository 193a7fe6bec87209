"""These are the tables of removal requests and of their results, which are not linked with each other."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from chat.rules.removal import Answer


class RemovalRequest(models.Model):
    """It is a day on which a person asked a platform to remove something, without saying where or what.

    It is deleted with the conversation, or when they say that the content is gone, without a trace of the answer.
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
    """Exact counts of the answers « retiré » and « encore là » in a week (its Monday), from before ADR 0083.

    This version adds nothing; `chat.statistics.daily.round_removals` moves them to rounded numbers.
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

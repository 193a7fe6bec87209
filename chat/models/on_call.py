"""This is the table of on-call duties, in which a supervisor decides for another unit for some time."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

LONGEST = timedelta(days=14)  # our choice; after that a duty has to be named again, with a reason
LATE_START = timedelta(hours=1)  # how long after the stated beginning a form may still be sent


class OnCallQuerySet(models.QuerySet["OnCall"]):
    """Selects on-call duties by time."""

    def running(self, now: datetime) -> "OnCallQuerySet":
        """Select duties that have begun, and are neither over nor ended early."""
        return self.filter(starts_at__lte=now, ends_at__gt=now, ended_at__isnull=True)

    def to_come(self, now: datetime) -> "OnCallQuerySet":
        """Select duties that run now or in the future."""
        return self.filter(ends_at__gt=now, ended_at__isnull=True)


class OnCall(models.Model):
    """It is an on-call duty (« astreinte »): one supervisor acts for one unit, from a moment to another.

    It gives the right to decide about disclosures, freezes and erasures of that unit (`chat.decisions.deciders`), and
    to join its open conversations as its own supervisors do (`chat.access.reach_of`). `motive`: the reason, written by
    the person who named them, and shown to the unit's supervisors. `ended_at`, `ended_by`: when and by whom it was
    ended early.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    supervisor = models.ForeignKey(
        "chat.Agent", on_delete=models.PROTECT, related_name="on_calls", verbose_name=_("superviseur d'astreinte")
    )
    unit = models.ForeignKey("chat.Unit", on_delete=models.PROTECT, related_name="on_calls", verbose_name=_("unité"))
    starts_at = models.DateTimeField(_("début"))
    ends_at = models.DateTimeField(_("fin"), help_text=_("Quatorze jours au plus après le début."))
    motive = models.CharField(
        _("motif"), max_length=200, help_text=_("Par exemple : seul superviseur de permanence ce week-end.")
    )
    named_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("désigné par"),
        editable=False,
    )
    named_at = models.DateTimeField(_("désigné le"), editable=False)
    ended_at = models.DateTimeField(_("terminée avant l'heure le"), null=True, blank=True, editable=False)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+", editable=False
    )

    objects: ClassVar[models.Manager["OnCall"]] = OnCallQuerySet.as_manager()

    class Meta:
        verbose_name = _("astreinte")
        verbose_name_plural = _("astreintes")
        ordering = ["-starts_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at"), ends_at__lte=F("starts_at") + LONGEST), name="on_call_is_short"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="on_call_end_is_whole",
            ),
        ]
        indexes = [models.Index(fields=["supervisor", "ends_at"], name="on_call_of_supervisor")]

    def __str__(self) -> str:
        return f"{self.supervisor} → {self.unit}"

    @property
    def until(self) -> datetime:
        """Return when the duty ends, or was ended."""
        return self.ended_at or self.ends_at

    def clean(self) -> None:
        """Check the duty. Raises ValidationError, by field."""
        wrong: dict[str, ValidationError] = {}
        now = timezone.now()
        if self.starts_at is not None and self.starts_at < now - LATE_START:
            wrong["starts_at"] = ValidationError(
                _("Choisissez un début à venir : une astreinte ne remonte pas le temps.")
            )
        if self.starts_at is not None and self.ends_at is not None:
            # In UTC, as the constraint counts. Python compares two times of one zone by their clocks, which may change.
            starts_at, ends_at = self.starts_at.astimezone(UTC), self.ends_at.astimezone(UTC)
            if ends_at <= max(starts_at, now):
                wrong["ends_at"] = ValidationError(_("Choisissez une fin après le début, et à venir."))
            elif ends_at > starts_at + LONGEST:
                wrong["ends_at"] = ValidationError(
                    _("Quatorze jours au plus, de vingt-quatre heures chacun : une astreinte se renouvelle.")
                )
        if self.supervisor_id is not None and not self.supervisor.user.is_supervisor:
            wrong["supervisor"] = ValidationError(_("Choisissez un superviseur."))
        if self.supervisor_id is not None and self.unit_id is not None and self.supervisor.unit_id == self.unit_id:
            wrong["supervisor"] = ValidationError(_("Ce superviseur décide déjà pour cette unité : c'est la sienne."))
        if not wrong and None not in (self.supervisor_id, self.unit_id, self.starts_at, self.ends_at):
            same = OnCall.objects.filter(supervisor=self.supervisor_id, unit=self.unit_id, ended_at__isnull=True)
            if same.filter(starts_at__lt=self.ends_at, ends_at__gt=self.starts_at).exclude(pk=self.pk).exists():
                wrong["starts_at"] = ValidationError(
                    _("Ce superviseur est déjà d'astreinte pour cette unité ces jours-là.")
                )
        if wrong:
            raise ValidationError(wrong)

"""This is the table of closures: periods in which the chat is closed to people who come, with a reason."""

import uuid
from datetime import datetime
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.texts.spoken import Spoken
from common.texts.text_rows import TextRow


class ClosureReason(models.TextChoices):
    """These are the reasons of a closure. templates/components/chat_closed.html has the sentence that visitors read for
    each."""

    MAINTENANCE = "maintenance", _("opération technique prévue")
    INCIDENT = "incident", _("panne")
    STAFF = "staff", _("plus aucun agent")
    OTHER = "other", _("autre raison, dite dans le texte")


class ChatClosureQuerySet(models.QuerySet["ChatClosure"]):
    """Selects closures by time."""

    def not_over(self, now: datetime) -> "ChatClosureQuerySet":
        """Select the present and future closures."""
        return self.filter(Q(ends_at=None) | Q(ends_at__gt=now), reopened_at=None)


class ChatClosure(Spoken):
    """It is a period, from `starts_at` to `ends_at`, in which the queue accepts nobody new.

    Without `ends_at` it lasts until somebody opens the chat again. Open exchanges go on, and people in the queue keep
    their place and their code. A closure may be ended early, but not changed, because two administrators agreed to it.
    `told_to`: the key of the last conversation whose person was told of it. `told_at`: when everybody in the queue had
    been told.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    reason = models.CharField(_("raison"), max_length=20, choices=ClosureReason)
    starts_at = models.DateTimeField(_("début"), default=timezone.now)
    ends_at = models.DateTimeField(
        _("fin"), null=True, blank=True, help_text=_("Vide : jusqu'à ce que quelqu'un rouvre le tchat.")
    )
    reopened_at = models.DateTimeField(_("rouvert le"), null=True, blank=True, editable=False)
    told_at = models.DateTimeField(null=True, editable=False)
    told_to = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)

    objects: ClassVar[models.Manager["ChatClosure"]] = ChatClosureQuerySet.as_manager()

    class Meta:
        verbose_name = _("fermeture du tchat")
        verbose_name_plural = _("fermetures du tchat")
        ordering = ["-starts_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")), name="closure_has_time"),
            models.CheckConstraint(condition=Q(reason__in=ClosureReason.values), name="closure_reason_known"),
        ]

    def __str__(self) -> str:
        start = timezone.localtime(self.starts_at).strftime("%d/%m/%Y %H:%M")
        return f"Fermeture du {start} ({self.get_reason_display()})"

    def clean(self) -> None:
        """Check the closure. Raises ValidationError, by field."""
        super().clean()
        wrong: dict[str, ValidationError] = {}
        if self.ends_at is not None and self.starts_at is not None:
            if self.ends_at <= self.starts_at:
                wrong["ends_at"] = ValidationError(_("Choisissez une fin après le début."))
            elif self.ends_at <= timezone.now():
                wrong["ends_at"] = ValidationError(_("Choisissez une fin à venir : celle-ci est passée."))
        if self.reason == ClosureReason.OTHER and not self.source_of("", ""):
            # Everybody reads this text who has none in their language or voice.
            text = _("Dites la raison dans le texte en français, qui vouvoie, ou choisissez une autre raison.")
            wrong["reason"] = ValidationError(text)
        if wrong:
            raise ValidationError(wrong)


class ChatClosureText(TextRow):
    """It is one text of a closure, in one language and voice."""

    owner = models.ForeignKey(ChatClosure, on_delete=models.DB_CASCADE, related_name="text_rows")

    class Meta(TextRow.Meta):
        constraints = [
            models.UniqueConstraint(fields=["owner", "language", "part"], name="reports_one_text_of_a_closure")
        ]

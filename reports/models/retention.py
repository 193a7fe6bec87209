"""How long things are kept: rules, freezes, requests for erasure, and what stays after (docs/adr/0033)."""

import json
import uuid
from datetime import datetime

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from common import encryption, plain_text
from common.choices import label_of
from reports.models.report import Report
from reports.rules import retention as retention_rules
from reports.rules.retention import Cause, Kind


class RetentionRule(models.Model):
    """How long one kind of thing is kept, as an administrator sets it; `retention_rules.DEFAULTS` without a row."""

    kind = models.CharField(_("quoi"), max_length=20, choices=Kind, unique=True, editable=False)
    days = models.PositiveIntegerField(
        _("durée (jours)"),
        validators=[MinValueValidator(1), MaxValueValidator(retention_rules.DAYS_MAX)],
        help_text=_(
            "Depuis le dernier geste de l'un ou de l'autre. Pour une demande d'effacement : le délai de réponse."
        ),
    )
    grace_days = models.PositiveIntegerField(
        _("délai de grâce (jours)"),
        validators=[MaxValueValidator(retention_rules.DAYS_MAX)],
        help_text=_("S'ajoute à la durée : suppression à la fin des deux. Un ajout pendant ce délai repousse la fin."),
    )
    digest_days = models.PositiveIntegerField(
        _("annonce (jours avant)"),
        validators=[MaxValueValidator(retention_rules.DAYS_MAX)],
        help_text=_("Les personnes concernées en sont averties avant la fin de la durée."),
    )
    in_force_at = models.DateTimeField(_("s'applique à partir du"), null=True, editable=False)
    is_to_verify = models.BooleanField(_("à vérifier"), default=True)
    source = models.CharField(_("source"), max_length=300, blank=True)
    checked_on = models.DateField(_("vérifié le"), null=True, blank=True)

    class Meta:
        verbose_name = _("règle de conservation")
        verbose_name_plural = _("règles de conservation")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="retention_kind_known"),
            models.CheckConstraint(condition=Q(days__gte=1), name="retention_lasts_a_day"),
            models.CheckConstraint(
                condition=Q(
                    days__lte=retention_rules.DAYS_MAX,
                    grace_days__lte=retention_rules.DAYS_MAX,
                    digest_days__lte=retention_rules.DAYS_MAX,
                ),
                name="retention_is_a_date",
            ),
        ]

    def __str__(self) -> str:
        return label_of(Kind, self.kind)

    @property
    def rule(self) -> retention_rules.Rule:
        """The rule of this row, as a value."""
        return retention_rules.Rule(self.days, self.grace_days, self.digest_days, self.in_force_at)


class Freeze(models.Model):
    """A judicial need for one report: asked for, then set by whoever may; ends by itself. One row a report, the last.

    PROTECT: no deletion, by whatever way, takes a report with a freeze; `chat.retention.deletion` removes those that
    are over. motive, reference and authority (who asked for it) are typed by the staff, sealed, and stay in this row
    only.
    """

    SEALED = ("sealed_reasons",)
    SEALED_WITH = ("report",)
    EXCHANGE = "report"

    report = models.OneToOneField(Report, on_delete=models.PROTECT, related_name="freeze")
    sealed_reasons = models.BinaryField()
    until = models.DateTimeField(_("jusqu'au"))
    asked_at = models.DateTimeField()
    set_at = models.DateTimeField(null=True)
    lifted_at = models.DateTimeField(null=True)
    held_before = models.DateTimeField(null=True)  # asked for again: what it held until then; asking adds nothing more

    class Meta:
        verbose_name = _("gel de conservation")
        verbose_name_plural = _("gels de conservation")
        constraints = [
            models.CheckConstraint(condition=Q(until__gt=models.F("asked_at")), name="freeze_ends_later"),
        ]

    @staticmethod
    def context_of(report: uuid.UUID) -> str:
        """Return the context that binds the sealed reasons to their row."""
        return f"freeze:{report}"

    @property
    def context(self) -> str:
        """The context that binds the sealed reasons to their report."""
        return self.context_of(self.report.public_id)

    @property
    def data_key(self) -> uuid.UUID | None:
        """Return the key of the exchange that it belongs to."""
        return self.report.data_key

    @classmethod
    def seal_reasons(cls, report: Report, *, motive: str, reference: str, authority: str) -> bytes:
        """Seal the reasons that a row keeps; none of the three is empty."""
        reasons = {"motive": motive, "reference": reference, "authority": authority}
        if not all(reasons.values()):
            raise ValueError("A freeze says why.")
        context = cls.context_of(report.public_id)
        return encryption.seal(json.dumps(reasons), context=context, data_key=report.data_key)

    @cached_property
    def reasons(self) -> dict[str, str]:
        """motive, reference, authority, as they are shown. Raises keyring.UnsealError."""
        reasons: dict[str, str] = json.loads(encryption.unseal(self.sealed_reasons, context=self.context))
        return {name: plain_text.plain(text) for name, text in reasons.items()}

    @property
    def is_asked(self) -> bool:
        """Return whether it waits for somebody who may set it."""
        return self.set_at is None and self.lifted_at is None

    def is_running(self, now: datetime) -> bool:
        """Return whether it holds at this moment: set, not lifted, not over."""
        return self.set_at is not None and self.lifted_at is None and self.until > now

    @property
    def frozen_until(self) -> datetime:
        """Return when it ends, or ended: the grace runs from there. Only asked for, it gives that much time to
        decide, once a report: what is asked for again holds no longer than what was before."""
        if self.set_at is None:
            return self.held_before or self.asked_at
        return min(self.until, self.lifted_at or self.until)


class ErasureRequest(models.Model):
    """The person asked that their report and exchange be erased before the term. Goes with the report.

    `code_digest`: slow hash, in hexadecimal, of the words with which they come back to read the answer.
    `sealed_motive`: of a refusal, as the person reads it.
    """

    SEALED = ("sealed_motive",)
    SEALED_WITH = ("report",)
    EXCHANGE = "report"

    report = models.OneToOneField(Report, on_delete=models.CASCADE, related_name="erasure")
    asked_at = models.DateTimeField(_("reçue le"))
    code_digest = models.CharField(max_length=64, unique=True, null=True, editable=False)  # noqa: DJ001  unique if any
    answered_at = models.DateTimeField(_("décidée le"), null=True)
    is_granted = models.BooleanField(_("accordée"), null=True)
    sealed_motive = models.BinaryField(null=True, editable=False)

    class Meta:
        verbose_name = _("demande d'effacement")
        verbose_name_plural = _("demandes d'effacement")
        ordering = ["asked_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, is_granted__isnull=True, sealed_motive__isnull=True)
                | Q(answered_at__isnull=False, is_granted=True, sealed_motive__isnull=True)
                | Q(answered_at__isnull=False, is_granted=False, sealed_motive__isnull=False),
                name="erasure_answer_is_whole",
            ),
        ]

    @property
    def context(self) -> str:
        """Return the context that binds the sealed motive to this row."""
        return f"erasure:{self.report.public_id}"

    @property
    def data_key(self) -> uuid.UUID | None:
        """Return the key of the exchange that it belongs to."""
        return self.report.data_key

    @property
    def motive(self) -> str:
        """Why it was refused, as it is shown; "" if it was not. Raises keyring.UnsealError."""
        if not self.sealed_motive:
            return ""
        return plain_text.plain(encryption.unseal(self.sealed_motive, context=self.context))

    @property
    def granted_at(self) -> datetime | None:
        """When it was granted; None when it was refused, or nobody has answered yet."""
        return self.answered_at if self.is_granted else None


class Tombstone(models.Model):
    """The trace that remains of a deleted report: nothing that could be matched with a stolen copy (ADR 0033).

    A random id, the month, the rule (« 335+30 ») and the cause. No public id, no time, no size.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("quoi"), max_length=20, choices=Kind)
    month = models.DateField(_("mois"))
    rule = models.CharField(_("règle"), max_length=40)
    cause = models.CharField(_("pourquoi"), max_length=20, choices=Cause)

    class Meta:
        verbose_name = _("trace de suppression")
        verbose_name_plural = _("traces de suppression")
        ordering = ["-month", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(month__day=1), name="tombstone_tells_a_month"),
        ]
        indexes = [models.Index(fields=["-month", "id"], name="tombstone_in_order")]

    @property
    def line(self) -> str:
        """Write the tombstone in its only form, for the digest of a monthly proof."""
        return f"{self.id} {self.kind} {self.month:%Y-%m} {self.rule} {self.cause}"


class Erased(models.Model):
    """A report that went before its term: should a backup bring it back, it is known and goes again.

    `digest`: HMAC of its public id with SECRET_KEY (`reports.retention.tombstones`). The database alone confirms no
    guess.
    """

    digest = models.CharField(max_length=64, unique=True)
    on = models.DateField()

    class Meta:
        verbose_name = _("empreinte d'effacement")
        verbose_name_plural = _("empreintes d'effacement")


# What an administrator sets has a module of its own; Django looks for models here.

"""These are the tables of retention: rules, freezes, requests for erasure, and traces of deletions (docs/adr/0033)."""

import json
import logging
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

logger = logging.getLogger(__name__)


class RetentionRule(models.Model):
    """It is how long one kind of data is kept, as an administrator has set it; without a row, its default holds."""

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
    # Until then these hold, if the rule was made shorter (`former_of`).
    former_days = models.PositiveIntegerField(null=True, editable=False)
    former_grace_days = models.PositiveIntegerField(null=True, editable=False)
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
        """Return the rule of this row, as a value."""
        return retention_rules.Rule(
            self.days,
            self.grace_days,
            self.digest_days,
            self.in_force_at,
            self.former_days,
            self.former_grace_days,
        )


class Freeze(models.Model):
    """It keeps one report from deletion because of a judicial need. It is asked for, then set, and ends by itself.

    There is one row for each report, the last freeze. PROTECT makes it impossible to delete a report with a freeze;
    `chat.retention.deletion` removes those that are over. motive, reference and authority (who asked for it) are typed
    by the staff, encrypted, and stored only in this row.
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
    held_before = models.DateTimeField(null=True)  # until when a former freeze held, if it is asked for again

    class Meta:
        verbose_name = _("gel de conservation")
        verbose_name_plural = _("gels de conservation")
        constraints = [
            models.CheckConstraint(condition=Q(until__gt=models.F("asked_at")), name="freeze_ends_later"),
        ]

    @staticmethod
    def context_of(report: uuid.UUID) -> str:
        """Return the context that binds the encrypted reasons to their row."""
        return f"freeze:{report}"

    @property
    def context(self) -> str:
        """Return the context that binds the encrypted reasons to their report."""
        return self.context_of(self.report.public_id)

    @property
    def data_key(self) -> uuid.UUID | None:
        """Return the key of the exchange that it belongs to."""
        return self.report.data_key

    @classmethod
    def seal_reasons(cls, report: Report, *, motive: str, reference: str, authority: str) -> bytes:
        """Encrypt the reasons for a row; none of the three is empty."""
        reasons = {"motive": motive, "reference": reference, "authority": authority}
        if not all(reasons.values()):
            raise ValueError("A freeze says why.")
        context = cls.context_of(report.public_id)
        return encryption.seal(json.dumps(reasons), context=context, data_key=report.data_key)

    @cached_property
    def reasons(self) -> dict[str, str]:
        """Return motive, reference and authority as they are shown. Raises encryption.UnsealError."""
        reasons: dict[str, str] = json.loads(encryption.unseal(self.sealed_reasons, context=self.context))
        return {name: plain_text.plain(text) for name, text in reasons.items()}

    @cached_property
    def shown_reasons(self) -> dict[str, str] | None:
        """Return `reasons` for a page; None when they cannot be decrypted, so that the rest is still shown."""
        try:
            return self.reasons
        except encryption.UnsealError:
            logger.error("a freeze cannot be opened %s", self.context)
            return None

    @property
    def is_asked(self) -> bool:
        """Return whether the freeze was asked for and neither set nor declined."""
        return self.set_at is None and self.lifted_at is None

    def is_waiting(self, now: datetime) -> bool:
        """Return whether the freeze waits for somebody who may set it. Past its date there is nothing to decide."""
        return self.is_asked and self.until > now

    def is_running(self, now: datetime) -> bool:
        """Return whether the freeze is in force: set, not lifted, and not over."""
        return self.set_at is not None and self.lifted_at is None and self.until > now

    @property
    def frozen_until(self) -> datetime:
        """Return when the freeze ends or ended; the grace period runs from there.

        A freeze that was only asked for holds long enough to be decided, once for each report: one that is asked for
        again holds no longer than the former one.
        """
        if self.set_at is None:
            return self.held_before or self.asked_at
        return min(self.until, self.lifted_at or self.until)


class ErasureRequest(models.Model):
    """It is a person's request to erase their report and exchange before the term. It is deleted with the report.

    There is one row for each report. A request that was refused may be made again later, in the same row.
    `code_digest`: slow hash, in hexadecimal, of the words with which they come back to read the answer.
    `code_asked_at`: when these words were asked for; None without words, and where the version before wrote them.
    `sealed_motive`: the encrypted reason of a refusal, as the person reads it.
    """

    SEALED = ("sealed_motive",)
    SEALED_WITH = ("report",)
    EXCHANGE = "report"

    report = models.OneToOneField(Report, on_delete=models.CASCADE, related_name="erasure")
    asked_at = models.DateTimeField(_("reçue le"))
    code_digest = models.CharField(max_length=64, unique=True, null=True, editable=False)  # noqa: DJ001  unique if any
    code_asked_at = models.DateTimeField(null=True, editable=False)
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
        """Return the context that binds the encrypted motive to this row."""
        return f"erasure:{self.report.public_id}"

    @property
    def data_key(self) -> uuid.UUID | None:
        """Return the key of the exchange that it belongs to."""
        return self.report.data_key

    @property
    def motive(self) -> str:
        """Return why it was refused, as it is shown; "" if it was not refused. Raises encryption.UnsealError."""
        if not self.sealed_motive:
            return ""
        return plain_text.plain(encryption.unseal(self.sealed_motive, context=self.context))

    @cached_property
    def shown_motive(self) -> str | None:
        """Return `motive` for a page; None when it cannot be decrypted, so that the rest is still shown."""
        try:
            return self.motive
        except encryption.UnsealError:
            logger.error("the answer to a request for erasure cannot be opened %s", self.context)
            return None

    @property
    def granted_at(self) -> datetime | None:
        """Return when it was granted; None if it was refused, or nobody has answered yet."""
        return self.answered_at if self.is_granted else None

    @property
    def asked_again_from(self) -> datetime | None:
        """Return from when the person may ask again; None if it was granted, or nobody has answered yet."""
        if self.answered_at is None or self.is_granted:
            return None
        return self.answered_at + retention_rules.ASKED_AGAIN_AFTER


class Tombstone(models.Model):
    """It is the trace that remains of a deleted report (ADR 0033).

    It has a random id, the month, the rule (« 335+30 ») and the cause, but no public id, time or size, so that it
    cannot be matched with a stolen copy.
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
        """Return the tombstone as one line in a fixed form, for the digest of a monthly proof."""
        return f"{self.id} {self.kind} {self.month:%Y-%m} {self.rule} {self.cause}"


class Erased(models.Model):
    """It is a report that was erased before its term, so that it is recognised and deleted again if a backup restores
    it.

    `digest`: HMAC of its public id with SECRET_KEY (`reports.retention.tombstones`), so that somebody with only the
    database cannot test a guess.
    """

    digest = models.CharField(max_length=64, unique=True)
    on = models.DateField()

    class Meta:
        verbose_name = _("empreinte d'effacement")
        verbose_name_plural = _("empreintes d'effacement")


# This model has a module of its own, and is imported because Django looks for models here.

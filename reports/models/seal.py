"""These are the tables of the seal: encrypted values that can name a person, and requests to open them (docs/adr/0030,
0032)."""

import hashlib
import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from common import encryption
from reports.models.report import Report
from reports.rules.openings import OPEN, Act, Part, State
from reports.seal.sealing import SEALED_BYTES

KEYED_BYTES = SEALED_BYTES + encryption.DATA_KEY_ADDS


def _is_so_long(size: int) -> models.Q:
    """Return the condition that `sealed` has so many bytes."""
    return models.Q(Exact(models.Func("sealed", function="octet_length", output_field=models.IntegerField()), size))


class SealedField(models.TextChoices):
    """These are the kinds of values that can name a person. Sealed values are bound to them, so they must never
    change."""

    NAME = "name", _("Nom laissé par la personne")
    CONTACT = "contact", _("Moyen de la joindre")
    CONNECTION = "connection", _("Connexion technique")


class SealedValue(models.Model):
    """It is a value that can name a person, encrypted for a key that no server has. `reports.reporter_identity` writes
    it.

    The primary key gives the order. There is no unencrypted time, because the time of a connection is part of what is
    sealed. `version` is drawn at random, and `sealing.Context` binds the value to it. A name or a way to be reached
    that is replaced keeps its version. `sealed` is either what the custodians open (SEALED_BYTES), or that encrypted
    once more with the data key of the exchange (KEYED_BYTES), in the same way for all values of a report
    (`Report.identity_key_since`, docs/adr/0114).
    """

    VERSIONS = 2**31 - 1

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="sealed_values", db_index=False)
    field = models.CharField(max_length=20, choices=SealedField)
    version = models.PositiveIntegerField()
    sealed = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["report", "field", "version"], name="sealed_version_once"),
            models.UniqueConstraint(
                fields=["report", "field"], condition=~models.Q(field="connection"), name="sealed_identity_once"
            ),
            models.CheckConstraint(
                condition=_is_so_long(SEALED_BYTES) | _is_so_long(KEYED_BYTES), name="sealed_of_two_sizes"
            ),
        ]

    @staticmethod
    def context_of(report: uuid.UUID, field: str, version: int) -> str:
        """Return the context of the outer encryption, with the data key. report: the report's public id."""
        return f"identity:{report}:{field}:{version}"

    @property
    def is_keyed(self) -> bool:
        """Return whether the data key of the exchange is needed as well."""
        return len(self.sealed) == KEYED_BYTES

    @property
    def for_custodians(self) -> bytes:
        """Return the value as the custodians open it, without the outer encryption.

        Raises UnsealError when the data key is gone, and the errors of django.db when it cannot be read.
        """
        sealed = bytes(self.sealed)
        if not self.is_keyed:
            return sealed
        context = self.context_of(self.report.public_id, self.field, self.version)
        return encryption.unseal_bytes(sealed, context=context)


class OpeningField(models.TextChoices):
    """These are the kinds of values that an agent may ask to have opened, one at a time."""

    NAME = "name", _("Nom laissé par la personne")
    CONTACT = "contact", _("Moyen de la joindre")
    FIRST_CONNECTION = "first_connection", _("Connexion du signalement")
    LAST_CONNECTION = "last_connection", _("Dernière connexion connue")


class OpeningRequest(models.Model):
    """It is a request to open one sealed value of one report. Only `reports.openings.actions` changes it.

    It outlives its report, and keeps the report's public id. `sealed_grounds`: motive, legal ground, reference and date
    of the prosecutor's authorisation, as encrypted JSON. `recipient`: the public key of the browser that asked; empty
    when the value is to be shown in person. `sealed_reply`: the answer, which only that browser can decrypt; it is kept
    until it is read once, an hour at most. Nothing here tells whether the person has left anything.
    """

    SEALED = ("sealed_grounds",)
    SEALED_WITH = ("report",)
    EXCHANGE = "report"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    report = models.ForeignKey(Report, null=True, on_delete=models.SET_NULL, related_name="openings")
    report_public_id = models.UUIDField(editable=False)
    field = models.CharField(max_length=20, choices=OpeningField)
    version = models.PositiveIntegerField()  # which value of the field is asked for: the one that existed at the time
    is_urgent = models.BooleanField(default=False)
    state = models.CharField(
        max_length=20, choices=[(str(state), str(state)) for state in State], default=str(State.ASKED)
    )
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    # The agent to whom a supervisor handed the request over, None while it is the asker's. Then the agent who answers
    # the exchange now and asks to take it over, with the key of their browser (docs/adr/0074).
    passed_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    claim_recipient = models.BinaryField(max_length=65, null=True, editable=False)
    asked_at = models.DateTimeField()
    moved_at = models.DateTimeField()
    sealed_grounds = models.BinaryField()
    recipient = models.BinaryField(max_length=65, blank=True, default=b"")
    sealed_reply = models.BinaryField(null=True, editable=False)
    reviewed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("demande de levée d'anonymat")
        verbose_name_plural = _("demandes de levée d'anonymat")
        ordering = ["-asked_at"]
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=list(map(str, State))), name="opening_state_known"),
            models.CheckConstraint(
                condition=models.Q(state=str(State.ANSWERED), sealed_reply__isnull=False)
                | models.Q(state=str(State.BROUGHT))
                | (
                    ~models.Q(state__in=[str(State.ANSWERED), str(State.BROUGHT)]) & models.Q(sealed_reply__isnull=True)
                ),
                name="opening_reply_only_until_read",
            ),
            models.CheckConstraint(
                condition=models.Q(reviewed_at__isnull=True) | models.Q(is_urgent=True),
                name="opening_review_of_urgent_ones",
            ),
        ]
        indexes = [
            models.Index(
                fields=["state"], name="opening_pending", condition=models.Q(state__in=sorted(map(str, OPEN)))
            ),
            models.Index(  # finds the requests that wait for somebody (reports.openings.actions)
                fields=["id"],
                name="opening_review_owed",
                condition=models.Q(is_urgent=True, reviewed_at__isnull=True),
            ),
            models.Index(fields=["-asked_at", "-id"], name="opening_in_order"),  # orders the pages of the register
            # Orders the list, the last that moved first.
            models.Index(fields=["-moved_at", "-id"], name="opening_moved"),
            models.Index(  # finds the few that were handed over
                fields=["passed_to"], name="opening_passed_to", condition=models.Q(passed_to__isnull=False)
            ),
        ]

    @property
    def holder(self) -> Any:
        """Return the account of `holder_id`."""
        return self.passed_to or self.asked_by

    @property
    def holder_id(self) -> int:
        """Return the account that holds the request: that to which it was handed over, else the asker."""
        return self.passed_to_id or self.asked_by_id

    @property
    def data_key(self) -> uuid.UUID | None:
        """Return the data key of the exchange; None once the report is deleted, and the grounds with it."""
        return self.report.data_key if self.report is not None else None

    @property
    def context(self) -> str:
        """Return the context that binds the encrypted grounds to everything to which people agreed.

        If any of it is changed, the grounds cannot be decrypted.
        """
        recipient = hashlib.sha256(bytes(self.recipient)).hexdigest()
        asked = [self.report_public_id, self.field, self.version, self.is_urgent, self.asked_by_id, recipient]
        if self.passed_to_id is not None:
            asked.append(self.passed_to_id)
        return f"opening:{self.public_id}:{':'.join(map(str, asked))}"


class OpeningStep(models.Model):
    """It is one act on a request; rows are never changed. `sealed_note`: an encrypted reason or review."""

    SEALED = ("sealed_note",)
    SEALED_WITH = ("request__report",)
    EXCHANGE = "request__report"

    request = models.ForeignKey(OpeningRequest, on_delete=models.CASCADE, related_name="steps", db_index=False)
    act = models.CharField(max_length=20, choices=[(str(act), str(act)) for act in Act])
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    part = models.CharField(max_length=20, choices=[(str(part), str(part)) for part in Part])
    number = models.PositiveSmallIntegerField()
    sealed_note = models.BinaryField(null=True)
    # The key of the on-call duty by which a supervisor of another unit did it (reports.deciders).
    on_call = models.PositiveBigIntegerField(null=True, editable=False)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["request", "number"], name="opening_step_once"),
            models.UniqueConstraint(
                fields=["request", "by"], condition=models.Q(act=str(Act.AGREE)), name="opening_agreed_once_each"
            ),
        ]

    @property
    def context(self) -> str:
        """Return the context that binds the encrypted note to this row."""
        return f"opening-step:{self.request.public_id}:{self.number}"

    @property
    def data_key(self) -> uuid.UUID | None:
        """Return the data key of the exchange to which the request belongs."""
        return self.request.data_key

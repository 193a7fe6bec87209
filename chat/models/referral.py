"""These are the tables of transmissions to a unit: unit accounts, transmissions, their steps, and codes to follow them.

(Foreign keys are by name, because `chat.models` imports this module.)
"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from chat.models.casework import SealedWords
from chat.rules.referral import RECEIVED, RUNNING, TOLD_AGAIN, Basis, State

TOWN_MAX = 120  # characters


class UnitAccount(models.Model):
    """It is the point d'accueil for which an account of the role « unité » reads; several accounts may have the same
    one.

    point: None until a second administrator agreed to it (docs/adr/0054), and once the point is no longer in the data;
    then the account sees nothing.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="unit_account")
    point = models.ForeignKey(
        "locations.ReceptionPoint",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("point d'accueil"),
    )

    class Meta:
        verbose_name = _("compte d'unité")
        verbose_name_plural = _("comptes d'unité")

    def __str__(self) -> str:
        return str(_("point d'accueil de %(account)s") % {"account": self.user})


class Transmission(SealedWords):
    """It is a summary for one unit. The person reads it first, then it is sent; in an emergency it is sent at once.

    words: `summary`; `unit`, `address`, `telephone` and `is_example` of the unit at that time; `why`, when it was sent
    without agreement, and `was_refused` where the person had said no; what the person agreed to besides: `facts_count`,
    `facts_until`, `captures_until`, and their numbers, `captures`. town, facts (values of `Fact` with commas), urgency:
    for the unit's list; the person reads them with the summary. file_number: drawn at random when it is sent. sent_at,
    file_number and basis are all set or none is.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    conversation = models.ForeignKey("chat.Conversation", on_delete=models.CASCADE, related_name="transmissions")
    point = models.ForeignKey(
        "locations.ReceptionPoint", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    state = models.CharField(max_length=20, choices=State)
    basis = models.CharField(max_length=20, choices=Basis, blank=True)
    file_number = models.CharField(max_length=14, null=True, unique=True)  # noqa: DJ001  unique where there is one
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    sent_at = models.DateTimeField(null=True)
    # What the unit's list shows beside the number, as of when the summary was written. It is empty in early rows, whose
    # persons were not told that it is shown.
    town = models.CharField(max_length=TOWN_MAX, blank=True, default="", db_default="")
    facts = models.CharField(max_length=200, blank=True, default="", db_default="")
    urgency = models.PositiveSmallIntegerField(null=True)

    class Meta:
        verbose_name = _("transmission")
        verbose_name_plural = _("transmissions")
        ordering = ["made_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="transmission_state_known"),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True, file_number__isnull=True, basis="")
                | Q(sent_at__isnull=False, file_number__isnull=False, basis__in=Basis.values),
                name="transmission_sending_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(state__in=sorted(RECEIVED), sent_at__isnull=False)
                | Q(state__in=[State.ASKED, State.REFUSED], sent_at__isnull=True)
                | Q(state=State.WITHDRAWN),
                name="transmission_received_was_sent",
            ),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True) | Q(sent_at__gte=F("made_at")), name="transmission_sent_later"
            ),
            models.UniqueConstraint(
                fields=["conversation"], condition=Q(state=State.ASKED), name="transmission_asked_one_at_a_time"
            ),
            models.UniqueConstraint(
                fields=["conversation", "point"],
                condition=Q(state__in=sorted(RUNNING)),
                name="transmission_running_once_a_unit",
            ),
        ]
        indexes = [
            models.Index(fields=["point", "sent_at"], name="transmission_received"),
            models.Index(fields=["sent_at"], name="transmission_unread", condition=Q(state=State.SENT)),
        ]

    @property
    def context(self) -> str:
        """Return the context that binds the encrypted words to this transmission."""
        return f"transmission:{self.conversation.public_id}:{self.public_id}"


class TransmissionStep(SealedWords):
    """It is one step of a transmission: its new state, when, and by whom. Rows are never changed.

    words: for an appointment, what its slip shows; for its refusal, `other`, another time in the person's words; for
    the end, `reason`, written for the person; otherwise empty. Each state occurs once, except appointments and answers
    to them.
    """

    SEALED_WITH = ("transmission__conversation",)
    EXCHANGE = "transmission__conversation__report"

    transmission = models.ForeignKey(Transmission, on_delete=models.CASCADE, related_name="steps", db_index=False)
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=20, choices=State)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    meets_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["transmission", "number"], name="transmission_step_numbered"),
            models.UniqueConstraint(
                fields=["transmission", "state"],
                condition=~Q(state__in=sorted(TOLD_AGAIN)),
                name="transmission_step_once",
            ),
            models.CheckConstraint(
                condition=Q(state=State.MEETING, meets_at__isnull=False)
                | Q(~Q(state=State.MEETING), meets_at__isnull=True),
                name="transmission_meeting_has_time",
            ),
        ]

    @property
    def context(self) -> str:
        """Return the context that binds the encrypted words to this step."""
        return f"transmission-step:{self.transmission.public_id}:{self.number}"

    @property
    def data_key(self) -> uuid.UUID | None:
        """Return the key of the exchange that it belongs to."""
        return self.transmission.conversation.data_key


class FollowUp(models.Model):
    """It is a code that opens « Suites » of one conversation and nothing else of it. Only its slow hash is stored.

    until: the end of the resume code that it was; None once there was something to follow (a summary, a removal, the
    way to the copy), after which it is valid as long as the conversation is kept.
    """

    conversation = models.OneToOneField("chat.Conversation", on_delete=models.CASCADE, related_name="follow_up")
    code_digest = models.CharField(max_length=64, unique=True, editable=False)
    issued_at = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("code des suites")
        verbose_name_plural = _("codes des suites")
        indexes = [models.Index(fields=["until"], name="follow_up_end", condition=Q(until__isnull=False))]

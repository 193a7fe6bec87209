"""These are the tables of casework: fact sheets, proposals, emergencies, closings.

Text that people wrote is encrypted as JSON and bound to its row. Unencrypted columns are categories, by which agents
can search their own exchanges. (Foreign keys are by name, because `chat.models` imports this module.)
"""

import json
import secrets
import uuid
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from chat.rules.emergency import Situation, Step
from common import encryption
from reports.rules.offence_elements import Element, Evidence

# Without vowels no words arise, and no character is mistaken for another one when read aloud.
ALPHABET = "23456789BCDFGHJKMNPQRTVWXZ"


class SealedWords(models.Model):
    """It is a row with one encrypted value: a JSON object of texts, bound to `context`."""

    SEALED: tuple[str, ...] = ("sealed_words",)
    SEALED_WITH: tuple[str, ...] = ("conversation",)
    EXCHANGE = "conversation__report"

    sealed_words = models.BinaryField()

    class Meta:
        abstract = True

    @property
    def context(self) -> str:
        """Return the context that binds the encrypted words to their row, so that they cannot be decrypted in another
        one."""
        raise NotImplementedError

    @property
    def data_key(self) -> uuid.UUID | None:
        """Return the key of the exchange that it belongs to."""
        # Each model has a conversation, or overrides this.
        key: uuid.UUID | None = self.conversation.data_key  # type: ignore[attr-defined]
        return key

    @property
    def words(self) -> dict[str, Any]:
        """Return the decrypted words. Raises encryption.UnsealError when they cannot be decrypted."""
        words: dict[str, Any] = json.loads(encryption.unseal(self.sealed_words, context=self.context))
        return words

    def seal(self, words: dict[str, Any]) -> None:
        """Set these words, encrypted as JSON; the row is not saved."""
        text = json.dumps(words, ensure_ascii=False)
        self.sealed_words = encryption.seal(text, context=self.context, data_key=self.data_key)


class FactSheet(SealedWords):
    """It is the fact sheet (« Fiche des faits »): which elements are present or absent, and the agent's notes.

    version: increased at each save, so that what was typed on an older version does not overwrite a newer one. words:
    dates, accounts, links, notes. Links are text, and not clickable.
    """

    NOTES = ("dates", "accounts", "links", "notes")

    conversation = models.OneToOneField("chat.Conversation", on_delete=models.CASCADE, related_name="sheet")
    version = models.PositiveIntegerField(default=1)
    present = ArrayField(models.CharField(max_length=20, choices=Element), default=list, blank=True)
    absent = ArrayField(models.CharField(max_length=20, choices=Element), default=list, blank=True)
    evidence = ArrayField(models.CharField(max_length=20, choices=Evidence), default=list, blank=True)
    saved_at = models.DateTimeField()
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name = _("fiche des faits")
        verbose_name_plural = _("fiches des faits")
        constraints = [
            models.CheckConstraint(condition=~Q(present__overlap=F("absent")), name="sheet_says_one_thing"),
            models.CheckConstraint(condition=Q(version__gte=1), name="sheet_version_from_one"),
        ]

    @property
    def context(self) -> str:
        """Return the context that binds the encrypted words to the sheet of this conversation."""
        return f"sheet:{self.conversation.public_id}"


class ProposalKind(models.TextChoices):
    """These are the kinds of proposals that an agent may make to the person."""

    QUESTION = "question", _("Question à réponses prêtes")
    PARTNER = "partner", _("Partenaire")
    COMPLAINT = "complaint", _("Plainte")
    APPOINTMENT = "appointment", _("Rendez-vous")
    REMOVAL = "removal", _("Retrait d'un contenu")


class Said(models.TextChoices):
    """These are the person's answers to a proposal."""

    YES = "yes", _("oui")
    NO = "no", _("non")
    NOTHING = "nothing", _("pas de réponse")


def question_id() -> uuid.UUID:
    """Draw the `client_id` of a message with answers to choose from: a UUID of version 8, by which pages know it."""
    return uuid.UUID(bytes=_version_8(secrets.token_bytes(16)))


def _version_8(random: bytes) -> bytes:
    """Return the version 8 UUID (RFC 9562, 5.8) of these 16 bytes."""
    octets = bytearray(random)
    octets[6] = octets[6] & 0x0F | 0x80
    octets[8] = octets[8] & 0x3F | 0x80
    return bytes(octets)


def draw_file_number() -> str:
    """Draw a file number at random (« PNAV-7K3M-QX2D »), so that it tells nothing about anybody."""
    drawn = "".join(secrets.choice(ALPHABET) for _place in range(8))
    return f"PNAV-{drawn[:4]}-{drawn[4:]}"


def read_file_number(typed: str) -> str:
    """Return a typed file number as it is stored; "" when it is none.

    Spaces, dashes, small letters and a missing « PNAV » do not matter, because numbers are read over the telephone.
    """
    signs = "".join(sign for sign in typed.upper() if sign.isalnum()).removeprefix("PNAV")
    if len(signs) != 8 or not set(signs) <= set(ALPHABET):
        return ""
    return f"PNAV-{signs[:4]}-{signs[4:]}"


class Proposal(SealedWords):
    """It is a proposal to the person in the thread, with answers to choose from.

    `asked_id` is the client_id of its message; `answer_id` is that of the person's message which answers it. words:
    `answers` to choose from, and what is proposed. said: the answer as the agent understood it, when no button was
    used. file_number: that of an appointment's slip.
    """

    conversation = models.ForeignKey("chat.Conversation", on_delete=models.CASCADE, related_name="proposals")
    kind = models.CharField(max_length=20, choices=ProposalKind)
    asked_id = models.UUIDField(default=question_id, unique=True, editable=False)
    answer_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    partner = models.ForeignKey("locations.Partner", null=True, on_delete=models.SET_NULL, related_name="+")
    file_number = models.CharField(max_length=14, null=True, unique=True)  # noqa: DJ001  unique where there is one
    meets_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    said = models.CharField(max_length=10, choices=Said, blank=True)
    said_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("proposition")
        verbose_name_plural = _("propositions")
        ordering = ["made_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(said="", said_at__isnull=True) | Q(~Q(said=""), said_at__isnull=False),
                name="proposal_said_has_time",
            ),
            models.CheckConstraint(
                condition=Q(kind=ProposalKind.APPOINTMENT, file_number__isnull=False, meets_at__isnull=False)
                | Q(~Q(kind=ProposalKind.APPOINTMENT), file_number__isnull=True, meets_at__isnull=True),
                name="proposal_appointment_is_whole",
            ),
        ]

    @property
    def context(self) -> str:
        """Return the context that binds the encrypted words to the message that asks."""
        return f"proposal:{self.conversation.public_id}:{self.asked_id}"


class Emergency(models.Model):
    """It is an emergency procedure of a conversation, with its beginning and end, and who did these. One at a time."""

    conversation = models.ForeignKey("chat.Conversation", on_delete=models.CASCADE, related_name="emergencies")
    situation = models.CharField(max_length=20, choices=Situation)
    started_at = models.DateTimeField()
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name = _("procédure d'urgence")
        verbose_name_plural = _("procédures d'urgence")
        ordering = ["started_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"], condition=Q(ended_at__isnull=True), name="emergency_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")), name="emergency_ends_later"
            ),
        ]


class EmergencyStep(models.Model):
    """It is one step of an emergency procedure, done once: when, and by whom. Rows are never changed."""

    emergency = models.ForeignKey(Emergency, on_delete=models.CASCADE, related_name="steps", db_index=False)
    step = models.CharField(max_length=20, choices=Step)
    at = models.DateTimeField(db_default=Now())
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["at", "pk"]
        constraints = [models.UniqueConstraint(fields=["emergency", "step"], name="emergency_step_once")]


class Closing(SealedWords):
    """It is how a conversation was closed, beyond its outcome.

    words: `summary` for the team, `told` for the person. points: for a minor, the result of each `closing_rules.Point`,
    as categories.
    """

    conversation = models.OneToOneField("chat.Conversation", on_delete=models.CASCADE, related_name="closing")
    points = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("clôture")
        verbose_name_plural = _("clôtures")

    @property
    def context(self) -> str:
        """Return the context that binds the encrypted words to the closing of this conversation."""
        return f"closing:{self.conversation.public_id}"

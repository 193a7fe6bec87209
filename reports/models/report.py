"""This is a signalement: what a person says of the facts, without saying who they are."""

import json
import uuid
from collections.abc import Mapping

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from common import encryption
from common.choices import read_choice
from locations.models import Force
from triage.rules import Urgency


class ReporterRole(models.TextChoices):
    """It is the role of the person who writes."""

    VICTIM = "victim", _("Victime")
    WITNESS = "witness", _("Témoin")
    RELATIVE = "relative", _("Proche")
    PROFESSIONAL = "professional", _("Professionnel")


class AgeBand(models.TextChoices):
    """It is the age of the person who suffers the facts, no more exact than routing and care need."""

    UNDER_15 = "under_15", _("Moins de 15 ans")
    FROM_15_TO_17 = "15_17", _("15 à 17 ans")
    UNDER_18 = "under_18", _("Moins de 18 ans")  # the home page asks for nothing more precise
    ADULT = "adult", _("18 ans ou plus")
    UNKNOWN = "unknown", _("Non précisé")

    @property
    def is_minor(self) -> bool:
        """Return whether the person is under 18."""
        return self in {AgeBand.UNDER_15, AgeBand.FROM_15_TO_17, AgeBand.UNDER_18}

    @classmethod
    def as_stored(cls, age: str) -> dict[str, str]:
        """Return the two columns of an age (`Report.age`).

        `age_band` holds what earlier versions can read, and `later_age_band` the real age if that differs.
        """
        former = _FORMER_AGES.get(age)
        return {"age_band": former or age, "later_age_band": age if former else ""}


# What a process of an earlier version, which does not know an age, reads in its place. It never means less care.
_FORMER_AGES: Mapping[str, str] = {AgeBand.UNDER_18: AgeBand.FROM_15_TO_17}


class Fact(models.TextChoices):
    """These are forms of cyber-harassment. Source: shared facts, « Forms of cyber-harassment »."""

    INSULTS = "insults", _("Intimidations, insultes, moqueries ou menaces")
    RUMOURS = "rumours", _("Propagation de rumeurs")
    HACKED_ACCOUNT = "hacked_account", _("Piratage de compte ou usurpation d'identité numérique")
    HOSTILE_PAGE = "hostile_page", _("Discussion, groupe ou page contre une personne")
    IMAGE = "image", _("Photo ou vidéo humiliante ou intime")
    COUPLE = "couple", _("Cyber-violences dans le couple")
    OTHER = "other", _("Autre situation")


class Platform(models.TextChoices):
    """These are the kinds of places where it happens. They are kinds and not brands, because brands change."""

    SOCIAL = "social", _("Réseau social")
    MESSAGING = "messaging", _("Messagerie instantanée")
    GAME = "game", _("Jeu en ligne")
    FORUM = "forum", _("Forum ou site")
    EMAIL = "email", _("Courrier électronique")
    PHONE = "phone", _("Téléphone ou SMS")
    SCHOOL = "school", _("Espace numérique de l'école ou du travail")
    OTHER = "other", _("Autre")


class Since(models.TextChoices):
    """It says how long it has lasted."""

    TODAY = "today", _("Aujourd'hui")
    WEEK = "week", _("Quelques jours")
    MONTH = "month", _("Quelques semaines")
    YEAR = "year", _("Quelques mois")
    LONGER = "longer", _("Plus d'un an")


class Expectation(models.TextChoices):
    """These are the kinds of help that the person hopes for."""

    TALK = "talk", _("Parler à quelqu'un")
    ADVICE = "advice", _("Recevoir des conseils")
    COMPLAINT = "complaint", _("Préparer une plainte")
    REMOVAL = "removal", _("Faire retirer un contenu")
    PROTECT = "protect", _("Protéger un proche")


class Report(models.Model):
    """It is one report (signalement). It opens one conversation.

    `submission_id`: made with the form, so that the same form sent twice is one report.
    `triage_answers_sealed`: the answers as encrypted JSON, because they say more of a person than the other fields.
    `data_key`: the id of the key that encrypts the texts of this report and of its exchange (docs/adr/0081). It is None
    in rows of earlier versions, whose texts the key ring encrypted.
    `data_key_since`: since when no text of it, in any table, is encrypted with the ring; None while some may be.
    `identity_key_since`: since when its sealed values (`SealedValue`) are encrypted with the data key as well; None
    while they are not. Once set, it stays (docs/adr/0114).
    """

    SEALED = ("triage_answers_sealed",)
    EXCHANGE = "pk"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    submission_id = models.UUIDField(unique=True, editable=False)
    filed_at = models.DateTimeField(auto_now_add=True)
    role = models.CharField(max_length=20, choices=ReporterRole, default=ReporterRole.VICTIM)
    # Read `age`, which reads both columns, and write `AgeBand.as_stored`. `later_age_band` holds an age that earlier
    # versions cannot read; `age_band` then holds the nearest age that they can (docs/adr/0071).
    age_band = models.CharField(max_length=20, choices=AgeBand, default=AgeBand.UNKNOWN)
    later_age_band = models.CharField(max_length=20, blank=True, default="", db_default="", editable=False)
    facts = ArrayField(models.CharField(max_length=30, choices=Fact), default=list, blank=True)
    platforms = ArrayField(models.CharField(max_length=30, choices=Platform), default=list, blank=True)
    since = models.CharField(max_length=20, choices=Since, blank=True, default="", db_default="")
    expectations = ArrayField(models.CharField(max_length=30, choices=Expectation), default=list, blank=True)
    triage_version = models.CharField(max_length=20)
    triage_answers_sealed = models.BinaryField()
    outcome = models.CharField(max_length=40)  # a value of triage.rules.Outcome at that version
    urgency = models.PositiveSmallIntegerField(choices=Urgency, default=Urgency.NORMAL)
    # Whether more reports came from its network in the hour than people send. The network itself is not stored
    # (docs/adr/0053).
    is_crowded = models.BooleanField(default=False, db_default=False)
    discreet = models.BooleanField(default=False)
    postal_code = models.CharField(max_length=5)
    municipality = models.ForeignKey(
        "locations.Municipality", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    reception_point = models.ForeignKey(
        "locations.ReceptionPoint", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    force = models.CharField(max_length=20, choices=Force, blank=True)
    # Whether the agent has to check the unit: it is only the nearest one known, or that of a place that was guessed
    # (`locations.session.Choice`).
    is_nearest = models.BooleanField(default=False)
    # The language of the visit, in which Pnav's own lines are said.
    language = models.CharField(max_length=10, default="fr")
    # Only a visit of this generation may act for the report. It is raised when a resume code is used, so that the
    # device that was left, which may be in the wrong hands, can read nothing more.
    visit_generation = models.PositiveIntegerField(default=0, editable=False)
    data_key = models.UUIDField(null=True, editable=False)
    data_key_since = models.DateTimeField(null=True, editable=False)
    identity_key_since = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("signalement")
        verbose_name_plural = _("signalements")
        constraints = [
            models.CheckConstraint(condition=models.Q(urgency__in=Urgency.values), name="report_urgency_known"),
        ]
        # The first finds out whether a data key is still in use, before it is erased or put back
        # (`reports.retention.key_erasure`). The second finds reports by age, for their end (`chat.retention.schedule`).
        indexes = [
            models.Index(fields=["data_key"], name="report_data_key"),
            models.Index(fields=["filed_at"], name="report_filed"),
        ]

    @property
    def context(self) -> str:
        """Return the context that binds the encrypted answers to this row."""
        return f"report:{self.submission_id}"

    @property
    def age(self) -> AgeBand:
        """Return the age of the person who suffers the facts; UNKNOWN if a later version wrote one that this cannot
        read."""
        known = read_choice(AgeBand, self.age_band, AgeBand.UNKNOWN)
        return read_choice(AgeBand, self.later_age_band, known) if self.later_age_band else known

    @property
    def is_minor(self) -> bool:
        """Return whether the person who suffers the facts is under 18, by what was said."""
        return self.age.is_minor

    def triage_answers(self) -> dict[str, str]:
        """Return the decrypted answers of the triage. Raises encryption.UnsealError when they cannot be decrypted."""
        answers: dict[str, str] = json.loads(encryption.unseal(self.triage_answers_sealed, context=self.context))
        return answers

"""A signalement: what a person says of the facts, without saying who they are; the register; how long it is kept."""

import hashlib
import json
import uuid
from datetime import UTC, datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.lookups import Exact
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from locations.models import Force
from reports import keyring, retention
from reports.opening_rules import OPEN, Act, Part, State
from reports.retention import Cause, Kind
from reports.sealing import SEALED_BYTES
from triage.rules import Urgency


class ReporterRole(models.TextChoices):
    """Who is speaking."""

    VICTIM = "victim", _("Victime")
    WITNESS = "witness", _("Témoin")
    RELATIVE = "relative", _("Proche")
    PROFESSIONAL = "professional", _("Professionnel")


class AgeBand(models.TextChoices):
    """The age of the person who suffers the facts, no finer than routing and care need."""

    UNDER_15 = "under_15", _("Moins de 15 ans")
    FROM_15_TO_17 = "15_17", _("15 à 17 ans")
    ADULT = "adult", _("18 ans ou plus")
    UNKNOWN = "unknown", _("Non précisé")

    @property
    def is_minor(self) -> bool:
        return self in {AgeBand.UNDER_15, AgeBand.FROM_15_TO_17}


class Fact(models.TextChoices):
    """Forms of cyber-harassment. Source: shared facts, « Forms of cyber-harassment »."""

    INSULTS = "insults", _("Intimidations, insultes, moqueries ou menaces")
    RUMOURS = "rumours", _("Propagation de rumeurs")
    HACKED_ACCOUNT = "hacked_account", _("Piratage de compte ou usurpation d'identité numérique")
    HOSTILE_PAGE = "hostile_page", _("Discussion, groupe ou page contre une personne")
    IMAGE = "image", _("Photo ou vidéo humiliante ou intime")
    COUPLE = "couple", _("Cyber-violences dans le couple")
    OTHER = "other", _("Autre situation")


class Platform(models.TextChoices):
    """Where it happens, by kind: brands change, kinds stay."""

    SOCIAL = "social", _("Réseau social")
    MESSAGING = "messaging", _("Messagerie instantanée")
    GAME = "game", _("Jeu en ligne")
    FORUM = "forum", _("Forum ou site")
    EMAIL = "email", _("Courrier électronique")
    PHONE = "phone", _("Téléphone ou SMS")
    SCHOOL = "school", _("Espace numérique de l'école ou du travail")
    OTHER = "other", _("Autre")


class Since(models.TextChoices):
    """How long it has lasted."""

    TODAY = "today", _("Aujourd'hui")
    WEEK = "week", _("Quelques jours")
    MONTH = "month", _("Quelques semaines")
    YEAR = "year", _("Quelques mois")
    LONGER = "longer", _("Plus d'un an")


class Expectation(models.TextChoices):
    """What the person hopes for."""

    TALK = "talk", _("Parler à quelqu'un")
    ADVICE = "advice", _("Recevoir des conseils")
    COMPLAINT = "complaint", _("Préparer une plainte")
    REMOVAL = "removal", _("Faire retirer un contenu")
    PROTECT = "protect", _("Protéger un proche")


class Report(models.Model):
    """One signalement. It opens one conversation.

    `submission_id` is made with the form: the same form sent twice is the same report.
    `triage_answers_sealed` holds the answers as JSON, sealed: they say more of a person than the fields beside it.
    """

    SEALED = ("triage_answers_sealed",)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    submission_id = models.UUIDField(unique=True, editable=False)
    filed_at = models.DateTimeField(auto_now_add=True)
    role = models.CharField(max_length=20, choices=ReporterRole, default=ReporterRole.VICTIM)
    age_band = models.CharField(max_length=20, choices=AgeBand, default=AgeBand.UNKNOWN)
    facts = ArrayField(models.CharField(max_length=30, choices=Fact), default=list, blank=True)
    platforms = ArrayField(models.CharField(max_length=30, choices=Platform), default=list, blank=True)
    since = models.CharField(max_length=20, choices=Since, blank=True)
    expectations = ArrayField(models.CharField(max_length=30, choices=Expectation), default=list, blank=True)
    triage_version = models.CharField(max_length=20)
    triage_answers_sealed = models.BinaryField()
    outcome = models.CharField(max_length=40)  # triage.rules.Outcome at that version
    urgency = models.PositiveSmallIntegerField(choices=Urgency, default=Urgency.NORMAL)
    discreet = models.BooleanField(default=False)
    postal_code = models.CharField(max_length=5)
    municipality = models.ForeignKey(
        "locations.Municipality", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    reception_point = models.ForeignKey(
        "locations.ReceptionPoint", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    force = models.CharField(max_length=20, choices=Force, blank=True)
    is_nearest = models.BooleanField(default=False)
    language = models.CharField(max_length=10, default="fr")  # of the visit: what Pnav writes in the thread follows it
    # Which visit may speak for this report: raised when a code de reprise is used, so that the device left behind,
    # which may be in the wrong hands, reads nothing more.
    visit_generation = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("signalement")
        verbose_name_plural = _("signalements")
        constraints = [
            models.CheckConstraint(condition=models.Q(urgency__in=Urgency.values), name="report_urgency_known"),
        ]

    @property
    def context(self) -> str:
        """What the sealed answers are bound to."""
        return f"report:{self.submission_id}"

    @property
    def is_minor(self) -> bool:
        return AgeBand(self.age_band).is_minor

    def triage_answers(self) -> dict[str, str]:
        """The answers of the triage, opened. Raises keyring.UnsealError when no key opens them."""
        answers: dict[str, str] = json.loads(keyring.unseal(self.triage_answers_sealed, context=self.context))
        return answers


class SealedField(models.TextChoices):
    """What can name a person. The values are part of what a sealed value is bound to: they never change."""

    NAME = "name", _("Nom laissé par la personne")
    CONTACT = "contact", _("Moyen de la joindre")
    CONNECTION = "connection", _("Connexion technique")


class SealedValue(models.Model):
    """One thing that can name a person, which only an absent key opens. `reports.arrivals` alone writes it.

    The key of the row tells the order; there is no time in clear, for the time of a connection is part of what is
    sealed. `version` is drawn at random: `sealing.Context` binds the value to it.
    """

    VERSIONS = 2**31 - 1

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="sealed_values")
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
                condition=Exact(
                    models.Func("sealed", function="octet_length", output_field=models.IntegerField()), SEALED_BYTES
                ),
                name="sealed_of_one_size",
            ),
        ]


class OpeningField(models.TextChoices):
    """What an agent may ask to have opened: one value at a time."""

    NAME = "name", _("Nom laissé par la personne")
    CONTACT = "contact", _("Moyen de la joindre")
    FIRST_CONNECTION = "first_connection", _("Connexion du signalement")
    LAST_CONNECTION = "last_connection", _("Dernière connexion connue")


class OpeningRequest(models.Model):
    """A request to open one sealed value of one report. `reports.openings` alone changes it.

    It outlives its report, whose public id it keeps. `sealed_grounds`: motive, legal ground, reference and date of the
    prosecutor's authorisation, as JSON, sealed like what people write. `recipient` is the public key of the browser
    that asked, empty when the value is to be shown on the spot. `sealed_reply`: what only that browser opens, kept from
    the custodians' answer to its one reading, an hour at most.
    Nothing here tells whether there is anything to open.
    """

    SEALED = ("sealed_grounds",)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    report = models.ForeignKey(Report, null=True, on_delete=models.SET_NULL, related_name="openings")
    report_public_id = models.UUIDField(editable=False)
    field = models.CharField(max_length=20, choices=OpeningField)
    version = models.PositiveIntegerField()  # which value of the field: the one there was when it was asked for
    is_urgent = models.BooleanField(default=False)
    state = models.CharField(
        max_length=20, choices=[(str(state), str(state)) for state in State], default=str(State.ASKED)
    )
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
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
        ]

    @property
    def context(self) -> str:
        """What the sealed grounds are bound to: all that people agreed to. Change any of it, and they do not open."""
        recipient = hashlib.sha256(bytes(self.recipient)).hexdigest()
        asked = (self.report_public_id, self.field, self.version, self.is_urgent, self.asked_by_id, recipient)
        return f"opening:{self.public_id}:{':'.join(map(str, asked))}"


class OpeningStep(models.Model):
    """What happened to a request, in order: one row an act, never altered. `sealed_note`: a reason or a review."""

    SEALED = ("sealed_note",)
    SEALED_WITH = ("request",)

    request = models.ForeignKey(OpeningRequest, on_delete=models.CASCADE, related_name="steps")
    act = models.CharField(max_length=20, choices=[(str(act), str(act)) for act in Act])
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    part = models.CharField(max_length=20, choices=[(str(part), str(part)) for part in Part])
    number = models.PositiveSmallIntegerField()
    sealed_note = models.BinaryField(null=True)

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
        """What the sealed note is bound to."""
        return f"opening-step:{self.request.public_id}:{self.number}"


class AccessKind(models.TextChoices):
    """What the register keeps: readings of what concerns somebody, and acts that decide what is kept or shown."""

    READING = "reading", _("Lecture")
    SEARCH = "search", _("Recherche")
    EXPORT = "export", _("Export")
    PAPER = "paper", _("Document de l'échange, par son interlocuteur")
    TRANSMITTED = "transmitted", _("Résumé transmis à une unité")
    TRANSMISSION = "transmission", _("Lecture d'un résumé, par l'unité")
    OPENING = "opening", _("Levée d'anonymat")
    RETENTION = "retention", _("Suppression au terme")
    FREEZE = "freeze", _("Gel de la conservation")
    ERASURE = "erasure", _("Demande d'effacement")
    REASSIGNMENT = "reassignment", _("Échange confié à un autre agent")
    WHISPER = "whisper", _("Mot d'un superviseur à l'agent")
    ADMIN_ADD = "admin_add", _("Administration : ajout")
    ADMIN_CHANGE = "admin_change", _("Administration : modification")
    ADMIN_DELETE = "admin_delete", _("Administration : suppression")
    ADMIN_ACTION = "admin_action", _("Administration : action")


class Motive(models.TextChoices):
    """Why, when the act says it by itself. Who is asked for a reason gives a short text in its place."""

    ADMINISTRATION = "administration", _("Gestion du site")
    CONTROL = "control", _("Contrôle des accès")
    TERM = "term", _("Terme de la conservation")
    JUDICIAL = "judicial", _("Besoin judiciaire")
    RIGHT = "right", _("Droit de la personne")
    OWN_WORK = "own_work", _("Travail sur ses propres échanges")
    FOLLOW_UP = "follow_up", _("Suites données par l'unité")


class AccessRecord(models.Model):
    """One line of the register: who read or did what, about whom, why and when. `reports.register` writes it.

    Append-only by trigger (migration 0004): PostgreSQL refuses to change, delete or empty; and takes the next line only
    (migration 0010). No foreign key: a line survives what it names, and nothing cascades into it.

    `number` is dense, from 1. `previous` and `digest` are SHA-256 in hexadecimal (`register.digest_of`): `previous` is
    that of the line before, GENESIS for the first. `salt`, 128 random bits: a published digest confirms no guess.
    `account_id` is the account's key, kept when the account goes; none for the service itself.
    `subject` is the public id of a report or a conversation, or « app.Model key » of an object of the admin: never what
    it holds. `detail` is written by the code: names of fields, of an action, counts; never a value.
    """

    SERVICE = "service"  # the role of the worker and of commands, which no account runs
    GENESIS = "0" * 64

    number = models.PositiveBigIntegerField(_("numéro"), primary_key=True)
    version = models.PositiveSmallIntegerField(editable=False)  # of the encoding that the digest was made of
    at = models.DateTimeField(_("date"), db_index=True)
    kind = models.CharField(_("nature"), max_length=20, choices=AccessKind)
    account_id = models.PositiveBigIntegerField(_("compte"), null=True)
    role = models.CharField(_("rôle"), max_length=20)
    subject = models.CharField(_("objet"), max_length=100, blank=True, db_index=True)
    motive = models.CharField(_("motif"), max_length=200)
    detail = models.CharField(_("précision"), max_length=500, blank=True)
    salt = models.CharField(max_length=32, editable=False)
    previous = models.CharField(_("empreinte précédente"), max_length=64, unique=True)
    digest = models.CharField(_("empreinte"), max_length=64, unique=True)

    class Meta:
        verbose_name = _("ligne du registre")
        verbose_name_plural = _("registre des accès")
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(condition=models.Q(number__gte=1), name="access_number_from_one"),
            models.CheckConstraint(condition=~models.Q(motive=""), name="access_has_a_motive"),
            models.CheckConstraint(
                condition=models.Q(account_id__isnull=True, role="service")
                | (models.Q(account_id__isnull=False) & ~models.Q(role="service")),
                name="access_account_or_service",
            ),
            # GENESIS stands before the first line alone: after a line with that digest nothing could be recorded.
            models.CheckConstraint(condition=~models.Q(digest="0" * 64), name="access_digest_is_none_of_the_first"),
            models.CheckConstraint(
                condition=models.Q(at__gte=datetime(2000, 1, 1, tzinfo=UTC), at__lt=datetime(9000, 1, 1, tzinfo=UTC)),
                name="access_at_can_be_read",
            ),
        ]

    def __str__(self) -> str:
        return f"n° {self.number}"

    @property
    def motive_label(self) -> str:
        """The motive in French: a chosen one by its label, a short text as it was given."""
        return str(Motive(self.motive).label) if self.motive in Motive.values else self.motive


# --- how long things are kept ---------------------------------------------------------------------------------------


class RetentionRule(models.Model):
    """How long one kind of thing is kept, as an administrator sets it; `retention.DEFAULTS` without a row."""

    kind = models.CharField(_("quoi"), max_length=20, choices=Kind, unique=True, editable=False)
    days = models.PositiveIntegerField(
        _("durée (jours)"),
        validators=[MinValueValidator(1), MaxValueValidator(retention.DAYS_MAX)],
        help_text=_(
            "Depuis le dernier geste de l'un ou de l'autre. Pour une demande d'effacement : le délai de réponse."
        ),
    )
    grace_days = models.PositiveIntegerField(
        _("délai de grâce (jours)"),
        validators=[MaxValueValidator(retention.DAYS_MAX)],
        help_text=_("S'ajoute à la durée : suppression à la fin des deux. Un ajout pendant ce délai repousse la fin."),
    )
    digest_days = models.PositiveIntegerField(
        _("annonce (jours avant)"),
        validators=[MaxValueValidator(retention.DAYS_MAX)],
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
                    days__lte=retention.DAYS_MAX,
                    grace_days__lte=retention.DAYS_MAX,
                    digest_days__lte=retention.DAYS_MAX,
                ),
                name="retention_is_a_date",
            ),
        ]

    def __str__(self) -> str:
        return str(Kind(self.kind).label)

    @property
    def rule(self) -> retention.Rule:
        return retention.Rule(self.days, self.grace_days, self.digest_days, self.in_force_at)


class Freeze(models.Model):
    """A judicial need for one report: asked for, then set by whoever may; ends by itself. One row a report, the last.

    PROTECT: no deletion, by whatever way, takes a report with a freeze; `chat.forgetting` removes those that are over.
    motive, reference and authority (who asked for it) are typed by the staff, sealed, and stay in this row only.
    """

    SEALED = ("sealed_reasons",)
    SEALED_WITH = ("report",)

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
        """What the sealed reasons are bound to."""
        return f"freeze:{report}"

    @property
    def context(self) -> str:
        return self.context_of(self.report.public_id)

    @classmethod
    def seal_reasons(cls, report: Report, *, motive: str, reference: str, authority: str) -> bytes:
        """What a row keeps of why; none of the three is empty."""
        reasons = {"motive": motive, "reference": reference, "authority": authority}
        if not all(reasons.values()):
            raise ValueError("A freeze says why.")
        return keyring.seal(json.dumps(reasons), context=cls.context_of(report.public_id))

    @cached_property
    def reasons(self) -> dict[str, str]:
        """motive, reference, authority. Raises keyring.UnsealError."""
        reasons: dict[str, str] = json.loads(keyring.unseal(self.sealed_reasons, context=self.context))
        return reasons

    @property
    def is_asked(self) -> bool:
        """Whether it waits for somebody who may set it."""
        return self.set_at is None and self.lifted_at is None

    def is_running(self, now: datetime) -> bool:
        return self.set_at is not None and self.lifted_at is None and self.until > now

    @property
    def frozen_until(self) -> datetime:
        """When it ends, or ended: the grace runs from there. Only asked for, it gives that much time to decide, once a
        report: what is asked for again holds no longer than what was before."""
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
        """What the sealed motive is bound to."""
        return f"erasure:{self.report.public_id}"

    @property
    def motive(self) -> str:
        """Why it was refused, "" if it was not. Raises keyring.UnsealError."""
        return keyring.unseal(self.sealed_motive, context=self.context) if self.sealed_motive else ""

    @property
    def granted_at(self) -> datetime | None:
        return self.answered_at if self.is_granted else None


class Tombstone(models.Model):
    """What remains of a report that went: nothing that could be matched with a stolen copy (ADR 0033).

    A random id, the month, the rule (« 335+30 ») and the cause. No public id, no time, no size.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("quoi"), max_length=20, choices=Kind)
    month = models.DateField(_("mois"), db_index=True)
    rule = models.CharField(_("règle"), max_length=40)
    cause = models.CharField(_("pourquoi"), max_length=20, choices=Cause)

    class Meta:
        verbose_name = _("trace de suppression")
        verbose_name_plural = _("traces de suppression")
        ordering = ["-month", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(month__day=1), name="tombstone_tells_a_month"),
        ]

    @property
    def line(self) -> str:
        """In its only form, for the digest of a monthly proof."""
        return f"{self.id} {self.kind} {self.month:%Y-%m} {self.rule} {self.cause}"


class Erased(models.Model):
    """A report that went before its term: should a backup bring it back, it is known and goes again.

    `digest`: HMAC of its public id with SECRET_KEY (`reports.erased`). The database alone confirms no guess.
    """

    digest = models.CharField(max_length=64, unique=True)
    on = models.DateField()

    class Meta:
        verbose_name = _("empreinte d'effacement")
        verbose_name_plural = _("empreintes d'effacement")


# What an administrator sets has a module of its own; Django looks for models here.
from reports.house_models import HouseRule  # noqa: E402, F401

"""This is the table of the audit log (« registre des accès »): who read or did what (docs/adr/0031)."""

from datetime import UTC, datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.choices import label_of


class AccessKind(models.TextChoices):
    """These are the kinds of lines: readings of what concerns a person, and acts that decide what is kept or shown."""

    READING = "reading", _("Lecture")
    SEARCH = "search", _("Recherche")
    EXPORT = "export", _("Export")
    PAPER = "paper", _("Document de l'échange, par son interlocuteur")
    COPY = "copy", _("Copie donnée à la personne")
    TRANSMITTED = "transmitted", _("Résumé transmis à une unité")
    TRANSMISSION = "transmission", _("Lecture d'un résumé, par l'unité")
    OPENING = "opening", _("Levée d'anonymat")
    RETENTION = "retention", _("Suppression")
    FREEZE = "freeze", _("Gel de la conservation")
    ERASURE = "erasure", _("Demande d'effacement")
    REASSIGNMENT = "reassignment", _("Échange confié à un autre agent")
    GIVEN = "given", _("Personne en attente confiée par un superviseur")
    ON_CALL = "on_call", _("Astreinte")
    WHISPER = "whisper", _("Mot d'un superviseur à l'agent")
    AGENT_PAUSED = "agent_paused", _("Agent mis en pause par un superviseur")
    AGENT_IDLE = "agent_idle", _("Agent mis en pause : pas de signe")
    GROUP_CLOSED = "group_closed", _("Échange terminé avec des arrivées semblables")
    CAPTURE_ORIGINAL = "capture_original", _("Original d'une capture, par l'unité")
    CAPTURE_LOCKED = "capture_locked", _("Capture mise de côté")
    APPROVAL = "approval", _("Administration : accord d'une deuxième personne")
    ADMIN_ADD = "admin_add", _("Administration : ajout")
    ADMIN_CHANGE = "admin_change", _("Administration : modification")
    ADMIN_DELETE = "admin_delete", _("Administration : suppression")
    ADMIN_ACTION = "admin_action", _("Administration : action")


class Motive(models.TextChoices):
    """These are the reasons that follow from the act itself. Where a reason is asked for, a short text is stored
    instead."""

    ADMINISTRATION = "administration", _("Gestion du site")
    CONTROL = "control", _("Contrôle des accès")
    TERM = "term", _("Terme de la conservation")
    ERASURE = "erasure", _("Effacement demandé et accordé")
    JUDICIAL = "judicial", _("Besoin judiciaire")
    RIGHT = "right", _("Droit de la personne")
    OWN_WORK = "own_work", _("Travail sur ses propres échanges")
    FOLLOW_UP = "follow_up", _("Suites données par l'unité")


class AccessRecord(models.Model):
    """It is one line of the audit log: who read or did what, about whom, why and when. `reports.audit.log` writes it.

    Triggers make the table append-only: PostgreSQL refuses UPDATE, DELETE and TRUNCATE (migration 0004), and accepts
    only the next number (migration 0010). There is no foreign key, so that a line outlives what it names.

    `number` has no gaps, and begins at 1. `previous` and `digest` are SHA-256 in hexadecimal (`audit_log.digest_of`):
    `previous` is the digest of the line before, or GENESIS. `salt` has 128 random bits, so that a published digest
    confirms no guess of a line's content. `account_id` is the key of the account, kept after the account is deleted;
    None for the service itself. `subject` is the public id of a report or a conversation, or « app.Model key » of an
    object of the admin, never its content. `detail` is written by the code: names of fields or of an action, and
    counts, never a value.
    """

    SERVICE = "service"  # the role in lines of the worker and of commands, which have no account
    GENESIS = "0" * 64

    number = models.PositiveBigIntegerField(_("numéro"), primary_key=True)
    version = models.PositiveSmallIntegerField(editable=False)  # the version of the encoding of the digest
    at = models.DateTimeField(_("date"), db_index=True)
    kind = models.CharField(_("nature"), max_length=20, choices=AccessKind)
    account_id = models.PositiveBigIntegerField(_("compte"), null=True)
    role = models.CharField(_("rôle"), max_length=20)
    subject = models.CharField(_("objet"), max_length=100, blank=True, db_index=True)
    motive = models.CharField(_("motif"), max_length=200)
    detail = models.CharField(_("précision, telle qu'écrite"), max_length=500, blank=True)
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
            # No digest may equal GENESIS, which only precedes the first line; after it nothing could be recorded.
            models.CheckConstraint(condition=~models.Q(digest="0" * 64), name="access_digest_is_none_of_the_first"),
            models.CheckConstraint(
                condition=models.Q(at__gte=datetime(2000, 1, 1, tzinfo=UTC), at__lt=datetime(9000, 1, 1, tzinfo=UTC)),
                name="access_at_can_be_read",
            ),
        ]
        # For the list of one kind in the admin. The two kinds of nearly all lines are left out, because their lines are
        # found quickly by going back from the last one.
        indexes = [
            models.Index(
                fields=["kind", "number"],
                name="access_of_a_kind",
                condition=~models.Q(kind=AccessKind.READING) & ~models.Q(kind=AccessKind.PAPER),
            )
        ]

    def __str__(self) -> str:
        return f"n° {self.number}"

    @property
    def motive_label(self) -> str:
        """Return the motive in French: the label of a fixed one, or a short text as it was given."""
        return label_of(Motive, self.motive)

"""Units and agents."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, F, Q, When
from django.utils.translation import gettext_lazy as _

from chat.rules.lifecycle import Availability, Status, is_idle, is_lease_over, is_on_the_phone, is_ordered
from common import plain_text
from common.choices import label_of
from common.service_settings import definitions, values
from locations.models import Force


class Unit(models.Model):
    """It is a service whose agents answer people. The places where the public goes are `ReceptionPoint`s."""

    name = models.CharField(_("nom"), max_length=200, unique=True)
    force = models.CharField(_("force"), max_length=20, choices=Force)

    class Meta:
        verbose_name = _("unité")
        verbose_name_plural = _("unités")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


def places_filled(conversations: str = "") -> Case:
    """Return the expression for the places of its agent that an active conversation fills: its weight, or 0 at rest.

    conversations: the path to the conversations, with its underscores. `chat.conversations.position` has the same in
    SQL.
    """
    is_dormant = {f"{conversations}dormant_since__gte": F(f"{conversations}reporter_seen_at")}
    return Case(
        When(**is_dormant, then=0), default=F(f"{conversations}weight"), output_field=models.PositiveSmallIntegerField()
    )


class AgentQuerySet(models.QuerySet["Agent"]):
    """Agents, selected by presence, or with the places that are filled."""

    def present(self, now: datetime) -> "AgentQuerySet":
        """Select agents whose lease runs: one of their pages was seen within LEASE_SECONDS."""
        return self.filter(seen_at__gte=now - timedelta(seconds=settings.LEASE_SECONDS))

    def gone(self, now: datetime) -> "AgentQuerySet":
        """Select agents whose lease is over, or never began."""
        return self.exclude(seen_at__gte=now - timedelta(seconds=settings.LEASE_SECONDS))

    def on_duty(self, now: datetime) -> "AgentQuerySet":
        """Select agents who are present and available, and may be given a conversation if they have room."""
        return self.present(now).filter(availability=Availability.AVAILABLE)

    def with_load(self) -> Any:
        """Add `load`, the places that each agent's active conversations fill, and `dormant`, how many are at rest.

        Only active conversations are joined, because an agent's closed ones become more every year. (The return type is
        Any, because the types do not know annotations.)
        """
        under_way = models.FilteredRelation("conversations", condition=Q(conversations__status=Status.ACTIVE))
        is_dormant = Q(under_way__dormant_since__gte=F("under_way__reporter_seen_at"))
        return self.annotate(under_way=under_way).annotate(
            load=models.Sum(places_filled("under_way__"), default=0),
            dormant=models.Count("under_way", filter=is_dormant),
        )


def first_capacity() -> int:
    """Return the capacity of an agent who is added, which is a setting of the service."""
    return values.get(definitions.CAPACITY_FIRST)


class Agent(models.Model):
    """It is a police officer or a gendarme who answers people, as the queue sees them.

    `public_name`: what the reporter reads, a first name or a chosen one, and never the name of the account.
    `capacity`: how many places they offer. `seen_at`: when a page of theirs was last seen; this lease alone decides
    whether they are present (docs/adr/0014), and sockets are not counted.
    `sign_at`: when a person last touched a page of theirs, as far as a page has told (`chat.conversations.idle`); only
    the last time is kept, and nobody is shown it.
    `absent_from`, `absent_until`: the absence in which they lost conversations, until they have read that
    (`chat.conversations.losses`). `pause_until`: when a pause of a chosen length ends by itself
    (`chat.conversations.pauses`); None for any other pause. `board_layout`: of a supervisor, the parts of the board as
    they arranged it (`chat.arranging.layout.Layout.kept`); empty for the order of the beginning. `dossier_layout`: the
    same of the parts of a dossier (`chat.arranging.dossier_parts`). `list_order`: in which order they have the list of
    their conversations (`chat.arranging.list_order`); empty for the given one.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="agent")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="agents", verbose_name=_("unité"))
    public_name = models.CharField(
        _("nom affiché"), max_length=60, help_text=_("Ce que la personne lit : un prénom ou un nom d'usage choisi.")
    )
    capacity = models.PositiveSmallIntegerField(
        _("capacité"),
        default=first_capacity,
        help_text=_("Nombre de places : un échange en prend une, un échange grave en prend deux."),
    )
    availability = models.CharField(_("disponibilité"), max_length=20, choices=Availability, default=Availability.AWAY)
    pause_reason = models.CharField(_("motif de la pause"), max_length=100, blank=True)
    pause_until = models.DateTimeField(null=True, blank=True, editable=False)
    seen_at = models.DateTimeField(null=True, blank=True, editable=False)
    sign_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_assigned_at = models.DateTimeField(null=True, blank=True, editable=False)
    absent_from = models.DateTimeField(null=True, blank=True, editable=False)
    absent_until = models.DateTimeField(null=True, blank=True, editable=False)
    board_layout = ArrayField(models.CharField(max_length=20), default=list, db_default=[], blank=True, editable=False)
    dossier_layout = ArrayField(
        models.CharField(max_length=20), default=list, db_default=[], blank=True, editable=False
    )
    list_order = models.CharField(max_length=20, default="", db_default="", blank=True, editable=False)
    supervised_units = models.ManyToManyField(
        Unit,
        blank=True,
        related_name="+",
        verbose_name=_("autres unités supervisées"),
        help_text=_("Pour un superviseur : les unités dont il suit les échanges, en plus de la sienne."),
    )

    objects: ClassVar[models.Manager["Agent"]] = AgentQuerySet.as_manager()

    class Meta:
        verbose_name = _("agent")
        verbose_name_plural = _("agents")
        constraints = [
            models.CheckConstraint(condition=Q(capacity__lte=10), name="agent_capacity_is_human"),
            models.CheckConstraint(
                condition=Q(availability=Availability.PAUSE) | Q(pause_reason=""), name="agent_reason_only_in_pause"
            ),
            models.CheckConstraint(
                condition=Q(availability=Availability.PAUSE) | Q(pause_until__isnull=True),
                name="agent_pause_ends_only_in_pause",
            ),
        ]

    def __str__(self) -> str:
        return self.shown_name

    @property
    def shown_name(self) -> str:
        """Return the public name as it is shown, with invisible characters made visible."""
        return plain_text.plain(self.public_name)

    @property
    def force(self) -> str:
        """Return the force of the agent's unit."""
        return self.unit.force

    @property
    def interlocutor(self) -> str:
        """Return who answers, as the reporter reads it: « Camille, police nationale »."""
        return self.interlocutor_of(self.public_name, self.unit.force)

    @property
    def among_colleagues(self) -> str:
        """Return the agent as colleagues read them: « Camille, police nationale – Équipe de nuit »."""
        return f"{self.interlocutor} – {plain_text.plain(self.unit.name)}"

    @staticmethod
    def interlocutor_of(public_name: str, force: str) -> str:
        """Return who answers, as the reporter reads it, from the public name and the force."""
        return f"{plain_text.plain(public_name)}, {label_of(Force, force).lower()}"

    @property
    def is_paused_by_supervisor(self) -> bool:
        """Return whether a supervisor has set this agent in pause (`chat.supervision.pausing`)."""
        return is_ordered(self.pause_reason)

    @property
    def is_paused_as_idle(self) -> bool:
        """Return whether a page has set this agent in pause that saw no sign of them (`chat.conversations.idle`)."""
        return is_idle(self.pause_reason)

    @property
    def is_on_the_phone(self) -> bool:
        """Return whether this agent is in the pause of who telephones (`chat.conversations.phone_calls`)."""
        return is_on_the_phone(self.pause_reason)

    def is_present(self, now: datetime) -> bool:
        """Return whether the lease runs. now: the time of PostgreSQL's clock (docs/adr/0014)."""
        lease = timedelta(seconds=settings.LEASE_SECONDS)
        return not is_lease_over(seen_at=self.seen_at, now=now, lease=lease)

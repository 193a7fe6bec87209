"""Conversations, their messages and their history."""

import logging
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Combinable, OrderBy
from django.utils.translation import gettext_lazy as _

from chat.models.agent import Agent
from chat.rules.assignment import CROWD_SECONDS, IN_TURN
from chat.rules.lifecycle import HEAVY, LIGHT, Author, Outcome, Status
from common import encryption, plain_text
from common.service_settings import definitions, values
from locations.models import Force
from reports.models import Report
from triage.rules import Urgency

logger = logging.getLogger(__name__)

# In the place of a text that no key opens where it stands: moved, altered, or sealed with a key that is not there.
UNREADABLE = _("Ce message ne peut pas être lu en ce moment.")


def _in_turn(columns: Sequence[str | Combinable | OrderBy] = IN_TURN) -> list[str | Combinable | OrderBy]:
    """The order of the queue for its index: whoever changes `IN_TURN` is asked for a migration. PostgreSQL does not
    need the key in it. An expression is passed through: it must be immutable, or PostgreSQL makes no index of it.
    """
    parts = [part for part in columns if part != "pk"]
    return [F(part[1:]).desc() if isinstance(part, str) and part.startswith("-") else part for part in parts]


def is_here(now: datetime, asleep: timedelta | None = None) -> Q:
    """The condition of `ConversationQuerySet.here`."""
    seen = Q(reporter_seen_at__gte=now - timedelta(seconds=settings.ABSENT_SECONDS))
    asleep = asleep if asleep is not None else values.get_duration(definitions.ASLEEP)
    return seen | Q(reporter_is_hidden=True, reporter_seen_at__gte=now - asleep)


class ConversationQuerySet(models.QuerySet["Conversation"]):
    """Conversations, by where they stand."""

    def waiting(self) -> "ConversationQuerySet":
        """People who wait, in the order of the queue (`assignment.IN_TURN`)."""
        return self.filter(status=Status.WAITING).order_by(*IN_TURN)

    def here(self, now: datetime, asleep: timedelta | None = None) -> "ConversationQuerySet":
        """Whose person was seen a moment ago: nobody is given somebody who has left; who returns has the same place.

        A page that said that it went out of sight may sleep for `definitions.ASLEEP` (asleep, for who holds a lock).
        """
        return self.filter(is_here(now, asleep))

    def elsewhere(self, now: datetime) -> "ConversationQuerySet":
        """The others: whose turn is passed over until they are seen again."""
        return self.exclude(is_here(now))

    def taking_the_share(self, now: datetime) -> "ConversationQuerySet":
        """Those of crowded networks that are with an agent, or were given to one a moment ago (`CROWD_SECONDS`)."""
        lately = Q(assigned_at__gt=now - timedelta(seconds=CROWD_SECONDS))
        return self.filter(Q(status=Status.ACTIVE) | lately, is_crowded=True)

    def active(self) -> "ConversationQuerySet":
        """Those that an agent has and that have not ended."""
        return self.filter(status=Status.ACTIVE)

    def dormant(self) -> "ConversationQuerySet":
        """Under way without filling a place: their people have not been seen since (`Conversation.dormant_since`)."""
        return self.active().filter(dormant_since__gte=F("reporter_seen_at"))


class Conversation(models.Model):
    """The exchange that a report opened.

    `queued_at` is the person's place and never moves, even when an agent is lost.
    `weight`: how many of an agent's places it fills, LIGHT or HEAVY (`lifecycle.weight_of`, or its agent's word).
    `reporter_seen_at`: when the person was last seen; `reporter_is_hidden`: their page then was out of sight.
    `dormant_since`: the person's last sign when the exchange was put to rest (`chat.conversations.dormancy`). It is
    dormant, and fills no place, for as long as that is still their last sign: any newer one ends it by itself,
    whichever process writes it. `agent_typed_at`: when its agent was last typing to somebody who was not there.
    `last_seq` numbers the messages without gaps: it is taken under the lock of this row.
    `characters`: of what both sides wrote. `reporter_due_at`: when all that the person sent would have been due, one
    message in each interval of `chat.rules.message_limits`; it lies ahead of now while they write faster.
    `resume_digest` is a slow hash of the code de reprise (chat.conversations.resume), asked for at `resume_issued_at`
    and good until `resume_until`; the code itself is kept nowhere.
    `guessed_language`: in which the person seems to write (`chat.conversations.language_guess`), as a code; empty while
    nothing can be said. `guess_reads`: how often it was guessed; `guess_seq`: the last message that was looked at.
    `data_key`: of its report, repeated here so that whoever writes in it knows what seals (docs/adr/0081).
    `copy_by_code`: the person chose that a code opens « Ma copie » too, after the end.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    report = models.OneToOneField(Report, on_delete=models.CASCADE, related_name="conversation")
    status = models.CharField(max_length=20, choices=Status, default=Status.WAITING)
    urgency = models.PositiveSmallIntegerField(choices=Urgency, default=Urgency.NORMAL)
    weight = models.PositiveSmallIntegerField(default=LIGHT, db_default=LIGHT)
    # As the report was, until an agent has said how urgent it is or passed it on: see `assignment.share_of`.
    is_crowded = models.BooleanField(default=False, db_default=False)
    # The group of arrivals that look alike, while the person has said nothing (`chat.conversations.lookalikes`), and
    # when they were asked for a word.
    lookalike_group = models.UUIDField(null=True, blank=True, editable=False)
    lookalike_asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    force = models.CharField(max_length=20, choices=Force, blank=True)
    opened_at = models.DateTimeField()
    queued_at = models.DateTimeField()
    assigned_to = models.ForeignKey(  # « conversation_of_agent » finds them
        Agent, null=True, blank=True, on_delete=models.PROTECT, related_name="conversations", db_index=False
    )
    assigned_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=20, choices=Author, blank=True)
    outcome = models.CharField(max_length=20, choices=Outcome, blank=True)
    last_seq = models.PositiveIntegerField(default=0)
    characters = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    reporter_due_at = models.DateTimeField(null=True, editable=False)
    reporter_seen_at = models.DateTimeField()
    reporter_is_hidden = models.BooleanField(default=False, db_default=False, editable=False)
    dormant_since = models.DateTimeField(null=True, editable=False)
    agent_typed_at = models.DateTimeField(null=True, editable=False)
    reporter_read_seq = models.PositiveIntegerField(default=0)
    agent_read_seq = models.PositiveIntegerField(default=0)
    resume_digest = models.BinaryField(null=True, unique=True, editable=False)
    resume_issued_at = models.DateTimeField(null=True, editable=False)
    resume_until = models.DateTimeField(null=True, editable=False)

    guessed_language = models.CharField(max_length=10, blank=True, default="", db_default="", editable=False)
    guess_reads = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    guess_seq = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    data_key = models.UUIDField(null=True, editable=False)
    copy_by_code = models.BooleanField(default=False, db_default=False, editable=False)

    objects: ClassVar[models.Manager["Conversation"]] = ConversationQuerySet.as_manager()

    class Meta:
        verbose_name = _("échange")
        verbose_name_plural = _("échanges")
        constraints = [
            models.CheckConstraint(condition=Q(weight__gte=LIGHT, weight__lte=HEAVY), name="conversation_weight"),
            models.CheckConstraint(
                condition=Q(assigned_to__isnull=True, assigned_at__isnull=True)
                | Q(assigned_to__isnull=False, assigned_at__isnull=False),
                name="conversation_assignment_is_whole",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.ACTIVE) | Q(assigned_to__isnull=False),
                name="conversation_active_has_agent",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.WAITING) | Q(assigned_to__isnull=True),
                name="conversation_waiting_has_no_agent",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.CLOSED, closed_at__isnull=False)
                | Q(~Q(status=Status.CLOSED), closed_at__isnull=True),
                name="conversation_closed_has_time",
            ),
            models.CheckConstraint(
                condition=Q(reporter_read_seq__lte=F("last_seq")) & Q(agent_read_seq__lte=F("last_seq")),
                name="conversation_read_what_exists",
            ),
            models.CheckConstraint(
                condition=Q(resume_digest__isnull=True, resume_issued_at__isnull=True, resume_until__isnull=True)
                | Q(resume_digest__isnull=False, resume_issued_at__isnull=False, resume_until__isnull=False),
                name="conversation_code_is_whole",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.CLOSED) | Q(resume_digest__isnull=True),
                name="conversation_closed_has_no_code",
            ),
        ]
        indexes = [
            # The queue and the load are read at every change of capacity; closed rows are the mass.
            models.Index(*_in_turn(), name="conversation_queue", condition=Q(status=Status.WAITING)),
            models.Index(fields=["assigned_to"], name="conversation_load", condition=Q(status=Status.ACTIVE)),
            models.Index(fields=["status", "assigned_at"], name="conversation_crowded", condition=Q(is_crowded=True)),
            # What an agent answered, and what nobody did, by age (chat.retention.schedule).
            models.Index(fields=["assigned_to", "opened_at"], name="conversation_of_agent"),
            # The codes whose time is over, each hour (chat.conversations.resume); few have one.
            models.Index(
                fields=["resume_until"], name="conversation_code_ends", condition=Q(resume_until__isnull=False)
            ),
            models.Index(
                fields=["opened_at"], name="conversation_opened"
            ),  # the history, by day (chat.statistics.history)
        ]

    @property
    def is_open(self) -> bool:
        """Return whether it waits or is under way, so that something may still be written."""
        return self.status in {Status.WAITING, Status.ACTIVE}

    @property
    def is_dormant(self) -> bool:
        """Whether it is under way and fills no place of its agent."""
        return (
            self.status == Status.ACTIVE
            and self.dormant_since is not None
            and self.dormant_since >= self.reporter_seen_at
        )

    def has_code(self, now: datetime) -> bool:
        """Whether a code de reprise brings this conversation back."""
        return self.resume_until is not None and self.resume_until > now

    def new_event(
        self, kind: str, *, at: datetime, by: AbstractBaseUser | None = None, detail: str = ""
    ) -> "ConversationEvent":
        """A row of the history that is not written yet: for those that go together in one statement.

        by: the account that did it, None for the person or for Pnav itself. detail: at most 60 characters, never a text
        that somebody typed.
        """
        by_id: int | None = by.pk if by is not None else None
        return ConversationEvent(conversation=self, kind=kind, at=at, by_id=by_id, detail=detail)

    def record_event(
        self, kind: str, *, at: datetime, by: AbstractBaseUser | None = None, detail: str = ""
    ) -> "ConversationEvent":
        """Write a row of the history (see `new_event`), in the transaction of what it tells."""
        event = self.new_event(kind, at=at, by=by, detail=detail)
        event.save(force_insert=True)
        return event


class Message(models.Model):
    """One message. Its body is sealed from the first day; `body` opens it."""

    SEALED, SEALED_WITH = ("sealed_body",), ("conversation",)
    EXCHANGE = "conversation__report"

    # Neither has an index of its own: the first column of `message_seq_once` finds a conversation's messages, and
    # nobody looks for an agent's (no agent is ever deleted). Millions of rows bear each index.
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages", db_index=False)
    seq = models.PositiveIntegerField()
    author = models.CharField(max_length=20, choices=Author)
    agent = models.ForeignKey(Agent, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    client_id = models.UUIDField(null=True, blank=True)
    sealed_body = models.BinaryField()
    sent_at = models.DateTimeField()

    class Meta:
        ordering = ["seq"]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "seq"], name="message_seq_once"),
            models.UniqueConstraint(
                fields=["conversation", "author", "client_id"],
                condition=Q(client_id__isnull=False),
                name="message_client_id_once",
            ),
            models.CheckConstraint(condition=Q(seq__gte=1), name="message_seq_from_one"),
            models.CheckConstraint(
                condition=Q(author=Author.AGENT, agent__isnull=False) | Q(~Q(author=Author.AGENT), agent__isnull=True),
                name="message_agent_is_named",
            ),
        ]
        indexes = [
            # The last word of an agent, however much its person has written since (chat.conversations.waits).
            models.Index(fields=["conversation", "-seq"], name="message_of_agent", condition=Q(author=Author.AGENT)),
        ]

    @staticmethod
    def context_of(conversation: uuid.UUID | str, seq: int, author: str) -> str:
        """The context that binds a sealed body to its row: moved to another one, it does not open."""
        return f"message:{conversation}:{seq}:{author}"

    @classmethod
    def sealed(
        cls, text: str, *, conversation: uuid.UUID | str, seq: int, author: str, data_key: uuid.UUID | None
    ) -> bytes:
        """The text sealed for this place, with the key of its conversation: it opens nowhere else.

        Raises UnsealError when that key is gone.
        """
        return encryption.seal(text, context=cls.context_of(conversation, seq, author), data_key=data_key)

    @classmethod
    def opened(cls, sealed: bytes | memoryview, *, conversation: uuid.UUID | str, seq: int, author: str) -> str:
        """The text sealed for this place, for those who may read it; UNREADABLE when it does not open there.

        The others of the conversation, and of whoever reads with them, are shown all the same.
        """
        try:
            return encryption.unseal(sealed, context=cls.context_of(conversation, seq, author))
        except encryption.UnsealError:
            logger.error("message cannot be opened %s %s", conversation, seq)
            return str(UNREADABLE)

    @property
    def context(self) -> str:
        """The context that binds the sealed body to its conversation, number and author."""
        return self.context_of(self.conversation.public_id, self.seq, self.author)

    @property
    def data_key(self) -> uuid.UUID | None:
        """The key of the exchange that it belongs to."""
        return self.conversation.data_key

    @property
    def shown(self) -> str:
        """The text as its parties read it."""
        return plain_text.plain(
            self.opened(self.sealed_body, conversation=self.conversation.public_id, seq=self.seq, author=self.author)
        )

    @property
    def body(self) -> str:
        """The text. Raises keyring.UnsealError when no key of the ring opens it."""
        return encryption.unseal(self.sealed_body, context=self.context)


class EventKind(models.TextChoices):
    """The kinds of events in the history of a conversation."""

    OPENED = "opened", _("Ouvert")
    ASSIGNED = "assigned", _("Pris en charge")
    RELEASED = "released", _("Rendu à la file : agent perdu")
    ASLEEP = "asleep", _("Rendu à la file : page de la personne en veille")
    DORMANT = "dormant", _("Mis en veille : la personne n'est plus là")
    AWAKE = "awake", _("De retour : l'échange n'est plus en veille")
    PARKED = "parked", _("Mis de côté : la personne a quitté le site")
    RESUMED = "resumed", _("Repris avec le code")
    ABANDONED = "abandoned", _("Abandonné")
    CLOSED = "closed", _("Terminé")
    URGENCY = "urgency", _("Urgence modifiée")
    WEIGHT = "weight", _("Places modifiées")
    HELD = "held", _("Retour promis")
    HOLD_LIFTED = "hold_lifted", _("De retour")
    NOTED = "noted", _("Note écrite")
    ASKED = "asked", _("Question à des collègues")
    PROPOSED = "proposed", _("Proposition faite")
    PROPOSAL_SAID = "proposal_said", _("Réponse à une proposition, dite dans l'échange")
    EMERGENCY = "emergency", _("Procédure d'urgence ouverte")
    EMERGENCY_ENDED = "emergency_ended", _("Procédure d'urgence terminée")
    TRANSMISSION = "transmission", _("Transmission à une unité")
    PASSAGE = "passage", _("Passage proposé")
    SUMMARY = "summary", _("Résumé relu par la personne")
    HANDED_OVER = "handed_over", _("Passé à un collègue")
    KEPT = "kept", _("Passage sans suite")
    TRANSFERRED = "transferred", _("Transféré par la file")
    REASSIGNED = "reassigned", _("Confié par un superviseur")
    JOINED = "joined", _("Rejoint par un superviseur")
    LEFT = "left", _("Quitté par un superviseur")
    WHISPERED = "whispered", _("Mot d'un superviseur à l'agent")
    STAYS = "stays", _("Fin de service : l'agent reste jusqu'au bout")


class ConversationEvent(models.Model):
    """The history of a conversation: one row a change, written with it, never altered. No message text."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=20, choices=EventKind)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    detail = models.CharField(max_length=60, blank=True)

    class Meta:
        verbose_name = _("événement")
        verbose_name_plural = _("événements")
        ordering = ["at", "pk"]
        indexes = [
            # What an agent was given lately, of all that they ever did (chat.conversations.losses).
            models.Index(fields=["by", "at"], name="event_given", condition=Q(kind=EventKind.ASSIGNED)),
        ]


class Departure(models.Model):
    """Somebody left by the quick exit, and their conversation has not been told yet (`chat.conversations.departures`).

    A row lives for some milliseconds, or until the worker's next tick. `report`: its public id. No foreign key: adding
    a row that has one waits for whoever holds the row it names. `generation`: of the visit that ended.
    """

    report = models.UUIDField()
    generation = models.PositiveIntegerField()
    left_at = models.DateTimeField()

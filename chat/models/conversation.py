"""Conversations, their messages and their history."""

import logging
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, When
from django.db.models.expressions import Combinable, OrderBy
from django.utils.translation import gettext_lazy as _

from chat.models.agent import Agent
from chat.rules.assignment import CROWD_SECONDS, IN_TURN
from chat.rules.lifecycle import HEAVY, LIGHT, Author, Outcome, Status
from chat.rules.whereabouts import LATE_SIGN
from common import encryption, plain_text
from common.service_settings import definitions, values
from locations.models import Force
from reports.models import Report
from triage.rules import Urgency

logger = logging.getLogger(__name__)

# Shown in place of a text that cannot be decrypted: its row was moved or altered, or its key is gone.
UNREADABLE = _("Ce message ne peut pas être lu en ce moment.")


def _in_turn(columns: Sequence[str | Combinable | OrderBy] = IN_TURN) -> list[str | Combinable | OrderBy]:
    """Return the order of the queue for its index, so that changing `IN_TURN` asks for a migration.

    The primary key is left out, because PostgreSQL does not need it in the index. An expression is passed on as it is;
    it must be immutable, or PostgreSQL refuses to index it.
    """
    parts = [part for part in columns if part != "pk"]
    return [F(part[1:]).desc() if isinstance(part, str) and part.startswith("-") else part for part in parts]


def is_here(now: datetime, asleep: timedelta | None = None) -> Q:
    """Return the condition of `ConversationQuerySet.here`. asleep: the setting `definitions.ASLEEP`, read if None."""
    seen = Q(reporter_seen_at__gte=now - timedelta(seconds=settings.ABSENT_SECONDS))
    asleep = asleep if asleep is not None else values.get_duration(definitions.ASLEEP)
    return seen | Q(reporter_is_hidden=True, reporter_seen_at__gte=now - asleep)


class ConversationQuerySet(models.QuerySet["Conversation"]):
    """Conversations, selected by their state."""

    def waiting(self) -> "ConversationQuerySet":
        """Select conversations that wait, in the order of the queue (`assignment.IN_TURN`)."""
        return self.filter(status=Status.WAITING).order_by(*IN_TURN)

    def here(self, now: datetime, asleep: timedelta | None = None) -> "ConversationQuerySet":
        """Select conversations whose person was seen within ABSENT_SECONDS. Only these may be given to an agent.

        A page that said that it is out of sight may sleep for `definitions.ASLEEP`. asleep: that setting, passed by a
        caller who holds a lock and must not read it meanwhile.
        """
        return self.filter(is_here(now, asleep))

    def elsewhere(self, now: datetime) -> "ConversationQuerySet":
        """Return the others: people who are passed over in the queue until they are seen again."""
        return self.exclude(is_here(now))

    def without_departed(self) -> "ConversationQuerySet":
        """Leave out people who left by the quick exit and were not seen since (`Whereabouts.LEFT`).

        `here` has them until ABSENT_SECONDS have passed. It costs one look at the events of each that is read. The
        dispatcher reads the first in order; as « NOT EXISTS », PostgreSQL may read the events of everybody instead.
        """
        left = quick_exits().filter(at__gte=OuterRef("reporter_seen_at") - LATE_SIGN)
        return self.filter(Case(When(Exists(left), then=False), default=True, output_field=models.BooleanField()))

    def without_calm_look_alikes(self, now: datetime) -> "ConversationQuerySet":
        """Leave out those of arrivals that look alike who are calm and here: for them nobody waits.

        Those who say that they are in danger keep their turn (docs/adr/0074), and whoever is absent is absent.
        """
        calm = Q(lookalike_group__isnull=False, urgency__lt=Urgency.CRITICAL)
        return self.exclude(calm & is_here(now))

    def taking_the_share(self, now: datetime) -> "ConversationQuerySet":
        """Select conversations of crowded networks that have an agent or were given to one within `CROWD_SECONDS`."""
        lately = Q(assigned_at__gt=now - timedelta(seconds=CROWD_SECONDS))
        return self.filter(Q(status=Status.ACTIVE) | lately, is_crowded=True)

    def active(self) -> "ConversationQuerySet":
        """Select conversations that an agent has and that have not ended."""
        return self.filter(status=Status.ACTIVE)

    def dormant(self) -> "ConversationQuerySet":
        """Select active conversations at rest, which take no place of their agent (`Conversation.dormant_since`)."""
        return self.active().filter(dormant_since__gte=F("reporter_seen_at"))


class Conversation(models.Model):
    """It is the exchange that a report opened.

    `queued_at` gives the person's place in the queue and never changes, even when an agent is lost.
    `weight`: how many of an agent's places it fills, LIGHT or HEAVY (`lifecycle.weight_of`, or its agent's choice).
    `reporter_seen_at`: when the person was last seen; `reporter_is_hidden`: whether their page was out of sight then.
    `dormant_since`: the person's last sign of life when the exchange was put at rest (`chat.conversations.dormancy`).
    It is at rest, and fills no place, as long as that is still their last sign of life. A newer one therefore ends the
    rest by itself, whichever process writes it. `agent_typed_at`: when its agent last typed while the person was away.
    `last_seq`: the number of the last message. Numbers have no gaps, because each is taken under the lock of this row.
    `characters`: characters that both sides wrote. `reporter_due_at`: when the person's last message would be due if
    one were due in each interval of `chat.rules.message_limits`; it is in the future while they write faster.
    `resume_digest`: a slow hash of the resume code (`chat.conversations.resume`), which was asked for at
    `resume_issued_at` and is valid until `resume_until`. The code itself is stored nowhere.
    `guessed_language`: code of the language in which the person seems to write (`chat.conversations.language_guess`);
    empty while there is no guess. `guess_reads`: how often it was guessed; `guess_seq`: the last message looked at.
    `data_key`: the data key of its report, repeated here for those who write messages (docs/adr/0081).
    `copy_by_code`: whether the person chose that a code opens « Ma copie » too, after the end.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    report = models.OneToOneField(Report, on_delete=models.CASCADE, related_name="conversation")
    status = models.CharField(max_length=20, choices=Status, default=Status.WAITING)
    urgency = models.PositiveSmallIntegerField(choices=Urgency, default=Urgency.NORMAL)
    weight = models.PositiveSmallIntegerField(default=LIGHT, db_default=LIGHT)
    # Copied from the report; cleared when an agent says how urgent it is or passes it on. See `assignment.share_of`.
    is_crowded = models.BooleanField(default=False, db_default=False)
    # The group of arrivals that look alike, as long as the person has said nothing (`chat.conversations.lookalikes`),
    # and when they were asked for a word, or came back after that.
    lookalike_group = models.UUIDField(null=True, blank=True, editable=False)
    lookalike_asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    force = models.CharField(max_length=20, choices=Force, blank=True)
    opened_at = models.DateTimeField()
    queued_at = models.DateTimeField()
    assigned_to = models.ForeignKey(  # it needs no index of its own beside « conversation_of_agent »
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
            # The queue and the load are read at every change of capacity, while most rows are closed.
            models.Index(*_in_turn(), name="conversation_queue", condition=Q(status=Status.WAITING)),
            models.Index(fields=["assigned_to"], name="conversation_load", condition=Q(status=Status.ACTIVE)),
            models.Index(fields=["status", "assigned_at"], name="conversation_crowded", condition=Q(is_crowded=True)),
            # It finds the conversations of an agent, and those without one, by age (chat.retention.schedule).
            models.Index(fields=["assigned_to", "opened_at"], name="conversation_of_agent"),
            # It finds the codes that have expired, each hour (chat.conversations.resume). Few rows have a code.
            models.Index(
                fields=["resume_until"], name="conversation_code_ends", condition=Q(resume_until__isnull=False)
            ),
            # The history counts by day (chat.statistics.history).
            models.Index(fields=["opened_at"], name="conversation_opened"),
        ]

    @property
    def is_open(self) -> bool:
        """Return whether it waits or is under way, so that something may still be written."""
        return self.status in {Status.WAITING, Status.ACTIVE}

    @property
    def is_dormant(self) -> bool:
        """Return whether it is under way, but at rest, so that it fills no place of its agent."""
        return (
            self.status == Status.ACTIVE
            and self.dormant_since is not None
            and self.dormant_since >= self.reporter_seen_at
        )

    def has_code(self, now: datetime) -> bool:
        """Return whether it has a valid resume code."""
        return self.resume_until is not None and self.resume_until > now

    def new_event(
        self, kind: str, *, at: datetime, by: AbstractBaseUser | None = None, detail: str = ""
    ) -> "ConversationEvent":
        """Make a row of the history without saving it, so that several can be written in one statement.

        by: the account that did it; None for the person, and for Pnav itself. detail: at most 60 characters, and never
        a text that somebody typed.
        """
        by_id: int | None = by.pk if by is not None else None
        return ConversationEvent(conversation=self, kind=kind, at=at, by_id=by_id, detail=detail)

    def record_event(
        self, kind: str, *, at: datetime, by: AbstractBaseUser | None = None, detail: str = ""
    ) -> "ConversationEvent":
        """Write a row of the history (see `new_event`). Call it in the transaction of the change that it records."""
        event = self.new_event(kind, at=at, by=by, detail=detail)
        event.save(force_insert=True)
        return event


class Message(models.Model):
    """It is one message. Its body is stored encrypted only; `body` decrypts it."""

    SEALED, SEALED_WITH = ("sealed_body",), ("conversation",)
    EXCHANGE = "conversation__report"

    # The two foreign keys have no index of their own, because each index costs in millions of rows. The messages of a
    # conversation are found by `message_seq_once`. Nothing looks for the messages of an agent, and no agent is deleted.
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
            # For an agent's last message, however much the person has written since (chat.conversations.waits).
            models.Index(fields=["conversation", "-seq"], name="message_of_agent", condition=Q(author=Author.AGENT)),
        ]

    @staticmethod
    def context_of(conversation: uuid.UUID | str, seq: int, author: str) -> str:
        """Return the context that binds an encrypted body to its row: in another row it cannot be decrypted."""
        return f"message:{conversation}:{seq}:{author}"

    @classmethod
    def sealed(
        cls, text: str, *, conversation: uuid.UUID | str, seq: int, author: str, data_key: uuid.UUID | None
    ) -> bytes:
        """Encrypt a text for this place in a thread, with the data key of its conversation.

        data_key: None encrypts with the key ring (`common.encryption`). Raises UnsealError when the data key is gone.
        """
        return encryption.seal(text, context=cls.context_of(conversation, seq, author), data_key=data_key)

    @classmethod
    def opened(
        cls,
        sealed: bytes | memoryview,
        *,
        conversation: uuid.UUID | str,
        seq: int,
        author: str,
        ciphers: encryption.Ciphers | None = None,
    ) -> str:
        """Decrypt a text that was encrypted for this place; UNREADABLE when that is not possible.

        So one message that cannot be read does not keep the others from being shown. ciphers: those that were looked
        up for several texts at once already (`encryption.unseal`).
        """
        try:
            return encryption.unseal(sealed, context=cls.context_of(conversation, seq, author), ciphers=ciphers)
        except encryption.UnsealError:
            logger.error("message cannot be opened %s %s", conversation, seq)
            return str(UNREADABLE)

    @property
    def context(self) -> str:
        """Return the context that binds the encrypted body to its conversation, number and author."""
        return self.context_of(self.conversation.public_id, self.seq, self.author)

    @property
    def data_key(self) -> uuid.UUID | None:
        """Return the data key of its conversation."""
        return self.conversation.data_key

    @property
    def shown(self) -> str:
        """Return the text as it is shown, with invisible characters made visible; UNREADABLE if it does not open."""
        return plain_text.plain(
            self.opened(self.sealed_body, conversation=self.conversation.public_id, seq=self.seq, author=self.author)
        )

    @property
    def body(self) -> str:
        """Return the text. Raises encryption.UnsealError when it cannot be decrypted."""
        return encryption.unseal(self.sealed_body, context=self.context)


class EventKind(models.TextChoices):
    """These are the kinds of events in the history of a conversation."""

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
    DANGER_DEALT = "danger_dealt", _("Mots de suicide ou de danger : pris en compte")
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
    GIVEN = "given", _("Confié par un superviseur, sans attendre son tour")
    JOINED = "joined", _("Rejoint par un superviseur")
    WATCH_LEFT = "left", _("Quitté par un superviseur")
    WHISPERED = "whispered", _("Mot d'un superviseur à l'agent")
    STAYS = "stays", _("Fin de service : l'agent reste jusqu'au bout")


class ConversationEvent(models.Model):
    """It is the history of a conversation: one row for each change, written with it and never altered.

    It holds no text of a message. by: the account that made the change; None for the person, and for Pnav itself.
    """

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
            # For what an agent was given lately, among all events of theirs (chat.conversations.losses).
            models.Index(fields=["by", "at"], name="event_given", condition=Q(kind=EventKind.ASSIGNED)),
        ]


def quick_exits() -> "models.QuerySet[ConversationEvent]":
    """Return the events by which the person of the conversation in the outer query left by the quick exit, without
    those after which they came back with a code.

    What was written later comes later, whatever its time: PostgreSQL's clock may have been put back. Whether the person
    was seen since is for the reader to compare, with the latest `at`.
    """
    back = ConversationEvent.objects.filter(
        conversation=OuterRef("conversation"), kind=EventKind.RESUMED, pk__gt=OuterRef("pk")
    )
    left = ConversationEvent.objects.filter(conversation=OuterRef("pk"), kind=EventKind.PARKED)
    return left.filter(~Exists(back)).order_by("-at")


class Departure(models.Model):
    """Somebody left by the quick exit, and their conversation does not say so yet (`chat.conversations.departures`).

    A row exists for some milliseconds, or until the worker's next tick. `report`: the public id. It is no foreign key,
    because adding a row with one waits for whoever locks the row it refers to. `generation`: that of the visit that
    ended.
    """

    report = models.UUIDField()
    generation = models.PositiveIntegerField()
    left_at = models.DateTimeField()

"""The tables of what is beside a thread and never in it: holds, notes, drafts, questions to colleagues.

All rows are deleted with the conversation. What somebody wrote is encrypted and bound to its row. The acts are in
`chat.casework.notes` and `chat.casework.colleague_questions`; `chat.access` proves access to them.
"""

import logging
import uuid
from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Least
from django.utils.translation import gettext_lazy as _

from chat.models.conversation import Message
from chat.rules.lifecycle import Author
from common import encryption, plain_text

logger = logging.getLogger(__name__)

UNREADABLE = _("Ce texte ne peut pas être lu en ce moment.")


def opened(sealed: bytes | memoryview, *, context: str) -> str:
    """Return the text as it is shown; UNREADABLE when it cannot be decrypted, so that others are still shown."""
    try:
        return plain_text.plain(encryption.unseal(sealed, context=context))
    except encryption.UnsealError:
        logger.error("what lies beside a thread cannot be opened %s", context)
        return str(UNREADABLE)


# --- a promise --------------------------------------------------------------------------------------------------------


# For how long after a promise the reply beside it is spared. The console says « deux minutes ».
SPARED_FOR = timedelta(minutes=2)


def spared_until() -> Least:
    """Return until when a promise that the query around it selects spares the reply beside it: never beyond `until`."""
    return Least(OuterRef("until"), OuterRef("held_at") + SPARED_FOR)


class HoldQuerySet(models.QuerySet["Hold"]):
    """Selects promises by what their agent has written since."""

    def unanswered(self) -> "HoldQuerySet":
        """Select those whose agent has written nothing since that ends them."""
        written = Message.objects.filter(
            conversation=OuterRef("conversation"), author=Author.AGENT, seq__gt=OuterRef("seq"), agent=OuterRef("agent")
        )
        late, more = written.filter(sent_at__gt=spared_until()), written.order_by("seq")[1:2]
        return self.filter(~Exists(written) | Q(~Exists(late), ~Exists(more), spares_reply=True))


class Hold(models.Model):
    """It is an agent's promise to be back (« je reviens dans N minutes »), one row each, kept for the figures.

    seq: the number of Pnav's line that told the person. The promise ends at `ended_at` (lifted or replaced), or when
    this agent writes after `seq`, which is read from the messages, so that writing needs no promises; or when the
    conversation is no longer theirs. spares_reply: a macro promised and put a reply beside it, so the first message
    after `seq` is that reply, and ends nothing if it comes within SPARED_FOR and before `until`. A later one is the
    agent who is back, and has emptied the reply. `chat.casework.holds` reads it.
    """

    conversation = models.ForeignKey(
        "chat.Conversation", on_delete=models.CASCADE, related_name="holds", db_index=False
    )
    agent = models.ForeignKey("chat.Agent", on_delete=models.PROTECT, related_name="+")
    seq = models.PositiveIntegerField()
    minutes = models.PositiveSmallIntegerField()
    held_at = models.DateTimeField()
    until = models.DateTimeField()
    spares_reply = models.BooleanField(default=False, db_default=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["Hold"]] = HoldQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "seq"], name="hold_told_once"),
            models.UniqueConstraint(
                fields=["conversation"], condition=Q(ended_at__isnull=True), name="hold_last_one_alone"
            ),
            models.CheckConstraint(condition=Q(until__gt=F("held_at")), name="hold_ends_later"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("held_at")), name="hold_ended_after"
            ),
        ]


# --- notes ------------------------------------------------------------------------------------------------------------


class Note(models.Model):
    """It is a private note of an agent about a conversation. Rows are only added: a correction `replaces` an earlier
    one.

    event: the event of the history that the note explains, if any.
    """

    SEALED, SEALED_WITH = ("sealed_body",), ("conversation",)
    EXCHANGE = "conversation__report"

    conversation = models.ForeignKey(
        "chat.Conversation", on_delete=models.CASCADE, related_name="notes", db_index=False
    )
    number = models.PositiveIntegerField()
    agent = models.ForeignKey("chat.Agent", on_delete=models.PROTECT, related_name="+")
    sealed_body = models.BinaryField()
    written_at = models.DateTimeField()
    replaces = models.OneToOneField("self", null=True, on_delete=models.CASCADE, related_name="replaced_by")
    event = models.OneToOneField("chat.ConversationEvent", null=True, on_delete=models.CASCADE, related_name="note")

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "number"], name="note_number_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="note_number_from_one"),
            models.CheckConstraint(
                condition=Q(replaces__isnull=True) | Q(event__isnull=True), name="note_replaces_or_explains"
            ),
        ]

    @staticmethod
    def context_of(conversation: uuid.UUID | str, number: int) -> str:
        """Return the context of the note with this number in this conversation."""
        return f"note:{conversation}:{number}"

    @property
    def context(self) -> str:
        """Return the context that binds the sealed body to this row."""
        return self.context_of(self.conversation.public_id, self.number)

    @property
    def data_key(self) -> uuid.UUID | None:
        """Return the key of the exchange that it belongs to."""
        return self.conversation.data_key

    @property
    def shown(self) -> str:
        """Return the decrypted text as agents read it."""
        return opened(self.sealed_body, context=self.context)


# --- an answer that is being written ----------------------------------------------------------------------------------


class ReplyDraft(models.Model):
    """It is what the agent of a conversation is writing to the person and has not sent; one at a time.

    Only that agent reads it, while the conversation is theirs (`chat.casework.reply_drafts`). So nothing is lost when a
    page is loaded again or a browser ends, and nothing is stored on the device.
    """

    SEALED, SEALED_WITH = ("sealed_body",), ("conversation", "agent")
    EXCHANGE = "conversation__report"

    conversation = models.OneToOneField("chat.Conversation", on_delete=models.CASCADE, related_name="+")
    agent = models.ForeignKey("chat.Agent", on_delete=models.CASCADE, related_name="+", db_index=False)
    sealed_body = models.BinaryField()
    kept_at = models.DateTimeField()

    @property
    def context(self) -> str:
        """Return the context that binds the sealed body to this row, and to this agent."""
        return f"reply_draft:{self.conversation.public_id}:{self.agent_id}"

    @property
    def data_key(self) -> uuid.UUID | None:
        """Return the key of the exchange that it belongs to."""
        return self.conversation.data_key


# --- a question to colleagues -----------------------------------------------------------------------------------------


class AsideQuerySet(models.QuerySet["Aside"]):
    """Selects questions to colleagues."""

    def running(self) -> "AsideQuerySet":
        """Select questions whose conversation goes on with the agent who asked."""
        return self.filter(conversation__status="active", conversation__assigned_to=F("asked_by"))


class Aside(models.Model):
    """It is a question of an agent to colleagues, with their answers (« aparté »). Colleagues read no conversation.

    `last_number` numbers its messages without gaps, under the lock of this row. is_for_all: whether everybody on duty
    was asked.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    conversation = models.ForeignKey("chat.Conversation", on_delete=models.CASCADE, related_name="asides")
    asked_by = models.ForeignKey("chat.Agent", on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    is_for_all = models.BooleanField(default=False)
    last_number = models.PositiveIntegerField(default=0)

    objects = AsideQuerySet.as_manager()


class AsidePart(models.Model):
    """It is an agent who takes part in an aparté, including the one who asked, and how far they have read."""

    aside = models.ForeignKey(Aside, on_delete=models.CASCADE, related_name="parts", db_index=False)
    agent = models.ForeignKey("chat.Agent", on_delete=models.PROTECT, related_name="+")
    read_number = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["aside", "agent"], name="aside_part_once")]


class AsideMessage(models.Model):
    """It is the question (number 1), or a message after it."""

    SEALED, SEALED_WITH = ("sealed_body",), ("aside__conversation",)
    EXCHANGE = "aside__conversation__report"

    aside = models.ForeignKey(Aside, on_delete=models.CASCADE, related_name="messages", db_index=False)
    number = models.PositiveIntegerField()
    agent = models.ForeignKey("chat.Agent", on_delete=models.PROTECT, related_name="+")
    sealed_body = models.BinaryField()
    sent_at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["aside", "number"], name="aside_number_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="aside_number_from_one"),
        ]

    @staticmethod
    def context_of(aside: uuid.UUID | str, number: int, agent_id: int) -> str:
        """Return the context of an agent's message with this number in this aparté."""
        return f"aside:{aside}:{number}:{agent_id}"

    @property
    def context(self) -> str:
        """Return the context that binds the sealed body to this row."""
        return self.context_of(self.aside.public_id, self.number, self.agent_id)

    @property
    def data_key(self) -> uuid.UUID | None:
        """Return the key of the exchange that it belongs to."""
        return self.aside.conversation.data_key

    @property
    def shown(self) -> str:
        """Return the decrypted text as its participants read it."""
        return opened(self.sealed_body, context=self.context)

"""Takes what a person does with their journal: note, correct, erase, show, take back; and keeps what was read.

The caller has proven that the journal is this person's, or its agent's. What is read stays as it is, like a message:
what an agent acts on, and a court may ask for, does not change under their eyes; so one statement alone decides whether
a fact was read before it was taken back (`mark_read` and `take_back` lock the same rows).
"""

from collections.abc import Collection
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Count, Max, QuerySet

from chat import pubsub
from chat.journal.facts import Told
from chat.journal.queries import told_of
from chat.models import Conversation, ItemShare, JournalFact
from common import clock
from common.service_settings import definitions, values


class JournalFull(Exception):
    """This exchange has as many facts as the service allows (`definitions.FACTS_MOST`)."""


class FactGone(Exception):
    """The fact is not there any more: erased, perhaps in another tab."""


class FactRead(Exception):
    """The fact was read, and stays as it is."""


@transaction.atomic
def note_fact(*, conversation_id: int, public_id: UUID, told: Told) -> JournalFact:
    """Add a fact, private until it is shown. public_id: drawn by the form; the same fact sent twice is there once.

    A form that « Back » brought again, with something else in it, is another fact. Raises JournalFull. Locks the
    conversation, whose facts it numbers; three statements, one row.
    """
    most = values.get(definitions.FACTS_MOST)
    conversation = Conversation.objects.select_for_update(of=("self",)).get(pk=conversation_id)
    before = JournalFact.objects.filter(conversation=conversation, public_id=public_id).first()
    if before is not None:
        before.conversation = conversation
        if told_of(before) == told:
            return before
        public_id = uuid4()
    found = JournalFact.objects.filter(conversation=conversation).aggregate(last=Max("number"), many=Count("pk"))
    if found["many"] >= most:
        raise JournalFull
    number = (found["last"] or 0) + 1
    fact = JournalFact(conversation=conversation, public_id=public_id, number=number, noted_at=clock.now())
    fact.seal(told.as_words())
    fact.save(force_insert=True)
    return fact


@transaction.atomic
def change_fact(*, conversation_id: int, public_id: UUID, told: Told) -> None:
    """Put these words in the place of those of a fact that nobody has read.

    Raises FactGone, FactRead. Locks the fact; the same words change nothing. Its agent's page is told if it is shown.
    What proved the date of the former words goes: the new ones get a leaf of their own the next night.
    """
    fact = _unread(conversation_id, public_id)
    if told_of(fact) == told:
        return
    fact.seal(told.as_words())
    fact.changed_at = clock.now()
    fact.save(update_fields=["sealed_words", "changed_at"])
    ItemShare.objects.filter(fact=fact).delete()
    if fact.shown_at is not None:
        pubsub.state_changed(fact.conversation.public_id)


@transaction.atomic
def erase_fact(*, conversation_id: int, public_id: UUID) -> None:
    """Delete a fact that nobody has read, shown or not. One that is gone already is gone. Raises FactRead."""
    try:
        fact = _unread(conversation_id, public_id)
    except FactGone:
        return
    was_shown = fact.shown_at is not None
    fact.delete()
    if was_shown:
        pubsub.state_changed(fact.conversation.public_id)


def _unread(conversation_id: int, public_id: UUID) -> JournalFact:
    rows = JournalFact.objects.select_for_update(of=("self",)).select_related("conversation")
    fact = rows.filter(conversation=conversation_id, public_id=public_id).first()
    if fact is None:
        raise FactGone
    if fact.read_at is not None:
        raise FactRead
    return fact


@transaction.atomic
def show_facts(*, conversation: Conversation, only: Collection[UUID] | None = None) -> int:
    """Show what is private to whoever answers, or will; how many that were. only: these; None: all of them.

    One statement. The page of its agent is told after COMMIT, as of what is added to the signalement.
    """
    private = JournalFact.objects.filter(conversation=conversation, shown_at__isnull=True)
    shown = _of(private, only).update(shown_at=clock.now())
    if shown:
        pubsub.state_changed(conversation.public_id)
    return shown


@transaction.atomic
def take_back(*, conversation: Conversation, only: Collection[UUID] | None = None) -> int:
    """Make private again what was shown and not read; how many that were. What was read meanwhile stays shown."""
    unread = JournalFact.objects.filter(conversation=conversation, shown_at__isnull=False, read_at__isnull=True)
    taken = _of(unread, only).update(shown_at=None)
    if taken:
        pubsub.state_changed(conversation.public_id)
    return taken


def mark_read(conversation: Conversation) -> int:
    """What is shown goes to its agent's page now; how many facts are new there. One statement, before their words are
    read: what was taken back before it is not among them, and what is among them is taken back no more.

    Its person is told (the page of facts says so when it is drawn).
    """
    new = JournalFact.objects.filter(conversation=conversation, shown_at__isnull=False, read_at__isnull=True)
    return new.update(read_at=clock.now())


def _of(rows: "QuerySet[JournalFact]", only: Collection[UUID] | None) -> "QuerySet[JournalFact]":
    return rows if only is None else rows.filter(public_id__in=only)

"""Does what a person does with their journal: note, correct, erase, show and take back facts; and marks facts as read.

The caller has proven that the journal is this person's, or that of a conversation of this agent. A fact that was read
is never changed, like a message, because an agent acts on it and a court may ask for it. One statement decides whether
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
    """This exchange already has as many facts as the service allows (`definitions.FACTS_MOST`)."""


class FactGone(Exception):
    """The fact does not exist any more; it may have been erased in another tab."""


class FactRead(Exception):
    """The fact was read, and cannot be changed any more."""


@transaction.atomic
def note_fact(*, conversation_id: int, public_id: UUID, told: Told, is_withheld: bool = False) -> JournalFact:
    """Add a fact, which is private until it is shown. The same fact sent twice is stored once.

    public_id: drawn by the form. If « Back » brings the form again and something else is typed in it, that is another
    fact. is_withheld: as of `JournalFact`. Locks the conversation, whose facts are numbered. Three statements. Raises
    JournalFull.
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
    fact = JournalFact(
        conversation=conversation,
        public_id=public_id,
        number=number,
        noted_at=clock.now(),
        is_withheld=is_withheld,
    )
    fact.seal(told.as_words())
    fact.save(force_insert=True)
    return fact


@transaction.atomic
def change_fact(*, conversation_id: int, public_id: UUID, told: Told) -> None:
    """Replace the words of a fact that nobody has read.

    Locks the fact; the same words change nothing. The agent's page is notified if the fact is shown. The proof of date
    of the former words is deleted; the new ones get a leaf of their own in the next night. Raises FactGone, FactRead.
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
    """Delete a fact that nobody has read, shown or not. Does nothing if it does not exist. Raises FactRead."""
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
    """Show the private facts to the present or next agent, and return how many. only: these; None for all.

    One statement. The agent's page is notified after the commit, as of additions to the signalement.
    """
    private = JournalFact.objects.filter(conversation=conversation, shown_at__isnull=True)
    shown = _of(private, only).update(shown_at=clock.now())
    if shown:
        pubsub.state_changed(conversation.public_id)
    return shown


@transaction.atomic
def take_back(*, conversation: Conversation, only: Collection[UUID] | None = None) -> int:
    """Make facts private again that were shown and not read, and return how many. Read ones stay shown."""
    unread = JournalFact.objects.filter(conversation=conversation, shown_at__isnull=False, read_at__isnull=True)
    taken = _of(unread, only).update(shown_at=None)
    if taken:
        pubsub.state_changed(conversation.public_id)
    return taken


def mark_read(conversation: Conversation) -> int:
    """Mark the shown facts as read, because they are about to be on the agent's page. Return how many are new there.

    One statement, before their words are read. So a fact that was taken back before it is not among them, and those
    that are among them cannot be taken back any more. The person sees that on their page of facts.
    """
    new = JournalFact.objects.filter(conversation=conversation, shown_at__isnull=False, read_at__isnull=True)
    return new.update(read_at=clock.now())


def _of(rows: "QuerySet[JournalFact]", only: Collection[UUID] | None) -> "QuerySet[JournalFact]":
    return rows if only is None else rows.filter(public_id__in=only)

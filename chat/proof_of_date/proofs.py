"""This module makes the proofs of date of one exchange, which the caller has just obtained by `chat.access`."""

import logging
from collections.abc import Collection, Iterator
from uuid import UUID

from django.db import models
from django.db.models import QuerySet

from chat.journal.queries import told_of
from chat.models import Capture, Conversation, ItemShare, JournalFact, Message
from chat.proof_of_date import sources
from common.encryption import UnsealError
from reports.proof_of_date.proofs import Ways
from reports.rules.date_proofs import Proof

logger = logging.getLogger(__name__)

type Proven = Message | JournalFact | Capture


def proof_of(item: Proven) -> Proof | None:
    """Return the proof that this message, fact or capture existed on its day.

    None while that day is not closed, or if the item was corrected since. item: with its conversation. Six statements.
    """
    shares = ItemShare.objects.filter(conversation=item.conversation)
    if isinstance(item, Message):
        shares = shares.filter(first_seq__lte=item.seq, last_seq__gte=item.seq)
    else:
        shares = shares.filter(fact=item) if isinstance(item, JournalFact) else shares.filter(capture=item)
    share = shares.first()
    if share is None:
        return None
    share.conversation = item.conversation
    return next(_proofs(share, Ways(), [item]), None)


def proofs_of(
    conversation: Conversation, kinds: Collection[str] = (), only: Collection[UUID] | None = None
) -> Iterator[Proof]:
    """Yield the proofs of all items in this exchange that have one, messages first. kinds: only these of `sources`.
    only: the public ids of the facts and captures that are wanted.

    Messages and facts are decrypted once. There are five statements for each day with items, and one chunk of one day
    is in memory at a time.
    """
    ways = Ways()
    shares = ItemShare.objects.filter(conversation=conversation).order_by("first_seq", "pk")
    if kinds:
        shares = shares.filter(kind__in=kinds)
    for share in shares:
        share.conversation = conversation
        rows: list[Proven]
        if share.kind == sources.MESSAGE:
            rows = list(conversation.messages.filter(seq__gte=share.first_seq, seq__lte=share.last_seq).order_by("seq"))
        elif share.kind == sources.FACT:
            rows = list(_chosen(JournalFact.objects.filter(share=share), only))
        else:
            rows = list(_chosen(Capture.objects.filter(share=share), only))
        yield from _proofs(share, ways, rows)


def _chosen[M: models.Model](rows: QuerySet[M], only: Collection[UUID] | None) -> QuerySet[M]:
    return rows if only is None else rows.filter(public_id__in=only)


def _proofs(share: ItemShare, ways: Ways, rows: list[Proven]) -> Iterator[Proof]:
    """Yield the proofs of the items in one share. share: with its conversation."""
    try:
        words = share.words
    except UnsealError:
        logger.error("proof_of_date: a share cannot be opened %s", share.conversation.public_id)
        return
    places = {key: place for place, key in enumerate(words["keys"])}
    seed = bytes.fromhex(words["seed"])
    for row in rows:
        row.conversation = share.conversation
        written = _written(row)
        if written is None or written[0] not in places:
            continue
        key, name, item = written
        proof = ways.prove(
            kind=share.kind,
            name=name,
            item=item,
            salt=sources.salt_of(seed, key),
            day=share.day_id,
            index=share.first + places[key],
        )
        if proof is not None:
            yield proof


def _written(row: Proven) -> tuple[str, str, str] | None:
    """Return an item's key in its share, a neutral name, and its text; None when it cannot be decrypted."""
    exchange = row.conversation.public_id
    if isinstance(row, Message):
        try:
            text = row.body
        except UnsealError:
            return None
        item = sources.message_item(exchange=exchange, seq=row.seq, author=row.author, at=row.sent_at, text=text)
        return str(row.seq), f"message-{row.seq}", item
    if isinstance(row, Capture):
        try:
            file = sources.item_of_capture(row)
        except UnsealError:
            return None
        return None if file is None else (str(row.public_id), f"capture-{row.number}", file)
    told = told_of(row)
    if told is None:
        return None
    return str(row.public_id), f"fait-{row.number}", sources.item_of_fact(row, told.as_words())

"""This module makes the proofs of date of one exchange, which the caller has just obtained by `chat.access`."""

import logging
from collections.abc import Collection, Iterable, Iterator
from itertools import batched
from uuid import UUID

from django.db import models
from django.db.models import Q, QuerySet

from chat.journal.queries import told_of
from chat.models import Capture, Conversation, ItemShare, JournalFact, Message
from chat.proof_of_date import sources
from common.encryption import UnsealError
from reports.proof_of_date.proofs import Ways
from reports.rules.date_proofs import Proof

logger = logging.getLogger(__name__)

type Proven = Message | JournalFact | Capture

PIECE = 100  # how many rows of an exchange are in memory while their proofs are made


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

    Messages and facts are decrypted once. There are five statements for each day with items, and one for each PIECE of
    messages, and of facts and captures. A piece, and one chunk of one day, are in memory at a time.
    """
    ways = Ways()
    shares = ItemShare.objects.filter(conversation=conversation)
    if kinds:
        shares = shares.filter(kind__in=kinds)
    for share in shares.filter(kind=sources.MESSAGE).order_by("first_seq", "pk"):
        share.conversation = conversation
        thread = conversation.messages.filter(seq__gte=share.first_seq, seq__lte=share.last_seq)
        yield from _proofs(share, ways, _in_pieces(thread, "seq"))
    others = shares.exclude(kind=sources.MESSAGE)
    if only is not None:
        others = others.filter(Q(fact__public_id__in=only) | Q(capture__public_id__in=only))
    for piece in batched(_in_pieces(others, "pk"), PIECE, strict=False):
        # Not by `select_related`, which lets a share and its fact hold each other until the collector comes.
        facts = JournalFact.objects.in_bulk([share.fact_id for share in piece if share.fact_id])
        files = Capture.objects.in_bulk([share.capture_id for share in piece if share.capture_id])
        for share in piece:
            share.conversation = conversation
            item = facts.get(share.fact_id or 0) or files.get(share.capture_id or 0)
            if item is not None:
                yield from _proofs(share, ways, [item])


def _in_pieces[M: models.Model](rows: QuerySet[M], number: str) -> Iterator[M]:
    """Yield these rows by the field that numbers them, PIECE at a time in memory."""
    last, is_more = 0, True
    while is_more:
        found = list(rows.filter(**{f"{number}__gt": last}).order_by(number)[:PIECE])
        is_more = len(found) == PIECE
        for row in found:
            last = getattr(row, number)
            yield row


def _proofs(share: ItemShare, ways: Ways, rows: Iterable[Proven]) -> Iterator[Proof]:
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

"""Gives the tree of a day what belongs to exchanges: messages, facts of the journal, captures; a source for each kind.

A kind joins by a function that writes its item, a source beside these, its place in `sources`, and what
`chat.proof_of_date.proofs` reads of it; its shares carry a foreign key to it if it may be erased before its exchange
(`ItemShare.fact`).
Whatever a source reads, it also locks so that its exchange cannot go meanwhile, and waits for nobody: what somebody
else holds is left to the next chunk, or to the next day.
"""

import hmac
import logging
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from chat.journal.queries import told_of
from chat.models import Capture, Conversation, ItemShare, JournalFact, Message
from common import encryption
from common.data_keys import keys as data_keys
from common.sql import array_text, fetch_rows
from reports.models import ProofDay
from reports.proof_of_date.days import Part, Source
from reports.proof_of_date.register import RegisterLines
from reports.rules import date_proofs, merkle

logger = logging.getLogger(__name__)

MESSAGE = "message"
FACT = "fact"
CAPTURE = "capture"

# Messages without a leaf, in the order of their conversations: of each those that follow the last one that has one, up
# to the first that was written after the day was over.
MESSAGES = """
SELECT c.id, c.public_id, m.seq, m.author, m.sent_at, m.sealed_body
FROM (
    SELECT id, public_id, last_seq,
           coalesce((SELECT max(s.last_seq) FROM chat_itemshare s WHERE s.conversation_id = chat_conversation.id), 0)
               AS after
    FROM chat_conversation WHERE id > %s
) AS c
CROSS JOIN LATERAL (
    SELECT seq, author, sent_at, sealed_body FROM chat_message
    WHERE conversation_id = c.id AND seq > c.after AND seq < coalesce((
        SELECT min(late.seq) FROM chat_message late
        WHERE late.conversation_id = c.id AND late.seq > c.after AND late.sent_at >= %s
    ), 2147483647)
    ORDER BY seq LIMIT %s
) AS m
WHERE c.last_seq > c.after
ORDER BY c.id, m.seq LIMIT %s
"""
HELD = "SELECT id, data_key FROM chat_conversation WHERE id = ANY(%s::bigint[]) ORDER BY id FOR KEY SHARE SKIP LOCKED"
# Nobody corrects a fact between the reading of its words and its leaf.
FACTS = """
SELECT f.id FROM chat_journalfact f JOIN chat_conversation c ON c.id = f.conversation_id
WHERE f.id > %s AND coalesce(f.changed_at, f.noted_at) < %s
  AND NOT EXISTS (SELECT FROM chat_itemshare s WHERE s.fact_id = f.id)
ORDER BY f.id LIMIT %s FOR KEY SHARE OF c SKIP LOCKED FOR SHARE OF f SKIP LOCKED
"""
# Once all of its bytes were read: its digest is sealed with it then, and never changes.
CAPTURES = """
SELECT f.id FROM chat_capture f JOIN chat_conversation c ON c.id = f.conversation_id
WHERE f.id > %s AND f.received_at < %s AND f.state IN ('drawn', 'unreadable')
  AND NOT EXISTS (SELECT FROM chat_itemshare s WHERE s.capture_id = f.id)
ORDER BY f.id LIMIT %s FOR KEY SHARE OF c SKIP LOCKED FOR SHARE OF f SKIP LOCKED
"""


# --- items and their salts --------------------------------------------------------------------------------------------


def message_item(*, exchange: UUID, seq: int, author: str, at: datetime, text: str) -> str:
    """The text of a message as an item."""
    return date_proofs.canonical(
        {
            "format": date_proofs.ITEM,
            "kind": MESSAGE,
            "exchange": str(exchange),
            "number": seq,
            "author": author,
            "at": date_proofs.utc(at),
            "text": text,
        }
    )


def fact_item(*, exchange: UUID, public_id: UUID, at: datetime, words: dict[str, Any]) -> str:
    """The text of a fact as an item. at: when it was noted, or last corrected; words: as it is sealed."""
    return date_proofs.canonical(
        {
            "format": date_proofs.ITEM,
            "kind": FACT,
            "exchange": str(exchange),
            "id": str(public_id),
            "at": date_proofs.utc(at),
            "told": words,
        }
    )


def item_of_fact(row: JournalFact, words: dict[str, Any]) -> str:
    """row: with its conversation."""
    at = row.changed_at or row.noted_at
    return fact_item(exchange=row.conversation.public_id, public_id=row.public_id, at=at, words=words)


def item_of_capture(row: Capture) -> str | None:
    """The item of a capture: its file's digest, and nothing of what it shows. None while its digest is not known.

    row: with its conversation. Raises UnsealError.
    """
    sha256 = row.words.get("sha256")
    if not sha256 or row.received_at is None:
        return None
    return date_proofs.canonical(
        {
            "format": date_proofs.ITEM,
            "kind": CAPTURE,
            "exchange": str(row.conversation.public_id),
            "id": str(row.public_id),
            "at": date_proofs.utc(row.received_at),
            "size": row.size,
            "sha256": sha256,
        }
    )


def salt_of(seed: bytes, key: str) -> bytes:
    """The salt of one item of a share, by its key there."""
    return hmac.digest(seed, b"pnav-salt-1\n" + key.encode(), "sha256")


@dataclass(slots=True)
class _Share:
    """What is sealed of some leaves side by side: items by their keys, and the seed of their salts."""

    conversation_id: int
    public_id: UUID
    keys: list[str] = field(default_factory=list)
    seqs: tuple[int, int] | None = None
    fact_id: int | None = None
    capture_id: int | None = None
    seed: bytes = field(default_factory=lambda: secrets.token_bytes(merkle.SALT_BYTES), repr=False)
    leaves: list[bytes] = field(default_factory=list)

    def add(self, key: str, item: str) -> None:
        """Add one item, by its key and its canonical text, as a salted leaf."""
        self.keys.append(key)
        self.leaves.append(merkle.hash_leaf(salt_of(self.seed, key), date_proofs.digest_of(item)))


def _keep(kind: str, day: ProofDay, parts: Sequence[Part]) -> None:
    """A row each, in the order of their conversations."""
    shares: list[_Share] = [part.about for part in parts]
    conversations = Conversation.objects.in_bulk({share.conversation_id for share in shares})
    rows = []
    for part in sorted(parts, key=lambda part: part.about.conversation_id):
        share: _Share = part.about
        first_seq, last_seq = share.seqs or (None, None)
        row = ItemShare(
            conversation=conversations[share.conversation_id],
            day=day,
            kind=kind,
            first=part.first,
            first_seq=first_seq,
            last_seq=last_seq,
            fact_id=share.fact_id,
            capture_id=share.capture_id,
        )
        row.seal({"keys": share.keys, "seed": share.seed.hex()})
        rows.append(row)
    ItemShare.objects.bulk_create(rows)


def _gone_keys(keys: Iterable[UUID | None]) -> set[UUID]:
    """Which of these data keys are erased: what they seal has no leaf, for its share cannot be sealed. One statement.

    Raises KeysAway when their server does not answer: the chunk is made once it does.
    """
    gone = data_keys.load(keys)
    for key in gone:
        try:
            data_keys.cipher_of(key.bytes)
        except data_keys.KeysAway:
            raise
        except encryption.UnsealError:
            continue
    return gone


def _shuffled(shares: Sequence[_Share]) -> list[Part]:
    """Put shares in no order, so that a place in the tree does not say whose exchange began before whose."""
    parts = [Part(share.leaves, share) for share in shares]
    secrets.SystemRandom().shuffle(parts)
    return parts


# --- the sources ------------------------------------------------------------------------------------------------------


class Messages:
    """A source (`days.Source`): each message once, in the order of its conversation."""

    def __init__(self, before: datetime) -> None:
        self._before = before
        self._after = 0  # the key of the conversation up to which all was taken

    def take(self, most: int) -> list[Part]:
        """Return the next leaves, of `most` messages at most; none when the day has no more (`days.Source`)."""
        while rows := fetch_rows(MESSAGES, [self._after, self._before, most, most]):
            keys = sorted({row[0] for row in rows})
            found = fetch_rows(HELD, [array_text(keys)])
            gone = _gone_keys(data_key for _key, data_key in found)
            held = {key for key, data_key in found if data_key not in gone}
            shares = []
            taken = 0
            for key, group in groupby(rows, key=lambda row: row[0]):
                share = self._share(list(group)) if key in held else None
                taken = len(share.leaves) if share is not None else 0
                if share is not None:
                    shares.append(share)
            # There may be more of the last one, unless nothing of it could be taken.
            self._after = keys[-1] - 1 if len(rows) == most and taken else keys[-1]
            if shares:
                return _shuffled(shares)
        return []

    def _share(self, rows: Sequence[tuple[Any, ...]]) -> _Share | None:
        """Take those that open, up to the last one that does: what no key opens today may open tomorrow."""
        share = _Share(rows[0][0], rows[0][1])
        last = 0
        for _key, public_id, seq, author, sent_at, sealed in rows:
            context = Message.context_of(public_id, seq, author)
            try:
                text = encryption.unseal(sealed, context=context)
            except encryption.UnsealError:
                logger.error("proof_of_date: a message cannot be opened %s %s", public_id, seq)
                continue
            share.add(str(seq), message_item(exchange=public_id, seq=seq, author=author, at=sent_at, text=text))
            last = seq
        if not last:
            return None
        share.seqs = (rows[0][2], last)
        return share

    def keep(self, day: ProofDay, parts: Sequence[Part]) -> None:
        """Keep which leaves of the tree belong to which conversation (`days.Source`)."""
        _keep(MESSAGE, day, parts)


class Facts:
    """A source (`days.Source`): each fact of a journal, shown or not, once; again when it was corrected."""

    def __init__(self, before: datetime) -> None:
        self._before = before
        self._after = 0

    def take(self, most: int) -> list[Part]:
        """Return the next leaves, of `most` facts at most (`days.Source`)."""
        while keys := [key for (key,) in fetch_rows(FACTS, [self._after, self._before, most])]:
            self._after = keys[-1]
            shares = []
            rows = list(JournalFact.objects.filter(pk__in=keys).select_related("conversation").order_by("pk"))
            gone = _gone_keys(row.data_key for row in rows)
            for row in rows:
                told = told_of(row) if row.data_key not in gone else None
                if told is None:
                    continue
                share = _Share(row.conversation_id, row.conversation.public_id, fact_id=row.pk)
                share.add(str(row.public_id), item_of_fact(row, told.as_words()))
                shares.append(share)
            if shares:
                return _shuffled(shares)
        return []

    def keep(self, day: ProofDay, parts: Sequence[Part]) -> None:
        """Keep which leaves of the tree belong to which conversation (`days.Source`)."""
        _keep(FACT, day, parts)


class Captures:
    """A source (`days.Source`): each capture once, when its bytes were read; by its digest, nothing else of it."""

    def __init__(self, before: datetime) -> None:
        self._before = before
        self._after = 0

    def take(self, most: int) -> list[Part]:
        """Return the next leaves, of `most` captures at most (`days.Source`)."""
        while keys := [key for (key,) in fetch_rows(CAPTURES, [self._after, self._before, most])]:
            self._after = keys[-1]
            shares = []
            rows = list(Capture.objects.filter(pk__in=keys).select_related("conversation").order_by("pk"))
            gone = _gone_keys(row.data_key for row in rows)
            for row in rows:
                try:
                    item = item_of_capture(row) if row.data_key not in gone else None
                except encryption.UnsealError:
                    logger.error("proof_of_date: a capture cannot be opened %s", row.conversation.public_id)
                    continue
                if item is not None:
                    share = _Share(row.conversation_id, row.conversation.public_id, capture_id=row.pk)
                    share.add(str(row.public_id), item)
                    shares.append(share)
            if shares:
                return _shuffled(shares)
        return []

    def keep(self, day: ProofDay, parts: Sequence[Part]) -> None:
        """Keep which leaves of the tree belong to which conversation (`days.Source`)."""
        _keep(CAPTURE, day, parts)


def sources(before: datetime) -> Sequence[Source]:
    """Every kind of item, for the tree of a day that ended at this instant. The register comes first: its leaves are
    found by their numbers alone."""
    return (RegisterLines(before), Messages(before), Facts(before), Captures(before))

"""Supplies a day's tree with the items of exchanges: messages, facts and captures, with a source for each kind.

A kind joins by a function that writes its item, a source beside these, its place in `sources`, and what
`chat.proof_of_date.proofs` reads of it; its shares carry a foreign key to it if it may be erased before its exchange
(`ItemShare.fact`).
Whatever a source reads, it also locks so that its exchange cannot go meanwhile, and waits for nobody: what somebody
else holds is left to the next chunk, or to the next day.
"""

import hmac
import logging
import secrets
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, ClassVar
from uuid import UUID

from chat.journal.queries import told_of
from chat.models import Capture, Conversation, ItemShare, JournalFact, Message
from common import encryption
from common.data_keys import keys as data_keys
from common.sql import array_text, fetch_rows
from reports.models import ProofDay
from reports.proof_of_date import days
from reports.proof_of_date.days import Part, Source
from reports.proof_of_date.register import RegisterLines
from reports.rules import date_proofs, merkle

logger = logging.getLogger(__name__)

MESSAGE = "message"
FACT = "fact"
CAPTURE = "capture"

# Which of these have no leaf: messages of these conversations, in the order of both: of each those that follow the last
# one that has one, up to the first that was written after the day was over.
MESSAGES = """
SELECT c.id, c.public_id, m.seq, m.author, m.sent_at, m.sealed_body
FROM (
    SELECT id, public_id, last_seq,
           coalesce((SELECT max(s.last_seq) FROM chat_itemshare s WHERE s.conversation_id = chat_conversation.id), 0)
               AS after
    FROM chat_conversation WHERE id = ANY(%s::bigint[])
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
# The rows are locked so that nobody corrects a fact between the reading of its words and its leaf.
FACTS = """
SELECT f.id FROM chat_journalfact f JOIN chat_conversation c ON c.id = f.conversation_id
WHERE f.id = ANY(%s::bigint[]) AND coalesce(f.changed_at, f.noted_at) < %s
  AND NOT EXISTS (SELECT FROM chat_itemshare s WHERE s.fact_id = f.id)
ORDER BY f.id FOR KEY SHARE OF c SKIP LOCKED FOR SHARE OF f SKIP LOCKED
"""
# Only captures whose bytes were all read: their digest is then encrypted in their row, and never changes.
CAPTURES = """
SELECT f.id FROM chat_capture f JOIN chat_conversation c ON c.id = f.conversation_id
WHERE f.id = ANY(%s::bigint[]) AND f.received_at < %s AND f.state IN ('drawn', 'unreadable')
  AND NOT EXISTS (SELECT FROM chat_itemshare s WHERE s.capture_id = f.id)
ORDER BY f.id FOR KEY SHARE OF c SKIP LOCKED FOR SHARE OF f SKIP LOCKED
"""

# A tree looks for items in what came since the previous day, and in what that day's tree had to leave (docs/adr/0108).
# So each day's rows are read once, however many years precede it. The first query of each kind is for a database in
# which no tree has left a mark yet, and reads everything.
MESSAGES_OF_ALL = """
SELECT c.id FROM chat_conversation c
WHERE c.last_seq > coalesce((SELECT max(s.last_seq) FROM chat_itemshare s WHERE s.conversation_id = c.id), 0)
ORDER BY c.id LIMIT %s
"""
MESSAGES_SINCE = "SELECT DISTINCT conversation_id FROM chat_message WHERE id > %s AND sent_at < %s"
MESSAGES_LEFT = """
SELECT c.id FROM chat_conversation c WHERE c.id = ANY(%s::bigint[]) AND EXISTS (
    SELECT FROM chat_message m
    WHERE m.conversation_id = c.id AND m.sent_at < %s
      AND m.seq > coalesce((SELECT max(s.last_seq) FROM chat_itemshare s WHERE s.conversation_id = c.id), 0)
)
"""
# It is read backwards from the newest, over what was written since the day ended.
MESSAGES_UP_TO = "SELECT id FROM chat_message WHERE sent_at < %s ORDER BY id DESC LIMIT 1"
FACTS_OF_ALL = """
SELECT f.id FROM chat_journalfact f
WHERE coalesce(f.changed_at, f.noted_at) < %s AND NOT EXISTS (SELECT FROM chat_itemshare s WHERE s.fact_id = f.id)
ORDER BY f.id LIMIT %s
"""
FACTS_SINCE = """
SELECT id FROM chat_journalfact
WHERE coalesce(changed_at, noted_at) >= %s AND coalesce(changed_at, noted_at) < %s
"""
FACTS_LEFT = """
SELECT f.id FROM chat_journalfact f
WHERE f.id = ANY(%s::bigint[]) AND NOT EXISTS (SELECT FROM chat_itemshare s WHERE s.fact_id = f.id)
"""
CAPTURES_OF_ALL = """
SELECT f.id FROM chat_capture f
WHERE f.received_at < %s AND NOT EXISTS (SELECT FROM chat_itemshare s WHERE s.capture_id = f.id)
ORDER BY f.id LIMIT %s
"""
CAPTURES_SINCE = "SELECT id FROM chat_capture WHERE received_at >= %s AND received_at < %s"
CAPTURES_LEFT = """
SELECT f.id FROM chat_capture f
WHERE f.id = ANY(%s::bigint[]) AND NOT EXISTS (SELECT FROM chat_itemshare s WHERE s.capture_id = f.id)
"""
# Longer than any of our transactions, and than the difference of two clocks, so that what was written an hour before
# the end of a day is committed when its tree is made.
MARGIN = timedelta(hours=1)
AT_ONCE_MOST = 250_000  # the most items of a first tree, which bounds the worker's memory; further ones wait a day
LEFT_MOST = 10_000  # how many keys are remembered; if there are more, the next tree reads again what this one read


# --- items and their salts --------------------------------------------------------------------------------------------


def message_item(*, exchange: UUID, seq: int, author: str, at: datetime, text: str) -> str:
    """Return the text of a message as an item."""
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
    """Return the text of a fact as an item. at: when it was noted or last corrected. words: its decrypted words."""
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
    """Return the item of a fact. row: with its conversation."""
    at = row.changed_at or row.noted_at
    return fact_item(exchange=row.conversation.public_id, public_id=row.public_id, at=at, words=words)


def item_of_capture(row: Capture) -> str | None:
    """Return the item of a capture: its file's digest, and nothing of what it shows; None while that is unknown.

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
    """Return the salt of one item of a share, by its key there."""
    return hmac.digest(seed, b"pnav-salt-1\n" + key.encode(), "sha256")


@dataclass(slots=True)
class _Share:
    """It is what is encrypted for some consecutive leaves: the items by their keys, and the seed of their salts."""

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
    """Write a row for each part, in the order of their conversations."""
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
    """Return which of these data keys are erased. Their items get no leaf, as a share could not be encrypted.

    One statement. Raises KeysAway when the key server does not answer; the chunk is made once it does.
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


class _Marked:
    """It is a source that reads what came since the previous tree, by that tree's mark, and leaves a mark of its own.

    `left` of a mark: the keys of what had no leaf when the tree was closed, because it was locked, could not be
    decrypted, or was a capture that was not read yet. The next tree tries again, until there is a leaf or the item is
    gone.
    """

    kind: ClassVar[str]

    def __init__(self, before: datetime) -> None:
        self._before = before
        self._keys: list[int] | None = None  # the keys, in order
        self._place = 0  # how many of the keys have had all of their items taken
        self._mark: dict[str, Any] | None = None

    @property
    def keys(self) -> list[int]:
        """Return the keys of what may have items without a leaf. They are read once."""
        if self._keys is None:
            self._mark = days.newest_marks().get(self.kind)
            found = self._all() if self._mark is None else self._since(self._mark)
            left = set(self._mark["left"]) if self._mark is not None else set()
            self._keys = sorted(left.union(key for (key,) in found))
        return self._keys

    def _next(self, most: int) -> list[int]:
        return self.keys[self._place : self._place + most]

    def end(self) -> dict[str, Any] | None:
        """Return the mark of this tree; None if there was too much, so that the next one begins where this one did."""
        if len(self.keys) >= AT_ONCE_MOST and self._mark is None:
            return None
        left = [key for (key,) in self._left(self.keys)]
        if len(left) > LEFT_MOST:
            logger.error("proof_of_date: %s have no leaf, of kind %s", len(left), self.kind)
            return None
        return {**self._reach(), "left": sorted(left)}

    def _all(self) -> Sequence[tuple[Any, ...]]:
        raise NotImplementedError

    def _since(self, mark: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
        raise NotImplementedError

    def _left(self, keys: Sequence[int]) -> Sequence[tuple[Any, ...]]:
        raise NotImplementedError

    def _reach(self) -> dict[str, Any]:
        """Return how far this tree has read, which is here the end of its day."""
        return {"until": (self._before - MARGIN).isoformat()}

    def keep(self, day: ProofDay, parts: Sequence[Part]) -> None:
        """Keep which leaves of the tree belong to which conversation (`days.Source`)."""
        _keep(self.kind, day, parts)


class Messages(_Marked):
    """It is a source (`days.Source`): each message once, in the order of its conversation.

    Its mark: `to`, a key of messages, up to which each was committed, and written before the day was over.
    """

    kind = MESSAGE

    def take(self, most: int) -> list[Part]:
        """Return the next leaves, of `most` messages at most; none when the day has no more (`days.Source`)."""
        while asked := self._next(most):
            rows = fetch_rows(MESSAGES, [array_text(asked), self._before, most, most])
            keys = sorted({row[0] for row in rows})
            found = fetch_rows(HELD, [array_text(keys)]) if keys else []
            gone = _gone_keys(data_key for _key, data_key in found)
            held = {key for key, data_key in found if data_key not in gone}
            shares = []
            taken = 0
            for key, group in groupby(rows, key=lambda row: row[0]):
                share = self._share(list(group)) if key in held else None
                taken = len(share.leaves) if share is not None else 0
                if share is not None:
                    shares.append(share)
            if len(rows) < most:
                self._place += len(asked)
            else:  # the last key may have more items, unless none of it could be taken
                self._place += bisect_left(asked, keys[-1]) if taken else bisect_right(asked, keys[-1])
            if shares:
                return _shuffled(shares)
        return []

    def _share(self, rows: Sequence[tuple[Any, ...]]) -> _Share | None:
        """Take the messages that can be decrypted, up to the last of them; others may be decryptable tomorrow."""
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

    def _all(self) -> Sequence[tuple[Any, ...]]:
        return fetch_rows(MESSAGES_OF_ALL, [AT_ONCE_MOST])

    def _since(self, mark: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
        return fetch_rows(MESSAGES_SINCE, [mark["to"], self._before])

    def _left(self, keys: Sequence[int]) -> Sequence[tuple[Any, ...]]:
        return fetch_rows(MESSAGES_LEFT, [array_text(keys), self._before])

    def _reach(self) -> dict[str, Any]:
        newest = fetch_rows(MESSAGES_UP_TO, [self._before - MARGIN])
        before = self._mark["to"] if self._mark is not None else 0
        return {"to": max(newest[0][0], before) if newest else before}


class Facts(_Marked):
    """It is a source (`days.Source`): each fact of a journal, shown or not, once; again when it was corrected.

    Its mark: `until`, up to when noted or corrected.
    """

    kind = FACT

    def take(self, most: int) -> list[Part]:
        """Return the next leaves, of `most` facts at most (`days.Source`)."""
        while asked := self._next(most):
            self._place += len(asked)
            keys = [key for (key,) in fetch_rows(FACTS, [array_text(asked), self._before])]
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

    def _all(self) -> Sequence[tuple[Any, ...]]:
        return fetch_rows(FACTS_OF_ALL, [self._before, AT_ONCE_MOST])

    def _since(self, mark: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
        return fetch_rows(FACTS_SINCE, [datetime.fromisoformat(mark["until"]), self._before])

    def _left(self, keys: Sequence[int]) -> Sequence[tuple[Any, ...]]:
        return fetch_rows(FACTS_LEFT, [array_text(keys)])


class Captures(_Marked):
    """It is a source (`days.Source`): each capture once, when its bytes were read; by its digest, nothing else of it.

    Its mark: `until`, up to when received.
    """

    kind = CAPTURE

    def take(self, most: int) -> list[Part]:
        """Return the next leaves, of `most` captures at most (`days.Source`)."""
        while asked := self._next(most):
            self._place += len(asked)
            keys = [key for (key,) in fetch_rows(CAPTURES, [array_text(asked), self._before])]
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

    def _all(self) -> Sequence[tuple[Any, ...]]:
        return fetch_rows(CAPTURES_OF_ALL, [self._before, AT_ONCE_MOST])

    def _since(self, mark: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
        return fetch_rows(CAPTURES_SINCE, [datetime.fromisoformat(mark["until"]), self._before])

    def _left(self, keys: Sequence[int]) -> Sequence[tuple[Any, ...]]:
        return fetch_rows(CAPTURES_LEFT, [array_text(keys)])


def sources(before: datetime) -> Sequence[Source]:
    """Return the sources of all kinds, for the tree of a day that ended at this moment.

    The register comes first, because its leaves are found only by their numbers.
    """
    return (RegisterLines(before), Messages(before), Facts(before), Captures(before))

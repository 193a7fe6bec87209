"""This module finds messages that tell of suicide or danger, to mark them for the agent. Pnav neither blocks nor
answers any."""

import json
import logging
import threading
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial, reduce
from operator import or_

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q

from chat.casework.lock import lock_assigned
from chat.conversations.actions import ConversationClosed
from chat.messages.transcript import Said
from chat.models import UNREADABLE, Conversation, DangerMark, DangerPhrase, EventKind, Message
from chat.models.transfer import HandoverText
from chat.rules import danger_words
from chat.rules.danger_words import Kind, Node, PhraseError, Place
from chat.rules.lifecycle import Author
from chat.rules.transfer import Part
from common import clock, plain_text
from common.cached_reading import CachedReading
from common.data_keys import keys as data_keys
from common.sql import array_text, fetch_rows

logger = logging.getLogger(__name__)

# How long a process uses the phrases that it has read. A change by an administrator takes effect after that at latest.
KEEP_SECONDS = 30.0

# Characters of a text that are looked at: a whole message (`chat.messages.protocol.MAX_BODY`), and no more.
LOOKED_AT = 4000


# The person's last messages that decide whether the agent is offered to ask about safety first.
MESSAGES_READ = 20

# Of how many exchanges a process remembers up to where it has looked. Beyond that it forgets all of them at once: an
# exchange that is forgotten is looked at again, as after a restart.
LOOKED_AT_MOST = 10_000

# How long a mark stays after the person ended the exchange, or was taken out of the queue. It goes before when somebody
# deals with it.
LEFT_FOR = timedelta(days=1)

# Of one conversation, marked messages that wait to be dealt with: the last ones, and the last one of each kind.
MARKS_AT_MOST = 8

# None of these exchanges ends before the marks are committed, so that its end sees the marks that it leaves.
HOLD_OPEN = "SELECT id FROM chat_conversation WHERE id = ANY(%s::bigint[]) ORDER BY id FOR KEY SHARE"


@dataclass(frozen=True, slots=True)
class Phrases:
    """These are the phrases in use: as the tree that this process reads with, and as JSON for the script of an open
    page."""

    root: Node
    as_json: str


def _read() -> Phrases:
    """Read the phrases, PHRASES_AT_MOST at most. One that is badly written is left out, and the log gives its key."""
    read: list[tuple[str, tuple[Place, ...]]] = []
    rows = DangerPhrase.objects.filter(is_active=True).order_by("kind", "phrase")
    for pk, kind, phrase in rows.values_list("pk", "kind", "phrase")[: danger_words.PHRASES_AT_MOST]:
        try:
            read.append((kind, danger_words.read_phrase(phrase)))
        except PhraseError:
            logger.error("danger phrase cannot be read %s", pk)
    told = [(kind, danger_words.write_places(places)) for kind, places in read]
    return Phrases(danger_words.build_tree(read), json.dumps(told))


_phrases: CachedReading[Phrases] = CachedReading(
    _read, KEEP_SECONDS, name="danger phrases", otherwise=lambda: Phrases(danger_words.build_tree(()), "[]")
)


def phrases_as_json() -> str:
    """Return the phrases as JSON, for `lib/danger-words.js`."""
    return _phrases.get().as_json


def kinds_in(text: str) -> list[Kind]:
    """Return the kinds of danger that a text of a person tells of, suicide first; for most texts there is none."""
    return in_order(danger_words.find_kinds(_phrases.get().root, text[:LOOKED_AT]))


type Dangers = Mapping[int, Sequence[Kind]]  # the kinds of each message, by its number; most messages have none


def read_thread(thread: Iterable[Said]) -> Dangers:
    """Return what the person's messages in this piece tell of."""
    own = (one for one in thread if one.author == Author.REPORTER)
    return {one.seq: kinds for one in own if (kinds := kinds_in(one.shown))}


def is_told_in(conversation: Conversation, thread: Sequence[Said] = (), dangers: Dangers | None = None) -> bool:
    """Return whether one of the last MESSAGES_READ messages of the person tells of suicide or danger.

    thread: the last messages, if they were read already; dangers: what they tell of. One query, and none where these
    are messages enough.
    """
    own = [one.seq for one in thread if one.author == Author.REPORTER][-MESSAGES_READ:]
    if dangers is not None and thread and (len(own) == MESSAGES_READ or thread[0].seq == 1):
        return any(seq in dangers for seq in own)
    last = Message.objects.filter(conversation=conversation, author=Author.REPORTER).order_by("-seq")
    for seq, sealed in last.values_list("seq", "sealed_body")[:MESSAGES_READ]:
        body = Message.opened(sealed, conversation=conversation.public_id, seq=seq, author=Author.REPORTER)
        if kinds_in(plain_text.plain(body)):
            return True
    return False


def find_in(
    asked: Sequence[Q], public_ids: Mapping[int, uuid.UUID], marked: Mapping[int, Collection[int]]
) -> tuple[dict[int, Dangers], set[int]]:
    """Return what the person's messages among these tell of, by conversation, and the conversations that did not open.

    asked: conditions, of which a message fulfils one. public_ids: those of the conversations, by their keys. marked:
    those of the numbers asked for that are marked; one that is no message of the person is a line of Pnav's that tells
    of their own version of a summary (`mark_line`), so that version is read. The second value has the conversations in
    which something could not be opened, because the server of the keys is away or for good. One query, and one more
    where such a line is marked; as much is decrypted as fulfils the conditions.
    """
    messages = Message.objects.filter(reduce(or_, asked), author=Author.REPORTER)
    rows = list(messages.values_list("conversation_id", "seq", "sealed_body"))
    data_keys.load_for(body for _pk, _seq, body in rows)
    found: dict[int, dict[int, Sequence[Kind]]] = {}
    unopened: set[int] = set()
    for pk, seq, body in rows:
        text = Message.opened(body, conversation=public_ids[pk], seq=seq, author=Author.REPORTER)
        if text == str(UNREADABLE):
            unopened.add(pk)
        if kinds := kinds_in(plain_text.plain(text)):
            found.setdefault(pk, {})[seq] = kinds
    read = {(pk, seq) for pk, seq, _body in rows}
    lines = {pk: told for pk, seqs in marked.items() if (told := [seq for seq in seqs if (pk, seq) not in read])}
    if lines:
        told_in, unread, written = _corrections_of(lines)
        unopened |= unread
        # A process of the version before has deleted the version: nobody reads its kind any more, and the mark stays
        # to be dealt with, as when the server of the keys is away.
        told_in |= {pk: [Kind.DANGER] for pk in lines.keys() - written}
        for pk, kinds in told_in.items():
            found.setdefault(pk, {}).update(dict.fromkeys(lines[pk], kinds))
    return dict(found), unopened


def _corrections_of(keys: Collection[int]) -> tuple[dict[int, list[Kind]], set[int], set[int]]:
    """Return what the person's versions of summaries tell of, by conversation, the conversations of which one did not
    open, and those that have one. One query."""
    rows = HandoverText.objects.filter(part=Part.CORRECTION, handover__conversation__in=keys)
    texts = list(rows.select_related("handover"))
    data_keys.load_for(text.sealed_text for text in texts)
    kinds: dict[int, set[Kind]] = {}
    unopened: set[int] = set()
    for text in texts:
        pk, words = text.handover.conversation_id, text.opened
        if words is None:
            unopened.add(pk)
        elif found := kinds_in(words):
            kinds.setdefault(pk, set()).update(found)
    written = {text.handover.conversation_id for text in texts}
    return {pk: in_order(some) for pk, some in kinds.items()}, unopened, written


def mark_line(conversation: Conversation, seq: int, words: str) -> None:
    """Mark a line of Pnav's in the thread if the person's own words, which it tells of, are of suicide or of danger.

    These words are their version of a summary for a colleague, which is no message. The caller holds the lock of the
    conversation. Nothing where there is no such word; otherwise six statements at most.
    """
    kinds = kinds_in(words)
    if not kinds:
        return
    mark = DangerMark.objects.filter(conversation=conversation).first()
    pending = [one for one in mark.seqs if one > mark.dealt_seq] if mark else []
    known: dict[int, Dangers] = {}
    if pending:
        asked = Q(conversation=conversation.pk, seq__in=pending)
        known, _unopened = find_in([asked], {conversation.pk: conversation.public_id}, {conversation.pk: pending})
    keep_marks({conversation.pk: {**known.get(conversation.pk, {}), seq: kinds}})


@transaction.atomic
def keep_marks(found: Mapping[int, Dangers]) -> None:
    """Keep the numbers of messages that tell of suicide or of danger, with those that are kept already, MARKS_AT_MOST.

    found: by conversation, all that is known to tell of it and is not dealt with, kept or not. Locks the conversations
    against their end, then these rows, each in the order of their keys; four statements.
    """
    fetch_rows(HOLD_OPEN, [array_text(found)])
    DangerMark.objects.bulk_create([DangerMark(conversation_id=pk) for pk in sorted(found)], ignore_conflicts=True)
    rows = list(DangerMark.objects.select_for_update().filter(conversation__in=found).order_by("pk"))
    for row in rows:
        row.seqs = _to_keep(row.seqs, found[row.pk])
    DangerMark.objects.bulk_update(rows, ["seqs"])


def _to_keep(kept: Iterable[int], found: Dangers) -> list[int]:
    """Return the last MARKS_AT_MOST of these numbers, in order, the last one of each kind among them.

    Otherwise « je veux mourir » would lose its mark once eight messages of danger follow it.
    """
    last = set({kind: seq for seq in sorted(found) for kind in found[seq]}.values())
    return sorted(sorted({*kept, *found}, key=lambda seq: (seq in last, seq))[-MARKS_AT_MOST:])


@transaction.atomic
def deal_with(*, conversation_id: int, seq: int, by: AbstractBaseUser) -> int | None:
    """Record that the agent has dealt with what was marked up to message `seq`, and return how many marks remain.

    Messages that came after it stay marked. Returns None, and does nothing, when nothing was marked up to it. The
    history keeps who said so. An exchange that the person ended keeps its mark, so that one may have ended. Raises
    NotYours, and ConversationClosed when its agent ended it.
    """
    conversation, _agent = lock_assigned(conversation_id, by, must_be_open=False)
    if not conversation.is_open and conversation.closed_by != Author.REPORTER:
        raise ConversationClosed
    mark = DangerMark.objects.filter(conversation=conversation).first()
    if mark is None or not any(mark.dealt_seq < one <= seq for one in mark.seqs):
        return None
    mark.dealt_seq = min(seq, mark.seqs[-1])
    mark.save(update_fields=["dealt_seq"])
    conversation.record_event(EventKind.DANGER_DEALT, at=clock.now(), by=by)
    return sum(one > mark.dealt_seq for one in mark.seqs)


def pending_numbers(conversation: Conversation) -> list[int]:
    """Return the numbers that are kept of messages marked as danger and not dealt with. One query."""
    mark = DangerMark.objects.filter(conversation=conversation).first()
    return [one for one in mark.seqs if one > mark.dealt_seq] if mark is not None else []


def in_order(found: Collection[str]) -> list[Kind]:
    """Return these kinds with suicide first, each once."""
    return [kind for kind in (Kind.SUICIDE, Kind.DANGER) if kind in found]


class Looked:
    """Up to which message of each exchange this process has looked for danger, and kept the marks that it found.

    Numbers alone, in memory alone. They hold for the phrases with which they were looked for: with other ones
    everything is looked at again. Safe among threads.
    """

    def __init__(self, at_most: int = LOOKED_AT_MOST) -> None:
        self._at_most = at_most
        self._phrases = ""
        self._up_to: dict[uuid.UUID, int] = {}
        self._lock = threading.Lock()

    def known(self, phrases: str) -> dict[uuid.UUID, int]:
        """Return the number of the last message that was looked at with these phrases, by exchange, as it is now."""
        with self._lock:
            return self._up_to.copy() if phrases == self._phrases else {}

    def note(self, found: Mapping[uuid.UUID, int], phrases: str) -> None:
        """Note up to where these were looked at with these phrases, which may be newer or older than the last ones."""
        with self._lock:
            if phrases != self._phrases or len(self._up_to) + len(found) > self._at_most:
                self._up_to.clear()
                self._phrases = phrases
            for exchange, seq in found.items():
                self._up_to[exchange] = max(seq, self._up_to.get(exchange, 0))


looked = Looked()


def note_looked(found: Mapping[uuid.UUID, int], phrases: str) -> None:
    """Note it in `looked`, once what was found is committed: marks that are rolled back are looked for again."""
    transaction.on_commit(partial(looked.note, found, phrases))


def forget_phrases() -> None:
    """Read the phrases again the next time they are needed, after a change in this process, and between tests."""
    _phrases.forget()

"""Words in the messages of the exchanges that an agent holds now: what is on that agent's screen anyway.

Never those of others, and never those of an exchange that has ended (docs/adr/0131). Nothing that was looked for is
kept or logged. The caller hands over the agent's own exchanges and records the search.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from chat.messages import transcript
from chat.models import Conversation
from chat.rules.lifecycle import Author
from common.choices import label_of
from common.texts import folded

# Letters and digits that are looked for at least and at most, and words at most.
SIGNS_AT_LEAST, SIGNS_AT_MOST, WORDS_AT_MOST = 2, 100, 8

# Messages that are decrypted for one search, of all exchanges together: each exchange has an equal share of its last
# ones. The same of their bytes; and no further message is opened after so many seconds.
MESSAGES_AT_MOST = 1_000
BYTES_AT_MOST = 256 * 1024
SECONDS_AT_MOST = 1.0

# How many messages are shown, the newest first.
SHOWN = 20

# Searches of one agent, in so many seconds.
TRIES, TRIES_SECONDS = 20, 60

# Characters around the first word that was found.
BEFORE, AFTER = 60, 140


@dataclass(frozen=True, slots=True)
class Piece:
    """It is a part of an excerpt. is_found: it is one of the words that were looked for."""

    text: str
    is_found: bool


@dataclass(frozen=True, slots=True)
class Found:
    """It is one message that has all the words. who: who wrote it, in words. excerpt: the words, with those around."""

    conversation: Conversation
    seq: int
    who: str
    sent_at: datetime
    excerpt: list[Piece]


@dataclass(frozen=True, slots=True)
class Result:
    """It is what a search found, the newest message first.

    is_cut: more messages have these words than are shown. is_partial: earlier messages were not looked at. looked_at:
    how many were.
    """

    found: list[Found]
    is_cut: bool
    is_partial: bool
    looked_at: int


def search_words(held: Sequence[Conversation], words: Sequence[str]) -> Result:
    """Find the messages that have all these folded words, in any order. One statement for each exchange.

    held: exchanges that were obtained for this agent just now, and that are active. At most MESSAGES_AT_MOST messages
    are decrypted, and BYTES_AT_MOST.
    """
    ends_at = time.monotonic() + SECONDS_AT_MOST
    found: list[tuple[Conversation, transcript.Said]] = []
    looked_at, is_partial = 0, False
    for conversation in held:
        if time.monotonic() > ends_at:
            is_partial = True
            break
        earliest = 1
        for one in transcript.read_newest_first(
            conversation, count=MESSAGES_AT_MOST // len(held), size=BYTES_AT_MOST // len(held)
        ):
            looked_at, earliest = looked_at + 1, one.seq
            if folded.has_words(folded.fold(one.shown), words):
                found.append((conversation, one))
            if time.monotonic() > ends_at:
                break
        is_partial |= earliest > 1
    found.sort(key=lambda one: (one[1].sent_at, one[1].seq), reverse=True)
    shown = [_found(conversation, said, words) for conversation, said in found[:SHOWN]]
    return Result(shown, len(found) > SHOWN, is_partial, looked_at)


def _found(conversation: Conversation, said: transcript.Said, words: Sequence[str]) -> Found:
    who = _("Agent") if said.author == Author.AGENT else label_of(Author, said.author)
    return Found(conversation, said.seq, who, said.sent_at, excerpt_of(said.shown, words))


def excerpt_of(shown: str, words: Sequence[str]) -> list[Piece]:
    """Return what is around the first of these words, on one line, with each of them apart."""
    text = " ".join(shown.split())
    places = folded.places_of(text, words)
    if not places:
        return [Piece(_cut(text, 0, BEFORE + AFTER), is_found=False)]
    begins, ends = max(0, places[0][0] - BEFORE), places[0][0] + AFTER
    begins = text.rfind(" ", 0, begins) + 1 if begins else 0
    pieces = [Piece("…", is_found=False)] if begins else []
    at = begins
    for first, last in places:
        if first >= ends:
            break
        pieces += [Piece(text[at:first], is_found=False), Piece(text[first:last], is_found=True)]
        at = last
    pieces.append(Piece(_cut(text, at, max(at, ends)), is_found=False))
    return [piece for piece in pieces if piece.text]


def _cut(text: str, begins: int, ends: int) -> str:
    return text[begins:] if ends >= len(text) else f"{text[begins:ends]}…"


def is_on_screen(conversation: Conversation, seq: int) -> bool:
    """Return whether a message is in the last piece of its thread, which the screen shows. One statement."""
    newer = conversation.messages.filter(seq__gt=seq)
    sizes = [len(body) for body in newer.values_list("sealed_body", flat=True)[: transcript.PIECE_MESSAGES]]
    return len(sizes) < transcript.PIECE_MESSAGES and sum(sizes) < transcript.PIECE_BYTES

"""This module finds words of suicide or of immediate danger in what a person writes, to mark them for the agent. Pure.

It uses no statistical model, but phrases that an administrator can read and change (`chat.models.DangerPhrase`), and
compares them word by word in one pass. A mark hides nothing, blocks nothing and sends nothing.
`static/pnav/lib/danger-words.js` finds the same in an open page (`tests/js/test_twins.py` holds the two together).

How a phrase is written:

- `je veux mourir`: these words, one after another. Accents, capitals, apostrophes, punctuation and repeated letters
  (« mourirrr ») make no difference, neither in the phrase nor in the text;
- `veux/voudrais/veu`: any of these words;
- `suicid*`: any word that begins like this;
- `…` between two words: up to GAP other words may stand there (`envie … mourir`).
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

GAP = 2
PLACES_AT_MOST, CHOICES_AT_MOST, SIGNS_AT_MOST = 8, 16, 200
PHRASES_AT_MOST = 500
GAP_SIGN = "…"
# The languages whose phrases migrations bring (0025, 0050, 0055 and 0072 of `chat`). An agent is told of any other one.
LANGUAGES = ("fr", "en")
SORTED_BY = 3  # how many first letters of a beginning are looked up; most beginnings have as many (`read_phrase`)


class Kind(TextChoices):
    """It is what a phrase means. One of kind NOTHING takes the mark off longer words that hold a phrase: « mort de
    rire »."""

    SUICIDE = "suicide", _("Mots de suicide")
    DANGER = "danger", _("Danger immédiat")
    NOTHING = "nothing", _("Sans danger : enlève la marque")


class PhraseError(ValueError):
    """The phrase is not written as it must be. The message says what is wrong, in French, for whoever wrote it."""


_REPEATED = re.compile(r"([a-z0-9])\1\1+")
_ACCENTS = re.compile("[\u0300-\u036f]+")
_OTHER = re.compile(r"[^\x00-\x7f]")
_WORD = re.compile(r"[a-z0-9]+")


def words_of(text: str) -> list[str]:
    """Return the words of a text as they are compared: lower-case ASCII letters and digits. Takes linear time.

    By patterns, which take a third of a loop over the letters: a page of the console reads a hundred messages.
    """
    plain = unicodedata.normalize("NFKD", text).lower().replace("œ", "oe").replace("æ", "ae")
    # Done before marks are removed, because they separate one run of letters from another.
    plain = _REPEATED.sub(r"\1", plain)
    if not plain.isascii():
        plain = _OTHER.sub(_mark_or_blank, _ACCENTS.sub("", plain))
    return _WORD.findall(plain)


def _mark_or_blank(found: re.Match[str]) -> str:
    """Return "" in place of a combining mark, which belongs to the letter before it; else a blank."""
    return "" if unicodedata.category(found.group()).startswith("M") else " "


@dataclass(frozen=True, slots=True)
class Place:
    """It is one place of a phrase.

    words: words that may stand there. beginnings: beginnings of words that may. is_loose: up to GAP other words may
    stand between this place and the next one.
    """

    words: tuple[str, ...]
    beginnings: tuple[str, ...]
    is_loose: bool


def read_phrase(written: str) -> tuple[Place, ...]:
    """Parse a phrase into its places. Raises PhraseError."""
    if len(written) > SIGNS_AT_MOST:
        raise PhraseError(_("Une expression a 200 signes au plus."))
    places: list[Place] = []
    for part in written.replace("...", GAP_SIGN).replace(GAP_SIGN, f" {GAP_SIGN} ").split():
        if part == GAP_SIGN:
            if not places or places[-1].is_loose:
                raise PhraseError(_("« … » se met entre deux mots."))
            places[-1] = Place(places[-1].words, places[-1].beginnings, is_loose=True)
        else:
            places += _places_of(part)
    if not places:
        raise PhraseError(_("Écrivez au moins un mot."))
    if places[-1].is_loose:
        raise PhraseError(_("« … » se met entre deux mots."))
    if len(places) > PLACES_AT_MOST:
        raise PhraseError(_("Une expression a 8 mots au plus."))
    return tuple(places)


def _places_of(part: str) -> list[Place]:
    """Parse what stands between two spaces: one place with its choices, or several words as in « j'ai »."""
    choices = [choice for choice in part.split("/") if choice]
    if len(choices) > CHOICES_AT_MOST:
        raise PhraseError(_("Un mot a 16 variantes au plus."))
    read = [(words_of(choice), choice.endswith("*")) for choice in choices]
    if len(read) == 1 and len(read[0][0]) > 1:
        found, is_beginning = read[0]
        last = Place((), (found[-1],), is_loose=False) if is_beginning else Place((found[-1],), (), is_loose=False)
        return [*(Place((word,), (), is_loose=False) for word in found[:-1]), last]
    if not read or any(len(words) != 1 for words, _is_beginning in read):
        raise PhraseError(_("Chaque variante est un seul mot : « veux/voudrais »."))
    words = tuple(sorted(words[0] for words, is_beginning in read if not is_beginning))
    beginnings = tuple(sorted(words[0] for words, is_beginning in read if is_beginning))
    if any(len(one) < 3 for one in beginnings):
        raise PhraseError(_("« * » vient après trois lettres au moins."))
    return [Place(words, beginnings, is_loose=False)]


def write_places(places: Sequence[Place]) -> str:
    """Write places as the script reads them: « je/j… me suicid* », with the words as they are compared."""
    return " ".join(
        "/".join([*place.words, *(f"{beginning}*" for beginning in place.beginnings)])
        + (GAP_SIGN if place.is_loose else "")
        for place in places
    )


@dataclass(slots=True)
class Node:
    """It is a node in the tree of phrases: what a reading may have found after some words.

    kinds: those of the phrases that end here. words, beginnings: the nodes to which a word, or a word with such a
    beginning, leads; beginnings by their first letters, SORTED_BY of them or fewer. is_loose: other words may come
    before the next place.
    """

    is_loose: bool = False
    kinds: set[str] = field(default_factory=set)
    words: dict[str, list["Node"]] = field(default_factory=dict)
    beginnings: dict[str, list[tuple[str, "Node"]]] = field(default_factory=dict)
    _children: dict[Place, "Node"] = field(default_factory=dict)

    def child(self, place: Place) -> "Node":
        """Return the node after this place; it is made once, so that phrases with the same beginning share it."""
        node = self._children.get(place)
        if node is None:
            node = self._children[place] = Node(is_loose=place.is_loose)
            for word in place.words:
                self.words.setdefault(word, []).append(node)
            for beginning in place.beginnings:
                self.beginnings.setdefault(beginning[:SORTED_BY], []).append((beginning, node))
        return node

    def after(self, word: str) -> list["Node"]:
        """Return the nodes to which this word leads."""
        found = list(self.words.get(word, ()))
        if self.beginnings:
            for first in {word[:length] for length in range(1, SORTED_BY + 1)}:
                found += [node for beginning, node in self.beginnings.get(first, ()) if word.startswith(beginning)]
        return found


def build_tree(phrases: Iterable[tuple[str, Sequence[Place]]]) -> Node:
    """Build the tree of phrases for `find_kinds`. phrases: pairs of a kind and the places of a phrase."""
    root = Node()
    for kind, places in phrases:
        node = root
        for place in places:
            node = node.child(place)
        node.kinds.add(kind)
    return root


def find_kinds(root: Node, text: str) -> set[str]:
    """Return the kinds of danger that a text tells of.

    It makes one pass over the words. At each word, the readings under way are at most as many as the tree has nodes,
    and in practice the few whose words so far are in the text. Their number does not depend on the text's length.
    """
    spans: list[tuple[int, int, str]] = []
    # For each node the reading that has reached it: where it began, and how many more words may be skipped.
    under_way: dict[int, tuple[Node, int, int]] = {}
    words = words_of(text)
    for at, word in enumerate(words):
        following: dict[int, tuple[Node, int, int]] = {}
        for node, start, left in [*under_way.values(), (root, at, 0)]:
            for reached in node.after(word):
                _keep(following, reached, start, GAP if reached.is_loose else 0)
                spans += [(start, at, kind) for kind in reached.kinds]
            if left:
                _keep(following, node, start, left - 1)
        under_way = following
    return _told(spans, len(words))


def _told(spans: Sequence[tuple[int, int, str]], count: int) -> set[str]:
    """Return the kinds of these spans, except of those that a harmless span holds or continues: « mourir de rire »."""
    furthest = [-1] * count  # the last word of the harmless spans that begin here or before
    earliest = [count] * count  # the first word of the harmless spans that end here
    for start, end, kind in spans:
        if kind == Kind.NOTHING:
            furthest[start] = max(furthest[start], end)
            earliest[end] = min(earliest[end], start)
    furthest = list(accumulate(furthest, max))
    return {
        kind for start, end, kind in spans if kind != Kind.NOTHING and furthest[end] <= end and earliest[end] > start
    }


def _keep(readings: dict[int, tuple[Node, int, int]], node: Node, start: int, left: int) -> None:
    """Keep one reading at each node: the one that may skip more words, and of equal ones the one that began first."""
    known = readings.get(id(node))
    if known is None or (left, -start) > (known[2], -known[1]):
        readings[id(node)] = (node, start, left)

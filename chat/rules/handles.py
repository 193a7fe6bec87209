"""This is the handle by which an agent tells one of their conversations from another: a number, a colour and a word.
Pure.

Two people of one town look alike in a list, and an act on the wrong conversation cannot be taken back. A conversation
of an agent gets its handle once, and keeps it. A number, colour or word that was used last is used again last, and a
number is not used again at all for RESTS after its conversation ended: the key that somebody has in their fingers would
open somebody else.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext_lazy as _

# Alt and a digit opens the conversations with these numbers. Further conversations have a number without a key.
BY_KEY = range(1, 10)
NUMBERS = range(1, 100)

# Handles that were given longer ago than a shift do not count, so the first conversation of a new day is number 1.
REMEMBERED = timedelta(hours=12)
RESTS = timedelta(minutes=5)

# Classes of console.css. White text on each of them has a contrast of 4.5 to 1 at least, in both themes. None of them
# is the colour of an urgency. « brick », which was that of « Élevée », stands in handles of before.
COLOURS = ("olive", "teal", "plum", "blue", "moss", "violet", "rose", "slate", "sky", "ink")

# Animals with short names that are no insults, and that are not mixed up when somebody says them aloud.
WORDS = {
    "renard": _("renard"), "heron": _("héron"), "loutre": _("loutre"), "pinson": _("pinson"),
    "castor": _("castor"), "cygne": _("cygne"), "lynx": _("lynx"), "mesange": _("mésange"),
    "hibou": _("hibou"), "koala": _("koala"), "panda": _("panda"), "dauphin": _("dauphin"),
    "faon": _("faon"), "ecureuil": _("écureuil"), "phoque": _("phoque"), "tortue": _("tortue"),
    "abeille": _("abeille"), "colibri": _("colibri"), "bison": _("bison"), "zebre": _("zèbre"),
    "lama": _("lama"), "marmotte": _("marmotte"), "elan": _("élan"), "fauvette": _("fauvette"),
    "merle": _("merle"), "libellule": _("libellule"), "papillon": _("papillon"), "saumon": _("saumon"),
    "chamois": _("chamois"), "cigogne": _("cigogne"), "grillon": _("grillon"), "otarie": _("otarie"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Handle:
    """It is the handle of one conversation.

    number: from 1; with one of BY_KEY it is the key that opens the conversation. colour: one of COLOURS. word: a key of
    WORDS.
    """

    number: int
    colour: str
    word: str

    @property
    def said(self) -> str:
        """Return the word as it is shown; a word that is no longer in WORDS is shown as it was stored."""
        return str(WORDS.get(self.word, self.word))

    def __str__(self) -> str:
        return f"{self.number} · {self.said}"


def _next[T: (int, str)](choices: Sequence[T], *, before: Sequence[T], in_use: Collection[T]) -> T | None:
    """Return the first choice that is neither in use nor given before; else the one that was given longest ago.

    before: what was given, the oldest first. None when all are in use.
    """
    free = [one for one in choices if one not in in_use]
    if not free:
        return None
    last = {one: place for place, one in enumerate(before)}
    return min(free, key=lambda one: last.get(one, -1))


def next_handle(
    *, given: Sequence[Handle], in_use: Collection[Handle], resting: Collection[int] = (), word: str = ""
) -> Handle:
    """Choose the handle of a conversation that comes to an agent.

    given: handles that this agent used lately, the one used longest ago first. in_use: those of their conversations
    under way. resting: numbers of conversations that ended a moment ago (RESTS). With all of BY_KEY in use or resting
    the number is one without a key.
    word: the word by which a colleague knew the same conversation. It is kept, unless this agent uses it for another
    one, or used it lately (given) and has another word left: somebody who ended a minute ago must not seem to be back.
    """
    numbers = {one.number for one in in_use} | set(resting)
    before = [one.number for one in given]
    number = _next(BY_KEY, before=before, in_use=numbers) or _next(NUMBERS, before=before, in_use=numbers)
    words = {one.word for one in in_use}
    was_used = {one.word for one in given}
    is_free = word not in words and (word not in was_used or was_used >= WORDS.keys())
    kept = word if word in WORDS and is_free else None
    colours = {one.colour for one in in_use}
    return Handle(
        number=number or NUMBERS[-1],
        # With more conversations than colours, two have the same colour, and differ by number and word.
        colour=_next(COLOURS, before=[one.colour for one in given], in_use=colours)
        or _next(COLOURS, before=[one.colour for one in given], in_use=())
        or COLOURS[0],
        word=kept or _next(tuple(WORDS), before=[one.word for one in given], in_use=words) or next(iter(WORDS)),
    )

"""The handle by which an agent tells one of their conversations from another: a number, a colour and a word. Pure.

Two people of one town look alike in a list, and an act aimed at the wrong one cannot be taken back. A handle is given
once to a conversation of an agent and never moves; what was given last comes back last.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext_lazy as _

# Alt and a digit opens these. More conversations than that at once have a number that no key reaches.
BY_KEY = range(1, 10)
NUMBERS = range(1, 100)

# What was given longer ago than a shift does not count: the first conversation of a new day is number 1 again.
REMEMBERED = timedelta(hours=12)

# Classes of console.css. White is read on each of them (4.5 to 1 and more), in both themes.
COLOURS = ("brick", "teal", "plum", "blue", "moss", "violet", "rose", "slate")

# Animals with short names that nobody is called by to hurt them, and that are not mixed up when they are said.
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
    """number: from 1, the key that opens the conversation when it is one of BY_KEY. colour: one of COLOURS. word: a key
    of WORDS."""

    number: int
    colour: str
    word: str

    @property
    def said(self) -> str:
        """The word as it is read; a word that a later version no longer has stays as it is kept."""
        return str(WORDS.get(self.word, self.word))

    def __str__(self) -> str:
        return f"{self.number} · {self.said}"


def _next[T: (int, str)](choices: Sequence[T], *, before: Sequence[T], in_use: Collection[T]) -> T | None:
    """The first that is not in use and was never given; else the one that was given the longest ago."""
    free = [one for one in choices if one not in in_use]
    if not free:
        return None
    last = {one: place for place, one in enumerate(before)}
    return min(free, key=lambda one: last.get(one, -1))


def next_handle(*, given: Sequence[Handle], in_use: Collection[Handle], word: str = "") -> Handle:
    """The handle of a conversation that comes to an agent.

    given: those that this agent was given of late, the oldest first. in_use: those of conversations that go on.
    word: by which a colleague called the same conversation; it stays, unless this agent uses it for another one.
    """
    numbers = {one.number for one in in_use}
    before = [one.number for one in given]
    number = _next(BY_KEY, before=before, in_use=numbers) or _next(NUMBERS, before=before, in_use=numbers)
    words = {one.word for one in in_use}
    kept = word if word in WORDS and word not in words else None
    colours = {one.colour for one in in_use}
    return Handle(
        number=number or NUMBERS[-1],
        # More conversations than colours: the same one twice, told apart by number and word.
        colour=_next(COLOURS, before=[one.colour for one in given], in_use=colours)
        or _next(COLOURS, before=[one.colour for one in given], in_use=())
        or COLOURS[0],
        word=kept or _next(tuple(WORDS), before=[one.word for one in given], in_use=words) or next(iter(WORDS)),
    )

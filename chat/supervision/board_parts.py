"""Which parts of the board a supervisor sees, and in which order. Makes no query.

Alerts, and what waits for the supervisor's decision, are no parts: they stand first on every board.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

# Before the name of a part that is hidden, in what is kept.
HIDDEN = "-"


class Part(TextChoices):
    """These are the parts, in the order in which a board has them that nobody has arranged."""

    PICTURES = "dessins", _("Dessins")
    FIGURES = "chiffres", _("Chiffres du moment")
    SILENCES = "silences", _("Échanges silencieux")
    RUNNING = "en-cours", _("Échanges en cours de vos unités")
    PROMISES = "promesses", _("Retours promis")
    QUEUE = "file", _("File d'attente")
    TABLES = "tableaux", _("Les chiffres des dessins, en tableaux")


# The pictures lead to their tables, and who cannot see pictures reads these: they may move, and are never hidden.
ALWAYS_SHOWN = frozenset({Part.TABLES})

# The filter of the lists stands before the first of these that is shown.
FILTERED = frozenset({Part.SILENCES, Part.RUNNING, Part.QUEUE, Part.TABLES})


class Act(TextChoices):
    """It is what can be done to a part."""

    UP = "monter", _("Monter")
    DOWN = "descendre", _("Descendre")
    HIDE = "cacher", _("Cacher")
    SHOW = "montrer", _("Montrer")


@dataclass(frozen=True, slots=True)
class Row:
    """It is one part as the page of the arrangement shows it. acts: what can be done to it now."""

    part: Part
    is_shown: bool
    acts: tuple[Act, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """It is an arrangement of the board. order: each part once. hidden: those that are not shown."""

    order: tuple[Part, ...]
    hidden: frozenset[Part]

    @property
    def shown(self) -> list[Part]:
        """Return the parts that are shown, in their order."""
        return [part for part in self.order if part not in self.hidden]

    @property
    def left_out(self) -> list[Part]:
        """Return the parts that are hidden, in their order."""
        return [part for part in self.order if part in self.hidden]

    @property
    def filter_before(self) -> Part:
        """Return the part before which the filter of the lists stands. There is one, because TABLES is always shown."""
        return next(part for part in self.shown if part in FILTERED)

    @property
    def kept(self) -> list[str]:
        """Return what is stored of the layout, from which `read_layout` makes it again."""
        return [HIDDEN + part if part in self.hidden else str(part) for part in self.order]

    @property
    def rows(self) -> list[Row]:
        """Return all parts with what can be done to each."""
        return [Row(part, part not in self.hidden, self._acts(part)) for part in self.order]

    def _acts(self, part: Part) -> tuple[Act, ...]:
        moves = [Act.UP] * (part != self.order[0]) + [Act.DOWN] * (part != self.order[-1])
        if part in ALWAYS_SHOWN:
            return tuple(moves)
        return (*moves, Act.SHOW if part in self.hidden else Act.HIDE)

    def place(self, part: Part) -> int:
        """Return the place of this part among all of them, from 1."""
        return self.order.index(part) + 1

    def changed(self, part: Part, act: Act) -> "Layout":
        """Return the layout after this act; the same one where the act cannot be done to it."""
        if act not in self._acts(part):
            return self
        if act is Act.HIDE:
            return Layout(self.order, self.hidden | {part})
        if act is Act.SHOW:
            return Layout(self.order, self.hidden - {part})
        order = list(self.order)
        at = order.index(part)
        other = at - 1 if act is Act.UP else at + 1
        order[at], order[other] = order[other], order[at]
        return Layout(tuple(order), self.hidden)


def read_layout(kept: Iterable[str]) -> Layout:
    """Make the layout of what is kept. A name that this version does not know is left out; a part that is not named,
    because it is newer than the arrangement, is shown after the others."""
    order: list[Part] = []
    hidden: set[Part] = set()
    for name in kept:
        plain = name.removeprefix(HIDDEN)
        if plain not in Part.values or Part(plain) in order:
            continue
        order.append(Part(plain))
        if name.startswith(HIDDEN) and Part(plain) not in ALWAYS_SHOWN:
            hidden.add(Part(plain))
    return Layout((*order, *(part for part in Part if part not in order)), frozenset(hidden))

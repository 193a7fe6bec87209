"""The order in which somebody has the parts of a page, and which of them they see. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

# Before the name of a part that is hidden, in what is kept.
HIDDEN = "-"


class Act(TextChoices):
    """It is what can be done to a part."""

    UP = "monter", _("Monter")
    DOWN = "descendre", _("Descendre")
    HIDE = "cacher", _("Cacher")
    SHOW = "montrer", _("Montrer")


@dataclass(frozen=True, slots=True)
class Row[P: TextChoices]:
    """It is one part as the page of the arrangement shows it. acts: what can be done to it now."""

    part: P
    is_shown: bool
    acts: tuple[Act, ...]


@dataclass(frozen=True)
class Layout[P: TextChoices]:
    """It is an arrangement of a page. order: each part once. hidden: those that are not shown. always_shown: those that
    may be moved and not hidden."""

    order: tuple[P, ...]
    hidden: frozenset[P]
    always_shown: frozenset[P]

    @classmethod
    def read(cls, parts: type[P], kept: Iterable[str], *, always_shown: frozenset[P]) -> Self:
        """Make the layout of what is kept, from `kept` of another one.

        A name that this version does not know is left out. A part that is not named, because it is newer than the
        arrangement, is shown after the others.
        """
        order: list[P] = []
        hidden: set[P] = set()
        for name in kept:
            plain = name.removeprefix(HIDDEN)
            if plain not in parts.values or parts(plain) in order:
                continue
            order.append(parts(plain))
            if name.startswith(HIDDEN) and parts(plain) not in always_shown:
                hidden.add(parts(plain))
        return cls((*order, *(part for part in parts if part not in order)), frozenset(hidden), always_shown)

    @property
    def shown(self) -> list[P]:
        """Return the parts that are shown, in their order."""
        return [part for part in self.order if part not in self.hidden]

    @property
    def left_out(self) -> list[P]:
        """Return the parts that are hidden, in their order."""
        return [part for part in self.order if part in self.hidden]

    @property
    def kept(self) -> list[str]:
        """Return what is stored of the layout, from which `read` makes it again."""
        return [HIDDEN + part if part in self.hidden else str(part) for part in self.order]

    @property
    def rows(self) -> list[Row[P]]:
        """Return all parts with what can be done to each."""
        return [Row(part, part not in self.hidden, self._acts(part)) for part in self.order]

    def _acts(self, part: P) -> tuple[Act, ...]:
        moves = [Act.UP] * (part != self.order[0]) + [Act.DOWN] * (part != self.order[-1])
        if part in self.always_shown:
            return tuple(moves)
        return (*moves, Act.SHOW if part in self.hidden else Act.HIDE)

    def place(self, part: P) -> int:
        """Return the place of this part among all of them, from 1."""
        return self.order.index(part) + 1

    def changed(self, part: P, act: Act) -> Self:
        """Return the layout after this act; the same one where the act cannot be done to it."""
        if act not in self._acts(part):
            return self
        if act is Act.HIDE:
            return replace(self, hidden=self.hidden | {part})
        if act is Act.SHOW:
            return replace(self, hidden=self.hidden - {part})
        order = list(self.order)
        at = order.index(part)
        other = at - 1 if act is Act.UP else at + 1
        order[at], order[other] = order[other], order[at]
        return replace(self, order=tuple(order))

"""The order in which somebody has the parts of a page, which of them they see, and how wide each picture is. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Self

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _

# Before the name of a part that is hidden, in what is kept; and between the name of a picture and its width.
HIDDEN, SIZED = "-", "="


class Size(IntegerChoices):
    """It is how wide a picture is where the screen has room for several, in sixths of the page."""

    THIRD = 2, _("un tiers de la largeur")
    HALF = 3, _("la moitié de la largeur")
    TWO_THIRDS = 4, _("les deux tiers de la largeur")
    WHOLE = 6, _("toute la largeur")


class Act(TextChoices):
    """It is what can be done to a part."""

    UP = "monter", _("Monter")
    DOWN = "descendre", _("Descendre")
    WIDER = "elargir", _("Plus large")
    NARROWER = "retrecir", _("Moins large")
    HIDE = "cacher", _("Cacher")
    SHOW = "montrer", _("Montrer")


@dataclass(frozen=True, slots=True)
class Row[P: TextChoices]:
    """It is one part as the page of the arrangement shows it. acts: what can be done to it now. size: how wide
    a picture is; None for another part."""

    part: P
    is_shown: bool
    acts: tuple[Act, ...]
    size: Size | None


@dataclass(frozen=True, slots=True)
class Block[P: TextChoices]:
    """It is what stands together on a page: one part, or pictures that follow each other, each with its size.

    part: the first one.
    """

    part: P
    pictures: tuple[tuple[P, Size], ...] = ()


@dataclass(frozen=True)
class Layout[P: TextChoices]:
    """It is an arrangement of a page. order: each part once. hidden: those that are not shown. always_shown: those that
    may be moved and not hidden. given: the parts that are pictures, with the size that each has at the beginning.
    sizes: those that have another one."""

    order: tuple[P, ...]
    hidden: frozenset[P]
    always_shown: frozenset[P]
    given: Mapping[P, Size] = field(default_factory=dict)
    sizes: Mapping[P, Size] = field(default_factory=dict)

    @classmethod
    def read(
        cls,
        parts: type[P],
        kept: Iterable[str],
        *,
        always_shown: frozenset[P],
        given: Mapping[P, Size] | None = None,
        former: Mapping[str, Iterable[P]] | None = None,
    ) -> Self:
        """Make the layout of what is kept, from `kept` of another one.

        A name that this version does not know is left out. A part that is not named, because it is newer than the
        arrangement, is shown after the others. former: names of a version before, with the parts that they are now.
        """
        given, former = given or {}, former or {}
        order: list[P] = []
        hidden: set[P] = set()
        sizes: dict[P, Size] = {}
        for name in kept:
            plain, _sign, size = name.removeprefix(HIDDEN).partition(SIZED)
            for part in former.get(plain, [parts(plain)] if plain in parts.values else []):
                if part in order:
                    continue
                order.append(part)
                if name.startswith(HIDDEN) and part not in always_shown:
                    hidden.add(part)
                wanted = next((one for one in Size if str(one.value) == size), None)
                if wanted and part in given and wanted != given[part]:
                    sizes[part] = wanted
        rest = (part for part in parts if part not in order)
        return cls((*order, *rest), frozenset(hidden), always_shown, given, sizes)

    @property
    def shown(self) -> list[P]:
        """Return the parts that are shown, in their order."""
        return [part for part in self.order if part not in self.hidden]

    @property
    def left_out(self) -> list[P]:
        """Return the parts that are hidden, in their order."""
        return [part for part in self.order if part in self.hidden]

    @property
    def blocks(self) -> list[Block[P]]:
        """Return the parts that are shown, in their order, with pictures that follow each other as one block."""
        found: list[Block[P]] = []
        for is_picture, some in groupby(self.shown, key=lambda part: part in self.given):
            parts = tuple(some)
            if is_picture:
                found.append(Block(parts[0], tuple((part, self.size(part)) for part in parts)))
            else:
                found += map(Block, parts)
        return found

    def size(self, part: P) -> Size:
        """Return how wide this picture is. Raises KeyError for a part that is none."""
        return self.sizes.get(part) or self.given[part]

    @property
    def kept(self) -> list[str]:
        """Return what is stored of the layout, from which `read` makes it again."""
        sizes = {part: f"{SIZED}{size.value}" for part, size in self.sizes.items()}
        return [f"{HIDDEN if part in self.hidden else ''}{part}{sizes.get(part, '')}" for part in self.order]

    @property
    def rows(self) -> list[Row[P]]:
        """Return all parts with what can be done to each."""
        return [
            Row(part, part not in self.hidden, self._acts(part), self.size(part) if part in self.given else None)
            for part in self.order
        ]

    def _acts(self, part: P) -> tuple[Act, ...]:
        moves = [Act.UP] * (part != self.order[0]) + [Act.DOWN] * (part != self.order[-1])
        if part in self.given and part not in self.hidden:
            moves += [Act.WIDER] * (self.size(part) != max(Size)) + [Act.NARROWER] * (self.size(part) != min(Size))
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
        if act in (Act.WIDER, Act.NARROWER):
            return self._resized(part, 1 if act is Act.WIDER else -1)
        order = list(self.order)
        at = order.index(part)
        other = at - 1 if act is Act.UP else at + 1
        order[at], order[other] = order[other], order[at]
        return replace(self, order=tuple(order))

    def showing(self, parts: Iterable[P]) -> Self:
        """Return this arrangement with these parts shown, each in its place, also if they are hidden in it."""
        return replace(self, hidden=self.hidden.difference(parts))

    def _resized(self, part: P, step: int) -> Self:
        known = sorted(Size)
        size = known[known.index(self.size(part)) + step]
        others = {one: kept for one, kept in self.sizes.items() if one != part}
        return replace(self, sizes=others if size == self.given[part] else others | {part: size})

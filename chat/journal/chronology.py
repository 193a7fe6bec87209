"""Shows what the dates and accounts of a journal tell at a glance: a drawing, its gaps, and what it proposes. Pure.

The drawing is coordinates of an inline SVG, as `chat.statistics.charts` makes them; it reads without colour, and the
list beside it says the same. It holds ROWS_MOST + 2 rows of COLUMNS + 1 marks, whatever the journal holds.

What is proposed qualifies nothing: the person said it, the agent asks, ticks or leaves it
(`reports.rules.offence_elements`).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import pairwise

from chat.journal.dates import Precision
from chat.journal.facts import Fact

ROWS_MOST = 8  # accounts, or platforms, with a row of their own; the others share one
COLUMNS = 21  # moments that are told apart: the facts of one are one mark with their number
GAPS_MOST = 3
GAP_DAYS = 7  # the shortest silence that is said
LABEL_MOST = 44  # characters

WIDTH, SIDE, UNKNOWN_WIDTH = 360, 12, 44
TOP, ROW_HEIGHT, BOTTOM = 18, 36, 28  # under the last row: what its marks are named, then the days
ONE, SEVERAL, MANY = 4, 7, 10  # the radius of a mark


@dataclass(frozen=True, slots=True)
class Mark:
    """Facts of one row that lie close together. number: how many, empty for one. is_about: none of them is sure. facts:
    their numbers. captures: numbers of those that go with them."""

    x: float
    y: float
    radius: int
    number: str
    is_about: bool
    is_unknown: bool = False
    facts: tuple[int, ...] = ()
    captures: tuple[int, ...] = ()

    @property
    def capture_words(self) -> str:
        """« C3 », « C3+2 » for three of them: under the mark, where there is room for no more."""
        if not self.captures:
            return ""
        more = len(self.captures) - 1
        return f"C{self.captures[0]}" + (f"+{more}" if more else "")


@dataclass(frozen=True, slots=True)
class Row:
    """label: as it was typed first; empty where nothing was said. is_rest: what has no row of its own."""

    label: str
    count: int
    y: float
    marks: tuple[Mark, ...]
    is_rest: bool = False

    @property
    def text_y(self) -> float:
        """Where its label stands, above its marks."""
        return self.y - 12

    @property
    def short(self) -> str:
        """The label, cut to LABEL_MOST characters."""
        return self.label if len(self.label) <= LABEL_MOST else f"{self.label[: LABEL_MOST - 1]}…"


@dataclass(frozen=True, slots=True)
class Gap:
    """A silence between two facts whose days are known. days: whole days without any."""

    after: date
    before: date
    days: int
    x: float
    width: float

    @property
    def centre(self) -> float:
        """The middle of the gap, for its text."""
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True, slots=True)
class Chart:
    """first, last: the days that the drawing begins and ends with; None when no date is known."""

    rows: tuple[Row, ...]
    gaps: tuple[Gap, ...]
    first: date | None
    last: date | None
    unknown: int
    height: int
    width: int = WIDTH
    left: int = SIDE
    right: int = WIDTH - SIDE - UNKNOWN_WIDTH
    unknown_x: float = WIDTH - SIDE - UNKNOWN_WIDTH / 2
    top: int = TOP

    @property
    def has_captures(self) -> bool:
        """Return whether a mark names a capture."""
        return any(mark.captures for row in self.rows for mark in row.marks)

    def with_captures(self, by_fact: Mapping[int, Sequence[int]]) -> "Chart":
        """The same, each mark with the captures that go with its facts."""

        def named(mark: Mark) -> Mark:
            return replace(mark, captures=tuple(sorted({one for fact in mark.facts for one in by_fact.get(fact, ())})))

        return replace(self, rows=tuple(replace(row, marks=tuple(map(named, row.marks))) for row in self.rows))

    @property
    def inner_height(self) -> int:
        """Of what stands between the words above and below."""
        return self.height - TOP - BOTTOM


def by_account(fact: Fact) -> str:
    """The account that a fact names; empty when none."""
    return fact.told.account if fact.told is not None else ""


def by_platform(fact: Fact) -> str:
    """The platform that a fact names; empty when none."""
    return fact.told.platform if fact.told is not None else ""


def same_name(text: str) -> str:
    """One account, however it was typed: « @Lea_92 », « lea_92 »."""
    return " ".join(text.casefold().split()).lstrip("@")


def draw(facts: Sequence[Fact], name_of: Callable[[Fact], str]) -> Chart:
    """facts: in their order. name_of: which row a fact is of. Linear in their number, but for the order of the rows."""
    points = [point for fact in facts if (point := fact.moment.point) is not None]
    scale = _Scale(points)
    groups = _groups(facts, name_of)
    rows = tuple(
        _row(label, members, TOP + ROW_HEIGHT * (place + 1) - 8, scale, is_rest=is_rest)
        for place, (label, members, is_rest) in enumerate(groups)
    )
    return Chart(
        rows=rows,
        gaps=tuple(_gaps(points, scale)),
        first=points[0].date() if points else None,
        last=points[-1].date() if points else None,
        unknown=len(facts) - len(points),
        height=TOP + ROW_HEIGHT * len(rows) + BOTTOM,
    )


class _Scale:
    """Where a moment stands between the first and the last one."""

    def __init__(self, points: Sequence[datetime]) -> None:
        self.first = points[0] if points else None
        self.seconds = (points[-1] - points[0]).total_seconds() if points else 0.0

    def share(self, point: datetime) -> float:
        """How far along the drawing a moment lies, from 0 to 1; in the middle when there is but one moment."""
        if self.first is None or not self.seconds:
            return 0.5
        return (point - self.first).total_seconds() / self.seconds

    def column(self, point: datetime) -> int:
        """The column in which marks that would touch are put together."""
        return min(int(self.share(point) * COLUMNS), COLUMNS - 1)

    @staticmethod
    def x(share: float) -> float:
        """The marks of the first and the last moment are drawn whole."""
        return round(SIDE + MANY + share * (WIDTH - 2 * SIDE - UNKNOWN_WIDTH - 2 * MANY), 1)


def _named(facts: Iterable[Fact], name_of: Callable[[Fact], str]) -> tuple[list[tuple[str, list[Fact]]], list[Fact]]:
    """The facts of each name, those with most first, by name where they are as many; and those without a name."""
    members: dict[str, list[Fact]] = defaultdict(list)
    labels: dict[str, str] = {}
    for fact in facts:
        name = name_of(fact)
        key = same_name(name)
        members[key].append(fact)
        labels.setdefault(key, " ".join(name.split()))
    unnamed = members.pop("", [])
    keys = sorted(members, key=lambda key: (-len(members[key]), key))
    return [(labels[key], members[key]) for key in keys], unnamed


def _groups(facts: Iterable[Fact], name_of: Callable[[Fact], str]) -> list[tuple[str, list[Fact], bool]]:
    """What each row holds: ROWS_MOST names, the rest, what has no name."""
    named, unnamed = _named(facts, name_of)
    found = [(label, members, False) for label, members in named[:ROWS_MOST]]
    if rest := [fact for _label, members in named[ROWS_MOST:] for fact in members]:
        found.append((str(len(named) - ROWS_MOST), rest, True))
    if unnamed:
        found.append(("", unnamed, False))
    return found


def _row(label: str, members: Sequence[Fact], y: float, scale: _Scale, *, is_rest: bool) -> Row:
    columns: dict[int, list[Fact]] = defaultdict(list)
    unknown: list[Fact] = []
    for fact in members:
        point = fact.moment.point
        if point is None:
            unknown.append(fact)
        else:
            columns[scale.column(point)].append(fact)
    marks = []
    for column in sorted(columns):
        here = columns[column]
        is_about = all(fact.moment.precision is Precision.ABOUT for fact in here)
        marks.append(_mark(scale.x((column + 0.5) / COLUMNS), y, here, is_about=is_about))
    if unknown:
        marks.append(_mark(WIDTH - SIDE - UNKNOWN_WIDTH / 2, y, unknown, is_about=True, is_unknown=True))
    return Row(label, len(members), y, tuple(marks), is_rest)


def _mark(x: float, y: float, facts: Sequence[Fact], *, is_about: bool, is_unknown: bool = False) -> Mark:
    count = len(facts)
    radius = ONE if count == 1 else SEVERAL if count < 100 else MANY
    number = "" if count == 1 else str(count)
    return Mark(x, y, radius, number, is_about, is_unknown, facts=tuple(fact.number for fact in facts))


def _gaps(points: Sequence[datetime], scale: _Scale) -> list[Gap]:
    """The longest silences, GAPS_MOST of GAP_DAYS at least, in the order of time."""
    found = []
    for before, after in pairwise(points):
        days = (after.date() - before.date()).days - 1
        if days >= GAP_DAYS:
            start, end = scale.x(scale.share(before)), scale.x(scale.share(after))
            found.append(Gap(before.date(), after.date(), days, start, round(end - start, 1)))
    longest = sorted(found, key=lambda gap: (-gap.days, gap.after))[:GAPS_MOST]
    return sorted(longest, key=lambda gap: gap.after)


# --- what it proposes -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Author:
    """An account, as it was typed first, and the numbers of its facts."""

    account: str
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """What the facts say of three elements: whether one account comes back, whether there are several, for how long.

    repeated: the accounts with two facts and more, the one with most first. accounts: how many were named. first, last:
    the first and the last day that is known, when they are two.
    """

    repeated: tuple[Author, ...]
    accounts: int
    first: date | None
    last: date | None

    @property
    def is_group(self) -> bool:
        """Return whether several accounts did it."""
        return self.accounts > 1

    @property
    def days(self) -> int:
        """Count from the first day to the last one, both included; 0 when it is not known."""
        return 0 if self.first is None or self.last is None else (self.last - self.first).days + 1


def find(facts: Sequence[Fact]) -> Findings:
    """facts: in their order. A fact without an account is nobody's: two of them are no repetition."""
    named, _unnamed = _named(facts, by_account)
    repeated = [
        Author(label, tuple(sorted(fact.number for fact in members))) for label, members in named if len(members) > 1
    ]
    days = [fact.moment.day for fact in facts if fact.moment.day is not None]
    first, last = (days[0], days[-1]) if days and days[0] != days[-1] else (None, None)
    return Findings(tuple(repeated), len(named), first, last)

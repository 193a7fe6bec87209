"""This module makes the chart of a journal's facts by date and account, its gaps, and what the facts propose. Pure.

The chart consists of coordinates for an inline SVG, as in `chat.statistics.charts`. It can be read without colours, and
the list beside it says the same. It has at most ROWS_MOST + 2 rows of COLUMNS + 1 marks.

What is proposed has no legal meaning: it is what the person said, and the agent asks about it, ticks it or leaves it
(`reports.rules.offence_elements`).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import pairwise

from chat.journal.dates import Precision
from chat.journal.facts import Fact

ROWS_MOST = 8  # how many accounts or platforms have a row of their own; the others share one
COLUMNS = 21  # how many columns there are; the facts in one of them are one mark with their number
GAPS_MOST = 3
GAP_DAYS = 7  # the shortest gap that is shown
LABEL_MOST = 44  # characters

WIDTH, SIDE, UNKNOWN_WIDTH = 360, 12, 44
TOP, ROW_HEIGHT, BOTTOM = 18, 36, 28  # the space under the last row for the names of its marks, then for the days
ONE, SEVERAL, MANY = 4, 7, 10  # the radius of a mark


@dataclass(frozen=True, slots=True)
class Mark:
    """These are facts of one row that are close together.

    number: how many, "" for one. is_about: whether none of them has an exact date. facts: their numbers. captures: the
    numbers of their captures.
    """

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
        """Return « C3 », or « C3+2 » for three captures; there is no room for more under the mark."""
        if not self.captures:
            return ""
        more = len(self.captures) - 1
        return f"C{self.captures[0]}" + (f"+{more}" if more else "")


@dataclass(frozen=True, slots=True)
class Row:
    """It is a row of the chart. label: as it was first typed; "" if none was. is_rest: the row that the others
    share."""

    label: str
    count: int
    y: float
    marks: tuple[Mark, ...]
    is_rest: bool = False

    @property
    def text_y(self) -> float:
        """Return the vertical position of the label, above the marks."""
        return self.y - 12

    @property
    def short(self) -> str:
        """Return the label, cut to LABEL_MOST characters."""
        return self.label if len(self.label) <= LABEL_MOST else f"{self.label[: LABEL_MOST - 1]}…"


@dataclass(frozen=True, slots=True)
class Gap:
    """It is a gap between two facts whose days are known. days: how many whole days are without facts."""

    after: date
    before: date
    days: int
    x: float
    width: float

    @property
    def centre(self) -> float:
        """Return the horizontal middle of the gap, for its text."""
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True, slots=True)
class Chart:
    """It is the chart. first, last: the days with which it begins and ends; None when no date is known."""

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
        """Return whether a mark has captures."""
        return any(mark.captures for row in self.rows for mark in row.marks)

    def with_captures(self, by_fact: Mapping[int, Sequence[int]]) -> "Chart":
        """Return the chart with the captures of each mark's facts. by_fact: captures by the number of their fact."""

        def named(mark: Mark) -> Mark:
            return replace(mark, captures=tuple(sorted({one for fact in mark.facts for one in by_fact.get(fact, ())})))

        return replace(self, rows=tuple(replace(row, marks=tuple(map(named, row.marks))) for row in self.rows))

    @property
    def inner_height(self) -> int:
        """Return the height between the words above and below."""
        return self.height - TOP - BOTTOM


def by_account(fact: Fact) -> str:
    """Return the account that a fact names; "" when it names none."""
    return fact.told.account if fact.told is not None else ""


def by_platform(fact: Fact) -> str:
    """Return the platform that a fact names; "" when it names none."""
    return fact.told.platform if fact.told is not None else ""


def same_name(text: str) -> str:
    """Return a form that is the same however an account was typed: « @Lea_92 », « lea_92 »."""
    return " ".join(text.casefold().split()).lstrip("@")


def draw(facts: Sequence[Fact], name_of: Callable[[Fact], str]) -> Chart:
    """Return the chart of these facts. facts: in order. name_of: returns the row of a fact.

    Takes a time linear in their number, except for sorting the rows.
    """
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
    """Calculates the position of a moment between the first and the last one."""

    def __init__(self, points: Sequence[datetime]) -> None:
        self.first = points[0] if points else None
        self.seconds = (points[-1] - points[0]).total_seconds() if points else 0.0

    def share(self, point: datetime) -> float:
        """Return the position of a moment along the chart, from 0 to 1; 0.5 when there is only one moment."""
        if self.first is None or not self.seconds:
            return 0.5
        return (point - self.first).total_seconds() / self.seconds

    def column(self, point: datetime) -> int:
        """Return the column of a moment; marks in one column, which would touch, are put together."""
        return min(int(self.share(point) * COLUMNS), COLUMNS - 1)

    @staticmethod
    def x(share: float) -> float:
        """Return the horizontal coordinate, with space for whole marks at both ends."""
        return round(SIDE + MANY + share * (WIDTH - 2 * SIDE - UNKNOWN_WIDTH - 2 * MANY), 1)


def _named(facts: Iterable[Fact], name_of: Callable[[Fact], str]) -> tuple[list[tuple[str, list[Fact]]], list[Fact]]:
    """Return the facts of each name, the most frequent first and then by name, and those without a name."""
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
    """Return the label and the facts of each row: ROWS_MOST names, the rest, and facts without a name."""
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
    """Return the longest gaps, at most GAPS_MOST, of at least GAP_DAYS each, in the order of time."""
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
    """It is an account, as it was first typed, and the numbers of its facts."""

    account: str
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """It is what the facts say of three elements: whether one account repeats, whether there are several, and how long.

    repeated: the accounts with two facts or more, the one with most first. accounts: how many were named. first, last:
    the first and the last known day, if they differ.
    """

    repeated: tuple[Author, ...]
    accounts: int
    first: date | None
    last: date | None

    @property
    def is_group(self) -> bool:
        """Return whether several accounts are named."""
        return self.accounts > 1

    @property
    def days(self) -> int:
        """Return the number of days from the first to the last, both included; 0 when it is not known."""
        return 0 if self.first is None or self.last is None else (self.last - self.first).days + 1


def find(facts: Sequence[Fact]) -> Findings:
    """Return what these facts say. facts: in order. Facts without an account do not count as repetition."""
    named, _unnamed = _named(facts, by_account)
    repeated = [
        Author(label, tuple(sorted(fact.number for fact in members))) for label, members in named if len(members) > 1
    ]
    days = [fact.moment.day for fact in facts if fact.moment.day is not None]
    first, last = (days[0], days[-1]) if days and days[0] != days[-1] else (None, None)
    return Findings(tuple(repeated), len(named), first, last)

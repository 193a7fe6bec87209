"""Computes an agent's workload week by week. Only the agent sees it, and nothing is stored (docs/adr/0040). Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
WEEKS = 6
NIGHT_BEGINS, NIGHT_ENDS = time(22), time(6)


@dataclass(frozen=True, slots=True)
class Interval:
    """It is one exchange of the agent: from when to when, and whether it is a grave one."""

    start: datetime
    end: datetime
    is_grave: bool


@dataclass(frozen=True, slots=True)
class Week:
    """It is a week from Monday to Sunday, in Paris.

    exchanges, grave: exchanges that began in it, and the grave ones among them. minutes: time with at least one
    exchange, counted once however many there were. nights: nights with an exchange between 22 h and 6 h; a night counts
    in the week of its evening.
    """

    monday: date
    exchanges: int
    grave: int
    minutes: int
    nights: int

    @property
    def sunday(self) -> date:
        """Return the last day of the week."""
        return self.monday + timedelta(days=6)

    @property
    def hours(self) -> str:
        """Return the time in exchanges, as it is shown: « 7 h 05 »."""
        return f"{self.minutes // 60} h {self.minutes % 60:02}"


def weeks(spells: Iterable[Interval], now: datetime, *, count: int = WEEKS) -> list[Week]:
    """Return the last `count` weeks. The current one, which is not over, comes first."""
    known = sorted(spells, key=lambda spell: spell.start)
    today = now.astimezone(PARIS).date()
    monday = today - timedelta(days=today.weekday())
    return [_week(known, monday - timedelta(weeks=back)) for back in range(count)]


def _week(spells: Sequence[Interval], monday: date) -> Week:
    start, end = _midnight(monday), _midnight(monday + timedelta(days=7))
    begun = [spell for spell in spells if start <= spell.start < end]
    nights = 0
    for day in range(7):
        evening = monday + timedelta(days=day)
        dusk = datetime.combine(evening, NIGHT_BEGINS, PARIS)
        dawn = datetime.combine(evening + timedelta(days=1), NIGHT_ENDS, PARIS)
        nights += any(spell.start < dawn and spell.end > dusk for spell in spells)
    return Week(
        monday=monday,
        exchanges=len(begun),
        grave=sum(spell.is_grave for spell in begun),
        minutes=round(_covered(spells, start, end).total_seconds() / 60),
        nights=nights,
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), PARIS)


def _covered(spells: Iterable[Interval], start: datetime, end: datetime) -> timedelta:
    """Return how much of the time from `start` to `end` at least one of the spells covers. They are in order."""
    total, reached = timedelta(), start.timestamp()
    for spell in spells:
        begins, ends = max(spell.start.timestamp(), reached), min(spell.end.timestamp(), end.timestamp())
        if ends > begins:
            total += timedelta(seconds=ends - begins)
            reached = ends
    return total

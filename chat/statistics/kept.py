"""Computes in advance what pages of figures show, and reads it back as one row (docs/adr/0113).

The worker computes it every MAKE_SECONDS, in a thread (`make_due`), and pages read the last result. If there is none of
today (without a worker, just after midnight, or after a change of what is shown), the page computes it itself; the
result is the same except for these minutes.
"""

import dataclasses
import hashlib
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, cast, get_args, get_origin, get_type_hints

from django.db import connection, transaction
from django.utils import timezone

from chat.models import KeptReading
from chat.statistics import daily, history
from chat.statistics.history import History, Measures, OpenDays, Rests
from chat.statistics.staffing.demand import CONFIDENCE, Counted, Demand, fit_demand
from chat.statistics.staffing.plan import Hour, Target, plan_week
from chat.statistics.staffing.recorded import count_agents_today, count_recorded
from common import clock
from common.service_settings import definitions, values

MAKE_SECONDS = 300
YOUNG = timedelta(seconds=0.8 * MAKE_SECONDS)  # a result that is younger was just computed by another worker
MAKING = 0x504E4156_12  # the key of PostgreSQL's advisory lock: one worker counts at a time
FRESH = timedelta(minutes=20)  # the age up to which a result is used, some turns of a busy worker
DAY = timedelta(days=1)
GONE = timedelta(days=1)  # the age at which rows of former versions are deleted
PERIODS = (7, 30, 90, 365)  # the periods of the history, in days
OWN = "own-"  # the names of readings that somebody asked for begin so (another period, or a week for another target)
OWN_AT_MOST = 50  # how many of these are kept, the last that were asked for
RESTS_DAYS = 7  # how many days are not closed yet; their exchanges are counted exactly
ONE_VOICE_DAYS = 30  # the days of a figure of the board, which the history shows for the same days
ARRIVAL_WEEKS, PROMISE_DAYS = 4, 7  # the weeks and days that the board looks back


@dataclass(frozen=True, slots=True)
class Past:
    """It is what « Historique » shows of a period.

    week: how many people came, by day of the week and hour. rests: dormant exchanges of RESTS_DAYS. before: the same
    number of days before; None unless all of them are closed.
    """

    counted_at: datetime
    history: History
    week: list[list[int]]
    rests: Rests
    before: Measures | None


@dataclass(frozen=True, slots=True)
class Trends:
    """It is what the board shows of many days.

    arrivals: those of ARRIVAL_WEEKS, by day of the week and hour. days: those of the last PROMISE_DAYS on which
    somebody came. one_voice: that of ONE_VOICE_DAYS.
    """

    arrivals: list[list[int]]
    days: list[tuple[date, Measures]]
    one_voice: Measures


@dataclass(frozen=True, slots=True)
class Recorded:
    """It is how much was recorded for « Effectifs », as `demand.Counted` says."""

    weeks: int
    people: int
    gone: int
    ended: int


@dataclass(frozen=True, slots=True)
class Staffing:
    """It is what « Effectifs » shows.

    target: the service's own. hours: 168, from Monday, for that target. agents_today: how many agents held an exchange
    in each hour of today; None for future hours.
    """

    recorded: Recorded
    demand: Demand
    target: Target
    hours: tuple[Hour, ...]
    agents_today: list[int | None]

    def hours_for(self, target: Target) -> tuple[Hour, ...]:
        """Return the week for this target. Unless it is the service's own, it is read as it was computed for somebody
        lately, or computed now and stored for FRESH (docs/adr/0140).
        """
        if target == self.target:
            return self.hours
        name = f"{OWN}week-{_digest_of([self.demand, target])}"
        return _read(Week, name, lambda: _keep_own(name, Week(plan_week(self.demand, target)))).hours


@dataclass(frozen=True, slots=True)
class Week:
    """It is a week of « Effectifs » for another target than the service's. hours: 168, from Monday."""

    hours: tuple[Hour, ...]


# --- reading ----------------------------------------------------------------------------------------------------------


def read_past(days: int) -> Past:
    """Return the figures of so many days, today included. One statement, or as many as computing them takes."""
    return _read(Past, f"past-{days}", lambda: count_past(days))


def read_period(first: date, last: date) -> Past:
    """Return the figures of the days from `first` to `last`, both included.

    One of PERIODS is read as the worker computed it, another one as it was computed for somebody lately. Otherwise it
    is computed now and stored for FRESH; at most OWN_AT_MOST such periods are stored.
    """
    days = (last - first).days + 1
    if last == timezone.localdate() and days in PERIODS:
        return read_past(days)
    name = f"{OWN}{first:%Y%m%d}-{last:%Y%m%d}"
    start, end = daily.midnight(first), daily.midnight(last + DAY)
    return _read(Past, name, lambda: _keep_own(name, _count(start, end, OpenDays())))


def read_trends() -> Trends:
    """Return what the board shows of many days; likewise one statement."""
    return _read(Trends, "trends", count_trends)


def read_staffing() -> Staffing:
    """Return what « Effectifs » shows; likewise one statement."""
    return _read(Staffing, "staffing", lambda: count_staffing(timezone.now()))


def _read[T](of: type[T], name: str, count: Callable[[], T]) -> T:
    found = _find(of, name)
    return count() if found is None else found


def _find[T](of: type[T], name: str) -> T | None:
    """Return what was stored of today and is at most FRESH old; else None. One statement."""
    now, kind = timezone.now(), cast(Any, of)
    kept = KeptReading.objects.filter(name=_key(kind, name), day=timezone.localdate(now), made_at__gt=now - FRESH)
    told = kept.values_list("told", flat=True).first()
    found: T | None = None if told is None else _decoder(kind)(told)
    return found


# --- counting ---------------------------------------------------------------------------------------------------------


def count_past(days: int, open_days: OpenDays | None = None) -> Past:
    """Compute the figures of so many days now, with `chat.statistics.history`.

    open_days: what was counted for other periods at this moment.
    """
    return _count(*history.last_days(days), open_days or OpenDays())


def _count(start: datetime, end: datetime, open_days: OpenDays) -> Past:
    return Past(
        counted_at=timezone.now(),
        history=history.read(start, end, open_days),
        week=history.arrivals_by_hour_of_week(start, end, open_days),
        rests=open_days.once(_count_rests),
        before=history.read_before(start, end),
    )


def _count_rests() -> Rests:
    return history.rests(*history.last_days(RESTS_DAYS), timezone.now())


def count_trends(open_days: OpenDays | None = None) -> Trends:
    """Compute the board's trends now. open_days: as in `count_past`."""
    return Trends(
        arrivals=history.arrivals_by_hour_of_week(*history.last_days(7 * ARRIVAL_WEEKS), open_days),
        days=history.answered_in_time_by_day(*history.last_days(PROMISE_DAYS), open_days),
        one_voice=history.one_voice(*history.last_days(ONE_VOICE_DAYS), open_days),
    )


def count_staffing(now: datetime, former: Staffing | None = None) -> Staffing:
    """Count what was recorded, fit the demand, and plan the week for the service's own target.

    former: an earlier result, whose week stays as long as neither the demand nor the target is another one.
    """
    counted = count_recorded(now)
    demand, target = _fit(counted), house_target()
    is_same = former is not None and (former.demand, former.target) == (demand, target)
    return Staffing(
        recorded=Recorded(counted.weeks, counted.people, counted.gone, counted.ended),
        demand=demand,
        target=target,
        hours=former.hours if former is not None and is_same else plan_week(demand, target),
        agents_today=count_agents_today(now),
    )


def _fit(counted: Counted) -> Demand:
    """Fit the demand, unless this process did so for the same counts the last time. They change once a day."""
    last = next(iter(_fitted), None)
    if last is None or last[0] != counted:
        last = (counted, fit_demand(counted, confidence=CONFIDENCE))
        _fitted[:] = [last]
    return last[1]


_fitted: list[tuple[Counted, Demand]] = []


def house_target() -> Target:
    """Return the service's promise and capacity, with the usual share."""
    return Target(
        within_seconds=values.get_duration(definitions.PROMISED).total_seconds(),
        capacity=values.get(definitions.CAPACITY_FIRST),
    )


def make_due() -> None:
    """Call `make_all`, unless another worker is doing so or has just done it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [MAKING])
        (is_ours,) = cursor.fetchone()
        if is_ours and not _is_made():
            make_all()


def _is_made() -> bool:
    """Return whether all readings of today exist, none older than YOUNG. One statement."""
    now = clock.now()
    kinds: list[tuple[Any, str]] = [(Trends, "trends"), (Staffing, "staffing")]
    kinds += ((Past, f"past-{days}") for days in PERIODS)
    names = [_key(kind, name) for kind, name in kinds]
    young = KeptReading.objects.filter(name__in=names, day=timezone.localdate(now), made_at__gt=now - YOUNG)
    return young.count() == len(names)


def make_all() -> None:
    """Compute everything and replace the stored readings.

    The number of statements is fixed, and their cost grows with the people of the open days, who are counted once for
    the periods that share them. If a day ends meanwhile, the next turn deals with that.
    """
    now = clock.now()
    day = timezone.localdate(now)
    open_days = OpenDays()
    made: list[tuple[str, Any]] = [
        *((f"past-{days}", count_past(days, open_days)) for days in PERIODS),
        ("trends", count_trends(open_days)),
        ("staffing", count_staffing(now, _find(Staffing, "staffing"))),
    ]
    if timezone.localdate(clock.now()) != day:
        return
    rows = [
        KeptReading(name=_key(cast(Any, type(one)), name), day=day, made_at=now, told=_encoded(one))
        for name, one in made
    ]
    _keep(rows)
    KeptReading.objects.filter(made_at__lt=now - GONE).delete()
    KeptReading.objects.filter(name__startswith=OWN, made_at__lt=now - FRESH).delete()


def _keep(rows: list[KeptReading]) -> None:
    KeptReading.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["name"], update_fields=["day", "made_at", "told"]
    )


def _keep_own[T](name: str, found: T) -> T:
    """Store what somebody asked for, in place of the oldest of these. Two or three statements."""
    kind, now = cast(Any, type(found)), clock.now()
    _keep([KeptReading(name=_key(kind, name), day=timezone.localdate(now), made_at=now, told=_encoded(found))])
    own = KeptReading.objects.filter(name__startswith=OWN).order_by("-made_at", "name")
    if former := list(own.values_list("name", flat=True)[OWN_AT_MOST:]):
        KeptReading.objects.filter(name__in=former).delete()
    return found


# --- as it is kept ----------------------------------------------------------------------------------------------------


def _key(kind: Any, name: str) -> str:
    """Return the row's name with a digest of its data type, so that versions with other figures have other rows."""
    return f"{name}.{_digest(kind)}"


@cache  # called with kinds of this module only, because names may come from an address
def _digest(kind: Any) -> str:
    return _digest_of(list(_shape(kind)))


def _digest_of(value: Any) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:12]


def _shape(kind: Any) -> Iterator[str]:
    """Yield the names and types of all fields, in order."""
    for inner in get_args(kind):
        yield from _shape(inner)
    if dataclasses.is_dataclass(kind):
        for name, hint in get_type_hints(kind).items():
            yield f"{name}: {hint}"
            yield from _shape(hint)


def _encoded(value: Any) -> Any:
    """Return the value for JSON; a data class becomes the list of its fields."""
    if dataclasses.is_dataclass(value):
        return [_encoded(getattr(value, field.name)) for field in dataclasses.fields(value)]
    if isinstance(value, list | tuple):
        return [_encoded(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


@cache
def _decoder(kind: Any) -> Callable[[Any], Any]:
    """Return the function that decodes a value of this type. Numbers and texts are unchanged."""
    origin, inner = get_origin(kind), [_decoder(one) for one in get_args(kind) if one is not Ellipsis]
    if dataclasses.is_dataclass(kind):
        parts = [_decoder(hint) for hint in get_type_hints(kind).values()]
        build: Any = kind
        if all(part is _same for part in parts):
            return lambda fields: build(*fields)
        return lambda fields: build(*(part(field) for part, field in zip(parts, fields, strict=True)))
    if origin is types.UnionType:
        of, *_none = [one for one in inner if one is not _same] or [_same]
        return _same if of is _same else lambda value: None if value is None else of(value)
    if origin is list or (origin is tuple and len(inner) < len(get_args(kind))):
        [of] = inner
        make: Callable[[Any], Any] = origin
        return make if of is _same else lambda many: make(map(of, many))
    if origin is tuple:
        return lambda parts: tuple(of(part) for of, part in zip(inner, parts, strict=True))
    if kind in {date, datetime}:
        return cast(Callable[[Any], Any], kind.fromisoformat)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind
    return _same


def _same(value: Any) -> Any:
    return value

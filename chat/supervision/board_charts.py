"""This module makes the charts of the board: waits, places, trends of many days, and the day's staffing.

Waits and places are drawn from what the board has already read. Trends and the plan of the day are read by each process
once in KEPT_SECONDS, because boards are reloaded every 5 seconds. Each is one row that the worker has computed
(`chat.statistics.kept`).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from chat.conversations.waiting_list import WaitingList, WaitingPerson
from chat.conversations.wording import duration_in_words
from chat.rules import service_level
from chat.rules.lifecycle import is_on_the_phone
from chat.statistics import charts, kept, pictures
from chat.statistics.charts import Chart, Places, Row, Table, Words
from chat.statistics.history import Measures
from chat.statistics.kept import ARRIVAL_WEEKS, PROMISE_DAYS, Trends
from chat.statistics.staffing.drawing import draw_today, span_in_words
from chat.statistics.staffing.plan import Hour
from chat.supervision import live_board
from chat.supervision.live_board import Board, limit_of_wait
from common.cached_reading import CachedReading
from triage.rules import Urgency

KEPT_SECONDS = 60
WAITS_SHOWN = 8
PLACES_SHOWN = 16


@dataclass(frozen=True, slots=True)
class Plan:
    """It is the staffing plan of a day for the service's own target.

    hours: 24. real: how many agents held an exchange in each hour; None for future hours. is_assumed: whether a figure
    is assumed, because too little was recorded.
    """

    hours: tuple[Hour, ...]
    real: list[int | None]
    is_assumed: bool


def _read_plan() -> Plan:
    staffing = kept.read_staffing()
    first = 24 * timezone.localdate().weekday()
    return Plan(staffing.hours[first : first + 24], staffing.agents_today, staffing.demand.is_assumed)


_trends: CachedReading[Trends] = CachedReading(kept.read_trends, KEPT_SECONDS, name="trends of the board")
_plan: CachedReading[Plan] = CachedReading(_read_plan, KEPT_SECONDS, name="plan of the board")


def read_trends() -> Trends:
    """Return what the board shows of many days, without a query while the cache is fresh."""
    return _trends.get()


def forget() -> None:
    """Drop the cached trends and plan, for tests."""
    _trends.forget()
    _plan.forget()


@dataclass(frozen=True, slots=True)
class WaitRow:
    """It is a row of the table of waits. since: in words. level: how the wait compares with what was promised."""

    name: str
    since: str
    promised: int
    level: service_level.Level


@dataclass(frozen=True, slots=True)
class BoardCharts:
    """These are the charts, and the rows of their tables.

    waits: None when nobody's turn may come; places: None when nobody is there. taken, capacity: places of those who are
    available; beyond: what exchanges that got heavier fill besides. today: the last day of `days`. staffing: the band
    of the day; staffing_rows: each hour with who answered; needed: the agents that this hour needs, in words; lacking:
    agents that it has too few, were the means exact.
    """

    waits: Chart | None
    wait_rows: list[WaitRow]
    waits_left_out: int
    places: Chart | None
    places_left_out: int
    taken: int
    capacity: int
    beyond: int
    promise: Chart
    days: list[tuple[date, Measures]]
    arrivals: Chart
    week: list[tuple[str, list[int]]]
    day_names: list[str]
    staffing: Chart
    staffing_rows: list[tuple[Hour, int | None]]
    staffing_is_assumed: bool
    needed: str
    lacking: int

    @property
    def today(self) -> Measures:
        """Return the measures of the present day."""
        return self.days[-1][1]


def draw_board(board: Board, queue: WaitingList, now: datetime) -> BoardCharts:
    """Return all charts of the board. One query each for trends and plan if they are older than KEPT_SECONDS."""
    trends, plan = _trends.get(), _plan.get()
    today = timezone.localdate(now)
    all_days = [today - timedelta(days=ago) for ago in reversed(range(PROMISE_DAYS))]
    days = pictures.last_days_filled(trends.days, all_days)
    hour = plan.hours[timezone.localtime(now).hour]
    people = sorted((one for one in queue.people if one.whereabouts.holds_turn), key=_drawn_first)
    rows = [_wait_row(person, now) for person in people]
    places = _places(board)
    available = [one for one in board.members if one.is_available]
    return BoardCharts(
        waits=_draw_waits(people[:WAITS_SHOWN], rows, now) if people else None,
        wait_rows=rows,
        waits_left_out=max(0, len(rows) - WAITS_SHOWN),
        places=charts.draw_places(
            Words("places", _("Places"), _("Un carré plein est une place prise, un carré vide une place libre.")),
            places[:PLACES_SHOWN],
        )
        if places
        else None,
        places_left_out=max(0, len(places) - PLACES_SHOWN),
        taken=sum(one.taken for one in available) + sum(one.taken for one in board.others),
        capacity=sum(one.capacity for one in available) + sum(one.capacity for one in board.others),
        beyond=sum(one.beyond for one in available) + sum(one.beyond for one in board.others),
        promise=pictures.draw_promise(
            days,
            key="promesse",
            title=_("Pris en charge à temps, %(days)s jours") % {"days": PROMISE_DAYS},
            table=Table("tableau-promesse", (2, 3)),
        ),
        days=days,
        arrivals=pictures.draw_arrivals(
            trends.arrivals,
            key="semaine",
            title=_("Quand on vient : %(weeks)s semaines, par heure et par jour") % {"weeks": ARRIVAL_WEEKS},
            table="tableau-semaine",
        ),
        week=pictures.rows_of_week(trends.arrivals),
        day_names=pictures.day_names(),
        staffing=draw_today(plan.hours, plan.real, day_name=date_format(timezone.localtime(now), "l"), height=100),
        staffing_rows=list(zip(plan.hours, plan.real, strict=True)),
        staffing_is_assumed=plan.is_assumed,
        needed=span_in_words(hour),
        lacking=max(0, hour.likely - board.on_duty),
    )


def _drawn_first(person: WaitingPerson) -> tuple[bool, datetime]:
    """Return the order of the bars: whoever is in danger, then whoever came first. Those without a bar came later."""
    is_in_danger = person.urgency is Urgency.CRITICAL or person.is_marked or person.has_emergency
    return not is_in_danger, person.since


def _wait_row(person: WaitingPerson, now: datetime) -> WaitRow:
    limit = live_board.limits()[limit_of_wait(person.urgency)]
    name = f"{person.urgency.label} · {person.place}"
    return WaitRow(
        name=_("%(name)s, mineur") % {"name": name} if person.is_minor else name,
        since=duration_in_words(now - person.since),
        promised=limit.limit,
        level=service_level.level_of_time((now - person.since).total_seconds(), limit),
    )


def _draw_waits(people: list[WaitingPerson], rows: list[WaitRow], now: datetime) -> Chart:
    drawn = [
        Row(f"{row.level.sign} {row.name}", (now - person.since).total_seconds() / 60, row.since, row.promised)
        for person, row in zip(people, rows, strict=False)
    ]
    return charts.draw_rows(
        Words(
            "attentes-dessin",
            _("Attend maintenant"),
            _(
                "Une barre par personne, le danger d'abord ; le trait est l'attente promise, ce qui la dépasse est "
                "hachuré."
            ),
        ),
        drawn,
    )


def _places(board: Board) -> list[Places]:
    """Return the places of agents of the supervisor's units, then of other units; only available agents' are free."""
    rows = []
    for one in board.members:
        said = _said(one.load, one.capacity)
        if not one.is_available:
            rest = _("Au téléphone") if is_on_the_phone(one.pause_reason) else one.availability_label
            said = f"{rest}, {said}"
        rows.append(Places(one.name, one.load, one.capacity, max(0, one.capacity - one.load) * one.is_available, said))
    rows += [
        Places(one.name, one.load, one.capacity, max(0, one.capacity - one.load), _said(one.load, one.capacity))
        for one in board.others
    ]
    return rows


def _said(load: int, capacity: int) -> str:
    said = _("%(load)s sur %(capacity)s") % {"load": min(load, capacity), "capacity": capacity}
    return said if load <= capacity else f"{said} +{load - capacity}"

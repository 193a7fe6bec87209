"""Figures that are counted before somebody asks: what a page reads then, and when it counts by itself."""

import dataclasses
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat.models import KeptReading
from chat.statistics import daily, history, kept
from chat.statistics.staffing.demand import Counted, assumed_arrivals
from chat.statistics.staffing.plan import Target
from chat.supervision import board_charts
from common import clock
from pnav.accounts.models import Role
from reports.models import Report
from tests.chat.console.agents import signed_in
from tests.chat.statistics.test_history import past
from tests.factories import chat as make

# What grows with the people of a week, and with the number of closed days.
GROWING = ("chat_conversation c", "chat_conversationevent", "chat_dailyfigure", "chat_closedday")


@pytest.fixture
def week(db):
    """Create people of closed and of open days, one of whom is still answered."""
    now = timezone.now()
    agent = make.agent()
    for days in (1, 2, 3, 20, 20):
        past(now - timedelta(days=days), wait=60 * days, length=30, agents=[agent])
    past(now - timedelta(days=2))
    daily.close_due(now)
    make.assigned(make.agent())


def statements_of(act):
    with CaptureQueriesContext(connection) as seen:
        found = act()
    return found, [one["sql"] for one in seen.captured_queries]


@pytest.mark.parametrize("days", kept.PERIODS)
def test_what_is_read_is_what_was_counted(week, days):
    counted = kept.count_past(days)
    kept.make_all()
    found, statements = statements_of(lambda: kept.read_past(days))
    assert len(statements) == 1
    assert (found.history, found.week, found.rests) == (counted.history, counted.week, counted.rests)
    assert found.history.whole.opened > 0 and found.history.days
    period = history.last_days(days)
    assert found.history == history.read(*period)


def test_worker_counts_open_days_once_for_the_periods_that_share_them(week):
    """Each statement of these reads the people of a week: with 2,500,000 a year, a turn took 3.1 s of PostgreSQL."""
    _none, statements = statements_of(kept.make_all)
    people, rests, times = "hour || ':' || voices", "kind = 'dormant'", "GROUPING SETS"
    ones = [one for one in statements if "SELECT min(e.at) AS first_at" in one]
    assert len(ones) == 2, (
        "those people by day and hour, and what is rounded with closed days, of which also their ends"
    )
    sent = {part: sum(part in one for one in statements) for part in (people, rests, times)}
    assert sent == {people: 1, rests: 1, times: 1}
    arrivals = [one for one in statements if "extract(isodow FROM local)" in one]
    assert len(arrivals) == 1


def test_trends_and_staffing_are_read_as_they_were_counted(week):
    trends, staffing = kept.count_trends(), kept.count_staffing(timezone.now())
    kept.make_all()
    assert kept.read_trends() == trends and trends.one_voice.ended >= 3
    assert kept.read_staffing() == staffing and len(staffing.hours) == 168


@pytest.fixture
def planned(monkeypatch):
    """Return the targets for which a week was planned since."""
    asked, plan_week = [], kept.plan_week
    monkeypatch.setattr(kept, "plan_week", lambda demand, target: asked.append(target) or plan_week(demand, target))
    return asked


def test_another_target_is_planned_once_and_read_by_who_asks_next(week, planned):
    """At 2,500,000 exchanges a year a week took 217 ms to plan, and the page and its CSV each planned it."""
    kept.make_all()
    planned.clear()
    staffing, other = kept.read_staffing(), Target(share=0.8)
    assert len(staffing.hours_for(kept.house_target())) == 168 and planned == []
    hours = staffing.hours_for(other)
    assert len(hours) == 168 and planned == [other]
    assert staffing.hours_for(other) == hours and planned == [other]
    assert len(staffing.hours_for(Target(share=0.9))) == 168 and planned[1:] == [Target(share=0.9)]
    more = dataclasses.replace(staffing.demand, arrivals=assumed_arrivals(50_000))
    busier = dataclasses.replace(staffing, demand=more)
    assert busier.hours_for(other) != hours and planned[2:] == [other], "the demand is another one"


def test_own_targets_are_bounded_and_go_with_their_time(week, monkeypatch):
    monkeypatch.setattr(kept, "OWN_AT_MOST", 2)
    kept.make_all()
    for percent in (70, 80, 90):
        kept.read_staffing().hours_for(Target(share=percent / 100))
    own = KeptReading.objects.filter(name__startswith=kept.OWN)
    assert own.count() == 2
    own.update(made_at=timezone.now() - kept.FRESH - timedelta(minutes=1))
    kept.make_all()
    assert not own.exists()


def test_worker_plans_the_week_again_only_for_another_demand_or_target(week, planned, monkeypatch):
    kept.make_all()
    first = kept.read_staffing()
    kept.make_all()
    assert len(planned) == 1 and kept.read_staffing() == first
    monkeypatch.setattr(kept, "house_target", lambda: Target(share=0.7))
    kept.make_all()
    assert planned[1:] == [Target(share=0.7)] and kept.read_staffing().target == Target(share=0.7)
    demand, fitted = dataclasses.replace(first.demand, arrivals=assumed_arrivals(50_000)), []
    monkeypatch.setattr(kept, "fit_demand", lambda counted, **_given: fitted.append(counted) or demand)
    kept.make_all()
    assert len(planned) == 2 and fitted == [], "the same was recorded"
    monkeypatch.setattr(kept, "count_recorded", lambda _now: Counted(weeks=1, came={(0, 0): 7}))
    kept.make_all()
    kept.make_all()
    assert len(fitted) == 1
    assert len(planned) == 3 and kept.read_staffing().demand == demand


@pytest.mark.parametrize(
    "path",
    [
        "/console/historique/",
        "/console/historique/?periode=365",
        "/console/historique/chiffres.csv",
        "/console/effectifs/",
        "/console/effectifs/effectifs.csv",
        "/console/tableau/",
    ],
)
def test_pages_of_figures_ask_for_nobody_of_the_week(week, path):
    """However many people came: one row of each page is read, and no exchange of a past day is counted."""
    client = signed_in(make.agent(role=Role.SUPERVISOR).user)
    kept.make_all()
    board_charts.forget()
    answer, statements = statements_of(lambda: client.get(path))
    assert answer.status_code == 200
    assert any("chat_keptreading" in sql for sql in statements)
    counting = [sql for sql in statements if any(name in sql for name in GROWING) and "GROUP BY" in sql]
    assert counting == []


def test_without_a_worker_a_page_counts_by_itself(week):
    assert not KeptReading.objects.exists()
    assert kept.read_past(7).history.whole.opened == 5
    kept.make_all()
    KeptReading.objects.update(made_at=timezone.now() - kept.FRESH)
    past(timezone.now() - timedelta(days=1), wait=5, length=5, agents=[make.agent()])
    assert kept.read_past(7).history.whole.opened == 6


def test_what_was_kept_yesterday_is_not_of_today(week):
    kept.make_all()
    past(timezone.now() - timedelta(days=1), wait=5, length=5, agents=[make.agent()])
    assert kept.read_past(7).history.whole.opened == 5
    KeptReading.objects.update(day=timezone.localdate() - timedelta(days=1))
    assert kept.read_past(7).history.whole.opened == 6


def test_day_that_ends_while_it_is_counted_is_not_kept(week, monkeypatch):
    moments = iter([clock.now(), clock.now() + timedelta(days=1)])
    monkeypatch.setattr(kept.clock, "now", lambda: next(moments))
    kept.make_all()
    assert not KeptReading.objects.exists()


def test_rows_are_replaced_and_those_of_a_former_version_go(week):
    kept.make_all()
    names = set(KeptReading.objects.values_list("name", flat=True))
    assert len(names) == len(kept.PERIODS) + 2
    now = timezone.now()
    KeptReading.objects.create(name="past-30.before", day=timezone.localdate(now), made_at=now - kept.GONE, told=[])
    KeptReading.objects.create(name="past-30.beside", day=timezone.localdate(now), made_at=now, told=[])
    Report.objects.all().delete()
    kept.make_all()
    assert set(KeptReading.objects.values_list("name", flat=True)) == names | {"past-30.beside"}
    assert kept.read_past(7).history.whole.opened == 0


def test_version_that_shows_something_else_has_rows_of_its_own():
    assert kept._key(kept.Past, "one") != kept._key(kept.Trends, "one")
    assert kept._key(kept.Past, "one") == kept._key(kept.Past, "one") and len(kept._key(kept.Past, "past-365")) <= 40


def test_nothing_is_remembered_of_the_periods_that_were_asked_for():
    """Their days come from an address."""

    def remembered():
        return sum(one.cache_info().currsize for one in vars(kept).values() if hasattr(one, "cache_info"))

    kept._key(kept.Past, "own-0")
    before = remembered()
    assert before > 0
    names = {kept._key(kept.Past, f"own-{number}") for number in range(30)}
    assert len(names) == 30 and remembered() == before


def test_history_says_when_it_was_counted(week):
    client = signed_in(make.agent(role=Role.SUPERVISOR).user)
    kept.make_all()
    at = timezone.localtime(KeptReading.objects.first().made_at)
    assert f"Compté à {at:%H:%M}" in client.get("/console/historique/").text


def test_of_several_workers_one_counts(week, monkeypatch):
    counted, make_all = [], kept.make_all
    monkeypatch.setattr(kept, "make_all", lambda: counted.append(1) or make_all())
    for _worker in range(2):
        kept.make_due()
    assert len(counted) == 1 and kept.read_past(7).history.whole.opened == 5
    KeptReading.objects.filter(name__startswith="past-365").update(made_at=timezone.now() - kept.YOUNG)
    kept.make_due()
    assert len(counted) == 2, "one of them is old"
    KeptReading.objects.filter(name__startswith="trends").delete()
    kept.make_due()
    assert len(counted) == 3, "one of them is not there"
    KeptReading.objects.update(day=timezone.localdate() - timedelta(days=1))
    kept.make_due()
    assert len(counted) == 4, "they are of yesterday"


@pytest.mark.django_db(transaction=True)
def test_worker_leaves_it_to_one_that_is_counting(monkeypatch):
    begun, may_end, counted = threading.Event(), threading.Event(), []

    def count():
        counted.append(1)
        begun.set()
        may_end.wait(10)

    def work():
        kept.make_due()
        connection.close()

    monkeypatch.setattr(kept, "make_all", count)
    other = threading.Thread(target=work)
    other.start()
    try:
        assert begun.wait(10)
        kept.make_due()
        assert counted == [1]
    finally:
        may_end.set()
        other.join(10)
    kept.make_due()
    assert counted == [1, 1]


# --- a period of one's own --------------------------------------------------------------------------------------------


def test_own_period_is_counted_once_and_read_by_who_asks_next(week):
    today = timezone.localdate()
    first, last = today - timedelta(days=25), today - timedelta(days=10)
    counted = kept.read_period(first, last)
    assert (
        counted.history.whole.opened
        == history.read(daily.midnight(first), daily.midnight(last + kept.DAY)).whole.opened
    )
    found, statements = statements_of(lambda: kept.read_period(first, last))
    assert len(statements) == 1 and found == counted
    other, statements = statements_of(lambda: kept.read_period(first, last - timedelta(days=1)))
    assert (len(statements) > 1 and other.history != counted.history) or other.history.whole == counted.history.whole


@pytest.mark.parametrize("days", kept.PERIODS)
def test_own_period_until_today_is_the_one_that_the_worker_counted(week, days):
    kept.make_all()
    today = timezone.localdate()
    found, statements = statements_of(lambda: kept.read_period(today - timedelta(days=days - 1), today))
    assert len(statements) == 1 and found == kept.read_past(days)
    assert not KeptReading.objects.filter(name__startswith=kept.OWN).exists()


def test_own_periods_are_bounded_and_go_with_their_time(week, monkeypatch):
    monkeypatch.setattr(kept, "OWN_AT_MOST", 2)
    today = timezone.localdate()
    for days in (30, 31, 32, 33):
        kept.read_period(today - timedelta(days=days), today - timedelta(days=20))
    own = KeptReading.objects.filter(name__startswith=kept.OWN)
    assert own.count() == 2 and own.filter(name__contains=f"{today - timedelta(days=33):%Y%m%d}").exists()
    own.update(made_at=timezone.now() - kept.FRESH - timedelta(minutes=1))
    kept.make_all()
    assert not own.exists() and KeptReading.objects.filter(name__startswith="past-").count() == len(kept.PERIODS)


def test_exact_counts_of_an_own_period_are_replaced_like_all_others(week):
    """What an exchange that is deleted had counted for is gone with the next turn, but for FRESH."""
    today = timezone.localdate()
    before = kept.read_period(today - timedelta(days=40), today)
    Report.objects.all().delete()
    KeptReading.objects.update(made_at=timezone.now() - kept.FRESH - timedelta(seconds=1))
    assert kept.read_period(today - timedelta(days=40), today).history.whole.opened < before.history.whole.opened

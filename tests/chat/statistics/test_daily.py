"""Closed days are counted once and rounded, and stay the same whatever is deleted and whenever the worker runs."""

import random
import uuid
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.models import ClosedDay, Conversation, ConversationEvent, DailyFigure, EventKind, RemovalCount, figures
from chat.models.figures import FigureRemainder
from chat.rules import daily_figures as rules
from chat.rules.lifecycle import Author, Outcome, Status
from chat.statistics import daily, history
from common import encryption
from reports.models import Report, RetentionRule
from reports.rules.retention import Kind
from tests.chat.test_commands import run
from tests.factories import chat as make

PARIS = ZoneInfo("Europe/Paris")
TODAY = datetime(2026, 11, 25, 12, tzinfo=PARIS)
FIRST = datetime(2026, 11, 2, 14, 30, tzinfo=PARIS)  # a Monday
DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


def came(
    count,
    *,
    day=0,
    agents=(),
    wait=60,
    length=30,
    outcome=Outcome.ADVISED,
    status=Status.CLOSED,
    orientation="chat",
    **fields,
):
    """Create so many people of a day after FIRST, answered by these agents in turn after so many seconds."""
    at = FIRST + day * DAY
    sealed = encryption.seal("{}", context="test")
    values = {"outcome": orientation, "force": "police", "triage_version": "test", **fields}
    reports = Report.objects.bulk_create(
        Report(submission_id=uuid.uuid4(), triage_answers_sealed=sealed, **values) for _person in range(count)
    )
    first, end = at + timedelta(seconds=wait), at + timedelta(seconds=wait, minutes=length)
    is_ended = status == Status.CLOSED
    rows = Conversation.objects.bulk_create(
        Conversation(
            report=report, force=report.force, opened_at=at, queued_at=at, reporter_seen_at=at, status=status,
            closed_at=end if is_ended else None, outcome=outcome if is_ended else "",
        )
        for report in reports
    )  # fmt: skip
    events = [
        ConversationEvent(
            conversation=row, kind=EventKind.ASSIGNED, at=first + number * timedelta(minutes=1), by=agent.user
        )
        for row in rows
        for number, agent in enumerate(agents)
    ]
    events += [ConversationEvent(conversation=row, kind=EventKind.CLOSED, at=end) for row in rows if is_ended]
    ConversationEvent.objects.bulk_create(events)
    return rows


def stored():
    return list(DailyFigure.objects.order_by("day", "series", "key").values_list("day", "series", "key", "count"))


@pytest.fixture
def nought(monkeypatch):
    """Set first remainders of nought, so that tens are known."""
    monkeypatch.setattr(figures, "draw_digit", lambda: 0)


def test_day_is_counted_in_every_series(nought):
    one, other = make.agent(), make.agent()
    came(20, agents=[one])
    came(
        10,
        agents=[one, other],
        wait=400,
        length=90,
        outcome=Outcome.COMPLAINT,
        age_band="under_15",
        force="gendarmerie",
    )
    came(10, status=Status.ABANDONED, force="")
    came(10, status=Status.WAITING, orientation="gone")
    day = FIRST.date()
    assert daily.close_day(day)
    found = {series: {} for series in rules.OF_DAYS}
    for _day, series, key, count in stored():
        found[series][key] = count
    assert found["people"] == {"everybody": 50}
    assert found["age"] == {"minor": 10, "not_minor": 40}
    assert found["hour"] == {"1:14": 50}
    assert found["wait"] == {"waiting": 10, "gave_up": 10, "60": 20, "600": 10}
    assert found["promise"] == {"none": 20, "in_time": 20, "late": 10}
    assert found["end"] == {"none:police": 10, "none:unknown": 10, "advised:police": 20, "complaint:gendarmerie": 10}
    assert found["length"] == {"none": 20, "1800": 20, "5400": 10}
    assert found["voices"] == {"none": 20, "one": 20, "several": 10}
    assert found["orientation"] == {"chat": 40, "other": 10}
    assert found["hour_wait"] == {"14:waiting": 10, "14:gave_up": 10, "14:60": 20, "14:600": 10}
    assert found["hour_promise"] == {"14:in_time": 20, "14:late": 10}
    assert found["hour_length"] == {"14:1800": 20, "14:5400": 10}
    assert found["hour_voices"] == {"14:one": 20, "14:several": 10}
    assert found["first_wait"] == {"answered:60": 20, "answered:600": 10}
    assert found["held"] == {"1800": 20, "5400": 10}
    assert not daily.close_day(day) and not FigureRemainder.objects.filter(series="removal").exists()


def test_group_that_was_closed_together_is_in_no_figure(nought):
    """Such arrivals said nothing, so nobody gave up. Who left by themselves is counted."""
    raid = came(20, length=10)
    Conversation.objects.filter(pk__in=[row.pk for row in raid]).update(
        lookalike_group=uuid.uuid4(), closed_by=Author.AGENT, outcome=Outcome.OTHER
    )
    left = came(10, length=10)
    Conversation.objects.filter(pk__in=[row.pk for row in left]).update(
        lookalike_group=uuid.uuid4(), closed_by=Author.REPORTER
    )
    came(10, agents=[make.agent()])
    span = daily.midnight(FIRST.date()), daily.midnight(FIRST.date() + DAY)
    found = daily.count_people(*span)
    assert found["people"] == {"everybody": 20} and found["hour"] == {"1:14": 20}
    assert found["wait"] == {"gave_up": 10, "60": 10}
    assert found["first_wait"] == {"gone:900": 10, "answered:60": 10}
    whole = history.read(*span).whole
    assert (whole.opened, whole.gave_up, whole.answered) == (20, 10, 10)
    assert sum(map(sum, history.arrivals_by_hour_of_week(*span))) == 20


def test_nothing_that_is_stored_is_of_few_people():
    """There are nine people of every kind, and first digits that nobody chose, so tens are stored, and digits for
    everybody.
    """
    came(9, agents=[make.agent()])
    daily.close_day(FIRST.date())
    assert all(count % 10 == 0 and count <= 10 for *_where, count in stored())
    for row in FigureRemainder.objects.exclude(series=figures.CHAIN):
        assert set(row.digits) == set(rules.SEPARATE[row.series]), "a key that had nobody has its digit too"
    with pytest.raises(IntegrityError), transaction.atomic():
        DailyFigure.objects.create(day=FIRST, series="people", key="everybody", count=9)


def test_days_close_when_they_are_settled_and_once():
    came(12, day=0)
    came(12, day=3)
    assert daily.settled_days() == rules.SETTLED_DAYS == 7
    assert daily.due_days(FIRST + 6 * DAY, 10) == []
    assert [day.day for day in daily.close_due(FIRST + 7 * DAY)] == [2]
    assert [day.day for day in daily.close_due(FIRST + 11 * DAY)] == [3, 4, 5, 6]  # a day without anybody is closed too
    before = stored()
    assert daily.close_due(FIRST + 11 * DAY) == [] and stored() == before
    assert daily.first_open_day().day == 7


def test_days_close_sooner_where_exchanges_may_go_sooner():
    RetentionRule.objects.filter(kind=Kind.ERASURE).update(grace_days=3)
    assert daily.settled_days() == 3
    RetentionRule.objects.filter(kind=Kind.ERASURE).update(grace_days=0)
    assert daily.settled_days() == 1, "never a day that is not over"


# The rules that delete no exchange. A report without one is counted on no day.
WITHOUT_EXCHANGE = {Kind.REPORT, Kind.OPINION, Kind.TOMBSTONE, Kind.ERASED, Kind.ADMIN_LOG, Kind.OPENING}


@pytest.mark.parametrize("kind", Kind)
def test_every_rule_that_deletes_an_exchange_closes_days_in_time(kind: Kind):
    """A new kind stands in WITHOUT_EXCHANGE, or `settled_days` follows its rule."""
    RetentionRule.objects.filter(kind=kind).update(days=2, grace_days=2, digest_days=0)
    # An erasure is granted at once, so that only its grace period runs.
    expected = rules.SETTLED_DAYS if kind in WITHOUT_EXCHANGE else 2 if kind is Kind.ERASURE else 4
    assert daily.settled_days() == expected


def test_command_goes_on_where_it_stopped(monkeypatch):
    monkeypatch.setattr(daily, "DAYS_AT_ONCE", 2)
    monkeypatch.setattr(daily.close_due, "__kwdefaults__", {"limit": 2})
    came(12)
    monkeypatch.setattr("django.utils.timezone.now", lambda: TODAY)
    assert "2 journée(s)" in run("build_figures")
    assert ClosedDay.objects.count() == 2
    assert "15 journée(s)" in run("build_figures", "--all")
    assert ClosedDay.objects.count() == 17 and "0 journée(s)" in run("build_figures", "--all")


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 1000), absent=st.sets(st.integers(7, 15)), last=st.integers(1, 3))
def test_series_is_the_same_for_any_order_of_deletions_and_after_any_absence(seed, absent, last):
    """It is the same whatever goes once its day is settled, and whichever nights the worker was away."""
    chance = random.Random(seed)
    people = [chance.randrange(30) for _day in range(8)]
    ages = [chance.choice(["", "under_15"]) for _day in range(8)]

    def live(*, is_kept):
        """Live sixteen nights, and return what is stored; the first digits are those of the seed."""
        drawn = random.Random(seed)
        figures.draw_digit, draw = (lambda: drawn.randrange(10)), figures.draw_digit
        try:
            with transaction.atomic():
                for day, count in enumerate(people):
                    came(count, day=day, age_band=ages[day])
                order = random.Random(seed + last)
                for night in range(16):
                    if is_kept or night not in absent:
                        daily.close_due(FIRST + night * DAY)
                    if not is_kept:
                        settled = Report.objects.filter(
                            conversation__opened_at__date__in=ClosedDay.objects.values("day")
                        )
                        keys = sorted(settled.values_list("pk", flat=True))
                        Report.objects.filter(pk__in=order.sample(keys, min(len(keys), 9 * last))).delete()
                daily.close_due(FIRST + 20 * DAY)
                found = stored(), list(FigureRemainder.objects.order_by("series").values_list("series", "digits"))
                transaction.set_rollback(True)
                return found
        finally:
            figures.draw_digit = draw

    assert live(is_kept=True) == live(is_kept=False)


def test_erasing_everything_changes_nothing_that_is_stored():
    came(40, agents=[make.agent()])
    daily.close_due(TODAY)
    before = stored()
    Report.objects.all().delete()
    daily.close_due(TODAY)
    assert stored() == before != []


def test_exact_counts_of_removals_are_rounded_and_emptied(nought):
    """They are of a version before: by week, tens, and no week keeps its number."""
    exact = (("2026-10-05", "removed", 14), ("2026-10-12", "removed", 7), ("2026-10-05", "still_there", 3))
    for week, answer, count in exact:
        RemovalCount.objects.create(week=week, answer=answer, count=count)
    daily.close_due(TODAY)
    assert not RemovalCount.objects.exists()
    assert [(day.day, key, count) for day, _series, key, count in stored()] == [(5, "removed", 10), (12, "removed", 10)]
    assert FigureRemainder.objects.get(series="removal").digits == {"removed": 1, "still_there": 3}


@pytest.mark.django_db(transaction=True)
def test_worker_closes_days_before_anything_of_them_goes(nought):
    (row,) = came(1)
    make.age(row, days=400)
    Conversation.objects.update(opened_at=datetime.now(tz=PARIS) - 400 * DAY)
    run("run_worker", "--ticks=1")
    assert not Conversation.objects.filter(pk=row.pk).exists()
    assert FigureRemainder.objects.get(series=figures.CHAIN).digits == {figures.CHAIN: 1}
    assert ClosedDay.objects.count() == daily.DAYS_AT_ONCE


def test_statements_of_a_day_do_not_grow_with_its_people(django_assert_num_queries):
    daily.close_day(FIRST.date() - DAY)
    came(1)
    with django_assert_num_queries(14, exact=False):
        daily.close_day(FIRST.date())
    came(60, day=1, agents=[make.agent()])
    with django_assert_num_queries(14, exact=False):
        daily.close_day(FIRST.date() + DAY)
    assert connection.in_atomic_block

"""Counts and sums from PostgreSQL and from a file: the same people give the same figures."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from chat.models import Conversation, ConversationEvent, EventKind, figures
from chat.rules.lifecycle import Status
from chat.statistics import daily
from chat.statistics.staffing.recorded import (
    BadFile,
    count_agents_today,
    count_file,
    count_recorded,
    monday_before,
    read_profile,
)
from reports.models import Report
from tests.factories import chat as make

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 25, 12, tzinfo=PARIS)  # a Wednesday
MONDAY = datetime(2026, 11, 16, tzinfo=PARIS)
WEEK = MONDAY - timedelta(days=7)  # the Monday of the last whole week that is closed
MINUTE = timedelta(minutes=1)


def came(at: datetime, *events: tuple[str, float], closed: bool = True, seen: float = 0) -> Conversation:
    """Return a conversation with this history: kinds, and minutes after the arrival.

    seen: when the person was seen last; 0 for a day after, when they have come back.
    """
    conversation = make.waiting(queued_at=at)
    rows = Conversation.objects.filter(pk=conversation.pk)
    rows.update(opened_at=at, queued_at=at, reporter_seen_at=at + (seen or 24 * 60) * MINUTE)
    ConversationEvent.objects.create(conversation=conversation, kind=EventKind.OPENED, at=at)
    for kind, minutes in events:
        ConversationEvent.objects.create(conversation=conversation, kind=kind, at=at + minutes * MINUTE)
    if closed and events and events[-1][0] == EventKind.CLOSED:
        rows.update(status=Status.CLOSED, closed_at=at + events[-1][1] * MINUTE)
    return conversation


@pytest.fixture
def closed(db, monkeypatch):
    """Set first remainders of nought, and return what closes the days that are due at NOW."""
    monkeypatch.setattr(figures, "draw_digit", lambda: 0)
    return lambda: daily.close_due(NOW, limit=400)


def test_monday_before_is_local():
    late_on_sunday = datetime(2026, 11, 22, 23, 30, tzinfo=ZoneInfo("UTC"))
    assert monday_before(late_on_sunday, PARIS).isoformat() == "2026-11-23T00:00:00"


def test_nothing_recorded(db):
    assert count_recorded(NOW).weeks == 0 and count_recorded(NOW).people == 0


def test_weeks_are_those_whose_days_are_all_closed(closed):
    """NOW is a Wednesday: the days until the Wednesday before are closed, so the last whole week ends on the 15th."""
    came(MONDAY + timedelta(days=1))
    closed()
    assert count_recorded(NOW).weeks == 0, "the service opened in the week that is not closed"
    came(MONDAY - timedelta(days=5))
    closed()
    assert count_recorded(NOW).weeks == 0, "nor in the middle of a week"
    came(MONDAY - timedelta(days=14))
    closed()
    assert count_recorded(NOW).weeks == 2


def test_arrivals_by_week_and_local_hour(closed):
    for _person in range(10):
        came(WEEK)  # Monday 0 h in Paris is still Sunday in UTC
        came(WEEK + timedelta(days=6, hours=23, minutes=59))
        came(MONDAY)  # the week that is not closed
    for _person in range(14):
        came(WEEK - timedelta(days=7))
    closed()
    counted = count_recorded(NOW)
    assert counted.weeks == 2 and counted.rounding == 10
    assert counted.came == {(0, 0): 10, (1, 0): 10, (1, 167): 10}


def test_waits_end_with_the_answer_or_with_leaving(closed, settings):
    settings.ABANDON_SECONDS = 30 * 60
    for _person in range(10):
        came(WEEK, ("assigned", 6), ("closed", 66))
        # They left at 12, and came back later.
        came(WEEK, ("parked", 12), ("resumed", 50), ("assigned", 60), ("closed", 70))
        came(WEEK, ("closed", 3))  # they ended it themselves, without an answer
        came(WEEK, ("abandoned", 45), closed=False)  # they were last seen at 15
        # With a shorter setting at that time, the wait still cannot be negative.
        came(WEEK, ("abandoned", 20), closed=False)
        # They left during the exchange, so they were answered.
        came(WEEK, ("assigned", 6), ("parked", 8), ("closed", 16))
        came(WEEK)  # they are still waiting, so this says nothing yet
    closed()
    counted = count_recorded(NOW)
    assert counted.gone == 40
    # In minutes, the middles of the ranges of 6, 12, 3, 15, 0 and 6.
    assert counted.waited == pytest.approx(10 * (7.5 + 12.5 + 2.5 + 12.5 + 0.5 + 7.5) / 60)


def test_place_that_a_code_kept_for_longer_ends_with_the_last_sign(closed, settings):
    settings.ABANDON_SECONDS = 30 * 60
    for _person in range(10):
        came(WEEK, ("abandoned", 64), closed=False, seen=4)  # sixty minutes with a code
        came(WEEK, ("abandoned", 45), closed=False, seen=15)
    closed()
    counted = count_recorded(NOW)
    assert counted.gone == 20 and counted.waited == pytest.approx(10 * (4 + 12.5) / 60)


def test_queue_after_a_passage_is_no_length(closed):
    for _person in range(10):
        came(WEEK, ("assigned", 5), ("transferred", 25), ("assigned", 85), ("closed", 95))  # 20 and 10 minutes
    closed()
    counted = count_recorded(NOW)
    assert counted.ended == 10 and counted.held == pytest.approx(10 * 25 / 60)


def test_agent_whose_person_left_in_a_hurry_and_came_back_is_counted_until_the_end(db):
    agent = make.agent()
    for steps in (
        (("assigned", 0), ("parked", 5), ("resumed", 8), ("closed", 119)),
        (("assigned", -60), ("transferred", -5)),
    ):
        conversation = came(NOW.replace(hour=8), *((kind, 120 + minutes) for kind, minutes in steps))
        conversation.events.filter(kind="assigned").update(by=agent.user)
    hours = count_agents_today(NOW)
    assert hours[8:13] == [0, 1, 1, 1, 0]


def test_lengths_are_the_time_that_a_place_was_held(closed):
    for _person in range(10):
        came(WEEK, ("assigned", 5), ("closed", 65))
        came(WEEK, ("assigned", 5), ("released", 25), ("assigned", 85), ("closed", 95))  # 20 and 10 minutes
        came(WEEK, ("closed", 5))
        came(WEEK, ("assigned", 5), closed=False)
    closed()
    counted = count_recorded(NOW)
    # In hours, the middles of the ranges of 60 and 30 minutes.
    assert counted.ended == 20 and counted.held == pytest.approx(10 * (55 + 25) / 60)
    assert counted.held_squared == pytest.approx(10 * (55**2 + 25**2) / 3600)


def test_a_place_is_not_held_while_the_exchange_rests(closed):
    for _person in range(10):
        came(WEEK, ("assigned", 5), ("dormant", 30), ("awake", 90), ("closed", 95))  # 25 and 5 minutes
        came(WEEK, ("assigned", 5), ("dormant", 25), ("closed", 200))  # 20 minutes
        came(WEEK, ("assigned", 5), ("dormant", 30), ("released", 60), ("assigned", 85), ("closed", 90))  # 25 and 5
    closed()
    counted = count_recorded(NOW)
    # In hours, the middles of the ranges of 30, 20 and 30 minutes.
    assert counted.ended == 30 and counted.held == pytest.approx(10 * (25 + 17.5 + 25) / 60)


def test_a_year_at_most_and_whatever_was_deleted(closed):
    came(WEEK - timedelta(days=390))
    closed()
    daily.close_due(NOW, limit=400)
    before = count_recorded(NOW)
    assert before.weeks == 52
    Report.objects.all().delete()
    assert count_recorded(NOW) == before


LINES = """arrivee;reponse;depart;fin
2026-11-09T00:00:00+01:00;2026-11-09T00:06:00+01:00;;2026-11-09T01:06:00+01:00
2026-11-16T00:30;;2026-11-16T00:42;
2026-11-22T23:59;;;
2026-11-23T08:00;;;
""".splitlines()


def test_file_says_the_same():
    counted = count_file(LINES, PARIS)
    assert counted.weeks == 2 and counted.came == {(0, 0): 1, (1, 0): 1, (1, 167): 1}
    assert (counted.gone, counted.ended) == (1, 1)
    assert counted.waited == pytest.approx(0.3) and counted.held == counted.held_squared == pytest.approx(1)


def test_file_leaves_out_a_first_week_that_is_not_whole():
    assert count_file([LINES[0], "2026-11-11T00:00;;;", *LINES[2:]], PARIS).weeks == 1
    assert count_file(LINES[:1], PARIS).weeks == 0


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "première ligne"),
        (["a;b", "1;2"], "première ligne"),
        ([LINES[0], "hier;;;"], "Ligne 2 : une date"),
        ([LINES[0], ";;;"], "Ligne 2 : il manque"),
        ([LINES[0], LINES[1], "2026-11-16T00:30;2026-11-16T00:29;;"], "Ligne 3 : une date vient avant"),
    ],
)
def test_file_that_cannot_be_read_says_where_and_not_what(lines, said):
    with pytest.raises(BadFile, match=said) as error:
        count_file(lines, PARIS)
    assert "hier" not in str(error.value)


def test_profile():
    assert read_profile(["1,5", *["1"] * 167])[0] == 1.5
    for lines in (["1"] * 167, ["x"] * 168, ["-1", *["1"] * 167], ["0"] * 168, ["inf", *["1"] * 167]):
        with pytest.raises(BadFile):
            read_profile(lines)

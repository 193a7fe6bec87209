"""The weeks of an agent: as pure functions, and that only this agent sees them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from chat import access
from chat.conversations import dispatcher
from chat.models import Agent, EventKind
from chat.rules.transfer import Reason, Target
from chat.rules.workload import PARIS, Interval, weeks
from chat.transfer import actions as transfer_actions
from pnav.accounts.models import Role
from tests.chat.console.agents import signed_in
from tests.factories import chat as make
from triage.rules import Urgency

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)  # a Wednesday


def paris(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=PARIS)


def test_weeks_begin_on_monday_the_last_one_first():
    found = weeks([], NOW, count=2)
    assert [week.monday for week in found] == [date(2026, 11, 23), date(2026, 11, 16)]
    assert len(weeks([], NOW)) == 6


def test_weeks_exchanges_at_once_count_their_time_once():
    spells = [
        Interval(paris(23, 9), paris(23, 11), is_grave=False),
        Interval(paris(23, 10), paris(23, 12), is_grave=True),
        Interval(paris(24, 9), paris(24, 9, 30), is_grave=False),
    ]
    week = weeks(spells, NOW)[0]
    assert (week.exchanges, week.grave, week.minutes, week.hours, week.nights) == (3, 1, 210, "3 h 30", 0)
    assert [replace(week, minutes=minutes).hours for minutes in (0, 59, 60, 121)] == [
        "0 h 00",
        "0 h 59",
        "1 h 00",
        "2 h 01",
    ]


@pytest.mark.parametrize(
    ("start", "end", "nights"),
    [
        (paris(24, 21), paris(24, 22), 0),
        (paris(24, 21), paris(24, 22, 1), 1),
        (paris(24, 5, 59), paris(24, 9), 1),
        (paris(24, 6), paris(24, 9), 0),
        (paris(24, 23), paris(25, 4), 1),
    ],
)
def test_weeks_nights(start, end, nights):
    assert weeks([Interval(start, end, is_grave=False)], NOW)[0].nights == nights


def test_weeks_time_is_cut_at_midnight_from_sunday_to_monday():
    this, last = weeks([Interval(paris(22, 23), paris(23, 2), is_grave=False)], NOW, count=2)
    assert (this.minutes, last.minutes, this.nights, last.nights) == (120, 60, 0, 1)


spells = st.lists(
    st.builds(
        lambda start, length, grave: Interval(
            NOW - timedelta(minutes=start), NOW - timedelta(minutes=start) + timedelta(minutes=length), grave
        ),
        st.integers(0, 60_000),
        st.integers(0, 600),
        st.booleans(),
    ),
    max_size=12,
)


@given(spells)
def test_weeks_never_more_than_a_week_nor_than_the_sum(spells):
    found = weeks(spells, NOW)
    total = sum((spell.end - spell.start).total_seconds() for spell in spells) / 60
    for week in found:
        assert 0 <= week.minutes <= 7 * 24 * 60 and 0 <= week.grave <= week.exchanges and week.nights <= 7
    assert sum(week.minutes for week in found) <= total + len(found)


@pytest.mark.django_db
def test_care_shows_one_s_own_and_nobody_else_s():
    agent, other = make.agent(), make.agent()
    make.assigned(other, urgency=Urgency.CRITICAL)
    html = signed_in(agent.user).get("/console/prendre-soin/").content.decode()
    assert html.count("<td>0</td>") == 6 * 3
    mine = signed_in(other.user).get("/console/prendre-soin/").content.decode()
    assert "<td>1</td>" in mine
    chief = signed_in(make.agent(role=Role.SUPERVISOR).user)
    assert "<td>1</td>" not in chief.get("/console/prendre-soin/").content.decode()
    assert chief.get(f"/console/prendre-soin/?agent={other.pk}").content.decode().count("<td>0</td>") == 6 * 3


@pytest.mark.django_db
def test_spells_what_was_passed_on_or_lost_was_theirs_until_then():
    agent, other = make.agent(), make.agent()
    passed, lost = (make.assigned(agent, urgency=Urgency.CRITICAL) for _each in range(2))
    transfer_actions.transfer_cold(
        conversation_id=passed.pk, by=agent, target=Target(agent=other.pk), reason=Reason.END_OF_DUTY
    )
    Agent.objects.filter(pk=agent.pk).update(seen_at=make.long_ago(5))
    dispatcher.release_stale()
    assert lost.events.filter(kind=EventKind.RELEASED).exists()
    now = timezone.now() + timedelta(hours=1)
    mine = access.spells_of(agent, now)
    assert len(mine) == 2 and all(spell.is_grave and spell.end < timezone.now() for spell in mine)
    assert [spell.end for spell in access.spells_of(other, now)] == [now]


@pytest.mark.django_db
def test_care_queries_do_not_grow(django_assert_max_num_queries):
    agent = make.agent(capacity=9)
    client = signed_in(agent.user)
    with django_assert_max_num_queries(20) as few:
        client.get("/console/prendre-soin/")
    for _each in range(4):
        make.assigned(agent)
    with django_assert_max_num_queries(len(few)):
        client.get("/console/prendre-soin/")
    assert timezone.now()

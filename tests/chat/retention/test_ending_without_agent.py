"""What a process remembers of exchanges without an agent: few rows are looked at, and what is shown stays true."""

import json
import time
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from chat.models import Agent, Conversation, OnCall, Unit
from chat.retention import ending_without_agent, schedule
from common.sql import fetch_rows
from pnav.accounts.models import Role, User
from reports.actions import answer_erasure, ask_erasure, lift_freeze
from reports.models import Report
from tests.access.test_deciders import drawn_name
from tests.chat.retention.acts import freeze
from tests.factories import chat as make

pytestmark = pytest.mark.django_db

NEAR = 320  # days: the term is announced from 305 days on, and ends after 335


def supervisor(unit: str) -> Agent:
    return make.agent(role=Role.SUPERVISOR, unit_name=unit)


def near(days: float = NEAR) -> Conversation:
    """Return an exchange that nobody ever answered, and that is near its end."""
    return make.age(make.waiting(), days=days)


def soon(agent: Agent, now: datetime | None = None) -> int:
    """Return what the header says, which is what the page lists."""
    now = now or timezone.now()
    counted = schedule.notice(Agent.objects.select_related("user").get(pk=agent.pk), now).soon
    assert counted == len([one for one in schedule.endings(agent, now) if one.freeze is None])
    return counted


@pytest.fixture
def later(monkeypatch):
    """Return a function that lets so many seconds pass for what is remembered."""
    passed = [0.0]
    real = time.monotonic
    monkeypatch.setattr("common.cached_reading.time.monotonic", lambda: real() + passed[0])

    def pass_seconds(seconds: float) -> None:
        passed[0] += seconds

    return pass_seconds


# --- what is looked at ------------------------------------------------------------------------------------------------


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def test_header_looks_at_no_exchange_without_agent_of_another_unit(monkeypatch):
    """Until it did, each page of a supervisor drew a unit for those of all units: 40 ms more in a year of 2,500,000."""
    north = supervisor("Nord")
    for number in range(9):
        supervisor(f"Unité {number}")
    for lot in range(60):  # a unit is drawn by the first 32 bits: each of the ten gets six
        Report.objects.filter(pk=near().report_id).update(public_id=uuid.UUID(int=lot << 96))
    plans = []

    def fetch(statement, values):
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE chat_conversation, chat_conversationevent, reports_report")
            for other in ("seqscan", "bitmapscan"):  # PostgreSQL would read so few rows whole to find one
                cursor.execute(f"SET LOCAL enable_{other} = off")
        [(plan,)] = fetch_rows(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, FORMAT JSON) {statement}", values)
        plans.append((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
        return fetch_rows(statement, values)

    now = timezone.now()
    theirs = schedule.notice(north, now).soon
    assert theirs == 6, "some of them are drawn for this unit"
    monkeypatch.setattr(ending_without_agent, "fetch_rows", fetch)
    assert schedule.notice(north, now).soon == theirs
    [plan] = plans
    looks = [one for one in nodes(plan) if one.get("Relation Name") == "chat_conversation"]
    by_key = [one for one in looks if one.get("Index Cond") == "(id = one.id)"]
    assert [one["Actual Loops"] for one in by_key] == [theirs], json.dumps(plan, indent=1)
    assert not [one for one in looks if "assigned_to_id IS NULL" in one.get("Index Cond", "") + one.get("Filter", "")]
    drawn = [one for one in nodes(plan) if one.get("Relation Name") == "reports_report" and one["Alias"][0] == "n"]
    assert sum(one["Actual Loops"] for one in drawn) <= theirs


def test_header_is_one_statement_once_the_keys_are_known(monkeypatch):
    north, asked = supervisor("Nord"), []
    near()
    monkeypatch.setattr(ending_without_agent, "fetch_rows", lambda *call: asked.append(call[0]) or fetch_rows(*call))
    for _page in range(3):
        assert schedule.notice(north, timezone.now()).soon == 1
    assert asked == [ending_without_agent.WITHOUT_AGENT, *[schedule.NOTICE] * 3]
    assert schedule.notice(make.agent(unit_name="Nord"), timezone.now()).soon == 0
    assert asked[4:] == [schedule.NOTICE], "an agent decides about nothing"


# --- that it stays true -----------------------------------------------------------------------------------------------


def test_what_somebody_does_shows_at_once(later):
    """Nothing here is done by way of this process's memory, as if another process had done it."""
    north = supervisor("Nord")
    user: User = north.user
    frozen, spoken, erased, answered = (near() for _each in range(4))
    past = near()
    asked_at = freeze(past, user).asked_at  # it is frozen before this process has looked
    assert soon(north) == 4
    freeze(frozen, user)
    assert soon(north) == 3
    lift_freeze(report_id=past.report_id, by=user, asked_at=asked_at)
    assert soon(north) == 4
    make.message(spoken, "Je suis là.")
    assert soon(north) == 3
    Conversation.objects.filter(pk=answered.pk).update(
        assigned_to=make.agent(unit_name="Sud"), assigned_at=make.long_ago(60 * 24 * NEAR), status="active"
    )
    assert soon(north) == 2
    fresh = make.waiting()
    for conversation in (erased, fresh):
        ask_erasure(report_id=conversation.report_id)
        answer_erasure(report_id=conversation.report_id, by=user, is_granted=True)
    assert soon(north) == 3, "one more goes soon, although it is new"
    Conversation.objects.filter(pk=past.pk).update(reporter_seen_at=timezone.now())
    assert soon(north) == 2


def test_who_decides_counts_at_once():
    """Somebody goes on call, and a unit gets its first supervisor: what is drawn is another."""
    north, south = supervisor("Nord"), supervisor("Sud")
    for _each in range(30):
        near()
    before = soon(north), soon(south)
    assert sum(before) == 30 and min(before) > 0
    now = timezone.now()
    duty = OnCall.objects.create(
        supervisor=north, unit=south.unit, starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=1),
        motive="essai", named_by=south.user, named_at=now,
    )  # fmt: skip
    assert (soon(north), soon(south)) == (30, before[1])
    duty.ended_at, duty.ended_by = timezone.now(), south.user
    duty.save()
    assert (soon(north), soon(south)) == before
    east = supervisor("Est")
    drawn = [drawn_name(one.report_id) for one in Conversation.objects.all()]
    for agent in (north, south, east):
        assert soon(agent) == drawn.count(agent.unit.name)
    User.objects.filter(pk=north.user_id).update(role=Role.AGENT)
    assert soon(Agent.objects.get(pk=north.pk)) == 0
    assert soon(south) + soon(east) == 30
    assert not Unit.objects.exclude(agents__user__role__isnull=False).exists()


def test_time_that_passes_is_told_when_it_passes(later):
    north = supervisor("Nord")
    now = timezone.now()
    conversation = near(305 - 30 / 86_400)  # it is announced in half a minute
    assert soon(north, now) == 0
    assert soon(north, now + timedelta(seconds=31)) == 1, "it was among the keys"
    Conversation.objects.filter(pk=conversation.pk).update(reporter_seen_at=now)
    assert soon(north, now + timedelta(seconds=31)) == 0


def test_what_was_not_seen_coming_is_told_within_a_minute(later):
    north = supervisor("Nord")
    near()
    assert soon(north) == 1
    near()  # no exchange becomes as old as that within a minute
    assert soon(north) == 1
    later(ending_without_agent.KEPT_SECONDS - 1)
    assert soon(north) == 1
    later(2)
    assert soon(north) == 2


def test_what_is_frozen_takes_no_place_of_what_ends(monkeypatch):
    monkeypatch.setattr(ending_without_agent, "AT_MOST", 2)
    north = supervisor("Nord")
    for _each in range(2):
        freeze(near(NEAR + 1), north.user)
    for _each in range(3):
        near()
    assert soon(north) == 2, "as many as are shown"

"""This module writes invented exchanges of the past, so that board, history and staffing have much to show.

`make sandbox ARGS="--past month"` runs it. Invented people came, waited, were answered or gave up, in the proportions
that the service is known for (25,000 a year, one in ten a minor, 55 minutes; evenings and Sundays are busier). There
are no messages: an exchange of the past consists of its times, its agent and its outcome. The same seed gives the same
people, whose week begins at the hour of the call.

It runs only in a demonstration, which `pnav.demo.sandbox` checks, and replaces what an earlier call wrote. It writes at
most PEOPLE_AT_MOST people with four rows each, BATCH people at a time.
"""

import math
import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from chat.models import (
    Agent,
    ClosedDay,
    Conversation,
    ConversationEvent,
    DailyFigure,
    EventKind,
    FigureRemainder,
    KeptReading,
)
from chat.rules.lifecycle import HEAVY, Author, Outcome, Status, weight_of
from chat.statistics import daily
from common import encryption
from locations.models import Force
from pnav.accounts.models import Role
from pnav.pages import figures
from reports.models import AgeBand, Report
from reports.retention.deletion import rule_of
from reports.rules.retention import Kind
from triage.rules import Outcome as Orientation
from triage.rules import Urgency

PERIODS = {"week": 7, "month": 30, "year": 365}
MARK = "sandbox-past"  # the `Report.triage_version` of these exchanges, by which they are found and replaced
PER_DAY = 25_000 / 365
PEOPLE_AT_MOST = 30_000
BATCH = 2_000
MEAN_MINUTES, PATIENCE_MINUTES = 55, 25
# How busy each hour is, from 0 h to 23 h, and each day, from Monday to Sunday, in relation to the mean. All invented.
HOURS = (
    0.7, 0.5, 0.3, 0.2, 0.15, 0.15, 0.2, 0.4, 0.6, 0.8, 0.9, 1, 1.1, 1.1, 1, 1, 1.2, 1.5, 1.7, 1.9, 2.2, 2.3, 1.8, 1.2,
)  # fmt: skip
DAYS = (0.95, 0.9, 1.05, 0.9, 0.95, 1.1, 1.15)
# How long the first answer takes on average, in seconds, in a calm hour and in one that is twice as busy.
CALM_WAIT, BUSY_WAIT = 35.0, 150.0
OUTCOMES = (
    (Outcome.ADVISED, 46), (Outcome.COMPLAINT, 24), (Outcome.PARTNERS, 14), (Outcome.TRANSMITTED, 8), (Outcome.LEFT, 6),
    (Outcome.OTHER, 2),
)  # fmt: skip
AGES = ((AgeBand.ADULT, 78), (AgeBand.UNKNOWN, 12), (AgeBand.FROM_15_TO_17, 6), (AgeBand.UNDER_15, 4))
URGENCIES = ((Urgency.NORMAL, 88), (Urgency.HIGH, 9), (Urgency.CRITICAL, 3))
PLACES = (
    ("93200", Force.POLICE), ("59000", Force.POLICE), ("31000", Force.POLICE), ("13001", Force.POLICE),
    ("35510", Force.GENDARMERIE), ("64320", Force.GENDARMERIE), ("38240", Force.GENDARMERIE),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Visit:
    """It is one person of the past.

    at: when they came. wait: seconds until they were answered or gave up. length: seconds that the exchange took.
    """

    at: datetime
    wait: float
    length: float
    is_answered: bool
    second_agent: bool

    @property
    def ended_at(self) -> datetime:
        """Return when the exchange ended, or when the person gave up."""
        return self.at + timedelta(seconds=self.wait + (self.length if self.is_answered else 0))


def days_of(period: str) -> int:
    """Return the number of days of a period. A year is shortened so that no exchange is announced for deletion yet."""
    rule = rule_of(Kind.EXCHANGE)
    return min(PERIODS[period], rule.days - rule.grace_days - rule.digest_days)


def visits(days: int, *, now: datetime, seed: int) -> Iterator[Visit]:
    """Yield everybody of these days who has left by now, in the order in which they came."""
    chance = random.Random(seed)
    start = timezone.localtime(now).replace(minute=0, second=0, microsecond=0) - timedelta(days=days)
    count = 0
    for number in range(days * 24 + 1):
        moment = start + timedelta(hours=number)
        rate = PER_DAY / 24 * HOURS[moment.hour] * DAYS[moment.weekday()] / (sum(HOURS) / 24)
        for _person in range(_poisson(rate, chance)):
            at = moment + timedelta(seconds=chance.uniform(0, 3600))
            mean = CALM_WAIT + (BUSY_WAIT - CALM_WAIT) * (HOURS[moment.hour] / 2) ** 2
            wait, patience = chance.expovariate(1 / mean), chance.expovariate(1 / (60 * PATIENCE_MINUTES))
            spread = math.sqrt(math.log1p(0.64))
            length = 60 * chance.lognormvariate(math.log(MEAN_MINUTES) - spread**2 / 2, spread)
            visit = Visit(at, min(wait, patience), length, wait <= patience, chance.random() < 0.06)
            if visit.ended_at < now and count < PEOPLE_AT_MOST:
                count += 1
                yield visit


def _poisson(mean: float, chance: random.Random) -> int:
    """Draw a number from a Poisson distribution, with Knuth's algorithm, which suits means of a few people an hour."""
    limit, product, count = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count


def fill(period: str, *, seed: int, now: datetime | None = None) -> int:
    """Replace what an earlier call wrote with this period, and return how many people it has.

    Raises LookupError, with a sentence in French, when there are no agents.
    """
    now = now or timezone.now()
    agents = list(Agent.objects.filter(user__role__in=[Role.AGENT, Role.SUPERVISOR]).select_related("user", "unit"))
    if not agents:
        raise LookupError("Aucun agent : lancez d'abord make run.")
    agents.sort(key=lambda agent: agent.pk)
    people = list(visits(days_of(period), now=now, seed=seed))
    chance = random.Random(seed + 1)
    with transaction.atomic():
        empty()
        for first in range(0, len(people), BATCH):
            _write(people[first : first + BATCH], agents, chance)
        opened = Conversation.objects.filter(report=OuterRef("pk")).values("opened_at")
        Report.objects.filter(triage_version=MARK).update(filed_at=Subquery(opened))
    with connection.cursor() as cursor:  # autovacuum would do so some time later
        cursor.execute("ANALYZE reports_report, chat_conversation, chat_conversationevent")
    count_days(now)
    figures.forget(now)
    return len(people)


def count_days(now: datetime) -> None:
    """Count the days of this past again. In a real service each day is counted only once.

    What the worker computed of the former past is deleted: board, history and staffing would show it for minutes.
    """
    with transaction.atomic():
        for model in (DailyFigure, ClosedDay, FigureRemainder, KeptReading):
            model.objects.all().delete()
    daily.close_due(now, limit=PERIODS["year"])


def empty() -> None:
    """Delete what an earlier call wrote, and nothing else."""
    Report.objects.filter(triage_version=MARK).delete()


def _write(people: Sequence[Visit], agents: Sequence[Agent], chance: random.Random) -> None:
    reports = Report.objects.bulk_create(_report(chance) for _visit in people)
    conversations, given = [], []
    for visit, report in zip(people, reports, strict=True):
        answering = _agents_of(visit, report, agents, chance)
        given.append(answering)
        conversations.append(_conversation(visit, report, answering, chance))
    Conversation.objects.bulk_create(conversations)
    ConversationEvent.objects.bulk_create(
        event
        for visit, conversation, answering in zip(people, conversations, given, strict=True)
        for event in _events(visit, conversation, answering)
    )


def _report(chance: random.Random) -> Report:
    submission_id = uuid.UUID(int=chance.getrandbits(128), version=4)
    postal_code, force = chance.choice(PLACES)
    return Report(
        submission_id=submission_id,
        triage_version=MARK,
        triage_answers_sealed=encryption.seal("{}", context=f"report:{submission_id}"),
        outcome=Orientation.CHAT,
        urgency=_pick(URGENCIES, chance),
        age_band=_pick(AGES, chance),
        postal_code=postal_code,
        force=force,
    )


def _agents_of(visit: Visit, report: Report, agents: Sequence[Agent], chance: random.Random) -> list[Agent]:
    """Return the agents who answered, in order. In calm hours fewer are present; those of the zone come first."""
    if not visit.is_answered:
        return []
    there = agents[: max(1, round(len(agents) * min(1.0, 0.25 + HOURS[timezone.localtime(visit.at).hour] / 2.5)))]
    of_zone = [agent for agent in there if agent.unit.force == report.force]
    first = chance.choice(of_zone or list(there))
    others = [agent for agent in there if agent != first]
    return [first, chance.choice(others)] if visit.second_agent and others else [first]


def _conversation(visit: Visit, report: Report, answering: Sequence[Agent], chance: random.Random) -> Conversation:
    urgency = report.urgency
    conversation = Conversation(
        report=report,
        status=Status.CLOSED if answering else Status.ABANDONED,
        urgency=urgency,
        weight=weight_of(urgency, critical=HEAVY),
        force=report.force,
        opened_at=visit.at,
        queued_at=visit.at,
        reporter_seen_at=visit.ended_at,
    )
    if answering:
        conversation.assigned_to = answering[-1]
        conversation.assigned_at = visit.at + timedelta(seconds=visit.wait)
        conversation.closed_at, conversation.closed_by = visit.ended_at, Author.AGENT
        conversation.outcome = _pick(OUTCOMES, chance)
    return conversation


def _events(visit: Visit, conversation: Conversation, answering: Sequence[Agent]) -> Iterator[ConversationEvent]:
    yield conversation.new_event(EventKind.OPENED, at=visit.at)
    for number, agent in enumerate(answering):
        at = visit.at + timedelta(seconds=visit.wait + number * visit.length / 2)
        yield conversation.new_event(EventKind.ASSIGNED, at=at, by=agent.user)
    if answering:
        yield conversation.new_event(EventKind.CLOSED, at=visit.ended_at, by=answering[-1].user)
    else:
        yield conversation.new_event(EventKind.PARKED, at=visit.ended_at)


def _pick[T](choices: Sequence[tuple[T, int]], chance: random.Random) -> T:
    return chance.choices([value for value, _weight in choices], [weight for _value, weight in choices])[0]

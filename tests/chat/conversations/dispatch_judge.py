"""The journal of threads that play histories on the dispatcher, and the judge who reads it.

`test_dispatcher_properties.py` says at its top what is judged.
"""

import threading
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from chat.conversations import dispatcher, dormancy
from chat.models import Agent, Conversation, ConversationEvent, EventKind
from chat.rules.lifecycle import OVER_CAPACITY, Availability, Status
from common.service_settings import definitions, values
from triage.rules import Urgency


def stamp() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('chat_conversationevent', 'id'))")
        return int(cursor.fetchone()[0])


# --- the journal ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Deed:
    """What a thread did between two stamps: `name` of `subject` became `value`."""

    name: str
    subject: Any
    value: Any
    before: int
    after: int


@dataclass
class Journal:
    deeds: list[Deed] = field(default_factory=list)
    passes: dict[datetime, int] = field(default_factory=dict)  # the time of a pass, with a stamp from before it began
    claims: dict[datetime, int] = field(default_factory=dict)  # the same for agents who take somebody themselves
    capacities: dict[int, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    places: dict[int, datetime] = field(default_factory=dict)
    overflow_seconds: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, name: str, subject: Any, value: Any, before: int) -> None:
        after = stamp()
        self.deeds.append(Deed(name, subject, value, before, after))

    def begin_claim(self) -> datetime:
        at = self.begin_pass()
        self.claims[at] = self.passes.pop(at)
        return at

    def begin_pass(self) -> datetime:
        """Return a moment that no other pass has."""
        before = stamp()
        with self._lock:
            at = timezone.now()
            while at in self.passes or at in self.claims:
                at += timedelta(microseconds=1)
            self.passes[at] = before
        return at

    def about(self, name: str, subject: Any) -> list[Deed]:
        return [deed for deed in self.deeds if (deed.name, deed.subject) == (name, subject)]

    def possible(self, name: str, subject: Any, start: int, end: int) -> set[Any]:
        """Return every value it may have had at some time between two stamps."""
        deeds = self.about(name, subject)
        return {
            deed.value
            for deed in deeds
            if deed.before < end and not any(deed.after < later.before and later.after < start for later in deeds)
        }

    def since(self, event: ConversationEvent, person: int) -> int:
        """Return a stamp from before the act began that gave this person to an agent."""
        given = self.passes.get(event.at) or self.claims.get(event.at)
        return given or min(deed.before for deed in self.around(event.pk) if deed in self.about("hand", person))

    def avoided(self, person: int, before: int) -> set[int]:
        """Return the accounts that passed this person on through the queue before this stamp: each of them is
        remembered.
        """
        return {deed.value.avoided for deed in self.about("direction", person) if deed.value and deed.after < before}

    def is_back(self, person: int, start: int, end: int) -> bool:
        """Return whether this person may have given a sign between two stamps."""
        signs = [deed for deed in self.about("present", person) if deed.value] + self.about("wrote", person)
        return any(deed.before < end and start < deed.after for deed in signs)

    def around(self, number: int) -> list[Deed]:
        return [deed for deed in self.deeds if deed.before < number < deed.after]


@dataclass(frozen=True)
class Directed:
    """Passed on through the queue by the account `avoided`, to the agents of `unit` (a key, 0 for any)."""

    unit: int
    avoided: int


# --- the judge --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wait:
    """A person certainly waited from `start` to `end`."""

    start: float
    end: float


def judge(journal: Journal) -> set[str]:
    """Return the promises that were broken, by name; empty when all were kept. Call it when everything is quiet."""
    broken: set[str] = set()
    events = list(ConversationEvent.objects.order_by("pk"))
    people = {person.pk: person for person in Conversation.objects.all()}
    agents = {agent.user_id: agent for agent in Agent.objects.select_related("unit")}
    status: dict[int, str] = {}
    holder: dict[int, int] = {}
    held: dict[int, set[int]] = defaultdict(set)
    waits: dict[int, list[Wait]] = defaultdict(list)
    began: dict[int, float] = {}
    # Since which event; somebody who came back counts as dormant until the journal tells it.
    dormant: dict[int, int] = {}
    most = values.get(definitions.DORMANT_MOST)
    passed: dict[int, str] = {}  # the act by which somebody is passed on; the agent's name follows

    def begin(person: int, number: int) -> None:
        status[person] = Status.WAITING
        began[person] = max((deed.after for deed in journal.around(number)), default=number)

    def end(person: int, to: str, number: float) -> None:
        if status.get(person) == Status.WAITING:
            waits[person].append(Wait(began.pop(person), number))
        status[person] = to

    for event in events:
        person, number = event.conversation_id, event.pk
        match event.kind:
            case EventKind.OPENED:
                begin(person, number)
            case EventKind.RESUMED:
                if status[person] == Status.ABANDONED:
                    begin(person, number)
            case EventKind.HANDED_OVER | EventKind.REASSIGNED:
                if status.get(person) != Status.ACTIVE:
                    broken.add("two agents")
                passed[person] = event.kind
            case EventKind.DORMANT:
                if journal.possible("present", person, number, number) == {True}:
                    broken.add("there")
                dormant[person] = number
                surely = [
                    each
                    for each in held[holder[person]] & dormant.keys()
                    if not journal.is_back(each, dormant[each], number)
                ]
                if sum(min(journal.possible("weight", each, number, number)) for each in surely) > most:
                    broken.add("bound")
            case EventKind.AWAKE:
                dormant.pop(person)
            case EventKind.RELEASED | EventKind.ASLEEP | EventKind.TRANSFERRED:
                dormant.pop(person, None)
                held[holder.pop(person)].discard(person)
                begin(person, number)
            case EventKind.ASSIGNED:
                act = passed.pop(person, "")
                if act:
                    held[holder.pop(person)].discard(person)
                elif status.get(person) != Status.WAITING:
                    broken.add("two agents")
                end(person, Status.ACTIVE, number)
                dormant.pop(person, None)
                holder[person] = event.by_id
                capacity = [size for at, size in journal.capacities[event.by_id] if at < number][-1]
                since = journal.since(event, person)
                counting = held[event.by_id] - dormant.keys()
                filled = sum(min(journal.possible("weight", each, since, number)) for each in counting)
                held[event.by_id].add(person)
                is_over = filled >= capacity or len(counting) >= capacity or len(held[event.by_id]) > capacity + most
                if event.detail == OVER_CAPACITY:
                    is_over = filled >= capacity + most or len(held[event.by_id]) > capacity + most
                    is_over |= max(journal.possible("urgency", person, since, number)) < Urgency.CRITICAL
                if is_over and act != EventKind.REASSIGNED:
                    broken.add("capacity")
            case EventKind.CLOSED | EventKind.ABANDONED:
                if person in holder:
                    held[holder.pop(person)].discard(person)
                to = Status.CLOSED if event.kind == EventKind.CLOSED else Status.ABANDONED
                end(person, to, min((deed.before for deed in journal.around(number)), default=number))
    for person in list(began):
        waits[person].append(Wait(began.pop(person), float("inf")))

    for event in events:
        if event.kind != EventKind.ASSIGNED or event.at not in journal.passes:
            continue
        start, given_to = journal.passes[event.at], agents[event.by_id]
        if journal.possible("duty", event.by_id, start, event.pk) == {False}:
            broken.add("duty")
        directions = journal.possible("direction", event.conversation_id, start, event.pk)
        if event.by_id in journal.avoided(event.conversation_id, start):
            broken.add("given back")
        if (
            all(direction and direction.unit not in {0, given_to.unit_id} for direction in directions)
            and journal.overflow_seconds
            and max(journal.possible("urgency", event.conversation_id, start, event.pk)) == Urgency.NORMAL
        ):
            broken.add("unit")
        for person in people.values():
            if _comes_before(journal, person, people[event.conversation_id], start, event.pk) and (
                any(wait.start < start and wait.end > event.pk for wait in waits[person.pk])
                and journal.possible("present", person.pk, start, event.pk) == {True}
                and _may_take(journal, agents, given_to, person, start, event.pk)
            ):
                broken.add("first")

    for person in people.values():
        if status[person.pk] != person.status or holder.get(person.pk) != (
            person.assigned_to.user_id if person.status == Status.ACTIVE else None
        ):
            broken.add("history")
        if person.queued_at != journal.places[person.pk]:
            broken.add("place")
    if dispatcher._slept_through(timezone.now()).exists():
        broken.add("asleep")
    freed = {user: sum(people[each].weight for each in of if people[each].is_dormant) for user, of in held.items()}
    for row in dormancy._may_rest(timezone.now()).select_related("assigned_to"):
        if freed.get(row.assigned_to.user_id, 0) + row.weight <= most:
            broken.add("rest")
    now = stamp()
    on_duty = [
        agent
        for agent in agents.values()
        if agent.availability == Availability.AVAILABLE and agent.seen_at > timezone.now() - timedelta(minutes=1)
    ]
    for person in people.values():
        is_there = journal.possible("present", person.pk, now, now) == {True}
        for agent in on_duty:
            places = sum(people[each].weight for each in held[agent.user_id] if not people[each].is_dormant)
            has_room = places < agent.capacity
            is_owed = status[person.pk] == Status.WAITING and is_there and has_room
            if is_owed and _may_take(journal, agents, agent, person, now, now):
                broken.add("forgotten")
    return broken


def _comes_before(journal, person, other, start, end):
    if person.report.is_crowded:
        return False  # beyond the share of such people, anybody else may come first (test_crowds.py)
    mine = min(journal.possible("urgency", person.pk, start, end), default=Urgency.NORMAL)
    theirs = max(journal.possible("urgency", other.pk, start, end), default=Urgency.NORMAL)
    return (-mine, person.queued_at, person.pk) < (-theirs, other.queued_at, other.pk)


def _may_take(journal, agents, agent, person, start, end):
    """Return whether this agent surely may take this person: what « may » means, written once more."""
    is_free = journal.overflow_seconds == 0 or min(journal.possible("urgency", person.pk, start, end)) > Urgency.NORMAL
    if agent.user_id in journal.avoided(person.pk, end):
        return False
    for direction in journal.possible("direction", person.pk, start, end) - {None}:
        if not (is_free or direction.unit in {0, agent.unit_id}):
            return False

    def is_near(force):
        if force in {"", agent.force} or is_free:
            return True
        same_force = [user for user, each in agents.items() if each.force == force]
        return not any(journal.possible("duty", user, start, end) - {False} for user in same_force)

    return all(is_near(force) for force in journal.possible("force", person.pk, start, end))

"""The dispatcher while everything moves at once, judged by what happened, not by its code.

Threads with a connection each play generated histories on PostgreSQL: people arrive, leave, go away, come back and
change urgency; agents come on duty, pause, change capacity, vanish, come back, take somebody themselves, pass them on
to a colleague, a unit or the other force; a supervisor reassigns; conversations close; every change of capacity
dispatches, and so does the tick. `judge` then reads the history of the conversations
(`ConversationEvent`) and the journal of the threads. Both carry stamps of one PostgreSQL sequence: an event draws its
number while its rows are locked, the journal draws one before and one after each deed, so that « before » and « after »
are facts whatever the clocks do.

What is promised, exactly:

* *Two agents*: a conversation is assigned only while it waits or is passed on, and leaves an agent only by an event.
* *Capacity*: an agent who is given somebody had a place free, and holds no more conversations than their capacity of
  that moment. A conversation fills as many places as its weight; the last place is enough for a heavy one (ADR 0040).
  (Lowering the capacity, or raising a weight, takes nobody away; a supervisor may reassign beyond it.) A dormant
  conversation fills no place; with those an agent holds no more than their capacity and `DORMANT_MOST` (ADR 0086).
  Within the same bound, somebody in great danger may be given to a full agent with silent people (ADR 0145).
* *Duty*: nobody is given to an agent who was off duty from before the pass began.
* *First*: no pass gives Q to an agent A if there is a P who comes before Q in the queue (more urgent, or as urgent and
  older), whom A may take (A is of P's force, or P has none, or is urgent, or the delay for overflow is over, or nobody
  of P's force is on duty), and who waited and was present all the time from before the pass began until Q was given.
  So whoever arrives, returns or becomes urgent while a pass runs may come after somebody whom this pass gives; and
  whoever waits for an agent of their force may be overtaken by a person whom another agent may take. An agent who
  takes a person by themselves (`claim_conversation`) chooses freely.
* *Given back*: no pass gives somebody who was passed on through the queue to an agent who passed them on, the last
  one or one before (ADR 0038).
* *Unit*: nor, before the delay for overflow is over and unless they are urgent, outside the unit they were passed to.
* *Nobody forgotten*: when everything is quiet and one tick has passed, there is no present person who waits while an
  agent on duty, with room, may take them.
* *Asleep*: once a tick has passed, nobody is with an agent who has waited for their sleeping page for `WOKEN`.
  A page that sleeps within `ASLEEP` is present; one that slept through its turn is not, until its person is seen.
* *Dormant*: nobody who is there is put to rest; the dormant conversations of an agent fill `DORMANT_MOST` places at
  most; once a tick has passed, no other holds a place that may rest within it. Whoever comes back has their agent.
* *Place*: `queued_at` never moves.
"""

import itertools
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from unittest.mock import patch

import pytest
from django.db import transaction
from django.test import override_settings
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from chat.conversations import actions, dispatcher, dormancy, resume
from chat.models import Agent, Conversation, ConversationEvent, EventKind, Message
from chat.models.transfer import Direction
from chat.rules.assignment import share_out
from chat.rules.lifecycle import HEAVY, LIGHT, OVER_CAPACITY, Author, Availability, Outcome, Status
from chat.rules.transfer import Answer, Reason, Target
from chat.supervision import intervention
from chat.transfer import actions as transfer_actions
from locations.models import Force
from pnav.accounts.models import Role, User
from reports.models import Report
from tests.chat.conversations.dispatch_judge import (
    Deed,
    Directed,
    Journal,
    judge,
    stamp,
)
from tests.chat.conversations.test_actions import in_threads
from tests.chat.conversations.turns import unlike
from tests.factories import chat as make
from triage.rules import Urgency

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


PEOPLE, AGENTS, THREADS = 8, 4, 3
# Nobody listens, and notifications cost nothing.
IN_MEMORY = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


# --- the histories ----------------------------------------------------------------------------------------------------

person = st.integers(0, PEOPLE - 1)
agent = st.integers(0, AGENTS - 1)
deeds = st.one_of(
    st.tuples(st.just("arrive"), person, st.none()),
    st.tuples(st.just("leave"), person, st.none()),
    st.tuples(st.just("go_away"), person, st.sampled_from([2, 40])),
    st.tuples(st.just("come_back"), person, st.none()),
    st.tuples(st.just("sleep"), person, st.sampled_from([2, 40])),
    st.tuples(st.just("oversleep"), person, st.none()),
    st.tuples(st.just("rest"), person, st.none()),
    st.tuples(st.just("hush"), person, st.none()),
    st.tuples(st.just("raise"), person, st.sampled_from(Urgency)),
    st.tuples(st.just("weigh"), person, st.sampled_from([LIGHT, HEAVY])),
    st.tuples(st.just("write"), person, st.none()),
    st.tuples(st.just("close"), person, st.none()),
    st.tuples(st.just("on_duty"), agent, st.integers(0, 3)),
    st.tuples(st.just("pause"), agent, st.none()),
    st.tuples(st.just("vanish"), agent, st.none()),
    st.tuples(st.just("beat"), agent, st.none()),
    st.tuples(st.just("take"), agent, person),
    st.tuples(st.just("pass_on"), person, agent),
    st.tuples(st.just("pass_to_unit"), person, agent),
    st.tuples(st.just("pass_to_force"), person, st.sampled_from(Force.values)),
    st.tuples(st.just("pass_warmly"), person, agent),
    st.tuples(st.just("reassign"), person, agent),
    st.tuples(st.just("tick"), st.none(), st.none()),
)


@dataclass(frozen=True)
class History:
    """One history to play: what there is at the start, who comes, and what each thread does.

    It has the forces and capacities of the agents; who waits at the start (zone, urgency, minutes); who comes; the
    threads; and which people come from a crowded network. Every second agent of a force is of another unit.
    """

    agents: list[tuple[str, int]]
    waiting: list[tuple[str, int, int]]
    coming: list[tuple[str, int]]
    scripts: list[list[tuple[str, Any, Any]]]
    overflow_seconds: int
    crowded: frozenset[int] = frozenset()


zone = st.sampled_from(["", *Force.values])
histories = st.builds(
    History,
    agents=st.lists(st.tuples(st.sampled_from(Force.values), st.integers(0, 3)), min_size=AGENTS, max_size=AGENTS),
    waiting=st.lists(
        st.tuples(zone, st.sampled_from(Urgency), st.integers(1, 9)), min_size=PEOPLE // 2, max_size=PEOPLE // 2
    ),
    coming=st.lists(st.tuples(zone, st.sampled_from(Urgency)), min_size=PEOPLE // 2, max_size=PEOPLE // 2),
    scripts=st.lists(st.lists(deeds, min_size=4, max_size=10), min_size=THREADS, max_size=THREADS),
    overflow_seconds=st.sampled_from([0, 3600]),
    crowded=st.frozensets(person, max_size=PEOPLE // 2),
)


class Play:
    """One history, which is played."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.journal = Journal(overflow_seconds=history.overflow_seconds)
        for model in (Message, ConversationEvent, Conversation, Report, Agent, User):
            model.objects.all().delete()
        self.agents = [
            make.agent(force=force, capacity=capacity, unit_name=f"{force} {index % 2}")
            for index, (force, capacity) in enumerate(history.agents)
        ]
        self.supervisor = make.agent(role=Role.SUPERVISOR, availability=Availability.AWAY, present=False)
        self.supervisor.supervised_units.set([each.unit for each in self.agents])
        self.journal.capacities[self.supervisor.user_id].append((stamp(), self.supervisor.capacity))
        self.journal.note("duty", self.supervisor.user_id, False, stamp())
        for each in self.agents:
            self.journal.capacities[each.user_id].append((stamp(), each.capacity))
            self.journal.note("duty", each.user_id, True, stamp())
        people = [*((force, urgency) for force, urgency, _age in history.waiting), *history.coming]
        self.reports = [
            make.report(**fields | {"force": force, "urgency": urgency, "is_crowded": number in history.crowded})
            for (number, (force, urgency)), fields in zip(enumerate(people), unlike(), strict=False)
        ]
        for report, (_force, _urgency, age) in zip(self.reports, history.waiting, strict=False):
            before = stamp()
            place = make.long_ago(age)
            row = make.waiting(filed=report, queued_at=place)
            ConversationEvent.objects.create(conversation=row, kind=EventKind.OPENED, at=place)
            self._arrived(row, before)

    def run(self) -> set[str]:
        dispatch = dispatcher.dispatch
        with ExitStack() as stack:
            stack.enter_context(
                override_settings(OVERFLOW_SECONDS=self.history.overflow_seconds, CHANNEL_LAYERS=IN_MEMORY)
            )
            stack.enter_context(patch.object(dispatcher, "dispatch", lambda: dispatch(now=self.journal.begin_pass())))
            scripts = self.history.scripts
            in_threads(len(scripts), lambda index: [self.do(*deed) for deed in scripts[index]])
            self.tick()
            return judge(self.journal)

    def do(self, name: str, index: Any, value: Any) -> None:
        getattr(self, name)(*(each for each in (index, value) if each is not None))

    def _arrived(self, row: Conversation, before: int) -> None:
        self.journal.places.setdefault(row.pk, row.queued_at)
        self.journal.note("present", row.pk, True, before)
        self.journal.note("urgency", row.pk, row.urgency, before)
        self.journal.note("weight", row.pk, row.weight, before)
        self.journal.note("force", row.pk, row.force, before)
        self.journal.note("direction", row.pk, None, before)

    def _row(self, index: int) -> Conversation | None:
        return Conversation.objects.select_related("assigned_to__user").filter(report=self.reports[index]).first()

    # -- people

    def arrive(self, index: int) -> None:
        before = stamp()
        if self._row(index) is None:
            row = actions.open_conversation(report=self.reports[index])
            self._arrived(row, before)

    def leave(self, index: int) -> None:
        before = stamp()
        if row := self._row(index):
            actions.close_conversation(conversation_id=row.pk, by_author=Author.REPORTER)
            self.journal.note("closed", row.pk, True, before)

    def go_away(self, index: int, minutes: int) -> None:
        before = stamp()
        if row := self._row(index):
            Conversation.objects.filter(pk=row.pk).update(
                reporter_seen_at=make.long_ago(minutes), reporter_is_hidden=False
            )
            self.journal.note("present", row.pk, False, before)

    def sleep(self, index: int, minutes: int) -> None:
        """Let the page say that it went out of sight, and be unseen for so long."""
        before = stamp()
        if row := self._row(index):
            Conversation.objects.filter(pk=row.pk).update(
                reporter_seen_at=make.long_ago(minutes), reporter_is_hidden=True
            )
            self.journal.note("present", row.pk, minutes < 10, before)

    def oversleep(self, index: int) -> None:
        """Let their turn come while their page slept, and them be unseen since."""
        before = stamp()
        row = self._row(index)
        if row is None or row.assigned_to is None:
            return
        asleep = Conversation.objects.filter(pk=row.pk, status=Status.ACTIVE)
        asleep.update(reporter_seen_at=make.long_ago(8), reporter_is_hidden=True, assigned_at=make.long_ago(5))
        self.journal.note("present", row.pk, False, before)

    def rest(self, index: int) -> None:
        """Let their agent answer, and them be unseen for long."""
        before = stamp()
        if (answered := self._answered(index)) is not None:
            row, then = answered
            gone = Conversation.objects.filter(pk=row.pk, status=Status.ACTIVE)
            gone.update(reporter_seen_at=then, reporter_is_hidden=False, assigned_at=then)
            self.journal.note("present", row.pk, False, before)

    def hush(self, index: int) -> None:
        """Let their agent answer, and them say nothing for long, wherever they are."""
        if (answered := self._answered(index)) is not None:
            row, then = answered
            Conversation.objects.filter(pk=row.pk, status=Status.ACTIVE).update(assigned_at=then)

    def _answered(self, index: int) -> tuple[Conversation, datetime] | None:
        """Let the agent of this person answer, and all of the thread be old; return the row and since when."""
        row = self._row(index)
        if row is None or row.assigned_to is None:
            return None
        try:
            make.message(row, author=Author.AGENT)
        except (actions.NotYours, actions.ConversationClosed):
            return None
        then = make.long_ago(40)
        Message.objects.filter(conversation=row).update(sent_at=then)
        return row, then

    def come_back(self, index: int) -> None:
        before = stamp()
        if row := self._row(index):
            resume.revive_conversation(conversation_id=row.pk)
            self.journal.note("present", row.pk, True, before)

    def raise_(self, index: int, urgency: int) -> None:
        before = stamp()
        if row := self._row(index):
            Conversation.objects.filter(pk=row.pk).update(urgency=urgency)
            self.journal.note("urgency", row.pk, urgency, before)

    def weigh(self, index: int, weight: int) -> None:
        row = self._row(index)
        if row is None or row.assigned_to is None:
            return
        before = stamp()
        try:
            actions.set_weight(conversation_id=row.pk, weight=weight, by=row.assigned_to.user)
        except (actions.NotYours, actions.ConversationClosed):
            return
        self.journal.note("weight", row.pk, weight, before)

    def write(self, index: int) -> None:
        """Post, which holds the row that the dispatcher wants."""
        row = self._row(index)
        if row is not None and row.is_open:
            before = stamp()
            try:
                make.message(row)
            except actions.ConversationClosed:
                return
            self.journal.note("wrote", row.pk, True, before)

    def close(self, index: int) -> None:
        before = stamp()
        row = self._row(index)
        if row is None or row.assigned_to is None:
            return
        try:
            actions.close_conversation(
                conversation_id=row.pk, by_author=Author.AGENT, by=row.assigned_to.user, outcome=Outcome.ADVISED
            )
        except actions.NotYours:
            return
        self.journal.note("closed", row.pk, True, before)

    # -- agents

    def on_duty(self, index: int, capacity: int) -> None:
        who = self.agents[index]
        before = stamp()
        with transaction.atomic():
            actions.set_availability(agent_id=who.pk, availability=Availability.AVAILABLE, capacity=capacity)
            # Drawn while the agent is locked, so the stamps follow the order of the assignments.
            self.journal.capacities[who.user_id].append((stamp(), capacity))
        self.journal.note("duty", who.user_id, True, before)

    def pause(self, index: int) -> None:
        before = stamp()
        actions.set_availability(agent_id=self.agents[index].pk, availability=Availability.PAUSE)
        self.journal.note("duty", self.agents[index].user_id, False, before)

    def vanish(self, index: int) -> None:
        before = stamp()
        Agent.objects.filter(pk=self.agents[index].pk).update(seen_at=make.long_ago(2))
        self.journal.note("duty", self.agents[index].user_id, False, before)

    def beat(self, index: int) -> None:
        before = stamp()
        Agent.objects.filter(pk=self.agents[index].pk).update(seen_at=timezone.now())
        dispatcher.dispatch()
        self.journal.note("duty", self.agents[index].user_id, "perhaps", before)  # unless the tick came first

    def take(self, index: int, other: int) -> None:
        if row := self._row(other):
            dispatcher.claim_conversation(
                conversation_id=row.pk, agent_id=self.agents[index].pk, now=self.journal.begin_claim()
            )

    # -- passing on

    def _hand(self, index: int, work: Any) -> None:
        """Do this work with the row, under an agent. What is refused changes nothing."""
        row = self._row(index)
        if row is None or row.assigned_to is None:
            return
        before = stamp()
        try:
            work(row)
        except REFUSED:
            return
        self.journal.note("hand", row.pk, None, before)

    def _cold(self, index: int, target: Target, force: str = "") -> None:
        def work(row: Conversation) -> None:
            by = row.assigned_to
            one = transfer_actions.transfer_cold(conversation_id=row.pk, by=by, target=target, reason=Reason.COMPETENCE)
            if not target.agent:  # another thread may have looked since that line of the history
                number = row.events.get(kind=EventKind.TRANSFERRED, at=one.asked_at).pk
                is_to_queue = target == transfer_actions.queue_of(by)  # which keeps the force of the zone
                force_of = row.force if is_to_queue else force
                for name, value in (("direction", Directed(target.unit, by.user_id)), ("force", force_of)):
                    self.journal.deeds.append(Deed(name, row.pk, value, number, number))

        self._hand(index, work)

    def pass_on(self, index: int, other: int) -> None:
        self._cold(index, Target(agent=self.agents[other].pk))

    def pass_to_unit(self, index: int, other: int) -> None:
        self._cold(index, Target(unit=self.agents[other].unit_id), self.agents[other].force)

    def pass_to_force(self, index: int, force: str) -> None:
        self._cold(index, Target(force=force), force)

    def pass_warmly(self, index: int, other: int) -> None:
        def work(row: Conversation) -> None:
            by, to = row.assigned_to, self.agents[other]
            one = transfer_actions.propose_handover(
                conversation_id=row.pk, by=by, target=Target(agent=to.pk), reason=Reason.REQUEST, summary="Un résumé."
            )
            transfer_actions.answer_summary(handover_id=one.pk, conversation_id=row.pk, answer=Answer.AGREED)
            transfer_actions.accept_handover(handover_id=one.pk, conversation_id=row.pk, by=to)

        self._hand(index, work)

    def reassign(self, index: int, other: int) -> None:
        self._hand(
            index,
            lambda row: intervention.reassign(
                conversation_id=row.pk, by=self.supervisor, agent_id=self.agents[other].pk, motive="essai"
            ),
        )

    def tick(self) -> None:
        before = stamp()
        transfer_actions.advance_handovers()
        dispatcher.release_stale()
        dispatcher.release_asleep()
        dispatcher.abandon_absent()
        dormancy.put_to_rest()
        dormancy.tell_returns()
        dispatcher.dispatch()
        dormancy.give_over_capacity(now=self.journal.begin_pass())
        self.journal.note("tick", None, None, before)


setattr(Play, "raise", Play.raise_)
REFUSED = (
    actions.NotYours, actions.ConversationClosed, transfer_actions.NoRoom, transfer_actions.NobodyThere,
    transfer_actions.UnderWay, transfer_actions.GivenBack, transfer_actions.Over, intervention.Resting,
)  # fmt: skip


def test_dispatcher_keeps_its_promises_while_everything_moves():
    @examples(
        max_examples=40,
        deadline=None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a race cannot be shrunk
        suppress_health_check=list(HealthCheck),
    )
    @given(histories)
    def holds(history):
        assert Play(history).run() == set()

    holds()


# --- the judge is judged ----------------------------------------------------------------------------------------------

POLICE, GENDARMERIE = Force.POLICE, Force.GENDARMERIE
# An agent with room for two takes the second person, then the tick assigns; four more people come.
SCRIPT = [("take", 0, 1), ("take", 1, 1), ("tick", None, None), *[("arrive", n, None) for n in range(4, 8)]]
SMALL = History(
    agents=[(POLICE, 2), (GENDARMERIE, 0), (GENDARMERIE, 0)],
    waiting=[(POLICE, Urgency.NORMAL, 9), (POLICE, Urgency.NORMAL, 7), (POLICE, Urgency.HIGH, 1), ("", 0, 5)],
    coming=[(POLICE, Urgency.NORMAL)] * 4,
    scripts=[SCRIPT],
    overflow_seconds=3600,
)
WIDE = replace(SMALL, agents=[(POLICE, 3)] * 3)
# An agent with two places: the critical person fills both.
HEAVIEST = replace(
    SMALL,
    waiting=[(POLICE, Urgency.CRITICAL, 9), (POLICE, Urgency.NORMAL, 7), (POLICE, Urgency.NORMAL, 6), ("", 0, 5)],
    scripts=[[("tick", None, None)]],
)
# Two agents of one unit and force, and one of another unit, each with one place: the first one passes somebody on.
TEAM = replace(
    SMALL,
    agents=[(POLICE, 1), (POLICE, 1), (POLICE, 1), (GENDARMERIE, 1)],
    waiting=[(POLICE, Urgency.NORMAL, 9), (POLICE, Urgency.NORMAL, 7)],
)
# Back to the one who has just become free, unless it is remembered who passed it on: the unit's other agent is full.
BACK = replace(
    TEAM,
    agents=[(POLICE, 1), (POLICE, 1), (POLICE, 0), (GENDARMERIE, 0)],
    scripts=[[("take", 0, 0), ("take", 1, 1), ("pass_to_unit", 0, 1)]],
    overflow_seconds=0,
)
# To the third agent, who is free, unless it is remembered to which unit it was passed.
ELSEWHERE = replace(TEAM, scripts=[[("take", 0, 0), ("take", 1, 1), ("pass_to_unit", 0, 1), ("tick", None, None)]])
# Passed on by the one who had room, then by the other one: neither of them may take it back.
TWICE = replace(
    BACK,
    waiting=[(POLICE, Urgency.NORMAL, 9)],
    scripts=[[("take", 0, 0), ("pass_to_unit", 0, 1), ("pass_to_force", 0, POLICE), ("tick", None, None)]],
)
HANDED = replace(
    TEAM,
    agents=[(POLICE, 2), (POLICE, 2), (POLICE, 1), (GENDARMERIE, 1)],
    scripts=[[
        ("take", 0, 0), ("take", 0, 1), ("pass_on", 0, 1), ("pass_warmly", 0, 2), ("reassign", 0, 0),
        ("pass_to_force", 0, GENDARMERIE), ("pass_to_unit", 1, 2), ("close", 0, None), ("tick", None, None),
    ]],
)  # fmt: skip
# Their turn comes while they sleep. The person behind them is served once the delay is over.
SLEEPERS = replace(
    SMALL,
    agents=[(POLICE, 1), (GENDARMERIE, 0), (GENDARMERIE, 0)],
    waiting=[(POLICE, Urgency.NORMAL, 9), (POLICE, Urgency.NORMAL, 7)],
    scripts=[[
        ("sleep", 0, 2), ("tick", None, None), ("oversleep", 0, None), ("tick", None, None), ("close", 1, None),
        ("come_back", 0, None), ("tick", None, None),
    ]],
)  # fmt: skip
# Their agent's one place is given to another person while they are away. Then both are with that agent, and nobody
# else.
RESTED = replace(
    SLEEPERS,
    waiting=[(POLICE, Urgency.NORMAL, 9), (POLICE, Urgency.NORMAL, 7), (POLICE, Urgency.NORMAL, 6)],
    scripts=[[
        ("take", 0, 0), ("rest", 0, None), ("tick", None, None), ("come_back", 0, None), ("tick", None, None),
        ("arrive", 4, None), ("rest", 1, None), ("close", 0, None), ("tick", None, None), ("write", 1, None),
    ]],
)  # fmt: skip
ALL_AWAY = replace(
    RESTED,
    agents=[(POLICE, 3), (GENDARMERIE, 0), (GENDARMERIE, 0)],
    scripts=[[("tick", None, None), *[("rest", index, None) for index in range(3)], ("tick", None, None)]],
)
# Both places are filled by people who say nothing when two come in danger.
HUSHED = replace(
    SMALL,
    waiting=[(POLICE, Urgency.NORMAL, 9), (POLICE, Urgency.NORMAL, 7)],
    coming=[(POLICE, Urgency.CRITICAL)] * 6,
    scripts=[[
        ("tick", None, None), ("hush", 0, None), ("hush", 1, None), ("arrive", 4, None), ("arrive", 5, None),
        ("tick", None, None), ("write", 0, None), ("tick", None, None),
    ]],
)  # fmt: skip
PAUSED = replace(WIDE, scripts=[[("pause", 0, None), ("pause", 1, None), ("pause", 2, None), *SCRIPT]])


@pytest.mark.parametrize(
    "history", [SMALL, WIDE, PAUSED, HEAVIEST, BACK, TWICE, ELSEWHERE, HANDED, SLEEPERS, RESTED, ALL_AWAY, HUSHED]
)
def test_judge_finds_nothing_in_a_history_that_keeps_the_promises(history):
    assert Play(history).run() == set()


def test_judge_finds_an_agent_left_waiting_for_a_page_that_sleeps():
    still = replace(SLEEPERS, scripts=[SLEEPERS.scripts[0][:3]])
    with patch.object(dispatcher, "release_asleep", lambda: 0):
        assert Play(still).run() == {"asleep"}


def test_exchange_at_rest_is_its_agent_s_beside_another():
    """The history above did this: the same agent had three people in turn, two of them at once, with one place."""
    play = Play(RESTED)
    assert play.run() == set()
    given = ConversationEvent.objects.filter(kind=EventKind.ASSIGNED).values_list("by", flat=True)
    assert list(given) == [play.agents[0].user_id] * 3
    assert ConversationEvent.objects.filter(kind=EventKind.DORMANT).count() == 2


@pytest.mark.parametrize(
    ("history", "without", "broken"),
    [
        (ALL_AWAY, {"within": lambda _room, people: [key for key, _weight in people]}, "bound"),
        (ALL_AWAY, {"put_to_rest": lambda: 0}, "rest"),
        (
            SMALL,
            dict.fromkeys(["_may_rest", "_away_for_long"], lambda _now: Conversation.objects.active()),
            "there",
        ),
    ],
)
def test_judge_finds_a_guard_of_exchanges_at_rest_that_is_gone(history, without, broken):
    with patch.multiple(dormancy, **without):
        assert broken in Play(history).run()


def test_judge_finds_a_full_agent_who_is_given_too_many_in_danger():
    """With two places of silent people the second in danger has no room left. A critical person fills two."""
    play = Play(HUSHED)
    assert play.run() == set()
    assert ConversationEvent.objects.filter(detail=OVER_CAPACITY).count() == 1
    agents = Agent.objects.values("pk")
    boundless = patch.object(dormancy, "_countable_places", lambda *_arguments: {one["pk"]: 99 for one in agents.all()})
    with boundless:
        assert "capacity" in Play(HUSHED).run()


def test_judge_finds_somebody_who_is_not_in_danger_beyond_the_places():
    calm = replace(HUSHED, coming=[(POLICE, Urgency.HIGH)] * 6)
    with patch.object(dormancy, "_in_danger", lambda now: Conversation.objects.waiting().here(now)):
        assert "capacity" in Play(calm).run()


def _newest_first(people, agents, **options):
    return share_out(reversed(list(people)), agents, **options)


def _without_the_first(people, agents, **options):
    return share_out(itertools.islice(people, 1, None), agents, **options)


def _weightless(people, agents, **options):
    return share_out((replace(person, weight=LIGHT) for person in people), agents, **options)


def _forgiving(people, agents, **options):
    return share_out((replace(person, avoided=frozenset()) for person in people), agents, **options)


def _unitless(people, agents, **options):
    return share_out((replace(person, unit=0) for person in people), agents, **options)


def _remembering_the_last(people, now, *, with_silent, everything=dispatcher._people):
    for person in everything(people, now, with_silent=with_silent):
        last = Direction.objects.filter(conversation=person.key).values_list("avoided", flat=True)
        yield replace(person, avoided=frozenset(last))


def _no_load(keys, now, lock_agents=dispatcher._lock_agents):
    return [(each, 0) for each, _load in lock_agents(keys, now)]


def _whoever_it_is(keys):
    return {row.pk: row for row in Conversation.objects.filter(pk__in=keys).select_related("report")}


def _everybody(agents, now, wanted):
    return list(Agent.objects.values_list("pk", flat=True))


def _duty_not_asked(keys, now):
    return [(each, 0) for each in Agent.objects.filter(pk__in=keys).select_related("unit", "user")]


@pytest.mark.parametrize(
    ("history", "without", "broken"),
    [
        (SMALL, {"share_out": _newest_first}, "first"),
        (WIDE, {"share_out": _without_the_first}, "forgotten"),
        (SMALL, {"_lock_agents": _no_load}, "capacity"),
        (HEAVIEST, {"share_out": _weightless}, "capacity"),
        (BACK, {"share_out": _forgiving}, "given back"),
        (TWICE, {"_people": _remembering_the_last}, "given back"),
        (ELSEWHERE, {"share_out": _unitless}, "unit"),
        (WIDE, {"_lock_waiting": _whoever_it_is}, "two agents"),
        (PAUSED, {"_with_room": _everybody, "_lock_agents": _duty_not_asked}, "duty"),
    ],
)
def test_judge_finds_a_guard_that_is_gone(history, without, broken):
    with patch.multiple(dispatcher, **without):
        assert broken in Play(history).run()

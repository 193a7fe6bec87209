"""The ways to obtain a conversation: a party reads without a line in the audit log, and nobody else has such a way."""

import inspect

import pytest

from chat import access
from chat.conversations import departures
from chat.messages import reading
from chat.models import Conversation
from pnav.accounts.models import Role
from reports import session
from reports.models import AccessRecord, Report
from tests.chat.console.agents import page_of, signed_in
from tests.factories import chat as make

# Each of these is a way of a party, or answers only about accounts. A new one is listed here once it was decided
# whether it is a party's. If it is not, it calls `reports.audit.log.record`.
WAYS = {
    "_has_something_to_follow",  # a condition in the queries of a follower, which obtains nothing by itself
    "as_reporter",
    "for_own_copy",  # as its reporter, or as its follower when the person allowed it
    "erasure_of",  # what this person asked to have erased
    "erasure_by_digest",  # asked by somebody who has its words; it returns nothing of the conversation
    "reporters",
    "may_answer",
    "able_to_answer",
    "as_agent",
    "asker_of",  # the account that may ask who the person is, by name for those who have to call it
    "agents_of",
    "assigned_to",
    "ended_by",
    "units_of",  # units whose agents a supervisor sees by name
    "reach_of",  # the same units, and those for which the supervisor is on call
    "summary_for",  # the summary that this person is asked to read
    "offers_to",  # offers, without anything that anybody said
    "as_offered",
    "supervised_by",  # who answers, and since when; no text before `intervention.join`, which records
    "as_supervisor",
    "is_recused",  # whether an agent said that they know somebody concerned, without any text
    "watches",  # who reads what now, without any text
    "has_joined",
    "joined_before",  # asked only to say that it is over, without any text
    "spells_of",  # the times of an agent's own exchanges, for that agent
    "as_assigned_agent",
    "assigned_head",
    "taken_after",  # who took what this agent passed on: a name, and nothing that was said since
    "left_by",  # how it left this agent, who had it; nothing that came later
    "lost_by",  # where those are that went back from this agent, without any text
    "in_hands_of",  # of which exchanges a disclosure may be asked for; the page shows nothing that was said
    "for_opening",  # one of them
    "answered_by",  # returns only the agent's own exchanges
    "asides_of",  # questions to colleagues, and never the conversation
    "as_party_to_aside",
    "own_reply",
    "with_file_number",  # among conversations that were obtained before
    "as_unit",  # the account of a unit
    "received_by",  # summaries that were sent to it, and never the conversation
    "as_receiving_unit",
    "transmitted_by",  # returns those of an agent's own exchanges, for that agent
    "read_visit",  # whether the exchange of this visit is over, and nothing of it
    "read_exchange",  # the same, and `as_reporter`
    "_standing",  # what both say about a status
    "follow_up_by_digest",  # asked by somebody who has its words; it returns the steps, and nothing of the thread
    "as_follower",
}


def test_access_has_the_ways_of_the_parties_only():
    own = inspect.getmembers(access, lambda one: inspect.isfunction(one) and one.__module__ == access.__name__)
    assert {name for name, _function in own} == WAYS


def visit_of(report: Report, generation: int) -> dict[str, object]:
    return {session.KEY: str(report.public_id), session.GENERATION: generation}


@pytest.mark.django_db
def test_each_way_of_a_reporter_asks_for_the_generation_by_itself(rf):
    """`pnav.middleware.ended_visits` asks before any page; each of these refuses the device that was left behind
    without its help."""
    conversation, other = make.waiting(), make.waiting()
    Report.objects.filter(pk=conversation.report_id).update(visit_generation=2)
    report = conversation.report
    key = (str(report.public_id), 2)
    for generation, own in ((2, conversation), (1, None), (0, None), (3, None)):
        request = rf.get("/")
        request.session = visit_of(report, generation)
        assert access.as_reporter(request.session) == own
        assert session.current_report(request) == (own and report)
        assert access.read_visit(request.session) == access.Visit(own is None, own is not None, own is not None)
        assert access.read_exchange(request.session) == (access.read_visit(request.session), own)
        noted = departures.record_departure(report=str(report.public_id), generation=generation)
        assert (noted is not None) is (own is not None)
    found = access.reporters([(str(report.public_id), number) for number in range(4)])
    assert {visit: row[0] for visit, row in found.items()} == {key: conversation.pk}
    # With as many visits of other people as there may be, each gets its own.
    both = access.reporters([key, (str(other.report.public_id), 0)])
    assert {row[0] for row in both.values()} == {conversation.pk, other.pk}
    assert access.as_reporter(visit_of(other.report, 0)) == other


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR])
def test_conversation_read_by_who_answered_it_is_no_line(role):
    agent = make.agent(role=role)
    client = signed_in(agent.user)
    for conversation in (make.assigned(agent), make.closed(agent)):
        assert client.get(page_of(conversation)).status_code == 200
    assert not AccessRecord.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR])
def test_conversation_is_not_read_by_anybody_else(role):
    """Not even a supervisor reads it, and nothing is recorded, because nothing is shown."""
    conversation = make.closed(make.agent())
    other = make.agent(role=role, unit_name="Ailleurs")
    assert signed_in(other.user).get(page_of(conversation)).status_code == 404
    assert not AccessRecord.objects.exists()


@pytest.mark.django_db
def test_own_conversations_of_many_agents_are_each_one_s_and_the_oldest_first():
    agent, other, nobody = make.agent(capacity=9), make.agent(), make.agent()
    mine = [make.assigned(agent) for _each in range(3)]
    theirs = make.assigned(other)
    make.closed(agent)
    for conversation, minutes in zip(mine, (5, 40, 20), strict=True):
        Conversation.objects.filter(pk=conversation.pk).update(assigned_at=make.long_ago(minutes))
    found = reading.own_conversations([agent.pk, other.pk, nobody.pk])
    assert [pk for pk, _seq in found[agent.pk].values()] == [mine[1].pk, mine[2].pk, mine[0].pk]
    assert list(found[other.pk]) == [theirs.public_id] and found[nobody.pk] == {}
    assert reading.own_conversations([]) == {}

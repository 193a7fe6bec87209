"""Whom each act notifies, whether it assigns the place that it frees, and that it touches nobody else's row.

A page that is not notified finds the change at its next resync at the earliest. An agent with a free place is otherwise
assigned nobody before the worker's next tick.
"""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat import pubsub
from chat.conversations import (
    actions,
    closure_notice,
    departures,
    dispatcher,
    dormancy,
    follow_up_code,
    language_guess,
    lookalikes,
    losses,
    pauses,
    phone_calls,
    presence,
    resume,
)
from chat.models import Agent, ArrivalGroup, Conversation, ConversationEvent, FollowUp, Message
from chat.pubsub import Notification
from chat.rules.lifecycle import HEAVY, LIGHT, Author, Availability, Status
from reports.models import ChatClosure, ClosureReason, Report
from tests.factories import chat as make
from triage.rules import Urgency

pytestmark = pytest.mark.django_db

QUEUE = Notification(pubsub.QUEUE)
DISPATCHED = Notification("dispatched")  # this stands for no notification: the dispatcher ran after the commit
Told = set[Notification]
# What is done, and what is expected then.
Case = tuple[Callable[[], object], Callable[[], Told]]


def message(*conversations: Conversation) -> Told:
    """Return the notifications that the last line of each has come."""
    rows = Conversation.objects.filter(pk__in=[one.pk for one in conversations])
    return {Notification(pubsub.MESSAGES, conversation=str(row.public_id), seq=row.last_seq) for row in rows}


def state(*conversations: Conversation) -> Told:
    return {QUEUE, *(Notification(pubsub.STATE, conversation=str(one.public_id)) for one in conversations)}


def of(agent: Agent | None) -> Notification:
    assert agent is not None
    return Notification(pubsub.AGENT, agent=agent.pk)


def read(conversation: Conversation, author: str, seq: int) -> Notification:
    return Notification(pubsub.READ, conversation=str(conversation.public_id), author=author, seq=seq)


def nothing() -> Told:
    return set()


# --- actions ----------------------------------------------------------------------------------------------------------


def _open() -> Case:
    report = make.report()
    return (
        lambda: actions.open_conversation(report=report),
        lambda: state(Conversation.objects.get(report=report)) | {DISPATCHED},
    )


def _open_again() -> Case:
    report = make.waiting().report
    return lambda: actions.open_conversation(report=report), nothing


def _post() -> Case:
    one = make.assigned()
    return lambda: make.message(one), lambda: message(one)


def _post_again() -> Case:
    """Post again, because the first notification may have been lost."""
    one, client_id = make.assigned(), uuid.uuid4()

    def post() -> None:
        actions.post_message(conversation_id=one.pk, client_id=client_id, body="mot", author=Author.REPORTER)

    post()
    return post, lambda: message(one)


def _close_by_person() -> Case:
    one = make.assigned()
    return (
        lambda: actions.close_conversation(conversation_id=one.pk, by_author=Author.REPORTER),
        lambda: message(one) | state(one) | {of(one.assigned_to), DISPATCHED},
    )


def _close_by_agent() -> Case:
    one = make.assigned()
    assert one.assigned_to is not None
    by = one.assigned_to.user
    return (
        lambda: actions.close_conversation(conversation_id=one.pk, by_author=Author.AGENT, by=by, outcome="advised"),
        lambda: message(one) | state(one) | {of(one.assigned_to), DISPATCHED},
    )


def _close_while_waiting() -> Case:
    one = make.waiting()
    return (
        lambda: actions.close_conversation(conversation_id=one.pk, by_author=Author.REPORTER),
        lambda: message(one) | state(one) | {DISPATCHED},
    )


def _close_closed() -> Case:
    one = make.closed()
    return lambda: actions.close_conversation(conversation_id=one.pk, by_author=Author.REPORTER), nothing


def _weigh(before: int, after: int, told: Told) -> Case:
    one = make.assigned()
    Conversation.objects.filter(pk=one.pk).update(weight=before)
    assert one.assigned_to is not None
    by = one.assigned_to.user
    return lambda: actions.set_weight(conversation_id=one.pk, weight=after, by=by), lambda: told


def _weigh_more() -> Case:
    return _weigh(LIGHT, HEAVY, {QUEUE})


def _weigh_less() -> Case:
    return _weigh(HEAVY, LIGHT, {QUEUE, DISPATCHED})


def _weigh_the_same() -> Case:
    return _weigh(HEAVY, HEAVY, set())


def _read() -> Case:
    one, other = make.assigned(), make.assigned()
    for each in (one, other):
        make.message(each)
    marks = [actions.Mark(one.pk, Author.REPORTER, 1), actions.Mark(other.pk, Author.AGENT, 2)]
    return (
        lambda: actions.mark_read(marks),
        lambda: {read(one, Author.REPORTER, 1), read(other, Author.AGENT, 2)},
    )


def _read_again() -> Case:
    one = make.assigned()
    marks = [actions.Mark(one.pk, Author.REPORTER, 1)]
    actions.mark_read(marks)
    return lambda: actions.mark_read(marks), nothing


def _beat(seconds: float, told: Told) -> Case:
    agent = make.agent()
    Agent.objects.filter(pk=agent.pk).update(seen_at=timezone.now() - timedelta(seconds=seconds))
    return lambda: actions.agents_seen(agent_ids=[agent.pk]), lambda: told


def _beat_of_who_was_gone() -> Case:
    return _beat(90, {QUEUE, DISPATCHED})


def _beat_of_who_was_there() -> Case:
    return _beat(30, set())


def _availability() -> Case:
    agent = make.agent()
    return (
        lambda: actions.set_availability(agent_id=agent.pk, availability=Availability.AWAY),
        lambda: {of(agent), QUEUE, DISPATCHED},
    )


def _end_call() -> Case:
    agent = make.agent()
    phone_calls.begin_phone_call(agent_id=agent.pk)
    return (
        lambda: actions.set_availability(agent_id=agent.pk, availability=Availability.AVAILABLE),
        lambda: {of(agent), Notification(pubsub.ASIDE, agent=agent.pk), QUEUE, DISPATCHED},
    )


def _capacity() -> Case:
    agent = make.agent()
    return lambda: actions.set_capacity(agent_id=agent.pk, capacity=2), lambda: {of(agent), QUEUE, DISPATCHED}


def _sign_out() -> Case:
    agent = make.agent()
    return lambda: actions.signed_out(agent_id=agent.pk), lambda: {of(agent), QUEUE}


def _sign_out_of_who_is_away() -> Case:
    agent = make.agent(availability=Availability.AWAY)
    return lambda: actions.signed_out(agent_id=agent.pk), nothing


# --- leaving and coming back ------------------------------------------------------------------------------------------


def _leave() -> Case:
    one = make.assigned()
    return lambda: resume.park_conversation(report=one.report), lambda: message(one) | state(one)


def _leave_what_is_over() -> Case:
    one = make.closed()
    return lambda: resume.park_conversation(report=one.report), nothing


def _come_back_abandoned() -> Case:
    one = make.waiting()
    Conversation.objects.filter(pk=one.pk).update(status=Status.ABANDONED)
    return lambda: resume.revive_conversation(conversation_id=one.pk), lambda: state(one) | {DISPATCHED}


def _come_back_in_time() -> Case:
    one = make.waiting()
    return lambda: resume.revive_conversation(conversation_id=one.pk), nothing


def _come_back_by_code() -> Case:
    one = make.assigned()
    return lambda: resume.resume_conversation(conversation_id=one.pk), lambda: message(one) | state(one)


def _come_back_to_what_is_over() -> Case:
    one = make.closed()
    return lambda: resume.resume_conversation(conversation_id=one.pk), lambda: state(one)


def _double_click() -> Case:
    one, mark = make.assigned(), resume.new_mark()
    resume.resume_conversation(conversation_id=one.pk, mark=mark)
    return lambda: resume.resume_conversation(conversation_id=one.pk, mark=mark), nothing


# --- the dispatcher ---------------------------------------------------------------------------------------------------


def _claim() -> Case:
    one, agent = make.waiting(), make.agent()
    return (
        lambda: dispatcher.claim_conversation(conversation_id=one.pk, agent_id=agent.pk, now=timezone.now()),
        lambda: message(one) | state(one) | {of(agent)},
    )


def _lose_agent() -> Case:
    one = make.assigned()
    Agent.objects.filter(pk=one.assigned_to_id).update(seen_at=make.long_ago(5))
    return dispatcher.release_stale, lambda: message(one) | state(one) | {of(one.assigned_to)}


def _lose_agent_who_has_nobody() -> Case:
    Agent.objects.filter(pk=make.agent().pk).update(seen_at=make.long_ago(5))
    return dispatcher.release_stale, lambda: {QUEUE}


def _sleep_through() -> Case:
    one = make.assigned()
    rows = Conversation.objects.filter(pk=one.pk)
    rows.update(reporter_is_hidden=True, reporter_seen_at=make.long_ago(60), assigned_at=make.long_ago(50))
    return dispatcher.release_asleep, lambda: message(one) | state(one) | {of(one.assigned_to)}


def _abandon() -> Case:
    one = make.waiting()
    Conversation.objects.filter(pk=one.pk).update(reporter_seen_at=make.long_ago(24 * 60))
    return dispatcher.abandon_absent, lambda: state(one)


# --- rest and pauses --------------------------------------------------------------------------------------------------


def _resting() -> Conversation:
    """Return somebody who may be put to rest."""
    one = make.assigned()
    make.message(one, author=Author.AGENT)
    Message.objects.filter(conversation=one).update(sent_at=make.long_ago(20))
    rows = Conversation.objects.filter(pk=one.pk)
    rows.update(reporter_seen_at=make.long_ago(20), assigned_at=make.long_ago(20))
    return one


def _rest() -> Case:
    one = _resting()
    return dormancy.put_to_rest, lambda: message(one) | {of(one.assigned_to), QUEUE}


def _end_of_rest() -> Case:
    one = _resting()
    dormancy.put_to_rest()
    actions.reporters_seen(conversation_ids=[one.pk])
    return dormancy.tell_returns, lambda: message(one) | {of(one.assigned_to), QUEUE}


def _offer() -> Case:
    agent = make.agent()
    return lambda: pauses.offer_pause(agent_id=agent.pk), lambda: {of(agent), QUEUE}


def _offer_to_who_is_away() -> Case:
    agent = make.agent(availability=Availability.AWAY)
    return lambda: pauses.offer_pause(agent_id=agent.pk), nothing


def _offered() -> Agent:
    agent = make.agent()
    pauses.offer_pause(agent_id=agent.pk)
    return agent


def _take() -> Case:
    agent = _offered()
    return lambda: pauses.take_pause(agent_id=agent.pk, minutes=pauses.pause_minutes()[0]), lambda: {of(agent)}


def _decline() -> Case:
    agent = _offered()
    return lambda: pauses.decline_pause(agent_id=agent.pk), lambda: {of(agent), QUEUE, DISPATCHED}


def _end_of_pause() -> Case:
    agent = _offered()
    Agent.objects.filter(pk=agent.pk).update(pause_until=make.long_ago(1))
    return pauses.end_pauses, lambda: {of(agent), QUEUE, DISPATCHED}


def _pause_goes_on() -> Case:
    _offered()
    return pauses.end_pauses, nothing


# --- many at once -----------------------------------------------------------------------------------------------------


def _raid() -> list[Conversation]:
    return [make.waiting(queued_at=make.long_ago(5 - each / 30), postal_code="35000") for each in range(12)]


def _mark() -> Case:
    _raid()
    return lookalikes.mark_lookalikes, lambda: {QUEUE}


def _mark_again() -> Case:
    _raid()
    lookalikes.mark_lookalikes()
    return lookalikes.mark_lookalikes, nothing


def _let_go() -> Case:
    people = _raid()
    lookalikes.mark_lookalikes()
    make.message(people[0])
    return lookalikes.mark_lookalikes, lambda: {QUEUE}


def _ask() -> Case:
    people = _raid()
    lookalikes.mark_lookalikes()
    group, agent = ArrivalGroup.objects.get(), make.agent()
    return (
        lambda: lookalikes.take_group(public_id=group.public_id, by=agent),
        lambda: message(*people) | {QUEUE},
    )


def _close_group() -> Case:
    people = _raid()
    lookalikes.mark_lookalikes()
    group, agent = ArrivalGroup.objects.get(), make.agent()
    lookalikes.take_group(public_id=group.public_id, by=agent)
    marked = Conversation.objects.filter(lookalike_group=group.public_id)
    now = timezone.now()
    marked.update(lookalike_asked_at=now - lookalikes.ANSWER_TIME, reporter_seen_at=now)
    return (
        lambda: lookalikes.close_group(public_id=group.public_id, by=agent, motive="raid"),
        lambda: message(*people) | state(*people),
    )


def _close_chat() -> Case:
    waiting = [make.waiting(), make.waiting()]
    ends_at = timezone.now() + timedelta(hours=1)
    ChatClosure.objects.create(reason=ClosureReason.INCIDENT, starts_at=make.long_ago(1), ends_at=ends_at)
    return closure_notice.tell_who_waits, lambda: message(*waiting)


# --- what is only written ---------------------------------------------------------------------------------------------


def _type() -> Case:
    one = _resting()
    return lambda: dormancy.agents_typed(conversation_ids=[one.pk]), nothing


def _sight() -> Case:
    one = make.assigned()
    return lambda: actions.reporters_seen(conversation_ids=[one.pk], hidden=[one.pk]), nothing


def _beat_of_a_page() -> Case:
    agent = make.agent()
    Agent.objects.filter(pk=agent.pk).update(seen_at=timezone.now() - timedelta(seconds=30))
    return lambda: presence.renew_lease(user_id=agent.user_id), nothing


def _lost() -> Agent:
    """Return an agent who was gone, and lost somebody."""
    one = make.assigned()
    Agent.objects.filter(pk=one.assigned_to_id).update(seen_at=make.long_ago(5))
    dispatcher.release_stale()
    assert one.assigned_to is not None
    return one.assigned_to


def _come_back_to_losses() -> Case:
    agent = _lost()
    return lambda: actions.agents_seen(agent_ids=[agent.pk]), lambda: {QUEUE, DISPATCHED}


def _read_losses() -> Case:
    agent = _lost()
    actions.agents_seen(agent_ids=[agent.pk])
    return lambda: losses.mark_read(agent_id=agent.pk, until=timezone.now()), nothing


def _guess() -> Case:
    make.message(make.assigned(), "Someone has been writing to me every day since I left him, and I am afraid. " * 5)
    return language_guess.guess_languages, nothing


def _note_departure() -> Case:
    one = make.assigned()
    return lambda: departures.record_departure(report=str(one.report.public_id), generation=0), nothing


def _tell_departure() -> Case:
    one = make.assigned()
    departures.record_departure(report=str(one.report.public_id), generation=0)
    return departures.tell_departures, lambda: message(one) | state(one)


def _followed(*, until: Any = None) -> Conversation:
    one = make.assigned()
    FollowUp.objects.create(conversation=one, code_digest="00" * 32, issued_at=make.long_ago(9), until=until)
    return one


def _issue_code() -> Case:
    one = _followed()
    return lambda: resume.issue_code(conversation_id=one.pk), nothing


def _void_code() -> Case:
    one = _followed()
    return lambda: resume.void_code(conversation_id=one.pk), nothing


def _lengthen_code() -> Case:
    one = _followed(until=timezone.now() + timedelta(hours=1))
    return lambda: follow_up_code.lengthen(one, timezone.now()), nothing


def _forget_codes() -> Case:
    _followed(until=make.long_ago(1))
    return lambda: resume.forget_expired_codes(now=timezone.now()), nothing


def _somebody_else() -> list[Conversation]:
    """Create others: one under way, written in and with codes, whose agent lost others; one in a pause; one closed."""
    now = timezone.now()
    talking, resting, over = make.assigned(urgency=Urgency.HIGH), make.assigned(), make.closed()
    make.message(talking)
    Conversation.objects.filter(pk=talking.pk).update(
        reporter_seen_at=now - timedelta(minutes=3),
        resume_digest=b"a hash",
        resume_issued_at=now,
        resume_until=now + timedelta(hours=1),
    )
    # Their language was guessed already.
    Conversation.objects.filter(pk__in=[talking.pk, resting.pk]).update(guess_seq=99)
    for number, one in enumerate((talking, over)):
        until = now + timedelta(days=1)
        FollowUp.objects.create(conversation=one, code_digest=f"{number}f" * 32, issued_at=now, until=until)
    seen_at = now - timedelta(seconds=10)
    left, back = make.long_ago(60), make.long_ago(55)
    Agent.objects.filter(pk=talking.assigned_to_id).update(seen_at=seen_at, absent_from=left, absent_until=back)
    Agent.objects.filter(pk=resting.assigned_to_id).update(
        seen_at=seen_at,
        availability=Availability.PAUSE,
        pause_reason="Souffler",
        pause_until=now + timedelta(minutes=9),
    )
    return [talking, resting, over]


def _all_of(people: list[Conversation]) -> list[Any]:
    """Return all that is stored of these conversations, their agents, reports, codes, messages and histories."""
    keys = [one.pk for one in people]
    return [
        list(Conversation.objects.filter(pk__in=keys).order_by("pk").values()),
        list(Agent.objects.filter(conversations__in=keys).order_by("pk").values()),
        list(Report.objects.filter(pk__in=[one.report_id for one in people]).order_by("pk").values()),
        *(
            list(model.objects.filter(conversation__in=keys).order_by("pk").values())
            for model in (FollowUp, Message, ConversationEvent)
        ),
    ]


@pytest.mark.parametrize(
    "case",
    [
        _open, _open_again, _post, _post_again, _close_by_person, _close_by_agent, _close_while_waiting, _close_closed,
        _weigh_more, _weigh_less, _weigh_the_same, _read, _read_again, _beat_of_who_was_gone, _beat_of_who_was_there,
        _availability, _end_call, _capacity, _sign_out, _sign_out_of_who_is_away, _leave, _leave_what_is_over,
        _come_back_abandoned,
        _come_back_in_time, _come_back_by_code, _come_back_to_what_is_over, _double_click, _claim, _lose_agent,
        _lose_agent_who_has_nobody, _sleep_through, _abandon, _rest, _end_of_rest, _offer, _offer_to_who_is_away, _take,
        _decline, _end_of_pause, _pause_goes_on, _mark, _mark_again, _let_go, _ask, _close_group, _close_chat,
        _type, _sight, _beat_of_a_page, _come_back_to_losses, _read_losses, _guess, _note_departure, _tell_departure,
        _issue_code, _void_code, _lengthen_code, _forget_codes,
    ],
)  # fmt: skip
def test_act_tells_and_touches_those_whom_it_concerns_and_nobody_else(
    case, monkeypatch, django_capture_on_commit_callbacks
):
    others = _somebody_else()
    act, expected = case()
    before = _all_of(others)
    connection.run_on_commit = []  # callbacks of this preparation do not belong to the act
    told: list[Notification] = []
    monkeypatch.setattr(pubsub, "_publish_now", lambda *those: told.extend(those))
    monkeypatch.setattr(dispatcher, "dispatch", lambda: told.append(DISPATCHED))
    with django_capture_on_commit_callbacks(execute=True):
        act()
    assert set(told) == expected()
    assert _all_of(others) == before


@pytest.mark.parametrize(
    "case",
    [
        _claim, _lose_agent, _sleep_through, _abandon, _rest, _end_of_rest, _take, _decline, _end_of_pause, _mark,
        _let_go, _ask, _close_group, _close_chat, _close_by_agent,
    ],
)  # fmt: skip
def test_locks_let_messages_through_and_agents_come_first(case):
    """A message refers to its conversation and its agent: it would wait for a lock that is stronger than needed.

    Two acts that lock agents and conversations cannot wait for each other if both lock the agent first.
    """
    act, _expected = case()
    with CaptureQueriesContext(connection) as sent:
        act()
    locks = [_locks(part) for part in _transactions([query["sql"] for query in sent.captured_queries])]
    assert any(locks)
    if case is not _close_by_agent:  # this act ends the exchange
        assert not [sql for part in locks for sql in part if "FOR UPDATE" in sql]
    tables = [[sql.partition(' FROM "')[2].partition('"')[0] for sql in part] for part in locks]
    first = [[table for table in part if table in ("chat_agent", "chat_conversation")] for part in tables]
    assert all(part == sorted(part) for part in first), "chat_agent, then chat_conversation"
    if case in (_claim, _lose_agent, _rest, _close_by_agent):
        assert any({"chat_agent", "chat_conversation"} <= set(part) for part in first)


def _locks(statements: list[str]) -> list[str]:
    return [sql for sql in statements if " FOR " in sql and "UPDATE" in sql]


def _transactions(statements: list[str]) -> list[list[str]]:
    """Return the statements of each transaction of an act: in a test, each is a savepoint, and those within it are its
    own."""
    parts: list[list[str]] = [[]]
    depth = 0
    for sql in statements:
        parts[-1].append(sql)
        depth += sql.startswith("SAVEPOINT") - sql.startswith("RELEASE SAVEPOINT")
        if depth == 0:
            parts.append([])
    return parts

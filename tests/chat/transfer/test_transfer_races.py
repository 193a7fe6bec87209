"""A transfer while something else happens at the same moment, with real threads."""

import threading

import pytest

from chat.conversations import actions, dispatcher
from chat.models import Agent, Conversation, EventKind
from chat.models.transfer import Handover
from chat.rules.lifecycle import Author, Status
from chat.transfer import actions as transfer_actions
from locations.models import Force
from tests.chat.conversations.test_actions import in_threads
from tests.chat.transfer.acts import accept, answer, cold, kinds, propose
from tests.factories import chat as make
from triage.rules import Urgency

pytestmark = pytest.mark.django_db


# --- races ------------------------------------------------------------------------------------------------------------


def attempt(work) -> str:
    try:
        work()
    except (
        transfer_actions.Over,
        transfer_actions.NoRoom,
        transfer_actions.UnderWay,
        transfer_actions.NobodyThere,
        actions.NotYours,
        actions.ConversationClosed,
    ) as error:
        return type(error).__name__
    return ""


@pytest.mark.django_db(transaction=True)
def test_two_transfers_at_once_one_wins(camille):
    conversation = make.assigned(camille)
    others = [make.agent() for _each in range(4)]
    results = in_threads(4, lambda i: attempt(lambda: cold(conversation, camille, agent=others[i].pk)))
    assert sorted(results) == ["", "NotYours", "NotYours", "NotYours"]
    conversation.refresh_from_db()
    assert conversation.assigned_to == others[results.index("")]
    assert Handover.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_transfers_at_once_to_one_agent_never_exceed_their_room():
    senders = [make.agent() for _each in range(5)]
    conversations = [make.assigned(sender) for sender in senders]
    receiver = make.agent(capacity=2, public_name="Alex")
    results = in_threads(5, lambda i: attempt(lambda: cold(conversations[i], senders[i], agent=receiver.pk)))
    assert sorted(results) == ["", "", "NoRoom", "NoRoom", "NoRoom"]
    assert Conversation.objects.active().filter(assigned_to=receiver).count() == 2
    assert Conversation.objects.active().count() == 5


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("urgency", [Urgency.NORMAL, Urgency.CRITICAL])
def test_two_agents_exchange_conversations_at_once_without_deadlock(urgency):
    first, second = make.agent(capacity=9), make.agent(capacity=9)
    ours = [make.assigned(first, urgency=urgency) for _each in range(3)]
    theirs = [make.assigned(second, urgency=urgency) for _each in range(3)]

    def work(i):
        if i % 2:
            return attempt(lambda: cold(ours[i // 2], first, agent=second.pk))
        return attempt(lambda: cold(theirs[i // 2], second, agent=first.pk))

    told = set(in_threads(6, work))
    if urgency == Urgency.CRITICAL:  # an agent who has passed a grave exchange on is in a pause, and is assigned nobody
        assert told <= {"", "NoRoom"} and "" in told
        return
    assert told == {""}
    assert {one.assigned_to_id for one in Conversation.objects.filter(pk__in=[c.pk for c in ours])} == {second.pk}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_again", range(3))
def test_accepting_against_closing(camille, alex, _again):
    conversation = make.assigned(camille)
    one = propose(conversation, camille, agent=alex.pk)
    answer(one)

    def work(i):
        if i:
            return attempt(lambda: accept(one, alex))
        return attempt(
            lambda: actions.close_conversation(
                conversation_id=conversation.pk, by_author=Author.AGENT, by=camille.user, outcome="advised"
            )
        )

    closed, accepted = in_threads(2, work)
    conversation.refresh_from_db()
    if accepted == "":
        assert (closed, conversation.status, conversation.assigned_to) == ("NotYours", Status.ACTIVE, alex)
    else:
        assert (closed, accepted, conversation.status) == ("", "Over", Status.CLOSED)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("target", ["agent", "force"])
def test_transfer_against_the_person_who_ends(camille, alex, target):
    conversation = make.assigned(camille)
    to = {"agent": alex.pk} if target == "agent" else {"force": Force.GENDARMERIE}

    def work(i):
        if i:
            return attempt(lambda: cold(conversation, camille, **to))
        return attempt(lambda: actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER))

    closed, transferred = in_threads(2, work)
    conversation.refresh_from_db()
    assert (closed, conversation.status) == ("", Status.CLOSED)
    assert transferred in {"", "ConversationClosed"}
    assert EventKind.CLOSED in kinds(conversation)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_again", range(3))
def test_transfer_against_a_lost_lease(camille, alex, _again):
    """Either it changed hands, or it waits and is given: never nobody, never both."""
    conversation = make.assigned(camille)
    Agent.objects.filter(pk=camille.pk).update(seen_at=make.long_ago(5))

    def work(i):
        return dispatcher.release_stale() if i else attempt(lambda: cold(conversation, camille, agent=alex.pk))

    result, released = in_threads(2, work)
    conversation.refresh_from_db()
    if result == "":
        assert (released, conversation.assigned_to, conversation.status) == (0, alex, Status.ACTIVE)
    else:
        assert (result, released) == ("NotYours", 1)
        assert dispatcher.dispatch() == 1 or conversation.assigned_to == alex


@pytest.mark.django_db(transaction=True)
def test_transfer_against_dispatch_never_over_capacity(camille):
    alex = make.agent(capacity=1, public_name="Alex")
    Agent.objects.filter(pk=camille.pk).update(capacity=1)
    conversation = make.assigned(camille)
    for _each in range(3):
        make.waiting(queued_at=make.long_ago(5))

    def work(i):
        return dispatcher.dispatch() if i else attempt(lambda: cold(conversation, camille, agent=alex.pk))

    in_threads(4, work)
    for agent in (camille, alex):
        assert Conversation.objects.active().filter(assigned_to=agent).count() <= 1
    conversation.refresh_from_db()
    assert conversation.status == Status.ACTIVE


@pytest.mark.django_db(transaction=True)
def test_messages_during_a_transfer_keep_their_numbers(camille, alex):
    conversation = make.assigned(camille)
    done = threading.Event()

    def work(i):
        if i == 0:
            for n in range(20):
                make.message(conversation, f"message {n}")
            done.set()
            return None
        return attempt(lambda: cold(conversation, camille, agent=alex.pk))

    in_threads(2, work)
    seqs = list(conversation.messages.values_list("seq", flat=True))
    assert seqs == list(range(1, len(seqs) + 1))
    conversation.refresh_from_db()
    assert conversation.assigned_to == alex

"""An agent whose page is open and who gives no sign: who needs them, the pause, who leaves them, what is said."""

import re
import uuid
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat import pubsub
from chat.casework import reply_drafts
from chat.conversations import actions, dispatcher, idle, losses
from chat.models import Agent, Conversation, ConversationEvent, EventKind, Hold, Message, ReplyDraft
from chat.rules.lifecycle import NO_SIGN, Author, Availability, Status, idle_reason, is_idle
from chat.supervision import giving, intervention
from common.service_settings import definitions
from pnav.accounts.models import Role
from reports.audit import wording as audit_wording
from reports.models import AccessKind, AccessRecord
from tests.chat.console.agents import signed_in
from tests.chat.conversations.test_actions import in_threads
from tests.chat.transfer import acts
from tests.factories import chat as make
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db
ADDRESS = "/console/disponibilite/sans-signe/"
PRESENCE = "/console/presence/?signe=non"
IN_JSON = {"Accept": "application/json"}
UNSEEN = timedelta(minutes=5)


def earlier(conversation: Conversation, minutes: float) -> None:
    """Let all that happened in this conversation have happened that much earlier; its person is still there."""
    by = timedelta(minutes=minutes)
    conversation.refresh_from_db()
    fields = {"assigned_at": conversation.assigned_at - by, "queued_at": conversation.queued_at - by}
    if conversation.closed_at:
        fields["closed_at"] = conversation.closed_at - by
    Conversation.objects.filter(pk=conversation.pk).update(**fields)
    for event in ConversationEvent.objects.filter(conversation=conversation):
        ConversationEvent.objects.filter(pk=event.pk).update(at=event.at - by)
    for message in Message.objects.filter(conversation=conversation):
        Message.objects.filter(pk=message.pk).update(sent_at=message.sent_at - by)


def answered(agent: Agent, minutes: float = 20) -> Conversation:
    """Return somebody whom this agent has answered, that long ago."""
    conversation = make.assigned(agent)
    make.message(conversation, "Bonjour")
    make.message(conversation, "Je vous lis.", Author.AGENT)
    earlier(conversation, minutes)
    return conversation


def pause(agent: Agent, unseen: timedelta = UNSEEN) -> int:
    return idle.pause_idle(agent_id=agent.pk, unseen=unseen)


def read(client: Client) -> str:
    """Return the console as the agent of this browser reads it."""
    return squeezed(unescape(client.get("/console/").text))


# --- who needs the agent ----------------------------------------------------------------------------------------------


def test_whoever_was_given_and_has_had_no_word_needs_the_agent_at_once():
    agent, other = make.agent(), make.agent()
    assert not idle.is_needed(agent)
    conversation = make.assigned(agent)
    assert idle.is_needed(agent) and not idle.is_needed(other)
    make.message(conversation, "Je vous lis.", Author.AGENT)
    assert not idle.is_needed(agent)


def test_whoever_waits_for_an_answer_needs_the_agent_after_the_time_of_the_setting(set_rule):
    agent = make.agent()
    conversation = answered(agent)
    assert not idle.is_needed(agent), "it is for the person to write"
    make.message(conversation, "Vous êtes là ?")
    assert not idle.is_needed(agent), "just now"
    earlier(conversation, 3)
    assert idle.is_needed(agent)
    set_rule(definitions.NO_SIGN, 4)
    assert not idle.is_needed(agent)


def test_whoever_is_away_or_was_promised_a_return_calls_nobody():
    agent = make.agent()
    gone, promised = make.assigned(agent), answered(agent)
    Conversation.objects.filter(pk=gone.pk).update(reporter_seen_at=timezone.now() - 2 * idle.UNSEEN)
    make.message(promised, "Et alors ?")
    earlier(promised, 4)
    assert idle.is_needed(agent)
    promised.refresh_from_db()
    now = timezone.now()
    fields = {"minutes": 5, "held_at": now, "until": now + timedelta(minutes=5)}
    promise = Hold.objects.create(conversation=promised, agent=agent, seq=promised.last_seq, **fields)
    assert not idle.is_needed(agent)
    Hold.objects.filter(pk=promise.pk).update(held_at=now - timedelta(minutes=9), until=now - timedelta(minutes=4))
    assert idle.is_needed(agent), "the promise is over"


@pytest.mark.parametrize("availability", [Availability.PAUSE, Availability.AWAY])
def test_who_is_not_available_is_not_asked(availability):
    agent = make.agent()
    make.assigned(agent)
    Agent.objects.filter(pk=agent.pk).update(availability=availability)
    agent.refresh_from_db()
    assert not idle.is_needed(agent)
    with pytest.raises(idle.NotIdle):
        pause(agent)


def test_asking_costs_as_much_for_ten_as_for_one():
    agent = make.agent(capacity=10)
    counts = []
    for _round in range(2):
        for _one in range(5):
            answered(agent)
        with CaptureQueriesContext(connection) as sent:
            idle.is_needed(agent)
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 3


# --- the pause --------------------------------------------------------------------------------------------------------


def test_pause_leaves_everybody_who_was_given_before_the_last_sign():
    agent = make.agent()
    mine, old = answered(agent), make.assigned(agent)
    earlier(old, 6)
    seen_at = Agent.objects.get(pk=agent.pk).seen_at
    assert pause(agent) == 0
    agent.refresh_from_db()
    assert (agent.availability, agent.pause_until, agent.seen_at) == (Availability.PAUSE, None, seen_at)
    assert agent.is_paused_as_idle and not agent.is_paused_by_supervisor
    for one in (mine, old):
        one.refresh_from_db()
        assert (one.status, one.assigned_to) == (Status.ACTIVE, agent)
    new = make.waiting()
    dispatcher.dispatch()
    new.refresh_from_db()
    assert new.status == Status.WAITING, "nobody new comes"


def test_who_came_after_the_last_sign_goes_back_to_their_old_place_and_to_who_is_there():
    agent = make.agent()
    first = make.assigned(agent)
    place = first.queued_at
    written = make.assigned(agent)
    make.message(written, "Je vous lis.", Author.AGENT)
    earlier(written, 6)
    assert pause(agent) == 1
    first.refresh_from_db()
    assert (first.status, first.assigned_to, first.queued_at) == (Status.WAITING, None, place)
    assert "L'agent n'a pas répondu" in first.messages.last().body
    event = first.events.last()
    assert (event.kind, event.detail) == (EventKind.RELEASED, NO_SIGN)
    written.refresh_from_db()
    assert written.assigned_to == agent
    colleague = make.agent(public_name="Louise")
    dispatcher.dispatch()
    first.refresh_from_db()
    assert first.assigned_to == colleague


def reassign(agent: Agent, colleague: Agent, chief: Agent) -> Conversation:
    conversation = make.assigned(colleague)
    intervention.reassign(conversation_id=conversation.pk, by=chief, agent_id=agent.pk, motive="À vous")
    return conversation


def give(agent: Agent, _colleague: Agent, chief: Agent) -> Conversation:
    conversation = make.waiting()
    giving.give_person(public_id=conversation.public_id, agent_id=agent.pk, by=chief, motive="À vous")
    return conversation


def pass_cold(agent: Agent, colleague: Agent, _chief: Agent) -> Conversation:
    conversation = make.assigned(colleague)
    acts.cold(conversation, colleague, agent=agent.pk)
    return conversation


def pass_warm(agent: Agent, colleague: Agent, _chief: Agent) -> Conversation:
    conversation = make.assigned(colleague)
    offered = acts.propose(conversation, colleague, agent=agent.pk)
    acts.answer(offered)
    acts.accept(offered, agent)
    return conversation


@pytest.mark.parametrize("hand", [reassign, give, pass_cold, pass_warm])
def test_whom_a_colleague_or_a_supervisor_gave_stays(hand):
    agent, colleague = make.agent(), make.agent(public_name="Louise")
    chief = make.agent(role=Role.SUPERVISOR, availability=Availability.AWAY)
    conversation = hand(agent, colleague, chief)
    given_by_queue = make.assigned(agent)
    assert pause(agent) == 1
    for one in (conversation, given_by_queue):
        one.refresh_from_db()
    assert (conversation.status, conversation.assigned_to) == (Status.ACTIVE, agent)
    assert given_by_queue.status == Status.WAITING


def test_whom_the_queue_gave_after_a_passage_goes_back_although_the_former_agent_wrote():
    agent, colleague = make.agent(), make.agent(public_name="Louise")
    conversation = make.assigned(colleague)
    make.message(conversation, "Je vous passe à un collègue.", Author.AGENT)
    acts.cold(conversation, colleague, unit=agent.unit_id)
    assert dispatcher.claim_conversation(conversation_id=conversation.pk, agent_id=agent.pk, now=timezone.now())
    assert pause(agent) == 1
    conversation.refresh_from_db()
    assert conversation.status == Status.WAITING


def test_whom_a_supervisor_who_joined_has_written_to_stays():
    agent, chief = make.agent(), make.agent(role=Role.SUPERVISOR, availability=Availability.AWAY)
    conversation = make.assigned(agent)
    intervention.join(conversation_id=conversation.pk, by=chief, motive="Personne ne répond")
    intervention.write(conversation_id=conversation.pk, by=chief, client_id=uuid.uuid4(), body="Nous sommes là.")
    assert pause(agent) == 0
    conversation.refresh_from_db()
    assert (conversation.status, conversation.assigned_to) == (Status.ACTIVE, agent)


def test_who_has_just_written_is_there_whatever_another_device_says():
    agent = make.agent()
    conversation = answered(agent, minutes=4)
    make.assigned(agent)
    with pytest.raises(idle.NotIdle):
        pause(agent)
    earlier(conversation, 2)
    assert pause(agent) == 1


@pytest.mark.parametrize(
    ("speaks", "ended_by", "is_there"),
    [(True, Author.AGENT, True), (True, Author.REPORTER, True), (False, Author.AGENT, True),
     (False, Author.REPORTER, False)],
)  # fmt: skip
def test_who_has_just_answered_or_ended_an_exchange_is_there(speaks, ended_by, is_there):
    agent = make.agent()
    done = make.assigned(agent)
    if speaks:
        make.message(done, "Prenez soin de vous.", Author.AGENT)
    actions.close_conversation(
        conversation_id=done.pk, by_author=ended_by, by=agent.user if ended_by == Author.AGENT else None
    )
    earlier(done, 1)
    new = make.assigned(agent)
    if is_there:
        with pytest.raises(idle.NotIdle):
            pause(agent, timedelta(hours=1))
    else:
        assert pause(agent, timedelta(hours=1)) == 1
    new.refresh_from_db()
    agent.refresh_from_db()
    assert (agent.availability == Availability.AVAILABLE, new.assigned_to == agent) == (is_there, is_there)


def test_who_passed_an_exchange_on_is_there():
    agent, colleague = make.agent(), make.agent(public_name="Louise")
    passed = make.assigned(agent)
    make.message(passed, "Je vous passe à un collègue.", Author.AGENT)
    acts.cold(passed, agent, agent=colleague.pk)
    make.assigned(agent)
    with pytest.raises(idle.NotIdle):
        pause(agent, timedelta(hours=1))


@pytest.mark.parametrize(("minutes", "is_there"), [(1, True), (59, False)])
def test_who_is_writing_is_there_unless_the_page_itself_brought_the_draft_late(minutes, is_there):
    agent = make.agent()
    new = make.assigned(agent)
    reply_drafts.keep_draft(new, agent, "Je vous l")
    ReplyDraft.objects.update(kept_at=timezone.now() - timedelta(minutes=minutes))
    if is_there:
        with pytest.raises(idle.NotIdle):
            pause(agent, timedelta(hours=1))
    else:
        assert pause(agent, timedelta(hours=1)) == 1


def test_message_that_comes_seconds_after_the_last_sign_is_no_other_device():
    agent = make.agent()
    answered(agent, minutes=5 - 5 / 60)
    make.assigned(agent)
    assert pause(agent) == 1


def test_pause_costs_as_much_after_ten_exchanges_as_after_one():
    counts = []
    for number in (1, 1, 10):  # the first reads settings too
        agent = make.agent()
        for _one in range(number):
            earlier(make.closed(agent), 30)
        make.assigned(agent)
        with CaptureQueriesContext(connection) as sent:
            assert pause(agent) == 1
        counts.append(len(sent))
    assert counts[1] == counts[2]


def test_nobody_is_set_in_pause_for_nothing():
    agent = make.agent()
    answered(agent)
    with pytest.raises(idle.NotIdle):
        pause(agent)
    assert not AccessRecord.objects.filter(kind=AccessKind.AGENT_IDLE).exists()


def test_two_tabs_at_once_are_one_pause():
    agent = make.agent()
    make.assigned(agent)
    pause(agent)
    with pytest.raises(idle.NotIdle):
        pause(agent)
    assert AccessRecord.objects.filter(kind=AccessKind.AGENT_IDLE).count() == 1


def test_register_says_what_and_of_whom():
    agent = make.agent()
    make.assigned(agent)
    pause(agent)
    line = AccessRecord.objects.get(kind=AccessKind.AGENT_IDLE)
    assert (line.account_id, line.subject) == (agent.user_id, f"chat.Agent {agent.pk}")
    assert line.get_kind_display() == "Agent mis en pause : pas de signe"
    assert audit_wording.in_words(line.kind, line.detail) == "pause automatique"


def test_open_pages_are_told(monkeypatch):
    told = []
    for name in ("agent_changed", "aside_changed"):
        monkeypatch.setattr(pubsub, name, lambda key, name=name: told.append((name, key)))
    agent = make.agent()
    make.assigned(agent)
    told.clear()
    pause(agent)
    assert set(told) == {("agent_changed", agent.pk), ("aside_changed", agent.pk)}


def test_reason_holds_its_hour_and_is_no_other():
    assert is_idle(idle_reason("04:09")) and not is_idle("") and not is_idle("Souffler")


# --- what the agent reads ---------------------------------------------------------------------------------------------


def test_agent_reads_when_and_why_and_who_left_and_is_back_with_one_press():
    agent = make.agent()
    answered(agent)
    make.assigned(agent, postal_code="93200")
    pause(agent)
    agent.refresh_from_db()
    assert re.fullmatch(r"automatique à \d\d:\d\d – pas de signe", agent.pause_reason)
    client = signed_in(agent.user)
    page = read(client)
    assert 'id="pause-sans-signe"' in page and agent.pause_reason in page.replace("\u00a0", " ")
    assert re.search(
        r'form="disponibilite-choix" name="availability" value="available">\s*Me remettre disponible', page
    )
    assert re.search(
        r"Pas de signe de vous 5 min 00 \(de \d\d:\d\d à \d\d:\d\d\)\s: 1 échange, que vous n'aviez pas ouvert, est",
        page,
    )
    absence = losses.unread_losses(agent, timezone.now())
    assert absence.is_idle and absence.count == 1
    client.post("/console/disponibilite/", {"availability": "available", "capacity": "3"})
    agent.refresh_from_db()
    assert (agent.availability, agent.pause_reason) == (Availability.AVAILABLE, "")
    assert 'id="pause-sans-signe"' not in read(client)


def test_losses_of_a_line_that_was_cut_are_told_as_before():
    agent = make.agent()
    make.assigned(agent)
    pause(agent)
    other = make.agent(public_name="Louise")
    make.assigned(other)
    Agent.objects.filter(pk=other.pk).update(seen_at=timezone.now() - timedelta(seconds=95))
    dispatcher.release_stale()
    actions.agents_seen(agent_ids=[other.pk])
    assert "Vous étiez sans console" in read(signed_in(other.user))


def test_colleagues_read_it_beside_the_pause_and_history_says_why():
    agent, colleague = make.agent(unit_name="Ici"), make.agent(public_name="Louise")
    conversation = make.assigned(agent)
    pause(agent)
    assert dispatcher.claim_conversation(conversation_id=conversation.pk, agent_id=colleague.pk, now=timezone.now())
    page = squeezed(unescape(signed_in(colleague.user).get(f"/console/echange/{conversation.public_id}/").text))
    assert re.search(r"Rendu à la file\s: pas de signe de l'agent", page)


# --- the addresses ----------------------------------------------------------------------------------------------------


def test_page_asks_only_when_it_has_seen_no_sign():
    agent = make.agent()
    make.assigned(agent)
    client = signed_in(agent.user)
    assert "needed" not in client.get("/console/presence/", headers=IN_JSON).json()
    assert client.get(PRESENCE, headers=IN_JSON).json()["needed"] is True
    answer = client.post(ADDRESS, {"seconds": "300"})
    assert answer.json() == {"paused": True}
    agent.refresh_from_db()
    said = client.get(PRESENCE, headers=IN_JSON).json()
    assert (said["needed"], said["paused"]) == (False, agent.pause_reason)
    assert client.post(ADDRESS, {"seconds": "300"}).json() == {"paused": False}


@pytest.mark.parametrize("seconds", ["", "x", "0", "119", "-300", "86401", "300.5", "9" * 30])
def test_what_no_page_says_changes_nothing(seconds):
    agent = make.agent()
    make.assigned(agent)
    assert signed_in(agent.user).post(ADDRESS, {"seconds": seconds}).json() == {"paused": False}
    agent.refresh_from_db()
    assert agent.availability == Availability.AVAILABLE


def test_another_site_may_not_send_it():
    agent = make.agent()
    make.assigned(agent)
    strict = signed_in(agent.user)
    strict.handler.enforce_csrf_checks = True
    assert strict.post(ADDRESS, {"seconds": "300"}).status_code == 403


# --- at once ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_answer_that_comes_at_the_moment_of_the_pause_is_never_lost():
    """The agent wrote first, and the person stays theirs, or the person is in the queue, and nothing is written."""
    for _again in range(8):
        agent = make.agent()
        conversation = make.assigned(agent)

        def write(one: Conversation = conversation, by: Agent = agent) -> str:
            try:
                actions.post_message(
                    conversation_id=one.pk, client_id="11111111-1111-4111-8111-111111111111", body="Je suis là.",
                    author=Author.AGENT, agent=by,
                )  # fmt: skip
            except actions.NotYours:
                return "refused"
            return "written"

        def rest(by: Agent = agent) -> str:
            try:
                return f"paused, {pause(by)} released"
            except idle.NotIdle:
                return "there"

        told = in_threads(2, lambda index, deeds=(write, rest): deeds[index]())
        conversation.refresh_from_db()
        written = conversation.messages.filter(author=Author.AGENT).count()
        assert (told[0] == "written") == (written == 1)
        if told[1] == "paused, 1 released":
            assert (told[0], conversation.status) == ("refused", Status.WAITING)
        else:
            assert (told[0], conversation.assigned_to) == ("written", agent)
        # Otherwise they are given the next person.
        Agent.objects.update(availability=Availability.AWAY, pause_reason="")


@pytest.mark.django_db(transaction=True)
def test_two_tabs_and_the_dispatcher_give_each_person_to_one_agent():
    for _again in range(5):
        agent, colleague = make.agent(capacity=4), make.agent(capacity=4, availability=Availability.AWAY)
        people = [make.assigned(agent) for _one in range(3)]
        Agent.objects.filter(pk=colleague.pk).update(availability=Availability.AVAILABLE)

        def rest(by: Agent = agent) -> None:
            try:
                pause(by)
            except idle.NotIdle:
                return

        in_threads(4, lambda index, deeds=(rest, rest, dispatcher.dispatch, dispatcher.dispatch): deeds[index]())
        dispatcher.dispatch()
        for one in people:
            one.refresh_from_db()
            assert (one.status, one.assigned_to) == (Status.ACTIVE, colleague)
            assert one.events.filter(kind=EventKind.RELEASED).count() == 1
        Agent.objects.update(availability=Availability.AWAY, pause_reason="")

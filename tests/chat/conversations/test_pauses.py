"""Places, pauses after a grave exchange, and what comes back by itself."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from chat.casework import urgency
from chat.conversations import actions, dispatcher, pauses
from chat.models import Agent, Conversation, ConversationEvent, EventKind
from chat.rules.lifecycle import HEAVY, LIGHT, Author, Availability, Outcome, Status, UrgencyReason
from pnav.accounts.models import Role
from reports.session import GENERATION
from reports.session import KEY as REPORT_KEY
from tests.chat.console.agents import page_of, signed_in
from tests.chat.conversations.test_actions import in_threads
from tests.factories import chat as make
from triage.rules import Urgency

pytestmark = pytest.mark.django_db


def close(conversation) -> None:
    actions.close_conversation(
        conversation_id=conversation.pk,
        by_author=Author.AGENT,
        by=conversation.assigned_to.user,
        outcome=Outcome.ADVISED,
    )


# --- places ---------------------------------------------------------------------------------------------------------


def test_open_conversation_critical_one_fills_two_places():
    assert actions.open_conversation(report=make.report(urgency=Urgency.CRITICAL)).weight == HEAVY
    assert actions.open_conversation(report=make.report(urgency=Urgency.HIGH)).weight == LIGHT


def test_load_and_board_count_places():
    agent = make.agent(capacity=3)
    make.assigned(agent, urgency=Urgency.CRITICAL)
    assert Agent.objects.with_load().get(pk=agent.pk).load == 2
    board = dispatcher.read_board()
    assert (board.slots, board.free) == (3, 1)
    make.assigned(agent)
    assert dispatcher.read_board().free == 0
    assert not dispatcher.claim_conversation(conversation_id=make.waiting().pk, agent_id=agent.pk, now=timezone.now())


def test_dispatch_heavy_person_goes_where_two_places_are_free_though_somebody_is_less_loaded():
    idle, roomy = make.agent(capacity=1), make.agent(capacity=4)
    make.assigned(roomy)
    person = make.waiting(urgency=Urgency.CRITICAL)
    assert dispatcher.dispatch() == 1
    person.refresh_from_db()
    assert person.assigned_to == roomy
    other = make.waiting()
    assert dispatcher.dispatch() == 1
    other.refresh_from_db()
    assert other.assigned_to == idle


def test_dispatch_heavy_person_takes_the_last_place_and_nobody_follows():
    agent = make.agent(capacity=3)
    make.assigned(agent)
    make.assigned(agent)
    heavy, light = make.waiting(urgency=Urgency.CRITICAL), make.waiting()
    assert dispatcher.dispatch() == 1
    heavy.refresh_from_db()
    light.refresh_from_db()
    assert (heavy.status, light.status) == (Status.ACTIVE, Status.WAITING)


def test_dispatch_many_agents_heavy_queue_asks_no_more_queries(django_assert_max_num_queries):
    for _each in range(4):
        make.agent(capacity=2)
    make.waiting()
    with django_assert_max_num_queries(40) as light:
        dispatcher.dispatch()
    make.waiting(urgency=Urgency.CRITICAL)
    with django_assert_max_num_queries(len(light)):
        dispatcher.dispatch()


@pytest.mark.parametrize(
    ("said", "before", "after", "weight"),
    [
        (None, Urgency.NORMAL, Urgency.CRITICAL, HEAVY),
        (None, Urgency.CRITICAL, Urgency.NORMAL, LIGHT),
        (HEAVY, Urgency.NORMAL, Urgency.HIGH, HEAVY),  # what the agent set stays
        (LIGHT, Urgency.CRITICAL, Urgency.HIGH, LIGHT),
    ],
)
def test_set_urgency_weight_follows_unless_the_agent_said_another(said, before, after, weight):
    agent = make.agent()
    conversation = make.assigned(agent, urgency=before)
    if said:
        actions.set_weight(conversation_id=conversation.pk, weight=said, by=agent.user)
    urgency.set_urgency(conversation_id=conversation.pk, urgency=after, reason=UrgencyReason.DANGER, by=agent.user)
    conversation.refresh_from_db()
    assert conversation.weight == weight


@pytest.mark.django_db(transaction=True)
def test_set_weight_lighter_frees_a_place_at_once():
    agent = make.agent(capacity=2)
    conversation = make.assigned(agent, urgency=Urgency.CRITICAL)
    person = make.waiting()
    assert dispatcher.dispatch() == 0
    actions.set_weight(conversation_id=conversation.pk, weight=LIGHT, by=agent.user)
    person.refresh_from_db()
    assert person.assigned_to == agent
    event = ConversationEvent.objects.get(kind=EventKind.WEIGHT)
    assert (event.detail, event.by) == ("2 → 1", agent.user)


def test_set_weight_is_for_who_answers():
    conversation = make.assigned()
    with pytest.raises(actions.NotYours):
        actions.set_weight(conversation_id=conversation.pk, weight=HEAVY, by=make.agent().user)
    close(conversation)
    with pytest.raises(actions.ConversationClosed):
        actions.set_weight(conversation_id=conversation.pk, weight=HEAVY, by=conversation.assigned_to.user)


def test_weight_is_one_or_two():
    conversation = make.waiting()
    with pytest.raises(IntegrityError), transaction.atomic():
        Conversation.objects.filter(pk=conversation.pk).update(weight=3)


def test_weight_page_says_two_places():
    agent = make.agent()
    conversation = make.assigned(agent)
    client = signed_in(agent.user)
    html = client.post(page_of(conversation) + "places/", {"weight": "2"}, follow=True).content.decode()
    assert "Cet échange prend deux places." in html and "2 places" in html
    conversation.refresh_from_db()
    assert conversation.weight == HEAVY


# --- pauses ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_close_grave_offers_a_pause_and_gives_nobody_meanwhile():
    agent = make.agent()
    conversation = make.assigned(agent, urgency=Urgency.CRITICAL)
    person = make.waiting()
    close(conversation)
    agent.refresh_from_db()
    person.refresh_from_db()
    assert (agent.availability, agent.pause_reason) == (Availability.PAUSE, "Souffler")
    assert agent.pause_until is not None and person.status == Status.WAITING
    html = signed_in(agent.user).get("/console/").content.decode()
    assert "Prenez quelques minutes." in html and "Non merci, je reprends" in html


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("case", ["light", "paused", "by the person"])
def test_close_offers_no_pause(case):
    agent = make.agent()
    conversation = make.assigned(agent, urgency=Urgency.NORMAL if case == "light" else Urgency.CRITICAL)
    if case == "paused":
        actions.set_availability(agent_id=agent.pk, availability=Availability.PAUSE, pause_reason="Repas")
    if case == "by the person":
        actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    else:
        close(conversation)
    agent.refresh_from_db()
    assert agent.pause_until is None
    assert agent.pause_reason == ("Repas" if case == "paused" else "")


@pytest.fixture
def paused():
    agent = make.agent()
    assert pauses.offer_pause(agent_id=agent.pk)
    return agent


def test_take_is_so_many_minutes_from_now_and_ends_by_itself(paused):
    now = timezone.now()
    pauses.take_pause(agent_id=paused.pk, minutes=10, now=now)
    make.waiting()
    assert dispatcher.dispatch() == 0
    assert pauses.end_pauses(now + timedelta(minutes=9, seconds=59)) == 0
    Agent.objects.filter(pk=paused.pk).update(seen_at=now + timedelta(minutes=10))
    assert pauses.end_pauses(now + timedelta(minutes=10)) == 1
    paused.refresh_from_db()
    assert (paused.availability, paused.pause_reason, paused.pause_until) == (Availability.AVAILABLE, "", None)


def test_take_only_what_is_offered(paused):
    with pytest.raises(ValueError, match="length"):
        pauses.take_pause(agent_id=paused.pk, minutes=600)


@pytest.mark.django_db(transaction=True)
def test_decline_is_available_at_once_and_takes_who_waits():
    agent = make.agent()
    pauses.offer_pause(agent_id=agent.pk)
    person = make.waiting()
    pauses.decline_pause(agent_id=agent.pk)
    person.refresh_from_db()
    assert person.assigned_to == agent
    with pytest.raises(pauses.NoPause):
        pauses.decline_pause(agent_id=agent.pk)


def test_end_pauses_whoever_is_gone_becomes_absent(paused):
    Agent.objects.filter(pk=paused.pk).update(seen_at=make.long_ago(60), pause_until=make.long_ago(1))
    assert pauses.end_pauses() == 0
    dispatcher.release_stale()
    paused.refresh_from_db()
    assert (paused.availability, paused.pause_until) == (Availability.AWAY, None)


def test_availability_said_by_hand_ends_the_pause(paused):
    actions.set_availability(agent_id=paused.pk, availability=Availability.PAUSE, pause_reason="Repas")
    paused.refresh_from_db()
    assert paused.pause_until is None
    with pytest.raises(pauses.NoPause):
        pauses.take_pause(agent_id=paused.pk, minutes=5)


def test_pause_page_takes_declines_and_says_when_it_is_over(paused):
    client = signed_in(paused.user)
    html = client.post("/console/disponibilite/pause/", {"minutes": "15"}, follow=True).content.decode()
    assert "En pause jusqu&#x27;à" in html
    html = client.post("/console/disponibilite/pause/", {"minutes": "0"}, follow=True).content.decode()
    assert "Vous êtes de nouveau disponible." in html and "data-pause-until" not in html
    for minutes in ("5", "9" * 5000):
        html = client.post("/console/disponibilite/pause/", {"minutes": minutes}, follow=True).content.decode()
        assert "La pause était déjà finie." in html


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_offer_take_end_and_dispatch_at_once_nobody_is_given_to_who_is_in_pause(settings):
    """Threads close, answer, tick and dispatch together: no deadlock, and nobody came to an agent in pause."""
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    for _round in range(5):
        agents = [make.agent(capacity=2) for _each in range(2)]
        held = [make.assigned(agent, urgency=Urgency.CRITICAL) for agent in agents]
        for _each in range(4):
            make.waiting()

        def act(index, held=held, agents=agents):
            if index < 2:
                close(held[index])
                pauses.take_pause(agent_id=agents[index].pk, minutes=15)
            else:
                for _tick in range(3):
                    pauses.end_pauses()
                    dispatcher.dispatch()

        in_threads(4, act)
        for agent in agents:
            agent.refresh_from_db()
            assert agent.availability == Availability.PAUSE
            assert not Conversation.objects.active().filter(assigned_to=agent).exists()
        Conversation.objects.waiting().delete()


def test_pause_of_a_supervisor_too(paused):
    chief = make.agent(role=Role.SUPERVISOR)
    assert pauses.offer_pause(agent_id=chief.pk)


# --- nothing is shown that could hurt or tell -----------------------------------------------------------------------


def test_what_people_write_becomes_no_link_no_image_and_no_preview(client):
    """Nothing can be uploaded; an address stays a text, for both sides, so that nothing is fetched or shown."""
    agent = make.agent()
    conversation = make.assigned(agent)
    make.message(conversation, "https://exemple.fr/photo.jpg <img src=https://exemple.fr/photo.jpg>")
    session = client.session
    session.update({REPORT_KEY: str(conversation.report.public_id), GENERATION: 0})
    session.save()
    for page in (signed_in(agent.user).get(page_of(conversation)), client.get("/tchat/")):
        html = page.content.decode()
        assert "https://exemple.fr/photo.jpg" in html
        assert 'href="https://exemple' not in html and "<img" not in html and 'type="file"' not in html
        assert "img-src 'self'" in page.headers["Content-Security-Policy"]

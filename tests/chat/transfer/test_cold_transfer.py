"""A conversation that is passed on at once: to whom, at which place, and to whom it may not return."""

from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from chat import access
from chat.casework import emergencies
from chat.console import history
from chat.conversations import actions, dispatcher
from chat.models import Agent, Conversation, ConversationEvent, EventKind
from chat.models.transfer import Direction, Handover
from chat.rules.assignment import AgentOnDuty, Waiting, share_out
from chat.rules.emergency import Situation
from chat.rules.lifecycle import Availability, Status
from chat.rules.transfer import Answer, HandoverState, Reason
from chat.supervision import giving, intervention
from chat.transfer import actions as transfer_actions
from common.service_settings import definitions, values
from locations.models import Force
from pnav.accounts.models import Role
from tests.chat.console.agents import page_of, signed_in
from tests.chat.transfer.acts import accept, answer, cold, kinds, lines, propose
from tests.factories import chat as make
from triage.rules import Urgency

pytestmark = pytest.mark.django_db


# --- cold -------------------------------------------------------------------------------------------------------------


def test_cold_to_a_colleague_changes_hands_at_once(conversation, camille, alex):
    place = conversation.queued_at
    one = cold(conversation, camille, agent=alex.pk)
    conversation.refresh_from_db()
    assert (conversation.assigned_to, conversation.status) == (alex, Status.ACTIVE)
    assert (conversation.queued_at, conversation.agent_read_seq) == (place, 0)
    assert lines(conversation)[-1] == "Alex, gendarmerie nationale prend la suite et peut lire tout l'échange."
    assert kinds(conversation)[-2:] == [EventKind.HANDED_OVER, EventKind.ASSIGNED]
    assert (one.state, one.taken_by, one.note) == (HandoverState.ACCEPTED, alex, "Une note.")
    assert access.as_assigned_agent(camille, conversation.public_id) is None


def paused(agent) -> bool:
    agent.refresh_from_db()
    return agent.pause_until is not None


@pytest.mark.parametrize("urgency", [Urgency.NORMAL, Urgency.CRITICAL])
def test_grave_one_passed_on_offers_a_pause_to_who_passed_it(camille, alex, urgency):
    """They pass it to a colleague, through the queue, or once a colleague has accepted.

    A pause is never offered to who receives, nor before.
    """
    grave = urgency == Urgency.CRITICAL
    cold(make.assigned(camille, urgency=urgency), camille, agent=alex.pk)
    assert (paused(camille), paused(alex)) == (grave, False)
    actions.set_availability(agent_id=camille.pk, availability=Availability.AVAILABLE)
    cold(make.assigned(camille, urgency=urgency), camille, force=Force.GENDARMERIE)
    assert paused(camille) == grave
    actions.set_availability(agent_id=camille.pk, availability=Availability.AVAILABLE)
    Agent.objects.filter(pk=alex.pk).update(capacity=9)
    one = propose(make.assigned(camille, urgency=urgency), camille, agent=alex.pk)
    answer(one)
    assert not paused(camille)
    accept(one, alex)
    assert (paused(camille), paused(alex)) == (grave, False)


def test_who_passes_a_grave_one_on_while_away_is_offered_nothing(camille, alex):
    conversation = make.assigned(camille, urgency=Urgency.CRITICAL)
    Agent.objects.filter(pk=camille.pk).update(availability=Availability.AWAY)
    cold(conversation, camille, agent=alex.pk)
    assert not paused(camille)


@pytest.mark.parametrize(
    "fields",
    [{"capacity": 0}, {"present": False}, {"availability": Availability.PAUSE}, {"availability": Availability.AWAY}],
)
def test_cold_to_somebody_who_cannot_take_it_is_refused(conversation, camille, fields):
    other = make.agent(**fields)
    with pytest.raises(transfer_actions.NoRoom):
        cold(conversation, camille, agent=other.pk)
    conversation.refresh_from_db()
    assert conversation.assigned_to == camille
    assert not Handover.objects.exists()


def test_cold_to_oneself_or_by_another_is_refused(conversation, camille, alex):
    with pytest.raises(transfer_actions.NoRoom):
        cold(conversation, camille, agent=camille.pk)
    with pytest.raises(actions.NotYours):
        cold(conversation, alex, agent=make.agent().pk)


def test_cold_to_a_unit_goes_there_at_its_old_place_before_those_who_wait(conversation, camille, alex):
    full = make.agent(unit_name="Ailleurs", force=Force.GENDARMERIE, capacity=0)
    Agent.objects.filter(pk=alex.pk).update(capacity=0)
    make.waiting(queued_at=make.long_ago(10), force=Force.GENDARMERIE)
    place = conversation.queued_at
    cold(conversation, camille, unit=alex.unit_id)
    conversation.refresh_from_db()
    assert (conversation.status, conversation.queued_at, conversation.force) == (
        Status.WAITING,
        place,
        Force.GENDARMERIE,
    )
    assert "La place est gardée" in lines(conversation)[-1]
    assert dispatcher.dispatch() == 1  # Camille is given the other person, and not this one
    conversation.refresh_from_db()
    assert conversation.status == Status.WAITING
    Agent.objects.filter(pk=full.pk).update(capacity=1)
    assert dispatcher.dispatch() == 1
    conversation.refresh_from_db()
    assert conversation.assigned_to == full


def test_passed_on_twice_comes_back_to_neither(conversation, camille, alex):
    make.agent(capacity=0)  # somebody who will have a place one day, so that the police may be asked
    for giver, force, taker in ((camille, Force.GENDARMERIE, alex), (alex, Force.POLICE, None)):
        cold(conversation, giver, force=force)
        dispatcher.dispatch()
        conversation.refresh_from_db()
        assert conversation.assigned_to == taker
    assert Direction.objects.get().avoided_before == [camille.pk]
    later = timezone.now() + values.get_duration(definitions.NOT_BACK) + timedelta(seconds=30)
    Agent.objects.update(seen_at=later)
    Conversation.objects.update(reporter_seen_at=later)
    assert dispatcher.dispatch(later) == 1


def test_cold_is_not_given_back_for_a_while_even_if_nobody_else_has_room(conversation, camille, alex):
    Agent.objects.filter(pk=alex.pk).update(capacity=0)
    cold(conversation, camille, force=Force.GENDARMERIE)
    now = timezone.now()
    soon = now + values.get_duration(definitions.NOT_BACK) - timedelta(seconds=30)
    for moment in (now, soon):
        Agent.objects.update(seen_at=moment)
        Conversation.objects.update(reporter_seen_at=moment)
        assert dispatcher.dispatch(moment) == 0
    later = now + values.get_duration(definitions.NOT_BACK) + timedelta(seconds=30)
    Agent.objects.update(seen_at=later)
    Conversation.objects.update(reporter_seen_at=later)
    assert dispatcher.dispatch(later) == 1
    conversation.refresh_from_db()
    assert conversation.assigned_to == camille


def test_cold_receiver_may_not_pass_it_back_to_who_sent_it(conversation, camille, alex):
    cold(conversation, camille, unit=alex.unit_id)
    dispatcher.dispatch()
    conversation.refresh_from_db()
    assert conversation.assigned_to == alex
    with pytest.raises(transfer_actions.GivenBack):
        cold(conversation, alex, agent=camille.pk)
    with pytest.raises(transfer_actions.GivenBack):
        propose(conversation, alex, agent=camille.pk)


def test_offer_to_a_team_is_not_made_to_who_sent_it(conversation, camille, alex):
    """« Je connais une personne concernée »: neither the queue nor an offer brings it back to them."""
    sacha = make.agent(public_name="Sacha")
    cold(conversation, camille, unit=alex.unit_id)
    dispatcher.dispatch()
    one = propose(conversation, alex, force=Force.POLICE)
    answer(one)
    now = timezone.now()
    assert [offer.pk for offer in access.offers_to(sacha, now)] == [one.pk]
    assert access.as_offered(camille, conversation.public_id, now) is None
    not_back = values.get_duration(definitions.NOT_BACK)
    Direction.objects.update(at=now - 2 * not_back, until=now - not_back)
    assert access.as_offered(camille, conversation.public_id, now) == one


def test_team_of_which_only_who_sent_it_is_there_is_refused(conversation, camille, alex):
    """At four in the morning there are two agents: the person was told that somebody would answer, and nobody might."""
    cold(conversation, camille, unit=alex.unit_id)
    dispatcher.dispatch()
    conversation.refresh_from_db()
    for target in ({"unit": camille.unit_id}, {"force": Force.POLICE}):
        for act in (cold, propose):
            with pytest.raises(transfer_actions.OnlyGivenBack):
                act(conversation, alex, **target)
    conversation.refresh_from_db()
    assert (conversation.assigned_to, conversation.status) == (alex, Status.ACTIVE)
    Direction.objects.update(at=make.long_ago(20), until=make.long_ago(10))
    cold(conversation, alex, force=Force.POLICE)
    dispatcher.dispatch()
    conversation.refresh_from_db()
    assert conversation.assigned_to == camille


# --- « Je connais une personne concernée » -----------------------------------------------------------------


def pass_cold(conversation, by, to):
    cold(conversation, by, Reason.IMPARTIALITY, agent=to.pk)


def pass_warm(conversation, by, to):
    one = propose(conversation, by, Reason.IMPARTIALITY, agent=to.pk)
    answer(one, Answer.SILENT)
    accept(one, to)


def pass_through_the_queue(conversation, by, to):
    cold(conversation, by, Reason.IMPARTIALITY, unit=to.unit_id)
    assert dispatcher.dispatch() == 1


def lose(conversation, by, to):
    """Offer it to `to`, and be lost before it is answered; `to` is given the person from the queue."""
    propose(conversation, by, Reason.IMPARTIALITY, agent=to.pk)
    Agent.objects.filter(pk=by.pk).update(seen_at=make.long_ago(5))
    assert dispatcher.release_stale() == 1
    assert dispatcher.claim_conversation(conversation_id=conversation.pk, agent_id=to.pk, now=timezone.now())
    actions.set_availability(agent_id=by.pk, availability=Availability.AVAILABLE)


WAYS = [pass_cold, pass_warm, pass_through_the_queue, lose]


@pytest.mark.parametrize("hand", WAYS)
def test_who_knows_somebody_concerned_is_never_given_the_exchange_back(conversation, camille, alex, hand):
    """Alex took it, and was lost hours later, when Camille had all places free and Sacha had one of three taken."""
    hand(conversation, camille, alex)
    conversation.refresh_from_db()
    assert conversation.assigned_to == alex
    Agent.objects.filter(pk=alex.pk).update(seen_at=make.long_ago(5))
    assert dispatcher.release_stale() == 1
    later = timezone.now() + timedelta(hours=3)
    Agent.objects.exclude(pk=alex.pk).update(seen_at=later)
    Conversation.objects.update(reporter_seen_at=later)
    assert dispatcher.dispatch(later) == 0
    sacha = make.agent(public_name="Sacha")
    make.assigned(sacha)
    Agent.objects.filter(pk=sacha.pk).update(seen_at=later)
    assert dispatcher.dispatch(later) == 1
    conversation.refresh_from_db()
    assert conversation.assigned_to == sacha


@pytest.mark.parametrize("hand", WAYS)
def test_who_knows_somebody_concerned_is_not_chosen_by_anybody(conversation, camille, alex, hand):
    """By the colleague, in an offer to all, or by a supervisor, be it during the exchange or in the queue."""
    hand(conversation, camille, alex)
    Direction.objects.all().delete()  # whose time has passed
    conversation.refresh_from_db()
    for act in (cold, propose):
        with pytest.raises(transfer_actions.GivenBack):
            act(conversation, alex, agent=camille.pk)
        with pytest.raises(transfer_actions.OnlyGivenBack):
            act(conversation, alex, force=Force.POLICE)
    chief = make.agent(public_name="Dominique", role=Role.SUPERVISOR)
    chief.supervised_units.add(alex.unit)
    found = intervention.receivers(conversation, timezone.now())
    assert chief in found and camille not in found
    with pytest.raises(transfer_actions.NoRoom):
        intervention.reassign(conversation_id=conversation.pk, by=chief, agent_id=camille.pk, motive="x")
    one = propose(conversation, alex, force=Force.POLICE)
    answer(one)
    now = timezone.now()
    assert list(access.offers_to(chief, now)) == [one] and not access.offers_to(camille, now)
    Agent.objects.filter(pk=alex.pk).update(seen_at=make.long_ago(5))
    assert dispatcher.release_stale() == 1
    conversation.refresh_from_db()
    found = giving.find_receivers(conversation, chief, timezone.now())
    assert chief in found and camille not in found


def test_who_knows_somebody_concerned_and_passed_on_by_others_since_is_still_known(conversation, camille, alex):
    """The later passage through the queue has another reason, and its own ten minutes."""
    pass_cold(conversation, camille, alex)
    make.agent(capacity=0)  # somebody who will have a place one day, so that the police may be asked
    cold(conversation, alex, force=Force.POLICE)
    assert Direction.objects.get().avoided_before == []
    later = timezone.now() + values.get_duration(definitions.NOT_BACK) + timedelta(seconds=30)
    Agent.objects.update(seen_at=later)
    Conversation.objects.update(reporter_seen_at=later)
    assert dispatcher.dispatch(later) == 1
    conversation.refresh_from_db()
    assert conversation.assigned_to == alex


@pytest.mark.parametrize("state", [HandoverState.DECLINED, HandoverState.EXPIRED, HandoverState.WITHDRAWN])
def test_who_kept_the_exchange_after_all_may_be_given_it_again(conversation, camille, alex, state):
    """The person was told that it stays with them, because nobody else took it."""
    propose(conversation, camille, Reason.IMPARTIALITY, agent=alex.pk)
    Handover.objects.update(state=state, until=None, ended_at=timezone.now())
    Agent.objects.filter(pk=camille.pk).update(seen_at=make.long_ago(5))
    assert dispatcher.release_stale() == 1
    Agent.objects.filter(pk=alex.pk).update(capacity=0)
    actions.set_availability(agent_id=camille.pk, availability=Availability.AVAILABLE)
    dispatcher.dispatch()
    conversation.refresh_from_db()
    assert conversation.assigned_to == camille


# --- an open emergency procedure --------------------------------------------------------------------------------------


def open_procedure(conversation, by):
    return emergencies.start(conversation_id=conversation.pk, situation=Situation.SUICIDE, by=by.user)


def test_cold_with_an_open_procedure_needs_a_free_place_in_the_team(conversation, camille, alex):
    make.agent(public_name="Sacha")  # who has places, and is of another team
    procedure = open_procedure(conversation, camille)
    Agent.objects.filter(pk=alex.pk).update(capacity=0)
    for team in ({"unit": alex.unit_id}, {"force": Force.GENDARMERIE}):
        with pytest.raises(transfer_actions.NoPlaceThere):
            cold(conversation, camille, **team)
    sent = {"target": f"unit-{alex.unit_id}", "manner": "cold", "reason": "competence"}
    page = unescape(signed_in(camille.user).post(page_of(conversation) + "passage/", sent).text)
    assert "Une procédure d'urgence est ouverte, et personne n'y a de place libre" in page
    conversation.refresh_from_db()
    assert conversation.assigned_to == camille and not Handover.objects.exists()
    Agent.objects.filter(pk=alex.pk).update(capacity=1)
    cold(conversation, camille, unit=alex.unit_id)
    assert dispatcher.dispatch() == 1
    conversation.refresh_from_db()
    assert conversation.assigned_to == alex and procedure.ended_at is None


def test_place_of_who_has_just_passed_the_person_on_is_no_place_for_them(conversation, camille, alex):
    Agent.objects.filter(pk=alex.pk).update(capacity=1)
    make.agent(public_name="Sacha", unit_name="Ailleurs", force=Force.GENDARMERIE, capacity=0)
    cold(conversation, camille, reason=Reason.IMPARTIALITY, agent=alex.pk)
    charlie = make.agent(public_name="Charlie")
    cold(conversation, alex, reason=Reason.IMPARTIALITY, agent=charlie.pk)
    open_procedure(conversation, charlie)
    with pytest.raises(transfer_actions.NoPlaceThere):
        cold(conversation, charlie, unit=alex.unit_id)


def test_procedure_that_has_ended_holds_nobody_back(conversation, camille, alex):
    open_procedure(conversation, camille)
    emergencies.finish(conversation_id=conversation.pk, by=camille.user)
    Agent.objects.filter(pk=alex.pk).update(capacity=0)
    cold(conversation, camille, unit=alex.unit_id)


def test_who_knows_somebody_concerned_keeps_nobody_for_want_of_a_place_in_the_team(conversation, camille, alex):
    """They were told to keep an exchange that they must not have; the queue gives the person to another team."""
    open_procedure(conversation, camille)
    Agent.objects.filter(pk=alex.pk).update(capacity=0)
    sacha = make.agent(public_name="Sacha")
    cold(conversation, camille, Reason.IMPARTIALITY, unit=alex.unit_id)
    assert dispatcher.dispatch() == 1
    conversation.refresh_from_db()
    assert conversation.assigned_to == sacha


@pytest.mark.parametrize("has_procedure", [True, False])
def test_who_waits_with_an_open_procedure_is_held_to_no_unit(conversation, camille, alex, has_procedure):
    """The place was filled meanwhile, and the other force has one: they waited sixty seconds for the unit."""
    if has_procedure:
        open_procedure(conversation, camille)
    cold(conversation, camille, unit=alex.unit_id)
    Agent.objects.filter(pk=alex.pk).update(capacity=0)
    sacha = make.agent(public_name="Sacha")
    assert dispatcher.dispatch() == has_procedure
    conversation.refresh_from_db()
    assert conversation.assigned_to == (sacha if has_procedure else None)


@pytest.mark.parametrize("has_procedure", [True, False])
def test_who_lost_their_agent_in_a_procedure_is_held_to_no_force(camille, alex, has_procedure):
    conversation = make.assigned(camille)
    make.agent(public_name="Sacha", capacity=0)  # of the same force, on duty, and full
    if has_procedure:
        open_procedure(conversation, camille)
    Agent.objects.filter(pk=camille.pk).update(seen_at=make.long_ago(5))
    assert dispatcher.release_stale() == 1
    assert dispatcher.dispatch() == has_procedure
    conversation.refresh_from_db()
    assert conversation.assigned_to == (alex if has_procedure else None)


def test_procedure_changes_nobody_s_place_in_the_queue(camille, alex):
    first, second = make.assigned(camille, queued_at=make.long_ago(30)), make.assigned(camille)
    open_procedure(second, camille)
    Agent.objects.filter(pk=camille.pk).update(seen_at=make.long_ago(5))
    Agent.objects.filter(pk=alex.pk).update(capacity=1)
    assert dispatcher.release_stale() == 2 and dispatcher.dispatch() == 1
    first.refresh_from_db()
    assert first.assigned_to == alex


def test_cold_to_a_team_without_anybody_is_refused(conversation, camille, alex):
    Agent.objects.filter(pk=alex.pk).update(availability=Availability.PAUSE, pause_reason="Repas")
    for target in ({"unit": alex.unit_id}, {"force": Force.GENDARMERIE}, {"unit": camille.unit_id}):
        with pytest.raises(transfer_actions.NobodyThere):
            cold(conversation, camille, **target)


NOW = timezone.now()


def test_share_out_directed_prefers_the_unit_then_after_a_while_the_force():
    agents = [AgentOnDuty(1, "police", 0, 3, None, unit=7), AgentOnDuty(2, "police", 2, 3, None, unit=8)]
    asked = {"force": "police", "is_urgent": False, "unit": 8}
    options = {"now": NOW, "overflow_after": timedelta(minutes=1), "forces_on_duty": {"police"}, "at_most": 9}
    fresh = Waiting(10, waits_since=NOW, **asked)
    assert share_out([fresh], agents, **options) == [(10, 2)]
    assert share_out([fresh], agents[:1], **options) == []
    old = Waiting(10, waits_since=NOW - timedelta(minutes=2), **asked)
    assert share_out([old], agents[:1], **options) == [(10, 1)]
    avoids = Waiting(10, waits_since=NOW - timedelta(minutes=2), avoided=frozenset({1}), **asked)
    assert share_out([avoids], agents[:1], **options) == []


def test_share_out_directed_holds_up_nobody_and_leaves_the_turns_right():
    agents = [AgentOnDuty(1, "police", 0, 2, None, unit=7), AgentOnDuty(2, "police", 0, 2, None, unit=8)]
    options = {"now": NOW, "overflow_after": timedelta(minutes=1), "forces_on_duty": {"police"}, "at_most": 9}
    people = [
        Waiting(10, "police", False, NOW, unit=9),  # nobody of that unit is there
        Waiting(11, "police", False, NOW, unit=8),
        Waiting(12, "police", False, NOW),
        Waiting(13, "police", False, NOW, unit=8),
        Waiting(14, "police", False, NOW, unit=8),  # that unit has no room any more
        Waiting(15, "police", False, NOW),
    ]
    assert share_out(people, agents, **options) == [(11, 2), (12, 1), (13, 2), (15, 1)]


def test_share_out_directed_heavy_goes_first_to_who_has_two_places_of_the_unit():
    agents = [AgentOnDuty(1, "police", 0, 1, None, unit=8), AgentOnDuty(2, "police", 2, 4, None, unit=8)]
    agents.append(AgentOnDuty(3, "police", 0, 4, None, unit=7))
    options = {"now": NOW, "overflow_after": timedelta(minutes=1), "forces_on_duty": {"police"}, "at_most": 9}
    heavy = Waiting(10, "police", False, NOW, weight=2, unit=8)
    light = Waiting(11, "police", False, NOW, unit=8)
    assert share_out([heavy, light], agents, **options) == [(10, 2), (11, 1)]
    assert share_out([heavy], agents[:1], **options) == [(10, 1)]  # the last place is enough
    away = Waiting(12, "police", False, NOW, weight=2, avoided=frozenset({3}))
    assert share_out([away], agents, **options) == [(12, 2)]


def test_places_count_when_somebody_is_passed_on(camille):
    """Two places of two are taken by one conversation; the last one is enough for a grave one, as in the queue."""
    full, room = make.agent(capacity=2), make.agent(capacity=2)
    for holder, weight in ((full, 2), (room, 1)):
        held = make.assigned(holder)
        Conversation.objects.filter(pk=held.pk).update(weight=weight)
    conversation = make.assigned(camille, urgency=Urgency.CRITICAL)
    assert conversation.weight == 2
    with pytest.raises(transfer_actions.NoRoom):
        cold(conversation, camille, agent=full.pk)
    assert full not in transfer_actions.free_colleagues(camille, timezone.now())
    cold(conversation, camille, agent=room.pk)
    conversation.refresh_from_db()
    assert (conversation.assigned_to, conversation.weight) == (room, 2)


def test_history_says_how_and_why(conversation, camille, alex):
    cold(conversation, camille, unit=alex.unit_id)
    dispatcher.dispatch()
    conversation.refresh_from_db()
    words = [one.words for one in history.history_of(conversation)]
    assert "Transféré par la file : Gendarmerie nationale, Relève d'un autre service" in words
    answer(propose(conversation, alex, agent=make.agent().pk), Answer.REFUSED)
    assert history.history_of(conversation)[-1].words == "Résumé refusé : il n'est pas transmis"
    assert history.words_of(ConversationEvent(kind=EventKind.KEPT, detail="?")) == "Passage sans suite"


@pytest.mark.parametrize("has_procedure", [True, False])
def test_who_knows_somebody_concerned_keeps_nobody_where_nobody_is_on_duty(conversation, camille, alex, has_procedure):
    """They were alone at night, and were told to keep an exchange that they must not have."""
    if has_procedure:
        open_procedure(conversation, camille)
    Agent.objects.filter(pk=alex.pk).update(availability=Availability.PAUSE, pause_reason="Repas")
    cold(conversation, camille, Reason.IMPARTIALITY, force=camille.force)
    conversation.refresh_from_db()
    assert (conversation.status, conversation.assigned_to) == (Status.WAITING, None)
    assert lines(conversation)[-1].startswith("Quelqu'un d'autre va répondre"), "not why, and no other service"
    assert dispatcher.dispatch() == 0, "not to them"
    later = timezone.now() + 2 * values.get_duration(definitions.NOT_BACK)
    Agent.objects.update(seen_at=later)
    Conversation.objects.update(reporter_seen_at=later)
    assert dispatcher.dispatch(later) == 0, "nor afterwards"
    Agent.objects.filter(pk=alex.pk).update(availability=Availability.AVAILABLE, pause_reason="")
    assert dispatcher.dispatch(later) == 1
    conversation.refresh_from_db()
    assert conversation.assigned_to == alex


def test_queue_without_its_agent_keeps_the_force_of_the_zone_and_the_wait(conversation, camille, alex):
    """An agent of the other force had taken somebody of the police, and knows somebody concerned."""
    Agent.objects.filter(pk=camille.pk).update(capacity=0)
    Conversation.objects.filter(pk=conversation.pk).update(assigned_to=alex)
    make.agent(unit_name="Ailleurs", force=Force.GENDARMERIE, capacity=0)  # on duty: their force was kept to
    conversation.refresh_from_db()
    cold(conversation, alex, Reason.IMPARTIALITY, force=alex.force)
    conversation.refresh_from_db()
    assert conversation.force == conversation.report.force == Force.POLICE
    assert Direction.objects.get().at == conversation.queued_at
    [line] = [one.words for one in history.history_of(conversation) if one.words.startswith("Transféré par la file")]
    assert line == "Transféré par la file : Je connais une personne concernée"
    page = signed_in(alex.user)
    told = unescape(page.get("/console/passages/").text)
    assert "Remis dans la file, sans vous : personne n'a encore pris l'échange." in told
    assert "Passé à Gendarmerie" not in told
    Agent.objects.filter(pk=camille.pk).update(capacity=1)
    assert dispatcher.dispatch() == 1
    conversation.refresh_from_db()
    assert conversation.assigned_to == camille


def test_queue_without_its_agent_does_not_make_the_other_force_wait_again(conversation, camille, alex):
    """Whoever is free next gets the person, who has waited longer than the delay; it began again at the passing-on."""
    make.agent(capacity=0)  # of the force of the zone, on duty and full
    cold(conversation, camille, Reason.IMPARTIALITY, force=camille.force)
    assert dispatcher.dispatch() == 1
    conversation.refresh_from_db()
    assert (conversation.assigned_to, conversation.force) == (alex, Force.POLICE)


def test_queue_that_the_person_left_is_told_without_a_team(conversation, camille):
    cold(conversation, camille, Reason.IMPARTIALITY, force=camille.force)
    Conversation.objects.filter(pk=conversation.pk).update(status=Status.ABANDONED)
    told = unescape(signed_in(camille.user).get("/console/passages/").text)
    assert "Remis dans la file, sans vous : la personne est partie avant" in told and "Passé à Police" not in told

"""A conversation that is passed on with a summary: its person reads it, and the colleague agrees."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from chat import access
from chat.conversations import actions, dispatcher
from chat.models import Agent
from chat.models.transfer import Handover, HandoverText
from chat.rules.lifecycle import Author, Availability, Status
from chat.rules.transfer import Answer, HandoverState, Part
from chat.transfer import actions as transfer_actions
from common import encryption
from common.service_settings import definitions, values
from locations.models import Force
from tests.chat.transfer.acts import SUMMARY, accept, answer, cold, lines, propose
from tests.factories import chat as make

pytestmark = pytest.mark.django_db


# --- warm -------------------------------------------------------------------------------------------------------------


def test_warm_summary_is_read_first_and_shared_as_agreed(conversation, camille, alex):
    one = propose(conversation, camille, agent=alex.pk)
    now = timezone.now()
    assert list(access.offers_to(alex, now)) == []  # nobody else knows yet
    assert access.summary_for(conversation, now).text(Part.SUMMARY) == SUMMARY
    assert one.summary == ""  # the person has not agreed
    answer(one)
    assert list(access.offers_to(alex, timezone.now())) == [one]
    conversation.refresh_from_db()
    assert conversation.assigned_to == camille  # who answers meanwhile
    make.message(conversation, "Je suis toujours là.", Author.AGENT)
    accept(one, alex)
    conversation.refresh_from_db()
    one.refresh_from_db()
    assert conversation.assigned_to == alex
    assert one.summary == SUMMARY
    assert "prend la suite" in lines(conversation)[-1]
    assert access.summary_for(conversation, timezone.now()) is None


def test_warm_correction_takes_the_place_of_the_summary(conversation, camille, alex):
    one = propose(conversation, camille, agent=alex.pk)
    answer(one, Answer.CORRECTED, "Ce n'est pas un camarade.")
    accept(one, alex)
    one.refresh_from_db()
    assert one.summary == "Ce n'est pas un camarade."
    assert not one.texts.filter(part=Part.SUMMARY).exists()


def test_warm_refused_summary_is_deleted_and_the_transfer_goes_on(conversation, camille, alex):
    one = propose(conversation, camille, agent=alex.pk)
    answer(one, Answer.REFUSED)
    assert not one.texts.filter(part__in=[Part.SUMMARY, Part.CORRECTION]).exists()
    accept(one, alex)
    one.refresh_from_db()
    conversation.refresh_from_db()
    assert (one.summary, conversation.assigned_to) == ("", alex)


def test_warm_silence_of_the_person_is_no_consent(conversation, camille, alex):
    one = propose(conversation, camille, agent=alex.pk)
    later = timezone.now() + values.get_duration(definitions.SUMMARY_READ) + timedelta(seconds=1)
    assert transfer_actions.advance_handovers(later) == 1
    one.refresh_from_db()
    assert (one.state, one.answer, one.texts.count()) == (HandoverState.OFFERED, Answer.SILENT, 0)
    assert "n'a pas été relu" in lines(conversation)[-1]
    with pytest.raises(transfer_actions.Over):
        answer(one)


def test_warm_without_an_answer_stays_with_the_first_agent(conversation, camille, alex):
    one = propose(conversation, camille, agent=alex.pk)
    answer(one)
    later = timezone.now() + values.get_duration(definitions.OFFER_OPEN) + timedelta(seconds=1)
    assert transfer_actions.advance_handovers(later) == 1
    assert transfer_actions.advance_handovers(later) == 0
    one.refresh_from_db()
    conversation.refresh_from_db()
    assert (one.state, conversation.assigned_to) == (HandoverState.EXPIRED, camille)
    assert lines(conversation)[-1] == "L'échange continue avec Camille, police nationale."
    assert one.texts.count() == 0  # nothing was shared, so nothing is kept
    with pytest.raises(transfer_actions.Over):
        accept(one, alex)


def test_warm_too_late_by_the_clock_is_over_before_the_worker_comes(conversation, camille, alex):
    one = propose(conversation, camille, agent=alex.pk)
    answer(one)
    Handover.objects.update(until=timezone.now() - timedelta(seconds=1))
    with pytest.raises(transfer_actions.Over):
        accept(one, alex)
    assert list(access.offers_to(alex, timezone.now())) == []


def test_warm_declined_says_why_to_the_agent_alone(conversation, camille, alex):
    one = propose(conversation, camille, agent=alex.pk)
    answer(one)
    transfer_actions.decline_handover(
        handover_id=one.pk, conversation_id=conversation.pk, by=alex, reason="Trop de charge."
    )
    one.refresh_from_db()
    conversation.refresh_from_db()
    assert (one.state, one.refusal, conversation.assigned_to) == (HandoverState.DECLINED, "Trop de charge.", camille)
    assert "continue avec Camille" in lines(conversation)[-1]
    assert not any("charge" in line for line in lines(conversation))


def test_warm_only_who_was_asked_may_answer(conversation, camille, alex):
    other = make.agent()
    one = propose(conversation, camille, agent=alex.pk)
    answer(one)
    now = timezone.now()
    assert access.as_offered(alex, conversation.public_id, now) == one
    for somebody in (other, camille):
        assert access.as_offered(somebody, conversation.public_id, now) is None
    with pytest.raises(transfer_actions.Over):
        transfer_actions.decline_handover(handover_id=one.pk, conversation_id=conversation.pk, by=other, reason="non")


def test_warm_to_a_unit_is_offered_to_each_of_its_agents(conversation, camille, alex):
    second = make.agent(unit_name="Ailleurs", force=Force.GENDARMERIE)
    one = propose(conversation, camille, unit=alex.unit_id)
    answer(one)
    assert all(access.as_offered(who, conversation.public_id, timezone.now()) for who in (alex, second))
    accept(one, second)
    with pytest.raises(transfer_actions.Over):
        accept(one, alex)


def test_warm_receiver_without_room_is_refused_and_the_offer_stays(conversation, camille, alex):
    one = propose(conversation, camille, agent=alex.pk)
    answer(one)
    Agent.objects.filter(pk=alex.pk).update(capacity=0)
    with pytest.raises(transfer_actions.NoRoom):
        accept(one, alex)
    one.refresh_from_db()
    assert one.state == HandoverState.OFFERED


def test_warm_to_who_comes_on_duty_and_is_not_available_yet(conversation, camille):
    coming = make.agent(availability=Availability.AWAY)
    one = propose(conversation, camille, agent=coming.pk)
    answer(one)
    accept(one, coming)
    conversation.refresh_from_db()
    assert conversation.assigned_to == coming


def test_warm_withdrawn_keeps_the_conversation(conversation, camille, alex):
    propose(conversation, camille, agent=alex.pk)
    transfer_actions.withdraw_handover(conversation_id=conversation.pk, by=camille)
    with pytest.raises(transfer_actions.Over):
        transfer_actions.withdraw_handover(conversation_id=conversation.pk, by=camille)
    assert "continue avec Camille" in lines(conversation)[-1]


def test_one_passage_at_a_time(conversation, camille, alex):
    propose(conversation, camille, agent=alex.pk)
    with pytest.raises(transfer_actions.UnderWay):
        propose(conversation, camille, agent=alex.pk)
    with pytest.raises(transfer_actions.UnderWay):
        cold(conversation, camille, agent=alex.pk)
    with pytest.raises(IntegrityError, match="handover_open_once"), transaction.atomic():
        Handover.objects.create(
            conversation=conversation,
            from_agent=camille,
            to_agent=alex,
            manner="warm",
            reason="other",
            state=HandoverState.OFFERED,
            asked_at=timezone.now(),
            until=timezone.now() + values.get_duration(definitions.OFFER_OPEN),
        )


def test_agent_who_vanishes_meanwhile_leaves_the_person_in_the_queue(conversation, camille, alex):
    one = propose(conversation, camille, agent=alex.pk)
    answer(one)
    Agent.objects.filter(pk=alex.pk).update(capacity=0)
    Agent.objects.filter(pk=camille.pk).update(seen_at=make.long_ago(5))
    assert dispatcher.release_stale() == 1
    conversation.refresh_from_db()
    assert conversation.status == Status.WAITING
    assert list(access.offers_to(alex, timezone.now())) == []
    Agent.objects.filter(pk=alex.pk).update(capacity=3)
    with pytest.raises(transfer_actions.Over):
        accept(one, alex)
    assert transfer_actions.advance_handovers() == 1
    one.refresh_from_db()
    assert (one.state, one.texts.count()) == (HandoverState.LOST, 0)


def test_closing_ends_the_passage(conversation, camille, alex):
    one = propose(conversation, camille, agent=alex.pk)
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    assert access.summary_for(conversation, timezone.now()) is None
    with pytest.raises(transfer_actions.Over):
        answer(one)
    transfer_actions.advance_handovers()
    one.refresh_from_db()
    assert one.state == HandoverState.LOST


def test_texts_are_sealed_each_for_its_place_and_sealed_again(conversation, camille, alex, settings):
    one = propose(conversation, camille, agent=alex.pk)
    text = HandoverText.objects.get(part=Part.SUMMARY)
    assert SUMMARY.encode() not in bytes(text.sealed_text)
    moved = HandoverText(handover=one, part=Part.NOTE, sealed_text=text.sealed_text)
    assert moved.opened is None
    call_command("rotate_keys", verbosity=0)
    assert encryption.unseal(HandoverText.objects.get(pk=text.pk).sealed_text, context=text.context) == SUMMARY


def test_discreet_visit_is_not_told_of_which_force(camille, alex):
    conversation = make.assigned(camille, discreet=True)
    one = propose(conversation, camille, force=Force.GENDARMERIE)
    assert "Camille propose de confier la suite à un autre service." in lines(conversation)[-1]
    answer(one)
    accept(one, alex)
    assert not any("gendarmerie" in line or "police" in line for line in lines(conversation))


def test_lines_are_in_the_language_of_the_visit(camille, alex):
    conversation = make.assigned(camille, language="en")
    one = propose(conversation, camille, agent=alex.pk)
    answer(one)
    accept(one, alex)
    assert "takes over" in lines(conversation)[-1]

"""The one statement of a page gives the same answers as the modules to which they belong, each with a statement of its
own.
"""

from datetime import timedelta

import pytest
from django.template.loader import render_to_string
from django.utils import timezone, translation

from chat import access
from chat.casework import proposals
from chat.conversations import actions
from chat.messages.transcript import Line
from chat.models import Conversation, ConversationEvent, EventKind, Message
from chat.referral import actions as referral_actions
from chat.referral import queries as referral_queries
from chat.retention import schedule
from chat.rules.lifecycle import Author
from chat.rules.transfer import Reason, Target
from chat.templatetags.thread_lines import thread_lines
from chat.transfer import actions as transfer_actions
from chat.visitor import page_state
from reports.models import ErasureRequest, Report, RetentionRule
from reports.retention.deletion import rules
from reports.rules.retention import Kind
from tests.factories import chat as make
from tests.factories import transmissions as hand
from tests.support import begun

pytestmark = pytest.mark.django_db


def agree(conversation) -> page_state.PageState:
    now = timezone.now()
    conversation = Conversation.objects.get(pk=conversation.pk)
    found = page_state.read_page_state(conversation, now)
    report = schedule._with_acts(Report.objects.filter(pk=conversation.report_id)).get()
    decision = schedule._decide(report, rules(), now)
    assert found.decision == decision
    assert found.rule == schedule._rule_applied(report, decision, rules())
    assert found.is_asked == (access.summary_for(conversation, now) is not None)
    assert found.has_slip == (referral_queries.slip_of(conversation) is not None)
    assert found.may_be_asked or proposals.open_question(conversation) is None
    return found


def event(conversation, kind, **ago):
    ConversationEvent.objects.create(conversation=conversation, kind=kind, at=timezone.now() - timedelta(**ago))


def test_end_is_that_which_the_worker_counts():
    conversation = make.age(make.assigned(), days=300)
    first = agree(conversation).decision.due_at
    event(conversation, EventKind.ABANDONED, days=2)  # this happened by itself, and is no act
    assert agree(conversation).decision.due_at == first
    event(conversation, EventKind.RESUMED, days=9)
    second = agree(conversation).decision.due_at
    assert second > first
    message = make.message(conversation, "Je suis là.")
    Conversation.objects.update(reporter_seen_at=conversation.reporter_seen_at)
    assert agree(conversation).decision.due_at > second
    Message.objects.filter(pk=message.pk).update(author=Author.SYSTEM)  # what Pnav says is no act
    assert agree(conversation).decision.due_at == second


def test_end_follows_the_rules_that_an_administrator_set():
    conversation = make.age(make.closed(), days=30)
    values = {"digest_days": 7, "is_to_verify": False}
    RetentionRule.objects.update_or_create(kind=Kind.EXCHANGE, defaults={"days": 40, "grace_days": 3, **values})
    RetentionRule.objects.update_or_create(kind=Kind.ERASURE, defaults={"days": 20, "grace_days": 2, **values})
    assert agree(conversation).rule.days == 40
    asked = ErasureRequest.objects.create(report=conversation.report, asked_at=timezone.now())
    assert agree(conversation).rule.days == 40
    asked.answered_at, asked.is_granted = timezone.now(), True
    asked.save()
    assert agree(conversation).rule.days == 20
    RetentionRule.objects.all().delete()
    agree(conversation)


def test_summary_is_asked_for_as_long_as_it_lives():
    camille, alex = make.agent(), make.agent()
    conversation = make.assigned(camille)
    assert not agree(conversation).is_asked
    transfer_actions.propose_handover(
        conversation_id=conversation.pk,
        by=camille,
        target=Target(agent=alex.pk),
        reason=Reason.OTHER,
        summary="Résumé.",
    )
    assert agree(conversation).is_asked
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    assert not agree(conversation).is_asked


def test_suites_and_appointment_are_announced_when_they_are_there():
    unit = hand.account()
    conversation = make.assigned(make.agent(), reception_point=unit.point)
    assert (agree(conversation).follow, agree(conversation).may_be_asked) == ("", False)
    hand.asked(conversation, unit)
    assert agree(conversation).follow == "Lire et répondre"
    conversation = make.assigned(make.agent(), reception_point=unit.point)
    row = hand.opened(conversation, unit)
    assert (agree(conversation).follow, agree(conversation).has_slip) == ("Suites", False)
    referral_actions.propose_meeting(
        transmission=row, seen=row.steps.count(), meets_at=timezone.now() + timedelta(days=3), place="", by=unit.user
    )
    assert agree(conversation).has_slip
    asker = conversation.assigned_to.user
    proposals.ask_question(conversation_id=conversation.pk, text="Et demain ?", answers=["Oui", "Non"], by=asker)
    assert agree(conversation).may_be_asked


@pytest.mark.parametrize("language", begun.offered())
def test_lines_are_drawn_as_their_template_draws_each(language):
    lines = [
        Line(1, "reporter", "Vous", "2026-11-27T08:00:00+01:00", "08:00", "<b>&\"'</b> {{ line.body }} % \x01", "Lu"),
        Line(1234, "agent", "<Camille>, police", '2026"', "26 novembre, 08:00", "ligne\nligne", ""),
    ]
    with translation.override(language):
        expected = "".join(render_to_string("chat/_message.html", {"line": line}) for line in lines)
        assert thread_lines(lines) == expected
    assert thread_lines([]) == ""

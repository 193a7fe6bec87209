"""What Pnav writes into the thread of somebody whose screen may be watched: lines that tell nothing, and lead to a page
that is folded and says the whole (docs/adr/0111).
"""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from chat.casework import proposals
from chat.conversations import actions, resume
from chat.models import Conversation, Transmission, UnitAccount
from chat.referral import actions as referral_actions
from chat.rules.lifecycle import Author, Outcome
from chat.rules.referral import State
from locations.models import Partner
from pnav.addresses import DISCREET, ORDINARY
from tests.factories import chat as make
from tests.factories import locations as places
from tests.factories import transmissions as hand
from tests.support.on_screen import TELLING, TELLING_IN, words_on_screen
from triage.rules import Urgency

pytestmark = pytest.mark.django_db


def told_whole(conversation: Conversation) -> list[str]:
    return [one.text for one in reversed(proposals.proposals_of(conversation))]


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("role", ["victim", "witness", "relative", "professional"])
def test_proposals_are_neutral_in_the_thread_of_a_watched_screen_and_whole_on_a_folded_page(
    as_reporter: Callable[[Conversation], Client], role: str, language: str
) -> None:
    """An administrator may name a force in any of them, and a unit or a partner does so by its own name."""
    town = places.municipality("Bondy", "93010", ("93140",), latitude=48.9, longitude=2.48)
    partner = places.partner(name="Victimes 93", kind=Partner.Kind.NATIONAL)
    unit = hand.account()
    conversation = make.assigned(
        make.agent(), reception_point=unit.point, municipality=town, role=role, discreet=True, language=language
    )
    agent = conversation.assigned_to
    assert agent is not None and unit.point is not None
    about: dict[str, Any] = {"conversation_id": conversation.pk, "by": agent.user}
    proposals.propose_partner(partner_id=partner.pk, **about)
    proposals.propose_complaint(**about)
    proposals.propose_removal(**about)
    proposals.propose_appointment(meets_at=timezone.now() + timedelta(days=2), **about)
    said = [one.shown for one in conversation.messages.filter(author=Author.SYSTEM)][-4:]
    telling = re.compile(f"{TELLING_IN[language].pattern}|Bondy|rue de la Paix|93", re.IGNORECASE)
    assert [line for line in said if telling.search(line)] == [] and len(said) == 4
    # Whoever answers reads what was proposed, and so does the person, behind a fold.
    whole = told_whole(conversation)
    assert "Victimes 93" in whole[0] and unit.point.name in whole[1] and unit.point.name in whole[3]
    client = as_reporter(conversation)
    page = unescape(client.get(DISCREET.reverse("chat:follow_up")).text)
    assert "Victimes 93" in words_on_screen(page, opens_folds=True) and "Victimes 93" not in words_on_screen(page)
    assert unit.point.name in words_on_screen(page, opens_folds=True)
    answers = client.get(DISCREET.reverse("chat:answers")).json()
    assert answers["follow"] and answers["slip"]


def test_page_says_which_proposal_the_buttons_answer(as_reporter: Callable[[Conversation], Client]) -> None:
    """Somebody who had read of a complaint pressed « Oui » to the removal, which stood nowhere."""
    conversation = make.assigned(make.agent(), discreet=True)
    agent = conversation.assigned_to
    assert agent is not None
    about: dict[str, Any] = {"conversation_id": conversation.pk, "by": agent.user}
    proposals.propose_complaint(**about)
    proposals.propose_removal(**about)
    conversation.refresh_from_db()
    found = proposals.read_on_follow_up(conversation)
    assert [waits for _text, _answer, waits in found] == [True, False] and "retirer" in found[0][0]
    page = unescape(as_reporter(conversation).get(DISCREET.reverse("chat:follow_up")).text)
    words = words_on_screen(page, opens_folds=True)
    first, told = words.index(" ".join(found[0][0].split())[:30]), words.index("La réponse se donne sous les messages")
    assert first < told < words.index(" ".join(found[1][0].split())[:30])


def test_what_was_proposed_is_not_read_with_a_code_of_the_suites(client: Client) -> None:
    """That code opens nothing of what was said in the exchange."""
    conversation = make.assigned(make.agent(), discreet=True)
    agent = conversation.assigned_to
    assert agent is not None
    proposals.propose_complaint(conversation_id=conversation.pk, by=agent.user)
    hand.sent(conversation, hand.account())
    code = resume.issue_code(conversation_id=conversation.pk).text
    about: dict[str, Any] = {"conversation_id": conversation.pk, "by": agent.user}
    actions.close_conversation(by_author=Author.AGENT, outcome=Outcome.ADVISED, **about)
    page = client.post(DISCREET.reverse("chat:resume"), {"code": code}, follow=True).text
    assert "Numéro de dossier" in words_on_screen(page) and "Ce qui est proposé" not in page


def test_ordinary_thread_says_what_is_proposed_and_the_suites_do_not_repeat_it(
    as_reporter: Callable[[Conversation], Client],
) -> None:
    conversation = make.assigned(make.agent())
    agent = conversation.assigned_to
    assert agent is not None
    proposals.propose_complaint(conversation_id=conversation.pk, by=agent.user)
    client = as_reporter(conversation)
    assert "Porter plainte" in client.get(ORDINARY.reverse("chat:conversation")).text
    assert client.get(ORDINARY.reverse("chat:answers")).json()["follow"] == ""


def steps_of_a_summary(conversation: Conversation, unit: UnitAccount) -> None:
    """Take a summary through every state that has a line in the thread, and others back before they are read."""
    agent = conversation.assigned_to
    assert agent is not None and unit.point_id is not None
    hand.asked(conversation, unit)
    about: dict[str, Any] = {"conversation_id": conversation.pk, "by": agent.user}
    taken_back = Transmission.objects.get()
    referral_actions.withdraw_transmission(public_id=taken_back.public_id, **about)
    refused = hand.asked(conversation, unit)
    referral_actions.answer_consent(conversation=conversation, public_id=refused.public_id, agrees=False)
    referral_actions.withdraw_transmission(public_id=hand.sent(conversation, unit).public_id, **about)
    row = hand.opened(conversation, unit)
    meets_at = timezone.now() + timedelta(days=2)
    referral_actions.propose_meeting(
        transmission=row, seen=row.steps.count(), meets_at=meets_at, place="bureau des plaintes", by=unit.user
    )
    answer: dict[str, Any] = {"conversation": conversation, "public_id": row.public_id}
    referral_actions.answer_meeting(seen=row.steps.count(), agrees=True, **answer)
    referral_actions.answer_meeting(seen=row.steps.count(), agrees=False, other="pas devant mon ex", **answer)
    referral_actions.close_transmission(transmission=row, seen=row.steps.count(), reason="Plainte prise.", by=unit.user)
    Conversation.objects.filter(pk=conversation.pk).update(urgency=Urgency.CRITICAL)
    referral_actions.send_without(point_id=unit.point_id, summary="Vite.", why="Menaces de mort.", **about)


def test_steps_of_a_summary_are_neutral_in_the_thread_of_a_watched_screen(
    as_reporter: Callable[[Conversation], Client],
) -> None:
    """The unit opened the summary at an hour that nobody chose, and its name was on the screen."""
    unit = hand.account()
    conversation = make.assigned(make.agent(), reception_point=unit.point, discreet=True)
    before = conversation.last_seq
    steps_of_a_summary(conversation, unit)
    said = [one.shown for one in conversation.messages.filter(seq__gt=before)]
    states = {step.state for row in Transmission.objects.all() for step in row.steps.all()}
    assert states == set(State.values), "every state was passed"
    telling = re.compile(f"{TELLING.pattern}|Bondy|rue de la Paix|PNAV-|20\\d\\d|[0-9] h", re.IGNORECASE)
    assert len(said) >= len(State) and [line for line in said if telling.search(line)] == []
    page = unescape(as_reporter(conversation).get(DISCREET.reverse("chat:follow_up")).text)
    whole = words_on_screen(page, opens_folds=True)
    assert "Commissariat de Bondy" in whole and "Plainte prise." in whole
    assert not TELLING.search(words_on_screen(page[page.index("<main") : page.index("</main>")]))

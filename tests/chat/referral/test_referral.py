"""A summary goes to a unit and its steps come back: the actions, their constraints, and their races."""

import uuid
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from chat.captures.queries import AgreedCaptures
from chat.casework import emergencies, proposals
from chat.console import casework_panels
from chat.conversations import actions
from chat.models import Conversation, ConversationEvent, EventKind, Transmission, TransmissionStep, UnitAccount
from chat.referral import actions as referral_actions
from chat.referral import queries as referral_queries
from chat.referral.queries import AgreedFacts
from chat.rules.emergency import Situation
from chat.rules.lifecycle import Author
from chat.rules.referral import Basis, State
from chat.rules.service_level import Level, Limit, Measure
from chat.supervision import live_board
from common import encryption
from pnav.accounts.models import Role
from reports.audit import for_the_person
from reports.models import AccessKind, AccessRecord, Report
from tests.chat.conversations.test_actions import in_threads
from tests.factories import chat as make
from tests.factories import transmissions as hand
from tests.support.reading import spaced

pytestmark = pytest.mark.django_db

MOMENT = datetime(2035, 5, 7, 9, 30, tzinfo=ZoneInfo("Europe/Paris"))


@pytest.fixture
def unit():
    return hand.account()


@pytest.fixture
def conversation(unit):
    return make.assigned(make.agent(), reception_point=unit.point)


def thread(conversation) -> list[str]:
    conversation.refresh_from_db()
    rows = list(conversation.messages.filter(author=Author.SYSTEM))
    return [spaced(row.shown) for row in rows]


def states(row) -> list[str]:
    return list(row.steps.values_list("state", flat=True))


def meet(row, seen=None, place=""):
    row.refresh_from_db()
    account = UnitAccount.objects.filter(point=row.point).first()
    referral_actions.propose_meeting(
        transmission=row, seen=row.steps.count() if seen is None else seen, meets_at=MOMENT, place=place,
        by=account.user,
    )  # fmt: skip


def shut(row, reason="Plainte enregistrée.", seen=None, by=None):
    row.refresh_from_db()
    account = UnitAccount.objects.filter(point=row.point).first()
    referral_actions.close_transmission(
        transmission=row, seen=row.steps.count() if seen is None else seen, reason=reason, by=by or account.user
    )


# --- asking and sending ---------------------------------------------------------------------------------------------


def test_ask_sends_nothing_and_tells_the_person(conversation, unit):
    row = hand.asked(conversation, unit)
    assert (row.state, row.sent_at, row.file_number, row.basis) == (State.ASKED, None, None, "")
    line = thread(conversation)[-1]
    assert unit.point.name in line and "Rien ne part sans votre accord" in line
    assert hand.SUMMARY not in line, "the summary is read on its page, not in the thread"
    assert not AccessRecord.objects.exists()


def test_ask_says_tu_to_a_minor(unit):
    conversation = make.assigned(make.agent(), reception_point=unit.point, age_band="under_15")
    hand.asked(conversation, unit)
    assert "sans ton accord" in thread(conversation)[-1]


def test_line_is_in_the_language_of_the_visit(unit):
    conversation = make.assigned(make.agent(), reception_point=unit.point, language="en")
    hand.asked(conversation, unit)
    assert "Nothing leaves without your agreement" in thread(conversation)[-1]


def test_yes_sends_it_with_a_number_and_a_line_of_the_register(conversation, unit):
    row = hand.sent(conversation, unit)
    assert (row.state, row.basis) == (State.SENT, Basis.AGREED) and row.sent_at is not None
    assert states(row) == ["asked", "sent"]
    assert row.file_number in thread(conversation)[-1]
    line = AccessRecord.objects.get()
    assert (line.kind, line.subject) == (AccessKind.TRANSMITTED, str(conversation.public_id))
    assert line.account_id == conversation.assigned_to.user_id
    (told,) = for_the_person.readings_of([conversation.public_id])
    assert (told.who, told.did) == ("La personne qui a répondu", "a transmis un résumé à une unité")


def test_no_sends_nothing(conversation, unit):
    row = hand.asked(conversation, unit)
    referral_actions.answer_consent(conversation=conversation, public_id=row.public_id, agrees=False)
    row.refresh_from_db()
    assert (row.state, row.sent_at) == (State.REFUSED, None)
    assert not AccessRecord.objects.exists()
    with pytest.raises(referral_actions.Settled):
        referral_actions.answer_consent(conversation=conversation, public_id=row.public_id, agrees=True)


def consents(row, agrees, **along):
    referral_actions.answer_consent(conversation=row.conversation, public_id=row.public_id, agrees=agrees, **along)


def test_same_answer_to_a_summary_pressed_twice_is_one(conversation, unit):
    row = hand.asked(conversation, unit)
    along = {"facts": AgreedFacts(2, MOMENT), "captures": AgreedCaptures(MOMENT, [1, 3])}
    consents(row, True, **along)
    sent = row_of(row)
    consents(row, True, **along)
    referral_actions.mark_read(transmission=sent, by=unit.user)
    consents(row, True, **along)
    assert states(row) == ["asked", "sent", "read"] and row_of(row).file_number == sent.file_number
    assert AccessRecord.objects.filter(kind=AccessKind.TRANSMITTED).count() == 1
    assert sum(sent.file_number in line for line in thread(conversation)) == 1
    for other in ({}, along | {"facts": None}, along | {"captures": AgreedCaptures(MOMENT, [1])}):
        with pytest.raises(referral_actions.Settled):  # something else would have gone along
            consents(row, True, **other)
    with pytest.raises(referral_actions.Settled):
        consents(row, False)
    shut(row)
    with pytest.raises(referral_actions.Settled):
        consents(row, True, **along)


def test_no_to_a_summary_pressed_twice_is_one(conversation, unit):
    row = hand.asked(conversation, unit)
    for _press in range(2):
        consents(row, False)
    assert states(row) == ["asked", "refused"]


def test_yes_to_a_summary_that_was_taken_back_is_no_agreement(conversation, unit):
    row = hand.sent(conversation, unit)
    by = conversation.assigned_to.user
    referral_actions.withdraw_transmission(conversation_id=conversation.pk, public_id=row.public_id, by=by)
    with pytest.raises(referral_actions.Settled):
        consents(row, True)


def test_yes_to_a_summary_that_was_replaced_agrees_to_nothing(conversation, unit):
    """A page that is old shows the first summary; the second one was never read."""
    first = hand.asked(conversation, unit)
    referral_actions.withdraw_transmission(
        conversation_id=conversation.pk, public_id=first.public_id, by=conversation.assigned_to.user
    )
    second = hand.asked(conversation, unit, "Un autre résumé.")
    with pytest.raises(referral_actions.Settled):
        referral_actions.answer_consent(conversation=conversation, public_id=first.public_id, agrees=True)
    second.refresh_from_db()
    assert second.state == State.ASKED


def test_answer_of_another_conversation_is_none(conversation, unit):
    row = hand.asked(conversation, unit)
    with pytest.raises(referral_actions.Settled):
        referral_actions.answer_consent(conversation=make.assigned(), public_id=row.public_id, agrees=True)


def test_unit_without_an_account_is_sent_nothing(conversation):
    given = {"conversation_id": conversation.pk, "summary": "x", "by": conversation.assigned_to.user}
    for point in (
        hand.station(),
        hand.account(is_active=False).point,
        hand.account(password_is_temporary=True).point,
    ):
        assert not referral_actions.has_account(point)
        with pytest.raises(referral_actions.NoAccount):
            referral_actions.ask_consent(point_id=point.pk, **given)
    with pytest.raises(referral_actions.NoSuchUnit):
        referral_actions.ask_consent(point_id=2**31 - 1, **given)
    assert not Transmission.objects.exists()


def test_account_that_closed_meanwhile_is_sent_nothing(conversation, unit):
    row = hand.asked(conversation, unit)
    unit.user.is_active = False
    unit.user.save()
    with pytest.raises(referral_actions.NoAccount):
        referral_actions.answer_consent(conversation=conversation, public_id=row.public_id, agrees=True)
    row.refresh_from_db()
    assert row.state == State.ASKED


def test_one_at_a_time_and_once_a_unit(conversation, unit):
    hand.asked(conversation, unit)
    with pytest.raises(referral_actions.AlreadyAsked):
        hand.asked(conversation, hand.account())
    row = Transmission.objects.get()
    referral_actions.answer_consent(conversation=conversation, public_id=row.public_id, agrees=True)
    with pytest.raises(referral_actions.AlreadyRunning):
        hand.asked(conversation, unit)
    hand.asked(conversation, hand.account())


def test_without_agreement_only_in_an_emergency(conversation, unit):
    given = {
        "conversation_id": conversation.pk, "point_id": unit.point_id, "summary": "x", "why": "Danger",
        "by": conversation.assigned_to.user,
    }  # fmt: skip
    with pytest.raises(referral_actions.NotUrgent):
        referral_actions.send_without(**given)
    emergencies.start(conversation_id=conversation.pk, situation=Situation.values[0], by=conversation.assigned_to.user)
    waiting = hand.asked(conversation, unit)
    row = referral_actions.send_without(**given)
    waiting.refresh_from_db()
    assert waiting.state == State.WITHDRAWN
    assert (row.state, row.basis) == (State.SENT, Basis.URGENT)
    assert "en raison de l'urgence" in thread(conversation)[-1]
    assert AccessRecord.objects.get().detail.endswith("urgent")
    with pytest.raises(ValueError, match="says why"):
        referral_actions.send_without(**{**given, "why": ""})


def test_another_agent_sends_and_withdraws_nothing(conversation, unit):
    row = hand.asked(conversation, unit)
    other = make.agent().user
    with pytest.raises(actions.NotYours):
        referral_actions.ask_consent(conversation_id=conversation.pk, point_id=unit.point_id, summary="x", by=other)
    with pytest.raises(actions.NotYours):
        referral_actions.withdraw_transmission(conversation_id=conversation.pk, public_id=row.public_id, by=other)


def test_after_the_end_it_is_asked_answered_and_followed(unit):
    conversation = make.closed(make.agent(), reception_point=unit.point)
    before = conversation.last_seq
    row = hand.opened(conversation, unit)
    meet(row)
    shut(row)
    assert states(row) == ["asked", "sent", "read", "meeting", "closed"]
    conversation.refresh_from_db()
    assert conversation.last_seq == before, "nothing is written in a thread that has ended"


# --- the unit -------------------------------------------------------------------------------------------------------


def test_read_is_told_once_and_each_reading_is_registered(conversation, unit):
    row = hand.sent(conversation, unit)
    with pytest.raises(referral_actions.Settled):
        referral_actions.read_summary(transmission=row, by=unit.user)  # nobody may read it before « lu »
    for _turn in range(2):
        referral_actions.mark_read(transmission=row, by=unit.user)
        assert referral_actions.read_summary(transmission=row, by=unit.user).summary == hand.SUMMARY
    assert states(row) == ["asked", "sent", "read"]
    assert [line for line in thread(conversation) if line.startswith("Lu :")] == [
        f"Lu : {unit.point.name} a lu le résumé."
    ]
    lines = AccessRecord.objects.filter(kind=AccessKind.TRANSMISSION)
    assert [(one.account_id, one.role, one.subject) for one in lines] == [
        (unit.user_id, "unit", str(conversation.public_id))
    ] * 2
    assert ("L'unité", "a lu le résumé transmis") in {
        (one.who, one.did) for one in for_the_person.readings_of([conversation.public_id])
    }


def test_meeting_is_told_with_its_slip_and_may_be_followed_by_another(conversation, unit):
    row = hand.opened(conversation, unit)
    meet(row)
    assert "lundi 7 mai 2035, 9 h 30" in thread(conversation)[-1] and row.file_number in thread(conversation)[-1]
    meet(row, place="Bureau 12, premier étage")
    assert "Bureau 12" in thread(conversation)[-1]
    appointment, words = referral_queries.slip_of(conversation)
    assert appointment.file_number == row.file_number
    assert (words["unit"], words["address"]) == (unit.point.name, ["Bureau 12, premier étage"])
    assert states(row) == ["asked", "sent", "read", "meeting", "meeting"]


def says(row, agrees, other="", seen=None):
    referral_actions.answer_meeting(
        conversation=row.conversation, public_id=row.public_id, seen=row.steps.count() if seen is None else seen,
        agrees=agrees, other=other,
    )  # fmt: skip


def test_person_accepts_then_can_no_longer_come(conversation, unit):
    row = hand.opened(conversation, unit)
    with pytest.raises(referral_actions.Settled):  # nothing was proposed
        says(row, True)
    meet(row)
    says(row, True)
    assert thread(conversation)[-1] == f"Rendez-vous accepté : lundi 7 mai 2035, 9 h 30, {unit.point.name}."
    assert referral_queries.meeting_of(conversation) is not None, "the paper stays"
    says(row, False, "Plutôt le mardi, après 17 h.")
    assert thread(conversation)[-1].endswith("Autre moment souhaité : Plutôt le mardi, après 17 h.")
    assert referral_queries.meeting_of(conversation) is None, "the paper of what was refused is gone"
    with pytest.raises(referral_actions.Settled):
        says(row, True)
    meet(row)
    says(row, False)
    assert thread(conversation)[-1].endswith(f"{unit.point.name}.")
    meet(row)
    says(row, True)
    assert states(row)[3:] == ["meeting", "accepted", "declined", "meeting", "declined", "meeting", "accepted"]
    details = ConversationEvent.objects.filter(kind=EventKind.TRANSMISSION).order_by("pk").values_list("detail")
    assert [detail for (detail,) in details][3:] == states(row)[3:]
    shut(row)
    with pytest.raises(referral_actions.Settled):
        says(row, False)


def test_answer_of_an_older_page_answers_no_later_appointment(conversation, unit):
    row = hand.opened(conversation, unit)
    meet(row)
    meet(row, place="Bureau 12")
    for agrees in (True, False):
        with pytest.raises(referral_actions.Older):
            says(row, agrees, seen=4)
    assert states(row)[-1] == "meeting"


def test_same_answer_sent_twice_is_one_and_another_text_is_not_lost(conversation, unit):
    row = hand.opened(conversation, unit)
    meet(row)
    says(row, False, "Mardi", seen=4)
    says(row, False, "Mardi", seen=4)
    with pytest.raises(referral_actions.Older):
        says(row, False, "Mercredi", seen=4)
    with pytest.raises(referral_actions.Older):
        says(row, True, seen=4)
    assert states(row).count("declined") == 1


def test_other_moment_is_sealed_for_its_step_and_told_to_all_three(conversation, unit):
    row = hand.opened(conversation, unit)
    meet(row)
    says(row, False, "Mardi-après-dix-sept-heures")
    step = row.steps.get(state=State.DECLINED)
    assert "Mardi" not in encryption.unseal(row.sealed_words, context=row.context)
    assert b"Mardi" not in bytes(step.sealed_words) and step.words == {"other": "Mardi-après-dix-sept-heures"}
    (shown,) = referral_queries.referrals_of(conversation)
    assert shown.steps[-1].words["other"] == "Mardi-après-dix-sept-heures" and not shown.may_accept
    paper = casework_panels.document(conversation.assigned_to, conversation, motive="essai", now=timezone.now())
    assert any("Mardi-après" in value for section in paper.sections for _name, value in section.pairs)


def test_answer_of_another_conversation_s_appointment_is_none(conversation, unit):
    row = hand.opened(conversation, unit)
    meet(row)
    with pytest.raises(referral_actions.Settled):
        referral_actions.answer_meeting(conversation=make.assigned(), public_id=row.public_id, seen=4, agrees=True)


def test_slip_is_of_the_last_one_who_proposed(conversation, unit):
    row = hand.opened(conversation, unit)
    meet(row)
    proposals.propose_appointment(conversation_id=conversation.pk, meets_at=MOMENT, by=conversation.assigned_to.user)
    appointment, _words = referral_queries.slip_of(conversation)
    assert appointment.file_number != row.file_number


def test_close_tells_why_once(conversation, unit):
    row = hand.opened(conversation, unit)
    shut(row, reason="100 % réglé : la plainte est là.")
    assert "Clos, voici pourquoi : 100 % réglé : la plainte est là." in thread(conversation)[-1]
    count = len(thread(conversation))
    with pytest.raises(referral_actions.Settled):
        shut(row)
    with pytest.raises(referral_actions.Settled):
        meet(row)
    assert len(thread(conversation)) == count and referral_queries.meeting_of(conversation) is None


def test_older_page_does_nothing_over_what_a_colleague_did(conversation, unit):
    row = hand.opened(conversation, unit)
    meet(row)
    with pytest.raises(referral_actions.Older):
        shut(row, seen=3)
    with pytest.raises(referral_actions.Older):
        meet(row, seen=3)
    assert states(row)[-1] == "meeting"
    shut(row)
    with pytest.raises(referral_actions.Settled):
        shut(row, seen=3)


def test_withdrawn_before_it_is_read_and_never_after(conversation, unit):
    by = conversation.assigned_to.user
    row = hand.sent(conversation, unit)
    referral_actions.withdraw_transmission(conversation_id=conversation.pk, public_id=row.public_id, by=by)
    with pytest.raises(referral_actions.Settled):
        referral_actions.mark_read(transmission=row, by=unit.user)
    other = hand.opened(conversation, unit)
    with pytest.raises(referral_actions.Settled):
        referral_actions.withdraw_transmission(conversation_id=conversation.pk, public_id=other.public_id, by=by)


# --- what is kept ---------------------------------------------------------------------------------------------------


def test_words_are_sealed_for_their_row(conversation, unit):
    row = hand.opened(conversation, unit)
    shut(row, reason="Une raison-marquée")
    step = row.steps.get(state=State.CLOSED)
    for sealed in (row.sealed_words, step.sealed_words):
        assert b"Insultes" not in bytes(sealed) and "marquée".encode() not in bytes(sealed)
    other = hand.opened(make.assigned(make.agent(), reception_point=unit.point), unit, "Autre chose.")
    Transmission.objects.filter(pk=other.pk).update(sealed_words=row.sealed_words)
    other.refresh_from_db()
    with pytest.raises(encryption.UnsealError):
        _words = other.words
    assert referral_queries.referrals_of(other.conversation)[0].summary == ""


def test_history_has_a_line_a_step_and_no_word(conversation, unit):
    row = hand.opened(conversation, unit)
    shut(row, reason="mot-secret")
    details = ConversationEvent.objects.filter(kind=EventKind.TRANSMISSION).values_list("detail", flat=True)
    assert list(details) == ["asked", "sent", "read", "closed"]


def test_goes_with_the_conversation(conversation, unit):
    hand.opened(conversation, unit)
    Report.objects.filter(pk=conversation.report_id).delete()
    assert not Transmission.objects.exists() and not TransmissionStep.objects.exists()
    assert UnitAccount.objects.filter(pk=unit.pk).exists()


def test_document_has_summary_and_steps(conversation, unit):
    row = hand.opened(conversation, unit)
    shut(row, reason="Plainte prise.")
    paper = casework_panels.document(conversation.assigned_to, conversation, motive="essai", now=timezone.now())
    (section,) = [one for one in paper.sections if one.title == f"Transmission {row.file_number}"]
    assert hand.SUMMARY in section.lines and any(value == "Plainte prise." for _name, value in section.pairs)


CONSTRAINTS = {
    "sent without a number": {"state": "sent"},
    "asked and sent": {"state": "asked", "sent_at": timezone.now(), "file_number": "PNAV-AAAA-BBBB", "basis": "agreed"},
    "sent on nothing": {"state": "sent", "sent_at": timezone.now(), "file_number": "PNAV-AAAA-BBBB"},
    "unknown state": {"state": "lost"},
    "closed and never sent": {"state": "closed"},
    "sent before it was made": {
        "state": "sent", "sent_at": timezone.now() - timedelta(days=9), "file_number": "PNAV-AAAA-BBBB",
        "basis": "agreed",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_database_refuses(conversation, unit, name):
    row = Transmission(conversation=conversation, point=unit.point, made_at=timezone.now(), **CONSTRAINTS[name])
    row.seal({})
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_database_refuses_two_ends_and_two_that_wait(conversation, unit):
    row = hand.opened(conversation, unit)
    shut(row)
    again = TransmissionStep(transmission=row, number=9, state=State.CLOSED, at=timezone.now())
    again.seal({})
    with pytest.raises(IntegrityError), transaction.atomic():
        again.save()
    hand.asked(conversation, unit)
    second = Transmission(conversation=conversation, point=unit.point, state=State.ASKED, made_at=timezone.now())
    second.seal({})
    with pytest.raises(IntegrityError), transaction.atomic():
        second.save()


# --- races ----------------------------------------------------------------------------------------------------------


def outcome(work) -> str:
    try:
        work()
    except (referral_actions.Settled, referral_actions.Older, referral_actions.AlreadyAsked) as error:
        return type(error).__name__
    return "done"


def _situation():
    unit = hand.account()
    colleague = hand.account(unit.point)
    return unit, colleague, make.assigned(make.agent(), reception_point=unit.point)


@pytest.mark.django_db(transaction=True)
def test_two_of_the_unit_open_at_once():
    unit, colleague, conversation = _situation()
    row = hand.sent(conversation, unit)
    who = [unit.user, colleague.user] * 3
    in_threads(6, lambda n: referral_actions.mark_read(transmission=row, by=who[n]))
    assert states(row).count("read") == 1
    assert sum(line.startswith("Lu :") for line in thread(conversation)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_of_the_unit_close_at_once():
    unit, colleague, conversation = _situation()
    row = hand.opened(conversation, unit)
    who = [unit.user, colleague.user] * 3
    results = in_threads(6, lambda n: outcome(lambda: shut(row_of(row), f"raison {n}", seen=3, by=who[n])))
    assert sorted(results) == ["Settled"] * 5 + ["done"]
    assert states(row).count("closed") == 1
    assert sum("Clos, voici pourquoi" in line for line in thread(conversation)) == 1


@pytest.mark.django_db(transaction=True)
def test_close_and_appointment_at_once_are_never_both_from_one_page():
    unit, _colleague, conversation = _situation()
    row = hand.opened(conversation, unit)
    user = unit.user

    def act(n):
        if n % 2:
            return outcome(lambda: shut(row_of(row), seen=3, by=user))
        return outcome(
            lambda: referral_actions.propose_meeting(
                transmission=row_of(row), seen=3, meets_at=MOMENT, place="", by=user
            )
        )

    assert in_threads(6, act).count("done") == 1
    assert len(states(row)) == 4


@pytest.mark.django_db(transaction=True)
def test_withdrawn_and_opened_at_once_is_one_of_the_two():
    unit, _colleague, conversation = _situation()
    agent = conversation.assigned_to.user
    for _turn in range(4):
        row = hand.sent(conversation, unit)

        def act(n, row=row):
            if n:
                return outcome(lambda: referral_actions.mark_read(transmission=row, by=unit.user))
            return outcome(
                lambda: referral_actions.withdraw_transmission(
                    conversation_id=conversation.pk, public_id=row.public_id, by=agent
                )
            )

        assert sorted(in_threads(2, act)) == ["Settled", "done"]
        row.refresh_from_db()
        assert states(row)[-1] == row.state and row.state in {State.READ, State.WITHDRAWN}
        if row.state == State.READ:
            shut(row)


@pytest.mark.django_db(transaction=True)
def test_yes_and_no_and_withdrawal_at_once_contradict_nothing():
    unit, _colleague, conversation = _situation()
    agent = conversation.assigned_to.user
    row = hand.asked(conversation, unit)

    def act(n):
        if n == 2:
            return outcome(
                lambda: referral_actions.withdraw_transmission(
                    conversation_id=conversation.pk, public_id=row.public_id, by=agent
                )
            )
        return outcome(
            lambda: referral_actions.answer_consent(conversation=conversation, public_id=row.public_id, agrees=n == 0)
        )

    assert "done" in in_threads(3, act)
    row.refresh_from_db()
    # What the person sent is still unread, because the agent may have taken it back directly afterwards.
    assert states(row) in (
        ["asked", "sent"],
        ["asked", "refused"],
        ["asked", "withdrawn"],
        ["asked", "sent", "withdrawn"],
    )
    assert states(row)[-1] == row.state
    assert AccessRecord.objects.filter(kind=AccessKind.TRANSMITTED).count() == ("sent" in states(row))


@pytest.mark.django_db(transaction=True)
def test_person_answers_while_the_unit_proposes_another_hour_or_closes():
    """Whatever comes first: nobody answers what they have not seen, and nothing is done over an answer unseen."""
    for other in ("meet", "shut"):
        unit, _colleague, conversation = _situation()
        row = hand.opened(conversation, unit)
        meet(row)
        user = unit.user

        def act(n, row=row, other=other, user=user):
            if n < 2:
                return outcome(lambda: says(row_of(row), n == 0, seen=4))
            if other == "shut":
                return outcome(lambda: shut(row_of(row), seen=4, by=user))
            given = {"transmission": row_of(row), "seen": 4, "meets_at": MOMENT, "place": "", "by": user}
            return outcome(lambda: referral_actions.propose_meeting(**given))

        assert in_threads(3, act).count("done") == 1
        row.refresh_from_db()
        assert len(states(row)) == 5 and states(row)[-1] == row.state


@pytest.mark.django_db(transaction=True)
def test_asked_twice_at_once_is_once():
    unit, _colleague, conversation = _situation()
    results = in_threads(4, lambda _n: outcome(lambda: hand.asked(fresh(conversation), unit)))
    assert sorted(results) == ["AlreadyAsked"] * 3 + ["done"]


@pytest.mark.django_db(transaction=True)
def test_unit_acts_while_the_exchange_ends():
    """No deadlock, and each step is in the thread or came after its end."""
    unit, _colleague, conversation = _situation()
    row = hand.opened(conversation, unit)
    agent = conversation.assigned_to.user

    def act(n):
        if n:
            return outcome(lambda: shut(row_of(row), seen=3, by=unit.user))
        actions.close_conversation(conversation_id=conversation.pk, by_author=Author.AGENT, by=agent, outcome="advised")
        return "done"

    assert in_threads(2, act) == ["done", "done"]
    lines = thread(conversation)
    assert sum("Clos, voici" in line for line in lines) in {0, 1}
    assert lines.index(next(line for line in lines if line.startswith("Fin de"))) == len(lines) - 1


def row_of(row) -> Transmission:
    return Transmission.objects.select_related("conversation__report", "point").get(pk=row.pk)


def fresh(conversation) -> Conversation:
    return Conversation.objects.select_related("report", "assigned_to__user").get(pk=conversation.pk)


# --- nobody reads ---------------------------------------------------------------------------------------------------


def test_late_is_told_to_the_supervisor_and_to_the_agent(conversation, unit):
    row = hand.sent(conversation, unit)
    hand.keep_no_hours()
    now, limit = timezone.now(), live_board.limits()[Measure.UNREAD]
    assert limit == Limit(120, 70) and referral_queries.unread_levels(now, limit) == []
    near, late = now + timedelta(minutes=100), now + timedelta(minutes=121)
    assert referral_queries.unread_levels(near, limit) == [Level.NEAR]
    board = live_board.read(late, units=frozenset())
    assert "1 transmission non lue par l'unité depuis plus de 120 min." in [alert.text for alert in board.alerts]
    (shown,) = referral_queries.referrals_of(conversation, now=late, limit=limit)
    assert shown.level is Level.BROKEN
    referral_actions.mark_read(transmission=row, by=unit.user)
    assert referral_queries.unread_levels(late, limit) == []
    assert not any("transmission" in alert.text for alert in live_board.read(late, units=frozenset()).alerts)


def test_unknown_key_is_settled(conversation, unit):
    with pytest.raises(referral_actions.Settled):
        referral_actions.withdraw_transmission(
            conversation_id=conversation.pk, public_id=uuid.uuid4(), by=conversation.assigned_to.user
        )


def test_account_of_another_role_now_is_nobody_who_reads(conversation, unit):
    """The row that ties it to its point d'accueil stays; « Transmissions reçues » is closed to it."""
    unit.user.role = Role.AGENT
    unit.user.save()
    with pytest.raises(referral_actions.NoAccount):
        hand.asked(conversation, unit)
    assert not referral_actions.has_account(unit.point)

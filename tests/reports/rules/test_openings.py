"""Which state may follow which in a disclosure, without a database."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from reports.rules import openings as opening_rules
from reports.rules.openings import OPEN, Act, Part, Standing, State

NOW = datetime(2026, 11, 25, 4, tzinfo=UTC)


def standing(state, *, urgent=False, agreed=0, threshold=2, owes_review=False, **more) -> Standing:
    return Standing(State(state), urgent, agreed, threshold, owes_review, **more)


def test_way_from_asking_to_reading():
    assert opening_rules.state_after(Act.COUNTERSIGN, standing=standing("asked")) is State.COUNTERSIGNED
    assert opening_rules.state_after(Act.AGREE, standing=standing("countersigned", agreed=1)) is State.COUNTERSIGNED
    assert opening_rules.state_after(Act.AGREE, standing=standing("countersigned", agreed=2)) is State.AGREED
    assert opening_rules.state_after(Act.ANSWER, standing=standing("agreed", told_by=1)) is State.BROUGHT
    assert (
        opening_rules.state_after(Act.CONFIRM, standing=standing("brought", told_by=2, has_reply=True))
        is State.ANSWERED
    )
    assert opening_rules.state_after(Act.CONFIRM, standing=standing("brought", told_by=2)) is State.SHOWN
    assert opening_rules.state_after(Act.CONFIRM, standing=standing("brought", told_by=2, threshold=3)) is State.BROUGHT
    assert opening_rules.state_after(Act.SHOW, standing=standing("answered")) is State.SHOWN
    assert opening_rules.state_after(Act.TAKE, standing=standing("agreed")) is State.AGREED


def test_imminent_danger_waits_for_two_people_only():
    assert opening_rules.state_after(Act.COUNTERSIGN, standing=standing("asked", urgent=True)) is State.AGREED


@pytest.mark.parametrize("state", [state for state in State if state not in OPEN])
def test_nothing_follows_an_end_but_a_review(state):
    allowed = {
        (act, part)
        for act, part in product(Act, Part)
        if opening_rules.is_allowed(act, part=part, standing=standing(state, urgent=True, owes_review=True))
    }
    assert allowed == {(Act.REVIEW, Part.SUPERVISOR), (Act.REVIEW, Part.CUSTODIAN)}


@pytest.mark.parametrize("act", list(Act))
def test_who_is_nobody_may_do_nothing(act):
    assert not any(
        opening_rules.is_allowed(act, part=None, standing=standing(state, owes_review=True)) for state in State
    )


def test_each_part_has_its_own_acts():
    allowed = {
        part: {
            act
            for act in Act
            for state in State
            if opening_rules.is_allowed(act, part=part, standing=standing(state, agreed=2, was_taken=True))
        }
        for part in Part
    }
    assert allowed == {
        Part.ASKER: {Act.SHOW, Act.WITHDRAW},
        Part.SUPERVISOR: {Act.COUNTERSIGN, Act.REFUSE},
        Part.CUSTODIAN: {Act.AGREE, Act.TAKE, Act.ANSWER, Act.SHOW_HERE, Act.CONFIRM, Act.REFUSE},
        Part.SERVICE: {Act.EXPIRE},
        Part.SUCCESSOR: {Act.CLAIM},
    }


def test_handing_over_is_the_supervisors_once_somebody_claims_it():
    allowed = {
        (part, state)
        for part, state in product(Part, State)
        if opening_rules.is_allowed(Act.HAND_OVER, part=part, standing=standing(state, is_claimed=True))
    }
    assert allowed == {(Part.SUPERVISOR, state) for state in opening_rules.OPEN}
    after = {state: opening_rules.state_after(Act.HAND_OVER, standing=standing(state)) for state in opening_rules.OPEN}
    erased = {State.BROUGHT, State.ANSWERED}
    assert after == {state: State.AGREED if state in erased else state for state in opening_rules.OPEN}


def test_no_envelope_before_everybody_agreed():
    states = {
        state
        for state in State
        if opening_rules.is_allowed(Act.TAKE, part=Part.CUSTODIAN, standing=standing(state, agreed=2))
    }
    assert states == {State.AGREED}


def test_agreement_that_counts_no_more_is_asked_of_somebody_else():
    short, whole, urgent = standing("agreed", agreed=1), standing("agreed", agreed=2), standing("agreed", urgent=True)
    may_take = [opening_rules.is_allowed(Act.TAKE, part=Part.CUSTODIAN, standing=one) for one in (short, whole, urgent)]
    assert may_take == [False, True, True]
    may_agree = [
        opening_rules.is_allowed(Act.AGREE, part=Part.CUSTODIAN, standing=one) for one in (short, whole, urgent)
    ]
    assert may_agree == [True, False, False]
    assert not opening_rules.is_allowed(Act.AGREE, part=Part.SUPERVISOR, standing=short)


def test_nothing_is_told_of_an_envelope_that_nobody_took():
    for act in (Act.ANSWER, Act.SHOW_HERE):
        assert not opening_rules.is_allowed(act, part=Part.CUSTODIAN, standing=standing("agreed"))
        assert opening_rules.is_allowed(act, part=Part.CUSTODIAN, standing=standing("agreed", was_taken=True))
    assert opening_rules.is_allowed(Act.SHOW_HERE, part=Part.CUSTODIAN, standing=standing("expired", was_taken=True))


def test_nobody_has_two_roles_in_one_opening():
    assert opening_rules.barred_acts((), told=()) == set()
    assert Act.AGREE in opening_rules.barred_acts(
        {Act.COUNTERSIGN}, told=()
    ) and Act.REVIEW in opening_rules.barred_acts({Act.TAKE}, told=())
    assert Act.CONFIRM in opening_rules.barred_acts({Act.ANSWER}, told={Act.ANSWER})
    assert Act.CONFIRM not in opening_rules.barred_acts({Act.AGREE, Act.TAKE}, told={Act.AGREE, Act.TAKE})
    assert opening_rules.barred_acts({Act.ANSWER}, told=()) == {Act.COUNTERSIGN, Act.AGREE, Act.REVIEW, Act.CLAIM}, (
        "it is told anew"
    )
    assert Act.COUNTERSIGN not in opening_rules.barred_acts({Act.HAND_OVER}, told=()), "a unit may have one supervisor"
    assert Act.COUNTERSIGN in opening_rules.barred_acts({Act.HAND_OVER, Act.ASK}, told=())
    assert {Act.AGREE, Act.REVIEW} < opening_rules.barred_acts({Act.HAND_OVER}, told=())


def test_who_decided_or_carried_the_envelope_never_becomes_the_reader():
    barred = {act for act in Act if Act.CLAIM in opening_rules.barred_acts({act}, told=())}
    assert set(Act) - barred == {Act.ASK, Act.CLAIM, Act.WITHDRAW, Act.SHOW}
    both = opening_rules.barred_acts({Act.ASK, Act.COUNTERSIGN}, told=())
    assert Act.CLAIM in both, "having asked once gives nothing back"


def test_review_is_owed_at_once_and_done_when_it_is_over():
    open_one = standing("agreed", urgent=True, owes_review=True)
    assert not opening_rules.is_allowed(Act.REVIEW, part=Part.CUSTODIAN, standing=open_one)
    assert not opening_rules.is_allowed(Act.REVIEW, part=Part.CUSTODIAN, standing=standing("shown", urgent=True))
    assert not opening_rules.is_allowed(
        Act.REVIEW, part=Part.ASKER, standing=standing("shown", urgent=True, owes_review=True)
    )


def test_term_of_an_answer_is_short_whatever_came_before():
    long_ago = NOW - timedelta(days=13)
    assert (
        opening_rules.term_of(is_urgent=False, state=State.ASKED, asked_at=long_ago, moved_at=NOW)
        == long_ago + opening_rules.TERM
    )
    assert (
        opening_rules.term_of(is_urgent=True, state=State.ASKED, asked_at=NOW, moved_at=NOW)
        == NOW + opening_rules.URGENT_TERM
    )
    assert (
        opening_rules.term_of(is_urgent=False, state=State.ANSWERED, asked_at=long_ago, moved_at=NOW)
        == NOW + opening_rules.READING
    )


@pytest.mark.parametrize(("urgent", "minutes", "late"), [(True, 14, False), (True, 16, True), (False, 60, False)])
def test_late_sooner_when_it_is_urgent(urgent, minutes, late):
    assert opening_rules.is_late(is_urgent=urgent, moved_at=NOW - timedelta(minutes=minutes), now=NOW) is late

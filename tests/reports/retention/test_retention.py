"""The rules of deletion, without a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.core.management import get_commands
from hypothesis import given
from hypothesis import strategies as st

from reports.audit.for_the_person import SHOWN, WITHHELD
from reports.rules.inventory import HOLDINGS, NoEnd, OwnEnd, With
from reports.rules.retention import (
    DEFAULTS,
    Cause,
    Kind,
    Life,
    Rule,
    State,
    decide_retention,
    former_of,
    shortened_until,
)

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
RULE = Rule(days=100, grace_days=10, digest_days=20)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def state(days: float, **others) -> State:
    return decide_retention(life=Life(ago(days)), rule=RULE, now=NOW, **others).state


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (0, State.KEPT),
        (79.9, State.KEPT),
        (80, State.ENDING),
        (99.9, State.ENDING),
        (100, State.GRACE),
        (109.9, State.GRACE),
        (110, State.DUE),
    ],
)
def test_decide_by_the_rule(days, expected):
    assert state(days) is expected


def test_decide_an_addition_during_the_grace_moves_the_end():
    """Users of GlobaLeaks complained of this: reports were deleted the day after something was added."""
    before = decide_retention(life=Life(ago(109)), rule=RULE, now=NOW)
    after = decide_retention(life=Life(ago(1)), rule=RULE, now=NOW)
    assert before.state is State.GRACE and after.state is State.KEPT
    assert after.due_at == ago(1) + timedelta(days=110)


def test_decide_counts_from_the_last_of_what_was_added_and_seen():
    decision = decide_retention(life=Life(ago(200), seen_at=ago(5)), rule=RULE, now=NOW)
    assert decision.state is State.KEPT and decision.term_at == ago(5) + timedelta(days=100)
    assert decide_retention(life=Life(ago(5), seen_at=ago(200)), rule=RULE, now=NOW).term_at == decision.term_at


def test_decide_frozen_and_after():
    assert state(500, frozen_until=NOW + timedelta(days=1)) is State.FROZEN
    assert state(1, frozen_until=NOW + timedelta(days=1)) is State.KEPT
    # The freeze ends by itself, and the grace period begins again.
    assert state(500, frozen_until=ago(0.1)) is State.GRACE
    assert state(500, frozen_until=ago(9.9)) is State.GRACE
    assert state(500, frozen_until=ago(10)) is State.DUE


def test_decide_held_meanwhile_goes_without_a_grace():
    assert state(500, held_until=NOW + timedelta(hours=1)) is State.FROZEN
    assert state(500, held_until=NOW) is State.DUE


def test_decide_erasure_granted_brings_the_end_forward():
    decision = decide_retention(life=Life(ago(3)), rule=RULE, now=NOW, granted_at=ago(1))
    assert (decision.state, decision.cause) == (State.GRACE, Cause.ERASURE)
    assert decision.due_at == ago(1) + timedelta(days=DEFAULTS[Kind.ERASURE].grace_days)
    assert state(9, granted_at=ago(8)) is State.DUE
    assert state(9, granted_at=ago(8), frozen_until=NOW + timedelta(days=1)) is State.FROZEN


def test_decide_erasure_is_moved_by_what_is_added_and_not_by_looking():
    seen = decide_retention(life=Life(ago(9), seen_at=ago(0)), rule=RULE, now=NOW, granted_at=ago(8))
    assert seen.state is State.DUE
    added = decide_retention(life=Life(ago(1)), rule=RULE, now=NOW, granted_at=ago(8))
    assert added.state is State.GRACE


def test_decide_an_addition_during_a_freeze_does_not_shorten_the_grace_after_it():
    """The freeze outlasts both ends: which of the two graces follows it does not depend on which end came first."""
    frozen = {"frozen_until": NOW + timedelta(days=2), "granted_at": NOW + timedelta(days=2)}
    rule, erasure = Rule(days=1, grace_days=1), Rule(days=1, grace_days=0)
    before, after = (
        decide_retention(life=Life(added), rule=rule, now=NOW, erasure=erasure, **frozen)
        for added in (NOW, NOW + timedelta(days=1))
    )
    assert before.due_at == after.due_at == NOW + timedelta(days=2) and before.cause is Cause.ERASURE


def test_decide_erasure_never_keeps_longer_than_the_rule():
    decision = decide_retention(life=Life(ago(109)), rule=RULE, now=NOW, granted_at=NOW)
    assert decision.cause is Cause.TERM and decision.due_at == ago(109) + timedelta(days=110)


def test_decide_a_shorter_rule_takes_nothing_at_once():
    before, slip = RULE, Rule(days=1, grace_days=0)
    in_force_at = shortened_until(before, slip, NOW)
    assert in_force_at == NOW + timedelta(days=10)
    held = Rule(days=1, in_force_at=in_force_at)
    assert decide_retention(life=Life(ago(50)), rule=held, now=NOW).state is State.GRACE
    assert decide_retention(life=Life(ago(50)), rule=held, now=in_force_at).state is State.DUE
    assert shortened_until(before, Rule(days=100, grace_days=11), NOW) is None
    assert shortened_until(before, Rule(days=99, grace_days=50), NOW) is not None
    assert shortened_until(before, Rule(days=200, grace_days=1), NOW) is not None, "an erasure has the grace alone"


def test_decide_a_shorter_grace_of_erasures_takes_nothing_at_once():
    before, slip = Rule(days=30, grace_days=7), Rule(days=30, grace_days=1)
    in_force_at = shortened_until(before, slip, NOW)
    held = Rule(days=30, grace_days=1, in_force_at=in_force_at)
    asked = {"life": Life(ago(9)), "rule": RULE, "granted_at": ago(2), "erasure": held}
    assert decide_retention(now=NOW, **asked).state is State.GRACE
    assert decide_retention(now=in_force_at, **asked).state is State.DUE


def test_decide_a_shorter_rule_does_not_put_off_what_the_former_one_deletes():
    """RULE keeps 110 days. An erasure that was granted, and an exchange that is old, go on the day that was told."""
    in_force_at = shortened_until(RULE, Rule(days=50, grace_days=0), NOW)
    held = Rule(50, 0, 20, in_force_at, *former_of(RULE, NOW))
    dues = {days: decide_retention(life=Life(ago(days)), rule=held, now=NOW).due_at for days in (110, 105, 70, 20)}
    assert dues == {110: NOW, 105: ago(-5), 70: in_force_at, 20: ago(-30)}
    erasure = Rule(30, 1, 10, shortened_until(Rule(30, 7), Rule(30, 1), NOW), *former_of(Rule(30, 7), NOW))
    asked = {"life": Life(ago(9)), "rule": RULE, "now": NOW, "erasure": erasure}
    assert decide_retention(granted_at=ago(7), **asked).is_due
    assert decide_retention(granted_at=ago(2), **asked).due_at == ago(2) + timedelta(days=7)


def test_a_rule_made_longer_meanwhile_holds_at_once():
    held = Rule(200, 0, 20, NOW + timedelta(days=10), 100, 10)
    assert decide_retention(life=Life(ago(120)), rule=held, now=NOW).due_at == ago(120) + timedelta(days=200)
    assert held.days_kept_at(NOW) == held.days_kept_at(NOW + timedelta(days=11)) == 200


def test_whoever_shortens_a_rule_each_week_puts_nothing_off_again():
    first = Rule(90, 10, 20, shortened_until(RULE, Rule(90, 10), NOW), *former_of(RULE, NOW))
    later = NOW + timedelta(days=7)
    second = Rule(80, 10, 20, shortened_until(first, Rule(80, 10), later), *former_of(first, later))
    assert (second.former_days, second.former_grace_days) == (RULE.days, RULE.grace_days)
    assert decide_retention(life=Life(ago(110)), rule=second, now=later).is_due
    done = first.in_force_at + timedelta(days=1)
    assert former_of(first, done) == (90, 10), "the first is in force by then"


def test_rule_made_longer_and_shorter_again_keeps_what_the_longer_one_promised():
    first = Rule(300, 30, 30, shortened_until(Rule(365, 30), Rule(300, 30), NOW), *former_of(Rule(365, 30), NOW))
    longer = replace(first, days=3650)  # what `save_model` leaves of it: nothing was made shorter
    later = NOW + timedelta(days=29)
    assert longer.days_kept_at(later) == 3680
    third = Rule(365, 30, 30, shortened_until(longer, Rule(365, 30), later), *former_of(longer, later))
    assert third.days_kept_at(later) == 3680
    old = Life(later - timedelta(days=400))
    assert decide_retention(life=old, rule=third, now=later).due_at == third.in_force_at == later + timedelta(days=30)
    unknown = replace(longer, former_days=None, former_grace_days=None)
    assert former_of(unknown, later) == (None, None), "nothing is deleted meanwhile"


def test_grace_of_erasures_made_shorter_and_its_answer_later_keeps_the_longer_grace():
    first = Rule(30, 1, 10, shortened_until(Rule(30, 7), Rule(30, 1), NOW), *former_of(Rule(30, 7), NOW))
    longer = replace(first, days=60, grace_days=2)
    later = NOW + timedelta(days=1)
    third = Rule(40, 1, 10, shortened_until(longer, Rule(40, 1), later), *former_of(longer, later))
    asked = {"life": Life(ago(9)), "rule": RULE, "granted_at": ago(2), "now": later}
    dues = {decide_retention(erasure=one, **asked).due_at for one in (longer, third)}
    assert dues == {ago(2) + timedelta(days=7)}, "as it was told"


def test_days_kept_until_a_shorter_rule_is_in_force():
    held = Rule(50, 0, 0, NOW, 100, 10)
    assert (held.days_kept_at(ago(1)), held.days_kept_at(NOW)) == (110, 50)
    assert Rule(50, 0, 0, NOW).days_kept_at(ago(1)) is None, "the former one is not known"


moments = st.floats(-400, 400).map(lambda days: NOW + timedelta(days=days))
rules = st.builds(Rule, days=st.integers(1, 400), grace_days=st.integers(0, 60), digest_days=st.integers(0, 60))


@given(
    added=moments,
    seen=st.none() | moments,
    rule=rules,
    frozen=st.none() | moments,
    granted=st.none() | moments,
    erasure=rules,
    more=st.floats(0, 500),
)
def test_decide_promises(added, seen, rule, frozen, granted, erasure, more):
    def told(**changed):
        values = {"life": Life(added, seen), "rule": rule, "now": NOW, "frozen_until": frozen, "granted_at": granted}
        return decide_retention(**values | {"erasure": erasure} | changed)

    decision = told()
    assert decision.is_due == (decision.due_at <= NOW)
    assert not (decision.is_due and frozen is not None and frozen > NOW), "nothing frozen is deleted"
    assert decision.term_at <= decision.due_at
    later = told(life=Life(added + timedelta(days=more), seen))
    assert later.due_at >= decision.due_at, "an addition never brings the end nearer"
    assert told(granted_at=None).due_at >= decision.due_at, "what was granted keeps nothing longer"
    if granted is None:
        last = max(added, seen or added)
        assert not decision.is_due or last + timedelta(days=rule.days + rule.grace_days) <= NOW


def test_defaults_stay_within_a_year():
    assert set(DEFAULTS) == set(Kind)
    assert DEFAULTS[Kind.EXCHANGE].total_days == DEFAULTS[Kind.REPORT].total_days == 365


# --- every table


def test_every_table_has_a_decision():
    """A new model fails here until somebody has said what ends what lies in it."""
    labels = {model._meta.label for model in apps.get_models(include_auto_created=True)}
    assert labels == set(HOLDINGS)


def test_decisions_hold():
    for label, holding in HOLDINGS.items():
        model = apps.get_model(label)
        if isinstance(holding, OwnEnd):
            assert holding.enforcer in get_commands()
        elif isinstance(holding, With):
            parents = {
                field.related_model._meta.label
                for field in model._meta.concrete_fields
                if field.is_relation and not field.null
            }
            assert holding.table in parents, label
        elif isinstance(holding, NoEnd):
            assert len(holding.reason) > 10
    under_rules = {holding for holding in HOLDINGS.values() if isinstance(holding, Kind)}
    assert under_rules | {Kind.REPORT, Kind.ERASURE} == set(Kind)


def test_every_kind_of_the_register_is_shown_or_withheld():
    from reports.models import AccessKind

    assert set(SHOWN) | set(WITHHELD) == set(AccessKind.values)
    assert not set(SHOWN) & set(WITHHELD)


def test_what_a_site_starts_with_is_what_was_decided():
    """Figures are in days: until the term, the grace after it, and how long before an end it is told.

    With the exchange, it is a year.
    """
    decided = {
        "exchange": (335, 30, 30),
        "report": (335, 30, 30),
        "opinion": (365, 0, 0),
        "erasure": (30, 7, 10),
        "tombstone": (1825, 0, 0),
        "erased": (365, 0, 0),
        "admin_log": (365, 0, 0),
        "opening": (1825, 0, 0),
    }
    found = {str(kind): (rule.days, rule.grace_days, rule.digest_days) for kind, rule in DEFAULTS.items()}
    assert found == decided and set(decided) == set(Kind.values)

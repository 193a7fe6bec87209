"""The catalogue of the settings of the service, as pure functions."""

import ast
from itertools import pairwise
from pathlib import Path

import pytest
from django.conf import settings

from common.service_settings import definitions
from common.service_settings.definitions import BY_KEY, SETTINGS, TOGETHER, Setting, Subject, broken

ROOT = Path(__file__).resolve().parents[3]
USUAL = {rule.key: rule.default for rule in SETTINGS}


def key_of(rule: Setting) -> str:
    return rule.key


@pytest.mark.parametrize("rule", SETTINGS, ids=key_of)
def test_rule_says_what_it_is(rule):
    assert rule.fits(rule.default) and rule.least < rule.most
    assert not rule.fits(rule.least - 1) and not rule.fits(rule.most + 1)
    assert len(rule.key) <= 40, "the width of the column"
    for value in (rule.least, rule.default, rule.most):
        assert rule.words(value).startswith(str(value))
        assert rule.words(value) in rule.says(value) and "%" not in rule.says(value).replace(" %", "")
    assert str(rule.label) and str(rule.source)


def test_keys_and_labels_are_of_one_rule_each():
    assert len(BY_KEY) == len({str(rule.label) for rule in SETTINGS}) == len(SETTINGS)
    assert {rule.subject for rule in SETTINGS} == set(Subject)


def test_rules_of_a_subject_stand_together():
    subjects = [rule.subject for rule in SETTINGS]
    changes = sum(before != after for before, after in pairwise(subjects))
    assert changes == len(Subject) - 1


def test_every_rule_of_the_module_is_in_the_catalogue():
    alone = [value for value in vars(definitions).values() if isinstance(value, Setting)]
    groups = [definitions.PAUSE_CHOICES, definitions.HOLD_CHOICES]
    assert {rule.key for rule in [*alone, *sum(groups, ())]} == set(BY_KEY)


def test_every_rule_is_read_by_the_code():
    """A number that nothing reads would be set in vain. By the names that the code takes from the catalogue."""
    read = set()
    for folder in ("chat", "reports", "pnav", "common"):
        for file in (ROOT / folder).rglob("*.py"):
            if file.name != "definitions.py":
                tree = ast.parse(file.read_text())
                read |= {
                    node.attr
                    for node in ast.walk(tree)
                    if isinstance(node, ast.Attribute)
                    and isinstance(node.value, ast.Name)
                    and node.value.id == "definitions"
                }
    names = {name for name, value in vars(definitions).items() if isinstance(value, Setting)}
    assert names | {"PAUSE_CHOICES", "HOLD_CHOICES"} <= read


@pytest.mark.parametrize("rule", [rule for rule in SETTINGS if rule.setting], ids=key_of)
def test_variable_of_the_environment_is_there(rule):
    assert isinstance(getattr(settings, rule.setting), int)


def test_words_are_singular_for_one():
    assert definitions.WAIT_URGENT.words(1) == "1 minute"
    assert definitions.WAIT_URGENT.words(2) == "2 minutes"
    assert definitions.WAIT_WARN.words(70) == "70 %"
    assert definitions.CODE_LIFE.words(72) == "72 heures"


def test_span():
    assert definitions.CODE_LIFE.span(2).total_seconds() == 7200
    assert definitions.OVERFLOW.span(90).total_seconds() == 90
    with pytest.raises(KeyError):
        definitions.RAID.span(60)


# --- what must hold together ------------------------------------------------------------------------------------------


def test_defaults_hold_together():
    assert broken(USUAL) == []


@pytest.mark.parametrize("one", TOGETHER, ids=lambda one: f"{one.lower.key}<{one.upper.key}")
def test_together_is_of_one_unit_and_can_break(one):
    assert one.lower.unit == one.upper.unit
    assert one in broken(USUAL | {one.lower.key: one.lower.most, one.upper.key: one.upper.least})
    equal = USUAL | {one.lower.key: 20, one.upper.key: 20}
    assert (one in broken(equal)) is one.is_less


def test_alert_later_than_the_promise_does_not_hold():
    assert [one.lower for one in broken(USUAL | {"wait_minutes": 4})] == [definitions.WAIT]
    assert broken(USUAL | {"wait_minutes": 4, "promised_minutes": 4}) == []


def test_pauses_out_of_order_do_not_hold():
    assert [one.lower.key for one in broken(USUAL | {"pause_middle_minutes": 15})] == ["pause_middle_minutes"]

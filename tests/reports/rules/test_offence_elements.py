"""Which elements of an offence are present, absent or missing, without a database."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.rules import offence_elements
from reports.rules.offence_elements import HARASSMENT, OFFENCES, QUESTIONS, SINGLE_ACT, Element, Standing

ELEMENTS = st.sets(st.sampled_from([element.value for element in Element]))


def reading_of(wanted, present=(), absent=()):
    return next(one for one in offence_elements.read(present=present, absent=absent) if one.offence is wanted)


def standings(reading):
    return [str(met.standing) for met in reading.needs]


def test_nothing_ticked_everything_is_missing_and_asked():
    reading = reading_of(HARASSMENT)
    assert standings(reading) == ["missing"] * 3 and reading.standing == Standing.MISSING
    asked = {str(question) for met in reading.needs for question in met.questions}
    assert str(QUESTIONS[Element.REPEATED]) in asked and str(QUESTIONS[Element.GROUP_AWARE]) in asked


def test_one_person_who_repeats_is_a_repetition():
    reading = reading_of(HARASSMENT, present={"online", "repeated", "dignity"})
    assert reading.standing == Standing.PRESENT


def test_a_group_needs_that_each_knows_of_the_others():
    assert standings(reading_of(HARASSMENT, {"group"}, {"repeated"}))[1] == "missing"
    assert standings(reading_of(HARASSMENT, {"group", "group_aware"}, {"repeated"}))[1] == "present"
    assert standings(reading_of(HARASSMENT, {"group"}, {"repeated", "group_aware"}))[1] == "absent"


def test_a_way_put_aside_is_not_asked_again():
    met = reading_of(HARASSMENT, absent={"repeated"}).needs[1]
    assert met.standing == Standing.MISSING
    assert str(QUESTIONS[Element.REPEATED]) not in map(str, met.questions)


def test_without_any_effect_there_is_no_harassment():
    reading = reading_of(HARASSMENT, {"online", "repeated"}, {"living", "dignity", "hostile"})
    assert reading.standing == Standing.ABSENT


def test_one_threat_is_enough_for_itself_and_is_no_harassment():
    present, absent = {"online", "threat"}, {"repeated", "group"}
    assert reading_of(SINGLE_ACT, present, absent).standing == Standing.PRESENT
    assert reading_of(HARASSMENT, present, absent).standing == Standing.ABSENT


@given(present=ELEMENTS, absent=ELEMENTS, more=ELEMENTS)
def test_learning_more_never_takes_back_what_is_there(present, absent, more):
    """Another « yes » makes nothing worse; a missing need always has a question, another never has."""
    absent -= present
    order = {Standing.ABSENT: 0, Standing.MISSING: 1, Standing.PRESENT: 2}
    before = offence_elements.read(present=present, absent=absent)
    after = offence_elements.read(present=present | more, absent=absent - more)
    for old, new in zip(before, after, strict=True):
        assert order[new.standing] >= order[old.standing]
        for met in old.needs:
            assert bool(met.questions) == (met.standing == Standing.MISSING)


def test_every_element_has_its_question():
    assert set(QUESTIONS) == set(Element)


def test_the_only_article_is_the_one_of_the_reference_facts():
    """Another article needs a source first: what is not stated there is not asserted here."""
    said = " ".join(
        [offence_elements.HARASSMENT.article, offence_elements.SINGLE_ACT.article]
        + [str(remark.text) for remark in offence_elements.remarks(present={element.value for element in Element})]
    )
    assert set(re.findall(r"\d{2,3}-\d+(?:-\d+)*", said)) == {"222-33-2-2"}
    assert [one.article for one in OFFENCES] == ["code pénal, art. 222-33-2-2", ""]


@pytest.mark.parametrize("element", ["couple", "school"])
def test_what_has_no_article_in_the_facts_is_to_verify(element):
    assert [remark.is_to_verify for remark in offence_elements.remarks(present={element})] == [True]


def test_money_for_an_image_goes_elsewhere_for_an_adult_only():
    adult, minor = ({"money", "image"}, {"money", "image", "minor"})
    assert any("THESEE" in str(remark.text) for remark in offence_elements.remarks(present=adult))
    assert not any("THESEE" in str(remark.text) for remark in offence_elements.remarks(present=minor))

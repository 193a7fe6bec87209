"""The questions as data: no database."""

import re

import pytest

from tests.triage.paths import all_paths
from triage import rules
from triage.questions import BY_ID, BY_SLUG, QUESTIONS, Voice, Wording

FORMAL = re.compile(r"\b(vous|votre|vos)\b", re.IGNORECASE)
FAMILIAR = re.compile(r"\b(tu|te|toi|ton|ta|tes)\b", re.IGNORECASE)
VOICES = [Voice(familiar, other) for familiar in (False, True) for other in (False, True)]


def wordings() -> list[Wording]:
    found = []
    for question in QUESTIONS:
        found.append(question.text)
        found += [question.help_text] if question.help_text else []
        for option in question.options:
            found.append(option.label)
            found += [option.hint] if option.hint else []
    return found


def test_identifiers_are_unique() -> None:
    assert len(BY_ID) == len(BY_SLUG) == len(QUESTIONS)
    for question in QUESTIONS:
        values = [option.value for option in question.options]
        assert len(values) == len(set(values)) >= 2, question.id


def test_danger_then_screen_come_first() -> None:
    assert [question.id for question in QUESTIONS[:2]] == ["danger", "screen"]
    assert QUESTIONS[0].asked_when == ()


def test_conditions_name_earlier_questions_and_their_options() -> None:
    seen: set[str] = set()
    for question in QUESTIONS:
        for condition in question.asked_when:
            for earlier, values in condition.accepted.items():
                assert earlier in seen, f"{question.id} depends on {earlier}, which comes later"
                assert values <= {option.value for option in BY_ID[earlier].options}, (question.id, earlier)
        seen.add(question.id)


def test_every_question_is_reachable() -> None:
    reached = {question for path in all_paths() for question in path}
    assert reached == set(BY_ID)


def test_every_option_is_reachable() -> None:
    reached = {pair for path in all_paths() for pair in path.items()}
    assert reached == {(question.id, option.value) for question in QUESTIONS for option in question.options}


def test_slugs_say_nothing_of_the_facts() -> None:
    """The history of the browser keeps them."""
    telling = re.compile("danger|suicid|sex|intim|chantage|menace|harcel|violence|ecran")
    assert [slug for slug in BY_SLUG if telling.search(slug)] == []


@pytest.mark.parametrize("other", [False, True])
def test_minors_are_never_addressed_formally(other: bool) -> None:
    spoken = [str(wording.spoken(Voice(familiar=True, about_other=other))) for wording in wordings()]
    assert [text for text in spoken if FORMAL.search(text)] == []


@pytest.mark.parametrize("other", [False, True])
def test_adults_are_never_addressed_familiarly(other: bool) -> None:
    spoken = [str(wording.spoken(Voice(familiar=False, about_other=other))) for wording in wordings()]
    assert [text for text in spoken if FAMILIAR.search(text)] == []


@pytest.mark.parametrize("voice", VOICES)
def test_options_stay_distinct_in_every_voice(voice: Voice) -> None:
    for question in QUESTIONS:
        labels = [str(option.label.spoken(voice)) for option in question.options]
        assert len(set(labels)) == len(labels), question.id


def test_wording_falls_back_on_the_variant_that_exists() -> None:
    wording = Wording("vous", tu="tu", other="autre")
    assert [wording.spoken(voice) for voice in VOICES] == ["vous", "autre", "tu", "autre"]
    assert Wording("vous", tu="tu").spoken(Voice(familiar=True, about_other=True)) == "tu"
    assert Wording("vous").spoken(Voice(familiar=True)) == "vous"


def test_usual_paths_are_short() -> None:
    """A victim who says what happens, once, reaches the chat in at most eight questions."""
    harassed = [
        path
        for path in all_paths()
        if path.get("role") == "victim"
        and path.get("repetition") in ("repeated", "group")
        and "content_target" not in path
        and "sms_kind" not in path
        and "home" not in path
    ]
    assert {len(path) for path in harassed} == {7}
    assert max(len(path) for path in all_paths()) <= 13
    assert all(rules.assess(path).opens_chat for path in harassed)

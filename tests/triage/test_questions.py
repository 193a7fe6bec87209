"""The questions as data, without a database."""

import re

import pytest

from tests.triage.paths import all_paths
from triage import rules
from triage.questionnaire.questions import BY_ID, BY_SLUG, QUESTIONS, Voice, Wording

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


def test_safety_then_who_come_first() -> None:
    assert [question.id for question in QUESTIONS[:3]] == ["danger", "who", "helped"]
    assert QUESTIONS[0].asked_when == ()


def test_labels_are_those_of_the_contract() -> None:
    """The words on screen are checked from outside: they are those of the visitor's journey of the product."""

    def said(name: str) -> list[str]:
        return [str(option.label.vous) for option in BY_ID[name].options]

    assert said("danger") == [
        "Je suis en danger maintenant",
        "Je pense à mourir",
        "Quelqu'un peut voir mon écran",
        "Non, rien de tout cela",
    ]
    assert said("who") == ["J'ai 18 ans ou plus", "J'ai moins de 18 ans", "J'aide quelqu'un"]
    assert str(BY_ID["facts"].text.vous) == "Que se passe-t-il ?"
    assert said("facts") == [
        "On m'insulte, on me menace, on se moque de moi",
        "Une image ou une vidéo de moi",
        "Mon compte ou mon identité",
        "Mon couple, mon ex",
        "On me demande de l'argent",
        "J'ai vu un contenu illégal",
        "Virus, piratage, arnaque",
        "Autre chose",
    ]
    assert "Professionnel, pour une personne de moins de 15 ans" in said("helped")


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


def test_paths_are_short() -> None:
    """There are safety, what happens, and one more question at most; one before for who helps, and the door."""
    for path in all_paths():
        assert len(set(path) - {"who", "helped"}) <= 3, path
    for facts in ("couple", "other"):
        assert all(len(set(path) - {"who", "helped"}) == 2 for path in all_paths() if path.get("facts") == facts)


def test_minors_are_asked_nothing_about_what_they_suffer_that_could_send_them_away() -> None:
    young = [
        path for path in all_paths() if path.get("who") == "minor" and path.get("facts") in ("harassment", "image")
    ]
    assert young
    assert all(len(path) == 3 and rules.assess_answers(path).opens_chat for path in young)


OWN = re.compile(r"\b(mon|ma|mes|moi|me)\b|\bm'|\bl'ai\b|\bj'avais\b", re.IGNORECASE)
# Titles that speak about the person who writes, whomever they help.
OF_WHO_WRITES = {"Quelqu'un peut voir mon écran", "Qui aidez-vous ?", "Qui aides-tu ?"}


@pytest.mark.parametrize("familiar", [False, True])
def test_who_helps_reads_no_answer_of_a_victim(familiar: bool) -> None:
    spoken = [
        str(wording.spoken(Voice(familiar=familiar, about_other=True)))
        for question in QUESTIONS
        if question.id != "who"
        for wording in (question.text, *(option.label for option in question.options))
    ]
    assert [text for text in spoken if OWN.search(text) and text not in OF_WHO_WRITES] == []

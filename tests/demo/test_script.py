"""Each script of the sandbox can be followed today, and answers what it says."""

import pytest

from pnav.demo import script
from pnav.demo.script import Mind, Script, ScriptError, Words

NAMES = script.names()
PLAIN = Script(
    id="essai",
    title="Essai",
    place="59000",
    answers={"danger": "yes"},
    form={},
    openings=(("Un.",), ("Deux.",)),
    replies=(Words(("sécurité", "l'abri"), say=("Oui.", "Chez moi.")), Words(("sécurité",), say=("Je l’ai dit.",))),
    otherwise=("Bon.",),
    silence=("Vous êtes là ?",),
    goodbye="Merci.",
    expected=(Words(("114",), label="le 114"), Words(("adresse",), label="l'adresse")),
)


def test_scripts_are_those_that_were_asked_for():
    assert NAMES == ["calme", "urgent", "mineur", "agressif", "silencieux", "raid", "raid_muet"]


@pytest.mark.parametrize("name", NAMES)
def test_script_can_be_followed(name):
    one = script.read(name)
    assert one.title and (one.openings or name == "raid_muet") and one.people * one.every_seconds < 600
    mind = Mind(one)
    for _turn in range(50):
        mind.answer("?")
    assert mind.has_ended, "every script comes to an end, whatever the agent writes"


@pytest.mark.parametrize(
    ("answers", "form", "said"),
    [
        ({"danger": "maybe"}, {}, "ne connaît pas"),
        ({"danger": "no"}, {}, "il manque la réponse à « who »"),
        ({"danger": "yes", "facts": "image"}, {}, "jamais demandées : facts"),
        ({"danger": "yes"}, {"facts": ["rien"]}, "ne connaît pas facts"),
        ({"danger": "yes"}, {"name": "Marie"}, "ne connaît pas name"),
    ],
)
def test_script_that_nobody_can_follow_is_refused(answers, form, said):
    from dataclasses import replace

    with pytest.raises(ScriptError, match=said):
        script._check(replace(PLAIN, answers=answers, form=form))


def test_unknown_script_names_those_that_there_are():
    with pytest.raises(ScriptError, match="calme"):
        script.read("../../settings")


def test_mind_answers_each_thing_once_then_takes_leave():
    mind = Mind(PLAIN, number=1)
    assert mind.opening == ("Deux.",)
    assert mind.answer("Êtes-vous en SECURITE ?") == ("Oui.", "Chez moi.")
    assert mind.answer("En sécurité ?") == ("Je l’ai dit.",)
    assert mind.answer("En sécurité ?") == ("Bon.",)
    assert mind.answer("Au revoir.") == ("Merci.",) and mind.has_ended
    assert mind.answer("Encore là ?") == () == mind.break_silence()


def test_mind_breaks_the_silence_as_often_as_it_says():
    mind = Mind(PLAIN)
    assert [mind.break_silence(), mind.break_silence()] == [("Vous êtes là ?",), ()]


@pytest.mark.parametrize(
    ("text", "is_there"), [("à l’abri ?", True), ("insécurité", False), ("sécurités", True), ("", False)]
)
def test_words_begin_a_word(text, is_there):
    assert PLAIN.replies[0].are_in(text) is is_there


def test_review_says_what_was_heard():
    mind = Mind(PLAIN)
    mind.answer("Écrivez au 114.")
    assert mind.review() == [("le 114", True), ("l'adresse", False)]

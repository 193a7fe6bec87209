"""Former questionnaires of the code: visits that began under one end under it, and agents read their answers."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from triage import numbers, rules, versions
from triage.editing import walk
from triage.questionnaire import document, past
from triage.questionnaire.outcomes import Outcome, Urgency
from triage.questionnaire.questions import Voice, When
from triage.questionnaire.results import BUILT_IN

FIRST = "2026-08-1"
PATHS = {FIRST: 22_782}  # how many paths each past version has
# The version of the code, and the digest of its document. Whoever changes what it asks, decides or tells follows « A
# question of the triage » of CONTRIBUTING.md, and writes both here anew. Whoever corrects a misspelling, or a reason
# that said more than the law does, writes the digest alone: the answers of a report mean what they meant.
PRESENT = ("2026-11-1", "b54f59ccd516f15b")
REPEATED = {
    "danger": "no", "screen": "no", "role": "victim", "age": "15_17", "facts": "harassment", "repetition": "repeated",
    "author": "family", "home": "yes",
}  # fmt: skip


def test_every_version_of_the_code_is_there_but_the_present_one():
    assert FIRST in past.VERSIONS and BUILT_IN.version not in past.VERSIONS
    for version in past.VERSIONS:
        found = versions.find(version)
        assert found is not None and found.version == version
    assert past.find("2020-01-1") is None
    assert {path.stem for path in past._FOLDER.iterdir()} == past.VERSIONS == set(PATHS)


def in_french(value: Any) -> Any:
    """Return a document with the French of each text, because a translation may be mended in any version."""
    if isinstance(value, dict):
        return value["fr"] if "fr" in value else {name: in_french(one) for name, one in value.items()}
    return [in_french(one) for one in value] if isinstance(value, list) else value


def test_version_changes_with_its_document():
    """Under the same version, agents would read a report in questions that its person never read."""
    text = json.dumps(in_french(document.dump(BUILT_IN)), ensure_ascii=False, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    told = "keep the document of the version before, and change VERSION: « A question of the triage », CONTRIBUTING.md"
    assert (BUILT_IN.version, digest) == PRESENT, told


@pytest.mark.parametrize("version", sorted(past.VERSIONS))
def test_every_path_of_a_past_version_still_ends(version: str):
    found = walk.check(past.find(version))
    assert found.problems == ()
    assert found.paths == PATHS[version] and {Outcome.CHAT, Outcome.CHAT_MINOR, Outcome.DANGER} <= found.outcomes


def test_answers_under_it_mean_what_they_meant():
    first = past.find(FIRST)
    told = rules.assess_answers(REPEATED, under=first)
    assert (told.outcome, told.urgency, told.is_minor) == (Outcome.CHAT_MINOR, Urgency.CRITICAL, True)
    assert told.voice.familiar and rules.victim_age_band(REPEATED, under=first) == "15_17"
    relative = {**REPEATED, "role": "relative", "age": "adult", "victim_age": "under_15"}
    assert rules.victim_age_band(relative, under=first) == "under_15"
    question, answer = rules.describe_answers(REPEATED, under=first)[-1]
    assert question in {"Êtes-vous en danger à la maison ?", "La personne est-elle en danger à la maison ?"}
    assert answer == "Oui"
    assert rules.is_discreet({"danger": "no", "screen": "yes"})


VICTIM = {"danger": "no", "screen": "no", "role": "victim", "age": "adult"}


def test_numbers_under_it_are_those_of_its_answers():
    """They are danger at home, somebody of the couple, money against images: asked by questions that the code has no
    more.
    """
    first = past.find(FIRST)
    found = rules.assess_answers(REPEATED, under=first).numbers
    assert found == (
        numbers.POLICE, numbers.EMERGENCY_BY_TEXT, numbers.CHILD_IN_DANGER, numbers.DIGITAL_VIOLENCE,
        numbers.VICTIM_SUPPORT, numbers.SUICIDE_PREVENTION,
    )  # fmt: skip
    assert rules.assess_answers({**REPEATED, "home": "no"}, under=first).urgency == Urgency.HIGH
    for kept in ({"author": "couple"}, {"facts": "couple"}):
        assert rules._is_couple(kept)
    assert not rules._is_couple({"author": "family", "facts": "harassment"})
    for kept in ({"demand": "image"}, {"image_money": "yes"}, {"scam": "image"}, {"blackmail_image": "yes"}):
        assert rules._is_blackmail(kept)
    assert not rules._is_blackmail({"demand": "scam", "scam": "scam", "image_money": "no", "blackmail_image": "no"})


def test_adult_who_is_asked_about_danger_at_home_is_given_numbers():
    """An administrator may ask it of everybody: whoever answered « yes » met an error instead of the numbers."""
    first = past.find(FIRST)
    asked = tuple(replace(one, asked_when=(When(danger="no"),)) if one.id == "home" else one for one in first.questions)
    edited = replace(first, questions=asked)
    assert walk.check(edited).problems == ()
    adult = rules.assess_answers({**REPEATED, "age": "adult"}, under=edited)
    assert (adult.outcome, adult.urgency, adult.is_minor) == (Outcome.CHAT, Urgency.CRITICAL, False)
    assert adult.first_numbers[:2] == (numbers.POLICE, numbers.EMERGENCY_BY_TEXT)
    assert numbers.CHILD_IN_DANGER not in adult.numbers and numbers.SUICIDE_PREVENTION in adult.numbers
    minor = rules.assess_answers(REPEATED, under=edited)
    assert minor.numbers == rules.assess_answers(REPEATED, under=first).numbers


def test_voice_under_it_is_that_of_its_answers():
    first = past.find(FIRST)
    assert rules.choose_voice(VICTIM, under=first) == Voice()
    assert rules.choose_voice({**VICTIM, "age": "under_15"}, under=first) == Voice(familiar=True)
    witness = {**REPEATED, "role": "witness", "age": "adult", "victim_age": "15_17"}
    assert rules.choose_voice(witness, under=first) == Voice(about_other=True)
    assert rules.victim_age_band(witness, under=first) == "15_17"


@pytest.mark.django_db
def test_visit_that_is_halfway_in_it_goes_on(client: Client):
    session = client.session
    session["triage"] = {"version": FIRST, "answers": {"danger": "no", "screen": "no", "role": "victim"}}
    session.save()
    page = client.get(reverse("triage:start"))
    assert "Quel âge avez-vous" in page.text
    answer = client.post(reverse("triage:question", args=["age"]), {"answer": "15_17"})
    assert answer.headers["Location"] == reverse("triage:question", args=["faits"])
    page = client.get(answer.headers["Location"])
    assert "Une page, un groupe ou une discussion" in page.text
    assert client.session["triage"]["version"] == FIRST

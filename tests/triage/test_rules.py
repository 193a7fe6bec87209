"""The rules are pure, so this needs no database."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.triage.paths import ADULT, CHAT, HELPER, MINOR, MINOR_CHAT, WITNESS, all_assessed, all_paths, walk
from triage import numbers, rules
from triage.questionnaire.questions import BY_ID, QUESTIONS, Voice, Wording
from triage.questionnaire.results import BUILT_IN
from triage.rules import FOR_AGENTS, Outcome, Urgency, assess_answers

OUTSIDE = {
    Outcome.SEVENTEEN_CYBER_THESEE: "THESEE",
    Outcome.SEVENTEEN_CYBER_PERCEVAL: "PERCEVAL",
    Outcome.SEVENTEEN_CYBER_PHAROS: "PHAROS",
    Outcome.SEVENTEEN_CYBER_ORGANISATION: "",
    Outcome.SEVENTEEN_CYBER_ASSISTANCE: "",
}


def outcomes(answers: dict[str, str]) -> set[Outcome]:
    """Return the outcomes of all the paths that begin so."""
    return {assess_answers(path).outcome for path in walk(answers)}


def shown(answers: dict[str, str]) -> list[str]:
    return [number.display for number in assess_answers(answers).numbers]


def sentences(answers: dict[str, str]) -> list[str]:
    return told_in(assess_answers(answers))


def told_in(assessed: rules.Assessment) -> list[str]:
    return [str(text) for text in (assessed.title, *assessed.reasons, *assessed.service, *assessed.prepare)]


# --- every path ---------------------------------------------------------------------------------------------------


def test_every_path_ends_with_a_reason_a_service_and_the_open_door() -> None:
    for path, assessed in all_assessed():
        assert assessed.is_finished
        assert rules.next_question(path) is None
        assert all(str(reason) for reason in assessed.reasons) and assessed.reasons, path
        assert assessed.service and assessed.prepare, path
        assert str(assessed.open_door) == "Je veux parler à quelqu'un quand même"


def test_what_is_known_is_not_said_to_be_unclear() -> None:
    """Nothing more is asked of a minor: what they said is enough to tell them why somebody answers here."""
    unclear = "La situation reste à éclaircir"
    for path, assessed in all_assessed():
        if path.get("facts") in {"harassment", "image"} and assessed.outcome == Outcome.CHAT_MINOR:
            assert not any(unclear in str(reason) for reason in assessed.reasons), path
    assert unclear in str(assess_answers({**MINOR, "facts": "other"}).reasons[0])


def test_danger_is_asked_first_on_every_path() -> None:
    assert {next(iter(path)) for path in all_paths()} == {"danger"}
    assert {list(path)[1] for path in all_paths() if len(path) > 1} == {"who"}


def test_every_outcome_is_reachable() -> None:
    assert {assessed.outcome for _path, assessed in all_assessed()} | {assess_answers({}).outcome} == set(Outcome)


def test_results_outside_name_17_cyber_and_where_it_leads() -> None:
    met = set()
    for _path, assessed in all_assessed():
        if assessed.outcome not in OUTSIDE:
            assert assessed.destination is None
            assert (assessed.destination_beside is not None) == (assessed.outcome == Outcome.SINGLE_INSULT)
            continue
        met.add(assessed.outcome)
        destination = assessed.destination
        assert destination is not None
        assert (destination.name, destination.url) == ("17 Cyber", "https://17cyber.gouv.fr")
        assert destination.leads_to == OUTSIDE[assessed.outcome]
        assert destination.leads_to in str(destination.explanation)
        assert destination.explanation in assessed.service
        assert not assessed.opens_chat
    assert met == set(OUTSIDE)


def test_minors_are_said_tu_on_every_result() -> None:
    formal = re.compile(r"\b(vous|votre|vos)\b", re.IGNORECASE)
    familiar = re.compile(r"\b(tu|te|toi|ton|ta|tes)\b|\bt['’]", re.IGNORECASE)
    said = {(path.get("who") == "minor", text) for path, assessed in all_assessed() for text in told_in(assessed)}
    wrong = {text for is_young, text in said if (formal if is_young else familiar).search(text)}
    assert wrong == set()


def test_minors_see_the_3018_wherever_they_are_sent() -> None:
    for path, assessed in all_assessed():
        if assessed.is_minor:
            assert "3018" in [number.display for number in assessed.numbers], path


def test_hours_of_the_3919_are_those_that_the_administrators_keep() -> None:
    met = [number for _path, told in all_assessed() for number in told.numbers if number.display == "3919"]
    assert met and {str(number.hours) for number in met} == {""}


VICTIMS_WORDS = re.compile(r"porter plainte|à vous-même|vos droits|\bm'|\bmoi\b|\bmon\b|\bma\b", re.IGNORECASE)


def test_who_helps_reads_no_word_of_a_victim() -> None:
    for path, assessed in all_assessed():
        if path.get("who") == "helper":
            texts = [text for text in told_in(assessed) if VICTIMS_WORDS.search(text)]
            assert [text for text in texts if "enfant ou un adolescent" not in text] == [], path


def test_image_that_it_may_be_an_offence_to_hold_is_noted_and_never_captured() -> None:
    met = 0
    for path, assessed in all_assessed():
        prepare = " ".join(map(str, assessed.prepare))
        if assessed.outcome in (Outcome.SEVENTEEN_CYBER_PHAROS, Outcome.CHAT_MINOR):
            met += 1
            assert "aptures d'écran" not in prepare, path
            assert re.search("(N'enregistre|ni enregistrer)", prepare), path
    assert met


# --- where each situation goes, row by row ------------------------------------------------------------------------

ROWS = [
    ("danger now", {"danger": "yes"}, Outcome.DANGER),
    ("suicidal thoughts", {"danger": "suicidal"}, Outcome.SUICIDE),
    ("insults repeated", CHAT, Outcome.CHAT),
    ("insults by a group", {**CHAT, "repetition": "group"}, Outcome.CHAT),
    ("image, no money asked", {**ADULT, "facts": "image", "image_money": "no"}, Outcome.CHAT),
    ("account hacked to hurt", {**ADULT, "facts": "account", "account_purpose": "hurt"}, Outcome.CHAT),
    ("cyber-violence in a couple", {**ADULT, "facts": "couple"}, Outcome.CHAT),
    ("a single grave act", {**CHAT, "repetition": "threat"}, Outcome.CHAT),
    ("the same, under 18", MINOR_CHAT, Outcome.CHAT_MINOR),
    (
        "money against intimate images, adult",
        {**ADULT, "facts": "image", "image_money": "yes"},
        Outcome.SEVENTEEN_CYBER_THESEE,
    ),
    ("money against intimate images, minor", {**MINOR, "facts": "money", "demand": "image"}, Outcome.CHAT_MINOR),
    ("fake sale, romance fraud", {**ADULT, "facts": "device", "scam": "scam"}, Outcome.SEVENTEEN_CYBER_THESEE),
    ("fake sale, told as money", {**ADULT, "facts": "money", "demand": "scam"}, Outcome.SEVENTEEN_CYBER_THESEE),
    (
        "mailbox hacked for money",
        {**ADULT, "facts": "account", "account_purpose": "money"},
        Outcome.SEVENTEEN_CYBER_THESEE,
    ),
    ("ransomware", {**ADULT, "facts": "device", "scam": "ransom"}, Outcome.SEVENTEEN_CYBER_THESEE),
    ("ransomware, told as money", {**ADULT, "facts": "money", "demand": "device"}, Outcome.SEVENTEEN_CYBER_THESEE),
    ("bank card still in hand", {**ADULT, "facts": "device", "scam": "card"}, Outcome.SEVENTEEN_CYBER_PERCEVAL),
    (
        "illegal public content",
        {**ADULT, "facts": "content", "content_kind": "public"},
        Outcome.SEVENTEEN_CYBER_PHAROS,
    ),
    ("content that aims at somebody", {**ADULT, "facts": "content", "content_kind": "target"}, Outcome.CHAT),
    ("insult of which one is the victim, once", {**CHAT, "repetition": "once"}, Outcome.SINGLE_INSULT),
    ("company", {**ADULT, "facts": "device", "scam": "organisation"}, Outcome.SEVENTEEN_CYBER_ORGANISATION),
    ("unwanted SMS", {**ADULT, "facts": "device", "scam": "sms"}, Outcome.SMS_33700),
]


@pytest.mark.parametrize(("answers", "outcome"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_situation_goes_where_the_table_says(answers: dict[str, str], outcome: Outcome) -> None:
    assert rules.next_question(answers) is None, "the row must be a whole path"
    assert assess_answers(answers).outcome == outcome
    assert assess_answers(answers).opens_chat == (outcome in (Outcome.CHAT, Outcome.CHAT_MINOR))


def test_danger_shows_the_emergency_numbers_and_never_the_chat_first() -> None:
    assert shown({"danger": "yes"})[:3] == ["17", "112", "114"]
    assert "3114" in shown({"danger": "yes"})
    assert not assess_answers({"danger": "yes"}).opens_chat
    assert assess_answers({"danger": "yes"}).urgency == Urgency.CRITICAL
    assert "sms:114" in [number.link for number in assess_answers({"danger": "yes"}).numbers]


def test_suicidal_thoughts_show_the_3114_then_15_and_who_to_write_to() -> None:
    assert shown({"danger": "suicidal"})[:4] == ["3114", "15", "114", "17"]
    assert assess_answers({"danger": "suicidal"}).urgency == Urgency.CRITICAL
    young = {"danger": "suicidal", "who": "minor"}
    assert "3018" in shown(young)
    assert assess_answers(young).voice.familiar and assess_answers(young).is_minor


def test_numbers_come_first_only_where_a_life_may_be_at_stake() -> None:
    pressing, other = assess_answers({"danger": "suicidal"}), assess_answers({**ADULT, "facts": "couple"})
    assert pressing.calls_first and pressing.first_numbers == pressing.numbers[:3]
    assert pressing.other_numbers == pressing.numbers[3:] != ()
    assert not other.calls_first and other.first_numbers == () and other.other_numbers == other.numbers


def test_numbers_of_an_exchange_are_in_the_order_of_their_use() -> None:
    """Those of the age come first, then those of the facts, then those of everybody."""
    everybody = (numbers.VICTIM_SUPPORT, numbers.SUICIDE_PREVENTION)
    young = (numbers.DIGITAL_VIOLENCE, numbers.CHILD_IN_DANGER)
    couple = (numbers.VIOLENCE_AGAINST_WOMEN,)
    assert assess_answers(CHAT).numbers == everybody
    assert assess_answers(MINOR_CHAT).numbers == (*young, *everybody)
    assert assess_answers({**ADULT, "facts": "couple"}).numbers == (*couple, *everybody)
    assert assess_answers({**MINOR, "facts": "couple"}).numbers == (*young, *couple, *everybody)
    scam = {"facts": "device", "scam": "scam"}
    assert assess_answers({**ADULT, **scam}).numbers == (numbers.SCAM_INFORMATION, numbers.VICTIM_SUPPORT)
    assert numbers.DIGITAL_VIOLENCE not in assess_answers({"danger": "suicidal"}).numbers


def test_whether_somebody_may_see_the_screen_is_read_under_every_version() -> None:
    for answers, is_discreet in (
        ({}, False),
        ({"danger": "no"}, False),
        ({"danger": "screen"}, True),
        ({"danger": "no", "screen": "yes"}, True),
        ({"danger": "no", "screen": "no"}, False),
        ({"screen": "yes"}, True),
    ):
        assert rules.is_discreet(answers) is is_discreet, answers


def test_who_helps_and_did_not_say_how_is_a_witness() -> None:
    assert rules.reporter_role({"who": "helper"}) == "witness"
    assert rules.victim_age_band({"danger": "no", "who": "helper"}) == ""
    assert rules.choose_voice({"danger": "no", "who": "adult"}) == Voice()


def test_what_was_said_at_the_door_counts_before_any_question() -> None:
    assert rules.choose_voice({"who": "minor"}).familiar
    assert rules.choose_voice({"who": "helper"}).about_other
    assert rules.on_path({"danger": "yes", "who": "helper", "helped": "relative_15_17"}) == {
        "danger": "yes",
        "who": "helper",
    }
    assert rules.next_question({"who": "adult"}) is BY_ID["danger"]
    assert rules.question_after(BY_ID["danger"], {"danger": "no", "who": "adult"}) is BY_ID["facts"]
    assert rules.question_after(BY_ID["danger"], {"danger": "no"}) is BY_ID["who"]


# --- the traps ----------------------------------------------------------------------------------------------------


def test_hacked_account_depends_on_what_it_is_for() -> None:
    hacked = {**ADULT, "facts": "account"}
    assert outcomes({**hacked, "account_purpose": "hurt"}) == {Outcome.CHAT}
    assert outcomes({**hacked, "account_purpose": "money"}) == {Outcome.SEVENTEEN_CYBER_THESEE}
    assert outcomes({**hacked, "account_purpose": "unsure"}) == {Outcome.SEVENTEEN_CYBER_ASSISTANCE}


@pytest.mark.parametrize("told_as", [{"facts": "image", "image_money": "yes"}, {"facts": "money", "demand": "image"}])
def test_money_against_images_depends_on_age_however_it_is_told(told_as: dict[str, str]) -> None:
    adult = assess_answers({**ADULT, **told_as})
    assert adult.outcome == Outcome.SEVENTEEN_CYBER_THESEE
    assert str(adult.title) == "Ne payez pas, ne répondez plus, gardez les preuves"
    assert "3114" in [number.display for number in adult.numbers]
    assert "arnaque" not in " ".join(map(str, (adult.title, *adult.reasons)))
    assert adult.urgency == Urgency.HIGH
    assert assess_answers({**MINOR, **told_as}).outcome == Outcome.CHAT_MINOR
    for role in ("witness", "relative", "professional"):
        helper = {**HELPER, **told_as}
        assert assess_answers({**helper, "helped": f"{role}_adult"}).outcome == Outcome.SEVENTEEN_CYBER_THESEE
        assert assess_answers({**helper, "helped": f"{role}_unknown"}).outcome == Outcome.CHAT
        for age in ("under_15", "15_17"):
            assert assess_answers({**helper, "helped": f"{role}_{age}"}).outcome == Outcome.CHAT_MINOR


def test_scam_keeps_its_own_title() -> None:
    assert (
        str(assess_answers({**ADULT, "facts": "device", "scam": "scam"}).title) == "Une arnaque : 17 Cyber, puis THESEE"
    )


def test_image_taken_before_18_opens_the_chat() -> None:
    told = assess_answers({**ADULT, "facts": "image", "image_money": "minor"})
    assert (told.outcome, told.urgency) == (Outcome.CHAT, Urgency.HIGH)


IMAGE_OF_A_MINOR = [
    {**ADULT, "facts": "image", "image_money": "minor"},
    *({**HELPER, "helped": f"witness_{age}", "facts": "image", "image_money": "minor"} for age in ("adult", "unknown")),
]


@pytest.mark.parametrize("answers", IMAGE_OF_A_MINOR)
def test_image_taken_before_18_is_noted_whatever_a_questionnaire_says_of_evidence(answers: dict[str, str]) -> None:
    said = {Outcome.CHAT: "Captures.", Outcome.CHAT_MINOR: "Notez."}
    results = {one: replace(BUILT_IN.results[one], prepare=(Wording(words),)) for one, words in said.items()}
    own = replace(BUILT_IN, results={**BUILT_IN.results, **results})
    assert assess_answers(answers, under=own).prepare == ("Notez.",)
    prepare = " ".join(map(str, assess_answers(answers).prepare))
    assert "aptures d'écran" not in prepare and re.search("(N'enregistrez pas|ni enregistrer)", prepare)


def test_evidence_about_an_image_is_said_with_its_exception() -> None:
    """Nobody asks how old the person on an image was, of somebody whose age is not known or who is asked for money."""
    met = set()
    for path, assessed in all_assessed():
        prepare = " ".join(map(str, assessed.prepare))
        about_image = path.get("facts") in ("image", "content") or path.get("demand") == "image"
        if about_image and "aptures d'écran" in prepare:
            met.add(assessed.outcome)
            assert "moins de 18 ans" in prepare, path
    assert met == {Outcome.CHAT, Outcome.SEVENTEEN_CYBER_THESEE}


def test_private_content_does_not_go_to_pharos() -> None:
    assert outcomes({**ADULT, "facts": "content", "content_kind": "private"}) == {Outcome.SEVENTEEN_CYBER_ASSISTANCE}


def test_single_insult_says_that_sources_differ_and_keeps_the_door() -> None:
    assessed = assess_answers({**CHAT, "repetition": "once"})
    assert assessed.outcome == Outcome.SINGLE_INSULT
    assert any("Les sources officielles ne disent pas toutes la même chose" in str(r) for r in assessed.reasons)


def test_single_threat_or_blackmail_is_explained_and_opens_the_chat() -> None:
    for answers in ({**CHAT, "repetition": "threat"}, {**ADULT, "facts": "money", "demand": "threat"}):
        assessed = assess_answers(answers)
        assert assessed.outcome == Outcome.CHAT
        assert "infraction" in str(assessed.reasons[0])
        assert assessed.urgency == Urgency.HIGH


@pytest.mark.parametrize("role", ["witness", "relative", "professional"])
def test_whoever_helps_may_reach_the_chat(role: str) -> None:
    assert Outcome.CHAT in outcomes({**HELPER, "helped": f"{role}_adult"})
    assert Outcome.CHAT_MINOR in outcomes({**HELPER, "helped": f"{role}_under_15"})
    assert rules.reporter_role({"who": "helper", "helped": f"{role}_15_17"}) == role


def test_who_talks_now_reaches_the_chat_with_what_they_said() -> None:
    assert assess_answers({"who": "minor"}, talks_now=True).outcome == Outcome.UNFINISHED, (
        "safety is asked of everybody"
    )
    assert assess_answers(MINOR, talks_now=True).outcome == Outcome.CHAT_MINOR
    assert assess_answers({"danger": "no"}, talks_now=True).outcome == Outcome.CHAT
    assert assess_answers({**WITNESS, "facts": "image"}, talks_now=True).outcome == Outcome.CHAT
    assert assess_answers({**ADULT, "facts": "couple"}, talks_now=True).urgency == Urgency.HIGH


def test_violence_in_a_couple_raises_urgency_and_shows_the_3919() -> None:
    answers = {**ADULT, "facts": "couple"}
    assert assess_answers(answers).urgency == Urgency.HIGH
    assert "3919" in shown(answers)


def test_ordinary_harassment_of_an_adult_is_of_normal_urgency() -> None:
    assert assess_answers(CHAT).urgency == Urgency.NORMAL
    assert assess_answers(MINOR_CHAT).urgency == Urgency.HIGH


# --- answers that should not be -----------------------------------------------------------------------------------

any_answers = st.dictionaries(
    st.sampled_from([*BY_ID, "unknown_question"]),
    st.one_of(
        st.sampled_from(sorted({option.value for question in QUESTIONS for option in question.options})),
        st.text(max_size=8),
        st.none(),
        st.lists(st.integers(), max_size=2),
    ),
)


@given(any_answers)
def test_any_answers_never_crash_and_assessing_twice_says_the_same(answers: dict) -> None:
    kept = rules.on_path(answers)
    assert rules.on_path(kept) == kept
    assert kept.items() <= answers.items()
    assert assess_answers(kept) == assess_answers(answers) == assess_answers(answers)
    assert rules.next_question(kept) == rules.next_question(answers)
    assert assess_answers(answers).is_finished == (rules.next_question(answers) is None)
    assert len(rules.describe_answers(answers)) == len(kept)


@given(st.deferred(lambda: st.sampled_from(all_paths())), any_answers)
def test_answers_off_the_path_change_nothing(path: dict[str, str], noise: dict) -> None:
    assert assess_answers({**noise, **path}) == assess_answers(path)


def test_unfinished_answers_open_nothing() -> None:
    for answers in ({}, {"danger": "no"}, ADULT, {"danger": "maybe"}):
        assert assess_answers(answers).outcome == Outcome.UNFINISHED
        assert not assess_answers(answers).opens_chat


def test_changing_an_early_answer_keeps_the_later_ones_that_still_hold() -> None:
    assert rules.on_path({**CHAT, "facts": "couple"}) == {**ADULT, "facts": "couple"}
    assert rules.on_path({**CHAT, "danger": "yes"}) == {"danger": "yes", "who": "adult"}
    assert rules.on_path({**CHAT, "danger": "screen"}) == {**CHAT, "danger": "screen"}


# --- the path -----------------------------------------------------------------------------------------------------


def test_question_after_and_before_follow_the_path_and_not_the_list() -> None:
    path = {**WITNESS, "facts": "harassment", "repetition": "once"}
    facts, repetition = BY_ID["facts"], BY_ID["repetition"]
    assert rules.question_after(facts, path) is repetition
    assert rules.question_before(facts, path) is BY_ID["helped"]
    assert rules.question_after(repetition, path) is None
    assert rules.question_before(QUESTIONS[0], path) is None
    assert rules.question_position(repetition, path) == 5
    assert rules.question_position(BY_ID["scam"], path) is None
    assert rules.last_question(path) is repetition
    assert rules.last_question({}) is None


def test_describe_says_questions_and_answers_for_the_agent() -> None:
    lines = rules.describe_answers({**MINOR_CHAT, "nonsense": "x"})
    assert ("Pour qui est-ce ?", "J'ai moins de 18 ans") in lines
    assert lines[-1] == ("Que se passe-t-il ?", "On m'insulte, on me menace, on se moque de moi")
    assert len(lines) == 3


def test_victim_age_band_is_of_the_person_who_suffers() -> None:
    assert rules.victim_age_band(MINOR) == "under_18"
    assert rules.victim_age_band(ADULT) == "adult"
    assert rules.victim_age_band({**HELPER, "helped": "relative_15_17"}) == "15_17"
    assert rules.victim_age_band({}) == ""


def test_who_helps_and_is_a_minor_is_said_tu_and_waits_behind_nobody() -> None:
    minor = {**HELPER, "helped": "relative_adult", "facts": "couple", "own_age": "minor"}
    told = assess_answers(minor)
    assert told.voice.familiar and told.voice.about_other and told.is_minor
    assert (told.outcome, told.urgency) == (Outcome.CHAT_MINOR, Urgency.HIGH)
    assert rules.victim_age_band(minor) == "adult", "that of who suffers the facts"
    assert list(rules.on_path(minor))[-1] == "own_age"
    assert rules.describe_answers(minor)[-1] == ("Âge de qui aide", "Moins de 18 ans")


@pytest.mark.parametrize(
    "answers", [{**ADULT, "own_age": "minor"}, {**HELPER, "own_age": "adult"}, {"own_age": "minor"}]
)
def test_own_age_is_of_who_helps_alone(answers: dict[str, str]) -> None:
    assert not rules.choose_voice(answers).familiar and "own_age" not in rules.on_path(answers)


@pytest.mark.parametrize("helped", ["relative_adult", "witness_under_15"])
def test_minors_who_help_are_said_tu_on_every_result(helped: str) -> None:
    formal = re.compile(r"\b(vous|votre|vos)\b", re.IGNORECASE)
    paths = list(walk({**HELPER, "helped": helped, "own_age": "minor"}))
    assert paths and [text for path in paths for text in sentences(path) if formal.search(text)] == []


def test_what_agents_read_is_never_familiar_and_changes_nothing_else():
    for path, own in all_assessed():
        told = assess_answers(path, told_in=FOR_AGENTS)
        said = " ".join(map(str, (told.title, *told.reasons, *told.service, *told.prepare)))
        assert not re.search(r"\b(tu|te|ton|ta|tes|toi|t'\w+)\b", said, re.IGNORECASE), said
        assert (told.outcome, told.urgency, told.is_minor, told.numbers) == (
            own.outcome, own.urgency, own.is_minor, own.numbers
        )  # fmt: skip

"""The rules: pure, so no database here."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.triage.paths import ADULT, MINOR, NOT_IN_DANGER, all_assessed, all_paths, walk
from triage import rules
from triage.questions import BY_ID, MINOR_AGES, QUESTIONS
from triage.rules import FOR_AGENTS, Outcome, Urgency, assess

EXCHANGES = {Outcome.CHAT, Outcome.CHAT_MINOR}
OUTSIDE = {
    Outcome.SEVENTEEN_CYBER_THESEE: "THESEE",
    Outcome.SEVENTEEN_CYBER_PERCEVAL: "PERCEVAL",
    Outcome.SEVENTEEN_CYBER_PHAROS: "PHAROS",
    Outcome.SEVENTEEN_CYBER_ORGANISATION: "",
    Outcome.SEVENTEEN_CYBER_ASSISTANCE: "",
}


def outcomes(answers: dict[str, str]) -> set[Outcome]:
    """The outcomes of all the paths that begin so."""
    return {assess(path).outcome for path in walk(answers)}


def shown(answers: dict[str, str]) -> list[str]:
    return [number.display for number in assess(answers).numbers]


def sentences(answers: dict[str, str]) -> list[str]:
    return told_in(assess(answers))


def told_in(assessed: rules.Assessment) -> list[str]:
    return [str(text) for text in (assessed.title, *assessed.reasons, *assessed.service, *assessed.prepare)]


# --- every path ---------------------------------------------------------------------------------------------------


def test_every_path_ends_with_a_reason_a_service_and_the_open_door() -> None:
    for path, assessed in all_assessed():
        assert assessed.is_finished
        assert rules.next_question(path) is None
        assert all(str(reason) for reason in assessed.reasons) and assessed.reasons, path
        assert assessed.service and assessed.prepare, path
        assert str(assessed.open_door) == "Ce n'est pas mon cas, je veux parler à quelqu'un"


def test_danger_is_asked_first_on_every_path() -> None:
    assert {next(iter(path)) for path in all_paths()} == {"danger"}
    assert {list(path)[1] for path in all_paths() if len(path) > 1} == {"screen"}


def test_every_outcome_is_reachable() -> None:
    assert {assessed.outcome for _path, assessed in all_assessed()} | {assess({}).outcome} == set(Outcome)


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
    said = {(path.get("age") in MINOR_AGES, text) for path, assessed in all_assessed() for text in told_in(assessed)}
    wrong = {text for is_young, text in said if (formal if is_young else familiar).search(text)}
    assert wrong == set()


def test_minors_see_the_3018_wherever_they_are_sent() -> None:
    for path, assessed in all_assessed():
        if assessed.is_minor:
            assert "3018" in [number.display for number in assessed.numbers], path


def test_danger_at_home_shows_the_119_before_the_3018() -> None:
    at_home = [path for path in all_paths() if path.get("home") == "yes"]
    assert at_home
    for path in at_home:
        numbers = shown(path)
        assert numbers[0] == "17" and numbers.index("119") < numbers.index("3018")
        assert assess(path).urgency == Urgency.CRITICAL
        assert assess(path).calls_first


def test_hours_of_the_3919_are_not_stated() -> None:
    met = [number for _path, told in all_assessed() for number in told.numbers if number.display == "3919"]
    assert met and {str(number.hours) for number in met} == {""}


# After which answer somebody is asked who does it, which decides whether a minor is asked about danger at home.
ASKED_WHO = {
    ("repetition", "repeated"), ("repetition", "group"), ("repetition", "unsure"), ("single_act", "threat"),
    ("demand", "sexual"), ("demand", "other"), ("demand", "nothing"), ("blackmail_image", "no"), ("facts", "page"),
    ("image_money", "no"), ("image_money", "unsure"), ("account_purpose", "hurt"),
}  # fmt: skip
# And after which one the exchange opens without: it is known, or is somebody who wants money.
NOT_ASKED_WHO = {
    ("facts", "couple"), ("facts", "other"), ("blackmail_image", "yes"), ("image_money", "yes"), ("scam", "image"),
}  # fmt: skip


def test_who_reaches_the_exchange_was_asked_who_does_it_save_where_that_is_known() -> None:
    def last(path: dict[str, str]) -> tuple[str, str]:
        return [(key, value) for key, value in path.items() if key not in {"victim_age", "author", "home"}][-1]

    asked = {last(path) for path in all_paths() if "author" in path}
    not_asked = {last(path) for path, told in all_assessed() if "author" not in path and told.outcome in EXCHANGES}
    assert (asked, not_asked) == (ASKED_WHO, NOT_ASKED_WHO)


def test_minor_is_asked_about_home_whenever_it_is_the_family() -> None:
    for path in all_paths():
        minor = MINOR_AGES.__contains__(path.get("victim_age", path["age"] if path.get("role") == "victim" else ""))
        assert ("home" in path) == (minor and path.get("author") == "family"), path


# --- where each situation goes, row by row ------------------------------------------------------------------------

REPEATED = {"repetition": "repeated", "author": "known"}

ROWS = [
    ("danger now", {"danger": "yes"}, Outcome.DANGER),
    ("suicidal thoughts", {"danger": "suicidal"}, Outcome.SUICIDE),
    ("insults repeated", {**ADULT, "facts": "harassment", **REPEATED}, Outcome.CHAT),
    ("insults by a group", {**ADULT, "facts": "harassment", **REPEATED, "repetition": "group"}, Outcome.CHAT),
    ("hostile page", {**ADULT, "facts": "page", "author": "school"}, Outcome.CHAT),
    (
        "humiliating image, no money asked",
        {**ADULT, "facts": "image", "image_kind": "humiliating", "image_money": "no", "author": "unknown"},
        Outcome.CHAT,
    ),
    (
        "account hacked or identity stolen to hurt",
        {**ADULT, "facts": "account", "account_purpose": "hurt", "author": "known"},
        Outcome.CHAT,
    ),
    ("cyber-violence in a couple", {**ADULT, "facts": "couple"}, Outcome.CHAT),
    (
        "a single grave act",
        {**ADULT, "facts": "harassment", "repetition": "once", "single_act": "threat", "author": "work"},
        Outcome.CHAT,
    ),
    ("the same, under 18", {**MINOR, "facts": "harassment", **REPEATED}, Outcome.CHAT_MINOR),
    (
        "money against intimate images, adult",
        {**ADULT, "facts": "image", "image_kind": "intimate", "image_money": "yes"},
        Outcome.SEVENTEEN_CYBER_THESEE,
    ),
    (
        "money against intimate images, minor",
        {**MINOR, "facts": "image", "image_kind": "intimate", "image_money": "yes"},
        Outcome.CHAT_MINOR,
    ),
    ("fake sale or rental", {**ADULT, "facts": "money", "scam": "sale"}, Outcome.SEVENTEEN_CYBER_THESEE),
    ("romance fraud", {**ADULT, "facts": "money", "scam": "romance"}, Outcome.SEVENTEEN_CYBER_THESEE),
    ("mailbox hacked for money", {**ADULT, "facts": "money", "scam": "mailbox"}, Outcome.SEVENTEEN_CYBER_THESEE),
    ("ransomware", {**ADULT, "facts": "money", "scam": "ransom"}, Outcome.SEVENTEEN_CYBER_THESEE),
    (
        "ransomware, told as a device",
        {**ADULT, "facts": "device", "device_money": "yes"},
        Outcome.SEVENTEEN_CYBER_THESEE,
    ),
    ("bank card still in hand", {**ADULT, "facts": "money", "scam": "card"}, Outcome.SEVENTEEN_CYBER_PERCEVAL),
    (
        "illegal public content",
        {**ADULT, "facts": "content", "content_target": "no", "content_public": "public"},
        Outcome.SEVENTEEN_CYBER_PHAROS,
    ),
    (
        "insult of which one is the victim, repeated",
        {**ADULT, "facts": "content", "content_target": "yes", **REPEATED},
        Outcome.CHAT,
    ),
    (
        "insult of which one is the victim, once",
        {**ADULT, "facts": "harassment", "repetition": "once", "single_act": "insult", "insult_public": "public"},
        Outcome.SINGLE_INSULT,
    ),
    (
        "company, association, administration",
        {**NOT_IN_DANGER, "role": "organisation"},
        Outcome.SEVENTEEN_CYBER_ORGANISATION,
    ),
    ("unwanted SMS", {**ADULT, "facts": "sms", "sms_kind": "spam"}, Outcome.SMS_33700),
]


@pytest.mark.parametrize(("answers", "outcome"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_situation_goes_where_the_table_says(answers: dict[str, str], outcome: Outcome) -> None:
    assert rules.next_question(answers) is None, "the row must be a whole path"
    assert assess(answers).outcome == outcome
    assert assess(answers).opens_chat == (outcome in (Outcome.CHAT, Outcome.CHAT_MINOR))


def test_danger_shows_the_emergency_numbers_and_never_the_chat_first() -> None:
    assert shown({"danger": "yes"})[:3] == ["17", "112", "114"]
    assert "3114" in shown({"danger": "yes"})
    assert not assess({"danger": "yes"}).opens_chat
    assert assess({"danger": "yes"}).urgency == Urgency.CRITICAL
    assert "sms:114" in [number.link for number in assess({"danger": "yes"}).numbers]


def test_suicidal_thoughts_show_the_3114_then_15_and_17() -> None:
    assert shown({"danger": "suicidal"})[:3] == ["3114", "15", "17"]
    assert assess({"danger": "suicidal"}).urgency == Urgency.CRITICAL


# --- the traps ----------------------------------------------------------------------------------------------------


def test_hacked_account_depends_on_what_it_is_for() -> None:
    hacked = {**ADULT, "facts": "account"}
    assert outcomes({**hacked, "account_purpose": "hurt"}) == {Outcome.CHAT}
    assert outcomes({**hacked, "account_purpose": "money"}) == {Outcome.SEVENTEEN_CYBER_THESEE}
    assert outcomes({**hacked, "account_purpose": "unsure"}) == {Outcome.SEVENTEEN_CYBER_ASSISTANCE}
    assert outcomes({**hacked, "account_purpose": "image", "image_money": "yes"}) == {Outcome.SEVENTEEN_CYBER_THESEE}
    assert outcomes({**hacked, "account_purpose": "image", "image_money": "no"}) == {Outcome.CHAT}


@pytest.mark.parametrize(
    "told_as",
    [
        {"facts": "image", "image_kind": "intimate", "image_money": "yes"},
        {"facts": "money", "scam": "image"},
        {"facts": "threat", "demand": "money", "blackmail_image": "yes"},
        {"facts": "account", "account_purpose": "image", "image_money": "yes"},
        {
            "facts": "harassment",
            "repetition": "once",
            "single_act": "blackmail",
            "demand": "money",
            "blackmail_image": "yes",
        },
    ],
)
def test_money_against_images_depends_on_age_however_it_is_told(told_as: dict[str, str]) -> None:
    relative = {**NOT_IN_DANGER, "role": "relative", "age": "adult", **told_as}
    assert assess({**ADULT, **told_as}).outcome == Outcome.SEVENTEEN_CYBER_THESEE
    for age in MINOR_AGES:
        assert assess({**ADULT, "age": age, **told_as}).outcome == Outcome.CHAT_MINOR
        assert assess({**relative, "victim_age": age}).outcome == Outcome.CHAT_MINOR
    assert assess({**relative, "victim_age": "adult"}).outcome == Outcome.SEVENTEEN_CYBER_THESEE
    assert assess({**relative, "victim_age": "unknown"}).outcome == Outcome.CHAT
    assert assess({**ADULT, **told_as}).urgency == Urgency.HIGH


def test_minor_who_writes_for_an_adult_is_still_addressed_as_a_minor() -> None:
    for_adult = {**NOT_IN_DANGER, "role": "witness", "age": "15_17", "facts": "couple", "victim_age": "adult"}
    assert assess(for_adult).outcome == Outcome.CHAT_MINOR
    assert assess(for_adult).voice.familiar
    for_child = {**for_adult, "age": "adult", "victim_age": "under_15"}
    assert assess(for_child).outcome == Outcome.CHAT_MINOR
    assert not assess(for_child).voice.familiar


def test_private_content_does_not_go_to_pharos() -> None:
    seen = {**ADULT, "facts": "content", "content_target": "no"}
    assert outcomes({**seen, "content_public": "private"}) == {Outcome.SEVENTEEN_CYBER_ASSISTANCE}


def test_content_that_aims_at_somebody_known_never_goes_to_pharos() -> None:
    assert Outcome.SEVENTEEN_CYBER_PHAROS not in outcomes({**ADULT, "facts": "content", "content_target": "yes"})


@pytest.mark.parametrize("public", ["public", "private"])
def test_single_insult_says_that_sources_differ_and_keeps_the_door(public: str) -> None:
    answers = {**ADULT, "facts": "harassment", "repetition": "once", "single_act": "insult", "insult_public": public}
    assessed = assess(answers)
    assert assessed.outcome == Outcome.SINGLE_INSULT
    assert any("Les sources officielles ne disent pas toutes la même chose" in str(r) for r in assessed.reasons)
    assert any("PHAROS" in str(reason) for reason in assessed.reasons) == (public == "public")


@pytest.mark.parametrize("act", ["threat", "blackmail"])
def test_single_threat_or_blackmail_is_explained_and_opens_the_chat(act: str) -> None:
    once = {**ADULT, "facts": "harassment", "repetition": "once", "single_act": act}
    for path in walk(once):
        if path.get("blackmail_image") == "yes":
            continue  # money against images has its own rule
        assessed = assess(path)
        assert assessed.outcome == Outcome.CHAT
        assert "infraction" in str(assessed.reasons[0])
        assert assessed.urgency == Urgency.HIGH


def test_sexual_threat_opens_the_chat() -> None:
    assert outcomes({**ADULT, "facts": "threat", "demand": "sexual"}) == {Outcome.CHAT}


def test_blackmail_for_money_without_images_opens_the_chat() -> None:
    assert outcomes({**ADULT, "facts": "threat", "demand": "money", "blackmail_image": "no"}) == {Outcome.CHAT}


def test_sms_from_a_person_are_treated_as_harassment() -> None:
    received = {**ADULT, "facts": "sms", "sms_kind": "person"}
    assert outcomes({**received, "repetition": "repeated"}) == {Outcome.CHAT}


def test_lost_card_does_not_go_to_perceval() -> None:
    assert outcomes({**ADULT, "facts": "money", "scam": "card_lost"}) == {Outcome.SEVENTEEN_CYBER_ASSISTANCE}


@pytest.mark.parametrize("role", ["victim", "witness", "relative", "professional"])
def test_whoever_speaks_may_reach_the_chat(role: str) -> None:
    assert Outcome.CHAT in outcomes({**NOT_IN_DANGER, "role": role})
    assert Outcome.CHAT_MINOR in outcomes({**NOT_IN_DANGER, "role": role})


def test_violence_in_a_couple_raises_urgency_and_shows_the_3919() -> None:
    for answers in ({**ADULT, "facts": "couple"}, {**ADULT, "facts": "page", "author": "couple"}):
        assert assess(answers).urgency == Urgency.HIGH
        assert "3919" in shown(answers)


def test_ordinary_harassment_of_an_adult_is_of_normal_urgency() -> None:
    assert assess({**ADULT, "facts": "harassment", **REPEATED}).urgency == Urgency.NORMAL
    assert assess({**MINOR, "facts": "harassment", **REPEATED}).urgency == Urgency.HIGH


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
    assert assess(kept) == assess(answers) == assess(answers)
    assert rules.next_question(kept) == rules.next_question(answers)
    assert assess(answers).is_finished == (rules.next_question(answers) is None)
    assert len(rules.describe(answers)) == len(kept)


@given(st.deferred(lambda: st.sampled_from(all_paths())), any_answers)
def test_answers_off_the_path_change_nothing(path: dict[str, str], noise: dict) -> None:
    assert assess({**noise, **path}) == assess(path)


def test_unfinished_answers_open_nothing() -> None:
    for answers in ({}, NOT_IN_DANGER, ADULT, {"danger": "maybe"}):
        assert assess(answers).outcome == Outcome.UNFINISHED
        assert not assess(answers).opens_chat


def test_changing_an_early_answer_keeps_the_later_ones_that_still_hold() -> None:
    path = {**ADULT, "facts": "harassment", **REPEATED}
    assert rules.on_path({**path, "facts": "page"}) == {**ADULT, "facts": "page", "author": "known"}
    assert rules.on_path({**path, "danger": "yes"}) == {"danger": "yes"}
    assert rules.on_path({**path, "age": "under_15"}) == {**path, "age": "under_15"}


# --- the path -----------------------------------------------------------------------------------------------------


def test_question_after_and_before_follow_the_path_and_not_the_list() -> None:
    path = {**ADULT, "facts": "harassment", **REPEATED}
    facts, repetition, author = BY_ID["facts"], BY_ID["repetition"], BY_ID["author"]
    assert rules.question_after(facts, path) is repetition
    assert rules.question_before(author, path) is repetition
    assert rules.question_after(author, path) is None
    assert rules.question_before(QUESTIONS[0], path) is None
    assert rules.position(repetition, path) == 6
    assert rules.position(BY_ID["scam"], path) is None
    assert rules.last_question(path) is author
    assert rules.last_question({}) is None


def test_describe_says_questions_and_answers_for_the_agent() -> None:
    lines = rules.describe({**MINOR, "facts": "page", "author": "school", "nonsense": "x"})
    assert ("Quel âge avez-vous ?", "Moins de 15 ans") in lines
    assert lines[-1] == ("Savez-vous qui fait cela ?", "Quelqu'un du collège, du lycée ou des études")
    assert len(lines) == 6


def test_victim_age_band_is_of_the_person_who_suffers() -> None:
    assert rules.victim_age_band(MINOR) == "under_15"
    for_child = {**NOT_IN_DANGER, "role": "relative", "age": "adult", "facts": "page", "victim_age": "15_17"}
    assert rules.victim_age_band(for_child) == "15_17"
    assert rules.victim_age_band({}) == ""


def test_what_agents_read_is_never_familiar_and_changes_nothing_else():
    for path, own in all_assessed():
        told = assess(path, told_in=FOR_AGENTS)
        said = " ".join(map(str, (told.title, *told.reasons, *told.service, *told.prepare)))
        assert not re.search(r"\b(tu|te|ton|ta|tes|toi|t'\w+)\b", said, re.IGNORECASE), said
        assert (told.outcome, told.urgency, told.is_minor, told.numbers) == (
            own.outcome, own.urgency, own.is_minor, own.numbers
        )  # fmt: skip

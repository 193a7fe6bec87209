"""A questionnaire as a document, and the walk through all its paths, without a database."""

import json
from typing import Any

import pytest
from django.utils import translation
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.factories.triage import question, written
from tests.support import begun
from tests.triage.paths import all_paths
from triage import rules
from triage.editing import describing, walk
from triage.questionnaire import document
from triage.questionnaire.definition import Decision, Questionnaire
from triage.questionnaire.document import DECIDED, DocumentError, Place
from triage.questionnaire.outcomes import Outcome
from triage.questionnaire.questions import Option, Question, When, Wording
from triage.questionnaire.results import BUILT_IN, RESULTS


@pytest.fixture
def settings_of_site(settings: Any) -> Any:
    """Return Django's settings, under a name that Hypothesis's does not hide."""
    return settings


def load(made: Any) -> Questionnaire:
    return document.load(made, version="essai")


def faults(made: Any) -> dict[Place, str]:
    with pytest.raises(DocumentError) as refused:
        load(made)
    return {one.place: one.message for one in refused.value.problems}


def found(change: Any) -> dict[Place, str]:
    return {one.place: one.message for one in walk.check(load(written(change))).problems}


# --- the document of the code -------------------------------------------------------------------------------------


def test_document_of_the_code_is_read_as_it_was_written() -> None:
    made = written()
    assert document.dump(load(made)) == made
    assert document.dump(load(json.loads(json.dumps(made)))) == made


@pytest.mark.parametrize("language", begun.offered())
def test_every_path_says_the_same_from_the_document(language: str) -> None:
    read = load(document.dump(BUILT_IN))
    with translation.override(language):
        for path in all_paths():
            own, told = rules.assess_answers(path), rules.assess_answers(path, under=read)
            assert (own.outcome, own.urgency, own.numbers) == (told.outcome, told.urgency, told.numbers)
            assert str(own.title) == str(told.title)
            for part in ("reasons", "service", "prepare"):
                assert [str(one) for one in getattr(own, part)] == [str(one) for one in getattr(told, part)], part


def test_paths_of_the_code_have_nothing_to_mend() -> None:
    walked = walk.check(BUILT_IN)
    assert walked.problems == () and all(walked.untranslated[code] == 0 for code in begun.whole())
    assert walked.paths == len(all_paths()) and walked.longest == max(map(len, all_paths()))
    assert walked.outcomes == set(Outcome) - {Outcome.UNFINISHED}
    assert walked.states < walk.MOST_STATES / 2


# --- faults of shape ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [None, [], "x", {}, {"questions": 3}, {"questions": [1, None, {}]}, {"autre": 1}])
def test_what_is_no_document_is_refused_with_a_place(made: Any) -> None:
    assert all(describing.describe_place(where) and said for where, said in faults(made).items())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
# The way from the whole document to one of its parts: at each step one of the existing keys, by its number.
ways = st.lists(st.integers(0, 60), min_size=1, max_size=6)


# Each example changes something; a document that is still a valid one is walked, which takes 60 ms.
@settings(max_examples=30, deadline=None)
@given(ways, json_values)
@example([0, 0, 0], [])  # the outcome of a decision, which was looked up in a set
def test_anything_put_anywhere_is_read_or_refused_and_never_crashes(way: list[int], value: Any) -> None:
    made: Any = written()
    part = made
    for number in way:
        holder = part
        keys: list[Any] = sorted(part) if isinstance(part, dict) else list(range(len(part)))
        last = keys[number % len(keys)]
        part = part[last]
        if not isinstance(part, dict | list) or not part:
            break
    holder[last] = value
    try:
        walk.check(load(made))
    except DocumentError as error:
        assert error.problems


@pytest.mark.parametrize(
    ("change", "place", "said"),
    [
        (lambda made: question(made, "age")["text"]["vous"].update(fr=" "), ("text", "vous", "fr"), "vide"),
        (lambda made: question(made, "age")["text"]["vous"].update(fr="x" * 401), ("text", "vous", "fr"), "trop long"),
        (lambda made: question(made, "age")["text"]["vous"].update(fr="a\x00b"), ("text", "vous", "fr"), "ne se voit"),
        (lambda made: question(made, "age").update(slug="violences"), ("slug",), "ne dit rien des faits"),
        (lambda made: question(made, "age")["options"].pop(), None, ""),
        (lambda made: question(made, "age").update(options=[]), ("options",), "au moins deux"),
        (lambda made: question(made, "age").update(asked_when=[{}]), ("asked_when", 0), "au moins une question"),
    ],
)
def test_fault_is_said_where_it_is(change: Any, place: Place | None, said: str) -> None:
    made = written(change)
    if place is None:
        assert load(made)  # the walk says what it means
        return
    assert said in faults(made)[("questions", "age", *place)]


# --- languages ----------------------------------------------------------------------------------------------------


def age(read: Questionnaire) -> Any:
    """Return the text of the question about the age."""
    return read.by_id["age"].text.vous


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"fr": "Quel âge ?", "en": "What age?"}, {"fr": "Quel âge ?", "en": "What age?", "eo": "Quel âge ?"}),
        ({"fr": "Quel âge ?", "en": ""}, {"fr": "Quel âge ?", "en": "Quel âge ?"}),
        ({"fr": "Quel âge ?"}, {"fr": "Quel âge ?", "en": "Quel âge ?"}),
        ({"fr": "Quel âge ?", "eo": "Kiu aĝo?"}, {"fr": "Quel âge ?", "eo": "Kiu aĝo?"}),
        ({"fr": "Quel âge ?", "zh-hans": "年龄"}, {"fr": "Quel âge ?", "en": "Quel âge ?"}),
    ],
)
def test_document_of_any_time_is_read(texts: dict[str, str], said: dict[str, str], settings_of_site: Any) -> None:
    """It was published before a language came, or after one that went."""
    settings_of_site.LANGUAGES = [("fr", "Français"), ("en", "English"), ("eo", "Esperanto")]
    read = load(written(lambda made: question(made, "age")["text"].update(vous=texts)))
    for language, text in said.items():
        with translation.override(language):
            assert str(age(read)) == text


def test_document_names_every_language_of_the_site(settings_of_site: Any) -> None:
    """A reader of the version before wants English to be there, even empty."""
    settings_of_site.LANGUAGES = [("fr", "Français"), ("en", "English"), ("eo", "Esperanto")]
    texts = {"fr": "Quel âge ?", "eo": "Kiu aĝo?"}
    made = document.dump(load(written(lambda made: question(made, "age")["text"].update(vous=texts))))
    assert question(made, "age")["text"]["vous"] == {"fr": "Quel âge ?", "en": "", "eo": "Kiu aĝo?"}
    lacking = walk.check(load(made)).untranslated
    assert lacking["en"] == 1 and lacking["eo"] > 100


@pytest.mark.parametrize("name", ["Français", "e", "en_GB", "<script>", ""])
def test_language_that_is_none_is_refused(name: str) -> None:
    made = written(lambda made: question(made, "age")["text"]["vous"].update({name: "x"}))
    assert faults(made)[("questions", "age", "text", "vous", name)]


def test_source_language_is_needed() -> None:
    made = written(lambda made: question(made, "age")["text"]["vous"].pop("fr"))
    assert faults(made)[("questions", "age", "text", "vous", "fr")]


def test_rule_leads_neither_to_danger_nor_to_nowhere() -> None:
    for outcome in ("danger", "suicide", "unfinished", "chat_minor", "ailleurs", None):
        made = written(lambda made, outcome=outcome: made["decisions"][0].update(outcome=outcome))
        assert ("decisions", 0, "outcome") in faults(made)


# --- what the walk finds ------------------------------------------------------------------------------------------


def _move(made: dict[str, Any], name: str, to: int) -> None:
    moved = question(made, name)
    made["questions"].remove(moved)
    made["questions"].insert(to, moved)


def _remove(made: dict[str, Any], name: str) -> None:
    made["questions"].remove(question(made, name))


@pytest.mark.parametrize(
    ("change", "place", "said"),
    [
        (lambda made: _move(made, "danger", 1), ("questions",), "en premier"),
        (lambda made: _remove(made, "home"), ("questions", "home"), "nécessaire"),
        (
            lambda made: question(made, "danger")["options"].pop(),
            ("questions", "danger", "options"),
            "ni ne s'enlèvent",
        ),
        (lambda made: _move(made, "scam", 2), ("questions", "scam", "asked_when", 0), "posée plus loin"),
        (
            lambda made: question(made, "scam").update(asked_when=[{"scam": ["sale"]}]),
            ("questions", "scam", "asked_when", 0),
            "posée plus loin",
        ),
        (
            lambda made: question(made, "scam").update(asked_when=[{"rien": ["x"]}]),
            ("questions", "scam", "asked_when", 0),
            "n'existe pas",
        ),
        (
            lambda made: made["decisions"][0].update(when=[{"facts": ["rien"]}]),
            ("decisions", 0, "when", 0),
            "n'a pas la réponse",
        ),
        (
            lambda made: question(made, "facts").update(asked_when=[{"danger": ["yes"]}]),
            ("questions", "facts", "asked_when"),
            "une personne en danger",
        ),
        (
            lambda made: question(made, "demand").update(asked_when=[{"role": ["organisation"], "age": ["adult"]}]),
            ("questions", "demand", "asked_when"),
            "Aucune réponse ne mène",
        ),
        (
            lambda made: question(made, "age").update(asked_when=[{"role": ["witness"]}]),
            ("questions", "age", "asked_when"),
            "un mineur ne serait pas reconnu",
        ),
        (
            lambda made: question(made, "victim_age").update(asked_when=[{"facts": ["page"]}]),
            ("questions", "victim_age", "asked_when"),
            "qui subit les faits",
        ),
        (
            lambda made: made["decisions"].append({"outcome": "33700", "when": [{"sms_kind": ["spam"]}]}),
            ("decisions", 11),
            "Aucun chemin",
        ),
        (
            lambda made: made["results"]["33700"].update(reasons=[]),
            ("results", "33700", "reasons"),
            "aucune phrase",
        ),
        (
            lambda made: made["decisions"].insert(0, {"outcome": "33700", "when": [{"danger": ["no"]}]}),
            ("decisions",),
            "Aucun chemin ne mène",
        ),
        (
            lambda made: question(made, "role").update(text={"vous": {"fr": "Et vous ?", "en": ""}}),
            ("questions", "role", "text", "tu"),
            "Un mineur lirait",
        ),
        (
            lambda made: question(made, "role").update(text={"vous": {"fr": "Et toi ?", "en": ""}}),
            ("questions", "role", "text", "vous"),
            "Un adulte lirait",
        ),
        (
            lambda made: question(made, "home")["options"][0].update(label={"vous": {"fr": "Non", "en": ""}}),
            ("questions", "home", "options", "yes", "label"),
            "de la même façon",
        ),
    ],
)
def test_walk_finds(change: Any, place: Place, said: str) -> None:
    problems = found(change)
    assert said in problems[place], problems
    assert describing.describe_place(place, load(written(change)))


@pytest.mark.parametrize(
    ("said", "voice"),
    [
        ("On m'a proposé un rendez-vous", ""),
        ("Le ton des messages a changé", ""),
        ("D'un ton menaçant", ""),
        ("Votre rendez-vous", "tu"),
        ("Un rendez-vous avec vous", "tu"),
        ("Rendez-vous au commissariat", "tu"),
        ("Le mot de ton ami", "vous"),
        ("Ton ami", "vous"),
    ],
)
def test_walk_tells_a_noun_from_a_word_that_speaks_to_somebody(said: str, voice: str) -> None:
    problems = found(lambda made: question(made, "role").update(text={"vous": {"fr": said, "en": ""}}))
    spoken = {place[-1] for place in problems if place[:3] == ("questions", "role", "text")}
    assert spoken == ({voice} if voice else set()), problems


def test_danger_leads_to_the_numbers_whatever_the_rules_say() -> None:
    def change(made: dict[str, Any]) -> None:
        made["decisions"].insert(0, {"outcome": "33700", "when": [{"danger": ["yes", "suicidal"]}]})

    under = load(written(change))
    assert rules.assess_answers({"danger": "yes"}, under=under).outcome == Outcome.DANGER
    assert [one.display for one in rules.assess_answers({"danger": "yes"}, under=under).first_numbers] == [
        "17",
        "112",
        "114",
    ]
    assert rules.assess_answers({"danger": "suicidal"}, under=under).first_numbers[0].display == "3114"


def test_walk_is_bounded() -> None:
    """Forty questions of nine answers each decide by themselves: there are more paths than anybody could follow."""
    options = tuple(Option(f"o{index}", Wording(f"R{index}")) for index in range(9))
    more = tuple(Question(f"q{index}", f"precision-{index + 20}", Wording("Q"), options) for index in range(30))
    decisions = tuple(Decision(Outcome.CHAT, (When(**{one.id: option.value}),)) for one in more for option in options)
    walked = walk.check(Questionnaire("x", (*BUILT_IN.questions, *more), decisions, (), RESULTS))
    assert any("trop de chemins" in one.message for one in walked.problems)


# --- the walk beside the whole enumeration ------------------------------------------------------------------------

VALUES = ("a", "b", "c")


@st.composite
def questionnaires(draw: Any) -> Questionnaire:
    """Return the questions that are needed, and up to four more with conditions of any kind on those before."""
    questions = [question for question in BUILT_IN.questions if question.id in document.FIXED]
    questions = [
        Question(one.id, one.slug, one.text, one.options, asked_when=one.asked_when if index < 4 else (When(role="x"),))
        for index, one in enumerate(questions)
    ]

    def condition() -> When:
        named = draw(st.lists(st.sampled_from(questions[2:]), min_size=1, max_size=2, unique_by=lambda one: one.id))
        return When(
            **{
                one.id: tuple(draw(st.sets(st.sampled_from([o.value for o in one.options]), min_size=1)))
                for one in named
            }
        )

    for index in range(draw(st.integers(0, 4))):
        options = tuple(Option(value, Wording(value)) for value in VALUES)
        when = tuple(condition() for _time in range(draw(st.integers(1, 2))))
        questions.append(Question(f"q{index}", f"precision-{index + 20}", Wording("Q"), options, asked_when=when))
    decisions = tuple(
        Decision(draw(st.sampled_from(DECIDED)), (condition(),)) for _time in range(draw(st.integers(0, 3)))
    )
    return Questionnaire("x", tuple(questions), decisions, (), RESULTS)


def enumerate_paths(under: Questionnaire, answers: dict[str, str]) -> Any:
    pending = rules.next_question(answers, under=under)
    if pending is None:
        yield answers
        return
    for option in pending.options:
        yield from enumerate_paths(under, {**answers, pending.id: option.value})


@settings(max_examples=60, deadline=None)
@given(questionnaires())
def test_walk_finds_what_following_each_path_alone_finds(under: Questionnaire) -> None:
    paths = list(enumerate_paths(under, {}))
    followed = walk._Followed(under)
    followed.walk()
    assert followed.paths == len(paths)
    assert followed.longest == max(map(len, paths))
    assert followed.outcomes == {rules.assess_answers(path, under=under).outcome for path in paths}
    met = {name for path in paths for name in path}
    unreached = {one.place[1] for one in followed.problems if "Aucune réponse" in one.message}
    assert unreached == set(under.by_id) - met


# --- in words -----------------------------------------------------------------------------------------------------


def test_differences_name_what_changed_and_nothing_else() -> None:
    before = load(written())
    assert describing.find_differences(before, load(written())) == []

    def change(made: dict[str, Any]) -> None:
        question(made, "role")["text"]["vous"]["fr"] = "Qui parle ?"
        del made["decisions"][3]
        _move(made, "home", 19)

    told = describing.find_differences(before, load(written(change)))
    assert told[0].where == "question « Qui parle ? », texte, vous, français"
    assert (told[0].before, told[0].after) == ("Qui êtes-vous ?", "Qui parle ?")
    rule = next(one for one in told if one.where == "règles")
    assert rule.before.startswith("17 Cyber, puis PERCEVAL") and rule.after == ""
    assert any(one.where == "ordre des questions" for one in told)


def test_translations_that_stay_while_their_french_changes_are_to_be_looked_at() -> None:
    before = load(written())
    assert describing.find_outdated_translations(before, load(written())) == []

    def change(made: dict[str, Any]) -> None:
        question(made, "role")["text"]["vous"]["fr"] = "Qui parle ?"
        question(made, "screen")["text"]["vous"].update(fr="Qui voit ?", en="Who sees it?")
        question(made, "danger")["text"]["vous"]["en"] = "Are you safe?"

    told = describing.find_outdated_translations(before, load(written(change)))
    assert [(one.where, one.before, one.after) for one in told] == [
        ("question « Qui parle ? », texte, vous, anglais", "Qui êtes-vous ?", "Qui parle ?")
    ]

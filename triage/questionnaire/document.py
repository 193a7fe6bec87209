"""This module knows a questionnaire as a document: what administrators edit, a version holds, and JSON carries.

`dump` writes one, `load` reads it and names every fault by its place. A document holds texts in several languages, the
order of the questions, when each is asked, the rules that decide, what makes a situation urgent, and the words of the
results. What it cannot hold is in the code: see `triage.rules` and `FIXED`. `triage.editing.walk` looks at what it
means as a whole.

Shape: {"questions": [{"id", "slug", "text", "help"?, "options": [{"value", "label", "hint"?}], "asked_when"}],
"decisions": [{"outcome", "when"}], "urgent": [condition], "results": {outcome: {"title", "reasons": [[{"text",
"when"}]], "service": [words], "prepare": [words], "titles"?: [{"text", "when"}]}}}. Words: {"vous": {language: text},
"tu"?, "other"?}; the source language is there, and is shown in place of one that is not, or is empty. A document that
was published is read for ever: it may lack a language that the site has by now, and have one that the site has no
more. A condition: {question id: [option values]}, all of them; a list of conditions: one of them.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils import translation
from django.utils.functional import lazy
from django.utils.translation import gettext as _

from common.texts import languages
from triage.questionnaire.definition import Decision, Questionnaire, Reason, Result
from triage.questionnaire.outcomes import Outcome
from triage.questionnaire.questions import BY_ID, DOOR, Option, Question, When, Wording

type Place = tuple[str | int, ...]

VOICES: Final = ("vous", "tu", "other")
# SAID has the outcomes whose words a document gives, and DECIDED those that a rule may decide. The rest is the code's.
SAID: Final = tuple(one for one in Outcome if one not in (Outcome.UNFINISHED, Outcome.DANGER, Outcome.SUICIDE))
DECIDED: Final = tuple(one for one in SAID if one != Outcome.CHAT_MINOR)
# The code reads these questions: they stay, with these answers and no other. Their words and their place may change.
FIXED: Final[Mapping[str, frozenset[str]]] = {
    name: frozenset(option.value for option in BY_ID[name].options) for name in ("danger", "who", "helped")
}
_AGES: Final = frozenset({"under_15", "15_17", "adult"})
# It is the same for a questionnaire without a question of the door: those before version 2026-11-1 had a page for each.
FIXED_BEFORE: Final[Mapping[str, frozenset[str]]] = {
    "danger": frozenset({"no", "yes", "suicidal"}),
    "screen": frozenset({"no", "yes"}),
    "role": frozenset({"victim", "witness", "relative", "professional", "organisation"}),
    "age": _AGES,
    "victim_age": _AGES | {"unknown"},
    "home": frozenset({"yes", "no", "unsure"}),
}
# Questions of the code had these addresses before: a document that was published is read for ever.
_SLUGS_BEFORE: Final[Mapping[str, str]] = {
    "screen": "autour", "role": "qui", "age": "age", "device_money": "precision-2", "content_target": "precision-3",
    "content_public": "precision-4", "sms_kind": "precision-5", "single_act": "precision-7",
    "blackmail_image": "precision-9", "image_kind": "precision-10", "insult_public": "precision-12",
    "victim_age": "age-personne", "author": "auteur", "home": "maison",
}  # fmt: skip
SLUGS: Final[Mapping[str, str]] = {**_SLUGS_BEFORE, **{name: question.slug for name, question in BY_ID.items()}}


def has_door(questionnaire: Questionnaire) -> bool:
    """Return whether people say at the door of the home page who they are; before, that took a page for each."""
    return DOOR in questionnaire.by_id


def fixed_questions(questionnaire: Questionnaire) -> Mapping[str, frozenset[str]]:
    """Return the questions of this questionnaire that the code reads, with their answers."""
    return FIXED if has_door(questionnaire) else FIXED_BEFORE


TEXT_MAX_LENGTH = 400  # the most characters of a text
MOST_QUESTIONS, MOST_OPTIONS, MOST_CONDITIONS = 40, 20, 20
MOST_DECISIONS, MOST_SENTENCES = 60, 12

_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,2}")
MOST_LANGUAGES = 100
_VALUE = re.compile(r"[a-z0-9][a-z0-9_]{0,39}")
NEUTRAL_SLUG = re.compile(r"precision-[1-9][0-9]{0,2}")


@dataclass(frozen=True)
class Problem:
    """It says what is wrong, and where: a sentence in French, and the way to it from the root of the document.

    place has keys as in the document, but a question by its id, and an option and an outcome by their values.
    """

    place: Place
    message: str


class DocumentError(Exception):
    """A document cannot be read. problems has every fault that was found, at least one, and nothing of the document."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems


# --- writing ------------------------------------------------------------------------------------------------------


def dump(questionnaire: Questionnaire) -> dict[str, Any]:
    """Return the document of a questionnaire. Each optional part that is empty is left out."""
    return {
        "questions": [_question_of(question) for question in questionnaire.questions],
        "decisions": [{"outcome": str(one.outcome), "when": _when_of(one.when)} for one in questionnaire.decisions],
        "urgent": _when_of(questionnaire.urgent),
        "results": {str(outcome): _result_of(questionnaire.results[outcome]) for outcome in SAID},
    }


def _question_of(question: Question) -> dict[str, Any]:
    options = [
        {"value": option.value, "label": _wording_of(option.label)}
        | ({"hint": _wording_of(option.hint)} if option.hint else {})
        for option in question.options
    ]
    return (
        {"id": question.id, "slug": question.slug, "text": _wording_of(question.text)}
        | ({"help": _wording_of(question.help_text)} if question.help_text else {})
        | {"options": options, "asked_when": _when_of(question.asked_when)}
    )


def _result_of(result: Result) -> dict[str, Any]:
    return {
        "title": _wording_of(result.title),
        "reasons": [[_reason_of(reason) for reason in group] for group in result.reasons],
        "service": [_wording_of(sentence) for sentence in result.service],
        "prepare": [_wording_of(sentence) for sentence in result.prepare],
    } | ({"titles": [_reason_of(one) for one in result.titles]} if result.titles else {})


def _reason_of(reason: Reason) -> dict[str, Any]:
    return {"text": _wording_of(reason.text), "when": _when_of(reason.when)}


def _when_of(when: tuple[When, ...]) -> list[dict[str, list[str]]]:
    return [{name: sorted(values) for name, values in sorted(one.accepted.items())} for one in when]


def _wording_of(wording: Wording) -> dict[str, dict[str, str]]:
    said = {}
    for voice in VOICES:
        text = getattr(wording, voice)
        if text is not None:
            with translation.override(languages.source()):
                own = str(text)
            said[voice] = {languages.source(): own}
            # Every language of the site is named, for a reader of the version before wants English to be there.
            for language in languages.others():
                with translation.override(language):
                    translated = str(text)
                said[voice][language] = "" if translated == own else translated
    return said


# --- reading ------------------------------------------------------------------------------------------------------


def load(document: object, *, version: str) -> Questionnaire:
    """Return the questionnaire of a document. It raises DocumentError with all that is wrong with its shape.

    Its meaning is not checked: a condition may name a question that is not there, and then never holds.
    """
    reader = _Reader()
    questionnaire = reader.questionnaire(document, version)
    if reader.problems:
        raise DocumentError(reader.problems)
    return questionnaire


def _in_language(texts: Mapping[str, str]) -> str:
    return texts.get(languages.current()) or texts[languages.source()]


# The language is chosen when the text is shown, as for a translation of a text of the code.
in_language = lazy(_in_language, str)


class _Reader:
    """It reads what it can and notes what is wrong. It gives something empty for what it could not read."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def fail(self, place: Place, message: str) -> None:
        """Note a problem, in French, at a place of the document; reading goes on, so that all are told at once."""
        self.problems.append(Problem(place, message))

    # parts of any shape

    def mapping(self, value: object, place: Place, needed: set[str], optional: set[str] = frozenset()) -> dict:  # type: ignore[assignment]
        """Return an object that has these parts and no others, or an empty one when it is none."""
        if not isinstance(value, dict):
            self.fail(place, _("Un objet est attendu ici."))
            return {}
        for name in sorted(needed - value.keys()):
            self.fail((*place, name), _("Cette partie manque."))
        for name in sorted(str(key) for key in value.keys() - needed - optional):
            self.fail((*place, name[:40]), _("Cette partie n'existe pas."))
        return value

    def items(self, value: object, place: Place, most: int) -> list[Any]:
        """Return a list of `most` items at most, or an empty one when it is none, or is longer."""
        if not isinstance(value, list):
            self.fail(place, _("Une liste est attendue ici."))
            return []
        if len(value) > most:
            self.fail(place, _("Cette liste est trop longue : %(most)d au plus.") % {"most": most})
            return []
        return value

    def key(self, value: object, place: Place, shape: re.Pattern[str]) -> str:
        """Return an identifier of this shape, or "" when it is none."""
        if not isinstance(value, str) or not shape.fullmatch(value):
            self.fail(place, _("Un identifiant est attendu : lettres minuscules sans accent, chiffres et « _ »."))
            return ""
        return value

    def text(self, value: object, place: Place, *, is_needed: bool) -> str:
        """Return a text, trimmed. It is a problem when it is no text, is too long, has a sign that is not seen, or is
        empty though it is needed."""
        if not isinstance(value, str):
            self.fail(place, _("Un texte est attendu ici."))
            return ""
        if len(value) > TEXT_MAX_LENGTH:
            self.fail(place, _("Ce texte est trop long : %(most)d caractères au plus.") % {"most": TEXT_MAX_LENGTH})
        if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in value):
            self.fail(place, _("Ce texte contient un signe qui ne se voit pas, ou un retour à la ligne."))
        if is_needed and not value.strip():
            self.fail(place, _("Ce texte est vide."))
        return value.strip()

    def wording(self, value: object, place: Place) -> Wording:
        """Return the words of a text in each voice and language."""
        said = self.mapping(value, place, {"vous"}, {"tu", "other"})
        texts: dict[str, Any] = {}
        for voice in VOICES:
            if voice in said:
                here = (*place, voice)
                texts[voice] = in_language(self.translated(said[voice], here))
        return Wording(texts.get("vous", ""), tu=texts.get("tu"), other=texts.get("other"))

    def translated(self, value: object, place: Place) -> dict[str, str]:
        """Read a text by language. That of the source language is there, whatever was given."""
        source = languages.source()
        given = self.mapping(value, place, {source}, set(value) if isinstance(value, dict) else set())
        if len(given) > MOST_LANGUAGES:
            self.fail(place, _("Cette liste est trop longue : %(most)d au plus.") % {"most": MOST_LANGUAGES})
            given = {}
        texts = {source: ""}
        for name, text in given.items():
            if not isinstance(name, str) or not _LANGUAGE.fullmatch(name):
                self.fail((*place, str(name)[:40]), _("Cette partie n'existe pas."))
                continue
            texts[name] = self.text(text, (*place, name), is_needed=name == source)
        return texts

    def when(self, value: object, place: Place) -> tuple[When, ...]:
        """Return conditions, each of which names questions and the answers to them that make it hold."""
        conditions = []
        for index, one in enumerate(self.items(value, place, MOST_CONDITIONS)):
            here = (*place, index)
            if not isinstance(one, dict) or not one:
                self.fail(here, _("Une condition nomme au moins une question."))
                continue
            accepted = {}
            for name, values in one.items():
                key = self.key(name, here, _KEY)
                accepted[key] = tuple(self.key(one, here, _VALUE) for one in self.items(values, here, MOST_OPTIONS))
                if not accepted[key]:
                    self.fail(here, _("Une condition nomme au moins une réponse de chaque question."))
            conditions.append(When(**accepted))
        return tuple(conditions)

    # parts of a questionnaire

    def questionnaire(self, document: object, version: str) -> Questionnaire:
        """Return the questionnaire of a document, as far as it can be read; what is wrong is in `problems`."""
        given = self.mapping(document, (), {"questions", "decisions", "urgent", "results"})
        questions = tuple(
            self.question(one, index)
            for index, one in enumerate(self.items(given.get("questions", []), ("questions",), MOST_QUESTIONS))
        )
        self.unique([question.id for question in questions], "questions")
        self.unique([question.slug for question in questions], "questions")
        decisions = tuple(
            self.decision(one, ("decisions", index))
            for index, one in enumerate(self.items(given.get("decisions", []), ("decisions",), MOST_DECISIONS))
        )
        said = self.mapping(given.get("results", {}), ("results",), {str(one) for one in SAID})
        results = {one: self.result(said[one], ("results", str(one))) for one in SAID if one in said}
        return Questionnaire(version, questions, decisions, self.when(given.get("urgent", []), ("urgent",)), results)

    def unique(self, keys: list[str], *place: str | int) -> None:
        """Note a problem when a key stands twice."""
        for key in sorted({key for key in keys if key and keys.count(key) > 1}):
            self.fail((*place, key), _("Cet identifiant sert deux fois."))

    def question(self, value: object, index: int) -> Question:
        """Return one question. index counts from 0, for the place of a problem."""
        given = self.mapping(value, ("questions", index), {"id", "slug", "text", "options", "asked_when"}, {"help"})
        name = self.key(given.get("id", ""), ("questions", index, "id"), _KEY) if given else ""
        place: Place = ("questions", name or index)
        options = tuple(
            self.option(one, (*place, "options"), number)
            for number, one in enumerate(self.items(given.get("options", []), (*place, "options"), MOST_OPTIONS))
        )
        self.unique([option.value for option in options], *place, "options")
        if given and len(options) < 2:
            self.fail((*place, "options"), _("Une question a au moins deux réponses."))
        return Question(
            id=name,
            slug=self.slug(given.get("slug", ""), name, place) if given else "",
            text=self.wording(given.get("text", {}), (*place, "text")),
            options=options,
            help_text=self.wording(given["help"], (*place, "help")) if "help" in given else None,
            asked_when=self.when(given.get("asked_when", []), (*place, "asked_when")),
        )

    def slug(self, value: object, name: str, place: Place) -> str:
        """Read the address of a question.

        A browser's history keeps it, so it says nothing of the facts and never changes.
        """
        known = SLUGS.get(name)
        if isinstance(value, str) and (value == known if known else NEUTRAL_SLUG.fullmatch(value)):
            return value
        expected = known or "precision-20"
        message = _("L'adresse d'une question ne dit rien des faits ; ici : « %(slug)s ».")
        self.fail((*place, "slug"), message % {"slug": expected})
        return ""

    def option(self, value: object, place: Place, number: int) -> Option:
        """Return one answer of a question. number counts from 0, for the place of a problem."""
        given = self.mapping(value, (*place, number), {"value", "label"}, {"hint"})
        key = self.key(given.get("value", ""), (*place, number, "value"), _VALUE) if given else ""
        here: Place = (*place, key or number)
        hint = self.wording(given["hint"], (*here, "hint")) if "hint" in given else None
        return Option(key, self.wording(given.get("label", {}), (*here, "label")), hint)

    def decision(self, value: object, place: Place) -> Decision:
        """Return one rule: an outcome, and the conditions that lead to it."""
        given = self.mapping(value, place, {"outcome", "when"})
        outcome = given.get("outcome")
        if given and not (isinstance(outcome, str) and outcome in {str(one) for one in DECIDED}):
            self.fail((*place, "outcome"), _("Une règle mène au tchat, à des explications, au 17 Cyber ou au 33700."))
            outcome = None
        when = self.when(given.get("when", []), (*place, "when"))
        if given and not when:
            self.fail((*place, "when"), _("Une règle a au moins une condition."))
        return Decision(Outcome(outcome) if outcome else Outcome.CHAT, when)

    def result(self, value: object, place: Place) -> Result:
        """Return the words of one result."""
        given = self.mapping(value, place, {"title", "reasons", "service", "prepare"}, {"titles"})
        groups = [
            self.reasons(group, (*place, "reasons", index))
            for index, group in enumerate(self.items(given.get("reasons", []), (*place, "reasons"), MOST_SENTENCES))
        ]
        titles = self.reasons(given.get("titles", []), (*place, "titles"))
        sentences: dict[str, tuple[Wording, ...]] = {}
        for part in ("service", "prepare"):
            found = self.items(given.get(part, []), (*place, part), MOST_SENTENCES)
            sentences[part] = tuple(self.wording(one, (*place, part, index)) for index, one in enumerate(found))
            if part in given and not found:
                self.fail((*place, part), _("Il faut au moins une phrase."))
        title = self.wording(given.get("title", {}), (*place, "title"))
        return Result(title, tuple(groups), **sentences, titles=titles)

    def reasons(self, value: object, place: Place) -> tuple[Reason, ...]:
        """Return a group of sentences, each with the conditions under which it is said."""
        reasons = []
        for number, one in enumerate(self.items(value, place, MOST_SENTENCES)):
            told = self.mapping(one, (*place, number), {"text", "when"})
            text = self.wording(told.get("text", {}), (*place, number, "text"))
            reasons.append(Reason(text, self.when(told.get("when", []), (*place, number, "when"))))
        return tuple(reasons)

"""This module checks what a questionnaire means as a whole, before anybody meets it, on every path. It makes no query.

A path is followed by what later questions and rules still ask of it: answers that nothing tells apart are one, and so
are paths that differ by nothing that counts. Some thirty thousand paths are then a few hundred states, and a
questionnaire that would need more than MOST_STATES is refused rather than followed.

Loops cannot be written: questions are asked in their order, and a condition that names a later one is a problem here.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from django.utils import translation
from django.utils.translation import gettext as _

from common.texts import languages
from triage import rules
from triage.questionnaire.definition import Questionnaire, conditions_hold
from triage.questionnaire.document import Place, Problem, fixed_questions, has_door
from triage.questionnaire.outcomes import Outcome
from triage.questionnaire.questions import (
    DOOR,
    HELPED,
    MINOR_AGES,
    OTHERS,
    SAFE,
    Option,
    Question,
    Voice,
    When,
    Wording,
)

MOST_STATES = 20_000
MOST_ASKED = 20  # the most questions on one path
# « un rendez-vous » is a noun, and « Rendez-vous au commissariat » says *vous*: only the noun has a word before it.
_FORMAL: Final = re.compile(r"(?<!\w\srendez[-\u2011])\b(vous|votre|vos)\b", re.IGNORECASE)
# « le ton », « un ton », « du ton », « au ton », « ce ton » is how something is said.
_NOUN: Final = "".join(rf"(?<!\b{word}\s)" for word in ("le", "un", "du", "au", "ce"))
_FAMILIAR: Final = re.compile(rf"\b(tu|te|toi|{_NOUN}ton|ta|tes)\b|\bt['’]", re.IGNORECASE)
# The code tells these apart at the end of a path, whatever the questionnaire (see rules.py).
_READ_BY_CODE: Final = (
    When(danger="no"),
    When(danger=SAFE),
    When(who="minor"),
    When(who="helper"),
    *(When(helped=tuple(f"{role}_{age}" for role in OTHERS)) for age in MINOR_AGES),
    When(danger="yes"),
    When(role=("victim", "witness", "relative")),
    When(role=OTHERS),
    When(age=MINOR_AGES),
    When(victim_age=MINOR_AGES),
)
_EVERY_VOICE: Final = [Voice(familiar, other) for familiar in (False, True) for other in (False, True)]


@dataclass(frozen=True)
class Walk:
    """It is what the walk found. The questionnaire may be published when there are no problems.

    paths is how many ways there are through it, longest the questions on the longest, and states what was followed for
    that. They are 0 when the questionnaire could not be walked. untranslated is how many texts each of the other
    languages lacks. is_final: whether it was made; if it could not be made at that moment, its one problem says so, and
    nothing of the questionnaire.
    """

    problems: tuple[Problem, ...]
    paths: int = 0
    longest: int = 0
    states: int = 0
    outcomes: frozenset[Outcome] = frozenset()
    untranslated: Mapping[str, int] = field(default_factory=dict)
    is_final: bool = True

    @property
    def lacking(self) -> list[tuple[str, int]]:
        """Return the languages that lack texts, by their names, with how many texts each lacks."""
        return [(languages.name(code), count) for code, count in self.untranslated.items() if count]


def check(questionnaire: Questionnaire) -> Walk:
    """Check that every path ends with a verdict and a reason, that none is lost, and that danger ends at once.

    It never raises.
    """
    with translation.override(languages.source()):
        problems = [*_fixed(questionnaire), *_conditions(questionnaire), *_words(questionnaire)]
        followed = _Followed(questionnaire)
        if not problems:
            followed.walk()
        untranslated = _untranslated(questionnaire)
    return Walk(
        problems=(*problems, *followed.problems),
        paths=followed.paths,
        longest=followed.longest,
        states=followed.states,
        outcomes=frozenset(followed.outcomes),
        untranslated=untranslated,
    )


# --- part by part -------------------------------------------------------------------------------------------------


def _fixed(questionnaire: Questionnaire) -> Iterator[Problem]:
    """Yield what is wrong with danger and the screen, which come first, and with the questions that the code reads."""
    for name, values in fixed_questions(questionnaire).items():
        question = questionnaire.by_id.get(name)
        if question is None:
            message = _("La question « %(name)s » est nécessaire : le code la lit.")
            yield Problem(("questions", name), message % {"name": name})
        elif {option.value for option in question.options} != values:
            message = _("Les réponses de cette question ne s'ajoutent ni ne s'enlèvent : %(values)s.")
            yield Problem(("questions", name, "options"), message % {"values": ", ".join(sorted(values))})
    if has_door(questionnaire):
        yield from _door_first(questionnaire)
        return
    first = [question.id for question in questionnaire.questions[:2]]
    if first != ["danger", "screen"]:
        yield Problem(("questions",), _("Le danger est demandé en premier, puis si quelqu'un voit l'écran."))
        return
    danger, screen = questionnaire.questions[:2]
    if danger.asked_when:
        yield Problem(("questions", "danger", "asked_when"), _("Le danger est demandé à tout le monde."))
    if screen.asked_when != (When(danger="no"),):
        message = _("Cette question est posée à tous ceux qui ne sont pas en danger, et à eux seuls.")
        yield Problem(("questions", "screen", "asked_when"), message)


def _door_first(questionnaire: Questionnaire) -> Iterator[Problem]:
    """Yield what is asked before safety, who speaks and whom they help, in that order."""
    first = [question.id for question in questionnaire.questions[:3]]
    if first != ["danger", DOOR, HELPED]:
        yield Problem(("questions",), _("La sécurité est demandée en premier, puis qui écrit, puis qui est aidé."))
        return
    expected: tuple[tuple[When, ...], ...] = ((), (When(danger=SAFE),), (When(danger=SAFE, who="helper"),))
    for question, when in zip(questionnaire.questions[:3], expected, strict=True):
        if question.asked_when != when:
            message = _("Cette question est posée à toutes les personnes qu'elle concerne, et à elles seules.")
            yield Problem(("questions", question.id, "asked_when"), message)


def _conditions(questionnaire: Questionnaire) -> Iterator[Problem]:
    """Yield each condition that names what is not there, or was not asked before."""
    earlier: dict[str, Question] = {}
    for question in questionnaire.questions:
        yield from _condition(question.asked_when, earlier, ("questions", question.id, "asked_when"), questionnaire)
        earlier[question.id] = question
    for index, decision in enumerate(questionnaire.decisions):
        yield from _condition(decision.when, earlier, ("decisions", index, "when"), questionnaire)
    yield from _condition(questionnaire.urgent, earlier, ("urgent",), questionnaire)
    for outcome, result in questionnaire.results.items():
        for number, group in enumerate(result.reasons):
            for index, reason in enumerate(group):
                place = ("results", str(outcome), "reasons", number, index, "when")
                yield from _condition(reason.when, earlier, place, questionnaire)
        for index, one in enumerate(result.titles):
            yield from _condition(one.when, earlier, ("results", str(outcome), "titles", index, "when"), questionnaire)


def _condition(
    when: tuple[When, ...], earlier: Mapping[str, Question], place: Place, questionnaire: Questionnaire
) -> Iterator[Problem]:
    for index, condition in enumerate(when):
        for name, values in sorted(condition.accepted.items()):
            if name in earlier:
                unknown = sorted(value for value in values if earlier[name].option(value) is None)
                message = _("La question « %(question)s » n'a pas la réponse « %(value)s ».")
                for value in unknown:
                    said = {"question": earlier[name].text.vous, "value": value}
                    yield Problem((*place, index), message % said)
            elif name in questionnaire.by_id:
                message = _("Cette condition dépend de « %(question)s », qui est posée plus loin.")
                yield Problem((*place, index), message % {"question": questionnaire.by_id[name].text.vous})
            else:
                message = _("Cette condition dépend d'une question qui n'existe pas : « %(name)s ».")
                yield Problem((*place, index), message % {"name": name})


def wordings(questionnaire: Questionnaire) -> Iterator[tuple[Place, Wording]]:
    """Yield every sentence of a questionnaire, with its place."""
    for question in questionnaire.questions:
        place: Place = ("questions", question.id)
        yield (*place, "text"), question.text
        if question.help_text:
            yield (*place, "help"), question.help_text
        for option in question.options:
            yield (*place, "options", option.value, "label"), option.label
            if option.hint:
                yield (*place, "options", option.value, "hint"), option.hint
    for outcome, result in questionnaire.results.items():
        place = ("results", str(outcome))
        yield (*place, "title"), result.title
        for number, group in enumerate(result.reasons):
            for index, reason in enumerate(group):
                yield (*place, "reasons", number, index, "text"), reason.text
        for index, one in enumerate(result.titles):
            yield (*place, "titles", index, "text"), one.text
        for part in ("service", "prepare"):
            for index, sentence in enumerate(getattr(result, part)):
                yield (*place, part, index), sentence


def _words(questionnaire: Questionnaire) -> Iterator[Problem]:
    """Yield words that say *vous* to a minor or *tu* to an adult, and answers that read the same."""
    for place, wording in wordings(questionnaire):
        if any(_FORMAL.search(str(wording.spoken(voice))) for voice in _EVERY_VOICE if voice.familiar):
            yield Problem((*place, "tu"), _("Un mineur lirait « vous » : écrivez aussi ce texte avec « tu »."))
        if any(_FAMILIAR.search(str(wording.spoken(voice))) for voice in _EVERY_VOICE if not voice.familiar):
            yield Problem((*place, "vous"), _("Un adulte lirait « tu » : écrivez ce texte avec « vous »."))
    for question in questionnaire.questions:
        for option in question.options:
            if any(_is_said_twice(option, question, voice) for voice in _EVERY_VOICE):
                place = ("questions", question.id, "options", option.value, "label")
                yield Problem(place, _("Deux réponses de cette question se lisent de la même façon."))


def _is_said_twice(option: Option, question: Question, voice: Voice) -> bool:
    said = str(option.label.spoken(voice))
    return sum(str(other.label.spoken(voice)) == said for other in question.options) > 1


def _untranslated(questionnaire: Questionnaire) -> dict[str, int]:
    said = [
        text
        for _place, wording in wordings(questionnaire)
        for text in (wording.vous, wording.tu, wording.other)
        if text is not None
    ]
    own = [str(text) for text in said]
    counts = {}
    for language in languages.others():
        with translation.override(language):
            counts[language] = sum(str(text) == french for text, french in zip(said, own, strict=True))
    return counts


# --- every path ---------------------------------------------------------------------------------------------------

type State = tuple[tuple[str, str], ...]


@dataclass
class _Met:
    """It holds the paths that are one state. example is the answers of one of them."""

    count: int = 0
    longest: int = 0
    example: Mapping[str, str] = field(default_factory=dict)


class _Followed:
    """It follows all the paths of a questionnaire together, a question at a time."""

    def __init__(self, questionnaire: Questionnaire) -> None:
        self.questionnaire = questionnaire
        self.problems: list[Problem] = []
        self.paths = self.longest = self.states = 0
        self.outcomes: set[Outcome] = set()

    def walk(self) -> None:
        """Follow every combination of answers that can lead to another result, and note what is wrong in `problems`."""
        kinds, needed = self._kinds(), self._needed()
        states: dict[State, _Met] = {(): _Met(count=1)}
        asked: set[str] = set()
        in_danger: set[str] = set()
        for question, still in zip(self.questionnaire.questions, needed, strict=True):
            following: dict[State, _Met] = {}
            for state, met in states.items():
                answers = dict(state)
                if not question.is_asked(answers):
                    self._reach(following, answers, still, met.count, met.longest, met.example)
                    continue
                asked.add(question.id)
                if answers.get("danger", "no") not in SAFE:
                    in_danger.add(question.id)
                for value, size in kinds[question.id]:
                    example = {**met.example, question.id: value}
                    given = {**answers, question.id: value}
                    self._reach(following, given, still, met.count * size, met.longest + 1, example)
            states = following
            self.states += len(states)
            if self.states > MOST_STATES:
                self.fail(
                    ("questions",), _("Il y a trop de chemins pour les vérifier tous : simplifiez les conditions.")
                )
                return
        for name in in_danger:
            message = _("Cette question serait posée à une personne en danger, qui doit voir aussitôt les numéros.")
            self.fail(("questions", name, "asked_when"), message)
        for question in self.questionnaire.questions:
            if question.id not in asked:
                self.fail(("questions", question.id, "asked_when"), _("Aucune réponse ne mène à cette question."))
        self._end(states)

    def fail(self, place: Place, message: str) -> None:
        """Note a problem, in French, at a place of the document."""
        self.problems.append(Problem(place, message))

    @staticmethod
    def _reach(
        states: dict[State, _Met],
        answers: Mapping[str, str],
        still: frozenset[str],
        count: int,
        longest: int,
        example: Mapping[str, str],
    ) -> None:
        state = tuple((name, value) for name, value in answers.items() if name in still)
        met = states.setdefault(state, _Met(example=example))
        met.count += count
        if longest > met.longest:
            met.longest, met.example = longest, example

    def _decides(self) -> Iterator[When]:
        """Return the conditions that are read at the end of a path."""
        yield from _READ_BY_CODE
        for decision in self.questionnaire.decisions:
            yield from decision.when
        for result in self.questionnaire.results.values():
            for group in result.reasons:
                for reason in group:
                    yield from reason.when

    def _kinds(self) -> dict[str, list[tuple[str, int]]]:
        """Return for each question one answer of each kind that something tells apart, with the number of its kind."""
        conditions = [
            *self._decides(),
            *(one for question in self.questionnaire.questions for one in question.asked_when),
        ]
        kinds = {}
        for question in self.questionnaire.questions:
            sorts: dict[tuple[bool, ...], list[str]] = {}
            for option in question.options:
                mark = tuple(option.value in one.accepted.get(question.id, ()) for one in conditions)
                sorts.setdefault(mark, []).append(option.value)
            kinds[question.id] = [(values[0], len(values)) for values in sorts.values()]
        return kinds

    def _needed(self) -> list[frozenset[str]]:
        """Return after each question the questions whose answers something still reads."""
        needed = frozenset(name for one in self._decides() for name in one.accepted)
        after = []
        for question in reversed(self.questionnaire.questions):
            after.append(needed)
            needed |= {name for one in question.asked_when for name in one.accepted}
        return after[::-1]

    def _end(self, states: Mapping[State, _Met]) -> None:
        """Note where each path leads at its end, and whether the questionnaire says so."""
        used: set[int] = set()
        without_reason: set[Outcome] = set()
        ageless, ageless_victim = False, False
        for state, met in states.items():
            kept = dict(state)
            self.paths += met.count
            self.longest = max(self.longest, met.longest)
            outcome = rules.outcome_of(kept, self.questionnaire)
            self.outcomes.add(outcome)
            if kept.get("danger") not in SAFE:
                continue
            used.update(self._deciding(kept))
            if not rules.result_of(outcome, self.questionnaire).why(kept):
                without_reason.add(outcome)
            if has_door(self.questionnaire):
                continue  # who writes and who is helped are asked of everybody: `_door_first`
            ageless |= kept.get("role") in ("victim", "witness", "relative") and "age" not in kept
            is_chat = outcome in (Outcome.CHAT, Outcome.CHAT_MINOR)
            ageless_victim |= is_chat and kept.get("role") in OTHERS and "victim_age" not in kept
        if ageless:
            self.fail(
                ("questions", "age", "asked_when"),
                _("Sur un chemin, l'âge de la personne qui écrit n'est pas demandé : un mineur ne serait pas reconnu."),
            )
        if ageless_victim:
            self.fail(
                ("questions", "victim_age", "asked_when"),
                _("Sur un chemin vers le tchat, l'âge de la personne qui subit les faits n'est pas demandé."),
            )
        for outcome in sorted(without_reason):
            self.fail(
                ("results", str(outcome), "reasons"),
                _("Sur un chemin, aucune phrase ne dirait pourquoi : il faut une phrase sans condition."),
            )
        for index in range(len(self.questionnaire.decisions)):
            if index not in used:
                self.fail(
                    ("decisions", index),
                    _("Aucun chemin n'arrive à cette règle : une règle plus haut décide avant elle."),
                )
        for outcome in (Outcome.CHAT, Outcome.CHAT_MINOR):
            if outcome not in self.outcomes:
                self.fail(("decisions",), _("Aucun chemin ne mène à : « %(outcome)s ».") % {"outcome": outcome.label})
        if self.longest > MOST_ASKED:
            message = _("Un chemin pose %(count)d questions : %(most)d au plus.")
            self.fail(("questions",), message % {"count": self.longest, "most": MOST_ASKED})

    def _deciding(self, kept: Mapping[str, str]) -> list[int]:
        found = (index for index, one in enumerate(self.questionnaire.decisions) if conditions_hold(one.when, kept))
        return [index] if (index := next(found, None)) is not None else []

"""This module puts a questionnaire into words for whoever edits it: where a problem is, what a condition says, and what
changed. It makes no query.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from common.texts import languages
from triage.questionnaire import document
from triage.questionnaire.definition import Questionnaire
from triage.questionnaire.document import Place
from triage.questionnaire.outcomes import Outcome
from triage.questionnaire.questions import Question, When

VOICE_LABELS = {"vous": "vous", "tu": "tu (mineur)", "other": "autre personne"}
_PARTS = {
    "text": "texte",
    "help": "explication",
    "label": "libellé",
    "hint": "précision",
    "options": "réponses",
    "asked_when": "quand elle est posée",
    "slug": "adresse",
    "id": "identifiant",
    "value": "identifiant",
    "title": "titre",
    "titles": "autre titre",
    "service": "ce que fait ce service",
    "prepare": "à préparer",
    "reasons": "pourquoi",
    "when": "conditions",
    "outcome": "où elle mène",
}


def question_name(question: Question) -> str:
    """Return the question's own words (« Que se passe-t-il ? »), in French whatever the language of the page."""
    with translation.override(languages.source()):
        return f"« {question.text.vous} »"


def describe_condition(one: When, questionnaire: Questionnaire) -> str:
    """Say in words what one condition asks for. What it names but is not there stands by its key."""
    parts = []
    with translation.override(languages.source()):
        order = {question.id: index for index, question in enumerate(questionnaire.questions)}
        for name, values in sorted(one.accepted.items(), key=lambda item: (order.get(item[0], len(order)), item[0])):
            question = questionnaire.by_id.get(name)
            if question is None:
                parts.append(f"{name} : {', '.join(sorted(values))}")
                continue
            known = [f"« {option.label.vous} »" for option in question.options if option.value in values]
            unknown = sorted(values - {option.value for option in question.options})
            parts.append(f"{question_name(question)} : {' ou '.join([*known, *unknown])}")
    return " ; et ".join(parts)


def describe_conditions(
    when: tuple[When, ...], questionnaire: Questionnaire, *, otherwise: str = "toujours"
) -> list[str]:
    """Return a line for each condition, or `otherwise` where there is none."""
    return [describe_condition(one, questionnaire) for one in when] or [otherwise]


def describe_place(where: Place, questionnaire: Questionnaire | None = None) -> str:
    """Say in words where a part of the document is: « question « Qui êtes-vous ? », réponse « … », libellé ».

    The words of questionnaire name the parts; without it they stand by their keys and numbers.
    """
    match where:
        case ():
            return _("le document")
        case ("questions",):
            return _("les questions")
        case ("questions", name, *rest):
            question = questionnaire.by_id.get(str(name)) if questionnaire else None
            first = _("question %(name)s") % {"name": question_name(question) if question else f"« {_named(name)} »"}
            return ", ".join([first, *_inside(rest, question)])
        case ("decisions", int(index), *rest):
            return ", ".join([_("règle %(number)d") % {"number": index + 1}, *_inside(rest, None)])
        case ("decisions", *_rest):
            return _("les règles")
        case ("urgent", *_rest):
            return _("ce qui rend urgent")
        case ("results", outcome, *rest):
            label = Outcome(outcome).label if outcome in Outcome.values else outcome
            return ", ".join([_("résultat « %(label)s »") % {"label": label}, *_inside(rest, None)])
    return " / ".join(map(_named, where))


def _named(part: str | int) -> str:
    return str(part + 1) if isinstance(part, int) else part


def _inside(rest: list[Any], question: Question | None) -> Iterator[str]:
    keys = iter(rest)
    for key in keys:
        if key == "options" and (value := next(keys, None)) is not None:
            option = question.option(value) if question else None
            with translation.override(languages.source()):
                yield f"réponse « {option.label.vous if option else _named(value)} »"
        elif isinstance(key, int):
            yield str(key + 1)
        else:
            yield _PARTS.get(key) or VOICE_LABELS.get(key) or _language(key) or key


def _language(key: Any) -> str:
    return languages.name(key) if key in languages.codes() else ""


# --- what changed -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """It is one change. before is what was said, empty when it is new; after is what is said now, empty when gone."""

    where: str
    before: str
    after: str


@dataclass(frozen=True)
class _Said:
    """It is something in words, and what it is: a rule is the same when a question that it names has other words."""

    words: str = field(compare=False)
    what: object


def find_differences(before: Questionnaire, after: Questionnaire) -> list[Difference]:
    """Return what the second says differently from the first, in the order of the document."""
    found = []
    nothing = _Said("", None)
    old, new = dict(_leaves(before)), dict(_leaves(after))
    for key in [*new, *(key for key in old if key not in new)]:
        was, becomes = old.get(key, nothing), new.get(key, nothing)
        if was != becomes:
            found.append(Difference(describe_place(key, after if key in new else before), was.words, becomes.words))
    for where, listed in (
        (_("ordre des questions"), _order),
        (_("règles"), _rules),
        (_("ce qui rend urgent"), _urgent),
    ):
        found += _lines(where, listed(before), listed(after))
    return found


def find_outdated_translations(before: Questionnaire, after: Questionnaire) -> list[Difference]:
    """Return the translations that stayed while their French changed, each with what the French said and says now."""
    old, new = dict(_leaves(before)), dict(_leaves(after))
    source = languages.source()
    found = []
    for key, said in new.items():
        was, own = old.get(key), (*key[:-1], source)
        if key[-1] not in languages.others() or was is None or was != said or own not in old or own not in new:
            continue
        if old[own] != new[own]:
            found.append(Difference(describe_place(key, after), old[own].words, new[own].words))
    return found


def _leaves(questionnaire: Questionnaire) -> Iterator[tuple[Place, _Said]]:
    """Yield each text and each list of conditions, by its place."""
    written = document.dump(questionnaire)
    for question, words in zip(questionnaire.questions, written["questions"], strict=True):
        here: Place = ("questions", question.id)
        yield from _texts((*here, "text"), words["text"])
        yield from _texts((*here, "help"), words.get("help", {}))
        for option in words["options"]:
            yield from _texts((*here, "options", option["value"], "label"), option["label"])
            yield from _texts((*here, "options", option["value"], "hint"), option.get("hint", {}))
        source = languages.source()
        order = ", ".join(f"« {option['label']['vous'][source]} »" for option in words["options"])
        yield (*here, "options"), _Said(order, [option["value"] for option in words["options"]])
        yield (*here, "asked_when"), _when(question.asked_when, questionnaire)
    for outcome, words in written["results"].items():
        here = ("results", outcome)
        yield from _texts((*here, "title"), words["title"])
        for index, one in enumerate(words.get("titles", [])):
            yield from _texts((*here, "titles", index, "text"), one["text"])
            when = questionnaire.results[Outcome(outcome)].titles[index].when
            yield (*here, "titles", index, "when"), _when(when, questionnaire)
        for part in ("service", "prepare"):
            for index, sentence in enumerate(words[part]):
                yield from _texts((*here, part, index), sentence)
        for number, group in enumerate(words["reasons"]):
            for index, reason in enumerate(group):
                yield from _texts((*here, "reasons", number, index, "text"), reason["text"])
                when = questionnaire.results[Outcome(outcome)].reasons[number][index].when
                yield (*here, "reasons", number, index, "when"), _when(when, questionnaire)


def _texts(where: Place, words: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[Place, _Said]]:
    for voice, pair in words.items():
        for language in languages.codes():
            if pair.get(language):
                yield (*where, voice, language), _Said(pair[language], pair[language])


def _when(when: tuple[When, ...], questionnaire: Questionnaire) -> _Said:
    return _Said(" / ".join(describe_conditions(when, questionnaire)), when)


def _order(questionnaire: Questionnaire) -> list[_Said]:
    return [_Said(question_name(question), question.id) for question in questionnaire.questions]


def _rules(questionnaire: Questionnaire) -> list[_Said]:
    return [
        _Said(
            f"{one.outcome.label} : {' / '.join(describe_conditions(one.when, questionnaire))}", (one.outcome, one.when)
        )
        for one in questionnaire.decisions
    ]


def _urgent(questionnaire: Questionnaire) -> list[_Said]:
    return [_Said(describe_condition(one, questionnaire), one) for one in questionnaire.urgent]


def _lines(where: str, before: list[_Said], after: list[_Said]) -> Iterator[Difference]:
    """Yield what was put in, taken out or replaced, in a list where order counts."""
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        if tag != "equal":
            for old, new in zip_longest(before[start:end], after[other_start:other_end]):
                yield Difference(where, old.words if old else "", new.words if new else "")

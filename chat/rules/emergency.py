"""This is the emergency procedure: which numbers to give, and what to say, in which order. Pure.

Source: the service's reference facts, « Where each situation goes » and « Numbers ». Pnav is no emergency line; the
steps lead the person to those that are.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import takewhile

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from chat.rules import emergency_texts
from common.texts.catalogue import Sentence
from triage import numbers
from triage.numbers import Number


class Situation(TextChoices):
    """It says why the procedure starts."""

    DANGER = "danger", _("Danger maintenant, ou faits en train de se commettre")
    SUICIDE = "suicide", _("Idées suicidaires")
    CHILD = "child", _("Enfant en danger chez lui")


class Step(TextChoices):
    """These are the steps of the procedure. A step that is done is stored with its time, so the values must not
    change."""

    CAN_TALK = "can_talk", _("Demandé si la personne peut parler, et si quelqu'un voit son écran")
    LOCATION = "location", _("Demandé où elle se trouve, exactement")
    CALLED = "called", _("Numéro d'urgence donné")
    BY_TEXT = "by_text", _("114 donné, par SMS, pour qui ne peut pas parler")
    STAYED = "stayed", _("Dit que vous restez là, échange ouvert")
    PREVENTION = "prevention", _("3114 donné")
    LIFE = "life", _("Vie en jeu : 15 ou 17 donné")
    CHILD_LINE = "child_line", _("119 donné")
    REACHED = "reached", _("La personne a joint les secours, ou vous l'avez fait")


@dataclass(frozen=True, slots=True)
class Line:
    """It is one line of the checklist.

    say: words that the agent can send to the person; None when none fit. numbers: telephone numbers of this step.
    is_answered_first: the words only ask whether it is done, so that sending them does not tick the step.
    """

    step: Step
    say: Sentence | None = None
    numbers: tuple[Number, ...] = ()
    is_answered_first: bool = False


_CAN_TALK = Line(
    Step.CAN_TALK,
    emergency_texts.CAN_TALK,
)
_LOCATION = Line(
    Step.LOCATION,
    emergency_texts.LOCATION,
)
_BY_TEXT = Line(
    Step.BY_TEXT,
    emergency_texts.BY_TEXT,
    (numbers.EMERGENCY_BY_TEXT,),
)
_STAYED = Line(Step.STAYED, emergency_texts.STAYED)
_REACHED = Line(
    Step.REACHED,
    emergency_texts.REACHED,
    is_answered_first=True,
)

CHECKLISTS: dict[str, tuple[Line, ...]] = {
    Situation.DANGER: (
        _CAN_TALK,
        _LOCATION,
        Line(
            Step.CALLED,
            emergency_texts.CALL_NOW,
            (numbers.POLICE, numbers.EUROPEAN_EMERGENCY),
        ),
        _BY_TEXT,
        _STAYED,
        _REACHED,
    ),
    Situation.SUICIDE: (
        _CAN_TALK,
        _LOCATION,
        Line(
            Step.PREVENTION,
            emergency_texts.SUICIDE,
            (numbers.SUICIDE_PREVENTION,),
        ),
        Line(
            Step.LIFE,
            emergency_texts.LIFE,
            (numbers.MEDICAL_EMERGENCY, numbers.POLICE),
        ),
        _BY_TEXT,
        _STAYED,
        _REACHED,
    ),
    Situation.CHILD: (
        _CAN_TALK,
        _LOCATION,
        Line(
            Step.CHILD_LINE,
            emergency_texts.CHILD,
            (numbers.CHILD_IN_DANGER,),
        ),
        Line(
            Step.CALLED,
            emergency_texts.AT_ONCE,
            (numbers.POLICE, numbers.EUROPEAN_EMERGENCY),
        ),
        _BY_TEXT,
        _STAYED,
        _REACHED,
    ),
}


def remaining(situation: str, done: Collection[str]) -> list[Line]:
    """Return the lines of the checklist whose step is not done, in their order."""
    return [line for line in CHECKLISTS[situation] if line.step not in done]


def belongs(situation: str, step: str) -> bool:
    """Return whether a step is on the checklist of this situation."""
    return any(line.step == step for line in CHECKLISTS[situation])


# A telephone number as a sentence gives it: « appelez le 17 », « call 17 or 112 », or at its beginning, as « 3114
# answers ». Not an hour, a date, an age, a longer number, or the house of an address.
_GIVEN = (
    r"(?:^|\b(?:le|au|ou|et|or|and|call|dial|text)\s)(?P<number>{numbers})\b"
    r"(?![\s.]?\d|[:/-]\d|\s?[%€°º]|\s?(?:e|er|th|bis|ter|{streets}|{months}|{units})\b)(?!\s?h\d*\b)"
)
_STREETS = "allée|avenue|boulevard|chemin|cours|impasse|place|quai|route|rue"
_MONTHS = (
    "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre|"
    "january|february|march|april|may|june|july|august|september|october|november|december"
)
_UNITS = "ans?|mois|semaines?|jours?|heures?|minutes?|euros?|years?|months?|weeks?|days?|hours?|am|pm"
# 15 and 17 are days and amounts too: in a sentence that speaks of calling they are telephone numbers.
_CALLS = re.compile(r"\b(?:appel|compos|contact|gratuit|joign|télépho|call|dial|free)", re.IGNORECASE)
# What a sentence may refuse and give a number all the same: to hesitate, to wait, to speak, to be alone.
_MAY_REFUSE = re.compile(
    r"\bn['’](?:hésit|attend)\w*\s(?:surtout\s)?pas\b|\bn['’](?:es|êtes)\spas\sseule?\b"
    r"|\bne\s(?:peux|peut|pouvez)\spas\s(?:appeler|attendre|parler)(?=\s*[,;:.!)])"
    r"|\b(?:do\snot|don['’]t)\s(?:hesitate|wait)\b|\b(?:cannot|can['’]t)\s(?:call|speak|talk|wait)(?=\s*[,;:.!)])",
    re.IGNORECASE,
)
# « N'appelez pas le 17 s'il vous entend », « As-tu appelé le 119 ? », « Le 3018 est fermé » give nobody a number.
_GIVES_NOTHING = re.compile(
    r"\bn(?:e\s|['’])|\b(?:pas|jamais|ni|sauf|inutile|lieu|plutôt|appelée?s?|composé|fermé)\b|\bévite|\bsans\sappeler\b"
    r"|n['’]t\b|\b(?:not|cannot|never|nor|without|except|avoid|instead|rather|called|closed)\b",
    re.IGNORECASE,
)
_END_OF_SENTENCE = re.compile(r"(?<=[.!?…])\s+|\n+")


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a text, each on one line."""
    return [" ".join(one.split()) for one in _END_OF_SENTENCE.split(text) if one.strip()]


def sentences_giving(numbers_: Iterable[Number], texts: Iterable[str]) -> list[str]:
    """Return the sentences of these texts, written beforehand, that give one of these telephone numbers to the person.

    An agent who sends one of them has done the step that gives the number, whichever button put the words into the
    answer. A sentence that asks, or refuses more than to wait or to speak, gives none: the agent ticks what it did.
    """
    shown = "|".join(re.escape(number.display) for number in numbers_)
    if not shown:
        return []
    given = re.compile(_GIVEN.format(numbers=shown, streets=_STREETS, months=_MONTHS, units=_UNITS), re.IGNORECASE)
    return [one for text in texts for one in split_sentences(text) if _gives(one, given)]


def _asks(sentence: str) -> bool:
    """Return whether the sentence is a question, whatever quotes or brackets close it."""
    return "?" in takewhile(lambda character: not character.isalnum(), reversed(sentence))


def _gives(sentence: str, given: re.Pattern[str]) -> bool:
    if _asks(sentence) or _GIVES_NOTHING.search(_MAY_REFUSE.sub("", sentence)):
        return False
    return any(len(found["number"]) > 2 or _CALLS.search(sentence) for found in given.finditer(sentence))

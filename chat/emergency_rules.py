"""The emergency procedure: whom to have called, what to say, in order. Pure.

Source: the service's reference facts, « Where each situation goes » and « Numbers ». Pnav is not an emergency line: the
steps lead to those that are.
"""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from triage import numbers
from triage.numbers import Number
from triage.questions import Text


class Situation(TextChoices):
    """Why the procedure starts."""

    DANGER = "danger", _("Danger maintenant, ou faits en train de se commettre")
    SUICIDE = "suicide", _("Idées suicidaires")
    CHILD = "child", _("Enfant en danger chez lui")


class Step(TextChoices):
    """What is done, and by whom it was said to be: kept with its time. The values stay."""

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
    """One line of the checklist. say: words ready to be written to the person, vous and tu; empty when none fit."""

    step: Step
    say: Text = ""
    familiar: Text = ""
    numbers: tuple[Number, ...] = ()


_CAN_TALK = Line(
    Step.CAN_TALK,
    _("Pouvez-vous parler ? Est-ce que quelqu'un voit votre écran ?"),
    _("Est-ce que tu peux parler ? Est-ce que quelqu'un voit ton écran ?"),
)
_LOCATION = Line(
    Step.LOCATION,
    _("Où êtes-vous exactement ? L'adresse, l'étage, le code."),
    _("Où es-tu exactement ? L'adresse, l'étage, le code."),
)
_BY_TEXT = Line(
    Step.BY_TEXT,
    _("Si vous ne pouvez pas parler, envoyez un SMS au 114."),
    _("Si tu ne peux pas parler, envoie un SMS au 114."),
    (numbers.EMERGENCY_BY_TEXT,),
)
_STAYED = Line(Step.STAYED, _("Je reste là avec vous."), _("Je reste là avec toi."))
_REACHED = Line(
    Step.REACHED,
    _("Avez-vous pu joindre quelqu'un ?"),
    _("Est-ce que tu as pu joindre quelqu'un ?"),
)

CHECKLISTS: dict[str, tuple[Line, ...]] = {
    Situation.DANGER: (
        _CAN_TALK,
        _LOCATION,
        Line(
            Step.CALLED,
            _("Appelez le 17 ou le 112 maintenant. C'est gratuit, jour et nuit."),
            _("Appelle le 17 ou le 112 maintenant. C'est gratuit, jour et nuit."),
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
            _("Au 3114, quelqu'un vous écoute, jour et nuit. C'est gratuit."),
            _("Au 3114, quelqu'un t'écoute, jour et nuit. C'est gratuit."),
            (numbers.SUICIDE_PREVENTION,),
        ),
        Line(
            Step.LIFE,
            _("Si votre vie est en danger, appelez le 15 ou le 17 maintenant."),
            _("Si ta vie est en danger, appelle le 15 ou le 17 maintenant."),
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
            _("Le 119 aide les enfants en danger, jour et nuit. C'est gratuit."),
            _("Le 119 aide les enfants en danger, jour et nuit. C'est gratuit."),
            (numbers.CHILD_IN_DANGER,),
        ),
        Line(
            Step.CALLED,
            _("En danger tout de suite : appelez le 17 ou le 112."),
            _("En danger tout de suite : appelle le 17 ou le 112."),
            (numbers.POLICE, numbers.EUROPEAN_EMERGENCY),
        ),
        _BY_TEXT,
        _STAYED,
        _REACHED,
    ),
}


def remaining(situation: str, done: Collection[str]) -> list[Line]:
    """What the checklist still asks for, in its order."""
    return [line for line in CHECKLISTS[situation] if line.step not in done]


def belongs(situation: str, step: str) -> bool:
    """Whether a step is on the checklist of this situation."""
    return any(line.step == step for line in CHECKLISTS[situation])

"""This module says what an agent has to do before an exchange may be closed. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from chat.rules.emergency import sentences_giving, split_sentences
from triage import numbers
from triage.questionnaire.questions import Text


class Point(TextChoices):
    """It is what has to be checked before an exchange about a minor is closed.

    Source: reference facts, « Where each situation goes » (a minor: 3018 as well, 119 if the danger is at home). The
    values are stored, so they must not change.
    """

    DANGER = "danger", _("Danger chez lui ou ailleurs : question posée")
    CHILD_LINE = "child_line", _("119 (enfant en danger)")
    DIGITAL_LINE = "digital_line", _("3018 (violences numériques)")
    TRUSTED = "trusted", _("Un parent ou un adulte de confiance est prévenu")
    SCHOOL = "school", _("L'école est prévenue")


class Seen(TextChoices):
    """It is what the agent says of a point."""

    DONE = "done", _("Fait")
    NOT_NEEDED = "not_needed", _("Sans objet")
    DECLINED = "declined", _("La personne ne veut pas")
    IMPOSSIBLE = "impossible", _("Pas possible : la personne est partie")


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that must be done first. field: the field of the form beside which the text is shown."""

    field: str
    text: Text


def field_of(point: str) -> str:
    """Return the name of a point's field in the form."""
    return f"point_{point}"


def missing_points(
    *, is_minor: bool, points: Mapping[str, str], is_emergency_open: bool, debts: tuple[Text, ...] = ()
) -> list[Missing]:
    """Return what keeps an exchange from being closed.

    points: what the agent said of each point, by its value; a point that is left out or empty was not answered.
    debts: promises to the person that are not kept yet, each in words.
    """
    found = []
    if is_emergency_open:
        found.append(Missing("emergency", _("La procédure d'urgence est ouverte : terminez-la d'abord.")))
    found += [Missing("debts", debt) for debt in debts]
    if is_minor:
        for point in Point:
            if points.get(point) not in Seen.values:
                found.append(Missing(field_of(point), _("Victime mineure : dites ce qu'il en est.")))
    return found


_GIVEN = {Point.CHILD_LINE: numbers.CHILD_IN_DANGER, Point.DIGITAL_LINE: numbers.DIGITAL_VIOLENCE}
_ASKS_SAFETY = re.compile(r"\b(?:sécurité|danger|safe)\b.*\?$", re.IGNORECASE)


def known_points(said: Sequence[str], *, had_emergency: bool) -> dict[str, str]:
    """Return the points that are known to be done; the agent sees them filled in, and may change them.

    said: what the agents wrote to the person. had_emergency: a procedure was opened, so that danger was spoken of.
    """
    found = {point for point, number in _GIVEN.items() if sentences_giving([number], said)}
    if had_emergency or any(_ASKS_SAFETY.search(one) for text in said for one in split_sentences(text)):
        found.add(Point.DANGER)
    return {point.value: Seen.DONE.value for point in Point if point in found}

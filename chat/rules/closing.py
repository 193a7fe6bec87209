"""Says what has to be said before an exchange ends, which depends on its path. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from triage.questionnaire.questions import Text


class Point(TextChoices):
    """What is seen to before an exchange about a minor ends. Source: reference facts, « Where each situation goes »
    (a minor: 3018 beside, 119 if the danger is at home). The values are kept: they stay.
    """

    DANGER = "danger", _("Danger chez lui ou ailleurs : question posée")
    CHILD_LINE = "child_line", _("119 (enfant en danger)")
    DIGITAL_LINE = "digital_line", _("3018 (violences numériques)")
    TRUSTED = "trusted", _("Un parent ou un adulte de confiance est prévenu")
    SCHOOL = "school", _("L'école est prévenue")


class Seen(TextChoices):
    """The outcome of a point."""

    DONE = "done", _("Fait")
    NOT_NEEDED = "not_needed", _("Sans objet")
    DECLINED = "declined", _("La personne ne veut pas")
    IMPOSSIBLE = "impossible", _("Pas possible : la personne est partie")


@dataclass(frozen=True, slots=True)
class Missing:
    """Something obligatory that is not there. field: beside which it is said."""

    field: str
    text: Text


def field_of(point: str) -> str:
    """The name of a point's field in the form."""
    return f"point_{point}"


def missing_points(
    *, is_minor: bool, points: Mapping[str, str], is_emergency_open: bool, debts: tuple[Text, ...] = ()
) -> list[Missing]:
    """List what keeps an exchange from being ended.

    points: what became of each, by its value; one left out or empty was not seen to. debts: what was promised to the
    person and is not answered, each in words.
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

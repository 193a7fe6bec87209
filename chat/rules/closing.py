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

    DANGER = "danger", _("Danger à la maison ou ailleurs : question posée")
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
    *,
    is_minor: bool,
    points: Mapping[str, str],
    is_emergency_open: bool,
    debts: tuple[Text, ...] = (),
    is_unseen: bool = False,
) -> list[Missing]:
    """Return what keeps an exchange from being closed.

    points: what the agent said of each point, by its value; a point that is left out or empty was not answered.
    debts: promises to the person that are not kept yet, each in words. is_unseen: the person wrote something that the
    agent's page did not have.
    """
    found = []
    if is_unseen:
        found.append(Missing("seen", _("La personne vient d'écrire : lisez son message, puis terminez.")))
    if is_emergency_open:
        found.append(Missing("emergency", _("La procédure d'urgence est ouverte : terminez-la d'abord.")))
    found += [Missing("debts", debt) for debt in debts]
    if is_minor:
        for point in Point:
            if points.get(point) not in Seen.values:
                found.append(Missing(field_of(point), _("Victime mineure : dites ce qu'il en est.")))
    return found


_GIVEN = {Point.CHILD_LINE: numbers.CHILD_IN_DANGER, Point.DIGITAL_LINE: numbers.DIGITAL_VIOLENCE}
_ASKS_SAFETY = re.compile(
    r"\b(?:en (?:sécurité|danger)\b|(?:are you|is this person|are they)\b.*\b(?:safe|in danger)\b).*\?\W*$",
    re.IGNORECASE,
)


def known_points(said: Sequence[str], ready: Sequence[str]) -> dict[str, str]:
    """Return the points that are known to be done; the agent sees them filled in, and may change them.

    said: what the agents wrote to the person. ready: the texts that are offered to them, Pnav's own and ready replies.
    Only a sentence of these that was sent as it is fills a point. What an agent wrote freely may ask whether 119 was
    called, or say that 3018 is closed, and the end of the exchange would keep that it was given.
    """
    sent = {one for text in said for one in split_sentences(text)}
    asking = [one for text in ready for one in split_sentences(text) if _ASKS_SAFETY.search(one)]
    doing = {Point.DANGER: asking} | {point: sentences_giving([number], ready) for point, number in _GIVEN.items()}
    return {point.value: Seen.DONE.value for point in Point if sent.intersection(doing.get(point, ()))}

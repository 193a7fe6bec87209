"""These are the states of a transmission to a unit, the moves between them, and the basis on which it may be sent.
Pure."""

from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from triage.rules import Urgency

SUMMARY_MAX, REASON_MAX, PLACE_MAX, OTHER_MAX = 3000, 1000, 200, 500


class State(TextChoices):
    """These are the states of a transmission."""

    ASKED = "asked", _("Accord demandé")
    REFUSED = "refused", _("Refusé par la personne")
    SENT = "sent", _("Transmis")
    READ = "read", _("Lu")
    MEETING = "meeting", _("Rendez-vous proposé")
    ACCEPTED = "accepted", _("Rendez-vous accepté")
    DECLINED = "declined", _("Rendez-vous refusé")
    CLOSED = "closed", _("Clos, voici pourquoi")
    WITHDRAWN = "withdrawn", _("Retiré")


class Basis(TextChoices):
    """The basis on which it was sent: the person agreed, or an emergency left no time to ask."""

    AGREED = "agreed", _("avec l'accord de la personne")
    URGENT = "urgent", _("sans l'accord de la personne, en urgence")


AGAINST_REFUSAL = _("malgré le refus de la personne, en urgence")  # an emergency too, after the person had said no


class Part(IntEnum):
    """It is the party that may make a move."""

    PERSON = 1
    AGENT = 2
    UNIT = 3


# For each move, from one state to another, who may make it. The unit may propose another appointment whatever the
# person said of the last one. A person who accepted one may still decline it, but not the reverse, because somebody
# else may have that hour by then. A transmission that is closed or withdrawn stays so.
MOVES: Mapping[tuple[str, str], frozenset[Part]] = {
    (State.ASKED, State.SENT): frozenset({Part.PERSON}),
    (State.ASKED, State.REFUSED): frozenset({Part.PERSON}),
    (State.ASKED, State.WITHDRAWN): frozenset({Part.AGENT}),
    (State.SENT, State.WITHDRAWN): frozenset({Part.AGENT}),  # possible as long as the unit has not read it
    (State.SENT, State.READ): frozenset({Part.UNIT}),
    (State.READ, State.MEETING): frozenset({Part.UNIT}),
    (State.READ, State.CLOSED): frozenset({Part.UNIT}),
    (State.MEETING, State.MEETING): frozenset({Part.UNIT}),
    (State.MEETING, State.CLOSED): frozenset({Part.UNIT}),
    (State.MEETING, State.ACCEPTED): frozenset({Part.PERSON}),
    (State.MEETING, State.DECLINED): frozenset({Part.PERSON}),
    (State.ACCEPTED, State.DECLINED): frozenset({Part.PERSON}),
    (State.ACCEPTED, State.MEETING): frozenset({Part.UNIT}),
    (State.ACCEPTED, State.CLOSED): frozenset({Part.UNIT}),
    (State.DECLINED, State.MEETING): frozenset({Part.UNIT}),
    (State.DECLINED, State.CLOSED): frozenset({Part.UNIT}),
}
TOLD_AGAIN = frozenset({State.MEETING, State.ACCEPTED, State.DECLINED})  # states that may come more than once
STANDING = frozenset({State.MEETING, State.ACCEPTED})  # there is an appointment that nobody declined
RUNNING = frozenset({State.SENT, State.READ}) | TOLD_AGAIN  # the unit has it, and has not closed it
RECEIVED = RUNNING | {State.CLOSED}  # the unit's own list shows these


def can_move(before: str, after: str, by: Part) -> bool:
    """Return whether this party may move a transmission from one state to another."""
    return by in MOVES.get((before, after), frozenset())


def is_past(meets_at: datetime | None, now: datetime) -> bool:
    """Return whether the hour of an appointment has passed; False without an hour."""
    return meets_at is not None and meets_at <= now


def may_go_without(*, urgency: int, had_emergency: bool) -> bool:
    """Return whether a transmission may be sent without the person's agreement.

    It may when the urgency is critical or an emergency procedure was opened. Either comes from the person's own answers
    or from the agent, who gave a reason. The agent is asked for the reason of the sending besides.
    """
    return had_emergency or urgency >= Urgency.CRITICAL

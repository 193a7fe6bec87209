"""Says what a transmission to a unit may become, and on what basis it may be sent. Pure: facts in, answers out."""

from collections.abc import Mapping
from enum import IntEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from triage.rules import Urgency

SUMMARY_MAX, REASON_MAX, PLACE_MAX, OTHER_MAX = 3000, 1000, 200, 500


class State(TextChoices):
    """The states of a transmission."""

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
    """On what it was sent: the person said yes, or an emergency did not let anybody wait for it."""

    AGREED = "agreed", _("avec l'accord de la personne")
    URGENT = "urgent", _("sans l'accord de la personne, en urgence")


class Part(IntEnum):
    """The party that may make a move."""

    PERSON = 1
    AGENT = 2
    UNIT = 3


# From where to where, and who may do it. Another appointment may follow one, whatever was said of it; who accepted one
# may still refuse it, never the reverse: the hour may be somebody else's by then. What is closed or withdrawn stays so.
MOVES: Mapping[tuple[str, str], frozenset[Part]] = {
    (State.ASKED, State.SENT): frozenset({Part.PERSON}),
    (State.ASKED, State.REFUSED): frozenset({Part.PERSON}),
    (State.ASKED, State.WITHDRAWN): frozenset({Part.AGENT}),
    (State.SENT, State.WITHDRAWN): frozenset({Part.AGENT}),  # nobody has read it
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
TOLD_AGAIN = frozenset({State.MEETING, State.ACCEPTED, State.DECLINED})  # what may come more than once
STANDING = frozenset({State.MEETING, State.ACCEPTED})  # an appointment that nobody refused
RUNNING = frozenset({State.SENT, State.READ}) | TOLD_AGAIN  # with the unit
RECEIVED = RUNNING | {State.CLOSED}  # what the unit's own list shows


def can_move(before: str, after: str, by: Part) -> bool:
    """Whether this part may take a transmission from one state to another."""
    return by in MOVES.get((before, after), frozenset())


def may_go_without(*, urgency: int, had_emergency: bool) -> bool:
    """Whether it may be sent without the person's agreement: it is critical, or an emergency procedure was opened.

    Either was said, with its reason, before: by the person's own answers or by the agent. The reason of the sending is
    asked for beside it.
    """
    return had_emergency or urgency >= Urgency.CRITICAL

"""Filters the lists of the board by unit, force, urgency and state. Makes no query.

Alerts, charts and figures are always those of the whole service, so that a forgotten filter hides nobody in danger.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from chat.conversations.waiting_list import WaitingPerson
from chat.rules.whereabouts import Whereabouts
from chat.supervision.intervention import Running
from chat.supervision.live_board import Member, Silence
from locations.models import Force
from triage.rules import Urgency


class State(TextChoices):
    """These are the states of an exchange. Nobody in the queue is DORMANT."""

    WAITING = "attend", _("Attend une réponse")
    EMERGENCY = "procedure", _("Procédure d'urgence ouverte")
    AWAY = "absente", _("Personne absente")
    DORMANT = "veille", _("En veille, sans place")


@dataclass(frozen=True, slots=True)
class Filter:
    """It is the chosen filter.

    units: those that may be chosen, by key. unit: a key, 0 for all. force, urgency, state: None for all. Unknown values
    are ignored.
    """

    units: Mapping[int, str]
    unit: int = 0
    force: Force | None = None
    urgency: Urgency | None = None
    state: State | None = None

    @property
    def is_on(self) -> bool:
        """Return whether anything is chosen."""
        return bool(self.query)

    @property
    def query(self) -> str:
        """Return the query string of this filter; "" when nothing is chosen."""
        chosen: dict[str, Any] = {
            "unite": self.unit or None,
            "force": self.force.value if self.force else None,
            "urgence": None if self.urgency is None else self.urgency.name.lower(),
            "etat": self.state.value if self.state else None,
        }
        return urlencode({name: value for name, value in chosen.items() if value is not None})

    @property
    def choices(self) -> list[tuple[str, str, list[tuple[str, str, bool]]]]:
        """Return each list of choices: name, label, and for each choice its value, label, and whether it is chosen."""
        units = [(str(key), name, key == self.unit) for key, name in self.units.items()]
        forces = [(one.value, str(one.label), one == self.force) for one in Force]
        degrees = [(one.name.lower(), str(one.label), one == self.urgency) for one in sorted(Urgency, reverse=True)]
        states = [(one.value, str(one.label), one == self.state) for one in State]
        return [
            ("unite", str(_("Unité de l'agent")), units),
            ("force", str(_("Force de la zone")), forces),
            ("urgence", str(_("Urgence")), degrees),
            ("etat", str(_("État")), states),
        ]

    def has_running(self, one: Running) -> bool:
        """Return whether an open exchange is shown."""
        row = one.conversation
        agent = row.assigned_to
        return (
            (not self.unit or (agent is not None and agent.unit_id == self.unit))
            and (self.force is None or row.force == self.force)
            and (self.urgency is None or row.urgency == self.urgency)
            and self._has_state(
                waits=bool(one.waits),
                is_emergency=one.emergency_at is not None,
                is_away=one.whereabouts is not Whereabouts.HERE,
                is_dormant=row.is_dormant,
            )
        )

    def has_waiting(self, one: WaitingPerson) -> bool:
        """Return whether somebody in the queue is shown, which is never so if a unit is chosen."""
        holds_turn = one.whereabouts.holds_turn
        return (
            not self.unit
            and (self.force is None or one.force == self.force)
            and (self.urgency is None or one.urgency == self.urgency)
            and self._has_state(
                waits=holds_turn, is_emergency=one.has_emergency, is_away=not holds_turn, is_dormant=False
            )
        )

    def _has_state(self, *, waits: bool, is_emergency: bool, is_away: bool, is_dormant: bool) -> bool:
        match self.state:
            case State.WAITING:
                return waits
            case State.EMERGENCY:
                return is_emergency
            case State.AWAY:
                return is_away
            case State.DORMANT:
                return is_dormant
        return True

    def has_of_unit(self, one: Member | Silence) -> bool:
        """Return whether an agent, or a person who waits for an agent's answer, is shown. Only the unit matters."""
        return not self.unit or one.unit == self.units[self.unit]


def read_filter(asked: Mapping[str, str], units: Mapping[int, str]) -> Filter:
    """Return the filter that an address asks for. units: the names of those that may be chosen, by key."""
    unit, force, state = (asked.get(name, "") for name in ("unite", "force", "etat"))
    degrees = {one.name.lower(): one for one in Urgency}
    return Filter(
        units=units,
        unit=next((key for key in units if str(key) == unit), 0),
        force=Force(force) if force in Force.values else None,
        urgency=degrees.get(asked.get("urgence", "")),
        state=State(state) if state in State.values else None,
    )

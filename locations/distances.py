"""How far a contact is from a commune, and which distances may be shown."""

from typing import Protocol

from locations.geography import distance_km
from locations.models import Municipality, Partner, ReceptionPoint, Source


class Located(Protocol):
    """What a distance asks of a commune: a `Municipality`, or what a search found of one."""

    @property
    def latitude(self) -> float | None:
        """In degrees, of its centre; None when it is not known."""

    @property
    def longitude(self) -> float | None:
        """The same."""

    @property
    def has_exact_position(self) -> bool:
        """Whether a distance from here may be shown."""


def distance_to(municipality: Municipality | Located, unit: ReceptionPoint | Partner) -> float | None:
    """Kilometres from the centre of a commune to a contact; None when either place is not known."""
    if municipality.latitude is None or municipality.longitude is None:
        return None
    if unit.latitude is None or unit.longitude is None:
        return None
    return distance_km(municipality.latitude, municipality.longitude, unit.latitude, unit.longitude)


def told_distance(municipality: Municipality | Located, contact: ReceptionPoint | Partner) -> float | None:
    """A distance that may be shown: both ends precisely known. Demonstration units stand at their town's centre."""
    if not municipality.has_exact_position or contact.source == Source.DEMO:
        return None
    return distance_to(municipality, contact)

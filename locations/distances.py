"""This module says how far a contact is from a commune, and which distances may be shown."""

from typing import Protocol

from locations.geography import distance_km
from locations.models import Municipality, Partner, ReceptionPoint, Source


class Located(Protocol):
    """It is what a distance needs of a commune: a `Municipality` has it, and so has what a search found of one."""

    @property
    def latitude(self) -> float | None:
        """Return the latitude of its centre in degrees, or None when it is not known."""

    @property
    def longitude(self) -> float | None:
        """Return the longitude of its centre in degrees, or None when it is not known."""

    @property
    def has_exact_position(self) -> bool:
        """Return whether a distance from here may be shown."""


def distance_to(municipality: Municipality | Located, unit: ReceptionPoint | Partner) -> float | None:
    """Return the kilometres from the centre of a commune to a contact, or None when either place is not known."""
    if municipality.latitude is None or municipality.longitude is None:
        return None
    if unit.latitude is None or unit.longitude is None:
        return None
    return distance_km(municipality.latitude, municipality.longitude, unit.latitude, unit.longitude)


def told_distance(municipality: Municipality | Located, contact: ReceptionPoint | Partner) -> float | None:
    """Return the distance if it may be shown; otherwise None. The position of the commune must be precisely known.

    No distance to a demonstration unit is shown, since it stands at its town's centre.
    """
    if not municipality.has_exact_position or contact.source == Source.DEMO:
        return None
    return distance_to(municipality, contact)

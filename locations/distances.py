"""How far a contact is from a commune, and which distances may be shown."""

from locations.geography import distance_km
from locations.models import Municipality, Partner, ReceptionPoint, Source


def distance_to(municipality: Municipality, unit: ReceptionPoint | Partner) -> float | None:
    """Kilometres from the centre of a commune to a contact; None when either place is not known."""
    if municipality.latitude is None or municipality.longitude is None:
        return None
    if unit.latitude is None or unit.longitude is None:
        return None
    return distance_km(municipality.latitude, municipality.longitude, unit.latitude, unit.longitude)


def told_distance(municipality: Municipality, contact: ReceptionPoint | Partner) -> float | None:
    """A distance that may be shown: both ends precisely known. Demonstration units stand at their town's centre."""
    if not municipality.has_exact_position or contact.source == Source.DEMO:
        return None
    return distance_to(municipality, contact)

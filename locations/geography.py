"""This module says which positions on Earth may be believed, and how far apart two are. It makes no query."""

import math

EARTH_RADIUS_KM = 6371.0
# France has land in these wide boxes (south, west, north, east). A position outside all of them is refused.
_BOXES = (
    (41.0, -5.6, 51.5, 10.0),  # mainland France and Corsica
    (14.2, -63.3, 18.3, -60.6),  # Antilles
    (2.0, -54.8, 6.0, -51.4),  # Guyane
    (46.6, -56.6, 47.3, -56.0),  # Saint-Pierre-et-Miquelon
    (-21.5, 55.1, -20.7, 56.0),  # La Réunion
    (-13.2, 44.9, -12.5, 45.4),  # Mayotte
    (-50.5, 39.0, -11.0, 78.0),  # Terres australes
    (-28.0, -155.0, -7.5, -134.0),  # Polynésie
    (-23.0, 158.0, -17.5, 172.5),  # Nouvelle-Calédonie
    (-14.6, -178.5, -13.0, -175.9),  # Wallis-et-Futuna
    (9.9, -109.5, 10.6, -108.9),  # Clipperton
)
# The justice ministry's geocoder puts an address that it does not find here, with no warning.
_GEOCODER_FAILURE = (46.150749, 4.920676)


class RefusedPosition(ValueError):
    """A position cannot be true. The message is the reason, in French."""


def read_position(latitude: str, longitude: str) -> tuple[float, float] | None:
    """Return a latitude and a longitude in degrees as a file gives them, or None when both are empty.

    It raises RefusedPosition for zeros, a latitude copied to the longitude, the two swapped, a geocoder's failure
    value, or a point outside France. A swapped pair is refused and not repaired: a guess about where help is would be
    worse than no answer.
    """
    if not latitude.strip() and not longitude.strip():
        return None
    try:
        lat, lon = float(latitude.replace(",", ".")), float(longitude.replace(",", "."))
    except ValueError:
        raise RefusedPosition("coordonnées illisibles") from None
    if not (math.isfinite(lat) and math.isfinite(lon)):
        raise RefusedPosition("coordonnées illisibles")
    if lat == 0 and lon == 0:
        raise RefusedPosition("coordonnées nulles (0,0)")
    if lat == lon:
        raise RefusedPosition("latitude égale à la longitude")
    if (round(lat, 6), round(lon, 6)) == _GEOCODER_FAILURE:
        raise RefusedPosition("coordonnées d'échec du géocodeur")
    if not _is_in_france(lat, lon):
        swapped = _is_in_france(lon, lat)
        raise RefusedPosition("latitude et longitude inversées" if swapped else "coordonnées hors de France")
    return lat, lon


def _is_in_france(latitude: float, longitude: float) -> bool:
    return any(south <= latitude <= north and west <= longitude <= east for south, west, north, east in _BOXES)


def distance_km(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Return the great-circle distance between two points in kilometres, by the haversine formula."""
    phi_a, phi_b = math.radians(lat_a), math.radians(lat_b)
    half = (
        math.sin((phi_b - phi_a) / 2) ** 2
        + math.cos(phi_a) * math.cos(phi_b) * math.sin(math.radians(lon_b - lon_a) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(half)))

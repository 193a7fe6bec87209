"""Which positions are plausible."""

import pytest

from locations.geography import RefusedPosition, distance_km, read_position


def test_read_position():
    assert read_position("48.8566", "2.3522") == (48.8566, 2.3522)
    assert read_position("-20.8789", "55.4481") == (-20.8789, 55.4481)
    assert read_position("", " ") is None


@pytest.mark.parametrize(
    ("latitude", "longitude", "reason"),
    [
        ("0", "0", "nulles"),
        ("43.2", "43.2", "égale"),
        ("2.3522", "48.8566", "inversées"),
        ("10", "20", "hors de France"),
        ("46.150749", "4.920676", "géocodeur"),
        ("abc", "2", "illisibles"),
        ("nan", "2", "illisibles"),
        ("48.8", "", "illisibles"),
    ],
)
def test_read_position_refuses(latitude, longitude, reason):
    with pytest.raises(RefusedPosition, match=reason):
        read_position(latitude, longitude)


def test_distance_km_between_paris_and_lyon():
    assert distance_km(48.8566, 2.3522, 45.7640, 4.8357) == pytest.approx(392, abs=2)

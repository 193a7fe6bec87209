"""Durations in words, where the words change, and places."""

from datetime import timedelta

import pytest

from chat.conversations import wording
from tests.factories import chat as make
from tests.factories import locations as places


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "< 1 min"),
        (59.9, "< 1 min"),
        (60, "1 min"),
        (59 * 60 + 59, "59 min"),
        (3600, "1 h 00"),
        (3900, "1 h 05"),
        (26 * 3600 + 59 * 60, "26 h 59"),
    ],
)
def test_duration(seconds, said):
    assert wording.duration_in_words(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "00:00"), (9.9, "00:09"), (192, "03:12"), (3599, "59:59"), (3600, "1:00:00"), (3792, "1:03:12")],
)
def test_clock(seconds, said):
    assert wording.clock_in_words(timedelta(seconds=seconds)) == said


@pytest.mark.django_db
def test_place():
    commune = places.municipality("Belley", "01034", ("01300",))
    assert wording.place_of(make.report(municipality=commune, postal_code="01300")) == "Belley (01)"
    assert wording.place_of(make.report(municipality=None, postal_code="01300")) == "01300"
    assert wording.place_of(make.report(municipality=None, postal_code="")) == "lieu inconnu"

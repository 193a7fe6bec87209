"""What prevents an exchange from being ended."""

import re

import pytest

from chat.rules.closing import Point, Seen, field_of, known_points, missing_points

ALL = dict.fromkeys(Point, Seen.DONE)


def missing(**told) -> list[str]:
    given = {"is_minor": False, "points": {}, "is_emergency_open": False} | told
    return [one.field for one in missing_points(**given)]


def test_no_point_says_whether_a_victim_is_a_man_or_a_woman():
    words = {word for point in Point for word in re.findall(r"\w+", str(point.label).lower())}
    assert "danger" in words and not words & {"il", "elle", "lui", "seul", "seule", "celui", "celle"}


def test_nothing_is_asked_of_an_ordinary_exchange():
    assert missing() == []


def test_open_procedure_and_debts_come_first():
    assert missing(is_emergency_open=True, debts=("…", "…")) == ["emergency", "debts", "debts"]
    assert missing(is_emergency_open=True, is_minor=True)[0] == "emergency"


def test_each_point_of_a_minor_is_asked_until_it_was_seen_to():
    assert missing(is_minor=True) == [field_of(point) for point in Point] and field_of("x") == "point_x"
    for point in Point:
        assert missing(is_minor=True, points={**ALL, point: ""}) == [field_of(point)]
        assert missing(is_minor=True, points={**ALL, point: "unknown"}) == [field_of(point)]
    for seen in Seen:
        assert missing(is_minor=True, points=dict.fromkeys(Point, seen)) == []


READY = (
    "D’abord une question : es-tu en sécurité, là où tu es ? En danger, appelle le 17.",
    "First a question: are you safe where you are?",
    "Le 119 aide les enfants en danger, jour et nuit.",
    "Le 3018 aide les jeunes. C’est gratuit, et tu n’as pas à donner ton nom.",
    "As-tu déjà appelé le 3018 ?",
    "Le 3018 est fermé la nuit : n’appelle pas le 3018 maintenant.",
    "As-tu un code de sécurité sur ton compte ?",
)


@pytest.mark.parametrize(
    ("said", "points"),
    [
        (READY[0], {Point.DANGER}),
        (f"Bonsoir.\n{READY[1]} Take your time.", {Point.DANGER}),
        ("D’abord  une question : es-tu en sécurité, là où tu es\u00a0?", {Point.DANGER}),
        (f"{READY[2]} {READY[3]}", {Point.CHILD_LINE, Point.DIGITAL_LINE}),
    ],
)
def test_ready_words_that_were_sent_do_a_point(said, points):
    assert known_points(["Bonjour.", said], READY) == {point.value: Seen.DONE.value for point in points}


@pytest.mark.parametrize(
    "said",
    [
        *READY[4:],
        "As-tu déjà appelé le 119 ?",
        "N'appelle pas le 119 maintenant.",
        "Le 119 et le 3018 t'écoutent.",
        "Es-tu en sécurité ?",
        "Ils disent : Le 119 aide les enfants en danger, jour et nuit.",
    ],
)
def test_other_words_do_no_point(said):
    """What was asked, refused or said of something else was filled in, and kept, as done."""
    assert known_points([said], READY) == {}

"""What prevents an exchange from being ended."""

from chat.rules.closing import Point, Seen, field_of, missing_points

ALL = dict.fromkeys(Point, Seen.DONE)


def missing(**told) -> list[str]:
    given = {"is_minor": False, "points": {}, "is_emergency_open": False} | told
    return [one.field for one in missing_points(**given)]


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

"""Where the WAL of a store has a hole, on the way that PostgreSQL takes through it."""

import pytest

from pnav.backup.continuity import find_hole, name_of, number_of, path_of

SIZE = 16 * 2**20
ONE, TWO, THREE = "00000001", "00000002", "00000003"


@pytest.mark.parametrize(
    ("name", "size", "number"),
    [
        ("0000000100000000000000FF", SIZE, 255), ("000000010000000100000000", SIZE, 256),
        ("00000001000000000000003F", 64 * 2**20, 63), ("000000010000000300000001", 64 * 2**20, 193),
        ("000000030000000000000FFF", 2**20, 4095), ("0000000A0000000100000000", 2**20, 4096),
    ],
)  # fmt: skip
def test_names_are_numbers_and_back(name, size, number):
    assert number_of(name, size) == number and name_of(name[:8], number, size) == name


def names(*numbers: int, timeline: str = ONE) -> list[str]:
    return [name_of(timeline, number, SIZE) for number in numbers]


def test_hole_is_the_first_segment_that_is_missing_between_others():
    path = [(0, ONE)]
    assert find_hole(names(*range(250, 260)), path, 250, size=SIZE) is None
    assert find_hole(names(254, 255, 257), path, 254, size=SIZE) == "000000010000000100000000"
    assert find_hole(names(5, 6, 9), path, 7, size=SIZE) == names(7)[0]
    assert find_hole([*names(5), names(6)[0] + ".partial-0000000000001"], path, 5, size=SIZE) is None
    assert find_hole([names(5)[0] + ".partial-0000000000001", *names(6)], path, 5, size=SIZE) == names(5)[0]
    assert find_hole([], path, 5, size=SIZE) is find_hole(names(3), path, 5, size=SIZE) is None


def test_end_that_is_known_is_the_first_that_need_not_be_there():
    path = [(0, ONE)]
    assert find_hole(names(5, 6), path, 5, size=SIZE, end=7) is None
    assert find_hole(names(5, 6), path, 5, size=SIZE, end=8) == names(7)[0]
    part = names(6)[0] + ".partial-0000000000001"
    assert find_hole([*names(5), part], path, 5, size=SIZE, end=7) == names(6)[0], "its rest will never come"
    assert find_hole([*names(5), part], path, 5, size=SIZE, end=6) is None


def history(*ended: tuple[int, float]) -> str:
    lines = [f"{timeline}\t{int(at * SIZE) >> 32:X}/{int(at * SIZE) & 0xFFFFFFFF:08X}\twhy\n" for timeline, at in ended]
    return "".join(lines)


def test_path_follows_the_histories_to_the_latest_timeline():
    told = {TWO: history((1, 6.5)), THREE: history((1, 6.5), (2, 300))}
    assert path_of(ONE, {}, SIZE) == [(0, ONE)]
    assert path_of(ONE, told, SIZE) == path_of(TWO, told, SIZE) == [(0, ONE), (6, TWO), (300, THREE)]
    assert path_of(ONE, {TWO: told[TWO], "00000004": ""}, SIZE) == [(0, ONE), (6, TWO)], "as PostgreSQL looks for them"
    assert path_of(THREE, told, SIZE) == [(0, THREE)]
    left = {TWO: told[TWO], THREE: history((1, 4))}
    assert path_of(TWO, left, SIZE) == [(0, TWO)], "PostgreSQL refuses this"


def test_hole_is_looked_for_on_the_path_alone():
    path = [(0, ONE), (6, TWO)]
    there = [*names(4, 5, 6, 9), *names(6, 7, timeline=TWO)]
    assert find_hole(there, path, 4, size=SIZE) is None, "what was left may have holes"
    assert find_hole([*there, *names(9, timeline=TWO)], path, 4, size=SIZE) == names(8, timeline=TWO)[0]
    assert find_hole([*names(4, 5, 6), *names(7, timeline=TWO)], path, 4, size=SIZE) == names(6, timeline=TWO)[0]
    part = names(6)[0] + ".partial-0000000000001"
    assert find_hole([*names(4, 5), part], path, 4, size=SIZE) is None

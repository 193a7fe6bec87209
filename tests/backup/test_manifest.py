"""Which base backup a restore takes, and which objects of a store are old enough to be deleted."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from pnav.backup.manifest import Bases, Due, Manifest, begun_at, choose_base, find_due, folder_name, told_bytes

NOW = datetime(2026, 11, 28, 3, tzinfo=UTC)


def base(days_ago: float, segment: int = 1, **more) -> Manifest:
    began = NOW - timedelta(days=days_ago)
    values = {
        "id": folder_name(began), "name": "content", "release": "0.2.0", "server_version": "18.6", "system": "7",
        "timeline": "00000001", "start_segment": f"00000001{segment:016X}", "started_at": began,
        "ended_at": began + timedelta(minutes=5), "sizes": [3, 2],
    }  # fmt: skip
    return Manifest(**(values | more))


def wal(segment: int, timeline: int = 1) -> str:
    return f"{timeline:08X}{segment:016X}"


def by_folder(*bases: Manifest, unfinished: Sequence[Manifest] = (), closed: Sequence[Manifest] = ()) -> Bases:
    return Bases({one.id: one for one in bases}, [one.id for one in unfinished], [one.id for one in closed])


def test_manifest_is_read_as_it_was_written():
    one = base(1, counts={"chat_message": 7}, head="3:" + "0" * 64, proof_day="2026-11-27:" + "1" * 64)
    assert Manifest.parse(one.as_json()) == one
    assert begun_at(one.id) == one.started_at
    for wrong in ("", "[]", "{}", '{"format": "pnav-base-1"}', one.as_json().replace("pnav-base-1", "pnav-base-2")):
        with pytest.raises(ValueError):
            Manifest.parse(wrong)


def test_bytes_are_told_in_french():
    assert base(1).size == 5
    counts = (5, 999_900_000, 1_000_000_000, 22_240_000_000)
    assert [told_bytes(count) for count in counts] == ["0,0 Mo", "999,9 Mo", "1,0 Go", "22,2 Go"]


def test_point_in_time_is_restored_from_the_newest_base_that_had_ended():
    bases = [base(3), base(2), base(1)]
    assert choose_base(bases, None) == bases[2]
    assert choose_base(bases, NOW - timedelta(days=1)) == bases[1], "the third was still being taken"
    assert choose_base(bases, bases[2].ended_at) == bases[2]
    assert choose_base(bases, NOW - timedelta(days=4)) is None and choose_base([], None) is None


def test_what_is_old_goes_with_the_wal_that_nothing_left_needs():
    bases = by_folder(base(31, 10), base(30, 20), base(1, 30))
    names = [wal(n) for n in (9, 10, 19, 20, 21, 30)] + ["00000002.history", wal(20, timeline=2)]
    found = find_due(bases, names, now=NOW, days=30)
    assert found == Due([base(31).id], [wal(9), wal(10), wal(19)])


def test_last_base_stays_however_old_and_that_is_told():
    """Nothing could be restored otherwise; the age that people are told is not kept, so somebody must know."""
    bases = by_folder(base(40, 10), base(35, 20))
    assert find_due(bases, [wal(15), wal(20)], now=NOW, days=30) == Due([base(40).id], [wal(15)], is_last_too_old=True)


def test_base_that_was_broken_off_goes_after_a_day_and_needs_no_wal():
    bases = by_folder(base(0.5, 30), unfinished=[base(0.9), base(1.1)])
    assert find_due(bases, [wal(29), wal(30)], now=NOW, days=30) == Due([base(1.1).id], [wal(29)])


def test_base_that_does_not_open_stays_with_its_wal_until_its_age():
    """Its key may only be missing here, and with it this backup is as good as any other."""
    closed = [base(30.9, 5), base(20, 10), base(10, 20)]
    bases = by_folder(base(9, 30), base(1, 40), closed=closed)
    found = find_due(bases, [wal(n) for n in (4, 10, 25, 40)], now=NOW, days=30)
    assert found == Due([], []), "where a closed one begins is not known"
    later = find_due(bases, [wal(n) for n in (4, 10, 25, 40)], now=NOW + timedelta(days=10), days=30)
    assert later == Due([closed[0].id], [])
    last = find_due(by_folder(base(1, 40), closed=closed), [wal(25), wal(40)], now=NOW + timedelta(days=22), days=30)
    assert set(last.bases) == {one.id for one in closed} and last.wal == [wal(25)]


def test_newest_base_stays_closed_or_not():
    bases = by_folder(base(80, 5), closed=[base(70)])
    assert find_due(bases, [wal(5)], now=NOW, days=30) == Due([], [], is_last_too_old=True)


def test_wal_before_the_oldest_open_base_goes_although_a_newer_one_is_closed():
    bases = by_folder(base(9, 30), base(1, 40), closed=[base(5)])
    assert find_due(bases, [wal(29), wal(30)], now=NOW, days=30) == Due([], [wal(29)])


def test_nothing_of_the_wal_goes_while_no_base_is_whole():
    """The first base is being taken."""
    assert find_due(by_folder(unfinished=[base(2)]), [wal(1), wal(2)], now=NOW, days=30).wal == []


def test_parts_go_once_there_is_more_of_the_same_segment():
    parts = [f"{wal(5)}.partial-{n:013d}" for n in (1, 2)] + [f"{wal(6)}.partial-{n:013d}" for n in (3, 10)]
    found = find_due(by_folder(base(1, 1)), [wal(5), *parts], now=NOW, days=30)
    assert found.wal == [] and found.replaced == {parts[0]: wal(5), parts[1]: wal(5), parts[2]: parts[3]}


def test_every_day_of_a_year_something_can_be_restored_and_nothing_is_kept_too_long():
    """There is a base each day of a year, by a given clock. One fails now and then."""
    kept: dict[str, Manifest] = {}
    segments: list[str] = []
    start = NOW
    for day in range(365):
        now = start + timedelta(days=day)
        if day % 9:  # on each ninth day the backup could not be made
            kept[folder_name(now)] = base(-day, day * 10)
        segments += [wal(day * 10 + n) for n in range(10)]
        gone = find_due(Bases(kept), segments, now=now + timedelta(hours=1), days=30)
        for folder in gone.bases:
            del kept[folder]
        segments = [name for name in segments if name not in set(gone.wal)]
        if day > 1:
            newest = choose_base(kept.values(), None)
            assert newest is not None
            assert newest.start_segment in segments and segments[-1] == wal(day * 10 + 9)
            oldest = min(one.ended_at for one in kept.values())
            assert now - oldest < timedelta(days=30) and not gone.is_last_too_old
    assert len(segments) <= 32 * 10

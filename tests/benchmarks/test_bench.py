"""Which measurement of the bench runs on which server."""

import os

import pytest

from benchmarks import bench, stillness


@pytest.fixture
def all_cores():
    before = os.sched_getaffinity(0)
    bench.cores.cache_clear()
    yield before
    os.sched_setaffinity(0, before)
    bench.cores.cache_clear()


def test_web_keeps_its_own_core_when_the_bench_moves_to_the_other(all_cores):
    if len(all_cores) < 2:
        assert bench.cores() == (None, None)
        return
    web, other = bench.cores()
    assert web and other and not web & other
    os.sched_setaffinity(0, other)
    assert bench.cores() == (web, other)


def test_what_takes_the_core_away_is_noticed_and_told():
    times = iter([0.0, 0.0005, 0.0010, 0.0060, 0.0062, 0.0112, 0.0115])
    taken = stillness.interruptions(0.0113, lambda: next(times))
    assert taken == pytest.approx([0.005, 0.005])
    assert "2 times" in stillness.told(taken, 5) and "5.0 ms at most" in stillness.told(taken, 5)
    assert "is still" in stillness.told([], 5)


def test_slow_memory_is_measured_and_told():
    times = iter([0.0, 0.3, 1.0, 1.06, 2.0, 2.09])
    assert stillness.memory_read_ns(lambda: next(times)) == pytest.approx(200)
    assert 10 < stillness.memory_read_ns() < 100_000
    assert stillness.told_memory(240) == "A read of scattered memory takes 240 ns."
    assert "A slow machine" in stillness.told_memory(400)


def test_going_first_is_refused_to_what_fills_a_core(monkeypatch, capsys):
    for measures in ([], ["G1"], ["G4", "G9"]):
        monkeypatch.setattr("sys.argv", ["bench", "--undisturbed", *measures])
        with pytest.raises(SystemExit):
            bench.main()
        assert "name some of G13 G4 G5" in capsys.readouterr().err


def test_going_first_without_the_right_to_it_is_said(monkeypatch):
    def refuse(_pid, _policy, _parameters):
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    with pytest.raises(SystemExit, match="needs the right"):
        stillness.go_first()

"""What is measured where."""

import os

import pytest

from benchmarks import bench


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

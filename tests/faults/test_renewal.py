"""The run of a renewal begins before two steps, and distinguishes an absent proxy from a refusal."""

from datetime import timedelta

import pytest

from benchmarks.faults import renewal, web_judge


@pytest.fixture
def inside():
    made = renewal.Inside()
    yield made
    made.remove()


def test_three_steps_are_taken_in_a_run(inside):
    """Each is taken where the run says so; between the first and the last both authorities are trusted."""
    assert len(inside.authorities(inside.tls)) == 1
    assert "prepared" in inside.step(timedelta())
    assert "shown" in inside.step(renewal.SHOWN_AT)
    assert len(inside.authorities(inside.tls)) == 2
    assert "trusted no more" in inside.step(renewal.ENDED_AT)
    [newest] = inside.authorities(inside.tls)
    assert inside.authorities(inside.before) != [newest]
    assert inside.trusting_the_newest().read_bytes() == (inside.tls / "proxy/authority.pem").read_bytes()


def test_what_met_no_proxy_is_no_refusal_and_what_met_one_is():
    def asked(began, ended, status):
        return {"t": ended, "e": "asked", "c": "C", "m": "GET", "began": began, "status": status}

    def mark(name, t):
        return {"t": t, "e": "mark", "name": name}

    events = [
        mark("fault", 1), asked(1, 1.5, 200), mark(renewal.PROXY_AWAY, 2), asked(1.9, 2.1, 0), asked(2.2, 2.3, 0),
        mark(renewal.PROXY_BACK, 3), asked(2.9, 3.1, 502), asked(3.2, 3.3, 502), asked(3.4, 3.5, 200),
    ]  # fmt: skip
    left, absent = renewal.without_the_proxys_absence(events)
    found = web_judge.judge(left)
    assert (absent, found.asked, dict(found.refused)) == (3, 3, {"asked 502": 1})
    assert web_judge.breaches(found)


def test_redis_that_is_not_here_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("REDIS_PROGRAMS", str(tmp_path))
    with pytest.raises(renewal.NoRedis, match="redis-server"):
        renewal.redis_programs()

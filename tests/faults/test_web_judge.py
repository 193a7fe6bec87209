"""The judge of web faults finds each breach for those who came through the proxy."""

import pytest

from benchmarks.faults import web_judge
from benchmarks.faults.web_judge import breaches, judge

FAULT = {"t": 10.0, "e": "mark", "name": "fault"}


def asked(began, took=0.1, status=200, kind="asked"):
    return {"t": began + took, "e": kind, "c": "C", "v": "reporter", "m": "GET", "began": began, "status": status}


def ended(at, code, silent=None):
    return {"t": at, "e": "down", "c": "C", "v": "reporter", "code": code, "silent": at if silent is None else silent}


def back(at):
    return {"t": at, "e": "up", "c": "C", "v": "reporter"}


GOOD = [
    asked(9),
    FAULT,
    ended(10.1, 1006),
    asked(10.2, 1.5),
    asked(10.4, status=101, kind="shook"),
    back(10.6),
    asked(13),
]


def test_run_in_which_all_goes_well_misses_nothing():
    found = judge(GOOD)
    assert breaches(found) == []
    assert found.left == pytest.approx(0.2) and found.slowest == pytest.approx(1.5)
    assert found.back == [0.5] and found.codes == {"1006": 1} and found.asked == 2 and found.handshakes == 1


@pytest.mark.parametrize(
    ("more", "missed"),
    [
        ([asked(11, status=502)], "asked 502"),
        ([asked(11, status=504)], "asked 504"),
        ([asked(11, 20, status=0)], "asked 0"),
        ([asked(11, 8, status=0, kind="shook")], "shook 0"),
        ([asked(11, status=503, kind="shook")], "shook 503"),
        ([asked(12.5, 1.5)], "left after 2.5 s"),
        ([ended(11, 1006)], "1 sockets not back"),
        ([ended(11, 1006), back(15), ended(16, 1006), back(20)], "sockets back after 4.0 s"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_whatever_must_not_be_is_found(more, missed):
    assert any(missed in found for found in breaches(judge([*GOOD, *more])))


def test_what_was_on_its_way_is_counted_apart_and_judged_when_the_process_was_asked_to_end():
    found = judge([*GOOD[:1], FAULT, asked(9.9, 0.3, status=502), *GOOD[2:]])
    assert found.cut == 1 and breaches(found) == []
    assert breaches(found, told=True) == ["1 cut on their way", "1 sockets ended without a word"]
    assert breaches(judge([FAULT, ended(10.1, web_judge.CODE_OF_AN_END), back(11)]), told=True) == []


def test_silence_of_a_frozen_process_counts_from_the_fault():
    found = judge([FAULT, ended(17, 1006, silent=9.8), back(17.5)])
    assert found.back == [7.5]
    assert breaches(found) == ["sockets back after 7.5 s"] and breaches(found, unnoticed=True) == []

"""The judge of files finds each broken promise, and nothing in a correct journal."""

import pytest

from benchmarks.faults.checker import Verdict
from benchmarks.faults.uploads_judge import FILES, judge

ID, OTHER, C, SIZE, SHA = "1" * 36, "2" * 36, "c" * 36, 500, "ab"


def sent(key=ID):
    return {"e": "file", "c": C, "id": key, "size": SIZE, "b": SHA}


def slices(*received, key=ID):
    return [{"e": "slice", "c": C, "id": key, "received": one} for one in received]


def kept(key=ID, **changed):
    return {"e": "file_kept", "c": C, "id": key, "received": SIZE, "is_whole": True, "b": SHA, **changed}


GOOD = [sent(), *slices(0, 240, 240, 500, 500), kept(), {"e": "mark", "name": "end"}]


def test_a_file_that_is_right_breaks_nothing():
    verdict = Verdict()
    assert judge([*GOOD, sent(OTHER), *slices(0, 500, key=OTHER), kept(OTHER)], verdict) == 2
    assert verdict.is_clean


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([sent(), *slices(0, 500)], "is there 0 times"),
        ([sent(), *slices(0, 500), kept(), kept()], "is there 2 times"),
        ([sent(), *slices(0, 240)], "240 of 500"),
        ([sent()], "0 of 500"),
        ([sent(), *slices(0, 500), kept(is_whole=False)], "and is not"),
        ([sent(), *slices(0, 500), kept(received=240)], "and is not"),
        ([sent(), *slices(0, 500), kept(c="d" * 36)], "and is not"),
        ([sent(), *slices(0, 500), kept(b="cd")], "not what was sent"),
        ([sent(), *slices(0, 500), kept(b="")], "not what was sent"),
        ([sent(), *slices(240, 0, 500), kept()], "went back"),
        ([sent(), *slices(0, 600, 500), kept()], "nobody sent"),
        ([*slices(0)], "nobody sent"),
        ([*GOOD, kept(OTHER)], "nobody sent it"),
        ([sent(), {"e": "file_refused", "c": C, "id": ID, "status": 410}], "refused with 410"),
    ],
)
def test_what_is_broken_is_found(events, said):
    verdict = Verdict()
    judge(events, verdict)
    assert verdict.counts[FILES] >= 1 and said in " ".join(verdict.examples)

"""A judge who finds nothing must be able to find: one journal for each way of being wrong."""

import pytest

from benchmarks.faults import checker
from benchmarks.faults.checker import KINDS, bad_journals, check, check_tutorial, good_journal, waits

BAD = bad_journals()


def test_good_journal_is_clean():
    verdict = check(good_journal())
    assert verdict.is_clean, verdict.examples
    assert (verdict.sent, verdict.acknowledged, verdict.kept, verdict.shown) == (3, 3, 4, 8)


@pytest.mark.parametrize(("kind", "what", "journal"), BAD, ids=[f"{kind} - {what}" for kind, what, _journal in BAD])
def test_bad_journal_is_found(kind, what, journal):
    verdict = check(journal)
    assert verdict.counts[kind], f"{what}: {dict(verdict.counts)}"
    assert verdict.examples


def test_every_kind_has_a_journal_that_must_fail():
    assert {kind for kind, _what, _journal in BAD} == set(KINDS)


def test_a_blind_judge_stops_the_run(monkeypatch):
    monkeypatch.setattr(checker, "check", lambda _events: checker.Verdict())
    with pytest.raises(SystemExit, match="does not see"):
        checker.self_test()


def test_tutorial_is_judged_by_what_it_delivers():
    assert check_tutorial(good_of_tutorial()).is_clean
    lost = [event for event in good_of_tutorial() if not (event["e"] == "show" and event["id"] == "r1")]
    assert check_tutorial(lost).counts == {checker.UNDELIVERED: 1}
    again = good_of_tutorial()
    assert check_tutorial([*again, again[-1]]).counts == {checker.SHOWN_TWICE: 1}
    mixed = good_of_tutorial()
    mixed[2], mixed[3] = mixed[3], mixed[2]
    assert check_tutorial(mixed).counts == {checker.OUT_OF_ORDER: 1}


def good_of_tutorial():
    sends = [{"t": 1, "e": "send", "c": "C", "s": "reporter", "id": name, "b": name} for name in ("r1", "r2")]
    return sends + [{**send, "e": "show", "v": "agent", "a": "reporter", "seq": None} for send in sends]


def test_longest_wait_is_told_by_how_the_conversation_stood():
    def exchange(conversation, client_id, sent, shown):
        send = {"t": sent, "e": "send", "c": conversation, "s": "reporter", "id": client_id, "b": ""}
        return [send, {**send, "t": shown, "e": "show", "v": "agent", "a": "reporter", "seq": 1}]

    journal = [
        *exchange("A", "1", 0.0, 0.5),
        {"t": 1.0, "e": "mark", "name": "fault"},
        {"t": 1.0, "e": "placed", "c": "A", "k": "hit"},
        {"t": 1.0, "e": "placed", "c": "B", "k": "across"},
        *exchange("A", "2", 0.9, 3.0),
        *exchange("A", "3", 2.0, 2.1),
        *exchange("B", "4", 2.0, 2.25),
        {"t": 3.0, "e": "mark", "name": "repaired"},
        {"t": 5.0, "e": "send", "c": "B", "s": "agent", "id": "5", "b": ""},  # never arrives
        {"t": 6.0, "e": "mark", "name": "end"},
    ]
    found = waits(journal)
    assert found.longest == {"before": [0.5], "hit": [2.1], "across": [1.0]}
    assert found.lasted == 2.0
    assert found.during == {"hit": [0.1], "across": [0.25]}

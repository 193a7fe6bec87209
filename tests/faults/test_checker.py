"""The judge of messages finds each kind of breach, in one journal for each."""

import pytest

from benchmarks.faults import checker
from benchmarks.faults.checker import (
    KINDS,
    bad_journals,
    check,
    check_each,
    check_tutorial,
    good_journal,
    packed,
    silence,
    waits,
)
from benchmarks.faults.journal import Journal, PackedJournal

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


def judge_packed(journal):
    return check_each(packed(journal).of_each_conversation())


def test_good_journal_is_clean_when_it_is_packed():
    verdict = judge_packed(good_journal())
    assert verdict.is_clean, verdict.examples
    assert (verdict.sent, verdict.acknowledged, verdict.kept, verdict.shown) == (3, 3, 4, 8)


@pytest.mark.parametrize(("kind", "what", "journal"), BAD, ids=[f"{kind} - {what}" for kind, what, _journal in BAD])
def test_bad_journal_is_found_when_it_is_packed(kind, what, journal):
    assert judge_packed(journal).counts == check(journal).counts, what


def of_another_conversation(events):
    return [{**event, "c": "D", "id": event.get("id") and f"other {event['id']}"} for event in events]


def test_one_conversation_is_judged_after_the_other_and_nothing_passes_between_them():
    other = of_another_conversation(good_journal())
    assert judge_packed([*good_journal(), *other]).is_clean
    (sent,) = (event for event in good_journal() if event["e"] == "kept" and event["id"] == "r2")
    for stray in (
        {**sent, "c": "D", "seq": 5},
        {"t": 9, "e": "show", "c": "D", "v": "agent", "seq": 5, "id": "r2", "a": "reporter", "b": "z"},
    ):
        verdict = judge_packed([*good_journal(), *other, stray])
        assert verdict.counts[checker.INVENTED], dict(verdict.counts)
    without = [event for event in good_journal() if event.get("id") != "r2" or event["e"] != "ack"]
    stray = {"t": 4.1, "e": "ack", "c": "D", "s": "reporter", "id": "r2", "seq": 4}
    assert judge_packed([*without, *other, stray]).counts[checker.UNACKNOWLEDGED] == 1


def test_packed_journal_gives_back_what_was_noted_in_its_order():
    plain, packed_one = Journal(), PackedJournal()
    packed_one.started = plain.started
    name, body = "0f8fad5b-d9cb-469f-a165-70867728950e", "00ff00ff00ff"
    noted = [
        ("mark", {"name": "fault"}),
        ("send", {"c": "C", "s": "reporter", "id": name, "b": body}),
        ("show", {"c": "C", "v": "agent/2", "seq": 1, "id": None, "a": "system", "b": body}),
        ("ack", {"c": "C", "s": "reporter", "id": name, "seq": None}),
        ("show", {"c": "C", "v": "agent", "seq": 2, "id": "no UUID", "a": "reporter", "b": body}),
        ("show", {"c": "C", "v": "agent", "seq": 0, "id": name.upper(), "a": "reporter", "b": body}),
        ("refused", {"c": "C", "s": "agent", "id": name, "code": "closed"}),
        ("ack", {"c": "C", "s": "reporter", "id": name, "seq": 4_000_000_000}),
        ("kept", {"c": "C", "seq": 5_000_000_000, "a": "agent", "id": name, "b": body}),
        ("kept", {"c": "C", "seq": 3, "a": "agent", "id": 7, "b": body}),
        ("kept", {"c": "C", "seq": -1, "a": "agent", "id": name, "b": ""}),
    ]
    for kind, fields in noted:
        plain.note(kind, **fields)
        packed_one.note(kind, **fields)
    (expected,), (found,) = plain.of_each_conversation(), packed_one.of_each_conversation()
    without_time = [{key: value for key, value in event.items() if key != "t"} for event in found]
    assert sorted(map(str, without_time)) == sorted(
        str({key: value for key, value in event.items() if key != "t"}) for event in expected
    )
    messages = [event["e"] for event in found if event["e"] != "refused"]
    assert messages == [event["e"] for event in expected if event["e"] != "refused"]
    assert all(0 <= event["t"] < 60 for event in found)
    assert [event["name"] for event in packed_one.events if event["e"] == "mark"] == ["fault"]


def test_every_kind_has_a_journal_that_must_fail():
    assert {kind for kind, _what, _journal in BAD} == set(KINDS)


def test_a_blind_judge_stops_the_run(monkeypatch):
    monkeypatch.setattr(checker, "check", lambda _events: checker.Verdict())
    with pytest.raises(SystemExit, match="does not see"):
        checker.self_test()


def test_a_judge_who_is_blind_to_packed_journals_stops_the_run(monkeypatch):
    monkeypatch.setattr(checker, "check_each", lambda _conversations: checker.Verdict())
    with pytest.raises(SystemExit, match="packed"):
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
        {"t": 5.0, "e": "send", "c": "B", "s": "agent", "id": "5", "b": ""},  # it never arrives
        {"t": 6.0, "e": "mark", "name": "end"},
    ]
    found = waits(journal)
    assert found.longest == {"before": [0.5], "hit": [2.1], "across": [1.0]}
    assert found.lasted == 2.0
    assert found.during == {"hit": [0.1], "across": [0.25]}


def outage(*acknowledged):
    """Return a run in which somebody writes each second from 0 to 9, and PostgreSQL is away from 3 to 5.

    acknowledged: (n, when).
    """
    sends = [{"t": n, "e": "send", "c": "C", "s": "reporter", "id": str(n), "b": ""} for n in range(10)]
    acks = [{"t": t, "e": "ack", "c": "C", "s": "reporter", "id": str(n), "seq": n} for n, t in acknowledged]
    marks = {"fault": 3.0, "serving": 5.0, "repaired": 8.0, "end": 12.0}
    return [*sends, *acks, *({"t": t, "e": "mark", "name": name} for name, t in marks.items())]


def test_silence_lasts_from_the_fault_to_the_first_acknowledgement_after_it():
    prompt = [(n, n + 0.1) for n in (0, 1, 2, 6, 7, 8, 9)]
    found = silence(outage(*prompt, (3, 5.5), (4, 5.6), (5, 5.7)))
    assert (found.away, found.silent, found.held) == (2.0, 2.5, 0.7)
    assert found.is_kept


def test_silence_that_outlasts_the_database_by_more_than_a_second_is_not_kept():
    found = silence(outage((0, 0.1), (3, 6.5), (9, 9.1)))
    assert found.silent == 3.5 and not found.is_kept
    assert found.held == 7.0, "what was never acknowledged waited to the end"


def test_acknowledgements_that_stop_again_are_a_silence_too():
    found = silence(outage((3, 5.1), (4, 5.2)))
    assert found.silent == 6.8 and not found.is_kept


def test_silence_is_asked_only_where_it_is_known_when_the_database_served_again():
    assert silence(good_journal()) is None

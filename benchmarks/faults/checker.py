"""The judge reads a journal (see journal.py) and counts the promises that were broken. It is pure: it knows neither
server nor client.

`python -m benchmarks.faults.checker FILE…` judges journals that were kept.
"""

import json
import sys
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.faults.journal import PackedJournal, digest

Event = dict[str, Any]

LOST = "lost"  # it was acknowledged, and is not in the database or was never shown to somebody who stayed to the end
STORED_TWICE = "stored twice"
SHOWN_TWICE = "shown twice"
# It was shown against the order of `seq`, or numbered against the order in which its author sent it.
OUT_OF_ORDER = "out of order"
# Two viewers, or one of them or an acknowledgement and the database, differ on which message has a number.
DISAGREE = "disagree"
INVENTED = "invented"  # it was shown or stored, and nobody sent it, or with another body or author
UNACKNOWLEDGED = "unacknowledged"  # it was neither acknowledged nor refused, long after everything was repaired
REFUSED = "refused"  # it was refused as « closed » or « forbidden » in an open conversation of its author
GAPS = "gaps"  # numbers are missing between 1 and the last one, in the database or on somebody's screen
KINDS = (
    LOST, STORED_TWICE, SHOWN_TWICE, OUT_OF_ORDER, DISAGREE, INVENTED, UNACKNOWLEDGED, REFUSED, GAPS,
)  # fmt: skip
UNDELIVERED = "never delivered"  # only for the tutorial, which acknowledges and stores nothing
EXAMPLES = 12


@dataclass
class Verdict:
    """How often each promise was broken, and the first examples in words."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    sent: int = 0
    acknowledged: int = 0
    kept: int = 0
    shown: int = 0

    def find(self, kind: str, what: str) -> None:
        self.counts[kind] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(f"{kind}: {what}")

    @property
    def is_clean(self) -> bool:
        return not self.counts


def _of(events: Iterable[Event], kind: str) -> list[Event]:
    return [event for event in events if event["e"] == kind]


def check(events: list[Event]) -> Verdict:
    """Judge the run of a chat that stores what it acknowledges."""
    verdict = Verdict()
    sends, acks, shows, kept = (_of(events, kind) for kind in ("send", "ack", "show", "kept"))
    verdict.sent, verdict.acknowledged, verdict.shown, verdict.kept = len(sends), len(acks), len(shows), len(kept)
    sent = {event["id"]: event for event in sends}
    _check_kept(verdict, sends, sent, kept)
    _check_shown(verdict, sent, shows, kept)
    _check_answers(verdict, events, sent, acks, shows, kept)
    return verdict


def check_each(conversations: Iterable[list[Event]]) -> Verdict:
    """Judge one conversation after the other, because no promise concerns two of them.

    A message that was sent in one conversation and stored or shown in another counts as invented there.
    """
    whole = Verdict()
    for events in conversations:
        found = check(events)
        whole.counts += found.counts
        whole.examples += found.examples[: EXAMPLES - len(whole.examples)]
        whole.sent += found.sent
        whole.acknowledged += found.acknowledged
        whole.kept += found.kept
        whole.shown += found.shown
    return whole


def _is_as_sent(item: Event, sent: dict[str, Event]) -> bool:
    if item["a"] == "system":
        return item["id"] is None
    send = sent.get(item["id"])
    return send is not None and (send["c"], send["s"], send["b"]) == (item["c"], item["a"], item["b"])


def _check_kept(verdict: Verdict, sends: list[Event], sent: dict[str, Event], kept: list[Event]) -> None:
    ids: set[str] = set()
    bodies: set[tuple[str, str, str]] = set()
    numbers: dict[str, list[int]] = defaultdict(list)
    for row in kept:
        where = f"{row['c']} {row['seq']}"
        numbers[row["c"]].append(row["seq"])
        if row["a"] != "system":
            copy = (row["c"], row["a"], row["b"])
            if row["id"] in ids or copy in bodies:
                verdict.find(STORED_TWICE, f"{where}: {row['id']}")
            ids.add(row["id"])
            bodies.add(copy)
        if not _is_as_sent(row, sent):
            verdict.find(INVENTED, f"kept {where}: {row['id']}")
    for conversation, found in numbers.items():
        if sorted(found) != list(range(1, len(found) + 1)):
            verdict.find(GAPS, f"{conversation}: the database does not number from 1 without holes")
    number = {row["id"]: row["seq"] for row in kept if row["id"]}
    last: dict[tuple[str, str], int] = {}
    for send in sends:
        seq, author = number.get(send["id"]), (send["c"], send["s"])
        if seq is None:
            continue
        if seq < last.get(author, 0):
            verdict.find(OUT_OF_ORDER, f"{send['c']} {seq}: kept before what {send['s']} had sent earlier")
        last[author] = max(seq, last.get(author, 0))


def _check_shown(verdict: Verdict, sent: dict[str, Event], shows: list[Event], kept: list[Event]) -> None:
    truth = {(row["c"], row["seq"]): (row["id"], row["a"], row["b"]) for row in kept}
    length = Counter(row["c"] for row in kept)
    seen: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for show in shows:
        seen[show["c"], show["v"]].append(show)
        if not _is_as_sent(show, sent):
            verdict.find(INVENTED, f"{show['v']} was shown {show['c']} {show['seq']}: {show['id']}")
    held: dict[tuple[str, int], tuple[Any, ...]] = dict(truth)
    for (conversation, viewer), items in seen.items():
        numbers: set[int] = set()
        ids: set[str] = set()
        last = 0
        for item in items:
            where = f"{viewer} of {conversation} at {item['seq']}"
            if item["seq"] in numbers or (item["id"] and item["id"] in ids):
                verdict.find(SHOWN_TWICE, where)
            elif item["seq"] < last:
                verdict.find(OUT_OF_ORDER, where)
            numbers.add(item["seq"])
            ids.add(item["id"])
            last = max(last, item["seq"])
            value = (item["id"], item["a"], item["b"])
            if held.setdefault((conversation, item["seq"]), value) != value or (conversation, item["seq"]) not in truth:
                verdict.find(DISAGREE, where)
        if missing := set(range(1, max(last, length[conversation]) + 1)) - numbers:
            verdict.find(GAPS, f"{viewer} of {conversation}: {len(missing)} missing from {min(missing)} on")


def _check_answers(
    verdict: Verdict, events: list[Event], sent: dict[str, Event], acks: list[Event], shows: list[Event],
    kept: list[Event],
) -> None:  # fmt: skip
    number = {(row["c"], row["a"], row["id"]): row["seq"] for row in kept}
    viewers: dict[str, set[str]] = defaultdict(set)
    shown_to: dict[str, set[str]] = defaultdict(set)
    for show in shows:
        viewers[show["c"]].add(show["v"])
        shown_to[show["id"]].add(show["v"])
    for ack in acks:
        seq = number.get((ack["c"], ack["s"], ack["id"]))
        where = f"{ack['id']} of {ack['s']} in {ack['c']}"
        other = "agent" if ack["s"] == "reporter" else "reporter"
        if seq is None:
            verdict.find(LOST, f"{where}: acknowledged at {ack['t']} and not in the database")
        elif unseen := (viewers[ack["c"]] | {other}) - shown_to[ack["id"]]:
            verdict.find(LOST, f"{where}: acknowledged at {ack['t']}, never shown to {', '.join(sorted(unseen))}")
        elif ack["seq"] not in {None, seq}:
            verdict.find(DISAGREE, f"{where}: acknowledged as {ack['seq']}, kept as {seq}")
    answered = {ack["id"] for ack in acks}
    for refusal in _of(events, "refused"):
        answered.add(refusal["id"])
        verdict.find(REFUSED, f"{refusal['id']} of {refusal['s']} in {refusal['c']}: {refusal['code']}")
    for client_id, send in sent.items():
        if client_id not in answered:
            verdict.find(UNACKNOWLEDGED, f"{client_id} of {send['s']} in {send['c']}, sent at {send['t']}")


def check_tutorial(events: list[Event]) -> Verdict:
    """Judge a chat that promises nothing: count what was sent and never seen by the other side, seen twice, or mixed
    up.
    """
    verdict = Verdict()
    sends, shows = _of(events, "send"), _of(events, "show")
    verdict.sent, verdict.shown = len(sends), len(shows)
    order = {event["id"]: rank for rank, event in enumerate(sends)}
    seen: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    reached: set[str] = set()
    for show in shows:
        seen[show["c"], show["v"], show["a"]].append(show["id"])
        if show["v"] != show["a"]:
            reached.add(show["id"])
    for event in sends:
        if event["id"] not in reached:
            verdict.find(UNDELIVERED, f"{event['id']} of {event['s']} in {event['c']}, sent at {event['t']}")
    for (conversation, viewer, _author), ids in seen.items():
        if len(ids) != len(set(ids)):
            verdict.counts[SHOWN_TWICE] += len(ids) - len(set(ids))
        ranks = [order[client_id] for client_id in ids]
        for before, after in pairwise(ranks):
            if after < before:
                verdict.find(OUT_OF_ORDER, f"{viewer} of {conversation}")
    return verdict


@dataclass
class Waits:
    """Times in seconds from sending a message until the other side sees it.

    longest: for each conversation the longest time, by how the conversation stood (`hit`, `same`, `across`, `polled`),
    for messages that were sent after the fault began or were under way then. Under `before` it is that of messages that
    had arrived by then, in conversations with sockets: an ordinary moment.
    during: all times of messages that were sent between the fault and the repair.
    lasted: the time from the fault to the repair.
    A message that never arrived counts until the end of the journal.
    """

    longest: dict[str, list[float]] = field(default_factory=dict)
    during: dict[str, list[float]] = field(default_factory=dict)
    lasted: float = 0.0


def waits(events: list[Event]) -> Waits:
    """Return how long conversations were interrupted."""
    marks = {event["name"]: event["t"] for event in _of(events, "mark")}
    end = max((event["t"] for event in events), default=0.0)
    began, repaired = marks.get("fault", 0.0), marks.get("repaired", end)
    placed = {event["c"]: event["k"] for event in _of(events, "placed")}
    arrived: dict[str, float] = {}
    for show in _of(events, "show"):
        sender = show["a"]
        if sender != "system" and not show["v"].startswith(sender):
            arrived.setdefault(show["id"], show["t"])
    longest: dict[tuple[str, str], float] = {}
    during: dict[str, list[float]] = defaultdict(list)
    for send in _of(events, "send"):
        at = arrived.get(send["id"], end)
        wait = round(at - send["t"], 4)
        kind = placed.get(send["c"], "hit")
        if at < began and kind == "polled":
            continue
        key = (send["c"], "before" if at < began else kind)
        longest[key] = max(longest.get(key, 0.0), wait)
        if began <= send["t"] < repaired:
            during[kind].append(wait)
    found = Waits(during=dict(during), lasted=round(repaired - began, 4))
    for (_conversation, kind), wait in sorted(longest.items()):
        found.longest.setdefault(kind, []).append(wait)
    return found


BEYOND_SECONDS = 1.0  # acknowledgements must be back so long after PostgreSQL takes writing again


@dataclass
class Silence:
    """How long nobody got an acknowledgement, in seconds.

    away: the time from the fault until PostgreSQL took writing again. silent: the longest time without any
    acknowledgement, from the fault to the repair and after it. held: how much longer a message that waited when
    PostgreSQL was back stayed without acknowledgement, at most.
    """

    away: float
    silent: float
    held: float

    @property
    def is_kept(self) -> bool:
        """Return whether the promise was kept: not longer than PostgreSQL itself was away, and a second."""
        return self.silent <= self.away + BEYOND_SECONDS


def silence(events: list[Event]) -> Silence | None:
    """Return the silence of a run in which PostgreSQL was away and the journal says when it was back; None for any
    other run.
    """
    marks = {event["name"]: event["t"] for event in _of(events, "mark")}
    if "serving" not in marks:
        return None
    began, serving = marks["fault"], marks["serving"]
    acks = {event["id"]: event["t"] for event in _of(events, "ack")}
    sends = {event["id"]: event["t"] for event in _of(events, "send")}
    end = marks.get("end", max(event["t"] for event in events if "t" in event))
    # Only while people wrote: when nobody writes, there is nothing to acknowledge.
    last = max((t for t in sends.values()), default=began)
    times = [began, *sorted(t for t in acks.values() if began < t <= last)]
    times.append(min((t for t in acks.values() if t > last), default=end))
    waited = [
        acks.get(client_id, end) - serving
        for client_id, sent in sends.items()
        if sent <= serving < acks.get(client_id, end)
    ]
    silent = max(after - before for before, after in pairwise(times))
    return Silence(round(serving - began, 4), round(silent, 4), round(max(waited, default=0.0), 4))


# --- the judge judged -------------------------------------------------------------------------------------------------


def good_journal() -> list[Event]:
    """Return a journal without any breach: two sides, three messages, one line of the system."""
    items = [(1, None, "system", "s"), (2, "r1", "reporter", "x"), (3, "a1", "agent", "y"), (4, "r2", "reporter", "z")]
    events: list[Event] = []
    for seq, client_id, author, body in items:
        if client_id:
            events.append({"t": seq, "e": "send", "c": "C", "s": author, "id": client_id, "b": body})
            events.append({"t": seq + 0.1, "e": "ack", "c": "C", "s": author, "id": client_id, "seq": seq})
        for viewer in ("reporter", "agent"):
            item = {"c": "C", "v": viewer, "seq": seq, "id": client_id, "a": author, "b": body}
            events.append({"t": seq + 0.2, "e": "show", **item})
    for seq, client_id, author, body in items:
        events.append({"t": 9, "e": "kept", "c": "C", "seq": seq, "id": client_id, "a": author, "b": body})
    return events


def _without(kind: str, **fields: Any) -> list[Event]:
    wanted = {"e": kind, **fields}
    return [event for event in good_journal() if not wanted.items() <= event.items()]


def _changed(kind: str, where: dict[str, Any], **fields: Any) -> list[Event]:
    wanted = {"e": kind, **where}
    return [{**event, **fields} if wanted.items() <= event.items() else event for event in good_journal()]


def _swapped(kind: str, first: str, second: str, field_name: str) -> list[Event]:
    """Return the events of this kind, in which the two ids have exchanged this field."""
    values = {event["id"]: event[field_name] for event in good_journal() if event["e"] == kind}
    exchange = {first: values[second], second: values[first]}
    return [
        {**event, field_name: exchange[event["id"]]} if event["e"] == kind and event["id"] in exchange else event
        for event in good_journal()
    ]


def _shown_backwards() -> list[Event]:
    events = good_journal()
    at = {event["seq"]: place for place, event in enumerate(events) if event["e"] == "show" and event["v"] == "agent"}
    events[at[2]], events[at[3]] = events[at[3]], events[at[2]]
    return events


def bad_journals() -> list[tuple[str, str, list[Event]]]:
    """Return the kind of breach that must be found, what was done to the correct journal, and the changed journal."""
    good = good_journal()
    copy = {"t": 9, "e": "kept", "c": "C", "a": "reporter"}
    shown = {"t": 9, "e": "show", "c": "C", "v": "agent", "a": "reporter"}
    return [
        (LOST, "acknowledged and not kept", _without("kept", id="r2")),
        (LOST, "acknowledged and not shown to the other side", _without("show", id="r2", v="agent")),
        (LOST, "acknowledged, and the other side saw nothing at all", _without("show", v="agent")),
        (STORED_TWICE, "the same client_id twice", [*good, {**copy, "seq": 5, "id": "r2", "b": "z"}]),
        (STORED_TWICE, "the same text under another client_id", [*good, {**copy, "seq": 5, "id": "r3", "b": "z"}]),
        (SHOWN_TWICE, "the same number twice", [*good, {**shown, "seq": 4, "id": "r2", "b": "z"}]),
        (SHOWN_TWICE, "the same message under two numbers", [*good, {**shown, "seq": 5, "id": "r2", "b": "z"}]),
        (OUT_OF_ORDER, "shown against the numbers", _shown_backwards()),
        (OUT_OF_ORDER, "numbered against the order of sending", _swapped("kept", "r1", "r2", "seq")),
        (DISAGREE, "the sides hold different texts", _changed("show", {"seq": 3, "v": "reporter"}, id="r2", b="z")),
        (DISAGREE, "acknowledged under another number", _changed("ack", {"id": "r2"}, seq=3)),
        (DISAGREE, "shown, and not in the database", [*good, {**shown, "seq": 5, "id": None, "a": "system", "b": "?"}]),
        (INVENTED, "kept, and nobody sent it", [*good, {**copy, "seq": 5, "id": "no", "b": "?"}]),
        (INVENTED, "kept with another body", _changed("kept", {"id": "r1"}, b="other")),
        (INVENTED, "shown as the other side's", _changed("show", {"id": "a1"}, a="reporter")),
        (INVENTED, "shown, and nobody sent it", [*good, {**shown, "seq": 5, "id": "no", "b": "?"}]),
        (UNACKNOWLEDGED, "no answer at all", _without("ack", id="r1")),
        (REFUSED, "refused", [*good, {"t": 9, "e": "refused", "c": "C", "s": "agent", "id": "a1", "code": "closed"}]),
        (GAPS, "a number missing in the database", _changed("kept", {"seq": 4}, seq=6)),
        (GAPS, "a number never shown", _without("show", seq=1, v="agent")),
        (GAPS, "nothing shown after a point", _without("show", seq=4, v="reporter")),
    ]


def packed(events: list[Event]) -> PackedJournal:
    """Return the same events as a fast run stores them: packed, with ids and digests."""
    journal = PackedJournal()
    for event in events:
        fields = {name: value for name, value in event.items() if name not in {"t", "e"}}
        if fields.get("id") is not None:
            fields["id"] = str(uuid.uuid5(uuid.NAMESPACE_OID, fields["id"]))
        if "b" in fields:
            fields["b"] = digest(fields["b"])
        journal.note(event["e"], **fields)
    return journal


def self_test() -> None:
    """Run before every fault run, to show that the judge finds each kind of breach, in packed journals too."""
    for name, judged in (("", check), (" packed", lambda events: check_each(packed(events).of_each_conversation()))):
        if not judged(good_journal()).is_clean:
            raise SystemExit(f"The checker finds faults in a good{name} journal: no run is worth anything.")
        for kind, what, journal in bad_journals():
            if not judged(journal).counts[kind]:
                raise SystemExit(f"The checker does not see « {kind} » ({what}){name}: no run is worth anything.")


def main() -> None:
    self_test()
    for name in sys.argv[1:]:
        verdict = check([json.loads(line) for line in Path(name).read_text().splitlines()])
        print(f"{name}: {verdict.sent} sent, {dict(verdict.counts) or 'clean'}")
        print("".join(f"  {example}\n" for example in verdict.examples), end="")


if __name__ == "__main__":
    main()

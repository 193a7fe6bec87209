"""Judges what a fault of a web process did to people behind the proxy. It is pure, and reads the journal of
`web_faults`.

Its kinds of events besides those of `journal`; `t` is the moment when something ended or was noticed:

| e | fields | meaning |
| --- | --- | --- |
| asked | c, m, began, status | a page or a frame over HTTP, by this method, was answered so (0: not at all) |
| shook | c, v, began, status | a handshake: 101, another status, or 0 for no answer |
| down | c, v, code | the socket of this viewer ended |
| up | c, v | and this one has read what it had missed |
"""

import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Event = dict[str, Any]

SLOW_SECONDS = 1.4  # whoever waits longer met the process that broke, because the proxies give a frozen one 1.5 s
LEFT_WITHIN_SECONDS = 2.0
BACK_WITHIN_SECONDS = 2.0
CODE_OF_AN_END = 4412  # the close code « come back »


@dataclass
class Finding:
    """It is what a fault did to those who came through the proxy.

    refused: answers of the proxy's own, or none, to what was asked after the fault, by what it was. cut: the same of
    what was on its way to the process when it broke, and may not be asked twice. left: seconds from the fault to the
    last thing that was begun and failed or waited too long; 0 when nothing did. slowest: the longest that anything took
    which began after the fault, in seconds. back: for each socket that ended, seconds until it had read what it missed.
    never: sockets that did not come back. codes: how sockets ended.
    """

    refused: Counter[str] = field(default_factory=Counter)
    cut: int = 0
    left: float = 0.0
    slowest: float = 0.0
    asked: int = 0
    handshakes: int = 0
    back: list[float] = field(default_factory=list)
    never: int = 0
    codes: Counter[str] = field(default_factory=Counter)

    @property
    def median_back(self) -> float:
        return statistics.median(self.back) if self.back else 0.0


def _is_good(event: Event) -> bool:
    return bool(event["status"] == 101 if event["e"] == "shook" else 200 <= event["status"] < 500)


def judge(events: Iterable[Event]) -> Finding:
    """Read one run. From the mark `fault` on; whatever ended before it says nothing."""
    events = list(events)
    fault = next(event["t"] for event in events if event["e"] == "mark" and event["name"] == "fault")
    found = Finding()
    down: dict[tuple[str, str], float] = {}
    for event in events:
        if event["t"] < fault:
            continue
        if event["e"] in {"asked", "shook"}:
            _weigh(found, event, fault)
        elif event["e"] == "down":
            found.codes[str(event["code"])] += 1
            # A frozen process ends no line: silence began with the fault.
            down.setdefault((event["c"], event["v"]), event.get("silent", event["t"]))
        elif event["e"] == "up" and (since := down.pop((event["c"], event["v"]), None)) is not None:
            found.back.append(round(event["t"] - max(since, fault), 3))
    found.never = len(down)
    return found


def _weigh(found: Finding, event: Event, fault: float) -> None:
    took = event["t"] - event["began"]
    is_good = _is_good(event)
    if event["e"] == "shook":
        found.handshakes += 1
    else:
        found.asked += 1
    if event["began"] < fault:
        if not is_good:
            found.cut += 1
        return
    found.slowest = max(found.slowest, took)
    if not is_good:
        found.refused[f"{event['e']} {event['status']}"] += 1
    if not is_good or took > SLOW_SECONDS:
        found.left = max(found.left, event["began"] - fault)


def breaches(found: Finding, *, told: bool = False, unnoticed: bool = False) -> list[str]:
    """Return what a run missed, in words; empty when it did what it must.

    told: the process was asked to end, so that its sockets end by a code and whoever is on its way is answered.
    unnoticed: lines stay open and silent; when their ends find out is theirs (docs/protocol.md), so it is not judged.
    """
    missed = [f"{count} times {what}" for what, count in sorted(found.refused.items())]
    if found.left > LEFT_WITHIN_SECONDS:
        missed.append(f"left after {found.left:.1f} s")
    if found.never:
        missed.append(f"{found.never} sockets not back")
    if found.median_back > BACK_WITHIN_SECONDS and not unnoticed:
        missed.append(f"sockets back after {found.median_back:.1f} s")
    if told:
        if found.cut:
            missed.append(f"{found.cut} cut on their way")
        if wrong := sum(count for code, count in found.codes.items() if code != str(CODE_OF_AN_END)):
            missed.append(f"{wrong} sockets ended without a word")
    return missed

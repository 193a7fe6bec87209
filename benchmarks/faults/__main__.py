"""`make faults`: kills real processes under traffic, and lets an independent judge read the journal.

For each fault and seed there are new conversations in which everybody writes. Something breaks and is repaired,
everybody stops, and what is under way arrives. Then the journal and the database are judged. The same is done to the
tutorial's chat. Every wait is bounded, and every process that was started is ended, also on Ctrl-C.
"""

import argparse
import asyncio
import itertools
import json
import math
import random
import signal
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.faults import checker, crowd, floods, records, uploads, uploads_judge
from benchmarks.faults.clients import SocketClient
from benchmarks.faults.database_faults import NOT_HERE, SITES
from benchmarks.faults.faults import FAULTS, ROLLING, WORKERS_OWN, Fault, Stage, rolling_deploy
from benchmarks.faults.journal import Journal, PackedJournal
from benchmarks.faults.processes import ROOT, Database, MakeService, Site, site
from benchmarks.faults.proxy import Proxy
from benchmarks.faults.totals import Totals

OURS, TUTORIAL = "pnav", "tutorial"
APPLICATIONS = {OURS: "pnav.asgi:application", TUTORIAL: "benchmarks.tutorial:application"}
CALM_SECONDS = 1.5  # ordinary traffic before the fault
AFTER_SECONDS = 2.0  # ordinary traffic after the repair
# How long to wait for what is under way when everybody stops: as long as something moves, and one beat longer.
SETTLE_SECONDS, LONGEST_SETTLE_SECONDS = 12.0, 60.0
# The tutorial's chat is not given the full pace, so that what it loses is lost by the fault. Its outages are the short
# ones.
TUTORIAL_SLOWER = 3
RUN_SECONDS = 200.0  # no run lasts longer than this, whatever hangs
# A fast run repeats its fault with the same people, so that little of its time goes into connecting and leaving.
FAST_CALM_SECONDS, FAST_AFTER_SECONDS = 0.5, 1.0
FAST_BETWEEN_SECONDS = 0.5  # the time between two rounds, to which up to as much again is added
FAST_SECONDS = 25.0  # no further round begins after this time
FAST_SLOWER = 3.0  # how much slower those write who have a pace; the floods make the mass of messages
WAYS = ("same", "across", "hit", "polled")
# What stands in the place of PostgreSQL, and the faults of such a site. A run has one kind of site.
KINDS_OF_SITE: dict[str, tuple[MakeService, dict[str, Fault]]] = {"one": (Database, FAULTS), **SITES}
ALL_FAULTS = {name: fault for _make, faults in KINDS_OF_SITE.values() for name, fault in faults.items()}


@dataclass
class Run:
    """One fault with one seed."""

    fault: str
    seed: int
    verdict: checker.Verdict
    waits: checker.Waits
    seconds: float
    late: float  # the longest time, in seconds, for which the harness itself hung
    failure: str = ""
    silence: checker.Silence | None = None
    files: int = 0  # how many files arrived whole and correct in slices (`uploads`)
    rounds: int = 1  # how often the fault was done

    @property
    def is_kept(self) -> bool:
        """Return whether every promise was kept, that of the longest silence included."""
        return self.verdict.is_clean and not self.failure and (self.silence is None or self.silence.is_kept)

    def as_json(self) -> dict[str, Any]:
        return {
            "fault": self.fault, "seed": self.seed, "seconds": round(self.seconds, 1), "late": round(self.late, 4),
            "files": self.files, "rounds": self.rounds,
            "sent": self.verdict.sent, "acknowledged": self.verdict.acknowledged, "counts": dict(self.verdict.counts),
            "examples": self.verdict.examples, "lasted": self.waits.lasted, "longest": self.waits.longest,
            "failure": self.failure, "silence": vars(self.silence) if self.silence else None,
            "during": {way: _quantiles(waits) for way, waits in self.waits.during.items()},
        }  # fmt: skip

    def for_totals(self, options: argparse.Namespace) -> dict[str, Any]:
        return {
            "site": options.site,
            "fault": self.fault,
            "seed": self.seed,
            "fast": options.fast,
            "rounds": self.rounds,
            "messages": self.verdict.sent,
            "acknowledged": self.verdict.acknowledged,
            "files": self.files,
            "counts": dict(self.verdict.counts),
            "failure": self.failure,
            "seconds": round(self.seconds, 1),
        }


def _quantiles(waits: list[float]) -> dict[str, float]:
    ordered = sorted(waits)
    return {
        "count": len(ordered),
        "p50": ordered[len(ordered) // 2],
        "p99": ordered[int(len(ordered) * 0.99)],
        "max": ordered[-1],
    }


@dataclass
class Lateness:
    """How long the event loop of the harness itself was busy: a shorter silence cannot be seen."""

    worst: float = 0.0
    task: asyncio.Task[None] | None = None

    async def watch(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.005)
            self.worst = max(self.worst, time.monotonic() - before - 0.005)


async def _quiet(journal: Journal, seconds: float = 3, at_most: float = 30) -> None:
    """Wait until nothing at all has happened for this long."""
    deadline = time.monotonic() + at_most
    count = -1
    while count != len(journal.events) and time.monotonic() < deadline:
        count = len(journal.events)
        await asyncio.sleep(seconds)


async def _break(made: Site, people: crowd.Crowd, stage: Stage, fault: str, options: argparse.Namespace) -> int:
    """Do the fault and repair it. In a fast run, repeat this until it lasted long enough or everything is written.

    Return how often it was done. Before each fault everything works again, as before a run.
    """
    act = rolling_deploy if fault == ROLLING else ALL_FAULTS[fault]
    until = time.monotonic() + options.rounds_seconds
    for done in itertools.count(1):
        await act(stage)
        if not options.fast or time.monotonic() > until or people.is_spent:
            return done
        await asyncio.to_thread(made.repair)
        await asyncio.sleep(FAST_BETWEEN_SECONDS * (1 + stage.random.random()))
    raise AssertionError


async def run_once(
    made: Site, proxy: Proxy, fault: str, seed: int, options: argparse.Namespace, *, tutorial: bool
) -> Run:
    """Run one fault with one seed, and judge it. The journal of a run with a breach is kept beside `options.out`."""
    started = time.monotonic()
    rng = random.Random(f"{fault} {seed}")
    fast = options.fast and not tutorial
    keys = await asyncio.to_thread(records.make_conversations, crowd.PAIRS + (floods.FLOODS if fast else 0))
    journal, lateness, failure, rounds = PackedJournal() if fast else Journal(), Lateness(), "", 1
    people = crowd.gather(keys, proxy, journal, rng, tutorial=tutorial)
    people.start()
    senders = uploads.gather([] if tutorial else keys[: crowd.PAIRS], proxy, journal, rng)
    watch = asyncio.ensure_future(lateness.watch())
    try:
        async with asyncio.timeout(RUN_SECONDS):
            await people.connected()
            lateness.worst = 0.0
            senders.start()
            people.write(options.slower * (TUTORIAL_SLOWER if tutorial else FAST_SLOWER if fast else 1))
            await asyncio.sleep((FAST_CALM_SECONDS if fast else CALM_SECONDS) + 0.5 * rng.random())
            stage = Stage(made, proxy, journal, people.clients, rng, options.quick or tutorial)
            rounds = await _break(made, people, stage, fault, options)
            failure = "; ".join(stage.complaints)
            journal.note("mark", name="repaired")
            await asyncio.sleep(FAST_AFTER_SECONDS if fast else AFTER_SECONDS)
            await people.fall_silent()
            if tutorial:
                await _quiet(journal)
            else:
                await people.settled(patience=SETTLE_SECONDS, at_most=LONGEST_SETTLE_SECONDS)
                await senders.finish(at_most=LONGEST_SETTLE_SECONDS)
    except TimeoutError:
        absent = sorted({type(client).__name__ for client in people.clients if not client.has_arrived})
        failure = f"the run did not end in time{f'; never connected: {absent}' if absent else ''}"
    finally:
        journal.note("mark", name="end")
        watch.cancel()
        await people.fall_silent()
        # When people leave, their leases end, and the worker writes so into the exchange, where nobody sees it. What is
        # read below is what was there when people left, however long the repair takes.
        with made.worker.frozen():
            await people.leave()
            await senders.leave()
            proxy.reset()
            proxy.pins.clear()
            proxy.cut(lambda _line: True)
            await asyncio.to_thread(made.repair)
            if not tutorial:
                await asyncio.to_thread(records.note_kept, journal, [key.conversation for key in keys])
    if not tutorial:
        for event in await asyncio.to_thread(uploads.kept, [key.conversation for key in keys]):
            journal.note(event.pop("e"), **event)
    if fast:
        verdict = checker.check_each(journal.of_each_conversation())
    else:
        verdict = checker.check_tutorial(journal.events) if tutorial else checker.check(journal.events)
    files = 0 if tutorial else uploads_judge.judge(journal.events, verdict)
    if options.keep or failure or (not tutorial and not verdict.is_clean):
        name = "".join(letter if letter.isalnum() else "-" for letter in fault)
        journal.write(options.out.with_suffix("") / f"{TUTORIAL if tutorial else OURS}-{name}-{seed}.jsonl")
    # A fast run has many faults and is as slow as its floods make it, so its waits say nothing.
    waits = checker.Waits() if fast else checker.waits(journal.events)
    silence = None if fast else checker.silence(journal.events)
    found = waits, time.monotonic() - started, lateness.worst, failure
    return Run(fault, seed, verdict, *found, silence, files, rounds)


# --- G12: as fast as it goes, with and without Valkey -----------------------------------------------------------------


@dataclass
class Pace:
    """Acknowledged messages a second, with everything and without Valkey."""

    normal: float = 0.0
    without: float = 0.0
    broken: dict[str, int] = field(default_factory=dict)


async def measure_pace(made: Site, proxy: Proxy, *, seconds: float) -> Pace:
    """Measure ten conversations that always have eight messages under way."""
    keys = await asyncio.to_thread(records.make_conversations, 10)
    journal = Journal()
    rng = random.Random(12)
    clients = [
        SocketClient(own, side, side, proxy, journal, random.Random(rng.random()), window=8)
        for own in keys
        for side in ("reporter", "agent")
    ]
    people = crowd.Crowd(clients)  # type: ignore[arg-type]
    people.start()

    async def flood() -> None:
        while True:
            for client in clients:
                for _letter in range(16 - len(client.outbox)):
                    client.write()
            await asyncio.sleep(0.002)

    def acknowledged(since: float) -> int:
        return sum(1 for event in journal.events if event["e"] == "ack" and event["t"] >= since)

    async def paced(for_seconds: float) -> float:
        since = time.monotonic() - journal.started
        await asyncio.sleep(for_seconds)
        return acknowledged(since) / (time.monotonic() - journal.started - since)

    pace = Pace()
    flooding = None
    try:
        async with asyncio.timeout(seconds + 90):
            await people.connected()
            flooding = asyncio.ensure_future(flood())
            await asyncio.sleep(1)
            pace.normal = await paced(5)
            await asyncio.to_thread(made.valkey.kill)
            pace.without = await paced(seconds)
            flooding.cancel()
            await asyncio.to_thread(made.valkey.start)
            await people.settled(patience=SETTLE_SECONDS, at_most=LONGEST_SETTLE_SECONDS)
    finally:
        if flooding is not None:
            flooding.cancel()
        await people.leave()
        await asyncio.to_thread(made.repair)
    await asyncio.to_thread(records.note_kept, journal, [key.conversation for key in keys])
    pace.broken = dict(checker.check(journal.events).counts)
    return pace


# --- the report -------------------------------------------------------------------------------------------------------


def _span(runs: list[Run], way: str) -> str:
    """Return the median over the runs of the longest wait, and the longest of all, in milliseconds."""
    longest = [max(run.waits.longest[way]) for run in runs if run.waits.longest.get(way)]
    return f"{1000 * statistics.median(longest):.0f} / {1000 * max(longest):.0f}" if longest else "–"


def table(results: dict[str, list[Run]]) -> str:
    """Return a row for each fault; its last column says what the tutorial's chat never delivered under the
    same fault.
    """
    kinds = (*checker.KINDS, uploads_judge.FILES)
    head = [
        "fault",
        "runs",
        "messages",
        "files sent",
        *kinds,
        "lasted",
        "before",
        *WAYS,
        "late",
        "tutorial: never delivered",
    ]
    lines = [
        "lasted: from the fault to its repair, ms, median. Then the longest wait of a conversation, ms, median /"
        " longest of all seeds: before the fault; of those it did not touch, both sides on one process (same) or on two"
        " (across); of those it hit; of those that ask over HTTP (polled). late: the harness's own.",
        "",
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
    ]
    ours = results[OURS]
    for fault in dict.fromkeys(run.fault for run in ours):
        runs = [run for run in ours if run.fault == fault]
        counts = [str(sum(run.verdict.counts[kind] for run in runs)) for kind in kinds]
        messages = sum(run.verdict.sent for run in runs)
        failed = sum(bool(run.failure) for run in runs)
        row = [
            fault,
            f"{len(runs)}{f' ({failed} failed)' if failed else ''}",
            str(messages),
            str(sum(run.files for run in runs)),
            *counts,
        ]
        row.append(f"{1000 * statistics.median(run.waits.lasted for run in runs):.0f}")
        row += [_span(runs, "before"), *(_span(runs, way) for way in WAYS)]
        row.append(f"{1000 * max(run.late for run in runs):.0f}")
        row.append(_undelivered([run for run in results[TUTORIAL] if run.fault == fault]))
        lines.append("| " + " | ".join(row) + " |")
    lines += _silences(ours)
    total = sum(run.verdict.sent for run in ours)
    broken = sum(sum(run.verdict.counts.values()) for run in ours)
    return "\n".join([*lines, "", f"{len(ours)} runs, {total} messages, {broken} broken promises."])


def _silences(runs: list[Run]) -> list[str]:
    """Return a row for each fault after which PostgreSQL took writing again at a known moment."""
    lines = [
        "",
        "away: from the fault until PostgreSQL took writing again; silent: the longest time without an acknowledgement"
        f" (promised: away + {checker.BEYOND_SECONDS:.0f} s); held: the longest that a message which waited at that"
        " moment waited on. ms, median / longest of all seeds.",
        "",
        "| fault | runs | away | silent | beyond away | held | kept |",
        "|" + "---|" * 7,
    ]
    found = [run for run in runs if run.silence is not None]
    for fault in dict.fromkeys(run.fault for run in found):
        its = [run.silence for run in found if run.fault == fault and run.silence is not None]
        columns = (
            [one.away for one in its],
            [one.silent for one in its],
            [one.silent - one.away for one in its],
            [one.held for one in its],
        )
        cells = [f"{1000 * statistics.median(column):.0f} / {1000 * max(column):.0f}" for column in columns]
        kept = sum(one.is_kept for one in its)
        lines.append(f"| {fault} | {len(its)} | {' | '.join(cells)} | {kept} of {len(its)} |")
    return lines if found else []


def _undelivered(theirs: list[Run]) -> str:
    """Return what the tutorial's chat did: the share that nobody saw, and what it mixed up."""
    sent = sum(run.verdict.sent for run in theirs)
    if not sent:
        return "–"
    counts = sum((run.verdict.counts for run in theirs), Counter())
    more = [f"{counts[kind]} {kind}" for kind in (checker.SHOWN_TWICE, checker.OUT_OF_ORDER) if counts[kind]]
    return ", ".join([f"{100 * counts[checker.UNDELIVERED] / sent:.1f} % of {sent}", *more])


def _say(run: Run, who: str) -> None:
    found = ", ".join(f"{kind} {count}" for kind, count in run.verdict.counts.items()) or "clean"
    longest = ", ".join(f"{way} {1000 * max(waits):.0f}" for way, waits in sorted(run.waits.longest.items()))
    waited = f" longest wait, ms: {longest}; lasted {1000 * run.waits.lasted:.0f};" if longest else f" {run.rounds} ×;"
    failure = f" FAILED: {run.failure}" if run.failure else ""
    if run.silence is not None:
        away, silent, held = (1000 * seconds for seconds in vars(run.silence).values())
        failure = f"; away {away:.0f}, silent {silent:.0f}, held {held:.0f}{failure}"
    print(
        f"{who} · {run.fault} · seed {run.seed}: {run.verdict.sent} messages, {run.files} files, {found};{waited}"
        f" late {1000 * run.late:.0f}; {run.seconds:.0f} s{failure}",
        flush=True,
    )
    if who == OURS:
        print("".join(f"    {example}\n" for example in run.verdict.examples[:4]), end="", flush=True)


def _plan(
    options: argparse.Namespace, runs: list[Run], faults: list[str], seeds: int, *, goes_on: bool
) -> Iterator[tuple[int, str]]:
    """Yield each fault with each seed, and further seeds until `--messages` were judged or `--minutes` have passed.

    runs: what was done so far, which is counted before each further run. With `--totals` earlier runs count too, and no
    seed is repeated.
    """
    totals: Totals | None = options.totals if goes_on else None
    before = totals.messages if totals is not None else 0
    seen = {fault: totals.seeds(options.site, fault) if totals is not None else set() for fault in faults}
    until = time.monotonic() + 60 * options.minutes
    for turn in itertools.count():
        for fault in faults:
            judged = before + sum(run.verdict.sent for run in runs)
            is_done = turn >= seeds and not (goes_on and judged < options.messages)
            if is_done or time.monotonic() > until:
                return
            seed = next(seed for seed in itertools.count(options.first_seed) if seed not in seen[fault])
            seen[fault].add(seed)
            yield seed, fault


async def run_all(made: Site, options: argparse.Namespace) -> tuple[dict[str, list[Run]], Pace | None]:
    """Run everything that was asked for. What was measured is returned also when the run is interrupted."""
    results: dict[str, list[Run]] = {OURS: [], TUTORIAL: []}
    pace = None
    me = asyncio.current_task()
    assert me is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)
    plan = ((OURS, options.seeds), (TUTORIAL, options.tutorial_seeds))
    try:
        for who, seeds in plan:
            faults = [fault for fault in options.faults if who == OURS or fault not in WORKERS_OWN]
            if not seeds:
                continue
            with made.serving(APPLICATIONS[who], with_worker=who == OURS):
                proxy = Proxy([web.port for web in made.webs])
                await proxy.start()
                try:
                    for seed, fault in _plan(options, results[who], faults, seeds, goes_on=who == OURS):
                        run = await run_once(made, proxy, fault, seed, options, tutorial=who == TUTORIAL)
                        results[who].append(run)
                        _say(run, who)
                        if who == OURS and options.totals is not None:
                            options.totals.add(**run.for_totals(options))
                    if who == OURS and options.pace:
                        pace = await measure_pace(made, proxy, seconds=10 if options.quick else 60)
                finally:
                    await proxy.stop()
    except asyncio.CancelledError:
        if not me.cancelling():
            raise
        print("Interrupted: what follows is what was measured.", flush=True)
    return results, pace


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--messages", type=int, default=0, help="go on with further seeds until so many were judged")
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no run after so many")
    parser.add_argument("--tutorial-seeds", type=int, default=2, help="0 to leave the tutorial's chat out")
    parser.add_argument("--quick", action="store_true", help="shorter outages")
    parser.add_argument("--fast", action="store_true", help="as many messages as go: floods, and faults in a row")
    parser.add_argument("--rounds-seconds", type=float, default=FAST_SECONDS, help="of faults in a fast run")
    parser.add_argument("--totals", type=Totals, help="a file to which each run is added, and whose runs count")
    parser.add_argument("--slower", type=float, default=1, help="everybody writes so many times less often")
    parser.add_argument("--site", choices=list(KINDS_OF_SITE), default="one", help="what stands for PostgreSQL")
    parser.add_argument("--fault", action="append", dest="faults", choices=list(ALL_FAULTS), help="these only")
    parser.add_argument(
        "--from", dest="former", default="", help="a commit: deploy this tree over it, process by process, and back"
    )
    parser.add_argument("--no-pace", action="store_false", dest="pace", help="without G12, the pace without Valkey")
    parser.add_argument("--keep", action="store_true", help="keep the journals of clean runs too")
    parser.add_argument("--out", type=Path, help="default: .local/faults.json, or .local/faults-SITE.json")
    options = parser.parse_args()
    if options.former:
        options.faults, options.tutorial_seeds, options.pace = [ROLLING], 0, False
    make_postgres, of_site = KINDS_OF_SITE[options.site]
    if (reason := NOT_HERE.get(options.site, str)()) != "":
        print(f"« {options.site} » is not tried on this machine: {reason}.")
        return
    name = "faults" if options.site == "one" else f"faults-{options.site}"
    options.out = options.out or ROOT / ".local" / f"{name}.json"
    if options.site != "one" or options.fast:
        options.tutorial_seeds, options.pace = 0, False
    options.faults = options.faults or list(of_site)
    if stray := set(options.faults) - {*of_site, ROLLING}:
        parser.error(f"not done to the site « {options.site} »: {', '.join(sorted(stray))}")
    # So that every process is ended, also before the event loop runs.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    checker.self_test()
    print(f"The checker finds all of {len(checker.bad_journals())} journals that must fail.", flush=True)
    started = time.monotonic()
    logs = options.out.with_suffix("") if options.keep else None
    with site(logs, former=options.former, make_postgres=make_postgres) as made:
        results, pace = asyncio.run(run_all(made, options))
    text = table(results)
    if pace is not None:
        ratio = pace.without / pace.normal if pace.normal else 0
        text += f"\n\nG12: {pace.normal:.0f} messages/s, {pace.without:.0f} without Valkey: {ratio:.2f} ×."
        text += f" Broken meanwhile: {pace.broken or 'nothing'}."
    print(f"\n{text}\n\n{time.monotonic() - started:.0f} s; {options.out}")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "runs": {who: [run.as_json() for run in runs] for who, runs in results.items()},
        "pace": vars(pace) if pace is not None else None,
        "quick": options.quick,
        "fast": options.fast,
        "table": text,
    }
    options.out.write_text(json.dumps(content, indent=1, ensure_ascii=False))
    is_whole = len(results[OURS]) >= options.seeds * len(options.faults) or time.monotonic() - started > (
        60 * options.minutes
    )
    is_clean = all(run.is_kept for run in results[OURS])
    if not (is_whole and is_clean) or (pace is not None and pace.broken):
        raise SystemExit(1)


if __name__ == "__main__":
    main()

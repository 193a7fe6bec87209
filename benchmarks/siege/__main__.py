"""`make siege`: honest people beside each attacker in turn, then beside all of them together.

`python -m benchmarks.siege NAME…` runs some of them; with « together » alone, only all at once. See
benchmarks/README.md.
"""

import argparse
import asyncio
import json
import math
import os
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.bench import cores
from benchmarks.faults import checker
from benchmarks.faults.journal import Journal
from benchmarks.figures import median, percentile
from benchmarks.siege import ground, people
from benchmarks.siege.attackers import ATTACKS, BESIDE, GRACE_SECONDS, MOST_WAITING, READY
from benchmarks.siege.ground import Ground, Memory
from benchmarks.siege.judge import (
    CALM,
    MEMORY_SECONDS,
    TOGETHER,
    Danger,
    Siege,
    Verdict,
    Window,
    above_goal,
    is_back,
    judge,
    medians_of,
    slowest,
)
from benchmarks.siege.people import KINDS, REPORT, SIGN_IN, Crowd, Seen, Timed
from benchmarks.site import ROOT
from benchmarks.sockets import raise_file_limit
from benchmarks.stillness import describe_machine

WARM_SECONDS = 15.0  # a process is slow with its first pages, and a connection with its first statements
UNDISTURBED = -15  # the niceness of --undisturbed: about thirty times the weight of an ordinary process
AGAIN_SECONDS = 10.0  # the time until everybody is back after the web processes were started again
SECONDS, CALM_SECONDS, TOGETHER_SECONDS = 20.0, 10.0, 30.0
# When a p99 beside an attacker was above its goal, that attacker comes once more, for longer, before all come together,
# because the third longest of the 280 pages of a window decides. The attackers furthest above come, this many at most,
# so that a whole siege takes twelve minutes.
ONCE_MORE_SECONDS, ONCE_MORE_AT_MOST = 25.0, 3
LOOK_SECONDS = 0.5  # the time between two measurements of memory
STILL_SECONDS = 3.0  # when people were served as before for this long, the siege of one attacker is over
DRAIN_SECONDS = 60.0
SLOWER = 3.0  # an attack is over when nine of ten messages take at most this many times what they take in calm,
SILENT_SECONDS = 2.0  # and nothing has waited for longer than this
# When two people come within a second, the second may be committed first, and be given an agent first.
SAME_MOMENT = timedelta(seconds=1)
# At most two codes de reprise are hashed at once, each with 32 MiB, whoever asks
# (`chat.conversations.resume.HASHES_AT_ONCE`).
SHARED_KB = {"codes": 2 * 32 * 1024}
SLOWEST = 10  # how many of the slowest pages are reported one by one
DOCUMENT_MESSAGES = 250
JOURNAL_FACTS = 499  # one less than the limit, because the attacker adds one
TOGETHER_STRENGTH = 0.5  # the share of each attacker's rates when fourteen of them share one core


@dataclass(frozen=True, slots=True)
class Scale:
    """How long each window lasts, how many honest people there are (1: all), and how strong attackers are (1:
    fully).
    """

    seconds: float = SECONDS
    calm: float = CALM_SECONDS
    together: float = TOGETHER_SECONDS
    people: float = 1.0
    strength: float = 1.0
    warm: float = WARM_SECONDS
    rounds: int = 1  # how often each attacker comes, with a calm window between
    again: float = ONCE_MORE_SECONDS  # how long the second window of an attacker lasts; 0 means that there is none


@dataclass
class Span:
    """A window while it lasts: what was sent between `began` and `ended` belongs to it."""

    window: Window
    began: float
    ended: float = math.inf
    settled: float = math.inf  # a refusal before this moment was caused by what happened in the window

    def holds(self, at: float) -> bool:
        return self.began <= at < self.ended


@dataclass(frozen=True, slots=True)
class Cost:
    """What everything had cost at one moment. used: processor seconds by part; rows: what PostgreSQL counted."""

    at: float
    used: dict[str, float]
    rows: dict[str, int]

    def until(self, later: "Cost", window: Window) -> None:
        """Note in a window what came since."""
        window.used = {part: later.used[part] - used for part, used in self.used.items() if part in later.used}
        window.rows = {what: later.rows[what] - times for what, times in self.rows.items()}
        window.lasted = later.at - self.at


class Run:
    """One siege, from the first calm window to the last."""

    def __init__(self, site: Ground, scale: Scale) -> None:
        self.site, self.scale = site, scale
        self.seen, self.journal = Seen(), Journal()
        self.given_by_hand: set[str] = set()  # conversations of attackers that were never in the queue
        self.crowd = Crowd(site, self.seen, self.journal, scale.people)
        self.spans: list[Span] = []
        self.memory: list[tuple[float, Memory]] = []

    async def live(self, attacks: Sequence[str], *, together: bool, alone: bool = True) -> Siege:
        """Run the siege. alone, together: whether each of these attackers comes alone, and all of them at once."""
        watch = asyncio.ensure_future(self._watch_memory())
        try:
            await self.crowd.come()
            self.crowd.begin()
            print(f"Everybody is here; the first window begins in {self.scale.warm:.0f} s.", flush=True)
            await asyncio.sleep(self.scale.warm)
            await self._calm()
            for name in attacks if alone else ():
                for _round in range(self.scale.rounds):
                    await self._attack(name, [name], self.scale.seconds, self.scale.strength)
                    await self._calm()
            for name in self._above_goal()[:ONCE_MORE_AT_MOST] if self.scale.again else ():
                await self._attack(name, [name], self.scale.again, self.scale.strength)
                await self._calm()
            for _round in range(self.scale.rounds if together else 0):
                strength = self.scale.strength * TOGETHER_STRENGTH
                await self._attack(
                    TOGETHER, [name for name in attacks if name in ATTACKS], self.scale.together, strength
                )
                await self._calm()
            await self.crowd.fall_silent()
            await self.crowd.settled(DRAIN_SECONDS)
            return await self._siege()
        finally:
            watch.cancel()
            await self.crowd.leave()

    # --- windows ---------------------------------------------------------------------------------------------------

    def _above_goal(self) -> list[str]:
        return above_goal([_filled(span, self.seen, self.crowd.waiting_for_an_answer) for span in self.spans])

    def _open(self, name: str, seconds: float) -> Span:
        span = Span(Window(name, seconds), time.monotonic())
        self.spans.append(span)
        return span

    async def _cost(self) -> Cost:
        rows = await self.crowd.ask(ground.counts)
        return Cost(time.monotonic(), self.site.used(), rows)

    async def _calm(self) -> None:
        before = await self._cost()
        span = self._open(CALM, self.scale.calm)
        await asyncio.sleep(self.scale.calm)
        span.ended = span.settled = time.monotonic()
        before.until(await self._cost(), span.window)
        await asyncio.sleep(1.0)  # what was sent last is answered before an attack begins
        _say(span, self.seen)

    async def _attack(self, name: str, attackers: Sequence[str], seconds: float, strength: float) -> None:
        own = {each: await self._conversations(each) for each in attackers}
        before = await self._memory()
        with tempfile.TemporaryDirectory() as folder:
            started = [await self._start(each, own[each], seconds, strength, Path(folder)) for each in attackers]
            await asyncio.sleep(1.0)  # what the start of the attackers delayed belongs to no window
            cost = await self._cost()
            span = self._open(name, seconds)
            window = span.window
            turns = self.site.turns()
            window.shared = sum(SHARED_KB.get(each, 0) for each in attackers)
            window.memory_before, window.clients = before.whole, sum(max(1, len(own[each])) for each in attackers)
            for process in started:
                assert process.stdin
                process.stdin.write(b"\n")
            answers = await asyncio.gather(*(self._hear(process, seconds) for process in started))
        span.ended = time.monotonic()
        cost.until(await self._cost(), window)
        for each, (counts, ended) in zip(attackers, answers, strict=True):
            window.attackers[each] = dict(counts)
            if not ended:
                window.stayed.append(each)
        await self._settle(span)
        since = [memory for at, memory in self.memory if at >= span.began]
        window.memory_peak = max((memory.whole for memory in since), default=0)
        window.held = max((memory.own - before.own for memory in since), default=0)
        span.settled = time.monotonic()
        lasted = span.settled - span.began
        window.ran, window.waited = ((now - then) / lasted for now, then in zip(self.site.turns(), turns, strict=True))
        if window.settled_seconds is None:  # what is left of this attack must not count against the next one
            began = time.monotonic()
            window.stacks = await asyncio.to_thread(self.site.restart)
            await asyncio.sleep(AGAIN_SECONDS)
            self.seen.restarts.append(Timed(began, time.monotonic() - began))
        await self.crowd.all_known()  # who has just filed would be cleared away with the raid
        await self.crowd.ask(ground.clear_away, self.crowd.honest)
        if lost := await self.crowd.ask(ground.back_on_duty, self.crowd.on_duty):
            self.seen.refuse(f"agents on duty whose lines were dead for a lease: {lost}", span.began)
        await asyncio.to_thread(self.site.reset_limits)
        await asyncio.sleep(2.0)
        _say(span, self.seen)

    async def _conversations(self, name: str) -> list[dict[str, Any]]:
        """Create what an attacker needs on the site, without using the site."""
        _attack, pairs, waiting = (ATTACKS | BESIDE)[name]
        keys = await self.crowd.ask(ground.make_pairs, pairs) if pairs else []
        self.given_by_hand |= {key.conversation for key in keys}
        if name == "documents":
            await self.crowd.ask(ground.fill, keys[0].conversation, DOCUMENT_MESSAGES, "\N{FACE WITH TEARS OF JOY}")
        if waiting:
            keys += await self.crowd.ask(ground.make_waiting, waiting)
        if name == "keepers":
            for one in keys:
                await self.crowd.ask(ground.fill_facts, one.conversation, JOURNAL_FACTS)
        return ground.as_json(keys)

    async def _start(
        self, name: str, own: list[dict[str, Any]], seconds: float, strength: float, folder: Path
    ) -> asyncio.subprocess.Process:
        """Return an attacker that is ready and waits for a line of input.

        Starting a process takes a third of a second of the honest people's core, and some milliseconds in which the
        harness receives nothing. In a window, both would be counted as the site's delay.
        """
        keys = folder / name
        keys.touch(mode=0o600)
        keys.write_text(json.dumps(own))
        doors = self.site.doors
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.siege.attackers", name, "--pages", str(doors.pages), "--sockets",
            str(doors.sockets), "--seconds", str(seconds), "--strength", str(strength), "--visits", str(keys), "--wait",
            cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout
        async with asyncio.timeout(MOST_WAITING):
            said = (await process.stdout.readline()).decode().strip()
        if said != READY:
            raise RuntimeError(f"the attacker « {name} » did not start")
        return process

    async def _hear(self, process: asyncio.subprocess.Process, seconds: float) -> tuple[Counter[str], bool]:
        """Return what the attacker was answered, and whether it ended by itself."""
        try:
            async with asyncio.timeout(seconds + GRACE_SECONDS + 10):
                said, _errors = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            return Counter(), False
        lines = said.decode().splitlines()
        return (Counter(json.loads(lines[-1])["answers"]) if lines else Counter()), True

    # --- memory, and when it is over -------------------------------------------------------------------------------

    async def _memory(self) -> Memory:
        return await asyncio.to_thread(self.site.memory)

    async def _watch_memory(self) -> None:
        while True:
            with suppress(OSError):  # a process ended between two readings
                self.memory.append((time.monotonic(), await self._memory()))
            await asyncio.sleep(LOOK_SECONDS)

    async def _settle(self, span: Span) -> None:
        """Wait, for a minute at most, until memory is what it was and people are served as before."""
        window, ended = span.window, time.monotonic()
        calm = [one for one in self.spans if one.window.name == CALM]
        usual = percentile([one.seconds for one in self.seen.acks if any(each.holds(one.at) for each in calm)], 0.9)
        window.back_seconds = window.settled_seconds = None
        while (waited := time.monotonic() - ended) < MEMORY_SECONDS:
            window.memory_after = (await self._memory()).whole
            if window.back_seconds is None and is_back(window.memory_before, window.memory_after):
                window.back_seconds = waited
            if window.settled_seconds is None and self._is_as_before(usual):
                window.settled_seconds = waited
            if window.back_seconds is not None and window.settled_seconds is not None:
                return
            await asyncio.sleep(LOOK_SECONDS)

    def _is_as_before(self, usual: float) -> bool:
        now = time.monotonic()
        lately = [one.seconds for one in self.seen.acks if one.at > now - STILL_SECONDS]
        silent = max((one.seconds for one in self.crowd.waiting_for_an_answer), default=0.0)
        unread = max((now - at for at in self.crowd.being_read.values()), default=0.0)
        quick = bool(lately) and percentile(lately, 0.9) < max(SLOWER * usual, 0.02)
        return quick and max(silent, unread) < SILENT_SECONDS

    # --- the whole -------------------------------------------------------------------------------------------------

    async def _siege(self) -> Siege:
        conversations = [keys.conversation for keys in self.crowd.pairs]
        for event in await self.crowd.ask(ground.kept_of, conversations):
            self.journal.note(event.pop("e"), **event)
        found = checker.check(self.journal.events)
        for span in self.spans:
            fill(span, self.seen, self.crowd.waiting_for_an_answer)
        # People whose report is answered while the database is asked are in neither list, since it was not asked of
        # them.
        dangers, ordinary = list(self.seen.dangers), list(self.seen.ordinary)
        deeds = await self.crowd.ask(ground.deeds_of, [filed.conversation for filed in (*dangers, *ordinary)])
        others = await self.crowd.ask(ground.given_to_others, self.crowd.honest | self.given_by_hand)
        return Siege(
            windows=[span.window for span in self.spans],
            dangers=[self._danger(danger, deeds[danger.conversation], others) for danger in dangers],
            ordinary=self._ordinary(ordinary, deeds),
            broken=dict(found.counts),
            acknowledged=found.acknowledged,
            believed=await self.crowd.ask(ground.believed),
        )

    def _window_of(self, at: float) -> str:
        return next((span.window.name for span in self.spans if span.holds(at)), "between")

    def _danger(self, danger: people.Danger, deed: ground.Deed, others: list[ground.Deed]) -> Danger:
        waited = (deed.assigned_at - deed.queued_at).total_seconds() if deed.assigned_at else None
        since = deed.queued_at + SAME_MOMENT
        later = [other for other in others if other.queued_at > since and other.assigned_at is not None]
        overtaken = sum(deed.assigned_at is None or other.assigned_at < deed.assigned_at for other in later)
        return Danger(self._window_of(danger.at), deed.urgency, danger.raid_ahead, overtaken, waited)

    def _ordinary(self, ordinary: list[people.Filed], deeds: dict[str, ground.Deed]) -> dict[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for filed in ordinary:
            found[self._window_of(filed.at)].append(deeds[filed.conversation].urgency)
        return dict(found)


def fill(span: Span, seen: Seen, unanswered: Iterable[Timed]) -> None:
    """Fill a window with what honest people met in it, by the time when it began. What has no answer yet counts as it
    is.
    """
    window = span.window

    def of(things: Iterable[Timed]) -> list[Timed]:
        return [one for one in things if span.holds(one.at)]

    window.acks = [one.seconds for one in of([*seen.acks, *unanswered])]
    pages = of(seen.pages)
    window.pages = {kind: [one.seconds for one in pages if one.kind == kind] for kind in KINDS}
    window.asked = {kind: [one.at - span.began for one in pages if one.kind == kind] for kind in KINDS}
    window.given = [one.seconds for one in of(seen.given)]
    window.signed_in = [one.seconds for one in of(seen.whole) if one.kind == SIGN_IN]
    window.filed = [one.seconds for one in of(seen.whole) if one.kind == REPORT]
    refused = (one for one in seen.refusals if span.began <= one.at < span.settled)
    window.refused = dict(Counter(one.what for one in refused if not _is_our_doing(one, seen)))
    window.late = [one.seconds for one in of(seen.late)]


def _filled(span: Span, seen: Seen, unanswered: Iterable[Timed]) -> Window:
    """Return a copy of a window, filled, while the siege goes on."""
    copy = replace(span, window=replace(span.window))
    fill(copy, seen, unanswered)
    return copy.window


def _is_our_doing(refusal: people.Refusal, seen: Seen) -> bool:
    """Return whether it came while the harness was starting the web processes again."""
    return any(restart.at <= refusal.told_at <= restart.at + restart.seconds for restart in seen.restarts)


# --- the report -----------------------------------------------------------------------------------------------------


def _ms(values: Sequence[float], share: float) -> str:
    return f"{1000 * percentile(values, share):.1f}" if values else "–"


def _ends(values: Sequence[float]) -> str:
    """Return the median and the longest, in milliseconds."""
    return f"{_ms(values, 0.5)} · {_ms(values, 1)}"


def _after(seconds: float | None) -> str:
    return "not within a minute" if seconds is None else f"after {seconds:.0f} s"


def _mib(window: Window) -> str:
    return " · ".join(str(kb // 1024) for kb in (window.memory_before, window.memory_peak, window.memory_after))


def _say(span: Span, seen: Seen) -> None:
    """Print one line as soon as a window is over."""
    window = _filled(span, seen, ())
    pages = "  ".join(f"{kind} {_ms(times, 0.5)}/{_ms(times, 0.99)}" for kind, times in window.pages.items())
    line = f"{window.name:>10}: acks {_ms(window.acks, 0.5)}/{_ms(window.acks, 0.99)} ({len(window.acks)})  {pages}"
    if window.attackers:
        line += (
            f"  pages ran {window.ran:.2f} of a processor and waited {window.waited:.2f}"
            f"  memory {_mib(window)} MiB  settled {_after(window.settled_seconds)}"
            f"  { ({name: dict(what) for name, what in window.attackers.items()}) }"
        )
    if window.refused:
        line += f"  REFUSED {dict(window.refused)}"
    print(line, flush=True)


def table(verdict: Verdict, siege: Siege) -> str:
    """Return a row for each attack, with the calm windows on both sides of it."""
    head = [
        "attack", "acks p50 · p99, ms", "calm", "×", "pages p99 × calm", *(f"{kind} p99, ms (calm)" for kind in KINDS),
        "given an agent, median · longest, ms (calm)", "sign-in, median · longest, s",
        "in danger: came · behind · waited, s",
        "memory before · peak · after, MiB (back)", "attackers were answered",
    ]  # fmt: skip
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    calm_acks = [one for window in siege.windows if window.name == CALM for one in window.acks]
    for row in verdict.rows:
        window = row.window
        dangers = [danger for danger in siege.dangers if danger.window == window.name]
        waits = [danger.waited for danger in dangers if danger.waited is not None]
        back = _after(window.back_seconds)
        answers = "; ".join(
            f"{name}: " + ", ".join(f"{what} {times}" for what, times in Counter(counts).most_common(4))
            for name, counts in window.attackers.items()
        )
        cells = [
            window.name if row.times == 1 else f"{window.name} ({row.times} windows)",
            f"{_ms(window.acks, 0.5)} · {_ms(window.acks, 0.99)} ({len(window.acks)})",
            f"{1000 * row.acks.calm:.1f}",
            f"{row.acks.ratio:.2f} {row.acks.verdict}" + (f", first {row.first[0]:.2f}" if row.first else ""),
            f"{row.pages.ratio:.2f} {row.pages.verdict} ({row.pages.samples})"
            + (f", first {row.first[1]:.2f}" if row.first else ""),
            *(f"{_ms(window.pages[kind], 0.99)} ({_ms(row.calm_pages.get(kind, []), 0.99)})" for kind in KINDS),
            f"{_ends(window.given)} ({_ends(row.calm_given)})",
            f"{median(window.signed_in):.2f} · {max(window.signed_in):.2f}" if window.signed_in else "–",
            f"{len(dangers)} · {max((danger.raid_ahead for danger in dangers), default=0)} · "
            f"{f'{max(waits):.0f}' if waits else '–'}",
            f"{_mib(window)} ({back})",
            answers,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    count = sum(window.name == CALM for window in siege.windows)
    lines += [
        "",
        f"Calm, {count} windows: acknowledgements {_ms(calm_acks, 0.5)} · {_ms(calm_acks, 0.99)} ms"
        f" ({len(calm_acks)}). "
        f"Noise, the largest difference between the p99 of two lots of calm windows that follow each other: "
        f"{1000 * verdict.ack_noise:.1f} ms; pages {verdict.page_noise:.1f} × their calm median.",
        f"{siege.acknowledged} messages acknowledged; broken promises: {dict(siege.broken) or 'none'}.",
    ]
    return "\n".join(lines)


def costs(siege: Siege) -> str:
    """Return what each window cost: milliseconds of processor that each part took in a second, and what PostgreSQL did
    in a second. The first calm windows beside the last ones say whether a site that was besieged has more to do.
    """
    calm = [window for window in siege.windows if window.name == CALM]
    few = max(1, min(3, len(calm) // 2))
    lots = {f"calm, first {few}": calm[:few], f"calm, last {few}": calm[-few:]}
    for window in siege.windows:
        if window.name != CALM:
            lots.setdefault(window.name, []).append(window)
    parts = list(dict.fromkeys(part for window in siege.windows for part in window.used))
    whats = list(dict.fromkeys(what for window in siege.windows for what in window.rows))
    head = ["window", *(f"{part}, ms a second" for part in parts), *(f"{what} a second" for what in whats)]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name, windows in lots.items():
        if lasted := sum(window.lasted for window in windows):
            used = (1000 * sum(window.used.get(part, 0.0) for window in windows) / lasted for part in parts)
            done = (sum(window.rows.get(what, 0) for window in windows) / lasted for what in whats)
            lines.append(f"| {name} | " + " | ".join(f"{each:.0f}" for each in (*used, *done)) + " |")
    return "\n".join(lines)


def slow_pages(verdict: Verdict, siege: Siege) -> str:
    """Return the slowest pages beside each attack whose pages are above their goal, with the second in which each was
    asked for, because an attack that begins is not the same as one that lasts.
    """
    medians = medians_of(window for window in siege.windows if window.name == CALM)
    lines = []
    for row in verdict.rows:
        if row.pages.verdict in {"no", "doubt"}:
            found = slowest(row.window, medians, SLOWEST)
            said = (f"{kind} {1000 * seconds:.0f} ms (after {asked:.1f} s)" for kind, seconds, asked in found)
            lines.append(f"{row.window.name}: {', '.join(said)}")
    return "\n".join(lines)


def _go_before() -> None:
    """Take a larger part of the machine than others get, for this process and all that it starts.

    This is an ordinary priority and not the real-time one of `benchmarks.stillness`. With that one, two web processes
    on one core take turns of a tenth of a second, which is not how they share it in production.
    """
    try:
        os.setpriority(os.PRIO_PROCESS, 0, UNDISTURBED)
        ground.share_out([os.getpid()])
    except PermissionError:
        raise SystemExit("--undisturbed needs the right to a higher priority: root, or RLIMIT_NICE.") from None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("attacks", nargs="*", help=f"these only: {', '.join(ATTACKS | BESIDE)}, {TOGETHER}")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each attack")
    parser.add_argument("--calm", type=float, default=CALM_SECONDS, help="seconds of each calm window")
    parser.add_argument("--together", type=float, default=TOGETHER_SECONDS, help="seconds of all of them together")
    parser.add_argument("--rounds", type=int, default=1, help="how often each attacker comes, calm in between")
    parser.add_argument(
        "--again", type=float, default=None,
        help=f"seconds of an attacker that comes again, {ONCE_MORE_SECONDS:.0f} or --seconds at least; 0: none does",
    )  # fmt: skip
    parser.add_argument("--people", type=float, default=1.0, help="share of the honest people")
    parser.add_argument("--strength", type=float, default=1.0, help="share of the attackers' rates")
    parser.add_argument("--undisturbed", action="store_true", help="before everything else on the machine (as root)")
    parser.add_argument("--out", type=Path, default=ROOT / ".local" / "siege.json")
    options = parser.parse_args()
    if unknown := set(options.attacks) - set(ATTACKS | BESIDE) - {TOGETHER}:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    if options.again is None:
        options.again = max(ONCE_MORE_SECONDS, options.seconds)
    elif 0 < options.again < options.seconds:  # such a window would hold only a few pages of the first moments
        parser.error("--again: seconds, at least as many as --seconds, or 0")
    attacks = [name for name in ATTACKS | BESIDE if name in (options.attacks or ATTACKS)]
    together = not options.attacks or TOGETHER in options.attacks
    alone = bool(attacks)
    attacks = attacks or list(ATTACKS)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an orderly exit, so that every process is ended
    checker.self_test()
    raise_file_limit()
    web, other = cores()
    if other:
        os.sched_setaffinity(0, other)
    if options.undisturbed:
        _go_before()
    print(
        f"Web processes and worker on core {web or 'any'}; PostgreSQL, Valkey, honest people and attackers on "
        f"{other or 'any'}, attackers at the lowest priority."
    )
    print(describe_machine(), flush=True)
    started = time.monotonic()
    scale = Scale(
        options.seconds, options.calm, options.together, options.people, options.strength, rounds=options.rounds,
        again=options.again,
    )  # fmt: skip
    with ground.ground() as site, site.serving():
        siege = asyncio.run(Run(site, scale).live(attacks, together=together, alone=alone))
    verdict = judge(siege)
    text = table(verdict, siege)
    spent, slow = costs(siege), slow_pages(verdict, siege)
    print(f"\n{text}\n\n{spent}\n\n{slow}")
    print(f"\n{(time.monotonic() - started) / 60:.1f} min; {options.out}")
    for doubt in verdict.doubts:
        print(f"doubt: {doubt}")
    for breach in verdict.breaches:
        print(f"BREACH: {breach}")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "scale": asdict(scale), "breaches": verdict.breaches,
        "doubts": verdict.doubts, "table": text, "costs": spent, "slow": slow, "siege": asdict(siege),
    }  # fmt: skip
    options.out.write_text(json.dumps(content, indent=1, ensure_ascii=False))
    if not verdict.is_good:
        raise SystemExit(1)


if __name__ == "__main__":
    main()

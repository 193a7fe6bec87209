"""The judge of a siege. It is pure: it takes what was seen in each window, and returns a verdict.

Windows come in turn: calm, an attack, calm, an attack … calm. All windows of one attack are put together, and compared
with the calm windows on both sides of each, put together. How far the p99 of two such lots of calm windows that follow
each other differ says what the machine does by itself; the largest such difference of the run is its noise. A figure is

- « edge » or « hard » when it is within that many times the calm one,
- « no » when it is above and the difference is larger than the noise,
- « doubt » when it is above and the machine alone differs as much: nothing is shown, for or against.

Counts know no noise: one honest person refused, one message lost, one urgency lowered is a breach.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from benchmarks.figures import median, percentile

CALM, TOGETHER = "calm", "together"
HARD, EDGE, HARD_TOGETHER, EDGE_TOGETHER = 1.5, 1.1, 3.0, 1.5
# The limit for the chat beside people who send files. They are no attackers (`attackers.BESIDE`), and nobody refuses
# them. Pages have HARD.
UPLOADING, HARD_UPLOADING = "uploading", 1.2
FEWEST = 100  # with fewer samples the p99 is the largest of them, so it is printed and not judged
MEMORY_SHARE, MEMORY_KB, MEMORY_SECONDS = 1.10, 16 * 1024, 60.0
CLIENT_KB = 8 * 1024  # the most memory of the server for one client, besides the 16 MiB above for everybody else
# When the harness itself was later than this, it cannot tell: one message in a hundred decides a p99.
LATE_SECONDS = 0.050
CRITICAL = 2  # the value of triage.rules.Urgency.CRITICAL


@dataclass
class Window:
    """What honest people met in one stretch of time. Times are in seconds, memory in KiB (PSS of the web processes and
    their children).
    """

    name: str
    seconds: float
    acks: list[float] = field(default_factory=list)
    pages: dict[str, list[float]] = field(default_factory=dict)
    # For each of these pages, how many seconds after the beginning of the window it was asked for.
    asked: dict[str, list[float]] = field(default_factory=dict)
    given: list[float] = field(default_factory=list)
    signed_in: list[float] = field(default_factory=list)
    filed: list[float] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    late: list[float] = field(default_factory=list)
    clients: int = 1  # the number of attackers: visits of their own, or one where they have none
    shared: int = 0  # memory that such an attack makes the server use once for everybody, whoever asks
    held: int = 0  # the most memory that the web processes themselves took meanwhile
    memory_before: int = 0
    memory_peak: int = 0
    memory_after: int = 0
    back_seconds: float | None = 0.0  # the time until memory was back; None means not within a minute
    # The time until honest people were served as before; None means not within a minute.
    settled_seconds: float | None = 0.0
    stacks: str = ""  # what the threads of the web processes were doing when honest people were not served as before
    used: dict[str, float] = field(default_factory=dict)  # processor seconds of each part of the site meanwhile
    rows: dict[str, int] = field(default_factory=dict)  # what PostgreSQL counted meanwhile (`ground.counts`)
    lasted: float = 0.0  # the seconds between the two readings of these counts
    # What the threads of the process of pages had of the processors from the beginning of an attack until all was as
    # before, in seconds a second: for how long they ran, and for how long they were ready and had to wait for one.
    ran: float = 0.0
    waited: float = 0.0
    attackers: dict[str, dict[str, int]] = field(default_factory=dict)
    stayed: list[str] = field(default_factory=list)  # the attackers that did not end by themselves


@dataclass(frozen=True, slots=True)
class Danger:
    """A real person in danger.

    It has the window in which they came, their stored urgency, how many of the raid were before them, and the seconds
    until they had an agent (None: not yet at the end). It also has their place among those who waited with them when
    they were given one: how many of the raid that came later were given one before.
    """

    window: str
    urgency: int
    raid_ahead: int
    overtaken: int
    waited: float | None


@dataclass(frozen=True, slots=True)
class Siege:
    """A whole run. broken: promises of the exchange, as `benchmarks.faults.checker` counts them.

    ordinary: the stored urgencies of honest reports without danger, by window; all of these reports said the same.
    believed: how many reports of one network keep their ordinary place, and may therefore come before a real danger.
    """

    windows: Sequence[Window]
    dangers: Sequence[Danger] = ()
    ordinary: Mapping[str, Sequence[int]] = field(default_factory=dict)
    broken: Mapping[str, int] = field(default_factory=dict)
    acknowledged: int = 0
    believed: int = 120


@dataclass(frozen=True, slots=True)
class Figure:
    """One p99 beside the calm one, in seconds (for pages: in units of the calm median of their kind)."""

    value: float
    calm: float
    noise: float
    samples: int
    calm_samples: int
    verdict: str
    hard: float = HARD

    @property
    def ratio(self) -> float:
        return self.value / self.calm if self.calm else math.nan


@dataclass
class Row:
    """One attack, with its windows put together. times: how many windows there were.

    first: where there were several, how many times the calm around it the p99 of acknowledgements and of pages was in
    the first one.
    """

    window: Window
    acks: Figure
    pages: Figure
    calm_pages: dict[str, list[float]]
    calm_given: list[float]
    times: int = 1
    first: tuple[float, float] | None = None

    @property
    def excess(self) -> float:
        """Return the worse p99 ÷ its goal; 0 where both p99 reach theirs, or are not judged."""
        above = (each for each in (self.acks, self.pages) if each.verdict in {"no", "doubt"})
        return max((each.ratio / each.hard for each in above), default=0.0)


@dataclass
class Verdict:
    rows: list[Row] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    ack_noise: float = 0.0
    page_noise: float = 0.0

    @property
    def is_good(self) -> bool:
        return not self.breaches


def slowdowns(pages: Mapping[str, Sequence[float]], medians: Mapping[str, float]) -> list[float]:
    """Return each page's time in units of the calm median of its kind, so that all pages can be put together."""
    return [
        seconds / medians[kind]
        for kind, times in pages.items()
        if medians.get(kind)
        for seconds in times
    ]  # fmt: skip


def medians_of(windows: Iterable[Window]) -> dict[str, float]:
    """Return the median of each kind of page, of all these windows together."""
    together: dict[str, list[float]] = defaultdict(list)
    for window in windows:
        for kind, times in window.pages.items():
            together[kind] += times
    return {kind: median(times) for kind, times in together.items()}


def _spread(windows: Sequence[Sequence[float]], lot: int) -> float:
    """Return the largest difference between the p99 of `lot` windows together and that of the `lot` windows after them.

    Where there are fewer windows, take as many as there are twice.
    """
    lot = max(1, min(lot, len(windows) // 2))
    figures = [percentile(_joined(windows[at : at + lot]), 0.99) for at in range(len(windows) - lot + 1)]
    differences = [abs(after - before) for before, after in zip(figures, figures[lot:], strict=False)]
    return max((one for one in differences if not math.isnan(one)), default=0.0)


def slowest(window: Window, medians: Mapping[str, float], most: int) -> list[tuple[str, float, float]]:
    """Return the pages that took longest in units of the calm median of their kind, the slowest first: the kind, the
    seconds that it took, and how long after the beginning of its window it was asked for.
    """
    pages = [
        (seconds / medians[kind], kind, seconds, asked)
        for kind, times in window.pages.items()
        if medians.get(kind)
        for seconds, asked in zip(times, window.asked.get(kind, ()), strict=False)
    ]
    return [(kind, seconds, asked) for _slowdown, kind, seconds, asked in sorted(pages, reverse=True)[:most]]


def _joined(windows: Iterable[Sequence[float]]) -> list[float]:
    return [one for window in windows for one in window]


def _merged(windows: Sequence[Window]) -> Window:
    """Return the windows of one attack as one window: samples and counts together, and the highest memory."""
    first = windows[0]
    if len(windows) == 1:
        return first
    refused: dict[str, int] = defaultdict(int)
    attackers: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    pages: dict[str, list[float]] = defaultdict(list)
    asked: dict[str, list[float]] = defaultdict(list)
    used: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    for window in windows:
        used.update(window.used)
        rows.update(window.rows)
        for kind, moments in window.asked.items():
            asked[kind] += moments
        for what, times in window.refused.items():
            refused[what] += times
        for name, answers in window.attackers.items():
            for what, times in answers.items():
                attackers[name][what] += times
        for kind, seconds in window.pages.items():
            pages[kind] += seconds
    backs = [window.back_seconds for window in windows]
    known = [back for back in backs if back is not None]
    return replace(
        first,
        seconds=sum(window.seconds for window in windows),
        acks=_joined(window.acks for window in windows),
        pages=dict(pages),
        asked=dict(asked),
        used=dict(used),
        rows=dict(rows),
        lasted=sum(window.lasted for window in windows),
        given=_joined(window.given for window in windows),
        signed_in=_joined(window.signed_in for window in windows),
        filed=_joined(window.filed for window in windows),
        late=_joined(window.late for window in windows),
        refused=dict(refused),
        attackers={name: dict(answers) for name, answers in attackers.items()},
        memory_peak=max(window.memory_peak for window in windows),
        memory_after=windows[-1].memory_after,
        back_seconds=max(known) if len(known) == len(backs) else None,
    )


def figure(
    attacked: Sequence[float], calm: Sequence[float], noise: float, *, hard: float, edge: float
) -> Figure:  # fmt: skip
    """Judge one p99."""
    value, still = percentile(attacked, 0.99), percentile(calm, 0.99)
    if min(len(attacked), len(calm)) < FEWEST:
        verdict = "few"
    elif value <= edge * still:
        verdict = "edge"
    elif value <= hard * still:
        verdict = "hard"
    else:
        verdict = "no" if value - still > noise else "doubt"
    return Figure(value, still, noise, len(attacked), len(calm), verdict, hard)


def is_back(before: int, now: int) -> bool:
    """Return whether memory (KiB) is what it was: within a tenth or 16 MiB, because caches and pools may grow."""
    return now <= max(before * MEMORY_SHARE, before + MEMORY_KB)


def judge(siege: Siege) -> Verdict:
    """Return every breach in words, every doubt, and a row for each attack."""
    verdict = Verdict()
    calm = [window for window in siege.windows if window.name == CALM]
    medians = medians_of(calm)
    lots: dict[str, list[int]] = defaultdict(list)
    for place, window in enumerate(siege.windows):
        if window.name != CALM:
            lots[window.name].append(place)
            _look_at(verdict, window)
        for what, times in window.refused.items():
            verdict.breaches.append(f"{window.name}: {times} × honest people refused: {what}")
    for places in lots.values():
        near = _beside(siege.windows, places)
        acks = _spread([window.acks for window in calm], len(near))
        pages = _spread([slowdowns(window.pages, medians) for window in calm], len(near))
        verdict.ack_noise, verdict.page_noise = max(verdict.ack_noise, acks), max(verdict.page_noise, pages)
        row = _compare([siege.windows[place] for place in places], near, medians, (acks, pages))
        if row.times > 1:
            alone = _compare([siege.windows[places[0]]], _beside(siege.windows, places[:1]), medians, (acks, pages))
            row.first = alone.acks.ratio, alone.pages.ratio
        verdict.rows.append(row)
        _look_at_row(verdict, row)
    for kind, times in siege.broken.items():
        if times:
            verdict.breaches.append(f"{times} × {kind} (of {siege.acknowledged} acknowledged messages)")
    if not siege.acknowledged:
        verdict.breaches.append("nothing was acknowledged: this run shows nothing")
    _judge_people(verdict, siege)
    return verdict


def above_goal(windows: Sequence[Window]) -> list[str]:
    """Return the attacks with a p99 above its goal, shown or doubtful, the furthest above it first."""
    rows = sorted(judge(Siege(windows)).rows, key=lambda row: row.excess, reverse=True)
    return [row.window.name for row in rows if row.excess]


def _beside(windows: Sequence[Window], places: Sequence[int]) -> list[Window]:
    """Return the calm windows on both sides of each of these, each once."""
    beside = sorted({near for place in places for near in (place - 1, place + 1)} & set(range(len(windows))))
    return [windows[place] for place in beside if windows[place].name == CALM]


def _compare(
    windows: Sequence[Window],
    beside: Sequence[Window],
    medians: Mapping[str, float],
    noise: tuple[float, float],
) -> Row:
    """Compare one attack, with all its windows together, with the calm around them.

    noise: the noise of acknowledgements and of pages.
    """
    window = _merged(windows)
    hard, edge = (HARD_TOGETHER, EDGE_TOGETHER) if window.name == TOGETHER else (HARD, EDGE)
    hard_acks = HARD_UPLOADING if window.name == UPLOADING else hard
    acks = figure(window.acks, _joined(near.acks for near in beside), noise[0], hard=hard_acks, edge=edge)
    pages = figure(
        slowdowns(window.pages, medians),
        _joined(slowdowns(near.pages, medians) for near in beside),
        noise[1],
        hard=hard,
        edge=edge,
    )
    calm_pages: dict[str, list[float]] = defaultdict(list)
    for near in beside:
        for kind, times in near.pages.items():
            calm_pages[kind] += times
    given = _joined(near.given for near in beside)
    return Row(window, acks, pages, dict(calm_pages), given, len(windows))


def _look_at_row(verdict: Verdict, row: Row) -> None:
    """Judge the two p99 of an attack."""
    window = row.window
    for what, found in (("acknowledgements", row.acks), ("pages", row.pages)):
        said = f"{window.name}: p99 of {what} {found.ratio:.2f} × calm (≤ {found.hard:g})"
        if found.verdict == "no":
            verdict.breaches.append(said)
        elif found.verdict == "doubt":
            verdict.doubts.append(f"{said}, and calm windows differ as much")
        elif found.verdict == "few":
            verdict.doubts.append(
                f"{window.name}: p99 of {what}: {found.samples} and {found.calm_samples} samples are too few"
            )  # fmt: skip


def _look_at(verdict: Verdict, window: Window) -> None:
    """Judge what each window of an attack has to show by itself."""
    if not any(window.attackers.values()):
        verdict.breaches.append(f"{window.name}: the attacker did nothing: this window shows nothing")
    if window.name == UPLOADING:
        answered = window.attackers.get(UPLOADING, {})
        for what, times in answered.items():
            if what.startswith("refused"):
                verdict.breaches.append(f"{window.name}: {times} × a slice of somebody honest {what}")
        if not answered.get("files"):
            verdict.breaches.append(f"{window.name}: no file arrived: this window shows nothing")
    if window.back_seconds is None:
        after, before = window.memory_after // 1024, window.memory_before // 1024
        verdict.breaches.append(f"{window.name}: {after} MiB a minute later, {before} before")
    if window.held > (most := window.clients * CLIENT_KB + window.shared + MEMORY_KB):
        verdict.breaches.append(
            f"{window.name}: the web processes took {window.held // 1024} MiB for {window.clients} client(s)"
            f" (≤ {most // 1024})"
        )
    if window.settled_seconds is None:
        verdict.breaches.append(f"{window.name}: people were not served as before within a minute of its end")
    for name in window.stayed:
        verdict.breaches.append(f"{window.name}: the attacker {name} did not end by itself")
    if window.late and percentile(window.late, 0.99) > LATE_SECONDS:
        verdict.doubts.append(
            f"{window.name}: the harness itself was late ({1000 * percentile(window.late, 0.99):.0f} ms)"
        )  # fmt: skip


def _judge_people(verdict: Verdict, siege: Siege) -> None:
    for danger in siege.dangers:
        if danger.urgency != CRITICAL:
            verdict.breaches.append(f"{danger.window}: a real danger was stored with urgency {danger.urgency}")
        if danger.raid_ahead > siege.believed:
            verdict.breaches.append(
                f"{danger.window}: a real danger came behind {danger.raid_ahead} people of the raid"
                f" (≤ {siege.believed}, what the house believes of one network)"
            )  # fmt: skip
        if danger.overtaken:
            verdict.breaches.append(f"{danger.window}: {danger.overtaken} of the raid overtook a real danger")
    usual = max((one for found in siege.ordinary.values() for one in found), default=0)
    for window, found in siege.ordinary.items():
        if lowered := sum(one < usual for one in found):
            verdict.breaches.append(f"{window}: {lowered} × an honest signalement was given a lower urgency")

"""`make bench` measures the exchange beside the tutorial's chat and a bare relay, and compares it with the goals.

One web process on one core; this generator, PostgreSQL and Valkey on another. Interleaved rounds, medians of them; a
run with a loss or with a late generator is void and said to be. The table is printed, everything goes to
`.local/bench.json`. `python -m benchmarks.bench G1 G4` runs what those two need.
"""

import argparse
import asyncio
import gc
import json
import math
import os
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.figures import Goal, cpu_of_tree, cpu_seconds, interval, median, memory_kb, percentile
from benchmarks.site import ROOT, Stage, Web, refuse_unsafe_speed, stage
from benchmarks.sockets import (
    REPORTER,
    Exchange,
    Load,
    Pair,
    Room,
    beats,
    connect,
    pace,
    raise_file_limit,
    saturate,
    storm,
)
from benchmarks.stillness import STILLNESS_SECONDS, go_first, interruptions, memory_read_ns, told, told_memory
from benchmarks.wire import WireError

PNAV, TUTORIAL, RELAY = "pnav", "tutorial", "relay"
TWO = "pnav, two processes"
FOUR = "pnav, four processes"
APPLICATIONS = {
    PNAV: "benchmarks.slow_site:application",  # pnav.asgi with one more page
    TUTORIAL: "benchmarks.tutorial:application",
    RELAY: "benchmarks.relay:application",
}
RATE = 200  # messages a second, paced
SMALL = 100  # conversations
BEAT_SECONDS = 20
COMPUTING = 4  # how many pages compute at once
# Each round has so many windows without such pages and with them, in turn. The p99 of a thousand messages is decided by
# ten of them, so the p99 of one window differs by half from that of the next.
COMPUTING_PAIRS = 5
COMPUTING_PAGE = "/bench/computing/?seconds=0.5"  # requests that were sent are finished after each window


@dataclass(frozen=True)
class Scale:
    """How much is measured: everything, or enough to tune by."""

    rounds: int
    seconds: float  # how many seconds each load lasts
    medium: int  # conversations
    large: int
    storm: int
    idle_seconds: float  # how often the sessions of everybody are checked: `chat.realtime.connection.CHECK_SECONDS`
    waiting: int


WHOLE = Scale(rounds=3, seconds=5, medium=1000, large=5000, storm=2500, idle_seconds=18, waiting=1000)
QUICK = Scale(rounds=1, seconds=3, medium=250, large=500, storm=250, idle_seconds=4, waiting=200)


class Book:
    """What was measured: one value a round, by figure and server. A void run has NaN, and `notes` says why."""

    def __init__(self) -> None:
        self.values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        self.notes: list[str] = []

    def add(self, name: str, figure: str, value: float, trouble: str = "") -> None:
        """Add the value of one round. trouble: why the value is void; "" when it is not."""
        self.values[figure][name].append(math.nan if trouble else value)

    def note(self, text: str) -> None:
        print(f"  void: {text}", flush=True)
        self.notes.append(text)

    def of(self, name: str, figure: str) -> float:
        return median(self.values[figure][name])

    def ratio(self, figure: str, name: str, base: str) -> float:
        return self.of(name, figure) / self.of(base, figure)


class Bench:
    """One run: the site, the servers, which run one after the other, and the results."""

    def __init__(self, ground: Stage, scale: Scale, window: int, verbose: bool) -> None:
        self.ground = ground
        self.scale = scale
        self.window = window
        self.verbose = verbose
        self.book = Book()
        self.lines: list[dict[str, str]] = []
        self.signed_in: list[str] = []
        self.web_cores, self.other_cores = cores()

    def say(self, text: str) -> None:
        if self.verbose:
            print(f"  {text}", flush=True)

    # -- people --------------------------------------------------------------------------------------------------------

    def prepare(self, count: int) -> None:
        """Create open conversations for Pnav and signed-in accounts for the tutorial, as many of each."""
        from django.core.management import call_command

        if len(self.lines) >= count:
            return
        out = self.ground.folder / "pairs"
        missing = count - len(self.lines)
        call_command("bench_sessions", "--pairs", str(missing), "--out", str(out), verbosity=0, stdout=_nowhere())
        self.lines += [json.loads(line) for line in out.read_text().splitlines()]
        self.signed_in += sign_in_with_stock_sessions(missing)

    def talks(self, name: str, count: int) -> list[Any]:
        if name == RELAY:
            return [Room(f"r{number}") for number in range(count)]
        if name == TUTORIAL:
            return [Room(f"r{number}", f"sessionid={self.signed_in[number]}") for number in range(count)]
        if not hasattr(self, "_exchanges"):
            self._exchanges: list[Exchange] = []
        self._exchanges += [Exchange(line) for line in self.lines[len(self._exchanges) : count]]
        return self._exchanges[:count]  # their cursors are kept from one round to the next, as the messages are

    # -- servers -------------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def served(self, name: str, count: int, processes: int = 1) -> AsyncIterator[tuple[list[Web], list[Pair]]]:
        """Start `processes` of a server on the core of the web, and give pairs that are not connected yet, which cross
        them.
        """
        webs = [Web(self.ground.folder, APPLICATIONS[name], cores=self.web_cores) for _number in range(processes)]
        pairs: list[Pair] = []
        try:
            for web in webs:
                await asyncio.to_thread(web.start)
            for number, talk in enumerate(self.talks(name, count)):
                one = number % processes
                other = (one + 1) % processes if processes == 2 else number // processes % processes
                pairs.append(Pair(talk, (webs[one].port, webs[other].port)))
            yield webs, pairs
        finally:
            for pair in pairs:
                pair.hang_up()
            await asyncio.sleep(0.1)
            for web in webs:
                await asyncio.to_thread(web.stop)

    def cpu(self, webs: Sequence[Web]) -> dict[str, float]:
        """Return the processor seconds so far, by who spent them."""
        assert self.ground.postgres.process and self.ground.valkey.process
        return {
            "web": sum(cpu_seconds(web.pid) for web in webs),
            "postgresql": cpu_of_tree(self.ground.postgres.process.pid),
            "valkey": cpu_seconds(self.ground.valkey.process.pid),
            "generator": time.process_time(),
        }

    # -- measures ------------------------------------------------------------------------------------------------------

    async def saturation(self, name: str, processes: int = 1) -> None:
        """Measure G1, G2, G3, G9: a hundred conversations, with `window` messages in flight in each."""
        label = TWO if processes == 2 else name
        async with self.served(name, SMALL, processes) as (webs, pairs):
            await connect(pairs)
            load, rate, elapsed, before, after = await saturate(
                pairs, self.window, self.scale.seconds, lambda: self.cpu(webs)
            )
        trouble = self.judge(load, label)
        spent = {part: 1e6 * (after[part] - before[part]) / (rate * elapsed) for part in before} if rate else {}
        self.book.add(label, "msg/s", rate, trouble)
        for part, micros in spent.items():
            self.book.add(label, f"µs/msg {part}", micros, trouble)
        self.book.add(label, "µs/msg", sum(spent.values()) - spent.get("generator", 0), trouble)
        self.book.add(label, "generator share", (after["generator"] - before["generator"]) / elapsed)
        shares = ", ".join(f"{part} {micros:.0f}" for part, micros in spent.items())
        self.say(f"{label}: {rate:.0f} msg/s; µs a message: {shares}")

    def judge(self, load: Load, what: str) -> str:
        """Return why this load is void, and note it once; "" when it is not."""
        trouble = load.trouble()
        if trouble:
            self.book.note(f"{what}: {trouble}")
        return trouble

    def keep_latency(self, label: str, figure: str, load: Load) -> None:
        trouble = self.judge(load, f"{label}, {figure}")
        for kind, times in (("", load.receipts()), (" ack", load.acknowledgements())):
            for share in (50, 99):
                self.book.add(label, f"p{share}{kind} {figure}", 1000 * percentile(times, share / 100), trouble)
        self.book.add(label, f"late p99 {figure}", 1000 * percentile(load.lateness, 0.99))
        received = load.receipts()
        middle, high = 1000 * percentile(received, 0.5), 1000 * percentile(received, 0.99)
        self.say(f"{label}, {figure}: p50 {middle:.1f} ms, p99 {high:.1f} ms")

    async def growth(self, name: str, processes: int = 1) -> None:
        """Measure G4 to G8 and G16: from a hundred conversations to thousands, on the same process."""
        label = FOUR if processes == 4 else name
        scale = self.scale
        async with self.served(name, scale.large, processes) as (webs, pairs):
            await connect(pairs[:SMALL])
            warm = await pace(pairs[:SMALL], RATE, 1)
            self.judge(warm, f"{label}, warm-up")
            base = [memory_kb(web.pid)["Pss"] for web in webs]
            self.keep_latency(label, f"ms at {SMALL}", await pace(pairs[:SMALL], RATE, scale.seconds))
            if processes == 1:
                before, count = self.cpu(webs), 2 * (scale.medium - SMALL)
                took = await connect(pairs[SMALL : scale.medium])
                spent = self.cpu(webs)["web"] - before["web"]
                self.book.add(label, "connects/s", count / took)
                self.book.add(label, "µs/connect web", 1e6 * spent / count)
                self.keep_latency(label, "ms at medium", await pace(pairs[: scale.medium], RATE, scale.seconds))
                took_more = await connect(pairs[scale.medium :])
                rate_more = 2 * (scale.large - scale.medium) / took_more
                self.say(f"{label}: {count / took:.0f}, then {rate_more:.0f} connects/s")
            else:
                await connect(pairs[SMALL:])
            await asyncio.sleep(1)
            grown = sum(memory_kb(web.pid)["Pss"] for web in webs) - sum(base)
            self.book.add(label, "kB/socket", grown / (2 * (scale.large - SMALL)))
            if processes == 1:
                await self.idle(label, webs, pairs)
            self.keep_latency(label, "ms at large", await pace(pairs, RATE, scale.seconds))
            # Measured once for the tutorial: waiting for its late messages is in vain.
            if label == PNAV or (label == TUTORIAL and "storm s" not in self.book.values):
                await self.drop(label, pairs[: scale.storm])

    async def idle(self, label: str, webs: Sequence[Web], pairs: Sequence[Pair]) -> None:
        seconds = self.scale.idle_seconds
        for figure in ("idle", "idle, beats") if pairs[0].talk.needs_sync else ("idle",):
            before, started = self.cpu(webs), time.perf_counter()
            if figure == "idle":
                await asyncio.sleep(seconds)
            else:
                await beats(pairs, BEAT_SECONDS, seconds)
            after, elapsed = self.cpu(webs), time.perf_counter() - started
            gone = sum(side is None or not side.is_ready for pair in pairs for side in pair.sides)
            trouble = f"{gone} sockets were closed" if gone else ""
            if trouble:
                self.book.note(f"{label}, {figure}: {trouble}")
            share = (after["web"] - before["web"]) / elapsed
            everyone = sum(after[part] - before[part] for part in ("web", "postgresql", "valkey")) / elapsed
            self.book.add(label, figure, share, trouble)
            self.book.add(label, f"{figure}, all", everyone, trouble)
            self.say(f"{label}, {figure}: web {share:.3f} of a core, with PostgreSQL and Valkey {everyone:.3f}")

    async def drop(self, label: str, pairs: Sequence[Pair]) -> None:
        seconds, failures, never = await storm(pairs, patience=60 if label == PNAV else 20)
        if never:
            self.book.note(f"{label}: {never} sockets never came back")
        self.book.add(label, "storm s", seconds, "lost" if never else "")
        self.book.add(label, "storm failures", failures)
        self.say(f"{label}: {2 * len(pairs)} sockets back in {seconds:.1f} s, {failures} attempts failed")

    async def slow_page(self, name: str) -> None:
        """Measure G13: the p99 while `/bench/slow/` is asked for again and again, divided by the p99 without."""
        async with self.served(name, SMALL) as (webs, pairs):
            await connect(pairs)
            await pace(pairs, RATE, 1)
            calm = await pace(pairs, RATE, self.scale.seconds)
            stop = asyncio.Event()
            asking = asyncio.ensure_future(_ask_slowly(webs[0].port, stop))
            await asyncio.sleep(0.5)
            held_up = await pace(pairs, RATE, max(5.0, self.scale.seconds))
            stop.set()
            answers = await asking
        trouble = self.judge(calm, f"{name}, no slow page") or self.judge(held_up, f"{name}, slow page")
        if not answers:
            trouble = "no answer"
            self.book.note(f"{name}: the slow page never answered")
        ratio = percentile(held_up.receipts(), 0.99) / percentile(calm.receipts(), 0.99)
        self.book.add(name, "p99 under a slow page", ratio, trouble)
        self.say(f"{name}: p99 × {ratio:.2f} under {answers} slow pages")

    async def computing_pages(self, *, is_apart: bool) -> None:
        """Measure G18: the p99 of acknowledgements while COMPUTING pages compute all the time, divided by the p99
        without.

        is_apart: sockets in one process and pages in another, as production has them, on the same core, in
        COMPUTING_PAIRS pairs of windows, of which each is one value; else both in one, one pair, for comparison.
        """
        roles = ("sockets", "pages") if is_apart else ("all",)
        label = "apart" if is_apart else "together"
        webs = [Web(self.ground.folder, APPLICATIONS[PNAV], self.web_cores, PROCESS_ROLE=role) for role in roles]
        pairs = [Pair(talk, (webs[0].port, webs[0].port)) for talk in self.talks(PNAV, SMALL)]
        try:
            for web in webs:
                await asyncio.to_thread(web.start)
            await connect(pairs)
            await pace(pairs, RATE, 1)
            for number in range(COMPUTING_PAIRS if is_apart else 1):
                loads: dict[bool, Load] = {}
                answers = 0
                for is_beside in (False, True) if number % 2 == 0 else (True, False):
                    stop = asyncio.Event()
                    pages = [_ask_slowly(webs[-1].port, stop, COMPUTING_PAGE) for _each in range(COMPUTING * is_beside)]
                    asking = asyncio.gather(*pages)
                    await asyncio.sleep(0.5)
                    loads[is_beside] = await pace(pairs, RATE, self.scale.seconds)
                    stop.set()
                    answers += sum(await asking)
                self._keep_pair(label, loads[False], loads[True], answers)
        finally:
            for pair in pairs:
                pair.hang_up()
            await asyncio.sleep(0.1)
            for web in webs:
                await asyncio.to_thread(web.stop)

    def _keep_pair(self, label: str, calm: Load, held_up: Load, answers: int) -> None:
        """Keep one value of G18: a window without pages that compute, and the one beside it with them."""
        trouble = self.judge(calm, f"{label}, no page that computes")
        if label == "apart":  # in one process messages are late, which is what this shows
            trouble = trouble or self.judge(held_up, f"{label}, pages that compute")
        if not answers:
            trouble = "no answer"
            self.book.note(f"{label}: the page that computes never answered")
        without, beside = (percentile(load.acknowledgements(), 0.99) for load in (calm, held_up))
        self.book.add(PNAV, f"p99 ack beside computing pages, {label}", beside / without, trouble)
        self.say(
            f"{label}: p99 of acknowledgements {1000 * without:.1f} ms, {1000 * beside:.1f} beside {answers} computing "
            f"pages: × {beside / without:.2f}"
        )

    async def waiting_room(self) -> None:
        """Measure how long each waiting socket takes to know its new place when one person leaves, then dispatch when
        agents come.
        """
        from django.core.management import call_command

        out = self.ground.folder / "room"
        arguments = ("--waiting", str(self.scale.waiting), "--agents", "50", "--out", str(out))
        await asyncio.to_thread(call_command, "bench_sessions", *arguments, stdout=_nowhere())
        lines = [json.loads(line) for line in out.read_text().splitlines()]
        talks = [Exchange(line) for line in lines if "conversation" in line]
        web = Web(self.ground.folder, APPLICATIONS[PNAV], cores=self.web_cores)
        await asyncio.to_thread(web.start)
        pairs = [Pair(talk, (web.port, web.port)) for talk in talks]
        try:
            for talk in talks:
                talk.cursor = 0
            await connect(pairs, sides=(REPORTER,))
            for _turn in range(3):
                await asyncio.sleep(1.2)  # the board then shows figures of a second ago
                leaver, *pairs = pairs
                times = await _place_changes(leaver, pairs)
                trouble = f"{len(pairs) - len(times)} were never told" if len(times) < len(pairs) else ""
                if trouble:
                    self.book.note(f"waiting room: {trouble}")
                self.say(f"{len(pairs)} wait: p99 until the place is known {1000 * percentile(times, 0.99):.0f} ms")
                self.book.add(PNAV, "place p99 ms", 1000 * percentile(times, 0.99), trouble)
                self.book.add(PNAV, "place p50 ms", 1000 * percentile(times, 0.5), trouble)
                leaver.hang_up()
            seconds, given = await asyncio.to_thread(_dispatch)
            self.book.add(PNAV, "dispatch ms", 1000 * seconds, "" if given else "nobody was given")
            self.book.add(PNAV, "dispatch ms each", 1000 * seconds / max(1, given))
            self.say(f"{len(pairs)} wait, 50 agents: {given} given in {1000 * seconds:.0f} ms")
        finally:
            for pair in pairs:
                pair.hang_up()
            await asyncio.to_thread(web.stop)
            await asyncio.to_thread(_forget_waiting)


@cache
def cores() -> tuple[set[int] | None, set[int] | None]:
    """Return one core for the web and another for everything else; None for both where there is only one.

    The machine is asked only once: a process that was moved to one core would find only that one, and would put the web
    on its own core.
    """
    available = sorted(os.sched_getaffinity(0))
    if len(available) < 2:
        return None, None
    return {available[0]}, {available[1]}


def _nowhere() -> Any:
    return open(os.devnull, "w")  # noqa: PTH123  a command wants a stream to write to


def sign_in_with_stock_sessions(count: int) -> list[str]:
    """Create sessions of Django's own kind for the newest `count` agents, which the tutorial's AuthMiddlewareStack
    reads.
    """
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.contrib.sessions.models import Session
    from django.utils.crypto import get_random_string

    from pnav.accounts.models import User

    rows, keys = [], []
    users = list(User.objects.filter(username__startswith="bench-").order_by("-pk")[:count])
    for user in users:
        store = SessionStore(get_random_string(32))
        content = {
            SESSION_KEY: str(user.pk),
            BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
            HASH_SESSION_KEY: user.get_session_auth_hash(),
        }
        rows.append(store.create_model_instance(content))
        keys.append(store.session_key)
    Session.objects.bulk_create(rows, batch_size=1000)
    return keys


async def _ask_slowly(port: int, stop: asyncio.Event, page: str = "/bench/slow/") -> int:
    """Ask for a slow page, one request at a time, until told to stop; how many were answered."""
    answers = 0
    request = f"GET {page} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode()
    while not stop.is_set():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        answer = await reader.read()
        writer.close()
        answers += b" 200 " in answer[:20]
    return answers


async def _place_changes(leaver: Pair, stayers: Sequence[Pair]) -> list[float]:
    """Let the head of the queue leave, and return the seconds until each of the others has a `state` with its new
    place.
    """
    times: list[float] = []
    started = 0.0

    def listen(side: Any, expected: int) -> Callable[[dict[str, Any]], None]:
        def hear(content: dict[str, Any]) -> None:
            if content["type"] == "state" and content["position"] == expected:
                times.append(time.perf_counter() - started)
                side.listener = None

        return hear

    for position, pair in enumerate(stayers, 1):
        side = pair.sides[REPORTER]
        assert side is not None
        side.listener = listen(side, position)
    started = time.perf_counter()
    await asyncio.to_thread(_leave, leaver.talk.conversation)
    while len(times) < len(stayers) and time.perf_counter() - started < 15:
        await asyncio.sleep(0.01)
    for pair in stayers:
        side = pair.sides[REPORTER]
        assert side is not None
        side.listener = None
    return times


def _leave(public_id: str) -> None:
    from django.db import connection

    from chat.conversations.actions import close_conversation
    from chat.models import Agent, Conversation
    from chat.rules.lifecycle import Author, Availability

    # Nobody is on duty while the places in the queue are timed.
    Agent.objects.exclude(availability=Availability.AWAY).update(availability=Availability.PAUSE)
    conversation = Conversation.objects.get(public_id=public_id)
    close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    connection.close()


def _dispatch() -> tuple[float, int]:
    from django.db import connection

    from chat.conversations.dispatcher import dispatch
    from chat.models import Agent
    from chat.rules.lifecycle import Availability

    Agent.objects.filter(availability=Availability.PAUSE).update(availability=Availability.AVAILABLE)
    started = time.perf_counter()
    given = dispatch()
    elapsed = time.perf_counter() - started
    connection.close()
    return elapsed, given


def _forget_waiting() -> None:
    """Remove the people of this room and their agents; the pairs stay."""
    from django.db import connection

    from chat.models import Agent, Conversation
    from chat.rules.lifecycle import Availability, Status

    Agent.objects.filter(capacity=3).update(availability=Availability.AWAY)
    Conversation.objects.filter(status=Status.WAITING).update(status=Status.ABANDONED)
    connection.close()


# --- the table ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """It is one line of the table. `value` is judged; `shown` are the figures of Pnav, the tutorial and the relay."""

    measure: str
    title: str
    figure: str
    value: Callable[[Book, Scale], float]
    goal: Goal | None = None
    unit: str = "×"
    pnav: str = PNAV


def _ratio(figure: str, base: str) -> Callable[[Book, Scale], float]:
    return lambda book, _scale: book.ratio(figure, PNAV, base)


def _soak(_book: Book, _scale: Scale) -> float:
    """Return what the last whole hour of `make soak` found."""
    path = ROOT / ".local" / "soak.json"
    found = json.loads(path.read_text()) if path.exists() else {"seconds": 0}
    return float(found["memory_ratio"]) if found["seconds"] >= 3600 else math.nan


def _computing(book: Book) -> tuple[float, float, float]:
    """Return the median of G18's pairs of windows, and what they leave open of it (`figures.interval`)."""
    return interval(book.values["p99 ack beside computing pages, apart"][PNAV])


ROWS = (
    Row("G1", "throughput ÷ tutorial's", "msg/s", _ratio("msg/s", TUTORIAL), Goal(10, 12, at_most=False)),
    Row("G2", "web CPU a message ÷ relay's", "µs/msg web", _ratio("µs/msg web", RELAY), Goal(1.3, 1.2)),
    Row("G3", "total CPU a message ÷ tutorial's", "µs/msg", _ratio("µs/msg", TUTORIAL), Goal(0.10, 0.07)),
    *(
        Row("G4", f"{share}, {size} conversations ÷ tutorial's", f"{share} ms at {key}",
            _ratio(f"{share} ms at {key}", TUTORIAL), Goal(0.8, 0.6))
        for key, size in ((SMALL, "100"), ("medium", "{medium}"), ("large", "{large}"))
        for share in ("p50", "p99")
    ),
    Row("G5", "p99 at {sockets} sockets ÷ at 200, one process", "p99 ms at large",
        lambda book, _scale: book.of(PNAV, "p99 ms at large") / book.of(PNAV, f"p99 ms at {SMALL}"), Goal(2, 1.3)),
    Row("G5", "the same, four processes", "p99 ms at large",
        lambda book, _scale: book.of(FOUR, "p99 ms at large") / book.of(FOUR, f"p99 ms at {SMALL}"), Goal(2, 1.3),
        pnav=FOUR),
    Row("G5", "four processes at {sockets} sockets ÷ one process at 200", "p99 ms at large",
        lambda book, _scale: book.of(FOUR, "p99 ms at large") / book.of(PNAV, f"p99 ms at {SMALL}"), None, pnav=FOUR),
    Row("G6", "kB an idle socket ÷ relay's, at {sockets}", "kB/socket", _ratio("kB/socket", RELAY), Goal(1.5, 1.25)),
    Row("G6", "the same ÷ tutorial's", "kB/socket", _ratio("kB/socket", TUTORIAL), Goal(1)),
    Row("G7", "connects/s, signed in and caught up ÷ tutorial's", "connects/s", _ratio("connects/s", TUTORIAL),
        Goal(1, 2, at_most=False)),
    Row("G8", "{storm} dropped: time back ÷ ({storm} ÷ own connects/s)", "storm s",
        lambda book, scale: book.of(PNAV, "storm s") / (2 * scale.storm / book.of(PNAV, "connects/s")), Goal(1.5, 1.1)),
    Row("G9", "two processes, every message crossing ÷ one", "msg/s",
        lambda book, _scale: book.of(TWO, "msg/s") / book.of(PNAV, "msg/s"), Goal(0.9, 1, at_most=False), pnav=TWO),
    Row("G13", "p99 under a page of 2 s ÷ without", "p99 under a slow page",
        lambda book, _scale: book.of(PNAV, "p99 under a slow page"), Goal(1.5, 1.1)),
    Row("G18", "p99 of acknowledgements beside 4 pages that compute, processes of their own", "",
        lambda book, _scale: _computing(book)[0], Goal(1.5, 1.1)),
    *(
        Row("G18", f"of that, the {which} end of what the pairs of windows leave open (95 %)", "",
            lambda book, _scale, place=place: _computing(book)[place])
        for which, place in (("lower", 1), ("upper", 2))
    ),
    Row("G18", "the same in one process, for comparison", "",
        lambda book, _scale: book.of(PNAV, "p99 ack beside computing pages, together")),
    Row("G15", "memory after the soak ÷ after 5 min (make soak)", "", _soak, Goal(1.05)),
    Row("G16", "share of a core, {sockets} sockets, no frame", "idle",
        lambda book, _scale: book.of(PNAV, "idle"), Goal(0.05, 0.02), unit=""),
    Row("G16", "the same, a beat each 20 s", "idle, beats",
        lambda book, _scale: book.of(PNAV, "idle, beats"), Goal(0.05, 0.02), unit=""),
    Row("room", "{waiting} wait: p99 until the place is known, ms", "place p99 ms",
        lambda book, _scale: book.of(PNAV, "place p99 ms"), unit="ms"),
    Row("room", "{waiting} wait, 50 agents: dispatch, ms a conversation", "dispatch ms each",
        lambda book, _scale: book.of(PNAV, "dispatch ms each"), unit="ms"),
)  # fmt: skip


def number(value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(book: Book, scale: Scale, wanted: set[str]) -> tuple[str, list[dict[str, Any]]]:
    """Return the table in Markdown, and its rows as values."""
    words = {
        "medium": f"{scale.medium:,}", "large": f"{scale.large:,}", "sockets": f"{2 * scale.large:,}",
        "storm": f"{2 * scale.storm:,}", "waiting": f"{scale.waiting:,}",
    }  # fmt: skip
    lines = ["| # | measure | Pnav | tutorial | relay | result | hard · edge | reached |", "|" + "---|" * 8]
    rows = []
    for row in ROWS:
        if row.measure not in wanted:
            continue
        value = row.value(book, scale)
        figures = [book.of(name, row.figure) if row.figure else math.nan for name in (row.pnav, TUTORIAL, RELAY)]
        verdict = row.goal.verdict(value) if row.goal else ""
        if verdict == "void" and not row.figure:
            verdict = "not run"
        title = row.title.format(**words)
        result = "–" if math.isnan(value) else f"{number(value)} {row.unit}".strip()
        cells = [row.measure, title, *map(number, figures), result, str(row.goal or ""), verdict]
        lines.append(f"| {' | '.join(cells)} |")
        rows.append({"measure": row.measure, "title": title, "value": value, "figures": figures, "reached": verdict})
    return "\n".join(lines), rows


def details(book: Book) -> str:
    """Return a table of every median by server, from which the main table is made."""
    names = [PNAV, TUTORIAL, RELAY, TWO, FOUR]
    lines = [f"| figure (medians) | {' | '.join(names)} |", "|" + "---|" * (len(names) + 1)]
    for figure in sorted(book.values):
        lines.append(f"| {figure} | {' | '.join(number(book.of(name, figure)) for name in names)} |")
    return "\n".join(lines)


# --- running ------------------------------------------------------------------------------------------------------

MEASURES = list(dict.fromkeys(row.measure for row in ROWS))
PACED = {"G4", "G5", "G13"}  # in these measurements a core is never full


def run(bench: Bench, wanted: set[str], rounds: int) -> None:
    """Run the rounds: in each, every server in turn does what the wanted measures need."""
    scale = bench.scale
    grows = wanted & {"G4", "G5", "G6", "G7", "G8", "G16"}
    bench.prepare(scale.large if grows else SMALL)
    saturates = wanted & {"G1", "G2", "G3", "G9"}
    for turn in range(rounds):
        print(f"round {turn + 1} of {rounds}", flush=True)
        work: list[Any] = []
        if "room" in wanted:
            work.append(bench.waiting_room)
        for name in (RELAY, TUTORIAL, PNAV):
            if saturates:
                work.append(lambda name=name: bench.saturation(name))
        if "G9" in wanted:
            work.append(lambda: bench.saturation(PNAV, processes=2))
        for name in (RELAY, TUTORIAL, PNAV):
            if grows:
                work.append(lambda name=name: bench.growth(name))
        if "G5" in wanted:
            work.append(lambda: bench.growth(PNAV, processes=4))
        if "G13" in wanted:
            for name in (TUTORIAL, PNAV):
                work.append(lambda name=name: bench.slow_page(name))
        if "G18" in wanted:
            for is_apart in (True, False):
                work.append(lambda is_apart=is_apart: bench.computing_pages(is_apart=is_apart))
        for step in work:
            refuse_unsafe_speed()
            try:
                asyncio.run(step())
            # What it would have measured stays empty, so the measurement is void.
            except* (WireError, OSError) as failures:
                bench.book.note(f"a step ended early: {failures.exceptions[0]!r}")
            gc.collect()


def show_faults(path: Path) -> None:
    """Print what the last run of `make faults` said, which measures G10 to G12."""
    if path.exists():
        hours = (time.time() - path.stat().st_mtime) / 3600
        print(f"\nG10–G12, from `make faults` {hours:.1f} h ago:\n{json.loads(path.read_text())['table']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("measures", nargs="*", metavar="G1", help=f"some of {' '.join(MEASURES)}; none for all")
    parser.add_argument("--quick", action="store_true", help="one round, fewer sockets: to tune by")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float, help="of each load")
    parser.add_argument("--window", type=int, default=4, help="messages in flight in each conversation, at saturation")
    parser.add_argument("--large", type=int, help="conversations at most")
    parser.add_argument("--out", type=Path, default=ROOT / ".local" / "bench.json")
    parser.add_argument(
        "--undisturbed",
        action="store_true",
        help=f"before everything else that runs on this machine: {' '.join(sorted(PACED))} only, named",
    )
    options = parser.parse_args()
    wanted = set(options.measures or MEASURES)
    if options.undisturbed and not wanted <= PACED:
        parser.error(f"what fills a core cannot go before everything else: name some of {' '.join(sorted(PACED))}")
    if unknown := wanted - set(MEASURES):
        parser.error(f"not a measure of this bench: {', '.join(sorted(unknown))} (G10–G12: make faults; G14: pages)")
    scale = QUICK if options.quick else WHOLE
    scale = replace(scale, seconds=options.seconds or scale.seconds, large=options.large or scale.large)
    sockets = raise_file_limit()
    if 2 * scale.large > sockets:
        print(f"This user may open {sockets} sockets: {sockets // 2} conversations instead of {scale.large}.")
        scale = replace(scale, large=sockets // 2)
    scale = replace(
        scale, medium=min(scale.medium, max(SMALL + 1, scale.large // 2)), storm=min(scale.storm, scale.large)
    )
    started = time.monotonic()
    _web, other = cores()
    if other:
        os.sched_setaffinity(0, other)  # what is started from here inherits these cores; the web is moved
    rounds = options.rounds or scale.rounds
    taken = interruptions(STILLNESS_SECONDS)
    print(told(taken, STILLNESS_SECONDS), flush=True)
    print(told_memory(memory_read_ns()), flush=True)
    if options.undisturbed:
        go_first()
    with stage() as ground:
        gc.disable()  # the time of a garbage collection would be taken for a delay of the server
        bench = Bench(ground, scale, options.window, verbose=True)
        try:
            run(bench, wanted, rounds)
        finally:
            text, rows = table(bench.book, scale, wanted)
            minutes = (time.monotonic() - started) / 60
            print(f"\n{details(bench.book)}\n\n{text}\n\n{rounds} round(s) in {minutes:.1f} min", flush=True)
            for note in dict.fromkeys(bench.book.notes):
                print(f"void: {note}")
            if not options.measures:
                show_faults(ROOT / ".local" / "faults.json")
            options.out.parent.mkdir(parents=True, exist_ok=True)
            content = {
                "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "rounds": rounds, "scale": asdict(scale),
                "rows": rows, "values": bench.book.values, "notes": bench.book.notes,
                "undisturbed": options.undisturbed, "interruptions": taken,
            }  # fmt: skip
            options.out.write_text(json.dumps(content, indent=1))


if __name__ == "__main__":
    main()

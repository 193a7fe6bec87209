"""Web processes behind the proxy of a production: `python -m benchmarks.faults.web_faults`, a part of `make faults`.

There are two hosts, each with a process of pages and one of sockets, over TLS; Caddy or HAProxy with our own file of
deploy/; people who write to each other over sockets and over HTTP, and people who ask for pages. One process of a host,
or all of them, is killed, frozen or told to end, and comes back. `checker` judges the messages, and `web_judge` the
pages and sockets.
"""

import argparse
import asyncio
import json
import math
import os
import random
import signal
import socket
import ssl
import statistics
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from benchmarks.faults import checker, records, web_judge
from benchmarks.faults.clients import (
    CLOSE_AGAIN,
    FormClient,
    FramesClient,
    HttpFailure,
    SocketClient,
    _PlainClient,
)
from benchmarks.faults.crowd import Crowd
from benchmarks.faults.journal import Journal
from benchmarks.faults.processes import ROOT, Site, _Clocked, site
from benchmarks.faults.reverse_proxy import HOST, PROXIES, NoProxy, ReverseProxy
from benchmarks.faults.totals import WEB, Totals
from pnav.demo.services import free_port
from pnav.server import entry

PAIRS, WITHOUT_SOCKET = 20, 3
EVERY_SECONDS = 0.8  # each side writes at about this interval
PAGES_EVERY_SECONDS = 0.12
CALM_SECONDS, AFTER_SECONDS = 2.0, 4.0
AWAY_SECONDS = 6.0  # how long a killed process is away
FROZEN_SECONDS = 12.0
PAGE_PATIENCE_SECONDS = 20.0
RUN_SECONDS = 120.0
SPREAD_SECONDS = 2.0  # static/pnav/lib/line.js: within this time a page comes back when it is told to
SOON_SECONDS, LATEST_SECONDS = 0.5, 20.0  # the first and the longest delay of static/pnav/lib/timers.js


class WebOverTls(_Clocked):
    """A web process as the image starts it, with a certificate."""

    def __init__(self, folder: Path, tls: Path, role: str) -> None:
        self.port = free_port()
        super().__init__(folder, f"{role}-{self.port}")
        self.own = {
            "PROCESS_ROLE": role,
            "WEB_PORT": str(self.port),
            "WEB_INTERFACE": "127.0.0.1",
            "WEB_KEY": str(tls / "web/key.pem"),
            "WEB_CERTIFICATE": str(tls / "web/certificate.pem"),
        }

    def start(self) -> None:
        self._run(*entry.web_command(self.own)[1:])
        self._wait_until(self._answers)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def freeze(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)

    def is_there(self) -> bool:
        return self.process is not None and self.process.poll() is None


@dataclass
class Host:
    """One of the two machines."""

    pages: WebOverTls
    sockets: WebOverTls

    @property
    def all(self) -> tuple[WebOverTls, WebOverTls]:
        return self.pages, self.sockets


class Door:
    """The address of the site for a browser: the proxy's port, over TLS with an authority that nobody knows."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.host = f"{HOST}:{port}"
        self.tls: ssl.SSLContext | None = ssl.create_default_context()
        self.tls.check_hostname = False
        self.tls.verify_mode = ssl.CERT_NONE

    async def open(self, _name: str) -> socket.socket:
        sock = socket.socket()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))
        except BaseException:
            sock.close()
            raise
        return sock


class Person(SocketClient):
    """A socket that comes back as our page does, and records how."""

    dialled_at = 0.0
    is_down = False

    @property
    def now(self) -> float:
        return time.monotonic() - self.journal.started

    async def _dial(self) -> connect:
        self.dialled_at = self.now
        return await super()._dial()

    def _shook(self, status: int) -> None:
        self.journal.note("shook", c=self.keys.conversation, v=self.viewer, began=self.dialled_at, status=status)

    async def _converse(self, socket: ClientConnection) -> None:
        self._shook(101)
        await super()._converse(socket)

    async def _handle(self, socket: ClientConnection, frame: dict[str, Any]) -> None:
        await super()._handle(socket, frame)
        if self.is_down and self.is_ready:
            self.is_down = False
            self.journal.note("up", c=self.keys.conversation, v=self.viewer)

    async def closed(self, code: int | None, error: Exception | None) -> None:
        if code is None:  # it was never open
            self._shook(error.response.status_code if isinstance(error, InvalidStatus) else 0)
        if not self.is_down:
            self.is_down = True
            silent = round(self.heard_at - self.journal.started, 4)
            self.journal.note("down", c=self.keys.conversation, v=self.viewer, code=code or 0, silent=silent)
        self.failures += 1
        if code == CLOSE_AGAIN and self.failures == 1:
            await asyncio.sleep(self.random.uniform(0.05, SPREAD_SECONDS))
        elif self.failures < 2:
            await asyncio.sleep(self.random.uniform(0.05, SOON_SECONDS))
        else:
            longest = min(LATEST_SECONDS, SOON_SECONDS * 2 ** (self.failures - 1))
            await asyncio.sleep(longest * self.random.uniform(0.5, 1.5))


class _Counted(_PlainClient):
    """Records each HTTP request with its answer."""

    async def request(self, method: str, path: str, body: bytes = b"", kind: str = "") -> tuple[int, bytes]:
        began = time.monotonic() - self.journal.started
        try:
            status, content = await super().request(method, path, body, kind)
        except HttpFailure:
            self.journal.note("asked", c=self.keys.conversation, m=method, began=began, status=0)
            raise
        self.journal.note("asked", c=self.keys.conversation, m=method, began=began, status=status)
        return status, content


class Frames(_Counted, FramesClient):
    """A page on a network that blocks sockets."""

    answer_seconds = PAGE_PATIENCE_SECONDS


class Form(_Counted, FormClient):
    """A page without a script."""

    answer_seconds = PAGE_PATIENCE_SECONDS


class Reader(_Counted):
    """A person who asks for pages, one after the other, each on its own connection."""

    answer_seconds = PAGE_PATIENCE_SECONDS

    async def live(self) -> None:
        """Ask at a steady pace, whether or not earlier pages have come: a slow page must not hide those that follow."""
        asking: set[asyncio.Task[None]] = set()
        try:
            while True:
                task = asyncio.ensure_future(self._ask_for("/"))
                asking.add(task)
                task.add_done_callback(asking.discard)
                await asyncio.sleep(PAGES_EVERY_SECONDS * (0.5 + self.random.random()))
        finally:
            for task in asking:
                task.cancel()

    @property
    def cookie(self) -> str:
        return "none=1"

    async def _ask_for(self, path: str) -> None:
        try:
            await self.request("GET", path)
        except HttpFailure:
            return


# --- what breaks ------------------------------------------------------------------------------------------------------


@dataclass
class Stage:
    """What a fault may touch. `strike` says that it begins now."""

    hosts: list[Host]
    journal: Journal

    def strike(self) -> None:
        self.journal.note("mark", name="fault")


async def in_thread[**P](act: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
    await asyncio.to_thread(act, *args, **kwargs)


async def _killed(stage: Stage, processes: tuple[WebOverTls, ...]) -> None:
    stage.strike()
    for process in processes:
        process.kill()
    await asyncio.sleep(AWAY_SECONDS)
    await asyncio.gather(*(in_thread(process.start) for process in processes))


async def _frozen(stage: Stage, processes: tuple[WebOverTls, ...]) -> None:
    """Freeze these processes: their connections stay open, the kernel accepts new ones, and nothing answers."""
    stage.strike()
    for process in processes:
        process.freeze()
    await asyncio.sleep(FROZEN_SECONDS)
    for process in processes:
        process.thaw()


async def _replaced(stage: Stage, processes: tuple[WebOverTls, ...]) -> None:
    """Replace these processes: send SIGTERM, and start the new process once the old one has ended."""
    stage.strike()
    for process in processes:
        await in_thread(process.stop)
        await in_thread(process.start)


async def sockets_killed(stage: Stage) -> None:
    await _killed(stage, (stage.hosts[0].sockets,))


async def pages_killed(stage: Stage) -> None:
    await _killed(stage, (stage.hosts[0].pages,))


async def sockets_frozen(stage: Stage) -> None:
    await _frozen(stage, (stage.hosts[0].sockets,))


async def pages_frozen(stage: Stage) -> None:
    await _frozen(stage, (stage.hosts[0].pages,))


async def processes_ended(stage: Stage) -> None:
    """Deploy: end every process of both hosts in turn."""
    await _replaced(stage, tuple(process for host in stage.hosts for process in host.all))


async def host_lost(stage: Stage) -> None:
    """Lose a whole machine, its sockets and its pages, and bring it back."""
    await _killed(stage, stage.hosts[0].all)


FAULTS: dict[str, Callable[[Stage], Awaitable[None]]] = {
    "sockets killed": sockets_killed,
    "pages killed": pages_killed,
    "sockets frozen": sockets_frozen,
    "pages frozen": pages_frozen,
    "all ended in turn (SIGTERM)": processes_ended,
    "host lost, and back": host_lost,
}
TOLD = {"all ended in turn (SIGTERM)"}
UNNOTICED = {"sockets frozen"}


# --- a run ------------------------------------------------------------------------------------------------------------


def _set_version(process: WebOverTls, made: Site, root: Path) -> None:
    """Set the code that the process runs at its next start, and the static files that belong to it."""
    process.root = root
    process.own["STATIC_ROOT"] = str(made.folder / ("static" if root == ROOT else "former-static"))


@contextmanager
def served(made: Site, kind: type[ReverseProxy], tls: Path | None = None) -> Iterator[tuple[list[Host], ReverseProxy]]:
    """Start two hosts, the worker, and the proxy in front of them.

    tls: existing certificates; without them new ones are made.
    """
    from deploy import authority

    if tls is None:
        tls = made.folder / "tls"
        authority.make(tls, now=datetime.now(UTC), owners=dict.fromkeys(authority.PARTS, os.geteuid()))
    with ExitStack() as stack:
        hosts = [
            Host(WebOverTls(made.folder, tls, "pages"), WebOverTls(made.folder, tls, "sockets")) for _number in range(2)
        ]
        for process in (process for host in hosts for process in host.all):
            stack.callback(process.stop)
            stack.callback(process.thaw)
            _set_version(process, made, made.former or ROOT)
            process.start()
        stack.callback(made.worker.stop)
        made.worker.root = made.former or ROOT
        made.worker.start()
        proxy = kind(made.folder, tls, [host.pages.port for host in hosts], [host.sockets.port for host in hosts])
        stack.callback(proxy.stop)
        proxy.start()
        yield hosts, proxy


@dataclass
class Run:
    """One fault with one seed."""

    proxy: str
    fault: str
    seed: int
    verdict: checker.Verdict
    found: web_judge.Finding
    missed: list[str]
    seconds: float
    failure: str = ""
    calm: dict[str, float] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        return not (self.failure or self.missed) and self.verdict.is_clean

    def as_json(self) -> dict[str, Any]:
        found = self.found
        return {
            "proxy": self.proxy, "fault": self.fault, "seed": self.seed, "seconds": round(self.seconds, 1),
            "sent": self.verdict.sent, "acknowledged": self.verdict.acknowledged, "counts": dict(self.verdict.counts),
            "asked": found.asked, "handshakes": found.handshakes, "refused": dict(found.refused), "cut": found.cut,
            "left": round(found.left, 2), "slowest": round(found.slowest, 2), "codes": dict(found.codes),
            "back": found.back, "never": found.never, "missed": self.missed, "failure": self.failure,
        }  # fmt: skip

    def for_totals(self) -> dict[str, Any]:
        """Return the run for the totals. What was missed here is a wait, and no promise about a message."""
        return {
            "site": f"{WEB} ({self.proxy})",
            "fault": self.fault,
            "seed": self.seed,
            "fast": False,
            "rounds": 1,
            "messages": self.verdict.sent,
            "acknowledged": self.verdict.acknowledged,
            "files": 0,
            "counts": dict(self.verdict.counts),
            "failure": self.failure,
            "missed": self.missed,
            "seconds": round(self.seconds, 1),
        }


def gather(door: Door, keys: list[records.Keys], journal: Journal, rng: random.Random) -> Crowd:
    """Gather the people: pairs on sockets, some pairs whose visitor has no socket, and one who reads pages."""
    people = Crowd()
    for number, own in enumerate(keys):
        plain = number >= PAIRS
        reporter = (Form if number == PAIRS else Frames) if plain else Person
        for side, kind in (("reporter", reporter), ("agent", Person)):
            client = kind(own, side, side, door, journal, random.Random(rng.random()))
            people.clients.append(client)
            people.paces.append((client, EVERY_SECONDS * (2 if plain else 1), False))
    return people


async def run_once(made: Site, hosts: list[Host], proxy: ReverseProxy, name: str, fault: str, seed: int) -> Run:
    started = time.monotonic()
    rng = random.Random(f"web {fault} {seed}")
    keys = await asyncio.to_thread(records.make_conversations, PAIRS + WITHOUT_SOCKET)
    journal, failure = Journal(), ""
    door = Door(proxy.port)
    people = gather(door, keys, journal, rng)
    people.start()
    reader = Reader(keys[0], "reporter", "pages", door, journal, random.Random(rng.random()))
    try:
        async with asyncio.timeout(RUN_SECONDS):
            await people.connected()
            reader.start()
            people.write()
            await asyncio.sleep(CALM_SECONDS + 0.5 * rng.random())
            await FAULTS[fault](Stage(hosts, journal))
            journal.note("mark", name="repaired")
            await asyncio.sleep(AFTER_SECONDS)
            await people.fall_silent()
            await people.settled(patience=12, at_most=60)
    except TimeoutError:
        failure = "the run did not end in time"
    finally:
        journal.note("mark", name="end")
        await people.fall_silent()
        if reader.task is not None:
            await reader.stop()
        with made.worker.frozen():  # see `benchmarks.faults.__main__`: nobody would see what the worker writes
            await people.leave()
            for process in (process for host in hosts for process in host.all):
                process.thaw()
                if not process.is_there():
                    await asyncio.to_thread(process.start)
            await asyncio.to_thread(records.note_kept, journal, [key.conversation for key in keys])
    verdict = checker.check(journal.events)
    if not any(event["e"] == "mark" and event["name"] == "fault" for event in journal.events):
        journal.note("mark", name="fault")
    found = web_judge.judge(journal.events)
    missed = web_judge.breaches(found, told=fault in TOLD, unnoticed=fault in UNNOTICED)
    run = Run(name, fault, seed, verdict, found, missed, time.monotonic() - started, failure)
    if not run.is_clean:
        journal.write(ROOT / ".local" / f"web-{name}-{fault.replace(' ', '-')}-{seed}.jsonl")
    return run


def _say(run: Run) -> None:
    found = run.found
    counts = ", ".join(f"{kind} {count}" for kind, count in run.verdict.counts.items()) or "clean"
    back = f"{found.median_back:.2f} / {max(found.back):.2f}" if found.back else "–"
    print(
        f"{run.proxy} · {run.fault} · seed {run.seed}: {run.verdict.sent} messages, {counts}; {found.asked} requests,"
        f" {found.handshakes} handshakes, refused {dict(found.refused) or 0}, cut {found.cut}, left {found.left:.2f} s,"
        f" slowest {found.slowest:.2f} s; {len(found.back)} sockets back {back} s, codes {dict(found.codes)};"
        f" {run.seconds:.0f} s {run.failure} {'MISSED: ' + '; '.join(run.missed) if run.missed else ''}",
        flush=True,
    )
    print("".join(f"    {example}\n" for example in run.verdict.examples[:4]), end="", flush=True)


def table(runs: list[Run]) -> str:
    """Return a row for each proxy and fault."""
    head = [
        "proxy", "fault", "runs", "messages", "broken promises", "requests", "refused", "cut", "left, s", "slowest, s",
        "sockets", "back, s", "codes", "missed",
    ]  # fmt: skip
    lines = [
        "left: from the fault to the last request or handshake that was begun and failed, or took more than 1.4 s;"
        " the longest of all seeds. back: median / longest. cut: on their way to the process when it broke.",
        "",
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
    ]
    for name, fault in dict.fromkeys((run.proxy, run.fault) for run in runs):
        some = [run for run in runs if (run.proxy, run.fault) == (name, fault)]
        back = [seconds for run in some for seconds in run.found.back]
        codes = sum((run.found.codes for run in some), Counter())
        row = [
            name, fault, len(some), sum(run.verdict.sent for run in some),
            sum(sum(run.verdict.counts.values()) for run in some), sum(run.found.asked for run in some),
            sum(sum(run.found.refused.values()) for run in some), sum(run.found.cut for run in some),
            f"{max(run.found.left for run in some):.2f}", f"{max(run.found.slowest for run in some):.2f}",
            len(back), f"{statistics.median(back):.2f} / {max(back):.2f}" if back else "–",
            " ".join(f"{code}×{count}" for code, count in sorted(codes.items())) or "–",
            sum(bool(run.missed or run.failure) for run in some),
        ]  # fmt: skip
        lines.append("| " + " | ".join(map(str, row)) + " |")
    return "\n".join(lines)


async def run_all(made: Site, options: argparse.Namespace) -> list[Run]:
    runs: list[Run] = []
    until = time.monotonic() + 60 * options.minutes
    for name in options.proxies:
        with served(made, PROXIES[name]) as (hosts, proxy):
            for seed in range(options.first_seed, options.first_seed + options.seeds):
                for fault in options.faults:
                    if time.monotonic() > until:
                        return runs
                    run = await run_once(made, hosts, proxy, name, fault, seed)
                    runs.append(run)
                    _say(run)
                    if options.totals is not None:
                        options.totals.add(**run.for_totals())
    return runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--proxy", action="append", dest="proxies", choices=list(PROXIES), help="these only")
    parser.add_argument("--fault", action="append", dest="faults", choices=list(FAULTS), help="these only")
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no run after so many")
    parser.add_argument("--totals", type=Totals, help="a file to which each run is added")
    parser.add_argument("--out", type=Path, default=ROOT / ".local" / "web-faults.json")
    parser.add_argument("--keep", action="store_true", help="keep what the processes wrote")
    options = parser.parse_args()
    options.proxies = options.proxies or list(PROXIES)
    options.faults = options.faults or list(FAULTS)
    try:
        for name in options.proxies:
            PROXIES[name].program()
    except NoProxy as error:
        raise SystemExit(str(error)) from None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    checker.self_test()
    with site(logs=options.out.with_suffix("") if options.keep else None) as made:
        runs = asyncio.run(run_all(made, options))
    text = table(runs)
    print(f"\n{text}\n\n{options.out}")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({"runs": [run.as_json() for run in runs], "table": text}, indent=1))
    if not all(run.is_clean for run in runs):
        raise SystemExit(1)


if __name__ == "__main__":
    main()

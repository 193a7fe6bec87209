"""A deploy behind the proxy, and back: `python -m benchmarks.faults.rolling --from COMMIT`, a part of `make rolling`.

At first, processes and tables are those of another version. This version's migrations run while the old processes
serve. Then each process is replaced by one of this version, and after that again by one of the other version, which
then serves on the new tables. Meanwhile people write to each other and ask for pages as in `web_faults`, and others
file reports with the forms of the way in, wait for an agent in the queue, and end their exchange. The tables are not
migrated back, as a version promises (docs/releasing.md).
"""

import argparse
import asyncio
import http.client
import io
import json
import random
import signal
import ssl
import sys
import tempfile
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection

from benchmarks.faults import checker, records, web_judge
from benchmarks.faults.clients import HttpFailure, encode
from benchmarks.faults.journal import Journal
from benchmarks.faults.processes import ROOT, Site, manage, site
from benchmarks.faults.queue import Officer, Post
from benchmarks.faults.records import Keys
from benchmarks.faults.reverse_proxy import PROXIES, NoProxy, ReverseProxy
from benchmarks.faults.web_faults import (
    AFTER_SECONDS,
    CALM_SECONDS,
    PAIRS,
    WITHOUT_SOCKET,
    Door,
    Host,
    Person,
    Reader,
    _set_version,
    gather,
    served,
)
from benchmarks.siege import visits
from pnav.demo.visit import Visit, VisitError

OFFICERS = 3
FILES_EVERY_SECONDS = 2.5
BETWEEN_SECONDS = 2.0  # the time between the replacements of two processes
RUN_SECONDS = 300.0
SERVED_SECONDS = 60.0  # the time for everybody who waits, after the last step
TALK_SECONDS = 1.0, 3.0


class TlsVisit(Visit):
    """A visit through the proxy."""

    def __init__(self, door: Door) -> None:
        super().__init__(f"http://localhost:{door.port}")
        self.origin = f"https://{door.host}"
        self._tls = door.tls

    def _connect(self) -> http.client.HTTPConnection:
        assert isinstance(self._tls, ssl.SSLContext)
        return http.client.HTTPSConnection(self.host, self.port, timeout=20, context=self._tls)


class Newcomer(Person):
    """A person who filed a report, waits on a socket, talks for a moment once an agent is there, and ends the
    exchange.
    """

    status = ""
    is_known = False  # whether the visit's session names the conversation yet

    async def _ask(self, socket: ClientConnection, **frame: Any) -> None:
        if self.is_known:
            await super()._ask(socket, **frame)
            return
        self.asked_at = time.monotonic()
        await socket.send(encode(frame))

    async def _handle(self, socket: ClientConnection, frame: dict[str, Any]) -> None:
        if not self.is_known and "conversation" in frame:
            self.keys, self.is_known = Keys(frame["conversation"], self.keys.reporter, ""), True
        await super()._handle(socket, frame)
        if frame["type"] == "state":
            self.status = str(frame["status"])


@dataclass
class Way:
    """People who file reports and wait in the queue, all the time. failed: by what the form or the page answered."""

    door: Door
    journal: Journal
    random: random.Random
    filed: int = 0
    failed: list[str] = field(default_factory=list)
    ended: int = 0
    newcomers: list[Newcomer] = field(default_factory=list)
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)
    _filing: "asyncio.Task[None] | None" = None

    def begin(self, officers: list[str]) -> None:
        for number, cookie in enumerate(officers):
            keys = Keys(f"officer-{number}", "", cookie)
            officer = Officer(keys, "agent", "agent", self.door, self.journal, random.Random(self.random.random()))
            officer.start()
            self._tasks.append(asyncio.ensure_future(self._on_duty(officer)))
        self._filing = asyncio.ensure_future(self._file_reports())

    async def _on_duty(self, officer: Officer) -> None:
        post = Post(officer.keys, "agent", "post", self.door, self.journal, random.Random(self.random.random()))
        try:
            while True:  # an agent who was taken for away becomes available again
                await post.send("/console/disponibilite/", availability="available", pause_reason="", capacity="3")
                await asyncio.sleep(5)
        finally:
            await officer.stop()

    async def _file_reports(self) -> None:
        while True:
            visit = TlsVisit(self.door)
            try:
                await asyncio.to_thread(visits.file_report, visit, visits.ORDINARY)  # type: ignore[arg-type]
            except VisitError as error:
                self.failed.append(str(error))
            else:
                self.filed += 1
                self._tasks.append(asyncio.ensure_future(self._wait(visit)))
            await asyncio.sleep(FILES_EVERY_SECONDS * (0.5 + self.random.random()))

    async def _wait(self, visit: Visit) -> None:
        keys = Keys(f"newcomer-{self.filed}", visit.cookies[records.session_cookie()], "")
        # They have a journal of their own, because the checker knows only what was written in the conversations of the
        # pairs.
        newcomer = Newcomer(keys, "reporter", "reporter", self.door, Journal(), random.Random(self.random.random()))
        post = Post(keys, "reporter", "post", self.door, self.journal, random.Random(self.random.random()))
        newcomer.start()
        self.newcomers.append(newcomer)
        try:
            while newcomer.status != "closed":
                await asyncio.sleep(0.1)
                if newcomer.status == "active":
                    await asyncio.sleep(self.random.uniform(*TALK_SECONDS))
                    await post.send("/tchat/terminer/")
                    await asyncio.sleep(1)
            self.ended += 1
        finally:
            await newcomer.stop()

    async def no_more(self) -> None:
        """Stop filing."""
        if self._filing is not None:
            self._filing.cancel()
            await asyncio.gather(self._filing, return_exceptions=True)
            self._filing = None

    async def all_served(self) -> bool:
        until = time.monotonic() + SERVED_SECONDS
        while self.ended < self.filed and time.monotonic() < until:
            await asyncio.sleep(0.1)
        return self.ended == self.filed

    async def leave(self) -> None:
        await self.no_more()
        for task in self._tasks:
            task.cancel()
        for one in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(one, Exception) and not isinstance(one, HttpFailure):
                raise one


def make(former: Path) -> tuple[list[Keys], list[str]]:
    """Create pairs and agents on duty with the other version's own command, because the tables are those of that
    version.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "made.jsonl"
        manage(former, "bench_sessions", f"--pairs={PAIRS + WITHOUT_SOCKET}", f"--agents={OFFICERS}", f"--out={out}")
        made = [json.loads(line) for line in out.read_text().splitlines()]
    pairs = [
        Keys(one["conversation"], one["reporter_cookie"], one["agent_cookie"]) for one in made if "conversation" in one
    ]
    return pairs, [one["agent_cookie"] for one in made if "conversation" not in one]


def migrate() -> None:
    """Run this version's migrations while processes of the other version serve."""
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0, stdout=io.StringIO())
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]


async def replace_all(made: Site, hosts: list[Host], root: Path) -> None:
    for process in (*hosts[0].all, *hosts[1].all):
        await asyncio.to_thread(process.stop)
        _set_version(process, made, root)
        await asyncio.to_thread(process.start)
        await asyncio.sleep(BETWEEN_SECONDS)
        if process is hosts[0].sockets:
            await asyncio.to_thread(made.worker.stop)
            made.worker.root = root
            await asyncio.to_thread(made.worker.start)


async def run(made: Site, hosts: list[Host], proxy: ReverseProxy, journal: Journal) -> list[str]:
    """Do one whole deploy, and return what went wrong, in words."""
    assert made.former is not None
    rng = random.Random(1)
    keys, officers = await asyncio.to_thread(make, made.former)
    door = Door(proxy.port)
    people = gather(door, keys, journal, rng)
    people.start()
    reader = Reader(keys[0], "reporter", "pages", door, journal, random.Random(2))
    way = Way(door, journal, rng)
    missed: list[str] = []
    steps: list[tuple[str, float]] = []

    def note(step: str) -> None:
        steps.append((step, time.monotonic()))

    try:
        async with asyncio.timeout(RUN_SECONDS):
            await people.connected()
            reader.start()
            way.begin(officers)
            people.write(1.5)
            await asyncio.sleep(CALM_SECONDS + 3)
            journal.note("mark", name="fault")
            note("migrations")
            await asyncio.to_thread(migrate)
            note("forward")
            await replace_all(made, hosts, ROOT)
            note("back")
            await replace_all(made, hosts, made.former)
            note("after")
            journal.note("mark", name="repaired")
            await asyncio.sleep(AFTER_SECONDS)
            await way.no_more()
            await people.fall_silent()
            await people.settled(patience=12, at_most=60)
            if not await way.all_served():
                missed.append(f"{way.filed - way.ended} of {way.filed} who filed a report were not served")
            note("end")
    except TimeoutError:
        missed.append("the run did not end in time")
    finally:
        journal.note("mark", name="end")
        await people.fall_silent()
        if reader.task is not None:
            await reader.stop()
        await way.leave()
        await people.leave()
    await asyncio.to_thread(records.note_kept, journal, [key.conversation for key in keys])
    verdict, found = checker.check(journal.events), web_judge.judge(journal.events)
    missed += [f"{count} {kind}" for kind, count in verdict.counts.items()]
    missed += web_judge.breaches(found, told=True)
    missed += [f"a report: {what}" for what in way.failed]
    if not way.filed:
        missed.append("nobody could file a report")
    lasted = ", ".join(f"{step} {after - at:.0f} s" for (step, at), (_next, after) in pairwise(steps))
    back = f"{found.median_back:.2f} / {max(found.back):.2f} s" if found.back else "–"
    print(
        f"{verdict.sent} messages, {verdict.acknowledged} acknowledged, {dict(verdict.counts) or 'nothing broken'};"
        f" {found.asked} requests, refused {dict(found.refused) or 0}, cut {found.cut}, slowest {found.slowest:.2f} s;"
        f" {len(found.back)} sockets back {back}, codes {dict(found.codes)}; {way.filed} reports filed, {way.ended} of"
        f" them served and ended; {lasted}.",
        flush=True,
    )
    return missed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="former", required=True, help="the commit that serves at first")
    parser.add_argument("--proxy", choices=list(PROXIES), default="caddy")
    parser.add_argument("--out", type=Path, default=ROOT / ".local" / "rolling")
    options = parser.parse_args()
    try:
        PROXIES[options.proxy].program()
    except NoProxy as error:
        raise SystemExit(str(error)) from None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    checker.self_test()
    journal = Journal()
    with (
        site(logs=options.out, former=options.former, has_former_tables=True) as made,
        served(made, PROXIES[options.proxy]) as (hosts, proxy),
    ):
        missed = asyncio.run(run(made, hosts, proxy, journal))
    if missed:
        journal.write(options.out.with_suffix(".jsonl"))
        raise SystemExit("\n".join(["Missed:", *missed]))


if __name__ == "__main__":
    main()

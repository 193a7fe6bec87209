"""Lets 10,000 people wait and 500 agents answer, and measures what the dispatcher costs for each conversation that it
assigns, and how long it takes until everybody's page knows its new place.

The people and the agents are those of `manage.py bench_sessions`, in a database that holds a year. A process of sockets
carries some thousands of pages and not all. What one process carries is measured, with the whole queue in the database,
and docs/scale.md multiplies it and says so.
"""

import asyncio
import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.scale.pages import processor_ns

LITTLE, MUCH = (1_000, 50), (10_000, 500)  # how many people wait, and how many agents are on duty
CALLS = 8  # the most calls of the dispatcher, each of ROUNDS × AT_ONCE conversations, until all places are filled


@dataclass(frozen=True, slots=True)
class Given:
    """One call of the dispatcher. ms: the time by the clock. web, sql: processor time, ours and PostgreSQL's."""

    count: int
    ms: float
    web: float
    sql: float

    def each(self, of: str) -> float:
        return float(getattr(self, of)) / self.count


def make_crowd(folder: Path) -> list[dict[str, str]]:
    """Return the people and the agents of MUCH, and the lines of those who wait, with the cookies of their pages."""
    from django.core.management import call_command

    out = folder / "crowd"
    waiting, agents = MUCH
    call_command("bench_sessions", "--clear", "--waiting", str(waiting), "--agents", str(agents), "--out", str(out))
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    return [line for line in lines if "conversation" in line]


def take_crowd_out() -> None:
    from django.core.management import call_command

    call_command("bench_sessions", "--clear")


def _set(waiting: int, agents: int) -> None:
    """Let this many of the crowd wait, from the first one on, and let this many agents have all their places; nobody
    else is present.
    """
    from django.db import connection

    from chat.models import Agent, Conversation
    from chat.rules.lifecycle import Availability, Status
    from common import clock
    from common.data_keys import keys as data_keys

    now = clock.now()
    crowd = Conversation.objects.filter(report__triage_version="bench").order_by("pk")
    keys = list(crowd.values_list("pk", flat=True))
    rows = Conversation.objects.filter(pk__in=keys)
    left = {"closed_at": None, "closed_by": "", "outcome": ""}
    rows.update(status=Status.ABANDONED, assigned_to=None, assigned_at=None, **left)
    others = Conversation.objects.filter(status=Status.WAITING).exclude(pk__in=keys)
    others.update(status=Status.ABANDONED)
    Conversation.objects.filter(pk__in=keys[:waiting]).update(status=Status.WAITING, reporter_seen_at=now)
    Agent.objects.update(availability=Availability.AWAY)
    staff = Agent.objects.filter(user__username__startswith="bench-").order_by("pk").values_list("pk", flat=True)
    Agent.objects.filter(pk__in=list(staff[:agents])).update(availability=Availability.AVAILABLE, seen_at=now)
    data_keys.forget_all()  # the worker has not seen these people before
    with connection.cursor() as cursor:  # autovacuum would have done this by then
        cursor.execute("VACUUM (ANALYZE) chat_conversation")
        cursor.execute("VACUUM (ANALYZE) chat_agent")


def _give() -> Given:
    from django.db import connection

    from chat.conversations.dispatcher import dispatch

    connection.ensure_connection()
    backend = connection.connection.info.backend_pid
    clock, web, sql = time.perf_counter(), time.thread_time_ns(), processor_ns(backend)
    count = dispatch()
    web, sql = time.thread_time_ns() - web, processor_ns(backend) - sql
    return Given(count, 1000 * (time.perf_counter() - clock), web / 1e6, sql / 1e6)


def dispatches(rounds: int, say: Callable[[str], None]) -> dict[tuple[int, int], list[Given]]:
    """Measure calls of the dispatcher with little to do and with much to do, in turn, each time from a full queue."""
    found: dict[tuple[int, int], list[Given]] = {LITTLE: [], MUCH: []}
    _set(*LITTLE)
    _give()  # in a process, the first call reads what it then keeps
    for _round in range(rounds):
        for size, calls in found.items():
            _set(*size)
            calls += [given for given in (_give() for _call in range(CALLS)) if given.count]
    for (waiting, agents), calls in found.items():
        if not calls:
            raise SystemExit(f"{waiting} wait, {agents} agents: nobody was given.")
        each = {of: statistics.median(call.each(of) for call in calls) for of in ("ms", "web", "sql")}
        given = sum(call.count for call in calls)
        say(
            f"{waiting} wait, {agents} agents: {given} given; for each {each['ms']:.2f} ms of the clock, of processor "
            f"{each['web']:.2f} ours and {each['sql']:.2f} PostgreSQL's"
        )
    return found


async def places(
    folder: Path, lines: Sequence[dict[str, str]], sockets: int, turns: int, say: Callable[[str], None]
) -> list[float]:
    """Measure, with this many waiting pages in one process, how many seconds each page takes to know its place after
    the first person left.

    The other people who wait are rows, and other processes would serve their pages.
    """
    from benchmarks import bench
    from benchmarks.figures import percentile
    from benchmarks.site import Web
    from benchmarks.sockets import REPORTER, Pair, connect

    web_cores, _others = bench.cores()
    web = Web(folder, bench.APPLICATIONS[bench.PNAV], cores=web_cores)
    await asyncio.to_thread(web.start)
    pairs = [Pair(bench.Exchange(line), (web.port, web.port)) for line in lines[:sockets]]
    every: list[float] = []
    try:
        for pair in pairs:
            pair.talk.cursor = 0
        await connect(pairs, sides=(REPORTER,))
        for _turn in range(turns):
            await asyncio.sleep(1.2)
            leaver, *pairs = pairs
            used = processor_ns(web.pid)
            times = await bench._place_changes(leaver, pairs)
            used = processor_ns(web.pid) - used
            if len(times) < len(pairs):
                say(f"{len(pairs) - len(times)} of {len(pairs)} were never told")
            every += times
            say(
                f"{len(pairs)} pages, {len(lines)} wait: known after p50 {1000 * percentile(times, 0.5):.0f} ms, "
                f"p99 {1000 * percentile(times, 0.99):.0f} ms; {used / 1e6:.0f} ms of processor of the loop"
            )
            leaver.hang_up()
    finally:
        for pair in pairs:
            pair.hang_up()
        await asyncio.to_thread(web.stop)
    return every


def refresh_crowd() -> None:
    """Let everybody of the crowd wait again, as if seen just now."""
    _set(*MUCH)


def run(folder: Path, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    lines = make_crowd(folder)
    try:
        calls = dispatches(rounds, say)
        refresh_crowd()
        known = {}
        for sockets in (1_000, 2_500):
            known[sockets] = asyncio.run(places(folder, lines, sockets, 3, say))
            refresh_crowd()
    finally:
        take_crowd_out()
    return {"calls": calls, "places": known}

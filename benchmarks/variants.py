"""Measures what one setting costs a message: two values of a variable in turn, in many short rounds of one run.

`python -m benchmarks.variants EXCHANGE_KEYS read write --rounds 12`: each round starts a web process with either value,
the first one first in every other round, and saturates a hundred conversations that were made under that value. The
rounds of a pair are seconds apart, so that slow changes of the machine affect both. The ratio of each pair is taken,
then the median of the ratios, with the interval that holds it in 95 of 100 resamples. An interval that contains 1 shows
no difference; its width says how small a difference the run could have shown.
"""

import argparse
import asyncio
import json
import math
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from typing import LiteralString

import psycopg

from benchmarks.bench import APPLICATIONS, PNAV, RATE, SMALL, cores
from benchmarks.figures import cpu_of_tree, cpu_seconds, interval, percentile
from benchmarks.site import ROOT, Stage, Web, refuse_unsafe_speed, stage
from benchmarks.sockets import Exchange, Pair, connect, pace, saturate
from benchmarks.stillness import describe_machine

WINDOW = 4  # how many messages are in flight in each conversation, as in the bench
FIGURES = (
    "web µs a message",
    "PostgreSQL µs a message",
    "WAL bytes a message",  # the same on any machine, however busy
    "rows in place, of 1",  # the share of updates that need no new entry in any index
    "messages a second",
    "p50 ms",
    "p99 ms",
)
COUNTED = FIGURES[2:4]  # these are true even in a round whose times are void


@dataclass
class Variant:
    """One value of the variable: the conversations made under it, and what was measured, one value a round."""

    name: str
    value: str
    exchanges: list[Exchange]
    measured: dict[str, list[float]] = field(default_factory=lambda: {figure: [] for figure in FIGURES})


def make_conversations(ground: Stage, name: str, value: str) -> list[Exchange]:
    """Return a hundred conversations under way, made by a process that has this value, as in a deployment with it."""
    out = ground.folder / f"pairs-{value}"
    command = [sys.executable, "manage.py", "bench_sessions", "--pairs", str(SMALL), "--out", str(out), "-v", "0"]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, name: value}, stdout=subprocess.DEVNULL)
    return [Exchange(json.loads(line)) for line in out.read_text().splitlines()]


def wal_bytes(connection: psycopg.Connection) -> float:
    """Return the bytes that the database has written to its log since it began."""
    return number(connection, "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8")[0]


def conversation_updates(connection: psycopg.Connection) -> tuple[float, ...]:
    """Return the updates of conversations since the database began: all, and those in place (HOT)."""
    return number(
        connection,
        "SELECT n_tup_upd::float8, n_tup_hot_upd::float8 FROM pg_stat_user_tables WHERE relname = 'chat_conversation'",
    )


def number(connection: psycopg.Connection, statement: LiteralString) -> tuple[float, ...]:
    row = connection.execute(statement).fetchone()
    assert row is not None
    return row


async def measure(ground: Stage, variant: Variant, seconds: float) -> str:
    """Measure one round of one value: saturated, then at 200 messages a second. Return why the round is void, or ""."""
    assert ground.postgres.process
    server = ground.postgres.process.pid
    web = Web(ground.folder, APPLICATIONS[PNAV], cores()[0], **{variant.name: variant.value})
    await asyncio.to_thread(web.start)
    pairs = [Pair(exchange, (web.port, web.port)) for exchange in variant.exchanges]
    connection = psycopg.connect(ground.postgres.url, autocommit=True)
    try:
        await connect(pairs)
        early = conversation_updates(connection)
        full, rate, elapsed, before, after = await saturate(
            pairs, WINDOW, seconds, lambda: (cpu_seconds(web.pid), cpu_of_tree(server), wal_bytes(connection))
        )
        await asyncio.sleep(1.2)  # backends report their updates once a second at most
        late = conversation_updates(connection)
        paced = await pace(pairs, RATE, seconds)
    finally:
        connection.close()
        for pair in pairs:
            pair.hang_up()
        await asyncio.sleep(0.1)
        await asyncio.to_thread(web.stop)
    times = paced.receipts()
    trouble = full.trouble() or paced.trouble()
    messages = rate * elapsed or math.nan
    web_seconds, server_seconds, wal = (spent - had for had, spent in zip(before, after, strict=True))
    updates, in_place = (end - begin for begin, end in zip(early, late, strict=True))
    values = [
        1e6 * web_seconds / messages,
        1e6 * server_seconds / messages,
        wal / messages,
        in_place / (updates or math.nan),
    ]
    values += [rate, 1000 * percentile(times, 0.5), 1000 * percentile(times, 0.99)]
    for figure, value in zip(FIGURES, values, strict=True):
        variant.measured[figure].append(math.nan if trouble and figure not in COUNTED else value)
    return trouble


def report(first: Variant, second: Variant) -> str:
    """Return a line of Markdown for each figure: both medians, and the second ÷ the first with its interval."""
    lines = [f"| {first.name} | {first.value} | {second.value} | ratio | 95 % | pairs of rounds |", "|" + "---|" * 6]
    for figure in FIGURES:
        pairs = [
            (one, other)
            for one, other in zip(first.measured[figure], second.measured[figure], strict=True)
            if not math.isnan(one) and not math.isnan(other)
        ]
        middle, low, high = interval([other / one for one, other in pairs])
        one = statistics.median(pair[0] for pair in pairs) if pairs else math.nan
        other = statistics.median(pair[1] for pair in pairs) if pairs else math.nan
        lines.append(f"| {figure} | {one:.4g} | {other:.4g} | {middle:.3f} | {low:.3f} to {high:.3f} | {len(pairs)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="a variable of the environment")
    parser.add_argument("first", help="the value that is the baseline")
    parser.add_argument("second", help="the other; the same again shows what the machine alone does")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=4, help="of each load")
    options = parser.parse_args()
    _web, other = cores()
    if other:
        os.sched_setaffinity(0, other)  # what is started from here inherits these cores; the web is moved
    print(describe_machine(), flush=True)
    with stage() as ground:
        first, second = (
            Variant(options.name, value, make_conversations(ground, options.name, value))
            for value in (options.first, options.second)
        )
        for turn in range(options.rounds):
            refuse_unsafe_speed()
            for variant in (first, second) if turn % 2 == 0 else (second, first):
                trouble = asyncio.run(measure(ground, variant, options.seconds))
                said = ", ".join(f"{figure} {variant.measured[figure][-1]:.4g}" for figure in FIGURES)
                print(f"  {turn + 1} {variant.value}: {said}{trouble and '; '}{trouble}", flush=True)
        print(report(first, second))


if __name__ == "__main__":
    main()

"""Compares notifications between processes over PostgreSQL with those over Redis: `python -m benchmarks.notifications`.

One process publishes and another listens, as web processes do (`chat.pubsub`, docs/adr/0091), over each layer in turn
in one run. At a fixed pace, batches of notifications are sent, and the time of each notification until the other
process has it is measured. Then a flood is sent, and the cost of an INSERT beside it is measured, because NOTIFY takes
a lock on the whole server. That INSERT writes the smallest row, is committed to the disk, and uses a connection that
has nothing to do with either layer. PostgreSQL runs with fsync. The last column is PostgreSQL's figure divided by that
of Redis.
"""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.figures import cpu_of_tree, median, percentile
from pnav.demo.services import Postgres, Valkey
from tests.support.variables import VARIABLES

LAYERS = ("redis", "postgresql")
BATCHES_A_SECOND, TOGETHER = 100, 4
FLOOD_SECONDS_SHARE = 0.5
WARM_SECONDS = 1.5
KEY = "00000000-0000-4000-8000-000000000000"


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def _end(publishes: bool, seconds: float) -> dict[str, Any]:
    """Run one of the two processes. Times are those of the machine's monotonic clock, which both share."""
    from chat import pubsub
    from chat.pubsub import Hub, Notification

    came: list[tuple[int, float]] = []

    def on_event(notification: Notification) -> None:
        if notification.kind == pubsub.READ and not publishes:
            came.append((notification.seq, time.monotonic()))

    hub = Hub(asyncio.get_running_loop(), on_event)
    async with asyncio.timeout(30):
        while not hub.has_others:
            await asyncio.sleep(0.02)
    await asyncio.sleep(WARM_SECONDS)
    used, sent = _cpu(), []
    if publishes:
        until = due = time.monotonic()
        until += seconds
        while due < until:
            for _each in range(TOGETHER):
                sent.append(time.monotonic())
                hub.publish_elsewhere(Notification(pubsub.READ, KEY, 0, "agent", len(sent)))
            due += 1 / BATCHES_A_SECOND
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        used, paced = _cpu() - used, len(sent)
        until = time.monotonic() + seconds * FLOOD_SECONDS_SHARE
        while time.monotonic() < until:
            if len(hub._outbox) < 200:
                for _each in range(50):
                    sent.append(time.monotonic())
                    hub.publish_elsewhere(Notification(pubsub.READ, KEY, 0, "agent", len(sent)))
            await asyncio.sleep(0.0005)
        await asyncio.sleep(1)
        result: dict[str, Any] = {"sent": sent, "paced": paced, "cpu": used}
    else:
        await asyncio.sleep(seconds)
        used = _cpu() - used
        await asyncio.sleep(seconds * FLOOD_SECONDS_SHARE + 1.5)
        result = {"came": came, "cpu": used}
    await hub.close()
    return result


def _write_beside(url: str, ends: threading.Event, found: list[tuple[float, float]]) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS beside (id bigserial)")
        while not ends.is_set():
            at = time.monotonic()
            connection.execute("INSERT INTO beside DEFAULT VALUES")
            found.append((at, time.monotonic() - at))
            time.sleep(0.005)


def measure(layer: str, environment: dict[str, str], seconds: float, servers: list[int]) -> dict[str, float]:
    """Measure one round over this layer."""
    commands = [
        [sys.executable, "-m", "benchmarks.notifications", "--end", end, "--seconds", str(seconds)] for end in "pl"
    ]
    ends, beside = threading.Event(), []  # type: ignore[var-annotated]
    writer = threading.Thread(target=_write_beside, args=(environment["DATABASE_URL"], ends, beside))
    before = [cpu_of_tree(server) for server in servers]
    writer.start()
    try:
        running = [
            subprocess.Popen(command, env={**environment, "PUBSUB": layer}, stdout=subprocess.PIPE)
            for command in commands
        ]
        said = [json.loads(one.communicate(timeout=120)[0]) for one in running]
    finally:
        ends.set()
        writer.join()
    publisher, listener = said
    sent, paced = publisher["sent"], publisher["paced"]
    at = dict(listener["came"])
    waits = [1000 * (at[seq + 1] - sent[seq]) for seq in range(paced) if seq + 1 in at]
    flooded = [seq for seq in range(paced, len(sent)) if seq + 1 in at]
    span = max((at[seq + 1] for seq in flooded), default=0.0) - sent[min(paced, len(sent) - 1)]
    insert = [1000 * took for moment, took in beside if moment >= sent[0]]
    return {
        "not heard, of all": len(sent) - len(at),
        "ms to the other process, p50": percentile(waits, 0.5),
        "ms to the other process, p99": percentile(waits, 0.99),
        "µs of the publisher a batch": 1e6 * publisher["cpu"] / (paced / TOGETHER),
        "µs of the listener a batch": 1e6 * listener["cpu"] / (paced / TOGETHER),
        "s of both servers": sum(map(cpu_of_tree, servers)) - sum(before),
        "notifications a second, flood": len(flooded) / span if span > 0 else 0.0,
        "ms of an INSERT beside, p50": percentile(insert, 0.5),
        "ms of an INSERT beside, p99": percentile(insert, 0.99),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--end", choices=["p", "l"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.end:
        import django

        django.setup()
        print(json.dumps(asyncio.run(_end(options.end == "p", options.seconds))))
        return
    with tempfile.TemporaryDirectory(prefix="pnav-notifications-") as folder, ExitStack() as stack:
        postgres = stack.enter_context(Postgres(Path(folder) / "state"))
        valkey = stack.enter_context(Valkey(Path(folder)))
        environment = {**os.environ, **VARIABLES, "DATABASE_URL": postgres.url, "REDIS_URL": valkey.url}
        environment["DJANGO_SETTINGS_MODULE"] = "pnav.settings"
        assert postgres.process is not None
        assert valkey.process is not None
        servers = [postgres.process.pid, valkey.process.pid]
        found: dict[str, list[dict[str, float]]] = {layer: [] for layer in LAYERS}
        for _round in range(options.rounds):
            for layer in LAYERS:
                found[layer].append(measure(layer, environment, options.seconds, servers))
    print(f"| median of {options.rounds} rounds | {' | '.join(LAYERS)} | ratio |\n|---|---|---|---|")
    for name in found["redis"][0]:
        redis, postgresql = (median([one[name] for one in found[layer]]) for layer in LAYERS)
        print(f"| {name} | {redis:.2f} | {postgresql:.2f} | {postgresql / redis if redis else float('nan'):.2f} |")


if __name__ == "__main__":
    main()

"""Latency and throughput of messages, ours and the baseline's, in interleaved rounds.

A message of 120 characters is written by the reporter, and timed until its echo is back and until the other party
has it. Latency is taken at a fixed rate (late sends of the generator are counted: a late run is void); throughput with
a window of messages in flight on every conversation.
"""

import argparse
import asyncio
import json
import os
import statistics
import time
import uuid
from dataclasses import dataclass, field

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.site import ROOT, Web, servers

BODY = "x" * 120
CONVERSATIONS = 20


@dataclass
class Pair:
    """The two sockets of one conversation; `times` from sending to the other side, in seconds."""

    reporter: ClientConnection
    agent: ClientConnection
    conversation: str
    baseline: bool
    sent: dict[str, float] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)
    echoed: set[str] = field(default_factory=set)

    async def post(self, number: str) -> None:
        self.sent[number] = time.perf_counter()
        frame = {"client_id": number, "body": BODY}
        if not self.baseline:
            frame["type"] = "post"
        await self.reporter.send(json.dumps(frame))

    def _ids(self, text: str | bytes) -> list[str]:
        frame = json.loads(text)
        if self.baseline:
            return [frame["client_id"]]
        if frame["type"] == "error":
            raise SystemExit(f"void: {frame['code']}")
        return [item["client_id"] for item in frame.get("items", ()) if item.get("client_id")]

    async def hear_reporter(self) -> None:
        async for text in self.reporter:
            self.echoed.update(self._ids(text))

    async def hear_agent(self) -> None:
        async for text in self.agent:
            now = time.perf_counter()
            for number in self._ids(text):
                if number in self.sent and number not in self.received:
                    self.received.add(number)
                    self.times.append(now - self.sent[number])

    def __post_init__(self) -> None:
        self.received: set[str] = set()

    @property
    def pending(self) -> int:
        return len(self.sent) - min(len(self.received), len(self.echoed))


async def open_ours(port: int, keys: list[tuple[str, str, str]]) -> list[Pair]:
    from django.conf import settings

    def dial(path: str, key: str) -> connect:
        headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={key}", "Origin": f"http://127.0.0.1:{port}"}
        return connect(f"ws://127.0.0.1:{port}{path}", additional_headers=headers, proxy=None, max_queue=None)

    return [
        Pair(await dial("/ws/conversation/", one), await dial("/ws/console/", other), conversation, baseline=False)
        for one, other, conversation in keys
    ]


async def open_baseline(port: int) -> list[Pair]:
    pairs = []
    for number in range(CONVERSATIONS):
        url = f"ws://127.0.0.1:{port}/ws/room/r{number}/"
        one, other = [await connect(url, proxy=None, max_queue=None) for _side in range(2)]
        pairs.append(Pair(one, other, f"r{number}", baseline=True))
    return pairs


async def run(pairs: list[Pair], *, rate: int, seconds: float, window: int) -> dict[str, float]:
    """rate: messages a second over all conversations, 0 for as many as `window` in flight each allows."""
    listeners = [asyncio.ensure_future(work) for pair in pairs for work in (pair.hear_reporter(), pair.hear_agent())]
    await asyncio.sleep(0.5)
    started = time.perf_counter()
    late = 0
    if rate:
        count = int(rate * seconds)
        for index in range(count):
            due = started + index / rate
            wait = due - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            elif wait < -0.05:
                late += 1
            await pairs[index % len(pairs)].post(str(uuid.uuid4()))
    else:

        async def flood(pair: Pair) -> None:
            while time.perf_counter() - started < seconds:
                if pair.pending < window:
                    await pair.post(str(uuid.uuid4()))
                else:
                    await asyncio.sleep(0.001)

        await asyncio.gather(*(flood(pair) for pair in pairs))
    deadline = time.perf_counter() + 10
    while any(pair.pending for pair in pairs) and time.perf_counter() < deadline:
        await asyncio.sleep(0.005)
    elapsed = time.perf_counter() - started
    lost = sum(pair.pending for pair in pairs)
    for listener in listeners:
        listener.cancel()
    await asyncio.gather(*listeners, return_exceptions=True)
    times = sorted(value for pair in pairs for value in pair.times)
    for pair in pairs:
        await pair.reporter.close()
        await pair.agent.close()
    return {
        "messages": len(times),
        "per_second": len(times) / elapsed,
        "p50_ms": 1000 * times[len(times) // 2],
        "p99_ms": 1000 * times[int(len(times) * 0.99)],
        "lost": lost,
        "late": late,
    }


def make_keys() -> list[tuple[str, str, str]]:
    """Conversations under way with the session keys of both sides: one agent each, so that sockets compare."""
    from tests.chat.sockets import signed_in, visit
    from tests.factories import chat as make

    keys = []
    for _number in range(CONVERSATIONS):
        agent = make.agent()
        conversation = make.assigned(agent)
        keys.append((visit(conversation), signed_in(agent), str(conversation.public_id)))
    return keys


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rate", type=int, default=100)
    parser.add_argument("--layers", action="store_true", help="compare the layers of channels-redis, nothing else")
    options = parser.parse_args()
    os.environ.update(FRAMES_A_SECOND="100000", FRAMES_AT_ONCE="100000")
    with servers() as folder:
        keys = make_keys()
        contenders = {
            "tutorial, core": Web(folder, "benchmarks.tutorial:application", BENCH_LAYER="core"),
            "tutorial, pub/sub": Web(folder, "benchmarks.tutorial:application", BENCH_LAYER="pubsub"),
            "pnav": Web(folder, "pnav.asgi:application"),
        }
        if options.layers:
            del contenders["pnav"]
        results: dict[tuple[str, str], list[dict[str, float]]] = {}
        for _round in range(options.rounds):
            for name, web in contenders.items():
                with web:
                    for kind, rate in (("latency", options.rate), ("throughput", 0)):
                        opening = open_ours(web.port, keys) if name == "pnav" else open_baseline(web.port)

                        async def once(opening=opening, rate=rate) -> dict[str, float]:
                            return await run(await opening, rate=rate, seconds=options.seconds, window=4)

                        results.setdefault((name, kind), []).append(asyncio.run(once()))
        show(results)


def show(results: dict[tuple[str, str], list[dict[str, float]]]) -> None:
    baseline: dict[str, dict[str, float]] = {}
    lines = ["| what | msg/s at full load | ÷ | p50 ms at the rate | ÷ | p99 ms | ÷ | lost | late |", "|" + "---|" * 9]
    names = dict.fromkeys(name for name, _kind in results)
    for name in names:
        full = results[name, "throughput"]
        paced = results[name, "latency"]
        row = {
            "rate": statistics.median(run["per_second"] for run in full),
            "p50": statistics.median(run["p50_ms"] for run in paced),
            "p99": statistics.median(run["p99_ms"] for run in paced),
        }
        baseline = baseline or row  # type: ignore[assignment]
        lost = sum(run["lost"] for run in full + paced)
        late = sum(run["late"] for run in paced)
        ratios = {key: row[key] / baseline[key] for key in row}  # type: ignore[operator]
        lines.append(
            f"| {name} | {row['rate']:.0f} | {ratios['rate']:.2f} | {row['p50']:.1f} | {ratios['p50']:.2f} "
            f"| {row['p99']:.1f} | {ratios['p99']:.2f} | {lost:.0f} | {late:.0f} |"
        )
    text = "\n".join(lines)
    print(text)
    folder = ROOT / "benchmarks" / "results"
    folder.mkdir(exist_ok=True)
    (folder / "messages.md").write_text(text + "\n")


if __name__ == "__main__":
    main()

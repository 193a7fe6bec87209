"""The queue under faults: `python -m benchmarks.faults.queue`, the second half of `make faults`.

People wait on real sockets, and agents are on duty on theirs. A person who has an agent talks for a moment and ends the
exchange, so that places are filled and freed all the time. Two agents vanish and more people come, while web processes,
the worker, Valkey and PostgreSQL are killed. When everybody was served, the history is judged: nobody ever had two
agents, no agent had more than their places, no newer and less urgent person came first, and nobody was forgotten.
"""

import argparse
import asyncio
import io
import json
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks.faults import queue_judge
from benchmarks.faults.clients import HttpFailure, SocketClient, _PlainClient
from benchmarks.faults.journal import Journal
from benchmarks.faults.processes import LEASE_SECONDS, Site, site
from benchmarks.faults.proxy import Proxy
from benchmarks.faults.queue_judge import Deed, Person, Verdict
from benchmarks.faults.records import Keys, _connected

PEOPLE, LATER, AGENTS = 40, 20, 6
TALK_SECONDS = 1.0, 4.0
# Some talks are so long that agents who vanish still hold them when their lease ends. These people must go back to the
# queue.
LONG_TALK_SECONDS, LONG_ONE_IN = (LEASE_SECONDS + 2.0, LEASE_SECONDS + 12.0), 4
URGENT_ONE_IN = 4
RUN_SECONDS = 240.0


def make(people: int, agents: int, rng: random.Random, *, clear: bool) -> tuple[list[Keys], list[str]]:
    """Create people who wait, some of them urgently, and agents who are not available yet, and return their session
    keys.
    """
    from django.core.management import call_command
    from django.db.models.functions import Now

    from chat.models import Agent, Conversation
    from chat.rules.lifecycle import Availability
    from triage.rules import Urgency

    with tempfile.TemporaryDirectory() as folder, _connected():
        out = Path(folder) / "room.jsonl"
        call_command("bench_sessions", waiting=people, agents=agents, out=out, clear=clear, stdout=io.StringIO())
        made = [json.loads(line) for line in out.read_text().splitlines()]
        waiting = [Keys(line["conversation"], line["reporter_cookie"], "") for line in made if "conversation" in line]
        urgent = [keys.conversation for keys in waiting if not rng.randrange(URGENT_ONE_IN)]
        Conversation.objects.filter(public_id__in=urgent).update(urgency=Urgency.HIGH)
        if agents:
            Agent.objects.update(seen_at=None, availability=Availability.AWAY)
        Conversation.objects.update(reporter_seen_at=Now())
    return waiting, [line["agent_cookie"] for line in made if "conversation" not in line]


def history() -> tuple[list[Deed], dict[str, Person], dict[str, int]]:
    """Return what the database holds: the deeds in the order of their keys, the people, and the agents' places."""
    from chat.models import Agent, Conversation, ConversationEvent

    with _connected():
        rows = ConversationEvent.objects.order_by("pk").values_list("conversation__public_id", "kind", "at", "by_id")
        deeds = [Deed(str(public_id), kind, at.timestamp(), str(by)) for public_id, kind, at, by in rows]
        people = {
            str(public_id): Person(urgency, asked_at.timestamp())
            for public_id, urgency, asked_at in Conversation.objects.values_list("public_id", "urgency", "queued_at")
        }
        capacities = {str(user): capacity for user, capacity in Agent.objects.values_list("user_id", "capacity")}
    return deeds, people, capacities


class Visitor(SocketClient):
    """A person who waits, talks for a moment once there is an agent, and ends the exchange."""

    status = ""
    served_at = 0.0

    async def _handle(self, socket: Any, frame: dict[str, Any]) -> None:
        await super()._handle(socket, frame)
        if frame["type"] == "state":
            self.status = frame["status"]

    @property
    def has_gone(self) -> bool:
        return self.status == "closed"


class Post(_PlainClient):
    """The forms of a page without scripts: when the service is full, the form is sent again."""

    async def send(self, path: str, **fields: str) -> None:
        body = urlencode({"csrfmiddlewaretoken": self.token, **fields}).encode()
        while True:
            try:
                status, _answer = await self.request("POST", path, body, "application/x-www-form-urlencoded")
            except HttpFailure:
                status = 0
            if status == 302:
                return
            await asyncio.sleep(0.2 + 0.2 * self.random.random())


class Officer(SocketClient):
    """An agent's console, which sends beats and says that its agent is available."""

    async def _opened(self, socket: Any) -> None:
        self.is_ready = True  # it has no messages to catch up with, because only the visitor talks here

    async def _ask(self, socket: Any, **frame: Any) -> None:
        self.asked_at = time.monotonic()
        await socket.send(json.dumps({"type": "beat"}))

    async def _handle(self, socket: Any, frame: dict[str, Any]) -> None:
        self.cursor = 1  # it has received something


@dataclass
class Scene:
    """One run: the people, the agents, and what breaks."""

    made: Site
    proxy: Proxy
    rng: random.Random
    journal: Journal

    def __post_init__(self) -> None:
        self.visitors: list[Visitor] = []
        self.officers: list[Officer] = []
        self.tasks: list[asyncio.Task[None]] = []

    def _client[C](self, kind: Callable[..., C], keys: Keys, side: str, viewer: str) -> C:
        return kind(keys, side, viewer, self.proxy, self.journal, random.Random(self.rng.random()))

    def enter(self, waiting: list[Keys]) -> None:
        for keys in waiting:
            visitor = self._client(Visitor, keys, "reporter", "reporter")
            visitor.start()
            self.visitors.append(visitor)
            self.tasks.append(asyncio.ensure_future(self._talk(visitor)))

    async def _talk(self, visitor: Visitor) -> None:
        """End the exchange some time after an agent came; again, if that agent is lost meanwhile."""
        post = self._client(Post, visitor.keys, "reporter", "post")
        while not visitor.has_gone:
            await asyncio.sleep(0.1)
            if visitor.status == "active":
                is_long = not self.rng.randrange(LONG_ONE_IN)
                await asyncio.sleep(self.rng.uniform(*(LONG_TALK_SECONDS if is_long else TALK_SECONDS)))
                if visitor.status == "active":
                    await post.send("/tchat/terminer/")
                    await asyncio.sleep(1)

    def report(self, cookies: list[str]) -> None:
        for number, cookie in enumerate(cookies):
            officer = self._client(Officer, Keys(f"officer-{number}", "", cookie), "agent", "agent")
            officer.start()
            self.officers.append(officer)
            self.tasks.append(asyncio.ensure_future(self.available(officer)))

    async def available(self, officer: Officer) -> None:
        post = self._client(Post, officer.keys, "agent", "post")
        await post.send("/console/disponibilite/", availability="available", pause_reason="", capacity="3")

    async def vanish(self, officer: Officer) -> None:
        """Vanish without a word for longer than a lease and two ticks of the worker. Then come back and become
        available.
        """
        await officer.stop()
        await asyncio.sleep(LEASE_SECONDS + 6)
        officer.start()
        await self.available(officer)

    async def leave(self) -> None:
        for task in self.tasks:
            task.cancel()
        ended = await asyncio.gather(*self.tasks, return_exceptions=True)
        for client in (*self.visitors, *self.officers):
            if client.task is not None and not client.task.done():
                await client.stop()
        for one in ended:
            if isinstance(one, Exception):
                raise one


async def _break_things(scene: Scene) -> None:
    """Break each process once, in an order that the seed gives, some seconds apart."""
    made = scene.made

    async def web() -> None:
        victim = scene.rng.choice(made.webs)
        await asyncio.to_thread(victim.kill)
        await asyncio.sleep(0.5)
        await asyncio.to_thread(victim.start)

    async def worker() -> None:
        await asyncio.to_thread(made.worker.kill)
        await asyncio.sleep(2)
        await asyncio.to_thread(made.worker.start)

    async def valkey() -> None:
        await asyncio.to_thread(made.valkey.kill)
        await asyncio.sleep(scene.rng.choice((0, 3)))
        await asyncio.to_thread(made.valkey.start)

    async def postgres() -> None:
        await asyncio.to_thread(made.postgres.kill)
        await asyncio.to_thread(made.postgres.again)

    things: list[Callable[[], Awaitable[None]]] = [web, worker, valkey, postgres]
    scene.rng.shuffle(things)
    for thing in things:
        await asyncio.sleep(scene.rng.uniform(1.5, 3.5))
        await thing()


@dataclass
class Run:
    """One seed of a run."""

    seed: int
    verdict: Verdict
    people: int
    seconds: float
    failure: str = ""


async def run_once(made: Site, proxy: Proxy, seed: int) -> Run:
    started = time.monotonic()
    rng = random.Random(f"queue {seed}")
    waiting, cookies = await asyncio.to_thread(make, PEOPLE, AGENTS, rng, clear=True)
    scene = Scene(made, proxy, rng, Journal())
    failure = ""
    try:
        async with asyncio.timeout(RUN_SECONDS):
            scene.enter(waiting)
            scene.report(cookies)
            await asyncio.sleep(2)
            gone = [asyncio.ensure_future(scene.vanish(officer)) for officer in scene.officers[:2]]
            broken = asyncio.ensure_future(_break_things(scene))
            await asyncio.sleep(rng.uniform(2, 4))
            later, _none = await _again(lambda: make(LATER, 0, rng, clear=False))
            scene.enter(later)
            await asyncio.gather(broken, *gone)
            while not all(visitor.has_gone for visitor in scene.visitors):
                await asyncio.sleep(0.1)
    except TimeoutError:
        left = sum(not visitor.has_gone for visitor in scene.visitors)
        failure = f"{left} people were not served in time"
    finally:
        await scene.leave()
        proxy.cut(lambda _line: True)
        await asyncio.to_thread(made.repair)
    deeds, people, capacities = await asyncio.to_thread(history)
    verdict = queue_judge.judge(deeds, people, capacities)
    return Run(seed, verdict, len(people), time.monotonic() - started, failure)


async def _again(work: Callable[[], Any]) -> Any:
    """Repeat until the database answers. What could not be written yet is written a little later."""
    from django.db import InterfaceError, OperationalError

    while True:
        try:
            return await asyncio.to_thread(work)
        except (OperationalError, InterfaceError):
            await asyncio.sleep(0.3)


async def run_all(made: Site, seeds: range) -> list[Run]:
    runs = []
    with made.serving("pnav.asgi:application", with_worker=True):
        proxy = Proxy([web.port for web in made.webs])
        await proxy.start()
        try:
            for seed in seeds:
                run = await run_once(made, proxy, seed)
                runs.append(run)
                found = ", ".join(f"{kind} {count}" for kind, count in run.verdict.counts.items()) or "clean"
                print(
                    f"queue · seed {seed}: {run.people} people, {run.verdict.assignments} given, "
                    f"{run.verdict.released} given back, {found}; {run.seconds:.0f} s {run.failure}",
                    flush=True,
                )
                for example in run.verdict.examples[:4]:
                    print(f"    {example}", flush=True)
        finally:
            await proxy.stop()
    return runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=1)
    options = parser.parse_args()
    print(f"The judge of the queue finds all of {queue_judge.self_test()} histories that must fail.", flush=True)
    with site() as made:
        runs = asyncio.run(run_all(made, range(options.first_seed, options.first_seed + options.seeds)))
    counts = {kind: sum(run.verdict.counts[kind] for run in runs) for kind in queue_judge.KINDS}
    print(f"\n| seeds | people | given | given back | {' | '.join(queue_judge.KINDS)} |\n|{'---|' * 8}")
    sums = (sum(run.people for run in runs), sum(run.verdict.assignments for run in runs))
    back = sum(run.verdict.released for run in runs)
    print(f"| {len(runs)} | {sums[0]} | {sums[1]} | {back} | {' | '.join(map(str, counts.values()))} |")
    if not back:
        print("No conversation was given back: of agents who vanish these runs show nothing.")
    if not back or any(run.failure or not run.verdict.is_clean for run in runs):
        raise SystemExit(1)


if __name__ == "__main__":
    main()

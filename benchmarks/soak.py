"""`make soak`: a site that runs for an hour, and what it still holds when everybody has gone.

There are two web processes and the worker. People arrive at a steady pace, wait, talk, lose their network, come back,
read pages and leave: they end the exchange, use the quick exit, or vanish. Agents are on duty all the time. Every
minute, memory, connections, keys, sockets and tasks are recorded. Then everybody leaves, and nothing of them may
remain. The load is light (a quarter of a core at most), so this may run beside other work.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks.bench import _nowhere
from benchmarks.figures import cpu_of_tree, cpu_seconds, median, memory_kb
from benchmarks.site import ROOT, Stage, Web, refuse_unsafe_speed, stage
from benchmarks.sockets import raise_file_limit
from benchmarks.wire import Line, WireError, handshake
from pnav.demo.services import Service

APPLICATION = "benchmarks.soak_site:application"
BEAT_SECONDS = 20
SETTLE_SECONDS = 300  # memory is compared with that after this time, when caches and pools have grown
PAGES = ("/", "/orientation/", "/point-d-accueil/?q=51300", "/accessibilite/", "/tchat/")


class Worker(Service):
    """The worker, which does its ticks."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "worker.log"

    def start(self) -> None:
        self._spawn([sys.executable, "manage.py", "run_worker"], cwd=ROOT)


@dataclass
class Sample:
    """One minute; memory is in KiB (PSS)."""

    at: float
    memory: int
    web: list[int]
    worker: int
    connections: int
    keys: int
    valkey_clients: int
    sockets: int
    tasks: int
    talking: int
    share: float  # the share of a core that everything served takes


@dataclass
class Ledger:
    """What happened, and the posts that nobody has acknowledged yet."""

    counts: Counter[str] = field(default_factory=Counter)
    unacknowledged: dict[str, float] = field(default_factory=dict)
    people: int = 0


async def dial(port: int, path: str, cookie: str, hear: Callable[[dict[str, Any]], None]) -> Line:
    """Return a socket that is open. Raises WireError, OSError (TimeoutError too)."""
    line = Line(handshake(path, f"127.0.0.1:{port}", f"sessionid={cookie}"), hear)
    async with asyncio.timeout(30):
        await asyncio.get_running_loop().create_connection(lambda: line, "127.0.0.1", port)
        await line.open
    if not line.is_open:
        raise line.error or WireError("closed")
    return line


async def fetch(port: int, path: str, cookie: str = "", form: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Ask for one page, and return its status, body and CSRF cookie."""
    body = urlencode(form).encode() if form is not None else b""
    lines = [
        f"{'GET' if form is None else 'POST'} {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        f"Origin: http://127.0.0.1:{port}",
        "Connection: close",
    ]
    if cookie:
        lines.append(f"Cookie: {cookie}")
    if form is not None:
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
    async with asyncio.timeout(30):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
            answer = await reader.read()
        finally:
            writer.close()
    head, _, content = answer.partition(b"\r\n\r\n")
    csrf = ""
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(": ")
        if name.lower() == "set-cookie" and value.startswith("csrftoken="):
            csrf = value.partition(";")[0].partition("=")[2]
    return int(head.split(b" ", 2)[1]), content.decode(errors="replace"), csrf


class Party:
    """A person whose socket comes back when it is lost, and whose posts must be acknowledged."""

    path = ""

    def __init__(self, soak: "Soak", cookie: str) -> None:
        self.soak = soak
        self.cookie = cookie
        self.line: Line | None = None
        self.cursors: dict[str, int] = {}
        self.statuses: dict[str, str] = {}
        self.posts: dict[str, dict[str, str]] = {}
        self.is_done = False

    def hear(self, content: dict[str, Any]) -> None:
        kind, conversation = content["type"], content.get("conversation", "")
        if kind == "messages":
            for item in content["items"]:
                expected = self.cursors.get(conversation, 0) + 1
                if item["seq"] == expected:
                    self.cursors[conversation] = expected
                    self.soak.ledger.counts["received"] += 1
                elif item["seq"] > expected:
                    self.soak.ledger.counts["holes"] += 1
                    self.sync(conversation)
                    return
                if item["client_id"] in self.posts:
                    del self.posts[item["client_id"]]
                    self.soak.ledger.unacknowledged.pop(item["client_id"], None)
        elif kind == "state":
            self.statuses[conversation] = content["status"]
        elif kind == "error":
            self.soak.ledger.counts[f"error {content['code']}"] += 1
            if content["code"] in {"closed", "forbidden"}:
                self.posts.pop(content.get("client_id", ""), None)
                self.soak.ledger.unacknowledged.pop(content.get("client_id", ""), None)

    def sync(self, conversation: str) -> None:
        if self.line is not None:
            self.line.say(type="sync", conversation=conversation, after=self.cursors.get(conversation, 0))

    def post(self, conversation: str) -> None:
        number = str(uuid.uuid4())
        self.posts[number] = {"type": "post", "conversation": conversation, "client_id": number, "body": "x" * 120}
        self.soak.ledger.unacknowledged[number] = time.monotonic()
        self.soak.ledger.counts["posted"] += 1
        if self.line is not None:
            self.line.say(**self.posts[number])

    def came_back(self) -> None:
        """Ask for what is missing once the socket is open, and send again what nobody acknowledged."""
        assert self.line is not None
        for conversation in self.cursors:
            self.sync(conversation)
        for content in self.posts.values():
            self.line.say(**content)

    async def stay_connected(self) -> None:
        pause = 0.7
        while not self.is_done:
            try:
                self.line = await dial(self.soak.port(), self.path, self.cookie, self.hear)
            except (WireError, OSError):
                self.soak.ledger.counts["attempts failed"] += 1
                await asyncio.sleep(pause * (0.5 + random.random()))
                pause = min(30, pause * 2)
                continue
            pause = 0.7
            self.soak.ledger.counts["connects"] += 1
            self.came_back()
            while not self.line.ended.done():
                await asyncio.wait([self.line.ended], timeout=BEAT_SECONDS)
                self.beat()
            self.soak.ledger.counts[f"ended: {self.line.error}"] += 1
            if str(self.line.error) in {"close 4401", "close 4403"}:
                return
            await asyncio.sleep(0.35 + 0.7 * random.random())

    def beat(self) -> None:
        assert self.line is not None
        self.line.say(type="beat")

    def leave(self) -> None:
        self.is_done = True
        if self.line is not None:
            self.line.hang_up()


class Agent(Party):
    """An agent who is on duty all the time, answers each conversation now and then, and closes those whose person has
    gone.
    """

    path = "/ws/console/"

    def hear(self, content: dict[str, Any]) -> None:
        super().hear(content)
        conversation = content.get("conversation", "")
        if content["type"] == "assigned":
            self.cursors.setdefault(conversation, 0)
            self.statuses[conversation] = "active"
            self.sync(conversation)
        elif content["type"] == "released":
            self.cursors.pop(conversation, None)
            self.statuses.pop(conversation, None)

    async def live(self) -> None:
        task = asyncio.ensure_future(self.stay_connected())
        try:
            while not self.is_done:
                await asyncio.sleep(self.soak.every * (0.5 + random.random()) / 3)
                active = [one for one, status in self.statuses.items() if status == "active"]
                if active:
                    self.post(random.choice(active))
        finally:
            task.cancel()


class Person(Party):
    """A person who comes, waits, talks and leaves."""

    path = "/ws/conversation/"

    def __init__(self, soak: "Soak", cookie: str, conversation: str) -> None:
        super().__init__(soak, cookie)
        self.conversation = conversation
        self.cursors[conversation] = 0

    async def live(self, seconds: float) -> None:
        counts = self.soak.ledger.counts
        task = asyncio.ensure_future(self.stay_connected())
        self.soak.ledger.people += 1
        until = time.monotonic() + seconds * (0.5 + random.random())
        try:
            while time.monotonic() < until and not self.soak.is_over:
                await asyncio.sleep(self.soak.every * (0.5 + random.random()))
                if self.statuses.get(self.conversation) in {"active", "waiting"}:
                    self.post(self.conversation)
                dice = random.random()
                if dice < 0.10 and self.line is not None:
                    counts["network lost"] += 1
                    self.line.hang_up()
                elif dice < 0.25:
                    await self.read_page(random.choice(PAGES))
            await self.end(random.choice(("end", "quick exit", "vanish")))
        finally:
            self.leave()
            task.cancel()
            for number in self.posts:  # a person who has left does not wait for an answer
                self.soak.ledger.unacknowledged.pop(number, None)
            self.soak.ledger.people -= 1

    async def read_page(self, path: str) -> None:
        status, _body, _csrf = await fetch(self.soak.port(), path, f"sessionid={self.cookie}")
        self.soak.ledger.counts[f"pages {status}"] += 1

    async def end(self, how: str) -> None:
        port, cookie = self.soak.port(), f"sessionid={self.cookie}"
        if how == "end":
            _status, body, csrf = await fetch(port, "/tchat/terminer/", cookie)
            token = body.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
            if token:
                form = {"csrfmiddlewaretoken": token}
                status, _body, _csrf = await fetch(port, "/tchat/terminer/", f"{cookie}; csrftoken={csrf}", form)
                how = f"end {status}"
        elif how == "quick exit":
            status, _body, _csrf = await fetch(port, "/quitter/", cookie, {})
            how = f"quick exit {status}"
        self.soak.ledger.counts[how] += 1
        if not how.startswith("end 302"):
            await asyncio.sleep(2)
            await asyncio.to_thread(_close, self.conversation)  # their agent ends it after a while


def _close(public_id: str) -> None:
    from django.db import connection

    from chat.conversations.actions import close_conversation
    from chat.models import Conversation
    from chat.rules.lifecycle import Author

    conversation = Conversation.objects.select_related("assigned_to__user").get(public_id=public_id)
    agent = conversation.assigned_to
    if agent is not None:
        close_conversation(conversation_id=conversation.pk, by_author=Author.AGENT, by=agent.user)
    else:
        close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    connection.close()


def _new_people(folder: Path, count: int, agents: int = 0) -> list[dict[str, str]]:
    from django.core.management import call_command
    from django.db import connection

    out = folder / "people"
    arguments = ("--waiting", str(count), "--agents", str(agents), "--out", str(out))
    call_command("bench_sessions", *arguments, stdout=_nowhere())
    connection.close()
    return [json.loads(line) for line in out.read_text().splitlines()]


class Soak:
    """The site, its people, and what is recorded about them."""

    def __init__(self, ground: Stage, seconds: float, arrivals: float, stay: float, every: float, agents: int) -> None:
        self.ground = ground
        self.seconds = seconds
        self.arrivals = arrivals
        self.stay = stay
        self.every = every  # the seconds between two messages of a person
        self.agents = agents
        self.webs = [Web(ground.folder, APPLICATION) for _number in range(2)]
        self.worker = Worker(ground.folder)
        self.ledger = Ledger()
        self.samples: list[Sample] = []
        self.is_over = False
        self._spent = (0.0, 0.0)

    def port(self) -> int:
        """Return the port of a process, as a proxy would choose one."""
        return random.choice(self.webs).port

    async def run(self) -> dict[str, Any]:
        for service in (*self.webs, self.worker):
            await asyncio.to_thread(service.start)
        try:
            return await self._live()
        finally:
            for service in (*self.webs, self.worker):
                await asyncio.to_thread(service.stop)

    async def _live(self) -> dict[str, Any]:
        for web in self.webs:
            await fetch(web.port, "/")
        before = await self.look()
        lines = await asyncio.to_thread(_new_people, self.ground.folder, 0, self.agents)
        agents = [Agent(self, line["agent_cookie"]) for line in lines]
        tasks = {asyncio.ensure_future(agent.live()) for agent in agents}
        started = time.monotonic()
        sampling = asyncio.ensure_future(self._sample(started))
        while (elapsed := time.monotonic() - started) < self.seconds:
            newcomers = max(1, round(self.arrivals * 5))
            for line in await asyncio.to_thread(_new_people, self.ground.folder, newcomers):
                person = Person(self, line["reporter_cookie"], line["conversation"])
                tasks.add(asyncio.ensure_future(person.live(self.stay)))
            for task in [task for task in tasks if task.done()]:
                tasks.discard(task)
                if task.exception() is not None:
                    self.ledger.counts[f"failed: {task.exception()!r}"] += 1
            await asyncio.sleep(min(5, self.seconds - elapsed))
        sampling.cancel()
        overdue = sum(time.monotonic() - at > 30 for at in self.ledger.unacknowledged.values())
        self.is_over = True
        for agent in agents:
            agent.leave()
        await asyncio.wait(tasks, timeout=60)
        for task in tasks:
            task.cancel()
        await asyncio.sleep(10)  # closed connections are noticed, and idle ones end
        after = await self.look()
        return self.judge(before, after, overdue)

    async def _sample(self, started: float) -> None:
        interval = min(60.0, self.seconds / 10)
        while True:
            await asyncio.sleep(interval)
            seen = await self.look()
            spent, at = self._cpu(), time.monotonic()
            share = (spent - self._spent[0]) / (at - self._spent[1]) if self._spent[1] else 0.0
            self._spent = (spent, at)
            sample = Sample(at=at - started, talking=self.ledger.people, share=share, **seen)
            self.samples.append(sample)
            print(
                f"{sample.at / 60:5.1f} min  {sample.memory / 1024:6.1f} MB (web {[kb // 1024 for kb in sample.web]},"
                f" worker {sample.worker // 1024})  {sample.connections} connections  {sample.keys} keys"
                f"  {sample.sockets} sockets  {sample.tasks} tasks  {sample.talking} people  {sample.share:.2f} core",
                flush=True,
            )

    def _cpu(self) -> float:
        assert self.ground.postgres.process and self.ground.valkey.process and self.worker.process
        return (
            sum(cpu_seconds(web.pid) for web in self.webs)
            + cpu_seconds(self.worker.process.pid)
            + cpu_seconds(self.ground.valkey.process.pid)
            + cpu_of_tree(self.ground.postgres.process.pid)
        )

    async def look(self) -> dict[str, Any]:
        """Return what is recorded each minute."""
        assert self.worker.process
        web = [memory_kb(one.pid)["Pss"] for one in self.webs]
        worker = memory_kb(self.worker.process.pid)["Pss"]
        inside = [json.loads((await fetch(one.port, "/bench/inside/"))[1]) for one in self.webs]
        outside = await asyncio.to_thread(self._outside)
        return {
            "memory": sum(web) + worker,
            "web": web,
            "worker": worker,
            "sockets": sum(_sockets(one.pid) for one in self.webs),
            "tasks": sum(one["tasks"] for one in inside),
            **outside,
        }

    def _outside(self) -> dict[str, int]:
        """Return the connections of PostgreSQL (a few are ours, from a pool), and the keys and clients of Valkey."""
        import redis
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
            connections = cursor.fetchone()[0]
        connection.close()
        with redis.Redis.from_url(self.ground.valkey.url) as client:
            return {
                "connections": connections,
                "keys": client.dbsize(),
                "valkey_clients": len(client.client_list()) - 1,
            }

    def orphans(self) -> list[str]:
        """Return the keys that would stay for ever."""
        import redis

        with redis.Redis.from_url(self.ground.valkey.url, decode_responses=True) as client:
            return [key for key in client.scan_iter() if client.ttl(key) == -1]

    def judge(self, before: dict[str, Any], after: dict[str, Any], overdue: int) -> dict[str, Any]:
        settle = min(SETTLE_SECONDS, self.seconds / 3)
        near = sorted(self.samples, key=lambda sample: abs(sample.at - settle))[:3]
        base, end = (median([sample.memory for sample in some]) for some in (near, self.samples[-3:]))
        orphans = self.orphans()
        result = {
            "seconds": self.seconds,
            "memory_ratio": end / base,
            "share_of_a_core": median([sample.share for sample in self.samples[1:]]),
            "orphans": orphans,
            "overdue": overdue,
            "before": before,
            "after": after,
            "counts": dict(self.ledger.counts),
            "samples": [asdict(sample) for sample in self.samples],
        }
        left = after["sockets"] - before["sockets"]
        failures = sum(count for name, count in self.ledger.counts.items() if name.startswith(("failed", "pages 5")))
        verdicts = {
            f"memory at the end ÷ after {settle / 60:.0f} min: {end / base:.3f} (≤ 1.05)": end / base <= 1.05,
            f"keys in Valkey without an end: {len(orphans)} {orphans[:3]}": not orphans,
            f"clients of Valkey before and after: {before['valkey_clients']}, {after['valkey_clients']}": True,
            f"sockets left open in the web processes: {left} (pools and Valkey: ≤ 60)": left <= 60,
            f"tasks before and after: {before['tasks']}, {after['tasks']}": after["tasks"] <= before["tasks"] + 20,
            f"connections of PostgreSQL: at most {max(sample.connections for sample in self.samples)},"
            f" {after['connections']} at the end": after["connections"] <= 80,
            f"messages unacknowledged for over 30 s: {overdue}": not overdue,
            f"visits or pages that failed: {failures}": not failures,
        }
        print()
        for text, is_good in verdicts.items():
            print(f"{'ok' if is_good else 'NO':>4}  {text}")
        print("\n" + ", ".join(f"{name}: {count}" for name, count in sorted(self.ledger.counts.items())))
        result["passed"] = all(verdicts.values())
        return result


def _sockets(pid: int) -> int:
    """Return the file descriptors of a process that are sockets."""
    count = 0
    for path in Path(f"/proc/{pid}/fd").iterdir():
        try:
            count += os.readlink(path).startswith("socket:")  # noqa: PTH115  closed meanwhile is an error of both
        except FileNotFoundError:
            continue
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--arrivals", type=float, default=0.6, help="people a second")
    parser.add_argument("--stay", type=float, default=90, help="seconds, half to one and a half of it")
    parser.add_argument("--every", type=float, default=6, help="seconds between two messages of a person")
    parser.add_argument("--agents", type=int, default=30)
    parser.add_argument("--out", type=Path, default=ROOT / ".local" / "soak.json")
    options = parser.parse_args()
    raise_file_limit()
    with stage() as ground:
        from django.core.management import call_command

        for command in ("import_locations", "build_styles", "build_messages"):
            call_command(command, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        refuse_unsafe_speed()
        soak = Soak(ground, options.seconds, options.arrivals, options.stay, options.every, options.agents)
        result = asyncio.run(soak.run())
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1))
    raise SystemExit(0 if result["passed"] else 1)


if __name__ == "__main__":
    main()

"""What is done to the site. Each fault breaks something, waits, and repairs it; `hit` names the lines that it broke.

When a web process breaks, it is always the first one. The probes that must not notice are connected to the two others.
"""

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from benchmarks.faults.clients import Client, _PlainClient
from benchmarks.faults.journal import Journal
from benchmarks.faults.processes import LEASE_SECONDS, ROOT, Site
from benchmarks.faults.proxy import Line, Proxy

VICTIM = 0
HOUR = 3600.0


@dataclass
class Stage:
    """What a fault may touch."""

    site: Site
    proxy: Proxy
    journal: Journal
    clients: list[Client]
    random: random.Random
    is_quick: bool
    complaints: list[str] = field(default_factory=list)  # what was not as promised, besides what the journal shows

    def strike(self, *, names: set[str] | None = None, backends: set[int] | None = None) -> None:
        """Mark the beginning of the fault.

        names, backends: the lines that it breaks; the conversation of each of them is « hit ».
        """
        self.journal.note("mark", name="fault")
        places: dict[str, list[int | None]] = {}
        hit: set[str] = set()
        polled = {client.keys.conversation for client in self.clients if isinstance(client, _PlainClient)}
        for client in self.clients:
            backend = self.proxy.backend_of(client.name)
            places.setdefault(client.keys.conversation, []).append(backend)
            if client.name in (names or ()) or backend in (backends or ()):
                hit.add(client.keys.conversation)
        for conversation, found in places.items():
            kind = "same" if None not in found and len(set(found)) == 1 else "across"
            kind = "polled" if conversation in polled else "hit" if conversation in hit else kind
            self.journal.note("placed", c=conversation, k=kind)

    def serving(self) -> None:
        """Mark when PostgreSQL takes writing again. The longest time without an acknowledgement is compared with this
        moment.
        """
        self.journal.note("mark", name="serving")

    def everybody(self) -> set[str]:
        return {client.name for client in self.clients}

    def some(self, one_in: int) -> set[str]:
        """Choose a share of the conversations of each kind; of those one side, the other, or both."""
        conversations = list(dict.fromkeys(client.keys.conversation for client in self.clients))
        offset = self.random.randrange(one_in)
        sides = {name: self.random.choice(("reporter", "agent", "")) for name in conversations[offset::one_in]}
        return {
            client.name
            for client in self.clients
            if client.keys.conversation in sides and client.side.startswith(sides[client.keys.conversation])
        }

    def lasting(self, quick: float, full: float) -> float:
        return quick if self.is_quick else full


Fault = Callable[[Stage], Awaitable[None]]
in_thread = asyncio.to_thread  # starting and stopping processes blocks


async def web_killed(stage: Stage) -> None:
    stage.strike(backends={VICTIM})
    web = stage.site.webs[VICTIM]
    await in_thread(web.kill)
    await asyncio.sleep(1)
    await in_thread(web.start)


async def deploy(stage: Stage) -> None:
    """Replace all web processes in turn: SIGTERM, then the new one."""
    stage.strike(names=stage.everybody())
    for web in stage.site.webs:
        await in_thread(web.stop)
        await in_thread(web.start)


async def rolling_deploy(stage: Stage) -> None:
    """Replace the other version by this one, process by process, and back: for a while both serve side by side.

    The tables are those of this version from the beginning, as migrations run before any process is replaced.
    """
    assert stage.site.former is not None
    stage.strike(names=stage.everybody())
    for root in (ROOT, stage.site.former):
        for service in (stage.site.webs[0], stage.site.worker, *stage.site.webs[1:]):
            await in_thread(service.stop)
            service.root = root
            await in_thread(service.start)
            await asyncio.sleep(stage.lasting(2, 5))


async def worker_killed(stage: Stage) -> None:
    stage.strike()
    await in_thread(stage.site.worker.kill)
    await asyncio.sleep(2)
    await in_thread(stage.site.worker.start)


async def valkey_restarted(stage: Stage) -> None:
    stage.strike()
    await in_thread(stage.site.valkey.kill)
    await in_thread(stage.site.valkey.start)


async def valkey_gone(stage: Stage) -> None:
    stage.strike()
    await in_thread(stage.site.valkey.kill)
    await asyncio.sleep(stage.lasting(6, 60))
    await in_thread(stage.site.valkey.start)


async def valkey_frozen(stage: Stage) -> None:
    """Freeze Valkey, which keeps its connections and answers nothing."""
    process = stage.site.valkey.process
    assert process is not None
    stage.strike()
    process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(stage.lasting(4, 8))
    process.send_signal(signal.SIGCONT)


async def postgres_restarted(stage: Stage) -> None:
    stage.strike()
    await in_thread(stage.site.postgres.kill)
    await in_thread(stage.site.postgres.again)


async def network_cut(stage: Stage) -> None:
    """Break the lines of half of the conversations at once; they can be opened again at once."""
    names = stage.some(2)
    stage.strike(names=names)
    stage.proxy.cut(lambda line: line.name in names)


async def network_away(stage: Stage) -> None:
    stage.strike(names=stage.everybody())
    stage.proxy.is_down = True
    stage.proxy.cut(lambda _line: True)
    await asyncio.sleep(2)
    stage.proxy.is_down = False


async def half_open(stage: Stage) -> None:
    """Freeze the lines of half of the conversations, which stay open and carry nothing. A new line works."""
    names = stage.some(2)
    stage.strike(names=names)
    stage.proxy.freeze(names)
    await asyncio.sleep(stage.lasting(6, 8))  # longer than the clients wait
    stage.proxy.reset()


async def flapping(stage: Stage) -> None:
    stage.strike(names=stage.everybody())
    await _flap(stage, stage.lasting(4, 6))


async def _flap(stage: Stage, seconds: float) -> None:
    def is_unlucky(_line: Line) -> bool:
        return stage.random.random() < 0.3

    for _time in range(int(seconds / 0.4)):
        stage.proxy.cut(is_unlucky)
        await asyncio.sleep(0.4)


async def slow_reader(stage: Stage) -> None:
    """Let the agents of the long messages read a few kilobytes twice a second, through the smallest window there is."""
    names = {client.name for client in stage.clients if client.side == "agent" and client.size > 1000}
    stage.strike(names=names)
    stage.proxy.slow |= names
    stage.proxy.cut(lambda line: line.name in names)
    await asyncio.sleep(stage.lasting(4, 8))
    stage.proxy.slow.clear()


async def clock_forward(stage: Stage) -> None:
    await _step_clock(stage, HOUR, 4)


async def clock_back(stage: Stage) -> None:
    """Set the clock back, in a full run for longer than a lease. Somebody who sends beats there must not be taken for
    gone.
    """
    await _step_clock(stage, -HOUR, stage.lasting(4, LEASE_SECONDS + 6))


async def _step_clock(stage: Stage, seconds: float, lasting: float) -> None:
    stage.strike(backends={VICTIM})
    web = stage.site.webs[VICTIM]
    web.step_clock(seconds)
    await asyncio.sleep(lasting)
    web.step_clock(0)


async def clock_of_worker(stage: Stage) -> None:
    """Set the clock of the worker, which ends leases, an hour ahead."""
    stage.strike()
    stage.site.worker.step_clock(HOUR)
    await asyncio.sleep(5)  # the worker ticks twice in this time
    stage.site.worker.step_clock(0)


async def web_killed_without_valkey(stage: Stage) -> None:
    stage.strike(backends={VICTIM})
    web = stage.site.webs[VICTIM]
    await in_thread(stage.site.valkey.kill)
    await in_thread(web.kill)
    await asyncio.sleep(2)
    await in_thread(web.start)
    await asyncio.sleep(1)
    await in_thread(stage.site.valkey.start)


async def postgres_restarted_in_the_dark(stage: Stage) -> None:
    """Kill PostgreSQL and break every line at once, so that nobody can say what was committed."""
    stage.strike(names=stage.everybody())
    stage.proxy.is_down = True
    stage.proxy.cut(lambda _line: True)
    await in_thread(stage.site.postgres.kill)
    await in_thread(stage.site.postgres.again)
    stage.proxy.is_down = False


async def deploy_while_flapping(stage: Stage) -> None:
    stage.strike(names=stage.everybody())
    web = stage.site.webs[VICTIM]

    async def replace() -> None:
        await in_thread(web.stop)
        await in_thread(web.start)

    await asyncio.gather(replace(), _flap(stage, 4))


FAULTS: dict[str, Fault] = {
    "web process killed": web_killed,
    "deploy (SIGTERM, all in turn)": deploy,
    "worker killed": worker_killed,
    "Valkey restarted": valkey_restarted,
    "Valkey gone": valkey_gone,
    "Valkey frozen": valkey_frozen,
    "PostgreSQL restarted": postgres_restarted,
    "network cut": network_cut,
    "network away": network_away,
    "half-open": half_open,
    "flapping 30 %": flapping,
    "slow reader": slow_reader,
    "clock +1 h (web)": clock_forward,
    "clock -1 h (web)": clock_back,
    "clock +1 h (worker)": clock_of_worker,
    "web killed, Valkey gone": web_killed_without_valkey,
    "PostgreSQL and network": postgres_restarted_in_the_dark,
    "deploy while flapping": deploy_while_flapping,
}
ROLLING = "rolling deploy, and back"  # only runs with `--from` have this fault
WORKERS_OWN = {"worker killed", "clock +1 h (worker)"}  # the tutorial has no worker

"""Faults of PostgreSQL as a whole machine: one of two is lost, its network is cut, or its disk is full.

Each fault calls `Stage.serving` when PostgreSQL takes writing again. Acknowledgements have to be back a second later.
"""

import asyncio
from collections.abc import Callable

from benchmarks.faults import far, small_disk
from benchmarks.faults.clients import FormClient
from benchmarks.faults.far import FarDatabase, FarPair
from benchmarks.faults.faults import Fault, Stage, in_thread
from benchmarks.faults.processes import MakeService
from benchmarks.faults.small_disk import SmallDisk
from benchmarks.faults.standby import Pair

NUMBERS = (b"tel:17", b"tel:119")  # they stand on the page of a failure


def _pair(stage: Stage) -> Pair:
    pair = stage.site.postgres
    assert isinstance(pair, Pair)
    return pair


async def primary_lost(stage: Stage) -> None:
    """Kill all processes of the primary at once. Somebody notices, promotes the standby, and makes a new standby."""
    pair = _pair(stage)
    stage.strike()
    await in_thread(pair.primary.lose)
    await asyncio.sleep(stage.lasting(1, 5))  # the time until somebody notices
    await in_thread(pair.fail_over)
    stage.serving()
    await asyncio.sleep(stage.lasting(2, 5))
    await in_thread(pair.join)


async def primary_stopped(stage: Stage) -> None:
    """Exchange the two in a planned way: the primary ends in order, and the standby is promoted."""
    pair = _pair(stage)
    stage.strike()
    await in_thread(pair.primary.stop)
    await in_thread(pair.fail_over)
    stage.serving()
    await asyncio.sleep(stage.lasting(2, 5))
    await in_thread(pair.join)


async def primary_frozen(stage: Stage) -> None:
    """Freeze the primary with its connections open, while its kernel answers for it; turn it off, then promote the
    standby.
    """
    pair = _pair(stage)
    stage.strike()
    await in_thread(pair.primary.freeze)
    await asyncio.sleep(stage.lasting(4, 15))
    await in_thread(pair.primary.lose)
    await in_thread(pair.fail_over)
    stage.serving()
    await asyncio.sleep(stage.lasting(2, 5))
    await in_thread(pair.join)


async def machine_of_primary_lost(stage: Stage) -> None:
    """Cut the primary's network, so that nobody is told that connections ended, then promote the standby.

    The primary comes back with its network and still acts as a primary. Then it is made the new one's standby.
    """
    pair = _pair(stage)
    assert isinstance(pair, FarPair)
    stage.strike()
    pair.network.cut()
    await asyncio.sleep(stage.lasting(10, 20))  # the time until somebody is sure; connections end after 6 to 8 s
    await in_thread(pair.fail_over)
    stage.serving()
    await asyncio.sleep(stage.lasting(4, 15))
    pair.network.heal()
    await asyncio.sleep(2)
    await in_thread(pair.standby.lose)
    await in_thread(pair.join)


async def standby_lost(stage: Stage) -> None:
    """Kill the standby: commits wait for it until the primary is told to wait for nobody, and again once it is back."""
    pair = _pair(stage)
    stage.strike()
    await in_thread(pair.standby.lose)
    await asyncio.sleep(stage.lasting(2, 6))  # the time until somebody notices
    await in_thread(pair.primary.wait_for, "")
    stage.serving()
    await asyncio.sleep(stage.lasting(2, 5))
    await in_thread(pair.rejoin)


def _say_numbers(stage: Stage) -> None:
    """Complain unless a person who writes without a script was shown a page of failure with the emergency numbers."""
    pages = [page for client in stage.clients if isinstance(client, FormClient) for page in client.failure_pages]
    if not pages:
        stage.complaints.append("no page told of the failure")
    bare = [page for page in pages if not all(number in page for number in NUMBERS)]
    if bare:
        stage.complaints.append(f"{len(bare)} of {len(pages)} pages of failure have no numbers: {bare[0][:400]!r}")


async def network_cut(stage: Stage) -> None:
    """Let nothing pass between the web processes and PostgreSQL without telling either; then let everything
    pass again.
    """
    server = stage.site.postgres
    assert isinstance(server, FarDatabase)
    stage.strike()
    server.network.cut()
    await asyncio.sleep(stage.lasting(16, 30))  # longer than a connection waits, and a page for its database
    server.network.heal()
    stage.serving()
    await asyncio.sleep(2)
    _say_numbers(stage)


async def network_cut_briefly(stage: Stage) -> None:
    """Cut the network for less time than a connection waits, so that the connection continues where it was.

    TCP decides when it continues. It sends again after 0.2 s, 0.4, 0.8 and so on, so this may take as long again as the
    cut.
    """
    server = stage.site.postgres
    assert isinstance(server, FarDatabase)
    stage.strike()
    server.network.cut()
    await asyncio.sleep(2)
    server.network.heal()


async def disk_full(stage: Stage) -> None:
    """Fill the disk: tables cannot grow, then the WAL cannot, and PostgreSQL ends.

    It starts again once there is room.
    """
    server = stage.site.postgres
    assert isinstance(server, SmallDisk)
    stage.strike()
    await in_thread(server.fill)
    await asyncio.sleep(stage.lasting(3, 10))
    if not await in_thread(server.use_up_log):
        stage.complaints.append("the WAL was never full")
    await asyncio.sleep(stage.lasting(10, 15))
    await in_thread(server.repair)
    stage.serving()
    await asyncio.sleep(2)
    _say_numbers(stage)


STANDBY: dict[str, Fault] = {
    "primary lost, standby promoted": primary_lost,
    "primary stopped, standby promoted": primary_stopped,
    "primary frozen, turned off, standby promoted": primary_frozen,
    "standby lost, and back": standby_lost,
}
FAR: dict[str, Fault] = {
    "network to PostgreSQL cut": network_cut,
    "network to PostgreSQL cut for 2 s": network_cut_briefly,
}
FAR_PAIR: dict[str, Fault] = {"machine of the primary lost": machine_of_primary_lost}
DISK: dict[str, Fault] = {"disk of PostgreSQL full": disk_full}
# What stands in the place of the one PostgreSQL, and the faults of such a site (« --site NAME »).
SITES: dict[str, tuple[MakeService, dict[str, Fault]]] = {
    "standby": (Pair, STANDBY),
    "far": (FarDatabase, FAR),
    "far-standby": (FarPair, FAR_PAIR),
    "disk": (SmallDisk, DISK),
}


def _no_network() -> str:
    return "" if far.is_possible() else "it needs root and « ip » of Linux"


# Why such a site cannot be made on this machine; "" where it can.
NOT_HERE: dict[str, Callable[[], str]] = {
    "far": _no_network,
    "far-standby": _no_network,
    "disk": lambda: "" if small_disk.is_possible() else "it needs root, to mount a small disk",
}

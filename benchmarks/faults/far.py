"""A PostgreSQL behind a network of its own that can be cut: packets are dropped, and nobody is told.

A relay in a process would not do, because its kernel would go on acknowledging what it is sent. What has to be seen is
how long a connection waits for an acknowledgement that does not come. The server therefore runs in a network namespace
of Linux, at the end of a pair of virtual cables. A cut gives each end the hardware address of a card that does not
exist. This needs root and `ip`.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from benchmarks.faults.processes import Database
from benchmarks.faults.standby import Pair, Server

NOBODYS_CARD = "02:00:00:00:00:99"


def is_possible() -> bool:
    """Return whether this machine lets us make networks."""
    return os.geteuid() == 0 and shutil.which("ip") is not None and hasattr(os, "setns")


class Network:
    """Two ends, here and there, each with an address of 198.18.0.0/15, which RFC 2544 reserves for tests."""

    def __init__(self) -> None:
        number = os.getpid()
        self.namespace = f"pnav-{number}"
        self.ends = {"here": f"pnavh{number}", "there": f"pnavt{number}"}
        third = number % 250
        self.addresses = {"here": f"198.18.{third}.1", "there": f"198.18.{third}.2"}
        self.cards: dict[str, str] = {}

    def _ip(self, where: str, *arguments: str) -> str:
        inside = ["-n", self.namespace] if where == "there" else []
        return subprocess.run(["ip", *inside, *arguments], check=True, capture_output=True, text=True).stdout

    def start(self) -> None:
        self._ip("here", "netns", "add", self.namespace)
        here, there = self.ends["here"], self.ends["there"]
        self._ip("here", "link", "add", here, "type", "veth", "peer", "name", there, "netns", self.namespace)
        for where, end in self.ends.items():
            self._ip(where, "addr", "add", f"{self.addresses[where]}/30", "dev", end)
            self._ip(where, "link", "set", end, "up")
            self.cards[where] = self._ip(where, "-br", "link", "show", end).split()[2]
        self.heal()

    def stop(self) -> None:
        subprocess.run(["ip", "netns", "del", self.namespace], check=False, capture_output=True)

    def cut(self) -> None:
        """Drop, from now on, whatever is sent in either direction."""
        self._know({"here": NOBODYS_CARD, "there": NOBODYS_CARD})

    def heal(self) -> None:
        self._know(self.cards)

    def _know(self, cards: dict[str, str]) -> None:
        for where, other in (("here", "there"), ("there", "here")):
            of = (self.addresses[other], "lladdr", cards[other], "dev", self.ends[where])
            self._ip(where, "neigh", "replace", *of, "nud", "permanent")


class _There(Database):
    """A server whose process is in the namespace. Its maintainer may reach it by its Unix socket as well."""

    network: Network

    def _spawn(self, command: list[str | Path], **kwargs: Any) -> None:
        paths = ("/proc/thread-self/ns/net", f"/run/netns/{self.network.namespace}")
        own, far = (os.open(path, os.O_RDONLY) for path in paths)
        try:
            # This moves only this thread, and a child process starts where its thread is.
            os.setns(far, os.CLONE_NEWNET)
            super()._spawn(command, **kwargs)
        finally:
            os.setns(own, os.CLONE_NEWNET)
            os.close(own)
            os.close(far)


class FarDatabase(_There):
    """One PostgreSQL, which the web processes can reach only through that network."""

    def __init__(self, state: Path) -> None:
        self.network = Network()
        super().__init__(state, listen_addresses=self.network.addresses["there"])
        self.options["hba_file"] = str(self.home / "pg_hba.conf")

    @property
    def url(self) -> str:
        return f"postgres://pnav@{self.network.addresses['there']}:5432/pnav"

    def start(self) -> None:
        self.network.start()
        self.home.mkdir(mode=0o711, parents=True, exist_ok=True)
        (self.home / "pg_hba.conf").write_text("local all all trust\nhost all all 198.18.0.0/15 trust\n")
        super().start()

    def stop(self, *args: Any) -> None:
        super().stop(*args)
        self.network.stop()

    def repair(self) -> None:
        self.network.heal()
        super().repair()


class FarServer(_There, Server):
    """One server of a pair, which is at the far end."""

    def __init__(self, state: Path, name: str, network: Network) -> None:
        self.network = network
        super().__init__(state, name, network.addresses["there"])


class FarPair(Pair):
    """The primary is at the far end, and the standby is where the web processes are."""

    def make_servers(self, state: Path) -> list[Server]:
        self.network = Network()
        return [FarServer(state, "db1", self.network), Server(state, "db2", self.network.addresses["here"])]

    def start(self) -> None:
        self.network.start()
        super().start()

    def stop(self) -> None:
        super().stop()
        self.network.stop()

    def repair(self) -> None:
        """Repair as `Pair.repair` does, with the first server as the primary again."""
        self.network.heal()
        super().repair()
        if self.primary is not self.servers[0]:
            self.primary.stop()
            self.fail_over()
            self.join()

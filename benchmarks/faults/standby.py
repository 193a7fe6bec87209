"""Two PostgreSQL servers: a primary, and a standby that has each commit before it is acknowledged.

This runs what docs/operations.md, « Two machines, one lost », asks of an operator: `pg_basebackup` makes the standby,
`pg_promote` makes it the primary, and `ALTER SYSTEM` with a reload says for which standby the primary waits.
"""

import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.faults.processes import Database
from pnav.demo.services import free_port

# Settings of both servers. A log with statements would contain what people wrote; `Postgres` sets the rest.
SETTINGS = {
    "wal_level": "replica",
    "max_wal_senders": "5",
    "hot_standby": "on",
    # Enough for a standby that was away for some minutes. A replication slot would keep everything, and fill the disk.
    "wal_keep_size": "256MB",
    "wal_receiver_status_interval": "1s",
    "wal_retrieve_retry_interval": "500ms",
    # A standby that is silent for this long is given up, and so is a primary.
    "wal_sender_timeout": "5s",
    "wal_receiver_timeout": "5s",
}
NEIGHBOURS = ("127.0.0.1/32", "198.18.0.0/15")  # the second network is that of `far.Network`
SYNCHRONOUS = "ANY 1 (db1, db2)"  # the synchronous standby is the one of the two that is not the primary
STREAMING = "SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'"
WAITED_FOR = f"{STREAMING} AND sync_state = 'quorum'"
SECONDS = 20.0  # the longest time for a standby to be ready, and for a promotion


class Server(Database):
    """One of the two servers, with a name and a port, which may follow the other one.

    name: its name while it follows (`application_name`). host: the address at which it listens.
    """

    def __init__(self, state: Path, name: str, host: str = "127.0.0.1") -> None:
        self.name = name
        self.host = host
        self.port = free_port()
        super().__init__(state / name, **SETTINGS, listen_addresses=host, port=str(self.port), cluster_name=name)
        self.options["hba_file"] = str(self.home / "pg_hba.conf")

    def address(self, **more: str) -> str:
        """Return the address of its maintenance database, for libpq."""
        given = {"host": self.host, "port": str(self.port), "user": "pnav", "dbname": "postgres", **more}
        return " ".join(f"{name}={value}" for name, value in given.items())

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        """Return the rows of one statement. Raises psycopg.Error."""
        with psycopg.connect(self.address(), connect_timeout=2, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def follow(self, primary: "Server") -> None:
        """Become the standby of this primary on an empty machine: erase whatever was here, and copy everything from
        there.
        """
        self.stop()
        self.prepare()
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(mode=0o700, parents=True)
        self._give(self.data)
        command = [
            self._binaries() / "pg_basebackup",
            "--pgdata", self.data,
            "--dbname", primary.address(application_name=self.name, connect_timeout="2"),
            "--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast",
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, cwd="/", **self._as_user())  # type: ignore[call-overload]
        # The copy has the primary's own setting. Without this line it would wait, once promoted, for a standby that is
        # gone.
        with (self.data / "postgresql.auto.conf").open("a") as file:
            file.write("synchronous_standby_names = ''\n")
        self.start()

    def start(self) -> None:
        self.prepare()
        super().start()

    def prepare(self) -> None:
        """Prepare the folders of an empty server, and allow connections from the networks of this machine."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.home.mkdir(mode=0o711, parents=True, exist_ok=True)
        lines = [f"host {what} all {where} trust" for what in ("all", "replication") for where in NEIGHBOURS]
        (self.home / "pg_hba.conf").write_text("\n".join(["local all all trust", *lines, ""]))

    def wait_for(self, names: str) -> None:
        """Let this primary wait for these standbys from the next commit on. With "" it waits for none, and waiting
        commits go on.
        """
        self.ask(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
        self.ask("SELECT pg_reload_conf()")

    def promote(self) -> None:
        """Make this standby the primary, which waits for nothing until it has a standby itself. Raises TimeoutError."""
        self.ask(f"SELECT pg_promote(wait => true, wait_seconds => {SECONDS:.0f})")
        deadline = time.monotonic() + SECONDS
        while self.ask("SELECT pg_is_in_recovery()") != [(False,)]:
            if time.monotonic() > deadline:
                raise TimeoutError("the standby did not become a primary")
            time.sleep(0.02)

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Pair:
    """A primary and its standby, in the place of the one server of a site."""

    def __init__(self, state: Path) -> None:
        self.servers = self.make_servers(state)
        self.primary, self.standby = self.servers

    def make_servers(self, state: Path) -> list[Server]:
        """Return the server that is the primary at first, and the one that is the standby."""
        return [Server(state, "db1"), Server(state, "db2")]

    @property
    def url(self) -> str:
        """Return both servers in one address: a client takes the one that accepts writing."""
        hosts = ",".join(server.host for server in self.servers)
        ports = ",".join(str(server.port) for server in self.servers)
        return f"postgres://pnav@/pnav?host={hosts}&port={ports}&target_session_attrs=read-write"

    def __getattr__(self, name: str) -> Any:
        """Take from the primary what is asked about the one server of a site: its process, its folders."""
        if name in {"process", "home", "data", "sockets", "options", "as_root"}:
            return getattr(self.primary, name)
        raise AttributeError(name)

    def start(self) -> None:
        self.primary.start()
        self.join()

    def join(self) -> None:
        """Make a new standby for the primary, and let commits wait for it."""
        self.standby.follow(self.primary)
        self.primary.wait_for(SYNCHRONOUS)
        self.in_step()

    def rejoin(self) -> None:
        """Start the standby again with the data that it had. Commits wait for it once it follows."""
        self.standby.again()
        self._until(STREAMING)
        self.primary.wait_for(SYNCHRONOUS)
        self.in_step()

    def in_step(self) -> None:
        """Wait until commits are on both servers. Raises TimeoutError."""
        self._until(WAITED_FOR)

    def _until(self, asked: str) -> None:
        deadline = time.monotonic() + SECONDS
        while self.primary.ask(asked) != [(1,)]:
            if time.monotonic() > deadline:
                raise TimeoutError("the standby does not follow")
            time.sleep(0.05)

    def fail_over(self) -> None:
        """Promote the standby and name it the primary. The other server will become the standby."""
        self.standby.promote()
        self.primary, self.standby = self.standby, self.primary

    def stop(self) -> None:
        self.standby.stop()
        self.primary.stop()

    def repair(self) -> None:
        """Leave a primary with its standby in step, whichever of them is dead."""
        if not self.primary.is_running:
            if self.primary.process is not None:
                self.primary.stop()
            self.primary.again()
        self.primary.wait_for("")
        if self.standby.is_running and self.primary.ask("SELECT 1 FROM pg_stat_replication"):
            self.primary.wait_for(SYNCHRONOUS)
            self.in_step()
        else:
            self.join()

    def remove(self) -> None:
        """Erase files outside of the site's folder, which servers that were started by root have."""
        for server in self.servers:
            server.remove()

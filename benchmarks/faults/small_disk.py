"""A PostgreSQL on a small disk of its own, which holds data and WAL and can be filled. Mounting it needs root."""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.faults.processes import Database

MIB = 1024 * 1024
SIZE_MIB = 700  # the memory for the site's tables, the WAL and what a run writes
WAL_AT_MOST = 64  # so many segments may be ready before a new one has to be made
FILLER = "filler"


def is_possible() -> bool:
    """Return whether this machine lets us mount one."""
    return os.geteuid() == 0 and shutil.which("mount") is not None


class SmallDisk(Database):
    """PostgreSQL whose data and WAL lie on a small file system."""

    def __init__(self, state: Path) -> None:
        super().__init__(state, max_wal_size="128MB", min_wal_size="32MB")
        self.disk = self.home / "disk"
        self.data = self.disk / "postgres"

    def start(self) -> None:
        self.disk.mkdir(mode=0o711, parents=True, exist_ok=True)
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m,mode=711", "pnav-faults", self.disk], check=True
        )
        super().start()

    def stop(self, *args: Any) -> None:
        super().stop(*args)
        if self.disk.is_mount():
            subprocess.run(["umount", self.disk], check=False)

    def fill(self) -> None:
        """Fill the disk until not a byte is left."""
        with (self.disk / FILLER).open("ab", buffering=0) as file:
            for block in (MIB, 4096):
                with contextlib.suppress(OSError):  # the disk is to be full, so ENOSPC is expected
                    while file.write(bytes(block)) == block:
                        pass

    def use_up_log(self) -> bool:
        """Ask for new segments of the WAL until none can be made, which PostgreSQL does not survive. Return whether it
        ended.
        """
        for _segment in range(WAL_AT_MOST):
            try:
                with psycopg.connect(self._maintenance_url, connect_timeout=2, autocommit=True) as connection:
                    connection.execute("SELECT pg_switch_wal() FROM pg_logical_emit_message(false, 'fill', 'x')")
            except psycopg.Error:
                return True
        return False

    def make_room(self) -> None:
        (self.disk / FILLER).unlink(missing_ok=True)

    def repair(self) -> None:
        """Make room, and start the server. A server that could not write its log at its start has ended."""
        self.make_room()
        if self.process is not None and self.process.poll() is not None:
            self.process = None
        super().repair()
        self._wait_until(self._is_ready)

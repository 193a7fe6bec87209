"""Backs up the WAL as it is written: `pg_receivewal` keeps it in a folder, and each turn seals what is new.

A replication slot makes the server keep what was not received yet, so that nothing is missing after an absence. The
server's `max_slot_wal_keep_size` bounds how much it keeps. The segment that is being written is sealed too, at each
turn in which it changed.
"""

import hashlib
import logging
import re
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from pnav.backup import base, tools
from pnav.backup.base import BackupFailed
from pnav.backup.configuration import Configuration
from pnav.backup.store import Store

logger = logging.getLogger(__name__)
SLOT = "pnav_backup"
_WHOLE = re.compile(r"[0-9A-F]{24}|[0-9A-F]{8}\.history")
_PARTIAL = re.compile(r"([0-9A-F]{24})\.partial")
STOP_SECONDS = 10
ENDED_MOST = 3


class Receiver:
    """It is the `pg_receivewal` of this process, which is started again when it has ended."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = 0  # how many times in a row it was found ended
        # Whether the slot was not there and was made, so that nothing kept the WAL from before. The service resets it.
        self.has_made_slot = False

    def keep_alive(self) -> None:
        """Start `pg_receivewal` if it does not run. Raises ToolMissing, BackupFailed when the slot cannot be made, and
        the errors of psycopg.

        It continues after the newest file of its folder. When it has ended ENDED_MOST times in a row, which counts as a
        failure too, the server may no longer have what comes next, as after a restore to an earlier point. The next one
        then begins where the slot is.
        """
        if self._process is not None and self._process.poll() is None:
            self._ended = 0
            return
        if self._process is not None:
            self._ended += 1
            logger.warning("backup: pg_receivewal ended with %s, started again", self._process.returncode)
        if self._ended >= ENDED_MOST:
            self.forget_place()
            raise BackupFailed("pg_receivewal ends each time that it is started")
        server = self._configuration.server
        self._configuration.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        command = [tools.find("pg_receivewal"), "--dbname", server.url, "--no-password", f"--slot={SLOT}"]
        environment = tools.environment_for(server)
        if not _has_slot(self._configuration):
            made = subprocess.run(  # noqa: S603  its arguments are ours and the operator's
                [*command, "--create-slot", "--if-not-exists"],
                env=environment,
                capture_output=True,
                check=False,
                timeout=60,
            )
            if made.returncode:
                said = made.stderr.decode(errors="replace").strip().splitlines()
                raise BackupFailed(f"the slot cannot be made: {said[-1] if said else made.returncode}")
            self.has_made_slot = True
        # It ends at the first error, and the next turn starts it again.
        self._process = subprocess.Popen(  # noqa: S603
            [*command, "--directory", str(self._configuration.spool), "--no-loop"],
            env=environment, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def forget_place(self) -> None:
        """Delete the unfinished segment that was received, which is in the store already.

        This is called between turns.
        """
        self._ended = 0
        for path in self._configuration.spool.glob("*.partial"):
            path.unlink()

    def stop(self) -> None:
        """Stop the receiver. What it has written of the last segment stays."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


class Shipper:
    """Seals what the receiver wrote, with one segment in memory at a time."""

    def __init__(self, store: Store, spool: Path) -> None:
        self._store = store
        self._spool = spool
        # The digest of the part that was sent last, and its name in the store.
        self._sent_part = self._sent_name = ""
        self._sent_at = 0  # when the last message was sent, in milliseconds since 1970

    def ship(self) -> int:
        """Seal every complete segment, then what is there of the next one, and return how many objects were written.

        A sealed segment is deleted from the folder. A part in the store is deleted once more of its segment is there.
        """
        written = 0
        for path in sorted(self._spool.iterdir()):
            if _WHOLE.fullmatch(path.name):
                written += bool(self._store.put(f"wal/{path.name}", path.read_bytes()))
                path.unlink()
                if self._sent_name.startswith(f"wal/{path.name}."):
                    self._replace("")
        for path in sorted(self._spool.iterdir()):
            if found := _PARTIAL.fullmatch(path.name):
                try:
                    clear = path.read_bytes()
                except FileNotFoundError:  # it was completed meanwhile, and is sealed at the next turn
                    continue
                digest = hashlib.sha256(clear).hexdigest()
                if digest != self._sent_part:
                    # It is later than the last one, whatever the clock says, so that no name is given twice.
                    self._sent_at = max(time.time_ns() // 1_000_000, self._sent_at + 1)
                    name = f"wal/{found[1]}.partial-{self._sent_at:013d}"
                    self._store.put(name, clear)
                    self._sent_part, written = digest, written + 1
                    self._replace(name)
        return written

    def _replace(self, name: str) -> None:
        """Delete the part that was sent before, now that more of its segment is there.

        `prune` deletes one that stays.
        """
        before, self._sent_name = self._sent_name, name
        if before:
            self._store.delete(before)


class Stream(NamedTuple):
    """It is the state of the replication slot.

    is_active: somebody receives the WAL now. is_lost: the server has thrown away WAL that was not received yet
    (`max_slot_wal_keep_size`). timeline: the one on which the server writes. next_segment: the number of the segment at
    which somebody who has received nothing begins; what lies before it is received, or will never be. segment_bytes:
    the size of one.
    """

    is_active: bool
    is_lost: bool
    timeline: str
    next_segment: int = 0
    segment_bytes: int = 16 * 1024 * 1024


def read_stream(configuration: Configuration) -> Stream:
    """Read the state of the slot, by one statement. Raises the errors of psycopg, and BackupFailed when there is no
    slot.
    """
    with base.open_connection(configuration.server) as connection:
        row = connection.execute(
            "SELECT active, wal_status = 'lost', substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8),"
            " (coalesce(restart_lsn, pg_current_wal_lsn()) - '0/0'::pg_lsn)::bigint,"
            " (SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size')"
            " FROM pg_replication_slots WHERE slot_name = %s",
            [SLOT],
        ).fetchone()
    if row is None:
        raise BackupFailed("the slot is gone")
    return Stream(bool(row[0]), bool(row[1]), row[2], row[3] // row[4], row[4])


def _has_slot(configuration: Configuration) -> bool:
    with base.open_connection(configuration.server) as connection:
        found = connection.execute("SELECT FROM pg_replication_slots WHERE slot_name = %s", [SLOT])
        return found.fetchone() is not None


def drop_slot(configuration: Configuration) -> None:
    """Drop a lost slot, so that the next turn makes a new one. Raises the errors of psycopg."""
    with base.open_connection(configuration.server) as connection:
        connection.execute("SELECT pg_drop_replication_slot(%s)", [SLOT])

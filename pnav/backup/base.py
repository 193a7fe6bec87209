"""Takes one base backup: what `pg_basebackup` writes, in encrypted parts, and a manifest that says what was there."""

import logging
import subprocess
import tempfile
from collections.abc import Collection, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any, NamedTuple

import psycopg

from common.encryption import UnsealError
from pnav.backup import tools
from pnav.backup.configuration import Configuration, Server
from pnav.backup.manifest import Bases, Manifest, begun_at, folder_name
from pnav.backup.store import Missing, Store
from pnav.version import VERSION

logger = logging.getLogger(__name__)
PART_BYTES = 16 * 1024 * 1024
CONNECT_SECONDS = 10
BASE_SLOT = "pnav_base_"  # begins the name of the slot of a base backup; the name of its folder follows


class BackupFailed(Exception):
    """A backup could not be taken. The text says at which step."""


def open_connection(server: Server, **options: Any) -> psycopg.Connection[Any]:
    """Return a new connection to this server. Raises the errors of psycopg."""
    more: dict[str, Any] = {"password": server.password} if server.password else {}
    return psycopg.connect(
        server.url, autocommit=True, connect_timeout=CONNECT_SECONDS, application_name="pnav-backup", **more, **options
    )


class Moment(NamedTuple):
    """It is what a deletion of old backups asks of the server.

    at: its time. being_taken: the folders of the base backups that any process takes of it now.
    """

    at: datetime
    being_taken: Collection[str] = ()


def read_moment(configuration: Configuration) -> Moment:
    """Return the time of the server that is backed up, and what is being taken of it, by one statement.

    Backups are deleted by no other clock, because that of a machine may be a month ahead, and names and manifests have
    the server's time. Each base backup holds its slot until its manifest is written. Raises the errors of psycopg.
    """
    with open_connection(configuration.server) as connection:
        at, slots = _row(
            connection,
            "SELECT clock_timestamp(), ARRAY("
            " SELECT slot_name::text FROM pg_replication_slots WHERE starts_with(slot_name::text, %s))",
            [BASE_SLOT],
        )
    return Moment(at, {name.removeprefix(BASE_SLOT).upper() for name in slots})


def take_base(configuration: Configuration) -> Manifest:
    """Take one base backup and return its manifest, which is in the store by then.

    The backup holds the WAL that it needs to start, so that it can be restored alone. It takes two connections: one
    counts the rows of every table in one snapshot and keeps the WAL meanwhile, by a replication slot that ends with it;
    the other reads every file of the server once. One part is in memory at a time. Raises BackupFailed, and the errors
    of psycopg and of the store; what was written by then is deleted a day later.

    It also raises BackupFailed when a part is no longer in the store at the end, because what has a manifest counts as
    complete, and only a restore would find that out.
    """
    store = configuration.store
    with closing(open_connection(configuration.server)) as connection:
        facts = _read_facts(connection)
        folder = folder_name(facts["started_at"])
        connection.execute(
            "SELECT pg_create_physical_replication_slot(%s, true, true)", [f"{BASE_SLOT}{folder.lower()}"]
        )
        sizes = _copy(configuration, store, folder)
        [ended_at] = _row(connection, "SELECT clock_timestamp()")
        gone = {f"{number:05d}" for number in range(len(sizes))} - set(store.files(f"base/{folder}"))
        if gone:
            raise BackupFailed(f"{len(gone)} parts of {folder} have been deleted from the store meanwhile")
        manifest = Manifest(
            id=folder, name=configuration.name, release=VERSION, ended_at=ended_at, sizes=sizes, **facts
        )
        # The slot, by which `prune` knows that this is being taken, ends with the connection.
        store.put(f"base/{folder}/manifest", manifest.as_json().encode())
    return manifest


def _row(connection: psycopg.Connection[Any], statement: Any, values: Sequence[Any] = ()) -> tuple[Any, ...]:
    row = connection.execute(statement, values or None).fetchone()
    if row is None:
        raise BackupFailed("the server did not answer what was asked")
    found: tuple[Any, ...] = row
    return found


def _read_facts(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """Return what the manifest says, in one snapshot: times, position in the WAL, rows of each table."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        [is_standby] = _row(connection, "SELECT pg_is_in_recovery()")
        if is_standby:
            raise BackupFailed("the server is a standby: name the primary")
        started_at, version, segment, system = _row(
            connection,
            "SELECT clock_timestamp(), current_setting('server_version'), pg_walfile_name(pg_current_wal_lsn()),"
            " (SELECT system_identifier::text FROM pg_control_system())",
        )
        tables = [
            name
            for (name,) in connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
            )
        ]
        counts = {}
        for table in tables:
            counting = psycopg.sql.SQL("SELECT count(*) FROM public.{}").format(psycopg.sql.Identifier(table))
            [counts[table]] = _row(connection, counting)
        head = proof_day = ""
        if counts.get("reports_accessrecord"):
            number, digest = _row(
                connection, "SELECT number, digest FROM reports_accessrecord ORDER BY number DESC LIMIT 1"
            )
            head = f"{number}:{digest}"
        if "reports_proofday" in counts:
            last = connection.execute(
                "SELECT day::text, digest FROM reports_proofday WHERE closed_at IS NOT NULL ORDER BY day DESC LIMIT 1"
            ).fetchone()
            proof_day = ":".join(last) if last else ""
    return {
        "started_at": started_at, "server_version": version, "system": system, "timeline": segment[:8],
        "start_segment": segment, "counts": counts, "head": head, "proof_day": proof_day,
    }  # fmt: skip


def _copy(configuration: Configuration, store: Store, folder: str) -> list[int]:
    """Run `pg_basebackup`, encrypt what it writes, and return the sizes of the parts before encryption."""
    # The tar goes to standard output. It holds one tablespace and PostgreSQL's own manifest of files
    # (`pg_verifybackup`).
    command = [
        tools.find("pg_basebackup"), "--dbname", configuration.server.url, "--no-password", "--pgdata=-",
        "--format=tar", "--wal-method=fetch", "--checkpoint=fast", f"--label=pnav {folder}",
    ]  # fmt: skip
    sizes: list[int] = []
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(  # noqa: S603  its arguments are ours and the operator's
            command, stdout=subprocess.PIPE, stderr=words, stdin=subprocess.DEVNULL,
            env=tools.environment_for(configuration.server),
        )  # fmt: skip
        try:
            assert process.stdout is not None  # noqa: S101
            while part := process.stdout.read(PART_BYTES):
                store.put(f"base/{folder}/{len(sizes):05d}", part)
                sizes.append(len(part))
            status = process.wait()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if status or not sizes:
            words.seek(0)
            # This text names files of the server and the server itself. It holds none of their contents.
            said = words.read(2000).decode(errors="replace").strip().splitlines()
            raise BackupFailed(f"pg_basebackup ended with {status}: {said[-1] if said else 'without a word'}")
    return sizes


def read_bases(store: Store) -> Bases:
    """Return the base backups of this store. One object is read for each.

    Raises UnsealError when there are manifests and none of them opens, because then the key is another one.
    """
    whole: dict[str, Manifest] = {}
    unfinished, closed = [], []
    for folder in store.folders("base"):
        if begun_at(folder) is None:
            continue
        try:
            whole[folder] = Manifest.parse(store.get(f"base/{folder}/manifest").decode())
        except Missing:
            unfinished.append(folder)
        except (UnsealError, ValueError):
            logger.warning("backup: the manifest of %s does not open", folder)
            closed.append(folder)
    if closed and not whole:
        raise UnsealError("No manifest of this store opens: was it sealed with another key?")
    return Bases(whole, unfinished, closed)

"""Databases of the size of a year, in a PostgreSQL of their own below `.local/scale`, which are kept between commands.

Nothing here touches another database: the server belongs to this module, each database bears `MARK`, and whatever fills
a database checks both (`require_own`).
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.site import ROOT, VARIABLES
from pnav.demo.services import Postgres, Valkey

STATE = ROOT / ".local" / "scale"
NAME = re.compile(r"pnav_scale_[0-9]+")
MARK = "made by benchmarks.scale: rows that nobody wrote"
# Settings of the server: memory as in a small production, and one process for each statement, so that /proc shows its
# whole cost.
OPTIONS = {
    "shared_buffers": "512MB",
    "max_wal_size": "2GB",
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "maintenance_work_mem": "256MB",
}


class NotOurs(RuntimeError):
    """The database was not made by this benchmark, so nothing is written to it."""


def say(text: str) -> None:
    """Print a line of the run with the time."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()


def name_of(exchanges: int) -> str:
    return f"pnav_scale_{exchanges}"


# Settings while a year is made: its rows go into tables of the same transaction, for which no log is kept. What a power
# cut would lose is made again.
MAKING = {
    **OPTIONS,
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "maintenance_work_mem": "1GB",
    "max_wal_size": "16GB",
    "checkpoint_timeout": "1h",
}


@contextmanager
def server(*, making: bool = False) -> Iterator[Postgres]:
    """Yield the PostgreSQL of this benchmark, with fsync. making: without fsync, to fill a database."""
    STATE.mkdir(parents=True, exist_ok=True)
    postgres = Postgres(STATE, durable=not making, **(MAKING if making else OPTIONS))
    with postgres:
        yield postgres


def url_of(postgres: Postgres, exchanges: int) -> str:
    return f"postgres://pnav@/{name_of(exchanges)}?host={postgres.sockets}"


def use(url: str, redis_url: str) -> None:
    """Set Django up in this process, for this database."""
    places = {"DATABASE_URL": url, "REDIS_URL": redis_url, "CAPTURES_DIR": str(STATE / "captures")}
    os.environ.update(VARIABLES, **places, DATABASE_STATEMENT_SECONDS="0")
    import django

    django.setup()


def alone(url: str, exchanges: int, act: str, rounds: int) -> None:
    """Run one act that needs one year in the calling process, with a Valkey of its own."""
    with tempfile.TemporaryDirectory(prefix="pnav-scale-") as folder, Valkey(Path(folder)) as store:
        use(url, store.url)
        from benchmarks.scale import indexes, queue, retention

        match act:
            case "queue":
                queue.run(Path(folder), rounds, say)
            case "retention":
                retention.run(exchanges, say)
            case "indexes":
                indexes.run(say)


def _maintenance(postgres: Postgres) -> "psycopg.Connection[Any]":
    return psycopg.connect(f"host={postgres.sockets} user=pnav dbname=postgres", autocommit=True)


def create(postgres: Postgres, exchanges: int) -> None:
    """Create an empty, migrated database for this many exchanges. One of the same name that is ours is
    dropped first.
    """
    name = name_of(exchanges)
    drop(postgres, exchanges)
    with _maintenance(postgres) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(MARK)))
    migrate(postgres, exchanges)


def migrate(postgres: Postgres, exchanges: int) -> None:
    """Bring a database to the schema of this code. Where a column is missing pages fail, which takes little time."""
    places = {**VARIABLES, "DATABASE_URL": url_of(postgres, exchanges), "REDIS_URL": "redis://127.0.0.1:1/0"}
    # The checks of a site do not run: a year that is lost while it is filled is made again.
    command = [sys.executable, "manage.py", "migrate", "-v", "0", "--skip-checks"]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, **places})


def drop(postgres: Postgres, exchanges: int) -> None:
    """Drop the database of this many exchanges, if there is one. Raises NotOurs for one without the mark."""
    name = name_of(exchanges)
    with _maintenance(postgres) as connection:
        row = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
        ).fetchone()
        if row is None:
            return
        if row[0] != MARK:
            raise NotOurs(f"{name} does not bear the mark of this benchmark.")
        connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


def forget() -> None:
    """Erase the server's files, all databases with them."""
    postgres = Postgres(STATE, **OPTIONS)
    postgres.forget()
    shutil.rmtree(STATE, ignore_errors=True)
    if postgres.as_root:
        shutil.rmtree(postgres.home, ignore_errors=True)


def require_own(connection: Any) -> None:
    """Raise NotOurs unless this connection is to an empty database that `create` made.

    connection: one of Django or of psycopg, or anything else that has a cursor.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_database(), shobj_description(oid, 'pg_database') FROM pg_database"
            " WHERE datname = current_database()"
        )
        name, mark = cursor.fetchone()
        if not NAME.fullmatch(name) or mark != MARK:
            raise NotOurs(f"{name} is not a database of this benchmark: nothing was written to it.")
        cursor.execute("SELECT EXISTS (SELECT FROM reports_report)")
        if cursor.fetchone() != (False,):
            raise NotOurs(f"{name} holds reports already: make it anew.")

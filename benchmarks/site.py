"""A small production for a benchmark: PostgreSQL with fsync, Valkey, and Daphnes of any ASGI application."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pnav.demo.services import Postgres, Service, Valkey, free_port
from pnav.server.serving import daphne_arguments
from reports.seal.sealing import PrivateKey

ROOT = Path(__file__).resolve().parents[1]
VARIABLES = {
    "DEMO": "1",
    "SECRET_KEY": "a secret for benchmarks only, which is long enough to pass",
    "ALLOWED_HOSTS": "localhost,127.0.0.1",
    "CONTENT_KEYS": "bench:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "SEAL_PUBLIC_KEY": PrivateKey(bytes(range(32))).public_key.text,
    # Read: to measure what a key for each exchange costs (docs/adr/0081).
    "EXCHANGE_KEYS": os.environ.get("EXCHANGE_KEYS", "write"),
    # Ring: to measure what the second seal costs (docs/adr/0103).
    "SESSION_SEAL": os.environ.get("SESSION_SEAL", "cookie"),
    "LOG_LEVEL": "WARNING",
    "DJANGO_SETTINGS_MODULE": "pnav.settings",
}


class Web(Service):
    """Daphne with one application, as `make run` starts it, with more variables.

    The backlog is made for storms. With Twisted's 50, the kernel refuses connections while a process is busy, and each
    of them is tried again after a second, then after three.
    """

    def __init__(self, folder: Path, application: str, cores: set[int] | None = None, **variables: str) -> None:
        self.application = application
        self.port = free_port()
        self.log = folder / f"web-{self.port}.log"
        self.cores = cores
        self.variables = variables

    def start(self) -> None:
        command: list[str | Path] = [
            sys.executable,
            "-m",
            "daphne",
            *daphne_arguments(self.application, port=self.port),
        ]
        self._spawn(command, cwd=ROOT, env={"PYTHONFAULTHANDLER": "1", **os.environ, **self.variables})
        assert self.process is not None
        if self.cores:
            os.sched_setaffinity(self.process.pid, self.cores)  # set before it has threads, which inherit its cores
        self._wait_until(self._answers)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Stage:
    """What runs under a benchmark: a folder for logs, PostgreSQL and Valkey."""

    folder: Path
    postgres: Postgres
    valkey: Valkey


@contextmanager
def stage() -> Iterator[Stage]:
    """Start PostgreSQL and Valkey, migrated, with Django set up in this process."""
    folder = Path(tempfile.mkdtemp(prefix="pnav-bench-"))
    postgres, valkey = Postgres(folder / "state"), Valkey(folder)
    try:
        postgres.start()
        valkey.start()
        places = {"DATABASE_URL": postgres.url, "REDIS_URL": valkey.url, "CAPTURES_DIR": str(folder / "captures")}
        os.environ.update(VARIABLES, **places)
        subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], cwd=ROOT, check=True)
        import django

        django.setup()
        refuse_unsafe_speed()
        yield Stage(folder, postgres, valkey)
    finally:
        valkey.stop()
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)
        if postgres.as_root:
            shutil.rmtree(postgres.home, ignore_errors=True)


@contextmanager
def servers() -> Iterator[Path]:
    """Yield the same, for a caller that needs only the folder."""
    with stage() as ground:
        yield ground.folder


def refuse_unsafe_speed() -> None:
    """Refuse to measure without fsync, before each run, because such figures are worth nothing."""
    from django.db import connection

    with connection.cursor() as cursor:
        for name in ("fsync", "synchronous_commit"):
            cursor.execute(f"SHOW {name}")
            if cursor.fetchone() != ("on",):
                raise SystemExit(f"{name} is off: the figures would be worth nothing.")

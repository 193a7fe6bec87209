"""A small production for a benchmark: PostgreSQL with fsync, Valkey, and Daphnes of any ASGI application."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pnav.demo.services import Postgres, Service, Valkey

ROOT = Path(__file__).resolve().parents[1]
VARIABLES = {
    "DEMO": "1",
    "SECRET_KEY": "a secret for benchmarks only, which is long enough to pass",
    "ALLOWED_HOSTS": "localhost,127.0.0.1",
    "CONTENT_KEYS": "bench:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "LOG_LEVEL": "WARNING",
    "DJANGO_SETTINGS_MODULE": "pnav.settings",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Web(Service):
    """Daphne with one application; more variables say how."""

    def __init__(self, folder: Path, application: str, **variables: str) -> None:
        self.application = application
        self.port = free_port()
        self.log = folder / f"web-{self.port}.log"
        self.variables = variables

    def start(self) -> None:
        command: list[str | Path] = [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(self.port), "-v", "0"]
        self._spawn([*command, self.application], cwd=ROOT, env={**os.environ, **self.variables})
        self._wait_until(self._answers)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True


@contextmanager
def servers() -> Iterator[Path]:
    """PostgreSQL and Valkey, migrated, with Django set up in this process; yields a folder for logs."""
    folder = Path(tempfile.mkdtemp(prefix="pnav-bench-"))
    postgres, valkey = Postgres(folder / "state"), Valkey(folder)
    try:
        postgres.start()
        valkey.start()
        os.environ.update(VARIABLES, DATABASE_URL=postgres.url, REDIS_URL=valkey.url)
        subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], cwd=ROOT, check=True)
        import django

        django.setup()
        _refuse_unsafe_speed()
        yield folder
    finally:
        valkey.stop()
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)
        if postgres.as_root:
            shutil.rmtree(postgres.home, ignore_errors=True)


def _refuse_unsafe_speed() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for name in ("fsync", "synchronous_commit"):
            cursor.execute(f"SHOW {name}")
            if cursor.fetchone() != ("on",):
                raise SystemExit(f"{name} is off: the figures would be worth nothing.")

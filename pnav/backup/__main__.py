"""`deploy/backup`: `run`, `base`, `prune` or `list`. It reads its variables from the environment (`.env.example`).

- `run`: the service, which streams the WAL, takes a base backup each BACKUP_EVERY_HOURS, and deletes old ones.
- `base`: takes one base backup now. It can be restored without WAL, but without `run` nothing newer than it can be.
- `prune`: deletes what is old enough now, by the server's time.
- `list`: says in French what is there, and from when on a point in time can be chosen.

Exit status 1: it failed, and one line says why; 2: a variable is wrong.
"""

import argparse
import logging
import os
import signal
import sys
import threading

import psycopg
from django.core.exceptions import ImproperlyConfigured

from common.encryption import UnsealError
from pnav.backup import configuration as configurations
from pnav.backup import service
from pnav.backup.base import BackupFailed, read_bases, read_moment
from pnav.backup.configuration import Configuration
from pnav.backup.manifest import told_bytes
from pnav.backup.service import Service, base_and_status
from pnav.backup.store import Conflict
from pnav.backup.tools import ToolMissing
from pnav.logs import Discreet


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="deploy/backup", description="Sauvegarde un serveur PostgreSQL, scellée.")
    parser.add_argument("what", choices=("run", "base", "prune", "list"))
    what = parser.parse_args(arguments).what
    handler = logging.StreamHandler()
    handler.setFormatter(Discreet("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    try:
        configuration = configurations.read(os.environ)
    except ImproperlyConfigured as error:
        print(f"deploy/backup: {error}", file=sys.stderr)  # noqa: T201
        return 2
    try:
        {"run": _run, "base": base_and_status, "prune": _prune, "list": _list}[what](configuration)
    except (BackupFailed, Conflict, OSError, ToolMissing, UnsealError, psycopg.Error) as error:
        print(f"deploy/backup: {type(error).__name__}: {str(error).strip()}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _run(configuration: Configuration) -> None:
    stopping = threading.Event()
    for sig in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sig, lambda *_given: stopping.set())
    Service(configuration).run(stopping)


def _prune(configuration: Configuration) -> None:
    service.prune(configuration, read_moment(configuration)).require_open()


def _list(configuration: Configuration) -> None:
    bases = read_bases(configuration.store)
    for folder, said in bases.told(
        lambda one: f"{told_bytes(one.size)}, terminée le {one.ended_at:%d/%m/%Y à %H:%M:%S %Z}"
    ):
        print(f"{folder} : {said}")  # noqa: T201
    if not bases.whole:
        print("Aucune sauvegarde entière.")  # noqa: T201
        return
    wal = configuration.store.files("wal")
    print(f"{len(wal)} fichier(s) de WAL, jusqu'à {max(wal, default='aucun')}.")  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

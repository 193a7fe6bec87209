"""Makes what all workers of a run share once: a migrated database, its dump, a cluster with it, collected static files.

Whoever needs one first makes it. The others wait, and then take it. It is deleted with the run, because the next run
may have other migrations. When making it fails, each that waits is told so, and the next one to ask tries again.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from pnav.demo.services import Postgres, postgres_programs
from tests.support import fresh
from tests.support.fresh import FOLDER

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = "PNAV_TESTS_TEMPLATE"  # the variable that names to a run within a test a migrated database of its own server
WORKER = "PNAV_TESTS_WORKER"  # the variable by which a worker, and what it starts, knows which of them it is


def folder() -> Path:
    """Return the folder of the run, which is deleted with it."""
    return Path(os.environ[FOLDER])


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """Return the folder of this name in the run's folder, as `make` filled it."""
    place = folder() / name
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            partial = place.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            make(partial)
            partial.rename(place)
    return place


def manage(*arguments: str, **variables: str) -> None:
    """Run a management command, and raise what it printed as an error."""
    done = fresh.manage({**os.environ, "DJANGO_SETTINGS_MODULE": "pnav.settings", **variables}, *arguments)
    assert done.returncode == 0, done.stderr


def address_of(database: str) -> str:
    """Return the address of another database of the run's server."""
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}").geturl()


def administered() -> psycopg.Connection:
    return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)


def _name_of(kind: str) -> str:
    return f"{kind}_{folder().name.replace('-', '_')}"


def _template(kind: str, begins_with: str, *command: str) -> str:
    """Return the name of a database that nobody uses: a copy of another one, in which this command was done."""
    name = _name_of(kind)

    def make(_folder: Path) -> None:
        with administered() as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{begins_with}"')
        manage(*command, DATABASE_URL=address_of(name))

    made_once(kind, make)
    return name


def template() -> str:
    """Return the name of a migrated database that nobody uses, which others are copied from."""
    return _template("template", "template1", "migrate", "--verbosity=0")


def template_of_places() -> str:
    """Return the name of another one, which also holds every commune and the units of the demonstration."""
    return _template("places", template(), "import_locations")


@contextmanager
def database(name: str, *, with_places: bool = False) -> Iterator[str]:
    """Yield the address of a migrated database of this name on the run's server, and drop it at the end."""
    begins_with = template_of_places() if with_places else template()
    with administered() as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{begins_with}"')
    try:
        yield address_of(name)
    finally:
        with administered() as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def migrate_elsewhere(address: str) -> None:
    """Migrate an empty database of another server to the same state as the template."""
    programs = postgres_programs()

    def make(folder: Path) -> None:
        source = address_of(template())
        command = [programs / "pg_dump", "--format=custom", "--compress=0", f"--file={folder / 'dump'}", source]
        subprocess.run(command, check=True)

    dump = made_once("dump", make) / "dump"
    subprocess.run([programs / "pg_restore", "--exit-on-error", f"--dbname={address}", dump], check=True)


def cluster() -> Path:
    """Return the data of a server that holds only the migrated database that it serves."""

    def make(folder: Path) -> None:
        first = Postgres(folder / "state", durable=False)
        try:
            first.start()
            migrate_elsewhere(first.url)
            first.stop()  # it ends in order, so that the copy is complete
            subprocess.run(["cp", "-a", first.data, folder / "data"], check=True)
        finally:
            first.stop()
            if first.as_root:
                shutil.rmtree(first.home, ignore_errors=True)

    return made_once("cluster", make) / "data"


def give_cluster(server: Postgres) -> None:
    """Give a server that was never started a copy of that data.

    A copy costs a tenth of a second of the processor; `initdb` and a restored dump would cost two.
    """
    server.home.mkdir(mode=0o711, parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", cluster(), server.data], check=True)


def static_files() -> Path:
    """Return the folder of styles and scripts as production serves them: collected, with hashed names, and
    compressed.
    """

    def make(folder: Path) -> None:
        manage("build_styles")
        manage("collectstatic", "--noinput", "--verbosity=0", STATIC_ROOT=str(folder))

    return made_once("static", make)


def forget() -> None:
    """Drop the templates at the end of a run, on a server that goes on without the run."""
    for kind in ("template", "places"):
        if (folder() / kind).exists():
            with administered() as admin:
                admin.execute(f'DROP DATABASE IF EXISTS "{_name_of(kind)}" WITH (FORCE)')


if __name__ == "__main__":
    template()
    if "pages" in sys.argv:
        static_files()

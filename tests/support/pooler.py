"""pgbouncer in transaction mode in front of a PostgreSQL of the tests, with deploy/pgbouncer.ini.

Its place, its accounts and its TLS are replaced. What it does with connections is as in that file.
"""

import os
import pwd
import shutil
import tempfile
from configparser import ConfigParser
from pathlib import Path

import psycopg
import pytest

from pnav.demo.services import Postgres, Service

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = ROOT / "deploy/pgbouncer.ini"
PROGRAM = "PNAV_TEST_PGBOUNCER"  # the variable that names the program; otherwise the one that is installed, if any


# For a test that needs a connection of its own, or talks to the server directly.
needs_own_connection = pytest.mark.skipif(bool(os.environ.get("DATABASE_POOLER")), reason="a pooler stands between")


def program() -> str | None:
    return os.environ.get(PROGRAM) or shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer")


def configuration() -> ConfigParser:
    """Read deploy/pgbouncer.ini as pgbouncer does: only « ; » at the beginning of a line has a meaning."""
    read = ConfigParser(interpolation=None, comment_prefixes=(";",))
    read.read(CONFIGURATION)
    return read


class Pgbouncer(Service):
    """A pooler in front of one server, for any account and any database; its address is `url`.

    more: further settings of its [pgbouncer].
    """

    def __init__(self, state: Path, behind: Postgres, **more: str) -> None:
        self.log = state / "pgbouncer.log"
        self.behind = behind
        self.more = more
        self.sockets: Path | None = None

    @property
    def url(self) -> str:
        return self.address("pnav")

    def address(self, user: str, database: str = "pnav") -> str:
        return f"postgres://{user}@/{database}?host={self.sockets}&port=6432"

    def start(self) -> None:
        found = program()
        assert found is not None and self.behind.sockets is not None
        self.sockets = Path(tempfile.mkdtemp(prefix="pnav-pooler-"))
        read = configuration()
        own = read["pgbouncer"]
        for name in [name for name in own if "_tls_" in name]:
            del own[name]
        own.update({"listen_addr": "", "unix_socket_dir": str(self.sockets), "auth_type": "trust"})
        own.update({"auth_file": str(self.sockets / "users"), **self.more})
        port = self.behind.options.get("port", "5432")
        del read["databases"]["pnav"]
        read["databases"]["*"] = f"host={self.behind.sockets} port={port}"
        (self.sockets / "users").write_text('"pnav" ""\n"pnav_web" ""\n')
        if os.geteuid() == 0:  # it refuses to run as root, and enters the folder of PostgreSQL's sockets
            nobody = pwd.getpwnam("nobody")
            own["user"] = "nobody"
            os.chown(self.sockets, nobody.pw_uid, nobody.pw_gid)
        with (self.sockets / "pgbouncer.ini").open("w") as file:
            read.write(file)
        (self.sockets / "pgbouncer.ini").chmod(0o644)
        self._spawn([found, self.sockets / "pgbouncer.ini"], cwd="/")
        self._wait_until(self._is_ready)

    def _is_ready(self) -> bool:
        try:
            psycopg.connect(self.address("pnav", "postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, sig: int = 3) -> None:
        """Stop at once, and break waiting connections, as when the pooler is lost."""
        super().stop(sig)
        if self.sockets is not None:
            shutil.rmtree(self.sockets, ignore_errors=True)

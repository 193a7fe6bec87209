"""A site as in production, whose disks, memory and logs are searched afterwards."""

import base64
import contextlib
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import redis
from django.conf import settings
from pytest_django import DjangoDbBlocker

from pnav.demo.services import Service, postgres_programs
from tests.scenarios.conftest import ROOT, PlainSite, Site
from tests.scenarios.leaks import STEM, find, find_everywhere

SOURCE = "127.77.31.9"  # the address of the connection,
CLIENT = "203.0.113.77"  # the address that the proxy tells
PORT = f"{STEM}7"  # the port is marked too, because the seal takes ten characters of whatever a proxy sends
# The first key of the servers. What the factories seal in this process has the older one.
NEW_KEY = "new:" + base64.urlsafe_b64encode(bytes(range(32))).decode()


class Worker(Service):
    def __init__(self, site: Site) -> None:
        self.site = site
        self.log = site.folder / "worker.log"

    def start(self) -> None:
        self._spawn([sys.executable, "-m", "pnav.server.entry", "worker"], cwd=ROOT, env=self.site.environment)


@dataclass
class Eavesdropper:
    """Everything that is sent to Valkey while it runs, including notifications."""

    valkey: redis.Redis
    heard: bytearray = field(default_factory=bytearray)
    thread: threading.Thread | None = None
    is_over: bool = False

    def __enter__(self) -> "Eavesdropper":
        connection = self.valkey.connection_pool.get_connection()
        connection.send_command("MONITOR")
        connection.read_response()

        def listen() -> None:
            with contextlib.suppress(redis.ConnectionError, OSError, ValueError):
                while not self.is_over:
                    if connection.can_read(0.2):
                        self.heard += connection.read_response(disable_decoding=True) + b"\n"

        self.thread = threading.Thread(target=listen, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.is_over = True
        assert self.thread is not None
        self.thread.join(5)


@contextmanager
def watched_site(folder: Path, blocker: DjangoDbBlocker) -> Iterator[Site]:
    """Give a site as in production as far as logs and proxies go."""
    variables = {
        "LOG_LEVEL": "INFO",
        "TRUSTED_PROXY_COUNT": "1",
        "CONTENT_KEYS": f"{NEW_KEY},{settings.CONTENT_KEYS}",
        # A provider that does not answer.
        "OPENID_ISSUER": "http://127.0.0.1:9",
        "OPENID_CLIENT_ID": "pnav",
        "OPENID_CLIENT_SECRET": "a secret of the provider",
    }
    site = PlainSite(folder, blocker, 1, **variables)
    worker = Worker(site)
    try:
        site.start()
        worker.start()
        yield site
    finally:
        worker.stop()
        site.stop()


def left_behind(site: Site, valkey: redis.Redis, heard: bytes) -> dict[str, bytes]:
    """Return everything that somebody who copies the disks, the memory of Valkey and the logs would have."""
    pg_dump = postgres_programs() / "pg_dump"
    dump = subprocess.run([pg_dump, "--inserts", site.postgres.url], capture_output=True, check=True).stdout
    # In a dump, binary columns are hexadecimal. Look at them as they are, too.
    blobs = b"\n".join(bytes.fromhex(found.decode()) for found in re.findall(rb"\\x((?:[0-9a-f]{2})+)", dump))
    with psycopg.connect(site.postgres.url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    left = {"pg_dump": dump, "binary columns": blobs}
    with psycopg.connect(site.postgres.url) as connection:
        (own,) = connection.execute("SELECT oid::text FROM pg_database WHERE datname = 'pnav'").fetchone() or ("",)
    for path in site.postgres.data.rglob("*"):
        # Without the templates of databases, which existed before anybody came.
        if path.is_file() and ("base" not in path.parts or own in path.parts):
            left[f"file of PostgreSQL {path.relative_to(site.postgres.data)}"] = path.read_bytes()
    keys = b""
    for key in valkey.scan_iter():
        keys += key + b" = " + (valkey.dump(key) or b"") + b"\n"
        if valkey.type(key) == b"string":
            keys += valkey.get(key) or b""
    valkey.save()
    assert site.valkey.sockets is not None
    left |= {"keys of Valkey": keys, "MONITOR": heard}
    left |= {
        f"file of Valkey {path.name}": path.read_bytes() for path in site.valkey.sockets.rglob("*") if path.is_file()
    }
    store = site.folder / "captures"
    left |= {
        f"file of a capture {path.relative_to(store)}": path.read_bytes() + str(path.relative_to(store)).encode()
        for path in store.rglob("*")
        if path.is_file()
    }
    logs = {path.name: path.read_bytes() for path in (*site.folder.glob("*.log"), *site.folder.glob("state/*.log"))}
    return left | {f"log {name}": text for name, text in logs.items()}


def leaks(left: dict[str, bytes], words: list[str]) -> list[str]:
    found = []
    for name, blob in left.items():
        if name.startswith("file of PostgreSQL"):
            # The dump shows these, and they existed before it. There are too many bytes to unpack all, or to search for
            # every secret.
            inside = find(blob, [word for word in words if word in {STEM, SOURCE, CLIENT}])
        else:
            inside = find_everywhere(blob, words)
        found += [f"{name}: {one}" for one in inside]
    return found

"""Two web processes, with a PostgreSQL and a Valkey of their own, which a test may kill."""

import json
import os
import shutil
import signal
import socket
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest
from django.conf import settings
from django.db import connection
from pytest_django import DjangoDbBlocker
from websockets.sync.client import ClientConnection, connect

from pnav.demo.services import Postgres, Service, Valkey, free_port
from tests.support import fresh, once

ROOT = Path(__file__).resolve().parents[2]


class Web(Service):
    """A Daphne with the environment that it is given."""

    application = "pnav.asgi:application"

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.port = free_port()
        self.log = folder / f"web-{self.port}.log"
        self.environment = environment

    def start(self) -> None:
        arguments = ("-b", "127.0.0.1", "-p", str(self.port), "-v", "0", self.application)
        self.process = fresh.start("daphne", *arguments, environment=self.environment, log=self.log)
        self._wait_until(self._answers)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None


class PlainWeb(Web):
    """A Daphne whose pages need no collected static files."""

    application = "tests.scenarios.plain_site:application"


class Site:
    """The processes of one small production."""

    web: type[Web] = Web

    def __init__(self, folder: Path, blocker: DjangoDbBlocker, webs: int = 2, **variables: str) -> None:
        self.postgres = Postgres(folder / "state", durable=True)
        self.valkey = Valkey(folder)
        self.blocker = blocker
        self.folder = folder
        self.count = webs
        self.variables = variables  # environment variables that replace those of the tests

    def start(self) -> None:
        once.give_cluster(self.postgres)
        self.postgres.start()
        self.valkey.start()
        self.environment = {
            **os.environ,
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.valkey.url,
            "REDIS_PREFIX": "scenario",
            "STATIC_ROOT": str(self.folder / "static"),
            "CAPTURES_DIR": str(self.folder / "captures"),
            **self.variables,
        }
        (self.folder / "static").mkdir()
        self.webs = [self.web(self.folder, self.environment | more) for more in self.each()]
        for web in self.webs:
            web.start()

    def each(self) -> list[dict[str, str]]:
        """Return what the environment of each process has of its own."""
        return [{} for _each in range(self.count)]

    def collect_static(self) -> None:
        """Collect static files, for scenarios that open pages; before the first one."""
        shutil.copytree(once.static_files(), self.folder / "static", dirs_exist_ok=True)

    def stop(self) -> None:
        for web in getattr(self, "webs", []):
            web.stop(signal.SIGKILL)  # an orderly end is tested elsewhere, and takes half a second
        self.valkey.stop()
        self.postgres.stop()
        if self.postgres.as_root:
            shutil.rmtree(self.postgres.home, ignore_errors=True)

    @contextmanager
    def database(self) -> Iterator[None]:
        """Let this process's models read and write the site's database inside."""
        before = dict(connection.settings_dict)
        connection.close()
        connection.close_pool()
        port = self.postgres.options.get("port", "")
        connection.settings_dict.update(NAME="pnav", HOST="", PORT=port, USER="pnav")
        connection.settings_dict["OPTIONS"] = {**before["OPTIONS"], "host": str(self.postgres.sockets)}
        try:
            with self.blocker.unblock():
                yield
        finally:
            connection.close()
            connection.close_pool()
            connection.settings_dict.clear()
            connection.settings_dict.update(before)

    def line(self, web: int, path: str, key: str) -> "Client":
        return Client(self.webs[web].port, path, key)


class Client:
    """A socket from outside, opened as a browser opens it."""

    def __init__(self, port: int, path: str, key: str) -> None:
        origin = f"http://127.0.0.1:{port}"
        self.socket: ClientConnection = connect(
            f"ws://127.0.0.1:{port}{path}",
            additional_headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={key}", "Origin": origin},
            open_timeout=10,
            proxy=None,
        )
        self.items: dict[int, dict[str, Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.socket.close()

    def send(self, **frame: Any) -> None:
        self.socket.send(json.dumps(frame))

    def receive(self, seconds: float = 10) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(self.socket.recv(timeout=seconds))
        if frame["type"] == "messages":
            self.items |= {item["seq"]: item for item in frame["items"]}
        return frame

    def until(self, wanted: Callable[[dict[str, Any]], bool], seconds: float = 15) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while True:
            frame = self.receive(max(0.01, deadline - time.monotonic()))
            if wanted(frame):
                return frame

    def post(self, body: str, client_id: str = "", **more: Any) -> str:
        client_id = client_id or str(uuid.uuid4())
        self.send(type="post", client_id=client_id, body=body, **more)
        return client_id

    def acknowledged(self, client_id: str, seconds: float = 15) -> dict[str, Any]:
        def is_it(frame: dict[str, Any]) -> bool:
            return any(item["client_id"] == client_id for item in frame.get("items", []) if "client_id" in item)

        return self.until(is_it, seconds)

    def hears(self, body: str, seconds: float = 15) -> float:
        """Wait for a message with this body; the seconds it took."""
        started = time.monotonic()
        self.until(lambda frame: any(item.get("body") == body for item in frame.get("items", [])), seconds)
        return time.monotonic() - started


def restart_in_place(postgres: Postgres) -> None:
    """Start again behind the same address, as a supervisor would."""
    address = postgres.sockets
    assert address is not None
    for left in address.glob(".s.PGSQL*"):
        left.unlink()
    real = tempfile.mkdtemp
    tempfile.mkdtemp = lambda **_kwargs: str(address)  # type: ignore[assignment]
    try:
        postgres.start()
    finally:
        tempfile.mkdtemp = real


class PlainSite(Site):
    web = PlainWeb


class SiteOfRoles(Site):
    """One process for sockets and two for pages, as production runs them: `webs` in this order."""

    def each(self) -> list[dict[str, str]]:
        return [{"PROCESS_ROLE": role} for role in ("sockets", "pages", "pages")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"), django_db_blocker)
    try:
        site.start()
        yield site
    finally:
        site.stop()

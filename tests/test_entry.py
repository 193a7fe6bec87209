"""The entry points of the image: `pnav.server.entry`.

`tests/scenarios/test_inside.py` starts `web` by them over TLS, `tests/scenarios/watched_site.py` the worker.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from daphne.cli import CommandLineInterface
from django.core.management import get_commands
from twisted.internet.endpoints import serverFromString
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock

from pnav.server import entry
from pnav.version import VERSION

ROOT = Path(__file__).resolve().parents[1]
EVERYWHERE = "0.0.0.0"  # noqa: S104  inside a container


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the entry point as a process, as in a container, with only this in its environment."""
    command = [sys.executable, "-m", "pnav.server.entry", *arguments]
    own = {"PATH": os.environ["PATH"]} | environment
    return subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, check=False)


def listened_at(**environment: str) -> tuple[int, str, int]:
    """Return the port, the interface and the backlog that Twisted uses for what `web` describes."""
    reactor = MemoryReactorClock()
    serverFromString(reactor, entry.web_endpoint(environment)).listen(Factory())
    ((port, _factory, backlog, interface),) = reactor.tcpServers
    return port, interface, backlog


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ({}, (8000, EVERYWHERE)),
        ({"WEB_PORT": "8443", "WEB_INTERFACE": "127.0.0.1"}, (8443, "127.0.0.1")),
        ({"WEB_INTERFACE": "::"}, (8000, "::")),
        ({"WEB_PORT": "", "WEB_KEY": ""}, (8000, EVERYWHERE)),
    ],
)
def test_web_listens_where_it_is_told(environment, place):
    assert listened_at(**environment) == (*place, entry.BACKLOG)


def test_web_speaks_tls_with_a_certificate_and_its_key(tmp_path):
    files = {"WEB_KEY": tmp_path / "a:key.pem", "WEB_CERTIFICATE": tmp_path / "certificate.pem"}
    for path in files.values():
        path.touch()
    described = entry.web_endpoint({name: str(path) for name, path in files.items()})
    assert described.startswith("ssl:port=8000:") and described.count("a\\:key.pem") == 1


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"WEB_PORT": "many"}, "WEB_PORT"),
        ({"WEB_PORT": "70000"}, "WEB_PORT"),
        ({"WEB_KEY": __file__}, "WEB_CERTIFICATE"),
        ({"WEB_CERTIFICATE": __file__}, "WEB_KEY"),
        ({"WEB_KEY": __file__, "WEB_CERTIFICATE": "/nowhere/at-all.pem"}, "WEB_CERTIFICATE"),
    ],
)
def test_wrong_variable_is_named_and_its_value_is_not(environment, said):
    done = run("web", **environment)
    assert done.returncode == 2 and done.stderr.startswith(f"{said}: ") and done.stdout == ""
    assert not any(value in done.stderr for value in environment.values())


def test_options_written_behind_win():
    command = entry.web_command({}, ["--websocket_timeout", "60"])
    options = CommandLineInterface().parser.parse_args(command[3:])
    assert options.websocket_timeout == 60 and options.application_close_timeout == 60
    assert options.application == entry.APPLICATION and options.verbosity == 0


def test_migrate_ends_at_the_first_that_fails(monkeypatch):
    monkeypatch.delenv("DATABASE_STATEMENT_SECONDS", raising=False)
    monkeypatch.delenv("DATA_KEYS_DATABASE_URL", raising=False)
    done: list[list[str]] = []
    status = [3]

    def finish(command: list[str], **_options: object) -> subprocess.CompletedProcess[str]:
        done.append(command)
        return subprocess.CompletedProcess(command, status[0])

    monkeypatch.setattr(entry.subprocess, "run", finish)
    monkeypatch.setattr(entry, "_replace", lambda command: done.append(command) or 0)
    assert entry.main(["migrate"]) == 3 and len(done) == 1
    assert os.environ.pop("DATABASE_STATEMENT_SECONDS") == "0"
    done.clear()
    status[0] = 0
    monkeypatch.setenv("DATABASE_STATEMENT_SECONDS", "90")
    assert entry.main(["migrate"]) == 0
    assert done == entry.migrate_commands({}) and done[0][2:] == ["migrate", "--noinput"]
    assert os.environ["DATABASE_STATEMENT_SECONDS"] == "90", "whoever said so is believed"
    assert {command[2] for command in done} <= set(get_commands())


@pytest.mark.parametrize("variable", ["DATA_KEYS_DATABASE_URL", "DATA_KEYS_DATABASE_URL_FILE"])
def test_migrate_reaches_the_keys_server_where_there_is_one(variable):
    commands = [command[2:] for command in entry.migrate_commands({variable: "given"})]
    assert commands[1] == ["migrate", "data_keys", "--noinput", "--database=data_keys"] and len(commands) == 3
    assert commands[0][0] == "migrate" and commands[2] == ["import_locations"]


def test_worker_gets_what_is_written_behind_it(monkeypatch):
    replaced: list[list[str]] = []
    monkeypatch.setattr(entry, "_replace", lambda command: replaced.append(command) or 0)
    entry.main(["worker", "--ticks=1"])
    assert [command[2:] for command in replaced] == [["run_worker", "--ticks=1"]] and "run_worker" in get_commands()


def test_anything_else_is_run_as_it_is_written():
    assert run(sys.executable, "-c", "print(6 * 7)").stdout == "42\n"
    absent = run("no-such-program")
    assert absent.returncode == 127 and absent.stderr == "no-such-program: No such file or directory\n"
    assert run("migrate", "--fake").returncode == 2


def test_version_is_the_one_of_the_project():
    assert run("version").stdout == f"pnav {VERSION}\n"
    assert run("version", PNAV_REVISION="5d0c1f7").stdout == f"pnav {VERSION} 5d0c1f7\n"


def test_health_asks_what_was_started_and_nothing_that_ends_by_itself(tmp_path):
    kept = tmp_path / "started-as"
    assert entry.check_health({}) is None and entry.check_health({entry.STARTED_AS: str(kept)}) is None
    kept.write_text("migrate")
    assert run("health", **{entry.STARTED_AS: str(kept)}).returncode == 0
    kept.write_text("worker 7")
    assert (entry.check_health({entry.STARTED_AS: str(kept)}) or [])[2:] == ["run_worker", "--alive"]
    kept.write_text("web 7")
    nobody = {entry.STARTED_AS: str(kept), "ALLOWED_HOSTS": "pnav.example", "WEB_PORT": "1"}
    done = run("health", **nobody)
    assert done.returncode == 1 and done.stdout == "ConnectionRefusedError\n"


class Started:
    """The first process of a container, and what its health checks found."""

    def __init__(self, folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        (folder / "started-as").write_text(f"{name} {self.process.pid}")
        self.environment = {entry.STARTED_AS: str(folder / "started-as")}
        self.found = 0
        monkeypatch.setattr(entry.subprocess, "run", self._look)

    def _look(self, command: list[str], **_options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, self.found)

    def look(self, found: int) -> int:
        self.found = found
        return entry.end_what_stands_still(self.environment)


@pytest.fixture
def started(tmp_path, monkeypatch):
    all_of_them: list[Started] = []

    def start(name: str) -> Started:
        all_of_them.append(Started(tmp_path, name, monkeypatch))
        return all_of_them[-1]

    yield start
    for one in all_of_them:
        one.process.kill()
        one.process.wait()


@pytest.mark.parametrize(("name", "still"), [("web", entry.STANDS_STILL), ("worker", 1)])
def test_what_stands_still_at_some_looks_in_a_row_is_ended(started, name, still):
    one = started(name)
    assert one.look(0) == 0
    for _look in range(entry.LOOKS[name] - 1):
        assert one.look(still) == 1
    assert one.look(0) == 0, "it was slow, and goes on"
    for _look in range(entry.LOOKS[name] - 1):
        assert one.look(still) == 1 and one.process.poll() is None
    assert one.look(still) == 1
    assert one.process.wait(10) == -signal.SIGKILL


def test_what_starts_and_what_has_no_database_is_left_alone(started):
    one = started("web")
    for found in [1, *[entry.STANDS_STILL] * 10, *[1] * 10]:
        assert one.look(found) == 1
    assert one.look(0) == 0 and one.process.poll() is None
    assert started("migrate").look(entry.STANDS_STILL) == 0


def test_process_goes_on_with_its_own_version_when_the_link_is_changed(tmp_path):
    """« Two plain machines »: whatever it starts, and whatever it imports later, comes from its own folder."""
    (tmp_path / "current").symlink_to(ROOT)
    python = tmp_path / "current" / Path(sys.executable).relative_to(ROOT)
    shown = "from pnav.server import entry; print(*entry.web_command({}), *entry.manage_command('check'))"
    done = subprocess.run([python, "-c", shown], cwd=tmp_path / "current", capture_output=True, text=True, check=True)
    assert str(tmp_path) not in done.stdout and done.stdout.startswith(str(Path(sys.executable).parent.resolve()))


def test_name_is_kept_for_health_where_the_image_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(entry, "_replace", lambda _command: 0)
    monkeypatch.chdir(tmp_path)  # `web` changes to the root of the site
    monkeypatch.setenv(entry.STARTED_AS, str(tmp_path / "started-as"))
    for name in ("worker", "web"):
        entry.main([name])
        assert (tmp_path / "started-as").read_text() == f"{name} {os.getpid()}", "it takes the place of this process"
    dockerfile = (ROOT / "deploy/Dockerfile").read_text()
    assert f"{entry.STARTED_AS}=/tmp/" in dockerfile and '["python", "-m", "pnav.server.entry", "health"]' in dockerfile

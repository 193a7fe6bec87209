"""What `make run` prints for somebody who tries it for the first time."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from pnav.accounts.models import Role
from pnav.demo import run
from pnav.demo.cast import accounts_of, as_json, new_secrets
from pnav.demo.services import HOMES, Postgres, free_port
from tests.support import once


def test_roles_are_said_in_french_and_kept_in_english_for_scripts(capsys):
    demo = as_json("http://localhost:1", accounts_of(new_secrets()))
    assert {account["role"] for account in json.loads(json.dumps(demo))["accounts"]} == set(Role.values)
    run._show(demo)
    said = capsys.readouterr().out
    for role in ("agent ", "superviseur ", "référent levée d'anonymat ", "administrateur "):
        assert f"    {role}" in said
    assert "custodian" not in said and "administrator" not in said
    assert "dans un autre terminal : make code USER=police1" in said


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Return what `make code`, `manage.py` and the sandbox know a running demonstration by."""
    files = [tmp_path / "demo.json", tmp_path / "environment.json"]
    monkeypatch.setattr(run, "STATE", tmp_path)
    monkeypatch.setattr(run, "DEMO", files[0])
    monkeypatch.setattr(run.environment, "FILE", files[1])
    monkeypatch.delenv("DATA", raising=False)
    return files


def test_second_start_on_the_same_port_leaves_the_first_one_its_files(kept, monkeypatch, capsys):
    for file in kept:
        file.write_text("{}")
    with socket.socket() as first:
        first.bind(("127.0.0.1", 0))
        first.listen()
        monkeypatch.setenv("PORT", str(first.getsockname()[1]))
        assert run.main() == 1
    assert "est déjà pris" in capsys.readouterr().out
    assert all(file.exists() for file in kept)


@pytest.mark.parametrize("is_ready", [True, False])
def test_second_start_on_another_port_says_that_one_is_running_and_leaves_it_its_files(
    kept, monkeypatch, capsys, is_ready
):
    monkeypatch.setenv("PORT", str(free_port()))
    if is_ready:
        for file in kept:
            file.write_text(json.dumps({"base_url": "http://localhost:8123"}))
    first = run._hold()
    assert first is not None
    with first:
        assert run.main() == 1
    where = ", à l'adresse http://localhost:8123/" if is_ready else ""
    assert f"make run tourne déjà dans ce dossier{where}. Ctrl-C" in capsys.readouterr().out
    assert [file.exists() for file in kept] == [is_ready, is_ready]
    again = run._hold()
    assert again is not None, "the first one has ended"
    again.close()


class FakeServer:
    """A server that runs until it is stopped."""

    as_root, url, process = False, "fake://", None

    def __init__(self, *_arguments):
        pass

    def forget(self):
        pass

    def start(self):
        self.process = self

    def poll(self):
        return None

    def wait(self):
        pass

    def stop(self):
        self.process = None


def test_stopped_it_leaves_no_file_that_tells_of_it(kept, monkeypatch):
    def told_and_stopped(_seconds):
        assert all(file.exists() for file in kept)
        raise KeyboardInterrupt

    for name in ("Postgres", "Valkey", "Daphne", "Worker", "Front"):
        monkeypatch.setattr(run, name, FakeServer)
    monkeypatch.setattr(run, "_prepare", lambda _data, port: as_json(f"http://localhost:{port}", {}))
    monkeypatch.setattr(run, "_remembered", lambda name, _make: {"seal.json": SEAL}.get(name, KEYS))
    monkeypatch.setattr(run.time, "sleep", told_and_stopped)
    monkeypatch.setattr(run.signal, "signal", lambda *_arguments: None)
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.setenv("PORT", str(free_port()))
    assert run.main() == 0
    assert not any(file.exists() for file in kept)


SEAL, KEYS = {"public_key": "key", "shares": []}, {"SECRET_KEY": "key", "CONTENT_KEYS": "keys"}


@pytest.fixture
def state(tmp_path):
    folder = tmp_path / "state"
    yield folder
    servers = Postgres(folder)
    if servers.as_root:
        shutil.rmtree(servers.home, ignore_errors=True)


START_SECONDS = 240  # a busy machine is several times slower


def begin(state: Path, **variables: str) -> subprocess.Popen[str]:
    """Start `make run` with its data in this folder, and nothing else of our environment."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", HOMES) if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-m", "pnav.demo.run"],
        cwd=run.ROOT,
        env={
            **kept,
            "PORT": str(free_port()),
            "DEMO_STATE": str(state),
            "STATIC_ROOT": str(state / "static"),
            **variables,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def everything_but_compressed(folder: str, names: list[str]) -> list[str]:
    """Return the files of a folder that are not the compressed form of another one."""
    return [name for name in names if not name.endswith((".br", ".gz")) and (Path(folder) / name).is_file()]


def count(database: str, table: str) -> int:
    with psycopg.connect(database) as connection:
        row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    assert row is not None
    return int(row[0])


def test_nothing_is_warned_of_to_whoever_starts_it():
    """A warning of a library would be the first line that a newcomer reads in the terminal."""
    command = [sys.executable, "-W", "error::UserWarning", "-c", "import pnav.demo.run"]
    done = subprocess.run(command, cwd=run.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_first_start_makes_the_site_from_nothing_and_ctrl_c_leaves_its_data_alone(tmp_path, state):
    """It is the whole command of somebody who has nothing yet: a cluster, its migrations, the places, the accounts."""
    assert not state.exists() and not Postgres(state).data.exists()
    # The compressed forms of static files are there: tests/pages/test_storage.py, and the site of the browser's tests.
    static = shutil.copytree(once.static_files(), tmp_path / "static", ignore=everything_but_compressed)
    site = begin(state, STATIC_ROOT=str(static))
    try:
        deadline = time.monotonic() + START_SECONDS
        while not (state / "demo.json").exists():
            assert site.poll() is None and time.monotonic() < deadline, "it does not start"
            time.sleep(0.1)
        demo = json.loads((state / "demo.json").read_text())
        with urllib.request.urlopen(demo["base_url"] + "/", timeout=30) as page:  # noqa: S310  our own address
            assert page.status == 200 and "Pnav" in page.read().decode()
        database = json.loads((state / "environment.json").read_text())["DATABASE_URL"]
        assert count(database, "locations_municipality") > 30_000
        assert count(database, "locations_receptionpoint") > 0
        assert count(database, "accounts_user") >= len(demo["accounts"]) > 0
    finally:
        site.send_signal(signal.SIGINT)
        try:
            out, errors = site.communicate(timeout=60)
        finally:
            site.kill()
    assert site.returncode == 0 and "Traceback" not in out + errors
    assert (static / "staticfiles.json").exists() and (static / "integrity.json").exists()
    assert "Prêt en " in out and out.splitlines()[-1] == "Arrêt…"
    assert set(json.loads((state / "done.json").read_text())) == {"embedded", "static", "cast", "macros"}
    assert Postgres(state).data.exists() and (state / "settings.json").exists(), "the next start goes on from them"
    assert not (state / "demo.json").exists() and not (state / "environment.json").exists()


@pytest.mark.slow
def test_folder_of_data_without_a_known_file_is_one_sentence(tmp_path, state):
    """It is the whole command, on servers of its own, as it starts the second time: no traceback, and status 1."""
    folder = tmp_path / "data"
    folder.mkdir()
    state.mkdir()
    # As after a first start: without keys, the data would be erased and made again. All places are loaded.
    (state / "settings.json").write_text(json.dumps(run._new_settings()))
    (state / "done.json").write_text(json.dumps({"embedded": run._fingerprint(run.ROOT / "locations" / "data")}))
    once.give_cluster(Postgres(state))
    site = begin(state, DATA=str(folder))
    try:
        out, errors = site.communicate(timeout=START_SECONDS)
    finally:
        site.kill()
    assert site.returncode == 1
    assert "Traceback" not in out + errors
    assert out.splitlines()[-1].startswith(f"Aucun fichier reconnu dans {folder} : ")

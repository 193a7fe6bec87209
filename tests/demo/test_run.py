"""What `make run` says, to whoever tries it for the first time."""

import json
import os
import shutil
import socket
import subprocess
import sys

import pytest

from pnav.accounts.models import Role
from pnav.demo import run
from pnav.demo.cast import accounts_of, as_json, new_secrets
from pnav.demo.services import Postgres
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
    """What `make code`, `manage.py` and the sandbox know a running demonstration by."""
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


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.mark.parametrize("is_ready", [True, False])
def test_second_start_on_another_port_says_that_one_is_running_and_leaves_it_its_files(
    kept, monkeypatch, capsys, is_ready
):
    monkeypatch.setenv("PORT", free_port())
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
    monkeypatch.setenv("PORT", free_port())
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


START = """
import sys
from pathlib import Path
from pnav.demo import run
run.STATE = Path(sys.argv[1])
run.DEMO = run.STATE / "demo.json"
sys.exit(run.main())
"""


@pytest.mark.slow
def test_folder_of_data_without_a_known_file_is_one_sentence(tmp_path, state):
    """The whole command, on servers of its own, as it starts the second time: no traceback, and 1."""
    folder = tmp_path / "data"
    folder.mkdir()
    state.mkdir()
    # As a first start leaves it: without keys, the data would be erased and made anew; and all places are loaded.
    (state / "settings.json").write_text(json.dumps(run._new_settings()))
    (state / "done.json").write_text(json.dumps({"embedded": run._fingerprint(run.ROOT / "locations" / "data")}))
    once.give_cluster(Postgres(state))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", START, str(state)],
        cwd=run.ROOT,
        env={**kept, "PORT": str(port), "DATA": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith(f"Aucun fichier reconnu dans {folder} : ")

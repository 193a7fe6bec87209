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


def test_roles_are_said_in_french_and_kept_in_english_for_scripts(capsys):
    demo = as_json("http://localhost:1", accounts_of(new_secrets()))
    assert {account["role"] for account in json.loads(json.dumps(demo))["accounts"]} == set(Role.values)
    run._show(demo)
    said = capsys.readouterr().out
    for role in ("agent ", "superviseur ", "référent levée d'anonymat ", "administrateur "):
        assert f"    {role}" in said
    assert "custodian" not in said and "administrator" not in said
    assert "dans un autre terminal : make code USER=police1" in said


def test_second_start_on_the_same_port_leaves_the_first_one_its_files(tmp_path, monkeypatch, capsys):
    """They are what `make code`, `manage.py` and the sandbox know the running demonstration by."""
    kept = [tmp_path / "demo.json", tmp_path / "environment.json"]
    for file in kept:
        file.write_text("{}")
    monkeypatch.setattr(run, "STATE", tmp_path)
    monkeypatch.setattr(run, "DEMO", kept[0])
    monkeypatch.setattr(run.environment, "FILE", kept[1])
    monkeypatch.delenv("DATA", raising=False)
    with socket.socket() as first:
        first.bind(("127.0.0.1", 0))
        first.listen()
        monkeypatch.setenv("PORT", str(first.getsockname()[1]))
        assert run.main() == 1
    assert "est déjà pris" in capsys.readouterr().out
    assert all(file.exists() for file in kept)


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
    """The whole command, on servers of its own: no traceback, and 1."""
    folder = tmp_path / "data"
    folder.mkdir()
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

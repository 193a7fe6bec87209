import json

import pytest

from pnav.demo import environment


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "FILE", tmp_path / "environment.json")
    return environment.FILE


def test_join_the_demonstration_that_runs_here(file, monkeypatch):
    for name in environment.NAMES:
        monkeypatch.setenv(name, f"a {name}")
    environment.write()
    assert file.stat().st_mode & 0o077 == 0
    for name in environment.NAMES:
        monkeypatch.delenv(name)
    environment.join()
    assert {name: environment.os.environ[name] for name in environment.NAMES} == json.loads(file.read_text())


def test_join_nothing_when_the_environment_names_a_database(file, monkeypatch):
    file.write_text(json.dumps({"DATABASE_URL": "demo", "REDIS_URL": "demo"}))
    monkeypatch.setenv("DATABASE_URL", "production")
    monkeypatch.delenv("REDIS_URL", raising=False)
    environment.join()
    assert environment.os.environ["DATABASE_URL"] == "production" and "REDIS_URL" not in environment.os.environ


def test_join_nothing_when_nothing_runs(file, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    environment.join()
    assert "DATABASE_URL" not in environment.os.environ

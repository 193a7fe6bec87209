"""A process that hangs is ended by its supervisor: really frozen, really ended, without a database."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from common.watchdog import ALIVE, READY
from deploy import probe
from pnav.demo.services import free_port
from tests.scenarios.conftest import ROOT
from tests.support.service_manager import Listener

PATIENCE = 1.5  # seconds, like WatchdogSec


@pytest.mark.parametrize("name", ["web", "worker"])
def test_frozen_process_is_ended(name, tmp_path, monkeypatch):
    port = str(free_port())
    own = {
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1",
        "WEB_PORT": port,
        "WEB_INTERFACE": "127.0.0.1",
        "STATIC_ROOT": str(tmp_path / "static"),
    }
    (tmp_path / "static").mkdir()
    with Listener(tmp_path, PATIENCE) as listener, (tmp_path / "log").open("wb") as log:
        environment = {**os.environ, **own, **listener.environment}
        process = _start(name, environment, log.fileno())
        try:
            words: list[str] = []
            while len(words) < 4:
                assert process.poll() is None, (tmp_path / "log").read_text()
                if (word := listener.hear(1)) is not None:
                    words.append(word)
            assert set(words) == {READY, ALIVE}
            process.send_signal(signal.SIGSTOP)
            if name == "web":  # the health check of a container finds a frozen web process in this way
                monkeypatch.setattr(probe, "SECONDS", 0.5)
                monkeypatch.setenv("WEB_PORT", port)
                assert probe.main("/health/live") == probe.STANDS_STILL
            assert listener.end_once_silent(process) == -signal.SIGKILL
        finally:
            process.kill()
            process.wait()


def _start(name: str, environment: dict[str, str], log: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pnav.server.entry", name]
    return subprocess.Popen(command, cwd=Path(ROOT), env=environment, stdout=log, stderr=log)

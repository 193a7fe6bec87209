"""The environment of a test run, set before Django reads its settings.

Loaded by pytest as a plugin (see pyproject.toml). Starts its own PostgreSQL and Valkey in a temporary folder, unless
DATABASE_URL and REDIS_URL name others; workers of pytest-xdist use those of the run that started them. Of which version
they are, and whether pgbouncer stands before PostgreSQL, is said by the environment too (docs/platforms.md).
"""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pnav.demo.services import Postgres, Valkey
from pnav.pages.build.translations import compile_messages
from tests.support import once, pooler
from tests.support.variables import VARIABLES

os.environ.update(VARIABLES, REDIS_PREFIX=f"test-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")

compile_messages(Path(__file__).resolve().parents[2] / "pnav" / "locale")

if "PYTEST_XDIST_WORKER" not in os.environ:
    _state = Path(tempfile.mkdtemp(prefix="pnav-tests-"))
    os.environ[once.FOLDER] = str(_state)
    os.environ.setdefault("CAPTURES_DIR", str(_state / "captures"))
    atexit.register(shutil.rmtree, _state, ignore_errors=True)
    if "DATABASE_URL" in os.environ:
        atexit.register(once.forget)
    else:
        _postgres = Postgres(_state, durable=False)
        _valkey = Valkey(_state)
        _postgres.start()
        _valkey.start()
        os.environ["DATABASE_URL"] = _postgres.url
        os.environ["REDIS_URL"] = _valkey.url
        if os.environ.get(pooler.PROGRAM) and os.environ.get("DATABASE_POOLER"):
            # A connection that is not used goes: a database of tests is dropped at the end.
            _pooler = pooler.Pgbouncer(_state, _postgres, default_pool_size="60", server_idle_timeout="1")
            _pooler.start()
            atexit.register(_pooler.stop)
            os.environ["DATABASE_URL"] = _pooler.url

        def _stop() -> None:
            _valkey.stop()
            _postgres.stop()
            if _postgres.home != _state:
                shutil.rmtree(_postgres.home, ignore_errors=True)

        atexit.register(_stop)

if _worker := os.environ.get("PYTEST_XDIST_WORKER"):
    # A database of Valkey each: emptying the cache of one must not empty that of the other.
    _address = os.environ["REDIS_URL"]
    os.environ["REDIS_URL"] = f"{_address}{'&' if '?' in _address else '?'}db={int(_worker.removeprefix('gw')) % 16}"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """While the workers read the tests, the database that they will copy is made."""
    early = subprocess.Popen([sys.executable, "-m", "tests.support.once"], cwd=once.ROOT)
    atexit.register(early.wait, 60)
    atexit.register(early.terminate)

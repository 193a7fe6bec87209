"""The environment of a test run, set before Django reads its settings.

Loaded by pytest as a plugin (see pyproject.toml). Starts its own PostgreSQL and Valkey in a temporary folder, unless
DATABASE_URL and REDIS_URL name others; workers of pytest-xdist use those of the run that started them.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from pnav.demo.services import Postgres, Valkey

os.environ.update(
    TESTING="1",
    DEMO="1",
    SECRET_KEY="a secret for tests only, which is long enough to be accepted",
    ALLOWED_HOSTS="localhost,127.0.0.1,testserver",
    CONTENT_KEYS="test:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    DATABASE_POOL_SIZE="20",
    REDIS_PREFIX=f"test-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}",
    LOG_LEVEL="WARNING",
)

if "DATABASE_URL" not in os.environ:
    _state = Path(tempfile.mkdtemp(prefix="pnav-tests-"))
    _postgres = Postgres(_state, durable=False)
    _valkey = Valkey(_state)
    _postgres.start()
    _valkey.start()
    os.environ["DATABASE_URL"] = _postgres.url
    os.environ["REDIS_URL"] = _valkey.url

    def _stop() -> None:
        _valkey.stop()
        _postgres.stop()
        shutil.rmtree(_state, ignore_errors=True)
        if _postgres.home != _state:
            shutil.rmtree(_postgres.home, ignore_errors=True)

    atexit.register(_stop)

"""The environment of a test run, which is set before Django reads its settings.

pytest loads it as a plugin (see pyproject.toml). It starts its own PostgreSQL and Valkey in a temporary folder, unless
DATABASE_URL and REDIS_URL name others. Workers (tests/support/workers.py) use those of the run that forked them. The
environment also says which versions these are, and whether pgbouncer stands in front of PostgreSQL (docs/platforms.md).
"""

import atexit
import gc
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from pnav.demo.services import HOMES, Postgres, Valkey
from pnav.pages.build.translations import compile_messages
from tests.support import memory, once, pooler
from tests.support.variables import VARIABLES

# Everything that is read before the first test stays in memory, so the collector would walk through it four hundred
# times in vain (tests/conftest.py turns it on again).
gc.disable()

os.environ.update(VARIABLES, REDIS_PREFIX="test-main")

compile_messages(Path(__file__).resolve().parents[2] / "pnav" / "locale")

_state = Path(tempfile.mkdtemp(prefix="pnav-tests-"))
os.environ[once.FOLDER] = str(_state)
os.environ.setdefault("CAPTURES_DIR", str(_state / "captures"))
atexit.register(shutil.rmtree, _state, ignore_errors=True)
if "DATABASE_URL" in os.environ:
    atexit.register(once.forget)
else:
    if HOMES not in os.environ and (_memory := memory.make_folder()) is not None:
        os.environ[HOMES] = str(_memory)
        atexit.register(shutil.rmtree, _memory, ignore_errors=True)
    _postgres = Postgres(_state, durable=False)
    _valkey = Valkey(_state)
    _postgres.start()
    _valkey.start()
    os.environ["DATABASE_URL"] = _postgres.url
    os.environ["REDIS_URL"] = _valkey.url
    if os.environ.get(pooler.PROGRAM) and os.environ.get("DATABASE_POOLER"):
        # An unused connection is closed, because the database of the tests is dropped at the end.
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


def prepare_for_workers(*, pages: bool) -> None:
    """Make, while the tests are read, the database that the workers will copy, and the static files of whole sites.

    pages: whether a browser will ask for static files. Its tests come first, and every worker would wait for the files.
    """
    early = subprocess.Popen([sys.executable, "-m", "tests.support.once", *(["pages"] if pages else [])], cwd=once.ROOT)
    atexit.register(early.wait, 60)
    atexit.register(early.terminate)


def become_worker(number: int) -> None:
    """Give a worker that was forked names of its own in Valkey, and a database of Valkey.

    Emptying the cache of one worker must not empty that of another.
    """
    from django.conf import settings
    from django.core.cache import caches

    address = os.environ["REDIS_URL"]
    address += f"{'&' if '?' in address else '?'}db={number % 16}"
    prefix = f"test-gw{number}"
    os.environ.update({once.WORKER: f"gw{number}", "REDIS_URL": address, "REDIS_PREFIX": prefix})
    settings.REDIS_URL = address
    settings.CACHES["default"].update(LOCATION=address, KEY_PREFIX=prefix)
    layer = settings.CHANNEL_LAYERS["default"]["CONFIG"]
    layer.update(hosts=[{**host, "address": address} for host in layer["hosts"]], prefix=prefix)
    for made in caches:  # pytest looks at everything in a module of tests, and Django then makes its cache
        with suppress(AttributeError):
            del caches[made]

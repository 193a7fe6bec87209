"""The process that `tests.support.fresh` forks: it holds libraries, and runs no module of the site.

It has read the compiled code of our modules. A child that imports one runs it as a new process does, and need not read
it from the disk. It has also computed what they compute from a text alone (`learned`), if its command line names a file
of the run for it.

A line of JSON asks for a child, and a line answers. For a child with `code` the answer says how it ended and what it
printed. For one with a `module`, which goes on, it is the number of the process.
"""

import atexit
import ctypes
import faulthandler
import gc
import importlib
import importlib.machinery
import json
import os
import runpy
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import CodeType
from typing import Any

# The libraries that `pnav.settings` and the modules that it imports need, then what every start of Django does. None of
# them reads the environment or the settings.
import cryptography.hazmat.primitives.asymmetric.mlkem
import cryptography.hazmat.primitives.asymmetric.x25519
import cryptography.hazmat.primitives.hpke
import dj_database_url
import django.apps
import django.conf
import django.contrib.admin
import django.contrib.postgres.fields
import django.core.exceptions
import django.core.handlers.asgi
import django.core.handlers.wsgi
import django.core.management
import django.db.backends.postgresql.base
import django.db.migrations
import django.db.models
import django.forms
import django.template.loader
import django.test
import django.utils.csp
import django.views.generic
import environs
import orjson
import psycopg_pool
import redis.asyncio.retry
import redis.backoff
import whitenoise

from tests.support import learned

__all__ = [  # kept for the children
    "cryptography", "dj_database_url", "django", "environs", "orjson", "psycopg_pool", "redis", "whitenoise",
]  # fmt: skip
# Libraries that the installed applications need too, most of them for code that is not ours. They take another quarter
# of a second.
FOR_OTHERS = (
    "autobahn.twisted.websocket", "channels.layers", "channels.routing", "django.db.migrations.loader",
    "django.db.migrations.writer", "fido2.server", "jwt", "PIL.Image", "polib", "prometheus_client", "qrcode",
    "requests", "rfc3161_client", "sqlparse", "tomllib", "twisted.internet.endpoints", "twisted.web.http",
    "xml.etree.ElementTree",
)  # fmt: skip
for name in FOR_OTHERS:
    importlib.import_module(name)

PR_SET_PDEATHSIG = 1  # the option of prctl(2) that ends this process with its parent
ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("chat", "common", "locations", "pnav", "reports", "triage")
_codes: dict[str, CodeType] = {}


def read_ours() -> None:
    """Read the compiled code of our modules, and run none of it."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            code = importlib.machinery.SourceFileLoader(name, str(path)).get_code(name)
            assert code is not None, path
            _codes[str(path)] = code
    read = importlib.machinery.SourceFileLoader.get_code

    def get_code(self: importlib.machinery.SourceFileLoader, fullname: str) -> CodeType | None:
        return _codes.get(self.path) or read(self, fullname)

    importlib.machinery.SourceFileLoader.get_code = get_code  # type: ignore[method-assign]


def child(environment: dict[str, str], out: int, errors: int, arguments: list[str], do: Callable[[], object]) -> None:
    """Run in the fork, and never return. out, errors: the numbers of open files."""
    status = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(errors, 2)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv, sys.path[0] = arguments, ""
        do()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:  # noqa: BLE001  as Python does at the end of a program
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def run(code: str, environment: dict[str, str]) -> list[Any]:
    def do() -> None:
        exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102  the test's own

    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        pid = os.fork()
        if not pid:
            child(environment, out.fileno(), errors.fileno(), ["-c"], do)
        _pid, ended = os.waitpid(pid, 0)
        said = []
        for file in (out, errors):
            file.seek(0)
            said.append(file.read().decode())
    return [os.waitstatus_to_exitcode(ended), *said]


def _run_to_its_end(module: str) -> None:
    """Run a module, and do what Python does at the end of a program: wait for threads, call exit functions.

    SIGABRT makes it write the stacks of its threads to its log, and end.
    """
    faulthandler.enable()
    try:
        runpy.run_module(module, run_name="__main__")
    finally:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()


def start(module: str, arguments: list[str], environment: dict[str, str], log: str) -> int:
    """Return the number of a process that goes on.

    The process between ends at once. The one that asked then becomes the parent: it may wait for the process, which
    ends when the parent does.
    """
    reads, writes = os.pipe()
    between = os.fork()
    if not between:
        own = os.getpid()
        pid = os.fork()
        if pid:
            os.write(writes, str(pid).encode())
            os._exit(0)
        while os.getppid() == own:
            time.sleep(0.001)
        os.setsid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        os.close(reads)
        os.close(writes)
        said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        child(environment, said, said, [module, *arguments], lambda: _run_to_its_end(module))
    os.waitpid(between, 0)
    os.close(writes)
    number = int(os.read(reads, 32))
    os.close(reads)
    return number


def learn(file: Path) -> None:
    """Have a child note what a site computes from texts, in this file of the run. Raises RuntimeError."""
    code = f"from tests.support import learned; learned.learn({str(file)!r})"
    status, _out, errors = run(code, {"PATH": os.environ["PATH"]})
    if status:
        raise RuntimeError(f"Nothing was learned: {errors}")


def serve(known: Path | None) -> None:
    """Answer each line. known: the file of the run that holds what a site computes from texts, or will hold it."""
    read_ours()
    if known is not None:
        learned.use(learned.read(known, partial(learn, known)))
    # What is held stays. The collector took a fifth of the time in which a child starts, because it walked through all
    # of it.
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        given = json.loads(line)
        print(json.dumps(start(**given) if "module" in given else run(**given)), flush=True)


if __name__ == "__main__":
    serve(Path(sys.argv[1]) if len(sys.argv) > 1 else None)

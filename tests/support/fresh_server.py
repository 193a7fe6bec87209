"""The process that `tests.support.fresh` forks: it holds libraries, and nothing of this repository.

A line of JSON asks for a child: its code and its environment. A line answers: how it ended, and what it said.
"""

import importlib
import json
import os
import sys
import tempfile
import traceback
from typing import Any

# What `pnav.settings` and the modules that it imports want of libraries, then what every start of Django does. None of
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

__all__ = [  # held, for the children
    "cryptography", "dj_database_url", "django", "environs", "orjson", "psycopg_pool", "redis", "whitenoise",
]  # fmt: skip
# And what the installed applications want of others, which we do not import ourselves: a quarter of a second more.
FOR_OTHERS = (
    "autobahn.twisted.websocket", "channels.routing", "fido2.server", "PIL.Image", "prometheus_client", "qrcode",
    "requests", "sqlparse", "twisted.internet.endpoints", "twisted.web.http",
)  # fmt: skip
for name in FOR_OTHERS:
    importlib.import_module(name)


def child(code: str, environment: dict[str, str], files: list[Any]) -> None:
    """In the fork: never returns."""
    status = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(files[0].fileno(), 1)
        os.dup2(files[1].fileno(), 2)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv, sys.path[0] = ["-c"], ""
        exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102  the test's own
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


def serve() -> None:
    for line in sys.stdin:
        code, environment = json.loads(line)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
            pid = os.fork()
            if not pid:
                child(code, environment, [out, errors])
            _pid, ended = os.waitpid(pid, 0)
            said = []
            for file in (out, errors):
                file.seek(0)
                said.append(file.read().decode())
        print(json.dumps([os.waitstatus_to_exitcode(ended), *said]), flush=True)


if __name__ == "__main__":
    serve()

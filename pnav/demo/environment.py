"""This module keeps the environment variables of the running demonstration in a file, so that `manage.py` can join it.

`make run` writes the file when the site answers, and removes it when it stops. A process whose environment names a
database does not read it, so production uses its own environment only.
"""

import json
import os
from pathlib import Path

# The folder of everything that a demonstration keeps. DEMO_STATE names another one, for a second demonstration.
STATE = Path(os.environ.get("DEMO_STATE") or Path(__file__).resolve().parents[2] / ".local")
FILE = STATE / "environment.json"
NAMES = (
    "SECRET_KEY",
    "CONTENT_KEYS",
    "SEAL_PUBLIC_KEY",
    "DEMO",
    "DATABASE_URL",
    "REDIS_URL",
    "ALLOWED_HOSTS",
    "CAPTURES_DIR",
    "EXCHANGE_KEYS",
    "IDENTITY_KEYS",
    "SESSION_SEAL",
)


def write() -> None:
    """Write the variables that another process needs, in a file that only this user can read."""
    FILE.touch(mode=0o600)
    FILE.write_text(json.dumps({name: os.environ[name] for name in NAMES if name in os.environ}))


def forget() -> None:
    """Delete the file, because the demonstration has ended."""
    FILE.unlink(missing_ok=True)


def join() -> None:
    """Set the variables of the demonstration that runs here, unless the environment names a database."""
    if "DATABASE_URL" not in os.environ and FILE.exists():
        for name, value in json.loads(FILE.read_text()).items():
            os.environ.setdefault(name, value)

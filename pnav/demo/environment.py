"""The environment of the demonstration that runs in this checkout, for `manage.py` beside it.

`make run` writes it when the site answers and removes it when it stops. Whoever names a database in the environment is
not concerned: production knows the environment only.
"""

import json
import os
from pathlib import Path

# All that a demonstration keeps. DEMO_STATE: another folder, for one beside that of this checkout.
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
    """Keep what another process needs to know of this one's environment, for this user only."""
    FILE.touch(mode=0o600)
    FILE.write_text(json.dumps({name: os.environ[name] for name in NAMES if name in os.environ}))


def forget() -> None:
    """Forget the demonstration that ran here."""
    FILE.unlink(missing_ok=True)


def join() -> None:
    """Take part in the demonstration that runs here, unless the environment names a database."""
    if "DATABASE_URL" not in os.environ and FILE.exists():
        for name, value in json.loads(FILE.read_text()).items():
            os.environ.setdefault(name, value)

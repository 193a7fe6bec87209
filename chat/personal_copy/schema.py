"""The JSON Schema of `copie.json`, as it is published: `copie.schema.json` beside this module. It changes by adding;
a field that goes makes a new version."""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

FORMAT, VERSION = "pnav-copy", 1
FILE: Final = Path(__file__).parent / "copie.schema.json"


@cache
def content() -> bytes:
    """The file as it is served and put into each copy."""
    return FILE.read_bytes()


@cache
def read() -> dict[str, Any]:
    """The schema as a value."""
    found: dict[str, Any] = json.loads(content())
    return found

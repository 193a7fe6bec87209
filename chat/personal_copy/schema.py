"""The JSON Schemas of `copie.json` (« Ma copie ») and of `echange.json` (an agent's archive), as they are published:
files beside this module. They change by adding; a field that goes makes a new version."""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

FORMAT, VERSION = "pnav-copy", 1
EXCHANGE_FORMAT, EXCHANGE_VERSION = "pnav-exchange", 1
COPY: Final = Path(__file__).parent / "copie.schema.json"
EXCHANGE: Final = Path(__file__).parent / "echange.schema.json"


@cache
def content(file: Path = COPY) -> bytes:
    """The file as it is served and put into each archive. file: COPY or EXCHANGE."""
    return file.read_bytes()


@cache
def read(file: Path = COPY) -> dict[str, Any]:
    """The schema as a value."""
    found: dict[str, Any] = json.loads(content(file))
    return found

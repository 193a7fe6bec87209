"""This module reads the published JSON Schemas of `copie.json` (« Ma copie ») and `echange.json` (an agent's archive).

They are files beside this module. Fields may be added; removing one needs a new version.
"""

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
    """Return the file as it is served and put into each archive. file: COPY or EXCHANGE."""
    return file.read_bytes()


@cache
def read(file: Path = COPY) -> dict[str, Any]:
    """Return the schema as a value."""
    found: dict[str, Any] = json.loads(content(file))
    return found

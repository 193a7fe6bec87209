"""What everybody saw, one JSON object a line, on the monotonic clock of the machine.

`t` is in seconds since the journal began. The kinds (`e`):

| e | fields | meaning |
| --- | --- | --- |
| send | c, s, id, b | side `s` of conversation `c` sent this for the first time; `b` is a digest of the body |
| ack | c, s, id, seq | the server said that it is committed (`seq` is null on a page without a script) |
| refused | c, s, id, code | the server said that it never will be |
| show | c, v, seq, id, a, b | viewer `v` accepted this item, by author `a`, for the first time |
| kept | c, seq, a, id, b | the database holds this, after the run |
| placed | c, k | how the conversation stood when the fault came: `hit`, `same`, `across`, `polled` (no socket) |
| mark | name | `fault`, `serving` (PostgreSQL takes writing again; of its own faults alone), `repaired`, `end` |
"""

import hashlib
import json
import time
from pathlib import Path
from typing import Any

Event = dict[str, Any]


def digest(body: str) -> str:
    """Enough of a body to recognise it by: journals hold no text."""
    return hashlib.blake2s(body.encode(), digest_size=6).hexdigest()


class Journal:
    """In memory while the run lasts, so that writing it does not slow what it describes."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.events: list[Event] = []

    def note(self, kind: str, **fields: Any) -> None:
        self.events.append({"t": round(time.monotonic() - self.started, 4), "e": kind, **fields})

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(event) + "\n" for event in self.events))

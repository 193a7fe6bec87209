"""What everybody saw, one JSON object a line, with the monotonic clock of the machine.

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
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Event = dict[str, Any]


def digest(body: str) -> str:
    """Return enough of a body to recognise it, because journals hold no text."""
    return hashlib.blake2s(body.encode(), digest_size=6).hexdigest()


class Journal:
    """Keeps what everybody saw in memory while the run lasts, so that writing it does not slow down what is
    measured.
    """

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.events: list[Event] = []

    def note(self, kind: str, **fields: Any) -> None:
        self.events.append({"t": round(time.monotonic() - self.started, 4), "e": kind, **fields})

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(event) + "\n" for event in self.events))

    def of_each_conversation(self) -> Iterator[list[Event]]:
        """Yield the events of one conversation after the other, each in order. Events that are judged together are in
        one conversation.
        """
        found: dict[str, list[Event]] = {}
        for event in self.events:
            if "c" in event:
                found.setdefault(event["c"], []).append(event)
        yield from found.values()


# What happens to a message, in 34 bytes and not some 500: tenths of a millisecond, kind, viewer, author or side,
# whether there is an id, number (0: none), id, digest of the body.
_ROW = struct.Struct("<IBBBBI16s6s")
_KINDS = ("send", "ack", "show", "kept")
_NOBODY = ""  # the value of a field that this kind of event lacks


class PackedJournal(Journal):
    """A journal of so many messages that they are packed, for each conversation apart. Other events are kept as they
    are.

    `events` holds only what concerns no message. What does not fit into a row (an id that is no UUID, which only a
    broken server sends) is kept as it is, at its place among the others of its conversation.
    """

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[str, bytearray] = {}
        # Events that fit no row, by conversation, then by how many rows came before.
        self._odd: dict[str, dict[int, list[Event]]] = {}
        self._names: list[str] = [_NOBODY]
        self._numbers: dict[str, int] = {_NOBODY: 0}

    def _number(self, name: str) -> int:
        found = self._numbers.get(name)
        if found is None:
            found = self._numbers[name] = len(self._names)
            self._names.append(name)
        return found

    def note(self, kind: str, **fields: Any) -> None:
        if kind not in _KINDS:
            super().note(kind, **fields)
            return
        conversation = fields["c"]
        rows = self._rows.get(conversation)
        if rows is None:
            rows = self._rows[conversation] = bytearray()
        moment = time.monotonic() - self.started
        try:
            rows += self._pack(kind, moment, fields)
        except (AttributeError, TypeError, ValueError, struct.error):
            event = {"t": round(moment, 4), "e": kind, **fields}
            self._odd.setdefault(conversation, {}).setdefault(len(rows) // _ROW.size, []).append(event)

    def _pack(self, kind: str, moment: float, fields: Event) -> bytes:
        """Pack one row. Raises AttributeError, TypeError, ValueError, struct.error for what it cannot give back as it
        is.
        """
        client_id, seq, body = fields["id"], fields.get("seq"), fields.get("b", "")
        packed = bytes.fromhex(client_id.replace("-", "")) if client_id is not None else b""
        digested = bytes.fromhex(body)
        if seq == 0 or len(packed) not in {0, 16} or len(digested) != (0 if kind == "ack" else 6):
            raise ValueError(kind)
        if (client_id is not None and _uuid(packed) != client_id) or digested.hex() != body:
            raise ValueError(kind)
        return _ROW.pack(
            int(10_000 * moment + 0.5),
            _KINDS.index(kind),
            self._number(fields.get("v", _NOBODY)),
            self._number(fields["s"] if "s" in fields else fields["a"]),
            client_id is not None,
            seq or 0,
            packed,
            digested,
        )

    def _unpack(self, conversation: str, row: tuple[Any, ...]) -> Event:
        moment, kind, viewer, author, has_id, seq, packed, body = row
        client_id = _uuid(packed) if has_id else None
        event: Event = {"t": moment / 10_000, "e": _KINDS[kind], "c": conversation}
        name = self._names[author]
        match _KINDS[kind]:
            case "send":
                return {**event, "s": name, "id": client_id, "b": body.hex()}
            case "ack":
                return {**event, "s": name, "id": client_id, "seq": seq or None}
            case "show":
                viewer = self._names[viewer]
                return {**event, "v": viewer, "seq": seq or None, "id": client_id, "a": name, "b": body.hex()}
            case _:
                return {**event, "seq": seq or None, "a": name, "id": client_id, "b": body.hex()}

    def _messages(self, conversation: str) -> Iterator[Event]:
        odd = self._odd.get(conversation, {})
        rows = self._rows[conversation]
        for place, row in enumerate(_ROW.iter_unpack(rows)):
            yield from odd.get(place, ())
            yield self._unpack(conversation, row)
        yield from odd.get(len(rows) // _ROW.size, ())

    def of_each_conversation(self) -> Iterator[list[Event]]:
        others: dict[str, list[Event]] = {}
        for event in self.events:
            if "c" in event:
                others.setdefault(event["c"], []).append(event)
        for conversation in self._rows:
            yield [*self._messages(conversation), *others.pop(conversation, [])]
        yield from others.values()

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as file:
            file.writelines(json.dumps(event) + "\n" for event in self.events if "c" not in event)
            for events in self.of_each_conversation():
                file.writelines(json.dumps(event) + "\n" for event in events)


def _uuid(packed: bytes) -> str:
    """Format like `str` of a UUID, because making a UUID costs more than all the rest of a row."""
    text = packed.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

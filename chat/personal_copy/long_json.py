"""Writes a JSON object whose lists are longer than memory should hold. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson


def dump(value: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield the object in pieces, the same bytes as orjson writes with OPT_INDENT_2.

    value: where one of its values is an iterator, it is written as a list, of which one item at a time is in memory.
    """
    before = b"{\n  "
    for key, one in value.items():
        yield before + orjson.dumps(key) + b": "
        before = b",\n  "
        if isinstance(one, Iterator):
            yield from _list(one)
        else:
            yield _indented(one, b"\n  ")
    yield b"\n}" if value else b"{}"


def _list(items: Iterator[Any]) -> Iterator[bytes]:
    before = b"[\n    "
    for item in items:
        yield before + _indented(item, b"\n    ")
        before = b",\n    "
    yield b"\n  ]" if before[:1] == b"," else b"[]"


def _indented(value: Any, line: bytes) -> bytes:
    """Return the value with each of its lines after `line`. JSON escapes line breaks that stand in texts."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).replace(b"\n", line)

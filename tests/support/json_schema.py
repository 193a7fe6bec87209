"""Checks a value against a JSON Schema that uses the keywords of ours. Any other keyword is refused, so that none is
ignored.

This follows JSON Schema 2020-12. A validator would be a dependency for one file.
"""

import re
import uuid
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

NOTES = {"$schema", "title", "description", "$defs"}
TYPES = {
    "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "integer": int,
}  # fmt: skip
FORMATS = {"date-time": datetime.fromisoformat, "date": date.fromisoformat, "uuid": uuid.UUID}


def problems(value: Any, schema: dict[str, Any], root: dict[str, Any] | None = None, at: str = "$") -> Iterator[str]:
    """Yield what does not fit, each with its place.

    Nothing for a value that fits. Raises ValueError for a keyword that is not known here.
    """
    root = root or schema
    if "$ref" in schema:
        target: Any = root
        for name in schema["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        yield from problems(value, target, root, at)
    for keyword, wanted in schema.items():
        yield from _of_keyword(keyword, wanted, value, schema, root, at)


def _of_keyword(
    keyword: str, wanted: Any, value: Any, schema: dict[str, Any], root: dict[str, Any], at: str
) -> Iterator[str]:
    match keyword:
        case "type":
            names = [wanted] if isinstance(wanted, str) else wanted
            if not any(isinstance(value, TYPES[name]) and (name == "boolean" or value is not True) for name in names):
                yield f"{at}: not {wanted}"
        case "enum" | "const":
            if value not in (wanted if keyword == "enum" else [wanted]):
                yield f"{at}: not one of {wanted}"
        case "anyOf":
            if all(any(True for _one in problems(value, one, root, at)) for one in wanted):
                yield f"{at}: fits none"
        case "required":
            if isinstance(value, dict):
                yield from (f"{at}.{name}: missing" for name in wanted if name not in value)
        case "properties":
            for name, one in wanted.items():
                if isinstance(value, dict) and name in value:
                    yield from problems(value[name], one, root, f"{at}.{name}")
        case "additionalProperties":
            assert wanted is False
            if isinstance(value, dict):
                yield from (f"{at}.{name}: unknown" for name in value if name not in schema["properties"])
        case "items":
            for place, one in enumerate(value if isinstance(value, list) else []):
                yield from problems(one, wanted, root, f"{at}[{place}]")
        case "minimum":
            if isinstance(value, int) and value < wanted:
                yield f"{at}: less than {wanted}"
        case "pattern":
            if isinstance(value, str) and not re.search(wanted, value):
                yield f"{at}: not {wanted}"
        case "format":
            if isinstance(value, str):
                try:
                    FORMATS[wanted](value)
                except ValueError:
                    yield f"{at}: not {wanted}"
        case "$ref":
            pass
        case _ if keyword in NOTES:
            pass
        case _:
            raise ValueError(f"a keyword that is not known here: {keyword}")

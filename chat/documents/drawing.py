"""This is the job that renders a document of `chat.documents.transcript_pdf` in a child process.

It first finds out which characters the fonts can draw, then renders the pages. It uses no settings, database or
request.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import typst

from chat.documents import font_coverage
from common import plain_text
from common.offload.pdf import compile_pdf

_SIGNS = """
#set document(title: "x")
#for sign in json(bytes(sys.inputs.data)) { par(sign) }
"""


def work(asked: dict[str, Any]) -> tuple[dict[str, bool], bytes]:
    """Return what was found out about characters, and the PDF.

    asked: `source`, `data`, `note` (a sentence for when a character is replaced by its code), `known` (what is already
    known of characters), and `is_plain` (use only Typst's own fonts). There are at most `font_coverage.AT_MOST` + 2
    compilations. Raises typst.TypstError.
    """
    data = change_each(asked["data"], plain_text.visible)
    font_coverage.remember_signs(asked["known"])
    texts = list(each_text(data))
    signs = set(font_coverage.signs_of(texts))
    is_plain = asked["is_plain"]
    kept = font_coverage.drawable(texts, can_draw=partial(can_draw, is_plain=is_plain)) if signs else set()
    found = font_coverage.known_signs(texts)
    try:
        shown = _coded(data, kept, asked["note"]) if kept != signs else data
        pages = compile_pdf(asked["source"], shown, is_plain=is_plain)
    except typst.TypstError:
        # Characters that can be drawn alone may fail beside each other.
        pages = compile_pdf(asked["source"], _coded(data, set(), asked["note"]), is_plain=is_plain)
    return found, pages


def each_text(value: Any) -> Iterator[str]:
    """Yield every text in the data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from each_text(one)


def _coded(data: dict[str, Any], kept: set[str], note: str) -> dict[str, Any]:
    found: dict[str, Any] = change_each(data, lambda text: font_coverage.with_codes(text, kept))
    found["about"] += [note] if note else []
    return found


def change_each(value: Any, change: Callable[[str], str]) -> Any:
    """Return the data with `change` applied to each text."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: change_each(one, change) for name, one in value.items()}
    return [change_each(one, change) for one in value]


def can_draw(signs: list[str], *, is_plain: bool = False) -> bool:
    """Return whether the available fonts can draw all of these characters."""
    try:
        compile_pdf(_SIGNS, signs, is_plain=is_plain)
    except typst.TypstError:
        return False
    return True

"""Marks around a text that a preview tries, by which it is found again after forms, errors, messages and templates.

Only the preview of a page puts them there (`text_cache.previewing`), and removes them before it answers
(`pnav.pages.previews.marking`). They are characters of Unicode's private use area, which no text of the catalogue may
contain (`common.texts.validation`). One begins a text, the next one says which text it is, and one ends it.
"""

import re

BEGIN, END = "\ue000", "\ue001"
_FIRST, _LAST = 0xE002, 0xF8FF
MOST = _LAST - _FIRST + 1  # the most texts that one page may try at once
# The marks as they are, or as JSON writes them in the data of a script.
PATTERN = re.compile(
    f"{BEGIN}([{chr(_FIRST)}-{chr(_LAST)}])|({END})|" + r"\\u(?:e000\\u([ef][0-9a-f]{3})|(e001))", re.IGNORECASE
)


def put_around(text: str, number: int) -> str:
    """Return the text between marks. number: which text it is, from 0 to MOST - 1; others raise ValueError."""
    if not 0 <= number < MOST:
        raise ValueError(f"at most {MOST} texts are tried at once")
    return f"{BEGIN}{chr(_FIRST + number)}{text}{END}"


def number_of(found: re.Match[str]) -> int | None:
    """Return the number of the text that begins at this match of PATTERN; None where one ends."""
    if found[1]:
        return ord(found[1]) - _FIRST
    return int(found[3], 16) - _FIRST if found[3] else None


def take_out(text: str) -> str:
    """Return the text without marks."""
    return PATTERN.sub("", text)

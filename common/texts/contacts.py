"""Finds what a text leads to: links and numbers that somebody who reads it may follow or call. Pure.

Every pattern here reads each sign of a text once: the time grows as the text does.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

# A word of a text: what stands between spaces, brackets and quotes.
_WORD = re.compile(r"""[^\s()<>\[\]{}«»"“”,;|]+""")
# Digits, with anything between them that leaves one number to whoever reads: spaces, lines, dashes, dots, marks of bold
# or of a link. Not what ends a thought.
_DIGITS = re.compile(r"\d(?:(?:[^\w,;:!?]|_){0,12}\d)*")
# Signs that show nothing by themselves: of format, and those put on the sign before. And letters that are blank.
_UNSEEN, _BLANK = {"Cf", "Mn", "Me"}, "\u115f\u1160"
_SCHEMES = ("http:", "https:", "tel:", "sms:", "mailto:", "//")


def links(text: str) -> set[str]:
    """Find what leads elsewhere in a text, or looks like it: addresses with a scheme, host names, e-mail addresses.

    As they are written, in small letters and without the signs that only Unicode tells apart; a full stop at the end is
    the sentence's.
    """
    return {word for word in (_bare(found) for found in _WORD.findall(text)) if _leads_elsewhere(word)}


def _bare(word: str) -> str:
    return unicodedata.normalize("NFKC", word).casefold().strip(".:!?'’*").replace("。", ".")


def _leads_elsewhere(word: str) -> bool:
    if any(scheme in word for scheme in _SCHEMES) or "@" in word:
        return True
    host = word.partition("/")[0]
    name, dot, top = host.rpartition(".")
    return bool(dot and name) and len(top) >= 2 and top[0].isalpha()


def numbers(text: str) -> set[str]:
    """Every number of a text that may be called, its digits alone: « 116 006 » is 116006. One digit is no number.

    A year or a quantity looks the same: a second person looks at those too.
    """
    seen = (sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) not in _UNSEEN)
    runs = _DIGITS.findall("".join(" " if sign in _BLANK else sign for sign in seen))
    digits = ("".join(str(unicodedata.digit(sign)) for sign in run if sign.isdigit()) for run in runs)
    return {run for run in digits if len(run) > 1}


def new_in(before: Iterable[str], after: Iterable[str]) -> set[str]:
    """The links and numbers that these texts hold and those before did not."""
    old, now = " ;\n".join(before), " ;\n".join(after)
    return (links(now) - links(old)) | (numbers(now) - numbers(old))


def texts_of(value: Any) -> list[str]:
    """Every text of a JSON value, however deep."""
    found, rest = [], [value]
    while rest:
        one = rest.pop()
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, Mapping):
            rest += list(one.values())
        elif isinstance(one, list | tuple):
            rest += list(one)
    return found

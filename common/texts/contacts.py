"""This module finds the links and the telephone numbers in a text that its readers may follow or call. Pure.

Every pattern here reads each character once, so that the time grows linearly with the text.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

# A word of a text: what is between spaces, brackets and quotation marks.
_WORD = re.compile(r"""[^\s()<>\[\]{}«»"“”,;|]+""")
# Digits, with whatever may be between them in a number as people read it: spaces, line ends, dashes, dots, marks of
# bold or of a link. Punctuation that ends a phrase is not among these.
_DIGITS = re.compile(r"\d(?:(?:[^\w,;:!?]|_){0,12}\d)*")
# Unicode categories of characters that show nothing by themselves (format characters and combining marks), and letters
# that are blank.
_UNSEEN, _BLANK = {"Cf", "Mn", "Me"}, "\u115f\u1160"
_SCHEMES = ("http:", "https:", "tel:", "sms:", "mailto:", "//")


def links(text: str) -> set[str]:
    """Return everything in a text that is a link or looks like one: URLs, host names, e-mail addresses.

    They are returned in lower case, in Unicode's compatibility form (NFKC), and without punctuation at either end,
    which belongs to the sentence.
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
    """Return every number in a text that could be called, as digits only: « 116 006 » is 116006.

    A single digit is left out. A year or a quantity looks the same as a telephone number, and is returned too.
    """
    seen = (sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) not in _UNSEEN)
    runs = _DIGITS.findall("".join(" " if sign in _BLANK else sign for sign in seen))
    digits = ("".join(str(unicodedata.digit(sign)) for sign in run if sign.isdigit()) for run in runs)
    return {run for run in digits if len(run) > 1}


def new_in(before: Iterable[str], after: Iterable[str]) -> set[str]:
    """Return the links and numbers in the later texts that the earlier ones did not have."""
    old, now = " ;\n".join(before), " ;\n".join(after)
    return (links(now) - links(old)) | (numbers(now) - numbers(old))


def texts_of(value: Any) -> list[str]:
    """Return every text in a JSON value, at any depth."""
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

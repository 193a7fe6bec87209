"""Finds where the text of a page could break before « : » or inside « »."""

import re
from html import unescape

# What people wrote, or what stands for it, is shown as it was written. A text area is no text of ours either.
_THEIRS = (
    "pnav-message__body", "pnav-handover", "pnav-told", "pnav-said", "pnav-sample__text", "console-message__body",
    "console-lines",
)  # fmt: skip
_PEOPLE = re.compile(
    rf"<(p|div|dd|blockquote|strong|span|pre)\b[^>]*\b(?:{'|'.join(_THEIRS)})\b[^>]*>.*?</\1>", re.DOTALL
)
_NO_TEXT = re.compile(r"<!--.*?-->|<(script|style|textarea|template|iframe)\b.*?</\1>", re.DOTALL)
_TAGS = re.compile(r"<(?:[^>\"']++|\"[^\"]*\"|'[^']*')*+>")
_BREAKABLE = re.compile(r"[ \t\r\n][:;?!»€%]|«[ \t\r\n]")


def breakable(page: str) -> list[str]:
    """Return pieces of a page's visible text in which an ordinary space stands where French wants a no-break space."""
    if any(name in page for name in _THEIRS):
        page = _PEOPLE.sub("", page)
    text = unescape(_TAGS.sub("", _NO_TEXT.sub("", page)))
    return [text[max(0, found.start() - 30) : found.end() + 15] for found in _BREAKABLE.finditer(text)]

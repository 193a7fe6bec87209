"""Reads a page for tests that look for words in it."""

import re

from django.http import HttpResponse

_BLANKS = re.compile(r"[ \t\r\n\u00a0\u202f]+")
_TAG_IN_LINES = re.compile(r"<[a-zA-Z/][^<>\n]*\n[^<>]*>")


def spaced(text: str) -> str:
    """Return the text with ordinary spaces for no-break ones, because most tests do not ask where a line may end."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def squeezed(html: str) -> str:
    """Return the page with each run of blanks as one space, and no blanks beside a tag.

    Most tests do not ask how the lines of a template are broken.
    """
    return _BLANKS.sub(" ", html).replace("> ", ">").replace(" <", "<").replace(" >", ">")


def watch() -> None:
    """Give `answer.text`, from now on, only ordinary spaces, and each tag in one line, because tests look for words.

    `tests/common/texts/test_typography.py` checks the spaces. What the code reads of its own answers does not change.
    """
    HttpResponse.text = property(_text)  # type: ignore[assignment, method-assign]


def _text(answer: HttpResponse) -> str:
    content = answer.content
    if not hasattr(answer, "client"):
        return content.decode(answer.charset or "utf-8")
    before, text = getattr(answer, "_read_as", (None, ""))
    if before == content:  # a test asks several times
        return text
    text = content.decode(answer.charset or "utf-8")
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        text = _TAG_IN_LINES.sub(lambda tag: _BLANKS.sub(" ", tag[0]).replace(" >", ">"), text)
    text = spaced(text)
    answer._read_as = content, text  # type: ignore[attr-defined]
    return text

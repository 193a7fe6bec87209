"""A page as it is read."""

import re

from django.http import HttpResponse

_BLANKS = re.compile(r"[ \t\r\n\u00a0\u202f]+")
_TAG_IN_LINES = re.compile(r"<[a-zA-Z/][^<>\n]*\n[^<>]*>")


def spaced(text: str) -> str:
    """With ordinary spaces in place of no-break ones: where a line may end is no matter of what a text says."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def squeezed(html: str) -> str:
    """With each run of blanks as one space, and none beside a tag: how the lines of a template are broken is no matter
    of what a page says either."""
    return _BLANKS.sub(" ", html).replace("> ", ">").replace(" <", "<").replace(" >", ">")


def watch() -> None:
    """From now on, `answer.text` of whatever the test client is answered with has ordinary spaces alone, and each tag
    in one line: a test looks for words and attributes. `tests/common/texts/test_typography.py` looks for the spaces.
    What the code reads of its own answers is as it is."""
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

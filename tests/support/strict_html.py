"""Parses every page that a test draws as the HTML standard says, and fails the test when the page has an error.

Somewhere in the suite, Django's test client draws each page in each of its states, so the pages are read there
(`watch`, called by tests/conftest.py). This looks for the parse errors of the standard (an element that is left open,
closed twice or misnested; an attribute given twice; a bad character reference), an `id` that two elements share, a
`label`, `aria-describedby`, `aria-labelledby`, `aria-controls` or `#fragment` that names no element of the page, and
`autocomplete` where the standard allows none. A page of a visitor may have no text that breaks before « : ».

html5lib takes some 40 to 100 ms for a page of the console, and the suite draws thousands. Two pages whose tags differ
only in values and numbers have the same parse errors. A run therefore parses one page of each shape, whichever of its
workers drew it, and reads the ids of all pages with regular expressions (about a millisecond a page). Pages that differ
only in how many rows of one kind they list, from three on, have the same shape: a row that closes all that it opened
leaves the parser as it found it. Most pages of a new shape certainly have no parse error, which a walk over their tags
finds out in some milliseconds (`plain_html`). html5lib reads the others.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import wraps
from hashlib import blake2b
from html import unescape
from pathlib import Path
from typing import Any

import html5lib
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.test.client import Client

from tests.support import french, once, plain_html

_TAG = re.compile(r"<[^>]*>")
# Each way begins with the same character, for which Python looks quickly.
_SCRIPT = re.compile(r"<(?:!--.*?-->|((script|style|textarea|title)\b[^>]*>).*?</\2>)", re.DOTALL)
_TEMPLATE = re.compile(r"<template\b.*?</template>", re.DOTALL)
_VALUE = re.compile(r"""="[^"]*"|='[^']*'""")
# Attributes that name elements of the page, and whether they name one or several between spaces.
_REFERENCES = {"for", "aria-describedby", "aria-labelledby", "aria-controls", "aria-owns", "list", "form"}
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_ROWS = re.compile(r"(.{1,60}?)\1{2,}", re.DOTALL)  # repeated rows of signs, each of which stands for one tag
# The attributes by which a tag is named, names something or is completed.
_LOOKED_AT = re.compile(rf"""\s(id|href|autocomplete|type|{"|".join(sorted(_REFERENCES))})="([^"]*)\"""")
_TOKEN = re.compile(r' value="[A-Za-z0-9]{64}"')  # the token of forms, which differs from page to page
# The types of input that nothing completes.
_NO_COMPLETION = {"hidden", "checkbox", "radio", "submit", "button", "file"}
# What a tag says by itself: its id, what it names, each with the place, and what is wrong with it.
type _Said = tuple[str | None, list[tuple[str, str]], str]
_UNREAD: Any = object()
TAGS_AT_MOST = 50_000  # the most tags that are kept with what they say; after that, they are kept anew
_said: dict[str, _Said | None] = {}
_seen: set[str] = set()
_valid: set[bytes] = set()  # the digests of whole pages that this process has found valid
# The typography of visitors' pages is checked too (tests/support/french.py). These are pages of the staff.
STAFF = ("/admin/", "/console/", "/levees/", "/unite/", "/compte/", "/ecoute/")


def errors(page: str) -> list[str]:
    """Return what is wrong with this page, or piece of one, each with the text around it; an empty list for a valid
    one.
    """
    return [*parse_errors(page), *_reference_errors(page)]


def _is_whole(page: str) -> bool:
    return page.lstrip()[:9].lower() == "<!doctype"


def parse_errors(page: str) -> Iterator[str]:
    """Yield the errors of html5lib, each with the text around it."""
    parser = html5lib.HTMLParser()
    if _is_whole(page):
        parser.parse(page)
    else:
        parser.parseFragment(page)
    lines = page.replace("\r\n", "\n").split("\n")
    for (line, column), code, values in parser.errors:
        if code == "invalid-codepoint":  # a character that a person typed, shown to them again as it was
            continue
        near = lines[line - 1][max(0, column - 80) : column + 20] if line <= len(lines) else ""
        yield f"{code} {values or ''} at line {line}: …{near.strip()}…"


def _reference_errors(page: str, read: str | None = None, tags: list[str] | None = None) -> Iterator[str]:
    """Yield the errors of the tags alone, without parsing. A `<template>` is no part of the page until a script uses
    it.

    read: what is read of the page (`_markup`), and its tags, if they are known already.
    """
    if read is None:
        read = _markup(page)
    if tags is None or "<template" in read:
        tags = _TAG.findall(_TEMPLATE.sub("", read))
    ids: Counter[str] = Counter()
    named: list[tuple[str, str]] = []
    for tag in tags:
        if (found := _said.get(tag, _UNREAD)) is _UNREAD:
            found = _keep_said(tag)
        if found is None:
            continue
        own, references, wrong = found
        if own is not None:
            ids[own] += 1
        named += references
        if wrong:
            yield wrong
    for own, count in ids.items():
        if count > 1 or not own or " " in own:
            yield f"the id « {own} » stands {count} times"
    if _is_whole(page):  # what a piece names may be in the page around it
        for where, one in named:
            # Widgets of Django's admin name help texts that their page does not always draw.
            if one not in ids and not one.endswith("_helptext"):
                yield f"no element is called « {one} »: {where}"


def _read_tag(tag: str) -> "_Said | None":
    """Return the id of this tag, what it names, each with the place, and what is wrong with it by itself.

    Return None when it names nothing, is named by nothing and has no completion.
    """
    found = _LOOKED_AT.findall(tag)
    if not found:
        return None
    attributes = {name: unescape(value) for name, value in found}
    named = []
    for name in sorted(_REFERENCES & attributes.keys()):
        named += [(f"{name} of {tag[:120]}", one) for one in attributes[name].split()]
    if tag.startswith("<a") and attributes.get("href", "").startswith("#") and attributes["href"] != "#":
        named.append((f"href of {tag[:120]}", attributes["href"][1:]))
    completes = tag.startswith("<input") and "autocomplete" in attributes and attributes.get("type") in _NO_COMPLETION
    return attributes.get("id"), named, f"autocomplete on {tag[:120]}" if completes else ""


def _keep_said(tag: str) -> "_Said | None":
    """Read a tag that was not met before, and keep the result: most tags of a page are also in the next one."""
    if len(_said) >= TAGS_AT_MOST:
        _said.clear()
    found = _said[tag] = _read_tag(tag)
    return found


def _shape(page: str) -> str:
    """Return what decides about the parse errors of a page: its tags in their order, without values."""
    return _digest(_tags(page))


def _markup(page: str) -> str:
    """Return the page without comments and without the texts in which no tag is read."""
    return _SCRIPT.sub(lambda found: f"<{found[1]}" if found[1] else "", page)


def _without_values(tags: list[str]) -> list[str]:
    return _TAG.findall(_VALUE.sub("", "".join(tags)))


def _tags(page: str) -> list[str]:
    return _without_values(_TAG.findall(_markup(page)))


def _digest(tags: list[str]) -> str:
    return blake2b("".join(tags).encode(), digest_size=32).hexdigest()


def _folded(tags: list[str]) -> list[str]:
    """Return the same tags with two rows instead of three or more, where each row closes everything that it opens."""
    kinds = list(dict.fromkeys(tags))
    # One sign for each, and none of them has a meaning in a pattern.
    sign_of = {tag: chr(0x4E00 + number) for number, tag in enumerate(kinds)}

    def fold(run: re.Match[str]) -> str:
        row, count = run[1], len(run[0]) // len(run[1])
        # A run may begin in the middle of what comes before its first row, so look for where rows begin.
        for start in range(len(row)):
            turned = row[start:] + row[:start]
            if _closes_what_it_opens([kinds[ord(sign) - 0x4E00] for sign in turned]):
                return row[:start] + turned * min(2, count - bool(start)) + (row[start:] if start else "")
        return run[0]

    signs = _ROWS.sub(fold, "".join(map(sign_of.__getitem__, tags)))
    return [kinds[ord(sign) - 0x4E00] for sign in signs]


def _closes_what_it_opens(tags: list[str]) -> bool:
    opened = []
    for tag in tags:
        name = tag.strip("</>").split()[0].lower()
        if tag.startswith("</"):
            if not opened or opened.pop() != name:
                return False
        elif not tag.startswith("<!") and name not in _VOID:
            opened.append(name)
    return not opened


def _was_valid(shape: str) -> bool:
    """Return whether any worker of the run has parsed a page of this shape without an error, which a file records."""
    if shape not in _seen:
        if not (once.folder() / "shapes" / shape).exists():
            return False
        _seen.add(shape)
    return True


def _is_valid(shape: str) -> None:
    _seen.add(shape)
    folder = once.folder() / "shapes"
    folder.mkdir(exist_ok=True)
    (folder / shape).touch()


def _keep(page: str, shape: str, where: str) -> None:
    """Leave one whole page of each shape in the folder that `make html` named, and record in its index where it was
    drawn.
    """
    folder = os.environ.get("PNAV_DRAWN")
    if not folder or not _is_whole(page) or any(f" {staff}" in where for staff in STAFF):
        return
    path = Path(folder) / f"{shape}.html"
    if not path.exists():
        path.write_text(page)
        with (Path(folder) / "index").open("a") as index:
            index.write(f"{json.dumps(path.name)}: {json.dumps(where)}\n")


def check(page: str, where: str) -> None:
    """Raise AssertionError when this page has an error.

    A page that differs only in the token of its forms is read once.
    """
    is_of_staff = any(f" {staff}" in where for staff in STAFF)
    digest = blake2b(_TOKEN.sub("", page).encode(), digest_size=32, key=b"staff" if is_of_staff else b"").digest()
    if digest in _valid:
        return
    read = _markup(page)
    written = _TAG.findall(read)
    tags = _without_values(written)
    shape = _digest(tags)
    _keep(page, shape, where)
    wrong = list(_reference_errors(page, read, written))
    if not _was_valid(shape):
        wrong += _errors_of(page, shape, tags)
    if '<html lang="fr"' in page and not is_of_staff:
        wrong += [f"a line can break here: « {piece} »" for piece in french.breakable(page)]
    if wrong:
        raise AssertionError(f"{where} is no valid HTML:\n" + "\n".join(wrong[:20]))
    _valid.add(digest)


def _errors_of(page: str, shape: str, tags: list[str]) -> list[str]:
    """Return the parse errors of a page of a new shape. A shape without errors is not parsed again."""
    if plain_html.is_surely_valid(page):
        _is_valid(shape)
        return []
    if _was_valid(folded := _digest(_folded(tags))):
        return []
    if found := list(parse_errors(page)):
        return found
    _is_valid(shape)
    _is_valid(folded)
    return []


def watch() -> None:
    """Check, from now on, every page with which the test client is answered."""
    Client.request = _checked(Client.request)  # type: ignore[method-assign]


def _checked(request: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(request)
    def checked(self: Client, **asked: Any) -> HttpResponseBase:
        answer = request(self, **asked)
        # Compressed pages are skipped: the same views draw them, and other tests ask for them uncompressed.
        is_plain = "Content-Encoding" not in answer.headers
        if is_plain and answer.headers.get("Content-Type", "").startswith("text/html"):
            where = f"{asked.get('REQUEST_METHOD', 'GET')} {asked.get('PATH_INFO', '')} ({answer.status_code})"
            if isinstance(answer, HttpResponse) and not answer.streaming:
                if answer.content:
                    check(answer.content.decode(answer.charset), where)
            else:
                answer.streaming_content = _read(answer.streaming_content, where)
        return answer

    return checked


def _read(pieces: Any, where: str) -> Iterator[bytes]:
    """Check a page that is sent in pieces when the last piece was read."""
    taken: list[bytes] = []
    for piece in pieces:
        taken.append(piece)
        yield piece
    check(b"".join(taken).decode(), where)

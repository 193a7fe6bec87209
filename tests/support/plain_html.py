"""Recognises, in some milliseconds, pages that certainly have no parse error.

html5lib takes 40 to 100 ms for a page, because it reads whatever a browser reads. Most of our pages need little of
that: each element is closed by its own tag, in order, and is where it may be. The parser of the standard finds no error
in these. `is_surely_valid` follows them with a stack. It leaves whatever it is not sure of (an omitted tag, a table, an
element that it does not know) to html5lib: False says nothing. `tests/test_plain_html.py` compares it with html5lib,
with every kind of element and with tags that were removed, doubled, exchanged and moved.
"""

import re
from html.entities import html5

_NAME = r"[a-z][a-z0-9-]*"
# What a text or a value may hold: no bare `&` except before a space, and no character that the standard refuses.
_REFERENCE = r"&(?:[a-zA-Z][a-zA-Z0-9]*;|#[0-9]{2,6};|#x[0-9a-fA-F]{2,5};|(?=[ \t\n]))"
_SIGN = r"[^<>&\"\x00-\x08\x0b-\x1f\x7f-\x9f]"
_VALUE = rf'"(?:{_SIGN}|[<>]|{_REFERENCE})*+"'
_QUOTED = _VALUE.replace('"', "'").replace("[<>]", '[<>"]')
_ATTRIBUTE = rf"[ \t\n]+([a-zA-Z_@:][a-zA-Z0-9_.:@-]*)(?:={_VALUE}|={_QUOTED}|=[a-zA-Z0-9_.-]+)?"
_PIECE = re.compile(
    rf"(?P<text>(?:{_SIGN}|[>\"]|{_REFERENCE})++)"
    rf"|<(?P<start>{_NAME})(?P<attributes>(?:{_ATTRIBUTE})*+)[ \t\n]*(?P<closed>/?)>"
    rf"|</(?P<end>{_NAME})[ \t\n]*>"
    r"|<!--(?!-?>)(?P<comment>(?:[^-\x00]|-(?!-))*+)-->"
)
_ATTRIBUTES = re.compile(_ATTRIBUTE)
_ENTITIES = re.compile(r"&([a-zA-Z][a-zA-Z0-9]*;)")
_NUMBERS = re.compile(r"&#(?:([0-9]{2,6})|x([0-9a-fA-F]{2,5}));")
_DOCTYPE = re.compile(r"\s*<!doctype html>", re.IGNORECASE)


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_VOID = _names("area base br col embed hr img input link meta source track wbr")
_HEAD = _names("base link meta")
_RAW = _names("iframe script style textarea title")
# Elements that end an open paragraph.
_BLOCKS = _names(
    """address article aside blockquote details dialog div dl fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6
    header hgroup hr li main menu nav ol p pre search section summary ul dt dd"""
)
_HEADINGS = _names("h1 h2 h3 h4 h5 h6")
# Elements that may contain each other in any order. `a`, `button` and `form` may not contain one of their own kind.
_INLINE = _names(
    """a abbr audio b bdi bdo button canvas cite code data datalist del dfn em i ins kbd label legend mark meter
    noscript output picture progress q s samp small span strong sub sup time u var video template"""
)
_ALONE = _names("a button form")
# The parents in which these may stand. Tables and lists of choices may contain only these, with blanks between them.
_PARENTS = {
    "li": ("ul", "ol", "menu"), "dt": ("dl",), "dd": ("dl",), "caption": ("table",), "thead": ("table",),
    "tbody": ("table",), "tfoot": ("table",), "tr": ("thead", "tbody", "tfoot", "table"), "td": ("tr",), "th": ("tr",),
    "option": ("select", "optgroup", "datalist"), "optgroup": ("select",),
}  # fmt: skip
_CHILDREN = {
    "table": ("caption", "thead", "tbody", "tfoot", "tr"), "thead": ("tr",), "tbody": ("tr",), "tfoot": ("tr",),
    "tr": ("td", "th"), "select": ("option", "optgroup"), "optgroup": ("option",), "option": (),
    "datalist": ("option",),
}  # fmt: skip
_BLANK_ONLY = _names("table thead tbody tfoot tr select optgroup")
_DRAWING = _names(
    """circle clippath defs ellipse g line lineargradient marker mask path pattern polygon polyline rect stop symbol
    text tspan use"""
)


def _is_plain(text: str) -> bool:
    """Return whether each reference names a character, one that the standard allows."""
    if "&" not in text:
        return True
    return all(name in html5 for name in _ENTITIES.findall(text)) and all(
        31 < (number := int(decimal or hexadecimal, 10 if decimal else 16)) < 0xD800 and not 126 < number < 160
        for decimal, hexadecimal in _NUMBERS.findall(text)
    )


def is_surely_valid(page: str) -> bool:
    """Return whether the standard's parser finds no error in this page, or piece of one; False when that is not
    sure."""
    page = page.replace("\r\n", "\n")
    doctype = _DOCTYPE.match(page)
    if doctype is None:
        return _follow(page, 0, ["body"]) == ["body"]
    return _follow(page, doctype.end(), []) == []


def _follow(page: str, at: int, stack: list[str]) -> list[str] | None:
    """Return the elements that are open at the end; None when something is not sure. A whole page begins without
    any."""
    is_whole, parts = not stack, []  # parts: html, head and body of a whole page, in the order in which they came
    drawing = 0  # how deep the open drawing is; 0: none is open
    while at < len(page):
        found = _PIECE.match(page, at)
        if found is None:
            return None
        at = found.end()
        top = stack[-1] if stack else ""
        if (text := found["text"]) is not None:
            if not text.isspace() and (top in _BLANK_ONLY or top in {"", "html", "head"} or not _is_plain(text)):
                return None
            if not text.isspace() and (top in {"ul", "ol", "dl"} or stack[-2:] == ["head", "noscript"]):
                return None
        elif (end := found["end"]) is not None:
            if end != top or (end == "html" and parts != ["html", "head", "body"]):
                return None
            stack.pop()
            if drawing > len(stack):
                drawing = 0
            if not is_whole and not stack:
                return None
        elif (name := found["start"]) is not None:
            attributes = found["attributes"]
            if attributes:
                names = _ATTRIBUTES.findall(attributes)
                if len({one.lower() for one in names}) < len(names) or not _is_plain(attributes):
                    return None
            if drawing:
                if name not in _DRAWING and name != "title":
                    return None
                if "title" in stack[drawing:]:
                    return None
                if not found["closed"]:
                    stack.append(name)
                continue
            if name == "svg":
                if not stack or top in _CHILDREN or top in {"html", "head", "ul", "ol", "dl"} or found["closed"]:
                    return None
                stack.append(name)
                drawing = len(stack)
                continue
            if found["closed"] and name not in _VOID:
                return None
            if not stack or top == "html":
                if not is_whole or name not in {"html", "head", "body"} or (name == "html") != (not stack):
                    return None
                parts.append(name)
                if parts != ["html", "head", "body"][: len(parts)]:
                    return None
                stack.append(name)
                continue
            if top == "head":
                if name not in _HEAD and name not in {"script", "style", "title", "noscript"}:
                    return None
            elif stack[-2:] == ["head", "noscript"]:
                if name not in {"link", "meta", "style"}:
                    return None
            elif not _may_stand(name, stack):
                return None
            if name in _RAW:
                closing = page.find(f"</{name}>", at)
                inside = page[at:closing]
                if closing < 0 or "<!--" in inside or re.search(rf"</{name}", inside, re.IGNORECASE):
                    return None
                if "\x00" in inside or (name in {"textarea", "title"} and not _is_plain_text(inside)):
                    return None
                at = closing + len(f"</{name}>")
            elif name not in _VOID:
                stack.append(name)
    return stack


def _is_plain_text(text: str) -> bool:
    """Return whether a text in which no tag is read is correct."""
    return re.fullmatch(rf"(?:{_SIGN}|[<>\"]|{_REFERENCE})*+", text) is not None and _is_plain(text)


def _may_stand(name: str, stack: list[str]) -> bool:
    """Return whether this element of a body opens where it stands, without ending another one or being moved by the
    parser.
    """
    top = stack[-1]
    allowed = _CHILDREN.get(top)
    if allowed is not None and name not in allowed:
        return False
    parents = _PARENTS.get(name)
    is_apart = (name == "li" and top == "template" and "li" not in stack) or (
        name in {"dt", "dd"} and stack[-2:] == ["dl", "div"]
    )
    if parents is not None and top not in parents and not is_apart:
        return False
    if top in {"ul", "ol"} and name not in {"li", "script", "template"}:
        return False
    if top == "dl" and name not in {"dt", "dd", "div"}:
        return False
    if (name in _BLOCKS and "p" in stack) or (name in _HEADINGS and top in _HEADINGS):
        return False
    if name in _ALONE and name in stack:
        return False
    if (name == "table" and "p" in stack) or (name == "select" and "select" in stack):
        return False
    if name in {"base", "embed", "col"}:
        return False
    return (
        name in _BLOCKS
        or name in _INLINE
        or name in _VOID
        or name in _PARENTS
        or name in {"iframe", "script", "style", "textarea", "select", "table"}
    )

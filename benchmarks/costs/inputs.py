"""The worst input of each kind, in three sizes, for every field that any page reads.

The names of fields are not listed here. They are found: those of the forms, and those that the code reads from a
request by name.
"""

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import batched
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("chat", "reports", "triage", "locations", "pnav", "common")
MAX_BODY = 4000  # the most characters of a message (docs/protocol.md)
SIZES = (1000, 2000, 4000)
IN_AN_ADDRESS = 5_000  # bytes: a server reads a request line of up to 16 KiB, and three of these are in it

# Long runs of one sign without a separator, and the signs with which people type.
SIGNS: Mapping[str, str] = {
    "latin": "x",
    "accents": "é",
    "emoji": "🙂",
    "CJK": "語",
    "combining": "e\u0301",
    "bidi": "\u202ea",
    "zero width": "a\u200b",
    "dots": "a.",
    "markup": "<&\"'",
    "lines": "x\n",
    "words": "mot ",
}


FEW_SIGNS = ("latin", "emoji", "bidi")
# Each of these fills every name that any page reads, as many at once as a form may have. The others are tried one by
# one where texts are read.
MANY_SIGNS = ("latin", "accents", "emoji", "combining", "bidi", "dots", "markup")
FIELDS_AT_ONCE = 225  # below `settings.DATA_UPLOAD_MAX_NUMBER_FIELDS`, with room for the fields of a right form


def run(sign: str, length: int) -> str:
    """Return `length` characters of this sign, repeated."""
    return (SIGNS[sign] * length)[:length]


class Request(NamedTuple):
    """What is sent: in the address, in cookies, or in the body (a form, JSON, or the parts of a multipart)."""

    query: Mapping[str, str] = {}
    cookies: Mapping[str, str] = {}
    form: Mapping[str, str] | None = None
    body: bytes = b""
    content_type: str = ""
    headers: Mapping[str, str] = {}


def length(request: Request) -> int:
    """Return about how many characters it holds."""
    texts = [*request.query.values(), *request.cookies.values(), *(request.form or {}).values()]
    return len(request.body) + sum(map(len, texts))


class Kind(NamedTuple):
    """One kind of input in three sizes: n, 2n, 4n."""

    name: str
    requests: tuple[Request, Request, Request]


@cache
def names_read() -> tuple[str, ...]:
    """Return every name that the code takes from `request.GET` or `request.POST`, and that of every field of every
    form.
    """
    found: set[str] = set()
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts:
                found |= set(_names(ast.parse(path.read_text())))
    return tuple(sorted(found))


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="get" | "getlist", value=ast.Attribute(attr="GET" | "POST")),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield name
            case ast.Subscript(value=ast.Attribute(attr="GET" | "POST"), slice=ast.Constant(value=str(name))):
                yield name
            case ast.Compare(left=ast.Constant(value=str(name)), comparators=[ast.Attribute(attr="GET" | "POST")]):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Attribute(attr=kind))) if (
                kind.endswith("Field")
            ):
                yield name


@cache
def parts_read() -> tuple[dict[str, str], ...]:
    """Return a query for each part of a page that the code compares `partie` with, such as `?partie=offres`.

    Each also has every name whose presence alone is asked, because a name may add something to one part only.
    """
    parts: set[str] = set()
    present: set[str] = set()
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                match node:
                    case ast.Compare(
                        left=ast.Call(
                            func=ast.Attribute(value=ast.Attribute(attr="GET")), args=[ast.Constant("partie")]
                        ),
                        comparators=[ast.Constant(value=str(part))],
                    ):
                        parts.add(part)
                    case ast.Compare(
                        left=ast.Constant(value=str(name)), ops=[ast.In()], comparators=[ast.Attribute(attr="GET")]
                    ):
                        present.add(name)
    return tuple({"partie": part, **dict.fromkeys(sorted(present), "")} for part in sorted(parts))


IN_EACH_MESSAGE = "mot"  # a word of every message of a growing world (`situation.grow`)

# Valid forms of addresses without a key. Those with a key are in `tests.access.test_routes.BY_KEY`.
RIGHT: Mapping[str, Mapping[str, str]] = {
    "chat:message": {"client_id": "00000000-0000-0000-0000-00000000000b", "body": "x"},
    "chat:draft": {"body": "x", "to": "/tchat/code/"},
    "chat:resume": {"code": "x"},
    "pages:feedback": {"rating": "yes", "page": "other", "text": "x"},
    "pages:removal_request": {
        "platform": "other",
        "who": "adult",
        "step": "write",
        "name": "x",
        "addresses": "x",
        "account": "x",
        "period": "x",
        "description": "x",
        "reasons": "x",
        "steps": "x",
    },
    "pages:display_settings": {"theme": "dark", "language": "fr", "next": "x"},
    "locations:search": {"q": "x"},
    "locations:suggestions": {"q": "x"},
    "reports:create": {"name": "x", "contact": "x", "other": "x"},
    "account_login": {"login": "x", "password": "x"},
    "console:replies": {"title": "x", "vous": "x", "tu": "x"},
    "console:debrief": {"words": "x"},
    "console:word_search": {"mots": IN_EACH_MESSAGE},
    "admin:triage_questionnaireversion_document": {"document": "x"},
    "admin:accounts_user_import": {"text": "x"},
}
SEARCHES = ("console:word_search",)  # forms whose cost grows with what there is to look through
# Values in valid forms that stand for a text that somebody typed.
TYPED = {"x", "essai", "Bonjour", "vu", "non", IN_EACH_MESSAGE}


def typed(method: str, right: Mapping[str, str], *, is_first: bool = True) -> Iterator[Kind]:
    """Yield the kinds of text for one address.

    right: a form that it accepts, with a word where a text is typed. is_first: whether it is the first such form of
    this address; the others are tried with a few signs.
    """
    names = names_read()
    if right:
        yield Kind("a right form", _three([Request(form=right)] * 3))
    for sign in SIGNS if is_first else FEW_SIGNS:
        if method == "GET":
            few = ("q", "avant", "apres", "next", "partie")
            each = IN_AN_ADDRESS // (3 * len(few) * max(1, len(run(sign, 100).encode()) // 100))
            queries = [{name: run(sign, each * part // 4) for name in few} for part in (1, 2, 4)]
            yield Kind(f"{sign} in few", _three([Request(query=one) for one in queries]))
            if sign not in MANY_SIGNS:
                continue
            # All names together, each as long as a request line allows.
            each = max(4, IN_AN_ADDRESS // (3 * len(names) * max(1, len(run(sign, 100).encode()) // 100)))
            some = names[: 12_000 // (each * 3 * max(1, len(run(sign, 100).encode()) // 100) + 14)]
            queries = [{name: run(sign, each * part // 4) for name in some} for part in (1, 2, 4)]
            yield Kind(sign, _three([Request(query=one) for one in queries]))
            continue
        texts = [key for key, value in right.items() if value in TYPED]
        if texts:
            filled = [{**right, **{key: run(sign, size) for key in texts}} for size in SIZES]
            yield Kind(f"{sign} in a right form", _three([Request(form=one) for one in filled]))
        if not is_first or sign not in MANY_SIGNS:
            continue
        # Every name that any page reads, half of them at once: 12,000 characters together, three times the longest
        # message.
        for part, some in enumerate(batched(names, FIELDS_AT_ONCE, strict=False), 1):
            every = [{**{name: run(sign, size * 3 // len(some)) for name in some}, **right} for size in SIZES]
            yield Kind(f"{sign} in all fields ({part})", _three([Request(form=one) for one in every]))


# What names an exchange beside `partie`, and adds something to a part only for whoever answers that exchange.
NAMES_AN_EXCHANGE = "demander"


def shaped(method: str, exchange: str = "") -> Iterator[Kind]:
    """Yield requests with many of something (fields, cookies, parts, levels), and those for a part of a page.

    exchange: the public id of one that the agent answers.
    """
    if method == "GET":
        yield Kind("fields", _three([Request(query={f"a{n}": "1" for n in range(size)}) for size in (200, 400, 800)]))
        for query in parts_read():
            whole = {**query, NAMES_AN_EXCHANGE: exchange}
            yield Kind(f"the part {query['partie']}", _three([Request(query=whole)] * 3))
    yield Kind("cookies", _three([Request(cookies={f"c{n}": "x" for n in range(size)}) for size in (200, 400, 800)]))
    if method == "POST":
        yield Kind("fields", _three([Request(form={f"a{n}": "1" for n in range(size)}) for size in (60, 120, 240)]))
        yield Kind("parts", _three([_multipart(size) for size in (60, 120, 240)]))
        yield Kind("too many", _three([_multipart(size) for size in (300, 600, 1200)]))
        yield Kind("a field of", _three([Request(form={"body": "x" * size}) for size in (60_000, 120_000, 240_000)]))
        # The longest request that a page of ours sends: a draft.
        yield Kind(
            "a draft of emoji", _three([Request(form={"body": "🙂" * size}) for size in (5_000, 10_000, 20_000)])
        )
        yield Kind("percent", _three([_percent(size) for size in (20_000, 40_000, 80_000)]))


def frames(kind: str, fields: Mapping[str, Any]) -> Iterator[Kind]:
    """Yield a frame of this type with its text at its worst, then JSON that is deep, wide, or long."""
    if "body" in fields:
        for sign in SIGNS:
            yield Kind(sign, _three([_json({"type": kind, **fields, "body": run(sign, size)}) for size in SIZES]))
    for shape, opening, closing in (("deep lists", "[", "]"), ("deep objects", '{"a":', "}")):
        deep = [f'{{"type":"{kind}","a":{opening * size}1{closing * size}}}' for size in (225, 450, 900)]
        yield Kind(shape, _three([Request(body=text.encode(), content_type="application/json") for text in deep]))
    yield Kind(
        "keys", _three([_json({"type": kind, **{f"k{n}": 1 for n in range(size)}}) for size in (400, 800, 1600)])
    )
    yield Kind("numbers", _three([_json({"type": kind, "a": [1] * size}) for size in (2000, 4000, 8000)]))


def _json(value: Mapping[str, Any]) -> Request:
    return Request(body=json.dumps(value, ensure_ascii=False).encode(), content_type="application/json")


def _multipart(parts: int) -> Request:
    part = '--b\r\nContent-Disposition: form-data; name="a{}"\r\n\r\nx\r\n'
    text = "".join(part.format(number) for number in range(parts)) + "--b--\r\n"
    return Request(body=text.encode(), content_type="multipart/form-data; boundary=b")


def sheets(unit: str) -> Iterator[Kind]:
    """Yield a file of accounts: as many valid lines as may be, then an invalid line as long as may be. unit: an
    existing unit.
    """
    yield Kind("right lines", _three([_sheet(_accounts(unit, lines)) for lines in (125, 250, 500)]))
    yield Kind("too many lines", _three([_sheet(_accounts(unit, lines)) for lines in (600, 1200, 2400)]))
    for name, part in {"latin": "x", "emoji": "🙂", "separators": ";", "quotes": '"', "lines": "\n"}.items():
        sizes = [size // len(part.encode()) for size in (49_000, 98_000, 196_000)]
        yield Kind(f"a file of {name}", _three([_sheet(part * size) for size in sizes]))


def _accounts(unit: str, lines: int) -> str:
    titles = "nom;prenom;role;unite;force;nom_affiche\n"
    return titles + "".join(f"Nom{n};Prénom;agent;{unit};police;Agent {n}\n" for n in range(lines))


def _sheet(text: str) -> Request:
    part = '--b\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n{}\r\n'
    parts = part.format("sheet", '; filename="a.csv"', text) + part.format("create", "", "1")
    return Request(body=f"{parts}--b--\r\n".encode(), content_type="multipart/form-data; boundary=b")


def captures() -> Iterator[Kind]:
    """Yield a file in a plain form: one that begins like an image, in several lengths, and one that begins like no
    accepted kind.
    """
    png = b"\x89PNG\r\n\x1a\n"
    yield Kind("an image", _three([_capture(png + bytes(size)) for size in (3_500_000, 7_000_000, 14_000_000)]))
    yield Kind("no image", _three([_capture(b"<svg>" + b"a" * size) for size in (3_500_000, 7_000_000, 14_000_000)]))


SLICES = (60 * 1024, 120 * 1024, 240 * 1024)  # bytes; the last is `common.sealed_files.chunks.CHUNK_BYTES`


def slices(keys: Iterable[str]) -> Iterator[Kind]:
    """Yield what the script of the page sends. keys: files that were begun, one for each size of SLICES."""
    heads = [_json({"id": NEW_FILE, "size": 1, "name": "é" * (size // 2)}) for size in (1_000, 2_000, 4_000)]
    yield Kind("the head of a file", _three(heads))
    png = b"\x89PNG\r\n\x1a\n"
    yield Kind(
        "a slice",
        _three([_slice(key, png + bytes(size - len(png))) for key, size in zip(keys, SLICES, strict=True)]),
    )
    yield Kind("a slice of nothing", _three([_slice(NEW_FILE, bytes(size)) for size in SLICES]))


NEW_FILE = "00000000-0000-0000-0000-0000000000f1"


def _slice(key: str, content: bytes) -> Request:
    headers = {"Upload-Id": key, "Upload-Offset": "0"}
    return Request(body=content, content_type="application/octet-stream", headers=headers)


def _capture(content: bytes) -> Request:
    head = b'--b\r\nContent-Disposition: form-data; name="act"\r\n\r\nsend\r\n'
    part = b'--b\r\nContent-Disposition: form-data; name="capture"; filename="a.png"\r\n\r\n'
    file = part + content + b"\r\n--b--\r\n"
    return Request(body=head + file, content_type="multipart/form-data; boundary=b")


def _percent(signs: int) -> Request:
    return Request(body=b"a=" + b"%C3%A9"[:3] * signs, content_type="application/x-www-form-urlencoded")


def _three(requests: list[Request]) -> tuple[Request, Request, Request]:
    first, second, third = requests
    return first, second, third

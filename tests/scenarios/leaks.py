"""Searches for marked words in whatever was left somewhere, in the forms in which a machine may have stored them.

Every mark begins with STEM, which nothing else contains, so the stem is searched for.
"""

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from urllib.parse import quote

STEM = "Zqwxjkvbz"  # only letters, which nothing escapes, and which code that changes the case of a text keeps


def mark(place: str) -> str:
    """Return a word for this place: « Zqwxjkvbz-place »."""
    return f"{STEM}-{place}"


def _base64(word: bytes) -> Iterator[bytes]:
    """Yield the same bytes inside a longer text, at each of the three offsets: only whole groups of it are there."""
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + word + b"\0" * 3)
        first = -(-before * 8 // 6) if before else 0
        yield coded[first : first + (len(word) * 8 - (first * 6 - before * 8)) // 6]


def forms(word: str) -> dict[bytes, str]:
    """Return what to look for, and in which form that is."""
    found: dict[bytes, str] = {}
    for case, text in {"as typed": word, "lower": word.lower(), "upper": word.upper()}.items():
        for name, raw in {
            "utf-8": text.encode(),
            "utf-16-le": text.encode("utf-16-le"),
            "utf-16-be": text.encode("utf-16-be"),
            "reversed": text[::-1].encode(),
            "url": quote(text, safe="").encode(),
            "each escaped in a url": "".join(f"%{byte:02X}" for byte in text.encode()).encode(),
            "escaped in json": "".join(f"\\u{ord(letter):04x}" for letter in text).encode(),
        }.items():
            found.setdefault(raw, f"{name}, {case}")
        for raw in (text.encode(), text.encode("utf-16-le")):
            found.setdefault(binascii.hexlify(raw), f"hexadecimal, {case}")
            found.setdefault(binascii.hexlify(raw).upper(), f"hexadecimal, {case}")
            for coded in _base64(raw):
                found.setdefault(coded, f"base64, {case}")
    return found


def find(blob: bytes, words: list[str]) -> list[str]:
    """Return where the words are in this blob: their form, and what stands around them."""
    found = []
    for word in words:
        for raw, form in forms(word).items():
            at = blob.find(raw)
            if at >= 0:
                around = blob[max(0, at - 60) : at + len(raw) + 80]
                found.append(f"{word} ({form}): …{around!r}…")
    return found


def unpacked(blob: bytes) -> Iterator[bytes]:
    """Yield what a blob holds compressed: every zlib or gzip stream that opens."""
    for match in re.finditer(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08", blob):
        opener = zlib.decompressobj(47)
        try:
            text = opener.decompress(blob[match.start() : match.start() + 1_000_000], 4_000_000)
        except zlib.error:
            continue
        if text:
            yield text


def decoded(blob: bytes) -> Iterator[bytes]:
    """Yield what stands in a blob as base64 of 40 characters or more."""
    for match in re.finditer(rb"[A-Za-z0-9+/_-]{40,}={0,2}", blob):
        text = match.group().replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
        text = text[: len(text) - (len(text) % 4 == 1)]
        yield base64.b64decode(text + b"=" * (-len(text) % 4))


def find_everywhere(blob: bytes, words: list[str]) -> list[str]:
    """Return what `find` finds, also in what is compressed, coded, or compressed and then coded, inside."""
    found = find(blob, words)
    inner = list(unpacked(blob))
    for text in decoded(blob):
        inner += [text, *unpacked(text)]
    for text in inner:
        found += [f"packed: {one}" for one in find(text, words)]
    return found

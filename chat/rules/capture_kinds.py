"""This module tells the kind of a file by its first bytes, whatever its name and what a browser says of it. Pure.

It is for one purpose: whoever sends a file of another kind is told at once, before all of it is sent. It proves
nothing, because a file that begins like an image may hold anything. `common.offload.drawing` decides that by drawing
it.
"""

from enum import StrEnum


class FileKind(StrEnum):
    """These are the kinds of files that are accepted."""

    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"
    HEIC = "heic"
    GIF = "gif"
    PDF = "pdf"


HEAD_BYTES = 16
# The brands of HEVC images, single or in a sequence (ISO/IEC 23008-12). AVIF is another codec, and is not accepted.
HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})


def label_of_kind(kind: str) -> str:
    """Return a kind of file as people write it: « JPEG », « WebP ».

    kind: as it is stored: a value of FileKind, that of a later version, or "" (then the label is empty too).
    """
    return {FileKind.WEBP.value: "WebP"}.get(kind, kind.upper())


def kind_of(head: bytes) -> FileKind | None:
    """Return the kind of a file by its beginning; None for a kind that is not accepted.

    head: its first HEAD_BYTES bytes, or all of a shorter file.
    """
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return FileKind.PNG
    if head.startswith(b"\xff\xd8\xff"):
        return FileKind.JPEG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return FileKind.GIF
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return FileKind.WEBP
    if head[4:8] == b"ftyp" and head[8:12] in HEIC_BRANDS:
        return FileKind.HEIC
    if head.startswith(b"%PDF-"):
        return FileKind.PDF
    return None

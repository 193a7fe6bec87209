"""Tells what a file is by its first bytes: neither its name nor what a browser says of it counts. Pure.

Said so early for one reason: who sends something else is told at once, before all of it was sent. It is no proof: a
file that begins as an image may be anything (`common.offload.drawing` draws it, or does not).
"""

from enum import StrEnum


class FileKind(StrEnum):
    """The kinds that are taken. Values are said on screen, in capitals, as people know them."""

    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"
    HEIC = "heic"
    GIF = "gif"
    PDF = "pdf"

    @property
    def label(self) -> str:
        """The kind of file as people write it: « JPEG », « WebP »."""
        return {"webp": "WebP"}.get(self.value, self.value.upper())


HEAD_BYTES = 16
# ISO/IEC 23008-12: the brands of images of HEVC, alone or in a sequence. AVIF is another codec, and is not taken.
HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})


def kind_of(head: bytes) -> FileKind | None:
    """The kind of a file that begins so; None for what is not taken. head: its first HEAD_BYTES, or all of it."""
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

"""The kind of a file by its first bytes: each accepted kind, and files that resemble it."""

import pytest

from chat.rules.capture_kinds import HEAD_BYTES, FileKind, kind_of, label_of_kind

HEADS = [
    (b"\x89PNG\r\n\x1a\n", FileKind.PNG, "PNG"),
    (b"\xff\xd8\xff\xe0", FileKind.JPEG, "JPEG"),
    (b"GIF87a", FileKind.GIF, "GIF"),
    (b"GIF89a", FileKind.GIF, "GIF"),
    (b"RIFF\x10\x00\x00\x00WEBP", FileKind.WEBP, "WebP"),
    *(
        (b"\x00\x00\x00\x18ftyp" + brand, FileKind.HEIC, "HEIC")
        for brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
    ),
    (b"%PDF-1.7", FileKind.PDF, "PDF"),
]


@pytest.mark.parametrize(("head", "kind", "label"), HEADS)
def test_kind_is_told_by_the_first_bytes(head: bytes, kind: FileKind, label: str):
    assert kind_of(head.ljust(HEAD_BYTES, b"\x00")) is kind and kind_of(head) is kind
    assert label_of_kind(kind.value) == label
    assert kind_of(b"\x00" + head) is None, "one byte later it is nothing"
    assert kind_of(head[:-1]) is None or head[:-1].startswith((b"\xff\xd8\xff", b"%PDF-"))


@pytest.mark.parametrize(
    "head",
    [
        b"", b"RIFF\x10\x00\x00\x00WAVE", b"XXXX\x10\x00\x00\x00WEBP", b"\x00\x00\x00\x18ftypavif",
        b"\x00\x00\x00\x18xxxxheic", b"GIF88a", b"<svg xmlns=", b"PK\x03\x04",
    ],
)  # fmt: skip
def test_what_is_not_taken_is_no_kind(head: bytes):
    assert kind_of(head) is None

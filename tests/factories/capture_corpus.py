"""Files that are made to harm their reader, and harmless ones. They are made here, so that no bad file is in the
repository.

`corpus()` yields (name, kind by its first bytes, bytes); `is_drawn` says what is expected of each.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

SECRET_PLACE = "12 rue des Lilas, 59000 Lille"  # a place in EXIF, where nobody lives
SCRIPT = b"<script>alert(document.cookie)</script>"


@dataclass(frozen=True, slots=True)
class Sample:
    """A file to send.

    kind: one of `chat.rules.capture_kinds`, None for a file that is refused at its first slice. is_drawn: whether
    pictures are made of it.
    """

    name: str
    kind: str | None
    content: bytes
    is_drawn: bool


def _saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_that_says(width: int, height: int, data: bytes = b"", *, bits: int = 1, colours: int = 0) -> bytes:
    """Return a PNG whose head names this size, whatever follows it. colours: 0 for grey, 6 for colours with alpha."""
    head = struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0)
    body = zlib.compress(data or b"\0" * 64)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def png_of_colour(width: int, height: int) -> bytes:
    """Return a PNG of this size with one half transparent colour, which is small however large the size is."""
    row = b"\0" + bytes((200, 30, 30, 128)) * width
    return png_that_says(width, height, row * height, colours=6, bits=8)


def bomb() -> bytes:
    """Return 20 kB that are 25,000 × 25,000 pixels once they are decoded: 625 million, 78 MB at one bit each."""
    row = b"\0" * (1 + 25_000 // 8)
    return png_that_says(25_000, 25_000, row * 6_400)


def gif_of(frames: int) -> bytes:
    """Return an animation that never ends; only its first frame is looked at."""
    one = _saved(Image.new("P", (16, 16), 3), "GIF")
    # The frames begin after the head and its table of colours.
    start = 13 + (3 * 2 ** ((one[10] & 7) + 1) if one[10] & 0x80 else 0)
    endless = b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
    return one[:start] + endless + one[start:-1] * frames + b";"


def jpeg_with_place() -> bytes:
    """Return a photograph that says where it was taken, and that has to be turned by a quarter."""
    exif = Image.Exif()
    exif[0x010E] = SECRET_PLACE  # ImageDescription
    exif[0x0112] = 6  # Orientation: turned by 90° clockwise when shown
    exif[0x8825] = {1: "N", 2: (50.0, 37.0, 45.0), 3: "E", 4: (3.0, 3.0, 26.0)}
    return _saved(Image.new("RGB", (40, 20), "green"), "JPEG", exif=exif, comment=SECRET_PLACE.encode())


def pdf(body: bytes = b"BT /F1 18 Tf 10 40 Td (Bonjour) Tj ET", *, catalogue: bytes = b"", pages: int = 1) -> bytes:
    """Return a document with this number of pages and this text in its catalogue."""
    kids = b" ".join(b"%d 0 R" % (10 + number) for number in range(pages))
    parts = [
        b"1 0 obj<</Type/Catalog/Pages 2 0 R%s>>endobj" % catalogue,
        b"2 0 obj<</Type/Pages/Kids[%s]/Count %d>>endobj" % (kids, pages),
        b"4 0 obj<</Length %d>>stream\n%s\nendstream endobj" % (len(body), body),
        b"5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj",
    ]
    page = b"%d 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R%s>>endobj"
    fonts = b"/Resources<</Font<</F1 5 0 R>>>>"
    parts += [page % (10 + number, fonts) for number in range(pages)]
    return b"%PDF-1.4\n" + b"\n".join(parts) + b"\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def pdf_with_script() -> bytes:
    return pdf(catalogue=b"/OpenAction<</S/JavaScript/JS(app.launchURL\\('https://exemple.invalid'\\))>>")


def pdf_with_huge_page() -> bytes:
    return pdf().replace(b"[0 0 200 100]", b"[0 0 2000000 2000000]")


def corpus() -> Iterator[Sample]:
    """Yield all samples."""
    small = Image.new("RGB", (12, 8), "red")
    whole = _saved(small, "PNG")
    jpeg = _saved(Image.effect_noise((64, 64), 80).convert("RGB"), "JPEG")
    yield Sample("image.png", "png", whole, True)
    yield Sample("photo.jpg", "jpeg", jpeg, True)
    yield Sample("image.webp", "webp", _saved(small, "WEBP"), True)
    yield Sample("image.gif", "gif", _saved(small, "GIF"), True)
    yield Sample("document.pdf", "pdf", pdf(), True)
    yield Sample("transparent.png", "png", _saved(Image.new("RGBA", (12, 8), (0, 0, 0, 0)), "PNG"), True)
    yield Sample("palette.png", "png", _saved(small.convert("P"), "PNG"), True)
    yield Sample("encre.jpg", "jpeg", _saved(small.convert("CMYK"), "JPEG"), True)
    yield Sample("lieu.jpg", "jpeg", jpeg_with_place(), True)
    yield Sample("sans-fin.gif", "gif", gif_of(40_000), True)
    yield Sample("capture-longue.png", "png", _saved(Image.new("L", (40, 2_600), 90), "PNG"), True)
    yield Sample("extension-fausse.pdf", "png", whole, True)
    yield Sample("deux-a-la-fois.png", "png", whole + pdf() + b"PK\x03\x04" + SCRIPT, True)
    yield Sample("script.pdf", "pdf", pdf_with_script(), True)
    yield Sample("pages.pdf", "pdf", pdf(pages=25), True)
    yield Sample("bombe.png", "png", bomb(), False)
    yield Sample("cent-mille.png", "png", png_that_says(100_000, 100_000), False)
    yield Sample("nulle.png", "png", png_that_says(0, 0), False)
    yield Sample("coupee.jpg", "jpeg", jpeg[: len(jpeg) // 3], False)
    yield Sample("coupee.png", "png", whole[:40], False)
    yield Sample("tete-seule.gif", "gif", b"GIF89a", False)
    yield Sample("page-immense.pdf", "pdf", pdf_with_huge_page(), False)
    yield Sample("sans-page.pdf", "pdf", b"%PDF-1.7\n" + b"\0" * 50, False)
    yield Sample("faux.heic", "heic", b"\0\0\0\x18ftypheic" + b"\0" * 100, False)
    yield Sample("vide.png", None, b"", False)
    yield Sample("page.png", None, SCRIPT, False)
    yield Sample("dessin.svg", None, b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", False)
    yield Sample("programme.png", None, b"MZ\x90\0" + b"\0" * 60, False)
    yield Sample("archive.pdf", None, b"PK\x03\x04" + pdf(), False)

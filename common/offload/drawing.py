"""This is the job that draws an uploaded file as plain WebP images. It runs only in a child process (docs/adr/0082).

No byte of the file is kept. The images are made of the pixels that a decoder returned, without EXIF, colour profile,
layer, script or trailing data. A file that cannot be read as one of the kinds below is « unreadable », which does not
mean that it is harmless.
"""

import hashlib
import io
import math
import sys
import warnings
from collections.abc import Iterator
from typing import IO, Any

import pillow_heif
import pypdfium2
from PIL import Image, ImageOps

from common.offload import sandbox

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "HEIF")  # the formats that are tried; Pillow's other decoders are never used
# The largest photographs of telephones have 50 million pixels, and several screens joined into one image have more.
# Decoded, that takes 240 MB. A file that claims more pixels is not decoded at all.
PIXELS_MOST = 60_000_000
SIDE_MOST = 2_000  # pixels of the longest side of a drawing, so that a page of text stays readable
# A strip is drawn once, made smaller, and not cut into pages: one of 1 × 59,000 would be twenty pages of one pixel in
# width. Its shorter side has fewer than NARROW pixels, and the longer one is more than APART_MOST times as long. A
# screenshot is wider: one of 360 × 40,000 is cut into twenty, because made smaller it could not be read.
NARROW, APART_MOST = 100, 100
LONG = 3.0  # what is higher than SIDE_MOST and more than so many times its width is cut into several pages
PAGES_MOST = 20
DRAWN_MOST = 24 * 1024 * 1024  # bytes of all pages, which the worker has in memory once, to encrypt them
PDF_SIDE = 1_600
POINTS_MOST = 100_000  # of a side of a page; the largest that we know telephones to save have some ten thousand
QUALITY = 80
HEAD = 16


class Unreadable(Exception):
    """The file is no image and no document that this job can draw."""


def work(asked: dict[str, Any], stream: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    """Draw the file in `stream`, for `common.offload.pool.run`. The bytes returned are the pages, one after another.

    asked: `{"kind": …}`, a kind of `chat.rules.capture_kinds` that was recognised by the file's first bytes. The value
    returned is `{"sha256": …, "pages": [{"size", "width", "height"}], "is_readable": …, "more": …, "layers": […]}`.
    `more` says that there are pages which were not drawn; `layers` are the layers of the sandbox that were in force.
    """
    _load()
    layers = sandbox.enter()
    content = stream.read()
    told: dict[str, Any] = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "pages": [],
        "is_readable": False,
        "more": False,
        "layers": sorted(layers),
    }
    try:
        pages, is_more = _draw(content, is_pdf=asked["kind"] == "pdf")
    except MemoryError:
        raise  # the parent is told that it was too large
    except Exception:  # noqa: BLE001  a decoder may raise anything for a malformed file
        return told, b""
    told |= {"is_readable": True, "more": is_more}
    told["pages"] = [{"size": len(page), "width": width, "height": height} for page, width, height in pages]
    return told, b"".join(page for page, _width, _height in pages)


def _load() -> None:
    """Load everything that decoding will need, before the sandbox forbids opening files."""
    pillow_heif.register_heif_opener(thumbnails=False)
    pillow_heif.options.DECODE_THREADS = 1
    Image.MAX_IMAGE_PIXELS = PIXELS_MOST
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.init()
    # One image of each kind is written and read, because libraries open some files only when they are first used.
    for kind in ("PNG", "JPEG", "WEBP", "GIF"):
        file = io.BytesIO()
        Image.new("RGB", (2, 2)).save(file, kind)
        Image.open(io.BytesIO(file.getvalue()), formats=[kind]).load()
    pypdfium2.PdfDocument.new().close()


type Page = tuple[bytes, int, int]


def _draw(content: bytes, *, is_pdf: bool) -> tuple[list[Page], bool]:
    pictures = _pdf_pages(content) if is_pdf else _image_pages(content)
    pages: list[Page] = []
    size = 0
    for picture in pictures:
        if len(pages) == PAGES_MOST or size > DRAWN_MOST:
            return pages, True
        pages.append(_as_webp(picture))
        size += len(pages[-1][0])
    if not pages:
        raise Unreadable
    return pages, False


def _image_pages(content: bytes) -> Iterator[Image.Image]:
    """Yield the first frame of the image, rotated as EXIF says, in pieces if it is much higher than wide."""
    with Image.open(io.BytesIO(content), formats=list(FORMATS)) as opened:
        if opened.width * opened.height > PIXELS_MOST or min(opened.size) < 1:
            raise Unreadable
        # JPEG is decoded at a smaller size at once, where it may be.
        opened.draft("RGB", (2 * SIDE_MOST, 2 * SIDE_MOST))
        opened.load()
        ImageOps.exif_transpose(opened, in_place=True)
        picture = _plain(opened)
    yield from _cut(picture)


def _cut(picture: Image.Image) -> Iterator[Image.Image]:
    """Yield the picture in pieces of which each can be read, no wider than SIDE_MOST.

    A strip (NARROW, APART_MOST) is yielded whole, with no side longer than SIDE_MOST.
    """
    is_strip = min(picture.size) < NARROW and max(picture.size) > APART_MOST * min(picture.size)
    side = max(picture.size) if is_strip else picture.width
    if side > SIDE_MOST:
        width, height = (max(1, round(one * SIDE_MOST / side)) for one in picture.size)
        # The gap makes an image of millions of pixels in length smaller by whole steps first. Else its weights alone
        # take several hundred megabytes.
        picture = picture.resize((width, height), reducing_gap=3.0)
    step = max(SIDE_MOST, round(picture.width * LONG))
    for top in range(0, picture.height, step):
        yield picture.crop((0, top, picture.width, min(top + step, picture.height)))


def _plain(picture: Image.Image) -> Image.Image:
    """Return only the red, green and blue of an image, on white.

    Of 60 million pixels each copy takes 240 MB. So none is made of an image that has the right mode already.
    """
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        layered = picture if picture.mode == "RGBA" else picture.convert("RGBA")
        plain = Image.new("RGB", picture.size, "white")
        plain.paste(layered, mask=layered.getchannel("A"))
        return plain
    drawn = picture if picture.mode == "RGB" else picture.convert("RGB")
    plain = Image.new("RGB", drawn.size)
    plain.paste(drawn)
    return plain


def _pdf_pages(content: bytes) -> Iterator[Image.Image]:
    """Yield each page without forms and scripts, for which PDFium needs an environment that is never made here.

    A page that is more than LONG times as high as wide, as telephones save a whole web page, is drawn by its width and
    cut like an image.
    """
    document = pypdfium2.PdfDocument(content, autoclose=True)
    try:
        for number in range(min(len(document), PAGES_MOST + 1)):
            if number == PAGES_MOST:
                yield Image.new("RGB", (1, 1))  # a last small page says that there are more
                return
            page = document[number]
            width, height = page.get_size()
            if not (0 < width < POINTS_MOST and 0 < height < POINTS_MOST):
                raise Unreadable
            side = width if height > LONG * width else max(width, height)
            scale = min(PDF_SIDE / side, 3.0, math.sqrt(PIXELS_MOST / (width * height)))
            bitmap = page.render(scale=scale, may_draw_forms=False, draw_annots=True)
            picture = bitmap.to_pil()
            bitmap.close()  # before the picture, which is a copy, is copied again
            page.close()
            yield from _cut(_plain(picture))
    finally:
        document.close()


def _as_webp(picture: Image.Image) -> Page:
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=QUALITY, method=2, exif=b"", icc_profile=None)
    return file.getvalue(), picture.width, picture.height


if __name__ == "__main__":  # to try it by hand: python -m common.offload.drawing pdf < file > /dev/null
    value, _content = work({"kind": sys.argv[1]}, sys.stdin.buffer)
    print(value, file=sys.stderr)  # noqa: T201

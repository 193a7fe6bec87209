"""The job that draws what a person handed in: bytes of a stranger in, plain WebP of our own out. For a child only.

No byte of the file goes on: what comes out is made of pixels that a decoder gave, without EXIF, colour profile, layer,
script or trailing data. What it does not read as one of the kinds below is « unreadable »: nobody has said that it is
harmless. See docs/adr/0082.
"""

import hashlib
import io
import sys
import warnings
from collections.abc import Iterator
from typing import IO, Any

import pillow_heif
import pypdfium2
from PIL import Image, ImageOps

from common.offload import sandbox

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "HEIF")  # whichever of them it is; Pillow's other decoders are never asked
# A telephone's largest photograph has 50 million pixels, and some screens joined into one image have more. Decoded,
# that is 200 MB; whatever says that it is larger is not decoded at all.
PIXELS_MOST = 60_000_000
SIDE_MOST = 2_000  # pixels of what is drawn: a page of text stays readable; a long screenshot is cut into pages
LONG = 3.0  # a page above SIDE_MOST is so many times higher than wide at most: a capture that scrolls has several
PAGES_MOST = 20
DRAWN_MOST = 24 * 1024 * 1024  # bytes of all pages: the worker holds them once, to seal them
PDF_SIDE = 1_600
QUALITY = 80
HEAD = 16


class Unreadable(Exception):
    """It is no image and no document that is drawn here."""


def work(asked: dict[str, Any], stream: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    """Draw the file of `stream`. See `common.offload.pool.run`: the answer's bytes are the pages, one after the other.

    asked: `{"kind": …}` of `chat.rules.capture_kinds`, said by the file's first bytes. The value:
    `{"sha256": …, "pages": [{"size", "width", "height"}], "is_readable": …, "more": …, "layers": […]}`; more: that
    there are pages which were not drawn.
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
    except Exception:  # noqa: BLE001  whatever a decoder says of a stranger's file
        return told, b""
    told |= {"is_readable": True, "more": is_more}
    told["pages"] = [{"size": len(page), "width": width, "height": height} for page, width, height in pages]
    return told, b"".join(page for page, _width, _height in pages)


def _load() -> None:
    """All that decoding will need, before the doors are closed."""
    pillow_heif.register_heif_opener(thumbnails=False)
    pillow_heif.options.DECODE_THREADS = 1
    Image.MAX_IMAGE_PIXELS = PIXELS_MOST
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.init()
    # One image of each kind, there and back: what a library opens when it is first used is open then.
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
    """The image, its first frame, the right way up; in pieces when it is much higher than wide."""
    with Image.open(io.BytesIO(content), formats=list(FORMATS)) as opened:
        if opened.width * opened.height > PIXELS_MOST or min(opened.size) < 1:
            raise Unreadable
        # JPEG is decoded at a smaller size at once, where it may be.
        opened.draft("RGB", (2 * SIDE_MOST, 2 * SIDE_MOST))
        opened.load()
        picture = _plain(ImageOps.exif_transpose(opened))
    if picture.width > SIDE_MOST:
        picture = picture.resize((SIDE_MOST, max(1, round(picture.height * SIDE_MOST / picture.width))))
    step = max(SIDE_MOST, round(picture.width * LONG))
    for top in range(0, picture.height, step):
        yield picture.crop((0, top, picture.width, min(top + step, picture.height)))


def _plain(picture: Image.Image) -> Image.Image:
    """Red, green and blue on white, and nothing else of what the file had."""
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        plain = Image.new("RGB", picture.size, "white")
        plain.paste(picture, mask=picture.getchannel("A"))
        return plain
    drawn = picture.convert("RGB")
    plain = Image.new("RGB", drawn.size)
    plain.paste(drawn)
    return plain


def _pdf_pages(content: bytes) -> Iterator[Image.Image]:
    """Each page, without forms and without scripts: PDFium runs those of an environment that is never made here."""
    document = pypdfium2.PdfDocument(content, autoclose=True)
    try:
        for number in range(min(len(document), PAGES_MOST + 1)):
            if number == PAGES_MOST:
                yield Image.new("RGB", (1, 1))  # says that there is more
                return
            page = document[number]
            width, height = page.get_size()
            if not (0 < width < 20_000 and 0 < height < 20_000):
                raise Unreadable
            scale = min(PDF_SIDE / max(width, height), 3.0)
            bitmap = page.render(scale=scale, may_draw_forms=False, draw_annots=True)
            yield _plain(bitmap.to_pil())
            page.close()
    finally:
        document.close()


def _as_webp(picture: Image.Image) -> Page:
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=QUALITY, method=2, exif=b"", icc_profile=None)
    return file.getvalue(), picture.width, picture.height


if __name__ == "__main__":  # by hand: python -m common.offload.drawing pdf < file > /dev/null
    value, _content = work({"kind": sys.argv[1]}, sys.stdin.buffer)
    print(value, file=sys.stderr)  # noqa: T201

"""Files of strangers are drawn in a child process: what it may do, what it returns, and what it does with harmful
files.

(`tests/factories/capture_corpus.py` makes the files.)
"""

import hashlib
import io
import os
import sys

import pytest
from PIL import Image

from common.offload import pool, sandbox
from tests.factories.capture_corpus import SCRIPT, SECRET_PLACE, Sample, corpus, pdf, png_of_colour

JOB = "common.offload.drawing"
MEMORY = 1024 * 1024 * 1024
SAMPLES = [one for one in corpus() if one.kind is not None]


def draw(sample: Sample):
    pieces = [sample.content[start : start + 100_000] for start in range(0, len(sample.content), 100_000)]
    return pool.run(JOB, {"kind": sample.kind}, content=pieces, memory=MEMORY)


def pages_of(value, content):
    pages, start = [], 0
    for one in value["pages"]:
        pages.append(content[start : start + one["size"]])
        start += one["size"]
    assert start == len(content)
    return pages


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda one: one.name)
def test_each_file_is_drawn_or_unreadable(sample):
    value, content = draw(sample)
    assert value["is_readable"] is sample.is_drawn
    assert value["sha256"] == hashlib.sha256(sample.content).hexdigest()
    assert bool(value["pages"]) is sample.is_drawn
    for page, told in zip(pages_of(value, content), value["pages"], strict=True):
        picture = Image.open(io.BytesIO(page))
        picture.load()
        assert (picture.format, picture.mode, picture.size) == ("WEBP", "RGB", (told["width"], told["height"]))
        assert not picture.getexif() and not picture.info.get("icc_profile") and not picture.info.get("xmp")
        assert int.from_bytes(page[4:8], "little") + 8 in {len(page), len(page) - len(page) % 2}
    for words in (SCRIPT, SECRET_PLACE.encode(), b"%PDF", b"PK\x03\x04", b"Exif"):
        assert words not in content


def named(name: str) -> Sample:
    return next(one for one in SAMPLES if one.name == name)


def test_photograph_stands_the_right_way_up_and_says_no_place():
    value, content = draw(named("lieu.jpg"))
    assert [(one["width"], one["height"]) for one in value["pages"]] == [(20, 40)]
    assert SECRET_PLACE.encode() in named("lieu.jpg").content and SECRET_PLACE.encode() not in content


def test_long_capture_is_several_pages_and_a_long_document_says_that_there_is_more():
    value, _content = draw(named("capture-longue.png"))
    assert [(one["width"], one["height"]) for one in value["pages"]] == [(40, 2000), (40, 600)]
    value, _content = draw(named("pages.pdf"))
    assert (len(value["pages"]), value["more"]) == (20, True)


@pytest.mark.parametrize(
    ("size", "drawn"),
    [
        ((1, 59_000), [(1, 2000)]),  # it was twenty pages, and 40,000 pixels of the agent's page
        ((59_000, 1), [(2000, 1)]),
        ((19, 6_000), [(6, 2000)]),
        ((5, 600), [(5, 600)]),
        ((30, 3_000), [(30, 2000), (30, 1000)]),  # 1 × 100 is still cut
        ((360, 36_100), [(360, 2000)] * 18 + [(360, 100)]),  # more than 1 × 100, and to be read
        ((1080, 43_200), [(1080, 3240)] * 13 + [(1080, 1080)]),  # a conversation of forty screens
    ],
)
def test_strip_is_drawn_once_and_a_long_screenshot_page_by_page(size, drawn):
    file = io.BytesIO()
    Image.new("L", size, 90).save(file, "PNG")
    value, _content = draw(Sample("bande.png", "png", file.getvalue(), True))
    assert [(one["width"], one["height"]) for one in value["pages"]] == drawn
    assert value["more"] is False


@pytest.mark.parametrize(
    ("size", "drawn", "more"),
    [
        ((390, 8_000), [(1170, 3510)] * 6 + [(1170, 2940)], False),  # a whole web page, as an iPhone saves it
        ((390, 30_000), [(884, 2652)] * 20, True),  # above 20,000 points it was « illisible » before
        ((595, 842), [(1131, 1600)], False),  # A4, as before
        ((600, 1_800), [(534, 1600)], False),
        ((1, 19_000), [(1, 2000)], False),  # a strip
    ],
)
def test_tall_page_of_a_document_is_drawn_by_its_width(size, drawn, more):
    """Whole, 390 × 8,000 points were 78 × 1,600 pixels, in which nothing can be read."""
    content = pdf(b"BT /F1 18 Tf 10 40 Td (Bonjour) Tj ET").replace(b"[0 0 200 100]", b"[0 0 %d %d]" % size)
    value, pixels = draw(Sample("page-entiere.pdf", "pdf", content, True))
    assert [(one["width"], one["height"]) for one in value["pages"]] == drawn and value["more"] is more
    last = Image.open(io.BytesIO(pages_of(value, pixels)[-1])).convert("L")
    assert more or size[0] == 1 or last.getextrema()[0] < 100, "the words at its foot are drawn"


def test_photograph_of_a_telephone_is_drawn():
    pytest.importorskip("pillow_heif")
    import pillow_heif

    pillow_heif.register_heif_opener()
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(file, "HEIF")
    value, content = draw(Sample("photo.heic", "heic", file.getvalue(), True))
    red, green, blue = Image.open(io.BytesIO(content)).convert("RGB").getpixel((10, 10))
    assert value["is_readable"] and red > 200 and green < 60 and blue < 60


def test_image_with_many_pixels_is_in_memory_twice_at_most():
    """30 million pixels take 120 MB decoded, and their drawing on white as much. The rest is the child's libraries."""
    content = png_of_colour(7_500_000, 4)
    value, _content = pool.run(JOB, {"kind": "png"}, content=[content], memory=512 * 1024 * 1024)
    assert value["is_readable"] and [(one["width"], one["height"]) for one in value["pages"]] == [(2000, 1)]


def test_same_file_is_drawn_the_same():
    assert draw(named("photo.jpg")) == draw(named("photo.jpg"))


def test_more_than_a_child_is_sent_is_refused():
    with pytest.raises(pool.Failed) as failed:
        pool.run(JOB, {"kind": "png"}, content=[b"\0" * 1_000_000] * 40, memory=MEMORY)
    assert failed.value.why == "memory"


def test_what_is_sent_comes_from_the_file_piece_by_piece():
    """Whoever asks holds one piece at a time: the next one is asked for once this one has gone."""
    asked = []

    def pieces():
        for number in range(50):
            asked.append(number)
            yield bytes([number]) * 100_000

    value, content = pool.run("tests.common.offload.jobs_with_bytes", {"do": "count"}, content=pieces())
    assert value == {"bytes": 5_000_000, "first": 0, "last": 49} and content == b"" and asked == list(range(50))


def test_error_of_whoever_gives_the_pieces_ends_the_child():
    class Lost(Exception):
        pass

    def pieces():
        yield b"a" * 100
        raise Lost

    with pytest.raises(Lost):
        pool.run("tests.common.offload.jobs_with_bytes", {"do": "count"}, content=pieces())


# --- what a decoder that was taken over could do ----------------------------------------------------------------------

TRIES = (
    "open", "write", "socket", "socket_unix", "fork", "execute", "ptrace", "signal_parent", "unshare", "new_file",
)  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp and namespaces are Linux's")
@pytest.mark.parametrize("attempt", TRIES)
def test_child_can_do_nothing_else(attempt):
    value, _content = pool.run("tests.common.offload.jobs_with_bytes", {"do": "try", "what": attempt}, content=[])
    if set(value["layers"]) != {layer.value for layer in sandbox.Layer}:
        pytest.skip("this machine lets a process give up less: the check of deployment says so")
    assert value["ended"] in {"EPERM", "EACCES", "ENOSYS"}, value


@pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")
def test_child_has_no_network_of_its_own_even_without_the_filter():
    value, _content = pool.run("tests.common.offload.jobs_with_bytes", {"do": "namespaces"}, content=[])
    if not value["is_there"]:
        pytest.skip("this machine forbids namespaces of one's own")
    assert value["interfaces"] in ([], ["lo"]) and value["ended"] == "ENETUNREACH"


def test_child_knows_no_secret(monkeypatch):
    monkeypatch.setenv("CONTENT_KEYS", "MARQUE")
    value, _content = pool.run("tests.common.offload.jobs", {"do": "surroundings"})
    assert not set(value["environment"]) & {"CONTENT_KEYS", "DATABASE_URL", "SECRET_KEY", "REDIS_URL"}
    assert os.environ["CONTENT_KEYS"] == "MARQUE"


def test_missing_layers_are_named():
    assert sandbox.missing([]) == set(sandbox.Layer)
    assert sandbox.missing(["namespaces", "system_calls"]) == set()

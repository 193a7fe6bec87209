"""Pages are compressed as the browser asks: Brotli, else gzip, else not; and how long they are says nothing."""

import gzip
import re

import brotli
import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from pnav.middleware.compression import LEAST_BYTES, MOST_RANDOM_BYTES, CompressionMiddleware

PAGE = "<!doctype html><title>é</title>" + "Un policier ou un gendarme vous répond. " * 200 + "</html>"
COMMENT = re.compile(r"<!--([0-9a-f]*)-->\Z")


def answer(accepts: str | None, response: HttpResponse | StreamingHttpResponse | None = None):
    headers = {} if accepts is None else {"Accept-Encoding": accepts}
    request = RequestFactory().get("/", headers=headers)
    given = response or HttpResponse(PAGE)
    return CompressionMiddleware(lambda _request: given)(request)


@pytest.mark.parametrize("accepts", ["br", "gzip, deflate, br, zstd", "gzip,br"])
def test_page_in_brotli_for_whoever_takes_it(accepts):
    found = answer(accepts)
    assert found.headers["Content-Encoding"] == "br"
    assert found.headers["Vary"] == "Accept-Encoding"
    assert int(found.headers["Content-Length"]) == len(found.content) < len(PAGE) / 10
    text = brotli.decompress(found.content).decode()
    assert COMMENT.sub("", text) == PAGE


@pytest.mark.parametrize("accepts", ["gzip", "gzip, deflate", "br;q=0, gzip", "gzip, brand"])
def test_gzip_for_whoever_does_not(accepts):
    found = answer(accepts)
    assert found.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(found.content).decode() == PAGE


@pytest.mark.parametrize("accepts", [None, "", "identity"])
def test_neither_for_whoever_takes_none(accepts):
    found = answer(accepts)
    assert "Content-Encoding" not in found.headers
    assert found.content.decode() == PAGE


@pytest.mark.parametrize(
    "response",
    [
        HttpResponse("x" * (LEAST_BYTES - 1)),
        HttpResponse(PAGE, headers={"Content-Encoding": "identity"}),
    ],
    ids=["short", "encoded already"],
)
def test_what_is_not_worth_it_stays_as_it_is(response):
    before = response.content
    assert answer("br", response).content == before


@pytest.mark.parametrize("kind", ["application/json", "text/csv", "text/plain"])
def test_what_is_no_page_gets_no_comment(kind):
    found = answer("gzip, br", HttpResponse(PAGE, content_type=kind))
    assert found.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(found.content).decode() == PAGE


def test_what_streams_is_djangos_own():
    found = answer("gzip, br", StreamingHttpResponse([PAGE.encode()]))
    assert found.headers["Content-Encoding"] == "gzip"


def test_length_is_drawn_by_lot():
    """The same page is requested many times. Its length varies as much as the comment in it, and never beyond its
    limit.
    """
    texts = [brotli.decompress(answer("br").content).decode() for _each in range(200)]
    letters = [len(COMMENT.search(text)[1]) for text in texts]
    assert len(set(letters)) > MOST_RANDOM_BYTES / 2
    assert max(letters) <= 2 * MOST_RANDOM_BYTES


def test_file_that_is_kept_is_sent_byte_by_byte():
    """Somebody who compares its digest with the one that the site publishes finds the same."""
    kept = HttpResponse(PAGE, headers={"Content-Disposition": 'attachment; filename="verifier.html"'})
    found = answer("gzip, br", kept)
    assert found.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(found.content).decode() == PAGE

"""No answer lacks its headers. Each address refuses a form without its token, and answers errors with the same headers.

What each address answers to everybody with each method is checked where it is asked for: tests/access/test_routes.py.
"""

import re
import uuid
from collections.abc import Iterator
from http import HTTPStatus

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from pnav.middleware.headers import FOR_DOCUMENTS, add_headers
from pnav.server.page_handler import PageHandler
from tests.accounts.conftest import _limits_of_this_test_alone  # noqa: F401  fixtures of a sign-in
from tests.support.headers import check
from tests.test_http import Request

pytestmark = pytest.mark.django_db
SAMPLES = {
    "IntConverter": "1",
    "SlugConverter": "x",
    "StringConverter": "x",
    "UUIDConverter": str(uuid.UUID(int=1)),
    "PathConverter": "1",
}
FRAMED = {"frame-ancestors 'self'"}  # one part of the conversation is a frame of our own
QUIET = {"/health/live", "/health/ready", "/metrics", "/robots.txt"}


def addresses(patterns: list[URLPattern | URLResolver], before: str = "/") -> Iterator[str]:
    """Yield each address of the table once, with values for its variable parts."""
    for entry in patterns:
        here = before + _filled(entry)
        if isinstance(entry, URLResolver):
            yield from addresses(entry.url_patterns, here)
        else:
            yield here


def _filled(entry: URLPattern | URLResolver) -> str:
    text = str(entry.pattern)
    if hasattr(entry.pattern, "_route"):
        converters = entry.pattern.converters
        return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: SAMPLES[type(converters[found[1]]).__name__], text)
    return "x/"  # a regular expression: the catch-all of the admin


ADDRESSES = sorted(set(addresses(get_resolver().url_patterns)))


@pytest.mark.parametrize(
    ("content", "is_document"),
    [
        ("text/javascript; charset=utf-8", False),
        ("text/css; charset=utf-8", False),
        ("font/woff2", False),
        ("image/png", False),
        ("image/svg+xml", True),  # opened by itself, it is a document
        ("text/html; charset=utf-8", True),  # a file that does not exist is a document too
        ("application/json", True),
    ],
)
def test_features_are_closed_for_documents_and_not_repeated_with_each_file(content, is_document):
    answer = HttpResponse(content_type=content)
    # Django sets these headers.
    answer.headers["Referrer-Policy"] = answer.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers = add_headers("/static/x", answer).headers
    for name in FOR_DOCUMENTS:
        assert (name in headers) is is_document, name
    # A page refuses a worker whose script does not send this header.
    assert ("Cross-Origin-Embedder-Policy" in headers) is (is_document or "javascript" in content)
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_the_table_is_walked_whole():
    assert len(ADDRESSES) > 80
    for name in ("pages:home", "chat:conversation", "console:home", "account_login", "admin:index", "metrics"):
        assert reverse(name) in ADDRESSES
    assert any(path.startswith("/admin/accounts/user/1/") for path in ADDRESSES)


def test_refused_posts_say_their_headers():
    """Without a token every form is refused. An address that asks for no token answers."""
    stranger = Client(enforce_csrf_checks=True, raise_request_exception=False)
    statuses = set()
    for path in ADDRESSES:
        response = stranger.post(path)
        statuses.add(response.status_code)
        check(response, path)
    assert 403 in statuses


@pytest.mark.parametrize(
    ("path", "extra", "status"),
    [
        ("/nothing-here/", {}, 404),
        ("/orientation", {}, 301),
        ("/", {"HTTP_HOST": "elsewhere.example"}, 400),
        ("/", {"REQUEST_METHOD": "DELETE"}, 405),
        ("/admin/nothing/", {}, 302),
    ],
)
def test_errors_say_their_headers(client, path, extra, status):
    client.raise_request_exception = False
    response = client.get(path, **extra)
    assert response.status_code == status
    check(response, path)


def test_a_view_that_breaks_says_its_headers(client, monkeypatch):
    monkeypatch.setattr("pnav.pages.models.HelpNumber.objects.all", lambda: 1 / 0)
    client.raise_request_exception = False
    response = client.get("/")
    assert response.status_code == 500
    with pytest.raises(AssertionError, match="500"):  # the status is the only thing that `check` finds wrong
        check(response, "/")


def test_too_many_attempts_say_their_headers(client, monkeypatch):
    monkeypatch.setattr("pnav.accounts.attempts.SIGN_INS", 1)
    for _ in range(2):
        response = client.post("/compte/login/", {"login": "x", "password": "y"})
    assert response.status_code == 429
    check(response, "/compte/login/")


def test_files_say_theirs_and_may_be_kept(client):
    """They say so also when a page of another site would show one of them."""
    response = client.get("/static/pnav/site.css")
    if response.status_code == 404:  # only the tests of the browser collect it
        check(response, "/static/pnav/site.css")
    else:
        assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert response.getvalue()  # the request has not finished before its body was read


async def test_request_that_cannot_be_read_says_its_headers():
    """It is answered before any middleware (pnav.server.page_handler)."""
    request = Request(PageHandler(), "/", headers=[(b"content-type", b"x" * 10_001)])
    status, headers, _body = await (await request.begin()).end()
    assert status == HTTPStatus.BAD_REQUEST
    assert headers[b"cross-origin-resource-policy"] == b"same-origin" and headers[b"cache-control"] == b"no-store"


def test_token_against_forms_from_elsewhere_is_sent_once(client: Client, settings):
    first = client.get("/")
    assert settings.CSRF_COOKIE_NAME in first.cookies
    assert settings.CSRF_COOKIE_NAME not in client.get("/").cookies
    client.cookies[settings.CSRF_COOKIE_NAME] = "no token at all"
    assert settings.CSRF_COOKIE_NAME in client.get("/").cookies

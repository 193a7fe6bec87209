"""Every address of the table, asked by everybody: no answer leaves without its headers."""

import re
import uuid
from collections.abc import Iterator
from http import HTTPStatus

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from chat.models import Agent
from pnav.accounts.models import Role
from pnav.middleware.headers import AWAKE, CLOSED, FOR_DOCUMENTS, LOADED, PASSKEYS, add_headers
from pnav.server.page_handler import PageHandler
from tests.accounts.cast import make_user, sign_in
from tests.accounts.conftest import _limits_of_this_test_alone  # noqa: F401  fixtures of a sign-in
from tests.factories.chat import unit
from tests.test_http import Request

pytestmark = pytest.mark.django_db
SAMPLES = {
    "IntConverter": "1",
    "SlugConverter": "x",
    "StringConverter": "x",
    "UUIDConverter": str(uuid.UUID(int=1)),
    "PathConverter": "1",
}
FRAMED = {"frame-ancestors 'self'"}  # one part of the conversation is a frame of ours
QUIET = {"/health/live", "/health/ready", "/metrics", "/robots.txt"}


def addresses(patterns: list[URLPattern | URLResolver], before: str = "/") -> Iterator[str]:
    """Each address of the table once, with something in the place of what varies."""
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


def check(response: HttpResponse, path: str) -> None:
    headers = response.headers
    where = f"{path}: {response.status_code}"
    assert headers["X-Content-Type-Options"] == "nosniff", where
    is_document = not headers.get("Content-Type", "").startswith(LOADED)
    if is_document:
        assert headers["Referrer-Policy"] == "same-origin", where
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", where
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin", where
    assert headers["Cross-Origin-Embedder-Policy"] == "require-corp", where
    assert "no-store" in headers["Cache-Control"], where
    if is_document:
        features = dict(part.split("=") for part in headers["Permissions-Policy"].split(", "))
        assert set(features) == {*CLOSED, *PASSKEYS}, where
        awake = "(self)" if path.startswith("/tchat/") else "()"
        assert {name: features[name] for name in CLOSED} == {**dict.fromkeys(CLOSED, "()"), AWAKE: awake}, where
        assert {features[name] for name in PASSKEYS} == {"(self)" if path.startswith("/compte/") else "()"}, where
    policy = headers["Content-Security-Policy"]
    parts = dict(part.partition(" ")[::2] for part in policy.split("; "))
    assert "unsafe" not in policy, where
    assert (parts["default-src"], parts["script-src"]) == ("'none'", "'self'"), where
    assert (parts["object-src"], parts["base-uri"]) == ("'none'", "'none'"), where
    assert parts["require-trusted-types-for"] == "'script'", where
    area = {"/admin/": "default", "/console/": "pnav-console", "/unite/": "pnav-console"}
    assert parts["trusted-types"] == next((area[one] for one in area if path.startswith(one)), "'none'"), where
    if not is_document:
        assert "X-Frame-Options" not in headers, where
    elif parts["frame-ancestors"] == "'none'":
        assert headers["X-Frame-Options"] == "DENY", where
    else:
        assert (parts["frame-ancestors"], headers["X-Frame-Options"]) == ("'self'", "SAMEORIGIN"), where
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        assert path == "/health/ready", where


@pytest.mark.parametrize(
    ("content", "is_document"),
    [
        ("text/javascript; charset=utf-8", False),
        ("text/css; charset=utf-8", False),
        ("font/woff2", False),
        ("image/png", False),
        ("image/svg+xml", True),  # opened by itself it is one
        ("text/html; charset=utf-8", True),  # a file that is not there, too
        ("application/json", True),
    ],
)
def test_features_are_closed_for_documents_and_not_repeated_with_each_file(content, is_document):
    answer = HttpResponse(content_type=content)
    answer.headers["Referrer-Policy"] = answer.headers["Cross-Origin-Opener-Policy"] = "same-origin"  # Django's
    headers = add_headers("/static/x", answer).headers
    for name in FOR_DOCUMENTS:
        assert (name in headers) is is_document, name
    # A worker is refused by the page that starts it when its script does not say it.
    assert ("Cross-Origin-Embedder-Policy" in headers) is (is_document or "javascript" in content)
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_the_table_is_walked_whole():
    assert len(ADDRESSES) > 80
    for name in ("pages:home", "chat:conversation", "console:home", "account_login", "admin:index", "metrics"):
        assert reverse(name) in ADDRESSES
    assert any(path.startswith("/admin/accounts/user/1/") for path in ADDRESSES)


@pytest.fixture
def everybody(monkeypatch) -> dict[str, Client]:
    """Nobody, somebody whose password alone was right, an agent, an administrator."""
    monkeypatch.setattr("pnav.accounts.reauthentication.OPENS_SECONDS", 600)
    people = {"nobody": Client()}
    for name, role, whole in (
        ("half", Role.AGENT, False),
        ("agent", Role.AGENT, True),
        ("chief", Role.ADMINISTRATOR, True),
    ):
        user = make_user(name, role, totp=whole)
        if user.is_agent:
            Agent.objects.create(user=user, unit=unit(), public_name=name)
        people[name] = Client()
        sign_in(people[name], name, totp=whole)
    return people


def test_every_answer_of_the_table_says_its_headers(everybody):
    statuses: set[int] = set()
    for path in ADDRESSES:
        for client in everybody.values():
            client.raise_request_exception = False
            response = client.get(path)
            statuses.add(response.status_code)
            check(response, path)
    assert {200, 302, 403, 404, 405} <= statuses  # all kinds were met


def test_refused_posts_say_their_headers():
    """Without a token, every form is refused; what asks for none answers."""
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
    with pytest.raises(AssertionError, match="500"):  # the one thing that `check` holds against it
        check(response, "/")


def test_too_many_attempts_say_their_headers(client, monkeypatch):
    monkeypatch.setattr("pnav.accounts.attempts.SIGN_INS", 1)
    for _ in range(2):
        response = client.post("/compte/login/", {"login": "x", "password": "y"})
    assert response.status_code == 429
    check(response, "/compte/login/")


def test_files_say_theirs_and_may_be_kept(client):
    """Also where a foreign page would draw one of them."""
    response = client.get("/static/pnav/site.css")
    if response.status_code == 404:  # collected by the tests of the browser only
        check(response, "/static/pnav/site.css")
    else:
        assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"


async def test_request_that_cannot_be_read_says_its_headers():
    """Answered before any middleware: see pnav.server.page_handler."""
    request = Request(PageHandler(), "/", headers=[(b"content-type", b"x" * 10_001)])
    status, headers, _body = await (await request.begin()).end()
    assert status == HTTPStatus.BAD_REQUEST
    assert headers[b"cross-origin-resource-policy"] == b"same-origin" and headers[b"cache-control"] == b"no-store"

"""The headers that every answer of the site has."""

from http import HTTPStatus

from django.http import HttpResponse

from pnav.middleware.headers import AWAKE, CLOSED, COPYING, LOADED, PASSKEYS


def check(response: HttpResponse, path: str) -> None:
    """Raise AssertionError for a header that is missing or says something else."""
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
        account = "(self)" if path.startswith("/compte/") else "()"
        opened = {AWAKE: awake, COPYING: account}
        assert {name: features[name] for name in CLOSED} == {**dict.fromkeys(CLOSED, "()"), **opened}, where
        assert {features[name] for name in PASSKEYS} == {account}, where
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

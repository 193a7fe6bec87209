"""Says who may read the metrics: whoever sends METRICS_TOKEN."""

import hmac

from django.conf import settings
from django.http import HttpRequest


def holds_token(request: HttpRequest) -> bool:
    """Return whether the request carries METRICS_TOKEN as a bearer token; always False when none is set."""
    return is_token(request.headers.get("Authorization", "").encode())


def is_token(given: bytes) -> bool:
    """Return whether this value of an `Authorization` header is METRICS_TOKEN; always False when none is set."""
    expected = f"Bearer {settings.METRICS_TOKEN}".encode()
    return hmac.compare_digest(given, expected) and bool(settings.METRICS_TOKEN)

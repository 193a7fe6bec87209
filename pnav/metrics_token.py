"""Says who may read the metrics: whoever sends METRICS_TOKEN."""

import hmac

from django.conf import settings
from django.http import HttpRequest


def holds_token(request: HttpRequest) -> bool:
    """Return whether the request carries METRICS_TOKEN as a bearer token; always False when none is set."""
    expected = f"Bearer {settings.METRICS_TOKEN}".encode()
    given = request.headers.get("Authorization", "").encode()
    return hmac.compare_digest(given, expected) and bool(settings.METRICS_TOKEN)

"""Serves `/.well-known/security.txt` (RFC 9116), which says where to report a weakness. `SECURITY.md` has the rest."""

from datetime import UTC, datetime, time, timedelta
from urllib.parse import quote

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

# RFC 9116, 2.5.5, asks for less than a year. It is shorter, so that no copy is used long after the address changed.
VALID_DAYS = 90
PATH = "/.well-known/security.txt"


def security_text(now: datetime) -> str:
    """Return the text of the file, for a site with a CONTACT_EMAIL.

    now: an aware datetime. « Expires » is a midnight in UTC, so that the file is the same for a whole day.
    """
    end = datetime.combine(now.astimezone(UTC).date() + timedelta(days=VALID_DAYS), time(), UTC)
    lines = [
        f"Contact: mailto:{quote(settings.CONTACT_EMAIL, safe='@+')}",
        f"Expires: {end:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: fr, en",
    ]
    if settings.SITE_URL:
        lines.append(f"Canonical: {settings.SITE_URL}{PATH}")
    return "".join(f"{line}\n" for line in lines)


@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """Serve the file; 404 when CONTACT_EMAIL is not set, because no address is better than one that nobody reads."""
    if not settings.CONTACT_EMAIL:
        raise Http404
    return HttpResponse(security_text(timezone.now()), content_type="text/plain; charset=utf-8")

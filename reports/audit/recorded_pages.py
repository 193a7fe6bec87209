"""Bounds how many pages an account may ask for whose reading or search the audit log records (docs/adr/0031).

Lines of the audit log are never deleted, and whoever writes one holds the tail of the chain, for which every other
recorded act waits. So a page that is reloaded in a loop must end somewhere. A view asks here before it records.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from common import rate_limits

# How many recorded pages an account may ask for in this time: two in each second, which nobody reads.
PAGES, PAGES_SECONDS = 120, 60


def refuse_if_too_many(request: HttpRequest) -> HttpResponse | None:
    """Count one more recorded page of this account. Return the answer 429 when there are too many, otherwise None.

    The account must be signed in. While Redis is away nobody is refused (`rate_limits.is_over`).
    """
    user: Any = request.user
    if not rate_limits.is_over(f"recorded_pages:{user.pk}", limit=PAGES, seconds=PAGES_SECONDS):
        return None
    answer = render(request, "staff/too_many_pages.html", status=429)
    answer["Retry-After"] = str(PAGES_SECONDS)
    return answer

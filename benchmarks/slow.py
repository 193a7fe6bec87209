"""The addresses of the site with two pages more: `/bench/slow/` occupies its thread for two seconds with the ORM, and
`/bench/computing/` occupies the interpreter for as long, like a page that draws too much.
"""

import time

from django.contrib.contenttypes.models import ContentType
from django.db.models import Func, TextField, Value
from django.http import HttpRequest, HttpResponse
from django.urls import path

from pnav.urls import handler400, handler403, handler404, handler500
from pnav.urls import urlpatterns as site

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

SECONDS = 2


def slow(request: HttpRequest) -> HttpResponse:
    """Answer slowly from a synchronous view, as almost every view is."""
    pause = Func(Value(SECONDS), function="pg_sleep", output_field=TextField())
    rows = list(ContentType.objects.annotate(pause=pause)[:1])
    return HttpResponse(f"{len(rows)} row after {SECONDS} s", content_type="text/plain")


def computing(request: HttpRequest) -> HttpResponse:
    """Compute in pure Python for SECONDS of this thread's own processor time (or `?seconds=`). Beside other work this
    takes longer.
    """
    until, turns = time.thread_time() + float(request.GET.get("seconds", SECONDS)), 0
    while time.thread_time() < until:
        turns += sum(range(1000)) > 0
    return HttpResponse(f"{turns} turns in {SECONDS} s", content_type="text/plain")


urlpatterns = [path("bench/slow/", slow), path("bench/computing/", computing), *site]

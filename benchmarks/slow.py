"""Addresses of the site with one page more, `/bench/slow/`, which holds its thread up for two seconds with the ORM."""

from django.contrib.contenttypes.models import ContentType
from django.db.models import Func, TextField, Value
from django.http import HttpRequest, HttpResponse
from django.urls import path

from pnav.urls import handler400, handler403, handler404, handler500
from pnav.urls import urlpatterns as site

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

SECONDS = 2


def slow(request: HttpRequest) -> HttpResponse:
    """Synchronous, as almost every view is."""
    pause = Func(Value(SECONDS), function="pg_sleep", output_field=TextField())
    rows = list(ContentType.objects.annotate(pause=pause)[:1])
    return HttpResponse(f"{len(rows)} row after {SECONDS} s", content_type="text/plain")


urlpatterns = [path("bench/slow/", slow), *site]

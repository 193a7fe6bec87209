"""Redirects a visit that has an open exchange back to it, from pages where it would begin again (docs/adr/0066).

`request.open_exchange`, which `pnav.middleware.ended_visits` sets before every page, says whether there is one.
"""

from collections.abc import Callable, Collection
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

type View = Callable[..., HttpResponse]


def leads_back(
    view: View,
    methods: Collection[str] = ("GET", "HEAD"),
    *,
    unless: Callable[..., HttpResponse | None] | None = None,
) -> View:
    """Decorate a view so that a visit with an open exchange is redirected to it.

    methods: those that are redirected. unless: called like the view for each of these requests; what it returns is the
    answer, and None leads back.
    """

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method in methods and getattr(request, "open_exchange", False):
            said = unless(request, *args, **kwargs) if unless else None
            return said or redirect("chat:conversation")
        return view(request, *args, **kwargs)

    return answer

"""A visit whose exchange is open does not begin again: it is led back to it (docs/adr/0066).

Which visits those are says `request.open_exchange`, which pnav.middleware.ended_visits reads before every page.
"""

from collections.abc import Callable, Collection
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

type View = Callable[..., HttpResponse]


def leads_back(view: View, methods: Collection[str] = ("GET", "HEAD")) -> View:
    """The exchange in place of this page, for a visit that has one. methods: those of the view that begin something."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method in methods and getattr(request, "open_exchange", False):
            return redirect("chat:conversation")
        return view(request, *args, **kwargs)

    return answer

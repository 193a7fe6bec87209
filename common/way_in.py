"""Asks what follows when a visit has answered a question or given its place, of an app above that knows both.

`settings.WAY_IN` names the module that answers. The orientation and the places know nothing of one another, nor of what
is filed when both are known.
"""

from importlib import import_module
from typing import Protocol, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse


class WayIn(Protocol):
    """What the module that `settings.WAY_IN` names answers."""

    def go_on(self, request: HttpRequest) -> HttpResponse:
        """The next page of this visit. Where nothing is missing any more and the request is a POST, it is what files
        the signalement."""


def go_on(request: HttpRequest) -> HttpResponse:
    """The next page of this visit, as the module that `settings.WAY_IN` names decides (`WayIn.go_on`)."""
    return cast(WayIn, import_module(settings.WAY_IN)).go_on(request)

"""Chooses the next page of a visit that has answered a question or given its place, through a module of an app above.

`settings.WAY_IN` names that module. So the apps of the orientation and of the places depend neither on each other nor
on the report that is filed when both are known.
"""

from importlib import import_module
from typing import Protocol, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse


class WayIn(Protocol):
    """These are the functions of the module that `settings.WAY_IN` names."""

    def go_on(self, request: HttpRequest) -> HttpResponse:
        """Return the response that leads to the next page of this visit.

        If nothing is missing any more and the request is a POST, this files the report.
        """


def go_on(request: HttpRequest) -> HttpResponse:
    """Return the response that leads to the next page of this visit (`WayIn.go_on` of the module in WAY_IN)."""
    return cast(WayIn, import_module(settings.WAY_IN)).go_on(request)

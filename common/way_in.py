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

    def prepare(self, request: HttpRequest) -> None:
        """Keep in the session of a visit that has answered a question what the filing of its report will need."""

    def go_on(self, request: HttpRequest) -> HttpResponse:
        """Return the response that leads to the next page of this visit.

        If nothing is missing any more and the request is a POST, this files the report.
        """

    def filed_answers(self, request: HttpRequest) -> tuple[dict[str, str], str]:
        """Return the answers with which this visit filed its report, and the version of the questionnaire under which
        they were given; none where there is no report or they cannot be decrypted.
        """

    def is_place_told(self, request: HttpRequest) -> bool:
        """Return whether the exchange of this visit has the place that the visit has now."""


def prepare(request: HttpRequest) -> None:
    """Keep what the filing of this visit's report will need (`WayIn.prepare` of the module in WAY_IN)."""
    _module().prepare(request)


def go_on(request: HttpRequest) -> HttpResponse:
    """Return the response that leads to the next page of this visit (`WayIn.go_on` of the module in WAY_IN)."""
    return _module().go_on(request)


def filed_answers(request: HttpRequest) -> tuple[dict[str, str], str]:
    """Return the answers of this visit's report and their version (`WayIn.filed_answers` of the module in WAY_IN)."""
    return _module().filed_answers(request)


def is_place_told(request: HttpRequest) -> bool:
    """Return whether whoever answers knows the place of this visit (`WayIn.is_place_told` of the module in WAY_IN)."""
    return _module().is_place_told(request)


def _module() -> WayIn:
    return cast(WayIn, import_module(settings.WAY_IN))

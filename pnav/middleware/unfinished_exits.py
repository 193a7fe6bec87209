"""Ends the visit of a browser whose quick exit has not arrived, by the next request that does (docs/adr/0049)."""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from pnav.pages import quick_exit


@sync_and_async_middleware
def finish_exit(
    get_response: Callable[[HttpRequest], HttpResponseBase] | Callable[[HttpRequest], Awaitable[HttpResponseBase]],
) -> Callable[[HttpRequest], Any]:
    """Answer a browser that left as one that has no visit, and delete the cookies that the exit was to delete.

    It stands before anything that reads a session. It costs nothing where the cookie of a press is missing.
    """
    if iscoroutinefunction(get_response):
        return get_response  # these are the probes, which are no pages

    def in_thread(request: HttpRequest) -> HttpResponseBase:
        is_exit = request.path_info == quick_exit.PATH and request.method == "POST"  # that view does it itself
        if is_exit or settings.LEFT_COOKIE_NAME not in request.COOKIES:
            return get_response(request)  # type: ignore[return-value]
        came = quick_exit.finish(request)
        response: HttpResponseBase = get_response(request)  # type: ignore[assignment]
        quick_exit.delete_cookies(response, came)
        return response

    return in_thread

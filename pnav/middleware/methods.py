"""Refuses every HTTP method except GET, HEAD and POST."""

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.decorators import sync_and_async_middleware

METHODS = ("GET", "HEAD", "POST")


@sync_and_async_middleware
def known_methods(
    get_response: Callable[[HttpRequest], HttpResponse] | Callable[[HttpRequest], Awaitable[HttpResponse]],
) -> Callable:
    """Answer 405 to any other method, whatever the view would do with it.

    Some of Django's views treat PUT as POST, and some of allauth's accept a DELETE that no page of ours sends.
    """
    if iscoroutinefunction(get_response):

        async def in_loop(request: HttpRequest) -> HttpResponse:
            return await get_response(request) if request.method in METHODS else HttpResponseNotAllowed(METHODS)

        return in_loop

    def in_thread(request: HttpRequest) -> HttpResponse:
        return get_response(request) if request.method in METHODS else HttpResponseNotAllowed(METHODS)  # type: ignore[return-value]

    return in_thread

"""Pages are not kept by the browser: after a quick exit, « Back » shows nothing."""

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware


def _forbid_storing(response: HttpResponse) -> HttpResponse:
    if response.headers.get("Content-Type", "").startswith("text/html"):
        response.headers["Cache-Control"] = "no-store"
    return response


@sync_and_async_middleware
def no_store(
    get_response: Callable[[HttpRequest], HttpResponse] | Callable[[HttpRequest], Awaitable[HttpResponse]],
) -> Callable:
    """Every page in HTML answers `Cache-Control: no-store`, which also keeps it out of the back-forward cache."""
    if iscoroutinefunction(get_response):

        async def in_loop(request: HttpRequest) -> HttpResponse:
            return _forbid_storing(await get_response(request))

        return in_loop

    def in_thread(request: HttpRequest) -> HttpResponse:
        return _forbid_storing(get_response(request))  # type: ignore[arg-type]

    return in_thread

"""The language of a page: that of its address; where the address says none, the one chosen in the display settings.

A first visit to the home page is led to the address in a language that the browser asks for, by
`pnav.middleware.addresses`; beyond that the browser's own languages are not followed (docs/adr/0068).
"""

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.decorators import sync_and_async_middleware

from common.texts import languages
from pnav import addresses
from pnav.pages import display


def _activate(request: HttpRequest) -> str:
    language = addresses.current().language or display.chosen_language(request) or languages.source()
    translation.activate(language)
    request.LANGUAGE_CODE = language
    return language


def _label(response: HttpResponse, language: str) -> HttpResponse:
    response.headers.setdefault("Content-Language", language)
    return response


@sync_and_async_middleware
def chosen_language(
    get_response: Callable[[HttpRequest], HttpResponse] | Callable[[HttpRequest], Awaitable[HttpResponse]],
) -> Callable:
    """Activate the language of the page."""
    if iscoroutinefunction(get_response):

        async def in_loop(request: HttpRequest) -> HttpResponse:
            language = _activate(request)
            return _label(await get_response(request), language)

        return in_loop

    def in_thread(request: HttpRequest) -> HttpResponse:
        language = _activate(request)
        return _label(get_response(request), language)  # type: ignore[arg-type]

    return in_thread

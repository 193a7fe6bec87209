"""Chooses the language of a page: that of its address, or that of the display settings where the address says none.

A first visit to the home page is redirected by `pnav.middleware.addresses` to a language that the browser asks for.
Beyond that the browser's own languages are not followed (docs/adr/0068).

The staff pages and those of accounts are written in the source language alone, and say so. In another language a screen
reader would read their French by that language's rules, and in Arabic they would be written from right to left
(docs/adr/0064).
"""

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.decorators import sync_and_async_middleware

from common.texts import languages
from pnav import addresses
from pnav.accounts.middleware import STAFF_AREAS
from pnav.pages import display


def chosen(request: HttpRequest) -> str:
    """Return the language in which this visit reads the site, whatever the page."""
    return addresses.current().language or display.chosen_language(request) or languages.source()


def _activate(request: HttpRequest) -> str:
    language = languages.source() if request.path_info.startswith(STAFF_AREAS) else chosen(request)
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

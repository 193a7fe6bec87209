"""The language of a page: French, unless the person chose another one here.

The browser's own languages are not followed: the service speaks of French law and of French services, a phone set to
English is often its owner's only English, and what is on screen has to match what a friend or a helper describes.
"""

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.decorators import sync_and_async_middleware


def _activate(request: HttpRequest) -> str:
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    language = chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
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
    """Activate the language of the visit, kept in a cookie by the display settings."""
    if iscoroutinefunction(get_response):

        async def in_loop(request: HttpRequest) -> HttpResponse:
            language = _activate(request)
            return _label(await get_response(request), language)

        return in_loop

    def in_thread(request: HttpRequest) -> HttpResponse:
        language = _activate(request)
        return _label(get_response(request), language)  # type: ignore[arg-type]

    return in_thread

"""Refuses plain-HTTP requests other than page loads, so that programs and forms do not go on without encryption.

Django redirects every request to HTTPS. That is right for a person who typed an address, and wrong for a program. A
program with a wrong address would send its token or its message unencrypted each time and be redirected, so that nobody
would notice. A form is refused too, because its content has already crossed the network, and a redirect would lose it.
"""

import re
from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.utils.decorators import sync_and_async_middleware

PROGRAMS = (
    "/metrics",
    "/tchat/trames/",
    "/console/trames/",
)  # addresses that only programs ask for, whatever the method


def _is_refused(request: HttpRequest) -> bool:
    """Return whether this is an unencrypted request that must not be redirected. Health probes may be unencrypted."""
    if not settings.SECURE_SSL_REDIRECT or request.is_secure():
        return False
    if any(re.search(pattern, request.path_info.lstrip("/")) for pattern in settings.SECURE_REDIRECT_EXEMPT):
        return False
    return request.method not in {"GET", "HEAD"} or request.path_info.startswith(PROGRAMS)


def _refusal() -> HttpResponse:
    return HttpResponseForbidden("HTTPS only.\n", content_type="text/plain; charset=utf-8")


@sync_and_async_middleware
def pages_only(
    get_response: Callable[[HttpRequest], HttpResponse] | Callable[[HttpRequest], Awaitable[HttpResponse]],
) -> Callable:
    """Answer 403 to an unencrypted request that loads no page. Django's SecurityMiddleware redirects the others."""
    if iscoroutinefunction(get_response):

        async def in_loop(request: HttpRequest) -> HttpResponse:
            return _refusal() if _is_refused(request) else await get_response(request)

        return in_loop

    def in_thread(request: HttpRequest) -> HttpResponse:
        return _refusal() if _is_refused(request) else get_response(request)  # type: ignore[return-value]

    return in_thread

"""Lets Prometheus ask each process for `/metrics` by the address at which it found the process.

Prometheus refuses to be configured with a `Host` of its own (« setting header "Host" is not allowed »), so it sends
the address that it scrapes: that of a container, a pod or a machine, which is no name of the site and not always known
when the site is configured. The token proves who asks, and the answer holds no link, so nothing is gained by a false
`Host`. A request without the token is treated like any other: 400 for a `Host` that is not allowed.
"""

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware

from pnav.metrics_token import holds_token

METRICS = "/metrics"


def _name_the_site(request: HttpRequest) -> None:
    if request.path_info == METRICS and holds_token(request):
        request.META["HTTP_HOST"] = settings.ALLOWED_HOSTS[0]


@sync_and_async_middleware
def by_any_address(
    get_response: Callable[[HttpRequest], HttpResponse] | Callable[[HttpRequest], Awaitable[HttpResponse]],
) -> Callable:
    """Give a request for the metrics that holds the token the first of ALLOWED_HOSTS as its `Host`."""
    if iscoroutinefunction(get_response):

        async def in_loop(request: HttpRequest) -> HttpResponse:
            _name_the_site(request)
            return await get_response(request)

        return in_loop

    def in_thread(request: HttpRequest) -> HttpResponse:
        _name_the_site(request)
        return get_response(request)  # type: ignore[return-value]

    return in_thread

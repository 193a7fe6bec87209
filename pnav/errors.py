"""Pages for what goes wrong, without keeping a connection.

Where the stack is asynchronous (that of the probes; whatever server but ours) Django draws these answers in a thread
of its own, which `request_finished` does not reach: a connection taken there, by the session or the frame of the page,
would never go back to the pool, and a dozen missing pages would empty it.
"""

from collections.abc import Callable
from functools import wraps

from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.views import defaults


def _giving_back(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @wraps(view)
    def draw(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        finally:
            # Inside a test or a view's own thread a transaction may be open: that connection is somebody else's.
            for connection in connections.all(initialized_only=True):
                if not connection.in_atomic_block:
                    connection.close()

    return draw


bad_request = _giving_back(defaults.bad_request)
permission_denied = _giving_back(defaults.permission_denied)
page_not_found = _giving_back(defaults.page_not_found)
server_error = _giving_back(defaults.server_error)

"""Notes every slow hash that is computed for a request anywhere in the suite: each must be computed in the lane for
slow requests.

An address that is missing from `pnav.server.slow_requests.NAMES` would compute its hash in a thread that serves people,
and everybody would wait for it (docs/adr/0052). A test that sends such a request fails.
"""

import threading
from collections.abc import Callable
from typing import Any

from django.core.signals import request_finished, request_started

from common import slow_hashes

_request = threading.local()


class HashOutsideItsLane(AssertionError):
    """A slow hash was computed for an address that is not in `pnav.server.slow_requests.NAMES`."""


def _begin(**signal: Any) -> None:
    environ, scope = signal.get("environ"), signal.get("scope")
    if environ is not None:
        _request.now = {"method": environ["REQUEST_METHOD"], "path": environ["PATH_INFO"]}
    elif scope is not None:
        _request.now = {"method": scope["method"], "path": scope["path"]}


def _end(**_signal: Any) -> None:
    _request.now = None


def watch() -> None:
    """Watch this process from now on."""
    compute = slow_hashes.compute

    def noted[T](hash_of: Callable[..., T], *args: object, **kwargs: object) -> T:
        note()
        return compute(hash_of, *args, **kwargs)

    slow_hashes.compute = noted
    request_started.connect(_begin, dispatch_uid="slow hashes")
    request_finished.connect(_end, dispatch_uid="slow hashes")


def note() -> None:
    """Note that a slow hash is computed now."""
    # It imports models, and Django may not be ready when this module is read.
    from pnav.server.slow_requests import is_slow

    request = getattr(_request, "now", None)
    if request is not None and not is_slow(request):
        raise HashOutsideItsLane(f"{request['method']} {request['path']}")

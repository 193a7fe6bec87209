"""Makes the middleware once for all clients of a test process, as a site makes it once for all its pages.

Django's client makes it again for each client, and a test has several: twenty classes and functions, of which one walks
through the folder of static files. When a setting changes, or a class or function in `MIDDLEWARE` is replaced, it is
made again.
"""

from typing import Any

from django.conf import settings
from django.test.client import ClientHandler
from django.test.signals import setting_changed
from django.utils.module_loading import import_string

_made: dict[tuple[Any, ...], ClientHandler] = {}
OF_A_STACK = ("_view_middleware", "_template_response_middleware", "_exception_middleware", "_middleware_chain")


def watch() -> None:
    """Share the middleware from now on, in this process."""
    setting_changed.connect(_forget, dispatch_uid="stack of tests")
    load = ClientHandler.load_middleware

    def load_once(self: ClientHandler, is_async: bool = False) -> None:
        asked = (is_async, *map(import_string, settings.MIDDLEWARE))
        if asked not in _made:
            load(self, is_async)
            _made[asked] = self
        for name in OF_A_STACK:
            setattr(self, name, getattr(_made[asked], name))

    ClientHandler.load_middleware = load_once  # type: ignore[method-assign]


def _forget(**_signal: object) -> None:
    _made.clear()

"""Lifts the limits for tests that ask far more of the site than anybody may: where this fixture is imported, none
refuses.
"""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.core.signals import request_started


@pytest.fixture(autouse=True)
def _nothing_is_counted() -> Iterator[None]:
    """Forget what limits counted before each request, so that the code that counts runs as it does on the site.

    The limits have their own tests. A worker of the tests has a database of Valkey to itself.
    """

    server = cache._cache.get_client(None, write=True)  # once: a client for each call costs more than it

    def forget(**_signal: object) -> None:
        server.flushdb()

    request_started.connect(forget)
    yield
    request_started.disconnect(forget)
    cache.clear()

"""Lifts the limits for tests that ask much more of the site than anybody may: no limit refuses where this fixture is
imported.
"""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.core.signals import request_started


@pytest.fixture(autouse=True)
def _nothing_is_counted() -> Iterator[None]:
    """Forget what limits counted before each request, so that the counting code runs as it does on the site.

    The limits have tests of their own. A worker of the tests has a database of Valkey to itself.
    """

    # Made once, because a client for each call costs more than the call.
    server = cache._cache.get_client(None, write=True)

    def forget(**_signal: object) -> None:
        server.flushdb()

    request_started.connect(forget)
    yield
    request_started.disconnect(forget)
    cache.clear()

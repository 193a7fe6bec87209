import uuid
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from django.conf import settings
from django.core.cache import caches


@pytest.fixture(autouse=True)
def _limits_of_this_test_alone() -> Iterator[None]:
    """Use keys of this test alone, so that attempts of other tests, and codes that they used, do not count here.

    No setting changes by it, so that the cache and what is kept of the sentences stay as they are. A thread that begins
    makes its cache after the same mapping.
    """
    prefix = f"accounts-{uuid.uuid4().hex}"
    here = caches["default"]  # made before the mapping changes: else this thread would keep the prefix after the test
    with patch.dict(settings.CACHES["default"], KEY_PREFIX=prefix), patch.object(here, "key_prefix", prefix):
        yield

import uuid

import pytest


@pytest.fixture(autouse=True)
def _limits_of_this_test_alone(settings):
    """Use keys of this test alone, so that attempts of other tests, and codes that they used, do not count here."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": f"accounts-{uuid.uuid4().hex}"}}

"""The situation in which acts are measured: the cast of the table of access, and no limit that refuses."""

import pytest

from benchmarks.costs import drive
from tests.access.people import Cast, create_cast


@pytest.fixture
def cast(db) -> Cast:
    return create_cast()


@pytest.fixture(autouse=True)
def _nothing_is_counted(settings):
    """The limits would refuse so many requests of one address; and each test has a stack of its own."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    drive.HANDLERS.clear()
    yield
    drive.HANDLERS.clear()

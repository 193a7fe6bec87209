"""The situation in which everybody knocks."""

import pytest

from tests.access.people import Cast, create_cast


@pytest.fixture
def cast(db) -> Cast:
    return create_cast()


@pytest.fixture(autouse=True)
def _nothing_is_counted(settings) -> None:
    """The limits would refuse so many requests of one address; they have their own tests."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}

"""The situation in which acts are measured: that of the people of the access table."""

import pytest
from django.core.cache import cache

from benchmarks.costs import drive
from chat.database import close_thread_connections
from tests.access.people import Cast, create_cast


@pytest.fixture
def cast(db) -> Cast:
    return create_cast()


@pytest.fixture
def _chat_threads():
    """Close the connections of the chat's threads, because a database in use cannot be dropped."""
    yield
    close_thread_connections()


@pytest.fixture(autouse=True)
def _own_stack():
    """Give each test a stack of its own, and leave nothing that was counted."""
    drive.HANDLERS.clear()
    yield
    drive.HANDLERS.clear()
    cache.clear()

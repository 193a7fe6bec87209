"""The situation in which everybody knocks."""

import pytest

from tests.access.people import Cast, create_cast
from tests.support.uncounted import _nothing_is_counted  # noqa: F401  the limits have their own tests


@pytest.fixture
def cast(db) -> Cast:
    return create_cast()

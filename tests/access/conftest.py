"""The situation in which everybody tries every address."""

import pytest

from tests.access.people import Cast, create_cast
from tests.support.uncounted import _nothing_is_counted  # noqa: F401  the limits have their own tests


@pytest.fixture
def cast(db, monkeypatch) -> Cast:
    # On a busy machine, all addresses take longer than the five minutes for which a proof opens the pages of changes.
    monkeypatch.setattr("pnav.accounts.reauthentication.OPENS_SECONDS", 3600)
    return create_cast()

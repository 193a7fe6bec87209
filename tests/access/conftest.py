"""The situation in which everybody tries every address."""

import pytest

from tests.access.people import Cast, create_cast
from tests.support.uncounted import _nothing_is_counted  # noqa: F401  the limits have their own tests


@pytest.fixture
def cast(db, monkeypatch) -> Cast:
    # On a busy machine, all addresses take longer than the five minutes for which a proof opens the pages of changes.
    monkeypatch.setattr("pnav.accounts.reauthentication.OPENS_SECONDS", 3600)
    # Those of allauth have their own.
    monkeypatch.setattr("django.conf.settings.ACCOUNT_REAUTHENTICATION_TIMEOUT", 3600, raising=False)
    return create_cast()

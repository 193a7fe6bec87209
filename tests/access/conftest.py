"""The situation in which everybody tries every address."""

from collections.abc import Iterator

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from common.service_settings import values
from tests.access.people import Cast, create_cast
from tests.support.uncounted import _nothing_is_counted  # noqa: F401  the limits have their own tests


@pytest.fixture
def proofs_last(monkeypatch) -> None:
    """Let a proof open the pages of changes for an hour: on a busy machine, all addresses take longer than the five
    minutes of a site.
    """
    monkeypatch.setattr("pnav.accounts.reauthentication.OPENS_SECONDS", 3600)
    # Those of allauth have their own.
    monkeypatch.setattr("django.conf.settings.ACCOUNT_REAUTHENTICATION_TIMEOUT", 3600, raising=False)


@pytest.fixture
def cast(db, proofs_last) -> Cast:
    return create_cast()


@pytest.fixture(scope="module")
def cast_of_module(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Cast]:
    """Create the cast once for a module, around whose tests a transaction is open that is undone at the end.

    It is for modules whose tests are all undone themselves. Each of them takes a copy: `deepcopy(cast_of_module)`.
    """
    # As Django does it around the tests of a class: it is not the code that began this transaction, so it makes no
    # lock of the code's last (tests/support/own_transactions.py), and no block of its own is nested in it.
    around = transaction.atomic()
    around._from_testcase = True
    values.put({})  # a test of the module before may have set a rule, and no test has begun here yet
    with django_db_blocker.unblock(), around:
        try:
            yield create_cast()
        finally:
            transaction.set_rollback(True)

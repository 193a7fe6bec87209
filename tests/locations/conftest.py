"""Places for the tests of this folder."""

from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from pytest_django import DjangoDbBlocker

from locations.importing import data_sources

TABLES = [
    "municipality",
    "placename",
    "postalcode",
    "receptionpoint",
    "unitalias",
    "competence",
    "partner",
    "dataedition",
]


@pytest.fixture(autouse=True)
def _forget_sources() -> Iterator[None]:
    data_sources.refresh()
    yield
    data_sources.refresh()


@pytest.fixture(scope="module")
def all_places(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Give every commune and postal code, with the demonstration units, once for a module; gone after it.

    Only for modules without transactional tests: those empty the tables.
    """
    with django_db_blocker.unblock():
        call_command("import_locations", stdout=StringIO(), stderr=StringIO())
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(f'locations_{table}' for table in TABLES)} CASCADE")

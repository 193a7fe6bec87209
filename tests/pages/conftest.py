from importlib import import_module

import pytest
from django.apps import apps


@pytest.fixture(autouse=True)
def _first_contents(request):
    """The contents of the first migration, also after a test whose end emptied every table."""
    if request.node.get_closest_marker("django_db") or "db" in request.fixturenames:
        request.getfixturevalue("db")
        import_module("pnav.pages.migrations.0002_first_contents").add(apps, None)

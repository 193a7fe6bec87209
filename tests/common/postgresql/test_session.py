"""What a connection tells PostgreSQL when it begins."""

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db


def test_no_statement_is_compiled():
    """PostgreSQL compiles what costs much where it is built for it, as Debian's and the image are, for seconds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT setting, source FROM pg_settings WHERE name = 'jit'")
        assert cursor.fetchone() == ("off", "client")

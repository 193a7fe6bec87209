from collections.abc import Iterator

import pytest

from pnav.pages.models import HelpNumber
from pnav.pages.templatetags import help_numbers


@pytest.fixture(autouse=True)
def _own_hours(request) -> Iterator[None]:
    """Keep the orientation's own hours: no administrator keeps a number (tests/pages/test_help_numbers.py does)."""
    if request.node.get_closest_marker("django_db"):
        request.getfixturevalue("db")
        HelpNumber.objects.all().delete()
        help_numbers.forget()
    yield
    help_numbers.forget()

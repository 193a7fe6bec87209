"""The people of the access table include every role."""

import pytest

from pnav.accounts.models import Role, User
from tests.access.people import create_cast

pytestmark = pytest.mark.django_db


def test_every_role_is_in_the_cast():
    create_cast()
    missing = set(Role.values) - set(User.objects.values_list("role", flat=True))
    assert missing == set(), "Add somebody to PEOPLE, and say in tests/access/table.py what they get from each address."

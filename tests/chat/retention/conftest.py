"""The people who decide about retention."""

import pytest

from pnav.accounts.models import Role
from tests.factories import chat as make


@pytest.fixture
def chief():
    return make.agent(role=Role.SUPERVISOR).user

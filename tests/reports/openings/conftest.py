"""The people who take part in a disclosure, and the browser that asks."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from pnav.accounts.models import Role, User
from tests.factories import chat as make


@pytest.fixture
def browser():
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def agent():
    return make.agent().user


@pytest.fixture
def supervisor():
    return make.agent(role=Role.SUPERVISOR).user


@pytest.fixture
def custodians():
    return [User.objects.create_user(f"referent{n}", role=Role.CUSTODIAN) for n in (1, 2, 3)]

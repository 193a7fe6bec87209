"""Two agents, and a conversation of the first."""

import pytest

from locations.models import Force
from tests.factories import chat as make


@pytest.fixture
def camille():
    return make.agent(public_name="Camille")


@pytest.fixture
def alex():
    return make.agent(public_name="Alex", unit_name="Ailleurs", force=Force.GENDARMERIE)


@pytest.fixture
def conversation(camille):
    return make.assigned(camille, queued_at=make.long_ago(30))

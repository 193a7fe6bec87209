"""An agent with a conversation, and the agent's console."""

import pytest

from tests.chat.console.agents import signed_in
from tests.factories import chat as make


@pytest.fixture
def agent():
    return make.agent()


@pytest.fixture
def conversation(agent):
    return make.assigned(agent)


@pytest.fixture
def console(agent):
    return signed_in(agent.user)

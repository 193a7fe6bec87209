import pytest
import pytest_asyncio

from chat.delivery import close_switchboard
from chat.threads import close_thread_connections


@pytest_asyncio.fixture(autouse=True)
async def _no_hub_left_behind():
    """Each test has its own loop: its hub goes with it."""
    yield
    await close_switchboard()


@pytest.fixture(scope="session", autouse=True)
def _no_connection_left_behind(django_db_setup):
    """The chat threads keep their connections, and a database in use cannot be dropped."""
    yield
    close_thread_connections()

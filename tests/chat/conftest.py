import pytest_asyncio

from chat.realtime.broadcaster import close_broadcaster


@pytest_asyncio.fixture(autouse=True)
async def _no_hub_left_behind():
    """Each test has its own loop: its hub goes with it."""
    yield
    await close_broadcaster()

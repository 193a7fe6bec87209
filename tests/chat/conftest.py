import pytest_asyncio

from chat import doorbell


@pytest_asyncio.fixture(autouse=True)
async def _no_hub_left_behind(request):
    """Each test has its own loop: its hub goes with it."""
    yield
    await doorbell.close_hub()

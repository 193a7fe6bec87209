from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from chat.realtime.broadcaster import close_broadcaster


@pytest.fixture(autouse=True)
def _no_hub_left_behind(request: pytest.FixtureRequest) -> None:
    """Give each asynchronous test a hub that goes with its loop. The others need no loop for that."""
    if request.node.get_closest_marker("asyncio"):
        request.getfixturevalue("_hub_of_this_loop")


@pytest_asyncio.fixture
async def _hub_of_this_loop() -> AsyncIterator[None]:
    yield
    await close_broadcaster()

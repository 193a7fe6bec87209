"""Finds the browsers, and runs these tests only when somebody asks for them (`make test-engines`)."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.engines.engine import DISPLAY, Engine, find
from tests.browser.engines.firefox import HAND, Firefox
from tests.browser.engines.webkit import WebKit

ASKED = "PNAV_ENGINES"  # « firefox », « webkit » or both
KINDS: dict[str, Callable[..., Engine]] = {"firefox": Firefox, "webkit": WebKit}


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Collect nothing of this folder for whoever did not ask."""
    return True if collection_path.name.startswith("test_") and not os.environ.get(ASKED) else None


def asked() -> list[str]:
    return os.environ.get(ASKED, "").split()


type EngineFactory = Callable[..., Engine]


@pytest.fixture
def engines(request: pytest.FixtureRequest) -> Iterator[EngineFactory]:
    """Give `engines("firefox", scripts=False)`: a browser of its own, closed at the end of the test.

    It skips one that was not asked for.
    """
    opened: list[Engine] = []

    def make(kind: str, **options: Any) -> Engine:
        if kind not in asked():
            pytest.skip(f"{kind} is not here")
        if options.get("on_desk") and not (find(HAND) and find(DISPLAY)):
            pytest.skip(f"{HAND} or {DISPLAY} is not here")
        engine = KINDS[kind](**options)
        opened.append(engine)
        return engine

    yield make
    pictures = os.environ.get("PNAV_PICTURES")
    for number, engine in enumerate(opened):
        if pictures:
            name = request.node.name.replace("/", "_")  # a test with a parameter for each page has the page in its name
            engine.picture(Path(pictures) / f"{name}-{number}.png")
        engine.close()

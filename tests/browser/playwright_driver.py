"""Starts Playwright so that Chromium compiles once what Playwright puts into each document.

The first locator of a document has Playwright evaluate 330 KB of script there. It writes the number of the document
into this text, so Chromium compiles the whole of it anew each time: 8 to 11 ms of the 40 to 60 that such a page takes.
`playwright_compiles_once.cjs` changes this in Playwright as it is loaded, for the process of the tests alone: the text
is the same for all documents, and its options come in a second call. What happens in the page is the same.

A Playwright that is written otherwise is not changed, and `test_playwright_driver.py` fails.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from playwright.sync_api import Playwright, sync_playwright

PRELOADED = Path(__file__).with_name("playwright_compiles_once.cjs")


@contextmanager
def started() -> Iterator[Playwright]:
    """Give a Playwright that is changed in this way. Other processes of Node are not: the variable is taken back."""
    options = f'{os.environ.get("NODE_OPTIONS", "")} --require="{PRELOADED}"'.strip()
    driver = sync_playwright()
    with mock.patch.dict(os.environ, NODE_OPTIONS=options):
        playwright = driver.__enter__()  # it copies the environment for Node here
    try:
        yield playwright
    finally:
        driver.__exit__()

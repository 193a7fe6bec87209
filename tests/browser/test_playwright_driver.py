"""Playwright puts the same text into each document, so that Chromium finds what it has compiled."""

import os
from typing import Any

from playwright.sync_api import Page

from tests.browser.conftest import LiveSite

LONG = 100_000  # no script of ours is so long


def test_each_document_is_given_the_same_text(live_site: LiveSite, page: Page) -> None:
    """Chromium looks for a text that it has compiled: the hash of the long one is the same in three documents, and each
    has it once, in the world that Playwright has beside that of the page.
    """
    page.goto(live_site.url + "/robots.txt")
    devtools = page.context.new_cdp_session(page)
    parsed: list[dict[str, Any]] = []
    devtools.on("Debugger.scriptParsed", lambda one: parsed.append(one))
    devtools.send("Debugger.enable")
    for place in ("/", "/accessibilite/", "/point-d-accueil/"):
        page.goto(live_site.url + place)
        assert page.locator("h1").count() == 1
        assert page.locator("main").count() == 1
    long = [one for one in parsed if one["length"] > LONG]
    worlds = {one["executionContextId"] for one in long}
    assert len(long) == len(worlds) == 3
    assert not any(one["executionContextAuxData"]["isDefault"] for one in long)
    assert len({one["hash"] for one in long}) == 1


def test_no_other_process_of_node_is_changed(page: Page) -> None:
    """The variable that changes Playwright is not there once it has started."""
    assert "compiles_once" not in os.environ.get("NODE_OPTIONS", "")

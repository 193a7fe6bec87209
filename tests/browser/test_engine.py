"""The browser that the tests drive does what Playwright expects."""

from playwright.sync_api import Browser

from tests.browser.conftest import FRAMES, SUGGESTIONS, switched_off


def test_what_playwright_switches_off_stays_off(browser: Browser):
    features = switched_off(browser.browser_type).split(",")
    assert {"PaintHolding", "HttpsUpgrades", *SUGGESTIONS, *FRAMES} <= set(features)

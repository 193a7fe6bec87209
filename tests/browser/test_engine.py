"""The browser that the tests drive does what Playwright expects."""

from playwright.sync_api import Browser

from tests.browser.conftest import FRAMES, SUGGESTIONS, switched_off


def test_what_playwright_switches_off_stays_off(browser: Browser):
    features = switched_off(browser.browser_type).split(",")
    assert {"PaintHolding", "HttpsUpgrades", *SUGGESTIONS, *FRAMES} <= set(features)


def test_frames_are_made_anew_where_a_test_asks_for_it(browser: Browser):
    """Playwright may switch them off by itself one day, and both kinds would be the same."""
    assert set(FRAMES).isdisjoint(switched_off(browser.browser_type, frames=()).split(","))

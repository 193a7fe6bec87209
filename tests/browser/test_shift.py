"""Nothing moves under the reader's finger when the fonts come, on a visit that has none of them yet.

The files of Marianne are held back until the page stands in a font of this machine, then let go: what Chromium says
has moved by itself (`layout-shift`, the sum that Lighthouse judges) is due to them. Fallbacks as wide as Marianne
(`pnav.pages.build.fallback_fonts`) keep each line where it was. A machine that has none of the fonts named there
(fc-list) cannot pass.
"""

from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, Route

from pnav.accounts.second_factor import enrol_totp
from tests.accounts.cast import SECRET
from tests.browser import staff
from tests.browser.conftest import LiveSite, PageFactory
from tests.factories import chat as make

pytestmark = pytest.mark.new_tabs

# Lighthouse calls 0.1 good. One line that breaks at another word is 0.02 to 0.06; without fallback fonts it is up to
# 0.16.
MOST = 0.07
FONTS = "**/*.woff2"
WATCH = """
window.moved = [];
new PerformanceObserver((list) => {
    for (const one of list.getEntries())
        moved.push([one.value, ...one.sources.map(({ node }) => (node?.textContent ?? "").trim().slice(0, 60))]);
}).observe({ type: "layout-shift", buffered: true });
"""
WIDTHS = (412, 1280)


def _wait(page: Page, condition: str) -> None:
    """Wait until it holds and what is drawn then was drawn. It is asked from outside, because the policy evaluates no
    text.
    """
    for _look in range(200):
        if page.evaluate(condition):
            page.wait_for_timeout(300)
            return
        page.wait_for_timeout(50)
    raise AssertionError(condition)


def moved_at(page: Page, address: str) -> list[Any]:
    """Go there, let the fonts come once something is drawn, and return what moved then, each with its words.

    What a page's requests are held by keeps its cache from being used: each page asks for its fonts anew.
    """
    held = list[Route]()
    page.route(FONTS, lambda route: held.append(route))
    page.goto(address, wait_until="domcontentloaded")  # the load event waits for the fonts
    page.evaluate(WATCH)  # it also reports what moved before
    _wait(page, "performance.getEntriesByName('first-contentful-paint').length > 0")
    assert held, "no font was asked for"
    before = page.evaluate("moved.length")
    page.unroute(FONTS)  # lets the requests that were held go on
    _wait(page, "document.fonts.status === 'loaded'")
    assert page.evaluate("document.fonts.check('16px Marianne')")
    return list(page.evaluate("moved"))[before:]


def is_still(moved: list[Any]) -> bool:
    return sum(one[0] for one in moved) <= MOST


PATHS = ("/", "/tchat/", "/mineurs/", "/numeros/", "/orientation/maintenant/", "/orientation/danger/", "/avis/")


@pytest.mark.parametrize("width", WIDTHS)
def test_page_stays_where_it_is_when_the_fonts_come(
    page_factory: PageFactory, live_site: LiveSite, width: int, subtests: pytest.Subtests
):
    page = page_factory(width=width, height=640)
    for path in PATHS:
        with subtests.test(path):
            moved = moved_at(page, live_site.url + path)
            assert is_still(moved), moved


@pytest.mark.parametrize("width", WIDTHS)
def test_waiting_room_stays_where_it_is_when_the_fonts_come(
    page_factory: PageFactory, live_site: LiveSite, nobody_on_duty: None, width: int
):
    from tests.chat.sockets import visit

    with live_site.database():
        key = visit(make.waiting())
    page = page_factory(width=width, height=640)
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_site.url}])
    moved = moved_at(page, live_site.url + "/tchat/")
    assert is_still(moved), moved


def test_console_stays_where_it_is_when_the_fonts_come(page_factory: PageFactory, live_site: LiveSite):
    with live_site.database():
        user = make.agent().user
        enrol_totp(user, SECRET)
    page = page_factory()
    staff.give_session(page, live_site, user)
    moved = moved_at(page, live_site.url + "/console/")
    assert is_still(moved), moved

"""A browser does not run a script or a style that was altered on its way (ADR 0096)."""

import re

from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import LiveSite, PageFactory
from tests.browser.exchange import assigned

UNCHECKED = ":is(script[src], link[rel~=stylesheet], link[rel=modulepreload]):not([integrity])"


def test_each_file_of_a_page_is_vouched_for_and_none_is_refused(live_site: LiveSite, enter, page_factory: PageFactory):
    """Pages are the home page, with the sheets of its header, and the exchange, with most modules.

    The fixture reads refusals.
    """
    home = page_factory()
    answer = home.goto(live_site.url + "/", wait_until="networkidle")
    assert answer is not None and "integrity-policy" not in answer.headers, "WebKit would run no script of ours"
    expect(home.locator(UNCHECKED)).to_have_count(0)
    _agent, conversation = assigned(live_site)
    exchange: Page = enter(conversation)
    expect(exchange.locator("link[rel=modulepreload][integrity]")).not_to_have_count(0)
    expect(exchange.locator(UNCHECKED)).to_have_count(0)


def test_altered_file_is_refused(browser: Browser, live_site: LiveSite):
    """There is one byte more in a style and in a script."""
    context = browser.new_context()
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))

    def altered(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.body() + b"\n")

    page.route(re.compile(r"/(site\.[0-9a-f]+\.css|quick-exit\.[0-9a-f]+\.js)"), altered)
    page.goto(live_site.url + "/", wait_until="networkidle")
    sheets = page.evaluate("[...document.styleSheets].map(sheet => sheet.href)")
    assert sheets and not any("/site." in address for address in sheets), sheets
    assert any("site." in line and "integrity" in line for line in said), said
    assert any("quick-exit." in line and "integrity" in line for line in said), said
    context.close()

"""What a test leaves in a tab is removed for the next test; a tab in which something would stay is closed."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Error, Page, Route

from tests.browser import tabs as kept
from tests.browser.conftest import LiveSite, _NeutralPage
from tests.browser.tabs import Tab, Tabs

OPTIONS: dict[str, Any] = {
    "locale": "fr-FR", "color_scheme": "light", "java_script_enabled": True, "viewport": {"width": 700, "height": 500},
}  # fmt: skip
LEAVE = """async () => {
  localStorage.setItem("left", "1");
  sessionStorage.setItem("left", "1");
  document.cookie = "left=1; path=/";
  window.name = "left";
  await (await caches.open("left")).put("/left", new Response("left"));
  await new Promise((done, failed) => {
    const opening = indexedDB.open("left", 1);
    opening.onsuccess = () => { opening.result.close(); done(); };
    opening.onerror = failed;
  });
}"""
# What a page itself can tell about its visit.
LOOK = """async () => ({
  stores: [localStorage.length, sessionStorage.length, document.cookie, window.name],
  caches: await caches.keys(),
  databases: (await indexedDB.databases()).map(({ name }) => name),
  history: history.length,
  offline: !navigator.onLine,
  permission: (await navigator.permissions.query({ name: "geolocation" })).state,
  sizes: [innerWidth, innerHeight, screen.width, screen.height, outerWidth, outerHeight, devicePixelRatio],
  dark: matchMedia("(prefers-color-scheme: dark)").matches,
  print: matchMedia("print").matches,
  still: matchMedia("(prefers-reduced-motion: reduce)").matches,
  globals: "left" in window,
  kept: performance.getEntriesByType("resource")
    .filter(({ name, transferSize }) => !transferSize && name.startsWith(origin) && !name.includes("/static/"))
    .map(({ name }) => name),
})"""

FROM_THE_CACHE = "performance.getEntriesByType('resource').filter(({ transferSize }) => !transferSize).length"


def look(page: Page, site: LiveSite) -> dict[str, Any]:
    page.goto(site.url + "/accessibilite/", wait_until="load")
    seen: dict[str, Any] = page.evaluate(LOOK)
    return seen


@pytest.fixture
def taken(tabs: Tabs, live_site: LiveSite):
    """Give a tab that was just opened; it is closed at the end, if it is not kept."""
    tabs.close()  # otherwise tabs of other tests would be used first, because size and theme do not distinguish them
    tab = tabs.take(live_site.url, OPTIONS, is_new=True)
    yield tab
    if tab in tabs.kept:
        tabs.kept.remove(tab)
    tab.page.context.close()


def test_all_that_playwright_has_is_known():
    """What a newer version of it adds is to be read: would it stay in the tab?"""
    names = {name for kind in (Page, BrowserContext) for name in dir(kind) if not name.startswith("_")}
    assert names == kept.LEAVES | kept.UNDONE | kept.HARMLESS
    assert len(names) == len(kept.LEAVES) + len(kept.UNDONE) + len(kept.HARMLESS)


def test_tab_that_was_used_is_as_a_new_one(tabs: Tabs, live_site: LiveSite, taken: Tab):
    new = look(taken.page, live_site)
    assert not new["offline"] and new["sizes"][0] == 700 and new["kept"] == []
    page = taken.page
    page.evaluate(LEAVE)
    page.evaluate("window.left = 1")
    page.goto(live_site.url + "/donnees-personnelles/")
    page.context.grant_permissions(["geolocation"])
    page.set_viewport_size({"width": 320, "height": 400})
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.locator("h1").hover()
    used = look(page, live_site)
    page.emulate_media(media="print")
    page.context.set_offline(True)
    assert {name for name in new if used[name] != new[name]} >= {
        "stores", "caches", "databases", "history", "permission", "sizes", "dark", "still",
    }, used  # fmt: skip
    tabs.give_back(taken, failed=False)
    assert page.url == live_site.url + "/robots.txt" and page.context.cookies() == []
    assert tabs.take(live_site.url, OPTIONS) is taken
    assert look(page, live_site) == new


def test_routes_listeners_and_scripts_are_taken_back(tabs: Tabs, live_site: LiveSite, taken: Tab):
    """Those of the page and of its context, of which one was used up, one never answered, and one taken back already.

    What this file's own listeners hear (`_listen`) is still heard.
    """
    page = taken.page
    look(page, live_site)
    new = look(page, live_site)
    cached = page.evaluate(FROM_THE_CACHE)
    assert cached > 0
    heard: list[Any] = []
    held: list[Route] = []

    def hear(what: Any) -> None:
        heard.append(what)

    page.on("request", hear)
    page.once("response", hear)
    page.context.on("response", hear)
    page.add_init_script("window.left = 1")
    page.context.add_init_script("window.left = 2")
    page.route("**/never/", lambda route: held.append(route))
    page.evaluate("() => { fetch('/never/').catch(() => {}); }")
    page.route("**/accessibilite/", lambda route: route.fallback())
    page.context.route("**/accessibilite/", lambda route: route.fulfill(body="<p>left", content_type="text/html"))
    page.route("**/once/", lambda route: route.abort(), times=1)
    page.unroute("**/once/")
    page.goto(live_site.url + "/accessibilite/")
    assert page.inner_text("body") == "left" and page.evaluate("window.left") in {1, 2}
    assert held and len(heard) >= 3
    tabs.give_back(taken, failed=False)
    heard.clear()
    assert tabs.take(live_site.url, OPTIONS) is taken
    assert look(page, live_site) == new
    assert page.evaluate(FROM_THE_CACHE) == cached, "a route has Chromium ask for each file again"
    assert heard == [] and taken.problems == []
    page.evaluate("() => { setTimeout(() => { throw new Error('said'); }); }")
    page.wait_for_timeout(100)
    assert len(taken.problems) == 1 and "said" in taken.problems[0]


def test_tab_of_another_size_and_theme_is_as_a_new_one_of_these(tabs: Tabs, live_site: LiveSite, taken: Tab):
    other = {**OPTIONS, "viewport": {"width": 320, "height": 640}, "color_scheme": "dark", "reduced_motion": "reduce"}
    made = tabs.take(live_site.url, other, is_new=True)
    new = look(made.page, live_site)
    made.page.context.close()
    before = look(taken.page, live_site)
    assert {name for name in new if before[name] != new[name]} == {"sizes", "dark", "still"}
    tabs.give_back(taken, failed=False)
    assert tabs.take(live_site.url, other) is taken
    assert look(taken.page, live_site) == new
    tabs.give_back(taken, failed=False)
    assert tabs.take(live_site.url, OPTIONS) is taken
    assert look(taken.page, live_site) == before


def test_page_beside_a_tab_that_was_used_is_as_beside_a_new_one(tabs: Tabs, live_site: LiveSite, taken: Tab):
    """It has the size and theme that its context began with, which are not those of a test before."""

    def beside(tab: Tab) -> dict[str, Any]:
        page = tab.page.context.new_page()
        seen = look(page, live_site)
        page.evaluate(LEAVE)
        page.close()
        return seen

    look(taken.page, live_site)
    new = beside(taken)
    assert new["sizes"][0] == 700
    taken.page.set_viewport_size({"width": 320, "height": 400})
    tabs.give_back(taken, failed=False)
    other = {**OPTIONS, "viewport": {"width": 320, "height": 400}}
    assert tabs.take(live_site.url, other) is taken
    tabs.give_back(taken, failed=False)
    made = tabs.take(live_site.url, other, has_beside=True)
    assert made is not taken
    assert beside(made)["sizes"] != new["sizes"]
    made.page.context.close()
    assert tabs.take(live_site.url, OPTIONS, has_beside=True) is taken
    assert beside(taken) == new


def test_another_site_or_other_options_get_another_tab(tabs: Tabs, live_site: LiveSite, taken: Tab):
    tabs.give_back(taken, failed=False)
    for site, options, is_new in (
        ("http://127.0.0.1:9", OPTIONS, False),
        (live_site.url, {**OPTIONS, "java_script_enabled": False}, False),
        (live_site.url, OPTIONS, True),
    ):
        other = tabs.take(site, options, is_new=is_new)
        assert other is not taken and other.page.context is not taken.page.context
        other.page.context.close()


def go_elsewhere(page: Page, neutral_site: str) -> None:
    page.goto(neutral_site)


@pytest.mark.parametrize(
    "spoil",
    [
        go_elsewhere,
        lambda page, _site: page.close(),
        lambda page, _site: page.context.new_page(),
        lambda page, _site: page.route_web_socket("**/x", lambda _socket: None),
        lambda page, _site: page.clock.install(),
        lambda page, _site: page.context.set_extra_http_headers({"X-Left": "1"}),
    ],
)
def test_tab_where_something_stays_is_closed(
    tabs: Tabs, neutral_site: str, taken: Tab, spoil: Callable[[Page, str], object]
):
    spoil(taken.page, neutral_site)
    tabs.give_back(taken, failed=False)
    assert taken not in tabs.kept and taken.page.is_closed()


def test_tab_that_does_not_let_go_is_closed(tabs: Tabs, taken: Tab, monkeypatch: pytest.MonkeyPatch):
    """A page may ask whether it may be left."""

    def goto(*_arguments: object, **_named: object) -> None:
        raise Error("net::ERR_ABORTED")

    monkeypatch.setattr(taken.page, "goto", goto)
    taken.page.on("request", lambda _request: None)
    tabs.give_back(taken, failed=False)
    assert taken not in tabs.kept and taken.page.is_closed()
    assert taken.page.context not in kept._undo


def test_tab_of_a_test_that_failed_is_closed(tabs: Tabs, taken: Tab):
    taken.page.on("request", lambda _request: None)
    assert taken.page.context in kept._undo
    tabs.give_back(taken, failed=True)
    assert taken not in tabs.kept and taken.page.is_closed()
    assert taken.page.context not in kept._undo, "it would hold the context as long as the process is there"


def test_what_is_asked_of_another_site_is_noted(tabs: Tabs, live_site: LiveSite, neutral_site: str, taken: Tab):
    """A page asks, and the content policy refuses it; a form or a link leads there; a request fails."""
    page = taken.page
    page.goto(live_site.url + "/accessibilite/")
    assert taken.problems == [] and not taken.was_elsewhere
    for ask in ("new Image().src = there", "fetch(there).catch(() => {})", "navigator.sendBeacon(there)"):
        taken.problems = []
        with page.expect_console_message(lambda message: neutral_site in message.text):
            page.evaluate(f"(there) => {{ {ask}; }}", neutral_site)
        assert any(one.startswith("policy: ") for one in taken.problems), taken.problems
    taken.problems, taken.was_elsewhere = [], False
    page.goto(neutral_site)
    assert taken.problems == [f"elsewhere: {neutral_site}"] and taken.was_elsewhere
    taken.problems = []
    with pytest.raises(Error, match="net::ERR"):
        page.goto("http://127.0.0.1:9/")
    assert "elsewhere: http://127.0.0.1:9/" in taken.problems


# A worker whose file has no policy, as static files have none: it makes a request, and reports when it is done.
WORKER_ASKS = """(there) => new Promise((done) => {
  const script = `fetch("${there}")
    .then(() => postMessage("answered"), () => postMessage("none"));`;
  const worker = new Worker(URL.createObjectURL(new Blob([script])));
  worker.onmessage = ({ data }) => done(data);
})"""


def allow_everybody(page: _NeutralPage) -> None:
    page.send_header("Access-Control-Allow-Origin", "*")
    page.send_header("Cross-Origin-Resource-Policy", "cross-origin")
    BaseHTTPRequestHandler.end_headers(page)


def test_what_a_worker_asks_of_another_site_is_noted(
    tabs: Tabs, live_site: LiveSite, neutral_site: str, monkeypatch: pytest.MonkeyPatch
):
    """No policy refuses it, and somebody would answer, who allows every site to read it."""
    monkeypatch.setattr(_NeutralPage, "end_headers", allow_everybody)
    there = neutral_site.replace("127.0.0.1", "elsewhere.localhost")
    tab = tabs.take(live_site.url, {**OPTIONS, "bypass_csp": True}, is_new=True)
    tab.page.goto(live_site.url + "/accessibilite/")
    assert tab.problems == []
    assert tab.page.evaluate(WORKER_ASKS, there) == "none"
    tab.page.wait_for_timeout(100)  # the report comes later than the answer
    assert tab.problems == [f"elsewhere: {there}"] and tab.was_elsewhere
    tab.page.context.close()


def test_few_are_kept(tabs: Tabs, live_site: LiveSite, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(kept, "MOST", 1)
    tabs.close()  # those of earlier tests
    pair = [tabs.take(live_site.url, OPTIONS, is_new=True) for _each in range(2)]
    for tab in pair:
        tabs.give_back(tab, failed=False)
    assert tabs.kept[-1:] == pair[1:] and pair[0].page.is_closed()
    tabs.kept.remove(pair[1])
    pair[1].page.context.close()

"""A real site and a real browser for every test below this folder.

What a test may ask for:

- `live_site`: the address and the database of a Daphne that runs as in production (hashed and compressed static
  files, strict content policy), on its own database, with every commune and the units of the demonstration;
- `page_factory`: makes pages, with a theme, a width, with or without JavaScript;
- `page`: one page 1280 wide, light, with JavaScript;
- `axe`: asserts that axe-core finds nothing on a page; `axe_in_both_themes`: in the dark theme, then in the light one;
  `axe_at_both_ends`: on a narrow dark screen, then on a wide light one;
- `neutral_site`: where « Quitter rapidement » leads during the tests.

Example::

    def test_search_without_javascript(live_site, page_factory):
        with live_site.database():
            MunicipalityFactory()
        page = page_factory(javascript=False, width=320)
        page.goto(live_site.url + "/point-d-accueil/")

Sync Playwright keeps an event loop running in this thread, so tests in this folder are plain functions, not
coroutines; the browser is closed when the last of them is done.

`anew(page, live_site)` begins another visit in the same tab, where one test looks at many pages.

A click that leads to another page returns before that page is there. `goes_on(page)` waits for it, before anything that
does not wait by itself: `go_back`, `reload`, `goto`, `page.url`, `page.title()`, `evaluate`, the database.
"""

import http.server
import os
import re
import shutil
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe as AxeCore
from django.db import DEFAULT_DB_ALIAS, connection
from playwright.sync_api import (
    Browser,
    BrowserType,
    ConsoleMessage,
    Error,
    Frame,
    Page,
    Request,
    expect,
)
from pytest_django import DjangoDbBlocker

from pnav.demo.services import free_port
from tests import chromium
from tests.browser import door, playwright_driver
from tests.browser.exchange import console, enter, nobody_on_duty
from tests.browser.known_kinds import KnownKinds
from tests.browser.tabs import Tab, Tabs, run_script
from tests.browser.tabs import watch as watch_tabs
from tests.support import fresh, once

__all__ = ["console", "enter", "nobody_on_duty"]  # fixtures from beside

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 60
# How long a browser test waits for what it expects: a busy machine is several times slower.
PATIENCE_MS = 30_000
# What Chromium logs when a policy of the page refuses something, or when it does not understand one.
REFUSALS = (
    "Content Security Policy",
    "Trusted",
    "Permissions-Policy",
    "Permissions policy",
    "Cross-Origin",
    "ntegrity",
)
# Two pages of Chromium for the suggestions of the address bar. They are drawn again beside each visit, nearly half of
# all its work, although nobody types there.
SUGGESTIONS = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup")
# Only this machine has an address, under the names that the tests use. A request to any other host fails, and the tab
# is told of requests that fail.
NOBODY_ELSE = "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"
# Chromium makes a frame of its own for each document, though it stays on the site: a third of what it takes to go from
# one to the next. A page sees it: in a frame that was kept, it knows where the mouse is before the mouse moves. What a
# page does as it is left, and what is under the mouse then, is tried in both kinds of frame (`frames`).
FRAMES = ("RenderDocument",)
THEMES = ("dark", "light")
# The rules of axe whose result can depend on the theme.
OF_COLOURS = ["color-contrast", "link-in-text-block"]
VIOLATIONS = """async ([rules, known]) => {
  if (rules && axe.knowsAll(known)) return [[], []];
  axe.beginAnew(known);
  const options = { resultTypes: ["violations"], ...(rules && { runOnly: rules }) };
  const { violations, incomplete } = await axe.run(options);
  return [
    violations.map(({ id, help, nodes }) => [`${id}: ${help}`, ...nodes.map(({ html }) => html)].join("\\n    ")),
    axe.askedKinds([...violations, ...incomplete].map(({ id }) => id)),
  ];
}"""
# Half of axe's work is the contrast of each text. Texts that have the same style on the same backgrounds have the same
# result, so three of each kind are asked, and none that is a single character, of which axe says at worst that it
# cannot tell. A kind whose result was good on another page of this run is not asked again. A kind is asked again when
# axe could not tell, or when its text was out of sight, unless axe can never tell: because of a picture or a drawn
# character in it, as links are underlined and alerts marked (the kind of such a text includes the classes of all
# elements around it). The kind of a link within a text includes the style of that text. Kinds are identified by a hash
# (cyrb53) of their styles, with the colours of the theme. When a page that was asked everything is asked about colours
# only, and all that it shows is of known kinds, it is not looked at again (`knowsAll`).
KINDS_OF_TEXT = """
(() => {
  const ofText = ["color", "webkitTextFillColor", "webkitTextStrokeWidth", "textShadow", "fontSize", "fontWeight"];
  const ofLink = ["textDecorationLine", "textDecorationStyle", "textDecorationColor", "fontStyle", "fontFamily",
    "borderBottomStyle", "borderBottomWidth", "borderBottomColor"];
  const ofGround = ["backgroundColor", "backgroundImage", "opacity", "filter", "mixBlendMode", "position", "zIndex"];
  const ruleOf = (name) => axe._audit.rules.find(({ id }) => id === name);
  const [texts, links] = [ruleOf("color-contrast"), ruleOf("link-in-text-block")];
  const [textMatches, linkMatches] = [texts.matches, links.matches];
  const check = axe._audit.checks["color-contrast"];
  const evaluate = check.evaluate;
  let grounds, around, asked, askedLinks, known, kindOf, unsure, untold, shown;
  axe.beginAnew = (kinds) => {
    [grounds, asked, askedLinks, known] = [new Map(), new Map(), new Set(), new Set(kinds)];
    [around, kindOf, unsure, untold] = [new Map(), new WeakMap(), new Set(), new Set()];
    shown = { texts: [], links: [], all: allShown() };
  };
  axe.askedKinds = (doubtful) => [
    ...[...asked.keys()].filter((kind) => !unsure.has(kind)),
    ...untold,
    ...(doubtful.includes(links.id) ? [] : askedLinks),
  ];
  axe.knowsAll = (kinds) => {
    const now = shown && allShown();
    if (!now || now.size !== shown.all.size || [...now].some((one) => !shown.all.has(one))) return false;
    [grounds, around, known] = [new Map(), new Map(), new Set(kinds)];
    return shown.texts.every((one) => one.isConnected && isKnown(one))
      && shown.links.every((one) => one.isConnected && known.has(kindOfLink(one)));
  };
  const allShown = () => new Set([...document.querySelectorAll("body *")]
    .filter((one) => one.checkVisibility({ opacityProperty: true, visibilityProperty: true })));
  const hash = (text) => {
    let [high, low] = [0xdeadbeef, 0x41c6ce57];
    for (let at = 0; at < text.length; at += 1) {
      const sign = text.charCodeAt(at);
      high = Math.imul(high ^ sign, 2654435761);
      low = Math.imul(low ^ sign, 1597334677);
    }
    high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
    low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
    return 4294967296 * (2097151 & low) + (high >>> 0);
  };
  const styles = (element, names) => {
    const style = getComputedStyle(element);
    return names.map((name) => style[name]).join("|");
  };
  const ground = (element) => {
    if (!element) return 0;
    if (!grounds.has(element)) {
      grounds.set(element, hash(`${ground(element.parentElement)}|${styles(element, ofGround)}`));
    }
    return grounds.get(element);
  };
  const kindOfText = (element) => hash(`${ground(element)}|${styles(element, ofText)}`);
  // What axe compares a link with: the element around it that is one of these.
  const isBlock = (element) => /^(block|list-item|table|flex|grid|inline-block|table-.*)$/
    .test(getComputedStyle(element).display);
  const blockAround = (element) => {
    let block = element.parentElement;
    while (block !== document.body && !isBlock(block)) block = block.parentElement;
    return block;
  };
  const kindOfLink = (element) =>
    hash([element, blockAround(element)].flatMap((one) => ["link", kindOfText(one), styles(one, ofLink)]).join("|"));
  // The classes of an element and of all around it, and whether one of them has a picture.
  const look = (element) => {
    if (!element) return { classes: 0, hasPicture: false };
    if (!around.has(element)) {
      const { classes, hasPicture } = look(element.parentElement);
      around.set(element, {
        classes: hash(`${classes}|${element.tagName}|${element.className}`),
        hasPicture: hasPicture || getComputedStyle(element).backgroundImage !== "none",
      });
    }
    return around.get(element);
  };
  const kindNeverTold = (element) => hash(`never|${kindOfText(element)}|${look(element).classes}`);
  const isKnown = (element) => known.has(kindOfText(element)) || known.has(kindNeverTold(element));
  const isNeverTold = (element, why) =>
    why === "pseudoContent" || (["bgImage", "bgGradient"].includes(why) && look(element).hasPicture);
  const isField = (element) => /^(input|select|textarea)$/i.test(element.tagName);
  texts.matches = (element, ...more) => {
    if (!textMatches.call(texts, element, ...more)) return false;
    if (element.textContent.trim().length < 2 && !isField(element)) return false;
    shown.texts.push(element);
    if (isKnown(element)) return false;
    const kind = kindOfText(element);
    kindOf.set(element, kind);
    asked.set(kind, (asked.get(kind) ?? 0) + 1);
    return asked.get(kind) <= 3;
  };
  links.matches = (element, ...more) => {
    if (!linkMatches.call(links, element, ...more)) return false;
    shown.links.push(element);
    const kind = kindOfLink(element);
    if (known.has(kind)) return false;
    askedLinks.add(kind);
    return true;
  };
  check.evaluate = function (element, ...more) {
    const { data } = this;
    let told, isGood = false;
    this.data = (given) => { told = given; data.call(this, given); };
    try {
      const answer = evaluate.call(this, element, ...more);
      isGood = answer === true && told?.messageKey !== "hidden";
      if (answer === undefined && isNeverTold(element, told?.messageKey)) untold.add(kindNeverTold(element));
      return answer;
    } finally {
      if (!isGood) unsure.add(kindOf.get(element));
    }
  };
})();
"""
NEUTRAL_PAGE = "<!doctype html><html lang=fr><title>Prévisions</title><h1>Beau temps partout</h1>"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder, which drives a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass
class LiveSite:
    """A running site. `url` has no slash at the end."""

    url: str
    environment: dict[str, str]
    database_name: str
    log: Path
    blocker: DjangoDbBlocker
    pool: Any = None  # connections of this process to the site's database, once there was one

    def manage(self, *arguments: str) -> str:
        """Run a management command on the site's database and return what it printed."""
        done = fresh.manage(self.environment, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def do(self, work: Callable[..., object], *arguments: Any, **fields: Any) -> None:
        """Have the site's process do this, so that its pages hear of it at once. What it gives back is let go."""
        door.have_done(Path(self.environment[door.ADDRESS]), work, *arguments, **fields)

    @contextmanager
    def database(self) -> Iterator[None]:
        """Let this process's models and factories read and write the site's database inside, and commit.

        Not for tests that also ask for pytest-django's `db`.
        """
        before = connection.settings_dict["NAME"]
        unsafe = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's event loop runs in this thread
        connection.close()
        pool_before = self._change_pools(self.pool)
        connection.settings_dict["NAME"] = self.database_name
        try:
            with self.blocker.unblock():
                yield
        finally:
            connection.close()
            self.pool = self._change_pools(pool_before)
            connection.settings_dict["NAME"] = before
            if unsafe is None:
                del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]

    @staticmethod
    def _change_pools(pool: Any) -> Any:
        """Put this pool in the place of the one that Django has, and return that one; None: there is none."""
        pools = connection._connection_pools  # type: ignore[attr-defined]
        before = pools.pop(DEFAULT_DB_ALIAS, None)
        if pool is not None:
            pools[DEFAULT_DB_ALIAS] = pool
        return before


class _NeutralPage(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = NEUTRAL_PAGE.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def neutral_site() -> Iterator[str]:
    """Give the harmless page behind the quick exit, on another port of this machine. Its address ends with a slash."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _NeutralPage)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def live_site(
    tmp_path_factory: pytest.TempPathFactory, neutral_site: str, django_db_blocker: DjangoDbBlocker
) -> Iterator[LiveSite]:
    """Give a Daphne of our own with migrated database, all places, built styles and collected static files. It stops
    at the end.
    """
    folder = tmp_path_factory.mktemp("site")
    with running_site(folder, neutral_site, django_db_blocker, with_places=True) as site:
        yield site


@contextmanager
def running_site(
    folder: Path,
    neutral_site: str,
    blocker: DjangoDbBlocker,
    name: str = "browser",
    *,
    with_places: bool = False,
    **variables: str,
) -> Iterator[LiveSite]:
    """Give a site like `live_site`. variables: environment variables, for a site that differs in something."""
    worker = os.environ.get(once.WORKER, "main")
    name = f"{name}_{worker}_{os.getpid()}"
    with once.database(name, with_places=with_places) as database:
        environment = {
            **os.environ,
            "DATABASE_URL": database,
            "REDIS_PREFIX": name,
            "DJANGO_SETTINGS_MODULE": "pnav.settings",
            "STATIC_ROOT": str(once.static_files()),
            "QUICK_EXIT_URL": neutral_site,
            "DATABASE_POOL_SIZE": "8",
            door.ADDRESS: str(folder / "door"),
            **variables,
        }
        port = free_port()
        site = LiveSite(f"http://127.0.0.1:{port}", environment, name, folder / "daphne.log", blocker)
        arguments = ("-b", "127.0.0.1", "-p", str(port), "tests.browser.site:application")
        server = fresh.start("daphne", *arguments, environment=environment, log=site.log)
        try:
            _wait_for(site, server)
            yield site
        finally:
            if site.pool is not None:
                site.pool.close()
            server.kill()  # an orderly end is tested elsewhere, and takes half a second
            server.wait()


def _wait_for(site: LiveSite, server: fresh.Started) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(site.url + "/accessibilite/", timeout=5).close()  # noqa: S310  our own address
            return
        except (urllib.error.URLError, ConnectionError) as error:
            if server.poll() is not None or time.monotonic() > deadline:
                tail = site.log.read_text(errors="replace")[-3000:]
                raise RuntimeError(f"The site does not answer.\n{tail}") from error
            time.sleep(0.1)


def switched_off(engine: BrowserType, frames: Sequence[str] = FRAMES) -> str:
    """Return the features that Chromium does without: those that Playwright names, when nothing starts, and ours.

    Of several `--disable-features`, Chromium heeds the last one alone.
    """
    with pytest.raises(Error, match="--disable-features=") as nothing:
        engine.launch(executable_path=shutil.which("false"))
    (own, *_again) = re.findall(r"--disable-features=(\S+)", str(nothing.value))
    return ",".join([own, *SUGGESTIONS, *frames])


def start(engine: BrowserType, frames: Sequence[str] = FRAMES) -> Browser:
    """Start Chromium. frames: the features that make frames anew, which it does without."""
    # Run by root, Chromium cannot use its sandbox; it opens only pages of ours.
    arguments = [
        "--no-sandbox",
        f"--disable-features={switched_off(engine, frames)}",
        f"--host-resolver-rules={NOBODY_ELSE}",
    ]
    return engine.launch(executable_path=chromium.find(), args=arguments)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Give one Chromium for the tests of this folder."""
    expect.set_options(timeout=PATIENCE_MS)
    with playwright_driver.started() as playwright:
        engine = start(playwright.chromium)
        yield engine
        engine.close()


@contextmanager
def goes_on(page: Page) -> Iterator[None]:
    """Wait at the end until the page is loaded to which something inside leads."""
    before = page.url
    yield
    page.wait_for_url(lambda address: address != before)


type PageFactory = Callable[..., Page]
type Axe = Callable[..., None]


def _listen(tab: Tab) -> None:
    """Note an error in a script, a refusal by the content policy, and whatever is of anybody but the tab's site.

    To be told of every request costs 0.3 ms each, of which a page has forty. The policy refuses all that a page would
    load from elsewhere; there remain the pages that are led elsewhere, and what fails: whatever no policy refuses, as
    of a worker whose file has none, finds no host (`NOBODY_ELSE`).
    """
    own = (tab.site, "data:", "blob:", "about:", "chrome-error:")

    def note(what: Request | Frame) -> None:
        if not what.url.startswith(own):
            tab.was_elsewhere = True
            tab.problems.append(f"elsewhere: {what.url}")

    def said(message: ConsoleMessage) -> None:
        if any(word in message.text for word in REFUSALS):
            tab.problems.append(f"policy: {message.text}")

    tab.page.context.set_default_timeout(PATIENCE_MS)
    tab.page.on("pageerror", lambda error: tab.problems.append(f"script: {error}"))
    tab.page.on("console", said)
    tab.page.on("framenavigated", note)
    tab.page.on("requestfailed", note)


@pytest.fixture(scope="package")
def tabs(browser: Browser) -> Iterator[Tabs]:
    """Give the tabs of the browser, which tests give back."""
    watch_tabs()
    tabs = Tabs(browser, _listen)
    yield tabs
    tabs.close()


@pytest.fixture
def frames(request: pytest.FixtureRequest, tabs: Tabs, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give the pages of a test the frames that its parameter names: "kept", or "anew" for each document.

    For the latter a Chromium of its own is started, which has the features that ours does without (`FRAMES`).
    """
    if request.param == "kept":
        yield
        return
    engine = start(tabs.browser.browser_type, frames=())
    monkeypatch.setattr(tabs, "browser", engine)
    monkeypatch.setattr(tabs, "kept", [])
    yield
    engine.close()


@pytest.fixture
def page_factory(
    tabs: Tabs, live_site: LiveSite, neutral_site: str, request: pytest.FixtureRequest
) -> Iterator[PageFactory]:
    """Give `page_factory(theme="light", javascript=True, width=1280, height=800, **context options)` -> Page.

    Every call is a visit of its own: no cookie is shared, nor what a test before left (`tests/browser/tabs.py`).
    theme: the system's, "light" or "dark". At the end of the test, an error in a script, a refusal by the content
    policy or a request to anybody else fails it.
    """
    used: list[Tab] = []
    is_new, has_beside = (request.node.get_closest_marker(name) is not None for name in ("new_tabs", "pages_beside"))
    failed_before = request.session.testsfailed

    def make(
        theme: str = "light", javascript: bool = True, width: int = 1280, height: int = 800, **options: Any
    ) -> Page:
        options = {"locale": "fr-FR"} | options
        options |= {"color_scheme": theme, "java_script_enabled": javascript}
        options |= {"viewport": {"width": width, "height": height}}
        tab = tabs.take(live_site.url, options, is_new=is_new, has_beside=has_beside)
        used.append(tab)
        return tab.page

    yield make
    allowed = (f"elsewhere: {neutral_site}", f"elsewhere: {live_site.url.replace('http', 'ws', 1)}")
    problems = [problem for tab in used for problem in tab.problems if not problem.startswith(allowed)]
    failed = bool(problems) or request.session.testsfailed > failed_before
    for tab in used:
        tabs.give_back(tab, failed=failed)
    assert problems == []


@pytest.fixture
def page(page_factory: PageFactory) -> Page:
    """Return a visit on a computer, in the light theme."""
    return page_factory()


def make_axe(known: KnownKinds) -> Axe:
    """Return the function that the fixture `axe` gives. known: the kinds of text that need not be asked."""
    script = AxeCore().axe_script + KINDS_OF_TEXT

    def check(page: Page, rules: list[str] | None = None) -> None:
        page.wait_for_load_state()
        if not page.evaluate("'axe' in window"):  # the script of half a megabyte is loaded once for each page
            run_script(page, script)
        found, kinds = page.evaluate(VIOLATIONS, [rules, known.read()])
        assert not found, page.url + "\n" + "\n".join(found)
        if rules is None or "color-contrast" in rules:
            known.add(kinds)

    return check


@pytest.fixture(scope="session")
def axe() -> Axe:
    """Give `axe(page)`, which asserts that axe-core finds nothing on the page as it is, and names what it finds.

    All its rules are asked, or those that are given by their names. Of what it answers, the violations alone come back:
    the rest is megabytes.
    """
    return make_axe(KnownKinds())


@pytest.fixture(scope="session")
def axe_in_both_themes(axe: Axe) -> Axe:
    """Give `axe` of the page as it is, in the dark theme, then in the light one. It follows the system's, as all do.

    A theme changes colours and nothing else: the second is asked for those.
    """

    def check(page: Page) -> None:
        dark, light = THEMES
        in_theme(page, dark)
        axe(page)
        in_theme(page, light)
        axe(page, OF_COLOURS)

    return check


@pytest.fixture(scope="session")
def axe_at_both_ends(axe: Axe) -> Axe:
    """Give `axe` of the page on a narrow dark screen, then on a wide light one, which it keeps.

    It also checks that nothing scrolls sideways on either.
    """

    def check(page: Page) -> None:
        for (width, height), theme in zip(((320, 640), (1280, 800)), THEMES, strict=True):
            page.set_viewport_size({"width": width, "height": height})
            in_theme(page, theme)
            axe(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url

    return check


def anew(page: Page, site: LiveSite) -> None:
    """Clean this tab for a visit that begins: no cookie, and nothing that a page of the site kept.

    For tests that look at many pages: a new visit costs a quarter of a second, and its tab compiles every script again.
    """
    page.goto(site.url + "/robots.txt")  # no script runs there, which could restore something
    page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
    page.context.clear_cookies()


def in_theme(page: Page, theme: str) -> None:
    """Change the system's theme under the page, and end the transitions of colours."""
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    page.evaluate(
        "document.getAnimations().filter((one) => one instanceof CSSTransition).forEach((one) => one.finish())"
    )

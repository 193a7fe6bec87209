"""Tabs that tests use one after the other, each of them as a tab that was just opened.

A new visit costs a quarter of a second of a processor: a process for its pages, which compiles every script and style
anew. A test that is over gives its tab back; what it left there is taken away (`Tab.begin_anew`), and the next test
that asks for the same kind of visit goes on in it, whatever its size and theme: a tab is given these anew.
`tests/browser/test_tabs.py` looks for what could be left, and compares with a new tab. It stays on the site meanwhile,
where nothing is drawn and no script runs: an empty page would be a process of its own.

Static files stay in its cache. Their names are those of their content, and nothing else may be kept: every other answer
says `no-store` (tests/support/headers.py).

A tab is closed instead, and nobody goes on in it, when its test

- failed, closed it or opened another one beside it;
- led it to another site, whose stores are not ours to empty;
- asked it for something that stays, such as a clock: `LEAVES` names all that Playwright has of these. Listeners, routes
  and scripts that begin with each document are taken back (`UNDONE`).

Tests of what a first visit loads, of the history and of the way out ask for new tabs: `pytest.mark.new_tabs`. Those
that open a page beside, and close it, get a tab that began with the size and theme that they ask for
(`pytest.mark.pages_beside`): such a page has these of its context's beginning.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial, wraps
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from playwright.sync_api import Browser, BrowserContext, CDPSession, Error, Page

# What cannot be undone for certain, of a page and of its context.
LEAVES = frozenset((
    "add_locator_handler", "clock", "credentials", "debugger", "expose_binding", "expose_function", "new_cdp_session",
    "pick_locator", "remove_locator_handler", "route_from_har", "route_web_socket", "screencast",
    "set_default_navigation_timeout", "set_default_timeout", "set_extra_http_headers", "set_geolocation",
    "set_storage_state", "tracing", "webmcp",
))  # fmt: skip
# What stays until Playwright is told to take it back, which it is when the tab is given back (`_undone`).
UNDONE = frozenset(("add_init_script", "on", "once", "route"))
# What ends with the document or the cookies, or is restored.
HARMLESS = frozenset((
    "add_cookies", "add_script_tag", "add_style_tag", "aria_snapshot", "background_pages", "bring_to_front", "browser",
    "cancel_pick_locator", "check", "clear_console_messages", "clear_cookies", "clear_page_errors", "clear_permissions",
    "click", "close", "console_messages", "content", "context", "cookies", "dblclick", "dispatch_event",
    "drag_and_drop", "emulate_media", "eval_on_selector", "eval_on_selector_all", "evaluate", "evaluate_handle",
    "expect_console_message", "expect_download", "expect_event", "expect_file_chooser", "expect_navigation",
    "expect_page", "expect_popup", "expect_request", "expect_request_finished", "expect_response", "expect_websocket",
    "expect_worker", "fill", "focus", "frame", "frame_locator", "frames", "get_attribute", "get_by_alt_text",
    "get_by_label", "get_by_placeholder", "get_by_ref", "get_by_role", "get_by_test_id", "get_by_text", "get_by_title",
    "go_back", "go_forward", "goto", "grant_permissions", "hide_highlight", "hover", "inner_html", "inner_text",
    "input_value", "is_checked", "is_closed", "is_disabled", "is_editable", "is_enabled", "is_hidden", "is_visible",
    "keyboard", "local_storage", "locator", "main_frame", "mouse", "new_page", "opener", "page_errors", "pages",
    "pause", "pdf", "press", "query_selector", "query_selector_all", "reload", "remove_listener", "request",
    "request_gc", "requests", "screenshot", "select_option", "service_workers", "session_storage", "set_checked",
    "set_content", "set_input_files", "set_offline", "set_viewport_size", "storage_state", "tap", "text_content",
    "title", "touchscreen", "type", "uncheck", "unroute", "unroute_all", "url", "video", "viewport_size",
    "wait_for_event", "wait_for_function", "wait_for_load_state", "wait_for_selector", "wait_for_timeout",
    "wait_for_url", "workers",
))  # fmt: skip
# The options of a visit that a tab can be given anew.
SHOWN = frozenset(("viewport", "color_scheme", "reduced_motion", "forced_colors", "contrast"))
# How many tabs wait for a test that asks for them. When there are more, the one that waited longest is closed.
MOST = 6
# How long leaving a page may take: the next one is on this machine.
LEAVING_MS = 10_000

_marked: WeakSet[BrowserContext] = WeakSet()
_undo: WeakKeyDictionary[BrowserContext, list[Callable[[], object]]] = WeakKeyDictionary()
_devtools: WeakKeyDictionary[Page, CDPSession] = WeakKeyDictionary()


def _watched(name: str, kind: type) -> Any:
    """Return the same attribute, which notes that its context is not for another test."""
    known = getattr(kind, name)

    def note(it: Any) -> None:
        _marked.add(it.context if isinstance(it, Page) else it)

    if isinstance(known, property):

        def read(self: Any) -> Any:
            note(self)
            assert known.fget
            return known.fget(self)

        return property(read)

    @wraps(known)
    def called(self: Any, *arguments: Any, **named: Any) -> Any:
        note(self)
        return known(self, *arguments, **named)

    return called


def _undone(name: str, kind: type) -> Any:
    """Return the same function, which notes how to take back what it asked for: a listener is removed; a route and a
    script are things of Playwright that know how.
    """
    known = getattr(kind, name)

    @wraps(known)
    def called(self: Any, *arguments: Any, **named: Any) -> Any:
        answer = known(self, *arguments, **named)
        context = self.context if isinstance(self, Page) else self
        back = partial(self.remove_listener, *arguments, **named) if answer is None else answer.close
        _undo.setdefault(context, []).append(back)
        return answer

    return called


def run_script(page: Page, script: str) -> None:
    """Run a long script on the page as it stands. Said to Chromium itself, which compiles it once for all pages of a
    tab; Playwright would have it compiled on each, at twice the price. A page that is no tab's is told by Playwright.
    """
    if (devtools := _devtools.get(page)) is None:
        page.evaluate(script)
        return
    answer = devtools.send("Runtime.evaluate", {"expression": script})
    assert "exceptionDetails" not in answer, answer


def watch() -> None:
    """Note, from now on, what a test asks of a page or a context and stays there. It is called once in a process."""
    for kind in (Page, BrowserContext):
        for name in sorted(LEAVES & set(dir(kind))):
            setattr(kind, name, _watched(name, kind))
        for name in sorted(UNDONE):
            setattr(kind, name, _undone(name, kind))


@dataclass
class Tab:
    """One visit. site: the address of the site for which it is."""

    page: Page
    devtools: CDPSession
    site: str
    options: dict[str, Any]
    began_with: dict[str, Any]  # the options that it was opened with, whatever it was shown as since
    problems: list[str] = field(default_factory=list)  # what was wrong on its pages, for the test that uses it
    was_elsewhere: bool = False  # it has asked another site for something

    def can_begin_anew(self) -> bool:
        """Return whether all that its test did there can be taken away."""
        context = self.page.context
        return not (self.was_elsewhere or self.page.is_closed() or context in _marked or len(context.pages) > 1)

    def begin_anew(self) -> None:
        """Take away what was left, as if the tab had just been opened. Raises Error when its page does not let go."""
        context, page = self.page.context, self.page
        for take_back in _undo.pop(context, []):
            take_back()
        context.set_offline(False)
        context.clear_cookies()  # nothing that the page still sends belongs to that visit
        page.goto(self.site + "/robots.txt", timeout=LEAVING_MS)  # no script runs there, which could restore something
        page.evaluate("() => { sessionStorage.clear(); window.name = ''; }")
        self.devtools.send("Storage.clearDataForOrigin", {"origin": self.site, "storageTypes": "all"})
        context.clear_cookies()
        context.clear_permissions()
        page.mouse.move(0, 0)
        self.devtools.send("Page.resetNavigationHistory")

    def show_as(self, options: dict[str, Any]) -> None:
        """Give it the size and the theme of the visit that begins, on whatever screen it was before."""
        self.options = options
        self.page.emulate_media(
            media="null",
            color_scheme=options["color_scheme"],
            reduced_motion=options.get("reduced_motion", "no-preference"),
            forced_colors=options.get("forced_colors", "none"),
            contrast=options.get("contrast", "no-preference"),
        )
        self.page.set_viewport_size(options["viewport"])


def lasting(options: dict[str, Any]) -> dict[str, Any]:
    """Return, of these options, what a tab keeps as long as it is there."""
    return {name: value for name, value in options.items() if name not in SHOWN}


def _close(tab: Tab) -> None:
    """Close it for good. What would take back its listeners holds its context, which nothing would free."""
    _undo.pop(tab.page.context, None)
    tab.page.context.close()


class Tabs:
    """The tabs of one browser. listen: called with each new tab, to record what goes wrong in it."""

    def __init__(self, browser: Browser, listen: Callable[[Tab], None]) -> None:
        self.browser = browser
        self.listen = listen
        self.kept: list[Tab] = []

    def take(self, site: str, options: dict[str, Any], *, is_new: bool = False, has_beside: bool = False) -> Tab:
        """Return a tab with these options of Playwright's `new_context`, for a visit that begins.

        is_new: never a kept one. has_beside: pages are opened beside it, so that it has to have begun with them.
        """
        for tab in [] if is_new else self.kept:
            if (tab.site, lasting(tab.options)) == (site, lasting(options)) and (
                not has_beside or tab.began_with == options
            ):
                self.kept.remove(tab)
                tab.show_as(options)
                return tab
        context = self.browser.new_context(**options)
        page = context.new_page()
        tab = Tab(page, context.new_cdp_session(page), site, options, options)
        _devtools[page] = tab.devtools
        self.listen(tab)
        _marked.discard(context)  # what this function did does not count, and its listeners stay
        _undo.pop(context, None)
        return tab

    def give_back(self, tab: Tab, *, failed: bool) -> None:
        """Keep it for another test, or close it."""
        tab.problems = []  # these problems belong to no test
        if failed or not tab.can_begin_anew():
            _close(tab)
            return
        try:
            tab.begin_anew()
        except Error:  # for example, the page asks whether it may be left
            _close(tab)
            return
        self.kept.append(tab)
        if len(self.kept) > MOST:
            self.kept.pop(0).page.context.close()

    def close(self) -> None:
        while self.kept:
            self.kept.pop().page.context.close()

"""Measures how long a key takes to be on screen where most is shown: `make keys`.

One agent with EXCHANGES exchanges open and WAITING people in the queue, in Chromium with the processor SLOWER times
slower. A letter is typed into the reply every EVERY_MS, and `Alt` with a digit goes to another exchange now and then;
meanwhile, in the second half, messages arrive in the other exchanges and the queue changes. Then a visitor types on a
telephone as slow, while the agent writes to them. What is measured, in the page, for each key: from the moment that the
browser says that the key was pressed (`event.timeStamp`) until the frame that draws it was made (a task after the next
animation frame, before anything else that waits for its turn). Printed: p50, p99 and the longest, for letters and for
`Alt` with a digit, and the longest tasks of the page. The goal is 50 ms at p99 for letters (the console's
issue). Only a still machine gives these figures.
First the same is typed into the only field of an empty page, which says what this browser takes on this machine at this
hour for any page.

`--work` counts instead: after each kind of event, which tasks of the page it took, how many elements were given a style
anew, how many objects were laid out. These counts are nearly the same on any machine, still or not. `--why` asks
besides what made Chromium work styles out anew (which attribute, class, insertion, by which script), how long it tried
each selector, and what the longest task did; that makes everything slower, so its times say nothing.

Bounded: PostgreSQL, Valkey, one Daphne, one browser, 127.0.0.1, under four minutes.
"""

import argparse
import io
import json
import os
import random
import shutil
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, sync_playwright

from benchmarks.site import Web, stage
from benchmarks.stillness import describe_machine
from tests import chromium

# How many exchanges there are, how many people wait, and how many messages each exchange has.
EXCHANGES, WAITING, MESSAGES = 10, 200, 40
SLOWER = 4
EVERY_MS, SWITCH_EVERY = 90, 40  # eleven letters a second, and another exchange after this many
LETTERS = 400  # how many letters are typed in each half
GOAL_MS = 50
EMPTY = "empty"  # the part in which an empty page is typed into
EMPTY_PAGE = "<!doctype html><title>Empty</title><textarea rows=3 cols=60></textarea>"
AREA = ".console-thread:not([hidden]) textarea[name=body]"
WRITTEN = "Il vient de m'écrire encore une fois."
# How often each kind of event comes when work is counted, and how long the page is then left alone, in ms.
COUNTED, REST_MS, STILL_MS = 8, 500, 21_000
CATEGORIES = ["-*", "toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"]
WHY = ["disabled-by-default-devtools.timeline.invalidationTracking", "disabled-by-default-blink.debug"]
REASONS_SHOWN = 14

# The page measures itself. A key is noted with the time when the browser says that it was pressed. `drawn` runs in the
# first task after the frame in which it was drawn. Until 30 November 2026 it ran in an ordinary task, which waited
# behind a message that had come meanwhile and behind the frame of that message, although the letter was on screen.
PROBE = """
() => {
  window.keysMeasured = { letter: [], digit: [] };
  window.longTasks = [];
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) window.longTasks.push(Math.round(one.duration));
  }).observe({ type: "longtask" });
  addEventListener("keydown", (event) => {
    const kind = event.altKey ? "digit" : "letter";
    if (event.key === "Alt") return;
    const since = event.timeStamp;
    const drawn = () => window.keysMeasured[kind].push(performance.now() - since);
    requestAnimationFrame(() => scheduler.postTask(drawn, { priority: "user-blocking" }));
  }, true);
}
"""


@dataclass
class Half:
    """What was measured in one half, in ms."""

    letter: list[float] = field(default_factory=list)
    digit: list[float] = field(default_factory=list)
    long_tasks: list[int] = field(default_factory=list)


def quantile(values: list[float], share: float) -> float:
    """Return the nearest rank; infinity when nothing was measured, so that no goal is reached."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("inf")


def build_static() -> None:
    """Build the hashed names of production, without the compression, which takes minutes."""
    from django.conf import settings
    from django.core.management import call_command

    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    call_command("build_styles", verbosity=0, stdout=io.StringIO())
    call_command("collectstatic", interactive=False, verbosity=0)


@dataclass(frozen=True)
class World:
    """The people of the site.

    agent and visitor: the keys of their sessions; the visitor is the person of `exchanges[0]`. people: those who wait.
    """

    agent: str
    visitor: str
    exchanges: list[Any]
    people: list[Any]


def make_world() -> World:
    from pnav.accounts.second_factor import enrol_totp
    from tests.accounts.cast import SECRET
    from tests.browser.staff import session_key
    from tests.chat.sockets import visit
    from tests.factories import chat as make

    agent = make.agent(capacity=EXCHANGES)
    enrol_totp(agent.user, SECRET)
    exchanges = [make.assigned(agent) for _each in range(EXCHANGES)]
    for exchange in exchanges:
        bodies = [
            f"Message {number} : il m'écrit chaque soir et je ne sais plus quoi faire." for number in range(MESSAGES)
        ]
        make.thread(exchange, bodies)
    people = [make.waiting(queued_at=make.long_ago(number / 10)) for number in range(WAITING)]
    return World(session_key(agent.user), visit(exchanges[0]), exchanges, people)


def come() -> None:
    """Let one more person wait."""
    from chat import pubsub
    from tests.factories import chat as make

    make.waiting()
    pubsub.queue_changed()


def write(exchange: Any, body: str = WRITTEN, *, as_agent: bool = False) -> None:
    from chat.rules.lifecycle import Author
    from tests.factories import chat as make

    make.message(exchange, body, author=Author.AGENT if as_agent else Author.REPORTER)


def speak_to_agent(world: World, draw: random.Random) -> None:
    """Let somebody of their exchanges, or somebody who waits, write; then let one more person come."""
    write(draw.choice(world.exchanges[1:]))
    if draw.random() < 0.5:
        write(draw.choice(world.people), "Je suis toujours là.")
        come()


@contextmanager
def traffic(say: Callable[[random.Random], None]) -> Iterator[None]:
    """Do this twice a second while the block runs."""
    stop = threading.Event()

    def speak() -> None:
        from django.db import connection

        draw = random.Random(5)
        while not stop.wait(0.5):
            say(draw)
        connection.close()

    thread = threading.Thread(target=speak)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def type_on(page: Page, letters: int, area: str = AREA, *, switches: bool = True) -> None:
    """Type at an even pace; go to another exchange after SWITCH_EVERY letters."""
    text = "je lis ce que vous me dites et je vous reponds "
    next_at, exchange = time.monotonic(), 1
    for number in range(letters):
        if switches and number % SWITCH_EVERY == SWITCH_EVERY - 1:
            exchange = exchange % 9 + 1
            page.keyboard.press(f"Alt+Digit{exchange}")
            page.wait_for_timeout(300)
            page.locator(area).focus()
            next_at = time.monotonic()
        page.keyboard.press(named(text[number % len(text)]))
        next_at += EVERY_MS / 1000
        page.wait_for_timeout(max(0.0, 1000 * (next_at - time.monotonic())))


def named(letter: str) -> str:
    return {" ": "Space"}.get(letter, letter)


def take(page: Page) -> Half:
    """Return what was measured since the last call."""
    page.wait_for_timeout(500)
    found = page.evaluate("() => [keysMeasured.letter.splice(0), keysMeasured.digit.splice(0), longTasks.splice(0)]")
    return Half(*found)


@dataclass(frozen=True)
class Site:
    """The site that is measured: its address, and the name of its session cookie."""

    url: str
    cookie: str

    def visit(self, browser: Browser, session: str, path: str, **options: Any) -> Page:
        """Return a new page that is signed in."""
        context: BrowserContext = browser.new_context(locale="fr-FR", **options)
        context.add_cookies([{"name": self.cookie, "value": session, "url": self.url}])
        page = context.new_page()
        page.goto(self.url + path, wait_until="load")
        page.wait_for_timeout(1500)
        return page


@contextmanager
def chromium_open() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=["--no-sandbox"])
        yield browser
        browser.close()


def open_console(browser: Browser, site: Site, world: World) -> Page:
    page = site.visit(browser, world.agent, "/console/", viewport={"width": 1440, "height": 900})
    page.keyboard.press("Alt+Digit1")
    page.locator(AREA).wait_for()
    page.locator(AREA).focus()
    return page


def slow_down(page: Page, rate: float) -> None:
    session: CDPSession = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": rate})
    page.evaluate(PROBE)


def measure(site: Site, world: World, *, slower: float, letters: int) -> dict[str, Half]:
    """Measure an empty page, the console without traffic and with it, and then the telephone of a visitor to whom the
    agent writes.
    """
    halves = {}
    with chromium_open() as browser:
        empty = browser.new_page(viewport={"width": 1440, "height": 900})
        empty.set_content(EMPTY_PAGE)
        empty.locator("textarea").focus()
        slow_down(empty, slower)
        type_on(empty, 20, switches=False)
        take(empty)
        type_on(empty, letters, switches=False)
        halves[EMPTY] = take(empty)
        empty.context.close()
        page = open_console(browser, site, world)
        slow_down(page, slower)
        type_on(page, 20)
        take(page)  # this warms the page up
        type_on(page, letters)
        halves["calm"] = take(page)
        with traffic(lambda draw: speak_to_agent(world, draw)):
            type_on(page, letters)
            halves["busy"] = take(page)
        page.context.close()
        options = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
        phone = site.visit(browser, world.visitor, "/tchat/", **options)
        phone.locator("#body").focus()
        slow_down(phone, slower)
        type_on(phone, 20, "#body", switches=False)
        take(phone)
        with traffic(lambda _draw: write(world.exchanges[0], "Je vous lis. Prenez votre temps.", as_agent=True)):
            type_on(phone, letters, "#body", switches=False)
            halves["visitor"] = take(phone)
    return halves


def told(name: str, half: Half) -> str:
    lines = []
    for kind, values in (("a letter", half.letter), ("Alt + digit", half.digit)):
        if not values:
            continue
        figures = " / ".join(f"{quantile(values, share):.0f}" for share in (0.5, 0.99, 1.0))
        lines.append(f"{name:8} {kind:12} {len(values):4} keys: {figures} ms (p50 / p99 / longest)")
    longest = sorted(half.long_tasks, reverse=True)[:5]
    lines.append(f"{name:8} long tasks   {len(half.long_tasks):4}: {longest} ms")
    return "\n".join(lines)


# --- work counted ---


@dataclass(frozen=True)
class Work:
    """What the page's own thread did. styled: the elements whose style was computed. laid_out: the objects of all
    layouts together. Times are in ms of processor time.
    """

    longest: float
    script: float
    styling: float
    layout: float
    styled: int
    layouts: int
    laid_out: int


def read_trace(raw: bytes) -> Work:
    """Return the work of the thread of the page, which also does the layout."""
    events = [one for one in json.loads(raw)["traceEvents"] if one.get("ph") == "X"]
    threads = Counter((one["pid"], one["tid"]) for one in events if one["name"] in ("Layout", "UpdateLayoutTree"))
    page = threads.most_common(1)[0][0] if threads else None
    mine = [one for one in events if (one["pid"], one["tid"]) == page]

    def ms(name: str) -> list[float]:
        return [one.get("tdur", one.get("dur", 0)) / 1000 for one in mine if one["name"] == name]

    layouts = [one["args"].get("beginData", {}) for one in mine if one["name"] == "Layout"]
    return Work(
        longest=max(ms("RunTask"), default=0),
        script=sum(ms("FunctionCall")),
        styling=sum(ms("UpdateLayoutTree")),
        layout=sum(ms("Layout")),
        styled=sum(one["args"].get("elementCount", 0) for one in mine if one["name"] == "UpdateLayoutTree"),
        layouts=len(layouts),
        laid_out=sum(one.get("dirtyObjects", 0) for one in layouts),
    )


def read_reasons(raw: bytes) -> Counter[str]:
    """Return what caused styles to be computed again, the most frequent cause first."""
    reasons: Counter[str] = Counter()
    for one in json.loads(raw)["traceEvents"]:
        if not one["name"].endswith("InvalidationTracking") or "Layout" in one["name"]:
            continue
        data = one["args"].get("data", {})
        changed = [f"{key}={data[key]}" for key in data if key.startswith("changed") or key == "invalidationSet"]
        calls = [f"{at['url'].rpartition('/')[2]}:{at['lineNumber']}" for at in data.get("stackTrace", [])[:2]]
        told = (data.get("reason", ""), data.get("extraData", ""), *changed, data.get("nodeName", ""), *calls)
        reasons[" ".join(map(str, told))] += 1
    return reasons


def read_selectors(raw: bytes) -> Counter[str]:
    """Return the microseconds that matching each selector took, how often it was tried, and how often it matched."""
    took: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for one in json.loads(raw)["traceEvents"]:
        if one["name"] != "SelectorStats":
            continue
        for timing in one["args"].get("selector_stats", {}).get("selector_timings", []):
            selector = timing["selector"][:110]
            took[selector] += timing["elapsed (us)"]
            tried[selector] += timing["match_attempts"]
            right[selector] += timing["match_count"]
    return Counter({f"{name}  ({tried[name]} tried, {right[name]} right)": us for name, us in took.items()})


def read_longest(raw: bytes) -> list[str]:
    """Return what the longest task of the page's thread did: its parts of half a millisecond or more, in order."""
    events = [one for one in json.loads(raw)["traceEvents"] if one.get("ph") == "X"]
    threads = Counter((one["pid"], one["tid"]) for one in events if one["name"] in ("Layout", "UpdateLayoutTree"))
    if not threads:
        return []
    page = threads.most_common(1)[0][0]
    mine = sorted((one for one in events if (one["pid"], one["tid"]) == page), key=lambda one: one["ts"])
    longest = max((one for one in mine if one["name"] == "RunTask"), key=lambda one: one.get("dur", 0))
    end = longest["ts"] + longest["dur"]
    parts = []
    for one in mine:
        if longest["ts"] <= one["ts"] < end and one.get("dur", 0) >= 500:
            data = one["args"].get("data", {}) or {}
            where = f" {data.get('functionName', '')} {str(data.get('url', '')).rpartition('/')[2]}" if data else ""
            told = {key: one["args"][key] for key in ("elementCount",) if key in one["args"]}
            parts.append(f"{one['dur'] / 1000:6.1f} ms {one['name']}{where} {told or ''}")
    return parts


def count_work(site: Site, world: World, *, is_why: bool = False) -> dict[str, Work]:
    """Count the work of each kind of event, COUNTED times in a fixed order at full speed, and of a while without
    events.
    """
    found = {}
    categories = [*CATEGORIES, *WHY] if is_why else CATEGORIES
    with chromium_open() as browser, ThreadPoolExecutor(1) as database:
        page = open_console(browser, site, world)
        page.wait_for_timeout(1000)
        others = f"#liste .console-entry[data-number='{COUNTED // 2}']"
        number = page.locator(others).get_attribute("data-conversation")
        shown = page.locator("#liste [aria-current]").locator("xpath=..").get_attribute("data-conversation")
        of = {str(one.public_id): one for one in world.exchanges}

        def count(name: str, event: Callable[[int], object], times: int = COUNTED, rest: int = REST_MS) -> None:
            browser.start_tracing(page=page, categories=categories)
            for turn in range(times):
                event(turn)
                page.wait_for_timeout(rest)
            raw = browser.stop_tracing()
            found[name] = read_trace(raw)
            if is_why:
                print(f"-- {name}")
                for reason, often in read_reasons(raw).most_common(REASONS_SHOWN):
                    print(f"{often / times:8.1f} {reason}")
                print("   selectors, µs of one event:")
                for selector, us in read_selectors(raw).most_common(REASONS_SHOWN):
                    print(f"{us / times:8.0f} {selector}")
                print("   its longest task:", *read_longest(raw), sep="\n   ")

        def do(work: Callable[..., None], *given: Any) -> Callable[[int], object]:
            return lambda _turn: database.submit(work, *given).result()

        count("a letter", lambda turn: page.keyboard.press(named("les mots "[turn])))
        count("an exchange opened first", lambda turn: page.keyboard.press(f"Alt+Digit{turn + 2}"))
        count("an exchange opened again", lambda turn: page.keyboard.press(f"Alt+Digit{COUNTED - turn}"))
        count("a message in it", do(write, of[str(shown)]))
        count("a message elsewhere", do(write, of[str(number)]))
        count("somebody comes", do(come))
        count(f"{STILL_MS / 1000:.0f} s of nothing", lambda _turn: None, 1, STILL_MS)
        database.submit(close_connection).result()
    return found


def close_connection() -> None:
    """Close the connection of this thread."""
    from django.db import connection

    connection.close()


def tabled(found: dict[str, Work]) -> str:
    lines = [f"{'each of ' + str(COUNTED):26}   longest task    script   style   layout   styled   layouts   laid out"]
    for name, work in found.items():
        times = 1 if "nothing" in name else COUNTED
        each = [one / times for one in (work.script, work.styling, work.layout)]
        sums = [one / times for one in (work.styled, work.layouts, work.laid_out)]
        lines.append(
            f"{name:26} {work.longest:9.1f} ms {each[0]:9.1f} {each[1]:7.1f} {each[2]:8.1f}"
            f" {sums[0]:8.0f} {sums[1]:9.1f} {sums[2]:10.0f}"
        )
    return "\n".join(lines)


def main() -> int:
    """Return 0 when the goal is reached, or when only work was counted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slower", type=float, default=SLOWER)
    parser.add_argument("--letters", type=int, default=LETTERS, help="of each part")
    parser.add_argument("--work", action="store_true", help="count work instead of time")
    parser.add_argument("--why", action="store_true", help="the same, and why styles were worked out anew")
    options = parser.parse_args()
    if not (options.work or options.why):
        print(describe_machine(), flush=True)
    with stage() as ground:
        static = ground.folder / "static"
        os.environ["STATIC_ROOT"] = str(static)
        from django.conf import settings

        settings.STATIC_ROOT = str(static)
        build_static()
        world = make_world()
        web = Web(ground.folder, "pnav.asgi:application")
        web.start()
        site = Site(f"http://127.0.0.1:{web.port}", settings.SESSION_COOKIE_NAME)
        try:
            if options.work or options.why:
                print(tabled(count_work(site, world, is_why=options.why)))
                return 0
            halves = measure(site, world, slower=options.slower, letters=options.letters)
        finally:
            web.stop()
            from django.db import connection

            connection.close()
            connection.close_pool()  # type: ignore[attr-defined]
            shutil.rmtree(static, ignore_errors=True)
    for name, half in halves.items():
        print(told(name, half))
    worst = max(quantile(half.letter, 0.99) for name, half in halves.items() if name != EMPTY)
    empty = quantile(halves[EMPTY].letter, 0.99)
    slower = f"with the processor {options.slower:g} times slower"
    print(f"{worst:.0f} ms at p99 {slower} (goal {GOAL_MS}); {empty:.0f} in an empty page")
    return 0 if worst <= GOAL_MS else 1


if __name__ == "__main__":
    sys.exit(main())

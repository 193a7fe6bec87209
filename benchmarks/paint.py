"""Measures a visit on a slow telephone and line: its bytes, and the time until something is drawn (`make paint`).

The line is slow 3G as Chromium's tools emulate it (400 ms until an answer begins, 400 kbit/s, on each request), the
processor is four times slower than this one. First paint is what the browser itself says (`first-contentful-paint`).
What is printed: of the home page, bytes on the wire of a first and of a second visit, headers included; of each page,
first paint of first visits, the median of ROUNDS and all of them. The goals: 80 kB, 8 kB, 1.5 s.

    make paint                      a demonstration of its own, stopped afterwards
    make paint URL=http://…         a site of this machine that runs already

Bounded: (ROUNDS × pages + 2) visits, one after the other. Only a still machine gives a figure of the page.
"""

import statistics
import sys
from urllib.parse import urlsplit

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from benchmarks.journeys import HEIGHT, LOOPBACK, WIDTH
from pnav.demo.screenshots import demonstration
from tests import chromium

# Where a visitor may begin: home, first question, pages of information, search, the exchange of a visit without one.
PAGES = ("/", "/orientation/maintenant/", "/mineurs/", "/loi/", "/numeros/", "/point-d-accueil/", "/tchat/")
ROUNDS = 5
FIRST, SECOND, PAINT_MS = 80_000, 8_000, 1_500
LATENCY_MS, BITS_A_SECOND, SLOWER = 400, 400_000, 4
SETTLED_MS = 500  # the browser reports the paint a moment after it happened, so this waits after the load


def _visit(browser: Browser) -> tuple[Page, CDPSession]:
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT}, locale="fr-FR", device_scale_factor=2, is_mobile=True
    )
    page = context.new_page()
    return page, context.new_cdp_session(page)


def weights(browser: Browser, address: str) -> tuple[int, int]:
    """Return the bytes received by a first and by a second visit of a page, headers included."""
    page, session = _visit(browser)
    received: list[int] = []
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: received.append(int(event["encodedDataLength"])))
    found = []
    for _each in range(2):
        received.clear()
        page.goto(address, wait_until="networkidle")
        found.append(sum(received))
        page.goto("about:blank")
    page.context.close()
    return found[0], found[1]


def first_paint(browser: Browser, address: str) -> float:
    """Return the milliseconds until a first visit on the slow line draws something. Raises ValueError when nothing is
    drawn.
    """
    page, session = _visit(browser)
    session.send("Network.enable")
    line = {"downloadThroughput": BITS_A_SECOND / 8, "uploadThroughput": BITS_A_SECOND / 8, "latency": LATENCY_MS}
    session.send("Network.emulateNetworkConditions", {"offline": False, **line})
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.goto(address, wait_until="load")
    page.wait_for_timeout(SETTLED_MS)
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime")
    page.context.close()
    if painted is None:
        raise ValueError(f"Nothing was drawn of {address}.")
    return float(painted)


def measure(base: str) -> bool:
    """Measure and print; return whether the goals are reached. Only a site of this machine is measured."""
    if urlsplit(base).hostname not in LOOPBACK:
        raise ValueError("Only a site on this machine.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=["--no-sandbox"])
        first, second = weights(browser, base + "/")
        print(f"home page: {first} bytes (goal {FIRST}), then {second} (goal {SECOND})")
        are_reached = first <= FIRST and second <= SECOND
        for path in PAGES:
            paints = [first_paint(browser, base + path) for _each in range(ROUNDS)]
            middle = statistics.median(paints)
            are_reached &= middle <= PAINT_MS
            each = " ".join(f"{one:.0f}" for one in paints)
            print(f"{path:28} first paint {middle:5.0f} ms (goal {PAINT_MS}): {each}")
        browser.close()
    return are_reached


def main(arguments: list[str]) -> int:
    """Measure, and return 0 when every goal is reached."""
    if arguments:
        return 0 if measure(arguments[0].rstrip("/")) else 1
    with demonstration() as (demo, _environment):
        return 0 if measure(demo["base_url"]) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

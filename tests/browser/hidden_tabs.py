"""A Chromium whose tabs are really hidden and slowed down, as hidden tabs are. Playwright switches both off.

`--headless=new` shows one tab of a window. Timers of a hidden tab that set one another are slowed down after
GRACE_SECONDS, and not after Chromium's five minutes (its feature « intensive wake-up throttling »).
"""

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests import chromium

GRACE_SECONDS = 5
START_SECONDS = 60


class Tabs:
    """The browser, driven with the Chrome DevTools Protocol."""

    def __init__(self, line: ClientConnection) -> None:
        self.line = line
        self.count = 0

    def call(self, method: str, session: str = "", **values: Any) -> dict[str, Any]:
        self.count += 1
        frame: dict[str, Any] = {"id": self.count, "method": method, "params": values}
        self.line.send(json.dumps(frame | ({"sessionId": session} if session else {})))
        while True:
            answer: dict[str, Any] = json.loads(self.line.recv(timeout=START_SECONDS))
            if answer.get("id") == self.count:
                return answer.get("result", {})

    def open(self, address: str, *, cookie: dict[str, str]) -> str:
        """Return a page in a visit of its own, then another tab over it; the session of the page, which is hidden."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        self.call("Storage.setCookies", cookies=[cookie], browserContextId=context)
        page = self.call("Target.createTarget", url=address, browserContextId=context)["targetId"]
        session: str = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        deadline = time.monotonic() + START_SECONDS
        # The empty page with which every tab begins is complete too, and what is done there would be lost.
        while self.run(session, "location.href + ' ' + document.readyState") != f"{address} complete":
            assert time.monotonic() < deadline
            time.sleep(0.2)
        over = self.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        self.call("Target.activateTarget", targetId=over)
        return session

    def run(self, session: str, script: str) -> Any:
        """Return what a script of the page says."""
        answer = self.call("Runtime.evaluate", session, expression=script, returnByValue=True)
        return answer.get("result", {}).get("value")  # there is no value while the page is between two documents


@contextmanager
def tabs(folder: Path, port: int) -> Iterator[Tabs]:
    command = [
        chromium.find_whole() or "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
        f"--user-data-dir={folder}", f"--remote-debugging-port={port}",
        f"--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/{GRACE_SECONDS}", "about:blank",
    ]  # fmt: skip
    browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with connect(_address(port), max_size=None) as line:
            yield Tabs(line)
    finally:
        browser.terminate()
        browser.wait()


def _address(port: int) -> str:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/version", timeout=5) as answer:
                address: str = json.load(answer)["webSocketDebuggerUrl"]
                return address
        except (urllib.error.URLError, ConnectionError):
            assert time.monotonic() < deadline
            time.sleep(0.2)

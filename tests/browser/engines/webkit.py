"""WebKitGTK's MiniBrowser, driven with WebDriver (https://www.w3.org/TR/webdriver2/), on a display of its own
(Xvfb).
"""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from pnav.demo.services import free_port
from tests.browser.engines.engine import (
    PATIENCE_SECONDS,
    Engine,
    EngineError,
    find,
    start_display,
    wait_for,
)

DRIVER = "WebKitWebDriver"
LEAST_WIDTH = 447  # MiniBrowser's page is never narrower, because of its tool bar
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def mini_browser() -> str | None:
    """Return where Debian puts it: in the library's folder, not among the programs."""
    folders = Path("/usr/lib").glob("*/webkit*gtk-*/MiniBrowser")
    return next((str(path) for path in sorted(folders, reverse=True)), find("MiniBrowser"))


class WebKit(Engine):
    name = "WebKit"

    def __init__(self) -> None:
        # Processes of the browser that end a moment later may still write into their cache.
        self.home = tempfile.mkdtemp(prefix="pnav-webkit-")
        self.display, display_name = start_display()
        port = free_port()
        driver, browser = find(DRIVER), mini_browser()
        assert driver and browser, "WebKitGTK is not installed"
        environment = {
            **os.environ,
            "DISPLAY": display_name,
            "HOME": self.home,
            "XDG_RUNTIME_DIR": self.home,
            "LANG": "C.UTF-8",
            "NO_AT_BRIDGE": "1",
            "GDK_BACKEND": "x11",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            # Run by root in a container, bubblewrap cannot make a sandbox; the browser opens only pages of ours.
            "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
        }
        self.driver = subprocess.Popen(
            [driver, f"--port={port}"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.base = f"http://127.0.0.1:{port}"
        wait_for(self._is_ready, "WebKitWebDriver's port")
        wanted = {"webkitgtk:browserOptions": {"binary": browser, "args": ["--automation"]}}
        made = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.session = f"/session/{made['sessionId']}"

    def _is_ready(self) -> bool:
        try:
            return bool(self.ask("GET", "/status")["ready"])
        except OSError:
            return False

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Send one command, and return its value. Raises EngineError."""
        data = None if method == "GET" else json.dumps(body or {}).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)  # noqa: S310  our own address
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS * 2) as answer:  # noqa: S310
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise EngineError(f"{path}: {value['error']}: {value['message']}") from error

    def _do(self, method: str, path: str, body: Any = None) -> Any:
        return self.ask(method, self.session + path, body)

    # --- pages --------------------------------------------------------------------------------------------------------

    def open(self, url: str) -> None:
        self._do("POST", "/url", {"url": url})

    def url(self) -> str:
        return str(self._do("GET", "/url"))

    def title(self) -> str:
        return str(self._do("GET", "/title"))

    def back(self) -> None:
        self._do("POST", "/back")

    def reload(self) -> None:
        self._do("POST", "/refresh")

    def resize(self, width: int, height: int) -> None:
        """Resize the window, which is larger than the page in it: it is asked twice, the second time with the
        difference.
        """
        self._do("POST", "/window/rect", {"width": width, "height": height})
        inner = wait_for(lambda: self.script("[innerWidth, innerHeight]"), "the size of the window")
        self._do("POST", "/window/rect", {"width": 2 * width - inner[0], "height": 2 * height - inner[1]})
        wanted = max(width, LEAST_WIDTH)
        wait_for(lambda: abs(self.script("innerWidth") - wanted) <= 2, f"a window of {wanted}", seconds=5)

    def add_cookie(self, name: str, value: str, url: str) -> None:
        """Add a cookie from the page.

        WebKitWebDriver takes a cookie of an address in numbers without a word, and keeps none.
        """
        cookie = json.dumps(f"{name}={value}; path=/")
        self.script(f"document.cookie = {cookie}")

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self._do("GET", "/screenshot")))

    def script(self, expression: str) -> Any:
        return self._do("POST", "/execute/sync", {"script": f"return ({expression});", "args": []})

    # --- elements -----------------------------------------------------------------------------------------------------

    def _elements(self, selector: str) -> list[str]:
        found = self._do("POST", "/elements", {"using": "css selector", "value": selector})
        return [element[ELEMENT] for element in found]

    def text(self, selector: str = "main") -> str:
        return str(self.script(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))

    def count(self, selector: str) -> int:
        return len(self._elements(selector))

    def click(self, selector: str) -> None:
        """Press the first element of a selector. One that the page has drawn anew meanwhile is looked for again."""
        for is_last in (False, False, True):
            elements = self._elements(selector)
            if not elements:
                raise EngineError(f"nothing is {selector} on {self.url()}")
            chosen = json.dumps(selector)
            self.script(f"document.querySelector({chosen}).scrollIntoView({{block: 'center', behavior: 'instant'}})")
            try:
                self._do("POST", f"/element/{elements[0]}/click")
            except EngineError as error:
                if is_last or "stale element" not in str(error):
                    raise
            else:
                return

    def type(self, selector: str, text: str) -> None:
        self.click(selector)
        element = self._elements(selector)[0]
        self._do("POST", f"/element/{element}/value", {"text": text})

    def upload(self, selector: str, path: Path) -> None:
        self._do("POST", f"/element/{self._elements(selector)[0]}/value", {"text": str(path)})

    def press(self, *keys: str) -> None:
        actions = [
            *({"type": "keyDown", "value": key} for key in keys),
            *({"type": "keyUp", "value": key} for key in reversed(keys)),
        ]
        self._do("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def close(self) -> None:
        try:
            self._do("DELETE", "")
        except (EngineError, OSError) as error:
            print(f"WebKit did not say goodbye: {error}")
        for process in (self.driver, self.display):
            process.terminate()
            process.wait(10)
        # The portal of documents mounts a folder of its own in it, which nobody may change while it ends.
        shutil.rmtree(self.home, ignore_errors=True)

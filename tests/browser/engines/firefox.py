"""Firefox, driven with WebDriver BiDi (https://w3c.github.io/webdriver-bidi/), without another program between."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from pnav.demo.services import free_port
from tests.browser.engines.engine import (
    PATIENCE_SECONDS,
    Engine,
    EngineError,
    find,
    start_display,
    wait_for,
)

NAMES = ("firefox-esr", "firefox")
HAND = "xdotool"
# Firefox asks Mozilla for nothing, and shows nothing but our pages.
PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage": "about:blank",
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "intl.accept_languages": "fr-FR",
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}
FORCED_COLOURS = {"browser.display.document_color_use": 2, "browser.display.use_system_colors": False}
DARK = {"layout.css.prefers-color-scheme.content-override": 0}
STILL = {"ui.prefersReducedMotion": 1}


class Firefox(Engine):
    name = "Firefox"

    def __init__(self, *, scripts: bool = True, on_desk: bool = False, **preferences: Any) -> None:
        """Start a Firefox. on_desk: with a window that a hand has pressed; without one a page is told of no focus."""
        self.has_scripts = scripts
        self.profile = Path(tempfile.mkdtemp(prefix="pnav-firefox-"))
        chosen = {**PREFERENCES, "javascript.enabled": scripts, **preferences}
        lines = [f'user_pref("{name}", {json.dumps(value)});' for name, value in chosen.items()]
        (self.profile / "user.js").write_text("\n".join(lines))
        port = free_port()
        binary = find(*NAMES)
        assert binary, "Firefox is not installed"
        self.log = (self.profile / "log").open("wb")
        environment = {**os.environ, "HOME": str(self.profile)}
        self.display = None
        if on_desk:
            self.display, environment["DISPLAY"] = start_display()
        else:
            environment |= {"MOZ_HEADLESS_WIDTH": "1280", "MOZ_HEADLESS_HEIGHT": "800"}
        window = ["--width", "1400", "--height", "1100"] if on_desk else ["--headless"]
        self.process = subprocess.Popen(
            [binary, *window, "--no-remote", "--profile", str(self.profile), f"--remote-debugging-port={port}"],
            env=environment,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        self.number = 0
        self.events: list[dict[str, Any]] = []
        self.line: ClientConnection = wait_for(lambda: self._connect(port), "Firefox's port")
        self.ask("session.new", capabilities={})
        self.ask("session.subscribe", events=["log.entryAdded", "browsingContext.load"])
        tree = self.ask("browsingContext.getTree")["contexts"]
        self.context = tree[0]["context"]
        if on_desk:
            wait_for(lambda: self._press_window(environment), "the focus of a window")

    def _press_window(self, environment: dict[str, str]) -> bool:
        """Press in the middle of the window, as a hand does. Return whether its page knows of the focus."""
        found = subprocess.run(
            [HAND, "search", "--onlyvisible", "--class", "firefox"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        ).stdout.split()
        if not found:
            return False
        press = ["windowfocus", found[-1], "mousemove", "500", "500", "click", "1"]
        subprocess.run([HAND, *press], env=environment, capture_output=True, check=False)
        return bool(self.script("document.hasFocus()"))

    @staticmethod
    def _connect(port: int) -> ClientConnection | None:
        try:
            return connect(f"ws://127.0.0.1:{port}/session", max_size=None, open_timeout=5)
        except OSError:
            return None

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Send one command, and return its result. Raises EngineError."""
        self.number += 1
        self.line.send(json.dumps({"id": self.number, "method": method, "params": params}))
        while True:
            try:
                told = json.loads(self.line.recv(timeout=PATIENCE_SECONDS))
            except (TimeoutError, ConnectionClosed) as error:
                raise EngineError(f"{method}: {type(error).__name__}") from error
            if told.get("id") == self.number:
                break
            if told.get("type") == "event":
                self.events.append(told)
        if told["type"] == "error":
            raise EngineError(f"{method}: {told['error']}: {told['message']}")
        return dict(told["result"])

    def complaints(self) -> list[str]:
        """Return errors of scripts and of the content policy that the console was told of."""
        said = [event["params"] for event in self.events if event["method"] == "log.entryAdded"]
        return [entry.get("text") or "" for entry in said if entry["level"] == "error"]

    # --- pages --------------------------------------------------------------------------------------------------------

    def open(self, url: str) -> None:
        self.ask("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def url(self) -> str:
        return str(self.ask("browsingContext.getTree", root=self.context)["contexts"][0]["url"])

    def title(self) -> str:
        return self._text_of(self._nodes("title", depth=2)[0]).strip()

    def back(self) -> None:
        self.ask("browsingContext.traverseHistory", context=self.context, delta=-1)

    def reload(self) -> None:
        self.ask("browsingContext.reload", context=self.context, wait="complete")

    def resize(self, width: int, height: int) -> None:
        self.ask("browsingContext.setViewport", context=self.context, viewport={"width": width, "height": height})

    def zoom(self, ratio: float) -> None:
        """Magnify the page as a person does: the same window with larger pixels."""
        self.ask("browsingContext.setViewport", context=self.context, devicePixelRatio=ratio)

    def add_cookie(self, name: str, value: str, url: str) -> None:
        cookie = {"name": name, "value": {"type": "string", "value": value}, "domain": urlsplit(url).hostname}
        self.ask("storage.setCookie", cookie=cookie)

    def picture(self, path: Path) -> None:
        taken = self.ask("browsingContext.captureScreenshot", context=self.context, origin="document")
        path.write_bytes(base64.b64decode(taken["data"]))

    def printed(self) -> bytes:
        """Return the page on paper, as PDF."""
        return base64.b64decode(self.ask("browsingContext.print", context=self.context)["data"])

    def script(self, expression: str) -> Any:
        result = self.ask(
            "script.evaluate",
            expression=f"Promise.resolve({expression}).then(value => JSON.stringify(value ?? null))",
            target={"context": self.context},
            awaitPromise=True,
        )
        if result["type"] == "exception":
            raise EngineError(result["exceptionDetails"]["text"])
        return json.loads(result["result"]["value"])

    def go_on(self, selector: str) -> None:
        """Press, and wait until the next page is whole: what is pressed while a page is drawn may move from under the
        pointer.
        """
        before = self._loads()
        self.click(selector)
        wait_for(lambda: self.url() and self._loads() > before, f"another page than {self.url()}")

    def _loads(self) -> int:
        return sum(
            event["method"] == "browsingContext.load" and event["params"]["context"] == self.context
            for event in self.events
        )

    # --- elements -----------------------------------------------------------------------------------------------------

    def _nodes(self, selector: str, depth: int = 0) -> list[dict[str, Any]]:
        found = self.ask(
            "browsingContext.locateNodes",
            context=self.context,
            locator={"type": "css", "value": selector},
            serializationOptions={"maxDomDepth": depth},
        )
        return list(found["nodes"])

    def _text_of(self, node: dict[str, Any]) -> str:
        value = node.get("value", {})
        if value.get("nodeType") == 3:
            return str(value["nodeValue"])
        if value.get("localName") in {"script", "style", "template"}:
            return ""
        return " ".join(self._text_of(child) for child in value.get("children", ()))

    def text(self, selector: str = "main") -> str:
        if self.has_scripts:
            return str(self.script(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))
        nodes = self._nodes(selector, depth=40)
        return self._text_of(nodes[0]) if nodes else ""

    def count(self, selector: str) -> int:
        return len(self._nodes(selector))

    def click(self, selector: str) -> None:
        nodes = self._nodes(selector)
        if not nodes:
            raise EngineError(f"nothing is {selector} on {self.url()}")
        if self.has_scripts:
            chosen = json.dumps(selector)
            self.script(f"document.querySelector({chosen}).scrollIntoView({{block: 'center', behavior: 'instant'}})")
        origin = {"type": "element", "element": {"sharedId": nodes[0]["sharedId"]}}
        moves = [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": origin},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        mouse = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": moves}
        self.ask("input.performActions", context=self.context, actions=[mouse])

    def type(self, selector: str, text: str) -> None:
        self.click(selector)
        keys = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        self._keys(keys)

    def upload(self, selector: str, path: Path) -> None:
        element = {"sharedId": self._nodes(selector)[0]["sharedId"]}
        self.ask("input.setFiles", context=self.context, element=element, files=[str(path)])

    def press(self, *keys: str) -> None:
        down = [{"type": "keyDown", "value": key} for key in keys]
        self._keys([*down, *({"type": "keyUp", "value": key} for key in reversed(keys))])

    def _keys(self, actions: list[dict[str, Any]]) -> None:
        self.ask(
            "input.performActions", context=self.context, actions=[{"type": "key", "id": "keys", "actions": actions}]
        )

    def close(self) -> None:
        self.line.close()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.display is not None:
            self.display.terminate()
            self.display.wait()
        self.log.close()
        shutil.rmtree(self.profile, ignore_errors=True)

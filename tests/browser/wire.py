"""A network that treats a socket as real networks do: it refuses it, swallows frames, or falls silent without
notice.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, WebSocketRoute


class Wire:
    """The sockets of a page to one address, in the hands of a test: call `hold` before the page is opened.

    frames: where plain requests go; none passes unless sockets are blocked, for on a slow machine a socket may be late.

    refuses: new sockets are closed at once. swallows: through new sockets nothing passes, and nothing says so; `die()`
    does that to those that are open. loses: a question to each frame from the server; those it is true of never arrive.
    holds: a question to each frame from the server; those it is true of arrive when `let_go()` is called.
    answers: may answer a frame of the page in place of the server. heard, said: what passed, to the server and from it;
    latest: the same as said, through the newest socket alone (on a slow machine the page gives the first one up).
    """

    def __init__(self, socket: str, *, frames: str) -> None:
        self._socket = socket
        self._frames = frames
        self.refuses = self.swallows = False
        self.loses: Callable[[dict[str, Any]], bool] = lambda _frame: False
        self.holds: Callable[[dict[str, Any]], bool] = lambda _frame: False
        self.held: list[Callable[[], None]] = []
        self.answers: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda _frame: None
        self.heard: list[dict[str, Any]] = []
        self.said: list[dict[str, Any]] = []
        self.latest: list[dict[str, Any]] = []
        self.opened = 0
        self._dead = 0

    def hold(self, page: Page) -> None:
        page.clock.install()
        if not (self.refuses or self.swallows):
            page.route(self._frames, lambda route: route.abort())
        page.route_web_socket(re.compile(self._socket), self._serve)

    def die(self) -> None:
        self._dead = self.opened

    def let_go(self) -> None:
        self.holds = lambda _frame: False
        for arrive in self.held:
            arrive()
        self.held.clear()

    def _serve(self, socket: WebSocketRoute) -> None:
        self.opened = number = self.opened + 1
        self.latest = latest = []
        if self.refuses:
            socket.close(code=1011)
            return
        if self.swallows:
            self.die()
        server = socket.connect_to_server()

        def arrives(text: str, frame: dict[str, Any]) -> None:
            socket.send(text)
            self.said.append(frame)
            latest.append(frame)

        def from_server(text: str) -> None:
            frame = json.loads(text)
            if number <= self._dead or self.loses(frame):
                return
            if self.holds(frame):
                self.held.append(lambda: arrives(text, frame))
            else:
                arrives(text, frame)

        def from_page(text: str) -> None:
            if number <= self._dead:
                return
            frame = json.loads(text)
            self.heard.append(frame)
            instead = self.answers(frame)
            if instead:
                socket.send(json.dumps(instead))
            else:
                server.send(text)

        server.on_message(from_server)
        socket.on_message(from_page)

    def posts(self) -> list[str]:
        return [frame["client_id"] for frame in self.heard if frame["type"] == "post"]

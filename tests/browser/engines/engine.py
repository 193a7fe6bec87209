"""What a test may ask of any browser.

Playwright drives browsers that it has patched. These are the browsers that people have, driven with the standard
protocols: WebDriver BiDi (Firefox) and WebDriver (WebKitGTK).
"""

import os
import shutil
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

PATIENCE_SECONDS = 30
DISPLAY = "Xvfb"
CONTROL, SHIFT, ENTER, TAB, ESCAPE, DOWN = "\ue009", "\ue008", "\ue007", "\ue004", "\ue00c", "\ue015"


class EngineError(AssertionError):
    """The browser refused a command; the message is the browser's."""


def wait_for[T](ask: Callable[[], T], what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """Return the first answer that is true; an answer that raises EngineError is none. Raises AssertionError."""
    deadline, last = time.monotonic() + seconds, ""
    while True:
        try:
            if answer := ask():
                return answer
        except EngineError as error:  # the page is being replaced
            last = str(error)
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not in {seconds} s. {last}")
        time.sleep(0.1)


class Engine(ABC):
    """One browser with one tab. Selectors are CSS; sizes are CSS pixels."""

    name: str
    has_scripts = True

    @abstractmethod
    def open(self, url: str) -> None: ...

    @abstractmethod
    def url(self) -> str: ...

    @abstractmethod
    def title(self) -> str: ...

    @abstractmethod
    def text(self, selector: str = "main") -> str:
        """Return the text of the first element, whatever of it is shown; empty when there is none."""

    @abstractmethod
    def count(self, selector: str) -> int: ...

    @abstractmethod
    def click(self, selector: str) -> None: ...

    @abstractmethod
    def type(self, selector: str, text: str) -> None:
        """Press in the field and type."""

    @abstractmethod
    def upload(self, selector: str, path: Path) -> None:
        """Choose a file in a field for files, as the browser's own window for it does."""

    @abstractmethod
    def press(self, *keys: str) -> None:
        """Press these keys together, as Control and Enter."""

    @abstractmethod
    def resize(self, width: int, height: int) -> None: ...

    @abstractmethod
    def add_cookie(self, name: str, value: str, url: str) -> None: ...

    @abstractmethod
    def back(self) -> None: ...

    @abstractmethod
    def reload(self) -> None: ...

    @abstractmethod
    def script(self, expression: str) -> Any:
        """Return the value of an expression in the page, as JSON carries it. It does not work in a browser without
        scripts.
        """

    @abstractmethod
    def picture(self, path: Path) -> None: ...

    @abstractmethod
    def close(self) -> None: ...

    def complaints(self) -> list[str]:
        """Return errors of scripts and of the content policy that the browser's console was told of, where it tells
        them.
        """
        return []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    # --- said in terms of the others ---------------------------------------------------------------------------------

    def wait_for_text(self, wanted: str, selector: str = "body") -> None:
        """Wait for this text. wanted: with ordinary spaces."""
        wait_for(lambda: wanted in plain(self.text(selector)), f"« {wanted} » in {selector} of {self.url()}")

    def wait_for(self, selector: str) -> None:
        try:
            wait_for(lambda: self.count(selector) > 0, f"{selector} on {self.url()}")
        except AssertionError as error:
            raise AssertionError(f"{error} {self.complaints()}") from error

    def go_on(self, selector: str) -> None:
        """Press what leads to another address, and wait for it."""
        before = self.url()
        self.click(selector)
        wait_for(lambda: self.url() != before, f"another page than {before}")


def plain(text: str) -> str:
    """Return the text with one ordinary space for each run of blanks."""
    return " ".join(text.replace("\u00a0", " ").replace("\u202f", " ").split())


def start_display() -> tuple[subprocess.Popen[bytes], str]:
    """Start an X server without a screen. Return it, and its name: the first number that is free, by itself."""
    server = find(DISPLAY)
    assert server, "Xvfb is not installed"
    read, write = os.pipe()
    process = subprocess.Popen(
        [server, "-displayfd", str(write), "-screen", "0", "1600x1200x24", "-nolisten", "tcp"],
        pass_fds=(write,),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as told:
        return process, f":{told.readline().strip()}"


def find(*names: str) -> str | None:
    """Return the path of the first of these programs."""
    return next(filter(None, map(shutil.which, names)), None)

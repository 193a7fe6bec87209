"""Delivers signed digests of the register: to a file, an HTTPS address, or a folder of printable pages (docs/adr/0056).

A statement may be delivered to a destination again, which keeps it once. This module uses no settings or database.
"""

import contextlib
import http.client
import os
import ssl
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from common import qr_code
from common.offload import pool
from reports.rules.signed_digests import LONGEST, Statement

HTTPS_SECONDS = 10.0  # the time-out of each step: connecting, sending, answering
A_PAGE = 6  # how many QR codes of 52 mm an A4 page has, each with its text


class NotDelivered(Exception):
    """A destination did not accept a statement. The message is the class of the error or a status, and no address."""


@dataclass(frozen=True, slots=True)
class Destination(ABC):
    """It is a place to which digests are delivered. name: as the operator wrote it; it contains no secret."""

    name: str

    @abstractmethod
    def deliver(self, statement: Statement, page: Sequence[Statement]) -> None:
        """Deliver a statement, which is stored permanently when this returns.

        page: all statements of its printed page, including this one (`page_of`). Takes a few times HTTPS_SECONDS at
        most, or one child process of `common.offload.pool`. Raises NotDelivered.
        """

    def reached(self, noted: int) -> int:
        """Return the number of the last statement that is there. noted: the number of the last one that was
        delivered to this name.
        """
        return noted

    @property
    def kind(self) -> str:
        """Return the kind of this destination: « file », « https » or « qr »."""
        return self.name.partition(":")[0]


class FileDestination(Destination):
    """It is a file to which one line is appended for each statement. A line counts when it is on the disk."""

    def deliver(self, statement: Statement, page: Sequence[Statement]) -> None:
        """Append the statement to the file, once. Raises NotDelivered."""
        path = Path(self.name.removeprefix("file:"))
        try:
            is_new = not path.exists()
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            file = os.open(path, flags, 0o640)
            try:
                _append(file, statement.text)
                os.fsync(file)
            finally:
                os.close(file)
            if is_new:
                _sync_folder(path.parent)
        except OSError as error:
            raise NotDelivered(type(error).__name__) from None

    def reached(self, noted: int) -> int:
        """Return the number of the last statement in the file, if that is less.

        A worker on another machine, whose file has the same name, may have written the last ones into its own. A file
        that is missing or empty gets all of them, from the first one on.
        """
        try:
            file = os.open(self.name.removeprefix("file:"), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                lines = _end(file, 2 * (LONGEST + 2)).splitlines()
            finally:
                os.close(file)
        except FileNotFoundError:
            return 0
        except OSError:  # the next delivery says why
            return noted
        for line in reversed(lines):
            with contextlib.suppress(ValueError):
                return min(noted, Statement.parse(line).number)
        return noted if lines else 0


def _end(file: int, size: int) -> str:
    return os.pread(file, size, max(0, os.fstat(file).st_size - size)).decode("ascii", errors="replace")


def _append(file: int, text: str) -> None:
    """Append a line, unless it is the last one already because a process ended before it could note the delivery."""
    end = _end(file, LONGEST + 2)
    if end.endswith("\n") and end.splitlines()[-1] == text:
        return
    line = ("" if not end or end.endswith("\n") else "\n") + text + "\n"  # an incomplete line is kept, and ended first
    if os.write(file, line.encode("ascii")) != len(line):
        raise OSError("short write")  # the disk is full; the next attempt ends the incomplete line


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@dataclass(frozen=True, slots=True)
class HttpsDestination(Destination):
    """It is an HTTPS address in the operator's network, which gets the line by POST as text/plain; 2xx means that it is
    kept.

    authority: the file of the CA certificate that is trusted; "" for those of the machine. Redirects are not followed,
    no proxy is used, and only the status of the answer is read.
    """

    authority: str = ""

    def deliver(self, statement: Statement, page: Sequence[Statement]) -> None:
        """Send the statement over HTTPS. Raises NotDelivered."""
        parts = urlsplit(self.name)
        try:
            trusting = ssl.create_default_context(cafile=self.authority or None)
            line = http.client.HTTPSConnection(parts.netloc, timeout=HTTPS_SECONDS, context=trusting)
            with contextlib.closing(line):
                path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
                headers = {"Content-Type": "text/plain; charset=us-ascii", "Idempotency-Key": f'"{statement.number}"'}
                line.request("POST", path, f"{statement.text}\n".encode("ascii"), headers)
                status = line.getresponse().status
        except (OSError, http.client.HTTPException) as error:  # errors of certificates and time-outs are OSErrors too
            raise NotDelivered(type(error).__name__) from None
        if not 200 <= status < 300:
            raise NotDelivered(f"status {status}")


class QrFolder(Destination):
    """It is a folder of A4 pages to be printed, with A_PAGE QR codes each. A page is rewritten until it is full."""

    def deliver(self, statement: Statement, page: Sequence[Statement]) -> None:
        """Write the page of statements with their QR codes, in place of its former file. Raises NotDelivered."""
        folder = Path(self.name.removeprefix("qr:"))
        first = page[0].number
        target = folder / f"empreintes-{first:06}-{first + A_PAGE - 1:06}.pdf"
        try:
            _nothing, content = pool.run("common.offload.pdf", {"source": PAGE, "data": on_paper(page)})
            draft = target.with_suffix(".tmp")
            with draft.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
            _sync_folder(folder)
        except (OSError, pool.NotDone) as error:
            raise NotDelivered(type(error).__name__) from None


def page_of(number: int) -> range:
    """Return the numbers of the statements on the same page as this one."""
    first = (number - 1) // A_PAGE * A_PAGE + 1
    return range(first, first + A_PAGE)


PAGE = """
#let data = json(bytes(sys.inputs.data))
#set document(title: data.title, date: none)
#set page(paper: "a4", margin: 1.5cm, numbering: "1 / 1")
#set text(lang: "fr", size: 8pt)
#title()
#data.about
// A line that is copied has no space that was not written: it may be broken every so many signs.
#show regex("[!-~]{24}"): run => run + box()
#for one in data.statements {
  grid(
    columns: (52mm, 1fr),
    gutter: 6mm,
    image(bytes(one.svg), format: "svg", width: 52mm, alt: one.text),
    [#heading(level: 1, one.head) #par(text(font: "DejaVu Sans Mono", size: 7.5pt, one.text))],
  )
}
"""


def on_paper(page: Sequence[Statement]) -> dict[str, Any]:
    """Return the contents of a page, for Typst."""
    return {
        "title": f"Registre des accès : empreintes signées, à partir de la n° {page[0].number}",
        "about": "À imprimer et à garder là où les administrateurs de la base ne peuvent pas écrire. "
        "Le code et le texte disent la même chose ; rien n'y concerne une personne.",
        "statements": [
            {
                "head": f"N° {one.number}, {one.at.astimezone(UTC):%d/%m/%Y %H:%M} UTC, ligne {one.line}",
                "text": one.text,
                "svg": qr_code.svg(one.text),
            }
            for one in page
        ],
    }


def parse(text: str, *, authority: str = "") -> Destination:
    """Parse `file:/path`, `https://host/path` or `qr:/folder`. authority: the CA file for HTTPS.

    Raises ValueError, whose message does not contain the text.
    """
    kind, _, rest = text.partition(":")
    if kind in ("file", "qr") and Path(rest).is_absolute():
        return FileDestination(text) if kind == "file" else QrFolder(text)
    if kind == "https":
        parts = urlsplit(text)
        if parts.hostname and parts.username is None and not parts.fragment:
            return HttpsDestination(text, authority)
    raise ValueError("a destination is file:/path, https://host/path (without a password) or qr:/folder")

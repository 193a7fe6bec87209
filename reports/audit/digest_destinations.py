"""Where signed digests of the register go: a file, an HTTPS address, a folder of printable pages (docs/adr/0056).

Each takes a statement once or again: what it has already stays as it is. No settings and no database here.
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

HTTPS_SECONDS = 10.0  # for each step: to connect, to send, to answer
A_PAGE = 6  # QR codes of 52 mm on an A4 page, each with its text


class NotDelivered(Exception):
    """This destination did not take the statement. Its text is the class of what happened, or a status: no address."""


@dataclass(frozen=True, slots=True)
class Destination(ABC):
    """name: as the operator wrote it; it holds no secret."""

    name: str

    @abstractmethod
    def deliver(self, statement: Statement, page: Sequence[Statement]) -> None:
        """Keep the statement there, for good when this returns. page: those of its page, it included (`page_of`).

        Raises NotDelivered. Costs at most some HTTPS_SECONDS, or one child process of `common.offload.pool`.
        """

    @property
    def kind(self) -> str:
        """file, https or qr."""
        return self.name.partition(":")[0]


class FileDestination(Destination):
    """A file that is only appended to: one line a statement, on the disk before it counts."""

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


def _append(file: int, text: str) -> None:
    """Append a line, unless it is the last one already: this process, or another, died before it said so."""
    size = os.fstat(file).st_size
    end = os.pread(file, LONGEST + 2, max(0, size - LONGEST - 2)).decode("ascii", errors="replace")
    if end.endswith("\n") and end.splitlines()[-1] == text:
        return
    line = ("" if not end or end.endswith("\n") else "\n") + text + "\n"  # a torn line stays, and is ended
    if os.write(file, line.encode("ascii")) != len(line):
        raise OSError("short write")  # the disk is full; the next try ends the torn line


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@dataclass(frozen=True, slots=True)
class HttpsDestination(Destination):
    """An address inside the operator's network: the line by POST, as text/plain; 2xx means that it is kept.

    authority: the file of the authority that is trusted, "" for those of the machine. Redirects are not followed, no
    proxy is used, and nothing of the answer is read but its status.
    """

    authority: str = ""

    def deliver(self, statement: Statement, page: Sequence[Statement]) -> None:
        """Send the statement over HTTPS to whoever keeps it. Raises NotDelivered."""
        parts = urlsplit(self.name)
        try:
            trusting = ssl.create_default_context(cafile=self.authority or None)
            line = http.client.HTTPSConnection(parts.netloc, timeout=HTTPS_SECONDS, context=trusting)
            with contextlib.closing(line):
                path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
                headers = {"Content-Type": "text/plain; charset=us-ascii", "Idempotency-Key": f'"{statement.number}"'}
                line.request("POST", path, f"{statement.text}\n".encode("ascii"), headers)
                status = line.getresponse().status
        except (OSError, http.client.HTTPException) as error:  # certificates and time-outs too
            raise NotDelivered(type(error).__name__) from None
        if not 200 <= status < 300:
            raise NotDelivered(f"status {status}")


class QrFolder(Destination):
    """A folder of A4 pages, to be printed and put away: A_PAGE codes each, a page written anew until it is full."""

    def deliver(self, statement: Statement, page: Sequence[Statement]) -> None:
        """Print the page of statements as QR codes, in place of its former print. Raises NotDelivered."""
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
    """Return the numbers of the page on which this one stands."""
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
    """Return the contents of a page."""
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
    """`file:/path`, `https://host/path` or `qr:/folder`. authority: for HTTPS. Raises ValueError without the text."""
    kind, _, rest = text.partition(":")
    if kind in ("file", "qr") and Path(rest).is_absolute():
        return FileDestination(text) if kind == "file" else QrFolder(text)
    if kind == "https":
        parts = urlsplit(text)
        if parts.hostname and parts.username is None and not parts.fragment:
            return HttpsDestination(text, authority)
    raise ValueError("a destination is file:/path, https://host/path (without a password) or qr:/folder")

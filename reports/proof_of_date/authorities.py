"""This module reads the list of time-stamping authorities, and sends a request to one of them (RFC 3161 §3.4).

This module uses no settings or database.
"""

import contextlib
import http.client
import re
import socket
import ssl
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.x509 import Certificate

from reports.rules import timestamp_tokens
from reports.rules.timestamp_tokens import TOKEN_MOST, BadChain

SECONDS = 10.0  # the time-out of each step of a request: connecting, sending, answering
ALL_SECONDS = 30.0  # the time-out of the whole request, for an answer that comes byte by byte
CERTIFICATES_MOST = 256 * 1024  # bytes of the file with the trusted certificates
CARRIED = "-"  # stands in place of an address where the operator exchanges files with the authority

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")


class NotStamped(Exception):
    """No valid token came. The message is the class of the error or a status, and no address."""


@dataclass(frozen=True, slots=True)
class Authority:
    """It is one authority.

    name: used in file names and metrics. url: "" when the operator exchanges files. certificates: the PEM file of the
    trusted certificates, the anchor first.
    """

    name: str
    url: str
    certificates: str

    def trusted(self) -> list[Certificate]:
        """Return the trusted certificates. Raises NotStamped when the file cannot be read."""
        try:
            with Path(self.certificates).open("rb") as file:
                return timestamp_tokens.read_trusted(file.read(CERTIFICATES_MOST))
        except (OSError, BadChain) as error:
            raise NotStamped(f"certificates: {type(error).__name__}") from None


def parse(text: str) -> Authority:
    """Parse `name https://host/path /path/certificates.pem`, or « - » in place of the address.

    Plain HTTP is only allowed to this machine, for tests. Raises ValueError, whose message does not contain the text.
    """
    try:
        name, url, certificates = text.split()
        parts = urlsplit(url)
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname == "127.0.0.1")
        is_address = is_safe and bool(parts.hostname) and parts.username is None and not parts.fragment
        _port = parts.port
    except ValueError:
        name, url, certificates, is_address = "", "", "", False
    if not _NAME.fullmatch(name) or not Path(certificates).is_absolute() or not (is_address or url == CARRIED):
        raise ValueError("an authority is « name https://host/path /path/certificates.pem », or « - » for an address")
    return Authority(name, "" if url == CARRIED else url, certificates)


def parse_all(texts: Iterable[str]) -> list[Authority]:
    """Parse the whole list. Raises ValueError, also for a name that occurs twice."""
    found = [parse(text) for text in texts]
    if len({one.name for one in found}) != len(found):
        raise ValueError("each authority has a name of its own")
    return found


def ask_authority(url: str, request: bytes) -> bytes:
    """Send a request by POST (RFC 3161 §3.4) and return the answer of at most TOKEN_MOST bytes.

    No redirect is followed and no proxy is used. Raises NotStamped.
    """
    parts = urlsplit(url)
    line: http.client.HTTPConnection
    if parts.scheme == "https":
        line = http.client.HTTPSConnection(parts.netloc, timeout=SECONDS, context=ssl.create_default_context())
    else:
        line = http.client.HTTPConnection(parts.netloc, timeout=SECONDS)
    cut = threading.Timer(ALL_SECONDS, _cut, (line,))
    try:
        with contextlib.closing(line):
            line.connect()
            cut.start()
            path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
            headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
            line.request("POST", path, request, headers)
            answer = line.getresponse()
            content = answer.read(TOKEN_MOST + 1)
    except (OSError, http.client.HTTPException) as error:  # errors of certificates and time-outs are OSErrors too
        raise NotStamped(type(error).__name__) from None
    finally:
        cut.cancel()
    if answer.status != 200:
        raise NotStamped(f"status {answer.status}")
    if len(content) > TOKEN_MOST:
        raise NotStamped("too long")
    if answer.length:
        raise NotStamped("cut")  # the answer is shorter than announced
    return content


def _cut(line: http.client.HTTPConnection) -> None:
    with contextlib.suppress(OSError, AttributeError):  # the connection has ended meanwhile
        line.sock.shutdown(socket.SHUT_RDWR)

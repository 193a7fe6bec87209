"""Reads the head of an ordinary request, and sends an ordinary answer, with fewer calls than Twisted and Daphne.

They read each line by itself, make objects for cookies, arguments and a body that nobody reads, and pass each header of
an answer through a dictionary. Whatever is not ordinary goes their way as it came (docs/adr/0124).
"""

import logging
import re
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple, cast
from urllib.parse import unquote

from daphne.http_protocol import WebRequest
from twisted.web.http import NO_BODY_CODES, RESPONSES

logger = logging.getLogger(__name__)

HEAD_BYTES = 16 * 1024  # Twisted refuses a longer head
HEADERS_AT_MOST = 100
NAMES_KNOWN = 512  # how many different names of headers are remembered

_request_line = re.compile(rb"GET (/[!-~]*) HTTP/1\.1").fullmatch
# A token of HTTP, but without the underscore, because Daphne drops such headers.
_name = re.compile(rb"[-!#$%&'*+.^`|~0-9A-Za-z]+").fullmatch
_CONTROLS = bytes([*range(9), 11, 12, *range(14, 32), 127])
# They announce a body or another protocol, or mean something to Daphne.
_OF_OTHERS = frozenset({b"content-length", b"transfer-encoding", b"upgrade", b"expect", b"daphne-root-path"})
_STAYS_OPEN = frozenset({b"keep-alive", b"Keep-Alive"})


class Head(NamedTuple):
    """It is the head of a GET over HTTP/1.1. headers: in the order of their arrival, with names in lower case."""

    uri: bytes
    headers: list[tuple[bytes, bytes]]


@lru_cache(NAMES_KNOWN)
def _plain_name(name: bytes) -> bytes | None:
    """Return the name of an ordinary header in lower case; None for any other name."""
    if _name(name) is None:
        return None
    lower = name.lower()
    return None if lower in _OF_OTHERS else lower


def read_head(data: bytes) -> Head | None:
    """Return what these bytes ask for, if they are the whole head of one ordinary GET and nothing else; else None.

    It has no body, asks for no other protocol, is ASCII without control characters, and continues no header on a line
    of its own. Of these, Twisted and Daphne read the same (`tests/test_http_request.py`).
    """
    if data[:5] != b"GET /" or data[-4:] != b"\r\n\r\n" or len(data) > HEAD_BYTES or not data.isascii():
        return None
    first, *lines = data[:-4].split(b"\r\n")
    ends = len(lines) + 2
    asked = _request_line(first)
    if (
        asked is None
        or len(lines) > HEADERS_AT_MOST
        or data.count(b"\r") != ends
        or data.count(b"\n") != ends
        or len(data.translate(None, _CONTROLS)) != len(data)
    ):
        return None
    headers = []
    for line in lines:
        written, colon, value = line.partition(b":")
        name = _plain_name(written)
        if name is None or not colon:
            return None
        value = value.strip(b" \t")
        if name == b"connection" and value not in _STAYS_OPEN:
            return None
        headers.append((name, value))
    return Head(asked[1], headers)


@lru_cache(NAMES_KNOWN)
def _is_name(name: bytes) -> bool:
    return _name(name) is not None


def make_head(version: bytes, status: int, headers: list[tuple[bytes, bytes]]) -> bytes | None:
    """Return the head of an answer; None if Twisted has another word for its status, or changes or refuses a header."""
    if status not in RESPONSES or not all(_is_name(name) for name, _value in headers):
        return None
    lines = [b"%b %d %b" % (version, status, RESPONSES[status])]
    lines += [b"%b: %b" % header for header in headers]
    head = b"\r\n".join(lines)
    is_whole = head.count(b"\r") == head.count(b"\n") == len(headers)
    return head + b"\r\n\r\n" if is_whole and len(head.translate(None, _CONTROLS)) == len(head) else None


class Request(WebRequest):
    """Daphne's request. The channel may hand it a head that was read at once (`take`).

    An answer that is whole in one message leaves in one piece.
    """

    channel: Any
    client: Any
    host: Any
    server: Any
    responseHeaders: Any  # noqa: N815  as Twisted names it
    finished: bool
    _answer: Mapping[str, Any] | None = None  # the beginning of the answer, kept until its body comes

    __hash__ = object.__hash__
    __eq__ = object.__eq__

    def take(self, head: Head) -> None:
        """Answer a request whose head was read by `read_head`, as `process` does."""
        self.method, self.uri, self.clientproto = b"GET", head.uri, b"HTTP/1.1"
        self.path, _mark, self.query_string = head.uri.partition(b"?")
        self.request_start = time.time()
        try:
            if hasattr(self.client, "host") and hasattr(self.client, "port"):
                self.client_addr = [str(self.client.host), self.client.port]
                self.server_addr = [str(self.host.host), self.host.port]
            self.client_scheme = "https" if self.isSecure() else "http"
            self.application_queue = self.server.create_application(
                self,
                {
                    "type": "http",
                    "http_version": "1.1",
                    "method": "GET",
                    "path": unquote(self.path.decode()),
                    "raw_path": self.path,
                    "root_path": self.server.root_path,
                    "scheme": self.client_scheme,
                    "query_string": self.query_string,
                    "headers": head.headers,
                    "client": self.client_addr,
                    "server": self.server_addr,
                },
            )
            if self.application_queue is not None:
                self.application_queue.put_nowait({"type": "http.request", "body": b"", "more_body": False})
        except Exception as error:  # noqa: BLE001  as Daphne does: one request fails, and not its connection
            logger.error("server: a request could not be handed over (%s)", type(error).__name__)
            self.basic_error(500, b"Internal Server Error", "Daphne HTTP processing error")

    def handle_reply(self, message: Mapping[str, Any]) -> None:
        """Send a part of the answer. Its beginning waits for its body, which follows a moment later."""
        if self.finished or self.channel is None:
            return
        daphnes: Any = self  # Daphne's class has no types
        if message.get("type") == "http.response.start" and "status" in message and not daphnes._response_started:
            self._answer, daphnes._response_started = message, True
            return
        if (begun := self._answer) is not None:
            self._answer = None
            is_whole = message.get("type") == "http.response.body" and not message.get("more_body", False)
            if is_whole and self._send_whole(begun, message.get("body", b"")):
                return
            daphnes._response_started = False
            super().handle_reply(begun)
        super().handle_reply(message)

    def _send_whole(self, begun: Mapping[str, Any], body: bytes) -> bool:
        """Send a whole answer in one piece, and return True; False where Twisted has something to add to it."""
        if self.clientproto != b"HTTP/1.1" or self.server.action_logger is not None:
            return False
        status = begun["status"]
        headers = [(name, value) for name, values in self.responseHeaders.getAllRawHeaders() for value in values]
        headers += begun.get("headers", ())
        names = {name.lower() for name, _value in headers}
        if self.server.server_name and b"server" not in names:
            headers.append((b"Server", self.server.server_name.encode()))
        head = make_head(self.clientproto, status, headers) if b"content-length" in names else None
        if head is None:
            return False
        has_body = self.method != b"HEAD" and status not in NO_BODY_CODES
        self.setResponseCode(status)
        self.startedWriting = 1
        self.sentLength = len(body) if has_body else 0
        cast(Any, self.channel).write(head + body if has_body else head)
        self.finish()
        return True

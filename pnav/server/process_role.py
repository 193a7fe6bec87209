"""Says what a web process serves: everything, only sockets, or only pages. See docs/adr/0052.

A page that computes holds the interpreter, and with it every socket of its process: a thread is no protection, for
Python runs one at a time. In processes of their own, pages take no turn from the exchange. The code is the same
everywhere; `PROCESS_ROLE` chooses.
"""

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Any

Send = Callable[[Mapping[str, Any]], Awaitable[None]]

# Steps of `nice` that a process of pages stands behind one of sockets on the same machine: a step is about a quarter
# of the weight in the scheduler, so five leave it a third of what the other gets while both want the processor.
PAGES_NICENESS = 5

MISDIRECTED = b"This process serves WebSockets only: ask the address of the site again.\n"


class ProcessRole(StrEnum):
    """The value of PROCESS_ROLE. `ALL` is one process that does both, as small installations run it."""

    ALL = "all"
    SOCKETS = "sockets"
    PAGES = "pages"


async def refuse_page(send: Send) -> None:
    """Answer 421 « Misdirected Request » (RFC 9110, 15.5.20): the proxy sent a page where only sockets are served.

    A fixed answer that asks nothing of the database; a browser may try again on another connection.
    """
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(MISDIRECTED)).encode()),
        (b"cache-control", b"no-store"),
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
    ]
    await send({"type": "http.response.start", "status": 421, "headers": headers})
    await send({"type": "http.response.body", "body": MISDIRECTED})

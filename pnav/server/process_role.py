"""Names what a web process serves: everything, only WebSockets, or only pages (docs/adr/0052).

While a page computes it holds Python's interpreter lock, and delays every socket of its process; a thread of its own
does not help. When pages have processes of their own, they do not delay messages. The code is the same in each;
`PROCESS_ROLE` chooses.
"""

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Any

Send = Callable[[Mapping[str, Any]], Awaitable[None]]

# By how much the `nice` value of a process of pages is above that of a process of sockets on the same machine. A step
# changes the scheduler's weight by about a quarter. So with five, while both want the processor, the pages get a third
# of what the sockets get.
PAGES_NICENESS = 5

MISDIRECTED = b"This process serves WebSockets only: ask the address of the site again.\n"


class ProcessRole(StrEnum):
    """It is the value of PROCESS_ROLE. `ALL` is one process that does both, as small installations run it."""

    ALL = "all"
    SOCKETS = "sockets"
    PAGES = "pages"


async def refuse_page(send: Send) -> None:
    """Answer 421 « Misdirected Request » (RFC 9110, 15.5.20), because the proxy sent a page to a process of sockets.

    The answer is fixed and needs no database. A browser may try again on another connection.
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

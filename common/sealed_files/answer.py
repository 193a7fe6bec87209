"""Gives a file piece by piece, so that the whole of it is nowhere in memory."""

from collections.abc import Iterator
from typing import Any

from django.http import StreamingHttpResponse


class PieceByPiece(StreamingHttpResponse):
    """A file of known length. `pnav.server.page_handler` sends it as its pieces come, each read in a thread of its own;
    whatever is sent before the first one is written is decided by then.

    pieces: asks nothing of the database, for its page has given its connection back. What it raises ends the connection
    before all of it was sent, and the client knows: the length was said.
    """

    def __init__(self, pieces: Iterator[bytes], *, length: int, name: str, **options: Any) -> None:
        # The answer is closed in the thread of its page, before it is sent: what has a `close` of its own, as a
        # generator, would then be over before its first piece.
        pieces = map(bytes, pieces)
        super().__init__(pieces, content_type="application/octet-stream", **options)
        self.pieces = pieces
        self.line: Any = None  # the connection of its client, where the server tells it
        self["Content-Length"] = str(length)
        self["Content-Disposition"] = f'attachment; filename="{name}"'
        self["Cache-Control"] = "no-store"
        self["Content-Encoding"] = "identity"  # not to be compressed: it is none of our text, and its length is said

"""Answers a request with a file that is sent piece by piece, so that it is never whole in memory."""

from collections.abc import Iterator
from typing import Any

from django.http import StreamingHttpResponse


class PieceByPiece(StreamingHttpResponse):
    """It is a response with a file of known length. `pnav.server.page_handler` reads each piece in a thread and sends
    it.

    pieces: must not use the database, because the page has returned its connection by then. If it raises, the
    connection is cut before everything was sent, and the client notices, because it knows the length. kind: its media
    type; a browser saves it whatever it is.
    """

    def __init__(
        self,
        pieces: Iterator[bytes],
        *,
        length: int,
        name: str,
        kind: str = "application/octet-stream",
        **options: Any,
    ) -> None:
        # Django closes the response in the thread of its page, before it is sent. An iterator with a `close` method,
        # such as a generator, would then end before its first piece.
        pieces = map(bytes, pieces)
        super().__init__(pieces, content_type=kind, **options)
        self.pieces = pieces
        self.line: Any = None  # the connection of the client, if the server sets it
        self["Content-Length"] = str(length)
        self["Content-Disposition"] = f'attachment; filename="{name}"'
        self["Cache-Control"] = "no-store"
        self["Content-Encoding"] = "identity"  # it must not be compressed, because its length is stated

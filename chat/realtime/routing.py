"""These are the addresses of the sockets."""

from typing import Any

from django.urls import path, re_path

from chat.realtime.connection import Receive, Send
from chat.realtime.consumers import ConsoleConnection, VisitorConnection


async def refuse_connection(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Refuse any other address. Without this, Channels would raise an error that logs the address."""
    await send({"type": "websocket.close"})


# The ignored errors of types are there because Django declares `path` for HTTP views only.
websocket_urlpatterns = [
    path("ws/conversation/", VisitorConnection.serve),  # type: ignore[arg-type]
    path("ws/console/", ConsoleConnection.serve),  # type: ignore[arg-type]
    re_path(r"", refuse_connection),  # type: ignore[arg-type]
]

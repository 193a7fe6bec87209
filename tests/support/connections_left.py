"""An ASGI application that counts the connections in memory, and never runs a full garbage collection.

`python -m daphne … tests.support.connections_left:application` runs it on our own server.
"""

import gc
import json
import os
from typing import Any

import django

from pnav.server.http_channel import Channel
from pnav.server.http_request import Request
from pnav.server.serving import SocketProtocol, install_server

KINDS = (Channel, Request, SocketProtocol)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pnav.settings")
django.setup()  # the server asks the addresses how long a body may be
gc.disable()


async def _never_stuck() -> bool:
    return False


install_server(_never_stuck, begin=lambda: None)


def _counted() -> bytes:
    objects = gc.get_objects()
    return json.dumps({kind.__name__: sum(type(one) is kind for one in objects) for kind in KINDS}).encode()


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serve a socket that sends nothing. Answer any other request with the counts as JSON."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        return
    content = _counted()
    head = [(b"content-length", str(len(content)).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": content})

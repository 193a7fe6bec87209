"""The site with one page more, `/bench/inside/`, for what only the process itself knows, and with sockets that live
minutes and not hours.
"""

import asyncio
import json
import os
import threading
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pnav.settings")

from pnav.asgi import application as site  # noqa: I001  settings and apps first
from chat.realtime import connection

# An hour then sees many times what happens once in a day: the server says « come back », and the page does so.
connection.LIFETIME_SECONDS = int(os.environ.get("BENCH_LIFETIME", "300"))


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "http" and scope["path"] == "/bench/inside/":
        inside = json.dumps({"tasks": len(asyncio.all_tasks()), "threads": threading.active_count()}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(inside))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": inside})
        return
    await site(scope, receive, send)

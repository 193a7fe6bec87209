"""The ceiling: an ASGI application that passes each text to the sockets of its room, and does nothing else.

It uses no Channels, no layer, no database and no sign-in. Its address is `/ws/room/<name>/`.
"""

from collections import defaultdict
from typing import Any

ROOMS: dict[str, set[Any]] = defaultdict(set)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "websocket":
        return
    room = ROOMS[scope["path"]]
    await receive()
    await send({"type": "websocket.accept"})
    room.add(send)
    try:
        while (event := await receive())["type"] == "websocket.receive":
            message = {"type": "websocket.send", "text": event["text"]}
            for deliver in tuple(room):
                await deliver(message)
    finally:
        room.discard(send)
        if not room:
            ROOMS.pop(scope["path"], None)

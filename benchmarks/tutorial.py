"""The baseline: the chat of the Channels tutorial, with a row a message, served by the same Daphne.

`/ws/room/<name>/` sends what it receives to the room's group, after writing it with the ORM. The layer is named by
BENCH_LAYER: `core` (with redis-py's time-out cured) or `pubsub`.
"""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pnav.settings")
get_asgi_application()

from channels.db import database_sync_to_async  # noqa: E402
from channels.generic.websocket import AsyncJsonWebsocketConsumer  # noqa: E402
from channels.layers import channel_layers  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402
from django.urls import path  # noqa: E402

from pnav.pages.models import Feedback  # noqa: E402

LAYERS = {
    "core": "channels_redis.core.RedisChannelLayer",
    "pubsub": "channels_redis.pubsub.RedisPubSubChannelLayer",
}
settings.CHANNEL_LAYERS["default"]["BACKEND"] = LAYERS[os.environ.get("BENCH_LAYER", "core")]
channel_layers.backends.clear()


class Room(AsyncJsonWebsocketConsumer):
    async def connect(self):
        self.room = self.scope["url_route"]["kwargs"]["name"]
        await self.channel_layer.group_add(self.room, self.channel_name)
        await self.accept()

    async def disconnect(self, code):
        await self.channel_layer.group_discard(self.room, self.channel_name)

    async def receive_json(self, content, **kwargs):
        if os.environ.get("BENCH_STORE", "1") == "1":
            await self.store(content["body"])
        await self.channel_layer.group_send(self.room, {"type": "said", "content": content})

    async def said(self, event):
        await self.send_json(event["content"])

    @database_sync_to_async
    def store(self, body):
        Feedback.objects.create(rating=3, text=body)


application = ProtocolTypeRouter({"websocket": URLRouter([path("ws/room/<str:name>/", Room.as_asgi())])})

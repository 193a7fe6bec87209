"""The baseline: the chat of the Channels tutorial, served by the same Daphne. It stores nothing.

`/ws/room/<name>/` sends the JSON text that it receives to the room's group. As in the tutorial, it uses
AuthMiddlewareStack, AsyncWebsocketConsumer, group_send, the `core` layer and Django's own sessions. Three things are
made better for it. redis-py 8's limits are lifted, because a socket would die every 5 s. The layer holds 10,000
messages a process and not 100, because the 101st is dropped without a word, and a row with a loss is void. Connections
to PostgreSQL come from a pool, as ours do. With BENCH_STORE=1 it writes a row for each message with the ORM.
"""

import json
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pnav.settings")

from django.conf import settings

settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"
settings.CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {
            "hosts": [{"address": settings.REDIS_URL, "socket_timeout": None, "max_connections": 10000}],
            "capacity": 10000,
        },
    }
}
settings.ROOT_URLCONF = "benchmarks.slow"

from django.core.asgi import get_asgi_application  # noqa: E402

http = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.db import database_sync_to_async  # noqa: E402
from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path  # noqa: E402

from pnav.pages.models import Feedback  # noqa: E402


class ChatConsumer(AsyncWebsocketConsumer):
    async def connect(self):
        self.room_group_name = "chat_" + self.scope["url_route"]["kwargs"]["name"]
        await self.channel_layer.group_add(self.room_group_name, self.channel_name)
        await self.accept()

    async def disconnect(self, code):
        await self.channel_layer.group_discard(self.room_group_name, self.channel_name)

    async def receive(self, text_data=None, bytes_data=None):
        message = json.loads(text_data)
        if os.environ.get("BENCH_STORE") == "1":
            await self.store(text_data)
        await self.channel_layer.group_send(self.room_group_name, {"type": "chat.message", "message": message})

    async def chat_message(self, event):
        await self.send(text_data=json.dumps(event["message"]))

    @database_sync_to_async
    def store(self, text):
        Feedback.objects.create(rating=3, text=text)


application = ProtocolTypeRouter(
    {"http": http, "websocket": AuthMiddlewareStack(URLRouter([path("ws/room/<str:name>/", ChatConsumer.as_asgi())]))}
)

"""The addresses of the sockets."""

from django.urls import path

from chat.consumers import ConsoleSocket, ConversationSocket

# The types of Django's `path` know HTTP only.
websocket_urlpatterns = [
    path("ws/conversation/", ConversationSocket.serve),  # type: ignore[arg-type]
    path("ws/console/", ConsoleSocket.serve),  # type: ignore[arg-type]
]

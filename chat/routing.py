"""The addresses of the sockets."""

from django.urls import path

from chat.consumers import ConsoleSocket, ConversationSocket

websocket_urlpatterns = [
    path("ws/conversation/", ConversationSocket.serve),
    path("ws/console/", ConsoleSocket.serve),
]

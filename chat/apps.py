from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "chat"
    label = "chat"
    verbose_name = "Échanges"

    def ready(self) -> None:
        """Import the texts of the chat, so that the catalogue has them before anybody asks."""

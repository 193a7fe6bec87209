from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "chat"
    label = "chat"
    verbose_name = "Échanges"

    def ready(self) -> None:
        """The sentences of this room are in the catalogue, whoever asks."""

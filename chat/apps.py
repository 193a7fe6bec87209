from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "chat"
    label = "chat"
    verbose_name = "Échanges"

    def ready(self) -> None:
        """The sentences of this room are in the catalogue, whoever asks."""
        from chat import (  # noqa: F401
            emergency_sentences,
            followup_sentences,
            form_sentences,
            handover_sentences,
            keeping_sentences,
            page_sentences,
            sentences,
        )

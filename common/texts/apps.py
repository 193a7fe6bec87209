from django.apps import AppConfig


class SentencesConfig(AppConfig):
    name = "common.texts"
    label = "sentences"
    verbose_name = "Phrases de Pnav"

    def ready(self) -> None:
        """Changed texts are read from their table."""
        from common.texts import cache
        from common.texts.models import sound_texts

        cache.texts_source = sound_texts

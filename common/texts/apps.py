from django.apps import AppConfig


class SentencesConfig(AppConfig):
    name = "common.texts"
    label = "sentences"
    verbose_name = "Phrases de Pnav"

    def ready(self) -> None:
        """Tell `common.texts.cache` how to read the changed texts and the help numbers, and count in French."""
        from common.texts import cache, plurals
        from common.texts.models import sound_texts

        cache.texts_source = sound_texts
        plurals.count_in_the_source_language()

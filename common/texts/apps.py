from django.apps import AppConfig


class SentencesConfig(AppConfig):
    name = "common.texts"
    label = "sentences"
    verbose_name = "Phrases de Pnav"

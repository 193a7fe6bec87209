from django.apps import AppConfig


class SentencesConfig(AppConfig):
    name = "sentences"
    label = "sentences"
    verbose_name = "Phrases de Pnav"

from django.apps import AppConfig


class PagesConfig(AppConfig):
    name = "pnav.pages"
    label = "pages"
    verbose_name = "Contenus"

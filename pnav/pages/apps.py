from django.apps import AppConfig
from django.conf import settings


class PagesConfig(AppConfig):
    name = "pnav.pages"
    label = "pages"
    verbose_name = "Contenus"

    def ready(self) -> None:
        """The folder of `build_styles` exists from the start: the finder of static files warns about a missing one."""
        settings.ASSETS_DIR.mkdir(parents=True, exist_ok=True)

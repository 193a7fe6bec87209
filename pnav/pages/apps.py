from django.apps import AppConfig
from django.conf import settings


class PagesConfig(AppConfig):
    name = "pnav.pages"
    label = "pages"
    verbose_name = "Contenus"

    def ready(self) -> None:
        """Make the folder of `build_styles`, because the finder of static files warns about a missing one.

        Also tell the sentences where the help numbers are kept.
        """
        settings.ASSETS_DIR.mkdir(parents=True, exist_ok=True)
        from common.texts import cache as text_cache
        from pnav.pages.models import numbers_by_name

        text_cache.numbers_source = numbers_by_name

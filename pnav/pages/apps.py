from django.apps import AppConfig
from django.conf import settings


class PagesConfig(AppConfig):
    name = "pnav.pages"
    label = "pages"
    verbose_name = "Contenus"

    def ready(self) -> None:
        """Make the folder of `build_styles`, because the finder of static files warns about a missing one.

        Also tell the sentences where the help numbers are kept, and draw the tokens of forms at once.
        """
        settings.ASSETS_DIR.mkdir(parents=True, exist_ok=True)
        from django.middleware import csrf

        from common.texts import cache as text_cache
        from pnav.pages.models import numbers_by_name
        from pnav.randomness import random_text

        text_cache.numbers_source = numbers_by_name
        # Django asks the system for each character, twice 32 times for a page with a form (`pnav.randomness`).
        csrf._get_new_csrf_string = lambda: random_text(csrf.CSRF_SECRET_LENGTH)

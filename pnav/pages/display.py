"""« Paramètres d'affichage »: theme and language, in cookies that say nothing else."""

from django.conf import settings
from django.db.models import TextChoices
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

THEME_COOKIE = "theme" if settings.DEMO else "__Host-theme"
COOKIE_AGE = 180 * 24 * 60 * 60  # seconds: six months, as the CNIL advises for a choice


class Theme(TextChoices):
    """The colours of the pages."""

    SYSTEM = "system", _("Comme mon appareil")
    LIGHT = "light", _("Clair")
    DARK = "dark", _("Sombre")


def theme(request: HttpRequest) -> str:
    """The theme chosen in this browser; without a choice, or with an unknown one, the system's."""
    value = request.COOKIES.get(THEME_COOKIE, "")
    return value if value in Theme.values else Theme.SYSTEM.value


def remember(response: HttpResponse, *, theme: str, language: str) -> None:
    """Keep both choices in this browser."""
    for name, value in ((THEME_COOKIE, theme), (settings.LANGUAGE_COOKIE_NAME, language)):
        response.set_cookie(
            name,
            value,
            max_age=COOKIE_AGE,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )

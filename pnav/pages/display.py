"""Keeps the display settings (« Paramètres d'affichage »), theme and language, in cookies that hold nothing else."""

from django.conf import settings
from django.db.models import TextChoices
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy as _

from common.texts import languages

THEME_COOKIE = "theme" if settings.DEMO else "__Host-theme"
COOKIE_AGE = 180 * 24 * 60 * 60  # seconds: six months, as the CNIL advises for a choice


class Theme(TextChoices):
    """These are the colours of the pages."""

    SYSTEM = "system", _("Comme mon appareil")
    LIGHT = "light", _("Clair")
    DARK = "dark", _("Sombre")


def theme(request: HttpRequest) -> str:
    """Return the theme chosen in this browser; the system's without a choice, or with an unknown one."""
    value = request.COOKIES.get(THEME_COOKIE, "")
    return value if value in Theme.values else Theme.SYSTEM.value


def chosen_language(request: HttpRequest) -> str:
    """Return the language chosen in this browser; "" without a choice, or with one that the site does not have."""
    value = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    return value if value in languages.codes() else ""


def _keep(response: HttpResponseBase, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def remember_language(response: HttpResponseBase, language: str) -> None:
    """Keep the language in this browser."""
    _keep(response, settings.LANGUAGE_COOKIE_NAME, language)


def remember(response: HttpResponseBase, *, theme: str, language: str) -> None:
    """Keep both choices in this browser."""
    _keep(response, THEME_COOKIE, theme)
    remember_language(response, language)

"""This is the page `/sitemap.xml`: what search engines may show of this site, in each language."""

from functools import cache

from django.contrib.sitemaps import Sitemap, views
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from common.texts import languages
from pnav import addresses
from pnav.pages import completeness

# Pages of information that are left out: the one after a form, the settings of each reader, and that of developers.
LEFT_OUT = frozenset({"pages:feedback_thanks", "pages:display_settings", "pages:components"})
# Pages where a visitor begins, besides the pages of information.
BEGINNINGS = ("triage:start", "locations:search")


def names() -> list[str]:
    """Return the names of the pages that are listed, in the order of the table of addresses."""
    information = [name for name in addresses.pages_without_parameter("pages") if name not in LEFT_OUT]
    return [*information, *BEGINNINGS]


@cache
def _listed() -> frozenset[str]:
    return frozenset(names())


def is_listed(name: str) -> bool:
    """Return whether search engines may show the page of this name."""
    return name in _listed()


class VisitorPages(Sitemap):
    """Lists each page of information once for each language, with its addresses in the others."""

    i18n = alternates = x_default = True

    def items(self) -> list[str]:
        """Return the names of the pages that search engines may show."""
        return names()

    def get_languages_for_item(self, item: str) -> list[str]:
        """Return the languages that are offered: an incomplete translation is not shown to anybody."""
        return completeness.offered_languages()

    def location(self, item: str) -> str:
        """Return the address in the active language, which Django sets for each of them."""
        return addresses.in_language(languages.current()).reverse(item)


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """Show the sitemap.

    It looks into the tables of addresses for each page and language, and makes no query of its own.
    """
    return views.sitemap(request, {"pages": VisitorPages})

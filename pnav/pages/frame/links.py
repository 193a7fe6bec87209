"""Describes a page in its head for search engines and for link previews: its own address, languages and description."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.templatetags.static import static

from common.texts import languages
from pnav import addresses
from pnav.pages import completeness, sitemap
from pnav.pages.texts import descriptions as description_texts
from pnav.pages.texts import frame as frame_texts

SHARED_PICTURE = "pnav/share.png"


@dataclass(frozen=True, slots=True)
class Links:
    """These are the links of a page.

    canonical: the whole address of this page in its language, without a query. alternates: code and whole address in
    each language that is offered. description: that of the page, in its language. picture: that of the service, for
    link previews; "" for a browser that was here before, which draws no preview and gets a lighter page.
    """

    canonical: str
    alternates: list[tuple[str, str]]
    default: str
    description: str
    picture: str


def of(request: HttpRequest) -> Links | None:
    """Return the links of a page that search engines may show; None for any other.

    There are none in discreet mode, and in a language that is not offered. A listed page has no parameter: the table of
    each language is read once.
    """
    match = request.resolver_match
    if match is None or addresses.current().is_discreet or not sitemap.is_listed(match.view_name):
        return None
    offered = completeness.offered_languages()
    if languages.current() not in offered:
        return None
    origin = addresses.site_origin(request)
    where = {code: f"{origin}{addresses.address_in_language(match.view_name, code)}" for code in offered}
    return Links(
        canonical=where[languages.current()],
        alternates=list(where.items()),
        default=where[languages.source()],
        description=description_texts.OPTIONS["description"].get(match.view_name, frame_texts.SERVICE).say(),
        picture="" if _is_browser_again(request) else f"{origin}{static(SHARED_PICTURE)}",
    )


def _is_browser_again(request: HttpRequest) -> bool:
    """Return whether a browser that was here before asks.

    A browser says how it asks for a page. A program that draws link previews does not, even if it keeps our cookies.
    """
    return bool(request.COOKIES) and "Sec-Fetch-Mode" in request.headers

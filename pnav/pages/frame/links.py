"""This module says in the head of a page what its own address is: to search engines, and to whoever passes the page
on."""

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
    """canonical: the whole address of this page in its language, without a query. alternates: code and whole address
    in each language that is offered. description: of the page, in its language. picture: of the service, for whoever
    passes the page on; "" for a browser that was here before: it shows no link, and its page is lighter."""

    canonical: str
    alternates: list[tuple[str, str]]
    default: str
    description: str
    picture: str


def of(request: HttpRequest) -> Links | None:
    """Return the links of a page; None in discreet mode, in a language that is offered to nobody and for a page that
    search engines do not show.

    A page that is listed has no parameter: the table of each language is looked into once.
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
    """A browser says how it asks for a page; a program that draws links does not, also where it keeps our cookies."""
    return bool(request.COOKIES) and "Sec-Fetch-Mode" in request.headers

"""Gives the frame of every page its template context."""

import logging
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from chat.database import DATABASE_AWAY
from chat.visitor import visit_mark
from common.database_errors import describe_error
from common.service_settings import definitions, values
from common.texts import languages
from locations.session import Choice, current_choice
from pnav import addresses
from pnav.accounts.middleware import STAFF_AREAS
from pnav.accounts.presence import keeps_lease
from pnav.accounts.second_factor import Standing
from pnav.pages import completeness, display
from pnav.pages.frame import announcements, editions, links
from pnav.pages.models import Announcement
from reports import closures
from reports.form_of_address import speaks_tu
from reports.session import is_discreet as report_is_discreet
from reports.session import is_familiar_by_code, report_to_speak_to
from triage.session import answers, is_discreet, voice

logger = logging.getLogger(__name__)

# The pages that lead to the chat, and those that promise an answer day and night. The chat's own pages say it where
# they have room for it. The card to be printed does not: it is given to people who come on another day.
TELL_CLOSED = {
    "home", "triage", "locations", "reports", "law", "minors", "minors_simple", "professionals", "removal",
}  # fmt: skip


def _other_languages(request: HttpRequest) -> list[tuple[str, str, str]]:
    now = languages.current()
    others = [code for code in completeness.offered_languages() if code != now]
    return [(code, languages.own_name(code), _address_in(code, request.path)) for code in others]


def _address_in(code: str, address: str) -> str:
    """Return the address of this page in this language, for a link.

    An error that is drawn in discreet mode leads to an address of discreet mode, whatever was asked for.
    """
    if addresses.current().is_discreet and not addresses.table_at(address).is_discreet:
        address = addresses.DISCREET.address(addresses.read(address)[1]) or addresses.DISCREET.reverse("pages:home")
    return addresses.choosing(address, code)


def _place_name(choice: Choice | None) -> str:
    """Return the commune of the point d'accueil, or its postal code; empty before a choice."""
    if not choice:
        return ""
    return choice.municipality.name if choice.municipality else choice.postal_code


def is_familiar(request: HttpRequest) -> bool:
    """Return whether to say *tu*: by the answers of this visit or, without any, by its report, or by the one of which a
    code opened a part."""
    if answers(request):
        return voice(request).familiar
    try:
        report = report_to_speak_to(request)
    except DATABASE_AWAY as error:
        # The page that asks the same database handles the failure itself; the frame is drawn all the same.
        logger.warning("frame: the database does not answer (%s)", describe_error(error))
        return False
    return speaks_tu(report) if report is not None else is_familiar_by_code(request)


def _audiences(request: HttpRequest, *, is_staff: bool) -> set[str]:
    """Return whose announcements this page shows.

    Anybody may open the sign-in page. What is for the team alone is shown to sessions that have proved everything.
    """
    kinds = Announcement.Audience
    if not is_staff:
        return {kinds.BOTH, kinds.VISITORS}
    is_signed_in = getattr(request, "staff_standing", None) is Standing.COMPLETE
    return {kinds.BOTH, kinds.STAFF} if is_signed_in else {kinds.BOTH}


class Unwritten(dict[str, str]):
    """Returns "" for any name.

    A name that nobody gave costs a template three exceptions, 2 µs. The page of an exchange asks for nine of these.
    """

    def __missing__(self, _name: str) -> str:
        return ""


UNWRITTEN = Unwritten()
# Names that `base.html` and its parts ask for and few pages give. They are here for the same reason.
ABSENT = {"preview_of": "", "carries": False}


def site(request: HttpRequest) -> dict[str, Any]:
    """Return what `base.html` shows.

    theme, demo_notice, quick_exit_url, left_cookie; visit_mark, csrf_token: with whose exchange the page shows
    (`chat.visitor.visit_mark`); section: the namespace of the page, or the name of a page of this app;
    discreet: somebody may see the screen; familiar: say *tu*, as the orientation does, and without answers in this
    visit, on another device, as the report tells (a page that knows better gives its own);
    open_exchange: the visit has an exchange that is not over, waits_for_turn: one that nobody answers yet
    (pnav.middleware.ended_visits read them);
    reception_choice, chosen_place (its name), data_editions and other_languages (code, own name and address of
    each language that is offered besides this one), page_links (`links.Links`): read only when shown; keeps_lease: an
    agent reads this page, which keeps their lease of lease_seconds, and asks whether they are there after idle_seconds
    without a sign; announcements, chat_closed: what is said above it, of what this process knows; closed_to_new: the
    same closing, for agents; tells_closed: the way to the chat leads over this page; shown: what the script of a page
    writes into it, which is nothing before it runs, and in a preview what is tried.
    """
    is_staff = request.path_info.startswith(STAFF_AREAS)
    match = request.resolver_match
    namespace = match.namespace if match else ""
    section = match.url_name if match and namespace == "pages" else namespace
    # The pages of the staff keep Django's token, which has no mark.
    marked = {} if is_staff else {"csrf_token": SimpleLazyObject(lambda: visit_mark.token_of(request))}
    return {
        **marked,
        "visit_mark": SimpleLazyObject(lambda: visit_mark.in_address(request)),
        "page_links": SimpleLazyObject(lambda: links.of(request)),
        "section": section,
        "theme": display.theme(request),
        "demo_notice": settings.DEMO_NOTICE,
        "quick_exit_url": settings.QUICK_EXIT_URL,
        "left_cookie": settings.LEFT_COOKIE_NAME,
        "discreet": is_discreet(request) or report_is_discreet(request),
        "familiar": SimpleLazyObject(lambda: not is_staff and is_familiar(request)),
        "reception_choice": (choice := SimpleLazyObject(lambda: current_choice(request))),
        "chosen_place": SimpleLazyObject(lambda: _place_name(cast(Choice | None, choice))),
        "open_exchange": getattr(request, "open_exchange", False),
        "waits_for_turn": getattr(request, "waits_for_turn", False),
        "data_editions": editions.current,
        "other_languages": SimpleLazyObject(lambda: _other_languages(request)),
        "keeps_lease": SimpleLazyObject(lambda: keeps_lease(request)),
        "lease_seconds": settings.LEASE_SECONDS,
        "idle_seconds": SimpleLazyObject(lambda: int(values.get_duration(definitions.NO_SIGN).total_seconds())),
        "announcements": SimpleLazyObject(lambda: announcements.current(*_audiences(request, is_staff=is_staff))),
        "tells_closed": section in TELL_CLOSED,
        "chat_closed": None if is_staff else SimpleLazyObject(closures.current),
        "closed_to_new": SimpleLazyObject(closures.current) if namespace == "console" else None,
        "shown": UNWRITTEN,
        **ABSENT,
    }

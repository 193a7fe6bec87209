"""These are the pages of information, the display settings, opinions and the quick exit."""

import logging
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

import locations.session
import triage.session
from chat.statistics import charts
from common import network_limits, rate_limits
from common.client_address import networks_of
from common.service_settings import definitions, values
from common.texts import languages
from locations import lookup
from locations.forms import Purpose, SearchForm
from locations.views import keep_for_exchange
from pnav import addresses
from pnav.pages import display, quick_exit, waiting_time
from pnav.pages.actions import give_feedback
from pnav.pages.forms import DisplaySettingsForm, FeedbackForm
from pnav.pages.frame.context import is_familiar
from pnav.pages.information import content_context, content_template, read_information
from pnav.pages.models import FEEDBACK_MAX_LENGTH, ContentBlock, HelpNumber
from pnav.pages.removal import kit
from pnav.pages.removal.forms import PlatformForm
from pnav.pages.texts import obligatory as obligatory_texts
from reports import closures
from reports.models import ClosureReason
from reports.retention import deletion
from reports.rules.retention import Kind, Rule
from reports.visit import read_visit
from triage.questionnaire.questions import BY_ID, DOOR, SAFETY

logger = logging.getLogger(__name__)


@require_http_methods(["GET", "HEAD", "POST"])
def home(request: HttpRequest) -> HttpResponse:
    """Show the home page, with its sections and the numbers.

    Two queries (four in *tu*, and in another language than the source's) when these are drawn again, after a change
    and every 20 seconds; none otherwise.

    Its doors POST who comes in, and from where.
    """
    if request.method == "POST":
        return _come_in(request)
    familiar = SimpleLazyObject(lambda: is_familiar(request))
    information = SimpleLazyObject(lambda: read_information(familiar=bool(familiar)))
    return render(request, "pages/home.html", home_page(information, waiting_time.in_words()) | {"familiar": familiar})


def home_page(information: Any, wait: str) -> dict[str, Any]:
    """Return what the home page shows.

    information: from `read_information`, read only where it is drawn. wait: in words, from `waiting_time.say`.
    """
    return {"information": information, "wait": wait}


def _come_in(request: HttpRequest) -> HttpResponse:
    """Store who comes in and the place that they typed, then ask whether they are safe.

    A place that one search does not find is asked again before the queue, and so is who comes in when no door was
    pressed (Enter in the field). It costs one search of a place (`locations.lookup`) and what `read_visit` reads.
    """
    if read_visit(request).has_ongoing_report:
        return redirect("chat:conversation")
    who = request.POST.get("door", "")
    if BY_ID[DOOR].option(who) is not None:
        triage.session.come_in(request, who=who)
    place = SearchForm({"q": request.POST.get("q", "")})
    if place.is_valid():
        text = place.cleaned_data["q"]
        if not keep_for_exchange(request, lookup.search(text), text=text):
            locations.session.remember_search(request, text=text, purpose=Purpose.EXCHANGE)
    return redirect("triage:question", slug=BY_ID[SAFETY].slug)


@require_safe
def content_page(request: HttpRequest, page: str) -> HttpResponse:
    """Show a page of information. page: a `ContentBlock.Page`.

    It makes one query, and two for the page of numbers and for that of removal, which also begins a request.
    """
    return _information(request, page)


@require_http_methods(["GET", "HEAD", "POST"])
def removal(request: HttpRequest) -> HttpResponse:
    """Show the page about removal, as `content_page` does.

    A POST asks for the same page and changes nothing: it comes open in discreet mode then (docs/adr/0117), with the
    section that it names.
    """
    return _information(request, ContentBlock.Page.REMOVAL, opened=request.POST.get("section", ""))


def _information(request: HttpRequest, page: str, *, opened: str = "") -> HttpResponse:
    choice = kit.choice_form(request, kit.read_platforms()) if page == ContentBlock.Page.REMOVAL else None
    familiar = is_familiar(request)
    return render(
        request,
        content_template(page),
        {"familiar": familiar, "opened": opened, **information_page(page, choice, familiar=familiar)},
    )


def information_page(page: str, choice: PlatformForm | None, *, familiar: bool = False) -> dict[str, Any]:
    """Return what a page of information shows. choice: what the page of removal begins with; None on the others."""
    return content_context(page, familiar=familiar) | ({"choice": choice} if choice is not None else {})


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def quit_site(request: HttpRequest) -> HttpResponseBase:
    """End the visit, delete our cookies and leave the site (POST); explain what a browser keeps (GET).

    There is no CSRF token: a stale page must let people out, and never answer « forbidden » to somebody in a hurry.
    Another site gains nothing by it: its request comes without our cookies (SameSite=Lax), and only a cookie that came
    is deleted. When a browser says that a request comes from another site, also from a neighbour of the same domain,
    the answer only redirects.
    """
    if request.method != "POST":
        return render(request, "pages/quit.html")
    response = HttpResponse(status=303, headers={"Location": settings.QUICK_EXIT_URL, "Cache-Control": "no-store"})
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        return response
    # The session is not read here, because that could wait for the database; `quick_exit.leave` does not wait.
    if session_key := request.COOKIES.get(settings.SESSION_COOKIE_NAME):
        quick_exit.leave(session_key)
    quick_exit.delete_cookies(response, quick_exit.OUR_COOKIES & request.COOKIES.keys())
    # A browser that clears its cache makes a navigation wait for it. Nobody waits for the request of a script.
    if request.headers.get("Sec-Fetch-Mode") != "navigate":
        response.headers["Clear-Site-Data"] = '"cache"'
    return response


def has_said_enough(request: HttpRequest) -> bool:
    """Count one more opinion of this visit and of this network. Return whether either sends too many."""
    visit, is_over = request.session.session_key, False
    if visit:
        name = salted_hmac("pages.feedback", visit, algorithm="sha256").hexdigest()[:32]
        is_over = rate_limits.is_over(
            f"feedback:{name}", limit=values.get(definitions.OPINIONS_OF_VISIT), seconds=60 * 60
        )
    # Both are counted, whatever the other says.
    most = values.get(definitions.OPINIONS_OF_NETWORK)
    if network_limits.count(network_limits.OPINIONS, networks_of(request), most=most).is_over:
        rate_limits.tell_reached("feedback")
        is_over = True
    return is_over


@require_http_methods(["GET", "HEAD", "POST"])
def feedback(request: HttpRequest) -> HttpResponseBase:
    """Ask for an opinion on the service, and store it without its author. Each network may send a bounded number."""
    familiar = is_familiar(request)
    form = FeedbackForm(request.POST if request.method == "POST" else None, familiar=familiar)
    if not form.is_valid():
        return render(request, "pages/feedback.html", form_page(form))
    if has_said_enough(request):
        form.add_error(None, obligatory_texts.OPINIONS_MANY.say(familiar=familiar))
        return render(request, "pages/feedback.html", form_page(form), status=429)
    give_feedback(**form.cleaned_data)
    return redirect("pages:feedback_thanks")


def form_page(form: Form) -> dict[str, Any]:
    """Return what the page of a form alone shows: an opinion, the display settings."""
    return {"form": form}


@require_safe
def feedback_thanks(request: HttpRequest) -> HttpResponse:
    """Show a page of thanks for an opinion."""
    return render(request, "pages/feedback_thanks.html")


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """Show the accessibility statement."""
    return render(request, "pages/accessibility.html", accessibility_page(settings.CONTACT_EMAIL))


def accessibility_page(contact_email: str) -> dict[str, Any]:
    """Return what the page about accessibility shows. contact_email: "" while the site has none."""
    return {"contact_email": contact_email}


@require_safe
def legal(request: HttpRequest) -> HttpResponse:
    """Show the legal notice."""
    context = legal_page(
        publisher=settings.PUBLISHER,
        director=settings.PUBLICATION_DIRECTOR,
        hosting_company=settings.HOSTING_COMPANY,
        contact_email=settings.CONTACT_EMAIL,
    )
    return render(request, "pages/legal.html", context)


def legal_page(*, publisher: str, director: str, hosting_company: str, contact_email: str) -> dict[str, Any]:
    """Return what the legal notice shows. Each is "" until the site has it."""
    return {
        "publisher": publisher,
        "director": director,
        "hosting_company": hosting_company,
        "contact_email": contact_email,
    }


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """Show what is stored about whom, and for how long."""
    context = privacy_page(
        deletion.rules(),
        session_seconds=settings.SESSION_COOKIE_AGE,
        watched_minutes=values.get(definitions.WATCHED),
        contact_email=settings.CONTACT_EMAIL,
    )
    return render(request, "pages/privacy.html", context)


def privacy_page(
    rules: Mapping[str, Rule], *, session_seconds: int, watched_minutes: int, contact_email: str
) -> dict[str, Any]:
    """Return what the page about personal data shows. rules: how long each kind is kept, by `Kind`."""
    return {
        "retention_days": rules[Kind.EXCHANGE].total_days,
        "erased_days": rules[Kind.ERASED].total_days,
        "tombstone_days": rules[Kind.TOMBSTONE].total_days,
        "feedback_days": rules[Kind.OPINION].total_days,
        "session_hours": session_seconds // 3600,
        "watched_minutes": watched_minutes,
        "contact_email": contact_email,
    }


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Let search engines read everything but the staff pages and discreet mode."""
    rooms = (reverse("console:home"), reverse("admin:index"), reverse("account_login"), f"{addresses.DISCREET}/")
    lines = ["User-agent: *", *(f"Disallow: {room}" for room in rooms)]
    lines.append(f"Sitemap: {addresses.site_origin(request)}{reverse('pages:sitemap')}")
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@require_safe
def icon(request: HttpRequest, picture: str) -> HttpResponse:
    """Redirect browsers and telephones that ask for an icon at the root to the neutral icon, which names no service.

    picture: the name of its static file.
    """
    return redirect(static(picture))


@require_safe
def components(request: HttpRequest) -> HttpResponse:
    """Show every component in every state, only in a demonstration and in tests."""
    wrong = FeedbackForm(
        {"rating": "", "page": FeedbackForm.base_fields["page"].initial, "text": "x" * (FEEDBACK_MAX_LENGTH + 1)}
    )
    wrong.is_valid()
    levels = (messages.SUCCESS, messages.INFO, messages.WARNING, messages.ERROR)
    context = {
        "empty_form": FeedbackForm(auto_id="empty_%s"),
        "wrong_form": wrong,
        "levels": [Message(level, str(_("Un message de ce niveau."))) for level in levels],
        "numbers": HelpNumber.objects.all(),
        "chart": charts.draw_rows(charts.Words("exemple", "…", "…"), [charts.Row("…", 2, "2", limit=1)]),
        "list_page": Paginator(range(3), 1).page(2),
        "announced": [{"text": "…", "text_familiar": "…", "is_warning": is_warning} for is_warning in (False, True)],
        "closed_chat": {
            "reason": ClosureReason.INCIDENT,
            "end": "",
            "text": "…",
            "text_familiar": "…",
            "numbers": closures.MEANWHILE,
        },
    }
    return render(request, "pages/components.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def display_settings(request: HttpRequest) -> HttpResponseBase:
    """Keep theme and language in two cookies, then lead back to the page that the person came from."""
    came_from = request.GET.get("next", "")
    form = DisplaySettingsForm(
        request.POST if request.method == "POST" else None,
        initial={"theme": display.theme(request), "language": languages.current(), "next": came_from},
        familiar=is_familiar(request),
    )
    if form.is_valid():
        target, language = form.cleaned_data["next"], form.cleaned_data["language"]
        if not target.startswith("/") or not url_has_allowed_host_and_scheme(target, allowed_hosts=None):
            target = reverse("pages:home")
        if not addresses.table_at(target).is_discreet:  # its addresses say no language
            target = addresses.address_in_table(target, addresses.in_language(language)) or target
        response = redirect(target)
        display.remember(response, theme=form.cleaned_data["theme"], language=language)
        return response
    return render(request, "pages/display_settings.html", form_page(form))

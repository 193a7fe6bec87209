"""This module has what the visitor's pages share: whether there is a visit, how to speak to it, and the page for a
database failure."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.csp import CSP
from django.views.decorators.http import require_http_methods

import reports.session
import triage.session
from chat.captures import handouts, receiving
from chat.database import DATABASE_AWAY
from chat.models import Conversation
from chat.rules.transfer import Answer
from chat.texts import pages as page_texts
from chat.texts import script as script_texts
from chat.visitor import visit_mark
from common import dates
from common.database_errors import describe_error
from common.texts.catalogue import Sentence
from reports import closures
from reports.form_of_address import speaks_tu
from reports.models import Report, ReporterRole
from triage import numbers
from triage.questionnaire.questions import Text

logger = logging.getLogger(__name__)

type View = Callable[[HttpRequest], HttpResponseBase]

EMERGENCY_NUMBERS = (numbers.POLICE, numbers.EUROPEAN_EMERGENCY, numbers.EMERGENCY_BY_TEXT)

# Telephone numbers of people who listen, for somebody who has waited long or left the queue.
# The first answers day and night; the others do not at night. Who is under 18 has a second one that does.
OTHER_DOORS = (numbers.SUICIDE_PREVENTION, numbers.DIGITAL_VIOLENCE, numbers.VICTIM_SUPPORT)
DOORS_OF_MINORS = (numbers.SUICIDE_PREVENTION, numbers.CHILD_IN_DANGER, numbers.DIGITAL_VIOLENCE)

FOLLOW_UP_ASKED = "reports.suites_asked"  # a key of the session, which the visit forgets with its report

# The fields of forms in which a person writes at length, and that may be sent twice without counting twice: a message,
# a fact (`chat.visitor.facts`), their own version of a summary, another moment for an appointment.
TEXTS = ("body", "what", "correction", "other")

FRAMED_BY_OURSELVES: dict[str, Any] = {**settings.SECURE_CSP, "frame-ancestors": [CSP.SELF]}


# --- what the templates need ------------------------------------------------------------------------------------------


def _is_familiar(request: HttpRequest, report: Report) -> bool:
    """Return whether to say *tu*, as the triage of this session does if the report is its own; without one (on another
    device), and for a report that a code opens beside, as the report tells."""
    if request.session.get(reports.session.KEY) == str(report.public_id) and triage.session.answers(request):
        return triage.session.voice(request).familiar
    return speaks_tu(report)


def _is_discreet(request: HttpRequest, report: Report) -> bool:
    return report.discreet or triage.session.is_discreet(request)


def manner_of(request: HttpRequest, conversation: Conversation) -> dict[str, Any]:
    """Return how to speak to the person of this conversation, for the template of any page that shows it."""
    report = conversation.report
    familiar, discreet = _is_familiar(request, report), _is_discreet(request, report)
    return manner_context(conversation, familiar=familiar, discreet=discreet, is_minor=report.is_minor)


def manner_context(conversation: Conversation, *, familiar: bool, discreet: bool, is_minor: bool) -> dict[str, Any]:
    """Return what `manner_of` does, when it is known already how to speak to the person."""
    help_numbers, doors = [numbers.SUICIDE_PREVENTION, numbers.VICTIM_SUPPORT], OTHER_DOORS
    if is_minor or familiar:
        help_numbers, doors = [*DOORS_OF_MINORS], DOORS_OF_MINORS
    return {
        "conversation": conversation,
        "familiar": familiar,
        "discreet": discreet,
        "about_other": conversation.report.role != ReporterRole.VICTIM,
        "is_professional": conversation.report.role == ReporterRole.PROFESSIONAL,
        "said": script_texts.words(familiar=familiar, discreet=discreet),
        "help_numbers": help_numbers,
        "other_doors": doors,
        "takes_captures": receiving.are_taken(),
        # The page « Captures » also shows what an agent has sent, so it is there where a person may send nothing.
        "has_captures_page": receiving.are_taken() or handouts.are_allowed(),
        # The emergency numbers are also at the top of every page, so the numbers that are not come first.
        "emergency_numbers": EMERGENCY_NUMBERS,
        "numbers_meanwhile": [*help_numbers, numbers.POLICE, numbers.EMERGENCY_BY_TEXT],
    }


def why_here(request: HttpRequest) -> Sequence[Text]:
    """Return, in sentences, why the triage of this visit leads to an officer; none for a visit that came by a code."""
    visit = triage.session.read(request)
    return visit.assessment.reasons if visit.opens_chat else ()


def day_of(moment: datetime) -> str:
    """Return the day of a moment in Paris, as « 25 novembre 2027 »."""
    return dates.format_date(timezone.localtime(moment), "j F Y")


def posts_only(back: str) -> Callable[[View], View]:
    """Return a decorator for a view that takes forms alone. Its address leads whoever asks for it to the page `back`.

    Such a view may draw a page (a refusal, a new code, one for a form that expired), and then this address stays in the
    browser. The links to another language, the display settings and a tab that is opened again ask for it.
    """

    def decorate(view: View) -> View:
        @require_http_methods(["GET", "HEAD", "POST"])
        @wraps(view)
        def answer(request: HttpRequest) -> HttpResponseBase:
            return view(request) if request.method == "POST" else redirect(back)

        return answer

    return decorate


def shown_once(*, is_shown: bool = True) -> dict[str, Any]:
    """Return what the frame of a page leaves out while the page shows something this once, such as a code: the links to
    the page in another language, which has the code no more."""
    return {"other_languages": ()} if is_shown else {}


def when_away(view: View) -> View:
    """Make a view that answers with `draw_database_away` when the database does not answer. `pnav.errors` answers so to
    the forms of all other views for visitors."""

    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponseBase:
        try:
            return view(request)
        except DATABASE_AWAY as error:
            logger.warning("page of the exchange: the database does not answer (%s)", describe_error(error))
            return draw_database_away(request)

    return answer


def draw_database_away(request: HttpRequest, *, is_refused: bool = False) -> HttpResponse:
    """Draw the page for a database that does not answer, which gives back what was sent (status 503).

    After a GET that page tries again by itself. So it does in the frame of news, where the question with its buttons
    is then shown again. After any other POST the page has every field again, with « Réessayer ». It can keep no file:
    after a form with one it says so, and leads back to the form.

    is_refused: whether the token of the form was refused. Then the page has another one, which is taken.
    """
    token = request.POST.get("csrfmiddlewaretoken", "")
    is_framed = request.path == reverse("chat:news")
    is_sent = request.method == "POST" and not is_framed
    text_name = next((name for name in TEXTS if is_sent and _is_written(request, name)), "")
    context = away_page(
        sent=_fields_beside(request, text_name) if is_sent else (),
        text_name=text_name,
        text=request.POST.get(text_name, ""),
        action=request.get_full_path() if is_sent else "",
        again=request.get_full_path(),
        csrf_token=visit_mark.renewed(request, token) if is_refused else token or get_token(request),  # with its mark
        is_framed=is_framed,
        has_file=bool(request.FILES),  # it was read with `request.POST`
    )
    # The request is not passed: context processors would read the session, which is in the database.
    return HttpResponse(render_to_string("chat/database_away.html", context), status=503)


def _is_written(request: HttpRequest, name: str) -> bool:
    """Return whether somebody wrote in this field. A version of a summary is in its field already before they do."""
    is_answer = name != "correction" or request.POST.get("answer") == Answer.CORRECTED
    return is_answer and bool(request.POST.get(name, "").strip())


def _fields_beside(request: HttpRequest, text_name: str) -> list[tuple[str, str]]:
    """Return every field that was sent but the token and this text, with each of its values."""
    return [
        (name, value)
        for name, values in request.POST.lists()
        if name not in {"csrfmiddlewaretoken", text_name}
        for value in values
    ]


def away_page(
    *,
    sent: Sequence[tuple[str, str]] = (),
    text_name: str = "",
    text: str = "",
    action: str = "",
    again: str = "",
    csrf_token: str = "",
    is_framed: bool = False,
    has_file: bool = False,
) -> dict[str, Any]:
    """Return what the page for a database that is away shows.

    action: the address to which « Réessayer » sends everything again; "" for a page that was only asked for, which is
    loaded again by itself at the address `again`. text, text_name: what was typed, and its field, in which it can be
    changed before. sent: the other fields, which go along unseen, with the act that was asked for, so that a text that
    only went along is not sent as a message. is_framed: the page around it has its own numbers and quick exit.
    has_file: a file was sent, which is chosen again at the address `again`; without it no field is sent again.
    """
    return {
        "sent": sent,
        "text_name": text_name,
        "text": text,
        "action": action,
        "again": again,
        "csrf_token": csrf_token,
        "is_framed": is_framed,
        "has_file": has_file,
    }


def go_to_follow_up(request: HttpRequest) -> HttpResponse:
    """Lead to « Suites » after a form whose answer it is and of which no message tells. In discreet mode it comes open,
    this once."""
    if reports.session.is_discreet(request) or triage.session.is_discreet(request):
        request.session[FOLLOW_UP_ASKED] = True
    return redirect("chat:follow_up")


def without_visit(request: HttpRequest) -> HttpResponse:
    """Answer a visit without a conversation that asks for a page of the exchange.

    A visit that has begun the triage goes on there. If a visit has ended on this device (its answers are forgotten), a
    page says so. Otherwise a page offers the two ways in: to begin, and to come back with a code. While the chat is
    closed (`reports.closures`), it says so in place of the first. Whoever sent something is told that it was not kept.
    """
    if request.method == "POST" and not reports.session.has_ended(request):  # the page of an end says it itself
        messages.info(request, f"{page_texts.VISIT_ENDED_TITLE.say()}. {page_texts.VISIT_ENDED.say()}")
    is_closed = closures.is_closed()
    if triage.session.answers(request) and not (is_closed and triage.session.read(request).opens_chat):
        return redirect("reports:create")
    if reports.session.has_ended(request) and request.method in {"GET", "HEAD"}:
        return render(request, "chat/ended.html", entrance_page())
    is_entrance = request.resolver_match is not None and request.resolver_match.view_name == "chat:conversation"
    if not is_entrance or request.method not in {"GET", "HEAD"}:
        return redirect("chat:conversation")
    return render(request, "chat/begin.html", entrance_page())


def entrance_page() -> dict[str, Any]:
    """Return what the pages « begin » and « ended » show; both give the same telephone numbers."""
    return {"numbers": EMERGENCY_NUMBERS}


def say_counts(*counted: tuple[Sentence, int], familiar: bool) -> str:
    """Return these sentences with their counts, without those whose count is 0."""
    return " ".join(sentence.say(familiar=familiar, count=count) for sentence, count in counted if count)


def wants_json(request: HttpRequest) -> bool:
    """Return whether a script asks, which stays on its page and wants JSON."""
    return "application/json" in request.headers.get("Accept", "")


def json_answer(content: dict[str, Any], status: int = 200) -> JsonResponse:
    """Return a JSON response for a script, which no cache may store."""
    return JsonResponse(content, status=status, headers={"Cache-Control": "no-store"})

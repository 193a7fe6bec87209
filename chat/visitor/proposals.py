"""The person's side of what was put to them: the ready answers, and the slip of an appointment.

The answer itself is an ordinary message: `chat:message`, or a `post` frame, with the `client_id` given here.
"""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from chat import access
from chat.captures import queries as capture_queries
from chat.casework import closing, proposals
from chat.documents import transcript_pdf
from chat.documents.transcript_pdf import SLIP, Document, Section
from chat.journal import queries as journal_queries
from chat.journal.words import said_when
from chat.models import Conversation
from chat.referral import queries as referral_queries
from chat.rules.lifecycle import Status
from chat.texts import captures as capture_texts
from chat.texts import follow_up as follow_up_texts
from chat.texts import forms as form_texts
from chat.texts import journal as journal_texts
from chat.texts import pages as page_texts
from chat.texts import personal_copy as copy_texts
from chat.visitor import follow_up, page_state
from chat.visitor.base import json_answer, manner_of, without_visit
from common import dates, plain_text, rate_limits
from common.offload import background_jobs, pool
from common.texts import languages
from locations import texts as location_texts
from reports import letterhead

PAPERS, PAPERS_SECONDS = 10, 60
SUITES = "suites"  # stands in the address of a slip that « Suites » leads to
# It stands in the address of its PDF with the facts that the person has shown. Addresses of the exchange hold no word
# that tells what it is about in discreet mode, because they are in the history of the browser.
FACTS = "notes"
FACTS_BEFORE = "faits"  # stands there in other pages, because a process of the version before reads this alone
FACTS_MOST = 50  # the most facts in that PDF: some twelve pages of A5


@require_GET
def answers(request: HttpRequest) -> HttpResponse:
    """Return the ready answers of the last question, if it waits for one; after the end, what the person is told of it.

    `ends_in` says in how many seconds the hour of an appointment passes, and `past` that it has: then nothing can be
    pressed any more. It also says whether « Suites », « Mon rendez-vous » and the documents that were sent have
    something to show.
    """
    current = access.as_reporter(request.session)
    if current is None:
        return json_answer({"error": "no_session"}, status=401)
    beside = page_state.read_page_state(current, timezone.now())
    question = proposals.open_question(current) if beside.may_be_asked else None
    told = closing.words_of(current).get("told", "") if current.status == Status.CLOSED else ""
    content: dict[str, Any] = {"question": None, "told": told, "follow": beside.follow, "slip": beside.has_slip}
    content["document"] = beside.has_document
    content["past"] = question is not None and question.is_past
    if question is not None and not question.is_past:
        content["question"] = {"seq": question.seq, "client_id": question.answer_id, "answers": question.answers}
        content["question"] |= {"ends_in": question.ends_in}
    return json_answer(content)


@require_http_methods(["GET", "HEAD", "POST"])
def slip(request: HttpRequest) -> HttpResponse:
    """Show « Mon rendez-vous », to be shown at the point d'accueil. It names nobody.

    A POST asks for the same page and changes nothing: it comes open in discreet mode then (docs/adr/0117).
    """
    current, found = _slip_of(request)
    if current is None:
        return without_visit(request)
    is_own = _own_journal(request, current)
    context = slip_page(
        manner_of(request, current),
        found,
        is_of_suites=_is_of_suites(request),
        has_facts=is_own and journal_queries.has_shown(current),
        has_captures=is_own and capture_queries.has_shown(current),
    )
    return render(request, "chat/slip.html", context)


def slip_page(
    manner: dict[str, Any],
    found: tuple[Any, dict[str, Any]] | None,
    *,
    is_of_suites: bool = False,
    has_facts: bool = False,
    has_captures: bool = False,
) -> dict[str, Any]:
    """Return what the slip shows. found: the appointment that stands and its words; None without one."""
    appointment, words = found if found is not None else (None, {})
    return {
        **manner,
        "appointment": appointment,
        "words": words,
        "bring": form_texts.SLIP_BRING.say(),
        "of_suites": is_of_suites,
        "has_facts": has_facts,
        "has_captures": has_captures,
    }


def _is_of_suites(request: HttpRequest) -> bool:
    """Return whether « Suites » led here, or nothing else can: two exchanges may be open on one device, its own and
    another's suites, and what is shown is the appointment of the page that one comes from."""
    return SUITES in request.GET or access.as_reporter(request.session) is None


def _own_journal(request: HttpRequest, current: Conversation) -> bool:
    """Return whether this visit is the exchange's own: a code of « Suites » opens no fact."""
    return access.as_reporter(request.session) == current


def _facts(request: HttpRequest, current: Conversation) -> list[Section]:
    """Return the facts that the person has shown, for the slip that they take along, if they ask for it."""
    lines = []
    for fact in journal_queries.shown_facts(current, FACTS_MOST):
        if (told := fact.told) is not None:
            words = (said_when(fact.moment), told.platform, told.account, told.what, told.link, told.seen_by)
            lines.append(" – ".join(plain_text.plain(" ".join(text.split())) for text in words if text))
    manner = manner_of(request, current)
    title = journal_texts.LIST_TITLE_DISCREET if manner["discreet"] else journal_texts.LIST_TITLE
    return [Section(title.say(familiar=manner["familiar"]), lines=lines)] if lines else []


def _captures(request: HttpRequest, current: Conversation) -> list[Section]:
    """Return the captures that the person has shown, by what tells each from any other: a unit that is handed the file
    itself compares the digest. `definitions.CAPTURES_MOST` at most."""
    manner = manner_of(request, current)
    lines = []
    for one in reversed(capture_queries.own_captures(current)):
        if one.shown_at is not None and one.locked_at is None and one.sha256:
            when = timezone.localtime(one.received_at or one.begun_at)
            day = f"{dates.format_date(when, 'j F Y')}, {when:%H:%M}"
            lines.append(
                f"{copy_texts.CAPTURE.say(number=one.number, day=day)} – {one.kind_label}, SHA-256 {one.sha256}"
            )
    title = capture_texts.LIST_TITLE_DISCREET if manner["discreet"] else capture_texts.LIST_TITLE
    return [Section(title.say(familiar=manner["familiar"]), lines=lines)] if lines else []


def _shown(request: HttpRequest, current: Conversation) -> list[Section]:
    """Return what the person has shown, if they ask for it and it is theirs to read."""
    if not {FACTS, FACTS_BEFORE} & request.GET.keys() or not _own_journal(request, current):
        return []
    return [*_facts(request, current), *_captures(request, current)]


def _slip_of(request: HttpRequest) -> tuple[Conversation | None, tuple[Any, dict[str, Any]] | None]:
    """Return whose slip and the slip: of this visit's exchange, or by a code, of what the unit proposed alone."""
    current, is_by_code = access.as_reporter(request.session), False
    if _is_of_suites(request):
        current, is_by_code = follow_up.whose(request)
    if current is None:
        return None, None
    if not is_by_code:
        return current, referral_queries.slip_of(current)
    by_unit = referral_queries.meeting_of(current)
    return current, by_unit and by_unit[1:]


@require_GET
def slip_paper(request: HttpRequest) -> HttpResponse:
    """Draw the slip as a PDF, by a child process within the limits of `offload.pool`, PAPERS in PAPERS_SECONDS.

    With `notes` or `faits` it holds what the person has shown: FACTS_MOST facts at most, and the digests of captures.
    """
    current, found = _slip_of(request)
    if current is None:
        return without_visit(request)
    if found is None or rate_limits.is_over(f"slip:{current.public_id}", limit=PAPERS, seconds=PAPERS_SECONDS):
        return slip(request)
    appointment, words = found
    unit = f"{words['unit']} ({location_texts.EXAMPLE.say()})" if words.get("is_example") else words["unit"]
    place = [unit, *words["address"], words["telephone"]]
    unknown_hours = follow_up_texts.UNKNOWN_CALL.say() if words["telephone"] else follow_up_texts.UNKNOWN.say()
    document = Document(
        title=page_texts.MY_APPOINTMENT.say(),
        letterhead=() if manner_of(request, current)["discreet"] else letterhead.lines(),
        about=[words["moment"], f"{page_texts.FILE_NUMBER.say()} {appointment.file_number}"],
        sections=[
            Section(follow_up_texts.WHERE.say(), lines=[line for line in place if line]),
            Section(form_texts.SLIP_HOURS.say(), lines=words["hours"] or [unknown_hours]),
            Section(follow_up_texts.BRING.say(), lines=[form_texts.SLIP_BRING.say()]),
            *_shown(request, current),
        ],
        language=languages.current(),
    )
    who = f"slip:{current.public_id}"
    try:
        pages = background_jobs.ask(
            f"{who}:{document}",  # the slip of a code says less, so it has a name of its own
            lambda: lambda: transcript_pdf.draw(document, SLIP, who=who, is_patient=True),
            who=who,
            data_key=current.data_key,
        )
    except (background_jobs.NotYet, pool.NotDone):
        return _slip_later(request)
    return HttpResponse(
        pages,
        content_type="application/pdf",
        headers={"Content-Disposition": 'attachment; filename="rendez-vous.pdf"', "Cache-Control": "no-store"},
    )


def _slip_later(request: HttpRequest) -> HttpResponse:
    """Show the slip on screen, which says all that the PDF would have, and that it may be asked for again."""
    messages.error(request, form_texts.SLIP_LATER.say())
    response = slip(request)
    response.status_code = 503
    response["Retry-After"] = "10"
    return response

"""This is the visitor's way back: ask for a code de reprise, annul it, and use it on any device, without a script
too."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import formats, timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

import reports.session
import triage.session
from chat import access
from chat.conversations import actions, follow_up_code, resume
from chat.conversations.position import Return, plan_return, queue_position
from chat.models import Conversation, FollowUp
from chat.rules import resume_words
from chat.rules.lifecycle import Status
from chat.texts import forms as form_texts
from chat.texts import thread as thread_texts
from chat.visitor import draft_session, report, tab_drafts
from chat.visitor.base import (
    go_to_follow_up,
    json_answer,
    manner_of,
    posts_only,
    shown_once,
    wants_json,
    when_away,
    without_visit,
)
from chat.visitor.forms import CodeForm
from common import dates, network_limits, rate_limits
from common.client_address import networks_of
from common.service_settings import definitions, values
from reports import reporter_identity
from reports.models import ErasureRequest

CODES_SECONDS = 10 * 60  # the time in which a conversation may ask for `definitions.CODES_MOST` codes
# Only words of the list in the right number are a try: a slip is none. A network may make `definitions.TRIES_MOST` in a
# window of `network_limits.CODES`: a school behind one address comes back too. Nobody is refused for what others try:
# what all of them together may take is the slow lane (`pnav.server.page_handler.SLOW`), two hashes at a time in a
# process, each network in its turn and each provider with a place. Fifty bits are not guessed at that rate
# (docs/adr/0011). Above MANY_TRIES of everybody, whoever runs the service is told, for then somebody is guessing.
MANY_TRIES, MANY_TRIES_SECONDS = 200, 60
ERASURE, FOLLOW_UP = "erasure", "follow_up"  # what a code of no exchange opens (`reports.session.remember_code`)


def until_words(conversation: Conversation, *, shown: bool) -> str:
    """Return in a sentence until when the code works; "" without a code. shown: the words are beside it."""
    if not conversation.has_code(timezone.now()):
        return ""
    local = timezone.localtime(conversation.resume_until)
    date = form_texts.CODE_DATE.say(day=dates.format_date(local, "l j F Y"), hour=formats.time_format(local, "H:i"))
    return (thread_texts.CODE_WORKS if shown else thread_texts.A_CODE_WORKS).say(date=date)


def _place(conversation: Conversation, *, familiar: bool) -> str:
    """Return in sentences what becomes of the place of somebody who leaves now; "" without a code or a place."""
    now = timezone.now()
    if conversation.status != Status.WAITING or not conversation.has_code(now):
        return ""
    _position, wait = queue_position(conversation)
    return place_words(
        plan_return(now=now, kept=values.get_duration(definitions.PLACE_WITH_CODE), wait_minutes=wait),
        familiar=familiar,
    )


def place_words(back: Return, *, familiar: bool) -> str:
    """Return in sentences until when a place is kept, and when to come back."""
    said = [thread_texts.PLACE_UNTIL.say(familiar=familiar, time=_clock(back.kept_until))]
    if back.back_at is not None:
        said.append(thread_texts.COME_BACK.say(familiar=familiar, time=_clock(back.back_at)))
    elif back.is_near:
        said.append(thread_texts.NEARLY.say(familiar=familiar))
    return " ".join(said)


def _clock(moment: datetime) -> str:
    """Return the time of a moment in Paris, as « 14 h 20 »."""
    local = timezone.localtime(moment)
    return thread_texts.CLOCK.say(hour=local.hour, minute=f"{local:%M}")


# --- the code ---------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@when_away
def code(request: HttpRequest) -> HttpResponse:
    """Show whether there is a code and until when. A POST makes one and shows it, this once.

    It waits nowhere for another page, not even sealed in the session: loaded again, a page sends its POST again and
    shows another code. A POST that asks for JSON (the script, which stays on its page) is answered with it as well;
    one that does not may bring what is being written in the exchange (`body`) and is ticked beside it, which go along.
    """
    current = access.as_reporter(request.session)
    if current is None:
        return json_answer({"error": "no_session"}, status=401) if wants_json(request) else _without_visit(request)
    if request.method != "POST":
        return _show(request, current)
    tab = tab_drafts.name_of_tab(request.POST.get("tab", ""))
    draft_session.keep_draft(request, current, request.POST.get("body"), tab=tab)
    report.keep_ticked(request, current)
    actions.reporters_seen(conversation_ids=[current.pk])  # the place is kept from now on
    issued, error, status, why = _issue(current)
    current.refresh_from_db(fields=["status", "resume_digest", "resume_issued_at", "resume_until"])
    if not wants_json(request):
        return _show(request, current, code=issued, error=error, status=status)
    if not issued:
        return json_answer({"error": why, "detail": error}, status=status)
    place = _place(current, familiar=manner_of(request, current)["familiar"])
    return json_answer({"code": issued, "until": until_words(current, shown=True), "place": place})


def _issue(current: Conversation) -> tuple[str, str, int, str]:
    """Return the new code, or why there is none in a sentence, the status of the answer, and why in a word.

    The word is « replaced » when another code was made meanwhile: no code that the page may show works any more.
    """
    if rate_limits.is_over(
        f"code:{current.public_id}", limit=values.get(definitions.CODES_MOST), seconds=CODES_SECONDS
    ):
        return "", form_texts.CODES_MANY.say(), 429, "not_made"
    try:
        return resume.issue_code(conversation_id=current.pk).text, "", 200, ""
    except resume.ExchangeOver:
        return "", form_texts.CODE_NO_MORE.say(), 409, "not_made"
    except resume.Replaced:
        return "", form_texts.CODE_OTHER.say(), 409, "replaced"
    except resume.Busy:
        return "", _busy(), 503, "not_made"


def _without_visit(request: HttpRequest) -> HttpResponse:
    return without_visit(request) if reports.session.has_ended(request) else redirect("chat:resume")


def _busy() -> str:
    return form_texts.BUSY.say()


def _show(
    request: HttpRequest, current: Conversation, *, code: str = "", error: str = "", status: int = 200
) -> HttpResponse:
    manner = manner_of(request, current)
    context = code_page(current, manner, code=code, place=_place(current, familiar=manner["familiar"]), error=error)
    return render(request, "chat/code.html", context, status=status)


def code_page(
    conversation: Conversation, manner: dict[str, Any], *, code: str = "", place: str = "", error: str = ""
) -> dict[str, Any]:
    """Return what the page of the code de reprise shows. code: its words, the once that they are shown. place: that of
    `place_words`; "" for somebody who does not wait."""
    return {
        **manner,
        **shown_once(is_shown=bool(code)),
        "code": code,
        "place": place,
        "until": until_words(conversation, shown=bool(code)),
        "is_over": conversation.status == Status.CLOSED,
        "error": error,
    }


@posts_only(back="chat:code")
def annul(request: HttpRequest) -> HttpResponse:
    """Annul the code, which the person lost or somebody saw."""
    current = access.as_reporter(request.session)
    if current is None:
        return _without_visit(request)
    resume.void_code(conversation_id=current.pk)
    return redirect("chat:code")


# --- the way back -----------------------------------------------------------------------------------------------------


@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def come_back(request: HttpRequest) -> HttpResponse:
    """Let a person come back from any device with a code de reprise. What was typed stays in its field alone."""
    form = CodeForm(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_valid():
        opened, refusal, status = _try(request, form.cleaned_data["code"], form.cleaned_data["mark"])
        if opened is not None:
            # Whoever knew the key of this visit knows nothing more. A double click sends the code again, with the old
            # cookie: it works, and by the mark of the page it is the same return. What this visit has goes along, and a
            # code of « Suites » or of an erasure takes nothing of it away, also where only the last answer arrives.
            session: Any = request.session
            session.replace_key() if isinstance(opened, Conversation) else session.hand_on()
            if isinstance(opened, ErasureRequest):
                reports.session.remember_code(request, opened.report, opens=ERASURE)
                reports.session.remember_request(request, opened)
                return redirect("chat:erasure")
            if isinstance(opened, FollowUp):
                reports.session.remember_code(request, opened.conversation.report, opens=FOLLOW_UP)
                follow_up_code.remember(request.session, opened)
                return go_to_follow_up(request)
            reports.session.come_back(request, opened.report)
            reporter_identity.record_request(request, opened.report.public_id)
            return redirect("chat:conversation")
        form.add_error("code", refusal)
    current = access.as_reporter(request.session)
    context = resume_page(
        form,
        has_conversation=current is not None,
        familiar=_is_familiar(request, current),
        is_held_up=status != 200,
    )
    return render(request, "chat/resume.html", context, status=status)


def resume_page(form: CodeForm, *, has_conversation: bool, familiar: bool, is_held_up: bool = False) -> dict[str, Any]:
    """Return what the page of the way back shows. is_held_up: the words were not even tried: other help is named."""
    return {
        "errors": form.errors.get("code", []),
        "typed": form.data.get("code", "")[: resume_words.MAX_TYPED],
        "max_typed": resume_words.MAX_TYPED,
        "mark": resume.new_mark(),
        "has_conversation": has_conversation,
        "familiar": familiar,
        "is_held_up": is_held_up,
    }


def _is_familiar(request: HttpRequest, current: Conversation | None) -> bool:
    """Return whether to say *tu*, as far as this visit tells: on a new device nothing does."""
    if current is not None:
        return bool(manner_of(request, current)["familiar"])
    if triage.session.answers(request):
        return triage.session.voice(request).familiar
    return reports.session.is_familiar_by_code(request)


def _try(
    request: HttpRequest, words: tuple[str, ...], mark: str
) -> tuple[Conversation | ErasureRequest | FollowUp | None, str, int]:
    """Return the conversation, the request for erasure or the suites that these words open, or why they open none; and
    the status of the answer.

    All codes that do not work get the same sentence: it tells a guesser nothing.
    """
    tries = network_limits.count(network_limits.CODES, networks_of(request), most=values.get(definitions.TRIES_MOST))
    if tries.is_over:
        rate_limits.tell_reached("resume")
        return None, form_texts.TRIES_MANY.say(), 429
    # Counts, so that the limit is logged; nobody is refused.
    rate_limits.is_over("resume_all", limit=MANY_TRIES, seconds=MANY_TRIES_SECONDS)
    try:
        digest = resume.slow_hash(words)
    except resume.Busy:
        return None, _busy(), 503
    opened = (
        resume.resume_by_digest(digest, mark=mark, is_watched=triage.session.is_discreet(request))
        or access.erasure_by_digest(digest)
        or access.follow_up_by_digest(digest, timezone.now())
    )
    return opened, form_texts.CODE_REFUSED.say(), 200

"""The pages of what is kept: the person reads until when and who read it, and may ask that it be erased.

The answer to a request is also read with the words of the request, for the code de reprise ends with the exchange.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

import reports.session
from chat import access
from chat.conversations import resume
from chat.models import Conversation, EventKind
from chat.texts import forms as form_texts
from chat.visitor import page_state
from chat.visitor.base import day_of, manner_of, posts_only, shown_once
from chat.visitor.resume import CODES_SECONDS, ERASURE
from common import clock, rate_limits
from common.data_keys import router as data_keys_router
from common.service_settings import definitions, values
from reports.actions import Gone, Replaced, ask_erasure
from reports.audit import for_the_person
from reports.audit.for_the_person import ReadingByStaff
from reports.form_of_address import speaks_tu
from reports.models import ErasureRequest
from reports.retention.deletion import rule_of
from reports.rules.retention import Cause, CopiesEnd, Decision, Kind, Rule, copies_end

# The value of `again` in the form of a page that the words of a request opened, in versions before `erasure_by_words`.
WORDS = "words"


@require_safe
def keeping(request: HttpRequest) -> HttpResponse:
    """Show until when the exchange is kept, who read it, and the way to ask for its erasure."""
    current = access.as_reporter(request.session)
    if current is None:
        return redirect("chat:resume")
    return _show(request, current)


@require_http_methods(["GET", "HEAD", "POST"])
def erasure(request: HttpRequest) -> HttpResponse:
    """Ask for erasure and show the words of the request, only this once (POST); show where the request stands (GET).

    `again` in the form: a request that was refused is made again. A visit that has only the words of the request may do
    that too, because after the end of the exchange they are all that is left; they read the new answer as well. Words
    that were typed since the visit last showed its exchange open the answer that they are for, which may be that of
    another one.
    """
    current, again = access.as_reporter(request.session), "again" in request.POST
    try:
        if current is None or _is_of_words(request, current):
            return _with_words(request, again=again, has_own=current is not None)
        if request.method != "POST":
            return redirect("chat:keeping")
        code, error, status = _ask(current, again=again)
    except Gone:
        return redirect("chat:resume")
    return _show(request, current, has_asked=not error, code=code, error=error, status=status)


@posts_only(back="chat:erasure")
def erasure_by_words(request: HttpRequest) -> HttpResponse:
    """Make the request again whose words were typed in this visit, which may be that of another exchange.

    It has an address of its own: a process of an early version, which takes such a form at the other address for the
    visit's own exchange, answers 404 here and asks for nothing.
    """
    asked = reports.session.current_request(request)
    if asked is None:
        return redirect("chat:resume")
    try:
        ask_erasure(report_id=asked.report_id, again=True)
    except Gone:
        return redirect("chat:resume")
    reports.session.remember_code(request, asked.report, opens=ERASURE)
    return redirect("chat:erasure")


def _is_of_words(request: HttpRequest, current: Conversation) -> bool:
    """Return whether this is about the request whose words were typed last, and that request is of another exchange.

    A form of the versions before `erasure_by_words` says so itself, because the page of what is kept of the visit's own
    may be open beside it.
    """
    if request.method == "POST":
        return request.POST.get("again") == WORDS
    asked = reports.session.current_request(request) if reports.session.opens_last(request, ERASURE) else None
    return asked is not None and asked.report_id != current.report_id


def _with_words(request: HttpRequest, *, again: bool, has_own: bool) -> HttpResponse:
    """Show where the request stands whose words were typed in this visit, after it was made again if that is asked."""
    asked = reports.session.current_request(request)
    if asked is None:
        return redirect("chat:resume")
    if again:
        ask_erasure(report_id=asked.report_id, again=True)
        return redirect("chat:erasure")
    return render(request, "chat/erasure.html", _answer(asked, has_own=has_own))


def _ask(current: Conversation, *, again: bool) -> tuple[str, str, int]:
    """Return the words of the request, or why there are none, and the status of the answer. The request is kept.

    Of words that were asked for twice at once, those of the later press stay, as its page is the one that is shown. A
    request that is made again keeps the words that were noted, which open the new answer too.
    """
    asked = access.erasure_of(current)
    if again and asked is not None and asked.code_digest:
        ask_erasure(report_id=current.report_id, again=True)
        return "", "", 200
    if rate_limits.is_over(
        f"erasure:{current.public_id}", limit=values.get(definitions.CODES_MOST), seconds=CODES_SECONDS
    ):
        return "", form_texts.CODES_MANY.say(), 429
    asked_at, words = clock.now(), resume.draw_words()
    try:
        digest = resume.slow_hash(words).hex()
    except resume.Busy:
        ask_erasure(report_id=current.report_id, again=again)
        return "", form_texts.ERASURE_NO_CODE.say(), 503
    try:
        ask_erasure(report_id=current.report_id, code_digest=digest, code_asked_at=asked_at, again=again)
    except Replaced:
        return "", form_texts.CODE_OTHER.say(), 409
    return " ".join(words), "", 200


def _show(
    request: HttpRequest,
    current: Conversation,
    *,
    has_asked: bool = False,
    code: str = "",
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    now = timezone.now()
    beside = page_state.read_page_state(current, now)
    asked = access.erasure_of(current)
    copies = copies_end(
        due_at=beside.decision.due_at,
        visited_at=now,
        data_key_since=current.report.data_key_since if data_keys_router.is_apart() else None,
        identity_key_since=current.report.identity_key_since,
        backup_days=settings.BACKUP_DAYS,
        data_keys_backup_days=settings.DATA_KEYS_BACKUP_DAYS,
    )
    context = keeping_page(
        manner_of(request, current),
        now=now,
        asked=asked,
        answer_days=rule_of(Kind.ERASURE).days,
        decision=beside.decision,
        rule=beside.rule,
        copies=copies,
        readings=for_the_person.readings_of([current.public_id, current.report.public_id]),
        was_answered=current.events.filter(kind=EventKind.ASSIGNED).exists(),
        has_asked=has_asked,
        code=code,
        error=error,
    )
    return render(request, "chat/retention.html", context, status=status)


def keeping_page(
    manner: dict[str, Any],
    *,
    now: datetime,
    asked: ErasureRequest | None,
    answer_days: int,
    decision: Decision,
    rule: Rule,
    copies: CopiesEnd,
    readings: Sequence[ReadingByStaff] = (),
    was_answered: bool = False,
    has_asked: bool = False,
    code: str = "",
    error: str = "",
) -> dict[str, Any]:
    """Return what the page of what is kept shows. asked: the request for erasure, with its report. decision, rule: when
    the exchange goes. copies: when its copies do. readings: who read it. has_asked: whether the page answers a request,
    to which the focus goes then, two screens below the title. code: the words of a new request."""
    return {
        **erasure_page(asked, answer_days, now),
        **manner,
        **shown_once(is_shown=bool(code)),
        "goes_on": day_of(decision.due_at),
        "words_gone": day_of(copies.words_gone_at),
        "copies_gone": day_of(copies.gone_at),
        "identity_gone": copies.with_identity,
        "is_erasure": decision.cause is Cause.ERASURE,
        "days": rule.total_days,
        "readings": readings,
        "was_answered": was_answered,
        "has_asked": has_asked,
        "code": code,
        "error": error,
    }


def _answer(asked: ErasureRequest | None, *, has_own: bool) -> dict[str, Any]:
    return erasure_page(asked, rule_of(Kind.ERASURE).days, timezone.now(), has_own=has_own)


def erasure_page(
    asked: ErasureRequest | None, answer_days: int, now: datetime, *, has_own: bool = False
) -> dict[str, Any]:
    """Return in words where a request stands; without one, within how many days one is answered. asked: with its
    report. has_own: this visit has an exchange of its own besides, to which a button leads back."""
    told: dict[str, Any] = {"asked": asked, "answer_days": answer_days, "may_ask_again": False, "has_own": has_own}
    if asked is not None:
        report, again_from = asked.report, asked.asked_again_from
        told |= {
            "again_on": day_of(again_from) if again_from else "",
            "may_ask_again": again_from is not None and again_from <= now,
            "asked_on": day_of(asked.asked_at),
            "answer_by": day_of(asked.asked_at + timedelta(days=answer_days)),
            "answered_on": day_of(asked.answered_at) if asked.answered_at else "",
            "familiar": speaks_tu(report),
        }
    return told

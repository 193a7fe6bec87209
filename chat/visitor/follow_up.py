"""These are the pages « Suites »: what becomes of a summary that went to a unit. They open with the visit, or with a
code.

Steps and what was written for them; never the thread. Without a script too. See docs/adr/0045.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

import reports.session
from chat import access
from chat.captures import queries as captures
from chat.captures.queries import AgreedCaptures
from chat.casework import proposals
from chat.conversations import follow_up_code, resume
from chat.journal import queries as journal_queries
from chat.models import Conversation
from chat.referral import actions as referral_actions
from chat.referral import queries as referral_queries
from chat.referral import removal as referral_removal
from chat.referral.forms import AnswerForm, MeetingAnswerForm, OfOneForm, RemovalAnswerForm
from chat.referral.queries import AgreedFacts, ShownReferral
from chat.rules import removal as removal_rules
from chat.rules.referral import State
from chat.texts import follow_up as follow_up_texts
from chat.texts import forms as form_texts
from chat.visitor.base import FOLLOW_UP_ASKED, go_to_follow_up, manner_of, posts_only, shown_once
from chat.visitor.resume import CODES_SECONDS, FOLLOW_UP
from common import clock, rate_limits
from common.service_settings import definitions, values

STILL_THERE = "encore"  # stands in the address after a « non », so that the page that the answer names stays in reach


def whose(request: HttpRequest) -> tuple[Conversation | None, bool]:
    """Return the conversation to follow, and whether a code opened it.

    This visit's comes first, if it has something; but a code that was typed since the visit last showed its exchange
    opens its own suites, which may be those of another one.
    """
    own = access.as_reporter(request.session)
    is_last = reports.session.opens_last(request, FOLLOW_UP)
    if own is not None and not is_last and referral_queries.has_any(own):
        return own, False
    followed = access.as_follower(request.session)
    return (own, False) if followed is None or followed == own else (followed, True)


def _whose_answer(request: HttpRequest) -> tuple[Conversation | None, bool]:
    """Return as `whose` of whom the summary or the appointment is that the form names, which comes first from then on.

    Since the page of the form was drawn, another tab may have typed a code, or gone back to the visit's own exchange.
    """
    form, own = OfOneForm(request.POST), access.as_reporter(request.session)
    if not form.is_valid() or own is None:
        return whose(request)
    named = form.cleaned_data["transmission"]
    if referral_queries.asked_at(own, named) is not None:
        reports.session.return_to_own(request)
        return own, False
    followed = access.as_follower(request.session)
    if followed is not None and referral_queries.asked_at(followed, named) is not None:
        reports.session.remember_code(request, followed.report, opens=FOLLOW_UP)
        return followed, True
    return whose(request)


@require_http_methods(["GET", "HEAD", "POST"])
def follow_up(request: HttpRequest) -> HttpResponse:
    """Show where it stands. A POST says yes or no to the summary that was read; with `read` it only asks for this page,
    which is open then in discreet mode (docs/adr/0117)."""
    current, is_by_code = _whose_answer(request) if request.method == "POST" else whose(request)
    if current is None:
        return redirect("chat:resume")
    if request.method != "POST":
        is_asked = bool(request.session.pop(FOLLOW_UP_ASKED, False))
        return _show(request, current, is_by_code=is_by_code, is_asked=is_asked)
    if "read" in request.POST:
        return _show(request, current, is_by_code=is_by_code)
    form = AnswerForm(request.POST)
    error = ""
    if not form.is_valid():
        error = form_texts.ANSWER_MISSING.say()
    else:
        data = form.cleaned_data
        try:
            agrees = data["answer"] == "yes"
            facts = _agreed_facts(current, data["facts_until"]) if agrees and data["facts_until"] else None
            until, named = data["captures_until"], data["captures"] if "captures" in request.POST else None
            if "captures_until" not in request.POST:
                # The version before drew this page. It named at least what had been seen when the summary was written.
                until = referral_queries.asked_at(current, data["transmission"])
            referral_actions.answer_consent(
                conversation=current,
                public_id=data["transmission"],
                agrees=agrees,
                facts=facts,
                captures=captures.agreed_now(current, until, named) if agrees and until else None,
            )
            messages.success(request, (form_texts.SUMMARY_SENT if agrees else form_texts.SUMMARY_NOT_SENT).say())
            return redirect("chat:follow_up")
        except referral_actions.Settled:
            error = form_texts.SUMMARY_SETTLED.say()
        except referral_actions.NoAccount:
            error = form_texts.NO_ACCOUNT.say()
        except referral_actions.Unreadable:
            error = follow_up_texts.UNREADABLE.say()
    return _show(request, current, is_by_code=is_by_code, error=error, status=409 if form.is_valid() else 200)


def _agreed_facts(conversation: Conversation, until: datetime | None = None) -> AgreedFacts | None:
    """Return the facts that go with a summary that is sent now; None when none were read. until: when the page was
    drawn that named them, so that nothing goes along that was read after it."""
    count, last = journal_queries.count_read(conversation, until)
    return AgreedFacts(count, last) if last is not None else None


@posts_only(back="chat:follow_up")
def meeting(request: HttpRequest) -> HttpResponse:
    """Take a yes or a no to the appointment that was read. A no may propose another moment, which is never lost."""
    current, is_by_code = _whose_answer(request)
    if current is None:
        return redirect("chat:resume")
    form = MeetingAnswerForm(request.POST)
    if not form.is_valid():
        error = "" if "other" in form.errors else form_texts.ANSWER_MISSING.say()
        return _show(request, current, is_by_code=is_by_code, error=error, meeting=form)
    data = form.cleaned_data
    try:
        referral_actions.answer_meeting(
            conversation=current,
            public_id=data["transmission"],
            seen=data["seen"],
            agrees=data["answer"] == "yes",
            other=data["other"],
        )
    except referral_actions.Past:
        error = form_texts.MEETING_PAST.say()
    except referral_actions.Older:
        error = form_texts.MEETING_OLDER.say()
    except referral_actions.Settled:
        error = form_texts.MEETING_SETTLED.say()
    else:
        told = form_texts.MEETING_ACCEPTED if data["answer"] == "yes" else form_texts.MEETING_REFUSED
        messages.success(request, told.say())
        return redirect("chat:follow_up")
    return _show(request, current, is_by_code=is_by_code, error=error, meeting=form, status=409)


@posts_only(back="chat:follow_up")
def removal(request: HttpRequest) -> HttpResponse:
    """Note that a removal was asked today: its days are shown from then on. One row, `removal_rules.REQUESTS_MOST` in
    all. It is of this visit's exchange if there is one, as the page of the request is, and its suites are shown then.
    """
    own = access.as_reporter(request.session)
    current = own or access.as_follower(request.session)
    if current is None:
        return redirect("chat:resume")
    if own is not None:
        reports.session.return_to_own(request)
    try:
        referral_removal.note_request(current, timezone.localdate())
    except referral_removal.TooMany:
        messages.error(request, form_texts.REMOVALS_MANY.say())
    else:
        messages.success(request, form_texts.REMOVAL_NOTED.say())
    return redirect("chat:follow_up")


@posts_only(back="chat:follow_up")
def removal_answer(request: HttpRequest) -> HttpResponse:
    """Take what became of a content. It is counted with everybody's, unless it comes on the day of the request, and the
    request is forgotten.

    A date that is not kept any more was answered before, perhaps by the same button: the page that says so is no error.
    """
    current, is_by_code = whose(request)
    if current is None:
        return redirect("chat:resume")
    form = RemovalAnswerForm(request.POST)
    if not form.is_valid():
        return _show(request, current, is_by_code=is_by_code, error=form_texts.ANSWER_MISSING.say())
    answer = removal_rules.Answer(form.cleaned_data["answer"])
    is_gone = answer == removal_rules.Answer.REMOVED
    told = form_texts.REMOVAL_GONE if is_gone else form_texts.REMOVAL_STILL_THERE
    # A green tick would say that all is well.
    level = messages.SUCCESS if is_gone else messages.INFO
    asked_on, today = form.cleaned_data["asked_on"], timezone.localdate()
    try:
        if not referral_removal.say_what_became(current, asked_on, answer, today) and is_gone:
            told = form_texts.REMOVAL_GONE_SAME_DAY
    except referral_removal.Settled:
        if is_gone:  # it was counted before, or never noted; what one can do about the others stays true
            level, told = messages.INFO, form_texts.REMOVAL_SETTLED
    messages.add_message(request, level, told.say(familiar=manner_of(request, current)["familiar"]))
    return redirect("chat:follow_up" if is_gone else f"{reverse('chat:follow_up')}?{STILL_THERE}")


@posts_only(back="chat:follow_up")
def code(request: HttpRequest) -> HttpResponse:
    """Make a code that opens this page from any device and show it this once. The one before opens nothing more."""
    current, is_by_code = whose(request)
    if current is None:
        return redirect("chat:resume")
    if current.is_open or not (referral_queries.has_any(current) or current.copy_by_code):
        return redirect("chat:code") if current.is_open and not is_by_code else go_to_follow_up(request)
    if rate_limits.is_over(
        f"code:{current.public_id}", limit=values.get(definitions.CODES_MOST), seconds=CODES_SECONDS
    ):
        error = form_texts.CODES_MANY.say()
        return _show(request, current, is_by_code=is_by_code, error=error, status=429)
    asked_at, words = clock.now(), resume.draw_words()
    try:
        digest = resume.slow_hash(words)
    except resume.Busy:
        error = form_texts.CODE_NOT_MADE.say()
        return _show(request, current, is_by_code=is_by_code, error=error, status=503)
    try:
        follow_up_code.set_code(current.pk, digest, asked_at, by_code=request.session if is_by_code else None)
    except follow_up_code.Replaced:
        if whose(request) != (current, is_by_code):  # the code that was typed here opens nothing more
            return go_to_follow_up(request)
        error = form_texts.CODE_OTHER.say()
        return _show(request, current, is_by_code=is_by_code, error=error, status=409)
    return _show(request, current, is_by_code=is_by_code, code=" ".join(words))


def _show(
    request: HttpRequest,
    current: Conversation,
    *,
    is_by_code: bool,
    error: str = "",
    meeting: MeetingAnswerForm | None = None,
    code: str = "",
    is_asked: bool = False,
    status: int = 200,
) -> HttpResponse:
    context = follow_up_page(
        current,
        manner_of(request, current),
        rows=referral_queries.referrals_of(current),
        captures=captures.agreed_now(current),
        facts=_agreed_facts(current),
        reminders=referral_removal.reminders_of(current, timezone.localdate()),
        is_still_there=STILL_THERE in request.GET,
        is_removal_proposed=referral_removal.is_proposed(current),
        # A code of « Suites » opens nothing that was said in the exchange.
        proposed=() if is_by_code else proposals.read_on_follow_up(current),
        is_by_code=is_by_code,
        has_own=is_by_code and access.as_reporter(request.session) is not None,
        error=error,
        meeting=meeting,
        code=code,
    )
    return render(request, "chat/follow_up.html", context | {"is_asked": is_asked}, status=status)


def follow_up_page(
    conversation: Conversation,
    manner: dict[str, Any],
    *,
    rows: Sequence[ShownReferral],
    captures: AgreedCaptures | None = None,
    facts: AgreedFacts | None = None,
    reminders: Sequence[referral_removal.Reminder] = (),
    is_still_there: bool = False,
    is_removal_proposed: bool = False,
    proposed: Sequence[tuple[str, str, bool]] = (),
    is_by_code: bool = False,
    has_own: bool = False,
    error: str = "",
    meeting: MeetingAnswerForm | None = None,
    code: str = "",
) -> dict[str, Any]:
    """Return what « Suites » shows. captures, facts: what goes along with a summary that is sent now. is_still_there:
    the person has just said so of a content, and the way to what they can do stays in reach. proposed: what the agent
    proposed and the thread does not say, in discreet mode. is_by_code: a code opened
    it. has_own: this visit has an exchange of its own besides, whose pages of facts, captures and copy come first: no
    link leads to them from here. meeting: what was sent of an appointment and not taken. code: the words of a new code,
    shown this once.
    """
    return {
        **manner,
        **shown_once(is_shown=bool(code)),
        "rows": [(row, _may_read(row, is_by_code=is_by_code), _count_named(row, facts)) for row in rows],
        "captures": captures.numbers if captures is not None else (),
        "captures_until": captures.until.isoformat() if captures is not None else "",
        "facts_until": facts.until.isoformat() if facts is not None else "",
        "has_meeting": any(row.has_meeting for row in rows),
        "has_examples": any(row.is_example for row in rows),
        # What was written stays with its own appointment.
        "meeting": meeting or MeetingAnswerForm(),
        "meeting_of": meeting["transmission"].value() if meeting is not None else "",
        "is_error": bool(error or (meeting is not None and meeting.errors)),
        "reminders": reminders,
        "is_still_there": is_still_there,
        "is_removal_proposed": is_removal_proposed or is_still_there,
        "proposed": proposed,
        "is_by_code": is_by_code,
        "has_own": has_own,
        "is_open": conversation.is_open,
        "may_copy": not is_by_code or conversation.copy_by_code,
        "error": error,
        "code": code,
    }


def _count_named(row: ShownReferral, facts: AgreedFacts | None) -> int:
    """Return how many facts the page names beside a summary: those that would go now with one that waits, else that
    went. None went with one that was withdrawn before anybody read it."""
    if row.state is State.WITHDRAWN:
        return 0
    named = facts if row.is_asked else row.agreed
    return named.count if named is not None else 0


def _may_read(row: ShownReferral, *, is_by_code: bool) -> bool:
    """Return whether the summary may be read: always with the visit; with a code, only if it waits for an answer."""
    return bool(row.summary) and (row.is_asked or not is_by_code)

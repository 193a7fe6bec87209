"""This is the visitor's side of the exchange: waiting room, conversation and end. It works without a script.

The session is the only key: every view obtains its conversation from `chat.access.as_reporter`.
"""

import logging
import math
import uuid
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_GET, require_http_methods, require_POST

import reports.session
from chat import access
from chat.casework import closing, proposals
from chat.casework.proposals import Question
from chat.conversations import actions, resume
from chat.conversations.position import queue_position
from chat.database import DATABASE_AWAY
from chat.messages import protocol, rejected_frames, transcript
from chat.messages.forms import MessageForm
from chat.messages.reading import QueuePlace
from chat.models import Conversation
from chat.realtime import http_fallback
from chat.realtime.http_fallback import Party
from chat.rules.lifecycle import Author, Status
from chat.texts import script as script_texts
from chat.texts import thread as thread_texts  # fmt: skip
from chat.visitor import draft_session, page_state, tab_drafts, visit_mark
from chat.visitor.base import (
    FRAMED_BY_OURSELVES,
    day_of,
    entrance_page,
    json_answer,
    manner_of,
    posts_only,
    when_away,
    why_here,
    without_visit,
)
from chat.visitor.draft_session import Draft
from chat.visitor.page_state import PageState
from chat.visitor.report import keep_ticked
from common import rate_limits
from common.database_errors import describe_error
from common.service_settings import definitions, values
from reports import closures, reporter_identity
from reports.forms import TouchedReport
from triage.questionnaire.questions import Text

logger = logging.getLogger(__name__)

WHOLE_THREADS, WHOLE_THREADS_SECONDS = 6, 600  # how often a conversation's whole thread may be read, to print it
FRAMES, FRAMES_SECONDS = 60, 10  # how many frames a conversation may send over plain HTTP

NO_NEWS: dict[str, Any] = {"status": "", "paused": True}  # the news of a visit that no longer has a conversation

# Why a message of the form was not sent, by the code of its error.
OVER, TOO_MANY, FULL, PAST = "over", "too_many", "full", "past"
WHY = {
    protocol.EMPTY: thread_texts.EMPTY,
    protocol.UNSEEN: thread_texts.UNSEEN,
    protocol.TOO_LONG: thread_texts.TOO_LONG,
    protocol.BAD_FRAME: thread_texts.UNKEPT,
    OVER: thread_texts.OVER,
    TOO_MANY: thread_texts.TOO_MANY,
    FULL: thread_texts.FULL,
    PAST: thread_texts.MEETING_PAST,
}


def _place(conversation: Conversation) -> QueuePlace:
    """Return the position and the range of the wait, in one query; (None, None) if the conversation does not wait."""
    return queue_position(conversation) if conversation.status == Status.WAITING else (None, None)


def _standing(conversation: Conversation, manner: dict[str, Any], place: QueuePlace) -> dict[str, Any]:
    """Return the state of the conversation in words."""
    position, wait = place
    agent = conversation.assigned_to
    interlocutor = agent.interlocutor if agent else None
    return {
        "status": conversation.status,
        "position": script_texts.position_sentence(manner["said"], position),
        "wait": script_texts.wait_words(manner["said"], wait),
        "interlocutor": transcript.agent_name(manner["said"], interlocutor, discreet=manner["discreet"]),
    }


def _doors_in(conversation: Conversation) -> int:
    """Return in how many seconds a person who waits is shown other help (`definitions.OTHER_DOORS`); 0 means now."""
    if conversation.status != Status.WAITING:
        return 0
    left = conversation.queued_at + values.get_duration(definitions.OTHER_DOORS) - timezone.now()
    return max(0, math.ceil(left.total_seconds()))


def _why(form: MessageForm, *, familiar: bool) -> str:
    """Return in words why the message of this form was not sent."""
    codes = [error.code or "" for error in form.errors.as_data().get("body", [])]
    return WHY.get(codes[0] if codes else "", thread_texts.NOT_SENT).spoken(familiar=familiar)


def _show(
    request: HttpRequest,
    conversation: Conversation,
    form: MessageForm | None = None,
    *,
    draft: Draft = Draft(),  # noqa: B008  nobody can change it
) -> HttpResponse:
    """Draw the page of the conversation. form: a message that could not be sent. draft: what was being written."""
    manner = manner_of(request, conversation)
    discreet = manner["discreet"]
    lines = transcript.read_lines(conversation, manner["said"], discreet=discreet)
    beside = page_state.read_page_state(conversation, timezone.now())
    is_stale = False
    if draft.body:
        sent = [line.body for line in lines if line.author == Author.REPORTER]
        body = draft_session.without_sent(draft.body, sent)
        is_stale = body != draft.body
        draft = draft._replace(body=body)  # with the name of its tab, under which the page erases what was sent
    if draft.body and conversation.status == Status.CLOSED:
        form = _too_late(draft)
    context = conversation_page(
        conversation,
        manner,
        _place(conversation),
        lines=lines,
        beside=beside,
        question=proposals.open_question(conversation) if beside.may_be_asked else None,
        told=_told(conversation),
        reasons=why_here(request) if conversation.status == Status.WAITING else (),
        body_error="" if form is None else _why(form, familiar=manner["familiar"]),
    )
    if form is not None:
        context["body"] = form.data.get("body", "")
        context["tab"] = tab_drafts.name_of_tab(form.data.get("tab", ""))
        context["client_id"] = form.cleaned_data.get("client_id") or context["client_id"]
    else:
        context["body"], context["tab"] = draft.body, draft.tab
        context["is_stale"] = is_stale
    return render(request, "chat/conversation.html", context)


def conversation_page(
    conversation: Conversation,
    manner: dict[str, Any],
    place: QueuePlace,
    *,
    lines: Sequence[transcript.Line],
    beside: PageState,
    question: Question | None = None,
    told: str = "",
    reasons: Sequence[Text] = (),
    body_error: str = "",
) -> dict[str, Any]:
    """Return what the page of a conversation shows, with an empty field. It reads nothing but settings.

    conversation: with its report and, once somebody answers, its agent and their unit. manner: from
    `chat.visitor.base.manner_context`. told: what the agent left for the person at the end. reasons: why the triage
    leads here. body_error: why the message in the field was not sent; "" when none was refused.
    """
    return {
        **manner,
        **_standing(conversation, manner, place),
        "lines": lines,
        "earlier": transcript.earlier_cursor(lines),
        "last_seq": lines[-1].seq if lines else 0,
        "is_error": bool(body_error),
        "body_error": body_error,
        "body": "",
        "tab": "",
        "is_stale": False,
        "client_id": uuid.uuid4(),
        "max_length": protocol.MAX_BODY,
        "asked": beside.is_asked,
        "goes_on": day_of(beside.decision.due_at),
        "question": question,
        "has_slip": beside.has_slip,
        "has_document": beside.has_document,
        "follow": beside.follow,
        "told": told,
        "is_answered": beside.is_answered,
        # An agent may have ended it too, with others that look alike: that person has left nothing.
        "has_left": conversation.closed_by == Author.REPORTER and not beside.is_answered,
        "reasons": reasons,
        "report_card": TouchedReport(conversation.report, manner["familiar"], manner["discreet"]),
        "doors_in": _doors_in(conversation),
        "kept": {
            "asleep": values.get(definitions.ASLEEP),
            "woken": values.get(definitions.WOKEN),
            "with_code": values.get(definitions.PLACE_WITH_CODE),
        },
        "carries": conversation.status != Status.CLOSED,
    }


def _too_late(draft: Draft) -> MessageForm:
    """Return the form of a text that was being written when the exchange ended, so that it can be copied."""
    form = MessageForm({"body": draft.body, "tab": draft.tab})
    form.is_valid()
    form.errors.pop("body", None)
    form.add_error("body", ValidationError("", code=OVER))
    return form


def _told(conversation: Conversation) -> str:
    """Return what the agent left for the person when they ended the exchange."""
    if conversation.status != Status.CLOSED:
        return ""
    return closing.words_of(conversation).get("told", "")


def present_reporter(request: HttpRequest) -> Conversation | None:
    """Return this visit's conversation with its lease renewed, because the person is present; None without one.

    An abandoned conversation gets its place in the queue again.
    """
    # What was read a moment ago, before the page, to know where the visit stands (`pnav.middleware.ended_visits`).
    current = request.__dict__.pop("exchange_read", None) or access.as_reporter(request.session)
    if current is None:
        return None
    if current.status == Status.ABANDONED:
        resume.revive_conversation(conversation_id=current.pk)
        return access.as_reporter(request.session)
    now = timezone.now()
    # This process's clock only decides whether to ask. If it is wrong, that costs a statement and changes nothing.
    if current.reporter_is_hidden or not now - actions.SEEN_EVERY < current.reporter_seen_at <= now:
        actions.reporters_seen(conversation_ids=[current.pk])
    return current


# --- the page ---------------------------------------------------------------------------------------------------------


@require_GET
def conversation(request: HttpRequest) -> HttpResponse:
    """Show the waiting room, the conversation or its end.

    It opens the conversation of this visit's report if there is none yet. What a code opened meanwhile comes no longer
    first.
    """
    current = present_reporter(request)
    if current is None:
        report = reports.session.current_report(request)
        if report is None:
            return without_visit(request)
        # While the chat is closed no new conversation is opened, even for a report that was just filed; those that are
        # open go on. The closing is read now, because this process may not know of it yet. The report stays with the
        # visit, and opens its conversation afterwards.
        if closures.is_closed(is_read_now=True):
            return render(request, "chat/begin.html", entrance_page())
        actions.open_conversation(report=report)
        current = access.as_reporter(request.session)
        assert current is not None  # noqa: S101  it was just opened
    reports.session.return_to_own(request)
    return _show(request, current, draft=draft_session.read_draft(request, current))


@require_GET
def messages(request: HttpRequest) -> HttpResponse:
    """Show a piece of the thread (`transcript.read_lines`): before the message `avant`, or after `apres`.

    With `tout` it shows as much as one page may hold, at most WHOLE_THREADS times in WHOLE_THREADS_SECONDS; after that
    an ordinary piece.
    """
    current = access.as_reporter(request.session)
    if current is None:
        return without_visit(request)
    manner = manner_of(request, current)
    is_whole = "tout" in request.GET and not rate_limits.is_over(
        f"whole_thread:{current.public_id}", limit=WHOLE_THREADS, seconds=WHOLE_THREADS_SECONDS
    )
    after, before = (transcript.parse_cursor(request.GET.get(name, "")) for name in ("apres", "avant"))
    lines = transcript.read_lines(
        current,
        manner["said"],
        after=after,
        before=before or protocol.MAX_SEQ,
        is_forward=is_whole or bool(after),
        is_whole=is_whole,
        discreet=manner["discreet"],
    )
    context = messages_page(manner, lines, total=current.last_seq, is_whole=is_whole)
    return render(request, "chat/messages.html", context)


def messages_page(
    manner: dict[str, Any], lines: Sequence[transcript.Line], *, total: int, is_whole: bool
) -> dict[str, Any]:
    """Return what the page of a piece of the thread shows. total: how many messages the exchange has."""
    last = lines[-1].seq if lines else 0
    return {
        **manner,
        "lines": lines,
        "earlier": transcript.earlier_cursor(lines),
        "last": last,
        "later": last if 0 < last < total else 0,
        "total": total,
        "is_whole": is_whole,
    }


@posts_only(back="chat:conversation")
@when_away
def post_message(request: HttpRequest) -> HttpResponse:
    """Add a message without a script, keep what is ticked beside it, then lead back to the end of the thread."""
    current = present_reporter(request)
    if current is None:
        return without_visit(request)
    keep_ticked(request, current)
    form = MessageForm(request.POST)
    if not form.is_valid():
        return _show(request, current, form)
    if proposals.is_too_late(current, form.cleaned_data["client_id"]):
        form = MessageForm(
            {"body": ""}
        )  # what was pressed is no text to go on with, and its name is no other message's
        form.is_valid()
        form.errors.clear()
        form.add_error("body", ValidationError("", code=PAST))
        return _show(request, current, form)
    try:
        _post_form(current, form.cleaned_data["client_id"], form.cleaned_data["body"])
    except actions.TooFast:
        rate_limits.tell_reached("messages")
        form.add_error("body", ValidationError("", code=TOO_MANY))
        return _show(request, current, form)
    except actions.ExchangeFull:
        rate_limits.tell_reached("exchange")
        form.add_error("body", ValidationError("", code=FULL))
        return _show(request, current, form)
    except actions.ConversationClosed:
        form.add_error("body", ValidationError("", code=OVER))
        current.refresh_from_db()
        return _show(request, current, form)
    draft_session.forget_draft(request, current, tab=tab_drafts.name_of_tab(request.POST.get("tab", "")))
    return redirect(reverse("chat:conversation") + "#fin")


def _post_form(current: Conversation, client_id: uuid.UUID, body: str) -> None:
    message = actions.post_message(conversation_id=current.pk, client_id=client_id, body=body, author=Author.REPORTER)
    if message.body != body:
        # The browser's « Back » had brought a sent form back, and another text was written into it: a new message.
        actions.post_message(conversation_id=current.pk, client_id=uuid.uuid4(), body=body, author=Author.REPORTER)


@require_http_methods(["GET", "POST"])
@xframe_options_sameorigin
@csp_override(FRAMED_BY_OURSELVES)
@when_away
def news(request: HttpRequest) -> HttpResponse:
    """Show browsers without scripts the state and the messages after `apres`, in a frame that reloads itself.

    Only the frame is reloaded, so that what is being typed beside it is not lost. Loading it also marks everything so
    far as read. `pause` stops the reloading (RGAA 13.1). A POST is a ready answer that was given in the frame; the page
    around it, and what is being typed there, stays. An answer to an appointment whose hour has passed, which a paused
    frame still has, is not sent, and the frame that follows says so.
    """
    current = None if visit_mark.is_of_another(request) else present_reporter(request)
    if current is None:
        return render(request, "chat/news.html", NO_NEWS)
    if request.method == "POST":
        _answer_in_frame(request, current)
        return redirect(request.get_full_path())
    cursor = transcript.parse_cursor(request.GET.get("apres", ""))
    manner = manner_of(request, current)
    lines = transcript.read_lines(current, manner["said"], after=cursor, discreet=manner["discreet"])
    seq = lines[-1].seq if lines else cursor
    reporter_identity.record_request(request, current.report.public_id)
    http_fallback.mark_read(Party.reporter(current), seq)
    beside = page_state.read_page_state(current, timezone.now())
    context = news_page(
        current,
        manner,
        _place(current),
        lines=lines,
        after=cursor,
        beside=beside,
        shown=Status.ACTIVE if request.GET.get("etat") == Status.ACTIVE else Status.WAITING,
        is_paused=request.GET.get("pause") == "1",
        is_aside=request.GET.get("autre") == "1",
        question=proposals.open_question(current) if beside.may_be_asked else None,
    )
    return render(request, "chat/news.html", context)


def news_page(
    conversation: Conversation,
    manner: dict[str, Any],
    place: QueuePlace,
    *,
    lines: Sequence[transcript.Line],
    beside: PageState,
    shown: Status,
    is_paused: bool,
    is_aside: bool = False,
    after: int = 0,
    question: Question | None = None,
) -> dict[str, Any]:
    """Return what the frame of news shows.

    lines: the messages after the number `after`. shown: the status that the page around the frame shows. is_aside: that
    page is not the exchange's own, and what waits there is a button away.
    """
    return {
        **manner,
        **_standing(conversation, manner, place),
        "lines": lines,
        "earlier": transcript.earlier_cursor(lines, after),
        "is_long": conversation.status == Status.WAITING and not _doors_in(conversation),
        "asked": beside.is_asked,
        "after": after,
        "shown": shown,
        "paused": is_paused,
        "is_aside": is_aside,
        "question": question,
        # While the line that tells of it is new: the page around the frame, once read again, has the button.
        "document": beside.has_document and any(line.author == Author.SYSTEM for line in lines),
        "follow": beside.follow,
    }


def _answer_in_frame(request: HttpRequest, current: Conversation) -> None:
    """Send a ready answer. If it cannot be sent, the reloaded frame asks again, or says that the exchange has ended."""
    form = MessageForm(request.POST)
    if not form.is_valid() or proposals.is_too_late(current, form.cleaned_data["client_id"]):
        return
    with suppress(actions.ConversationClosed, actions.TooFast):
        _post_form(current, form.cleaned_data["client_id"], form.cleaned_data["body"])


@require_POST
def frames(request: HttpRequest) -> HttpResponse:
    """Take one frame of docs/protocol.md as a JSON body, for networks that block sockets.

    The answer is `{"frames": [...]}`.
    """
    current = present_reporter(request)
    if current is None:
        return json_answer({"error": "no_session"}, status=401)
    client_id = None
    try:
        frame = http_fallback.frame_sent(request)
        client_id = getattr(frame, "client_id", None)
        if frame.conversation is not None and frame.conversation != current.public_id:
            raise protocol.ProtocolError(protocol.FORBIDDEN, "This conversation is not yours.", client_id)
        if rate_limits.is_over(f"frames:{current.public_id}", limit=FRAMES, seconds=FRAMES_SECONDS):
            raise protocol.ProtocolError(
                protocol.RATE_LIMITED, "Too many frames at once: send it again later.", client_id
            )
        reporter_identity.record_request(request, current.report.public_id)
        answer = http_fallback.answer_over_http(Party.reporter(current), frame)
    except protocol.ProtocolError as error:
        rejected_frames.log_rejected_frame(error.code, line="conversation_http")
        answer = [error.frame()]
    except DATABASE_AWAY as error:
        logger.warning("frame over HTTP: the database does not answer (%s)", describe_error(error))
        return http_fallback.unavailable_over_http(client_id)
    return http_fallback.over_http(answer)


@require_http_methods(["GET", "POST"])
def end(request: HttpRequest) -> HttpResponse:
    """Ask whether to end the exchange or to leave the queue (GET), and do so (POST).

    Whoever is asked whether to leave the queue, and says yes when somebody has come, is told so and asked again.
    """
    current = access.as_reporter(request.session)
    if current is None:
        return without_visit(request)
    if request.method == "POST":
        is_leaving = request.POST.get("status", Status.ACTIVE) != Status.ACTIVE
        try:
            actions.close_conversation(conversation_id=current.pk, by_author=Author.REPORTER, only_in_queue=is_leaving)
        except actions.Arrived:
            current.refresh_from_db(fields=["status"])
            context = end_page(current, manner_of(request, current), has_arrived=True)
            return render(request, "chat/end.html", context, status=409)
        # Whoever ended it reads that it ended: the heading takes the focus, so that a screen reader says it too.
        return redirect(reverse("chat:conversation") + "#closed-title")
    if current.status == Status.CLOSED:
        return redirect("chat:conversation")
    return render(request, "chat/end.html", end_page(current, manner_of(request, current)))


def end_page(conversation: Conversation, manner: dict[str, Any], *, has_arrived: bool = False) -> dict[str, Any]:
    """Return what the page shows that asks before the exchange ends, or before the person leaves the queue.

    has_arrived: somebody came while the person was asked whether to leave the queue.
    """
    return {**manner, "status": conversation.status, "has_arrived": has_arrived}

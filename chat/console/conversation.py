"""This is the agent's console. Every page works without a script; the script keeps the same parts up to date.

Each view obtains the agent from `chat.access.as_agent`; a conversation from `chat.access.as_assigned_agent`, so that
another agent's and an unknown one look the same: 404. The second factor is asked before, by a middleware.
"""

import logging
import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.csp import CSP
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_GET, require_POST

from chat import access, token_bucket
from chat.arranging.list_order import read_order
from chat.captures import queries as captures
from chat.casework import (
    closing,
    colleague_questions,
    emergencies,
    macros,
    one_press,
    person_summary,
    replies,
    reply_drafts,
    word_search,
)
from chat.console import casework_panels, inbox
from chat.console.base import (
    FOLLOWING,
    UNDO_SECONDS,
    address_beside,
    conversation_or_404,
    earlier_page,
    exchange_parts,
    for_agents,
    read_open,
    screen,
)
from chat.console.forms import AvailabilityForm, IdleForm, ReadForm
from chat.conversations import actions, idle, losses, phone_calls, waiting_list, wording
from chat.conversations.presence import renew_lease
from chat.database import DATABASE_AWAY
from chat.journal import panel as journal_panel
from chat.messages import protocol, rejected_frames, transcript
from chat.messages.forms import MessageForm
from chat.messages.reading import own_conversations
from chat.models import Agent, Conversation, EventKind
from chat.realtime import http_fallback
from chat.realtime.http_fallback import Party
from chat.rules import reply_template
from chat.rules.lifecycle import Author, Availability
from chat.rules.service_level import Measure
from chat.supervision import live_board
from chat.transfer import actions as transfer_actions
from chat.transfer import queries as transfer_queries
from common import rate_limits
from common.data_keys.keys import KeysAway
from common.database_errors import describe_error
from common.service_settings import definitions, values
from reports import closures

logger = logging.getLogger(__name__)

# How many messages after one that is looked for its page of earlier messages shows. Each has 16 KiB at most.
WITH_IT = 2

FRAMED_BY_OURSELVES: dict[str, Any] = {**settings.SECURE_CSP, "frame-ancestors": [CSP.SELF]}


# --- the pages --------------------------------------------------------------------------------------------------------


@require_GET
@for_agents
def home(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Show the screen without an open conversation. `?partie=liste` or `?partie=apartes` returns that part alone.

    Whoever comes back from another page is led to the conversation that they had open (`_last_open`).
    """
    if request.GET.get("partie") == "liste":
        own, order = inbox.open_entries(agent, timezone.now()), read_order(agent.list_order)
        return render(request, "console/own_conversations.html", {"own": own, "order": order})
    if request.GET.get("partie") == "apartes":
        return render(
            request,
            "console/_colleague_questions.html",
            {"asides": colleague_questions.open_questions(agent), "conversation": None},
        )
    if (before := _last_open(request, agent)) is not None:
        response = redirect("console:conversation", public_id=before.public_id)
        # The page notes it again once it runs: one that cannot be drawn does not take the way to the others.
        response.delete_cookie(LAST_OPEN, path=reverse("console:home"), samesite="Lax")
        return response
    return screen(request, agent)


# In which the script of the screen keeps which conversation is open (static/pnav/console/addresses.js).
LAST_OPEN = "pnav_console_ouvert"


def _last_open(request: HttpRequest, agent: Agent) -> Conversation | None:
    """Return the conversation that this browser had open, if it goes on and is this agent's. One query at most.

    Only for a page that is opened as « Retour à la console » opens it: neither one with a view of the list in its
    address, nor what a script reads after an act. Without this, the script opened it, and only once it had read it:
    on a slow machine the page stood there without any exchange, and for good when that reading failed.
    """
    if request.GET or request.headers.get("Sec-Fetch-Mode") != "navigate":
        return None
    try:
        public_id = uuid.UUID(request.COOKIES.get(LAST_OPEN, ""))
    except ValueError:
        return None
    found = access.as_assigned_agent(agent, public_id)
    return found if found is not None and found.is_open else None


@require_GET
@for_agents
def help_page(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Show « Aide », the help for agents. It reads nothing of any person."""
    context = {
        "agent": agent,
        "is_supervisor": agent.user.is_supervisor,
        "undo_seconds": UNDO_SECONDS,
        "lease_seconds": settings.LEASE_SECONDS,
        "silence": live_board.limit_of(Measure.SILENCE),
        "dormant_minutes": int(values.get_duration(definitions.DORMANT).total_seconds() // 60),
    }
    return render(request, "console/help.html", context)


@for_agents
def conversation(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Show the screen with this conversation open; a POST adds a message. `?partie=echange` returns its parts alone.

    `?message=` leads to one message: in the thread, or on the page of earlier messages that has it.
    An agent who no longer has the conversation is told so. For any other agent it does not exist (404).
    """
    current = access.as_assigned_agent(agent, public_id)
    if current is None:
        return _left(request, agent, public_id)
    if request.method == "POST":
        try:
            return _reply(request, agent, current)
        except Http404:  # the conversation went to another agent meanwhile
            return _left(request, agent, public_id)
    if request.GET.get("partie") == "echange":
        # A script loads conversations in advance. With `lu` it says that the agent looks at this one.
        parts = exchange_parts(agent, current, is_looked_at="lu" in request.GET)
        return render(request, "console/conversation_parts.html", parts)
    aimed = transcript.parse_cursor(request.GET.get("message", ""))
    if 0 < aimed <= current.last_seq and not word_search.is_on_screen(current, aimed):
        query = urlencode({"avant": aimed + 1 + WITH_IT, "message": aimed})
        return redirect(f"{reverse('console:messages', args=[public_id])}?{query}#{transcript.AIMED}")
    # A script that is led here by the answer to an act shows a part of it, of an exchange that may be out of sight, and
    # tells by itself what is read. A browser that sends no such header (Safari before 16.4, none without TLS) looks.
    is_seen = request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
    if is_seen:
        http_fallback.mark_read(Party.of_agent(current, agent), current.last_seq)
    return screen(request, agent, current, is_looked_at=is_seen)


@require_GET
@for_agents
def messages_before(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Show a piece of the thread before the message `avant` (`transcript.read_messages`), for reading only."""
    current = conversation_or_404(agent, public_id)
    return earlier_page(request, agent, current, back=reverse("console:conversation", args=[public_id]))


@require_GET
@for_agents
def facts(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Show the facts that the person shares, by their dates, `journal_panel.A_PAGE` at a time, from `apres` on.

    They count as read from now on. Every fact is decrypted, because that is the only way to know their order.
    """
    current = conversation_or_404(agent, public_id)
    asked = request.GET.get("apres", "")
    after = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 0
    lines, total, later = journal_panel.read_page(current, after)
    context = {
        "agent": agent,
        "is_supervisor": agent.user.is_supervisor,
        "now": timezone.now(),
        "place": wording.place_of(current.report),
        "key": public_id,
        "lines": journal_panel.with_captures(lines, captures.count_shown(current).by_fact),
        "total": total,
        "later": later,
        "is_later": bool(after),
        "back": reverse("console:conversation", args=[public_id]),
    }
    return render(request, "console/facts.html", context)


def _left(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Say that the agent no longer has this conversation, and give back what was typed, to be copied.

    The status is 404, by which the script of an open page sees that the conversation is gone. Raises Http404 for a
    conversation that the agent never had.
    """
    kind = access.left_by(agent, public_id)
    if kind is None:
        raise Http404
    context = {
        "agent": agent,
        "is_supervisor": agent.user.is_supervisor,
        "why": "queue" if kind in {EventKind.RELEASED, EventKind.ASLEEP} else "another",
        "taker": access.taken_after(agent, public_id),
        "may_ask": access.for_opening(agent, public_id),
        "text": request.POST.get("body", "").strip(),
    }
    return render(request, "console/conversation_gone.html", context, status=404)


def _reply(request: HttpRequest, agent: Agent, current: Conversation) -> HttpResponse:
    form = MessageForm(request.POST)
    public_id = current.public_id
    following = request.POST.getlist(FOLLOWING)
    if "insert" in request.POST:
        draft, insert = request.POST.get("body", ""), request.POST["insert"]
        return screen(request, agent, current, draft=draft, insert=insert, following=following)
    if reply_template.is_unfinished(request.POST.get("body", "")):
        form.add_error("body", _("Il reste « [à compléter » dans le message : complétez, puis envoyez."))
    if form.is_valid():
        client_id, body = form.cleaned_data["client_id"], form.cleaned_data["body"]
        try:
            message = _post(current, agent, client_id, body)
            if message.body != body:
                # The browser's « Back » had brought a sent form back, and another text was written into it.
                message = _post(current, agent, uuid.uuid4(), body)
        except actions.TooFast:
            form.add_error(
                "body",
                _("Trop de messages à la fois : celui-ci n'est pas parti. Il reste ici : envoyez-le dans un instant."),
            )
        except actions.ExchangeFull:
            form.add_error(
                "body", _("L'échange est plein : ce message n'est pas parti. Terminez-le, ou passez-le à un collègue.")
            )
        except actions.ConversationClosed:
            form.add_error("body", _("L'échange est terminé : ce message n'a pas été envoyé."))
            current.refresh_from_db()
        except KeysAway:
            form.add_error(
                "body",
                _(
                    "Le service ne peut pas enregistrer ce message en ce moment : il n'est pas parti. Il reste ici : "
                    "envoyez-le dans un instant."
                ),
            )
        except actions.NotYours as error:
            raise Http404 from error
        else:
            reply_drafts.keep_draft(current, agent, "")
            _do_what_follows(request, agent, current, body, following, after=message.seq)
            return redirect(reverse("console:conversation", args=[public_id]) + f"#fin-{public_id}")
    return screen(request, agent, current, reply=form, following=following)


def _do_what_follows(
    request: HttpRequest, agent: Agent, current: Conversation, body: str, following: Sequence[str], *, after: int
) -> None:
    """Tick the steps that a message does, and make the proposals that follow it. after: its number.

    The message is sent, whatever happens here; the page that is shown next says so if the exchange went away meanwhile.
    """
    try:
        if emergencies.open_one(current) is not None:
            _tick(current, agent, body)
        if following and current.is_open:
            macros.propose(following, conversation_id=current.pk, by=agent.user, after=after)
    except actions.ConversationClosed:
        messages.error(request, _("L'échange est terminé : rien n'a été proposé."))
    except actions.NotYours:
        logger.info("exchange %s went to another agent as its answer was sent", current.public_id)


def _tick(current: Conversation, agent: Agent, body: str) -> None:
    """Tick the steps of the open procedure that the message does, as the script does (`console/one-press.js`)."""
    dossier = person_summary.read_person_summary(current, timezone.now())
    voice = one_press.Voice(dossier.familiar, dossier.answered_in)
    ready = [one_press.safety_reply(voice), *replies.of_conversation(agent, dossier)]
    emergencies.tick_said(
        conversation_id=current.pk,
        body=body,
        familiar=voice.familiar,
        language=voice.language,
        by=agent.user,
        ready=[reply.text for reply in ready],
    )


def _post(current: Conversation, agent: Agent, client_id: uuid.UUID, body: str) -> Any:
    """Do what `actions.post_message` does. Raises TooFast too, when the agent's token bucket is empty."""
    _take(agent)
    return actions.post_message(
        conversation_id=current.pk, client_id=client_id, body=body, author=Author.AGENT, agent=agent
    )


def _take(agent: Agent) -> None:
    """Take one token from the bucket that the agent's sockets use as well. Raises TooFast when it is empty."""
    if not token_bucket.of_agent(agent.pk).take():
        rate_limits.tell_reached("agent_posts")
        raise actions.TooFast


@require_POST
@for_agents
def close(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Close a conversation. With `verifier`, only say whether anything is missing.

    The page first asks with `verifier`. It then waits for some seconds, in which the closing can be undone, before it
    sends the form (`console/ending.js`). `seen` is the last message that it has: nothing is closed over a later one of
    the person.
    """
    current = conversation_or_404(agent, public_id)
    form = casework_panels.closing_form(current, request.POST)
    if not form.is_valid():
        form.say_missing(closing.still_missing(current, form.points, form.cleaned_data.get("seen")))
        return screen(request, agent, current, close=form)
    if "verifier" in request.POST:
        if missing := closing.still_missing(current, form.points, form.cleaned_data["seen"]):
            form.say_missing(missing)
            return screen(request, agent, current, close=form)
        return HttpResponse(status=204)
    data = form.cleaned_data
    try:
        closing.close_conversation(
            conversation_id=current.pk,
            outcome=data["outcome"],
            by=agent.user,
            points=form.points,
            summary=data["summary"],
            told=data["told"],
            seen=data["seen"],
        )
    except actions.NotYours as error:
        raise Http404 from error
    except closing.Unfinished as error:
        current.refresh_from_db(fields=["last_seq"])  # the page that is drawn has what came meanwhile
        form.say_missing(error.missing)
        return screen(request, agent, current, close=form)
    messages.success(request, _("Échange terminé. La personne peut relire les messages et voir la suite."))
    return redirect("console:home")


@require_POST
@for_agents
def availability(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Set the agent's availability and capacity, or the capacity alone, then lead back to the conversation that was
    open."""
    form = AvailabilityForm(request.POST, initial={"capacity": agent.capacity})
    if not form.is_valid():
        return screen(request, agent, duty_form=form)
    if form.is_capacity_only:
        actions.set_capacity(agent_id=agent.pk, capacity=form.cleaned_data["capacity"])
        return redirect(address_beside(read_open(request, agent)))
    if form.cleaned_data["availability"] == Availability.AWAY and transfer_actions.end_duty(agent=agent, stays_for=[]):
        return redirect("console:end_duty")  # nobody is dropped: the agent first decides about each conversation
    actions.set_availability(agent_id=agent.pk, **form.cleaned_data)
    return redirect(address_beside(read_open(request, agent)))


@require_POST
@for_agents
def idle_pause(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Set the agent in pause, because an open page saw no sign of them (`chat.conversations.idle`).

    The answer says whether it was done: an agent whom nobody needs, or who has just written, is left as they are.
    """
    form = IdleForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"paused": False})
    try:
        idle.pause_idle(agent_id=agent.pk, unseen=timedelta(seconds=form.cleaned_data["seconds"]))
    except idle.NotIdle:
        return JsonResponse({"paused": False})
    return JsonResponse({"paused": True})


@require_POST
@for_agents
def phone(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Give nobody new to an agent who telephones, for some minutes; said again, for as many from now.

    The question « Êtes-vous là ? » says it by a script and gets JSON, because what is being written on its page stays.
    """
    try:
        caller = phone_calls.begin_phone_call(agent_id=agent.pk)
    except phone_calls.NotOnDuty:
        caller = None
    if not request.accepts("text/html"):
        return JsonResponse({"phone": caller.pause_reason if caller else ""})
    if caller is None:
        messages.info(request, _("Vous n'étiez plus disponible : personne ne vous est confié, rien n'a changé."))
    else:
        until = timezone.localtime(caller.pause_until)
        messages.success(request, _("Au téléphone jusqu'à %(time)s.") % {"time": f"{until:%H:%M}"})
    return redirect(address_beside(read_open(request, agent)))


@require_POST
@for_agents
def losses_read(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Note that the agent has read what they lost in their absence, so that it is no longer shown. One statement."""
    form = ReadForm(request.POST)
    if form.is_valid():
        losses.mark_read(agent_id=agent.pk, until=form.cleaned_data["until"])
    return redirect("console:home")


@require_GET
@login_required
@xframe_options_sameorigin
@csp_override(FRAMED_BY_OURSELVES)
def presence(request: HttpRequest) -> HttpResponse:
    """Answer the beat of every staff page but the console's screen. `chat.conversations.presence.renew_lease` says its
    cost.

    A script gets JSON; a browser without scripts gets a frame that loads itself again, so that a long answer or a long
    reading does not end the lease. While somebody depends on this agent, an open page counts as use of the session, as
    an open console does. Otherwise it does not, and the session ends when it is idle (docs/adr/0049).

    While the agent has messages to read, a mark of danger is not dealt with, or somebody waits for their words or their
    return, a beat also reads their list. So words of danger in these are marked and told of (docs/adr/0116), and so is
    who waits for too long: three queries at most, and what marks write the first time.

    `?signe=`: for how many seconds the page has seen no sign of life. With `non` it was long ago, and the page asks
    whether somebody needs this agent, and when another page has seen one.
    """
    agent = access.as_agent(request.user)
    sign = protocol.read_sign(request.GET.get("signe", ""))
    standing = renew_lease(user_id=agent.user_id, sign=sign) if agent is not None else None
    if agent is None or standing is None:
        raise PermissionDenied
    if standing.is_kept:
        put_off: Callable[[], None] = request.session.put_off  # type: ignore[attr-defined]
        put_off()
    if not request.accepts("text/html"):
        # Reading the list keeps marks of danger, which the board tells of. This page reads no other list.
        is_read = standing.unread or standing.marked or standing.owed
        own = inbox.open_entries(agent, timezone.now()) if is_read else []
        answer = {
            "kept": standing.is_kept,
            "held": standing.held,
            "unread": standing.unread,
            "in_danger": sum(1 for entry in own if entry.dangers),
            "dangers": [f"{entry.number}:{entry.danger_seq}" for entry in own if entry.dangers],
            "late": sum(1 for entry in own if entry.is_late and not entry.has_late_promise),
            "promises": sum(1 for entry in own if entry.has_late_promise),
            "was_over": standing.was_over,
            "paused": standing.idle_reason,
            "phone": standing.phone_reason,
        }
        if request.GET.get("signe") == "non":
            answer["needed"] = idle.is_needed(agent)
            answer["sign"] = standing.sign
        return JsonResponse(answer)
    now = timezone.now()
    context = {
        "own": inbox.open_entries(agent, now),
        "asides_unread": sum(one.unread for one in colleague_questions.open_questions(agent)),
        "offers": transfer_queries.offers_to_me(agent, now),
        "now": now,
        "standing": standing,
        "lease_seconds": settings.LEASE_SECONDS,
        "again_seconds": max(1, settings.LEASE_SECONDS // 3),
    }
    return render(request, "console/presence.html", context)


@require_POST
@for_agents
def frames(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Receive one frame of docs/protocol.md as a JSON body, for networks that block sockets; answer `{"frames":
    [...]}`.

    A beat without a conversation is answered as a new socket is: every conversation of the agent, then the queue.
    """
    client_id = None
    try:
        frame = http_fallback.frame_sent(request)
        if isinstance(frame, protocol.Beat) and frame.sign is not None:
            actions.agents_seen(agent_ids=[agent.pk], signs={agent.pk: frame.sign})
        if isinstance(frame, protocol.Beat) and frame.conversation is None:
            own = [{"type": "assigned", "conversation": str(key)} for key in own_conversations([agent.pk])[agent.pk]]
            queue = waiting_list.read_waiting().frame(is_closed=closures.is_closed())
            return _frames([*own, queue, protocol.beat_frame(timezone.now())])
        client_id = getattr(frame, "client_id", None)
        current = access.as_assigned_agent(agent, frame.conversation) if frame.conversation else None
        if current is None:
            raise protocol.ProtocolError(protocol.FORBIDDEN, "This conversation is not yours.", client_id)
        if client_id is not None:
            _take(agent)
        return _frames(http_fallback.answer_over_http(Party.of_agent(current, agent), frame))
    except protocol.ProtocolError as error:
        rejected_frames.log_rejected_frame(error.code, line="console_http", account=agent.user_id)
        return _frames([error.frame()])
    except actions.TooFast:
        rejected_frames.log_rejected_frame(protocol.RATE_LIMITED, line="console_http", account=agent.user_id)
        return _frames([protocol.ProtocolError(protocol.RATE_LIMITED, protocol.TOO_FAST_DETAIL, client_id).frame()])
    except DATABASE_AWAY as error:
        logger.warning("frame over HTTP: the database does not answer (%s)", describe_error(error))
        return http_fallback.unavailable_over_http(client_id)


def _frames(answers: list[dict[str, Any]]) -> HttpResponse:
    return http_fallback.over_http(answers)

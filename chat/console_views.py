"""The agent's console. Every page works without a script; the script keeps the same parts up to date.

Each view obtains the agent from `chat.access.as_agent`; a conversation from `chat.access.as_assigned_agent`, so that
another agent's and an unknown one look the same: 404. The second factor is asked before, by a middleware.
"""

import json
import logging
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
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

from chat import access, actions, canned, desk, dialogue, forgetting, handover, handover_desk, protocol, stepping_in
from chat.console_forms import AvailabilityForm, CloseForm, PauseReason, UrgencyForm
from chat.console_handover_forms import TransferForm
from chat.dialogue import Party
from chat.forms import MessageForm
from chat.lifecycle import Author, Availability
from chat.models import Agent, Conversation
from chat.reading import own_conversations
from chat.threads import DATABASE_AWAY
from reports import openings
from reports.models import ReporterRole
from reports.opening_forms import AskForm
from reports.openings import Grounds
from triage.rules import Urgency

logger = logging.getLogger(__name__)

FRAMED_BY_OURSELVES: dict[str, Any] = {**settings.SECURE_CSP, "frame-ancestors": [CSP.SELF]}

type AgentView = Callable[..., HttpResponse]


def for_agents(view: AgentView) -> Callable[..., HttpResponse]:
    """Give the view the signed-in agent as `agent`; sign-in for nobody, 403 for somebody who is none.

    Being here is being present: the lease is renewed, whatever is asked.
    """

    @login_required
    @wraps(view)
    def wrapped(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        agent = access.as_agent(request.user)
        if agent is None:
            raise PermissionDenied
        actions.agents_seen(agent_ids=[agent.pk])
        return view(request, agent=agent, **kwargs)

    return wrapped


def _conversation_or_404(agent: Agent, public_id: uuid.UUID) -> Conversation:
    conversation = access.as_assigned_agent(agent, public_id)
    if conversation is None:
        raise Http404
    return conversation


# --- what the templates need ------------------------------------------------------------------------------------------


def _words() -> dict[str, str]:
    """Sentences that the script writes, in the active language; `{n}` and the like are filled by it."""
    return {
        "reporter": str(Author.REPORTER.label),
        "agent": _("Agent"),
        "system": str(Author.SYSTEM.label),
        "minutes": _("{n} min"),
        "hours": _("{h} h {m}"),
        "sending": _("Envoi en cours…"),
        "kept": _("Gardé, partira au retour de la connexion"),
        "sent": _("Envoyé"),
        "read": _("Lu"),
        "misleading": _("adresse trompeuse possible"),
        "refused": _("Non envoyé : l'échange ne vous est plus confié"),
        "empty": _("Le message est vide. Écrivez quelques mots, puis envoyez."),
        "too_long": _("Le message est trop long : 4 000 caractères au plus. Envoyez-le en plusieurs fois."),
        "waits_me": _("Attend votre réponse"),
        "waits_them": _("À la personne d'écrire"),
        "waits_left": _("La personne a quitté la page"),
        "unread_one": _("{n} non lu"),
        "unread_many": _("{n} non lus"),
        "assigned": _("Nouvel échange, touche {n} : {name}."),
        "news": _("Nouveau message, échange {n} : {name}."),
        "offered": _("Un collègue vous propose un échange : voir « Passages »."),
        "whispered": _("Un superviseur vous a dit un mot : voir « Passages »."),
        "closed": _("Terminé"),
        "released": _("N'est plus à vous : passé, ou dans la file"),
        "left": _("Échange fini, {name} : {reason}."),
        "back": _("Connexion rétablie."),
        "failed": _("L'action n'a pas abouti. Réessayez."),
        "role_victim": str(ReporterRole.VICTIM.label),
        "role_witness": str(ReporterRole.WITNESS.label),
        "role_relative": str(ReporterRole.RELATIVE.label),
        "role_professional": str(ReporterRole.PROFESSIONAL.label),
        "force_police": _("Police nationale"),
        "force_gendarmerie": _("Gendarmerie nationale"),
        "sound_on": _("Son activé"),
        "sound_off": _("Son coupé"),
    }


def _duty(agent: Agent, form: AvailabilityForm | None = None) -> dict[str, Any]:
    """The top bar."""
    chosen = next((value for value, label in PauseReason.choices if str(label) == agent.pause_reason), "")
    return {
        "agent": agent,
        "availabilities": Availability,
        "availability_label": Availability(agent.availability).label,
        "duty_form": form or AvailabilityForm(initial={"capacity": agent.capacity, "pause_reason": chosen}),
    }


def _exchange(
    agent: Agent,
    conversation: Conversation,
    *,
    reply: MessageForm | None = None,
    close: CloseForm | None = None,
    transfer: TransferForm | None = None,
    model: str = "",
) -> dict[str, Any]:
    """One conversation: its entry, its thread and what is known of the person."""
    now = timezone.now()
    dossier = desk.read_dossier(conversation, now)
    thread = list(conversation.messages.all())
    for message in thread:
        message.conversation = conversation
    body = reply.data.get("body", "") if reply is not None else ""
    chosen = canned.find(model)
    if chosen is not None:
        body = chosen.spoken(familiar=dossier.familiar, name=agent.public_name)
    error = ""
    if reply is not None and reply.errors:
        error = str(next(iter(reply.errors.get("body", [])), _("Le message n'est pas parti. Envoyez-le de nouveau.")))
    return {
        "agent": agent,
        "now": now,
        "conversation": conversation,
        "entry": desk.entry_of(agent, conversation, now),
        "dossier": dossier,
        "thread": thread,
        "canned": desk.canned_replies(agent, familiar=dossier.familiar),
        "body": body,
        "body_error": error,
        "client_id": (error and reply is not None and reply.cleaned_data.get("client_id")) or uuid.uuid4(),
        "max_length": protocol.MAX_BODY,
        "close_form": close or CloseForm(),
        "urgency_form": UrgencyForm(initial={"urgency": conversation.urgency}),
        "passing": handover_desk.passing(agent, conversation, now, transfer),
    }


def _screen(
    request: HttpRequest,
    agent: Agent,
    conversation: Conversation | None = None,
    *,
    duty: AvailabilityForm | None = None,
    **forms_in_error: Any,
) -> HttpResponse:
    """The one screen, with a conversation open or none."""
    now = timezone.now()
    waiting, rows = desk.queue(now)
    own = desk.own(agent, now)
    context: dict[str, Any] = {
        **_duty(agent, duty),
        "now": now,
        "own": own,
        "ended": desk.ended(agent, now),
        "offers": handover_desk.offers(agent, now),
        "waiting": waiting,
        "rows": rows,
        "words": json.dumps(_words(), ensure_ascii=False),
        "lease_seconds": settings.LEASE_SECONDS,
        "is_supervisor": agent.user.is_supervisor,
        "is_still": "fixe" in request.GET,
        "is_error": duty is not None or any(isinstance(form, forms.Form) for form in forms_in_error.values()),
    }
    if agent.user.is_supervisor:
        context["figures"] = desk.figures(now)
    if conversation is not None:
        context |= _exchange(agent, conversation, **forms_in_error)
    return render(request, "console/screen.html", context)


# --- the pages --------------------------------------------------------------------------------------------------------


@require_GET
@for_agents
def home(request: HttpRequest, agent: Agent) -> HttpResponse:
    """The screen without a conversation open; `?partie=liste` the agent's conversations alone."""
    if request.GET.get("partie") == "liste":
        return render(request, "console/list.html", {"own": desk.own(agent, timezone.now())})
    return _screen(request, agent)


@for_agents
def conversation(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """The screen with this conversation open; `?partie=echange` its parts alone; a POST adds a message."""
    current = _conversation_or_404(agent, public_id)
    if request.method == "POST":
        return _reply(request, agent, current)
    if request.GET.get("partie") == "echange":
        return render(request, "console/parts.html", _exchange(agent, current))
    dialogue.mark_read(Party.of_agent(current, agent), current.last_seq)
    return _screen(request, agent, current, model=request.GET.get("modele", ""))


def _reply(request: HttpRequest, agent: Agent, current: Conversation) -> HttpResponse:
    form = MessageForm(request.POST)
    public_id = current.public_id
    if form.is_valid():
        client_id, body = form.cleaned_data["client_id"], form.cleaned_data["body"]
        try:
            message = _post(current, agent, client_id, body)
            if message.body != body:
                # The browser's « Back » brought a sent form back and another text was written in it.
                _post(current, agent, uuid.uuid4(), body)
        except actions.ConversationClosed:
            form.add_error("body", _("L'échange est terminé : ce message n'a pas été envoyé."))
            current.refresh_from_db()
        except actions.NotYours as error:
            raise Http404 from error
        else:
            return redirect(reverse("console:conversation", args=[public_id]) + f"#fin-{public_id}")
    return _screen(request, agent, current, reply=form)


def _post(current: Conversation, agent: Agent, client_id: uuid.UUID, body: str) -> Any:
    return actions.post_message(
        conversation_id=current.pk, client_id=client_id, body=body, author=Author.AGENT, agent=agent
    )


@require_POST
@for_agents
def close(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """End a conversation."""
    current = _conversation_or_404(agent, public_id)
    form = CloseForm(request.POST)
    if not form.is_valid():
        return _screen(request, agent, current, close=form)
    try:
        actions.close_conversation(
            conversation_id=current.pk, by_author=Author.AGENT, by=agent.user, outcome=form.cleaned_data["outcome"]
        )
    except actions.NotYours as error:
        raise Http404 from error
    messages.success(request, _("Échange terminé. La personne peut relire les messages et voir la suite."))
    return redirect("console:home")


@require_POST
@for_agents
def urgency(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Raise or lower the degree of urgency."""
    current = _conversation_or_404(agent, public_id)
    form = UrgencyForm(request.POST)
    if form.is_valid():
        degree = form.cleaned_data["urgency"]
        try:
            actions.set_urgency(conversation_id=current.pk, urgency=degree, by=agent.user)
        except actions.NotYours as error:
            raise Http404 from error
        except actions.ConversationClosed:
            messages.error(request, _("L'échange est terminé : l'urgence n'a pas changé."))
        else:
            label = Urgency(degree).label.lower()
            messages.success(request, _("Urgence : %(label)s.") % {"label": label})
    return redirect("console:conversation", public_id=public_id)


@for_agents
def ask_opening(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Ask to have one sealed value of this conversation's report opened. The page knows nothing of what there is."""
    current = _conversation_or_404(agent, public_id)
    form = AskForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        data = form.cleaned_data
        grounds = Grounds(
            motive=data["motive"],
            legal_ground=data["legal_ground"],
            prosecutor_reference=data["prosecutor_reference"],
            prosecutor_on=data["prosecutor_on"].isoformat() if data["prosecutor_on"] else "",
        )
        try:
            opening = openings.ask(
                report=current.report,
                field=data["field"],
                grounds=grounds,
                is_urgent=data["is_urgent"],
                recipient=data["recipient"],
                by=agent.user,
            )
        except openings.ReportGone:
            form.add_error(None, _("Ce signalement est plus ancien que le scellé : il n'y a rien à ouvrir."))
        else:
            messages.success(request, _("Demande envoyée. Un superviseur doit maintenant la contresigner."))
            return redirect("openings:detail", opening.public_id)
    return render(request, "openings/ask.html", {"form": form, "conversation": current})


@require_POST
@for_agents
def availability(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Say whether new people may come, and how many at once; then back to the conversation that was open."""
    form = AvailabilityForm(request.POST)
    if not form.is_valid():
        return _screen(request, agent, duty=form)
    if form.cleaned_data["availability"] == Availability.AWAY and handover.end_duty(agent=agent, stays_for=[]):
        return redirect("console:end_duty")  # nobody is dropped: each conversation is asked about first
    actions.set_availability(agent_id=agent.pk, **form.cleaned_data)
    try:
        open_one = uuid.UUID(request.POST.get("echange", ""))
    except ValueError:
        return redirect("console:home")
    if access.as_assigned_agent(agent, open_one) is None:
        return redirect("console:home")
    return redirect("console:conversation", public_id=open_one)


@require_GET
@for_agents
@xframe_options_sameorigin
@csp_override(FRAMED_BY_OURSELVES)
def presence(request: HttpRequest, agent: Agent) -> HttpResponse:
    """For browsers without a script: a frame that loads itself again, so that a long answer does not end the lease."""
    now = timezone.now()
    context = {"own": desk.own(agent, now), "now": now, "offers": access.offers_to(agent, now).count()}
    return render(request, "console/presence.html", context)


@require_GET
@for_agents
def board(request: HttpRequest, agent: Agent) -> HttpResponse:
    """The duty, for supervisors: waits and load, no message text; `?partie=chiffres` the figures alone."""
    if not agent.user.is_supervisor:
        raise PermissionDenied
    now = timezone.now()
    context = {"figures": desk.figures(now), "now": now, "agent": agent, "is_supervisor": True}
    if request.GET.get("partie") == "chiffres":
        return render(request, "console/_figures.html", context)
    _waiting, rows = desk.queue(now)
    requests, oldest = forgetting.oldest_request()
    context |= {"rows": rows, "is_still": "fixe" in request.GET, "requests": requests, "oldest_request": oldest}
    context |= {"running": stepping_in.running(agent, now), "one_voice": stepping_in.one_voice(now)}
    return render(request, "console/board.html", context)


@require_POST
@for_agents
def frames(request: HttpRequest, agent: Agent) -> HttpResponse:
    """One frame of docs/protocol.md as a JSON body, for networks that block sockets: `{"frames": [...]}`.

    A beat without a conversation is answered as a new socket is: every conversation of the agent, then the queue.
    """
    client_id = None
    try:
        frame = protocol.parse(request.body)
        if isinstance(frame, protocol.Beat) and frame.conversation is None:
            own = [{"type": "assigned", "conversation": str(key)} for key in own_conversations([agent.pk])[agent.pk]]
            return _frames([*own, dialogue.queue_frame(), protocol.beat_frame(timezone.now())])
        client_id = getattr(frame, "client_id", None)
        current = access.as_assigned_agent(agent, frame.conversation) if frame.conversation else None
        if current is None:
            raise protocol.ProtocolError(protocol.FORBIDDEN, "This conversation is not yours.", client_id)
        return _frames(dialogue.answer_over_http(Party.of_agent(current, agent), frame))
    except protocol.ProtocolError as error:
        return _frames([error.frame()])
    except DATABASE_AWAY as error:
        logger.warning("frame over HTTP: the database does not answer (%s)", type(error).__name__)
        detail = "The message could not be written: keep it and try again."
        return _frames([protocol.ProtocolError(protocol.UNAVAILABLE, detail, client_id).frame()])


def _frames(answers: list[dict[str, Any]]) -> HttpResponse:
    return JsonResponse({"frames": answers}, headers={"Cache-Control": "no-store"})

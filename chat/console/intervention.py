"""These are the pages by which a supervisor joins, reads, writes in, reassigns and leaves a conversation of their
units.

The conversation comes from `chat.access.as_supervisor`. Anybody else gets 404, as for an unknown one. Before joining no
word of it is shown. A supervisor who had joined is told when it is over.

Also the pages by which they set an agent of their units in pause, give somebody who waits to one, and end an emergency
procedure whose exchange is over.
"""

import uuid
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from chat import access
from chat.casework import emergencies
from chat.console import casework_panels, inbox
from chat.console.base import acts_on, earlier_page, for_agents
from chat.console.forms import AGENT_GONE, PauseOrderForm
from chat.conversations import actions, wording
from chat.messages import protocol, transcript
from chat.messages.forms import MessageForm
from chat.models import Agent, Conversation
from chat.models.transfer import Whisper
from chat.rules.emergency import Situation
from chat.rules.lifecycle import PauseOrder, Status
from chat.supervision import giving, intervention, left_marks, pausing, procedures
from chat.transfer import actions as transfer_actions
from chat.transfer.forms import MotiveForm, ReassignForm, WhisperForm
from common import plain_text
from common.choices import label_of
from common.service_settings import definitions, values
from locations.models import Force

GONE = (actions.NotYours, actions.ConversationClosed)


def _conversation_or_404(agent: Agent, public_id: uuid.UUID) -> Conversation:
    conversation = access.as_supervisor(agent, public_id)
    if conversation is None:
        raise Http404
    return conversation


def _told_the_end(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Decorate a view so that a supervisor who had joined a conversation is told that it is over; others get 404."""

    @wraps(view)
    def wrapped(request: HttpRequest, public_id: uuid.UUID) -> HttpResponseBase:
        try:
            return view(request, public_id=public_id)
        except Http404:
            agent = access.as_agent(request.user)
            known = access.joined_before(agent, public_id) if agent is not None else None
            if agent is None or known is None:
                raise
            return _over(request, agent, known)

    return wrapped


def _typed(request: HttpRequest) -> str:
    typed = [request.POST.get(name, "").strip() for name in ("body", "text", "motive")]
    return "\n".join(filter(None, typed))


def _over(request: HttpRequest, agent: Agent, known: Conversation) -> HttpResponse:
    """Return a page with what was typed, to be copied. Its status is 404, which tells an open page that it is over."""
    units, last = access.reach_of(agent, timezone.now()), known.assigned_to
    is_closed = known.status == Status.CLOSED and last is not None and last.unit_id in units
    context = {
        "agent": agent,
        "is_supervisor": agent.user.is_supervisor,
        "why": "closed" if is_closed else "elsewhere",
        "text": _typed(request),
    }
    return render(request, "console/conversation_gone.html", context, status=404)


def for_one(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Decorate a view for a supervisor's POST on one conversation.

    404 for one that they do not supervise. If it has ended meanwhile, the page shows what was typed.
    """
    return _told_the_end(acts_on(_conversation_or_404)(view))


def _unless_recused(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Decorate such a view so that whoever knows somebody concerned gets the page, which says so and keeps the text."""

    @wraps(view)
    def wrapped(request: HttpRequest, agent: Agent, current: Conversation) -> HttpResponseBase:
        return _page(request, agent, current) if access.is_recused(agent, current) else view(request, agent, current)

    return wrapped


def _reassign_form(agent: Agent, current: Conversation, data: Any = None) -> ReassignForm:
    return ReassignForm(data, people=intervention.receivers(current, timezone.now()))


def _is_held_by_another(request: HttpRequest, current: Conversation) -> bool:
    """Return whether another agent has the conversation than the one whom the page of this form named."""
    return request.POST.get("held_by", "") != str(current.assigned_to_id)


def _said_held_by_another(form: Form, field: str, said: str, current: Conversation) -> Form:
    """Return a form whose one error, at this field, names who answers now. said: a sentence with their `name`."""
    form.errors.clear()
    form.add_error(field, said % {"name": current.assigned_to.shown_name if current.assigned_to else ""})
    return form


def _page(request: HttpRequest, agent: Agent, current: Conversation, **forms: Form) -> HttpResponse:
    now = timezone.now()
    has_joined, is_recused = access.has_joined(agent, current, now), access.is_recused(agent, current)
    piece = transcript.read_messages(current) if has_joined else []
    reply = forms.get("reply")
    emergency = casework_panels.open_emergency(current)
    # When somebody is in danger, the supervisor does not have to think of a reason for the register.
    motive = {"motive": _("Procédure d'urgence ouverte")} if emergency["emergency"] else {}
    context = {
        **emergency,
        "agent": agent,
        "is_supervisor": True,
        "now": now,
        "conversation": current,
        "place": wording.place_of(current.report),
        "held": wording.duration_in_words(now - current.assigned_at) if current.assigned_at else "",
        "has_joined": has_joined,
        "is_recused": is_recused,
        "thread": piece,
        "earlier": transcript.earlier_cursor(piece),
        "whispers": Whisper.objects.filter(conversation=current, supervisor=agent),
        "motive_form": forms.get("motive") or MotiveForm(initial=motive),
        "whisper_form": forms.get("whisper") or WhisperForm(),
        "reassign_form": forms.get("reassign") or _reassign_form(agent, current),
        "cannot_wait": intervention.cannot_wait(current),
        "reply": reply or MessageForm(),
        "body": _typed(request) if is_recused else reply.data.get("body", "") if reply else "",
        "client_id": uuid.uuid4(),
        "max_length": protocol.MAX_BODY,
        "watched_minutes": values.get(definitions.WATCHED),
        "is_error": any(form.errors for form in forms.values()),
        "is_still": "fixe" in request.GET,
    }
    return render(request, "console/watched_conversation.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@_told_the_end
@for_agents
def watched(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Show the state of a conversation, and its thread after joining. A POST adds a message of the supervisor."""
    current = _conversation_or_404(agent, public_id)
    if request.method == "POST":
        form = MessageForm(request.POST)
        if not form.is_valid():
            return _page(request, agent, current, reply=form)
        try:
            intervention.write(conversation_id=current.pk, by=agent, **form.cleaned_data)
        except GONE:
            messages.error(request, _("Le message n'est pas parti : vous ne suivez plus cet échange."))
            return _page(request, agent, current, reply=form)
        return redirect(reverse("console:watched", args=[public_id]) + "#fin")
    return _page(request, agent, current)


@require_GET
@_told_the_end
@for_agents
def messages_before(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Show the messages before `avant` to a supervisor who has joined; redirect others to the page to join."""
    current = _conversation_or_404(agent, public_id)
    back = reverse("console:watched", args=[public_id])
    if not access.has_joined(agent, current, timezone.now()):
        return redirect(back)
    return earlier_page(request, agent, current, back=back)


@for_one
@_unless_recused
def join(request: HttpRequest, agent: Agent, current: Conversation) -> HttpResponse:
    """Join a conversation. The agent and the person are told, and the register records why."""
    form = MotiveForm(request.POST)
    if not form.is_valid():
        return _page(request, agent, current, motive=form)
    intervention.join(conversation_id=current.pk, by=agent, motive=form.cleaned_data["motive"])
    return redirect("console:watched", public_id=current.public_id)


@for_one
def leave(request: HttpRequest, agent: Agent, current: Conversation) -> HttpResponse:
    """Leave a conversation."""
    intervention.leave(conversation_id=current.pk, by=agent)
    messages.success(request, _("Vous avez quitté l'échange. La personne et l'agent le lisent."))
    return redirect("console:board")


@for_one
@_unless_recused
def whisper(request: HttpRequest, agent: Agent, current: Conversation) -> HttpResponse:
    """Write a line to the agent alone: to the one whom the page named, and nobody who took over since."""
    form = WhisperForm(request.POST)
    if _is_held_by_another(request, current):
        return _whisper_to_another(request, agent, current, form)
    if not form.is_valid():
        return _page(request, agent, current, whisper=form)
    try:
        intervention.whisper(
            conversation_id=current.pk, by=agent, text=form.cleaned_data["text"], held_by=current.assigned_to_id
        )
    except intervention.HeldByAnother:
        return _whisper_to_another(request, agent, _conversation_or_404(agent, current.public_id), form)
    except intervention.TooManyWhispers:
        form.add_error("text", _("Trop de mots ont déjà été dits à l'agent dans cet échange."))
        return _page(request, agent, current, whisper=form)
    messages.success(request, _("Dit à l'agent, et à personne d'autre."))
    return redirect("console:watched", public_id=current.public_id)


def _whisper_to_another(request: HttpRequest, agent: Agent, current: Conversation, form: WhisperForm) -> HttpResponse:
    said = _("%(name)s répond maintenant dans cet échange. Rien n'a été dit : relisez votre mot.")
    return _page(request, agent, current, whisper=_said_held_by_another(form, "text", said, current))


@for_one
@_unless_recused
def reassign(request: HttpRequest, agent: Agent, current: Conversation) -> HttpResponse:
    """Give the conversation to another agent, with a reason: from the one whom the page named, and nobody else."""
    form = _reassign_form(agent, current, request.POST)
    if _is_held_by_another(request, current):
        return _reassign_from_another(request, agent, current, form)
    if not form.is_valid():
        return _page(request, agent, current, reassign=form)
    try:
        intervention.reassign(
            conversation_id=current.pk,
            by=agent,
            agent_id=form.cleaned_data["agent"],
            motive=form.cleaned_data["motive"],
            held_by=current.assigned_to_id,
        )
    except intervention.HeldByAnother:
        current = _conversation_or_404(agent, current.public_id)
        return _reassign_from_another(request, agent, current, _reassign_form(agent, current, request.POST))
    except transfer_actions.NoRoom:
        form.add_error("agent", _("Cet agent n'est plus là : choisissez-en un autre."))
        return _page(request, agent, current, reassign=form)
    except intervention.Resting:
        form.add_error(
            "agent",
            _(
                "Cet agent vient de se mettre en pause. Cette personne est en danger ou très urgente : "
                "choisissez-en un autre."
            ),
        )
        return _page(request, agent, current, reassign=form)
    messages.success(request, _("Échange confié. Les deux agents et la personne le lisent."))
    return redirect("console:board")


def _reassign_from_another(
    request: HttpRequest, agent: Agent, current: Conversation, form: ReassignForm
) -> HttpResponse:
    said = _("%(name)s répond maintenant dans cet échange. Rien n'a changé : relisez votre choix et le motif.")
    return _page(request, agent, current, reassign=_said_held_by_another(form, "agent", said, current))


# --- a pause of an agent ----------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@for_agents
def pause_agent(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Show whom this supervisor may set in pause; a POST does it. `agent` in the address is who is chosen at first."""
    if not agent.user.is_supervisor:
        raise PermissionDenied
    people = list(pausing.may_be_paused(agent, timezone.now()))
    form = PauseOrderForm(people=people, initial={"agent": request.GET.get("agent", "")})
    if request.method == "POST":
        form = PauseOrderForm(request.POST, people=people)
        if form.is_valid():
            try:
                paused = pausing.pause_agent(
                    agent_id=form.cleaned_data["agent"], by=agent, reason=PauseOrder(form.cleaned_data["reason"])
                )
            except (pausing.AgentOutOfReach, pausing.NotAvailable):
                form.add_error("agent", str(AGENT_GONE))
            else:
                said = _("%(name)s est en pause, et le lit. Ses échanges restent les siens. C'est inscrit au registre.")
                messages.success(request, said % {"name": paused.shown_name})
                return redirect("console:board")
    context = {"agent": agent, "is_supervisor": True, "people": people, "form": form}
    return render(request, "console/pause_agent.html", context)


# --- somebody who waits -----------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@for_agents
def give_waiting(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Show to whom this supervisor may give somebody who waits; a POST does it. Nothing that the person said is read.

    Who waits no longer, is not there, or never was leads back to the board.
    """
    if not agent.user.is_supervisor:
        raise PermissionDenied
    now = timezone.now()
    person = giving.find_waiting(public_id, now)
    if person is None:
        messages.info(request, _("Cette personne n'attend plus, ou sa page n'est plus ouverte."))
        return redirect("console:board")
    people = giving.find_receivers(person, agent, now)
    form = ReassignForm(people=people, own=agent.pk)
    if request.method == "POST":
        form = ReassignForm(request.POST, people=people, own=agent.pk)
        if form.is_valid():
            try:
                given = giving.give_person(
                    public_id=public_id,
                    agent_id=form.cleaned_data["agent"],
                    by=agent,
                    motive=form.cleaned_data["motive"],
                )
            except giving.NotForThem:
                form.add_error("agent", _("Cet agent n'est plus disponible : choisissez-en un autre."))
            except giving.NotWaiting:
                messages.info(request, _("Cette personne n'attend plus : quelqu'un vient de lui répondre."))
                return redirect("console:board")
            else:
                return _given(request, agent, given, person)
    context = {
        "agent": agent,
        "is_supervisor": True,
        "person": person,
        "is_recused": access.is_recused(agent, person),
        "place": wording.place_of(person.report),
        "waited": wording.duration_in_words(now - person.queued_at),
        "force": label_of(Force, person.force) if person.force else "",
        "people": people,
        "form": form,
    }
    return render(request, "console/give_waiting.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_agents
def end_procedure(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Show an emergency procedure whose exchange is over, and end it (POST). What was written is not read.

    It says which steps are left, and which agent can still do them. One that has ended, whose person is under way or in
    the queue, or that is another unit's leads back to the board.
    """
    if not agent.user.is_supervisor:
        raise PermissionDenied
    row = procedures.find_procedure(public_id, agent)
    if row is not None and request.method == "POST":
        try:
            procedures.end_procedure(public_id=public_id, by=agent)
        except procedures.NoProcedure:
            row = None
        except procedures.Recused:
            pass  # the page says so
        else:
            messages.success(request, _("La procédure d'urgence est finie."))
            return redirect("console:board")
    if row is None:
        messages.info(request, _("Cette procédure est déjà finie, ou un agent la suit."))
        return redirect("console:board")
    now, last = timezone.now(), row.conversation.assigned_to
    context = {
        "agent": agent,
        "is_supervisor": True,
        "last_agent": last,
        "can_follow": last is not None and last.user.is_active and last.pk != agent.pk,
        "is_listed": inbox.is_listed_as_ended(row.conversation, now),
        "steps_left": [str(done.line.step.label) for done in emergencies.checklist(row) if done.at is None],
        "situation": label_of(Situation, row.situation),
        "place": wording.place_of(row.conversation.report),
        "state": procedures.state_of(row.conversation),
        "since": wording.duration_in_words(now - row.started_at),
        **_recusal(row.conversation, agent),
        **_who_may_ask(row.conversation, agent, now),
    }
    return render(request, "console/end_procedure.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_agents
def left_mark(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Show that somebody left whose words of danger nobody has dealt with, and take note that they are (POST).

    What was written is not read. A mark that is no longer there, or is another unit's, leads back to the board.
    """
    if not agent.user.is_supervisor:
        raise PermissionDenied
    row = left_marks.find_mark(public_id, agent)
    if row is not None and request.method == "POST":
        try:
            left_marks.deal_with_left(public_id=public_id, by=agent)
        except left_marks.NoMark:
            row = None
        except procedures.Recused:
            pass  # the page says so
        else:
            messages.success(request, _("Pris en compte. L'historique de l'échange garde que c'est vous."))
            return redirect("console:board")
    if row is None:
        messages.info(request, _("C'est déjà pris en compte, ou un agent suit cette personne."))
        return redirect("console:board")
    now, had = timezone.now(), row.conversation.assigned_to
    context = {
        "agent": agent,
        "is_supervisor": True,
        "place": wording.place_of(row.conversation.report),
        "name": had.shown_name if had else "",
        "state": procedures.state_of(row.conversation),
        "since": wording.duration_in_words(now - row.left_at) if row.left_at else "",
        **_recusal(row.conversation, agent),
        **_who_may_ask(row.conversation, agent, now),
    }
    return render(request, "console/left_mark.html", context)


def _recusal(conversation: Conversation, reader: Agent) -> dict[str, bool]:
    """Return whether this supervisor knows somebody concerned, and whether they therefore leave it to others."""
    is_recused = access.is_recused(reader, conversation)
    return {"is_recused": is_recused, "is_barred": is_recused and procedures.is_barred(conversation, reader)}


def _who_may_ask(conversation: Conversation, reader: Agent, now: datetime) -> dict[str, Any]:
    """Return who may still ask for the identity of this person, by name for whoever may step in where that agent is."""
    asker = access.asker_of(conversation)
    is_near = asker is not None and asker.unit_id in access.reach_of(reader, now)
    return {
        "conversation": conversation,
        "asker": asker,
        "is_asker": asker == reader,
        "asker_name": asker.shown_name if asker is not None and is_near else "",
        "asker_unit": plain_text.plain(asker.unit.name) if asker is not None else "",
    }


def _given(request: HttpRequest, agent: Agent, given: Agent, person: Conversation) -> HttpResponse:
    """Lead a supervisor who took the person to the exchange, and another one back to the board."""
    if given.pk == agent.pk:
        return redirect("console:conversation", public_id=person.public_id)
    said = _("La personne est confiée à %(name)s, qui lit votre motif. C'est inscrit au registre.")
    messages.success(request, said % {"name": given.shown_name})
    return redirect("console:board")

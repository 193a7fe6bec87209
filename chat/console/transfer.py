"""These are the views for handing a conversation over, answering an offer, and ending a duty. They work without
JavaScript.

A conversation comes from `chat.access`, as its agent or as an agent to whom it was offered; otherwise 404.
"""

import uuid
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from chat import access
from chat.casework import colleague_questions
from chat.casework.notes_forms import QuestionForm
from chat.console import inbox
from chat.console.base import conversation_or_404, for_agents, screen
from chat.console.forms import PauseReason
from chat.conversations import actions
from chat.models import Agent, Conversation
from chat.rules.lifecycle import Availability
from chat.rules.transfer import Manner, Reason
from chat.transfer import actions as transfer_actions
from chat.transfer import queries as transfer_queries
from chat.transfer.forms import OfferForm, TransferForm


def _refusal(error: Exception) -> str:
    match error:
        case transfer_actions.NoRoom():
            return _("Ce collègue n'est plus disponible, ou n'a plus de place. Choisissez quelqu'un d'autre.")
        case transfer_actions.NobodyThere():
            return _(
                "Personne n'y est disponible : la personne attendrait pour rien. Choisissez un autre destinataire."
            )
        case transfer_actions.NoPlaceThere():
            return _(
                "Une procédure d'urgence est ouverte, et personne n'y a de place libre : la personne attendrait sans "
                "réponse. Choisissez un collègue, ou gardez l'échange."
            )
        case transfer_actions.OnlyGivenBack():
            return _(
                "Qui y est disponible a transféré cet échange et ne peut pas le reprendre. "
                "Choisissez un autre destinataire."
            )
        case transfer_actions.GivenBack():
            return _("Ce collègue a transféré cet échange et ne peut pas le reprendre. Choisissez quelqu'un d'autre.")
    return _("Un passage est déjà proposé pour cet échange. Retirez-le d'abord.")


REFUSALS = (
    transfer_actions.NoRoom,
    transfer_actions.NobodyThere,
    transfer_actions.NoPlaceThere,
    transfer_actions.GivenBack,
    transfer_actions.UnderWay,
)


@require_POST
@for_agents
def transfer(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Hand a conversation over at once, or propose it with a summary that the person reads first."""
    current = conversation_or_404(agent, public_id)
    form = transfer_queries.transfer_form(agent, timezone.now(), request.POST)
    if form.is_valid():
        try:
            return _transfer(request, agent, current, form)
        except REFUSALS as error:
            form.add_error("target", _refusal(error))
        except actions.ConversationClosed:
            current.refresh_from_db()
        except actions.NotYours as error:
            raise Http404 from error
    if not current.is_open:  # the form is no part of its page, which gives back the summary to be copied
        messages.error(request, _("L'échange est terminé : rien n'a changé."))
    return screen(request, agent, current, transfer=form)


def _transfer(request: HttpRequest, agent: Agent, current: Conversation, form: TransferForm) -> HttpResponse:
    data = form.cleaned_data
    asked = {"conversation_id": current.pk, "by": agent, "target": data["target"]}
    asked |= {"reason": data["reason"], "note": data["note"]}
    if data["manner"] == Manner.COLD:
        handover = transfer_actions.transfer_cold(**asked)
        if handover.taken_by:
            told = _("Passé à %(name)s. La personne le lit dans l'échange.")
            messages.success(request, told % {"name": handover.taken_by.among_colleagues})
        elif data["reason"] == Reason.IMPARTIALITY and not transfer_actions.is_anybody_there(agent, current):
            messages.error(  # it is done; the agent has to see it
                request,
                _(
                    "L'échange n'est plus à vous. Personne de disponible ne peut le prendre : appelez un collègue ou "
                    "un superviseur. La personne attend, et sa page dit qui appeler."
                ),
            )
        elif data["target"] == transfer_actions.queue_of(agent):
            messages.success(request, _("Remis dans la file, sans vous. « Passages » dira qui a pris l'échange."))
        else:
            told = _("Passé à %(name)s, par la file. « Passages » dira qui a pris l'échange.")
            messages.success(request, told % {"name": handover.to_name})
        return redirect("console:home")
    transfer_actions.propose_handover(**asked, summary=data["summary"])
    messages.success(request, _("Proposé. La personne relit le résumé ; continuez de répondre jusqu'à la réponse."))
    return redirect("console:conversation", public_id=current.public_id)


@require_POST
@for_agents
def withdraw(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Withdraw an offer, and keep the conversation."""
    current = conversation_or_404(agent, public_id)
    try:
        transfer_actions.withdraw_handover(conversation_id=current.pk, by=agent)
    except (transfer_actions.Over, actions.ConversationClosed):
        messages.error(request, _("Rien n'a changé : le passage était déjà fini."))
    except actions.NotYours as error:
        raise Http404 from error
    else:
        messages.success(request, _("Passage retiré. Vous gardez l'échange."))
    return redirect("console:conversation", public_id=public_id)


@require_GET
@for_agents
def handovers(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Show handed-over conversations with their summaries.

    With `?partie=offres` only the offers and their results, how many disclosure requests wait, and what `_open_lists`
    adds.
    """
    now = timezone.now()
    context = {"agent": agent, "offers": transfer_queries.read_offers(agent, now), "now": now}
    if request.GET.get("partie") == "offres":
        return render(request, "console/_news.html", context | _open_lists(request, agent, now))
    context |= {"is_supervisor": agent.user.is_supervisor, "handed": transfer_queries.handed_to(agent)}
    return render(request, "console/handovers.html", context)


def _open_lists(request: HttpRequest, agent: Agent, now: datetime) -> dict[str, object]:
    """Return who can be chosen now in the lists that are open: with `destinataires` to whom an exchange may be passed,
    with `demander` who may be asked about the exchange that it names, nobody for one that is not this agent's.

    Both are among the same colleagues: one query, and a row of some 80 bytes of each list for each colleague who is
    present (for « Passer » with 500 of them 33 ms of the processor instead of 11). « Demander » takes two queries more.
    """
    current = _asked_about(request, agent)
    if current is None and "destinataires" not in request.GET:
        return {}
    there = transfer_actions.colleagues_there(agent, now)
    lists: dict[str, object] = {}
    if "destinataires" in request.GET:
        lists["targets"] = transfer_queries.form_among(there, agent)
    if current is not None:
        recused = set(transfer_actions.recused_agents(current))
        lists["colleagues"] = QuestionForm(colleagues=colleague_questions.among(there, without=recused))
    return lists


def _asked_about(request: HttpRequest, agent: Agent) -> Conversation | None:
    """Return the exchange that `demander` names, if it goes on and is this agent's."""
    try:
        public_id = uuid.UUID(request.GET.get("demander", ""))
    except ValueError:
        return None
    found = access.as_assigned_agent(agent, public_id)
    return found if found is not None and found.is_open else None


@require_POST
@for_agents
def answer(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Accept a colleague's offer, or decline it with a reason.

    An offer that ran out, that was withdrawn or that was never theirs is answered alike, so that nothing is told of it.
    A reason that comes too late is given back, to be copied.
    """
    offer = access.as_offered(agent, public_id, timezone.now())
    if offer is None:
        return _tell_too_late(request, agent)
    form = OfferForm(request.POST)
    if "reason" in form.errors:
        return screen(request, agent, declining=(public_id, form))
    if not form.is_valid():
        errors = [str(error) for field in form.errors.values() for error in field]
        messages.error(request, errors[0])
        return redirect("console:home")
    try:
        if form.cleaned_data["answer"] == "accept":
            transfer_actions.accept_handover(handover_id=offer.pk, conversation_id=offer.conversation_id, by=agent)
            messages.success(request, _("L'échange est à vous. La personne lit qui lui répond."))
            return redirect("console:conversation", public_id=public_id)
        transfer_actions.decline_handover(
            handover_id=offer.pk,
            conversation_id=offer.conversation_id,
            by=agent,
            reason=form.cleaned_data["reason"],
        )
    except transfer_actions.Over:
        return _tell_too_late(request, agent)
    except transfer_actions.NoRoom:
        return screen(request, agent, no_room_for=public_id)  # at the offer, where the agent looks
    else:
        messages.success(request, _("Décliné. Votre collègue garde l'échange et lit pourquoi."))
    return redirect("console:home")


def _tell_too_late(request: HttpRequest, agent: Agent) -> HttpResponse:
    messages.error(request, _("Trop tard, ou proposé à quelqu'un d'autre : ce passage ne vous attend plus."))
    reason = request.POST.get("reason", "").strip()
    if request.POST.get("answer") == "decline" and reason:
        return screen(request, agent, unsent_refusal=reason)
    return redirect("console:home")


@require_http_methods(["GET", "HEAD", "POST"])
@for_agents
def end_duty(request: HttpRequest, agent: Agent) -> HttpResponse:
    """End a duty (« Je termine mon service »): each conversation is handed over, closed, or kept until its end.

    With `pause` the agent only pauses, so that nobody new comes while they decide.
    """
    now = timezone.now()
    if "pause" in request.POST:
        reason = str(PauseReason.OTHER.label)
        actions.set_availability(agent_id=agent.pk, availability=Availability.PAUSE, pause_reason=reason)
        return redirect("console:end_duty")
    own = inbox.open_entries(agent, now)
    if request.method == "POST":
        chosen = set(request.POST.getlist("reste"))
        stays_for = [entry.conversation.pk for entry in own if str(entry.conversation.public_id) in chosen]
        if not transfer_actions.end_duty(agent=agent, stays_for=stays_for):
            messages.success(request, _("Fin de service : aucune nouvelle personne ne vous sera confiée."))
            return redirect("console:home")
        return _hand_over_list(request, agent, now, chosen=chosen, is_error=True)
    return _hand_over_list(request, agent, now)


def _hand_over_list(
    request: HttpRequest, agent: Agent, now: datetime, *, chosen: set[str] | None = None, is_error: bool = False
) -> HttpResponse:
    passing = {one.conversation_id: one for one in transfer_queries.read_offers(agent, now).mine}
    rows = [
        (entry, passing.get(entry.conversation.pk), str(entry.conversation.public_id) in (chosen or set()))
        for entry in inbox.open_entries(agent, now)
    ]
    context = {
        "agent": agent,
        "is_supervisor": agent.user.is_supervisor,
        "rows": rows,
        "is_error": is_error,
        "people": transfer_actions.free_colleagues(agent, now),
    }
    return render(request, "console/end_duty.html", context)

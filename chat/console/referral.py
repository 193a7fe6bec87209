"""These are the agent's pages of transmissions: choosing a unit, proposing the summary to the person, and the agent's
list."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from chat import access
from chat.console import casework_panels
from chat.console.base import conversation_or_404, for_agents, screen
from chat.conversations import actions
from chat.journal import queries as journal_queries
from chat.models import Agent, Conversation
from chat.referral import actions as referral_actions
from chat.referral import queries as referral_queries
from chat.referral.forms import OfOneForm, TransmissionForm
from chat.rules.referral import State
from chat.rules.service_level import Measure
from chat.supervision import live_board, unread_referrals

# The order of an agent's list: what nobody has read, then what is under way; what is over comes last.
ORDER = [{State.SENT}, set(State) - {State.SENT, State.CLOSED, State.REFUSED, State.WITHDRAWN}]


@require_POST
@for_agents
def transmit(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Do what `act` says, and show again what was typed whenever nothing was done.

    « search » looks for a unit, « ask » proposes the summary to the person, « send » sends it in an emergency, and
    « withdraw » takes one back.
    """
    current = conversation_or_404(agent, public_id)
    act = request.POST.get("act", "")
    try:
        if act == "withdraw":
            return _withdraw(request, agent, current)
        if act in {"ask", "send"}:
            return _transmit(request, agent, current, without=act == "send")
    except actions.NotYours as error:
        raise Http404 from error
    written = {name: request.POST.get(name, "") for name in ("summary", "why")}
    return _again(request, agent, current, TransmissionForm(initial=written))


def _again(
    request: HttpRequest, agent: Agent, current: Conversation, form: TransmissionForm | None, problem: str = ""
) -> HttpResponse:
    panel = casework_panels.transmission_panel(
        current,
        facts=journal_queries.read_facts(current),
        form=form,
        typed=request.POST.get("q", ""),
        chosen=request.POST.get("point", ""),
        problem=problem,
    )
    return screen(request, agent, current, transmission=panel)


def _transmit(request: HttpRequest, agent: Agent, current: Conversation, *, without: bool) -> HttpResponse:
    form = TransmissionForm(request.POST, without=without)
    if not form.is_valid():
        return _again(request, agent, current, form)
    data = form.cleaned_data
    if without and casework_panels.has_noted_facts(data["summary"], current):
        # The text may have been begun before the exchange was urgent, and kept by the page or by the browser.
        form.add_error(
            "summary", _("Ce texte reprend des faits notés par la personne : sans son accord, aucun ne part. Ôtez-les.")
        )
        return _again(request, agent, current, form)
    given: dict[str, Any] = {
        "conversation_id": current.pk, "point_id": data["point"], "summary": data["summary"], "by": agent.user,
    }  # fmt: skip
    try:
        if without:
            referral_actions.send_without(**given, why=data["why"])
            done = _("Résumé transmis sans accord, en urgence. La personne est prévenue.")
        else:
            referral_actions.ask_consent(**given)
            done = _("Résumé proposé : il part dès que la personne dit oui.")
    except referral_actions.NoAccount:
        return _again(request, agent, current, form, _no_account())
    except referral_actions.NoSuchUnit:
        return _again(request, agent, current, form, _("Cette unité n'existe plus. Cherchez-en une autre."))
    except referral_actions.AlreadyAsked:
        return _again(
            request, agent, current, form, _("Un résumé attend déjà la réponse de la personne. Retirez-le d'abord.")
        )
    except referral_actions.AlreadyRunning:
        return _again(request, agent, current, form, _("Cette unité a déjà une transmission de cet échange, en cours."))
    except referral_actions.NotUrgent:
        return _again(
            request,
            agent,
            current,
            form,
            _("Sans urgence critique ni procédure d'urgence, l'accord de la personne est demandé."),
        )
    messages.success(request, done)
    return _back(current)


def _no_account() -> str:
    return _(
        "Cette unité n'a pas de compte : personne n'y lirait le résumé, rien n'est parti. Appelez-la, proposez un "
        "rendez-vous ou faites le document de l'échange."
    )


def _withdraw(request: HttpRequest, agent: Agent, current: Conversation) -> HttpResponse:
    form = OfOneForm(request.POST)
    try:
        if not form.is_valid():
            raise referral_actions.Settled
        referral_actions.withdraw_transmission(
            conversation_id=current.pk, public_id=form.cleaned_data["transmission"], by=agent.user
        )
    except referral_actions.Settled:
        return _again(
            request, agent, current, None, _("Rien n'a été retiré : la personne ou l'unité a répondu entre-temps.")
        )
    messages.success(request, _("Transmission retirée. La personne est prévenue."))
    return _back(current)


def _back(current: Conversation) -> HttpResponse:
    place = reverse("console:conversation", args=[current.public_id])
    return redirect(f"{place}#transmission-{current.public_id}")


@require_GET
@for_agents
def index(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Show the transmissions of the agent's own conversations, late ones first, closed ones last."""
    now = timezone.now()
    limit = live_board.limits()[Measure.UNREAD]
    own = access.transmitted_by(agent)
    context = {
        "agent": agent,
        "is_supervisor": agent.user.is_supervisor,
        "page": referral_queries.page_of(
            referral_queries.in_order(own, ORDER), request.GET.get("page", ""), now=now, limit=limit
        ),
        "late": referral_queries.count_late(own, now=now, limit=limit),
        "minutes": limit.limit,
    }
    return render(request, "console/transmissions.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_agents
def unread(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Show a supervisor the summaries that no unit has read in time, and withdraw one in place of its agent (POST).

    Nothing of a summary is shown. One that was read or withdrawn meanwhile is left as it is, which the page says.
    """
    if not agent.user.is_supervisor:
        raise PermissionDenied
    if request.method == "POST":
        form = OfOneForm(request.POST)
        try:
            if not form.is_valid():
                raise unread_referrals.NotUnread
            unread_referrals.withdraw(public_id=form.cleaned_data["transmission"], by=agent)
        except unread_referrals.NotUnread:
            messages.info(request, _("Ce résumé vient d'être lu ou retiré : rien n'a changé."))
        else:
            messages.success(request, _("Résumé retiré. La personne le lit à la page « Suites »."))
        return redirect("console:unread_referrals")
    limit = live_board.limits()[Measure.UNREAD]
    context = {
        "agent": agent,
        "is_supervisor": True,
        "unread": unread_referrals.read_unread(agent, timezone.now(), limit),
        "minutes": limit.limit,
    }
    return render(request, "console/unread_referrals.html", context)

"""This is the page by which an agent asks, from the console, for an identity disclosure (docs/adr/0032)."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from chat import access
from chat.console.base import for_agents
from chat.models import Agent
from common import kept_forms
from reports.openings import actions as opening_actions
from reports.openings.actions import Grounds
from reports.openings.forms import AskForm


@for_agents
def ask_opening(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Ask to have one sealed value of this report opened. The page does not know whether the person left anything.

    The exchange is the agent's, or nobody has it and it was theirs last (`access.in_hands_of`).
    """
    current = access.for_opening(agent, public_id)
    if current is None:
        raise Http404
    form = (
        AskForm(request.POST)
        if request.method == "POST"
        else AskForm(initial=kept_forms.restore(request, form="console:ask_opening", of=str(public_id)))
    )
    waiting = None
    if form.is_valid():
        data = form.cleaned_data
        grounds = Grounds(
            motive=data["motive"],
            legal_ground=data["legal_ground"],
            prosecutor_reference=data["prosecutor_reference"],
            prosecutor_on=data["prosecutor_on"].isoformat() if data["prosecutor_on"] else "",
        )
        try:
            opening = opening_actions.ask_opening(
                report=current.report,
                field=data["field"],
                grounds=grounds,
                is_urgent=data["is_urgent"],
                recipient=data["recipient"],
                by=agent.user,
            )
        except opening_actions.ReportGone:
            form.add_error(None, _("Ce signalement est plus ancien que le scellé : il n'y a rien à ouvrir."))
        except opening_actions.AskedAlready as error:
            waiting = error.request
            form.add_error("field", _("Une demande attend déjà. Pour la changer, retirez-la d'abord."))
        except opening_actions.TooMany as error:
            form.add_error(
                "field",
                _("Cet échange a déjà %(count)d demandes : celle-ci n'a pas été envoyée.") % {"count": error.most},
            )
        else:
            messages.success(request, _("Demande envoyée. Un superviseur doit maintenant la contresigner."))
            return redirect("openings:detail", opening.public_id)
    context = {"form": form, "conversation": current, "waiting": waiting}
    return render(request, "openings/ask.html", context)

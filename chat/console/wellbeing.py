"""These are the views by which agents look after themselves: pauses, their own weeks, a talk with the psychologist.

« Prendre soin de moi » shows each agent only their own data, because there is no key in its address.
"""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from chat import access
from chat.console.base import for_agents
from chat.conversations import pauses
from chat.models import Agent, Debrief
from chat.rules import workload
from chat.wellbeing import debriefs


class DebriefForm(forms.Form):
    """It is what an agent writes to the psychologist."""

    words = forms.CharField(
        max_length=debriefs.MAX_WORDS,
        required=False,
        error_messages={"max_length": gettext_lazy("Mille caractères au plus : le reste se dira de vive voix.")},
    )


@require_POST
@for_agents
def pause(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Answer the offer of a pause after a grave exchange: `minutes`, or none to be available at once."""
    minutes = request.POST.get("minutes", "")
    try:
        if minutes in map(str, pauses.pause_minutes()):
            taken = pauses.take_pause(agent_id=agent.pk, minutes=int(minutes))
            until = timezone.localtime(taken.pause_until)
            messages.success(request, _("En pause jusqu'à %(time)s.") % {"time": f"{until:%H:%M}"})
        else:
            pauses.decline_pause(agent_id=agent.pk)
            messages.success(request, _("Vous êtes de nouveau disponible."))
    except pauses.NoPause:
        messages.info(request, _("La pause était déjà finie."))
    return redirect("console:home")


@require_GET
@for_agents
def care(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Show the agent's own weeks, and their own request for a talk, whose answer counts as read then."""
    shown = debriefs.request_of(agent)
    page = _care(request, agent, shown)
    if shown is not None:
        debriefs.note_answer_seen(shown)  # after it is drawn, so that the mark on the way here stands once more
    return page


def _care(
    request: HttpRequest, agent: Agent, request_for_talk: Debrief | None, form: DebriefForm | None = None
) -> HttpResponse:
    now = timezone.now()
    context: dict[str, Any] = {
        "agent": agent,
        "is_supervisor": agent.user.is_supervisor,
        "weeks": workload.weeks(access.spells_of(agent, now), now),
        "debrief": request_for_talk,
        # After its hour the request is deleted when it is taken back, and the psychologist reads nothing.
        "tells_withdrawal": request_for_talk is not None and request_for_talk.is_ahead(now),
        "form": form or DebriefForm(),
        "max_words": debriefs.MAX_WORDS,
    }
    return render(request, "console/workload.html", context)


@require_POST
@for_agents
def debrief(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Ask the psychologist for a talk, or take the request back (`retirer`)."""
    if "retirer" in request.POST:
        if debriefs.withdraw_request(agent=agent):
            messages.success(request, _("Demande retirée. Le psychologue lit que ce moment n'a plus lieu."))
        else:
            messages.success(request, _("Demande retirée : il n'en reste rien."))
        return redirect("console:care")
    form = DebriefForm(request.POST)
    if not form.is_valid():
        return _care(request, agent, debriefs.request_of(agent), form)
    debriefs.ask_for_talk(agent=agent, words=form.cleaned_data["words"])
    messages.success(request, _("Demande envoyée au psychologue, et à personne d'autre."))
    return redirect("console:care")

"""This is the page of a group of look-alike arrivals: asking all of them for a word, and closing those that say
nothing.

No exchange is read; the page shows only what the queue shows (docs/adr/0074).
"""

import uuid

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from chat.console.base import for_agents
from chat.conversations import lookalikes
from chat.models import Agent


class GroupMotiveForm(forms.Form):
    """It is the motive for ending all of them, which the register records for each."""

    motive = forms.CharField(
        max_length=150,
        error_messages={
            "required": gettext_lazy("Écrivez pourquoi, sans rien de ce que disent les personnes."),
            "max_length": gettext_lazy("Le texte est trop long : %(limit_value)d caractères au plus."),
        },
    )


def _gone(request: HttpRequest) -> HttpResponse:
    """Redirect to the console from the page of a group that is over or unknown."""
    messages.info(request, _("Plus personne n'attend dans ce groupe."))
    return redirect("console:home")


def _nobody_closed(public_id: uuid.UUID) -> str:
    """Return the sentence for `lookalikes.TooSoon`: nobody was asked yet, or all who were asked stay for now."""
    if not any(one.asked for one in lookalikes.waiting_groups(timezone.now(), public_id=public_id)):
        return _("Personne n'a été terminé : demandez d'abord un mot, et laissez le temps de répondre.")
    return _(
        "Personne n'a été terminé : celles à qui un mot a été demandé ont encore le temps de répondre, ou restent dans "
        "la file pour ce qui est dit plus bas."
    )


def _page(request: HttpRequest, agent: Agent, public_id: uuid.UUID, form: forms.Form | None = None) -> HttpResponse:
    groups = lookalikes.waiting_groups(timezone.now(), public_id=public_id)
    if not groups:
        return _gone(request)
    context = {
        "agent": agent,
        "is_supervisor": agent.user.is_supervisor,
        "one": groups[0],
        "form": form or GroupMotiveForm(),
        "at_once": lookalikes.AT_ONCE,
        "answer_minutes": int(lookalikes.ANSWER_TIME.total_seconds() // 60),
    }
    return render(request, "console/lookalikes.html", context)


@require_GET
@for_agents
def group(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Show a group: how many, where, since when, and what was done."""
    return _page(request, agent, public_id)


@require_POST
@for_agents
def take(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Ask the members of a group for a word, at most `lookalikes.AT_ONCE` at once."""
    count = lookalikes.take_group(public_id=public_id, by=agent)
    if not lookalikes.waiting_groups(timezone.now(), public_id=public_id):
        return _gone(request)
    text = ngettext(
        "Un mot a été demandé à %(count)s personne. Qui répond reprend son tour.",
        "Un mot a été demandé à %(count)s personnes. Qui répond reprend son tour.",
        count,
    )
    messages.success(request, text % {"count": count})
    return redirect("console:lookalikes", public_id=public_id)


@require_POST
@for_agents
def close(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """End the exchanges of members who were asked and said nothing, at most `lookalikes.AT_ONCE` at once."""
    form = GroupMotiveForm(request.POST)
    if not form.is_valid():
        return _page(request, agent, public_id, form)
    try:
        count = lookalikes.close_group(public_id=public_id, by=agent, motive=form.cleaned_data["motive"])
    except lookalikes.TooSoon:
        form.add_error(None, _nobody_closed(public_id))
        return _page(request, agent, public_id, form)
    text = ngettext("%(count)s échange terminé.", "%(count)s échanges terminés ensemble.", count)
    messages.success(request, text % {"count": count})
    if lookalikes.waiting_groups(timezone.now(), public_id=public_id):
        return redirect("console:lookalikes", public_id=public_id)
    return redirect("console:home")

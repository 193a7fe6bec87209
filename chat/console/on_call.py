"""This is the page « Astreintes », for supervisors: who else decides for their units, until when, and what they
decided."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from chat.console.base import for_agents
from chat.decisions import deciders, on_call
from chat.models import Agent, OnCall
from common.dates import MomentField

MOMENT = "%Y-%m-%dT%H:%M"  # the format of <input type="datetime-local">


class OnCallForm(forms.ModelForm):
    """Names a supervisor of another unit for one of the user's own units, with times and a reason."""

    class Meta:
        model = OnCall
        fields = ("unit", "supervisor", "starts_at", "ends_at", "motive")

    def __init__(self, *args: Any, by: Agent, **options: Any) -> None:
        super().__init__(*args, **options)
        units = deciders.own_units(by.user)
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]
        people = on_call.may_be_named_for(units.filter(pk=by.unit_id)).exclude(pk=by.pk)
        self.fields["supervisor"].queryset = people  # type: ignore[attr-defined]
        self.fields["supervisor"].label_from_instance = lambda one: f"{one.shown_name} – {one.unit.name}"  # type: ignore[attr-defined]
        said = {
            "unit": gettext_lazy("Choisissez l'une de vos unités."),
            "supervisor": gettext_lazy("Choisissez un superviseur d'une autre unité."),
            "starts_at": gettext_lazy("Écrivez le début : une date et une heure."),
            "ends_at": gettext_lazy("Écrivez la fin : une date et une heure."),
            "motive": gettext_lazy("Écrivez pourquoi : vos collègues le liront."),
        }
        for name, words in said.items():
            self.fields[name].error_messages |= {"required": words, "invalid": words, "invalid_choice": words}
        for name in ("starts_at", "ends_at"):
            self.fields[name] = MomentField(
                label=self.fields[name].label,
                input_formats=[MOMENT, "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M"],
                widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT),
                error_messages=self.fields[name].error_messages,
            )


def _require_supervisor(agent: Agent) -> None:
    if not agent.user.is_supervisor:
        raise PermissionDenied


@require_http_methods(["GET", "HEAD", "POST"])
@for_agents
def index(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Show the on-call duties of the supervisor's units and their own; a POST names somebody."""
    _require_supervisor(agent)
    now = timezone.now()
    if request.method == "POST":
        form = OnCallForm(request.POST, by=agent)
        if form.is_valid():
            try:
                on_call.name(on_call=form.save(commit=False), by=agent.user)
            except on_call.NotAllowed as error:
                raise Http404 from error
            messages.success(request, _("Astreinte enregistrée. Elle est inscrite au registre."))
            return redirect("console:on_call")
    else:
        form = OnCallForm(initial={"unit": agent.unit_id, "starts_at": timezone.localtime(now)}, by=agent)
    duties = on_call.duties_of(agent, now)
    context = {"agent": agent, "is_supervisor": True, "now": now, "duties": duties, "form": form}
    return render(request, "console/on_call.html", context)


@require_POST
@for_agents
def end(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """End an on-call duty of one of the supervisor's units before its time."""
    _require_supervisor(agent)
    if on_call.end(public_id=public_id, by=agent.user) is None:
        raise Http404
    messages.success(request, _("Astreinte terminée. Ce qui a été décidé reste décidé."))
    return redirect("console:on_call")

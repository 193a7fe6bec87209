"""This is the psychologist's page « Écoute »: agents who wish to talk, and nothing of any conversation or figure.

The middleware checks role and second factor, and `chat.wellbeing.debriefs` checks the role again.
"""

import uuid
from datetime import timedelta

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from chat.models import Meeting
from chat.wellbeing import debriefs
from common.dates import MomentField

AHEAD = timedelta(days=60)


class AnswerForm(forms.Form):
    """It is the time of a talk, in Paris, and how it takes place."""

    meet_at = MomentField(
        error_messages={
            "required": gettext_lazy("Choisissez un jour et une heure."),
            "invalid": gettext_lazy("Écrivez un jour et une heure, par exemple 02/12/2026 14:00."),
        }
    )
    meet_how = forms.ChoiceField(
        choices=Meeting.choices, error_messages={"required": gettext_lazy("Choisissez comment vous vous parlez.")}
    )

    def clean_meet_at(self) -> object:
        meet_at = self.cleaned_data["meet_at"]
        now = timezone.now()
        if not now < meet_at < now + AHEAD:
            raise forms.ValidationError(_("Choisissez un moment à venir, dans les deux mois."))
        return meet_at


@require_GET
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """Show who has asked for a talk, and what was answered."""
    return _page(request)


def _page(request: HttpRequest, form: AnswerForm | None = None, of: uuid.UUID | None = None) -> HttpResponse:
    try:
        requests = debriefs.for_psychologist(request.user)
    except debriefs.NotForYou as error:
        raise PermissionDenied from error
    return render(
        request,
        "listening/index.html",
        {"requests": requests, "form": form or AnswerForm(), "error_of": of, "meetings": Meeting.choices},
    )


@require_POST
@login_required
def answer(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Answer with a time, or delete the request (`supprimer`)."""
    try:
        if "supprimer" in request.POST:
            debriefs.finish_request(public_id=public_id, by=request.user)
            messages.success(request, _("Demande supprimée : il n'en reste rien."))
            return redirect("listening:index")
        form = AnswerForm(request.POST)
        if not form.is_valid():
            return _page(request, form, public_id)
        try:
            debriefs.answer_request(public_id=public_id, by=request.user, **form.cleaned_data)
        except debriefs.Gone:
            messages.error(request, _("Rien n'a été proposé : cette demande a été retirée, ou sa fin est venue."))
            return redirect("listening:index")
    except debriefs.NotForYou as error:
        raise PermissionDenied from error
    except debriefs.Gone as error:
        raise Http404 from error
    messages.success(request, _("Réponse donnée : l'agent la lit dans sa console, lui seul."))
    return redirect("listening:index")

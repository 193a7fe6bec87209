"""This module takes what a person adds to their signalement while they wait or talk. It works without a script."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters

from chat import access, pubsub
from chat.models import Conversation
from chat.rules.lifecycle import Status
from chat.visitor import draft_session, tab_drafts
from chat.visitor.base import json_answer, manner_of, posts_only, wants_json, when_away, without_visit
from common import rate_limits
from reports import actions
from reports.forms import AddedForm

# How often a conversation may save in this time; each touch on a page with scripts is one save.
SAVES, SAVES_SECONDS = 60, 60
# The field of a page without scripts that says that its boxes go along, whichever of its buttons was pressed.
GO_ALONG = "boxes"


@sensitive_post_parameters("name", "contact")
@posts_only(back="chat:conversation")
@when_away
def add_to_report(request: HttpRequest) -> HttpResponse:
    """Keep what is ticked now in place of what was. A name or a way to be reached is sealed; an empty one is nothing.

    A script asks for JSON and stays on its page. Without one, what is being written (`body`) goes along. At most SAVES
    in SAVES_SECONDS for a conversation: three rows are written, whatever changed, and two values are sealed when they
    were given; its agent's page is told once.
    """
    current = access.as_reporter(request.session)
    if current is None:
        return json_answer({"error": "no_session"}, status=401) if wants_json(request) else without_visit(request)
    tab = tab_drafts.name_of_tab(request.POST.get("tab", ""))
    draft_session.keep_draft(request, current, request.POST.get("body"), tab=tab)
    if current.status == Status.CLOSED:
        return json_answer({"error": "closed"}, status=409) if wants_json(request) else redirect("chat:conversation")
    if rate_limits.is_over(f"facts:{current.public_id}", limit=SAVES, seconds=SAVES_SECONDS):
        return json_answer({"error": "too_many"}, status=429) if wants_json(request) else _back()
    manner = manner_of(request, current)
    voice = {name: manner[name] for name in ("familiar", "discreet")}
    form = AddedForm.of(current.report, request.POST, **voice)
    if not form.is_valid():
        return _refused(request, form, manner)
    try:
        is_changed = actions.add_to_report(report_id=current.report_id, **form.cleaned_data)
    except actions.IdentityNotSealed:
        is_changed = True  # something may have changed all the same
        form.tell_not_sealed(familiar=manner["familiar"])
    if is_changed:
        pubsub.state_changed(current.public_id)
    if form.errors:
        return _refused(request, form, manner)
    return json_answer({"kept": True}) if wants_json(request) else _back()


def keep_ticked(request: HttpRequest, current: Conversation) -> None:
    """Keep the boxes that a page without scripts sent with another of its buttons: « Envoyer », « Actualiser », a way
    out of the page.

    Nobody has to press « Enregistrer ce que j'ai coché » first. A form without boxes changes nothing, and so does one
    with answers that no box has, after the end, or beyond the same SAVES. `current.report` has them as well.
    """
    if GO_ALONG not in request.POST or current.status == Status.CLOSED:
        return
    if rate_limits.is_over(f"facts:{current.public_id}", limit=SAVES, seconds=SAVES_SECONDS):
        return
    form = AddedForm.of(current.report, request.POST, familiar=False)
    if not form.is_valid():
        return
    said = {name: form.cleaned_data[name] for name in AddedForm.TOUCHED}
    if actions.add_to_report(report_id=current.report_id, **said):
        for name, value in said.items():
            setattr(current.report, name, value)
        pubsub.state_changed(current.public_id)


def _refused(request: HttpRequest, form: AddedForm, manner: dict[str, Any]) -> HttpResponse:
    """Say beside each field what is wrong with it; to a script, in one word."""
    if wants_json(request):
        return json_answer({"error": "invalid"}, status=400)
    return render(request, "reports/add.html", {**manner, "form": form})


def _back() -> HttpResponse:
    return redirect(reverse("chat:conversation") + "#choix")

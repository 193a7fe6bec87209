"""This is the page of the signalement, on which a visit adds to its report, or files it if the way in has not
(`way_in`)."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from common import security_log
from common.security_log import Event
from locations.session import Choice
from reports import closures, proof_of_work, reporter_identity, way_in
from reports import texts as report_texts
from reports.forms import AddedForm, ReportForm, initial_from_triage
from reports.proof_of_work import PendingForm
from reports.visit import Visit, read_visit


def _to_triage(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Redirect to the orientation, with the reason."""
    if not visit.triage.assessment.is_finished:
        told = report_texts.QUESTIONS_FIRST_DISCREET if visit.triage.is_discreet else report_texts.QUESTIONS_FIRST
        messages.info(request, told.say(familiar=visit.familiar))
        return redirect("triage:start")
    messages.info(request, report_texts.DOOR_FIRST.say(familiar=visit.familiar))
    return redirect("triage:current_result")


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
def create(request: HttpRequest) -> HttpResponse:
    """File the signalement of this visit, once, then go to the chat."""
    visit = read_visit(request)
    if visit.report is not None and visit.has_ongoing_report:
        if request.method == "POST":
            return redirect("chat:conversation")
        added = AddedForm.of(visit.report, familiar=visit.familiar, discreet=visit.triage.is_discreet)
        return render(request, "reports/add.html", added_page(added, familiar=visit.familiar))
    way_in.forget_filed(request, visit)
    if not visit.triage.opens_chat:
        return _to_triage(request, visit)
    if closures.is_closed():
        return redirect("chat:conversation")
    place = way_in.place_of(visit)
    if place is None:
        messages.info(request, report_texts.PLACE_FIRST.say(familiar=visit.familiar))
        return redirect("locations:search")

    submission_id = way_in.submission_id(request)
    # A form of an earlier report that stayed open in a tab files nothing, and is shown again with what was ticked.
    is_stale = request.method == "POST" and request.POST.get("submission_id") != submission_id
    form = ReportForm(
        request.POST if request.method == "POST" else None,
        initial=initial_from_triage(visit.triage.answers, under=visit.triage.questionnaire),
        familiar=visit.familiar,
        discreet=visit.triage.is_discreet,
    )
    if request.method == "POST" and not is_stale and form.is_valid():
        if proof_of_work.is_asked_of(visit.triage.assessment, discreet=visit.triage.is_discreet):
            return way_in.put_off(request, visit, reporter_identity.set_aside(form.cleaned_data))
        return way_in.file(request, visit, form.cleaned_data)
    context = report_page(form, submission_id=submission_id, is_stale=is_stale, choice=place, familiar=visit.familiar)
    return render(request, "reports/create.html", context)


def report_page(
    form: ReportForm, *, submission_id: str, is_stale: bool, choice: Choice, familiar: bool
) -> dict[str, Any]:
    """Return the context of the page of the signalement. is_stale: whether the form of an earlier one was sent."""
    return {
        "form": form,
        "submission_id": submission_id,
        "is_stale": is_stale,
        "choice": choice,
        "familiar": familiar,
    }


def added_page(form: AddedForm, *, familiar: bool) -> dict[str, Any]:
    """Return the context of the page on which a visit adds to its report."""
    return {"form": form, "familiar": familiar}


@require_http_methods(["GET", "HEAD", "POST"])
def wait_or_work(request: HttpRequest) -> HttpResponse:
    """File a valid form during a raid once its work is done or its wait is over (`proof_of_work`).

    If something else has changed meanwhile (answers that do not lead to the chat any more, no place), the page of the
    form deals with it.
    """
    kept, visit = proof_of_work.pending_form(request), read_visit(request)
    is_complete = visit.triage.opens_chat and way_in.place_of(visit) is not None
    if kept is None or not is_complete or visit.has_ongoing_report or closures.is_closed():
        return redirect("reports:create")
    submission_id = way_in.submission_id(request)
    if request.method == "POST":
        is_free = not proof_of_work.is_asked_of(visit.triage.assessment, discreet=visit.triage.is_discreet)
        work = {name: request.POST.get(name, "") for name in ("token", "work")}
        if is_free or not kept.seconds_left or proof_of_work.is_solved(**work, submission_id=submission_id):
            return way_in.file_kept(request, visit, kept.fields)
        if work["work"]:  # without it the person only came back before the wait was over
            security_log.log(Event.WORK_REFUSED)
    token, bits = proof_of_work.make_challenge(submission_id)
    context = effort_page(kept, token=token, bits=bits, familiar=visit.familiar)
    return render(request, "reports/effort.html", context)


def effort_page(kept: PendingForm, *, token: str, bits: int, familiar: bool) -> dict[str, Any]:
    """Return the context of the page of a short wait. kept: the form that waits. bits: the difficulty of the work."""
    return {"kept": kept, "token": token, "bits": bits, "familiar": familiar}

"""The signalement: what is asked between the point d'accueil and the chat."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

import locations.session
import triage.session
from common import network_limits, rate_limits, security_log
from common.client_address import connection_of, networks_of
from common.security_log import Event
from common.service_settings import definitions, values
from locations.session import Choice
from reports import actions, proof_of_work, reporter_identity, session
from reports import texts as report_texts
from reports.forms import ReportForm, initial_from_triage
from reports.models import Report
from triage import rules
from triage.rules import Assessment

_SUBMISSION_KEY = "reports.submission"


def _is_ongoing(report: Report) -> bool:
    """Whether a conversation waits or goes on for this report. One that the chat has not opened yet counts."""
    conversation = getattr(report, "conversation", None)
    return conversation is None or conversation.is_open


def _submission_id(request: HttpRequest) -> str:
    """The id of the form of this visit: the same until its report is over, so that two tabs send one report."""
    if _SUBMISSION_KEY not in request.session:
        request.session[_SUBMISSION_KEY] = str(uuid.uuid4())
    return request.session[_SUBMISSION_KEY]


def _to_triage(request: HttpRequest, assessment: Assessment | None) -> HttpResponse:
    """Back to the orientation, saying why."""
    if assessment is None:
        messages.info(request, report_texts.QUESTIONS_FIRST.say())
    else:
        messages.info(request, report_texts.DOOR_FIRST.say(familiar=assessment.voice.familiar))
    return redirect("triage:start" if assessment is None else "triage:current_result")


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """File the signalement of this visit, once, then go to the chat."""
    report = session.current_report(request)
    if report is not None:
        if _is_ongoing(report):
            if request.method == "POST":
                return redirect("chat:conversation")
            familiar = triage.session.voice(request).familiar
            return render(request, "reports/already.html", {"familiar": familiar})
        if request.session.get(_SUBMISSION_KEY) == str(report.submission_id):
            del request.session[_SUBMISSION_KEY]

    assessment = triage.session.assessment(request)
    if assessment is None or not (assessment.opens_chat or triage.session.wants_chat_anyway(request)):
        return _to_triage(request, assessment)
    familiar = assessment.voice.familiar
    choice = locations.session.current_choice(request)
    if choice is None:
        messages.info(request, report_texts.PLACE_FIRST.say(familiar=familiar))
        return redirect("locations:search")

    answers = triage.session.answers(request)
    submission_id = _submission_id(request)
    # A form of an earlier report, kept open in a tab, files nothing: it is shown again with what was ticked.
    is_stale = request.method == "POST" and request.POST.get("submission_id") != submission_id
    form = ReportForm(
        request.POST if request.method == "POST" else None,
        initial=initial_from_triage(answers, under=triage.session.questionnaire(request)),
        familiar=familiar,
    )
    if request.method == "POST" and not is_stale and form.is_valid():
        if proof_of_work.is_asked_of(assessment, discreet=triage.session.is_discreet(request)):
            security_log.log(Event.WORK_ASKED)
            proof_of_work.keep_form(request, reporter_identity.set_aside(form.cleaned_data), assessment)
            return redirect("reports:effort")
        return _file(request, form.cleaned_data, assessment, choice)
    context = {
        "form": form,
        "submission_id": submission_id,
        "is_stale": is_stale,
        "choice": choice,
        "familiar": familiar,
    }
    return render(request, "reports/create.html", context)


def _file(request: HttpRequest, fields: dict[str, Any], assessment: Assessment, choice: Choice) -> HttpResponse:
    """The signalement is filed: on to the chat."""
    report = actions.file_report(
        submission_id=uuid.UUID(_submission_id(request)),
        answers=rules.on_path(triage.session.answers(request), under=triage.session.questionnaire(request)),
        assessment=assessment,
        choice=choice,
        discreet=triage.session.is_discreet(request),
        is_crowded=_is_crowded(request),
        connection=connection_of(request),
        **fields,
    )
    proof_of_work.forget_form(request)
    proof_of_work.count_filed()
    session.remember(request, report)
    return redirect("chat:conversation")


@require_http_methods(["GET", "HEAD", "POST"])
def wait_or_work(request: HttpRequest) -> HttpResponse:
    """During a raid: a valid form goes on when its work is done, or a moment later. See `proof_of_work`.

    Whatever else changed meanwhile (another answer, no more point d'accueil) is settled where the form is.
    """
    kept = proof_of_work.pending_form(request)
    assessment, choice = triage.session.assessment(request), locations.session.current_choice(request)
    report = session.current_report(request)
    if kept is None or assessment is None or choice is None or (report is not None and _is_ongoing(report)):
        return redirect("reports:create")
    submission_id = _submission_id(request)
    if request.method == "POST":
        is_free = not proof_of_work.is_asked_of(assessment, discreet=triage.session.is_discreet(request))
        work = {name: request.POST.get(name, "") for name in ("token", "work")}
        if is_free or not kept.seconds_left or proof_of_work.is_solved(**work, submission_id=submission_id):
            return _file(request, kept.fields, assessment, choice)
        if work["work"]:  # who has none only came back before the wait was over
            security_log.log(Event.WORK_REFUSED)
    token, bits = proof_of_work.make_challenge(submission_id)
    context = {"kept": kept, "token": token, "bits": bits, "familiar": assessment.voice.familiar}
    return render(request, "reports/effort.html", context)


def _is_crowded(request: HttpRequest) -> bool:
    """Whether this network has filed more in the hour than people would; behind one address there may be a school.

    Nobody is refused, and no urgency is lowered: see `actions.file_report`.
    """
    most = values.get(definitions.REPORTS_MOST)
    is_over = network_limits.count(network_limits.REPORTS, networks_of(request), most=most).is_over
    if is_over:
        rate_limits.tell_reached("report")
    return is_over

"""This module finds the next page of a visit on its way to the chat, and files its report as soon as nothing is
missing.

Nobody fills a form before they wait. Once safety, what happens and the place are known, one POST files the report, with
the answers of the triage, and leads to the queue. Whatever the person can add is asked while they wait (docs/adr/0065).
"""

import uuid
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from common import network_limits, rate_limits, security_log
from common.client_address import connection_of, networks_of
from common.encryption import UnsealError
from common.kept_values import known_to
from common.security_log import Event
from common.service_settings import definitions, values
from locations.session import Choice
from reports import actions, closures, proof_of_work, session
from reports import texts as report_texts
from reports.forms import initial_from_triage
from reports.visit import Visit, read_visit
from triage import onward
from triage.rules import Urgency

# How many people of one network who say that they are in danger have their ordinary place in an hour. It is the lowest
# value that the setting for all reports of a network may have; on an ordinary day the whole country files seventy
# (docs/adr/0035).
DANGERS_MOST = 20
# Where a life may be at stake, nobody is asked for a town first. The agent asks, or does without.
NOWHERE = Choice(postal_code="", municipality=None, reception_point=None, is_nearest=False)


def go_on(request: HttpRequest) -> HttpResponse:
    """Lead to the next page of this visit. A POST to which nothing is missing files the report, once.

    It is called through `common.way_in`. While the chat is closed nothing is filed (`closures`). Costs what
    `read_visit` reads, and the filing.
    """
    visit = read_visit(request)
    if visit.has_ongoing_report:
        return redirect("chat:conversation")
    if visit.triage.opens_chat and closures.is_closed():
        return redirect("chat:conversation")  # that page says that the chat is closed, and what to do meanwhile
    if not visit.triage.opens_chat:
        return onward.to_where_it_stands(request)
    if place_of(visit) is None:
        if visit.is_searching:  # what was typed on the home page names several places
            return redirect("locations:results")
        messages.info(request, report_texts.PLACE_FIRST.say(familiar=visit.familiar))
        return redirect("locations:search")
    if request.method != "POST":
        return redirect("reports:create")
    forget_filed(request, visit)
    fields = initial_from_triage(visit.triage.answers, under=visit.triage.questionnaire)
    if proof_of_work.is_asked_of(visit.triage.assessment, discreet=visit.triage.is_discreet):
        return put_off(request, visit, fields)
    return file(request, visit, fields)


def prepare(request: HttpRequest) -> None:
    """Draw the submission id of this visit's report, if it has none. It is called through `common.way_in`.

    It is called with each answer, so at least one request before the one that files: safety is answered first, and its
    answer files nothing. Both requests of a double press on the last answer then find the same id, and file one report.
    """
    submission_id(request)


def filed_answers(request: HttpRequest) -> tuple[dict[str, str], str]:
    """Return the answers of this visit's report, and their version. It is called through `common.way_in`."""
    report = session.report_to_speak_to(request)
    if report is None:
        return {}, ""
    try:
        return report.triage_answers(), report.triage_version
    except UnsealError:
        return {}, ""


def is_place_told(request: HttpRequest) -> bool:
    """Return whether the exchange of this visit has the place of the visit. It is called through `common.way_in`."""
    visit = read_visit(request)
    if visit.report is None or visit.choice is None:
        return False
    return actions.has_place(visit.report, visit.choice)


def place_of(visit: Visit) -> Choice | None:
    """Return the place of this visit; None when it has to be asked for."""
    if visit.choice is None and visit.triage.assessment.urgency == Urgency.CRITICAL:
        return NOWHERE
    return visit.choice


def submission_id(request: HttpRequest) -> str:
    """Return the submission id of this visit's report: the same until that is over, so that two tabs file one."""
    if session.SUBMISSION not in request.session:
        request.session[session.SUBMISSION] = str(uuid.uuid4())
    return request.session[session.SUBMISSION]


def forget_filed(request: HttpRequest, visit: Visit) -> None:
    """Forget the submission id of a report that was filed already, so that the next one is another report.

    `session.remember` has drawn the next id by then. The id of a filed report is found only in a session that a process
    of the version before wrote.
    """
    if visit.report is not None and request.session.get(session.SUBMISSION) == str(visit.report.submission_id):
        del request.session[session.SUBMISSION]


def put_off(request: HttpRequest, visit: Visit, fields: dict[str, Any]) -> HttpResponse:
    """Keep the form and lead to the page that computes a proof of work or waits, during a raid (`proof_of_work`)."""
    security_log.log(Event.WORK_ASKED)
    proof_of_work.keep_form(request, fields, visit.urgency_for(fields["age_band"]))
    return redirect("reports:effort")


def file_kept(request: HttpRequest, visit: Visit, fields: dict[str, Any]) -> HttpResponse:
    """File a form that waited in the session.

    Fields that this version does not know, because a process of a later version kept the form, are left out.
    """
    return file(request, visit, known_to(actions.file_report, fields))


def file(request: HttpRequest, visit: Visit, fields: dict[str, Any]) -> HttpResponse:
    """File the report of this visit, and lead to the chat, which opens the conversation.

    fields: those of `ReportForm`, or of `initial_from_triage` for a person who filled no form.
    """
    report = actions.file_report(
        replace(visit, choice=place_of(visit)),
        submission_id=uuid.UUID(submission_id(request)),
        is_crowded=_is_crowded(request, visit.triage.assessment.urgency),
        connection=connection_of(request),
        **fields,
    )
    proof_of_work.forget_form(request)
    proof_of_work.count_filed()
    session.remember(request, report)
    return redirect("chat:conversation")


def _is_crowded(request: HttpRequest, urgency: Urgency) -> bool:
    """Return whether this network has filed more reports in the hour than people behind one address, a school, would.

    Reports with the highest urgency are also counted by themselves, with a lower limit, because each of them would
    stand before somebody else's danger. Nobody is refused, and no urgency is lowered (`actions.file_report`).
    """
    networks = networks_of(request)
    most = values.get(definitions.REPORTS_MOST)
    is_over = network_limits.count(network_limits.REPORTS, networks, most=most).is_over
    if not is_over and urgency == Urgency.CRITICAL:
        is_over = network_limits.count(network_limits.DANGERS, networks, most=DANGERS_MOST).is_over
    if is_over:
        rate_limits.tell_reached("report")
    return is_over

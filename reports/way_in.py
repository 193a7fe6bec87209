"""Says what a visit still lacks on its way to the chat, and files its signalement when it lacks nothing.

Nobody fills a form before they wait: once safety, what happens and the place are known, one POST files the signalement,
with what the orientation heard, and leads to the queue. What the person adds while waiting is asked there.
"""

import uuid
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from common import network_limits, rate_limits, security_log
from common.client_address import connection_of, networks_of
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

_SUBMISSION_KEY = "reports.submission"
# Of one network in an hour: how many of those who say danger have their ordinary place. The fewest that a house may set
# for all reports of a network, whatever it sets; in an ordinary day the whole country files seventy (docs/adr/0035).
DANGERS_MOST = 20
# Where a life may be at stake nobody is asked for a town first: the agent asks, or does without.
NOWHERE = Choice(postal_code="", municipality=None, reception_point=None, is_nearest=False)


def go_on(request: HttpRequest) -> HttpResponse:
    """The next page of this visit; a POST that lacks nothing files the signalement, once. See `common.way_in`.

    While the chat is closed nothing is filed: see `closures`.

    Costs what `read_visit` reads, and the filing: a few statements, within the limits of `is_crowded`.
    """
    visit = read_visit(request)
    if visit.has_ongoing_report:
        return redirect("chat:conversation")
    if visit.triage.opens_chat and closures.is_closed():
        return redirect("chat:conversation")  # which says so, with what to do meanwhile
    if not visit.triage.opens_chat:
        return onward.to_where_it_stands(request)
    if place_of(visit) is None:
        if visit.is_searching:  # what was typed at the door names several places
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


def place_of(visit: Visit) -> Choice | None:
    """Return where the chat is for; None when that has yet to be asked."""
    if visit.choice is None and visit.triage.assessment.urgency == Urgency.CRITICAL:
        return NOWHERE
    return visit.choice


def submission_id(request: HttpRequest) -> str:
    """Return the id of the signalement of this visit: the same until its report is over, so that two tabs send one
    report."""
    if _SUBMISSION_KEY not in request.session:
        request.session[_SUBMISSION_KEY] = str(uuid.uuid4())
    return request.session[_SUBMISSION_KEY]


def forget_filed(request: HttpRequest, visit: Visit) -> None:
    """Let go of the id of a signalement whose exchange is over: what comes now is another one."""
    if visit.report is not None and request.session.get(_SUBMISSION_KEY) == str(visit.report.submission_id):
        del request.session[_SUBMISSION_KEY]


def put_off(request: HttpRequest, visit: Visit, fields: dict[str, Any]) -> HttpResponse:
    """During a raid: to the page that works or waits. See `proof_of_work`."""
    security_log.log(Event.WORK_ASKED)
    proof_of_work.keep_form(request, fields, visit.triage.assessment)
    return redirect("reports:effort")


def file_kept(request: HttpRequest, visit: Visit, fields: dict[str, Any]) -> HttpResponse:
    """The same of a form that waited in the session: an answer that only the version after asks for is left out where a
    process of this version finishes the form."""
    return file(request, visit, known_to(actions.file_report, fields))


def file(request: HttpRequest, visit: Visit, fields: dict[str, Any]) -> HttpResponse:
    """File the signalement of this visit, then on to the chat, which opens the conversation. fields: of `ReportForm`,
    or of `initial_from_triage` for who filled none."""
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
    """Say whether this network has filed more in the hour than people would; behind one address there may be a school.

    Those who say danger, which is `urgency` at its highest, are counted apart too, and are many sooner: so many of one
    network stand before somebody else's danger. Nobody is refused, and no urgency is lowered: see
    `actions.file_report`.
    """
    networks = networks_of(request)
    most = values.get(definitions.REPORTS_MOST)
    is_over = network_limits.count(network_limits.REPORTS, networks, most=most).is_over
    if not is_over and urgency == Urgency.CRITICAL:
        is_over = network_limits.count(network_limits.DANGERS, networks, most=DANGERS_MOST).is_over
    if is_over:
        rate_limits.tell_reached("report")
    return is_over

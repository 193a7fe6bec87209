"""The report of this visit, in its own place of the session."""

from django.http import HttpRequest

from reports.models import Report

KEY = "reports.report"
DISCREET = "reports.discreet"
GENERATION = "reports.generation"


def remember(request: HttpRequest, report: Report) -> None:
    """Tie this visit to a report.

    The session keeps its key. Changing it here would delete the old one, and a double click sends the second request
    with the old cookie: that person would land outside, without their report.
    """
    request.session[KEY] = str(report.public_id)
    request.session[DISCREET] = report.discreet
    request.session[GENERATION] = report.visit_generation


def forget(request: HttpRequest) -> None:
    request.session.pop(KEY, None)
    request.session.pop(DISCREET, None)
    request.session.pop(GENERATION, None)


def is_discreet(request: HttpRequest) -> bool:
    """Whether this visit's report asked for discretion: it does on another device too, after a code de reprise."""
    return bool(request.session.get(DISCREET, False))


def current_report(request: HttpRequest) -> Report | None:
    """The report of this visit with its place, or None."""
    public_id = request.session.get(KEY)
    if public_id is None:
        return None
    reports = Report.objects.select_related("municipality", "reception_point")
    generation = request.session.get(GENERATION, 0)
    return reports.filter(public_id=public_id, visit_generation=generation).first()

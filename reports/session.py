"""Stores in the session which report this visit has filed."""

import uuid
from functools import cache
from typing import LiteralString

from django.contrib.auth import SESSION_KEY
from django.db.models import QuerySet
from django.http import HttpRequest

import locations.session
import triage.session
from common.sql import build_objects, columns_of, fetch_rows
from reports.form_of_address import speaks_tu
from reports.models import ErasureRequest, Report

KEY = "reports.report"
DISCREET = "reports.discreet"
GENERATION = "reports.generation"
ENDED = "reports.ended"
REQUEST = "reports.erasure"
FAMILIAR = "reports.familiar"
LAST_CODE = "reports.last_code"
SUBMISSION = "reports.submission"
PREFIX = "reports."
_READ = "_report_read"
OF_A_VISIT = {triage.session.KEY, locations.session.KEY}


def remember(request: HttpRequest, report: Report) -> None:
    """Tie this visit to a report.

    The key of the session is not changed. That would delete the old session, and the second request of a double click,
    which has the old cookie, would be without the report.

    The submission id of the next report is drawn here, one request before it can be filed (`way_in.prepare`).
    """
    request.session[KEY] = str(report.public_id)
    request.session[DISCREET] = report.discreet
    request.session[GENERATION] = report.visit_generation
    request.session.pop(ENDED, None)
    request.session[SUBMISSION] = str(uuid.uuid4())
    return_to_own(request)


def come_back(request: HttpRequest, report: Report) -> None:
    """Tie this visit to the report that a code opens.

    What another report left here is forgotten, because its answers, its place or its form would be taken for those of
    this one. That somebody may see the screen is not: it is kept with the report (`chat.conversations.resume`).
    """
    if request.session.get(KEY) != str(report.public_id):
        forget_visit(request)
    remember(request, report)


def forget(request: HttpRequest) -> None:
    """Forget which report this visit filed; the rest of the visit is kept."""
    request.session.pop(KEY, None)
    request.session.pop(DISCREET, None)
    request.session.pop(GENERATION, None)


def forget_visit(request: HttpRequest) -> None:
    """Forget the report, the orientation and the place of this visit. Everything else in the session is kept."""
    for key in list(request.session.keys()):
        if key in OF_A_VISIT or key.startswith(PREFIX):
            del request.session[key]


def end(request: HttpRequest) -> None:
    """Forget this visit with its answers and its place, because somebody else may hold the device now.

    The session keeps that a visit ended here, and whether titles have to stay neutral. The session of an account goes
    on without the visit, so that nobody else can sign it out.
    """
    if SESSION_KEY in request.session:
        forget_visit(request)
        return
    discreet = is_discreet(request)
    request.session.flush()
    request.session[ENDED] = True
    request.session[DISCREET] = discreet


def has_ended(request: HttpRequest) -> bool:
    """Return whether this browser's visit was ended from another device, and none has begun since."""
    return bool(request.session.get(ENDED, False))


def remember_code(request: HttpRequest, report: Report, *, opens: str) -> None:
    """Remember whose code was typed last in this visit, and how to speak to them, where a code opens part of a report.

    opens: what the code is a key to, by a name of the page that it opens. Discreet mode stays once it is on.
    """
    request.session[LAST_CODE] = opens
    request.session[FAMILIAR] = speaks_tu(report)
    request.session[DISCREET] = is_discreet(request) or triage.session.is_discreet(request) or report.discreet


def opens_last(request: HttpRequest, opens: str) -> bool:
    """Return whether the code that was typed last opens this, and the visit has not gone back to its own exchange."""
    return request.session.get(LAST_CODE) == opens


def return_to_own(request: HttpRequest) -> None:
    """Let what belongs to this visit's own report come first again, before what a code opened."""
    request.session.pop(LAST_CODE, None)


def is_familiar_by_code(request: HttpRequest) -> bool:
    """Return whether to say *tu* to whoever typed a code in this visit, by the report that it opened a part of."""
    return bool(request.session.get(FAMILIAR, False))


def remember_request(request: HttpRequest, erasure: ErasureRequest) -> None:
    """Allow this visit to read the answer to a request for erasure, and nothing of the report."""
    request.session[REQUEST] = erasure.pk


def current_request(request: HttpRequest) -> ErasureRequest | None:
    """Return the erasure request whose words were typed in this visit, with its report; None if there is none left."""
    pk = request.session.get(REQUEST)
    return None if pk is None else ErasureRequest.objects.select_related("report").filter(pk=pk).first()


def is_discreet(request: HttpRequest) -> bool:
    """Return whether this visit's report is in discreet mode, as it is on another device after a resume code too."""
    return bool(request.session.get(DISCREET, False))


def current_report(request: HttpRequest) -> Report | None:
    """Return the report of this visit with its place; None if there is none."""
    if request.session.get(KEY) is None:
        return None
    return _own(request).select_related("municipality", "reception_point").first()


@cache
def _report_statement() -> LiteralString:
    columns = columns_of(Report, "r")
    return f"SELECT {columns} FROM reports_report r WHERE r.public_id = %s AND r.visit_generation = %s"  # noqa: S608  our own columns


def keep_read(request: HttpRequest, report: Report) -> None:
    """Keep, for the rest of this request, the report that was read to know where its visit stands."""
    request.__dict__[_READ] = (*_named(request), report)


def _named(request: HttpRequest) -> tuple[str | None, int]:
    return request.session.get(KEY), request.session.get(GENERATION, 0)


def report_to_speak_to(request: HttpRequest) -> Report | None:
    """Return the report of this visit, to know how to speak to its person, for every page; None if there is none.

    It is the one of `keep_read`, if this is still its visit, with the fields that `speaks_tu` needs at least. Otherwise
    it is read by a prepared statement.
    """
    public_id, generation = _named(request)
    if public_id is None:
        return None
    *named, report = request.__dict__.get(_READ, (None, 0, None))
    if named == [public_id, generation]:
        return report
    rows = fetch_rows(_report_statement(), [public_id, generation])
    return build_objects([Report], rows[0])[0] if rows else None


def _own(request: HttpRequest) -> QuerySet[Report]:
    generation = request.session.get(GENERATION, 0)
    return Report.objects.filter(public_id=request.session[KEY], visit_generation=generation)

"""These are actions on reports: filing one, and freezing or erasing what is kept of it."""

import json
import logging
from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from common import encryption
from common.client_address import Connection
from common.data_keys import keys as data_keys
from common.database_errors import describe_error
from common.texts import languages
from locations.session import Choice
from reports import reporter_identity
from reports.audit import log as audit_log
from reports.deciders import Title, get_deciders
from reports.models import AccessKind, AgeBand, ErasureRequest, Freeze, Motive, Report, ReporterRole
from reports.reporter_identity import Aside
from reports.retention import deletion
from reports.visit import Visit

logger = logging.getLogger(__name__)


class IncompleteVisit(Exception):
    """A question of the triage has no answer yet, or no place is chosen, so that no report can be filed."""


@transaction.atomic
def file_report(
    visit: Visit,
    *,
    submission_id: UUID,
    role: str = ReporterRole.VICTIM,
    age_band: str = AgeBand.UNKNOWN,
    facts: Collection[str] = (),
    platforms: Collection[str] = (),
    since: str = "",
    expectations: Collection[str] = (),
    is_crowded: bool = False,
    name: str = "",
    contact: str = "",
    connection: Connection = Connection("", ""),  # noqa: B008  nobody can change it
    set_aside: Aside | None = None,
) -> Report:
    """File the report (signalement) of a visit, once.

    visit: gives the answers (stored encrypted), their assessment, the discreet mode and the reception point, from which
    the zone (police or gendarmerie) follows.
    submission_id: made with the form. The same id again returns the first report, unchanged.
    role, age_band, facts, platforms, since, expectations: what the form says; none of it is required.
    is_crowded: whether its network has filed more reports in the hour than one household or school would. The report
    keeps its urgency, which may be true; the queue bounds how many such reports agents get (`assignment.share_of`).
    name, contact: what the person chose to leave; "" for nothing. connection: where the form comes from. All three are
    sealed here and stored nowhere else.
    set_aside: name and contact as `reporter_identity.set_aside` sealed them, when the form could not be filed at once.
    Raises IncompleteVisit, and sealing.TextRefused when a text is longer than TEXT_MAX_BYTES.
    """
    assessment, choice = visit.triage.assessment, visit.choice
    if not assessment.is_finished or choice is None:
        raise IncompleteVisit
    answers = json.dumps(visit.triage.answers_on_path)
    data_key = cache(_new_data_key)  # a key is made once, and only when the report does not exist yet
    when_created: dict[str, Any] = {
        "data_key": data_key,
        "data_key_since": lambda: timezone.now() if data_key() else None,
        "identity_key_since": lambda: timezone.now() if data_key() and reporter_identity.may_be_keyed() else None,
        "triage_answers_sealed": lambda: encryption.seal(
            answers, context=f"report:{submission_id}", data_key=data_key()
        ),
    }
    report, created = Report.objects.get_or_create(
        submission_id=submission_id,
        defaults={
            "public_id": UUID(set_aside["report"]) if set_aside else uuid4(),
            "role": role,
            **AgeBand.as_stored(age_band),
            "facts": list(facts),
            "platforms": list(platforms),
            "since": since,
            "expectations": list(expectations),
            "triage_version": assessment.version,
            **when_created,
            "outcome": assessment.outcome,
            "urgency": visit.urgency_for(age_band),
            "is_crowded": is_crowded,
            "discreet": visit.triage.is_discreet,
            "language": languages.current(),
            **place_fields(choice),
        },
    )
    if created:
        reporter_identity.seal_identity(report, name=name, contact=contact, connection=connection, aside=set_aside)
    return report


def place_fields(choice: Choice) -> dict[str, Any]:
    """Return the columns of a report that say where its person is, and who answers there."""
    return {
        "postal_code": choice.postal_code,
        "municipality_id": choice.municipality.pk if choice.municipality else None,
        "reception_point_id": choice.reception_point.pk if choice.reception_point else None,
        "force": choice.force or "",
        "is_nearest": choice.is_nearest or choice.is_guessed,
    }


def has_place(report: Report, choice: Choice) -> bool:
    """Return whether the report says of its place what this choice says."""
    return all(getattr(report, name) == value for name, value in place_fields(choice).items())


@transaction.atomic
def change_place(*, report_id: int, choice: Choice) -> bool:
    """Give a report another place, in the same columns in clear. Return whether that changed anything.

    What was said of the former place stays where it was said: in messages, and in summaries that a unit has received.
    Locks the report. Raises Gone.
    """
    report = _hold(report_id)
    if has_place(report, choice):
        return False
    fields = place_fields(choice)
    for name, value in fields.items():
        setattr(report, name, value)
    report.save(update_fields=list(fields))
    return True


def _new_data_key() -> UUID | None:
    return data_keys.make()[0] if data_keys.may_be_made() else None


class IdentityNotSealed(Exception):
    """The data key of the exchange cannot be used, so nothing was sealed. Choices ticked in the same form are saved."""


def add_to_report(
    *,
    report_id: int,
    facts: Collection[str],
    platforms: Collection[str],
    since: str,
    expectations: Collection[str],
    name: str = "",
    contact: str = "",
) -> bool:
    """Save what the person adds to their report while they wait, in place of the former choices.

    Returns whether a choice changed. name, contact: sealed in place of the former value; "" changes nothing. The
    report's row and both sealed values are written each time, in one transaction, so that no row tells what was given.
    Locks the report. Raises Gone; sealing.TextRefused when a text is longer than TEXT_MAX_BYTES, and then nothing is
    saved; IdentityNotSealed when one was given, and then the choices are saved.
    """
    is_sealed = True
    with transaction.atomic():
        report = _hold(report_id)
        said = {"facts": list(facts), "platforms": list(platforms), "since": since, "expectations": list(expectations)}
        is_changed = any(getattr(report, field) != value for field, value in said.items())
        for field, value in said.items():
            setattr(report, field, value)
        report.save(update_fields=list(said))
        try:
            reporter_identity.replace_identity(report, name=name, contact=contact)
        except encryption.UnsealError as error:  # it was raised before anything was written
            logger.error("report: what is under seal was not sealed again (%s)", describe_error(error))
            is_sealed = False
    if not is_sealed and (name or contact):
        raise IdentityNotSealed
    return is_changed


# --- how long it is kept --------------------------------------------------------------------------------------------


class NotAllowed(Exception):
    """This role may not do that, or not for this unit."""


class Gone(Exception):
    """The report was deleted meanwhile."""


class Frozen(Exception):
    """The report is frozen for a judicial need, or a freeze is asked for, which has to be decided first."""


class Answered(Exception):
    """The request was answered already, or there is no request."""


class Changed(Exception):
    """The freeze was asked for again since it was read, so it is another one."""


def _hold(report_id: int) -> Report:
    """Lock a report and return it. Raises Gone.

    The deletion of old reports skips a locked one, and acts on one report follow one another.
    """
    report = Report.objects.select_for_update(of=("self",), no_key=True).filter(pk=report_id).first()
    if report is None:
        raise Gone
    return report


def _record(kind: str, report: Report, motive: str, detail: str, by: Any) -> None:
    audit_log.record(kind=kind, by=by, subject=str(report.public_id), motive=motive, detail=detail)


@transaction.atomic
def ask_freeze(*, report_id: int, by: Any, motive: str, reference: str, authority: str, until: datetime) -> Freeze:
    """Ask that a report be kept until a date, for a judicial need. Asked by a supervisor who may decide, it is set.

    Otherwise a supervisor decides. Asking keeps the report for one grace period, once a report, so that an agent alone
    cannot delay an erasure that was granted. A freeze that runs longer keeps its end, which is then that of the freeze
    that is returned, because another authority counts on it; only `lift_freeze` ends it earlier. motive, reference,
    authority: stored encrypted. by: the account. Locks the report. Raises NotAllowed, Gone; Frozen when somebody who
    may not decide asks for a report that is frozen already.
    """
    if not by.is_agent:
        raise NotAllowed
    report = _hold(report_id)
    now = deletion.moment()
    title = get_deciders().title_for_report(by, report.pk, now) if by.is_supervisor else None
    before = Freeze.objects.filter(report=report).first()
    if before is not None and before.is_running(now) and title is None:
        raise Frozen
    if before is not None and before.is_running(now):
        until = max(until, before.until)
    freeze, _created = Freeze.objects.update_or_create(
        report=report,
        defaults={
            "sealed_reasons": Freeze.seal_reasons(report, motive=motive, reference=reference, authority=authority),
            "until": until,
            "asked_at": now,
            "set_at": now if title else None,
            "lifted_at": None,
            "held_before": before.frozen_until if before else None,
        },
    )
    told = f"{'set' if title else 'asked'}, until {timezone.localdate(until)}{title.told if title else ''}"
    _record(AccessKind.FREEZE, report, Motive.JUDICIAL, told, by)
    return freeze


def _require_title(by: Any, report: Report) -> Title:
    """Return the right by which this account decides how long a report is kept. Raises NotAllowed if it has none."""
    title = get_deciders().title_for_report(by, report.pk, deletion.moment()) if by.is_supervisor else None
    if title is None:
        raise NotAllowed
    return title


@transaction.atomic
def set_freeze(*, report_id: int, by: Any, asked_at: datetime) -> None:
    """Set the freeze that an agent asked for, as a supervisor. asked_at: that of the freeze that was read.

    Locks the report. Raises NotAllowed, Gone, Answered, Changed.
    """
    report = _hold(report_id)
    title = _require_title(by, report)
    freeze = Freeze.objects.filter(report=report).first()
    now = deletion.moment()
    if freeze is None or not freeze.is_waiting(now):
        raise Answered
    if freeze.asked_at != asked_at:
        raise Changed
    freeze.set_at = now
    freeze.save(update_fields=["set_at"])
    _record(
        AccessKind.FREEZE, report, Motive.JUDICIAL, f"set, until {timezone.localdate(freeze.until)}{title.told}", by
    )


@transaction.atomic
def lift_freeze(*, report_id: int, by: Any, asked_at: datetime) -> None:
    """End a freeze before its date, or decline one that was asked for, as a supervisor.

    asked_at: that of the freeze that was read. Locks the report. Raises NotAllowed, Gone, Answered, Changed.
    """
    report = _hold(report_id)
    title = _require_title(by, report)
    now = deletion.moment()
    freeze = Freeze.objects.filter(report=report).first()
    if freeze is None or not (freeze.is_waiting(now) or freeze.is_running(now)):
        raise Answered
    if freeze.asked_at != asked_at:
        raise Changed
    told = "declined" if freeze.is_asked else "lifted"
    freeze.lifted_at = now
    freeze.save(update_fields=["lifted_at"])
    _record(AccessKind.FREEZE, report, Motive.JUDICIAL, told + title.told, by)


class Replaced(Exception):
    """Other words of this request for erasure were asked for later (a double click)."""


@transaction.atomic
def ask_erasure(
    *, report_id: int, code_digest: str | None = None, code_asked_at: datetime | None = None, again: bool = False
) -> ErasureRequest:
    """Record the person's request that everything be erased before its term.

    Without `again`, a request that exists gets only another code by which the answer can be read. again: a request that
    was refused waits for an answer anew, from `asked_again_from` on, and the former answer is erased. code_digest: the
    slow hash of the code, in hexadecimal; None leaves the former one. code_asked_at: when it was asked for, before the
    hash; now by default. Locks the report. Raises Gone; Replaced when another code was asked for later, whichever hash
    was ready first, because the browser shows the page of the later one.
    """
    report = _hold(report_id)
    now = deletion.moment()
    request, is_asked = ErasureRequest.objects.get_or_create(report=report, defaults={"asked_at": now})
    if again and request.asked_again_from is not None and request.asked_again_from <= now:
        request.asked_at, request.answered_at, request.is_granted, request.sealed_motive = now, None, None, None
        request.save(update_fields=["asked_at", "answered_at", "is_granted", "sealed_motive"])
        is_asked = True
    if code_digest is not None:
        asked_at = code_asked_at or now
        if request.code_asked_at is not None and request.code_asked_at >= asked_at:
            raise Replaced
        request.code_digest, request.code_asked_at = code_digest, asked_at
        request.save(update_fields=["code_digest", "code_asked_at"])
    if is_asked:
        _record(AccessKind.ERASURE, report, Motive.RIGHT, "asked", None)
    return request


@transaction.atomic
def answer_erasure(*, report_id: int, by: Any, is_granted: bool, motive: str = "") -> None:
    """Answer a request for erasure, as a supervisor, who reads nothing of the exchange for this.

    If it is granted, everything is erased after the short grace period. motive: the reason of a refusal, for the person
    to read; not empty then. Locks the report. Raises NotAllowed, Gone, Answered, Frozen.
    """
    report = _hold(report_id)
    title = _require_title(by, report)
    request = ErasureRequest.objects.filter(report=report, answered_at__isnull=True).first()
    if request is None:
        raise Answered
    now = deletion.moment()
    freeze = Freeze.objects.filter(report=report).first()
    if is_granted and freeze is not None and (freeze.is_waiting(now) or freeze.is_running(now)):
        raise Frozen
    request.answered_at, request.is_granted = now, is_granted
    request.sealed_motive = None
    if not is_granted:
        request.sealed_motive = encryption.seal(motive, context=request.context, data_key=report.data_key)
    request.save(update_fields=["answered_at", "is_granted", "sealed_motive"])
    told = "granted" if is_granted else "refused"
    _record(AccessKind.ERASURE, report, Motive.RIGHT, told + title.told, by)

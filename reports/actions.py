"""Actions on reports: filing one, and freezing or erasing what is kept of it."""

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
from reports import reporter_identity
from reports.audit import log as audit_log
from reports.deciders import Title, get_deciders
from reports.models import AccessKind, AgeBand, ErasureRequest, Freeze, Motive, Report, ReporterRole
from reports.reporter_identity import Aside
from reports.retention import deletion
from reports.visit import Visit

logger = logging.getLogger(__name__)


class IncompleteVisit(Exception):
    """A question of the orientation waits for its answer, or no point d'accueil is chosen: nothing can be filed."""


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
    """File the signalement of a visit, once. Raises IncompleteVisit.

    visit: from it come the answers (sealed), what they mean, whether to be discreet, and the point d'accueil, from
    which the zone (police or gendarmerie) follows.
    submission_id: made with the form; sent again it returns the first report, unchanged.
    role, age_band, facts, platforms, since, expectations: what the form says; a report needs none of it.
    is_crowded: the network it comes from has filed more in the hour than one household or school would. The report
    keeps its urgency, which may be true: the queue bounds what such reports take of the agents (`assignment.share_of`).
    name, contact: what the person chose to leave, "" for nothing; connection: where the form comes from. They are
    sealed here and kept nowhere else. Raises sealing.TextRefused when one is longer than TEXT_MAX_BYTES.
    set_aside: name and contact as `reporter_identity.set_aside` sealed them when the form could not be filed at once.
    """
    assessment, choice = visit.triage.assessment, visit.choice
    if not assessment.is_finished or choice is None:
        raise IncompleteVisit
    answers = json.dumps(visit.triage.answers_on_path)
    data_key = cache(_new_data_key)  # made once, and only when the report is not there yet
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
            "urgency": assessment.urgency,
            "is_crowded": is_crowded,
            "discreet": visit.triage.is_discreet,
            "language": languages.current(),
            "postal_code": choice.postal_code,
            "municipality": choice.municipality,
            "reception_point": choice.reception_point,
            "force": choice.force or "",
            "is_nearest": choice.is_nearest,
        },
    )
    if created:
        reporter_identity.seal_identity(report, name=name, contact=contact, connection=connection, aside=set_aside)
    return report


def _new_data_key() -> UUID | None:
    return data_keys.make()[0] if data_keys.may_be_made() else None


class IdentityNotSealed(Exception):
    """The key of the exchange cannot be used: nothing was sealed. What was ticked with it is kept."""


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
    """Keep what the person touches while they wait, in place of what they had touched; whether something changed.

    name, contact: sealed in place of what was there; "" changes nothing. Locks the report. Raises Gone;
    sealing.TextRefused when a text is longer than TEXT_MAX_BYTES, and nothing is kept; IdentityNotSealed.
    """
    is_sealed = True
    with transaction.atomic():
        report = _hold(report_id)
        said = {"facts": list(facts), "platforms": list(platforms), "since": since, "expectations": list(expectations)}
        is_changed = any(getattr(report, field) != value for field, value in said.items())
        if is_changed:
            for field, value in said.items():
                setattr(report, field, value)
            report.save(update_fields=list(said))
        if name or contact:
            try:
                with transaction.atomic():  # both or none of them
                    reporter_identity.replace_identity(report, name=name, contact=contact)
            except encryption.UnsealError as error:
                logger.error("report: a name or a way to be reached was not sealed (%s)", describe_error(error))
                is_sealed = False
    if not is_sealed:
        raise IdentityNotSealed
    return is_changed


# --- how long it is kept --------------------------------------------------------------------------------------------


class NotAllowed(Exception):
    """This role may not do that, or not for this unit."""


class Gone(Exception):
    """The report was deleted meanwhile."""


class Frozen(Exception):
    """A judicial need keeps the report, or somebody asked for it: that comes first."""


class Answered(Exception):
    """The request has its answer already, or there is none."""


class Changed(Exception):
    """The freeze is not the one that was read: it was asked for again meanwhile."""


def _hold(report_id: int) -> Report:
    """Return the report, locked: whoever forgets passes over it, and acts on one report follow one another. Raises
    Gone."""
    report = Report.objects.select_for_update(of=("self",), no_key=True).filter(pk=report_id).first()
    if report is None:
        raise Gone
    return report


def _record(kind: str, report: Report, motive: str, detail: str, by: Any) -> None:
    audit_log.record(kind=kind, by=by, subject=str(report.public_id), motive=motive, detail=detail)


@transaction.atomic
def ask_freeze(*, report_id: int, by: Any, motive: str, reference: str, authority: str, until: datetime) -> Freeze:
    """A judicial need to keep a report, until a date. An agent asks and a supervisor decides; a supervisor sets.

    Asking gives one grace to decide, once a report: an agent alone puts off no erasure that was granted.
    by: the account. Raises NotAllowed, Gone; Frozen when an agent asks for what is frozen already.
    """
    if not by.is_agent:
        raise NotAllowed
    report = _hold(report_id)
    now = deletion.moment()
    title = get_deciders().title_for_report(by, report.pk, now) if by.is_supervisor else None
    before = Freeze.objects.filter(report=report).first()
    if before is not None and before.is_running(now) and title is None:
        raise Frozen
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
    """Return by what right this account decides what is kept of a report. Raises NotAllowed for whoever may not."""
    title = get_deciders().title_for_report(by, report.pk, deletion.moment()) if by.is_supervisor else None
    if title is None:
        raise NotAllowed
    return title


@transaction.atomic
def set_freeze(*, report_id: int, by: Any, asked_at: datetime) -> None:
    """A supervisor sets what an agent asked for. asked_at: of the freeze that was read.

    Raises NotAllowed, Gone, Answered, Changed.
    """
    report = _hold(report_id)
    title = _require_title(by, report)
    freeze = Freeze.objects.filter(report=report).first()
    if freeze is None or not freeze.is_asked:
        raise Answered
    if freeze.asked_at != asked_at:
        raise Changed
    freeze.set_at = deletion.moment()
    freeze.save(update_fields=["set_at"])
    _record(
        AccessKind.FREEZE, report, Motive.JUDICIAL, f"set, until {timezone.localdate(freeze.until)}{title.told}", by
    )


@transaction.atomic
def lift_freeze(*, report_id: int, by: Any, asked_at: datetime) -> None:
    """A supervisor ends a freeze before its date, or declines what was asked. asked_at: of the freeze that was read.

    Raises NotAllowed, Gone, Answered, Changed.
    """
    report = _hold(report_id)
    title = _require_title(by, report)
    now = deletion.moment()
    freeze = Freeze.objects.filter(report=report).first()
    if freeze is None or not (freeze.is_asked or freeze.is_running(now)):
        raise Answered
    if freeze.asked_at != asked_at:
        raise Changed
    told = "declined" if freeze.is_asked else "lifted"
    freeze.lifted_at = now
    freeze.save(update_fields=["lifted_at"])
    _record(AccessKind.FREEZE, report, Motive.JUDICIAL, told + title.told, by)


@transaction.atomic
def ask_erasure(*, report_id: int, code_digest: str | None = None) -> ErasureRequest:
    """The person asks that everything be erased before the term: once. Asked again, it changes the code that reads the
    answer and nothing else.

    code_digest: slow hash of that code, in hexadecimal; None leaves the one before. Raises Gone.
    """
    report = _hold(report_id)
    request, created = ErasureRequest.objects.get_or_create(report=report, defaults={"asked_at": deletion.moment()})
    if code_digest is not None:
        request.code_digest = code_digest
        request.save(update_fields=["code_digest"])
    if created:
        _record(AccessKind.ERASURE, report, Motive.RIGHT, "asked", None)
    return request


@transaction.atomic
def answer_erasure(*, report_id: int, by: Any, is_granted: bool, motive: str = "") -> None:
    """A supervisor answers, without reading anything of the exchange. Granted, it goes after the short grace.

    motive: of a refusal, for the person; not empty then. Raises NotAllowed, Gone, Answered, Frozen.
    """
    report = _hold(report_id)
    title = _require_title(by, report)
    request = ErasureRequest.objects.filter(report=report, answered_at__isnull=True).first()
    if request is None:
        raise Answered
    now = deletion.moment()
    freeze = Freeze.objects.filter(report=report).first()
    if is_granted and freeze is not None and (freeze.is_asked or freeze.is_running(now)):
        raise Frozen
    request.answered_at, request.is_granted = now, is_granted
    request.sealed_motive = None
    if not is_granted:
        request.sealed_motive = encryption.seal(motive, context=request.context, data_key=report.data_key)
    request.save(update_fields=["answered_at", "is_granted", "sealed_motive"])
    told = "granted" if is_granted else "refused"
    _record(AccessKind.ERASURE, report, Motive.RIGHT, told + title.told, by)

"""Deletes the reports and exchanges that are due, and says which are near their end (docs/adr/0033).

The term counts from the last act of either side. Acts are what a person or an agent wrote or did, the filing of the
report, and the use of a code. That the person was present counts too, so that nobody loses what they still look at.
What Pnav does by itself is no act, nor is it that an agent looks at the exchange.
"""

import logging
import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from chat import pubsub
from chat.captures import receiving
from chat.captures import store as captures
from chat.conversations import receipts, resume
from chat.decisions import on_call
from chat.models import Conversation
from chat.retention.schedule import _decide, _held, _may_end, _part, _rule_applied, _with_acts, kind_of
from chat.rules.lifecycle import Status
from common.postgresql.long_statements import long_statements
from reports.audit import log as audit_log
from reports.models import Freeze, Motive, OpeningRequest, Report
from reports.openings import actions as opening_actions
from reports.retention import deletion, key_erasure, tombstones
from reports.rules import openings as opening_rules
from reports.rules.retention import Cause, Decision, Item, Kind, Rule, State

logger = logging.getLogger(__name__)
DUE_AT_MOST = 100  # the most reports that a request for metrics looks at
BATCH = 100  # how many reports one transaction deletes, during which their rows are locked


# --- forgetting -------------------------------------------------------------------------------------------------------


def plan(now: datetime) -> list[Item]:
    """Return the reports that are near their end, the first to go first. Resume codes have an end of their own."""
    rules = deletion.rules()
    items = []
    for report in _with_acts(Report.objects.filter(_may_end(rules, now, told=True))).order_by("pk").iterator(BATCH):
        decision = _decide(report, rules, now)
        if decision.is_on_its_way:
            kind, rule = kind_of(report), _rule_applied(report, decision, rules)
            items.append(
                Item(kind, 1, decision.state, decision.cause, decision.due_at, rule, subject=str(report.public_id))
            )
    return sorted(items, key=lambda item: item.due_at)


def count_due(now: datetime) -> int:
    """Count the reports that are due and still exist. At most DUE_AT_MOST are looked at, without frozen ones.

    Two queries. While `forget` runs each hour, the result is at most what becomes due in an hour.
    """
    rules = deletion.rules()
    some = Report.objects.filter(_may_end(rules, now, told=False)).exclude(_held(now))
    return sum(_decide(report, rules, now).is_due for report in _with_acts(some).order_by("pk")[:DUE_AT_MOST])


@dataclass(frozen=True, slots=True)
class Gone:
    """It is what is still known of a report that was deleted, until `_tell` has recorded it."""

    public_id: UUID
    kind: Kind
    rule: Rule
    cause: Cause


def _gone(report: Any, decision: Decision, rules: dict[str, Rule]) -> Gone:
    return Gone(report.public_id, kind_of(report), _rule_applied(report, decision, rules), decision.cause)


def forget(now: datetime) -> None:
    """Delete what is due, one batch in a transaction, so that what was done stays done when the run is stopped.

    A report that cannot be deleted, because a table that `_delete` does not know refers to it, does not keep the others
    from being deleted: the batch is repeated one by one, and each run logs an error for that report.

    The data keys of deleted reports are erased last, including those of a run that was killed, so that nothing can be
    read in backups (`reports.retention.key_erasure`).

    The deletions are recorded at the end, in a transaction of their own (`_tell`). PostgreSQL stores in each row which
    transaction wrote it, and the transaction of a deletion also writes rows that outlive the report, beside its public
    id.

    A run ends with its month, because tombstones have the month in which it began, and the audit log has the moment of
    each deletion. The next run goes on.
    """
    after, size = 0, BATCH
    told: list[Gone] = []
    month = _month(deletion.moment())
    _remember_granted(now)
    try:
        while _month(deletion.moment()) == month:
            try:
                last, gone = _forget_some(now, after, size)
                told += gone
            except IntegrityError:
                last = after if size > 1 else _pass_over(now, after)
                size = 1
            if last is None:
                break
            after = last
    finally:
        _tell(told, now)
    receiving.forget_unfinished(now)
    with transaction.atomic():
        audit_log.record_removal(
            resume_codes=resume.forget_expired_codes(now=now),
            on_calls=on_call.forget(now),
            receipts=receipts.forget_old(now),
        )
    key_erasure.carry_out()  # last, because the key server may be away; the next run then does it


def _pass_over(now: datetime, after: int) -> int | None:
    """Log the next report, which cannot be deleted, and return its key; None if there is none."""
    due = Report.objects.filter(_may_end(deletion.rules(), now, told=False), pk__gt=after)
    report = due.order_by("pk").first()
    if report is None:
        return None
    logger.error("retention: this report is held by something and cannot go %s", report.public_id)
    return report.pk


def _remember_granted(now: datetime) -> None:
    """Store the digests of the erasures that are due, before any report is deleted.

    If this run is killed, a restored backup then cannot bring one of them back. A report that is not deleted now is
    deleted later.
    """
    rules = deletion.rules()
    granted = _with_acts(Report.objects.filter(erasure__is_granted=True)).iterator(BATCH)
    decided = ((report, _decide(report, rules, now)) for report in granted)
    due = [report.public_id for report, one in decided if one.is_due and one.cause is Cause.ERASURE]
    tombstones.keep_digests(_shuffled(due), on=timezone.localdate(now))


def _tell(gone: Iterable[Gone], now: datetime) -> None:
    """Write a tombstone for each deleted report, and digests for erasures, in random order, in a transaction."""
    gone = _shuffled(gone)
    with transaction.atomic():
        deletion.leave(((one.kind, one.rule, one.cause) for one in gone), now=now)
        asked = [one.public_id for one in gone if one.cause is Cause.ERASURE]
        tombstones.keep_digests(asked, on=timezone.localdate(now))


def _month(moment: datetime) -> tuple[int, int]:
    day = timezone.localdate(moment)
    return day.year, day.month


def _shuffled[T](things: Iterable[T]) -> list[T]:
    things = list(things)
    secrets.SystemRandom().shuffle(things)
    return things


@transaction.atomic
def _forget_some(now: datetime, after: int, size: int) -> tuple[int | None, list[Gone]]:
    """Delete one batch of the reports with a greater key than `after`.

    Returns the last key that was looked at, or None when there are no more, and what was deleted. Reports that are
    locked are skipped, because a message, a freeze or another act is being written, and nobody has to wait. The
    decision is made under the lock, so that it sees everything committed before.
    """
    if not deletion.take_turn():
        return None, []
    rules = deletion.rules()
    keys = _lock_reports(rules, now, after, size)
    if not keys:
        return None, []
    conversations = _lock_conversations(keys)
    gone: list[tuple[Any, Decision]] = []
    for report in _with_acts(Report.objects.filter(pk__in=keys)):
        conversation = _part(report, "conversation")
        if conversation is not None and conversation.pk not in conversations:
            continue
        decision = _decide(report, rules, now)
        if decision.is_due:
            gone.append((report, decision))
    _delete(gone)
    return keys[-1], [_gone(report, decision, rules) for report, decision in gone]


def _lock_reports(rules: dict[str, Rule], now: datetime, after: int, size: int) -> list[int]:
    due = Report.objects.filter(_may_end(rules, now, told=False), pk__gt=after).order_by("pk")
    return [report.pk for report in due.select_for_update(of=("self",), skip_locked=True)[:size]]


def _lock_conversations(report_ids: Sequence[int]) -> set[int]:
    rows = Conversation.objects.filter(report__in=report_ids).order_by("pk")
    return {row.pk for row in rows.select_for_update(of=("self",), skip_locked=True)}


def _delete(gone: Iterable[tuple[Any, Decision]]) -> None:
    """Delete these reports with all that belongs to them, and write a line in the audit log for each cause.

    The caller has locked them, and calls `_tell` afterwards.
    """
    gone = list(gone)
    if not gone:
        return
    keys = [report.pk for report, _decision in gone]
    opening_actions.forget_grounds(keys)
    captures.erase_after_commit(captures.of_reports(keys))
    key_erasure.note(keys)
    Freeze.objects.filter(report__in=keys).delete()  # all of these are over, because a frozen report is never due
    Report.objects.filter(pk__in=keys).delete()
    for report, _decision in gone:
        conversation: Conversation | None = _part(report, "conversation")
        if conversation is not None and conversation.status == Status.ACTIVE and conversation.assigned_to_id:
            pubsub.agent_changed(conversation.assigned_to_id)
    logger.info("retention: %s reports deleted", len(keys))
    causes = Counter(decision.cause for _report, decision in gone)
    audit_log.record_removal(reports=causes[Cause.TERM])
    audit_log.record_removal(Motive.ERASURE, reports=causes[Cause.ERASURE])


def forget_again(digests: Collection[str], *, now: datetime) -> tuple[int, int]:
    """Delete, after a restore, the reports that these digests name (`reports.retention.tombstones`).

    Returns how many were deleted, and how many stay because they are frozen or a disclosure request is open.
    """
    gone, frozen = _forget_again(digests, now)
    _tell(gone, now)
    key_erasure.carry_out()
    return len(gone), frozen


@long_statements()
def _forget_again(digests: Collection[str], now: datetime) -> tuple[list[Gone], int]:
    known = set(digests)
    keys = [
        pk
        for pk, public_id in Report.objects.values_list("pk", "public_id")
        if tombstones.digest_of(public_id) in known
    ]
    locked = [row.pk for row in Report.objects.filter(pk__in=keys).order_by("pk").select_for_update(of=("self",))]
    rules = deletion.rules()
    # These reports were erased once already, so that a request which has ended keeps none of them again.
    opened = OpeningRequest.objects.filter(report=OuterRef("pk"), state__in=opening_rules.IN_HAND)
    found = list(_with_acts(Report.objects.filter(pk__in=locked)).annotate(is_being_opened=Exists(opened)))
    frozen = [
        report
        for report in found
        if ((freeze := _part(report, "freeze")) and freeze.is_running(now)) or report.is_being_opened
    ]
    held = {report.pk for report in frozen}
    gone = [
        (report, replace(_decide(report, rules, now), state=State.DUE, cause=Cause.ERASURE))
        for report in found
        if report.pk not in held
    ]
    _delete(gone)
    return [_gone(report, decision, rules) for report, decision in gone], len(frozen)

"""Deletes the reports and exchanges that are due, and says which are on their way (docs/adr/0033).

The term counts from the last act of either side. Acts are: what a person or an agent wrote or did, a report filed, a
code used, and that the person was here, for nobody loses what they still look at. What Pnav does by itself is none, and
neither is that an agent looks: reading does not keep a thing alive.
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
from django.utils import timezone

from chat import pubsub
from chat.captures import receiving
from chat.captures import store as captures
from chat.conversations import receipts, resume
from chat.decisions import on_call
from chat.models import Conversation
from chat.retention.schedule import _decide, _held, _may_end, _part, _rule_applied, _with_acts, kind_of
from chat.rules.lifecycle import Status
from reports.audit import log as audit_log
from reports.models import Freeze, Motive, Report
from reports.openings import actions as opening_actions
from reports.retention import deletion, key_erasure, tombstones
from reports.rules.retention import Cause, Decision, Item, Kind, Rule, State

logger = logging.getLogger(__name__)
DUE_AT_MOST = 100  # reports that a scrape looks at
BATCH = 100  # reports a transaction: their rows are locked meanwhile


# --- forgetting -------------------------------------------------------------------------------------------------------


def plan(now: datetime) -> list[Item]:
    """Each report on its way, the first to go first. (A code de reprise carries its own end, and is in no plan.)"""
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
    """Count the reports, with their exchanges, whose term has passed and that are still there: DUE_AT_MOST are looked
    at, what is frozen passed over.

    Two queries, of so many rows found by their age. Zero to what an hour brings, while `forget` is done each hour.
    """
    rules = deletion.rules()
    some = Report.objects.filter(_may_end(rules, now, told=False)).exclude(_held(now))
    return sum(_decide(report, rules, now).is_due for report in _with_acts(some).order_by("pk")[:DUE_AT_MOST])


@dataclass(frozen=True, slots=True)
class Gone:
    """What is still known of a report when it has gone, until `_tell`."""

    public_id: UUID
    kind: Kind
    rule: Rule
    cause: Cause


def _gone(report: Any, decision: Decision, rules: dict[str, Rule]) -> Gone:
    return Gone(report.public_id, kind_of(report), _rule_applied(report, decision, rules), decision.cause)


def forget(now: datetime) -> None:
    """Delete what is due, a batch a transaction: what was done stays done when it is stopped.

    A report that something else holds (a table that nobody named in `_delete`) keeps none of the others: the batch is
    done again one by one, and what cannot go is an error in the log at each run.

    The data keys of what went are erased last, also those of a run that was killed: that makes its backups mute
    (`reports.retention.key_erasure`).

    What went is told at the end, in a transaction of its own (`_tell`): PostgreSQL keeps in each row which transaction
    wrote it, and that of a deletion also wrote in what outlives the report, beside its public id.
    """
    after, size = 0, BATCH
    told: list[Gone] = []
    _remember_granted(now)
    try:
        while True:
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
    key_erasure.carry_out()  # last: where the keys lie may be away, and then the next run does it


def _pass_over(now: datetime, after: int) -> int | None:
    """The key of the next report, which cannot go; it is named in the log."""
    due = Report.objects.filter(_may_end(deletion.rules(), now, told=False), pk__gt=after)
    report = due.order_by("pk").first()
    if report is None:
        return None
    logger.error("retention: this report is held by something and cannot go %s", report.public_id)
    return report.pk


def _remember_granted(now: datetime) -> None:
    """The digests of the erasures that are due, before any goes: were this run killed, a backup would not bring one
    back. What does not go after all goes later."""
    rules = deletion.rules()
    granted = _with_acts(Report.objects.filter(erasure__is_granted=True)).iterator(BATCH)
    decided = ((report, _decide(report, rules, now)) for report in granted)
    due = [report.public_id for report, one in decided if one.is_due and one.cause is Cause.ERASURE]
    tombstones.keep_digests(_shuffled(due), on=timezone.localdate(now))


def _tell(gone: Iterable[Gone], now: datetime) -> None:
    """A tombstone for each of these, and the digests of what was asked for: apart from their deletion, in no order."""
    gone = _shuffled(gone)
    with transaction.atomic():
        deletion.leave(((one.kind, one.rule, one.cause) for one in gone), now=now)
        asked = [one.public_id for one in gone if one.cause is Cause.ERASURE]
        tombstones.keep_digests(asked, on=timezone.localdate(now))


def _shuffled[T](things: Iterable[T]) -> list[T]:
    things = list(things)
    secrets.SystemRandom().shuffle(things)
    return things


@transaction.atomic
def _forget_some(now: datetime, after: int, size: int) -> tuple[int | None, list[Gone]]:
    """One batch of the reports beyond this key; the last key looked at, or None when there are no more; what went.

    Whoever is locked is alive: a message, a freeze or an act is being written. They are passed over, and nobody waits.
    What was committed before the lock is read after it.
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
    """These go, whole, with a line of the register for each cause. They are locked; `_tell` follows."""
    gone = list(gone)
    if not gone:
        return
    keys = [report.pk for report, _decision in gone]
    opening_actions.forget_grounds(keys)
    captures.erase_after_commit(captures.of_reports(keys))
    key_erasure.note(keys)
    Freeze.objects.filter(report__in=keys).delete()  # over, all of them: a running one is never due
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
    """After a restore: delete what these digests of `reports.retention.tombstones` name. How many went, how many stay,
    frozen."""
    gone, frozen = _forget_again(digests, now)
    _tell(gone, now)
    key_erasure.carry_out()
    return len(gone), frozen


@transaction.atomic
def _forget_again(digests: Collection[str], now: datetime) -> tuple[list[Gone], int]:
    known = set(digests)
    keys = [
        pk
        for pk, public_id in Report.objects.values_list("pk", "public_id")
        if tombstones.digest_of(public_id) in known
    ]
    locked = [row.pk for row in Report.objects.filter(pk__in=keys).order_by("pk").select_for_update(of=("self",))]
    rules = deletion.rules()
    found = list(_with_acts(Report.objects.filter(pk__in=locked)))
    frozen = [
        report
        for report in found
        if ((freeze := _part(report, "freeze")) and freeze.is_running(now)) or report.opening_at is not None
    ]
    held = {report.pk for report in frozen}
    gone = [
        (report, replace(_decide(report, rules, now), state=State.DUE, cause=Cause.ERASURE))
        for report in found
        if report.pk not in held
    ]
    _delete(gone)
    return [_gone(report, decision, rules) for report, decision in gone], len(frozen)

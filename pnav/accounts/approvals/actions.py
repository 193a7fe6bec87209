"""Approval by a second person: a change is proposed, then accepted, refused, withdrawn or expired (docs/adr/0054).

`pnav.accounts.approvals.reviewed` says which change of the admin needs one, and applies what was accepted. Each act
costs a few rows and one line of the register; what a proposal holds is as large as the form that it came from.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from common.service_settings import definitions, values
from pnav.accounts import approval_rules
from pnav.accounts.approval_rules import Act, State
from pnav.accounts.models import PendingChange, Role, User
from reports.audit import log as audit_log
from reports.models import AccessKind, AccessRecord, Motive

# For this long after one of two administrators changed the account of the other, neither decides for the other:
# somebody who creates an account, or resets how it signs in, may hold both. The figure is our own choice, so that there
# is time to notice.
APART = timedelta(days=7)
ADMINISTRATORS_READ = 50  # of how many it is asked whether they may decide; a service has a few

# By account: the accounts that changed it within APART, with the moment of the last change.
type Touched = dict[int, dict[int, datetime]]


class Waiting(Exception):
    """Another change of the same object waits for an answer."""


class NotYours(Exception):
    """Somebody decided who may not, or somebody withdrew another person's proposal.

    Neither the asker may decide, nor somebody whose account the asker changed lately. Only the asker may withdraw.
    """


class AskerLeft(Exception):
    """Somebody accepted what was asked for by an account that is no active administrator's any more."""


class Over(Exception):
    """Somebody decided meanwhile, or nobody answered in time."""


class Moved(Exception):
    """The object has changed since the proposal was made."""


# --- readings ---------------------------------------------------------------------------------------------------------


def pending_changes(now: datetime) -> QuerySet[PendingChange]:
    """Return the proposals that may still be decided, the first to lapse first."""
    rows = PendingChange.objects.filter(state=State.PENDING, lapses_at__gt=now)
    return rows.select_related("asked_by").order_by("lapses_at", "pk")


def pending_of(label: str, key: object, now: datetime) -> PendingChange | None:
    """Return the pending proposal for this object; None when there is none."""
    return pending_changes(now).filter(model=label, object_id=str(key)).first()


def stand_apart(one: User, other: User, now: datetime) -> bool:
    """Return whether no person can hold both accounts.

    It is so when within APART neither changed the other, directly or by accounts in between, and nobody changed both:
    somebody who creates two accounts, or one from the other, is one person. This looks into the register for each
    account on the way, of which there are few.
    """
    return apart_at(one, other, now) <= now


def apart_at(one: User, other: User, now: datetime) -> datetime:
    """Return from when on no person can hold both accounts, if nobody changes either again; `now` if it is so now."""
    return _apart_at(one.pk, other.pk, _touched({one.pk, other.pk}, now), now)


def decidable_at(change: PendingChange, now: datetime) -> datetime | None:
    """Return from when on another administrator may decide about this proposal; `now` if one may now.

    None if there is no other one. The first ADMINISTRATORS_READ are looked at.
    """
    administrators = User.objects.filter(role=Role.ADMINISTRATOR, is_active=True).exclude(pk=change.asked_by_id)
    others = list(administrators.order_by("pk").values_list("pk", flat=True)[:ADMINISTRATORS_READ])
    touched = _touched({change.asked_by_id, *others}, now)
    return min((_apart_at(change.asked_by_id, other, touched, now) for other in others), default=None)


def _touched(accounts: Iterable[int], now: datetime) -> Touched:
    """Return who changed these accounts within APART and when last, and the same of those who did.

    A form that was saved as it was shown has changed nothing, and keeps nobody from deciding.

    One query for each step from an account to those who changed it, of which there are few.
    """
    found: Touched = {}
    new = set(accounts)
    while new:
        found |= {key: {} for key in new}
        lines = AccessRecord.objects.filter(
            subject__in=[f"{User._meta.label} {key}" for key in new],
            account_id__isnull=False,
            kind__in=(AccessKind.ADMIN_ADD, AccessKind.ADMIN_CHANGE, AccessKind.ADMIN_ACTION),
            at__gt=now - APART,
        ).exclude(audit_log.CHANGED_NOTHING)
        rows = lines.order_by().values_list("subject", "account_id").annotate(last=Max("at"))
        for subject, account, last in rows:
            found[int(subject.rpartition(" ")[2])][account] = last
        new = {account for changers in found.values() for account in changers} - found.keys()
    return found


def _apart_at(one: int, other: int, touched: Touched, now: datetime) -> datetime:
    ends = sorted(last + APART for changers in touched.values() for last in changers.values())
    return next(at for at in [now, *ends] if _holders(one, touched, at).isdisjoint(_holders(other, touched, at)))


def _holders(account: int, touched: Touched, now: datetime) -> set[int]:
    """Return the keys of the accounts that this account is connected to by recent changes, directly or by others, and
    its own.
    """
    found: set[int] = set()
    new = {account}
    while new:
        found |= new
        new = {by for key in new for by, last in touched.get(key, {}).items() if last > now - APART} - found
    return found


def may_accept(change: PendingChange, by: User, now: datetime) -> bool:
    """Return whether this administrator may accept the proposal now.

    Nobody accepts what was asked for by somebody who does not administer the site any more: that would be one person.
    """
    return has_asker(change) and may_refuse(change, by, now)


def may_refuse(change: PendingChange, by: User, now: datetime) -> bool:
    """Return whether this administrator may refuse the proposal now.

    Where its asker does not administer the site any more, everybody else may: whoever dismissed them changed their
    account, and the proposal would keep others from proposing.
    """
    is_theirs = approval_rules.may_decide(
        asked_by=change.asked_by_id, by=by.pk, state=change.state, lapses_at=change.lapses_at, now=now
    )
    if not (is_theirs and by.is_administrator and by.is_active):
        return False
    return not has_asker(change) or stand_apart(change.asked_by, by, now)


def has_asker(change: PendingChange) -> bool:
    """Return whether the asker still is an active administrator."""
    return change.asked_by.is_active and change.asked_by.is_administrator


# --- acts -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def propose_change(
    *,
    label: str,
    key: object,
    name: str,
    act: Act,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    changed: Collection[str],
    reasons: Collection[str],
    by: User,
) -> PendingChange:
    """Store a change for a second person, in place of one that the same administrator asked for before.

    label, key: those of the object; key is None for what is to be added. reasons: labels of what asks for a second
    person. Raises Waiting when somebody else's change of this object waits.
    """
    now = timezone.now()
    object_id = "" if key is None else str(key)
    if object_id:
        rows = PendingChange.objects.select_for_update(of=("self",))
        former = rows.filter(model=label, object_id=object_id, state=State.PENDING).first()
        if former is not None and now >= former.lapses_at:
            _lapse(former)
        elif former is not None and former.asked_by_id == by.pk:
            _close(former, State.WITHDRAWN, by=by, now=now)
        elif former is not None:
            raise Waiting
    change = PendingChange(
        model=label,
        object_id=object_id,
        name=name[:200],
        act=act,
        before=dict(before),
        after=dict(after),
        changed=list(changed),
        reasons=list(reasons),
        asked_by=by,
        asked_at=now,
        lapses_at=now + values.get_duration(definitions.APPROVAL),
    )
    try:
        with transaction.atomic():
            change.save()
    except IntegrityError:  # when two administrators asked at the same moment, the first one's waits
        raise Waiting from None
    _record(change, "asked", by=by)
    return change


@transaction.atomic
def accept_change(
    *, change_id: int, by: User, apply: Callable[[PendingChange], object], motive: str = ""
) -> PendingChange:
    """Apply a proposal, once: whoever comes second finds it over. The proposal stays locked until then.

    apply: makes the change, in this transaction; when it raises, the acceptance is undone. Raises Over, NotYours,
    AskerLeft.
    """
    change = _lock(change_id)
    now = timezone.now()
    _require_open(change, now)
    if not has_asker(change):
        raise AskerLeft
    if not may_accept(change, by, now):
        raise NotYours
    apply(change)
    _close(change, State.ACCEPTED, by=by, now=now, motive=motive)
    return change


@transaction.atomic
def refuse_change(*, change_id: int, by: User, motive: str) -> PendingChange:
    """Refuse a proposal, so that nothing changes. motive: the reason, for the asker. Raises Over, NotYours."""
    change = _lock(change_id)
    now = timezone.now()
    _require_open(change, now)
    if not may_refuse(change, by, now):
        raise NotYours
    _close(change, State.REFUSED, by=by, now=now, motive=motive)
    return change


@transaction.atomic
def withdraw_change(*, change_id: int, by: User) -> PendingChange:
    """Withdraw a proposal on behalf of the asker. Raises Over, NotYours."""
    change = _lock(change_id)
    if change.asked_by_id != by.pk:
        raise NotYours
    if change.state != State.PENDING:
        raise Over
    _close(change, State.WITHDRAWN, by=by, now=timezone.now())
    return change


def lapse_changes(now: datetime) -> int:
    """End the proposals that nobody answered in time, each in a transaction of its own, and return how many.

    From that moment on they could not be applied any more. This only writes it down.
    """
    ended = 0
    for key in PendingChange.objects.filter(state=State.PENDING, lapses_at__lte=now).values_list("pk", flat=True):
        with transaction.atomic():
            rows = PendingChange.objects.select_for_update(of=("self",), skip_locked=True)
            change = rows.filter(pk=key, state=State.PENDING).first()
            if change is not None:
                _lapse(change)
                ended += 1
    return ended


# --- parts of them ----------------------------------------------------------------------------------------------------


def _lock(change_id: int) -> PendingChange:
    change = PendingChange.objects.select_for_update(of=("self",)).filter(pk=change_id).first()
    if change is None:
        raise Over
    return change


def _require_open(change: PendingChange, now: datetime) -> None:
    if change.state != State.PENDING or now >= change.lapses_at:
        raise Over


def _close(change: PendingChange, state: State, *, by: User, now: datetime, motive: str = "") -> None:
    change.state, change.decided_by, change.decided_at, change.motive = state, by, now, motive
    change.save(update_fields=["state", "decided_by", "decided_at", "motive"])
    _record(change, state, by=by)


def _lapse(change: PendingChange) -> None:
    change.state = State.LAPSED
    change.save(update_fields=["state"])
    _record(change, State.LAPSED, by=None)


def _record(change: PendingChange, told: str, *, by: User | None) -> None:
    """Record an act: « asked 12: Numéro », « accepted 12, asked by 7: Numéro ». It names both accounts and no value."""
    asker = "" if told == "asked" else f", asked by {change.asked_by_id}"
    audit_log.record(
        kind=AccessKind.APPROVAL,
        by=by,
        subject=f"{change.model} {change.object_id}".strip(),
        motive=Motive.ADMINISTRATION,
        detail=f"{told} {change.pk}{asker}: {', '.join(map(str, change.reasons))}"[:500],
    )

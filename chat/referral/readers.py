"""Tells those who read what a point d'accueil receives who else reads it, and since when (docs/adr/0045).

A second administrator agrees to each account of a point (docs/adr/0054). Nobody agrees to a new password, or to a
factor that is reset, because that would stop the daily work. So whoever takes an account over, or was given one that
nobody asked for, is at least seen by the people who work there.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.db.models import BooleanField, ExpressionWrapper, Max, Q

from chat.models import UnitAccount
from reports.audit import log as audit_log
from reports.models import AccessKind, AccessRecord

READERS_MOST = 100  # how many accounts of a point are read; those that are open come first, then the newest
NEWS = timedelta(days=30)  # for this long an account is told as new or changed, and one that was closed is still told


@dataclass(frozen=True, slots=True)
class Reader:
    """It is an account that reads what a point d'accueil receives, or that could until lately.

    is_open: whether it may read now. since: when it was given the point. changed_at: when an administrator last changed
    it after that (password, second factor, role, name), or None. is_news: whether either was within NEWS.
    """

    account_id: int
    name: str
    is_open: bool
    since: datetime
    changed_at: datetime | None
    is_news: bool


def read_readers(account: UnitAccount, now: datetime) -> list[Reader]:
    """Return the accounts of the point d'accueil of this one, itself among them, what happened last first.

    account: with a point. Two queries. The times are those of the audit log, which nobody rewrites; of an account
    whose point was given before a second person was asked, that of its creation. An account that was closed, or given
    another role, is named while its last change is news: one administrator does either, and reopens it, alone.
    """
    opens = ExpressionWrapper(Q(user__is_active=True, user__role="unit"), output_field=BooleanField())
    rows = UnitAccount.objects.filter(point=account.point_id).select_related("user")
    found = list(rows.order_by(opens.desc(), "-user__date_joined", "-pk")[:READERS_MOST])
    given, changed = _lines(found)
    readers = []
    for one in found:
        since = given.get(one.pk, one.user.date_joined)
        last = changed.get(one.user_id)
        changed_at = last if last is not None and last > since else None
        is_news = (changed_at or since) > now - NEWS
        is_open = one.user.is_active and one.user.role == "unit"
        if is_open or is_news:
            name = one.user.get_full_name() or one.user.get_username()
            readers.append(Reader(one.pk, name, is_open, since, changed_at, is_news))
    return sorted(readers, key=lambda reader: reader.changed_at or reader.since, reverse=True)


def _lines(accounts: list[UnitAccount]) -> tuple[dict[int, datetime], dict[int, datetime]]:
    """Return when a second person last agreed to the point of each account, by its key, and when an administrator last
    changed it, by the key of its user. One query, by the index of subjects."""
    points = {f"{UnitAccount._meta.label} {one.pk}": one.pk for one in accounts}
    users = {f"{get_user_model()._meta.label} {one.user_id}": one.user_id for one in accounts}
    is_given = Q(kind=AccessKind.APPROVAL, detail__startswith="accepted ", subject__in=points)
    is_changed = Q(kind__in=(AccessKind.ADMIN_CHANGE, AccessKind.ADMIN_ACTION), subject__in=users)
    is_changed &= ~audit_log.CHANGED_NOTHING  # a form that was saved as it was shown
    lines = AccessRecord.objects.filter(is_given | is_changed).values_list("subject").annotate(last=Max("at"))
    last = dict(lines.order_by())
    return (
        {key: last[subject] for subject, key in points.items() if subject in last},
        {key: last[subject] for subject, key in users.items() if subject in last},
    )

"""Decides how long something is kept, and why it is deleted. Pure: `now` is an argument (docs/adr/0033).

The *term* is `days` after the last act of either side. Then a grace period of `grace_days` runs, and only after that is
the thing deleted. Whatever is added meanwhile moves both.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Kind(TextChoices):
    """These are the kinds of data that have a rule; each table's place is in `reports.rules.inventory`."""

    EXCHANGE = "exchange", _("Signalement et échange")
    REPORT = "report", _("Signalement sans échange")
    OPINION = "opinion", _("Avis sur le service")
    ERASURE = "erasure", _("Demande d'effacement")
    TOMBSTONE = "tombstone", _("Trace d'une suppression")
    ERASED = "erased", _("Empreinte d'un effacement, pour les sauvegardes")
    ADMIN_LOG = "admin_log", _("Historique de l'administration")
    OPENING = "opening", _("Demande de levée d'anonymat")


class Cause(TextChoices):
    """It says why something is deleted."""

    TERM = "term", _("Terme de la conservation")
    ERASURE = "erasure", _("Effacement demandé et accordé")


class State(StrEnum):
    """It is the state of a thing under its rule."""

    KEPT = "kept"
    ENDING = "ending"  # its end is near enough to be shown to those concerned
    GRACE = "grace"  # past its term, or its erasure was granted, but not deleted yet
    FROZEN = "frozen"  # it would be near its end, but a freeze, or a disclosure request that waits, keeps it
    DUE = "due"  # it is to be deleted now


DAYS_MAX = 36_500  # the most days of each number of a rule, a century, so that dates stay within the calendar


@dataclass(frozen=True, slots=True)
class Rule:
    """It says how long one kind is kept, in days.

    digest_days: how long before its term it is shown to those concerned. in_force_at: before this moment nothing is
    deleted that the former rule would keep, because the rule was made shorter; None if it was not. former_days,
    former_grace_days: those of the former rule; None if they are not known, and then nothing at all is deleted before.
    For ERASURE: `days` are the time to answer a request, with a reminder `digest_days` before its end, and `grace_days`
    run from the moment at which it was granted.
    """

    days: int
    grace_days: int = 0
    digest_days: int = 0
    in_force_at: datetime | None = None
    former_days: int | None = None
    former_grace_days: int | None = None

    def __str__(self) -> str:
        return f"{self.days}+{self.grace_days}"

    @property
    def total_days(self) -> int:
        """Return how many days pass until something is deleted: the term and the grace period after it."""
        return self.days + self.grace_days

    def days_kept_at(self, now: datetime) -> int | None:
        """Return after how many days something is deleted at this moment; None if nothing is deleted yet."""
        if self.in_force_at is None or now >= self.in_force_at:
            return self.total_days
        if self.former_days is None or self.former_grace_days is None:
            return None
        return max(self.total_days, self.former_days + self.former_grace_days)


# The rules with which a site starts. Source: reference facts. The retention period of the text in force (décret
# n° 2022-337) is still to be verified. The repealed text of 2018 said one year; term and grace period together stay
# within that. Its five years with restricted access are not used, because only the two parties can read an exchange
# anyway, and what is not needed is not kept.
DEFAULTS: Mapping[str, Rule] = {
    Kind.EXCHANGE: Rule(days=335, grace_days=30, digest_days=30),
    Kind.REPORT: Rule(days=335, grace_days=30, digest_days=30),
    Kind.OPINION: Rule(days=365),
    Kind.ERASURE: Rule(days=30, grace_days=7, digest_days=10),
    Kind.TOMBSTONE: Rule(days=5 * 365),
    Kind.ERASED: Rule(days=365),
    Kind.ADMIN_LOG: Rule(days=365),
    # The data-protection officer checks these afterwards. They hold no sealed value, and outlive the report.
    Kind.OPENING: Rule(days=5 * 365),
}


@dataclass(frozen=True, slots=True)
class Life:
    """These are the last acts of either side.

    added_at: when something was last added or done. seen_at: when the person was last seen; None if never.
    """

    added_at: datetime
    seen_at: datetime | None = None

    @property
    def last_at(self) -> datetime:
        """Return the last act of either side."""
        return max(self.added_at, self.seen_at or self.added_at)


@dataclass(frozen=True, slots=True)
class Decision:
    """It says how long something is kept.

    term_at: the end of its term. due_at: when it is deleted if nothing is added. cause: why it is deleted then.
    """

    state: State
    cause: Cause
    term_at: datetime
    due_at: datetime

    @property
    def is_due(self) -> bool:
        """Return whether it is to be deleted now."""
        return self.state is State.DUE

    @property
    def is_on_its_way(self) -> bool:
        """Return whether its end is announced or has come, or would have without a freeze."""
        return self.state is not State.KEPT


@dataclass(frozen=True, slots=True)
class CopiesEnd:
    """Until when a backup may still show something of what was deleted.

    words_gone_at: for what people wrote. gone_at: for everything else. with_identity: whether the sealed values go
    together with the words, rather than with everything else.
    """

    words_gone_at: datetime
    gone_at: datetime
    with_identity: bool = False


DELETION_TAKES = timedelta(days=1)  # the worker deletes every hour; a day allows for one that was away
VISIT_LASTS = timedelta(days=1)  # how long the row of a visit is kept after its last change (SESSION_COOKIE_AGE)


def copies_end(
    *,
    due_at: datetime,
    visited_at: datetime,
    data_key_since: datetime | None,
    identity_key_since: datetime | None = None,
    backup_days: int,
    data_keys_backup_days: int,
) -> CopiesEnd:
    """Return until when backups may show something of an exchange that is due at `due_at`.

    visited_at: the person's last visit. Its session, with what was typed and not sent, is encrypted with the key ring,
    and is in the backups of that day and of the next one.
    data_key_since: since when all words of the exchange are encrypted with its own data key, which is kept out of the
    backups of the content. None when some are not, or when that key is in those backups. A backup from before that day
    has words that the key ring decrypts, whatever becomes of the data key.
    identity_key_since: the same for the sealed values, which custodians can open.
    backup_days, data_keys_backup_days: the age at which backups of the content, and those of the keys, are deleted.
    """
    backups = timedelta(days=backup_days)
    deleted_at = max(due_at + DELETION_TAKES, visited_at + VISIT_LASTS)
    gone_at = deleted_at + backups
    if data_key_since is None:
        return CopiesEnd(gone_at, gone_at)
    mute_at = max(
        deleted_at + timedelta(days=data_keys_backup_days),
        data_key_since + backups,
        visited_at + VISIT_LASTS + backups,
    )
    with_identity = identity_key_since is not None and mute_at >= identity_key_since + backups
    return CopiesEnd(min(mute_at, gone_at), gone_at, with_identity)


def decide_retention(
    *,
    life: Life,
    rule: Rule,
    now: datetime,
    frozen_until: datetime | None = None,
    held_until: datetime | None = None,
    granted_at: datetime | None = None,
    erasure: Rule = DEFAULTS[Kind.ERASURE],
) -> Decision:
    """Decide in which state something is, when it is deleted, and why.

    frozen_until: the end of the last freeze, in the future or the past. After it the grace period runs again, so that
    nothing is deleted on the day on which a freeze ends. held_until: until when something else keeps it, without a
    grace period after that.
    granted_at: when an erasure was granted. The end then comes after the short grace period of `erasure`, which is
    counted again from whatever is added. That the person looks at their page does not delay what they asked for. If
    that grace period was made shorter, the former one holds until `erasure.in_force_at`.
    """
    cause, term_at = Cause.TERM, life.last_at + timedelta(days=rule.days)
    due_at = _after(term_at, timedelta(days=rule.grace_days), frozen_until)
    if rule.in_force_at is not None:
        earliest = _earliest(rule.in_force_at, life.last_at, rule.former_days, rule.former_grace_days, frozen_until)
        due_at = max(due_at, earliest)
    if granted_at is not None:
        asked_term = max(granted_at, life.added_at)
        asked_due = _after(asked_term, timedelta(days=erasure.grace_days), frozen_until)
        if erasure.in_force_at is not None:
            earliest = _earliest(erasure.in_force_at, asked_term, 0, erasure.former_grace_days, frozen_until)
            asked_due = max(asked_due, earliest)
        # The freeze is part of both moments. An addition moves both, so that it never brings the earlier one nearer.
        if asked_due < due_at:
            cause, term_at, due_at = Cause.ERASURE, asked_term, asked_due
    is_on_its_way = now >= term_at - timedelta(days=rule.digest_days)
    if held_until is not None:
        due_at = max(due_at, held_until)
    kept_until = max((until for until in (frozen_until, held_until) if until is not None), default=now)
    if now >= due_at:
        state = State.DUE
    elif not is_on_its_way:
        state = State.KEPT
    elif kept_until > now:
        state = State.FROZEN
    else:
        state = State.GRACE if now >= term_at else State.ENDING
    return Decision(state, cause, term_at, due_at)


def _after(term_at: datetime, grace: timedelta, frozen_until: datetime | None) -> datetime:
    """Return the end of the grace period, which begins at the term, or at the end of a freeze if that is later."""
    return (term_at if frozen_until is None else max(term_at, frozen_until)) + grace


def _earliest(
    in_force_at: datetime, since: datetime, days: int | None, grace_days: int | None, frozen_until: datetime | None
) -> datetime:
    """Return before when a rule that was made shorter deletes nothing: its moment, or the end by the former rule.

    since: from when the former rule counts. days, grace_days: its own; None if they are not known.
    """
    if days is None or grace_days is None:
        return in_force_at
    return min(in_force_at, _after(since + timedelta(days=days), timedelta(days=grace_days), frozen_until))


def shortened_until(before: Rule, after: Rule, now: datetime) -> datetime | None:
    """Return from when a changed rule may delete what the former one would keep; None if it keeps at least as long.

    Each of its two numbers counts, because an erasure that was granted has the grace alone. First the longer of the two
    graces runs, a week at least, so that a typing error does not empty the site within the hour. What the former rule
    deletes goes on being deleted meanwhile (`former_of`).
    """
    if after.days >= before.days and after.grace_days >= before.grace_days:
        return None
    return now + timedelta(days=max(before.grace_days, after.grace_days, 7))


def former_of(before: Rule, now: datetime) -> tuple[int | None, int | None]:
    """Return the days and days of grace that hold until a shortened rule is in force: those that hold now.

    While a rule that was shortened is not in force yet, what holds is the longer of it and the one before it, as in
    `days_kept_at`, with the longer of their graces, which alone counts for ERASURE. So whoever shortens a rule again
    and again does not put off what was due by the first, and a rule that was made longer meanwhile is not passed over.
    If the one before is not known, nothing is deleted meanwhile either.
    """
    if before.in_force_at is None or now >= before.in_force_at:
        return before.days, before.grace_days
    if before.former_days is None or before.former_grace_days is None:
        return None, None
    total_days = max(before.total_days, before.former_days + before.former_grace_days)
    grace_days = max(before.grace_days, before.former_grace_days)
    return total_days - grace_days, grace_days


# How long after a refusal the person may ask for erasure again. It counts from the refusal alone, because when a freeze
# ends may not be told (docs/adr/0033). No legal text sets it; it is our choice.
ASKED_AGAIN_AFTER = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Item:
    """It is one line of a plan: `count` things of a kind; or a single one, with its public id as subject."""

    kind: Kind
    count: int
    state: State
    cause: Cause
    due_at: datetime
    rule: Rule
    subject: str = ""


def digest_of(lines: Iterable[str]) -> str:
    """Return the SHA-256 of these lines, sorted and each ended by a newline, in hexadecimal."""
    return hashlib.sha256("".join(f"{line}\n" for line in sorted(lines)).encode()).hexdigest()


def next_month(month: date) -> date:
    """Return the first day of the month after this one."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)

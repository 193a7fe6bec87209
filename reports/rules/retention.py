"""Says how long a thing is kept, and why it is deleted. Pure: `now` is an argument (docs/adr/0033).

A rule counts `days` from the last act of either side: there is the *term*. Then a grace of `grace_days` runs, and only
after it does the thing go. Whatever is added meanwhile moves both.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Kind(TextChoices):
    """The kinds of data that have a rule; each table's place is in `reports.rules.inventory`."""

    EXCHANGE = "exchange", _("Signalement et échange")
    REPORT = "report", _("Signalement sans échange")
    OPINION = "opinion", _("Avis sur le service")
    ERASURE = "erasure", _("Demande d'effacement")
    TOMBSTONE = "tombstone", _("Trace d'une suppression")
    ERASED = "erased", _("Empreinte d'un effacement, pour les sauvegardes")
    ADMIN_LOG = "admin_log", _("Historique de l'administration")
    OPENING = "opening", _("Demande de levée d'anonymat")


class Cause(TextChoices):
    """Why something goes."""

    TERM = "term", _("Terme de la conservation")
    ERASURE = "erasure", _("Effacement demandé et accordé")


class State(StrEnum):
    """The state of a thing under its rule."""

    KEPT = "kept"
    ENDING = "ending"  # its end is near enough to be told to those concerned
    GRACE = "grace"  # past its term, or its erasure was granted; still there
    FROZEN = "frozen"  # it would be on its way, and a judicial need keeps it
    DUE = "due"


DAYS_MAX = 36_500  # of each number of a rule: a century; far beyond, no calendar has the day any more


@dataclass(frozen=True, slots=True)
class Rule:
    """How long one kind is kept.

    in_force_at: a rule that was made shorter takes nothing before; None for one that was not.
    Of ERASURE: `days` to answer a request, with a reminder `digest_days` before; `grace_days` from the agreement on.
    """

    days: int
    grace_days: int = 0
    digest_days: int = 0
    in_force_at: datetime | None = None

    def __str__(self) -> str:
        return f"{self.days}+{self.grace_days}"

    @property
    def total_days(self) -> int:
        """Days until something goes: the term and the grace after it."""
        return self.days + self.grace_days


# What a site starts with. Source: shared facts. The retention of the text in force (décret n° 2022-337) is to be
# verified; the repealed one of 2018 said one year: term and grace together stay within it. Its five years with narrower
# access are not used: nobody but the two parties can read an exchange, and what is not needed is not kept.
DEFAULTS: Mapping[str, Rule] = {
    Kind.EXCHANGE: Rule(days=335, grace_days=30, digest_days=30),
    Kind.REPORT: Rule(days=335, grace_days=30, digest_days=30),
    Kind.OPINION: Rule(days=365),
    Kind.ERASURE: Rule(days=30, grace_days=7, digest_days=10),
    Kind.TOMBSTONE: Rule(days=5 * 365),
    Kind.ERASED: Rule(days=365),
    Kind.ADMIN_LOG: Rule(days=365),
    # What the data-protection officer controls afterwards; it holds no value, and outlives the report.
    Kind.OPENING: Rule(days=5 * 365),
}


@dataclass(frozen=True, slots=True)
class Life:
    """The last acts of either side. added_at: something was added or done; seen_at: the person was last here."""

    added_at: datetime
    seen_at: datetime | None = None

    @property
    def last_at(self) -> datetime:
        """The last act of either side."""
        return max(self.added_at, self.seen_at or self.added_at)


@dataclass(frozen=True, slots=True)
class Decision:
    """term_at: the rule's end; due_at: from when it goes, if nothing is added; cause: why."""

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
        """Return whether its end is announced, has come, or would have come but for a freeze."""
        return self.state is not State.KEPT


@dataclass(frozen=True, slots=True)
class CopiesEnd:
    """The last days on which a backup may still show something of what was deleted.

    words_gone_at: what people wrote; gone_at: all the rest. with_identity: what is under seal goes with the words, not
    with the rest.
    """

    words_gone_at: datetime
    gone_at: datetime
    with_identity: bool = False


DELETION_TAKES = timedelta(days=1)  # the worker deletes every hour; a day leaves room for one that was away
VISIT_LASTS = timedelta(days=1)  # SESSION_COOKIE_AGE: how long the row of a visit stays after its last change


def copies_end(
    *,
    due_at: datetime,
    visited_at: datetime,
    data_key_since: datetime | None,
    identity_key_since: datetime | None = None,
    backup_days: int,
    data_keys_backup_days: int,
) -> CopiesEnd:
    """Until when backups may show something of an exchange that goes at `due_at`.

    visited_at: the person's last visit. Its session, with what was begun and not sent, is sealed with the key ring, and
    lies in the backups of that day and of the next.
    data_key_since: since when all words of the exchange are sealed with its own key, kept away from the backups of the
    content; None when some are not, or when that key is in those backups. A backup of before that day has words that
    the key ring opens, whatever becomes of the key. identity_key_since: the same of what is under seal, which
    custodians open. backup_days, data_keys_backup_days: the age at which the backups of the content, and those of the
    keys, are deleted.
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
    """Keep, in grace or due; and why.

    frozen_until: the end of the last freeze, to come or past. After it the grace runs again: nothing goes on the day a
    freeze ends. held_until: what keeps it meanwhile, without a grace after it.
    granted_at: when an erasure was agreed to. It brings the end forward to the short grace of `erasure`, counted again
    from whatever is added; that the person looks at their page does not put off what they asked for. That grace too,
    made shorter, takes nothing at once.
    """
    cause, term_at = Cause.TERM, life.last_at + timedelta(days=rule.days)
    due_at = _after(term_at, timedelta(days=rule.grace_days), frozen_until)
    if rule.in_force_at is not None:
        due_at = max(due_at, rule.in_force_at)
    if granted_at is not None:
        asked_term = max(granted_at, life.added_at)
        asked_due = _after(asked_term, timedelta(days=erasure.grace_days), frozen_until)
        if erasure.in_force_at is not None:
            asked_due = max(asked_due, erasure.in_force_at)
        # Each with the freeze already in it: an addition moves both, so that it never brings the earlier one nearer.
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
    """A grace after the term, and after the end of a freeze."""
    return (term_at if frozen_until is None else max(term_at, frozen_until)) + grace


def shortened_until(before: Rule, after: Rule, now: datetime) -> datetime | None:
    """Return from when a changed rule takes what the one before would have kept; None when it keeps as long or longer.

    A slip of the keyboard does not empty the site within the hour: the longer of the two graces runs first, a week at
    least.
    """
    if after.total_days >= before.total_days and after.days >= before.days:
        return None
    return now + timedelta(days=max(before.grace_days, after.grace_days, 7))


@dataclass(frozen=True, slots=True)
class Item:
    """What a plan shows: so many of a kind; one by one, with its public id, when somebody may ask about it."""

    kind: Kind
    count: int
    state: State
    cause: Cause
    due_at: datetime
    rule: Rule
    subject: str = ""


def digest_of(lines: Iterable[str]) -> str:
    """SHA-256 of these lines, sorted, each ended by a newline; in hexadecimal."""
    return hashlib.sha256("".join(f"{line}\n" for line in sorted(lines)).encode()).hexdigest()


def next_month(month: date) -> date:
    """The first day of the month after this one."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)

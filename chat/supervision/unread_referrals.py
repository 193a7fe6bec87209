"""Shows supervisors which summaries no unit has read in time, and lets them withdraw one in place of its agent.

The agent who sent a summary sees it on their own list and withdraws it there. When the agent was lost, or the unit has
no account any more, nobody could, and the board's alert would have stayed until the exchange is deleted.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from chat import access
from chat.models import Agent, Transmission
from chat.models.transfer import Handover
from chat.referral import actions as referral_actions
from chat.referral import queries as referral_queries
from chat.rules.referral import Basis, State
from chat.rules.service_level import Level, Limit
from common import clock, plain_text
from locations.models import ReceptionPoint

# How many are shown, the oldest first. Of all others only the number is told, of `referral_queries.COUNTED` at most.
SHOWN = 50


class NotUnread(Exception):
    """There is no such unread summary, or it is not this supervisor's to withdraw."""


@dataclass(frozen=True, slots=True)
class UnreadReferral:
    """It is a summary that no unit has read in time.

    unit, telephone: those of the point d'accueil today; where it was deleted, those in the sealed words, empty when
    these cannot be read now. telephone_uri: for a `tel:` link, or "". obstacle: why nobody reads it now, in words, or
    "". agent: the name of whoever has the exchange, or had it at its end; "" for nobody. is_urgent: whether it was sent
    without agreement.
    """

    public_id: uuid.UUID
    file_number: str
    unit: str
    telephone: str
    telephone_uri: str
    sent_at: datetime
    level: Level
    obstacle: str
    agent: str
    is_urgent: bool


@dataclass(frozen=True, slots=True)
class UnreadReferrals:
    """These are the late summaries of a supervisor's units, SHOWN at most. others: how many more there are, also of
    exchanges of which they are recused."""

    rows: list[UnreadReferral]
    others: int


def _with_recusal(rows: QuerySet[Transmission], by: Agent) -> QuerySet[Transmission]:
    """Select rows with their exchanges, and whether this supervisor passed the exchange on because they know somebody
    concerned (`is_recused`)."""
    recusals = Handover.objects.recusals().filter(conversation=OuterRef("conversation"), from_agent=by)
    rows = rows.select_related("conversation__report", "conversation__assigned_to")
    return rows.annotate(is_recused=Exists(recusals))


def _is_theirs(row: Any, units: Collection[int]) -> bool:
    """Return whether a supervisor of these units may see it. One whose exchange nobody has is every supervisor's; none
    is theirs of whose exchange they are recused (docs/adr/0038). row: from `_with_recusal`."""
    agent = row.conversation.assigned_to
    return not row.is_recused and (agent is None or agent.unit_id in units)


def read_unread(by: Agent, now: datetime, limit: Limit) -> UnreadReferrals:
    """Return the summaries that are late or nearly so, for a supervisor. Five queries at most.

    Nothing of a summary is decrypted, unless its point d'accueil was deleted: then its sealed words name the unit.
    """
    units = access.reach_of(by, now)
    if not by.user.is_supervisor:
        return UnreadReferrals([], 0)
    found = referral_queries.select_unread(_with_recusal(Transmission.objects.all(), by))
    late = [(row, level) for row in found if (level := referral_queries.level_of(row, now=now, limit=limit))]
    own = [(row, level) for row, level in late if _is_theirs(row, units)][:SHOWN]
    reading = referral_actions.points_with_account([row.point_id for row, _level in own if row.point_id is not None])
    return UnreadReferrals([_shown(row, level, now, reading) for row, level in own], len(late) - len(own))


def _shown(row: Transmission, level: Level, now: datetime, reading: Collection[int]) -> UnreadReferral:
    agent = row.conversation.assigned_to
    if row.point is not None:
        unit, telephone = row.point.name, row.point.telephone
    else:
        words = referral_queries.words_of(row)
        unit, telephone = words.get("unit", ""), words.get("telephone", "")
    return UnreadReferral(
        public_id=row.public_id,
        file_number=row.file_number or "",
        unit=plain_text.plain(unit),
        telephone=plain_text.plain(telephone),
        telephone_uri=ReceptionPoint(telephone=telephone).telephone_uri,
        sent_at=row.sent_at or row.made_at,
        level=level,
        obstacle=_obstacle(row, now, reading),
        agent=plain_text.plain(agent.public_name) if agent is not None else "",
        is_urgent=row.basis == Basis.URGENT,
    )


def _obstacle(row: Transmission, now: datetime, reading: Collection[int]) -> str:
    """Return why nobody of the unit reads it now, in words; "" when somebody could."""
    if row.point is None:
        return _("Ce point d'accueil n'existe plus : personne ne peut lire ce résumé.")
    if row.point_id not in reading:
        return _("Cette unité n'a plus de compte ouvert : personne ne peut lire ce résumé.")
    opening = row.point.opening_at(now)
    if opening is None or opening.is_open is not False:
        return ""
    if not opening.next_day:
        return _("L'unité est fermée.")
    values = {"day": opening.next_day, "time": opening.next_time}
    return _("L'unité est fermée. Elle ouvre %(day)s à %(time)s.") % values


def withdraw(*, public_id: uuid.UUID, by: Agent) -> None:
    """Withdraw an unread summary, late or not, in place of its agent. The person and the history are told.

    Raises NotUnread: also for one that was read or withdrawn meanwhile. Locks the conversation.
    """
    row = _with_recusal(Transmission.objects.filter(public_id=public_id, state=State.SENT), by).first()
    if row is None or not by.user.is_supervisor or not _is_theirs(row, access.reach_of(by, clock.now())):
        raise NotUnread
    try:
        referral_actions.withdraw_unread(transmission=row, by=by.user)
    except referral_actions.Settled as error:
        raise NotUnread from error

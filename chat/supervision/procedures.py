"""Lets a supervisor see and end an emergency procedure whose exchange has ended, or whose person is gone.

While an agent answers, the procedure is theirs to end (`chat.casework.emergencies`). When the exchange has ended, its
last agent can still follow and end it, from « Terminés »; so can a supervisor who may end it (`may_end`). When the
person was taken out of the queue after their agent was lost, only a supervisor can. Until then it stays on the board.
"""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Case, Count, Q, When, Window
from django.utils.translation import gettext_lazy as _

from chat import access
from chat.models import Agent, Conversation, EventKind
from chat.models.casework import Emergency
from chat.models.transfer import Handover
from chat.rules.lifecycle import OPEN, Author, Status
from common import clock

# How many procedures of exchanges that are over are shown. They may be as many as a year has left open.
SHOWN = 50
# How long after the end of the exchange the board of another unit counts a procedure that is still open.
COUNTED_FOR = timedelta(days=1)


class NoProcedure(Exception):
    """There is no such procedure, it has ended, somebody answers, or it is not this supervisor's to end."""


class Recused(Exception):
    """This supervisor knows somebody concerned, and leaves it to another one (`is_barred`). Nothing was changed."""


def open_procedures(units: Collection[int]) -> tuple[list[Emergency], int]:
    """Return the procedures that nobody has ended, and how many more are not among them. Two queries.

    First all of people who are under way or in the queue, the oldest first: their number is that of these people at
    most, and none gives way to others. Then those of exchanges that are over, which a supervisor of these units may
    end: the last SHOWN, those of the units first. Only of these may some be left out.
    """
    rows = Emergency.objects.filter(ended_at__isnull=True).select_related(
        "conversation__report__municipality", "conversation__assigned_to__unit"
    )
    running = list(rows.filter(conversation__status__in=OPEN).order_by("started_at", "pk"))
    over = rows.exclude(conversation__status__in=OPEN).filter(
        Q(conversation__assigned_to=None) | Q(conversation__assigned_to__unit__in=units)
    )
    nobody_last = Case(When(conversation__assigned_to=None, then=1), default=0)
    shown = list(over.annotate(total=Window(Count("pk"))).order_by(nobody_last, "-started_at", "-pk")[:SHOWN])
    return [*running, *shown], shown[0].total - len(shown) if shown else 0


def count_elsewhere(now: datetime, units: Collection[int]) -> dict[str, int]:
    """Return how many procedures of other units are open after their exchange ended, within COUNTED_FOR, by the name of
    the unit. One query."""
    rows = Emergency.objects.filter(
        ended_at__isnull=True, conversation__closed_at__gte=now - COUNTED_FOR, conversation__assigned_to__isnull=False
    )
    names = rows.exclude(conversation__assigned_to__unit__in=units).values_list("conversation__assigned_to__unit__name")
    return dict(names.annotate(count=Count("pk")).order_by("conversation__assigned_to__unit__name"))


def state_of(conversation: Conversation) -> str:
    """Return in words why nobody answers this conversation; empty while an agent does."""
    if conversation.status == Status.ABANDONED:
        return str(_("la personne est partie de la file"))
    if conversation.status == Status.CLOSED:
        is_by_person = conversation.closed_by == Author.REPORTER
        return str(_("échange terminé par la personne") if is_by_person else _("échange terminé"))
    return "" if conversation.assigned_to_id else str(_("sans agent, dans la file"))


def may_end(conversation: Conversation, units: Collection[int]) -> bool:
    """Return whether a supervisor of these units may end the procedure of this conversation.

    Only if it is not open. One that nobody had at the end is every supervisor's, as the queue is.
    """
    agent = conversation.assigned_to
    return conversation.status not in OPEN and (agent is None or agent.unit_id in units)


def is_barred(conversation: Conversation, by: Agent) -> bool:
    """Return whether this supervisor leaves to others what the board tells of this conversation.

    They passed it on because they know somebody concerned (`access.is_recused`), and the service has another
    supervisor who did not. Two queries at most.
    """
    if not access.is_recused(by, conversation):
        return False
    recused = Handover.objects.recusals().filter(conversation=conversation).values("from_agent")
    return Agent.objects.filter(user__role="supervisor", user__is_active=True).exclude(pk__in=recused).exists()


def recused_from(public_ids: Collection[uuid.UUID], by: Agent) -> set[uuid.UUID]:
    """Return those of these conversations that this supervisor passed on because they know somebody concerned. One
    query; none for no conversation."""
    if not public_ids:
        return set()
    rows = Handover.objects.recusals().filter(conversation__public_id__in=public_ids, from_agent=by)
    return set(rows.order_by().values_list("conversation__public_id", flat=True))


def find_procedure(public_id: uuid.UUID, by: Agent) -> Emergency | None:
    """Return the open procedure of this conversation if this supervisor may end it, or None. Two queries."""
    rows = Emergency.objects.filter(conversation__public_id=public_id, ended_at__isnull=True)
    row = rows.select_related("conversation__report__municipality", "conversation__assigned_to__user").first()
    if row is None or not by.user.is_supervisor or not may_end(row.conversation, access.reach_of(by, clock.now())):
        return None
    return row


@transaction.atomic
def end_procedure(*, public_id: uuid.UUID, by: Agent) -> None:
    """End the procedure of a conversation that is not open. The history keeps who did. Raises NoProcedure, Recused.

    Locks the conversation, so that nobody comes back to it meanwhile. Writes two rows.
    """
    Conversation.objects.select_for_update(of=("self",), no_key=True).filter(public_id=public_id).first()
    row = find_procedure(public_id, by)
    if row is None:
        raise NoProcedure
    if is_barred(row.conversation, by):
        raise Recused
    row.ended_at, row.ended_by_id = clock.now(), by.user_id
    row.save(update_fields=["ended_at", "ended_by"])
    row.conversation.record_event(EventKind.EMERGENCY_ENDED, at=row.ended_at, by=by.user, detail=row.situation)

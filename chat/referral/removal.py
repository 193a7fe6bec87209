"""This module keeps requests for removal with their reminders and results, which only the person sees, on « Suites ».

Neither the history nor the audit log records an answer, and nobody else is shown it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction

from chat.conversations import follow_up_code
from chat.models import Conversation, DailyFigure, Proposal, RemovalRequest
from chat.models.casework import ProposalKind
from chat.models.figures import add_removals
from chat.rules import daily_figures
from chat.rules import removal as rules
from chat.rules.removal import Answer
from common import clock


class TooMany(Exception):
    """There are already as many days with requests as there may be."""


class Settled(Exception):
    """This request was already answered, or was never noted."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """It is a request and its reminders.

    days: for each, how many days after the request, its date, and whether it is the last that has come. is_last:
    whether the last of all has.
    """

    asked_on: date
    days: Sequence[tuple[int, date, bool]]
    is_last: bool


def reminders_of(conversation: Conversation, today: date) -> list[Reminder]:
    """Return the requests of a conversation that the caller has just obtained, the oldest first. One query."""
    rows = RemovalRequest.objects.filter(conversation=conversation).values_list("asked_on", flat=True)
    reminders = []
    for asked_on in rows:
        days = rules.days_to_look(asked_on)
        last_come = max((day for _days, day in days if day <= today), default=None)
        told = [(after, day, day == last_come) for after, day in days]
        reminders.append(Reminder(asked_on, told, rules.is_last(asked_on, today)))
    return reminders


def is_proposed(conversation: Conversation) -> bool:
    """Return whether the agent has proposed the removal kit."""
    return Proposal.objects.filter(conversation=conversation, kind=ProposalKind.REMOVAL).exists()


@transaction.atomic
def note_request(conversation: Conversation, today: date) -> None:
    """Note a request of today. The code of « Suites » is then valid as long as the conversation is kept.

    There is one a day at most, and `rules.REQUESTS_MOST` days. Locks the conversation. Raises TooMany.
    """
    row = Conversation.objects.select_for_update(of=("self",), no_key=True).get(pk=conversation.pk)
    rows = RemovalRequest.objects.filter(conversation=row)
    if not rows.filter(asked_on=today).exists():
        if rows.count() >= rules.REQUESTS_MOST:
            raise TooMany
        RemovalRequest.objects.create(conversation=row, asked_on=today)
    follow_up_code.lengthen(row, clock.now())


@transaction.atomic
def say_what_became(conversation: Conversation, asked_on: date, answer: Answer, today: date) -> bool:
    """Count an answer and delete the request, and return whether it was counted.

    Before the last reminder « encore là » changes nothing. Each request counts once, and not on its own day: today's
    could be noted and answered again without end, and would set the public figure. Locks the conversation, then the
    remainder of the answers. Raises Settled.
    """
    Conversation.objects.select_for_update(of=("self",), no_key=True).get(pk=conversation.pk)
    rows = RemovalRequest.objects.filter(conversation=conversation, asked_on=asked_on)
    if not rows.exists():
        raise Settled
    if answer == Answer.STILL_THERE and not rules.is_last(asked_on, today):
        return False
    rows.delete()
    if asked_on >= today:
        return False
    add_removals(rules.monday_of(today), answer, 1)
    return True


def count_answers(end: date, weeks: int) -> dict[str, int]:
    """Return the stored sums of answers, in tens, of so many weeks before a Monday. One query of two rows a week."""
    rows = DailyFigure.objects.filter(
        series=daily_figures.REMOVAL, day__gte=end - timedelta(weeks=weeks), day__lt=end
    ).values_list("key", "count")
    counts = dict.fromkeys(Answer.values, 0)
    for answer, count in rows:
        counts[answer] = counts.get(answer, 0) + count
    return counts

"""This module says when the chat closes, tells the people who wait, in their thread, that their place is kept and how
to come back."""

from datetime import datetime

from django.db import transaction
from django.utils.functional import lazy

from chat import pubsub
from chat.messages.writing import say_line
from chat.models import Conversation
from chat.rules.lifecycle import Status
from chat.texts import thread as thread_texts
from common import clock
from reports import closures
from reports.form_of_address import speaks_tu
from reports.models import ChatClosure

# Conversations in one tick of the worker. A queue of hundreds is told within some ticks, and few rows are locked.
AT_ONCE = 50


@transaction.atomic
def tell_who_waits() -> int:
    """Tell the next AT_ONCE people who wait that the chat is closed, and return how many. Each is told once a closing.

    One statement while the chat is open. Locks the closing, then the conversations in the order of their keys. If there
    are several workers, one of them does it.
    """
    now = clock.now()
    begun = ChatClosure.objects.not_over(now).filter(starts_at__lte=now, told_at=None)
    closure = begun.select_for_update(of=("self",), no_key=True, skip_locked=True).order_by("pk").first()
    if closure is None:
        return 0
    waiting = Conversation.objects.filter(status=Status.WAITING, pk__gt=closure.told_to).select_related("report")
    rows = list(waiting.order_by("pk").select_for_update(of=("self",), no_key=True)[:AT_ONCE])
    for row in rows:
        _tell(row, closure, now)
    if rows:
        closure.told_to = rows[-1].pk
    if len(rows) < AT_ONCE:
        closure.told_at = now
    closure.save(update_fields=["told_to", "told_at"])
    return len(rows)


_end_said = lazy(closures.say_end, str)


def _tell(row: Conversation, closure: ChatClosure, now: datetime) -> None:
    familiar = speaks_tu(row.report)
    if closure.ends_at is None:
        say_line(row, thread_texts.CLOSED_OPEN, now=now, familiar=familiar)
    else:
        end = _end_said(closure.ends_at)  # lazy: it takes the person's language when the line is said
        say_line(row, thread_texts.CLOSED_UNTIL, now=now, familiar=familiar, fin=end)
    pubsub.message_posted(row.public_id, row.last_seq)

"""Keeps track of people who left by the quick exit until their conversation has been told.

Leaving must never wait for whoever holds the conversation's row. So two steps: `record_departure` adds a row to a table
of its own, in the transaction that deletes the visit, and waits for no lock; `tell_departure` then tells the
conversation, if its row is free at that moment. What is not free, and what a process that died left behind, is parked
by the worker (`tell_departures`), which looks every 2 seconds. See docs/adr/0049.
"""

import logging

from django.db import transaction

from chat.conversations import resume
from chat.models import Conversation, Departure
from common.sql import fetch_rows
from reports.models import Report

logger = logging.getLogger(__name__)

AT_ONCE = 100  # departures of one tick of the worker: eight statements each

NOTE = """
INSERT INTO chat_departure (report, generation, left_at)
SELECT r.public_id, r.visit_generation, clock_timestamp() FROM reports_report r
WHERE r.public_id = %s::uuid AND r.visit_generation = %s
  AND EXISTS (SELECT FROM chat_conversation c WHERE c.report_id = r.id AND c.status = ANY(%s::text[]))
RETURNING id
"""


def record_departure(*, report: str, generation: int) -> int | None:
    """Keep that this visit's person left, by one statement, and return the key of the departure.

    report: its public id; generation: of the visit. None when there is no open conversation to tell, or when a code de
    reprise ended this visit before: its person is elsewhere. A row that is added waits for no lock.
    """
    rows = fetch_rows(NOTE, [report, generation, "{waiting,active}"])
    return rows[0][0] if rows else None


@transaction.atomic
def tell_departure(departure_id: int) -> bool:
    """Tell the conversation of this departure that its person left, in at most eight statements; wait for nobody.

    False when somebody holds the conversation's row now: it is to be tried again. True also when there is nothing
    left to tell: another process did it, the exchange ended, the report is gone, or the person came back by code.
    """
    departure = Departure.objects.select_for_update(skip_locked=True).filter(pk=departure_id).first()
    if departure is None:
        return True
    rows = Conversation.objects.filter(report__public_id=departure.report)
    if rows.select_for_update(of=("self",), skip_locked=True).first() is not None:
        # Under the lock, which coming back by code takes too: what is read now cannot change before the end.
        own = Report.objects.filter(public_id=departure.report, visit_generation=departure.generation)
        if (report := own.first()) is not None:
            resume.park_conversation(report=report)
    elif rows.exists():
        return False
    departure.delete()
    return True


def tell_departures() -> int:
    """For the worker: park AT_ONCE departures at most, the oldest first; how many were parked or had nothing to tell.

    One statement when there is none.
    """
    keys = list(Departure.objects.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    return sum(tell_departure(key) for key in keys)

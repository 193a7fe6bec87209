"""Records people who left by the quick exit, until a line in their conversation has said so.

The quick exit must never wait for a lock on the conversation. So there are two steps. `record_departure` adds a row to
a table of its own, in the transaction that deletes the visit, and waits for no lock. `tell_departure` then writes the
line, if the conversation's row is free at that moment. Departures whose row was locked, or whose process died, are
handled by the worker (`tell_departures`), which looks every 2 seconds. See docs/adr/0049.
"""

import logging

from django.db import transaction

from chat.conversations import resume
from chat.models import Conversation, Departure
from common.sql import fetch_rows
from reports.models import Report

logger = logging.getLogger(__name__)

AT_ONCE = 100  # the most departures that one tick of the worker handles; each takes up to nine statements

NOTE = """
INSERT INTO chat_departure (report, generation, left_at)
SELECT r.public_id, r.visit_generation, clock_timestamp() FROM reports_report r
WHERE r.public_id = %s::uuid AND r.visit_generation = %s
  AND EXISTS (SELECT FROM chat_conversation c WHERE c.report_id = r.id AND c.status = ANY(%s::text[]))
RETURNING id
"""


def record_departure(*, report: str, generation: int) -> int | None:
    """Record that the person of this visit left, in one statement without a lock, and return the departure's key.

    report: the public id of the report. generation: that of the visit. Returns None when there is no open conversation,
    or when a resume code ended this visit before, because the person then continues elsewhere.
    """
    rows = fetch_rows(NOTE, [report, generation, "{waiting,active}"])
    return rows[0][0] if rows else None


@transaction.atomic
def tell_departure(departure_id: int) -> bool:
    """Write into the conversation of this departure that its person left. It waits for no lock.

    Returns False when the conversation's row is locked now, so that it must be tried again. Returns True also when
    nothing is left to tell: another process did it, the exchange ended, the report is gone, or the person came back by
    their code. At most nine statements, and one more for a data key that is not in memory.
    """
    departure = Departure.objects.select_for_update(skip_locked=True).filter(pk=departure_id).first()
    if departure is None:
        return True
    rows = Conversation.objects.filter(report__public_id=departure.report)
    if rows.select_for_update(of=("self",), skip_locked=True).first() is not None:
        # Coming back by code takes this lock too, so what is read here cannot change before the end.
        own = Report.objects.filter(public_id=departure.report, visit_generation=departure.generation)
        if (report := own.first()) is not None:
            resume.park_conversation(report=report)
    elif rows.exists():
        return False
    departure.delete()
    return True


def tell_departures() -> int:
    """Handle the AT_ONCE oldest departures, for the worker; return how many of them are done (`tell_departure`).

    One statement when there is none.
    """
    keys = list(Departure.objects.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    return sum(tell_departure(key) for key in keys)

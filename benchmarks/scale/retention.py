"""Retention in the database of a year: how many exchanges a worker deletes in an hour, and how many become due in a
day.
"""

import time
from collections.abc import Callable
from datetime import timedelta


def run(exchanges: int, say: Callable[[str], None]) -> float:
    """Delete for good what the next day makes due, and return how many exchanges that is an hour."""
    from django.utils import timezone

    from chat.models import Conversation
    from chat.retention import deletion
    from reports.models import Report

    now = timezone.now() + timedelta(days=2)
    before = Report.objects.count()
    messages = Conversation.objects.count()
    began, used = time.perf_counter(), time.thread_time()
    deletion.forget(now)
    elapsed, used = time.perf_counter() - began, time.thread_time() - used
    gone = before - Report.objects.count()
    if not gone:
        raise SystemExit(f"Nothing of {messages} exchanges was due.")
    an_hour = 3600 * gone / elapsed
    say(
        f"{gone} exchanges deleted in {elapsed:.1f} s ({used:.1f} of our processor): {an_hour:,.0f} an hour; "
        f"a day makes {exchanges / 365:,.0f} due"
    )
    return an_hour

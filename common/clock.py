"""This module reads the time from PostgreSQL, whose clock is the reference for all processes (docs/adr/0014).

A lease is written by one process and judged by another one, on another machine. If each trusted its own clock, one
clock that jumps would take every conversation from agents who are present.
"""

from datetime import datetime

from django.db import connection


def now() -> datetime:
    """Return the database's time, an aware datetime. One query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment

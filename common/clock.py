"""Read the time from PostgreSQL, whose clock is the reference for all processes.

A lease is written by one process and judged by another, on another machine: were each to trust its own wall clock, one
that steps would take every conversation from agents who are there.
"""

from datetime import datetime

from django.db import connection


def now() -> datetime:
    """The time of the database, aware, in UTC. One query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment

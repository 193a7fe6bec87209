"""This module says on which days to check whether content was removed, and when an answer counts for the public
figures. Pure."""

from datetime import date, timedelta

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

# Days after the request on which to check. They are our own choice, except the last: a site has a month to answer
# (CNIL; reference facts).
DAYS = (3, 7, 30)
REQUESTS_MOST = 10  # the most requests that one conversation keeps


class Answer(TextChoices):
    """It is what the person says has become of the content."""

    REMOVED = "removed", _("Retiré")
    STILL_THERE = "still_there", _("Encore là")


def days_to_look(asked_on: date) -> list[tuple[int, date]]:
    """Return the days on which to check, each as (number of days after the request, date)."""
    return [(days, asked_on + timedelta(days=days)) for days in DAYS]


def is_last(asked_on: date, today: date) -> bool:
    """Return whether the last day to check has come. From then on the answer « encore là » counts."""
    return today >= asked_on + timedelta(days=DAYS[-1])


def monday_of(day: date) -> date:
    """Return the Monday of the week in which an answer is counted. Days are not kept, so that nobody is recognised."""
    return day - timedelta(days=day.weekday())

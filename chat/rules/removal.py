"""Says when to look again whether a content was removed, and when an answer counts for the public figures. Pure."""

from datetime import date, timedelta

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

# Days after the request. Ours to choose, the last one excepted: a site has a month to answer (CNIL; shared facts).
DAYS = (3, 7, 30)
REQUESTS_MOST = 10  # days of requests that one conversation keeps


class Answer(TextChoices):
    """What the person says of the content."""

    REMOVED = "removed", _("Retiré")
    STILL_THERE = "still_there", _("Encore là")


def days_to_look(asked_on: date) -> list[tuple[int, date]]:
    """The days on which to look, each with how many days after the request it is."""
    return [(days, asked_on + timedelta(days=days)) for days in DAYS]


def is_last(asked_on: date, today: date) -> bool:
    """Whether the last day has come, after which « encore là » is an answer that counts."""
    return today >= asked_on + timedelta(days=DAYS[-1])


def monday_of(day: date) -> date:
    """The week that an answer is counted in: no finer, so that a count tells of nobody."""
    return day - timedelta(days=day.weekday())

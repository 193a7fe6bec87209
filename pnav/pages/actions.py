"""What happens to opinions."""

from datetime import datetime

from django.db import transaction

from reports import register

from .models import Feedback


def give_feedback(*, rating: str, page: str, text: str) -> Feedback:
    """Keep an opinion, without anything that says whose it is.

    rating: a Feedback.Rating; page: a Feedback.Page; text: at most FEEDBACK_MAX_LENGTH characters, may be empty.
    """
    return Feedback.objects.create(rating=rating, page=page, text=text)


@transaction.atomic
def forget_feedback(*, now: datetime) -> int:
    """Delete the opinions older than settings.FEEDBACK_DAYS, say so in the register, and how many there were."""
    count = Feedback.objects.expired(now).delete()[0]
    register.record_removal(opinions=count)
    return count

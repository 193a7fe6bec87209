"""What happens to opinions."""

from datetime import datetime

from .models import Feedback


def give_feedback(*, rating: str, page: str, text: str) -> Feedback:
    """Keep an opinion, without anything that says whose it is.

    rating: a Feedback.Rating; page: a Feedback.Page; text: at most FEEDBACK_MAX_LENGTH characters, may be empty.
    """
    return Feedback.objects.create(rating=rating, page=page, text=text)


def forget_feedback(*, now: datetime) -> int:
    """Delete the opinions older than settings.FEEDBACK_DAYS and say how many there were."""
    return Feedback.objects.expired(now).delete()[0]

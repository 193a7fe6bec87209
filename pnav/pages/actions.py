"""What happens to opinions."""

from .models import Feedback


def give_feedback(*, rating: str, page: str, text: str) -> Feedback:
    """Keep an opinion, without anything that says whose it is.

    rating: a Feedback.Rating; page: a Feedback.Page; text: at most FEEDBACK_MAX_LENGTH characters, may be empty.
    """
    return Feedback.objects.create(rating=rating, page=page, text=text)

"""Acts on opinions, which are encrypted and stored."""

import secrets

from common import encryption
from pnav.pages.models import FEEDBACK_MAX_LENGTH, Feedback


def give_feedback(*, rating: str, page: str, text: str) -> Feedback:
    """Store an opinion and its day, without anything that says whose it is.

    Its key is random: administrators see keys in addresses, and numbers that count would say what came after what.

    rating: a Feedback.Rating; page: a Feedback.Page; text: at most FEEDBACK_MAX_LENGTH characters, may be empty.
    Raises ValueError for a longer one: the database, which sees it sealed, cannot count.
    """
    if len(text) > FEEDBACK_MAX_LENGTH:
        raise ValueError("the text is too long")
    feedback = Feedback(pk=secrets.randbits(62), rating=rating, page=page)
    if text:
        feedback.sealed_text = encryption.seal(text, context=feedback.context)
    feedback.save(force_insert=True)
    return feedback

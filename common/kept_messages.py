"""Messages that Django keeps in a cookie for the next page, of which some belong to one exchange."""

import time
from uuid import UUID

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest

OF = "of"  # begins the tag of a message that belongs to one exchange
KEPT_SECONDS = 60


def tell_of(request: HttpRequest, public_id: UUID, text: str) -> None:
    """Say a success on the next page of this exchange alone, within KEPT_SECONDS.

    An answer that is given up or never read leaves its message in the cookie. On the page of somebody else, or minutes
    later, it would be read as said of what is there.
    """
    messages.success(request, text, extra_tags=f"{OF} {public_id} {int(time.time())}")


def is_due(message: Message, path: str) -> bool:
    """Return whether a message that was kept is shown on the page at this path."""
    match (message.extra_tags or "").split():
        case [tag, public_id, said] if tag == OF:
            return f"/{public_id}/" in path and time.time() - int(said) <= KEPT_SECONDS
    return True

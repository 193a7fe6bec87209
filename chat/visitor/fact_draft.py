"""Stores the fact that is being typed in the session until it is noted, as `chat.visitor.draft_session` does messages.

There is one at a time, in the encrypted session. It is forgotten with the visit (`reports.session`).
"""

from collections.abc import Mapping

from django.http import HttpRequest

from chat.journal.forms import WORDS
from chat.models import Conversation

KEY = "reports.fact_draft"  # of what a visit forgets with its report
TYPED = (*WORDS, "precision", "day", "hour")  # without these nothing is typed
FIELDS = (*TYPED, "fact_id", "edits")
KEPT_MAX = 2_000  # characters of one field: whoever wrote too much finds what to shorten


def is_sent(request: HttpRequest) -> bool:
    """Return whether this form has a fact in it."""
    return "fact_id" in request.POST


def keep(request: HttpRequest, conversation: Conversation) -> None:
    """Store what is being typed; an empty form erases it. The session is only written when something has changed."""
    values = {name: request.POST.get(name, "")[:KEPT_MAX] for name in FIELDS}
    if not any(values[name].strip() for name in TYPED):
        forget(request)
        return
    kept = {"of": str(conversation.public_id), "values": values}
    if request.session.get(KEY) != kept:
        request.session[KEY] = kept


def read(request: HttpRequest, conversation: Conversation) -> Mapping[str, str]:
    """Return what was being typed in this conversation; {} for nothing."""
    kept = request.session.get(KEY)
    if kept is None or kept["of"] != str(conversation.public_id):
        return {}
    values: Mapping[str, str] = kept["values"]
    return values


def forget(request: HttpRequest) -> None:
    """Forget the fact that was begun in this visit."""
    request.session.pop(KEY, None)

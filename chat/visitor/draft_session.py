"""Keeps what is being written in the exchange in the visit until it is sent or erased.

It waits in the sealed session, never on the device nor in an address, and stands in its field whenever the exchange is
shown: after another page of ours, a reload, « Back », or a tab that the telephone ended. It is forgotten with the
visit. See `reports.session`, docs/adr/0066.
"""

from django.http import HttpRequest

from chat.models import Conversation

KEY = "reports.draft"  # of what a visit forgets with its report
KEPT_MAX = 20_000  # characters: far more than a message may have, which is said beside its field


def keep_draft(request: HttpRequest, conversation: Conversation, body: str | None) -> None:
    """Keep this text in place of the one before; a blank one erases it. None, from a form without the field: nothing.

    The session is written only when the text changed.
    """
    if body is None:
        return
    if not body.strip():
        forget_draft(request)
        return
    kept = {"of": str(conversation.public_id), "body": body[:KEPT_MAX]}
    if request.session.get(KEY) != kept:
        request.session[KEY] = kept


def read_draft(request: HttpRequest, conversation: Conversation) -> str:
    """Return what is being written in this conversation; empty for nothing."""
    kept = request.session.get(KEY)
    return kept["body"] if kept is not None and kept["of"] == str(conversation.public_id) else ""


def forget_draft(request: HttpRequest) -> None:
    """Forget the draft, because nothing is being written any more."""
    if KEY in request.session:
        del request.session[KEY]

"""What is being written in the exchange, when its author reads something else meanwhile.

It waits in the sealed session, never on the device nor in an address, and is back in its field, once, when the exchange
is shown again. It is forgotten with the visit. See `reports.session`, docs/adr/0048.
"""

from django.http import HttpRequest

from chat.models import Conversation

KEY = "reports.draft"  # of what a visit forgets with its report
KEPT_MAX = 20_000  # characters: far more than a message may have, which is said beside its field


def keep_draft(request: HttpRequest, conversation: Conversation, body: str) -> None:
    """A blank text keeps nothing, and replaces nothing."""
    if body.strip():
        request.session[KEY] = {"of": str(conversation.public_id), "body": body[:KEPT_MAX]}


def take_draft(request: HttpRequest, conversation: Conversation) -> str:
    """What was being written in this conversation, once; empty for nothing."""
    kept = request.session.pop(KEY, None)
    return kept["body"] if kept is not None and kept["of"] == str(conversation.public_id) else ""

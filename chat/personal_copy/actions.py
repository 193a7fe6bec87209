"""Sets whether a code also opens the person's copy."""

from django.db import transaction

from chat.conversations import follow_up_code
from chat.models import Conversation
from common import clock


@transaction.atomic
def set_by_code(conversation_id: int, *, is_on: bool) -> None:
    """Set whether the code of « Suites » (or the resume code that it was) opens « Ma copie » after the end.

    If on, a valid code remains valid as long as the conversation is kept. Locks the conversation; writes one or two
    rows.
    """
    row = Conversation.objects.select_for_update(of=("self",), no_key=True).get(pk=conversation_id)
    row.copy_by_code = is_on
    row.save(update_fields=["copy_by_code"])
    if is_on and not row.is_open:
        follow_up_code.lengthen(row, clock.now())

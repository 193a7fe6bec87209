"""Guesses in which language people write. The worker does it, so that no message waits for it.

A conversation is guessed at most twice: as soon as there are letters enough for a first guess, and again when there are
enough to be surer. Only the code of the language is stored, with the conversation and as long as that; no word of the
text is. The agent sees it the next time the list of conversations is read.
"""

from typing import Any

from django.db.models import F

from chat.models import UNREADABLE, Conversation, Message
from chat.rules import written_language
from chat.rules.lifecycle import Author

# Letters that the person must have written for the first and for the second guess.
LETTERS_NEEDED = (written_language.LETTERS_NEEDED, 240)
# Last messages of a conversation that are read, and conversations that are looked at in one tick.
MESSAGES_READ, CONVERSATIONS_AT_ONCE = 12, 20


def guess_languages() -> int:
    """Guess the language of conversations with new messages, and return how many guesses were made.

    One query, and for each of at most CONVERSATIONS_AT_ONCE conversations one query, MESSAGES_READ messages decrypted,
    at most one guess (`written_language.guess_language`) and one update. A message waits no longer than for that
    update. Messages that come meanwhile are looked at in the next tick. One that cannot be opened, for now or for good,
    counts as not written, and its conversation is looked at again after the next message.
    """
    waiting = Conversation.objects.active().filter(guess_reads__lt=len(LETTERS_NEEDED), last_seq__gt=F("guess_seq"))
    rows = waiting.order_by("pk").values_list("pk", "public_id", "last_seq", "guess_reads")[:CONVERSATIONS_AT_ONCE]
    return sum(_guess(*row) for row in rows)


def _guess(pk: int, public_id: object, last_seq: int, reads: int) -> bool:
    written = Message.objects.filter(conversation=pk, author=Author.REPORTER, seq__lte=last_seq).order_by("-seq")
    texts = [
        Message.opened(body, conversation=str(public_id), seq=seq, author=Author.REPORTER)
        for seq, body in written.values_list("seq", "sealed_body")[:MESSAGES_READ]
    ]
    text = "\n".join(one for one in reversed(texts) if one != str(UNREADABLE))
    looked_at: dict[str, Any] = {"guess_seq": last_seq}
    is_enough = written_language.count_letters(text) >= LETTERS_NEEDED[reads]
    if is_enough:
        code = written_language.guess_language(text)
        looked_at |= {"guess_reads": reads + 1, **({"guessed_language": code} if code else {})}
    Conversation.objects.filter(pk=pk).update(**looked_at)
    return is_enough

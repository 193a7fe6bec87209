"""Caches the last sequence number of each conversation, so that a batch can be inserted without locking first.

A body is sealed for its place: its number must be known before it is written (docs/adr/0013).
"""

import time

from django.db import OperationalError

from chat.database import CROWD, is_lock_held
from chat.messages import protocol, writing
from chat.messages.writing import Draft, Refusal, Written

AGAIN_SECONDS = 0.05
BELOW = protocol.MAX_SEQ // 2  # what follows it is still a number for PostgreSQL
KEPT = 50_000


class SequenceCache:
    """`writing.write_messages` for a process, which remembers the last number of each conversation it writes to.

    Where both sides write at the same time through two processes, guessing that number is lost work: for a moment after
    a wrong guess it is not tried again. In a crowd it always is: what was guessed wrong goes with the next batch.
    """

    def __init__(self) -> None:
        self._last: dict[int, int] = {}
        self._wrong_at: dict[int, float] = {}

    def __call__(self, posts: list[tuple[Draft, int]]) -> list[Written | Refusal]:
        """posts: each draft with the last number that its author's connection was sent."""
        if len(self._last) > KEPT:
            self._last.clear()
            self._wrong_at.clear()
        now = time.monotonic()
        expected: dict[int, int] = {}
        is_crowd = len(posts) >= CROWD
        for draft, cursor in posts:
            pk = draft.conversation_id
            if is_crowd or now - self._wrong_at.get(pk, 0) > AGAIN_SECONDS:
                # What another process wrote was sent to the connection; but a cursor is what a client says.
                guess = max(cursor, self._last.get(pk, 0))
                if guess < BELOW:
                    expected[pk] = guess
        drafts = [draft for draft, _cursor in posts]
        try:
            answers = writing.write_messages(drafts, expected, may_put_off=is_crowd)
        except OperationalError as error:
            if not is_lock_held(error):
                raise
            expected = {}
            answers = writing.write_what_is_free(drafts)
        for (draft, _cursor), answer in zip(posts, answers, strict=True):
            if not isinstance(answer, Written):
                continue
            pk = draft.conversation_id
            guessed = expected.pop(pk, None)
            if guessed is not None and answer.seq != guessed + 1 and not answer.is_repeat:
                self._wrong_at[pk] = now
            self._last[pk] = max(answer.seq, self._last.get(pk, 0))
        return answers

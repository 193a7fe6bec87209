"""Caches the last sequence number of each conversation, so that a batch can be inserted without locking first.

A body is encrypted for its place in the thread, so its number must be known before it is written (docs/adr/0013).
"""

import time

from django.db import OperationalError

from chat.database import CROWD, is_lock_held
from chat.messages import protocol, writing
from chat.messages.writing import Draft, Refusal, Written

AGAIN_SECONDS = 0.05  # after a wrong guess, the number of that conversation is not guessed for this long
BELOW = protocol.MAX_SEQ // 2  # higher guesses are not tried, so that the numbers that follow fit PostgreSQL's integer
KEPT = 50_000  # the most conversations; when there are more, the cache starts empty again


class SequenceCache:
    """Calls `writing.write_messages` with the last number of each conversation to which this process has written.

    Where both sides write at the same time through two processes, guessing that number is lost work. So after a wrong
    guess it is not tried again for AGAIN_SECONDS. In a large batch it is always tried, because a draft with a wrong
    guess can go with the next batch.
    """

    def __init__(self) -> None:
        self._last: dict[int, int] = {}
        self._wrong_at: dict[int, float] = {}

    def __call__(self, posts: list[tuple[Draft, int]]) -> list[Written | Refusal]:
        """Write these drafts and return the answer to each, in the same order. Runs in the writer's thread.

        posts: each draft with the last number that its author's connection was sent. Raises the errors of django.db.
        """
        if len(self._last) > KEPT:
            self._last.clear()
            self._wrong_at.clear()
        now = time.monotonic()
        expected: dict[int, int] = {}
        is_crowd = len(posts) >= CROWD
        for draft, cursor in posts:
            pk = draft.conversation_id
            if is_crowd or now - self._wrong_at.get(pk, 0) > AGAIN_SECONDS:
                # The cursor of the connection also knows what another process wrote. A client can claim a wrong one,
                # which makes a wrong guess and no harm.
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

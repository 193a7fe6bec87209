"""This module shows people their place and agents the queue, on all pages of this process, from one reading of the
queue."""

import logging
import time
from asyncio import AbstractEventLoop
from collections import deque
from typing import Any

from chat.conversations import waiting_list
from chat.conversations.dispatcher import Board, read_board
from chat.messages import protocol
from chat.messages.reading import QueuePlace
from chat.realtime.batch import Batch
from chat.realtime.interfaces import AnyConsole
from chat.realtime.subscription import Subscription
from chat.rules.lifecycle import Status
from common.database_errors import describe_error
from reports import closures

logger = logging.getLogger(__name__)

SPACING_SECONDS = 0.25  # the least time between two readings
AGAIN_SECONDS = 1.0  # the time until a reading that failed is tried again, if consoles are open
# The queue is read again after this long in any case, because no notification is sent when somebody's lease runs out.
STALE_SECONDS = 10.0
SHOWN_AT_ONCE = 100  # how many places are sent before the event loop may do anything else: some milliseconds


class WaitingRoom:
    """It sends each person who waits their place when it changes, and each console the queue. Belongs to the event
    loop.

    `_owed`: subscriptions that get their state with the next reading, even if their place is the same.
    `_is_closed`: whether the chat was closed to new people at the last reading. When that changes everybody who waits
    gets their state, because their page says it.
    """

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: set[Subscription] = set()
        self._owed: set[Subscription] = set()
        self._consoles: set[AnyConsole] = set()
        self._to_show: deque[Subscription] = deque()  # the subscriptions not yet compared with the newest reading
        self._board: Board | None = None
        self._queue_text = ""
        self._read_at = 0.0
        self._is_due = self._is_reading = self._is_closed = False
        self._batch: Batch[bool, tuple[Board, str, bool]] = Batch(_read, self._apply, name="queue")
        self._timer: Any = self._loop.call_later(STALE_SECONDS, self._refresh_stale)

    def close(self) -> None:
        """Stop reading the queue at regular times."""
        self._timer.cancel()

    # -- people who wait ---------------------------------------------------------------------------------------------

    def show(self, subscription: Subscription) -> None:
        """Send this person's state, place and range of the wait: at once if a fresh reading holds them, else soon."""
        self._waiting.add(subscription)
        is_fresh = time.monotonic() - self._read_at < SPACING_SECONDS and not self._is_due
        if is_fresh and self._board is not None and self._board.position(subscription.public_id) is not None:
            self._send(subscription, self._board)
        else:
            self._owed.add(subscription)
            self.refresh()

    def leave(self, subscription: Subscription) -> None:
        """Send nothing more to somebody who no longer waits, or whose page is gone."""
        self._waiting.discard(subscription)
        self._owed.discard(subscription)

    # -- agents who look at the queue --------------------------------------------------------------------------------

    def enter(self, console: AnyConsole) -> None:
        """Show the queue to a console: at once when the last reading is fresh, otherwise with the next one."""
        self._consoles.add(console)
        if self._queue_text and not self._is_due and time.monotonic() - self._read_at < SPACING_SECONDS:
            console.show_queue(self._queue_text)
        else:
            self.refresh()

    def exit(self, console: AnyConsole) -> None:
        """Stop showing the queue to this console."""
        self._consoles.discard(console)

    # -- reading -----------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read the queue soon, at most once in SPACING_SECONDS, and send what changed to those it concerns."""
        if self._is_due or not (self._waiting or self._consoles):
            return
        self._is_due = True
        if not self._is_reading:
            self._loop.call_later(max(0.0, self._read_at + SPACING_SECONDS - time.monotonic()), self._read)

    def _read(self) -> None:
        self._is_due = False
        self._is_reading = True
        self._batch.add(bool(self._consoles))

    def _apply(self, _questions: list[bool], answers: list[tuple[Board, str, bool]] | Exception) -> None:
        self._is_reading = False
        self._read_at = time.monotonic()
        if self._is_due:
            self._is_due = False
            self.refresh()
        if isinstance(answers, Exception):
            logger.warning("queue: the database failed (%s)", describe_error(answers))
            for subscription in self._owed:
                subscription.connection.send_error(protocol.UNAVAILABLE, "The queue cannot be read now: ask again.")
            self._owed.clear()
            # A console is « connected » only once it has the queue, so it is read again.
            if self._consoles and not self._is_due:
                self._is_due = True
                self._loop.call_later(AGAIN_SECONDS, self._read)
            return
        was_closed = self._is_closed
        self._board, self._queue_text, self._is_closed = answers[0]
        if self._is_closed != was_closed:
            self._owed |= self._waiting
        if self._queue_text:
            for console in list(self._consoles):
                console.show_queue(self._queue_text)
        left = list(self._to_show)  # those not reached since the last reading go first, so that nobody is left out
        self._to_show = deque([*left, *self._waiting.difference(left)])
        if not left:
            self._show_some()

    def _show_some(self) -> None:
        """Send SHOWN_AT_ONCE people their place by the newest reading, then let the event loop run, then go on.

        With thousands of pages in one process, sending all at once would delay every message for as long as it takes.
        """
        board = self._board
        assert board is not None  # noqa: S101
        for _each in range(min(SHOWN_AT_ONCE, len(self._to_show))):
            subscription = self._to_show.popleft()
            if subscription not in self._waiting:  # this one has left meanwhile
                continue
            if subscription in self._owed or subscription.place != self._place(subscription, board):
                self._owed.discard(subscription)
                self._send(subscription, board)
        if self._to_show:
            self._loop.call_soon(self._show_some)

    @staticmethod
    def _place(subscription: Subscription, board: Board) -> QueuePlace:
        return board.place(subscription.public_id)

    def _send(self, subscription: Subscription, board: Board) -> None:
        if subscription.snapshot is None or subscription.snapshot.status != Status.WAITING:
            return
        subscription.place = self._place(subscription, board)
        frame = subscription.snapshot.state_frame(
            subscription.topic, for_reporter=True, place=subscription.place, closed=self._is_closed
        )
        subscription.connection.push(protocol.encode(frame))

    def _refresh_stale(self) -> None:
        self._timer = self._loop.call_later(STALE_SECONDS, self._refresh_stale)
        self.refresh()


def _read(questions: list[bool]) -> list[tuple[Board, str, bool]]:
    is_closed = closures.is_closed()
    text = protocol.encode(waiting_list.read_queue().frame(is_closed=is_closed)) if any(questions) else ""
    return [(read_board(), text, is_closed)] * len(questions)

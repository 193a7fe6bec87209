"""Looks for what nothing reaches any more in a process of pages, while no page is under way.

All pages stand still during a garbage collection, and a full one looks at every object that is not frozen: those of
every request that runs or waits too, so that it takes longest when many people come at once. It finds hardly anything
then, because what a page leaves is found by the short collections of young objects (docs/adr/0130). So Python makes no
full collection by itself in such a process, except after millions of objects (`THRESHOLDS`). One is made here every 20
seconds, in a moment without a page. Where there is no such moment for two minutes, it is made all the same; where the
process uses more memory than it may, at once.

What is loaded before the first request is frozen at once (`pnav.asgi`), so that no collection looks at it. Templates,
statements and caches are loaded by the first page that needs them, and are frozen here after a collection: some seconds
after the start, and then after twice as long each time. This is done only while no page is under way, but connections
that wait, or whose form is arriving, are frozen as well, and become circles when they end. So once an hour all that was
frozen is unfrozen before that collection, which takes longer than the others.
"""

import gc
import logging
import threading
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

# Those of `gc.set_threshold`: the short collections, of 2,000 objects and of what six of these left. A full one comes
# after a thousand of the latter, which is a last resort where the thread below has failed.
THRESHOLDS = (2_000, 5, 1_000)
EVERY_SECONDS = 20.0
PATIENCE_SECONDS = 10.0  # how long each collection waits for a moment without a page
LATEST_SECONDS = 120.0  # after this long everything is collected without such a moment
SHORT_SECONDS = 10.0  # the same while memory is short, and the least time between two collections then
# The first pause between two freezes, and the longest. In between, each pause is as long as all before.
FREEZE_SECONDS, FREEZE_SECONDS_MOST = 20.0, 3600.0
LOOKS_SECONDS = 0.01
RESTS_SECONDS = 1.0  # how often it is asked again whether memory is short


class PageGarbage:
    """It is what a process of pages notes of its collections. is_idle: whether no page is under way; is_short: whether
    the process uses more memory than it may; now: the time of the monotonic clock."""

    def __init__(self, is_idle: Callable[[], bool], is_short: Callable[[], bool], now: float) -> None:
        self._is_idle, self._is_short = is_idle, is_short
        self._began_at = self._collected_at = self._unfroze_at = now
        self._freezes_at = now + FREEZE_SECONDS

    def rest(self) -> None:
        """Sleep until the next turn: for EVERY_SECONDS, or until memory is short and was not just collected."""
        until = time.monotonic() + EVERY_SECONDS
        while (now := time.monotonic()) < until:
            if now - self._collected_at >= SHORT_SECONDS and self._is_short():
                return
            time.sleep(RESTS_SECONDS)

    def turn(self) -> None:
        """Collect everything as soon as no page is under way, and freeze what is left when it is time.

        A page that begins during the collection is frozen with what is left. It is looked at before the next freeze.
        """
        is_idle = self._wait()
        now, is_short = time.monotonic(), self._is_short()
        if not is_idle and now - self._collected_at < (SHORT_SECONDS if is_short else LATEST_SECONDS):
            return
        is_due = is_idle and (is_short or now >= self._freezes_at)
        # To look at what was loaded before the fork takes its memory from what the processes share, so not at once.
        if is_due and (is_short or now - self._unfroze_at >= FREEZE_SECONDS_MOST):
            gc.unfreeze()
            self._unfroze_at = now
        gc.collect()
        self._collected_at = now
        if is_due:
            gc.freeze()
            self._freezes_at = now + min(max(FREEZE_SECONDS, now - self._began_at), FREEZE_SECONDS_MOST)

    def _wait(self) -> bool:
        """Wait for a moment without a page, for PATIENCE_SECONDS at most and while memory is not short. Return whether
        it has come."""
        until = time.monotonic() + PATIENCE_SECONDS
        while not self._is_idle():
            if time.monotonic() >= until or self._is_short():
                return False
            time.sleep(LOOKS_SECONDS)
        return True


def keep_collecting(is_idle: Callable[[], bool], is_short: Callable[[], bool]) -> threading.Thread:
    """Take a turn every EVERY_SECONDS, and sooner while memory is short, in a thread that ends with the process."""

    def work() -> None:
        garbage = PageGarbage(is_idle, is_short, time.monotonic())
        while True:
            try:
                garbage.rest()
                garbage.turn()
            except Exception as error:  # noqa: BLE001  the next turn is taken all the same
                logger.error("page garbage: a turn failed (%s)", type(error).__name__)
                time.sleep(EVERY_SECONDS)

    thread = threading.Thread(target=work, name="page-garbage", daemon=True)
    thread.start()
    return thread

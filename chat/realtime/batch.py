"""Does work for many askers at once: whatever arrives while a batch runs goes into the next batch."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import cast

from chat.database import CROWD, CROWD_SECONDS, LOCKED_AT_MOST, NO_ANSWER, THREADS, is_lock_held, retry_while_away
from common import metrics, tracing
from common.database_errors import describe_error

logger = logging.getLogger(__name__)


class Batch[Q, A, V = Q]:
    """Questions that are answered together.

    load: takes the questions in the order of their arrival and returns one answer each; runs in a thread.
    snapshot: makes the value that `load` gets of a question, in the loop, when its crossing begins. With it a question
    may be an object that belongs to the loop (a subscription, a console): no thread reads or changes it. Without it
    `load` gets the questions themselves, which must then be values.
    callback: takes the questions with their answers, or with the error that all of them met (a database that is away);
    runs in the loop. A question that cannot be answered fails alone: the others of its crossing are then asked again,
    one by one, and `callback` is called for each.
    Only one crossing is under way at a time: what arrives meanwhile is the next batch.
    coalesce: seconds to wait for others, if the last crossing was just now; a question that comes alone goes at once.
    delay: seconds to wait in any case, for what nobody is waiting for. at_most: questions in one crossing; may be set.
    crowd: seconds to wait after a crossing of a crowd; may be set.
    patience: seconds for which a crossing waits for a database that is away.
    stream: of a value, whose line it is part of. Asked one by one, nothing of a line passes what failed before it, or
    got an answer that `stops`: it gets the same, and is not asked.
    name: under which it is counted; batches of one kind share it.
    """

    def __init__(
        self,
        load: Callable[[list[V]], list[A]],
        callback: Callable[[list[Q], list[A] | Exception], None],
        *,
        snapshot: Callable[[Q], V] | None = None,
        coalesce: float = 0,
        delay: float = 0,
        at_most: int = 512,
        patience: float = 0,
        stream: Callable[[V], Hashable] | None = None,
        stops: Callable[[A], bool] = lambda _answer: False,
        executor: ThreadPoolExecutor = THREADS,
        name: str = metrics.OTHER,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self._load = load
        self._callback = callback
        self._snapshot = snapshot
        self._coalesce = coalesce
        self._delay = delay
        self._crossed_at = 0.0
        self._size = 0
        self.at_most = at_most
        self.crowd = CROWD_SECONDS
        self._patience = patience
        self._stream = stream
        self._stops = stops
        self._executor = executor
        self._waiting: deque[Q] = deque()
        self._is_busy = False
        self._kind = tracing.known_kind(name)
        self._items = metrics.BATCH_ITEMS.labels(name)
        self._seconds = metrics.BATCH_SECONDS.labels(name)

    def __len__(self) -> int:
        """Return how many questions wait for the next crossing."""
        return len(self._waiting)

    @property
    def is_busy(self) -> bool:
        """Whether something is under way or waits."""
        return self._is_busy

    def add(self, question: Q) -> None:
        """Call it in the loop."""
        self._waiting.append(question)
        if not self._is_busy:
            self._is_busy = True
            if self._coalesce or self._delay or self._size >= CROWD:
                self._schedule()
            else:
                self._start()

    def put_back(self, questions: Sequence[Q]) -> None:
        """Ask these again, before everything that waits. Call it in the loop."""
        self._waiting.extendleft(reversed(questions))
        if questions and not self._is_busy:
            self._is_busy = True
            self._schedule()

    def take_all(self) -> list[Q]:
        """Take back everything that waits: it is no longer asked."""
        questions = list(self._waiting)
        self._waiting.clear()
        return questions

    def _schedule(self) -> None:
        if self._delay:
            self.loop.call_later(self._delay, self._start)
        elif self._size >= CROWD:
            self.loop.call_later(self.crowd, self._start)
        elif self._coalesce and self.loop.time() - self._crossed_at < self._coalesce:
            self.loop.call_later(self._coalesce, self._start)
        else:
            self.loop.call_soon(self._start)

    def _start(self) -> None:
        waiting = self._waiting
        questions = [waiting.popleft() for _question in range(min(len(waiting), self.at_most))]
        self._size = len(questions)
        if questions:
            snapshot = self._snapshot
            values = cast("list[V]", questions) if snapshot is None else [snapshot(question) for question in questions]
            self._executor.submit(self._cross, questions, values)
        else:
            self._is_busy = False

    def _cross(self, questions: list[Q], values: list[V]) -> None:
        begun = time.perf_counter()
        with tracing.begin_span(tracing.BATCH) as span:
            span.set(tracing.KIND, self._kind)
            span.set(tracing.ITEMS, len(questions))
            answers = self._answer(values)
            parts = [(questions, answers)]
            if isinstance(answers, Exception):
                span.failed()
            if isinstance(answers, Exception) and (is_lock_held(answers) or not isinstance(answers, NO_ANSWER)):
                # A mistake of ours must not end the line for everybody. Its message may hold what a person wrote.
                logger.error("batch: %s failed (%s)", self._load, describe_error(answers))
                if len(questions) > 1:
                    parts = self._one_by_one(questions, values)
        self._items.observe(len(questions))
        self._seconds.observe(time.perf_counter() - begun)
        try:
            self.loop.call_soon_threadsafe(self._finish, parts)
        except RuntimeError:
            logger.info("batch: the loop has ended")

    def _answer(self, values: list[V]) -> list[A] | Exception:
        try:
            return retry_while_away(self._patience, self._load, values)
        except Exception as error:  # noqa: BLE001  told to whoever asked
            return error

    def _one_by_one(self, questions: list[Q], values: list[V]) -> list[tuple[list[Q], list[A] | Exception]]:
        parts: list[tuple[list[Q], list[A] | Exception]] = []
        locked = 0
        stopped: dict[Hashable, list[A] | Exception] = {}  # the streams of which something failed, with what it got
        for n, (question, value) in enumerate(zip(questions, values, strict=True)):
            stream = n if self._stream is None else self._stream(value)
            if stream in stopped:
                parts.append(([question], stopped[stream]))
                continue
            answers = self._answer([value])
            locked += isinstance(answers, Exception) and is_lock_held(answers)
            is_alone = isinstance(answers, Exception) and is_lock_held(answers) and locked < LOCKED_AT_MOST
            if isinstance(answers, NO_ANSWER) and not is_alone:  # the database went away meanwhile
                return [*parts, (questions[n:], answers)]
            parts.append(([question], answers))
            if isinstance(answers, Exception) or self._stops(answers[0]):
                stopped[stream] = answers
        return parts

    def _finish(self, parts: list[tuple[list[Q], list[A] | Exception]]) -> None:
        self._crossed_at = self.loop.time()
        if self._waiting:
            self._schedule()
        else:
            self._is_busy = False
        for questions, answers in parts:
            try:
                self._callback(questions, answers)
            except Exception as error:  # noqa: BLE001  the next ones want their answers all the same
                logger.error("batch: %s failed (%s)", self._callback, type(error).__name__)

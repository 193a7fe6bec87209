"""A batch loader: answers many questions together. What arrives while one batch runs goes into the next one."""

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
    """Questions that are answered together, in a thread, one crossing to the thread at a time.

    load: takes the questions in the order of their arrival and returns one answer for each. It runs in a thread.
    callback: takes the questions with their answers, or with the error that all of them met (a database that is away).
    It runs in the event loop. When `load` fails for another reason, the questions of that crossing are asked again one
    by one, so that a faulty one fails alone, and `callback` is called for each.
    snapshot: makes, in the loop and when the crossing begins, the value that `load` gets for a question. With it a
    question may be an object that belongs to the loop (a subscription, a console), because no thread reads or changes
    that object. Without it `load` gets the questions themselves, which must then be values.
    coalesce: seconds to wait for more questions if the last crossing was just now; after a pause there is no wait.
    delay: seconds to wait in any case, for answers that nobody waits for.
    at_most: most questions in one crossing.
    patience: seconds for which a crossing is retried while the database is away.
    stream: returns the key of the line to which a value belongs. When questions are asked one by one and one of a line
    fails, or gets an answer for which `stops` is true, the later ones of its line get the same without being asked.
    executor: whose thread does the work.
    name: the name in the metrics; batches of one kind share it.

    `crowd`, an attribute that may be set: seconds to wait before the crossing that follows one of many questions.
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
        """Return whether something is under way or waits."""
        return self._is_busy

    def add(self, question: Q) -> None:
        """Answer this question with the next crossing. Call it in the event loop."""
        self._waiting.append(question)
        if not self._is_busy:
            self._is_busy = True
            if self._coalesce or self._delay or self._size >= CROWD:
                self._schedule()
            else:
                self._start()

    def put_back(self, questions: Sequence[Q]) -> None:
        """Ask these again, before everything that waits. Call it in the event loop."""
        self._waiting.extendleft(reversed(questions))
        if questions and not self._is_busy:
            self._is_busy = True
            self._schedule()

    def take_all(self) -> list[Q]:
        """Return everything that waits, and forget it: it is not asked any more."""
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
                # A mistake of ours must not stop the batch for everybody. The error's own text is not logged, because
                # it may hold what a person wrote.
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
        except Exception as error:  # noqa: BLE001  whoever asked is told
            return error

    def _one_by_one(self, questions: list[Q], values: list[V]) -> list[tuple[list[Q], list[A] | Exception]]:
        parts: list[tuple[list[Q], list[A] | Exception]] = []
        locked = 0
        # Streams in which a question failed, each with the answer that it got.
        stopped: dict[Hashable, list[A] | Exception] = {}
        for n, (question, value) in enumerate(zip(questions, values, strict=True)):
            stream = n if self._stream is None else self._stream(value)
            if stream in stopped:
                parts.append(([question], stopped[stream]))
                continue
            answers = self._answer([value])
            locked += isinstance(answers, Exception) and is_lock_held(answers)
            is_alone = isinstance(answers, Exception) and is_lock_held(answers) and locked < LOCKED_AT_MOST
            if isinstance(answers, NO_ANSWER) and not is_alone:  # the database went away: the rest would fail as well
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
            except Exception as error:  # noqa: BLE001  the next ones must still get their answers
                logger.error("batch: %s failed (%s)", self._callback, type(error).__name__)

"""The crossing from the event loop to the database: threads that keep a connection each, and batches.

Plain ASGI sockets live in one event loop; the domain is synchronous. `in_db` crosses once for one thing. A `Batch`
crosses once for everything that piled up while the last crossing was under way: at low load that is one thing, without
any delay; under load hundreds of them, for about the price of one.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, OperationalError, connection, connections
from psycopg.errors import LockNotAvailable
from psycopg_pool import PoolTimeout

logger = logging.getLogger(__name__)

DATABASE_AWAY = (DatabaseError, InterfaceError, PoolTimeout)
NO_ANSWER = (OperationalError, InterfaceError, PoolTimeout)  # whatever was asked; other errors are about a question
RETRY_SECONDS = 0.1
# A conversation whose row is locked for longer is not waited for by the messages of all the others.
WRITER_LOCK_SECONDS = 2
LOCKED_AT_MOST = 3  # in one crossing; after so many it is the database that stands still
# Under such a load a crossing waits a moment for the next questions: fewer, larger ones leave more time to each.
CROWD = 32
CROWD_SECONDS = 0.004


def leave_the_pool(more_options: str = "") -> None:
    """Give this thread a connection of its own, kept for good.

    The pool serves pages: it takes a connection back after each, and after a restart of PostgreSQL it waits a second,
    then two, then four before it tries again. Here a lost connection is replaced as soon as the server answers.
    """
    database = connections.settings[DEFAULT_DB_ALIAS]
    options = {name: value for name, value in database["OPTIONS"].items() if name != "pool"}
    options["options"] = f"{options.get('options', '')} {more_options}"
    connections[DEFAULT_DB_ALIAS] = type(connections[DEFAULT_DB_ALIAS])({**database, "OPTIONS": options})


THREADS = ThreadPoolExecutor(settings.CHAT_THREADS, thread_name_prefix="chat", initializer=leave_the_pool)
# Writing waits for nobody: a slow reading in the threads above must not hold up a message.
WRITER_THREAD = ThreadPoolExecutor(
    1,
    thread_name_prefix="chat-writer",
    initializer=leave_the_pool,
    initargs=(f"-c lock_timeout={WRITER_LOCK_SECONDS * 1000}",),
)


def is_lock_held(error: Exception) -> bool:
    """Whether somebody else held a row for too long: it is about that row, and trying again at once is no use."""
    return isinstance(error.__cause__, LockNotAvailable)


def with_fresh_connection[T](work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Do the work; once more on a new connection if this thread's had died while it was idle.

    All of the work may be repeated (a message by its client_id). A connection that fails when it is new is a database
    that is away: the error goes to the caller.
    """
    is_new = connection.connection is None
    try:
        return work(*args, **kwargs)
    except (OperationalError, InterfaceError) as error:
        if is_lock_held(error):
            raise
        connection.close()
        if is_new:
            raise
        return work(*args, **kwargs)


def patiently[T](seconds: float, work: Callable[..., T], *args: Any) -> T:
    """Do the work; while the database is away try again, for so many seconds. Its restart is then a delay, no error."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return with_fresh_connection(work, *args)
        except (OperationalError, InterfaceError, PoolTimeout) as error:
            if is_lock_held(error):
                raise
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(RETRY_SECONDS)


async def in_db[T](work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run one thing of the domain in a chat thread, which keeps its connection."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(THREADS, lambda: with_fresh_connection(work, *args, **kwargs))


def close_thread_connections() -> None:
    """Close the connection of every thread, at the end of a process or of a test database."""
    for executor, size in ((THREADS, settings.CHAT_THREADS), (WRITER_THREAD, 1)):
        everyone = threading.Barrier(size)

        def close(everyone: threading.Barrier = everyone) -> None:
            everyone.wait()
            connection.close()

        for future in [executor.submit(close) for _thread in range(size)]:
            future.result()


class Batch[Q, A]:
    """Questions that are answered together.

    work: takes the questions in the order of their arrival and returns one answer each; runs in a thread.
    done: takes the questions with their answers, or with the error that all of them met (a database that is away);
    runs in the loop. A question that cannot be answered fails alone: the others of its crossing are then asked again,
    one by one, and `done` is called for each.
    Only one crossing is under way at a time: what arrives meanwhile is the next batch.
    company: seconds to wait for others, if the last crossing was just now; a question that comes alone goes at once.
    linger: seconds to wait in any case, for what nobody is waiting for. at_most: questions in one crossing; may be set.
    crowd: seconds to wait after a crossing of a crowd; may be set.
    patience: seconds for which a crossing waits for a database that is away.
    """

    def __init__(
        self,
        work: Callable[[list[Q]], list[A]],
        done: Callable[[list[Q], list[A] | Exception], None],
        *,
        company: float = 0,
        linger: float = 0,
        at_most: int = 512,
        patience: float = 0,
        executor: ThreadPoolExecutor = THREADS,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self._work = work
        self._done = done
        self._company = company
        self._linger = linger
        self._crossed_at = 0.0
        self._size = 0
        self.at_most = at_most
        self.crowd = CROWD_SECONDS
        self._patience = patience
        self._executor = executor
        self._waiting: deque[Q] = deque()
        self._is_busy = False

    def __len__(self) -> int:
        """How many questions wait for the next crossing."""
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
            if self._company or self._linger or self._size >= CROWD:
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
        if self._linger:
            self.loop.call_later(self._linger, self._start)
        elif self._size >= CROWD:
            self.loop.call_later(self.crowd, self._start)
        elif self._company and self.loop.time() - self._crossed_at < self._company:
            self.loop.call_later(self._company, self._start)
        else:
            self.loop.call_soon(self._start)

    def _start(self) -> None:
        waiting = self._waiting
        questions = [waiting.popleft() for _question in range(min(len(waiting), self.at_most))]
        self._size = len(questions)
        if questions:
            self._executor.submit(self._cross, questions)
        else:
            self._is_busy = False

    def _cross(self, questions: list[Q]) -> None:
        answers = self._answer(questions)
        parts = [(questions, answers)]
        if isinstance(answers, Exception) and (is_lock_held(answers) or not isinstance(answers, NO_ANSWER)):
            # A mistake of ours must not end the line for everybody. Its message may hold what a person wrote.
            logger.error("batch: %s failed (%s)", self._work, type(answers).__name__)
            if len(questions) > 1:
                parts = self._one_by_one(questions)
        try:
            self.loop.call_soon_threadsafe(self._finish, parts)
        except RuntimeError:
            logger.info("batch: the loop has ended")

    def _answer(self, questions: list[Q]) -> list[A] | Exception:
        try:
            return patiently(self._patience, self._work, questions)
        except Exception as error:  # noqa: BLE001  told to whoever asked
            return error

    def _one_by_one(self, questions: list[Q]) -> list[tuple[list[Q], list[A] | Exception]]:
        parts: list[tuple[list[Q], list[A] | Exception]] = []
        locked = 0
        for n, question in enumerate(questions):
            answers = self._answer([question])
            locked += isinstance(answers, Exception) and is_lock_held(answers)
            is_alone = isinstance(answers, Exception) and is_lock_held(answers) and locked < LOCKED_AT_MOST
            if isinstance(answers, NO_ANSWER) and not is_alone:  # the database went away meanwhile
                return [*parts, (questions[n:], answers)]
            parts.append(([question], answers))
        return parts

    def _finish(self, parts: list[tuple[list[Q], list[A] | Exception]]) -> None:
        self._crossed_at = self.loop.time()
        if self._waiting:
            self._schedule()
        else:
            self._is_busy = False
        for questions, answers in parts:
            try:
                self._done(questions, answers)
            except Exception as error:  # noqa: BLE001  the next ones want their answers all the same
                logger.error("batch: %s failed (%s)", self._done, type(error).__name__)

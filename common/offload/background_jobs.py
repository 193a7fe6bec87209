"""Makes documents in a thread beside the pages, so that a slow machine makes one late, and not absent (docs/adr/0122).

A page asks for a job by its name and waits for PATIENCE_SECONDS; a few do at once, and a further one does not wait.
When it is not done by then, the page says so, and the job goes on. Whoever asks for the same name again, in this
process or in another one, joins it and starts no second one.

While a job is under way, Redis has its name (as an HMAC) with a lease that the process renews; if the process ends, the
lease does too, and the next one who asks starts the job again. A result for which no page waited is kept for
KEPT_SECONDS, encrypted, in Redis, because the next request may reach another process. It is deleted when it is given.
Without Redis the result stays in this process. A long one (`common.offload.long_results`) is in a spool while it is
here, and goes to Redis and back piece by piece.
"""

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from django.core.cache import cache
from django.db import close_old_connections
from django.utils.crypto import salted_hmac
from redis.exceptions import RedisError, WatchError

from common import encryption, rate_limits
from common.data_keys.keys import KeysAway
from common.encryption import UnsealError
from common.offload import long_results, pool
from common.offload.long_results import LongResult
from common.sealed_files.spool import Spool

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 8.0  # how long a page waits in its thread; most documents take half a second
# Jobs of a process that run or wait, and results that it keeps itself. One more is refused (`pool.Busy`). Some places
# are for the staff alone, so that many visitors who ask for their copies keep no document from an agent or a unit.
AT_MOST = 6
KEPT_FOR_STAFF = 2
KEPT_SECONDS = 10 * 60
SWEEP_SECONDS = 60.0  # how often older results of this process are looked for while nobody asks for anything
KEPT_BYTES = 8 * pool.MIB  # a larger result stays in its process, so that Redis cannot be filled
PIECE_BYTES = 512 * 1024  # of a long result, under a key of its own
FAILED_SECONDS = 60  # how long other processes know that a job failed, so that asking again does not begin it unnoticed
# How long the name of a job stays after its process has ended. It is renewed six times in between, because on a busy
# machine a thread may be late.
LEASE_SECONDS, BEAT_SECONDS = 30, 5.0
KEEPING_SECONDS = 2.0  # how long a page that takes a result waits until it is no longer being written into Redis
LOOK_SECONDS = 0.25  # how often the job of another process is looked at

# The first byte of a value in Redis. After WAITING, a second one says that a page of another process waits for it.
WAITING, FAILED, DONE = b"w", b"f", b"d"
AWAITED = WAITING + b"+"
# What Redis has of a long result says how many pieces it has beside it. A process of a version before finds that it
# does not open, and begins the job again.
DONE_IN_PIECES = DONE + b"+"
GIVEN_SECONDS = 30  # how long a page finds what was given here, because the first of two presses may have been cut off

type Result = bytes | LongResult
type Work = Callable[[], bytes]
type LongWork = Callable[[], LongResult]


class NotYet(Exception):
    """The job is under way. Ask for the same name again in some seconds; it is neither lost nor begun again."""


@dataclass(eq=False, slots=True)
class _Job:
    """It is a job of this process.

    waiting: how many pages wait for it now. keeping: held while its result is written where every process finds it.
    """

    who: str
    data_key: UUID | None
    is_for_staff: bool
    future: "Future[Result]" = field(default_factory=Future)
    waiting: int = 1
    ended_at: float = 0.0
    keeping: threading.Lock = field(default_factory=threading.Lock)


_jobs: dict[str, _Job] = {}
_lock = threading.Lock()  # guards `_jobs` and the fields of each job
_queue: "queue.SimpleQueue[tuple[str, _Job, Callable[[], Result]]]" = queue.SimpleQueue()
_threads: list[threading.Thread] = []
_beating: list[threading.Thread] = []
# Counts the pages that wait, each in a page thread.
_pages = threading.BoundedSemaphore(pool.AT_ONCE + pool.WAITING_AT_MOST)


def ask[Given: (bytes, LongResult)](
    name: str,
    begin: Callable[[], Callable[[], Given]],
    *,
    who: str,
    data_key: UUID | None = None,
    is_for_staff: bool = False,
    patience: float | None = None,
) -> Given:
    """Return the result of the job with this name.

    name: says what is made, for whom and how; it may hold what a person typed, because only its HMAC leaves this
    function. begin: called here, in this thread, when no such job is under way or done. It reads what the job needs and
    returns the work, which another thread runs: without the database, the request and a language, and with
    `is_patient`. What begin raises is raised here. who: whoever asks has one job at a time in a process.
    data_key: that of the exchange whose content it is, so that what is kept can be read no longer than the exchange.
    is_for_staff: whether it may take the places KEPT_FOR_STAFF. patience: seconds; PATIENCE_SECONDS unless it is given,
    and none when as many pages wait already as may.

    Raises NotYet while it is under way, pool.Busy when AT_MOST others are or when `who` has another one, pool.Failed,
    and KeysAway when it is done and cannot be opened at this moment. It must not be called in a transaction.
    """
    key = _key_of(name)
    with _place_to_wait() as may_wait:
        deadline = time.monotonic() + ((PATIENCE_SECONDS if patience is None else patience) if may_wait else 0.0)
        while (job := _join(key)) is None:
            value = _read(key)
            if value[:1] == DONE:
                if (result := _take(key, value)) is not None:
                    return result  # type: ignore[return-value]  # one name is always of one kind
            elif value[:1] == FAILED:
                _forget(key)
                raise pool.Failed(value[1:].decode())
            elif value[:1] == WAITING:
                if value != AWAITED:
                    _await_elsewhere(key)
                if time.monotonic() >= deadline:
                    raise NotYet
                time.sleep(LOOK_SECONDS)
                continue
            if (job := _start(key, begin, _Job(who, data_key, is_for_staff))) is not None:
                break
        return _wait_for(key, job, deadline)  # type: ignore[return-value]  # the same


def give_back(name: str, result: Result, *, who: str, data_key: UUID | None = None) -> None:
    """Keep this result of `ask` again, because it could not be used yet: whoever asks for the job finds it.

    It is kept as one for which nobody waited, and as long. who, data_key: as for `ask`.
    """
    key, job = _key_of(name), _Job(who, data_key, is_for_staff=False, waiting=0, ended_at=time.monotonic())
    job.future.set_result(result)
    with _lock:
        if _jobs.setdefault(key, job) is not job:
            return  # it was begun again meanwhile
    _hand_over(key, job)


def is_under_way(name: str) -> bool:
    """Return whether this job is still being made, here or in another process. One round trip at most."""
    key = _key_of(name)
    with _lock:
        job = _jobs.get(key)
    return not job.future.done() if job is not None else _read(key)[:1] == WAITING


def is_ready(name: str) -> bool:
    """Return whether the result of this job can be given now, here or from another process. One round trip at most.

    A job that failed, was given, or was never begun is not ready. Asked after `is_under_way`, it misses none that ends
    in between.
    """
    key = _key_of(name)
    with _lock:
        job = _jobs.get(key)
    if job is not None:
        return job.future.done() and job.future.exception() is None
    return _read(key)[:1] == DONE


def _key_of(name: str) -> str:
    """Return the whole key of this job in Redis, for every thread.

    It is made by the thread that asks, because Django makes a cache for each thread when that first needs one, and the
    threads here live on when the settings of a test have ended.
    """
    return cache.make_key(f"job:{salted_hmac('common.offload.background_jobs', name, algorithm='sha256').hexdigest()}")


def _context_of(key: str) -> str:
    """Return what the result with this key is sealed for: the key without the prefix of the cache."""
    return key[key.rindex("job:") :]


@contextlib.contextmanager
def _place_to_wait() -> Iterator[bool]:
    """Take a place among the pages that wait, and say whether there was one."""
    is_taken = _pages.acquire(blocking=False)
    try:
        yield is_taken
    finally:
        if is_taken:
            _pages.release()


def _take(key: str, value: bytes) -> Result | None:
    """Open what Redis keeps, then delete it there. None when it does not open any more. Raises KeysAway: it stays."""
    result: Result | None = None
    count = 0
    try:
        if value[:2] == DONE_IN_PIECES:
            head = orjson.loads(_open(value[2:], _context_of(key)))
            count = head["count"]
            result = _gather(key, head)
        else:
            result = _open(value[1:], _context_of(key))
    except KeysAway:
        raise
    except UnsealError:
        logger.warning("background job: its result does not open any more")
    _forget(key, count)
    return result


def _open(sealed: bytes, context: str) -> bytes:
    return encryption.unseal_bytes(sealed, context=context)


def _gather(key: str, head: dict[str, Any]) -> LongResult:
    """Read the pieces of a long result into a spool. Raises UnsealError when one of them is gone, and pool.Failed."""
    spool, context = Spool(), _context_of(key)
    pieces = (_open(_read(f"{key}:{number}"), f"{context}:{number}") for number in range(head["count"]))
    whole = long_results.keep_pieces(spool, pieces)
    if whole.size != sum(head["sizes"]):
        raise UnsealError("a piece of a result is gone")
    return LongResult(head["about"], tuple(whole.cut(head["sizes"])))


def _join(key: str) -> _Job | None:
    """Return the job of this process with this key, for which one more page waits now; None when there is none."""
    with _lock:
        _drop_old()
        job = _jobs.get(key)
        if job is not None:
            job.waiting += 1
        return job


def _wait_for(key: str, job: _Job, deadline: float) -> Result:
    try:
        job.future.exception(max(0.0, deadline - time.monotonic()))
    except TimeoutError:
        with _lock:
            if not job.future.done():
                job.waiting -= 1
                raise NotYet from None
    with _lock:
        is_first = _jobs.get(key) is job
        if is_first:
            del _jobs[key]
    # Whoever asks again after this page, because the result may not be given any more, must not find it once more.
    if is_first and job.keeping.acquire(timeout=KEEPING_SECONDS):
        job.keeping.release()
    if is_first and _forget(key) == AWAITED:
        _keep(key, job, GIVEN_SECONDS)
    return job.future.result()


def _start(key: str, begin: Callable[[], Callable[[], Result]], job: _Job) -> _Job | None:
    """Start this job and return it; None when another thread or process has started it meanwhile. Raises pool.Busy."""
    with _lock:
        if key in _jobs:
            return None
        running = [one for one in _jobs.values() if not one.future.done()]
        if len(running) >= AT_MOST or any(one.who == job.who for one in running):
            raise pool.Busy
        of_visitors = sum(not one.is_for_staff for one in running)
        if not job.is_for_staff and of_visitors >= AT_MOST - KEPT_FOR_STAFF:
            raise pool.Busy
        _jobs[key] = job
    try:
        if not _claim(key):
            job.future.set_exception(pool.Busy())
            return None
        work = begin()
    except BaseException:
        _forget(key)
        job.future.set_exception(pool.Failed("error"))  # another thread may wait for this job
        raise
    finally:
        if job.future.done():
            with _lock:
                _jobs.pop(key, None)
    _queue.put((key, job, work))
    with _lock:
        for threads, run, most in ((_threads, _run_jobs, pool.AT_ONCE), (_beating, _renew_leases, 1)):
            threads[:] = [one for one in threads if one.is_alive()]
            if len(threads) < most:
                threads.append(threading.Thread(target=run, name="background-jobs", daemon=True))
                threads[-1].start()
    return job


def _drop_old() -> None:
    """Forget results that nobody came for. The lock is held."""
    ended = sorted((one.ended_at, key) for key, one in _jobs.items() if one.ended_at)
    too_old = time.monotonic() - KEPT_SECONDS
    for place, (ended_at, key) in enumerate(reversed(ended)):
        if ended_at < too_old or place >= AT_MOST:
            del _jobs[key]


# --- the threads ------------------------------------------------------------------------------------------------------


def _run_jobs() -> None:
    """Run one job after another, for the life of the process: a child ends with the thread that started it."""
    while True:
        try:
            key, job, work = _queue.get(timeout=SWEEP_SECONDS)
        except queue.Empty:
            with _lock:
                _drop_old()
            continue
        _run(key, job, work)
        del job, work  # they hold what people wrote


def _run(key: str, job: _Job, work: Callable[[], Result]) -> None:
    try:
        result = work()
    except pool.NotDone as error:
        job.future.set_exception(error)
    except Exception as error:  # noqa: BLE001  whatever it is, whoever asks is told that it was not made
        logger.error("background job: it failed (%s)", type(error).__name__)
        job.future.set_exception(pool.Failed("error"))
    else:
        job.future.set_result(result)
    with _lock:
        job.ended_at = time.monotonic()
        is_awaited = job.waiting > 0
        if not is_awaited:
            job.keeping.acquire()
    if not is_awaited:
        try:
            _hand_over(key, job)
        except Exception as error:  # noqa: BLE001  the thread goes on, and the result stays here
            logger.warning("background job: kept in this process alone (%s)", type(error).__name__)
        finally:
            job.keeping.release()
            close_old_connections()  # the data key may have been read from the database


def _hand_over(key: str, job: _Job) -> None:
    """Keep the result where every process finds it. It stays here too if that is not possible."""
    if not _keep(key, job, KEPT_SECONDS):
        return
    with _lock:
        is_left = _jobs.get(key) is job
        if is_left:
            del _jobs[key]
    if not is_left:  # a page came for it meanwhile
        _forget(key, _count_of(job.future.result()))


def _keep(key: str, job: _Job, seconds: int) -> bool:
    """Write the result into Redis, encrypted. Return whether it is there: not if it is too large, or its key away.

    When the key of its exchange is gone, nothing of it stays here either.
    """
    error = job.future.exception()
    if isinstance(error, pool.NotDone):
        return _write(key, FAILED + error.why.encode(), FAILED_SECONDS)
    result = job.future.result()
    if (result.size if isinstance(result, LongResult) else len(result)) > KEPT_BYTES:
        return False
    try:
        return _write_sealed(key, result, job.data_key, seconds)
    except KeysAway:
        logger.warning("background job: kept in this process alone, because the server of the keys is away")
        return False
    except UnsealError:
        logger.warning("background job: the key of its exchange is gone")
        with _lock:
            if _jobs.get(key) is job:
                del _jobs[key]
        _forget(key, _count_of(result))
        return False


def _write_sealed(key: str, result: Result, data_key: UUID | None, seconds: int) -> bool:
    """Seal the result and write it; return whether all of it is there. Raises KeysAway, UnsealError."""
    context = _context_of(key)
    if isinstance(result, bytes):
        return _write(key, DONE + encryption.seal_bytes(result, context=context, data_key=data_key), seconds)
    for number, piece in enumerate(_joined(result.pieces())):
        sealed = encryption.seal_bytes(piece, context=f"{context}:{number}", data_key=data_key)
        # They outlive what leads to them, which is written after them.
        if not _write(f"{key}:{number}", sealed, seconds + LEASE_SECONDS):
            return False
    sizes = [part.size for part in result.parts]
    head = orjson.dumps({"about": result.about, "sizes": sizes, "count": _count_of(result)})
    return _write(key, DONE_IN_PIECES + encryption.seal_bytes(head, context=context, data_key=data_key), seconds)


def _count_of(result: Result) -> int:
    """Return how many pieces a long result has in Redis; 0 for a short one."""
    return -(-result.size // PIECE_BYTES) if isinstance(result, LongResult) else 0


def _joined(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield these bytes in pieces of PIECE_BYTES; the last one may be shorter."""
    kept = bytearray()
    for piece in pieces:
        kept += piece
        while len(kept) >= PIECE_BYTES:
            yield bytes(kept[:PIECE_BYTES])
            del kept[:PIECE_BYTES]
    if kept:
        yield bytes(kept)


def _renew_leases() -> None:
    """Renew the leases of the jobs of this process, until none is under way."""
    while True:
        time.sleep(BEAT_SECONDS)
        with _lock:
            keys = [key for key, one in _jobs.items() if not one.future.done()]
            if not keys:
                _beating.clear()
                return
        _renew(keys)


# --- Redis ------------------------------------------------------------------------------------------------------------


def _server() -> Any:
    return rate_limits.server()


def _read(key: str) -> bytes:
    """Return what Redis has of this job; nothing when there is none, or when Redis is away."""
    try:
        return _server().get(key) or b""
    except (RedisError, OSError) as error:
        logger.warning("background job: the cache does not answer (%s)", type(error).__name__)
        return b""


def _claim(key: str) -> bool:
    """Write that this process makes it. False when another one does. Without Redis each process makes its own."""
    try:
        return bool(_server().set(key, WAITING, nx=True, ex=LEASE_SECONDS))
    except (RedisError, OSError) as error:
        logger.warning("background job: the cache does not answer (%s)", type(error).__name__)
        return True


def _await_elsewhere(key: str) -> None:
    """Tell the process that makes it that a page of this one waits. A result that came meanwhile is left as it is."""
    try:
        with _server().pipeline() as pipe:
            pipe.watch(key)
            if pipe.get(key) == WAITING:
                pipe.multi()
                pipe.set(key, AWAITED, xx=True, keepttl=True)
                pipe.execute()
    except WatchError:
        return  # it has changed since it was read, and is looked at again
    except (RedisError, OSError) as error:
        logger.warning("background job: the cache does not answer (%s)", type(error).__name__)


def _renew(keys: Sequence[str]) -> None:
    """Let these leases end later. A result that was written meanwhile has more time than a lease, and keeps it."""
    try:
        with _server().pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.expire(key, LEASE_SECONDS, gt=True)
            pipe.execute()
    except (RedisError, OSError) as error:
        logger.warning("background job: its lease was not renewed (%s)", type(error).__name__)


def _write(key: str, value: bytes, seconds: int) -> bool:
    try:
        _server().set(key, value, ex=seconds)
    except (RedisError, OSError) as error:
        logger.warning("background job: kept in this process alone (%s)", type(error).__name__)
        return False
    return True


def _forget(key: str, count: int = 0) -> bytes:
    """Delete what Redis has of this job, and return it; nothing when Redis is away.

    count: how many pieces of a long result are beside it.
    """
    try:
        with _server().pipeline() as pipe:
            pipe.get(key)
            pipe.delete(key, *(f"{key}:{number}" for number in range(count)))
            found, _count = pipe.execute()
        return found or b""
    except (RedisError, OSError) as error:
        logger.warning("background job: the cache does not answer (%s)", type(error).__name__)
        return b""

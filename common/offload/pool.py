"""Runs jobs in child processes: one child for each job, few at once, with limits of time and memory (docs/adr/0055).

A child starts in a tenth of a second. It has no secret, no connection and nothing of another job, and its memory is
freed when it ends. It receives and returns JSON and bytes, never Python objects.
"""

import contextlib
import logging
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final

import orjson
from prometheus_client import Counter

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
MIB: Final = 1024 * 1024

# Bounds of one process: how many children run at once, and how many callers may wait, each in a thread for pages. A
# further caller is refused at once.
AT_ONCE = 1
WAITING_AT_MOST = 2
WAIT_SECONDS = 10.0
# Bounds of one child. The heaviest document took 2.7 s and less than 360 MiB of address space (docs/adr/0055).
MEMORY = 512 * MIB
CPU_SECONDS = 15
WALL_SECONDS = 30.0
INPUT_AT_MOST = 16 * MIB
OUTPUT_AT_MOST = 64 * MIB
# The `nice` values of a child. A step is about a quarter of the weight in the scheduler, and a process of pages has 5.
# On a core that pages fill, 15 leaves a child a tenth, and 19 a twentieth. Somebody waits for a document within
# WALL_SECONDS, but nobody holds a thread for a drawing of the worker.
NICENESS, LOWEST_NICENESS = 15, 19
# The tries of a patient job (`common.offload.late`): the priority of each, and its time. On a machine whose cores have
# four other processes each, a child gets a hundredth of a core at 15, and a thirteenth at 5 (docs/adr/0122). A running
# child cannot be given a higher priority, because that needs a privilege.
PATIENT = ((NICENESS, 15.0), (10, 60.0), (5, 120.0))
PATIENT_WAIT_SECONDS = 300.0

# « time »: it used up its own processor time, so the work is too much. « slow »: the machine did not give it the
# processor in time, which says nothing of the work.
ENDS = ("done", "busy", "time", "slow", "memory", "killed", "error")
ENDED = Counter("pnav_child_processes", "Heavy work asked of a child process, by how it ended.", ["end"], registry=None)
for _end in ENDS:
    ENDED.labels(_end)

_running = threading.BoundedSemaphore(AT_ONCE)
_places = threading.BoundedSemaphore(AT_ONCE + WAITING_AT_MOST)
_asking: set[str] = set()
_asking_lock = threading.Lock()


class NotDone(Exception):
    """The job was not done, and nothing of it is left. why: one of ENDS."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Busy(NotDone):
    """This process already does as many jobs as it may; the caller may try again in a moment."""

    def __init__(self) -> None:
        super().__init__("busy")


class Failed(NotDone):
    """The child took too long or too much memory, was killed, met an error, or the machine was too slow (« slow »)."""


def run(
    module: str,
    data: Any,
    *,
    content: Iterable[bytes] | None = None,
    who: str = "",
    memory: int = MEMORY,
    niceness: int = NICENESS,
    seconds: float | None = None,
    is_patient: bool = False,
) -> tuple[Any, bytes]:
    """Call `work(data)` of this module in a child process, and return its result: a JSON value and bytes.

    module: one of our modules, named by the code, never by a request. data: a JSON value. content: bytes for
    `work(data, stream)`, sent piece by piece as the child reads them, so that one piece is in memory here at a time.
    who: who asks, "" for nobody in particular. A second job for the same `who` is Busy at once, so that nobody takes
    all places of a process. memory: the child's address space, in bytes. niceness: that of the child, whatever that of
    this process is. seconds: how long it may take, WALL_SECONDS unless it is given. is_patient: on a slow machine the
    job is tried again, each time with a higher priority and more time (PATIENT), for a caller who is no page. It is
    then sent no content, and `niceness` and `seconds` do not count.
    The caller waits for at most WAIT_SECONDS and `seconds`; a patient one for PATIENT_WAIT_SECONDS and all the times of
    PATIENT. It must not be in a transaction, whose locks would be held all that time. Raises Busy, Failed.
    """
    tries = PATIENT if is_patient else ((niceness, WALL_SECONDS if seconds is None else seconds),)
    try:
        with _place(who, is_patient=is_patient):
            value, given = _in_children(module, orjson.dumps(data), content or (), memory, tries)
    except NotDone as error:
        ENDED.labels(error.why).inc()
        raise
    ENDED.labels("done").inc()
    return value, given


def _in_children(
    module: str, data: bytes, content: Iterable[bytes], memory: int, tries: Sequence[tuple[int, float]]
) -> tuple[Any, bytes]:
    """Try the job once for each of these priorities and times, as long as the machine is only too slow for it."""
    for niceness, seconds in tries[:-1]:
        try:
            return _in_child(module, data, content, memory, niceness, seconds)
        except Failed as error:
            if error.why != "slow":
                raise
    niceness, seconds = tries[-1]
    return _in_child(module, data, content, memory, niceness, seconds)


@contextlib.contextmanager
def _place(who: str, *, is_patient: bool) -> Iterator[None]:
    """Wait for the turn of a job. A patient one takes no place of those who wait in a page: it has its own queue."""
    with _asking_lock:
        if who in _asking or not (is_patient or _places.acquire(blocking=False)):
            raise Busy
        if who:
            _asking.add(who)
    try:
        if not _running.acquire(timeout=PATIENT_WAIT_SECONDS if is_patient else WAIT_SECONDS):
            raise Busy
        try:
            yield
        finally:
            _running.release()
    finally:
        with _asking_lock:
            _asking.discard(who)
            if not is_patient:
                _places.release()


def _environment() -> dict[str, str]:
    """Return the environment of a child, without secrets or addresses.

    It has one thread and one arena of memory, so that the limit counts only memory that is used.
    """
    return {
        "PYTHONPATH": str(ROOT),
        "PYTHONSAFEPATH": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
        "MALLOC_ARENA_MAX": "1",
        "RAYON_NUM_THREADS": "1",
    }


def _in_child(
    module: str, data: bytes, content: Iterable[bytes], memory: int, niceness: int, seconds: float
) -> tuple[Any, bytes]:
    if len(data) > INPUT_AT_MOST:
        raise Failed("memory")
    with _start(module, (os.getpid(), memory, CPU_SECONDS, niceness)) as child:
        try:
            answer = _speak(child, chain((data + b"\n",), content), seconds)
        except BaseException:
            child.kill()
            raise
        status = child.wait()
    return _read(answer, status)


def _start(module: str, numbers: Iterable[int]) -> "subprocess.Popen[bytes]":
    """Start a child. Raises Busy when the machine has no process, memory or descriptor left for one."""
    try:
        return subprocess.Popen(  # noqa: S603  our own program, and numbers
            [sys.executable, "-m", "common.offload.child", module, *map(str, numbers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # it could contain what somebody wrote
            cwd="/",
            env=_environment(),
            start_new_session=True,  # Ctrl-C then reaches only the parent
        )
    except OSError as error:
        logger.error("child process: none can be started (%s)", type(error).__name__)
        raise Busy from error


def _speak(child: "subprocess.Popen[bytes]", pieces: Iterable[bytes], seconds: float) -> bytearray:
    """Send the job and read the answer, at the same time, for so many seconds.

    Raises Failed, and whatever `pieces` raises.
    """
    deadline = time.monotonic() + seconds
    answer = bytearray()
    coming = iter(pieces)
    left = memoryview(next(coming, b""))
    sent = len(left)
    assert child.stdin is not None and child.stdout is not None  # noqa: S101  both are pipes, for mypy
    os.set_blocking(child.stdin.fileno(), False)
    with selectors.DefaultSelector() as ready:
        ready.register(child.stdin, selectors.EVENT_WRITE)
        ready.register(child.stdout, selectors.EVENT_READ)
        while ready.get_map():
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise Failed("slow")
            for key, _events in ready.select(remaining):
                if key.fileobj is child.stdin:
                    try:
                        left = left[os.write(key.fd, left[: 256 * 1024]) :]
                    except BlockingIOError:
                        continue
                    except BrokenPipeError:  # the child has ended, and its exit status says how
                        left, coming = left[:0], iter(())
                    while not left and (piece := next(coming, None)) is not None:
                        left = memoryview(piece)
                        sent += len(left)
                        if sent > 2 * INPUT_AT_MOST:
                            raise Failed("memory")
                    if not left:
                        ready.unregister(child.stdin)
                        child.stdin.close()
                else:
                    part = os.read(key.fd, 256 * 1024)
                    answer += part
                    if len(answer) > OUTPUT_AT_MOST:
                        raise Failed("memory")
                    if not part:
                        ready.unregister(child.stdout)
    try:
        child.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise Failed("slow") from None
    return answer


# The signals that end a child: the kernel sends SIGXCPU after its time; Rust and the C library abort without memory.
_SIGNALS: Final = {24: "time", 6: "memory"}


def _read(answer: bytearray, status: int) -> tuple[Any, bytes]:
    """Return the value and the bytes of an answer. The bytes may be many; they are in memory twice at most.

    Any other answer is an error: a child may have read a file of somebody, and is not trusted.
    """
    if status < 0:
        raise Failed(_SIGNALS.get(-status, "killed"))
    end = answer.find(b"\n")
    try:
        told = orjson.loads(bytes(answer[: max(end, 0)]))
    except orjson.JSONDecodeError:
        raise Failed("error") from None
    if not isinstance(told, dict):
        raise Failed("error")
    if "error" in told:
        raise Failed("memory" if told["error"] == "MemoryError" else "error")
    if "value" not in told or told.get("size") != len(answer) - end - 1:
        raise Failed("error")
    content = bytes(memoryview(answer)[end + 1 :])
    return told["value"], content

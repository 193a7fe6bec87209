"""Asks child processes for heavy work: one child a job, few at once, with limits of time and memory.

A child starts in a tenth of a second, holds no secret, no connection and nothing of another job, and gives its memory
back by ending. What goes in and comes out is JSON and bytes, never objects of Python. Why so: docs/adr/0055.
"""

import contextlib
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Final

import orjson
from prometheus_client import Counter

ROOT = Path(__file__).resolve().parents[2]
MIB: Final = 1024 * 1024

# Bounds of one process: so many children at once, and so many callers who wait for one, each in a thread that serves
# pages; who comes above that is refused at once.
AT_ONCE = 1
WAITING_AT_MOST = 2
WAIT_SECONDS = 10.0
# Bounds of one child. The heaviest document took 2.7 s and less than 360 MiB of address space (docs/adr/0055).
MEMORY = 512 * MIB
CPU_SECONDS = 15
WALL_SECONDS = 30.0
INPUT_AT_MOST = 16 * MIB
OUTPUT_AT_MOST = 64 * MIB
# How far a child stands behind whatever else runs, by `nice`: a step is about a quarter of the weight in the scheduler,
# and a process of pages stands at 5. On a core that pages fill, 15 leaves a child a tenth, and 19 a twentieth. Somebody
# waits for a document within WALL_SECONDS; nobody holds a thread for a drawing of the worker.
NICENESS, LOWEST_NICENESS = 15, 19

ENDS = ("done", "busy", "time", "memory", "killed", "error")
ENDED = Counter("pnav_child_processes", "Heavy work asked of a child process, by how it ended.", ["end"], registry=None)
for _end in ENDS:
    ENDED.labels(_end)

_running = threading.BoundedSemaphore(AT_ONCE)
_places = threading.BoundedSemaphore(AT_ONCE + WAITING_AT_MOST)
_asking: set[str] = set()
_asking_lock = threading.Lock()


class NotDone(Exception):
    """The work was not done, and nothing of it is left. why: one of ENDS."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Busy(NotDone):
    """This process has as much heavy work under way as it takes at once: try again in a moment."""

    def __init__(self) -> None:
        super().__init__("busy")


class Failed(NotDone):
    """The child took too long or too much memory, was killed, or met an error."""


def run(
    module: str,
    data: Any,
    *,
    content: Iterable[bytes] | None = None,
    who: str = "",
    memory: int = MEMORY,
    niceness: int = NICENESS,
) -> tuple[Any, bytes]:
    """Call `work(data)` of this module in a child process, and return what it gives: a value of JSON and bytes.

    module: one of ours, named by code, never by a request. data: JSON. content: bytes for `work(data, stream)`, sent
    piece by piece as the child takes them: one piece is in memory here at a time. who: asks for one job at a time, « »
    for nobody in particular; a second one is Busy at once, so that nobody takes all the places of a process. memory:
    the child's address space, in bytes. niceness: of the child, whatever that of this process is.
    Costs a page thread for at most WAIT_SECONDS + WALL_SECONDS, and a child within the limits above.
    Raises Busy, Failed. Call it outside a transaction: locks would be held all that time.
    """
    try:
        with _place(who):
            value, given = _in_child(module, orjson.dumps(data), content or (), memory, niceness)
    except NotDone as error:
        ENDED.labels(error.why).inc()
        raise
    ENDED.labels("done").inc()
    return value, given


@contextlib.contextmanager
def _place(who: str) -> Iterator[None]:
    with _asking_lock:
        if who in _asking or not _places.acquire(blocking=False):
            raise Busy
        if who:
            _asking.add(who)
    try:
        if not _running.acquire(timeout=WAIT_SECONDS):
            raise Busy
        try:
            yield
        finally:
            _running.release()
    finally:
        with _asking_lock:
            _asking.discard(who)
            _places.release()


def _environment() -> dict[str, str]:
    """All that a child knows of its surroundings: no secret, no address. One thread and one arena of memory: what the
    limit of memory counts is then what is used."""
    return {
        "PYTHONPATH": str(ROOT),
        "PYTHONSAFEPATH": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
        "MALLOC_ARENA_MAX": "1",
        "RAYON_NUM_THREADS": "1",
    }


def _in_child(module: str, data: bytes, content: Iterable[bytes], memory: int, niceness: int) -> tuple[Any, bytes]:
    if len(data) > INPUT_AT_MOST:
        raise Failed("memory")
    numbers = (os.getpid(), memory, CPU_SECONDS, niceness)
    command = [sys.executable, "-m", "common.offload.child", module, *map(str, numbers)]
    with subprocess.Popen(  # noqa: S603  our own program, and numbers
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # it could say what somebody wrote
        cwd="/",
        env=_environment(),
        start_new_session=True,  # Ctrl-C reaches the parent, which ends by itself
    ) as child:
        try:
            answer = _speak(child, chain((data + b"\n",), content))
        except BaseException:
            child.kill()
            raise
        status = child.wait()
    return _read(answer, status)


def _speak(child: "subprocess.Popen[bytes]", pieces: Iterable[bytes]) -> bytearray:
    """Send the job and take the answer, both as they can go, until WALL_SECONDS are over. Raises Failed, and whatever
    `pieces` raise."""
    deadline = time.monotonic() + WALL_SECONDS
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
                raise Failed("time")
            for key, _events in ready.select(remaining):
                if key.fileobj is child.stdin:
                    try:
                        left = left[os.write(key.fd, left[: 256 * 1024]) :]
                    except BlockingIOError:
                        continue
                    except BrokenPipeError:  # it ended already: its status says how
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
        raise Failed("time") from None
    return answer


# How the kernel and the runtimes end a child: SIGXCPU for its time; Rust and the C library abort without memory.
_SIGNALS: Final = {24: "time", 6: "memory"}


def _read(answer: bytearray, status: int) -> tuple[Any, bytes]:
    """What it said, and its bytes. What a child gives may be long: it is in memory twice at most."""
    if status < 0:
        raise Failed(_SIGNALS.get(-status, "killed"))
    end = answer.find(b"\n")
    try:
        told = orjson.loads(bytes(answer[: max(end, 0)]))
    except orjson.JSONDecodeError:
        raise Failed("error") from None
    if "error" in told:
        raise Failed("memory" if told["error"] == "MemoryError" else "error")
    if len(answer) - end - 1 != told["size"]:
        raise Failed("error")
    content = bytes(memoryview(answer)[end + 1 :])
    return told["value"], content

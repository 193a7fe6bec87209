"""Measures how still the machine is, because whatever else runs on it shows in every p99.

One message in a hundred decides a p99. Something that takes a core for 5 ms once a second, as the watchers of a virtual
machine do, delays one or two messages in two hundred, which is as much as what is measured.
"""

import os
import random
import time
from collections.abc import Callable, Sequence

STILLNESS_SECONDS = 5.0
NOTICED_SECONDS = 0.001
OBJECTS = 300_000
# On the machine on which the figures were made a read takes 220 to 260 ns after its memory was put together, and 400 to
# 700 ns when it is in small pieces.
SLOW_READ_NS = 330


def interruptions(seconds: float, clock: Callable[[], float] = time.perf_counter) -> list[float]:
    """Return, in seconds, each time that the processor was taken away for more than a millisecond.

    It is measured by a process that only looks at the clock.
    """
    taken = []
    before = clock()
    end = before + seconds
    while before < end:
        now = clock()
        if now - before > NOTICED_SECONDS:
            taken.append(now - before)
        before = now
    return taken


def told(taken: Sequence[float], seconds: float) -> str:
    """Return the same in a sentence that is printed above the figures."""
    if not taken:
        return f"The machine is still: in {seconds:.0f} s nothing took this core away for a millisecond."
    return (
        f"The machine is not still: in {seconds:.0f} s something else took this core {len(taken)} times "
        f"for more than a millisecond, {1000 * max(taken):.1f} ms at most."
    )


def memory_read_ns(clock: Callable[[], float] = time.thread_time) -> float:
    """Return how long Python takes to read an object somewhere in memory, in ns, the best of three.

    Objects are read in an order that no cache foresees. It takes half a second of processor time and 20 MiB.
    """
    objects = [str(number) for number in range(OBJECTS)]
    random.Random(1).shuffle(objects)
    best = float("inf")
    for _time in range(3):
        before = clock()
        for one in objects:
            len(one)
        best = min(best, clock() - before)
    return best / OBJECTS * 1e9


def told_memory(ns: float) -> str:
    """Return the same in a sentence that is printed above the figures."""
    text = f"A read of scattered memory takes {ns:.0f} ns."
    if ns < SLOW_READ_NS:
        return text
    return f"{text} That is slow: its memory may be in small pieces (docs/performance.md, « A slow machine »)."


def describe_machine() -> str:
    """Measure both for the time of STILLNESS_SECONDS and a little more, and return two lines."""
    taken = interruptions(STILLNESS_SECONDS)
    return f"{told(taken, STILLNESS_SECONDS)}\n{told_memory(memory_read_ns())}"


def go_first() -> None:
    """Run before everything else on this machine, with all that is started from here: the lowest of Linux's real-time
    priorities. It takes a twentieth of the time back from whoever fills a core, so this is for what does not.

    Exits where the user has no right to it.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        raise SystemExit("--undisturbed needs the right to real-time priority: root, or RLIMIT_RTPRIO.") from None

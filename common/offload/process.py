"""Limits what a process takes of the machine, and what it leaves there when it dies. Linux for the most part.

RLIMIT_CORE and PR_SET_DUMPABLE hold wherever the process runs: a dump of its memory would write keys, messages and
addresses to a disk. setrlimit(2), prctl(2), core(5).
"""

import contextlib
import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_GET_DUMPABLE = 3
PR_SET_DUMPABLE = 4
PR_SET_NO_NEW_PRIVS = 38
CORE_PATTERN = Path("/proc/sys/kernel/core_pattern")
SWAPS = Path("/proc/swaps")
AUTOGROUP = Path("/proc/self/autogroup")


def _prctl(option: int, value: int = 0) -> int:
    """The answer of prctl(2); -1 where there is none, or when it refused."""
    if sys.platform != "linux":
        return -1
    return int(ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0))


def forbid_dumps(*, for_measuring: bool = False) -> None:
    """No core file of this process, and nobody but root in its memory. Called first of all by every process that holds
    secrets or texts; its children inherit the limit, and call this for the rest.

    for_measuring: its memory may still be looked at by its own account, as the benchmarks of the demonstration do.
    Where prctl(2) is missing the limit alone holds; `can_dump` tells.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not for_measuring:
        _prctl(PR_SET_DUMPABLE, 0)


def can_dump() -> bool:
    """Whether a crash of this process could leave its memory on a disk.

    The limit does not hold a program that core_pattern pipes dumps to (core(5)); a process that is not dumpable is
    given to neither.
    """
    if sys.platform == "linux" and _prctl(PR_GET_DUMPABLE) == 0:
        return False
    soft, _hard = resource.getrlimit(resource.RLIMIT_CORE)
    return soft != 0 or dumps_are_piped()


def dumps_are_piped() -> bool:
    """Whether this machine hands the dump of any process to a program, whatever limit the process has."""
    try:
        return CORE_PATTERN.read_text().startswith("|")
    except OSError:
        return False


def swaps_in_clear() -> bool:
    """Whether this machine has a swap area that is not named as an encrypted one or as memory (zram).

    A device mapper name (/dev/dm-…) is taken for encrypted: what lies below cannot be told from inside.
    """
    try:
        lines = SWAPS.read_text().splitlines()[1:]
    except OSError:
        return False
    return any(not line.startswith(("/dev/zram", "/dev/dm-", "/dev/mapper/")) for line in lines if line.strip())


def lower_priority(steps: int) -> None:
    """Have this process, and the threads it starts from now on, wait for others that want the processor: a step of
    `nice` is about a quarter of the weight in the scheduler.

    Where the kernel groups processes by session (`sched_autogroup`), niceness counts inside the group only, and the
    group has one of its own. Nothing is raised where that cannot be written: the process then runs as any other does.
    """
    niceness = os.nice(steps)
    with contextlib.suppress(OSError):
        AUTOGROUP.write_text(str(niceness))


def limit(*, memory: int, cpu_seconds: int, files: int) -> None:
    """Take the limits of a child, before it reads anything: they cannot be raised again without privileges.

    memory: bytes of address space. cpu_seconds: of processor, after which the kernel ends the process. files: open at
    once. Nothing is written to any file, and no program that is started can gain privileges.
    """
    forbid_dumps()
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    # Above the first figure SIGXCPU, which tells the parent why; above the second SIGKILL.
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    _prctl(PR_SET_NO_NEW_PRIVS, 1)


def die_with(parent: int) -> None:
    """End when the process that started this one ends. parent: its process id, against one that is gone already."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)

"""Limits what a process uses of the machine, and keeps its memory from being written to a disk. Mostly for Linux.

RLIMIT_CORE and PR_SET_DUMPABLE work wherever the process runs. A dump of its memory would contain keys, messages and
addresses. See setrlimit(2), prctl(2), core(5).
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
    """Call prctl(2) and return its result; -1 where the system has none, or when it refused."""
    if sys.platform != "linux":
        return -1
    return int(ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0))


def forbid_dumps(*, for_measuring: bool = False) -> None:
    """Forbid core files of this process, and any access to its memory except by root.

    Every process with secrets or texts calls this first. Its children inherit the limit on core files, and call this
    for the rest. for_measuring: its own account may still read its memory, as the benchmarks of the demonstration do.
    Without prctl(2) only the limit on core files holds; `can_dump` tells whether that is enough.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not for_measuring:
        _prctl(PR_SET_DUMPABLE, 0)


def can_dump() -> bool:
    """Return whether a crash of this process could leave its memory on a disk.

    The limit has no effect where core_pattern pipes dumps to a program (core(5)). A process that is not dumpable is
    neither written to a file nor piped.
    """
    if sys.platform == "linux" and _prctl(PR_GET_DUMPABLE) == 0:
        return False
    soft, _hard = resource.getrlimit(resource.RLIMIT_CORE)
    return soft != 0 or dumps_are_piped()


def dumps_are_piped() -> bool:
    """Return whether this machine pipes the dump of any process to a program, whatever limit the process has."""
    try:
        return CORE_PATTERN.read_text().startswith("|")
    except OSError:
        return False


def swaps_in_clear() -> bool:
    """Return whether this machine has a swap area that is not named as an encrypted one or as memory (zram).

    A device mapper name (/dev/dm-…) is taken for encrypted, because a container cannot see what is below it.
    """
    try:
        lines = SWAPS.read_text().splitlines()[1:]
    except OSError:
        return False
    return any(not line.startswith(("/dev/zram", "/dev/dm-", "/dev/mapper/")) for line in lines if line.strip())


def lower_priority(steps: int) -> None:
    """Lower the priority of this process, and of the threads it starts from now on, by so many steps of `nice`.

    A step takes about a quarter of the weight in the scheduler. Where the kernel groups processes by session
    (`sched_autogroup`), niceness counts only within the group, and the group has its own, which is set too. Nothing is
    raised where that is not possible; the process then has normal priority.
    """
    niceness = os.nice(steps)
    with contextlib.suppress(OSError):
        AUTOGROUP.write_text(str(niceness))


def limit(*, memory: int, cpu_seconds: int, files: int) -> None:
    """Set the limits of a child before it reads anything. Without privileges they cannot be raised again.

    memory: bytes of address space. cpu_seconds: processor time after which the kernel ends the process. files: how many
    may be open at once. The process can write to no file, and no program that it starts can gain privileges.
    """
    forbid_dumps()
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    # At the first figure the kernel sends SIGXCPU, which tells the parent why; at the second it sends SIGKILL.
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    _prctl(PR_SET_NO_NEW_PRIVS, 1)


def die_with(parent: int) -> None:
    """End this process when its parent ends. parent: the parent's process id, to notice if it has ended already."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)

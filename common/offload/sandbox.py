"""This module gives up network, files and processes in a child before it reads an uploaded file. Mostly for Linux.

There are three layers, each where the system supports it: limits (`common.offload.process`, everywhere), separate
namespaces (no network, no other process's memory or message queues), and a filter of system calls (seccomp(2), through
libseccomp). `python manage.py check --deploy` names the layers that are missing, and each has a test.

A decoder that a malicious file takes over then has only its own memory, its standard input and its standard output. It
can open no file, socket or process; all it can do is return wrong pixels.
"""

import contextlib
import errno
import os
import sys
from collections.abc import Iterable
from enum import StrEnum

CLONE_THREAD = 0x0001_0000  # the flag of linux/sched.h with which `clone` makes a thread and not a process


class Layer(StrEnum):
    """These are the layers that may be in force."""

    NAMESPACES = "namespaces"
    SYSTEM_CALLS = "system_calls"


# The system calls that decoding needs once all libraries are loaded: for memory, threads, time, and descriptors that
# are already open. Any other call fails with EPERM, except `clone3`, which fails with ENOSYS, so that the C library
# uses `clone`, whose flags the filter can check.
ALLOWED = (
    "read", "readv", "write", "writev", "lseek", "close", "fstat", "newfstatat", "fcntl", "poll", "ppoll",
    "mmap", "munmap", "mremap", "mprotect", "madvise", "brk",
    "futex", "futex_waitv", "set_robust_list", "rseq", "sched_yield", "sched_getaffinity", "membarrier",
    "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "times", "getrusage",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall",
    "getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getrandom", "uname", "sysinfo",
    "exit", "exit_group", "tgkill",
)  # fmt: skip


def enter() -> frozenset[Layer]:
    """Give up all privileges that the system lets a process give up, and return the layers that are now in force.

    The caller is a process with one thread that has loaded everything it will need.
    """
    layers = set()
    if _leave_namespaces():
        layers.add(Layer.NAMESPACES)
    if _filter_system_calls():
        layers.add(Layer.SYSTEM_CALLS)
    return frozenset(layers)


def _leave_namespaces() -> bool:
    """Enter namespaces without network interfaces and with separate message queues; containers often forbid it."""
    if sys.platform != "linux":
        return False
    try:
        os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET | os.CLONE_NEWIPC | os.CLONE_NEWUTS)
    except OSError:
        return False
    return True


def _filter_system_calls() -> bool:
    if sys.platform != "linux":
        return False
    try:
        import pyseccomp
    except (ImportError, RuntimeError, OSError):  # the Python package or the system's library is missing
        return False
    rules = pyseccomp.SyscallFilter(pyseccomp.ERRNO(errno.EPERM))
    for name in ALLOWED:
        with contextlib.suppress(ValueError, OSError):  # a name that this processor or this libseccomp does not know
            rules.add_rule(pyseccomp.ALLOW, name)
    rules.add_rule(pyseccomp.ALLOW, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, CLONE_THREAD, CLONE_THREAD))
    rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    try:
        rules.load()
    except OSError:  # the kernel or the container has no seccomp
        return False
    return True


def missing(layers: Iterable[str]) -> frozenset[Layer]:
    """Return the layers that are not in force. layers: the names of those that are."""
    found = set(layers)
    return frozenset(layer for layer in Layer if layer.value not in found)

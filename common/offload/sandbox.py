"""Gives up network, files and processes in a child, before it reads a stranger's file. Linux for the most part.

Three layers, each where the system has it: limits (`common.offload.process`, everywhere), namespaces of its own (no
network, no other process's memory or message queues), and a filter of system calls (seccomp(2) by libseccomp). What is
in force is said by name: whoever runs the service sees it (`python manage.py check --deploy`), and a test holds each.

A decoder that is taken over by a file then has its own memory, its standard input and its standard output. It opens no
file, no socket and no process; what it can do is write wrong pixels.
"""

import contextlib
import errno
import os
import sys
from collections.abc import Iterable
from enum import StrEnum

CLONE_THREAD = 0x0001_0000  # of linux/sched.h: a thread, and no process


class Layer(StrEnum):
    """The layers that may be in force."""

    NAMESPACES = "namespaces"
    SYSTEM_CALLS = "system_calls"


# What decoding needs once all libraries are loaded: memory, threads of its own, time, and the descriptors that are
# open. Everything else fails with EPERM, as if it were forbidden; `clone3` with ENOSYS, so that the C library takes
# `clone`, whose flags can be looked at.
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
    """Give up what can be given up; which layers are in force from now on. Called by a process with one thread, which
    has loaded all that it will ever need."""
    layers = set()
    if _leave_namespaces():
        layers.add(Layer.NAMESPACES)
    if _filter_system_calls():
        layers.add(Layer.SYSTEM_CALLS)
    return frozenset(layers)


def _leave_namespaces() -> bool:
    """A network without an interface, and System V and POSIX queues of its own. Containers often forbid it."""
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
    except (ImportError, RuntimeError, OSError):  # the package, or the library of the system, is not there
        return False
    rules = pyseccomp.SyscallFilter(pyseccomp.ERRNO(errno.EPERM))
    for name in ALLOWED:
        with contextlib.suppress(ValueError, OSError):  # a name that this processor or this libseccomp does not know
            rules.add_rule(pyseccomp.ALLOW, name)
    rules.add_rule(pyseccomp.ALLOW, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, CLONE_THREAD, CLONE_THREAD))
    rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    try:
        rules.load()
    except OSError:  # a kernel, or a container, without seccomp
        return False
    return True


def missing(layers: Iterable[str]) -> frozenset[Layer]:
    """Name the layers that are not in force."""
    found = set(layers)
    return frozenset(layer for layer in Layer if layer.value not in found)

"""Jobs of child processes in tests, with bytes and in the sandbox: `common.offload.pool.run(…, content=…)`."""

import ctypes
import errno
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from common.offload import sandbox


def work(asked: dict[str, Any], stream: IO[bytes]) -> tuple[Any, bytes]:
    match asked["do"]:
        case "count":
            content = stream.read()
            return {"bytes": len(content), "first": content[0], "last": content[-1]}, b""
        case "try":
            ctypes.CDLL(None, use_errno=True)
            layers = sandbox.enter()
            return {"layers": sorted(layers), "ended": _how_it_ends(ATTEMPTS[asked["what"]])}, b""
        case "namespaces":
            is_there = sandbox._leave_namespaces()
            interfaces = sorted(name for _index, name in socket.if_nameindex()) if is_there else []
            ended = _how_it_ends(lambda: socket.create_connection(("192.0.2.1", 80), 1)) if is_there else ""
            return {"is_there": is_there, "interfaces": interfaces, "ended": ended}, b""
        case other:
            raise ValueError(other)


def _how_it_ends(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, "")
    return "done"


def _ptrace() -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.ptrace(16, os.getppid(), 0, 0) == -1:  # PTRACE_ATTACH
        raise OSError(ctypes.get_errno(), "ptrace")


def _write() -> None:
    descriptor = os.open("/tmp/pnav-sandbox", os.O_CREAT | os.O_WRONLY)  # noqa: S108  it must not work
    os.write(descriptor, b"x")


ATTEMPTS: dict[str, Callable[[], object]] = {
    "open": lambda: Path("/etc/passwd").read_bytes(),
    "write": _write,
    "socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
    "socket_unix": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
    "fork": os.fork,
    "execute": lambda: os.execv("/bin/true", ["/bin/true"]),  # noqa: S606  it must not work
    "ptrace": _ptrace,
    "signal_parent": lambda: os.kill(os.getppid(), signal.SIGTERM),
    "unshare": lambda: os.unshare(os.CLONE_NEWNS),
    "new_file": lambda: os.memfd_create("x"),
}

"""Jobs of child processes in tests: `common.offload.pool.run("tests.common.offload.jobs", {"do": …})`."""

import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

from common.offload import process


def work(asked: dict[str, Any]) -> tuple[Any, bytes]:
    match asked["do"]:
        case "echo":
            return asked["value"], asked["value"].encode()
        case "surroundings":
            return {
                "environment": dict(os.environ),
                "files": [file.name for file in Path("/proc/self/fd").iterdir()],
                "limits": {
                    name: list(resource.getrlimit(getattr(resource, f"RLIMIT_{name}")))
                    for name in ("AS", "CPU", "CORE", "NOFILE", "FSIZE")
                },
                "nice": os.nice(0),
                "autogroup": process.AUTOGROUP.read_text() if process.AUTOGROUP.exists() else "",
                "can_dump": process.can_dump(),
                "modules": sorted(sys.modules),
                "pid": os.getpid(),
            }, b""
        case "memory":
            return None, bytes(len(bytearray(1 << 40)))
        case "abort":
            os.abort()
        case "spin":
            while True:
                pass
        case "wait":  # wait until this file exists
            while not Path(asked["path"]).exists():
                time.sleep(0.02)
            return os.getpid(), b""
        case "sleep":
            time.sleep(asked["seconds"])
            return os.getpid(), b""
        case "much":
            return None, b"x" * asked["size"]
        case "secret":
            raise ValueError("ce que quelqu'un a écrit")
        case "write":
            with Path(asked["path"]).open("wb") as file:
                file.write(b"x")
        case "answer":  # what a decoder that was taken over might write
            os.write(sys.stdout.fileno(), asked["text"].encode())
            os._exit(0)
        case "silent":
            os._exit(0)
    return None, b""

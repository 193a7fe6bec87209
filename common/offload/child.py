"""This is the program of a child process: it does one job and ends. Only `common.offload.pool` starts it.

Its command is `python -m common.offload.child MODULE PARENT MEMORY SECONDS NICENESS`.

The job is `MODULE.work(data)`, or `MODULE.work(data, stream)` for a job that is sent bytes. `data` is the first line of
the standard input, as JSON; `stream` is what follows. The answer on the standard output is one line of JSON,
`{"value": …, "size": …}` or `{"error": <class>}`, then `size` bytes. Of an error only the class is given, because its
message may contain what somebody wrote.
"""

import importlib
import json
import os
import sys
from typing import Any

from common.offload import process

OPEN_FILES = 64


def main(module: str, parent: int, memory: int, seconds: int, niceness: int) -> int:
    """Do the job. Returns 0 when it was done and 1 when it failed; the kernel kills a process that takes too much."""
    process.die_with(parent)
    # Done before files may not be written, because the priority of this session is set in one.
    process.lower_priority(max(0, niceness - os.nice(0)))
    process.limit(memory=memory, cpu_seconds=seconds, files=OPEN_FILES)
    answer: dict[str, Any]
    content = b""
    try:
        work = importlib.import_module(module).work
        asked = json.loads(sys.stdin.buffer.readline())
        is_sent_bytes = work.__code__.co_argcount == 2
        value, content = work(asked, sys.stdin.buffer) if is_sent_bytes else work(asked)
        answer = {"value": value, "size": len(content)}
    except Exception as error:  # noqa: BLE001  whatever it is, the parent is told by its class
        answer = {"error": type(error).__name__}
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()
    return 1 if "error" in answer else 0


if __name__ == "__main__":
    name, *numbers = sys.argv[1:]
    status = main(name, *map(int, numbers))
    os._exit(status)  # what was written is flushed; nothing is left to be undone

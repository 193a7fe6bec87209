"""Measures what one act takes of this process."""

import tracemalloc
from collections.abc import Callable, Iterable
from typing import Any

from django.db import connection


def cost_of(ask: Callable[[], Any]) -> tuple[Any, int, int]:
    """Return the answer, read to its end as a browser does, the most Python memory that it needed, in KiB, and how many
    statements.

    What a process loads with its first act of a kind counts too, so ask once before.
    """
    count = [0]

    def counted(execute: Any, *arguments: Any) -> Any:
        count[0] += 1
        return execute(*arguments)

    tracemalloc.start()
    try:
        with connection.execute_wrapper(counted):
            answer = ask()
            if answer.streaming:
                pieces: Iterable[bytes] = answer.streaming_content
                assert sum(map(len, pieces)) == int(answer["Content-Length"])
        return answer, tracemalloc.get_traced_memory()[1] // 1024, count[0]
    finally:
        tracemalloc.stop()

"""Room for the frames of a deep call, so that Python does not ask the kernel for it again and again.

CPython 3.13 keeps the frames of a thread in pieces of 16 KiB. It asks the kernel for the next piece when a call no
longer fits, and gives it back as soon as that call returns. A loop that calls a function at the end of a piece maps,
touches and unmaps 16 KiB for each call. A page that pytest draws is deep enough to meet such places, and a tenth of the
processor of a worker went there. A frame that is larger than half of its piece leaves the rest of the piece to whatever
it calls.
"""

from collections.abc import Callable
from types import FunctionType
from typing import Any, cast

PIECE_BYTES = 1024 * 1024  # a power of two; only what frames use of it is ever touched
SLOT_BYTES = 8
SLOTS = PIECE_BYTES // 2 // SLOT_BYTES + 64  # more than half: CPython takes the next power of two for it


def _call(function: Callable[..., Any], /, *args: Any, **named: Any) -> Any:
    return function(*args, **named)


def call_with_room[**P, R](function: Callable[P, R], /, *args: P.args, **named: P.kwargs) -> R:
    """Call a function, and return its answer.

    Some thousand frames have room below it; it costs some microseconds.
    """
    return cast("R", _with_room(function, *args, **named))


_with_room = FunctionType(_call.__code__.replace(co_stacksize=SLOTS), globals())

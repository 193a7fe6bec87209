"""Random bytes of the system, drawn many at a time.

Each draw releases the interpreter's lock, and a thread that makes a page then waits until it gets it back. Drawing byte
by byte, as Django does for the token of a form, a page did so a hundred times (docs/adr/0124).
"""

import os
import threading

AT_ONCE = 4096  # how many bytes are drawn at once; each is used once


class _Drawn(threading.local):
    def __init__(self) -> None:
        self.pid = 0
        self.left = b""

    def take(self, count: int) -> bytes:
        if len(self.left) < count or self.pid != os.getpid():  # after a fork, the copy must not use the same ones
            self.pid = os.getpid()
            self.left = os.urandom(max(AT_ONCE, count))
        taken, self.left = self.left[:count], self.left[count:]
        return taken


_drawn = _Drawn()
_ALPHANUMERIC = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
# Each of these characters stands for four bytes; the other eight bytes are left out, so that all are equally likely.
_CHARACTERS = bytes([_ALPHANUMERIC[byte % 62] for byte in range(256)])
_LEFT_OUT = bytes(range(4 * 62, 256))


def random_bytes(count: int) -> bytes:
    """Return so many bytes that were never returned before, fit for secrets."""
    return _drawn.take(count)


def random_text(length: int) -> str:
    """Return so many letters and digits of ASCII, fit for secrets."""
    text = b""
    while len(text) < length:
        text += random_bytes(length + 8).translate(_CHARACTERS, _LEFT_OUT)
    return text[:length].decode()

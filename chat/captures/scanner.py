"""Asks clamd, where the operator has one, what it says of an original, by its protocol (clamd(8), INSTREAM).

It tells what it knows. What it could not read, or left before the end, is « unscannable », never « clean »; and a
scanner that is away has said nothing: the original waits. Drawings do not: nothing of the file is in them.
"""

import logging
import socket
import struct
from collections.abc import Iterable
from typing import Final

from django.conf import settings

from chat.models import ScanResult
from common.encryption import UnsealError

logger = logging.getLogger(__name__)

SECONDS = 60.0  # for each piece to be taken and for the answer: 15 MB of nested archives take clamd some seconds
ANSWER_MOST = 4096
# Alerts that say that clamd did not look at all of it: with AlertEncrypted and AlertExceedsMax in clamd.conf, which
# docs/operations.md asks for. Without them it answers OK for those.
NOT_LOOKED_AT: Final = ("Heuristics.Limits.Exceeded", "Heuristics.Encrypted")


class ScannerAway(Exception):
    """Nobody answered: nothing is known, and it is asked again."""


def scan(pieces: Iterable[bytes]) -> ScanResult:
    """Send a file and read the verdict. pieces: the file in clear, one in memory at a time.

    Raises ScannerAway, and whatever `pieces` raise.
    """
    try:
        with _connect() as line:
            line.sendall(b"zINSTREAM\0")
            is_cut = False
            for piece in pieces:
                try:
                    line.sendall(struct.pack(">I", len(piece)) + piece)
                except (BrokenPipeError, ConnectionResetError):
                    is_cut = True  # it has said why before it closed
                    break
            if not is_cut:
                line.sendall(struct.pack(">I", 0))
            return read_verdict(_answer(line))
    except UnsealError:  # of the file, not of the scanner
        raise
    except (OSError, ValueError) as error:
        logger.warning("captures: the scanner does not answer (%s)", type(error).__name__)
        raise ScannerAway from error


def read_verdict(answer: bytes) -> ScanResult:
    """What an answer says. Pure. Whatever is not exactly « OK » is not clean."""
    words = answer.strip(b"\0\r\n ").decode("ascii", "replace")
    if words == "stream: OK":
        return ScanResult.CLEAN
    if words.startswith("stream: ") and words.endswith(" FOUND"):
        name = words.removeprefix("stream: ")
        return ScanResult.UNSCANNABLE if name.startswith(NOT_LOOKED_AT) else ScanResult.FOUND
    if not words:
        raise ValueError("the scanner said nothing")
    return ScanResult.UNSCANNABLE


def _connect() -> socket.socket:
    where = settings.CLAMD
    if where.startswith("/"):
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(SECONDS)
        line.connect(where)
        return line
    host, _, port = where.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), timeout=SECONDS)


def _answer(line: socket.socket) -> bytes:
    answer = b""
    while not answer.endswith(b"\0") and len(answer) < ANSWER_MOST:
        part = line.recv(1024)
        if not part:
            break
        answer += part
    return answer

"""Has originals scanned by clamd, if the operator has one, with its protocol (clamd(8), INSTREAM).

A file that clamd could not read to its end is « unscannable », never « clean ». While clamd cannot be reached, the
original waits. Drawings do not wait, because nothing of the file is in them.
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

CONNECT_SECONDS = 10.0
# The time-out of each further step: more than clamd's MaxScanTime (120 s unless its operator says otherwise), after
# which it answers by itself that it did not read the whole file.
SECONDS = 150.0
ANSWER_MOST = 4096
# Alerts which mean that clamd did not scan the whole file. They need AlertEncrypted and AlertExceedsMax in clamd.conf,
# which docs/operations.md asks for; without these it answers OK.
NOT_LOOKED_AT: Final = ("Heuristics.Limits.Exceeded", "Heuristics.Encrypted")


class ScannerAway(Exception):
    """clamd cannot be reached. Nothing of the file was sent, and it will be scanned again."""


class NoVerdict(Exception):
    """clamd took the file and said nothing in time, or ended. That may be due to the file, so it is a try."""


def scan(pieces: Iterable[bytes]) -> ScanResult:
    """Send a file to clamd and return the verdict. pieces: the decrypted file, one piece in memory at a time.

    Raises ScannerAway, NoVerdict, and whatever `pieces` raises.
    """
    try:
        connected = _connect()
    except (OSError, ValueError) as error:
        logger.warning("captures: the scanner does not answer (%s)", type(error).__name__)
        raise ScannerAway from error
    try:
        with connected as line:
            line.sendall(b"zINSTREAM\0")
            is_cut = False
            for piece in pieces:
                try:
                    line.sendall(struct.pack(">I", len(piece)) + piece)
                except (BrokenPipeError, ConnectionResetError):
                    is_cut = True  # clamd has answered why before it closed the connection
                    break
            if not is_cut:
                line.sendall(struct.pack(">I", 0))
            return read_verdict(_answer(line))
    except UnsealError:  # this is an error of the file, not of the scanner
        raise
    except (OSError, ValueError) as error:
        logger.warning("captures: the scanner gave no verdict on one (%s)", type(error).__name__)
        raise NoVerdict from error


def read_verdict(answer: bytes) -> ScanResult:
    """Return the verdict of an answer. Pure. Anything that is not exactly « OK » is not clean."""
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
        line.settimeout(CONNECT_SECONDS)
        try:
            line.connect(where)
        except OSError:
            line.close()
            raise
    else:
        host, _, port = where.rpartition(":")
        line = socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_SECONDS)
    line.settimeout(SECONDS)
    return line


def _answer(line: socket.socket) -> bytes:
    answer = b""
    while not answer.endswith(b"\0") and len(answer) < ANSWER_MOST:
        part = line.recv(1024)
        if not part:
            break
        answer += part
    return answer

"""Sends files in slices over HTTP, as the script of the page does (`static/pnav/chat/upload.js`).

Honest people (« uploading ») and an attacker (« uploads ») use it. Nothing here imports Django, because a sender is a
process that has to start in a moment.
"""

import http.client
import json
import random
import secrets
import struct
import time
import uuid
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from benchmarks.siege.visits import LOOPBACK

PAGE, SLICES = "/tchat/captures/", "/tchat/captures/envoi/"
PATIENCE_SECONDS = 60.0  # how long one slice may take, as long as the page waits
LINK_BYTES = 10_000_000 // 8  # bytes a second of one person: ten of them fill a line of 100 Mbit/s
FILES_MOST = 18  # the most files of one exchange; `definitions.CAPTURES_MOST` is 20
AGAIN_SECONDS = 1.0
SLICE_BYTES = 240 * 1024  # the value of `common.sealed_files.chunks.CHUNK_BYTES`
WIDTH, HEIGHT = 1080, 2400  # the screen of a telephone
BLACK_SIDE = 7_745  # pixels: sixty million in all, the most that is decoded (`common.offload.drawing.PIXELS_MOST`)
SENT, ANOTHER, LATER, BUSY, REFUSED = "sent", "another place", "later", "busy", "refused"


def _png(width: int, height: int, colours: int, row: Callable[[int], bytes], level: int) -> bytes:
    """Return a PNG with 8 bits a colour. colours: its colour type, 0 for grey and 2 for red, green and blue."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    packer = zlib.compressobj(level)
    packed = b"".join(packer.compress(b"\0" + row(number)) for number in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, colours, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def screenshot(seed: int = 1) -> bytes:
    """Return some three megabytes: two rows in five are noise, like a photograph, and the others have one colour."""
    rng = random.Random(seed)
    flat = bytes((240, 240, 245)) * WIDTH
    return _png(WIDTH, HEIGHT, 2, lambda number: rng.randbytes(3 * WIDTH) if number % 5 < 2 else flat, 1)


def black() -> bytes:
    """Return the most pixels in the fewest bytes, which fit in one slice."""
    row = bytes(BLACK_SIDE)
    return _png(BLACK_SIDE, BLACK_SIDE, 0, lambda _number: row, 9)


class Sender:
    """A sender with the cookie of an exchange, on one connection that is kept."""

    def __init__(self, port: int, address: str, cookie: str) -> None:
        self.port, self.address, self.cookie = port, address, cookie
        self.token = secrets.token_hex(16)  # Django's check against forgery compares the cookie with what is sent
        self.begun: list[str] = []
        self._line: http.client.HTTPConnection | None = None

    def ask(self, path: str, body: bytes, kind: str, **more: str) -> tuple[int, dict[str, Any]]:
        """Return the status, 0 for no answer, and the content of an answer in JSON."""
        headers = {
            "Content-Type": kind,
            "Cookie": f"sessionid={self.cookie}; csrftoken={self.token}",
            "X-CSRFToken": self.token,
            "X-Forwarded-For": self.address,
            "Origin": f"http://{LOOPBACK}:{self.port}",
            **more,
        }
        line = self._line or http.client.HTTPConnection(LOOPBACK, self.port, timeout=PATIENCE_SECONDS)
        self._line = None
        try:
            line.request("POST", path, body, headers)
            answer = line.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            line.close()
            return 0, {}
        if not answer.will_close:
            self._line = line
        try:
            told = json.loads(content)
        except ValueError:
            told = {}
        return answer.status, told if isinstance(told, dict) else {}

    def answer(self) -> int:
        """Answer the question that comes before the first file."""
        return self._form(act="answer", minor="no")

    def _form(self, **fields: str | list[str]) -> int:
        return self.ask(PAGE, urlencode(fields, doseq=True).encode(), "application/x-www-form-urlencoded")[0]

    def begin(self, name: str, size: int) -> tuple[int, dict[str, Any]]:
        asked = json.dumps({"id": name, "size": size, "name": "capture.png"}).encode()
        return self.ask(SLICES, asked, "application/json")

    def slice(self, name: str, offset: int, content: bytes) -> tuple[int, dict[str, Any]]:
        headers = {"Upload-Id": name, "Upload-Offset": str(offset)}
        return self.ask(SLICES, content, "application/octet-stream", **headers)

    def erase_all(self) -> int:
        """Erase every file that was begun in this exchange."""
        status = self._form(act="erase", one=self.begun)
        self.begun.clear()
        return status

    def send(self, content: bytes, count: Callable[[str], None], *, bytes_a_second: float, ends: float) -> bool:
        """Send one file at the pace of its sender's line, and return whether it arrived before `ends` (on the monotonic
        clock).

        count: is told what became of each request, by one of the words above.
        """
        name, received = str(uuid.uuid4()), -1
        self.begun.append(name)
        while time.monotonic() < ends:
            if received < 0:
                status, told = self.begin(name, len(content))
            else:
                part = content[received : received + SLICE_BYTES]
                time.sleep(len(part) / bytes_a_second)
                status, told = self.slice(name, received, part)
            count(said_of(status, told))
            if status in {200, 409}:
                received = told["received"]
                if received >= len(content):
                    return True
            elif status == 503 and told.get("busy"):
                time.sleep(AGAIN_SECONDS)
            elif status in {0, 429, 503}:
                received = -1
                time.sleep(AGAIN_SECONDS)
            else:
                return False
        return False


def said_of(status: int, told: dict[str, Any]) -> str:
    """Return what became of a request, in a word."""
    if status == 503 and told.get("busy"):
        return BUSY
    return {200: SENT, 409: ANOTHER, 0: LATER, 503: LATER}.get(status, f"{REFUSED}: {status}")

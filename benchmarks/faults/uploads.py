"""People who send files in slices while everything breaks, as the page does (`static/pnav/lib/upload.js`).

The sender gives each file an id. After any failure the sender asks with that id where sending goes on, and goes on
there. Only the visit is kept from one file to the next. `uploads_judge` reads what became of the files.
"""

import asyncio
import hashlib
import json
import random
import time
import uuid
from dataclasses import dataclass, field

from benchmarks.faults.clients import HttpFailure, _PlainClient
from benchmarks.faults.journal import Event, Journal
from benchmarks.faults.proxy import Proxy
from benchmarks.faults.records import Keys, _connected

SENDERS = 3  # conversations of a run whose person sends files, among those that write at the ordinary pace
SLICES_LEAST, SLICES_MOST = 2, 6  # slices of a file, of which the last one is short: up to 1.4 MB
FILES_MOST = 12  # the most files of one sender; `definitions.CAPTURES_MOST` is 20
PAUSE_SECONDS = 0.15  # the time between two slices: some 5 MB/s for all senders, if the network does not slow them
# A file begins like an accepted one, and is then drawn as « illisible » because the rest is no image.
HEAD = b"\x89PNG\r\n\x1a\n"
AGAIN = {429, 500, 502, 503, 504}  # statuses after which it is tried again in a moment


@dataclass
class Sender(_PlainClient):
    """The person of one conversation, who sends one file after the other until told to stop."""

    is_over: bool = False
    is_idle: bool = True
    begun: int = 0
    content: bytes = field(default=b"", repr=False)
    file_id: str = ""
    is_answered: bool = False

    @property
    def name(self) -> str:
        return f"{self.keys.conversation}/files"

    @property
    def has_arrived(self) -> bool:
        return self.is_answered

    async def turn(self) -> None:
        """Send one file, from its first slice or from where it was when something broke."""
        if not self.is_answered:
            await self._answer()
        if self.is_idle:
            if self.is_over or self.begun >= FILES_MOST:
                return
            self._choose()
        while True:
            head = {"id": self.file_id, "size": len(self.content), "name": "capture.png"}
            answer = await self._ask(json.dumps(head).encode(), "application/json")
            while answer is not None and answer["received"] < len(self.content):
                await asyncio.sleep(PAUSE_SECONDS)
                start = answer["received"]
                answer = await self._ask(
                    self.content[start : start + answer["slice"]], "application/octet-stream", start
                )
            if answer is not None:
                self.is_idle = True
                return
            if self.is_idle:  # the file was refused
                return

    def _choose(self) -> None:
        from common.sealed_files.chunks import CHUNK_BYTES

        size = self.random.randint(SLICES_LEAST, SLICES_MOST) * CHUNK_BYTES - self.random.randint(1, CHUNK_BYTES - 1)
        self.content = HEAD + self.random.randbytes(size - len(HEAD))
        self.file_id, self.is_idle = str(uuid.UUID(int=self.random.getrandbits(128), version=4)), False
        self.begun += 1
        digest = hashlib.sha256(self.content).hexdigest()
        self.journal.note("file", c=self.keys.conversation, id=self.file_id, size=size, b=digest)

    async def _answer(self) -> None:
        """Answer the question before the first file."""
        form = f"csrfmiddlewaretoken={self.token}&act=answer&minor=no"
        status, _page = await self.request(
            "POST", "/tchat/captures/", form.encode(), "application/x-www-form-urlencoded"
        )
        if status != 302:
            raise HttpFailure
        self.is_answered = True

    async def _ask(self, body: bytes, kind: str, offset: int | None = None) -> dict[str, int] | None:
        """Return what the server says about this file; None when sending has to begin anew, or the file was refused.

        Raises HttpFailure.
        """
        more = "" if offset is None else f"\r\nUpload-Id: {self.file_id}\r\nUpload-Offset: {offset}"
        status, content = await self.request("POST", "/tchat/captures/envoi/", body, kind + more)
        if status == 409:
            return None
        if status in AGAIN:
            raise HttpFailure
        if status != 200:
            self.journal.note("file_refused", c=self.keys.conversation, id=self.file_id, status=status)
            self.is_idle = True
            return None
        answer: dict[str, int] = json.loads(content)
        self.journal.note("slice", c=self.keys.conversation, id=self.file_id, received=answer["received"])
        return answer


@dataclass
class Senders:
    """All senders of a run."""

    each: list[Sender]

    def start(self) -> None:
        for one in self.each:
            one.start()

    async def finish(self, *, at_most: float) -> None:
        """Begin no further file, and wait for those that are being sent."""
        for one in self.each:
            one.is_over = True
        deadline = time.monotonic() + at_most
        while not all(one.is_idle for one in self.each) and time.monotonic() < deadline:
            await asyncio.sleep(0.05)

    async def leave(self) -> None:
        await asyncio.gather(*(one.stop() for one in self.each if one.task is not None))


def gather(keys: list[Keys], proxy: Proxy, journal: Journal, rng: random.Random) -> Senders:
    """Return SENDERS of these conversations, chosen by the seed."""
    chosen = rng.sample(keys, min(SENDERS, len(keys)))
    return Senders([Sender(own, "reporter", "files", proxy, journal, random.Random(rng.random())) for own in chosen])


def kept(conversations: list[str]) -> list[Event]:
    """Return what the database and the store hold in these conversations. Each file is read whole."""
    from chat.captures import queries, store
    from chat.models import Capture, CaptureState
    from common.encryption import UnsealError

    with _connected():
        found = []
        for row in Capture.objects.filter(conversation__public_id__in=conversations).select_related("conversation"):
            digest = hashlib.sha256()
            try:
                for piece in queries.read_original(row):
                    digest.update(piece)
                opened = digest.hexdigest()
            except (UnsealError, store.StoreAway):
                opened = ""
            found.append(
                {
                    "e": "file_kept",
                    "c": str(row.conversation.public_id),
                    "id": str(row.public_id),
                    "received": row.received,
                    "is_whole": row.state != CaptureState.ARRIVING,
                    "b": opened,
                }
            )
        return found

"""This module keeps what is too long for memory encrypted, where others would use an unencrypted temporary file: the
body of a request while it is served, and a document of a whole exchange until it is given.

Twisted and Django each keep a long body in a temporary file. What a person sends may show the worst that was done to
them. Here it is encrypted block by block with a key that is drawn for this one spool and is only in the memory of this
process. The file has no name (`tempfile.TemporaryFile`) and disappears with the process. It is in `settings.SPOOL_DIR`,
or else in the system's folder of temporary files.
"""

import io
import os
import tempfile
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any, cast

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.files.base import File
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from common.encryption import KEY_BYTES, NONCE_BYTES

IN_MEMORY = 64 * 1024  # bytes that are kept in memory, enough for most forms; also the length of a block
_SEALED_BLOCK = IN_MEMORY + 16


class Spool(io.RawIOBase):
    """It is a file that is written from its beginning to its end, then read from any position. Nothing is overwritten.

    An incomplete block is in memory, so that a short file never reaches a disk. Reading keeps one decrypted block in
    memory. Raises OSError for writing anywhere but at the end.
    """

    def __init__(self) -> None:
        super().__init__()
        self._sealed: tuple[IO[bytes], AESGCM] | None = None  # created with the first block
        self._blocks = 0  # the number of complete blocks in the file
        self._tail = bytearray()  # the bytes that come after these blocks
        self._place = 0
        self._read: tuple[int, bytes] = (-1, b"")  # the block that was read last
        self._lock = threading.Lock()  # held by `append` and `read_at`, so that several threads may read the parts

    @property
    def size(self) -> int:
        """Return the number of bytes before encryption."""
        return self._blocks * IN_MEMORY + len(self._tail)

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self.size}[whence]
        if start + offset < 0:
            raise OSError("before the beginning")
        self._place = start + offset
        return self._place

    def write(self, data: Any, /) -> int:
        """Encrypt and append these bytes. Raises OSError anywhere but at the end."""
        if self._place != self.size:
            raise OSError("a spool is written at its end")
        left = memoryview(data).cast("B")
        count = len(left)
        while left:
            taken = left[: IN_MEMORY - len(self._tail)]
            self._tail += taken
            left = left[len(taken) :]
            if len(self._tail) == IN_MEMORY and left:
                self._put_block()
        self._place += count
        return count

    def _put_block(self) -> None:
        if self._sealed is None:
            key = AESGCM.generate_key(bit_length=8 * KEY_BYTES)
            folder = settings.SPOOL_DIR or None
            self._sealed = tempfile.TemporaryFile(buffering=0, dir=folder), AESGCM(key)  # noqa: SIM115  closed with it
        file, cipher = self._sealed
        file.seek(self._blocks * _SEALED_BLOCK)
        # The key is used for this spool alone, and a block is written once, so its number can be its nonce.
        _write_all(file, cipher.encrypt(self._nonce(self._blocks), bytes(self._tail), None))
        self._blocks += 1
        self._tail.clear()

    @staticmethod
    def _nonce(number: int) -> bytes:
        return number.to_bytes(NONCE_BYTES, "big")

    def _block(self, number: int) -> bytes | bytearray:
        if number == self._blocks:
            return self._tail
        if self._read[0] != number:
            assert self._sealed is not None  # noqa: S101  a block was put there
            file, cipher = self._sealed
            file.seek(number * _SEALED_BLOCK)
            self._read = (number, cipher.decrypt(self._nonce(number), _read_all(file, _SEALED_BLOCK), None))
        return self._read[1]

    def readinto(self, buffer: Any, /) -> int:
        into = memoryview(buffer).cast("B")
        number, start = divmod(self._place, IN_MEMORY)
        if not len(into) or self._place >= self.size:
            return 0
        block = self._block(number)
        if number == self._blocks:  # the tail may be a complete block that has not been written yet
            start = self._place - self._blocks * IN_MEMORY
        part = bytes(memoryview(block)[start : start + len(into)])
        into[: len(part)] = part
        self._place += len(part)
        return len(part)

    def read(self, size: int | None = -1, /) -> bytes:
        """Return so many bytes, or fewer only at the end, as a file in memory does."""
        left = self.size if size is None or size < 0 else size
        parts = []
        while left > 0:
            part = super().read(min(left, IN_MEMORY)) or b""
            if not part:
                break
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def append(self, pieces: Iterable[bytes], *, most: int) -> "Part":
        """Write these bytes at the end, and return where they are. One thread at a time appends.

        Raises OSError when the spool would have more than `most` bytes, and when the disk is full.
        """
        start = self.size
        for piece in pieces:
            with self._lock:
                if self.size + len(piece) > most:
                    raise OSError("the spool is full")
                self.seek(0, os.SEEK_END)
                self.write(piece)
        return Part(self, start, self.size - start)

    def read_at(self, start: int, size: int) -> bytes:
        """Return so many bytes from this position, in any thread."""
        with self._lock:
            self.seek(start)
            return self.read(size)

    def close(self) -> None:
        if not self.closed:
            self._read = (-1, b"")
            self._tail.clear()
            if self._sealed is not None:
                self._sealed[0].close()
        super().close()


@dataclass(frozen=True, slots=True)
class Part:
    """It is a part of a spool, which may be read again and again. The spool is closed with the last of its parts."""

    spool: Spool = field(repr=False)
    start: int
    size: int

    def pieces(self) -> Iterator[bytes]:
        """Yield its bytes, at most IN_MEMORY at a time."""
        end = self.start + self.size
        for place in range(self.start, end, IN_MEMORY):
            yield self.spool.read_at(place, min(IN_MEMORY, end - place))

    def lines(self) -> Iterator[bytes]:
        """Yield its lines, without the ends of the lines; one of them is in memory at a time, and a piece."""
        left = bytearray()
        for piece in self.pieces():
            *whole, rest = (left + piece).split(b"\n")
            yield from map(bytes, whole)
            left = rest
        if left:
            yield bytes(left)

    def cut(self, sizes: Iterable[int]) -> Iterator["Part"]:
        """Yield parts of these sizes, one after another, from its beginning."""
        start = self.start
        for size in sizes:
            yield Part(self.spool, start, size)
            start += size

    def read(self) -> bytes:
        """Return its bytes."""
        return self.spool.read_at(self.start, self.size)


def _write_all(file: IO[bytes], data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]


def _read_all(file: IO[bytes], count: int) -> bytes:
    parts = []
    while count:
        part = file.read(count)
        if not part:
            raise OSError("a spool was cut short")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


class SpooledFile(UploadedFile):
    """It is an uploaded file in a spool. Its name is what the browser sent, and is shown to nobody but its sender."""

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        self.seek(0)
        while part := self.read(chunk_size or File.DEFAULT_CHUNK_SIZE):
            yield part

    def multiple_chunks(self, chunk_size: int | None = None) -> bool:
        """Return True, because the file is read piece by piece and is never whole in memory."""
        return True  # so that every caller reads it piece by piece


class SpoolHandler(FileUploadHandler):
    """It puts each file of a form into a spool.

    `settings.FILE_UPLOAD_HANDLERS` has no other handler, so that no uploaded file is unencrypted on a disk. The length
    of a form is bounded before it is parsed (`pnav.server.body_limits`).
    """

    spool: Spool | None = None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a spool for the next file of the form."""
        super().new_file(*args, **kwargs)
        self.spool = Spool()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Encrypt a part of the file that has arrived."""
        assert self.spool is not None  # noqa: S101  `new_file` came first
        self.spool.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile | None:
        """Return the spool as an uploaded file, to be read from its beginning."""
        spool, self.spool = self.spool, None
        assert spool is not None  # noqa: S101
        spool.seek(0)
        return SpooledFile(
            file=cast("IO[bytes]", spool),
            name=self.file_name,
            content_type=self.content_type,
            size=file_size,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )

    def upload_interrupted(self) -> None:
        """Close the spool of a form that was interrupted."""
        if self.spool is not None:
            self.spool.close()
            self.spool = None

"""Encrypts a file in chunks. Each is written and read by itself, and can be decrypted only at its own place. Pure.

The construction is that of STREAM (Hoang, Reyhanitabar, Rogaway and Vizár, « Online Authenticated-Encryption and its
Nonce-Reuse Misuse-Resistance », 2015) over AES-256-GCM. A chunk can be decrypted only at its own place in its own file,
and the last one is marked as the last. So a chunk that was altered, moved, repeated, left out, or taken from another
file is detected, and so is a file that was cut short.

One thing differs from the paper. The place is authenticated as associated data, and the nonce is random for each
encryption. A slice of an upload may come twice with different content, and a nonce made from the place would then be
used twice with one key. Each chunk also has a random `token`, which is stored in the file's row. So of two chunks that
were encrypted for one place, only the one that was acknowledged can be decrypted.

A key is for one file, hence for some hundred chunks, far fewer than random nonces of 96 bits allow (NIST SP 800-38D,
8.3). An encrypted chunk is `version (1 byte) | nonce (12) | ciphertext and tag (16)`.
"""

import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from common.encryption import KEY_BYTES, NONCE_BYTES, UnsealError

VERSION = 1
TAG_BYTES = 16
# Bytes of a chunk before encryption; the last one of a file may have fewer. With what HTTP adds, a chunk fits into the
# body of any request (`pnav.server.body_limits`: 256 KiB).
CHUNK_BYTES = 240 * 1024
SEALED_MORE = 1 + NONCE_BYTES + TAG_BYTES
TOKEN_BYTES = 16


def new_key() -> bytes:
    """Draw the key of one file. It is stored only encrypted, by `common.encryption` in the file's row."""
    return AESGCM.generate_key(bit_length=8 * KEY_BYTES)


def new_token() -> str:
    """Draw the token that distinguishes a chunk from another one that was encrypted for the same place."""
    return secrets.token_hex(TOKEN_BYTES)


def chunk_count(size: int) -> int:
    """Return how many chunks a file of so many bytes has. size: 1 or more; an empty file is not accepted."""
    if size < 1:
        raise ValueError("a file has one byte or more")
    return -(-size // CHUNK_BYTES)


@dataclass(frozen=True, slots=True)
class Sealer:
    """Encrypts and decrypts the chunks of one file.

    key: that of this file alone (`new_key`). context: names the file, so that no chunk of another file can be
    decrypted. size: bytes of the whole file before encryption. It is known before the first chunk, and determines which
    chunk is the last and how long each one is.
    """

    key: bytes = field(repr=False)
    context: str
    size: int

    def __post_init__(self) -> None:
        chunk_count(self.size)

    @property
    def count(self) -> int:
        """Return the number of chunks of the file."""
        return chunk_count(self.size)

    def length_of(self, index: int) -> int:
        """Return the bytes of this chunk before encryption. Raises IndexError beyond the last."""
        if not 0 <= index < self.count:
            raise IndexError("this file has no such chunk")
        return min(CHUNK_BYTES, self.size - index * CHUNK_BYTES)

    def _bound(self, index: int, token: str) -> bytes:
        is_last = index == self.count - 1
        # The fields of fixed form come first and the context last, so that no two places give the same text.
        return f"pnav-chunk-{VERSION}|{index}|{int(is_last)}|{self.size}|{token}|{self.context}".encode()

    def seal(self, index: int, token: str, clear: bytes | memoryview) -> bytes:
        """Encrypt a chunk. Raises IndexError beyond the last one, and ValueError for a wrong length at this place."""
        if len(clear) != self.length_of(index):
            raise ValueError("a chunk has the length of its place")
        nonce = os.urandom(NONCE_BYTES)
        return bytes((VERSION,)) + nonce + AESGCM(self.key).encrypt(nonce, bytes(clear), self._bound(index, token))

    def open(self, index: int, token: str, sealed: bytes) -> bytes:
        """Decrypt a chunk.

        Raises UnsealError, whose message has no content, for anything but the chunk that was encrypted for this place
        with this token.
        """
        if len(sealed) < SEALED_MORE or sealed[0] != VERSION:
            raise UnsealError("This chunk was not sealed here.")
        nonce, ciphertext = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            clear = AESGCM(self.key).decrypt(nonce, ciphertext, self._bound(index, token))
        except InvalidTag:
            raise UnsealError("This chunk does not open at this place.") from None
        if len(clear) != self.length_of(index):
            raise UnsealError("This chunk has not the length of its place.")
        return clear

    def open_all(self, sealed: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
        """Yield the whole file, one chunk in memory at a time. sealed: pairs of token and encrypted chunk, in order.

        Raises UnsealError at the first chunk that is not the expected one, and at the end when one is missing. What was
        yielded before is authentic. A caller that needs the whole file or nothing has to wait for the end.
        """
        index = 0
        for token, one in sealed:
            if index >= self.count:
                raise UnsealError("This file has a chunk too many.")
            yield self.open(index, token, one)
            index += 1
        if index != self.count:
            raise UnsealError("This file was cut short.")


def in_chunks(pieces: Iterable[bytes | memoryview]) -> Iterator[bytes]:
    """Cut pieces of any length into chunks of CHUNK_BYTES, the last one shorter. One chunk is in memory at a time."""
    kept = bytearray()
    for piece in pieces:
        left = memoryview(piece)
        while left:
            taken = left[: CHUNK_BYTES - len(kept)]
            kept += taken
            left = left[len(taken) :]
            if len(kept) == CHUNK_BYTES:
                yield bytes(kept)
                kept.clear()
    if kept:
        yield bytes(kept)

"""Seals a file in chunks: each is written and read by itself, and opens only where it belongs. Pure.

The construction is that of STREAM (Hoang, Reyhanitabar, Rogaway and Vizár, « Online Authenticated-Encryption and its
Nonce-Reuse Misuse-Resistance », 2015) over AES-256-GCM: a chunk opens at its own place in its own file alone, and the
last one knows that it is the last. So a chunk that was altered, moved, repeated, left out, or taken from another file
is noticed, and so is a file that was cut short.

One thing differs from the paper: the place is authenticated beside the text, and the nonce is drawn for each sealing.
A slice of an upload may come twice, with something else in it, and a nonce made of the place would then be used twice
under one key. The `token` of each chunk is drawn too and kept with the file's row: of two chunks that were sealed for
one place, only the one that was acknowledged opens.

A key is of one file, hence of some hundred chunks: far below what random nonces of 96 bits bear (NIST SP 800-38D, 8.3).
A sealed chunk is `version (1 byte) | nonce (12) | ciphertext and tag (16)`.
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
# Bytes of a chunk in clear; the last one of a file may have fewer. With what HTTP adds, one fits into the body of any
# request (`pnav.server.body_limits`: 256 KiB).
CHUNK_BYTES = 240 * 1024
SEALED_MORE = 1 + NONCE_BYTES + TAG_BYTES
TOKEN_BYTES = 16


def new_key() -> bytes:
    """A key for one file. It lies nowhere in clear: `common.encryption` seals it for the file's row."""
    return AESGCM.generate_key(bit_length=8 * KEY_BYTES)


def new_token() -> str:
    """What tells one chunk from another that was sealed for the same place."""
    return secrets.token_hex(TOKEN_BYTES)


def chunk_count(size: int) -> int:
    """How many chunks a file of so many bytes has. size: 1 or more; an empty file is none."""
    if size < 1:
        raise ValueError("a file has one byte or more")
    return -(-size // CHUNK_BYTES)


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals and opens the chunks of one file.

    key: of this file alone (`new_key`). context: which file it is; a chunk of another one does not open. size: of the
    whole file in clear, known before its first chunk: it says which chunk is the last, and how long each one is.
    """

    key: bytes = field(repr=False)
    context: str
    size: int

    def __post_init__(self) -> None:
        chunk_count(self.size)

    @property
    def count(self) -> int:
        """How many chunks the file has."""
        return chunk_count(self.size)

    def length_of(self, index: int) -> int:
        """Bytes in clear of this chunk. Raises IndexError beyond the last."""
        if not 0 <= index < self.count:
            raise IndexError("this file has no such chunk")
        return min(CHUNK_BYTES, self.size - index * CHUNK_BYTES)

    def _bound(self, index: int, token: str) -> bytes:
        is_last = index == self.count - 1
        # Fixed fields first, the context last: no two places share a form.
        return f"pnav-chunk-{VERSION}|{index}|{int(is_last)}|{self.size}|{token}|{self.context}".encode()

    def seal(self, index: int, token: str, clear: bytes | memoryview) -> bytes:
        """Raises IndexError beyond the last chunk, ValueError for a chunk of another length than its place has."""
        if len(clear) != self.length_of(index):
            raise ValueError("a chunk has the length of its place")
        nonce = os.urandom(NONCE_BYTES)
        return bytes((VERSION,)) + nonce + AESGCM(self.key).encrypt(nonce, bytes(clear), self._bound(index, token))

    def open(self, index: int, token: str, sealed: bytes) -> bytes:
        """Raises UnsealError, which never holds content, for anything but the chunk that was sealed for this place with
        this token."""
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
        """The whole file, chunk by chunk: one chunk in memory at a time. sealed: (token, sealed chunk), in order.

        Raises UnsealError at the first chunk that is not the one expected, and at the end when one is missing. What was
        given before it was authentic; whoever needs the whole file or nothing waits for the end.
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
    """Cut what comes in pieces of any length into chunks of CHUNK_BYTES, the last one shorter. Keeps one chunk."""
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

"""Encrypts a copy with words: AES-256-GCM with a key that PBKDF2 derives from them. Pure.

A small copy is encrypted as a whole, inside the page that opens it. A larger one (`archive.PAGE_BYTES_AT_MOST`) is
encrypted in pieces, in a file beside the page, so that the browser has not the whole in memory. This process has it in
neither case. The construction is STREAM (Hoang, Reyhanitabar, Rogaway and Vizár, 2015); the nonce of a piece is
`prefix (7 bytes) | its number (4) | 1 for the last (1)`. So a piece that was altered, moved, repeated, left out or cut
off cannot be decrypted. The salt, and so the key, is new for each copy, so that no nonce is used twice with one key.

The page decrypts itself in any browser (`static/pnav/copy/locked.js`) with WebCrypto, because neither Windows nor macOS
can open an AES zip without other software. A child process derives the key, within the limits of `common.offload`, so
that no page has to wait. The words are not stored anywhere.
"""

import hashlib
import re
import secrets
import unicodedata
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from common.offload import pool

# OWASP, Password Storage Cheat Sheet: PBKDF2 with SHA-256, 600,000 rounds; 0.2 s of a processor.
ROUNDS = 600_000
SALT_BYTES, NONCE_BYTES, KEY_BYTES, TAG_BYTES = 16, 12, 32, 16
PREFIX_BYTES = 7
PIECE_BYTES = 1024 * 1024  # the length of a piece before encryption; the last one may be shorter
WORDS_MAX = 300  # the most characters that are read
LETTERS_MIN = 12  # the fewest letters that somebody may choose; the words of the page have some thirty, or 50 bits
_MARKS = re.compile(r"[\u0300-\u036f]")
_OTHERS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Key:
    """It is a key, and the salt with which it was derived from words."""

    salt: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Locked:
    """It is what a page needs to decrypt it again, besides the words. salt, nonce: in base64.

    size: bytes before encryption. pieces: the encrypted bytes, read once.
    """

    salt: str
    nonce: str
    size: int
    pieces: Iterator[bytes] = field(repr=False)
    rounds: int = ROUNDS

    @property
    def length(self) -> int:
        """Return the number of bytes of all pieces together."""
        return self.size + TAG_BYTES


@dataclass(frozen=True, slots=True)
class LockedApart:
    """It is what a page needs to decrypt a file of pieces, and these pieces. size: bytes before encryption."""

    salt: str
    prefix: str
    size: int
    pieces: Iterator[bytes] = field(repr=False)
    rounds: int = ROUNDS

    @property
    def length(self) -> int:
        """Return the number of bytes of all pieces together."""
        return self.size + TAG_BYTES * max(1, -(-self.size // PIECE_BYTES))


def normalize_words(words: str) -> str:
    """Return words as they are compared: small letters without accents, and digits, separated by single spaces.

    `normalizeWords` of `copy/locked.js` does the same.
    """
    plain = _MARKS.sub("", unicodedata.normalize("NFKD", words[:WORDS_MAX])).lower()
    return _OTHERS.sub(" ", plain.replace("œ", "oe").replace("æ", "ae")).strip()


def make_key(words: str, *, who: str, is_patient: bool = False) -> Key:
    """Derive a new key from words. words: at least LETTERS_MIN letters (`normalize_words`). who, is_patient: see
    `pool.run`.

    This runs a child process with ROUNDS of SHA-256. Must not be called in a transaction. Raises pool.NotDone.
    """
    salt = secrets.token_bytes(SALT_BYTES)
    asked = {"words": normalize_words(words), "salt": salt.hex()}
    _nothing, key = pool.run("chat.personal_copy.lock", asked, who=who, is_patient=is_patient)
    return Key(salt, key)


def close(content: Iterable[bytes], size: int, key: Key) -> Locked:
    """Encrypt a content as a whole, of which one piece at a time is in memory. size: the number of its bytes.

    key: used for nothing else. The pieces raise ValueError at the end if `content` had another size.
    """
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = _seal_whole(key.key, nonce, content, size)
    return Locked(b64encode(key.salt).decode(), b64encode(nonce).decode(), size, sealed)


def _seal_whole(key: bytes, nonce: bytes, content: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Yield what `AESGCM(key).encrypt` returns for the whole: WebCrypto reads the tag after the encrypted bytes."""
    encryptor, left = Cipher(algorithms.AES(key), modes.GCM(nonce)).encryptor(), size
    for one in content:
        left -= len(one)
        yield encryptor.update(one)
    if left:
        raise ValueError("what was to be sealed has another size than it said")
    yield encryptor.finalize() + encryptor.tag


def close_in_pieces(content: Iterable[bytes], size: int, key: Key) -> LockedApart:
    """Encrypt what comes in pieces of any length, `size` bytes in all, with PIECE_BYTES in memory at a time.

    key: used for nothing else. The pieces raise ValueError at the end if `content` had another size.
    """
    prefix = secrets.token_bytes(PREFIX_BYTES)
    return LockedApart(
        b64encode(key.salt).decode(), b64encode(prefix).decode(), size, _seal(AESGCM(key.key), prefix, content, size)
    )


def _seal(cipher: AESGCM, prefix: bytes, content: Iterable[bytes], size: int) -> Iterator[bytes]:
    number, left, kept = 0, size, bytearray()
    for one in content:
        kept += one
        while len(kept) >= PIECE_BYTES and left > PIECE_BYTES:  # the last piece is marked, so it waits for the end
            yield cipher.encrypt(_nonce(prefix, number, is_last=False), bytes(kept[:PIECE_BYTES]), None)
            del kept[:PIECE_BYTES]
            number, left = number + 1, left - PIECE_BYTES
    if len(kept) != left:
        raise ValueError("what was to be sealed has another size than it said")
    yield cipher.encrypt(_nonce(prefix, number, is_last=True), bytes(kept), None)


def _nonce(prefix: bytes, number: int, *, is_last: bool) -> bytes:
    return prefix + number.to_bytes(4) + bytes((is_last,))


def work(asked: dict[str, Any]) -> tuple[None, bytes]:
    """Return the key that is derived from these words. It runs in a child process (`common.offload.child`)."""
    salt = bytes.fromhex(asked["salt"])
    return None, hashlib.pbkdf2_hmac("sha256", asked["words"].encode(), salt, ROUNDS, KEY_BYTES)

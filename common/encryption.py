"""Encrypts what people write, with keys that rotate.

Content is sealed with AES-256-GCM. The words of an exchange are sealed with its own data key (`common.data_keys`), what
belongs to no exchange with the first key of `settings.CONTENT_KEYS`, the key ring; any key of the ring opens. The
`context` is authenticated with the text: a sealed text copied to another row does not open there.

A sealed value says itself which key opens it. By its first byte, the version, it is one of

- 1: `version (1 byte) | length of the key's name (1) | name | nonce (12) | ciphertext and tag`, of the key ring;
- 2: `version (1) | the data key's id (16) | nonce (12) | ciphertext and tag`, of a data key.
"""

import base64
import binascii
import os
import threading
from collections.abc import Callable
from functools import lru_cache
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

VERSION = 1
DATA_KEY_VERSION = 2
DATA_KEY_ID_BYTES = 16
NONCE_BYTES = 12
TAG_BYTES = 16
KEY_BYTES = 32
_DATA_KEY_HEAD, _DATA_KEY_END = bytes((DATA_KEY_VERSION,)), 1 + DATA_KEY_ID_BYTES
DATA_KEY_ADDS = _DATA_KEY_END + NONCE_BYTES + TAG_BYTES  # bytes: by so many a value is longer, sealed with a data key

# What finds the cipher of a data key, and raises UnsealError when that key is gone: `common.data_keys.keys`, which sets
# it when the site starts (it has a table, which this module knows nothing of).
# Given the 16 bytes of its id: they stand in each value, and a UUID made of them costs more than opening it.
data_key_source: Callable[[bytes], AESGCM] | None = None


class UnsealError(ValueError):
    """The value does not open: unknown key, other context, or altered. The message never holds content."""


class _Nonces(threading.local):
    """Random numbers used once, drawn from the system many at a time.

    Each draw hands the interpreter to another thread: whoever seals a batch, and holds locks, would wait to get it back
    at every message.
    """

    AT_ONCE = 256

    def __init__(self) -> None:
        self.pid = 0
        self.drawn: list[bytes] = []

    def take(self) -> bytes:
        """Return a nonce that was never used, NONCE_BYTES long. They are drawn many at once; a fork draws its own."""
        if not self.drawn or self.pid != os.getpid():  # a copy of this process must not use the same ones
            self.pid = os.getpid()
            several = os.urandom(NONCE_BYTES * self.AT_ONCE)
            self.drawn = [several[n : n + NONCE_BYTES] for n in range(0, len(several), NONCE_BYTES)]
        return self.drawn.pop()


_nonces = _Nonces()


@lru_cache(maxsize=8)
def parse_keys(text: str) -> dict[str, AESGCM]:
    """The ring of `text`, in order: the first key seals.

    text: "name:key" pairs separated by commas; a key is 32 bytes in URL-safe base64.
    Raises ImproperlyConfigured, without the key, for anything else.
    """
    ring: dict[str, AESGCM] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, _, encoded = pair.partition(":")
        try:
            key = base64.urlsafe_b64decode(encoded)
        except (binascii.Error, ValueError):
            key = b""
        if not name or len(name) > 100 or len(key) != KEY_BYTES:
            raise ImproperlyConfigured("CONTENT_KEYS must hold name:key pairs, keys of 32 bytes in URL-safe base64.")
        if name in ring:
            raise ImproperlyConfigured("CONTENT_KEYS names the same key twice.")
        ring[name] = AESGCM(key)
    if not ring:
        raise ImproperlyConfigured("CONTENT_KEYS holds no key.")
    return ring


def seal(text: str, *, context: str, data_key: UUID | None = None) -> bytes:
    """Encrypt `text` for the row that `context` names.

    data_key: the id of the exchange's key; None for what belongs to no exchange, or to one that has no key yet: the
    first key of the ring then seals. Raises UnsealError when that data key is gone.
    """
    return seal_bytes(text.encode(), context=context, data_key=data_key)


def seal_bytes(plain: bytes, *, context: str, data_key: UUID | None = None) -> bytes:
    """Encrypt what is no text, as `seal` does."""
    nonce = _nonces.take()
    if data_key is None:
        name, cipher = next(iter(parse_keys(settings.CONTENT_KEYS).items()))
        label = name.encode()
        head = bytes((VERSION, len(label))) + label
    else:
        label = data_key.bytes
        cipher = _data_cipher(label)
        head = _DATA_KEY_HEAD + label
    return head + nonce + cipher.encrypt(nonce, plain, context.encode())


def key_name(sealed: bytes) -> str:
    """The name of the key of the ring that sealed this value. Raises UnsealError when none did."""
    if len(sealed) < 2 or sealed[0] != VERSION:
        raise UnsealError("No key of the ring sealed this value.")
    return bytes(sealed[2 : 2 + sealed[1]]).decode(errors="replace")


def data_key_bytes(sealed: bytes | memoryview) -> bytes | None:
    """The id of the data key that sealed this value, as its 16 bytes; None for any other value."""
    if len(sealed) < _DATA_KEY_END or sealed[0] != DATA_KEY_VERSION:
        return None
    return bytes(sealed[1:_DATA_KEY_END])


def data_key_of(sealed: bytes | memoryview) -> UUID | None:
    """The id of the data key that sealed this value; None for any other value."""
    label = data_key_bytes(sealed)
    return None if label is None else UUID(bytes=label)


def current_key_name() -> str:
    """The name of the key of the ring that seals now."""
    return next(iter(parse_keys(settings.CONTENT_KEYS)))


def unseal(sealed: bytes | memoryview, *, context: str) -> str:
    """Decrypt what `seal` made for the same context, whichever key sealed it.

    Raises UnsealError; and the errors of django.db when the data keys cannot be read now.
    """
    try:
        return unseal_bytes(sealed, context=context).decode()
    except UnicodeDecodeError:
        raise UnsealError("This value is no text.") from None


def unseal_bytes(sealed: bytes | memoryview, *, context: str) -> bytes:
    """Decrypt what `seal_bytes` made, as `unseal` does a text."""
    sealed = bytes(sealed)
    label = data_key_bytes(sealed)
    if label is not None:
        cipher: AESGCM | None = _data_cipher(label)
        start = _DATA_KEY_END
    else:
        cipher = parse_keys(settings.CONTENT_KEYS).get(key_name(sealed))
        start = 2 + sealed[1]
    if cipher is None:
        raise UnsealError("The key that sealed this value is not in the ring.")
    nonce, ciphertext = sealed[start : start + NONCE_BYTES], sealed[start + NONCE_BYTES :]
    try:
        return cipher.decrypt(nonce, ciphertext, context.encode())
    except (InvalidTag, ValueError) as error:
        raise UnsealError("This value does not open in this context.") from error


def _data_cipher(label: bytes) -> AESGCM:
    if data_key_source is None:
        raise UnsealError("Data keys are not read here.")
    return data_key_source(label)

"""Encryption of what people write, with keys that rotate.

Content is sealed with AES-256-GCM under the first key of `settings.CONTENT_KEYS`; any key of the ring opens. The
`context` is authenticated with the text: a sealed text copied to another row does not open there.
A sealed value is `version (1 byte) | length of the key's name (1) | name | nonce (12) | ciphertext and tag`.
"""

import base64
import binascii
import os
import threading
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

VERSION = 1
NONCE_BYTES = 12
KEY_BYTES = 32


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


def seal(text: str, *, context: str) -> bytes:
    """Encrypt `text` for the row that `context` names, with the first key of the ring."""
    name, cipher = next(iter(parse_keys(settings.CONTENT_KEYS).items()))
    nonce = _nonces.take()
    label = name.encode()
    return bytes((VERSION, len(label))) + label + nonce + cipher.encrypt(nonce, text.encode(), context.encode())


def key_name(sealed: bytes) -> str:
    """The name of the key that sealed this value. Raises UnsealError when it is not a sealed value."""
    if len(sealed) < 2 or sealed[0] != VERSION:
        raise UnsealError("This value was not sealed here.")
    return bytes(sealed[2 : 2 + sealed[1]]).decode(errors="replace")


def current_key_name() -> str:
    """The name of the key that seals now."""
    return next(iter(parse_keys(settings.CONTENT_KEYS)))


def unseal(sealed: bytes | memoryview, *, context: str) -> str:
    """Decrypt what `seal` made for the same context. Raises UnsealError."""
    sealed = bytes(sealed)
    name = key_name(sealed)
    cipher = parse_keys(settings.CONTENT_KEYS).get(name)
    if cipher is None:
        raise UnsealError("The key that sealed this value is not in the ring.")
    start = 2 + sealed[1]
    nonce, ciphertext = sealed[start : start + NONCE_BYTES], sealed[start + NONCE_BYTES :]
    try:
        return cipher.decrypt(nonce, ciphertext, context.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise UnsealError("This value does not open in this context.") from error

"""Encrypts what people write, with keys that can be rotated.

« To seal » means here to encrypt with AES-256-GCM. Texts of an exchange are encrypted with its own data key
(`common.data_keys`). Other texts are encrypted with the first key of the key ring, `settings.CONTENT_KEYS`; any key of
the ring decrypts. The `context` is authenticated with the text, so that a value that is copied to another row cannot be
decrypted there.

An encrypted value says which key decrypts it. Its first byte, the version, gives its form:

- 1: `version (1 byte) | length of the key's name (1) | name | nonce (12) | ciphertext and tag`, of the key ring;
- 2: `version (1) | the data key's id (16) | nonce (12) | ciphertext and tag`, of a data key.
"""

import base64
import binascii
import os
import threading
from collections.abc import Callable, Mapping
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
DATA_KEY_ADDS = _DATA_KEY_END + NONCE_BYTES + TAG_BYTES  # bytes that encrypting with a data key adds to a text

# The function that returns the cipher of a data key, or raises UnsealError when that key is gone. It is set when the
# site starts, by `common.data_keys.keys`, whose table this module does not know.
# It takes the 16 bytes of the key's id, as they are in each value: to make a UUID of them costs more than to decrypt.
data_key_source: Callable[[bytes], AESGCM] | None = None


class UnsealError(ValueError):
    """The value cannot be decrypted: the key is unknown, the context is another, or it was altered.

    The message of the error never holds content.
    """


class _Nonces(threading.local):
    """Random numbers that are used once, drawn from the system many at a time.

    Each draw releases the interpreter's lock to another thread. A thread that encrypts a batch, and holds row locks,
    would otherwise wait to get it back at every message.
    """

    AT_ONCE = 256

    def __init__(self) -> None:
        self.pid = 0
        self.drawn: list[bytes] = []

    def take(self) -> bytes:
        """Return a nonce of NONCE_BYTES bytes that was never used."""
        if not self.drawn or self.pid != os.getpid():  # after a fork, the copy must not use the same nonces
            self.pid = os.getpid()
            several = os.urandom(NONCE_BYTES * self.AT_ONCE)
            self.drawn = [several[n : n + NONCE_BYTES] for n in range(0, len(several), NONCE_BYTES)]
        return self.drawn.pop()


_nonces = _Nonces()


@lru_cache(maxsize=8)
def parse_keys(text: str) -> dict[str, AESGCM]:
    """Parse the key ring, in its order: the first key encrypts.

    text: "name:key" pairs separated by commas; a key is 32 bytes in URL-safe base64. Raises ImproperlyConfigured for
    anything else; the message does not hold the key.
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
    """Encrypt a text for the row that `context` names.

    data_key: the id of the exchange's data key. None for a text that belongs to no exchange, or to one that has no key
    yet; the first key of the ring then encrypts it. Raises UnsealError when the data key is gone.
    """
    return seal_bytes(text.encode(), context=context, data_key=data_key)


def seal_bytes(plain: bytes, *, context: str, data_key: UUID | None = None) -> bytes:
    """Encrypt bytes, as `seal` does a text."""
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


def seal_with(cipher: AESGCM, label: bytes, text: str, *, context: str) -> bytes:
    """Encrypt a text with the cipher of a data key that was looked up already, as `seal` does.

    label: the 16 bytes of the key's id. For batches (`data_keys.ciphers_of`): each of their messages spares a look.
    """
    nonce = _nonces.take()
    return _DATA_KEY_HEAD + label + nonce + cipher.encrypt(nonce, text.encode(), context.encode())


def key_name(sealed: bytes) -> str:
    """Return the name of the ring's key that encrypted this value. Raises UnsealError for any other value."""
    if len(sealed) < 2 or sealed[0] != VERSION:
        raise UnsealError("No key of the ring sealed this value.")
    return bytes(sealed[2 : 2 + sealed[1]]).decode(errors="replace")


def data_key_bytes(sealed: bytes | memoryview) -> bytes | None:
    """Return the id of the data key that encrypted this value, as 16 bytes; None for any other value."""
    if len(sealed) < _DATA_KEY_END or sealed[0] != DATA_KEY_VERSION:
        return None
    return bytes(sealed[1:_DATA_KEY_END])


def data_key_of(sealed: bytes | memoryview) -> UUID | None:
    """Return the id of the data key that encrypted this value; None for any other value."""
    label = data_key_bytes(sealed)
    return None if label is None else UUID(bytes=label)


def current_key_name() -> str:
    """Return the name of the ring's key that encrypts now."""
    return next(iter(parse_keys(settings.CONTENT_KEYS)))


type Ciphers = Mapping[bytes, AESGCM | None]  # by the id of their data key (16 bytes); None where it cannot be used


def unseal(sealed: bytes | memoryview, *, context: str, ciphers: Ciphers | None = None) -> str:
    """Decrypt what `seal` made for the same context, whichever key encrypted it.

    ciphers: those that were looked up for a whole batch already (`data_keys.ciphers_for`). Raises UnsealError, and the
    errors of django.db when the data keys cannot be read now.
    """
    try:
        return unseal_bytes(sealed, context=context, ciphers=ciphers).decode()
    except UnicodeDecodeError:
        raise UnsealError("This value is no text.") from None


def unseal_bytes(sealed: bytes | memoryview, *, context: str, ciphers: Ciphers | None = None) -> bytes:
    """Decrypt what `seal_bytes` made. Raises what `unseal` raises."""
    sealed = bytes(sealed)
    cipher: AESGCM | None
    label = data_key_bytes(sealed)
    if label is not None:
        cipher = ciphers.get(label) if ciphers is not None else None
        if cipher is None:
            cipher = _data_cipher(label)
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

"""Seals one object of a backup: it is compressed, then encrypted in chunks under a key of its own. Pure.

The chunks are those of `common.sealed_files.chunks`. An object is

    magic | length of the ring key's name (1) | name | nonce (12) | wrapped (64, and a tag of 16) | sealed chunks

`wrapped` holds the object's key, the token of its chunks, and its sizes packed and in clear, sealed with the key of the
ring of that name. Everything is bound to the object's name in the store: one that was altered, cut, or put in the place
of another does not open, and only who holds the ring can make one.

What is packed is compressed first (zlib, level 1): segments of WAL are often nearly empty. That the length of an object
tells how well it compresses is of no use to who reads the store: what people wrote is sealed already, each value by
itself, with a nonce of its own.
"""

import os
import struct
import zlib
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from common.encryption import NONCE_BYTES, UnsealError
from common.sealed_files.chunks import CHUNK_BYTES, SEALED_MORE, Sealer, new_key, new_token

MAGIC = b"pnav-backup-1\n"
_INNER = struct.Struct(">32s16sQQ")  # the key, the token, the packed size and the size in clear
_WRAPPED_BYTES = _INNER.size + 16
# The bytes of one object before sealing: a part of a base backup, or a segment of WAL (16 MiB unless initdb was told
# otherwise). While one is sealed or opened it is up to three times in memory.
OBJECT_MOST = 64 * 1024 * 1024


def seal_object(clear: bytes, *, name: str, ring: Mapping[str, AESGCM]) -> bytes:
    """Seal with the first key of the ring.

    name: the object's name in its store. Raises ValueError above OBJECT_MOST.
    """
    if len(clear) > OBJECT_MOST:
        raise ValueError("an object of a backup has 64 MiB at most")
    label, cipher = next(iter(ring.items()))
    packed = zlib.compress(clear, 1)
    key, token = new_key(), new_token()
    sealer = Sealer(key, _context(name), len(packed))
    nonce = os.urandom(NONCE_BYTES)
    inner = _INNER.pack(key, bytes.fromhex(token), len(packed), len(clear))
    head = _head(label)
    parts = [head, nonce, cipher.encrypt(nonce, inner, head + name.encode())]
    view = memoryview(packed)
    parts += [
        sealer.seal(index, token, view[index * CHUNK_BYTES : (index + 1) * CHUNK_BYTES])
        for index in range(sealer.count)
    ]
    return b"".join(parts)


def open_object(sealed: bytes, *, name: str, ring: Mapping[str, AESGCM]) -> bytes:
    """Return what `seal_object` sealed under this name. Raises UnsealError, which never holds content."""
    if not sealed.startswith(MAGIC) or len(sealed) <= len(MAGIC):
        raise UnsealError("This is no sealed object of a backup.")
    start = len(MAGIC) + 1 + sealed[len(MAGIC)]
    head = sealed[:start]
    cipher = ring.get(head[len(MAGIC) + 1 :].decode(errors="replace"))
    if cipher is None:
        raise UnsealError("The key that sealed this object is not in the ring.")
    nonce, end = sealed[start : start + NONCE_BYTES], start + NONCE_BYTES + _WRAPPED_BYTES
    try:
        inner = cipher.decrypt(nonce, sealed[start + NONCE_BYTES : end], head + name.encode())
    except (InvalidTag, ValueError):  # a ValueError means that the text was cut within the nonce
        raise UnsealError("This object does not open under this name.") from None
    key, token, packed_size, size = _INNER.unpack(inner)
    if size > OBJECT_MOST:
        raise UnsealError("This object is larger than any.")
    sealer = Sealer(key, _context(name), packed_size)
    chunks, at = [], end
    for index in range(sealer.count):
        length = sealer.length_of(index) + SEALED_MORE
        chunks.append((token.hex(), sealed[at : at + length]))
        at += length
    if at != len(sealed):
        raise UnsealError("This object has not the length that it was sealed with.")
    unpacker = zlib.decompressobj()
    clear = unpacker.decompress(b"".join(sealer.open_all(chunks)), size + 1)
    if len(clear) != size:
        raise UnsealError("This object has not the size that it was sealed with.")
    return clear


def _head(label: str) -> bytes:
    name = label.encode()
    return MAGIC + bytes((len(name),)) + name


def _context(name: str) -> str:
    return f"backup:{name}"

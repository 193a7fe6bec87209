"""Builds the tree of digests over which one day is stamped (RFC 6962 §2.1). Pure.

A leaf and an inner node are hashed with a first byte of their own, so that none passes for the other. Where a level has
an odd number of nodes, its last one goes up as it is: that is the split « at the largest power of two below n ».
"""

import hashlib
from collections.abc import Sequence

HASH_BYTES = 32
SALT_BYTES = 32
EMPTY = hashlib.sha256().digest()  # the root of no leaves

type Levels = list[list[bytes]]


def hash_leaf(salt: bytes, digest: bytes) -> bytes:
    """Return the leaf of an item. salt: SALT_BYTES, secret: without it a leaf says nothing of a short text. digest:
    SHA-256 of the item. Raises ValueError for other lengths, which would let two items share a leaf."""
    if len(salt) != SALT_BYTES or len(digest) != HASH_BYTES:
        raise ValueError("a salt and a digest have 32 bytes")
    return hashlib.sha256(b"\x00pnav-leaf-1\n" + salt + digest).digest()


def hash_nodes(left: bytes, right: bytes) -> bytes:
    """The hash of two nodes, apart from that of a leaf by its first byte (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def levels_of(hashes: Sequence[bytes]) -> Levels:
    """Return the tree from its lowest level up; the last level is its root alone, or empty. One hash a leaf."""
    levels = [list(hashes)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        above = [hash_nodes(below[n], below[n + 1]) for n in range(0, len(below) - 1, 2)]
        if len(below) % 2:
            above.append(below[-1])
        levels.append(above)
    return levels


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root of the tree over these leaves."""
    return top_of(levels_of(hashes))


def top_of(levels: Levels) -> bytes:
    """Return the root of a tree that was built."""
    return levels[-1][0] if levels[-1] else EMPTY


def path_of(levels: Levels, index: int) -> list[bytes]:
    """Return what is hashed with the leaf at `index`, from below up, to come to the root."""
    path = []
    for level in levels[:-1]:
        beside = index ^ 1
        if beside < len(level):
            path.append(level[beside])
        index >>= 1
    return path


def root_from(leaf: bytes, *, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root to which this path leads, in a tree of `size` leaves; None when no such tree has such a path
    (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        return None
    place, last, node = index, size - 1, leaf
    for beside in path:
        if last == 0:
            return None
        if place % 2 or place == last:
            node = hash_nodes(beside, node)
            while place % 2 == 0 and place:
                place >>= 1
                last >>= 1
        else:
            node = hash_nodes(node, beside)
        place >>= 1
        last >>= 1
    return node if last == 0 else None

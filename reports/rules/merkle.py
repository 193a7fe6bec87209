"""Builds the tree of digests over which one day is stamped (RFC 6962 §2.1). Pure.

Leaves and inner nodes are hashed with different first bytes, so that none can be taken for the other. If a level has an
odd number of nodes, the last one is moved up unchanged, which is the split « at the largest power of two below n ».
"""

import hashlib
from collections.abc import Sequence

HASH_BYTES = 32
SALT_BYTES = 32
EMPTY = hashlib.sha256().digest()  # the root of no leaves

type Levels = list[list[bytes]]


def hash_leaf(salt: bytes, digest: bytes) -> bytes:
    """Return the leaf of an item.

    salt: SALT_BYTES secret bytes, so that a leaf does not reveal a short text. digest: SHA-256 of the item. Raises
    ValueError for other lengths, with which two items could have the same leaf.
    """
    if len(salt) != SALT_BYTES or len(digest) != HASH_BYTES:
        raise ValueError("a salt and a digest have 32 bytes")
    return hashlib.sha256(b"\x00pnav-leaf-1\n" + salt + digest).digest()


def hash_nodes(left: bytes, right: bytes) -> bytes:
    """Return the hash of two nodes, which differs from that of a leaf by its first byte (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def levels_of(hashes: Sequence[bytes]) -> Levels:
    """Return the levels of the tree, the leaves first. The last level is the root, or empty. One hash for each leaf."""
    levels = [list(hashes)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        above = [hash_nodes(below[n], below[n + 1]) for n in range(0, len(below) - 1, 2)]
        if len(below) % 2:
            above.append(below[-1])
        levels.append(above)
    return levels


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Return the root of the tree of these leaves."""
    return top_of(levels_of(hashes))


def top_of(levels: Levels) -> bytes:
    """Return the root of a tree that was built."""
    return levels[-1][0] if levels[-1] else EMPTY


def path_of(levels: Levels, index: int) -> list[bytes]:
    """Return the path of the leaf at `index`: the nodes with which it is hashed, from below up, to get the root."""
    path = []
    for level in levels[:-1]:
        beside = index ^ 1
        if beside < len(level):
            path.append(level[beside])
        index >>= 1
    return path


def root_from(leaf: bytes, *, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root to which this path leads in a tree of `size` leaves (RFC 9162 §2.1.3.2).

    None when no tree of that size has such a path.
    """
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

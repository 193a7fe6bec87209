"""The tree of a day is that of RFC 6962: each leaf has a path that leads to its root and to no other."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.rules import merkle


def split(hashes):
    """Hash as RFC 6962 §2.1 is written: split at the largest power of two below n."""
    if not hashes:
        return hashlib.sha256().digest()
    if len(hashes) == 1:
        return hashes[0]
    half = 1
    while half * 2 < len(hashes):
        half *= 2
    return hashlib.sha256(b"\x01" + split(hashes[:half]) + split(hashes[half:])).digest()


leaves = st.lists(st.binary(min_size=32, max_size=32), max_size=70)


@given(leaves)
def test_root_is_that_of_the_standard(hashes):
    assert merkle.root_of(hashes) == split(hashes)


@given(leaves.filter(bool), st.data())
def test_path_leads_to_the_root_and_no_other_place_does(hashes, data):
    levels = merkle.levels_of(hashes)
    index = data.draw(st.integers(0, len(hashes) - 1))
    path = merkle.path_of(levels, index)
    assert len(path) <= (len(hashes) - 1).bit_length()
    assert merkle.root_from(hashes[index], index=index, size=len(hashes), path=path) == merkle.top_of(levels)
    bits = data.draw(st.binary(min_size=32, max_size=32).filter(lambda bits: bits != hashes[index]))
    assert merkle.root_from(bits, index=index, size=len(hashes), path=path) != merkle.top_of(levels)
    if path:
        place = data.draw(st.integers(0, len(path) - 1))
        changed = [*path]
        changed[place] = bytes(32) if path[place] != bytes(32) else bytes([1]) * 32
        found = merkle.root_from(hashes[index], index=index, size=len(hashes), path=changed)
        assert found != merkle.top_of(levels)
        short = merkle.root_from(hashes[index], index=index, size=len(hashes), path=path[:-1])
        assert short is None or short != merkle.top_of(levels)
    assert merkle.root_from(hashes[index], index=index, size=len(hashes), path=[*path, bytes(32)]) is None


@given(leaves.filter(bool), st.integers(0, 3))
def test_tree_over_roots_of_chunks_is_the_tree_of_all(hashes, power):
    """The days rely on this: a chunk of a power of two is a node."""
    size = 2**power
    chunks = [hashes[n : n + size] for n in range(0, len(hashes), size)]
    upper = merkle.levels_of([merkle.root_of(chunk) for chunk in chunks])
    assert merkle.top_of(upper) == split(hashes)
    for index in range(len(hashes)):
        number, place = divmod(index, size)
        path = merkle.path_of(merkle.levels_of(chunks[number]), place) + merkle.path_of(upper, number)
        assert path == merkle.path_of(merkle.levels_of(hashes), index)


def test_leaf_is_no_node_and_lengths_are_held():
    salt, digest = bytes(32), bytes([1]) * 32
    assert merkle.hash_leaf(salt, digest) == hashlib.sha256(b"\x00pnav-leaf-1\n" + salt + digest).digest()
    assert merkle.hash_leaf(salt, digest) != merkle.hash_nodes(salt, digest)
    for wrong in ((b"short", digest), (salt, b"short")):
        with pytest.raises(ValueError):
            merkle.hash_leaf(*wrong)


@pytest.mark.parametrize(("index", "size"), [(-1, 4), (4, 4), (0, 0)])
def test_place_outside_of_the_tree_leads_nowhere(index, size):
    assert merkle.root_from(bytes(32), index=index, size=size, path=[bytes(32)] * 2) is None

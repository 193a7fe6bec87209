"""Files in sealed chunks: nothing opens that was altered, moved, repeated, left out or truncated."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.encryption import UnsealError
from common.sealed_files import chunks as sealed_chunks
from common.sealed_files.chunks import CHUNK_BYTES, SEALED_MORE, Sealer, in_chunks

MARK = b"MARQUE-en-clair"
EDGES = [1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 7]


def content_of(size):
    return (MARK * (size // len(MARK) + 1))[:size]


def sealed_file(size, *, context="capture:a", key=None):
    """Return the sealer, and (token, sealed chunk) of each chunk."""
    sealer = Sealer(key or sealed_chunks.new_key(), context, size)
    chunks = [(sealed_chunks.new_token(), clear) for clear in in_chunks([content_of(size)])]
    return sealer, [(token, sealer.seal(index, token, clear)) for index, (token, clear) in enumerate(chunks)]


@pytest.mark.parametrize("size", EDGES)
def test_file_comes_back_whole_and_nothing_of_it_is_in_clear(size):
    sealer, sealed = sealed_file(size)
    assert b"".join(sealer.open_all(sealed)) == content_of(size)
    assert len(sealed) == sealer.count == sealed_chunks.chunk_count(size)
    assert all(MARK not in one for _token, one in sealed)
    assert sum(len(one) for _token, one in sealed) == size + SEALED_MORE * sealer.count


@pytest.mark.parametrize("size", [0, -1])
def test_empty_file_is_none(size):
    with pytest.raises(ValueError, match="one byte"):
        Sealer(sealed_chunks.new_key(), "capture:a", size)


def moved(sealed):
    return [sealed[1], sealed[0], *sealed[2:]]


def moved_with_their_tokens_in_place(sealed):
    (first, one), (second, other), *rest = sealed
    return [(first, other), (second, one), *rest]


def repeated(sealed):
    return [sealed[0], sealed[0], *sealed[2:]]


def left_out(sealed):
    return [sealed[0], *sealed[2:]]


def cut_short(sealed):
    return sealed[:-1]


def one_too_many(sealed):
    return [*sealed, sealed[-1]]


def nothing(sealed):
    return []


@pytest.mark.parametrize(
    "change", [moved, moved_with_their_tokens_in_place, repeated, left_out, cut_short, one_too_many, nothing]
)
def test_chunks_that_are_not_what_was_sealed_are_noticed(change):
    sealer, sealed = sealed_file(3 * CHUNK_BYTES + 7)
    with pytest.raises(UnsealError):
        list(sealer.open_all(change(sealed)))


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_byte_that_is_altered_is_noticed(data):
    sealer, sealed = sealed_file(300)
    token, one = sealed[0]
    place = data.draw(st.integers(0, len(one) - 1))
    altered = bytearray(one)
    altered[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(UnsealError):
        sealer.open(0, token, bytes(altered))


@pytest.mark.parametrize("most", [0, 1, SEALED_MORE - 1, SEALED_MORE, 100])
def test_chunk_that_was_cut_is_noticed(most):
    sealer, [(token, one)] = sealed_file(300)
    with pytest.raises(UnsealError):
        sealer.open(0, token, one[:most])


def test_chunk_of_another_file_key_context_or_length_does_not_open():
    key = sealed_chunks.new_key()
    _sealer, [(token, one)] = sealed_file(300, key=key)
    for other in (
        Sealer(sealed_chunks.new_key(), "capture:a", 300),
        Sealer(key, "capture:b", 300),
        Sealer(key, "capture:a", 301),
        Sealer(key, "capture:a", CHUNK_BYTES + 300),
    ):
        with pytest.raises(UnsealError):
            other.open(0, token, one)


def test_slice_sealed_twice_opens_as_the_one_that_was_acknowledged():
    """A repeated slice may hold something else: only the token that the row keeps opens, and no nonce is used twice."""
    sealer, [(token, one)] = sealed_file(300)
    other = sealed_chunks.new_token()
    again = sealer.seal(0, other, b"x" * 300)
    assert again[1:13] != one[1:13]
    with pytest.raises(UnsealError):
        sealer.open(0, token, again)
    assert sealer.open(0, other, again) == b"x" * 300


@pytest.mark.parametrize("length", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES + 1])
def test_chunk_has_the_length_of_its_place(length):
    sealer = Sealer(sealed_chunks.new_key(), "capture:a", 2 * CHUNK_BYTES)
    with pytest.raises(ValueError, match="length of its place"):
        sealer.seal(0, "t", b"a" * length)
    for beyond in (-1, 2):
        with pytest.raises(IndexError):
            sealer.seal(beyond, "t", b"a" * CHUNK_BYTES)


def test_key_is_shown_by_no_representation():
    sealer = Sealer(sealed_chunks.new_key(), "capture:a", 5)
    assert repr(sealer.key) not in repr(sealer)


@given(st.lists(st.integers(0, 2 * CHUNK_BYTES), max_size=6))
@settings(max_examples=30, deadline=None)
def test_pieces_of_any_length_become_chunks(lengths):
    pieces = [bytes([number % 251]) * length for number, length in enumerate(lengths)]
    chunks = list(in_chunks(pieces))
    assert b"".join(chunks) == b"".join(pieces)
    assert all(len(one) == CHUNK_BYTES for one in chunks[:-1])
    assert all(0 < len(one) <= CHUNK_BYTES for one in chunks[-1:])

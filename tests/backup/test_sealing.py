"""An object of a backup opens as a whole, under its own name, with a key of the ring; otherwise it does not open."""

import base64
import os

import pytest

from common.encryption import UnsealError, parse_keys
from common.sealed_files.chunks import CHUNK_BYTES
from pnav.backup import sealing
from pnav.backup.sealing import MAGIC, open_object, seal_object


def ring(*names: str) -> dict:
    return parse_keys(",".join(f"{name}:{base64.urlsafe_b64encode(os.urandom(32)).decode()}" for name in names))


RING = ring("b1")
CLEAR = os.urandom(2 * CHUNK_BYTES) + bytes(CHUNK_BYTES) + b"MARQUE en clair"


@pytest.mark.parametrize("clear", [b"", b"a", bytes(16 * 1024 * 1024), CLEAR], ids=["none", "one", "zeros", "chunks"])
def test_object_comes_back_as_it_was_and_shows_nothing(clear):
    sealed = seal_object(clear, name="wal/1", ring=RING)
    assert open_object(sealed, name="wal/1", ring=RING) == clear
    assert b"MARQUE" not in sealed
    assert len(sealed) < len(clear) // 100 or len(clear) <= len(CLEAR), "an empty segment takes little room"


def test_same_content_is_never_sealed_alike():
    assert len({seal_object(b"same", name="wal/1", ring=RING) for _each in range(5)}) == 5


def test_another_name_does_not_open():
    sealed = seal_object(CLEAR, name="base/a/00001", ring=RING)
    with pytest.raises(UnsealError):
        open_object(sealed, name="base/a/00002", ring=RING)


def test_key_that_is_withdrawn_opens_nothing_and_one_that_stands_second_does():
    both = ring("b2", "b1")
    sealed = seal_object(CLEAR, name="wal/1", ring={"b1": both["b1"]})
    assert open_object(sealed, name="wal/1", ring=both) == CLEAR
    for wrong in (RING, ring("b3")):  # the same name with another key, and no key of that name
        with pytest.raises(UnsealError):
            open_object(sealed, name="wal/1", ring=wrong)


def test_every_altered_byte_of_the_head_and_every_cut_is_noticed():
    sealed = seal_object(b"a word", name="wal/1", ring=RING)
    for place in range(len(sealed)):
        altered = bytearray(sealed)
        altered[place] ^= 1
        with pytest.raises(UnsealError):
            open_object(bytes(altered), name="wal/1", ring=RING)
        with pytest.raises(UnsealError):
            open_object(sealed[:place], name="wal/1", ring=RING)
    with pytest.raises(UnsealError):
        open_object(sealed + b"x", name="wal/1", ring=RING)


def test_chunks_that_change_places_are_noticed():
    sealed = seal_object(CLEAR, name="wal/1", ring=RING)
    start = len(MAGIC) + 1 + 2 + 12 + sealing._WRAPPED_BYTES
    length = CHUNK_BYTES + 29
    first, second = sealed[start : start + length], sealed[start + length : start + 2 * length]
    assert len(second) == length
    swapped = sealed[:start] + second + first + sealed[start + 2 * length :]
    with pytest.raises(UnsealError):
        open_object(swapped, name="wal/1", ring=RING)


def test_object_is_bounded(monkeypatch):
    monkeypatch.setattr(sealing, "OBJECT_MOST", 10)
    assert open_object(seal_object(bytes(10), name="a", ring=RING), name="a", ring=RING) == bytes(10)
    with pytest.raises(ValueError, match="64 MiB"):
        seal_object(bytes(11), name="a", ring=RING)

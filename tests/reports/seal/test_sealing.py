"""A sealed value opens only with its key and in its place, reveals nothing, and is HPKE as others write it."""

import json
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.seal import sealing
from reports.seal.sealing import (
    SEALED_BYTES,
    TEXT_MAX_BYTES,
    BadPublicKey,
    Context,
    DoesNotOpen,
    NotSealed,
    OtherKey,
    PrivateKey,
    PublicKey,
    SealError,
    TextRefused,
    seal_text,
    unseal_text,
)
from tests.reports.seal import hpke_reference

PRIVATE = PrivateKey(bytes(range(32)))
PUBLIC = PRIVATE.public_key
REPORT = UUID("2f1c9a52-6a0e-4f0e-9d0e-5b1f0c9a7e11")
NAME = Context(REPORT, "name")
SECRET = "Camille Zébulon, 06 12 34 56 78"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=TEXT_MAX_BYTES).filter(
    lambda text: len(text.encode()) <= TEXT_MAX_BYTES
)
contexts = st.builds(
    Context,
    st.uuids(),
    st.from_regex(r"[a-z][a-z0-9_]{0,39}", fullmatch=True),
    st.integers(1, 2**32 - 1),
)


@given(text=texts, context=contexts)
def test_seal_opens_in_its_place(text, context):
    sealed = seal_text(text, public_key=PUBLIC, context=context)
    assert len(sealed) == SEALED_BYTES == 1657
    assert unseal_text(sealed, private_key=PRIVATE, context=context) == text


@given(text=texts, here=contexts, there=contexts)
def test_seal_opens_nowhere_else(text, here, there):
    sealed = seal_text(text, public_key=PUBLIC, context=here)
    if here != there:
        with pytest.raises(DoesNotOpen):
            unseal_text(sealed, private_key=PRIVATE, context=there)


@pytest.mark.parametrize(
    "moved",
    [replace(NAME, report=UUID(int=REPORT.int ^ 1)), replace(NAME, field="contact"), replace(NAME, version=2)],
)
def test_unseal_moved_to_another_report_field_or_version(moved):
    sealed = seal_text(SECRET, public_key=PUBLIC, context=NAME)
    with pytest.raises(DoesNotOpen):
        unseal_text(sealed, private_key=PRIVATE, context=moved)


@given(one=contexts, other=contexts)
def test_contexts_are_never_bound_alike(one, other):
    assert (one.bind(b"h") == other.bind(b"h")) == (one == other)


@pytest.mark.parametrize("field", ["", "Name", "1name", "na-me", "name\n", "é", "a" * 41])
def test_context_of_a_field_without_a_proper_name(field):
    with pytest.raises(ValueError, match="field"):
        Context(REPORT, field)


@pytest.mark.parametrize("version", [0, -1, 2**32])
def test_context_of_a_version_out_of_count(version):
    with pytest.raises(ValueError, match="version"):
        Context(REPORT, "name", version)


def test_seal_of_nothing_and_of_much_are_alike():
    """They have the same size and the same beginning, and nothing that a reader of the table could sort them by."""
    nothing, much = (seal_text(text, public_key=PUBLIC, context=NAME) for text in ("", "é" * (TEXT_MAX_BYTES // 2)))
    assert len(nothing) == len(much)
    assert nothing[: sealing.HEADER_BYTES] == much[: sealing.HEADER_BYTES]


def test_seal_same_text_twice_shares_nothing_but_the_header():
    one, other = (seal_text(SECRET, public_key=PUBLIC, context=NAME) for _n in range(2))
    same = sum(a == b for a, b in zip(one[sealing.HEADER_BYTES :], other[sealing.HEADER_BYTES :], strict=True))
    assert same < 40  # by chance about 6 of 1648 bytes are the same


def test_sealed_value_holds_no_piece_of_its_text():
    sealed = seal_text(SECRET, public_key=PUBLIC, context=NAME)
    raw = SECRET.encode()
    assert not any(raw[n : n + 4] in sealed for n in range(len(raw) - 3))


def test_unseal_with_any_byte_altered():
    """Each byte is altered, by one bit or by all: the result is an error of ours, never a text."""
    sealed = seal_text(SECRET, public_key=PUBLIC, context=NAME)
    for position in range(SEALED_BYTES):
        for flip in (0x01, 0xFF):
            altered = bytearray(sealed)
            altered[position] ^= flip
            expected = NotSealed if position == 0 else OtherKey if position < sealing.HEADER_BYTES else DoesNotOpen
            with pytest.raises(expected):
                unseal_text(bytes(altered), private_key=PRIVATE, context=NAME)


@settings(max_examples=50)
@given(damage=st.binary(max_size=SEALED_BYTES + 20))
def test_unseal_anything_else(damage):
    with pytest.raises(SealError):
        unseal_text(damage, private_key=PRIVATE, context=NAME)


@pytest.mark.parametrize("cut", [0, 1, sealing.HEADER_BYTES, SEALED_BYTES - 1, SEALED_BYTES + 1])
def test_unseal_cut_or_lengthened(cut):
    sealed = seal_text(SECRET, public_key=PUBLIC, context=NAME) + b"\0"
    with pytest.raises(NotSealed):
        unseal_text(sealed[:cut], private_key=PRIVATE, context=NAME)


def test_unseal_with_another_key():
    sealed = seal_text(SECRET, public_key=PUBLIC, context=NAME)
    with pytest.raises(OtherKey):
        unseal_text(sealed, private_key=PrivateKey.generate(), context=NAME)


def test_unseal_with_another_key_that_bears_its_id():
    """The id only names a key; it opens nothing."""
    other = PrivateKey.generate()
    sealed = seal_text(SECRET, public_key=PUBLIC, context=NAME)
    forged = sealed[:1] + other.public_key.key_id + sealed[sealing.HEADER_BYTES :]
    with pytest.raises(DoesNotOpen):
        unseal_text(forged, private_key=other, context=NAME)


@pytest.mark.parametrize(
    "padded",
    [
        b"\x00\x03Zed".ljust(511, b"\0"),  # the value is too short
        b"\x00\x02Zed".ljust(512, b"\0"),  # data after the end
        b"\xff\xffZed".ljust(512, b"\0"),  # longer than the data
        b"\x00\x04Zed\xff".ljust(512, b"\0"),  # the value is not UTF-8
    ],
)
def test_unseal_what_another_program_padded(padded):
    header = bytes((sealing.VERSION,)) + PUBLIC.key_id
    sealed = header + sealing.SUITE.encrypt(padded, PUBLIC.hpke, info=NAME.bind(header))
    with pytest.raises(SealError) as caught:
        unseal_text(sealed, private_key=PRIVATE, context=NAME)
    assert_says_nothing(caught.value, "Zed")


@pytest.mark.parametrize("text", [SECRET * 20, "x" * (TEXT_MAX_BYTES + 1), "é" * (TEXT_MAX_BYTES // 2 + 1)])
def test_seal_too_long(text):
    with pytest.raises(TextRefused, match="510 bytes") as caught:
        seal_text(text, public_key=PUBLIC, context=NAME)
    assert_says_nothing(caught.value, text)


def test_seal_what_is_not_text():
    with pytest.raises(TextRefused) as caught:
        seal_text(SECRET + "\udcff", public_key=PUBLIC, context=NAME)
    assert_says_nothing(caught.value, SECRET)


def assert_says_nothing(error, text):
    """Check that neither the error, nor what it carries along, holds the text."""
    assert error.__cause__ is None and (error.__suppress_context__ or error.__context__ is None)
    assert not isinstance(error.__context__, UnicodeError)
    assert vars(error) == {} and all(text not in str(arg) for arg in error.args)


def test_private_key_does_not_show():
    assert PRIVATE.seed.hex() not in repr(PRIVATE) and repr(PRIVATE.seed) not in repr(PRIVATE)
    assert repr(PRIVATE) == "PrivateKey()"


@pytest.mark.parametrize("length", [0, 31, 33])
def test_private_key_of_another_length(length):
    with pytest.raises(ValueError, match="32 bytes"):
        PrivateKey(bytes(length))


def test_public_key_text_is_read_back():
    text = PUBLIC.text
    assert PublicKey.parse(f" {text}\n") == PUBLIC
    assert text.split(".")[:2] == ["1", PUBLIC.fingerprint]
    assert not set(text) & set("'\"\\ $#=\n")  # it can be put into an environment as it is


def test_public_key_with_any_character_altered():
    """What one wrong character sealed would be lost for ever."""
    text = PUBLIC.text
    for position, character in enumerate(text):
        for other in {"A", "b", "0", "-", ".", " "} - {character}:
            altered = text[:position] + other + text[position + 1 :]
            if altered.strip() != text:
                with pytest.raises(BadPublicKey):
                    PublicKey.parse(altered)


@pytest.mark.parametrize(
    "text", ["", ".", "1", "1..", "1.é.é", "SEAL_PUBLIC_KEY=1.2.3", PUBLIC.text[:-1], "2" + PUBLIC.text[1:]]
)
def test_public_key_of_something_else(text):
    with pytest.raises(BadPublicKey):
        PublicKey.parse(text)


def test_public_key_whose_fingerprint_is_right_but_whose_half_is_not_a_key():
    """3329 is the modulus of ML-KEM: a coefficient of 4095 is none (FIPS 203, 7.2)."""
    with pytest.raises(BadPublicKey):
        PublicKey.parse(PublicKey(b"\xff" * sealing.KEY_BYTES).text)


VECTOR = json.loads((Path(__file__).parent / "hpke_pq_vector.json").read_text())


def vector(name):
    return bytes.fromhex("".join(VECTOR[name]))


def test_reference_is_that_of_the_published_vector():
    enc = vector("enc")
    shared_secret = hpke_reference.decapsulate(vector("skRm"), enc)
    assert shared_secret == vector("shared_secret")
    keys = hpke_reference.schedule(shared_secret, vector("info"), hpke_reference.CHACHA20_POLY1305)
    assert (keys.key, keys.base_nonce) == (vector("key"), vector("base_nonce"))
    opened = hpke_reference.open_single(
        vector("skRm"),
        enc,
        vector("ct"),
        info=vector("info"),
        aad=vector("aad"),
        aead=hpke_reference.CHACHA20_POLY1305,
    )
    assert opened == vector("pt")


def test_public_key_is_that_of_the_published_vector():
    raw = PrivateKey(vector("skRm")).public_key.raw
    assert [raw[:32].hex(), raw[-32:].hex()] == VECTOR["pkRm_first_and_last"]


@settings(max_examples=20)
@given(text=texts, context=contexts, seed=st.binary(min_size=32, max_size=32))
def test_seal_is_hpke_as_written_a_second_time(text, context, seed):
    """What we seal today opens without this module, without `cryptography`'s HPKE, from the two documents alone."""
    sealed = seal_text(text, public_key=PrivateKey(seed).public_key, context=context)
    header, enc, ciphertext = sealed[:9], sealed[9:1129], sealed[1129:]
    info = b"pnav seal\0" + header + context.report.bytes + context.version.to_bytes(4) + context.field.encode()
    padded = hpke_reference.open_single(seed, enc, ciphertext, info=info, aad=b"", aead=hpke_reference.AES_256_GCM)
    raw = text.encode()
    assert padded == len(raw).to_bytes(2) + raw + bytes(510 - len(raw))

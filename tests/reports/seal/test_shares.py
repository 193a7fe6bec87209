"""Enough shares give the secret, fewer give nothing, and the field in which they are computed is correct."""

from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.seal import shares
from reports.seal.shares import Share, combine, split

secrets_ = st.binary(min_size=1, max_size=48)


@st.composite
def cuts(draw):
    """Return a secret, its shares, and how many of them are needed."""
    secret = draw(secrets_)
    count = draw(st.integers(1, 12))
    threshold = draw(st.integers(1, count))
    return secret, split(secret, threshold=threshold, count=count), threshold


@given(data=st.data(), cut=cuts())
def test_combine_any_shares_that_are_enough(data, cut):
    secret, parts, threshold = cut
    some = data.draw(st.lists(st.sampled_from(parts), min_size=threshold, unique_by=lambda share: share.index))
    assert combine(some) == secret


def test_combine_every_choice_of_three_among_five():
    secret = bytes(range(32))
    parts = split(secret, threshold=3, count=5)
    assert all(combine(some) == secret for some in combinations(parts, 3))
    assert not any(combine(some) == secret for some in combinations(parts, 2))


def test_split_in_all_the_places_of_the_field():
    parts = split(b"\x00\xff\x53", threshold=255, count=255)
    assert [share.index for share in parts] == list(range(1, 256))
    assert combine(parts) == b"\x00\xff\x53"


@settings(max_examples=30)
@given(data=st.data(), cut=cuts().filter(lambda cut: cut[2] > 1), guess=st.binary(min_size=48, max_size=48))
def test_fewer_shares_fit_any_secret(data, cut, guess):
    """Whatever secret one imagines, some last share would give it: so the others tell nothing of which it is."""
    secret, parts, threshold = cut
    known = data.draw(st.permutations(parts))[: threshold - 1]
    imagined = guess[: len(secret)]
    free = next(x for x in range(1, 256) if x not in {share.index for share in known})
    indexes = [free, *(share.index for share in known)]
    weights = {x: shares._weight_at_zero(x, indexes) for x in indexes}
    last = bytearray()
    for position, wanted in enumerate(imagined):
        for share in known:
            wanted ^= shares._multiply(weights[share.index], share.value[position])
        last.append(shares._multiply(wanted, shares._inverse(weights[free])))
    assert combine([Share(free, bytes(last)), *known]) == imagined


def test_one_share_of_two_is_spread_evenly():
    """Of 20,480 bytes of a share of the same secret, each of the 256 values comes about 80 times."""
    seen = Counter(split(bytes(20480), threshold=2, count=2)[0].value)
    assert len(seen) == 256 and max(seen.values()) < 160


def test_two_shares_of_three_are_spread_evenly():
    """Any pair of bytes may come: coefficients that depend on each other leave fewer, and give the secret away."""
    one, other, _third = split(bytes(20480), threshold=3, count=3)
    assert len(set(zip(one.value, other.value, strict=True))) > 15_000  # out of 65,536; about 17,600 are expected


def test_split_twice_differs():
    assert split(bytes(32), threshold=2, count=3) != split(bytes(32), threshold=2, count=3)


@given(cut=cuts(), position=st.integers(0, 47), flip=st.integers(1, 255))
def test_combine_with_an_altered_share_gives_something_else(cut, position, flip):
    secret, parts, threshold = cut
    value = bytearray(parts[0].value)
    value[position % len(value)] ^= flip
    assert combine([Share(parts[0].index, bytes(value)), *parts[1:threshold]]) != secret


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [Share(0, b"a")],
        [Share(256, b"a")],
        [Share(1, b"a"), Share(1, b"a")],
        [Share(1, b"a"), Share(2, b"ab")],
    ],
)
def test_combine_what_does_not_belong_together(parts):
    with pytest.raises(ValueError, match="belong together"):
        combine(parts)


@pytest.mark.parametrize(
    ("secret", "threshold", "count"), [(b"a", 0, 3), (b"a", 4, 3), (b"a", 2, 256), (b"", 2, 3), (b"a", -1, -1)]
)
def test_split_in_numbers_that_make_no_sense(secret, threshold, count):
    with pytest.raises(ValueError, match="shares"):
        split(secret, threshold=threshold, count=count)


def test_share_does_not_show_its_value():
    assert repr(Share(3, b"\x01secret")) == "Share(index=3)"


def polynomial_product(a, b):
    """Return the product modulo the polynomial of AES, by the schoolbook: multiply first, divide after."""
    product = 0
    for bit in range(8):
        if b >> bit & 1:
            product ^= a << bit
    for bit in range(15, 7, -1):
        if product >> bit & 1:
            product ^= 0x11B << (bit - 8)
    return product


def test_multiply_is_the_product_of_the_field():
    assert shares._multiply(0x57, 0x83) == 0xC1  # FIPS 197, 4.2
    for a in range(256):
        for b in range(256):
            assert shares._multiply(a, b) == polynomial_product(a, b)


def test_inverse_of_every_element():
    assert shares._inverse(0x53) == 0xCA  # FIPS 197, 5.1.1
    assert shares._inverse(0) == 0
    assert all(shares._multiply(a, shares._inverse(a)) == 1 for a in range(1, 256))


def test_combine_shares_made_by_hand():
    """The line is 5 + 7x over GF(256), by pencil: 5^7=2 at 1, 5^(7·2)=5^14=11 at 2, 5^(7·3)=5^9=12 at 3."""
    line = [Share(1, b"\x02"), Share(2, b"\x0b"), Share(3, b"\x0c")]
    assert all(combine(some) == b"\x05" for some in combinations(line, 2))

"""Cuts a secret in shares: any `threshold` of them give it back, fewer say nothing of it.

Shamir's scheme (« How to share a secret », 1979), byte by byte over GF(256), the field of AES (x⁸+x⁴+x³+x+1, FIPS 197):
each byte of the secret is the value at 0 of a random polynomial of degree threshold - 1, and a share holds its values
at the share's index. Pure, but for chance.

The steps never depend on a secret value: no table, no branch, no early end. Python's own arithmetic promises nothing of
its time; the machine where this runs has no network and no neighbour.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

POLYNOMIAL = 0x11B
MOST_SHARES = 255  # the field has 255 places that are not 0


@dataclass(frozen=True)
class Share:
    """It is one share. index: where the polynomials were read, 1 to 255. value: as many bytes as the secret has."""

    index: int
    value: bytes = field(repr=False)


def split(secret: bytes, *, threshold: int, count: int) -> list[Share]:
    """Split `secret` into `count` shares, in order of their index from 1. Raises ValueError for impossible counts."""
    if not 1 <= threshold <= count <= MOST_SHARES or not secret:
        raise ValueError("A secret is cut in 1 to 255 shares, of which as many or fewer give it back.")
    # For each byte of the secret, its polynomial from the constant up. The highest coefficient may well be zero:
    # refusing that would tell something of the secret to whoever holds threshold - 1 shares.
    polynomials = [bytes((byte,)) + secrets.token_bytes(threshold - 1) for byte in secret]
    return [Share(x, bytes(_value_at(x, polynomial) for polynomial in polynomials)) for x in range(1, count + 1)]


def combine(shares: Sequence[Share]) -> bytes:
    """Return the secret that the shares give: the right one if they are of one secret, and at least its threshold.

    Shares do not show their threshold: too few, or of several secrets, give other bytes without an error. The caller
    checks what comes out. Raises ValueError for shares that cannot belong together.
    """
    indexes = [share.index for share in shares]
    lengths = {len(share.value) for share in shares}
    if len(set(indexes)) != len(indexes) or len(lengths) != 1 or not all(0 < x <= MOST_SHARES for x in indexes):
        raise ValueError("These shares do not belong together.")
    secret = bytearray(lengths.pop())
    for share in shares:
        weight = _weight_at_zero(share.index, indexes)
        for position, byte in enumerate(share.value):
            secret[position] ^= _multiply(weight, byte)
    return bytes(secret)


def _value_at(x: int, polynomial: bytes) -> int:
    """Return the value at `x` of a polynomial given from its constant up (Horner)."""
    value = 0
    for coefficient in reversed(polynomial):
        value = _multiply(value, x) ^ coefficient
    return value


def _weight_at_zero(index: int, indexes: Sequence[int]) -> int:
    """Return Lagrange's coefficient at 0 of the share `index` among `indexes`.

    Addition and subtraction are both XOR.
    """
    weight = 1
    for other in indexes:
        if other != index:  # the comparison may depend on indexes, which are no secret
            weight = _multiply(weight, _multiply(other, _inverse(other ^ index)))
    return weight


def _multiply(a: int, b: int) -> int:
    """Return the product in GF(256), with the same eight steps for all values."""
    product = 0
    for _bit in range(8):
        product ^= a & -(b & 1)
        a = (a << 1) ^ (POLYNOMIAL & -(a >> 7))
        b >>= 1
    return product


def _inverse(a: int) -> int:
    """Return a²⁵⁴, which is 1/a for all a but 0."""
    power, inverse = a, 1
    for _bit in range(7):
        power = _multiply(power, power)
        inverse = _multiply(inverse, power)
    return inverse

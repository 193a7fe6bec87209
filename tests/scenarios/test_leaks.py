"""The search for marked words finds them in every form. Otherwise it would prove nothing."""

import base64
import gzip
import json
import os
import zlib

import pytest

from tests.scenarios.leaks import STEM, find, find_everywhere, mark

TEXT = f"avant {mark('essai')} après"
ENVELOPES = {
    "utf-8": TEXT.encode(),
    "utf-16": TEXT.encode("utf-16"),
    "utf-16-be": TEXT.encode("utf-16-be"),
    "lower": TEXT.lower().encode(),
    "upper": TEXT.upper().encode(),
    "json": json.dumps({"body": TEXT}).encode(),
    "hexadecimal": TEXT.encode().hex().encode(),
    "reversed": TEXT[::-1].encode(),
    **{f"base64, {pad} before": base64.b64encode(b"x" * pad + TEXT.encode()) for pad in range(3)},
    **{f"base64 of utf-16, {pad} before": base64.b64encode(b"x" * pad + TEXT.encode("utf-16-le")) for pad in range(3)},
    "base64 of urls": base64.urlsafe_b64encode(TEXT.encode()),
}
PACKED = {
    "zlib": zlib.compress(TEXT.encode() * 5),
    "gzip": gzip.compress(TEXT.encode() * 5),
    "zlib in base64, as signed sessions": base64.urlsafe_b64encode(zlib.compress(TEXT.encode() * 5)).rstrip(b"="),
}


@pytest.mark.parametrize("name", ENVELOPES)
def test_find_sees(name):
    assert find(os.urandom(5000) + ENVELOPES[name] + os.urandom(5000), [STEM])


@pytest.mark.parametrize("name", PACKED)
def test_find_everywhere_sees(name):
    assert find_everywhere(b" " * 50 + PACKED[name] + b" " * 50, [STEM])


def test_find_sees_addresses():
    assert find(b'{"client": "127.77.31.9"}', ["127.77.31.9"])


def test_find_sees_nothing_in_noise():
    assert not find_everywhere(os.urandom(1_000_000), [STEM, "127.77.31.9", "203.0.113.77"])

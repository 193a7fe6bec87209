import base64
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ImproperlyConfigured

from common import encryption

OLD, NEW = (
    f"{name}:{base64.urlsafe_b64encode(bytes([byte]) * 32).decode()}" for name, byte in (("old", 1), ("new", 2))
)


def test_seal_opens_in_its_context_only(settings):
    settings.CONTENT_KEYS = NEW
    sealed = encryption.seal("bonjour é œ 😀", context="message:1")
    assert b"bonjour" not in sealed
    assert encryption.unseal(sealed, context="message:1") == "bonjour é œ 😀"
    with pytest.raises(encryption.UnsealError):
        encryption.unseal(sealed, context="message:2")


def test_seal_same_text_twice_differs(settings):
    settings.CONTENT_KEYS = NEW
    assert encryption.seal("x", context="c") != encryption.seal("x", context="c")


def test_unseal_with_an_older_key_of_the_ring(settings):
    settings.CONTENT_KEYS = OLD
    sealed = encryption.seal("x", context="c")
    settings.CONTENT_KEYS = f"{NEW},{OLD}"
    assert encryption.unseal(sealed, context="c") == "x"
    assert encryption.key_name(sealed) == "old" and encryption.current_key_name() == "new"
    settings.CONTENT_KEYS = NEW
    with pytest.raises(encryption.UnsealError):
        encryption.unseal(sealed, context="c")


@pytest.mark.django_db  # a value says that a data key sealed it, so that key is looked for
@pytest.mark.parametrize("damage", [b"", b"x", b"\x01", b"\x01\x03new", b"\x02" + b"a" * 60])
def test_unseal_anything_else(settings, damage):
    settings.CONTENT_KEYS = NEW
    with pytest.raises(encryption.UnsealError):
        encryption.unseal(damage, context="c")


def test_unseal_altered(settings):
    settings.CONTENT_KEYS = NEW
    sealed = bytearray(encryption.seal("x", context="c"))
    sealed[-1] ^= 1
    with pytest.raises(encryption.UnsealError):
        encryption.unseal(bytes(sealed), context="c")


@pytest.mark.parametrize("keys", ["", ",", "nokey", "a:short", ":" + "A" * 43 + "=", f"{NEW},{NEW}", "a:é"])
def test_parse_keys_refused_without_repeating_the_key(keys):
    with pytest.raises(ImproperlyConfigured) as caught:
        encryption.parse_keys(keys)
    assert not keys.strip(",") or keys not in str(caught.value)


def test_nonces_are_never_used_twice(settings):
    """They are not used twice by two threads, by a copy of the process, or by the next draw."""
    settings.CONTENT_KEYS = NEW
    count = 3 * encryption._Nonces.AT_ONCE
    encryption.seal("x", context="c")  # a copy of the process would have the random bytes that were drawn already
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, b"".join(encryption._nonces.take() for _n in range(20)))
        os._exit(0)
    os.waitpid(child, 0)
    copied = os.read(reading, 20 * encryption.NONCE_BYTES)
    with ThreadPoolExecutor(4) as threads:
        taken = [future.result() for future in [threads.submit(encryption._nonces.take) for _n in range(count)]]
    taken += [encryption._nonces.take() for _n in range(count)]
    taken += [copied[n : n + encryption.NONCE_BYTES] for n in range(0, len(copied), encryption.NONCE_BYTES)]
    assert {len(nonce) for nonce in taken} == {encryption.NONCE_BYTES}
    assert len(set(taken)) == len(taken) == 2 * count + 20

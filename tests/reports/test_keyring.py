import base64

import pytest
from django.core.exceptions import ImproperlyConfigured

from reports import keyring

OLD, NEW = (
    f"{name}:{base64.urlsafe_b64encode(bytes([byte]) * 32).decode()}" for name, byte in (("old", 1), ("new", 2))
)


def test_seal_opens_in_its_context_only(settings):
    settings.CONTENT_KEYS = NEW
    sealed = keyring.seal("bonjour é œ 😀", context="message:1")
    assert b"bonjour" not in sealed
    assert keyring.unseal(sealed, context="message:1") == "bonjour é œ 😀"
    with pytest.raises(keyring.UnsealError):
        keyring.unseal(sealed, context="message:2")


def test_seal_same_text_twice_differs(settings):
    settings.CONTENT_KEYS = NEW
    assert keyring.seal("x", context="c") != keyring.seal("x", context="c")


def test_unseal_with_an_older_key_of_the_ring(settings):
    settings.CONTENT_KEYS = OLD
    sealed = keyring.seal("x", context="c")
    settings.CONTENT_KEYS = f"{NEW},{OLD}"
    assert keyring.unseal(sealed, context="c") == "x"
    assert keyring.key_name(sealed) == "old" and keyring.current_key_name() == "new"
    settings.CONTENT_KEYS = NEW
    with pytest.raises(keyring.UnsealError):
        keyring.unseal(sealed, context="c")


@pytest.mark.parametrize("damage", [b"", b"x", b"\x01", b"\x01\x03new", b"\x02" + b"a" * 60])
def test_unseal_anything_else(settings, damage):
    settings.CONTENT_KEYS = NEW
    with pytest.raises(keyring.UnsealError):
        keyring.unseal(damage, context="c")


def test_unseal_altered(settings):
    settings.CONTENT_KEYS = NEW
    sealed = bytearray(keyring.seal("x", context="c"))
    sealed[-1] ^= 1
    with pytest.raises(keyring.UnsealError):
        keyring.unseal(bytes(sealed), context="c")


@pytest.mark.parametrize("keys", ["", ",", "nokey", "a:short", ":" + "A" * 43 + "=", f"{NEW},{NEW}", "a:é"])
def test_parse_keys_refused_without_repeating_the_key(keys):
    with pytest.raises(ImproperlyConfigured) as caught:
        keyring.parse_keys(keys)
    assert not keys.strip(",") or keys not in str(caught.value)

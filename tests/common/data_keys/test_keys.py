"""What a data key sealed opens while the key's wrap exists, and never afterwards."""

import uuid
from unittest.mock import Mock

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from common import encryption
from common.data_keys import keys
from common.data_keys.models import WrappedKey

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_known():
    keys.forget_all()
    yield
    keys.forget_all()


@pytest.fixture
def clock(monkeypatch):
    """Return the seconds that this process believes in."""
    seconds = [1000.0]
    monkeypatch.setattr(keys, "_now", lambda: seconds[0])
    return seconds


@pytest.fixture
def read(monkeypatch):
    """Return how many keys each statement asked for."""
    asked = []
    really = keys._read
    monkeypatch.setattr(keys, "_read", lambda wanted: (asked.append(len(wanted)), really(wanted))[1])
    return asked


def test_what_a_data_key_seals_opens():
    [key] = keys.make()
    sealed = encryption.seal("bonjour é œ 😀", context="message:1", data_key=key)
    assert b"bonjour" not in sealed
    assert encryption.data_key_of(sealed) == key
    keys.forget_all()  # another process has none in memory either
    assert encryption.unseal(sealed, context="message:1") == "bonjour é œ 😀"
    assert encryption.unseal(memoryview(sealed), context="message:1") == "bonjour é œ 😀"


def test_it_opens_in_no_other_context_and_with_no_other_key():
    one, other = keys.make(2)
    sealed = encryption.seal("x", context="a", data_key=one)
    with pytest.raises(encryption.UnsealError):
        encryption.unseal(sealed, context="b")
    moved = bytes(sealed[:1]) + other.bytes + bytes(sealed[17:])
    with pytest.raises(encryption.UnsealError):
        encryption.unseal(moved, context="a")
    assert encryption.seal("x", context="a", data_key=one) != sealed, "each nonce once"


def test_ring_and_data_keys_side_by_side():
    [key] = keys.make()
    old, new = encryption.seal("avant", context="c"), encryption.seal("après", context="c", data_key=key)
    assert encryption.data_key_of(old) is None and encryption.key_name(old) == "test"
    with pytest.raises(encryption.UnsealError):
        encryption.key_name(new)
    assert [encryption.unseal(value, context="c") for value in (old, new)] == ["avant", "après"]


@pytest.mark.parametrize("size", range(34))
def test_cut_values_do_not_open(size):
    [key] = keys.make()
    sealed = encryption.seal("", context="c", data_key=key)[:size]
    with pytest.raises(encryption.UnsealError):
        encryption.unseal(sealed, context="c")


def test_the_ring_alone_wraps():
    """What lies in the table opens nothing by itself, and not under another id."""
    [key] = keys.make()
    row = WrappedKey.objects.get()
    secret = encryption.unseal(row.wrapped, context=row.context)
    assert len(secret) == 44 and secret.encode() not in bytes(row.wrapped)
    other = uuid.uuid4()
    WrappedKey.objects.filter(pk=key).update(id=other)
    keys.forget_all()
    with pytest.raises(encryption.UnsealError):
        keys.cipher_of(other.bytes)


def test_a_wrap_that_hangs_on_itself_opens_nothing():
    [key] = keys.make()
    itself = encryption.seal("x" * 44, context=WrappedKey.context_of(key), data_key=key)
    WrappedKey.objects.update(wrapped=itself)
    keys.forget_all()
    with pytest.raises(encryption.UnsealError):
        keys.cipher_of(key.bytes)


def test_erased_key_opens_nothing():
    one, other = keys.make(2)
    gone, kept = (encryption.seal("mots", context="c", data_key=key) for key in (one, other))
    assert keys.erase([one]) == 1 and keys.erase([one]) == 0 and keys.erase([]) == 0
    with pytest.raises(encryption.UnsealError):
        encryption.unseal(gone, context="c")
    with pytest.raises(encryption.UnsealError):
        encryption.seal("mots", context="c", data_key=one)
    assert encryption.unseal(kept, context="c") == "mots"


def test_a_known_key_costs_no_statement_and_many_unknown_ones_one(read):
    made = keys.make(5)
    sealed = [encryption.seal("x", context="c", data_key=key) for key in made for _each in range(3)]
    assert read == []
    keys.forget_all()
    keys.load_for([*sealed, None, encryption.seal("x", context="c")])
    assert read == [5]
    assert [encryption.unseal(value, context="c") for value in sealed] == ["x"] * 15
    assert read == [5]
    assert keys.load([*made, None]) == set() and read == [5]


def test_ciphers_of_a_batch_are_looked_up_at_once(clock, read):
    here, gone = keys.make(2)
    keys.erase([gone])
    keys.forget_all()
    labels = [here.bytes, None, gone.bytes, here.bytes]
    found = keys.ciphers_of(labels)
    assert set(found) == {here.bytes, gone.bytes} and found[gone.bytes] is None and read == [2]
    sealed = encryption.seal_with(found[here.bytes], here.bytes, "mots é", context="c")
    assert encryption.data_key_of(sealed) == here and encryption.unseal(sealed, context="c") == "mots é"
    assert keys.ciphers_for([sealed, None, encryption.seal("x", context="c")]) == {here.bytes: found[here.bytes]}
    assert read == [2]
    with pytest.raises(encryption.UnsealError):
        encryption.unseal(sealed, context="d", ciphers=found)
    clock[0] += keys.KEPT_SECONDS
    keys.ciphers_of(labels)
    assert read == [2, 2], "for as long as keys are known"


def test_batch_of_a_server_that_is_away_has_no_cipher(monkeypatch):
    [key] = keys.make()
    keys.forget_all()
    monkeypatch.setattr(keys, "_read", Mock(side_effect=keys.KeysAway("away")))
    assert keys.ciphers_of([key.bytes]) == {key.bytes: None}


def test_keys_are_known_for_so_long(clock, read):
    [key] = keys.make()
    sealed = encryption.seal("x", context="c", data_key=key)
    clock[0] += keys.KEPT_SECONDS - 1
    assert encryption.unseal(sealed, context="c") == "x" and read == []
    WrappedKey.objects.all().delete()  # another process deletes them
    assert encryption.unseal(sealed, context="c") == "x", "for as long as it is known here"
    clock[0] += 1
    with pytest.raises(encryption.UnsealError):
        encryption.unseal(sealed, context="c")
    assert read == [1]


def test_a_missing_key_is_asked_for_again_after_a_while(clock, read):
    [key] = keys.make()
    [row] = WrappedKey.objects.all()
    sealed = encryption.seal("x", context="c", data_key=key)
    WrappedKey.objects.all().delete()
    keys.forget_all()
    for _each in range(3):
        with pytest.raises(encryption.UnsealError):
            encryption.unseal(sealed, context="c")
    assert read == [1] and keys.load([key]) == {key}
    row.save(force_insert=True)  # a copy was restored
    clock[0] += keys.MISSING_SECONDS
    assert encryption.unseal(sealed, context="c") == "x"
    assert read == [1, 1]


def test_a_server_of_the_keys_that_is_away_stops_only_those_whose_key_is_unknown(monkeypatch, clock, caplog):
    known, unknown = keys.make(2)
    sealed = [encryption.seal("x", context="c", data_key=key) for key in (known, unknown)]
    keys._known.forget([unknown.bytes])
    really, asked = keys._send, []

    def refused(*_values):
        asked.append(1)
        raise OperationalError("keys.internal refused")

    monkeypatch.setattr(keys.router, "is_apart", lambda: True)
    monkeypatch.setattr(keys, "_send", refused)
    assert keys.load([known, unknown]) == {unknown}
    assert encryption.unseal(sealed[0], context="c") == "x"
    for _each in range(3):
        with pytest.raises(keys.KeysAway):
            encryption.unseal(sealed[1], context="c")
    assert len(asked) == 1, "once, until a while has passed"
    assert issubclass(keys.KeysAway, encryption.UnsealError) and issubclass(keys.KeysAway, OperationalError)
    assert "away (OperationalError" in caplog.text and "internal" not in caplog.text
    monkeypatch.setattr(keys.router, "is_apart", lambda: False)
    monkeypatch.setattr(keys, "_send", really)
    clock[0] += keys.AWAY_SECONDS
    assert keys.load([known, unknown]) == set()
    assert encryption.unseal(sealed[1], context="c") == "x"


def test_keys_that_lie_with_the_content_fail_with_it(monkeypatch):
    [key] = keys.make()
    keys.forget_all()
    monkeypatch.setattr(keys, "_send", Mock(side_effect=OperationalError))
    with pytest.raises(OperationalError) as caught:
        keys.load([key])
    assert not isinstance(caught.value, encryption.UnsealError)


def test_no_more_are_known_than_so_many(monkeypatch, clock):
    monkeypatch.setattr(keys, "KEPT_AT_MOST", 3)
    first, *others = keys.make(3)
    [last] = keys.make()
    assert set(keys._known.ciphers) == {key.bytes for key in (*others, last)}, "the oldest went"
    assert first.bytes not in keys._known.ciphers


def test_expired_keys_leave_a_process_that_asks_for_none(clock):
    keys.make(4)
    clock[0] += keys.KEPT_SECONDS
    assert len(keys._known.ciphers) == 4
    keys.drop_expired()
    assert not keys._known.ciphers


def test_reading_takes_part_in_the_transaction_of_the_caller():
    """Below Django, on its connection: what a transaction made is there for it."""
    with CaptureQueriesContext(connection) as told:
        [key] = keys.make()
        keys.forget_all()
        keys.cipher_of(key.bytes)
    assert len(told) == 0, "Django's cursor is not asked: a pipeline may be under way"

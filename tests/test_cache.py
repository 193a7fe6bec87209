"""The cache holds data, and never anything that is executed; without Redis a process goes on alone."""

import pickle

import pytest
import redis
from django.core.cache import cache

import pnav.cache
from pnav.cache import Serializer
from pnav.demo.services import Valkey

marks: list[str] = []


class Harm:
    def __reduce__(self):
        return (marks.append, ("done",))


@pytest.mark.parametrize("value", [0, 7, -1, 1.5, True, None, "text", "12", [1732500000.25, 2.0], {"a": [1]}])
def test_value_comes_back(value):
    cache.set("test_cache", value, 10)
    found = cache.get("test_cache", "nothing")
    assert (type(found), found) == (type(value), value)


def test_counting():
    cache.add("test_cache_count", 0, timeout=10)
    assert (cache.incr("test_cache_count"), cache.get("test_cache_count")) == (1, 1)


def test_what_somebody_wrote_to_redis_is_not_run():
    cache.set("test_cache", 1, 10)
    client = cache._cache.get_client(write=True)
    client.set(cache.make_and_validate_key("test_cache"), pickle.dumps(Harm()))
    with pytest.raises(ValueError, match=r".*"):
        cache.get("test_cache")
    assert marks == []
    cache.delete("test_cache")


def test_what_is_not_data_is_refused():
    with pytest.raises(TypeError):
        Serializer().dumps(Harm())


@pytest.fixture
def valkey(tmp_path, settings):
    """Give the cache a server of its own, which a test may stop."""
    with Valkey(tmp_path) as server:
        settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": server.url}}
        yield server


def test_without_redis_a_process_keeps_its_own_values(valkey, caplog):
    cache.set("test_cache", "before", 10)
    valkey.kill()
    assert cache.get("test_cache", "nothing") == "nothing"
    assert (cache.add("test_cache", [1.5], 10), cache.add("test_cache", 2, 10)) == (True, False)
    assert cache.get("test_cache") == [1.5]
    assert (cache.delete("test_cache"), cache.delete("test_cache")) == (True, False)
    cache.set("test_cache", "here", 10)
    assert cache.get("test_cache") == "here"
    assert caplog.text.count("Redis does not answer") == 1


def test_redis_that_is_back_is_asked_again(valkey, monkeypatch):
    valkey.kill()
    assert cache.add("test_cache_lock", "here", 10)
    valkey.start()
    assert not cache.add("test_cache_lock", "here", 10), "it is not asked again at once"
    monkeypatch.setattr(pnav.cache, "_away_until", {})
    with redis.Redis.from_url(valkey.url) as client:
        cache.set("test_cache", "there", 10)
        assert client.exists(cache.make_key("test_cache"))
    # A lock that was taken alone is free when Redis is away the next time.
    cache.delete("test_cache_lock")
    valkey.kill()
    assert cache.add("test_cache_lock", "here", 10)


def test_redis_that_hangs_delays_a_page_once(valkey, monkeypatch):
    asked = []
    cache.get("test_cache")  # the client is made

    def hang(key, *_arguments):
        asked.append(key)
        raise redis.TimeoutError

    for name in ("add", "get", "set", "delete"):
        monkeypatch.setattr(cache._cache, name, hang)
    for number in range(5):
        cache.add(f"test_cache_{number}", 1, 10)
        cache.delete(f"test_cache_{number}")
    assert len(asked) == 1


def test_what_a_process_keeps_alone_is_bounded(valkey, monkeypatch):
    valkey.kill()
    cache.set("test_cache_bound", 1, 60)
    assert cache._here._max_entries == pnav.cache.KEYS_HERE
    monkeypatch.setattr(cache._here, "_max_entries", 30)
    for number in range(100):
        cache.set(f"test_cache_{number}", number, 60)
    assert len(cache._here._cache) <= 30 and cache.get("test_cache_99") == 99

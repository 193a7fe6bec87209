"""The cache holds data, and never anything that is executed."""

import pickle

import pytest
from django.core.cache import cache

from pnav.cache import Serializer

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

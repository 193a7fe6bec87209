"""A request waits only once for a database that does not answer."""

import pytest
from django.db import connections
from psycopg_pool import ConnectionPool, PoolTimeout

from common.postgresql import waiting_once
from common.postgresql.base import DatabaseWrapper


@pytest.fixture
def waits(monkeypatch) -> list[object]:
    """Return each time that somebody waited for the pool."""
    seen: list[object] = []
    take = ConnectionPool.getconn
    monkeypatch.setattr(ConnectionPool, "getconn", lambda pool, *args: (seen.append(pool), take(pool, *args))[1])
    return seen


@pytest.fixture
def away():
    """Give a connection to a port where nobody listens, with a pool that waits for a twentieth of a second."""
    options = {"pool": {"min_size": 0, "max_size": 1, "timeout": 0.05}}
    place = {"HOST": "127.0.0.1", "PORT": "1", "CONN_MAX_AGE": 0, "OPTIONS": options}
    wrapper = DatabaseWrapper({**connections["default"].settings_dict, **place}, alias="away")
    yield wrapper
    wrapper.close_pool()


def _fails(wrapper: DatabaseWrapper) -> None:
    with pytest.raises(PoolTimeout):
        wrapper.connect()


def test_one_request_waits_once(away, waits):
    with waiting_once():
        for _question in range(4):
            _fails(away)
    assert len(waits) == 1


def test_each_request_waits_for_itself(away, waits):
    for _request in range(2):
        with waiting_once():
            _fails(away)
    assert len(waits) == 2


def test_whatever_is_no_request_waits_as_before(away, waits):
    for _question in range(2):
        _fails(away)
    assert len(waits) == 2


def test_connection_that_is_free_again_is_taken(away, waits, monkeypatch):
    with waiting_once():
        _fails(away)
        monkeypatch.setattr(ConnectionPool, "get_stats", lambda _pool: {"pool_available": 1})
        _fails(away)
    assert len(waits) == 2


def test_site_uses_this_backend():
    assert isinstance(connections["default"], DatabaseWrapper)

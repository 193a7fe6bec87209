"""What goes wrong costs no connection."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections
from django.test import Client

pytestmark = pytest.mark.django_db(transaction=True)


def in_use() -> int:
    """Connections that the pool has given out and does not get back. Waits: one that it still opens counts meanwhile.

    This thread's own is closed first.
    """
    connections.close_all()
    deadline = time.monotonic() + 5
    while True:
        statistics = connection.pool.get_stats()
        out = statistics["pool_size"] - statistics["pool_available"]
        if out == 0 or time.monotonic() > deadline:
            return out
        time.sleep(0.02)


@pytest.mark.parametrize("path", ["/nothing-here/", "/point-d-accueil/nothing/", "/tchat/nothing/"])
def test_missing_pages_in_other_threads_give_their_connection_back(path):
    """Django draws them where `request_finished` does not reach: a dozen emptied the pool of a process."""

    def ask(_turn: int) -> int:
        from django.core.handlers.exception import response_for_exception
        from django.http import Http404
        from django.test import RequestFactory
        from django.urls import set_urlconf

        set_urlconf(None)
        request = RequestFactory().get(path)
        client = Client()
        request.session = client.session
        return response_for_exception(request, Http404()).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {404}
        assert in_use() == 0


def test_missing_page_is_a_page(client):
    response = client.get("/nothing-here/")
    assert response.status_code == 404
    assert "17" in response.text

"""Limits that were reset, and a database that does not answer."""

import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.test import Client

from chat.visitor import conversation as visitor_conversation
from tests.chat.sockets import visit


@pytest.fixture(autouse=True)
def _no_counts_left():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def as_reporter(settings):
    """Return a client on the visit that opened this conversation."""

    def make_client(conversation, **options):
        client = Client(**options)
        client.cookies[settings.SESSION_COOKIE_NAME] = visit(conversation)
        return client

    return make_client


@pytest.fixture
def database_away(monkeypatch):
    """Let nothing be read, as while PostgreSQL starts again."""

    def fail(_session):
        raise OperationalError("away")

    monkeypatch.setattr(visitor_conversation.access, "as_reporter", fail)

"""Limits that were reset, and a slow hash that is quick."""

import hashlib

import pytest
from django.core.cache import cache
from django.test import Client

from chat.conversations import resume
from reports.session import DISCREET
from tests.chat.conversations.resume.acts import ANSWERS, issue, send
from tests.chat.sockets import visit
from tests.factories import chat as make


@pytest.fixture(autouse=True)
def _no_counts_left():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def slow_hash(true_scrypt):
    """Return the true hash with its whole work, for tests that ask for it; the others get a quick one."""
    return resume.slow_hash


@pytest.fixture(autouse=True)
def _quick_hash(request, monkeypatch):
    if "slow_hash" not in request.fixturenames:
        monkeypatch.setattr(resume, "slow_hash", lambda words: hashlib.sha256("".join(words).encode()).digest())


@pytest.fixture
def as_reporter(settings):
    """Return a client on the visit that opened this conversation."""

    def make_client(conversation, **options):
        client = Client(**options)
        client.cookies[settings.SESSION_COOKIE_NAME] = visit(conversation)
        return client

    return make_client


@pytest.fixture
def left(as_reporter):
    """Return a client whose visit, with its answers, was ended by its code on another device."""
    conversation = make.assigned(discreet=True)
    make.message(conversation, "pour moi seule")
    client = as_reporter(conversation)
    session = client.session
    session.update({"triage": ANSWERS, DISCREET: True})
    session.save()
    send(Client(), issue(conversation))
    return client

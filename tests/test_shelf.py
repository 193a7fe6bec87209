"""What one test draws of the sentences is kept for the next, and what it changes is not."""

import sys
from importlib import import_module
from unittest import mock

import pytest
from django.core.cache import caches
from django.template import engines
from django.test import override_settings
from django.utils.safestring import SafeString

from chat.conversations import resume
from common import network_limits
from common.texts import cache as text_cache
from common.texts import catalogue
from common.texts.catalogue import CATALOGUE
from tests.support import shelf

KEY = "chat.online"
SHARED = "{% load kept %}{% kept a shared b %}{{ a }} {{ b }}{% endkept %}"
OWN = "{% load kept %}{% kept a filled b %}{{ a }} {{ b }}{% endkept %}"


@pytest.fixture(autouse=True)
def _kept() -> None:
    text_cache.set_changed({})
    shelf.take()


def begin_next() -> None:
    text_cache.set_changed({})
    shelf.take()


def test_what_was_drawn_of_a_sentence_is_kept():
    said = CATALOGUE[KEY].html()
    begin_next()
    assert said in text_cache.drawn().values()


def test_changed_sentence_is_said_in_its_test_alone():
    said = CATALOGUE[KEY].say()
    text_cache.set_changed({KEY: text_cache.Changed.named(vous="Autrement.")})
    assert CATALOGUE[KEY].say() == CATALOGUE[KEY].html() == "Autrement."
    begin_next()
    assert CATALOGUE[KEY].say() == said != "Autrement."


def test_sentence_that_is_tried_is_kept_nowhere():
    with text_cache.previewing({KEY: text_cache.Changed.named(vous="Autrement.")}):
        assert CATALOGUE[KEY].html() == "Autrement."
    begin_next()
    assert "Autrement." not in {*text_cache.drawn().values(), *text_cache.texts().values()}


def test_part_that_shares_contents_is_drawn_again():
    shared, own = (engines["django"].from_string(text) for text in (SHARED, OWN))
    assert shared.render({"a": "mot", "b": "un"}) == "mot un" == own.render({"a": "mot", "b": "un"})
    before = len(text_cache.patterns())
    begin_next()
    assert len(text_cache.patterns()) == before - 1
    assert shared.render({"a": "mot", "b": "deux"}) == "mot deux" == own.render({"a": "mot", "b": "deux"})


def test_setting_that_changes_takes_it_away():
    CATALOGUE[KEY].html()
    assert text_cache.drawn()
    with override_settings(QUICK_EXIT_URL="https://example.org/"):
        assert not text_cache.drawn() and not text_cache.texts()
        CATALOGUE[KEY].html()
    begin_next()
    assert text_cache.drawn()


def test_setting_of_which_no_page_speaks_leaves_it():
    CATALOGUE[KEY].html()
    with override_settings(CONTENT_KEYS="test:AAAA"):
        assert text_cache.drawn()


WORDS = {"a": "b"}


class Spoken:
    word = "b"


@pytest.mark.parametrize(
    "replace",
    [
        lambda patch: patch.setattr(catalogue, "CATALOGUE", {}),
        lambda patch: patch.setattr("common.texts.catalogue.CATALOGUE", {}),
        lambda patch: patch.setitem(WORDS, "a", "c"),
        lambda patch: patch.delitem(WORDS, "a"),
        lambda patch: patch.setattr(Spoken, "word", "c"),
        lambda patch: patch.delattr(Spoken, "word"),
        lambda patch: patch.setattr(Spoken(), "word", "c"),
        lambda patch: patch.setattr("chat.conversations.resume.WORDS", 3, raising=False),
        lambda _patch: mock.patch.object(catalogue, "CATALOGUE", {}).start(),
        lambda _patch: mock.patch("common.texts.catalogue.CATALOGUE", {}).start(),
        lambda _patch: mock.patch.object(Spoken, "word", "c").start(),
    ],
)
def test_what_is_replaced_takes_it_away_and_spoils_it_for_nobody(monkeypatch, replace):
    said = CATALOGUE[KEY].html()
    replace(monkeypatch)
    assert not text_cache.drawn() and not text_cache.texts()
    text_cache.drawn()["a key", None, False] = SafeString("Autrement.")
    monkeypatch.undo()
    mock.patch.stopall()
    begin_next()
    assert said in text_cache.drawn().values() and "Autrement." not in text_cache.drawn().values()


def test_what_no_page_asks_for_may_be_replaced(monkeypatch):
    CATALOGUE[KEY].html()
    monkeypatch.setenv("PNAV_OF_THIS_TEST", "1")
    monkeypatch.setattr(network_limits, "now", lambda: 0.0)
    monkeypatch.setattr("common.network_limits.now", lambda: 1.0)
    monkeypatch.setattr(resume, "slow_hash", lambda _words: b"")
    with mock.patch.object(network_limits, "now"), mock.patch.object(caches["default"], "key_prefix", "another"):
        assert text_cache.drawn()


@pytest.mark.parametrize("beside", sorted(name for name in shelf.BESIDE if name.islower()))
def test_what_may_be_replaced_is_there(beside):
    module, _, name = beside.rpartition(".")
    assert beside in sys.modules or hasattr(import_module(module), name)


def test_tests_of_sentences_have_a_shelf_of_their_own():
    assert shelf.is_apart("tests/common/texts/test_cache.py::test_x")
    assert not shelf.is_apart("tests/pages/test_views.py::test_x")

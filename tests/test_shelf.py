"""What one test draws of the sentences is kept for the next, and what it changes is not."""

import pytest
from django.template import engines
from django.test import override_settings

from common.texts import cache as text_cache
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


def test_test_that_may_change_what_is_drawn_has_a_shelf_of_its_own():
    assert shelf.is_apart("tests/pages/test_views.py::test_x", ["db", "settings"])
    assert shelf.is_apart("tests/pages/test_views.py::test_x", ["monkeypatch"])
    assert shelf.is_apart("tests/common/texts/test_cache.py::test_x", [])
    assert not shelf.is_apart("tests/pages/test_views.py::test_x", ["db", "client"])


def test_fixtures_of_every_test_set_none_apart(request):
    assert not shelf.is_apart(request.node.nodeid, shelf.asked_for(request.node))


@pytest.fixture
def changing(monkeypatch):
    return monkeypatch


def test_fixture_that_may_change_something_sets_its_test_apart(request, changing):
    assert shelf.is_apart(request.node.nodeid, shelf.asked_for(request.node))

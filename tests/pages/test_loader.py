"""Fixed parts are drawn once for each language, and everything else is as before."""

from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from threading import Event

import pytest
from django.template import Context, Engine
from django.template.base import TextNode
from django.utils import translation

LIST = "<ul>\n\n    <li>a  b</li>\n  {% if x %}\n      <li>\u00a0{{ x }}</li>\n  {% endif %}\n</ul>\n"
PAGE = """{% load i18n static %}<a href="{% url "pages:home" %}">{% translate "Accueil" %}</a>
{% if more %}{% translate "Menu" %}{% else %}<img src="{% static "pnav/favicon.svg" %}">{% endif %}
{% language "en" %}{% translate "Accueil" %}{% endlanguage %}{% translate "Menu" as menu %}{{ menu }}
{% block part %}{% comment %}nothing{% endcomment %}{% translate word %}{% url address %}{% endblock %}"""


@pytest.fixture
def engine():
    pages = (
        "django.template.loaders.locmem.Loader",
        {"page": PAGE, "list": LIST, "broken": "{% if x %}{% url 'nowhere' %}{% endif %}"},
    )
    libraries = {"i18n": "django.templatetags.i18n", "static": "django.templatetags.static"}
    return Engine(loaders=[("pnav.pages.build.loader.Loader", [pages])], libraries=libraries)


def draw(engine, name="page", **values):
    return engine.get_template(name).render(Context(values))


def test_same_page_as_without_folding(engine):
    values = {"word": "Accueil", "address": "pages:legal", "more": True}
    plain = engine.from_string(PAGE)
    for language in ("fr", "en", "fr"):
        for more in (True, False):
            with translation.override(language):
                context = {**values, "more": more}
                assert draw(engine, **context) == plain.render(Context(context))


def test_languages_differ_and_a_block_keeps_its_own(engine):
    values = {"word": "Accueil", "address": "pages:legal"}
    with translation.override("fr"):
        french = draw(engine, **values)
    with translation.override("en"):
        english = draw(engine, **values)
    assert french.count("Accueil") == 2
    assert french.count("Home") == 1
    assert "Accueil" not in english


def test_fixed_tags_become_one_text(engine):
    nodes = engine.get_template("page").nodelist
    assert isinstance(nodes[0], TextNode)
    assert nodes[0].s == '<a href="/">Accueil</a>\n'
    assert not any(isinstance(a, TextNode) and isinstance(b, TextNode) for a, b in pairwise(nodes))


def test_compiled_once_a_language(engine):
    assert engine.get_template("page") is engine.get_template("page")
    with translation.override("en"):
        assert engine.get_template("page") is engine.get_template("page")


def test_broken_address_breaks_only_the_page_that_shows_it(engine):
    from django.urls import NoReverseMatch

    assert draw(engine, "broken") == ""
    with pytest.raises(NoReverseMatch):
        draw(engine, "broken", x=True)


def test_nobody_draws_a_template_that_is_being_folded(engine, monkeypatch):
    loader = engine.template_loaders[0]
    folding, go_on = Event(), Event()
    fold = loader._fold

    def slowly(nodes):
        folding.set()
        assert go_on.wait(10)
        fold(nodes)

    monkeypatch.setattr(loader, "_fold", slowly)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(engine.get_template, "page")
        assert folding.wait(10)
        second = threads.submit(engine.get_template, "page")
        assert not wait([second], timeout=0.1).done
        go_on.set()
        assert first.result(10) is second.result(10)


def test_lines_lose_their_indentation_and_nothing_else(engine):
    assert draw(engine, "list", x="c\n  d") == "<ul>\n<li>a  b</li>\n\n<li>\u00a0c\n  d</li>\n\n</ul>\n"

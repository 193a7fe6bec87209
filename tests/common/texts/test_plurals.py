"""What is counted without a translation follows the rule of French, in which zero is singular."""

import re
import threading
from pathlib import Path

import pytest
from django.template import Context, Template
from django.test import override_settings
from django.utils.translation import ngettext, ngettext_lazy, npgettext, override
from django.utils.translation.reloader import translation_file_changed

COUNTED = (
    "{% load i18n %}{% blocktranslate count n=n %}{{ n }} loutre{% plural %}{{ n }} loutres{% endblocktranslate %}"
)
BOTH = ("loutre", "loutres")
OF_DJANGO = ("%(num)d minute", "%(num)d minutes")


@pytest.mark.parametrize(("count", "said"), [(0, "loutre"), (1, "loutre"), (2, "loutres"), (-3, "loutres")])
def test_less_than_two_is_singular(count, said):
    assert Template(COUNTED).render(Context({"n": count})).split()[1] == said
    assert ngettext(*BOTH, count) == npgettext("animal", *BOTH, count) == said
    assert str(ngettext_lazy(*BOTH, count)) == said
    assert ngettext_lazy("%(n)s loutre", "%(n)s loutres", "n") % {"n": count} == f"{count} {said}"


def test_thread_that_chose_no_language_counts_the_same():
    said = []
    thread = threading.Thread(target=lambda: said.append(ngettext(*BOTH, 0)))
    thread.start()
    thread.join()
    assert said == ["loutre"]


@pytest.mark.parametrize("language", ["de", "eo", "fr-ca"])
def test_other_language_without_the_text_says_the_french_one_by_the_french_rule(language):
    with override(language):
        assert [ngettext(*BOTH, count) for count in (0, 1, 2)] == ["loutre", "loutre", "loutres"]


def test_what_a_catalogue_has_follows_its_own_rule():
    with override("en"):
        assert ngettext(*OF_DJANGO, 0) == "%(num)d minutes", "English in the code of Django, and in no catalogue"
    with override("de"):
        assert ngettext(*OF_DJANGO, 0) == "%(num)d Minuten"
    with override("fr"):
        assert ngettext(*OF_DJANGO, 0) == "%(num)d minute"


def test_it_holds_after_the_cache_of_translations_was_emptied():
    with override_settings(LANGUAGES=[("fr", "Français")]), override("fr"):
        assert ngettext(*BOTH, 0) == "loutre"
    with override("fr"):
        assert ngettext(*BOTH, 0) == "loutre"
    assert translation_file_changed(None, Path("django.mo"))
    assert ngettext(*BOTH, 0) == "loutre"


def test_scripts_choose_between_two_sentences_by_the_rule_of_the_page():
    """« 0 réponses » was said of a search without a result: `count === 1` is the rule of English."""
    by_number = re.compile(r"(?:say\(|const key = |dataset\[)[^\n]*=== 1 \?")
    scripts = {path: path.read_text() for path in Path("static/pnav").rglob("*.js")}
    assert not [str(path) for path, text in scripts.items() if by_number.search(text)]
    assert sum("isSingular(" in text for text in scripts.values()) > 5

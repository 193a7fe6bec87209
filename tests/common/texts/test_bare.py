"""No template of a visitor contains words of its own: such a word could be neither translated nor edited."""

import re
from pathlib import Path

import pytest

from tests.common.texts.test_whole import ROOT, visitor_templates

# Names that are the same in every language.
NAMES = {
    "Pnav", "République", "Française", "DSFR", "SMS", "Esc", "Maj", "PNAV", "html", "nbsp", "middot", "laquo", "raquo",
}  # fmt: skip
# Pages of a failure, which are made without the catalogue in the languages of the site; a part that has only
# attributes.
APART = {"500.html", "503.html", "failure.html", "proxy_failure.html", "bad_request.html", "field.html"}
_NO_TEXT = re.compile(
    r"{%\s*comment\b.*?{%\s*endcomment\s*%}|{#.*?#}|<!--.*?-->|<(script|style|svg)\b.*?</\1>"
    r"|{%\s*blocktrans(?:late)?\b.*?{%\s*endblocktrans(?:late)?\s*%}",
    re.DOTALL,
)
_TAG = re.compile(r"{%.*?%}|{{.*?}}|&\w+;|\?\w+=", re.DOTALL)
_ELEMENT = re.compile(r"<(?:[^>\"']|\"[^\"]*\"|'[^']*')*>", re.DOTALL)
_SPOKEN = re.compile(r"\b(?:alt|aria-label|title|placeholder|label)=\"([^\"]*)\"")
_WORD = re.compile(r"[^\W\d_]{2,}")


def bare(text: str) -> list[str]:
    """Return the words that a template says by itself, between its elements and in attributes that are read aloud."""
    text = _TAG.sub(" ", _NO_TEXT.sub(" ", text))
    said = _ELEMENT.sub(" ", text) + " ".join(_SPOKEN.findall(text))
    return [word for word in _WORD.findall(said) if word not in NAMES]


@pytest.mark.parametrize(
    "path", [one for one in visitor_templates() if one.name not in APART], ids=lambda one: one.name
)
def test_template_says_nothing_by_itself(path: Path):
    assert bare(path.read_text()) == [], f"{path.relative_to(ROOT)}: say it by a sentence of the catalogue"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<p>Un mot</p>", ["Un", "mot"]),
        ('<button aria-label="Fermer">×</button>', ["Fermer"]),
        ('<p class="some words">{% sentence "a.b" %} {{ name }} 12</p>', []),
        ("{# Required: name #}<p>{% translate 'Oui' %}</p>", []),
        ('<a href="{% url "a:b" %}" title="{% sentence "x" %}">Pnav</a>', []),
        ("{% blocktranslate %}Bonjour{% endblocktranslate %}", []),
    ],
)
def test_bare_words_are_found(text: str, words: list[str]):
    assert bare(text) == words

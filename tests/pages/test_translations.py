"""The whole visitor journey also exists in English."""

import re
from pathlib import Path

import polib
import pytest

from pnav.pages.build.translations import compile_messages
from tests.messages import with_those_of

CATALOGUE = Path(__file__).resolve().parents[2] / "pnav" / "locale" / "en" / "LC_MESSAGES" / "django.po"
# French on purpose: read by agents and administrators only.
STAFF = re.compile(
    r"templates/(console|account|mfa|allauth|admin)|pnav/accounts|chat/(console|casework|rules/(reply_template|emergency|closing|transfer)|models/transfer)"
    r"|reports/rules/offence|admin\.py|triage/(document|walk|describing|editing|models)|pnav/demo|management/"
)
PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]|%[sd]|\{[a-z_]*\}|</?[a-z][^>]*>")


def visitor_entries():
    for entry in polib.pofile(str(CATALOGUE)):
        if any(not STAFF.search(path) for path, _line in entry.occurrences):
            yield entry


def test_catalogue_translates_every_string_of_the_journey():
    missing = [entry.msgid for entry in visitor_entries() if not entry.translated()]
    assert missing == []


def test_catalogue_keeps_placeholders_and_tags():
    for entry in visitor_entries():
        for text in entry.msgstr_plural.values() or [entry.msgstr]:
            assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(entry.msgid)) or entry.msgid_plural


def test_messages_are_added_at_the_end_of_what_stands(tmp_path):
    before = '#: a.py\nmsgid "Zèbre"\nmsgstr "Zebra"\n\n#: a.py\nmsgid "Plus dit"\nmsgstr "Gone"\n'
    collected = polib.pofile(
        '#: a.py\nmsgid "Zèbre"\nmsgstr ""\n\n#: b.py\nmsgid "D\'ailleurs"\nmsgstr ""\n\n'
        f'#: a.py c.py\nmsgid "Nouveau {"long " * 30}"\nmsgstr ""\n'
    )
    after = with_those_of(["c.py", "d.py"], before, collected)
    assert after == before + f'\n#: a.py c.py\nmsgid "Nouveau {"long " * 30}"\nmsgstr ""\n'
    assert with_those_of(["d.py"], before, collected) == before


def test_compile_messages_writes_what_changed_once(tmp_path):
    folder = tmp_path / "en" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_bytes(CATALOGUE.read_bytes())
    assert compile_messages(tmp_path) == [folder / "django.mo"]
    assert compile_messages(tmp_path) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/", "Talk to someone now"),
        ("/orientation/", "danger"),
        ("/point-d-accueil/", "postcode"),
        ("/quitter/", "browser"),
        ("/tchat/reprendre/", "code"),
    ],
)
def test_page_in_english(client, path, words):
    client.cookies["django_language"] = "en"
    page = client.get(path, follow=True).text
    assert '<html lang="en"' in page
    assert words in page

"""The whole visitor journey also exists in English."""

import re
from pathlib import Path

import polib
import pytest

from pnav.pages.translations import compile_messages

CATALOGUE = Path(__file__).resolve().parents[2] / "pnav" / "locale" / "en" / "LC_MESSAGES" / "django.po"
# French on purpose: read by agents and administrators only.
STAFF = re.compile(
    r"templates/(console|account|mfa|allauth|admin)|pnav/accounts|chat/(console|canned|desk|case|emergency_|closing_)"
    r"|chat/handover_(rules|models)|reports/offence|admin\.py|triage/(document|walk|describing|editing|models)|pnav/demo|management/"
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

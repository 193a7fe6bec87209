"""Texts are rows, and processes of the version before still read and write them as columns."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from common.texts import cache as text_cache
from common.texts import catalogue
from common.texts.models import ChangedSentence, SentenceText, sound_texts
from tests.factories.texts import changed

pytestmark = pytest.mark.django_db

KEY = "chat.position_first"  # it has a text with *tu*


def sql(statement: str, *values: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def columns(key: str = KEY) -> tuple:
    """Return what a process of the version before reads of a sentence."""
    return sql("SELECT vous, tu, en FROM sentences_changedsentence WHERE key = %s", key)[0]


def insert(key: str, vous: str, tu: str, en: str) -> None:
    """Save a row as a process of the version before does."""
    sql("INSERT INTO sentences_changedsentence (key, vous, tu, en) VALUES (%s, %s, %s, %s)", key, vous, tu, en)


def rows(key: str = KEY) -> dict[tuple[str, str], str]:
    found = SentenceText.objects.filter(owner=key)
    return {(row.language, row.part): row.text for row in found}


# --- a row with texts -------------------------------------------------------------------------------------------------


def test_each_text_is_a_row_of_its_language_and_voice(settings):
    settings.LANGUAGES = [("fr", "Français"), ("en", "English"), ("eo", "Esperanto")]
    changed(KEY, vous="À vous.", tu="À toi.", eo="Via vico.", eo_tu="Cia vico.")
    assert rows() == {
        ("fr", "vous"): "À vous.",
        ("fr", "tu"): "À toi.",
        ("eo", "vous"): "Via vico.",
        ("eo", "tu"): "Cia vico.",
    }
    read = ChangedSentence.objects.get()
    assert read.named_texts() == {
        "vous": "À vous.",
        "tu": "À toi.",
        "en": "",
        "en_tu": "",
        "eo": "Via vico.",
        "eo_tu": "Cia vico.",
    }
    assert str(read) == "À vous."


def test_saving_writes_what_changed_and_takes_away_what_is_empty(django_assert_num_queries):
    row = changed(KEY, vous="À vous.", tu="À toi.", en="Your turn.")
    kept = SentenceText.objects.get(language="en").pk
    row = ChangedSentence.objects.get()
    row.set_texts({"vous": "C'est à vous.", "tu": ""}).save()
    assert rows() == {("fr", "vous"): "C'est à vous.", ("en", "vous"): "Your turn."}
    assert SentenceText.objects.get(language="en").pk == kept
    with django_assert_num_queries(1):
        assert ChangedSentence(key="chat.online").texts == {} and ChangedSentence.objects.get().pk == KEY


def test_texts_go_with_their_sentence():
    changed(KEY, vous="À vous.")
    changed("chat.online", vous="De retour.")
    ChangedSentence.objects.filter(pk=KEY).delete()
    assert rows() == {} and rows("chat.online") == {("fr", "vous"): "De retour."}


def test_text_of_a_language_that_is_not_of_the_site_stays(settings):
    settings.LANGUAGES = [("fr", "Français"), ("en", "English"), ("eo", "Esperanto")]
    changed(KEY, vous="À vous.", eo="Via vico.")
    settings.LANGUAGES = [("fr", "Français"), ("en", "English")]
    ChangedSentence.objects.get().set_texts({"vous": "Voilà."}).save()
    assert rows() == {("fr", "vous"): "Voilà.", ("eo", "vous"): "Via vico."}


# --- beside processes of the version before -----------------------------------------------------------------------


def test_version_before_writes_and_this_one_reads():
    insert(KEY, "À vous.", "", "Your turn.")
    assert rows() == {("fr", "vous"): "À vous.", ("en", "vous"): "Your turn.", ("en", "tu"): "Your turn."}
    insert("chat.online", "De retour.", "", "")
    sql("UPDATE sentences_changedsentence SET vous = %s, tu = %s, en = '' WHERE key = %s", "Voilà.", "Te voilà.", KEY)
    assert rows() == {("fr", "vous"): "Voilà.", ("fr", "tu"): "Te voilà."}
    assert sound_texts()[KEY].texts == rows() and rows("chat.online") == {("fr", "vous"): "De retour."}
    sql("DELETE FROM sentences_changedsentence WHERE key = %s", KEY)
    assert rows() == {} and set(sound_texts()) == {"chat.online"}


def test_this_version_writes_and_the_one_before_reads():
    row = changed(KEY, vous="À vous.", tu="À toi.", en="Your turn.")
    changed("chat.online", vous="De retour.")
    assert columns() == ("À vous.", "À toi.", "Your turn.")
    row.set_texts({"tu": "", "en": "Your turn now."}).save()
    assert columns() == ("À vous.", "", "Your turn now.")
    assert columns("chat.online") == ("De retour.", "", "")


def test_rows_edited_before_the_migration_survive_it_and_the_way_back():
    executor = MigrationExecutor(connection)
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    executor.migrate([("sentences", "0001_initial")])
    insert(KEY, "À vous.", "À toi.", "Your turn.")
    insert("chat.online", "", "", "Back again.")
    insert("chat.gone", "Rien.", "", "")
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes("sentences"))
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    assert rows() == {
        ("fr", "vous"): "À vous.",
        ("fr", "tu"): "À toi.",
        ("en", "vous"): "Your turn.",
        ("en", "tu"): "Your turn.",
    }
    assert rows("chat.online") == {("en", "vous"): "Back again.", ("en", "tu"): "Back again."}
    assert columns() == ("À vous.", "À toi.", "Your turn.")
    changed("chat.lost", vous="Perdu.")
    executor = MigrationExecutor(connection)
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    executor.migrate([("sentences", "0001_initial")])
    assert columns() == ("À vous.", "À toi.", "Your turn.") and columns("chat.lost") == ("Perdu.", "", "")


# --- a key that is called otherwise by now ------------------------------------------------------------------------


def test_row_of_a_former_key_is_said_and_edited_under_it(monkeypatch):
    """The version before reads it too, so it stays where it is."""
    new = catalogue.CATALOGUE["chat.online"]
    monkeypatch.setattr(catalogue, "FORMER_KEYS", {"chat.online": "chat.came_back_online"})
    monkeypatch.setattr(catalogue, "_KEYS_OF_ROWS", {"chat.came_back_online": "chat.online"})
    insert("chat.came_back_online", "De retour.", "", "Back again.")
    assert set(sound_texts()) == {"chat.online"} and new.row_key == "chat.came_back_online"
    text_cache.read_again()
    assert new.say() == "De retour."
    row = ChangedSentence.objects.get()
    assert str(row) == "De retour."
    row.set_texts({"vous": ""}).save()
    assert str(ChangedSentence.objects.get()) == new.origin()
    assert columns("chat.came_back_online") == ("", "", "Back again.")


def test_former_keys_are_those_of_no_other_sentence():
    former = catalogue.FORMER_KEYS
    assert set(former) <= set(catalogue.CATALOGUE), "a sentence that is gone needs no former key"
    assert len(set(former.values())) == len(former) and not set(former.values()) & set(catalogue.CATALOGUE)

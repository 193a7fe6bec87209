"""How complete a language is, which languages are offered, and how another one begins."""

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from io import StringIO
from pathlib import Path
from typing import Any

import polib
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError

from common.texts.catalogue import CATALOGUE
from pnav.pages import completeness
from pnav.pages.build.translations import compile_messages
from pnav.pages.models import ContentBlock, ContentText
from tests.factories import triage
from tests.factories.texts import changed
from tests.support import begun

pytestmark = pytest.mark.django_db

OFFERED = begun.offered()  # those of the site as it is, without what a test adds
HERE = Path(__file__).resolve().parents[2] / "pnav" / "locale"


@pytest.fixture
def esperanto(settings, tmp_path):
    """Make Esperanto a language of the site, of which nothing is there yet; return the folder of its translations."""
    settings.LANGUAGES = [*settings.LANGUAGES, ("eo", "Esperanto")]
    settings.LOCALE_PATHS = [HERE, tmp_path]
    completeness.set_offered()
    return tmp_path


def translate(folder: Path, messages: list[str]) -> None:
    """Compile an Esperanto translation of these texts."""
    path = folder / "eo" / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    made = polib.POFile()
    made.metadata = {"Content-Type": "text/plain; charset=UTF-8"}
    made.extend(polib.POEntry(msgid=one, msgstr=f"¡{one}!") for one in messages)
    made.save(str(path))
    compile_messages(folder)
    completeness._compiled.cache_clear()


def parts(language: str) -> dict[str, completeness.Part]:
    return {part.name: part for part in completeness.completeness_of(language).parts}


def told(*arguments: str) -> str:
    out = StringIO()
    call_command("languages", *arguments, stdout=out)
    return out.getvalue()


def test_languages_of_the_site_are_whole():
    """Those of `begun.BEGUN` are not; one that is whole by now leaves that list."""
    for language in begun.whole():
        assert all(part.missing == () and part.total for part in completeness.completeness_of(language).parts), language
    assert set(completeness.languages.others()) >= begun.BEGUN
    assert completeness.languages.others()[0] not in begun.BEGUN, "what it has is asked of the others"
    assert [language for language in begun.BEGUN if completeness.completeness_of(language).is_enough] == []
    completeness.set_offered()
    assert completeness.offered_languages() == OFFERED


def test_language_that_is_begun_is_offered_to_nobody_and_the_command_says_why(esperanto, client):
    assert completeness.offered_languages() == OFFERED
    text = told()
    assert "eo – Esperanto : PAS proposée" in text and "en – English : proposée" in text
    assert f"Phrases de Pnav : 0 sur {parts('eo')['Phrases de Pnav'].total} (0 %)" in text
    missing = told("--missing", "eo")
    block = ContentBlock.objects.all()[0]
    assert "Phrases de Pnav : chat.arrived" in missing and f"Contenus : {block} – titre" in missing
    assert "Esperanto" not in client.get("/parametres-affichage/", follow=True).text


def test_language_is_offered_once_the_code_and_nearly_all_contents_are_translated(esperanto, client, settings):
    translate(esperanto, completeness.wanted_messages())
    completeness.set_offered()
    assert completeness.offered_languages() == OFFERED, "nothing of the contents is"
    for model in (ContentBlock, completeness.HelpNumber, completeness.RemovalPlatform):
        for row in model.objects.all():
            row.set_texts({f"{part}_eo": "Provita" for part in model.text_fields if getattr(row, part)}).save()
    completeness.set_offered()
    assert completeness.offered_languages() == [*OFFERED, "eo"]
    page = client.get("/").text
    assert "Esperanto" in page and "English" in page
    ContentBlock.objects.create(slug="neuf", title="Neuf", body="Texte")
    completeness.set_offered()
    assert completeness.offered_languages() == [*OFFERED, "eo"], "one new section takes no language away"
    translate(esperanto, [one for one in completeness.wanted_messages() if one != str(CATALOGUE["chat.arrived"].vous)])
    completeness.set_offered()
    assert completeness.offered_languages() == OFFERED, "a sentence of the code is missing"
    assert parts("eo")["Phrases de Pnav"].missing == ("chat.arrived",)
    changed("chat.arrived", eo="{name} estas ĉi tie.")
    assert parts("eo")["Phrases de Pnav"].missing == ()


def test_text_of_the_staff_that_one_language_translates_is_asked_of_no_other(esperanto):
    """« make messages » writes texts of the staff for whoever translates, too."""
    wanted = completeness.wanted_messages()
    translate(esperanto, [*wanted, "Ce que seul un agent lit"])
    assert completeness.wanted_messages() == wanted
    assert parts("eo")["Mots des pages"].missing == ()
    completeness.set_offered()
    assert completeness.offered_languages() == OFFERED


def test_published_questionnaire_counts(esperanto):
    triage.published(lambda made: triage.question(made, "screen")["text"].update(vous={"fr": "Qui voit ?", "en": ""}))
    assert parts("en")["Questionnaire"].missing == ("questions/screen/text",)
    assert len(parts("eo")["Questionnaire"].missing) == parts("eo")["Questionnaire"].total


def test_whoever_chose_a_language_keeps_it(esperanto, client):
    client.cookies["django_language"] = "eo"
    page = client.get("/parametres-affichage/", follow=True)
    assert page.headers["Content-Language"] == "eo" and "Esperanto" in page.text


def test_last_known_languages_are_offered_while_the_database_is_away(monkeypatch, caplog):
    completeness.set_offered(begun.whole())

    def away(language: str) -> Any:
        raise DatabaseError("secret")

    monkeypatch.setattr(completeness, "completeness_of", away)
    completeness._kept.read_at = float("-inf")
    assert completeness.offered_languages() == OFFERED
    assert "DatabaseError" in caplog.text and "secret" not in caplog.text


def test_who_asks_during_the_first_reading_waits_for_it(monkeypatch):
    """They were told French alone, and the console's list of public pages kept that for a minute."""
    completeness.set_offered()
    is_read, is_asked = threading.Event(), threading.Event()
    whole = completeness.Completeness("", ())

    def slowly(language: str) -> completeness.Completeness:
        is_asked.set()
        assert is_read.wait(10)
        return whole

    monkeypatch.setattr(completeness, "completeness_of", slowly)
    everything = [completeness.languages.source(), *completeness.languages.others()]
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(completeness.offered_languages)
        assert is_asked.wait(10)
        second = threads.submit(completeness.offered_languages)
        assert wait([second], 0.2).done == set()
        is_read.set()
        assert first.result(10) == second.result(10) == everything
        is_asked.clear()
        is_read.clear()
        completeness._kept.read_at = float("-inf")
        first = threads.submit(completeness.offered_languages)
        assert is_asked.wait(10)
        assert threads.submit(completeness.offered_languages).result(10) == everything, "nobody waits for a later one"
        is_read.set()
        assert first.result(10) == everything


def test_reading_is_kept_for_a_minute(django_assert_num_queries):
    completeness.set_offered()
    with django_assert_num_queries(7 * len(completeness.languages.others())):
        completeness.offered_languages()
    with django_assert_num_queries(0):
        completeness.offered_languages()


# --- another language -------------------------------------------------------------------------------------------------


def test_begin_writes_every_text_to_translate(settings, tmp_path):
    """It does so in a clone where nothing is compiled yet, too."""
    english = tmp_path / "en" / "LC_MESSAGES"
    english.mkdir(parents=True)
    counted = 'msgid "Une étoile"\nmsgid_plural "%(n)d étoiles"\nmsgstr[0] "One star"\nmsgstr[1] "%(n)d stars"\n'
    catalogue = (HERE / "en" / "LC_MESSAGES" / "django.po").read_text()
    (english / "django.po").write_text(f"{catalogue}\n#: a.py\n{counted}")
    settings.LOCALE_PATHS = [tmp_path]
    assert "textes à traduire" in told("--begin", "ar")
    written = polib.pofile(str(tmp_path / "ar" / "LC_MESSAGES" / "django.po"))
    assert {entry.msgid for entry in written} == set(completeness.wanted_messages()) and len(written) > 1000
    assert "nplurals=6" in written.metadata["Plural-Forms"]
    assert not any(entry.translated() for entry in written)
    plural = next(entry for entry in written if entry.msgid_plural)
    assert len(plural.msgstr_plural) == 6
    with pytest.raises(CommandError, match="existe déjà"):
        told("--begin", "ar")


@pytest.mark.parametrize("arguments", [("--begin", "klingon"), ("--missing", "eo"), ("--missing", "fr")])
def test_command_refuses_what_is_no_language_of_the_site(arguments):
    with pytest.raises(CommandError):
        told(*arguments)


def test_texts_of_a_language_that_went_are_not_read(settings):
    row = ContentBlock.objects.all()[0]
    ContentText.objects.create(owner=row, language="eo", part="title", text="Titolo")
    assert "title_eo" not in ContentBlock.objects.get(pk=row.pk).named_texts()

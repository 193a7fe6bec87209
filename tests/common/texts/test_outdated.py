"""Translations whose French has changed are still used, and are marked until somebody has looked at them."""

import html
import re
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from common.texts.catalogue import CATALOGUE
from common.texts.models import ChangedSentence, SentenceText
from pnav.accounts.models import Role
from pnav.pages.models import ContentBlock, ContentText, HelpNumber, RemovalPlatform
from tests.accounts.cast import give_session, make_user
from tests.accounts.conftest import _limits_of_this_test_alone  # noqa: F401  fixtures of a sign-in
from tests.accounts.test_audited_admin import Fields
from tests.factories.texts import changed

pytestmark = pytest.mark.django_db

KEY, OTHER = "chat.position_first", "chat.online"  # the first has a text with *tu*, which English does not have
SECTIONS = "/admin/pages/contentblock/"
SENTENCES = "/admin/sentences/changedsentence/"


def section(slug: str = "neuf", **texts: str) -> ContentBlock:
    texts = {"title_en": "Title", "body_en": "Text"} | texts
    block = ContentBlock(slug=slug, title="Titre", body="Texte").set_texts(texts)
    block.save()
    return ContentBlock.objects.get(pk=block.pk)


def again(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


# --- which ones -------------------------------------------------------------------------------------------------------


def test_translation_is_outdated_once_the_column_it_translates_changed():
    block, bystander = section(), section("autre")
    assert block.outdated() == {}
    block.title = "Autre titre"
    block.set_texts({}).save()
    assert again(block).outdated() == {"title_en": "Titre"} and again(bystander).outdated() == {}
    assert list(ContentBlock.objects.filter(ContentBlock.with_outdated())) == [block]
    again(block).set_texts({"body_en": "Other text"}).save()
    assert again(block).outdated() == {"title_en": "Titre"}, "another of its translations was changed"
    again(block).set_texts({"title_en": "Other title"}).save()
    assert again(block).outdated() == {}
    assert not ContentBlock.objects.filter(ContentBlock.with_outdated()).exists()


def test_column_may_change_without_its_texts_being_read():
    block = section()
    ContentBlock.objects.filter(pk=block.pk).update(body="Autre texte")
    assert again(block).outdated() == {"body_en": "Texte"}


def test_translation_that_is_said_to_hold_is_not_outdated_until_the_next_change():
    block = section()
    block.title, block.body = "Autre titre", "Autre texte"
    block.set_texts({}).save()
    again(block).still_hold(["title_en"]).save()
    assert again(block).outdated() == {"body_en": "Texte"}
    block = again(block)
    block.title = "Encore un"
    block.set_texts({}).save()
    assert again(block).outdated() == {"title_en": "Autre titre", "body_en": "Texte"}
    block.title = "Autre titre"
    block.set_texts({}).save()
    assert again(block).outdated() == {"body_en": "Texte"}, "what was said before is said again"


def test_line_ends_of_a_browser_change_nothing():
    block = section(body_en="One\nTwo")
    ContentBlock.objects.filter(pk=block.pk).update(body="Un\nDeux")
    block = again(block)
    block.set_texts({"body_en": "One\r\nTwo"}).save()
    assert again(block).outdated() == {"body_en": "Texte"}, "it was not written anew"
    block = again(block).still_hold(["body_en"])
    block.save()
    block.body = "Un\r\nDeux"
    block.save()
    assert again(block).outdated() == {} and not ContentBlock.objects.filter(ContentBlock.with_outdated()).exists()


def test_translation_that_goes_is_missing_and_not_outdated():
    block = section()
    block.title = "Autre titre"
    block.set_texts({"title_en": ""}).save()
    assert again(block).outdated() == {}
    block.set_texts({"title_en": "Title"}).save()
    assert again(block).outdated() == {}, "it was written beside what stands there now"


def test_translation_of_the_version_before_is_known_from_the_next_save_on():
    """That version writes no `source_text`; nor does a row that was there before the column."""
    block = section()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pages_contentblock SET title_en = 'Elder' WHERE id = %s", [block.pk])
    ContentText.objects.filter(owner=block).update(source_text=None)
    block = again(block)
    assert block.outdated() == {}
    block.title = "Autre titre"
    block.set_texts({}).save()
    assert again(block).outdated() == {"title_en": "Titre"}
    assert ContentText.objects.get(owner=block, part="body").source_text == "Texte"


def test_first_contents_of_a_site_are_up_to_date():
    assert ContentText.objects.exists()
    models = (ContentBlock, HelpNumber, RemovalPlatform)
    assert not any(row.outdated() for model in models for row in model.objects.all())


def test_changed_sentence_leaves_the_translation_of_the_code_behind():
    row = changed(KEY, vous="À vous.", tu="À toi.")
    changed(OTHER, en="Back.")
    origin = CATALOGUE[KEY]
    assert row.outdated()["en"] == f"{origin.origin()} / {origin.origin(familiar=True)}"
    before = set(row.outdated())
    assert again(row).outdated() == row.outdated() and ChangedSentence.objects.get(pk=OTHER).outdated() == {}
    again(row).set_texts({"en": "Your turn."}).save()
    assert set(again(row).outdated()) == before - {"en"}
    again(row).set_texts({"tu": "C'est à toi."}).save()
    assert again(row).outdated()["en"] == "À vous. / À toi.", "one English text is said to both"


def test_language_that_is_begun_has_nothing_to_look_at(settings):
    """It has no translation that a changed text could leave behind."""
    before = changed(KEY, vous="À vous.", tu="À toi.").outdated()
    settings.LANGUAGES = [*settings.LANGUAGES, ("eo", "Esperanto")]
    row = ChangedSentence.objects.get(pk=KEY)
    assert row.outdated() == before
    row.set_texts({"eo": "Via vico."}).save()
    again(row).set_texts({"vous": "C'est à vous."}).save()
    assert set(again(row).outdated()) == {*before, "eo"}


def test_sentence_with_both_voices_is_outdated_in_that_which_changed(monkeypatch):
    monkeypatch.setitem(CATALOGUE[KEY]._voices, "en", ("vous", "tu"))
    row = changed(KEY, vous="À vous.", tu="À toi.", en="Your turn.", en_tu="Thy turn.")
    again(row).set_texts({"tu": "C'est à toi."}).save()
    assert again(row).named_texts()["en_tu"] == "Thy turn."
    assert again(row).sources["en", "tu"] == "À toi." and again(row).sources["en", "vous"] == "À vous."
    assert again(row).outdated() == {"en_tu": "À toi."}
    assert SentenceText.objects.get(owner=row, language="fr", part="vous").source_text is None


def test_tu_of_the_code_does_not_follow_a_vous_that_was_changed():
    """Also where the sentence was said alike to everybody when it was changed: nobody wrote a *tu* of it."""
    row = changed(KEY, vous="À vous.", en="Your turn.")
    assert row.outdated() == {"tu": CATALOGUE[KEY].origin()} == again(row).outdated()
    again(row).set_texts({"tu": "À toi."}).save()
    assert "tu" not in again(row).outdated()
    assert changed(OTHER, vous="De retour.", en="Back.").outdated() == {}, "it has none"


def test_sentence_of_origin_and_one_that_is_gone_have_nothing_to_look_at():
    assert ChangedSentence(key=KEY).outdated() == {}
    assert changed("chat.gone", vous="Rien.", en="Nothing.").outdated() == {}


# --- who is told ------------------------------------------------------------------------------------------------------


@pytest.fixture
def chief(client):
    user = make_user("chef", Role.ADMINISTRATOR, totp=True)
    give_session(client, user)
    return user


def send(client, address: str, **changes: str):
    fields = Fields(client.get(address).text).largest
    for name in ("_save", "_continue", "_addanother", "_preview", "_original"):
        fields.pop(name, None)
    return client.post(address, fields | {name: [value] for name, value in changes.items()}, follow=True)


def shown(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", page))


def test_section_says_what_is_to_be_looked_at_until_it_is(client, chief):
    block = section()
    section("autre")
    address = f"{SECTIONS}{block.pk}/change/"
    assert "holds_title_en" not in client.get(address).text
    told = send(client, address, title="Autre titre").text
    assert re.search(r"À revoir\s: titre en anglais", shown(told))
    found = client.get(f"{SECTIONS}?translations=outdated").text
    assert "Autre titre" in found and found.count("field-slug") == 1
    page = client.get(address).text
    assert 'name="holds_title_en"' in page and "holds_body_en" not in page and "Titre »" in shown(page)
    send(client, address, title_en="Title")  # nothing of it changed
    assert again(block).outdated() == {"title_en": "Titre"}
    send(client, address, holds_title_en="on")
    assert again(block).outdated() == {} and again(block).named_texts()["title_en"] == "Title"
    assert "holds_title_en" not in client.get(address).text
    assert "Autre titre" not in client.get(f"{SECTIONS}?translations=outdated").text


def test_sentence_says_it_too_and_its_translation_of_the_code_may_hold(client, chief):
    address = f"{SENTENCES}{OTHER.replace('_', '_5F')}/change/"
    changed(KEY, en="Your turn.")
    assert "Traduction à revoir" not in client.get(SENTENCES).text
    told = shown(send(client, address, vous="De retour.").text)
    assert re.search(r"À revoir\s: texte en anglais", told)
    page = client.get(f"{SENTENCES}?review=1")
    assert re.search(r"Traduction à revoir\s: anglais", shown(page.text)) and page.text.count('<th scope="row">') == 1
    form = shown(client.get(address).text)
    assert CATALOGUE[OTHER].origin() in form
    send(client, address, holds_en="on")
    row = ChangedSentence.objects.get(pk=OTHER)
    assert row.outdated() == {} and row.named_texts()["en"] == CATALOGUE[OTHER].origin(language="en")
    assert client.get(f"{SENTENCES}?review=1").text.count('<th scope="row">') == 0


def test_administrator_is_told_of_a_tu_that_does_not_follow(client, chief):
    address = f"{SENTENCES}{KEY.replace('_', '_5F')}/change/"
    told = shown(send(client, address, vous="À vous.").text)
    assert re.search(r"À revoir\s: texte, en tutoyant, texte en anglais", told)
    assert re.search(r"Traduction à revoir\s: français, anglais", shown(client.get(f"{SENTENCES}?review=1").text))
    source, *_others = client.get("/admin/pages/contentblock/a-traduire/").context["works"]
    assert (source.name, source.outdated_count, source.outdated[0].words) == ("français en tutoyant", 1, "À vous.")
    send(client, address, holds_tu="on")
    row = ChangedSentence.objects.get(pk=KEY)
    assert row.named_texts()["tu"] == CATALOGUE[KEY].origin(familiar=True) and "tu" not in row.outdated()


def test_command_counts_them_and_says_which(client):
    def told(*arguments: str) -> str:
        out = StringIO()
        call_command("languages", *arguments, stdout=out)
        return out.getvalue()

    block = section()
    assert "À revoir" not in told() + told("--missing", "en")
    ContentBlock.objects.filter(pk=block.pk).update(title="Autre titre")
    changed(OTHER, vous="De retour.")
    assert "À revoir, le français ayant changé : 2" in told()
    missing = told("--missing", "en")
    assert "À revoir : Contenus : Autre titre – titre en anglais" in missing
    assert f"À revoir : Phrases de Pnav : {OTHER} – Texte en anglais" in missing

"""Translations of contents are rows, and processes of the version before still read and write them as columns."""

import json
from html import unescape
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.dateformat import format as date_format

from chat.models import CannedReply
from pnav.accounts.models import PendingChange, Role
from pnav.pages.information import read_information
from pnav.pages.models import ContentBlock, ContentText, HelpNumber, HelpNumberText, RemovalPlatform
from tests.accounts.cast import give_session, make_user
from tests.accounts.conftest import _limits_of_this_test_alone  # noqa: F401  fixtures of a sign-in
from tests.accounts.test_audited_admin import Fields
from tests.factories.texts import changed

pytestmark = pytest.mark.django_db

ESPERANTO = [("fr", "Français"), ("en", "English"), ("eo", "Esperanto")]


def sql(statement: str, *values: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def first() -> ContentBlock:
    return ContentBlock.objects.filter(page=ContentBlock.Page.HOME)[0]


def insert_block(slug: str, title_en: str, body_en: str) -> int:
    """Save a section as a process of the version before does."""
    return sql(
        'INSERT INTO pages_contentblock (slug, title, title_en, body, body_en, source, doubt, "order")'
        " VALUES (%s, 'Titre', %s, 'Texte', %s, '', '', 1) RETURNING id",
        slug,
        title_en,
        body_en,
    )[0][0]


# --- what is read -----------------------------------------------------------------------------------------------------


def test_each_language_is_read_from_its_rows_and_falls_back(settings, django_assert_num_queries):
    settings.LANGUAGES = ESPERANTO
    block, number = first(), HelpNumber.objects.get(name="numero_police")
    block.set_texts({"title_eo": "Titolo", "body_eo": ""}).save()
    number.set_texts({"audience_eo": "kiu estas en danĝero"}).save()
    for language, queries in (("fr", 2), ("en", 4), ("eo", 4)):
        with translation.override(language), django_assert_num_queries(queries):
            found = read_information()
            shown = next(one for one in found["blocks"] if one.pk == block.pk)
            told = next(one for one in found["numbers"] if one.pk == number.pk)
            titles, audience = [(one.shown_title, str(one.html)) for one in found["blocks"]], told.shown_audience
            title = shown.shown_title
        assert title == {"fr": block.title, "en": block.named_texts()["title_en"], "eo": "Titolo"}[language]
        assert all(one and body for one, body in titles) and audience
    with translation.override("eo"):
        assert ContentBlock.objects.get(pk=block.pk).html == block.html, "no body of its own: the French one"
        assert HelpNumber.objects.get(pk=number.pk).shown_audience == "kiu estas en danĝero"


def test_translation_that_goes_takes_its_row_with_it():
    block = first()
    assert ContentText.objects.filter(owner=block, language="en").count() == 2
    block.set_texts({"body_en": ""}).save()
    assert [row.part for row in ContentText.objects.filter(owner=block, language="en")] == ["title"]
    block.delete()
    assert not ContentText.objects.filter(part="title", text=block.title).exists()
    assert ContentText.objects.filter(language="en").count() == 2 * ContentBlock.objects.count()


# --- the admin --------------------------------------------------------------------------------------------------------


@pytest.fixture
def chief(client):
    user = make_user("chef", Role.ADMINISTRATOR, totp=True)
    give_session(client, user)
    return user


def send(client, row: Any, **changes: str):
    url = f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/change/"
    fields = Fields(client.get(url).text).largest | {name: [value] for name, value in changes.items()}
    return client.post(url, fields)


def test_language_of_the_settings_has_its_fields_its_preview_and_its_history(client, chief, settings):
    settings.LANGUAGES = ESPERANTO
    block = first()
    page = client.get(f"/admin/pages/contentblock/{block.pk}/change/").text
    assert 'name="title_eo"' in page and 'name="body_eo"' in page and "Espéranto" in page
    assert "Aperçu en espéranto (nouvel onglet)" in page and "Aperçu en français (nouvel onglet)" in page
    shown = send(client, block, body_eo="**Provita**", _preview="eo").text
    assert "<strong>Provita</strong>" in shown and '<html lang="eo"' in shown
    assert not ContentText.objects.filter(language="eo").exists() and not LogEntry.objects.exists()
    assert send(client, block, title_eo="Titolo", title_en="Heading").status_code == 302
    kept = ContentBlock.objects.get(pk=block.pk).named_texts()
    assert (kept["title_eo"], kept["title_en"], kept["body_eo"]) == ("Titolo", "Heading", "")
    assert kept["body_en"] == block.named_texts()["body_en"]
    assert "Titre en espéranto" in LogEntry.objects.get().get_change_message()


def test_number_in_a_translation_waits_for_a_second_person(client, chief):
    block = first()
    before = block.named_texts()
    send(client, block, body_en=before["body_en"] + " Call 06 12 34 56 78.")
    change = PendingChange.objects.get()
    assert change.reasons == ["texte en anglais"] and set(change.after) == {"body_en"}
    assert ContentBlock.objects.get(pk=block.pk).named_texts() == before


def test_text_in_tu_is_a_field_of_the_french_and_says_when_it_does_not_follow(client, chief):
    block = ContentBlock.objects.get(slug="loi-anonymat")
    url = f"/admin/pages/contentblock/{block.pk}/change/"
    form = client.get(url)
    sets = {str(one.name): [field for line in one for field in line.fields] for one in form.context["adminform"]}
    assert {"body", "body_tu", "title_tu"} <= set(sets["Français"]) and "Texte en tutoyant" in form.text
    assert send(client, block, body="Autre chose.").status_code == 302
    assert "Ce texte en tutoyant dit toujours la même chose" in client.get(url).text
    works = client.get("/admin/pages/contentblock/a-traduire/").context["works"]
    [work] = [one for one in works if one.name == "français en tutoyant"]
    assert [(one.words, one.parts) for one in work.outdated] == [(block.title, "texte en tutoyant")]
    assert send(client, block, holds_body_tu="on").status_code == 302
    block = ContentBlock.objects.get(pk=block.pk)
    assert "body_tu" not in block.outdated() and block.in_voice(True).said("body") == block.named_texts()["body_tu"]


# --- two who write one row --------------------------------------------------------------------------------------------


@pytest.fixture
def colleague(settings) -> Client:
    client = Client()
    give_session(client, make_user("cheffe", Role.ADMINISTRATOR, totp=True))
    return client


def url_of(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def opened(client: Client, row: Any) -> dict[str, list[str]]:
    """Return what the page of this row would send as it is shown now."""
    return Fields(client.get(url_of(row)).text).largest


def save(client: Client, row: Any, page: dict[str, list[str]], **typed: str) -> dict[str, list[str]]:
    """Send a page that was opened, with these fields typed; return the errors by field."""
    answer = client.post(url_of(row), page | {name: [value] for name, value in typed.items()})
    return {} if answer.status_code == 302 else answer.context["adminform"].form.errors


def row_of(kind: str) -> Any:
    if kind == "content":
        return ContentBlock.objects.get(slug="loi-anonymat")
    if kind == "number":
        return HelpNumber.objects.get(number="3018")
    if kind == "platform":
        return RemovalPlatform.objects.order_by("pk")[0]
    if kind == "reply":
        return CannedReply.objects.create(
            title="Bonjour", vous="Bonjour à vous.", tu="Salut.", subject="welcome", order=1
        )
    return changed("chat.lost", vous="Perdu pour vous.", tu="Perdu pour toi.")


WRITTEN = {
    "content": ("body", "title_en", "body_en"), "number": ("label", "audience_en", "hours_en"),
    "platform": ("where", "conditions_en", "where_en"), "reply": ("vous", "vous_en", "tu_en"),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRITTEN)
def test_who_writes_one_language_undoes_nothing_of_another(client, chief, colleague, kind):
    french, english, added = WRITTEN[kind]
    row = row_of(kind)
    mine = opened(client, row)
    assert save(colleague, row, opened(colleague, row), **{added: "What my colleague added."}) == {}
    assert save(client, row, mine, **{english: "What I wrote."}) == {}
    row = type(row).objects.get(pk=row.pk)
    texts = row.named_texts()
    assert (texts[added], texts[english]) == ("What my colleague added.", "What I wrote.")
    [told] = json.loads(LogEntry.objects.get(user=chief).change_message)
    assert len(told["changed"]["fields"]) == 1, "what my colleague added is not told as mine"

    mine = opened(client, row)
    assert save(colleague, row, opened(colleague, row), **{french: "Ce que ma collègue a corrigé."}) == {}
    errors = save(client, row, mine, **{english: "What I wrote, once more."})
    assert set(errors) == {english} and "Le français a changé entre-temps" in errors[english][0]
    answer = client.post(url_of(row), mine | {english: ["What I wrote, once more."]})
    assert "Ce que ma collègue a corrigé." in unescape(answer.text), "the page shows what is stored"
    assert save(client, row, Fields(answer.text).largest) == {}
    row = type(row).objects.get(pk=row.pk)
    assert getattr(row, french) == "Ce que ma collègue a corrigé."
    assert row.named_texts()[english] == "What I wrote, once more." and english not in row.outdated()


@pytest.mark.parametrize("kind", WRITTEN)
def test_what_two_changed_in_one_field_is_said_beside_it(client, chief, colleague, kind):
    name = WRITTEN[kind][1]
    row = row_of(kind)
    mine = opened(client, row)
    assert save(colleague, row, opened(colleague, row), **{name: "Theirs."}) == {}
    answer = client.post(url_of(row), mine | {name: ["Mine."]})
    page = unescape(answer.text)
    assert "Quelqu'un a changé ce champ entre-temps. Il dit : « Theirs. »." in page
    assert Fields(answer.text).largest[name] == ["Mine."]
    assert type(row).objects.get(pk=row.pk).named_texts()[name] == "Theirs."
    assert save(client, row, Fields(answer.text).largest) == {}
    assert type(row).objects.get(pk=row.pk).named_texts()[name] == "Mine."


def test_who_writes_a_sentence_undoes_nothing_of_another(client, chief, colleague):
    row = row_of("sentence")
    mine = opened(client, row)
    assert save(colleague, row, opened(colleague, row), en="Lost.") == {}
    assert save(client, row, mine, tu="Perdu, toi.") == {}
    texts = type(row).objects.get(pk=row.pk).named_texts()
    assert (texts["en"], texts["tu"]) == ("Lost.", "Perdu, toi.")
    mine = opened(client, row)
    assert save(colleague, row, opened(colleague, row), vous="Perdu, vous.") == {}
    assert "Le français a changé" in save(client, row, mine, en="All lost.")["en"][0]
    assert type(row).objects.get(pk=row.pk).named_texts()["vous"] == "Perdu, vous."


def test_other_fields_of_a_row_are_kept_too(client, chief, colleague):
    number = row_of("number")
    mine = opened(client, number)
    today = date_format(timezone.localdate(), "d/m/Y")
    theirs = {name: [value] for name, value in {"order": "77", "verified_on": today, "doubt": "À revoir."}.items()}
    unfree = opened(colleague, number) | theirs
    del unfree["is_free"]
    assert colleague.post(url_of(number), unfree).status_code == 302
    assert save(client, number, mine, source="Autre source.") == {}
    number.refresh_from_db()
    assert (number.order, number.verified_on, number.doubt, number.source, number.is_free) == (
        77, timezone.localdate(), "À revoir.", "Autre source.", False
    )  # fmt: skip
    assert set(save(client, number, mine, order="5")) == {"order"}


def test_page_of_the_version_before_is_saved_as_it_was(client, chief, colleague):
    row = row_of("content")
    mine = {name: value for name, value in opened(client, row).items() if not name.startswith("initial-")}
    assert save(colleague, row, opened(colleague, row), title_en="Theirs.") == {}
    assert save(client, row, mine, body_en="Mine.") == {}


# --- beside processes of the version before ---------------------------------------------------------------------------


def texts(row: Any) -> dict[tuple[str, str], str]:
    return {(one.language, one.part): one.text for one in row.text_rows.all()}


def test_version_before_writes_and_this_one_reads():
    key = insert_block("neuf", "Title", "")
    assert texts(ContentBlock.objects.get(pk=key)) == {("en", "title"): "Title"}
    sql("UPDATE pages_contentblock SET title_en = '', body_en = 'Text' WHERE id = %s", key)
    assert texts(ContentBlock.objects.get(pk=key)) == {("en", "body"): "Text"}
    number = HelpNumber.objects.all()[0]
    sql("UPDATE pages_helpnumber SET hours_en = 'always' WHERE id = %s", number.pk)
    assert HelpNumber.objects.get(pk=number.pk).named_texts()["hours_en"] == "always"
    sql("DELETE FROM pages_helpnumber WHERE id = %s", number.pk)
    assert not HelpNumberText.objects.filter(owner_id=number.pk).exists()


def test_this_version_writes_and_the_one_before_reads(settings):
    settings.LANGUAGES = ESPERANTO
    block = ContentBlock(slug="neuf", title="Titre", body="Texte").set_texts(
        {"title_en": "Title", "title_eo": "Titolo"}
    )
    block.save()
    other = first()
    row = "SELECT title_en, body_en FROM pages_contentblock WHERE id = %s"
    assert sql(row, block.pk) == [("Title", "")]
    block.set_texts({"title_en": "", "body_en": "Text"}).save()
    assert sql(row, block.pk) == [("", "Text")]
    assert sql(row, other.pk) == [(other.named_texts()["title_en"], other.named_texts()["body_en"])]


def test_contents_edited_before_the_migration_survive_it_and_the_way_back():
    executor = MigrationExecutor(connection)
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    executor.migrate([("pages", "0005_names_of_numbers")])
    key = insert_block("neuf", "Edited title", "")
    sql("UPDATE pages_helpnumber SET label_en = 'Edited', hours_en = '' WHERE name = 'numero_police'")
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes("pages"))
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    assert texts(ContentBlock.objects.get(pk=key)) == {("en", "title"): "Edited title"}
    number = HelpNumber.objects.get(name="numero_police")
    assert number.named_texts()["label_en"] == "Edited" and ("en", "hours") not in number.texts
    number.set_texts({"label_en": "Edited again"}).save()
    executor = MigrationExecutor(connection)
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    executor.migrate([("pages", "0005_names_of_numbers")])
    assert sql("SELECT label_en FROM pages_helpnumber WHERE name = 'numero_police'") == [("Edited again",)]

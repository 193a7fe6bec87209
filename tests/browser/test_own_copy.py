"""« Ma copie » on a phone: closed by words, opened and checked from a disk without a line; an altered byte is said."""

import io
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from chat.models import Conversation
from tests.browser.exchange import in_site
from tests.factories import chat as make


def talking() -> Conversation:
    conversation = make.assigned()
    make.message(conversation, "Bonsoir, on m'insulte chaque soir.")
    return conversation


@pytest.mark.slow
def test_copy_is_taken_and_checks_itself_offline(
    live_site, enter, browser: Browser, tmp_path: Path, axe_in_both_themes
) -> None:
    person = enter(in_site(live_site, talking), width=320, height=640)
    person.get_by_role("link", name="Ma copie").click()
    expect(person.get_by_role("heading", name="Ma copie")).to_be_visible()
    assert person.evaluate("document.documentElement.scrollWidth") <= 320
    axe_in_both_themes(person)
    person.get_by_label("Non, ou je ne sais pas").check(force=True)
    person.get_by_role("button", name="Enregistrer ma copie").click()
    expect(person.get_by_role("alert")).to_contain_text("Prenez-le plutôt sur le vôtre")
    words = person.get_by_label("Ces mots").input_value()
    person.get_by_label("Fermer la copie par des mots").check(force=True)
    with person.expect_download() as given:
        person.get_by_role("button", name="Enregistrer ici quand même").click()
    assert given.value.suggested_filename.startswith("documents-")
    given.value.save_as(tmp_path / "documents.html")

    disk = browser.new_context(offline=True, viewport={"width": 320, "height": 640}, accept_downloads=True)
    page = disk.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "documents.html").as_uri())
    page.get_by_label("Les mots").fill("ce ne sont pas ces mots")
    page.get_by_role("button", name="Ouvrir").click()
    expect(page.get_by_role("status")).to_have_text("Ces mots n'ouvrent pas ces documents.")
    page.get_by_label("Les mots").fill(f"  {words.upper()}")
    page.get_by_role("button", name="Ouvrir").click()
    with page.expect_download() as opened:
        page.get_by_role("link", name="Enregistrer documents-").click()
    opened.value.save_as(tmp_path / "copie.zip")
    whole = (tmp_path / "copie.zip").read_bytes()
    with zipfile.ZipFile(io.BytesIO(whole)) as found:
        found.extract("verifier.html", tmp_path)
        place = found.getinfo("copie.pdf").header_offset + 2_000

    page.goto((tmp_path / "verifier.html").as_uri())
    page.get_by_label("Fichier à vérifier").set_input_files(tmp_path / "copie.zip")
    expect(page.get_by_role("status")).to_contain_text("Rien n'a changé")
    altered = tmp_path / "altered.zip"
    altered.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    page.get_by_label("Fichier à vérifier").set_input_files(altered)
    expect(page.get_by_role("status")).to_contain_text("Cette copie a été modifiée")
    expect(page.get_by_role("listitem").first).to_contain_text("copie.pdf : modifié")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert [url for url in asked if not url.startswith(("file:", "blob:", "data:"))] == []
    disk.close()

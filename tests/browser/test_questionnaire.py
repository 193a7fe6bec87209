"""A questionnaire is edited in the admin, looked at, published, and asked on a visitor's page, in a real browser."""

import os
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from django.db import connection
from playwright.sync_api import Page, expect

from pnav.accounts.models import Role, User
from tests.accounts.cast import make_user
from tests.browser.conftest import THEMES, Axe, LiveSite, PageFactory, goes_on, in_theme
from tests.browser.staff import give_session
from triage import versions

LIST = "/admin/triage/questionnaireversion/"
WORDS, ENGLISH = "Qui est touché ?", "Who is hit?"
BEFORE = "Pour qui est-ce ?"


@pytest.fixture
def chief(live_site: LiveSite, page_factory: PageFactory) -> Iterator[Page]:
    """Give an administrator's page. Afterwards the site asks the questionnaire of the code again."""
    with live_site.database():
        make_user("chef-questionnaire", Role.ADMINISTRATOR, totp=True)
    page = page_factory()
    give_session(page, live_site, "chef-questionnaire")
    yield page
    with live_site.database():
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE triage_questionnaireversion")  # a published row may not be deleted
        User.objects.filter(username="chef-questionnaire").delete()
    live_site.do(versions.clear)  # otherwise it would use the deleted version for ten seconds more


def second_question(page: Page, base: str) -> str:
    """Begin a visit, and return what the second question says, without the spaces of French typography."""
    page.context.clear_cookies()
    page.goto(f"{base}/orientation/")
    answer(page, "Non, rien de tout cela")
    return page.locator("h1").inner_text().replace("\u00a0", " ")


def answer(page: Page, label: str) -> None:
    with goes_on(page):
        page.get_by_role("button", name=label, exact=True).click()


def save(page: Page, name: str) -> None:
    with goes_on(page):
        page.get_by_role("button", name=name, exact=True).click()


@pytest.mark.pages_beside
def test_version_from_the_form_to_the_visitor(
    live_site: LiveSite, chief: Page, page_factory: PageFactory, axe: Axe
) -> None:
    base = live_site.url
    running = page_factory()
    assert second_question(running, base) == BEFORE

    # A draft is edited in a form, and an error is beside its field, with the focus.
    chief.goto(f"{base}{LIST}add/")
    chief.fill("[name=note]", "Des mots plus simples")
    with goes_on(chief):
        chief.locator("[name=_save]").click()
    expect(chief.locator("body")).to_contain_text("Tous les chemins ont été suivis")
    axe(chief)
    with goes_on(chief):
        chief.get_by_role("link", name=f"« {BEFORE} »").click()
    axe(chief)
    chief.get_by_label("Question, vous, français").fill("")
    chief.get_by_role("button", name="Enregistrer dans le brouillon", exact=True).click()
    expect(chief.locator("[name=text-vous-fr]")).to_be_focused()
    expect(chief.locator(".errors").first).to_contain_text("Écrivez ce texte.")
    chief.get_by_label("Question, vous, français").fill(WORDS)
    chief.get_by_label("Question, vous, anglais").fill(ENGLISH)

    # The real page opens in a tab of its own, and nothing is saved.
    with chief.context.expect_page() as opened:
        chief.get_by_role("button", name="Aperçu en anglais").click()
    preview = opened.value
    expect(preview.locator("h1")).to_have_text(ENGLISH)
    expect(preview.locator("#apercu")).to_contain_text("nothing has been saved")
    preview.close()
    save(chief, "Enregistrer dans le brouillon")

    # One walks through the draft, and nobody else sees it.
    with chief.context.expect_page() as opened:
        chief.get_by_role("link", name="Aperçu", exact=True).click()
    walk = opened.value
    answer(walk, "Non, rien de tout cela")
    expect(walk.locator("h1")).to_have_text(WORDS)
    axe(walk)
    walk.close()
    assert second_question(page_factory(), base) == BEFORE

    # It is published after the changes were read.
    with goes_on(chief):
        chief.get_by_role("link", name="Publier").click()
    expect(chief.locator("ins").first).to_have_text(WORDS)
    axe(chief)
    save(chief, "Mettre en vigueur")
    expect(chief.locator("body")).to_contain_text("Version en vigueur")
    visitor = page_factory()
    assert second_question(visitor, base) == WORDS

    # A visit that had begun ends with the same questionnaire.
    running.reload()
    expect(running.locator("h1")).to_have_text(BEFORE)
    answer(running, "J'ai 18 ans ou plus")
    expect(running.locator("h1")).to_have_text("Que se passe-t-il ?")


def test_pages_of_a_version_fit_a_narrow_screen(live_site: LiveSite, chief: Page, axe_at_both_ends: Axe) -> None:
    chief.goto(f"{live_site.url}{LIST}add/")
    chief.fill("[name=note]", "Essai")
    with goes_on(chief):
        chief.locator("[name=_save]").click()
    version = chief.url.removesuffix("change/")
    for part in (
        "change/",
        "partie/question/facts/",
        "partie/regle/2/",
        "partie/resultat/chat/",
        "publier/",
        "document/",
    ):
        chief.goto(version + part)
        axe_at_both_ends(chief)
        for width, theme in product((1280, 320), THEMES) if (folder := os.environ.get("SHOTS")) else ():
            chief.set_viewport_size({"width": width, "height": 800})
            in_theme(chief, theme)
            name = f"{part.strip('/').replace('/', '-')}-{theme}-{width}.png"
            chief.screenshot(path=str(Path(folder) / name), full_page=True)

    # Somebody else saved meanwhile: what was written is shown, to be copied.
    chief.eval_on_selector("[name=revision]", "field => { field.value = '7' }")
    chief.get_by_role("button", name="Enregistrer dans le brouillon").click()
    expect(chief.get_by_label("Ce que vous aviez écrit")).to_have_value(re.compile('"questions":'))
    axe_at_both_ends(chief)
    for width, theme in product((1280, 320), THEMES) if (folder := os.environ.get("SHOTS")) else ():
        chief.set_viewport_size({"width": width, "height": 800})
        in_theme(chief, theme)
        chief.screenshot(path=str(Path(folder) / f"meanwhile-{theme}-{width}.png"), full_page=True)

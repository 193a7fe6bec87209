"""An administrator changes settings of the service and a shared reply: wide and narrow, light and dark, without
scripts.
"""

import pytest
from playwright.sync_api import expect

from chat.models import CannedReply
from pnav.accounts.models import Role
from reports.models import HouseRule
from tests.browser.conftest import PageFactory
from tests.browser.staff import sign_in
from tests.browser.test_accounts import account as account

PAGE = "/admin/reports/houserule/"


def fits(page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url


@pytest.mark.parametrize(("theme", "width", "javascript"), [("light", 1280, True), ("dark", 320, False)])
def test_rules_are_corrected_shown_and_saved(
    live_site, page_factory: PageFactory, axe, account, theme, width, javascript
):
    page = page_factory(theme=theme, width=width, javascript=javascript)
    sign_in(page, live_site, account(Role.ADMINISTRATOR, totp=True), "/admin/")
    page.goto(live_site.url + PAGE)
    fits(page)
    page.get_by_label("Attente d'une personne", exact=True).fill("9")
    page.get_by_label("Durée d'un code de reprise").fill("deux jours")
    page.keyboard.press("Enter")  # the same address answers, so the test waits for the expected text
    expect(page.get_by_role("alert")).to_contain_text("2 nombres sont à corriger")
    wrong = page.get_by_label("Attente d'une personne", exact=True)
    if javascript:
        expect(wrong).to_be_focused()
        axe(page)
    expect(wrong).to_have_accessible_description(
        "Le tableau doit alerter avant que la promesse du service soit rompue, ou avec elle. Ici : « Attente d'une "
        "personne » à 9 minutes, « Prendre en charge en moins de » à 3 minutes. Le tableau dit la promesse rompue "
        "quand quelqu'un attend depuis 3 minutes. De 1 à 1440. Sans réglage : 3 minutes (objectif du service : 95 % "
        "des personnes)."
    )
    expect(page.get_by_label("Durée d'un code de reprise")).to_have_value("deux jours")
    fits(page)
    wrong.fill("2")
    page.get_by_label("Durée d'un code de reprise").fill("48")
    page.get_by_role("button", name="Voir ce qui change").last.click()
    expect(page.locator("#content")).to_contain_text("Un code donné désormais ramène pendant 48 heures.")
    fits(page)
    if javascript:
        axe(page)
    with live_site.database():
        assert not HouseRule.objects.exists()
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator(".messagelist")).to_contain_text("2 règles changées.")
    with live_site.database():
        assert dict(HouseRule.objects.values_list("key", "value")) == {"wait_minutes": 2, "code_hours": 48}
    page.get_by_role("button", name="Revenir à 72 heures : Durée d'un code de reprise").click()
    expect(page.locator("#content")).to_contain_text("comme sans réglage")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator(".messagelist")).to_contain_text("Une règle changée.")
    page.goto(f"{live_site.url}{PAGE}changements/")
    expect(page.locator("#content table")).to_contain_text("Durée d'un code de reprise : 48 heures → 72 heures")
    fits(page)
    if javascript:
        axe(page)
    with live_site.database():
        HouseRule.objects.all().delete()


@pytest.mark.pages_beside
def test_shared_reply_is_looked_at_before_it_is_saved(live_site, page_factory: PageFactory, axe, account):
    page = page_factory(width=320)
    sign_in(page, live_site, account(Role.ADMINISTRATOR, totp=True), "/admin/")
    with live_site.database():
        key = CannedReply.objects.get(title="Laisser du temps").pk
    page.goto(f"{live_site.url}/admin/chat/cannedreply/{key}/change/")
    page.fill("#id_vous", "Voici {unite}.")
    with page.context.expect_page() as opened:
        page.click("button[name=_preview]")
    expect(opened.value.locator(".pnav-sample__text").nth(1)).to_have_text("Voici [à compléter : nom de l'unité].")
    fits(opened.value)
    axe(opened.value)
    opened.value.close()
    page.fill("#id_vous", "Voici {unit}.")
    page.click("input[name=_save]")
    expect(page.locator(".field-vous .errorlist")).to_contain_text("Variable inconnue : {unit}")
    expect(page.locator("#id_vous")).to_have_value("Voici {unit}.")


@pytest.mark.parametrize("javascript", [True, False])
def test_field_in_error_of_a_refused_form_has_the_focus(live_site, page_factory: PageFactory, account, javascript):
    """The script of Django gave it to the first field of a form that adds."""
    page = page_factory(javascript=javascript)
    sign_in(page, live_site, account(Role.ADMINISTRATOR, totp=True), "/admin/")
    page.goto(f"{live_site.url}/admin/reports/letterhead/add/")
    if javascript:
        expect(page.get_by_label("Nom du service")).to_be_focused()
    page.get_by_label("Nom du service").fill("Plateforme")
    page.get_by_label("Lignes d'adresse").fill("1 rue\u202e de la Paix")
    page.get_by_role("button", name="Enregistrer", exact=True).click()
    expect(page.locator(".errorlist")).to_contain_text("un caractère qui ne se voit pas")
    expect(page.get_by_label("Lignes d'adresse")).to_be_focused()

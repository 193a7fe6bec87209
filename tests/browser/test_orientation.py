"""The orientation and the signalement in a real browser: axe, keyboard, no JavaScript, 320 pixels."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from locations.models import Force, Municipality, PostalCode, ReceptionPoint
from pnav.sessions import SessionStore
from tests.browser.conftest import LiveSite, PageFactory, goes_on
from tests.triage.paths import ADULT, MINOR, NOT_IN_DANGER
from triage.questions import BY_ID

CHAT = {**ADULT, "facts": "harassment", "repetition": "group", "author": "unknown"}
MINOR_CHAT = {**MINOR, "facts": "harassment", "repetition": "group", "author": "school"}
AT_HOME = {**MINOR_CHAT, "author": "family", "home": "yes"}
RESULTS = {
    "danger": {"danger": "yes"},
    "suicide": {"danger": "suicidal"},
    "chat": CHAT,
    "minor": MINOR_CHAT,
    "home": AT_HOME,
    "insult": {**ADULT, "facts": "harassment", "repetition": "once", "single_act": "insult", "insult_public": "public"},
    "scam": {**ADULT, "facts": "money", "scam": "sale"},
    "organisation": {**NOT_IN_DANGER, "role": "organisation"},
    "sms": {**ADULT, "facts": "sms", "sms_kind": "spam"},
}


def answer_all(page: Page, live_site: LiveSite, answers: dict[str, str]) -> None:
    """Answer as a person does: choose, then continue."""
    page.goto(live_site.url + "/orientation/")
    for question, value in answers.items():
        page.locator(f"#answer-{value}").check(force=True)
        with goes_on(page):
            page.get_by_role("button", name="Continuer", exact=True).click()
        assert BY_ID[question].slug not in page.url, page.content()[-6000:]


def give_place(page: Page, live_site: LiveSite) -> None:
    """Put a point d'accueil into the visit of this page, as the search of a place does."""
    key = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "sessionid")
    with live_site.database():
        commune, _created = Municipality.objects.get_or_create(
            insee_code="95127",
            defaults={
                "name": "Cergy",
                "department_code": "95",
                "department_name": "Val-d'Oise",
                "department_search": "val d oise",
                "region_code": "11",
                "region_name": "Île-de-France",
                "zone": "metro",
            },
        )
        PostalCode.objects.get_or_create(code="95000", municipality=commune)
        unit, _created = ReceptionPoint.objects.get_or_create(
            key="orientation", defaults={"name": "Commissariat de police de Cergy", "force": Force.POLICE}
        )
        session = SessionStore(session_key=key)
        session["locations"] = {"postal_code": "95000", "unit": unit.pk}
        session.save()


def has_no_sideways_scroll(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_questions_are_accessible(
    live_site: LiveSite, page_factory: PageFactory, axe: Callable[[Page], None], theme: str
) -> None:
    page = page_factory(theme=theme, width=320)
    page.goto(live_site.url + "/orientation/")
    axe(page)
    page.get_by_role("button", name="Continuer", exact=True).click()
    expect(page).to_have_title(re.compile(r"^Erreur\s: "))
    expect(page.locator("#answer-no")).to_be_focused()
    axe(page)
    answer_all(page, live_site, ADULT)
    axe(page)
    assert has_no_sideways_scroll(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("result", list(RESULTS))
def test_results_are_accessible(
    live_site: LiveSite, page_factory: PageFactory, axe: Callable[[Page], None], theme: str, result: str
) -> None:
    page = page_factory(theme=theme, width=320)
    answer_all(page, live_site, RESULTS[result])
    assert "/orientation/resultat/" in page.url
    page.locator("details.pnav-triage__answers summary").click()
    axe(page)
    assert has_no_sideways_scroll(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_report_form_is_accessible(
    live_site: LiveSite, page_factory: PageFactory, axe: Callable[[Page], None], theme: str
) -> None:
    page = page_factory(theme=theme, width=320)
    answer_all(page, live_site, CHAT)
    give_place(page, live_site)
    with goes_on(page):
        page.get_by_role("link", name="Continuer vers le tchat").click()
    for summary in page.locator("details.pnav-said summary").all():
        summary.click()
    axe(page)
    assert has_no_sideways_scroll(page)
    page.evaluate("document.querySelector('[name=since]').value = 'nonsense'")
    page.locator("[name=since]").first.check(force=True)
    page.get_by_role("button", name="Entrer dans le tchat").click()
    expect(page.locator("#errors")).to_be_focused()
    axe(page)


def test_way_through_the_questions_without_javascript(live_site: LiveSite, page_factory: PageFactory) -> None:
    page = page_factory(javascript=False, width=320)
    answer_all(page, live_site, CHAT)
    expect(page.get_by_role("heading", level=1)).to_have_text("Vous pouvez parler à un policier ou à un gendarme")
    page.go_back()
    expect(page.locator("#answer-unknown")).to_be_checked()
    page.reload()
    expect(page.locator("#answer-unknown")).to_be_checked()
    page.get_by_role("link", name="Précédent").click()
    expect(page.locator("#answer-group")).to_be_checked()


@pytest.mark.parametrize("javascript", [True, False])
def test_back_after_a_missing_answer_shows_the_question(
    live_site: LiveSite, page_factory: PageFactory, javascript: bool
) -> None:
    page = page_factory(javascript=javascript, width=320)
    page.goto(live_site.url + "/orientation/")
    page.get_by_role("button", name="Continuer", exact=True).click()
    expect(page.locator("#errors")).to_be_visible()
    page.locator("#answer-no").check(force=True)
    with goes_on(page):
        page.get_by_role("button", name="Continuer", exact=True).click()
    page.go_back()
    expect(page.locator("#answer-no")).to_be_checked()
    expect(page).not_to_have_title(re.compile(r"^Erreur\s: "))


def test_way_through_the_questions_with_the_keyboard(live_site: LiveSite, page_factory: PageFactory) -> None:
    page = page_factory()
    page.goto(live_site.url + "/orientation/")
    page.locator("#answer-no").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Continuer", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("group", name="Quelqu'un peut-il voir votre écran ?")).to_be_visible()


def test_targets_are_large_enough_for_a_thumb(live_site: LiveSite, page_factory: PageFactory) -> None:
    page = page_factory(width=320)
    answer_all(page, live_site, CHAT)
    page.locator("details.pnav-triage__answers summary").click()
    for box in page.locator("main a, main button, main summary").all():
        size = box.bounding_box()
        assert size is not None and size["height"] >= 44, box.inner_text()


def test_question_has_room_and_the_quick_exit_hides_no_answer_with_focus(
    live_site: LiveSite, page_factory: PageFactory
) -> None:
    page = page_factory(width=320, height=568)
    page.goto(live_site.url + "/orientation/")
    gap = """() => document.querySelector('.pnav-choice').getBoundingClientRect().top
        - document.querySelector('#question-text').getBoundingClientRect().bottom"""
    assert page.evaluate(gap) >= 16
    page.locator("#answer-no").focus()
    hidden = """() => {
        const on = document.activeElement, shown = on.labels && on.labels[0] || on;
        const exit = document.querySelector('.pnav-exit').getBoundingClientRect();
        return shown.getBoundingClientRect().bottom + 4 > exit.top;
    }"""
    for key in ("ArrowDown", "ArrowDown", "Tab"):
        page.keyboard.press(key)
        assert not page.evaluate(hidden), key
    expect(page.get_by_role("button", name="Continuer", exact=True)).to_be_focused()

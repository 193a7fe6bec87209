"""The code de reprise from end to end: asked for, noted, a quick exit, and back on another device."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from chat.models import Conversation
from tests.browser.conftest import goes_on
from tests.chat.sockets import visit
from tests.factories import chat as make

CREATE = "Créer un code de reprise"


@pytest.fixture
def visitor(live_site, page_factory) -> Callable[..., tuple[Page, Conversation]]:
    """`visitor(page options, **fields of the report)`: a person who waits, on the page of their visit."""

    def make_page(options: dict[str, Any], **fields: Any) -> tuple[Page, Conversation]:
        with live_site.database():
            conversation = make.waiting(**fields)
            key = visit(conversation)
        page = page_factory(**options)
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_site.url}])
        page.goto(live_site.url + "/tchat/")
        return page, conversation

    return make_page


def use(page: Page, code: str) -> None:
    page.get_by_label("Code de reprise").fill(code)
    page.get_by_role("button", name="Reprendre", exact=True).click()


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no script"])
def test_code_brings_back_on_another_device_after_a_quick_exit(
    live_site, visitor, page_factory, neutral_site, axe, javascript
):
    page, _conversation = visitor({"javascript": javascript, "width": 320, "height": 640}, discreet=True)
    page.locator("#body").fill("à garder")
    page.get_by_role("button", name="Envoyer").click()
    expect(page.locator("#messages").get_by_text("à garder")).to_be_visible()
    if javascript:
        page.get_by_role("button", name=CREATE).click()
        code = page.locator("#code")
        expect(page.locator("#code-until")).to_contain_text("Il fonctionne jusqu'au")
    else:
        with goes_on(page):
            page.get_by_role("button", name=CREATE).click()
        code = page.locator(".pnav-chat__code")
        expect(page.get_by_text("(heure de Paris)")).to_be_visible()
    words = code.text_content()
    assert len(words.split()) == 5
    fits(page)
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])")
    assert all(word not in kept for word in words.split()) and kept.startswith("[{},{},")
    assert all(cookie["expires"] == -1 for cookie in page.context.cookies())  # they end with the browser

    page.get_by_role("button", name="Quitter rapidement", exact=True).click()
    page.wait_for_url(neutral_site)

    elsewhere = page_factory(javascript=javascript, width=320, height=640)
    elsewhere.goto(live_site.url + "/tchat/reprendre/")
    slip = words.replace(words.split()[2], words.split()[2] + "zz")
    use(elsewhere, slip)
    field = elsewhere.get_by_label("Code de reprise")
    expect(elsewhere.get_by_text("n'est pas dans notre liste de mots.")).to_be_visible()
    expect(field).to_have_value(slip)
    expect(field).to_be_focused()
    fits(elsewhere)
    if javascript:
        axe(elsewhere)
    field.fill("-".join(words.upper().split()))
    elsewhere.keyboard.press("Tab")
    with goes_on(elsewhere):
        elsewhere.keyboard.press("Enter")
    expect(elsewhere.get_by_text("à garder")).to_be_visible()
    expect(elsewhere.get_by_text("Retour avec le code de reprise.").first).to_be_attached()


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no script"])
def test_code_annulled_by_keyboard_no_longer_works(live_site, visitor, page_factory, axe, javascript):
    page, conversation = visitor({"javascript": javascript, "width": 320, "height": 640}, age_band="under_15")
    page.goto(live_site.url + "/tchat/code/")
    page.get_by_role("button", name=CREATE).press("Enter")
    expect(page.get_by_text("Note ces cinq mots maintenant")).to_be_visible()
    words = page.locator(".pnav-chat__code").text_content()
    fits(page)
    if javascript:
        axe(page)
    page.get_by_role("button", name="Annuler ce code").press("Enter")
    expect(page.get_by_text("Aucun code ne fonctionne pour le moment.")).to_be_visible()
    elsewhere = page_factory(javascript=javascript)
    elsewhere.goto(live_site.url + "/tchat/reprendre/")
    use(elsewhere, words)
    expect(elsewhere.get_by_text("Ces mots n'ouvrent aucun échange.")).to_be_visible()
    with live_site.database():
        assert Conversation.objects.get(pk=conversation.pk).resume_digest is None

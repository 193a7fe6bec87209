"""A sentence is changed, tried on its page, saved, read by somebody else, and restored."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from pnav.accounts.models import Role
from tests.browser.conftest import Axe, LiveSite, PageFactory, goes_on
from tests.browser.staff import sign_in
from tests.browser.test_accounts import account as account

RESUME = "/tchat/reprendre/"
ORIGIN = "Votre code de reprise vous ramène à votre place et à vos messages, depuis n'importe quel appareil."
CHANGED = "Avec vos cinq mots, vous revenez où vous étiez. <b>Rien</b> n'est perdu."


def save(page: Page, button: str = "_save") -> None:
    with goes_on(page):
        page.click(f"[name={button}]")


BUTTONS = "[...document.querySelectorAll('.submit-row input')].map(b => [b.scrollHeight, b.offsetHeight])"


@pytest.mark.pages_beside
def test_sentence_is_tried_then_saved_then_read(
    live_site: LiveSite, page_factory: PageFactory, axe_at_both_ends: Axe, account: Callable[..., str]
):
    admin, visitor = page_factory(), page_factory()
    sign_in(admin, live_site, account(Role.ADMINISTRATOR, totp=True), "/admin/")
    admin.goto(live_site.url + "/admin/sentences/changedsentence/")
    axe_at_both_ends(admin)
    admin.fill("#words", "depuis n'importe quel appareil")
    with goes_on(admin):
        admin.click("[type=submit][value=Rechercher]")
    expect(admin.locator("[role=status]")).to_have_text("Phrases trouvées : 1")
    with goes_on(admin):
        admin.get_by_role("link", name=ORIGIN).click()
    axe_at_both_ends(admin)
    for width in (320, 1280):
        admin.set_viewport_size({"width": width, "height": 800})
        buttons = admin.evaluate(BUTTONS)
        assert len(buttons) == 2 and all(words <= height for words, height in buttons), width

    admin.fill("[name=vous]", CHANGED + " {prenom}")
    admin.click("[name=_save]")  # the address stays the same
    expect(admin.locator(".errorlist")).to_contain_text("{prenom} n'existe pas ici.")
    expect(admin.locator("[name=vous]")).to_be_focused()
    axe_at_both_ends(admin)

    admin.fill("[name=vous]", CHANGED)
    with admin.context.expect_page() as opened:
        admin.click("button[name=_preview][value=vous]")
    preview = opened.value
    expect(preview.locator("mark")).to_have_text(CHANGED)
    expect(preview.locator("main")).to_contain_text("Aperçu : rien n'est enregistré.")
    axe_at_both_ends(preview)
    preview.close()
    visitor.goto(live_site.url + RESUME)
    expect(visitor.locator("main")).to_contain_text(ORIGIN)

    save(admin)
    expect(admin.locator(".messagelist")).to_be_visible()
    visitor.reload()
    expect(visitor.locator("main")).to_contain_text(CHANGED)
    expect(visitor.locator("main b")).to_have_count(0)

    admin.goto(live_site.url + "/admin/sentences/changedsentence/?changed=1")
    with goes_on(admin):
        admin.get_by_role("link", name=CHANGED).click()
    save(admin, "_original")
    visitor.reload()
    expect(visitor.locator("main")).to_contain_text(ORIGIN)
    admin.goto(re.sub(r"\?.*", "", admin.url) + "?changed=1")
    expect(admin.locator("[role=status]")).to_have_text("Phrases trouvées : 0")

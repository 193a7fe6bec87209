"""A person of a desk is shown as on a page that has just come, whatever was done on it for somebody else."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LiveSite
from tests.browser.desk import FOUND, Person, take_seat
from tests.browser.test_console import Work, at  # noqa: F401  a fixture


def test_next_person_is_shown_as_on_a_page_that_has_just_come(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    desk = take_seat(page, live_site, at, {"used": Person(), "next": Person()})
    key = desk.shows("used")
    page.set_viewport_size({"width": 640, "height": 400})
    page.keyboard.press("Alt+u")
    page.keyboard.press("Alt+t")
    panel = page.locator(f"#cloture-{key}")
    panel.get_by_label("Comment l'échange se termine").select_option("advised")
    panel.get_by_label("Je confirme").check(force=True)
    # A busy machine brings the next person only after the ten seconds after which somebody leaves.
    panel.evaluate("form => { form.dataset.ending = '600'; }")
    panel.get_by_role("button", name="Terminer").click()
    expect(page.locator("#fins p")).to_have_count(1)
    page.locator(f"#corps-{key}").fill("un brouillon")
    page.keyboard.press("Alt+8")  # nobody has this number, which is said
    expect(page.locator("#avis")).to_be_visible()
    expect(page.locator("#annonces")).not_to_be_empty()
    page.mouse.wheel(0, 500)
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    expect(page.locator("#annonces")).to_contain_text("trouvé")  # on a busy machine it was said to the next person
    used = page.evaluate(FOUND, key)
    desk.shows("next")
    found = page.evaluate(FOUND, str(desk.people["next"].public_id))
    with pytest.raises(AssertionError, match="was written to before"):
        desk.shows("used")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{live_site.url}/console/echange/{desk.people['next'].public_id}/")
    expect(page.locator(".console-thread")).to_have_count(2)
    fresh = page.evaluate(FOUND, str(desk.people["next"].public_id))
    assert found == fresh
    assert {name for name in fresh if used[name] != fresh[name]} >= {
        "shown", "answer", "focus", "dialogs", "said", "ends", "open", "address",
    }  # fmt: skip

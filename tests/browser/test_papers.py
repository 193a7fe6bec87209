"""A document of an exchange in a real browser: part by part where it is long, and its field in error."""

import pytest
from playwright.sync_api import Route, expect

from chat.rules.lifecycle import Availability
from tests.browser.conftest import Axe, LiveSite, PageFactory
from tests.browser.test_console import Work, an_agent, at, sign_in  # noqa: F401  `at`: a fixture
from tests.factories import chat as make

pytestmark = pytest.mark.slow
FAMILIES = "👨\u200d👩\u200d👧" * 700


def _long_exchange(camille):
    return make.thread(make.assigned(camille), [FAMILIES] * 40)


@pytest.mark.pages_beside
@pytest.mark.parametrize("scripts", [True, False])
def test_long_exchange_is_offered_in_parts(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
    axe: Axe,
    scripts: bool,
):
    camille = at(an_agent, public_name="Camille", availability=Availability.AVAILABLE, present=True)
    conversation = at(_long_exchange, camille)
    page = page_factory(javascript=scripts)
    sign_in(page, live_site, camille)
    page.goto(f"{live_site.url}/console/echange/{conversation.public_id}/")
    page.locator("summary", has_text="Document de l'échange (PDF)").click()
    form = page.locator("form[action$='/document/']")
    form.locator("[name=motive]").select_option("justice")
    with page.context.expect_page() as opened:
        form.get_by_role("button", name="Faire le document").click()
    parts = opened.value
    parts.set_viewport_size({"width": 320, "height": 640})
    expect(parts.locator("h1")).to_have_text("Document de l'échange (PDF)")
    buttons = parts.get_by_role("button", name="Partie")
    expect(buttons).to_have_count(2)
    if scripts:
        assert parts.evaluate("document.documentElement.scrollWidth") <= 320
        axe(parts)
    with parts.expect_download() as download:
        buttons.nth(1).focus()
        parts.keyboard.press("Enter")
    assert download.value.suggested_filename.endswith("-2.pdf")
    with parts.expect_download() as download:
        buttons.nth(0).click()
    assert download.value.suggested_filename.endswith("-1.pdf")
    parts.close()


@pytest.mark.pages_beside
@pytest.mark.parametrize("width", [1280, 360])
def test_document_without_a_reason_shows_its_field_with_the_focus(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
    width: int,
):
    """The error stood below the screen. The script, when it came after the focus, took the focus away."""
    camille = at(an_agent, public_name="Camille", availability=Availability.AVAILABLE, present=True)
    conversation = at(make.assigned, camille)
    page = page_factory()
    sign_in(page, live_site, camille)
    page.goto(f"{live_site.url}/console/echange/{conversation.public_id}/")
    page.locator("summary", has_text="Document de l'échange (PDF)").click()
    held: list[Route] = []
    page.context.route("**/console/screen*.js", lambda route: held.append(route))
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Faire le document").click()
    paper = opened.value
    paper.set_viewport_size({"width": width, "height": 800})
    field = paper.locator("form[action$='/document/'] [name=motive]")
    expect(field).to_be_focused()
    [script] = held
    script.continue_()
    expect(paper.locator(f"html[data-run='{paper.locator('script[data-counted]').count()}']")).to_be_attached()
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description("Choisissez pourquoi le document est fait.")
    expect(paper.get_by_text("Choisissez pourquoi le document est fait.")).to_be_in_viewport()
    paper.close()

"""What is printed while the dark theme is on can be read: paper is white, and backgrounds are not printed on it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from pnav.accounts.models import Role
from tests.browser.conftest import LiveSite, PageFactory
from tests.browser.staff import sign_in as sign_in_as_staff
from tests.browser.test_accounts import account  # noqa: F401  a fixture
from tests.browser.test_console import Work, an_agent, at, be_signed_in  # noqa: F401  `at`: a fixture

pytestmark = pytest.mark.slow

# The words that are too pale for white paper (WCAG 1.4.3), each with its colour. What is in a chart is black there.
PALE = """() => {
  document.getAnimations().filter((one) => one instanceof CSSTransition).forEach((one) => one.finish());
  const part = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const words = walker.currentNode.textContent.trim(), holder = walker.currentNode.parentElement;
    if (!words || holder.matches("script, style, svg *")) continue;
    if (!holder.checkVisibility({ visibilityProperty: true })) continue;
    const colour = getComputedStyle(holder).color;
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number);
    const light = 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
    if (1.05 / (light + 0.05) < 4.5) found.push(`${words.slice(0, 40)}: ${colour}`);
  }
  return found;
}"""


def _read_on_paper(page: Page) -> None:
    page.emulate_media(media="print")
    assert page.evaluate(PALE) == []
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") in ("normal", "light", "light dark")
    page.emulate_media(media="screen")


@pytest.mark.parametrize("is_chosen", [True, False])
def test_admin_is_printed_in_light_colours_from_the_dark_theme(
    live_site: LiveSite,
    page_factory: PageFactory,
    account: Callable[..., str],  # noqa: F811
    is_chosen: bool,
):
    """Dark is chosen with the admin's own button, or is the theme of the system."""
    page = page_factory(width=1280)
    sign_in_as_staff(page, live_site, account(Role.ADMINISTRATOR, totp=True), "/admin/")
    other = account(totp=True)
    page.emulate_media(color_scheme="light" if is_chosen else "dark")
    if is_chosen:
        page.evaluate("localStorage.setItem('theme', 'dark')")
        page.reload()
    dark = page.locator("body").evaluate("(body) => getComputedStyle(body).backgroundColor")
    assert dark == "rgb(18, 18, 18)", "the page is dark on the screen"
    _read_on_paper(page)
    page.goto(f"{live_site.url}/admin/accounts/user/?q={other}")
    page.locator("#result_list tbody th a").first.click()
    page.wait_for_url("**/change/**")
    page.goto(page.url.replace("/change/", "/password/"))
    page.get_by_role("button", name="Tirer un mot de passe provisoire").click()
    expect(page.locator("#first-password")).to_be_visible()
    _read_on_paper(page)
    page.emulate_media(media="print")
    width = page.locator("#content-start").evaluate("(part) => part.getBoundingClientRect().width")
    assert width == page.evaluate("document.documentElement.clientWidth"), "no room is left for the list beside it"


def test_pages_of_the_site_are_printed_in_light_colours_from_the_dark_theme(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
):
    chief = at(an_agent, role=Role.SUPERVISOR)
    page = page_factory(width=1280)
    be_signed_in(page, live_site, chief)
    page.emulate_media(color_scheme="dark")
    for address in ("/console/tableau/", "/console/historique/", "/loi/"):
        page.goto(live_site.url + address)
        for scheme in ("system", "dark"):
            page.evaluate(
                """(scheme) => {
                  document.documentElement.dataset.frScheme = scheme;
                  document.documentElement.toggleAttribute("data-fr-theme", false);
                  if (scheme === "dark") document.documentElement.setAttribute("data-fr-theme", "dark");
                }""",
                scheme,
            )
            on_screen = page.locator("h1").evaluate("(title) => getComputedStyle(title).color")
            assert on_screen == "rgb(255, 255, 255)", "the page is dark on the screen"
            _read_on_paper(page)


def test_no_title_of_figures_is_alone_at_the_foot_of_a_sheet_and_no_tile_is_cut(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
):
    chief = at(an_agent, role=Role.SUPERVISOR)
    page = page_factory(width=1280)
    be_signed_in(page, live_site, chief)
    for address in ("tableau", "historique"):
        page.goto(f"{live_site.url}/console/{address}/")
        page.emulate_media(media="print")
        titles = page.locator("main :is(h1, h2, h3)").filter(visible=True)
        after = titles.evaluate_all("(all) => all.map((one) => getComputedStyle(one).breakAfter)")
        assert len(after) > 2 and set(after) == {"avoid"}, address
        tiles = page.locator(".console-figures > div").filter(visible=True)
        inside = tiles.evaluate_all("(all) => all.map((one) => getComputedStyle(one).breakInside)")
        assert set(inside) <= {"avoid"} and (inside or address != "tableau"), address
        if address == "tableau":
            waiting = page.get_by_role("table").filter(visible=True).filter(has_text="Attente la plus longue")
            assert waiting.evaluate("(table) => getComputedStyle(table).breakInside") == "avoid"
        page.emulate_media(media="screen")

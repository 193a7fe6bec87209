"""Pictures of the board and of the history that their reader hides, moves and sizes, by keys and without scripts."""

import pytest
from playwright.sync_api import Page, expect

from pnav.accounts.models import Role
from tests.browser.conftest import Axe, LiveSite, PageFactory
from tests.browser.test_charts import a_busy_board, reads_again
from tests.browser.test_console import Work, an_agent, at, be_signed_in  # noqa: F401  `at`: a fixture

pytestmark = pytest.mark.slow
WIDTHS = (
    "lists => lists.flatMap(list => [...list.children].map(one => "
    "Math.round(12 * one.getBoundingClientRect().width / list.getBoundingClientRect().width) / 2))"
)


def sixths(page: Page) -> list[float]:
    """Return how many sixths of its grid each picture has, to a half."""
    return page.locator("ul.charts").evaluate_all(WIDTHS)


def press(page: Page, name: str) -> None:
    with page.expect_navigation(url="**/disposition/?*"):
        page.get_by_role("button", name=name, exact=True).press("Enter")


def test_pictures_of_the_board_are_moved_and_sized_by_keys_and_stay_so_while_it_is_read_again(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
    axe_in_both_themes: Axe,
):
    chief = at(an_agent, role=Role.SUPERVISOR)
    at(a_busy_board)
    page = page_factory(width=1440, height=900)
    be_signed_in(page, live_site, chief)
    page.goto(f"{live_site.url}/console/tableau/")
    assert sixths(page) == [3, 3, 2, 4, 6]
    page.get_by_role("link", name="Disposer le tableau").click()
    places = "Dessin : les places"
    press(page, f"Plus large – {places}")
    expect(page.get_by_role("button", name=f"Plus large – {places}")).to_be_focused()
    expect(page.locator("#fait")).to_have_text(f"« {places} » : les deux tiers de la largeur.")
    press(page, "Moins large – Dessin : agents qu'il faut aujourd'hui")
    press(page, f"Monter – {places}")
    press(page, "Cacher – Dessin : pris en charge à temps")
    axe_in_both_themes(page)
    page.get_by_role("link", name="Tableau de service").last.click()
    assert sixths(page) == [4, 3, 4, 4]
    expect(page.locator("ul.charts > li").first).to_contain_text("prise sur")
    alerts = page.locator("[data-alerts]").bounding_box()
    first = page.locator("ul.charts").first.bounding_box()
    assert alerts and first and alerts["y"] < first["y"]
    reads_again(page)
    assert sixths(page) == [4, 3, 4, 4]
    page.set_viewport_size({"width": 1024, "height": 768})
    assert sixths(page) == [6, 3, 6, 6]
    page.set_viewport_size({"width": 360, "height": 640})
    assert sixths(page) == [6] * 4
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_history_is_arranged_without_a_script_and_back_in_one_press(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
):
    chief = at(an_agent, role=Role.SUPERVISOR)
    page = page_factory(width=1440, height=900, javascript=False)
    be_signed_in(page, live_site, chief)
    page.goto(f"{live_site.url}/console/historique/?periode=7")
    shown = page.locator("ul.charts > li").count()
    page.get_by_role("link", name="Disposer l'historique").click()
    for name in (
        "Cacher – Dessin : attente, par heure",
        "Plus large – Dessin : quand on vient, par heure et par jour",
        "Monter – Dessin : quand on vient, par heure et par jour",
    ):
        page.get_by_role("button", name=name, exact=True).click()
    page.get_by_role("link", name="Historique", exact=True).last.click()
    expect(page.locator("#periode")).to_have_value("7")
    expect(page.locator("ul.charts > li")).to_have_count(shown - 1)
    expect(page.get_by_text("Parties cachées : Dessin : attente, par heure.")).to_be_visible()
    first = page.locator("ul.charts > li").first
    expect(first.locator("#semaine-titre")).to_have_count(1)
    letter = "one => getComputedStyle(one).fontSize"
    assert first.locator(".chart__text").first.evaluate(letter) == "4.5px"
    page.goto(f"{live_site.url}/console/historique/disposition/")
    page.get_by_role("button", name="Remettre comme au début").click()
    page.goto(f"{live_site.url}/console/historique/")
    expect(page.locator("ul.charts > li")).to_have_count(shown)

"""Places in a real browser: typing, the keyboard, no script, both themes, and a narrow screen."""

import contextlib
import re

import pytest
from playwright.sync_api import Error, Route, expect

from tests.browser.conftest import Axe, LiveSite, PageFactory, goes_on

SEARCH = "/point-d-accueil/"
SAFETY = re.compile("êtes-vous en sécurité")  # the next question, once the place is known


@pytest.fixture
def site(live_site: LiveSite) -> LiveSite:
    """Return the site, which has all places."""
    return live_site


def test_every_page_is_accessible_and_fits(site, page_factory: PageFactory, axe_at_both_ends: Axe):
    page = page_factory()
    search = site.url + SEARCH
    page.goto(search)
    axe_at_both_ends(page)
    for field, text, title in (
        ("#ville-contacts", "saint-denis", "Sélectionnez votre service"),
        ("#ville-contacts", "51300", "Sélectionnez votre service"),
        ("#ville-echange", "zzqq", "Nous n'avons pas trouvé ce lieu"),
        ("#ville-echange", "Marseile", "Vouliez-vous dire…"),
        ("#ville-echange", "Bruxelles", re.compile("hors de France")),
        ("#ville-echange", "", "Point d'accueil"),
        ("#ville-echange", "Belley", SAFETY),
    ):
        page.goto(search)
        page.fill(field, text)
        page.keyboard.press("Escape")
        page.locator("section", has=page.locator(field)).locator("[type=submit]").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        axe_at_both_ends(page)
    page.goto(search + "choix/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Votre choix est enregistré")
    axe_at_both_ends(page)
    with goes_on(page):
        page.get_by_role("main").get_by_role("link", name="Supprimer cet interlocuteur").click()
    axe_at_both_ends(page)
    with goes_on(page):
        page.get_by_role("link", name="Non, garder").click()
    page.get_by_role("main").get_by_role("link", name="Voir mes contacts utiles").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mes contacts utiles")
    axe_at_both_ends(page)


def test_suggestions_with_the_keyboard(site, page_factory: PageFactory, axe: Axe):
    page = page_factory()
    page.goto(site.url + SEARCH)
    field = page.get_by_role("combobox", name="Je renseigne ma ville ou mon code postal")
    expect(field).to_have_attribute("aria-expanded", "false")
    field.press_sequentially("saint den")
    options = page.get_by_role("option")
    expect(options.first).to_have_text("Saint-Denis (974) – 97400")
    expect(field).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("status").filter(has_text="propositions")).to_be_attached()
    axe(page)
    field.press("ArrowDown")
    field.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", options.nth(1).get_attribute("id"))
    field.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(SAFETY)
    assert "Denis" not in page.url


def test_suggestions_close_with_escape_and_keep_the_text(site, page_factory: PageFactory):
    page = page_factory()
    page.goto(site.url + SEARCH)
    field = page.locator("#ville-contacts")
    field.press_sequentially("arle")
    expect(page.get_by_role("option").first).to_be_visible()
    field.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    expect(field).to_have_value("arle")


def test_suggestions_that_come_after_escape_do_not_open(site, page_factory: PageFactory):
    """On the home page the list pushes the doors down, from under the pointer of whoever wants no list."""
    page = page_factory()
    page.goto(site.url + SEARCH)
    held: list[Route] = []

    def hold(route: Route) -> None:  # a method of a list cannot be a handler
        held.append(route)

    page.route("**/suggestions/", hold)
    field = page.get_by_role("combobox", name="Je renseigne ma ville ou mon code postal")
    with page.expect_request("**/suggestions/"):
        field.press_sequentially("saint den")
    page.keyboard.press("Escape")
    assert held
    for route in held:
        with contextlib.suppress(Error):  # the page does not ask for it any more
            route.fulfill(json={"suggestions": [{"text": "93200", "label": "Saint-Denis"}]})
    page.wait_for_timeout(300)  # nothing reports that no list opened
    expect(field).to_have_attribute("aria-expanded", "false")
    page.unroute("**/suggestions/")
    field.press_sequentially("is")
    expect(field).to_have_attribute("aria-expanded", "true")


def test_suggestions_that_were_read_before_escape_do_not_open(site, page_factory: PageFactory):
    """Ending the request changes nothing any more, because its answer is there: the script has to look once more."""
    page = page_factory()
    page.goto(site.url + SEARCH)
    page.evaluate(
        """() => {
          const read = Response.prototype.json;
          Response.prototype.json = async function () {
            const found = await read.call(this);
            await new Promise((go) => { window.handOver = go; });
            return found;
          };
        }"""
    )
    field = page.get_by_role("combobox", name="Je renseigne ma ville ou mon code postal")
    for text, key, is_open in (("saint den", "Escape", "false"), ("saint deni", "End", "true")):
        field.fill(text)
        page.wait_for_function("() => window.handOver")
        field.press(key)
        page.evaluate(
            """async () => {
              window.handOver();
              window.handOver = null;
              await new Promise(requestAnimationFrame);
            }"""
        )
        expect(field).to_have_attribute("aria-expanded", is_open)


def test_suggestions_with_the_pointer(site, page_factory: PageFactory):
    page = page_factory(width=320, has_touch=True)
    page.goto(site.url + SEARCH)
    page.locator("#ville-echange").press_sequentially("belle")
    page.get_by_role("option", name="Belley (01) – 01300").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text(SAFETY)


def test_suggestions_never_cover_the_button(site, page_factory: PageFactory):
    page = page_factory(width=320, has_touch=True)
    page.goto(site.url + SEARCH)
    field = page.locator("#ville-echange")
    field.fill("belle")
    expect(page.get_by_role("option").first).to_be_visible()
    button = page.locator("section", has=field).get_by_role("button", name="Rechercher")
    shown, pressed = page.get_by_role("listbox").bounding_box(), button.bounding_box()
    assert shown["y"] + shown["height"] <= pressed["y"]
    field.fill("Belley")
    expect(page.get_by_role("option", name="Belley (01) – 01300")).to_be_visible()
    # One press is enough, because the button does not move under the finger.
    button.tap()
    expect(page.get_by_role("heading", level=1)).to_have_text(SAFETY)


@pytest.mark.parametrize("address", [SEARCH, "/"])
def test_suggestions_open_above_the_bar_of_a_phone(site, page_factory: PageFactory, address):
    page = page_factory(width=360, height=640, has_touch=True)
    page.goto(site.url + address)
    field = page.get_by_role("combobox").first
    # As low as the field can be: half of it under the bar.
    field.evaluate("node => window.scrollBy(0, node.getBoundingClientRect().top - 540)")
    field.press_sequentially("marseile")
    expect(page.get_by_role("option").first).to_be_visible()
    listed, bar = page.get_by_role("listbox").bounding_box(), page.locator(".pnav-exit").bounding_box()
    assert listed["y"] + listed["height"] <= bar["y"] + 1
    assert listed["height"] >= 88, "two of them at least"
    expect(field).to_be_in_viewport(ratio=1)


def test_suggestions_open_above_the_keyboard_of_a_phone(site, page_factory: PageFactory):
    """A keyboard makes the visual viewport lower; the page itself stays as high as it was."""
    page = page_factory(width=360, height=640, has_touch=True)
    page.add_init_script(
        "Object.defineProperty(window, 'visualViewport', { value: Object.assign(new EventTarget(),"
        " { offsetTop: 0, height: 320 }) });"
    )
    page.goto(site.url + SEARCH)
    field = page.get_by_role("combobox").first
    field.press_sequentially("saint")
    expect(page.get_by_role("option").first).to_be_visible()
    listed = page.get_by_role("listbox").bounding_box()
    assert listed["y"] + listed["height"] <= 321 and listed["height"] >= 88
    assert field.bounding_box()["y"] >= 0


def test_suggestions_close_when_the_field_is_left(site, page_factory: PageFactory):
    page = page_factory()
    page.goto(site.url + SEARCH)
    field = page.locator("#ville-echange")
    for leave in (lambda: field.press("Tab"), lambda: page.get_by_role("heading", level=1).click()):
        field.fill("")
        field.press_sequentially("arle")
        expect(page.get_by_role("option").first).to_be_visible()
        leave()
        expect(page.get_by_role("option")).to_have_count(0)
        expect(field).to_have_value("arle")


def test_a_slow_press_on_a_door_of_the_home_page_is_taken(site, page_factory: PageFactory):
    """The list stands above the doors: while one is pressed, however long, nothing moves.

    The page is not scrolled: a browser would hold what is seen in its place by itself, and not all of them do.
    """
    page = page_factory(width=360, height=1400)
    page.goto(site.url)
    field = page.get_by_role("combobox")
    field.press_sequentially("saint den")
    expect(page.get_by_role("option").first).to_be_visible()
    door = page.get_by_role("button", name="J'ai moins de 18 ans")
    assert page.evaluate("scrollY") == 0
    box = door.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.wait_for_timeout(900)  # three times as long as a list that was left stays open
    assert door.bounding_box() == box, "the door moved from under the finger"
    page.mouse.up()
    expect(page).not_to_have_url(re.compile(r"^[^/]+//[^/]+/$"))


def test_search_works_when_suggestions_do_not_answer(site, page_factory: PageFactory):
    page = page_factory()
    page.route("**/suggestions/", lambda route: route.abort())
    page.goto(site.url + SEARCH)
    page.locator("#ville-echange").press_sequentially("Belley")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(SAFETY)


def test_whole_way_without_javascript_and_back(site, page_factory: PageFactory):
    page = page_factory(javascript=False, width=320)
    page.goto(site.url + SEARCH)
    page.fill("#ville-contacts", "Arles")
    page.get_by_role("button", name="Trouver mes contacts").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sélectionnez votre service")
    page.get_by_role("button", name="Enregistrer mon choix").click()
    expect(page.get_by_text("Sélectionner un service dans la liste.")).to_be_visible()
    page.get_by_text("Commissariat de police d'Arles").click()
    page.get_by_role("button", name="Enregistrer mon choix").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mes contacts utiles")
    expect(page.get_by_role("heading", level=2, name="Commissariat de police d'Arles")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sélectionnez votre service")
    page.go_back()
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Point d'accueil")


@pytest.mark.parametrize(("height", "position"), [(568, "static"), (800, "sticky")])
def test_choice_of_a_service_on_a_low_screen_leaves_the_room_to_the_services(
    site, page_factory: PageFactory, height, position
):
    page = page_factory(width=320, height=height)
    page.goto(site.url + SEARCH)
    page.fill("#ville-contacts", "Arles")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Trouver mes contacts").click()
    bar = page.locator(".pnav-service__submit")
    expect(bar).to_have_css("position", position)
    last = page.locator(".pnav-service__option input").last
    last.focus()
    label, exit_bar = (
        last.locator("xpath=following-sibling::label").bounding_box(),
        page.locator(".pnav-exit").bounding_box(),
    )
    assert label["y"] + label["height"] <= exit_bar["y"] + 1

"""For every page, in both themes: axe finds nothing, nothing scrolls sideways at 320 px, targets are large enough, and
the page respects what a person has set in the browser (`tests/browser/preferences.py`).

Pages that need a situation (a conversation, a sign-in) have tests of their own beside the browser tests of their part.
"""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Axe, LiveSite, PageFactory, anew, goes_on
from tests.browser.preferences import ask_for_stillness, is_whole_on_paper, keeps_still_and_has_edges
from tests.browser.test_history import SAYS_NOTHING, somebody_watches

# Add the address of a page here as soon as it exists.
ADDRESSES = [
    "/",
    "/loi/",
    "/retrait/",
    "/retrait/demande/",
    "/numeros/",
    "/mineurs/",
    "/mineurs/plus-simple/",
    "/professionnels/",
    "/quitter/",
    "/avis/",
    "/avis/merci/",
    "/accessibilite/",
    "/mentions-legales/",
    "/chiffres/",
    "/carte/",
    "/donnees-personnelles/",
    "/parametres-affichage/",
    "/composants/",
    "/orientation/",
    "/point-d-accueil/",
    "/point-d-accueil/mes-contacts/",
    "/signalement/",
    "/tchat/",
    "/tchat/reprendre/",
    "/compte/login/",
    "/une-adresse-qui-n-existe-pas/",
]
# Pages that are also looked at in discreet mode: the home page, a question, a page of information, of numbers and of
# legal text, a search, forms with a fold and without.
DISCREET_TOO = ["/", "/orientation/", "/loi/", "/numeros/", "/donnees-personnelles/", "/point-d-accueil/", "/avis/",
                "/tchat/reprendre/", "/quitter/"]  # fmt: skip


UNFOLD = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"


def test_every_page_is_accessible_and_keeps_to_what_was_asked_of_the_browser(
    page_factory: PageFactory, live_site: LiveSite, axe_in_both_themes: Axe, subtests: pytest.Subtests
):
    """Each address is opened in a visit that begins anew, in one tab: a new one would compile axe again. Each page is
    loaded once; the browser changes under it."""
    page = page_factory(width=320)
    for address in ADDRESSES:
        anew(page, live_site)
        ask_for_stillness(page)
        page.set_viewport_size({"width": 320, "height": 800})
        page.goto(live_site.url + address)
        page.evaluate(UNFOLD)
        keeps_still_and_has_edges(page, address, subtests)
        with subtests.test(f"axe finds nothing, and nothing scrolls sideways: {address}"):
            axe_in_both_themes(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= 320
        is_whole_on_paper(page, address, subtests)


def test_axe_finds_nothing_where_somebody_watches(
    page_factory: PageFactory, live_site: LiveSite, axe: Axe, axe_in_both_themes: Axe, subtests: pytest.Subtests
):
    """Pages of discreet mode are looked at folded, which is how somebody who watches sees them, and unfolded."""
    page = page_factory(width=320)
    somebody_watches(live_site, page)
    for address in DISCREET_TOO:
        with subtests.test(address):
            page.goto(live_site.url + address)
            assert SAYS_NOTHING.fullmatch(page.url.removeprefix(live_site.url)), page.url
            assert page.title() == "Informations"
            axe(page)
            page.evaluate(UNFOLD)
            axe_in_both_themes(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= 320


# Targets that are lower than 44 px, except links inside a sentence (WCAG 2.5.8 exempts them).
SMALL = """() => {
    const isShown = (e) => e.checkVisibility() && !e.closest(".fr-skiplinks, .pnav-exit-first");
    const isInSentence = (e) => {
        const sentence = e.closest("p, li, dd");
        return sentence && sentence.textContent.trim() !== e.textContent.trim();
    };
    const boxes = [...document.querySelectorAll("a, button, summary")]
        .filter((e) => isShown(e) && !(e.tagName === "A" && isInSentence(e)))
        .filter((e) => e.getBoundingClientRect().height < 44);
    // The lines of radio buttons are larger than the box of their label: try the points.
    const lines = [...document.querySelectorAll("[type=radio] + label, [type=checkbox] + label")]
        .filter((label) => {
            label.scrollIntoView({ block: "center" });
            const box = label.getBoundingClientRect();
            const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
            return ![-21, 21].every((dy) => label.contains(document.elementFromPoint(x, y + dy)));
        });
    return [...boxes, ...lines].map((e) => e.outerHTML.slice(0, 120));
}"""


def test_touch_targets_are_large(page_factory: PageFactory, live_site: LiveSite, subtests: pytest.Subtests):
    page = page_factory(width=320)
    for address in ("/", "/avis/", "/parametres-affichage/", "/mineurs/", "/numeros/"):
        with subtests.test(address):
            page.goto(live_site.url + address)
            assert page.evaluate(SMALL) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_theme_follows_the_system_without_javascript(page_factory: PageFactory, live_site: LiveSite, theme: str):
    page = page_factory(theme=theme, javascript=False)
    page.goto(live_site.url + "/")
    paint = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paint == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 22, 22)"}[theme]


@pytest.mark.parametrize("choice", ["light", "dark"])
def test_theme_chosen_wins_over_the_system(page_factory: PageFactory, live_site: LiveSite, choice: str):
    page = page_factory(theme="dark" if choice == "light" else "light", javascript=False)
    page.goto(live_site.url + "/parametres-affichage/?next=/avis/")
    page.locator(f"input[name=theme][value={choice}]").check(force=True)
    with goes_on(page):
        page.get_by_role("button", name="Enregistrer").click()
    assert page.url == live_site.url + "/avis/"
    paint = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paint == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 22, 22)"}[choice]


def test_language_english_is_kept(page_factory: PageFactory, live_site: LiveSite):
    page = page_factory(javascript=False)
    page.goto(live_site.url + "/parametres-affichage/")
    page.get_by_label("English").check(force=True)
    page.locator("main button[type=submit]").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("heading", name="What the law says")).to_have_count(1)


def test_menu_opens_without_javascript(page_factory: PageFactory, live_site: LiveSite):
    page = page_factory(javascript=False, width=320)
    page.goto(live_site.url + "/")
    link = page.locator("#menu").get_by_role("link", name="Point d'accueil")
    assert not link.is_visible()
    page.locator("#menu summary").click()
    link.click()
    expect(page).to_have_url(live_site.url + "/point-d-accueil/")


def test_feedback_error_takes_the_focus(page_factory: PageFactory, live_site: LiveSite):
    page = page_factory()
    page.goto(live_site.url + "/avis/")
    page.locator("textarea").fill("Ce que j'ai écrit")
    page.get_by_role("button", name="Envoyer mon avis").click()
    expect(page).to_have_title(re.compile("^Erreur"))
    expect(page.locator("#erreurs")).to_be_focused()
    expect(page.locator("textarea")).to_have_value("Ce que j'ai écrit")


@pytest.mark.parametrize("width", [320, 1280])
def test_skip_links_lead_somewhere_visible(page_factory: PageFactory, live_site: LiveSite, width: int):
    page = page_factory(width=width)
    page.goto(live_site.url + "/")
    targets = page.locator(".fr-skiplinks a").evaluate_all("links => links.map((link) => link.hash)")
    assert targets == ["#contenu", "#menu", "#pied"]
    assert all(page.locator(target).is_visible() for target in targets)


def test_skip_links_move_nothing_so_that_a_first_press_is_not_lost(page_factory: PageFactory, live_site: LiveSite):
    page = page_factory(width=1280)
    page.goto(live_site.url + "/")
    title = page.locator("h1")
    before = title.bounding_box()
    page.locator(".fr-skiplinks a").first.focus()
    expect(page.locator(".fr-skiplinks")).to_have_css("opacity", "1")
    assert title.bounding_box() == before
    page.locator(".fr-skiplinks a").first.evaluate("link => link.blur()")
    assert title.bounding_box() == before

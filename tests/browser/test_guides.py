"""The pages of information in a real browser: boxes to tick, paper, and no script."""

from io import BytesIO

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.browser.conftest import Axe, LiveSite, PageFactory

BOX = ".pnav-boxes li:nth-child(2)"


@pytest.mark.parametrize("javascript", [True, False])
def test_box_shows_its_advice_and_nothing_is_sent(live_site: LiveSite, page_factory: PageFactory, javascript: bool):
    page = page_factory(width=320, javascript=javascript)
    page.goto(live_site.url + "/mineurs/", wait_until="networkidle")  # the fonts come after the page
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    advice = page.locator(f"{BOX} .pnav-boxes__advice > p")
    expect(advice).to_be_hidden()
    page.locator(f"{BOX} label").click()
    expect(advice).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    expect(advice).to_be_hidden()
    assert page.url == live_site.url + "/mineurs/" and sent == []


def test_box_is_forgotten_when_the_page_is_loaded_again(live_site: LiveSite, page: Page):
    page.goto(live_site.url + "/mineurs/")
    page.locator(f"{BOX} input").check()
    page.reload()
    expect(page.locator(f"{BOX} input")).not_to_be_checked()
    page.locator(f"{BOX} input").check()
    page.goto(live_site.url + "/loi/")
    page.go_back()
    expect(page.locator(f"{BOX} input")).not_to_be_checked()


@pytest.mark.parametrize("address", ["/loi/", "/retrait/", "/mineurs/"])
def test_paper_shows_what_is_folded_and_no_button(live_site: LiveSite, page_factory: PageFactory, address: str):
    page = page_factory(javascript=True)
    page.goto(live_site.url + address)
    folded = page.locator("main details .pnav-more__content")
    assert folded.count()
    expect(folded.filter(visible=True)).to_have_count(0)
    page.emulate_media(media="print")
    heights = folded.evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
    assert min(heights) > 16, heights
    no_paper = page.locator("main .fr-btn, .pnav-header, .pnav-footer, .pnav-exit")
    expect(no_paper.filter(visible=True)).to_have_count(0)
    expect(page.locator(".pnav-boxes__advice > p").filter(visible=False)).to_have_count(0)


def test_ages_lead_to_one_another_and_both_to_the_chat(live_site: LiveSite, page: Page):
    page.goto(live_site.url + "/mineurs/")
    page.get_by_role("link", name="Lire cette page en plus simple").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("On te fait du mal sur internet\u00a0?")
    page.get_by_role("link", name="Lire la page pour les plus grands").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tu as moins de 18 ans\u00a0?")


def write_kit(page: Page, live_site: LiveSite) -> None:
    """Write an adult's request to Instagram for an intimate image at a long address."""
    page.goto(live_site.url + "/retrait/")
    page.get_by_label("Où est le contenu").select_option("Instagram")
    page.get_by_text("Moi : j'ai 18 ans ou plus").click()
    page.get_by_text("C'est une image intime").click()
    page.get_by_role("button", name="Voir où demander").click()
    expect(page.get_by_role("heading", name="Où demander", exact=False)).to_be_visible()
    expect(page.get_by_role("heading", name="StopNCII.org")).to_be_visible()
    page.get_by_label("Adresse exacte de chaque contenu").fill("https://exemple.fr/" + "x" * 150)
    page.get_by_role("button", name="Écrire le texte").click()
    expect(page.locator("#texte-illicite")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False])
def test_paper_of_the_removal_kit_holds_each_letter_whole_and_no_form(
    live_site: LiveSite, page_factory: PageFactory, javascript: bool
):
    page = page_factory(width=320, javascript=javascript)
    write_kit(page, live_site)
    letters = page.locator(".guide__letter").all_inner_texts()
    assert len(letters) == 2
    page.emulate_media(media="print")
    no_paper = page.locator("main .fr-btn, .guide__form, .pnav-header, .pnav-footer, .pnav-exit")
    expect(no_paper.filter(visible=True)).to_have_count(0)
    for last in ("body", "main > .fr-container"):  # what is below the last line would be an empty sheet
        assert page.locator(last).evaluate("node => getComputedStyle(node).paddingBottom") == "0px"
    paper = PdfReader(BytesIO(page.pdf(format="A4")))
    # Where lines end depends on the paper.
    printed = "".join("".join(one.extract_text() for one in paper.pages).split())
    for letter in letters:
        assert "".join(letter.split()) in printed
    assert "https://exemple.fr/" + "x" * 150 in printed and "Écrireletexte" not in printed


@pytest.mark.parametrize("javascript", [True, False])
def test_removal_kit_from_choice_to_copy(
    live_site: LiveSite, page_factory: PageFactory, axe_in_both_themes: Axe, javascript: bool
):
    page = page_factory(width=320, javascript=javascript)
    write_kit(page, live_site)
    text = page.locator("#texte-illicite")
    expect(text).to_contain_text("https://exemple.fr/x")
    assert page.url == live_site.url + "/retrait/demande/", "nothing that was typed is in an address"
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    if not javascript:
        expect(page.locator("[data-copy]").first).to_be_hidden()
        return
    expect(page.locator("#textes")).to_be_focused()
    page.locator("[data-copy=texte-illicite]").click()
    expect(page.locator("#copie")).to_have_text("Texte copié.")
    assert page.evaluate("getSelection().toString()").startswith("Objet")
    axe_in_both_themes(page)

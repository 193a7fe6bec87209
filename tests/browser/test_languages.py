"""Two languages more, switched on by their translations alone: one longer than French, one written from the right.

Every page, in each: nothing scrolls sideways at 320 px, no text lies on another or out of the page, axe finds nothing.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from pytest_django import DjangoDbBlocker

from pnav.pages.models import ContentBlock, HelpNumber
from tests.browser.conftest import ROOT, Axe, LiveSite, PageFactory, goes_on, running_site
from tests.browser.test_accessibility import ADDRESSES
from tests.support import pseudo_languages
from tests.support.pseudo_languages import LANGUAGES, translated

BOTH = pytest.mark.parametrize("language", [code for code, _name in LANGUAGES])

# Texts that lie on one another, or out of the page. Not those that stay in place while the page moves under them, nor
# what is hidden for the eye alone; and what scrolls in a box of its own, as a table does, may reach out.
MISPLACED = """() => {
    const width = document.documentElement.clientWidth;
    const stays = (e) => { for (; e; e = e.parentElement) {
        const style = getComputedStyle(e);
        const isHidden = style.clipPath !== "none" || style.clip !== "auto";
        if (["fixed", "sticky"].includes(style.position) || isHidden) return true;
    } return false; };
    const scrolls = (e) => { for (; e; e = e.parentElement) {
        if (e !== document.documentElement && getComputedStyle(e).overflowX !== "visible") return true;
    } return false; };
    const texts = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const parent = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || !parent.checkVisibility() || stays(parent)) continue;
        const range = document.createRange();
        range.selectNodeContents(walker.currentNode);
        for (const box of range.getClientRects()) {
            if (box.width > 1 && box.height > 1) texts.push([box, walker.currentNode]);
        }
    }
    const found = [];
    texts.forEach(([box, node], index) => {
        const isOut = box.left < -1 || box.right > width + 1;
        if (isOut && !scrolls(node.parentElement)) found.push("out: " + node.data.trim().slice(0, 60));
        for (const [other, lies] of texts.slice(index + 1)) {
            const across = Math.min(box.right, other.right) - Math.max(box.left, other.left);
            const down = Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top);
            if (node !== lies && across > 2 && down > Math.min(box.height, other.height) / 2) {
                found.push("on one another: " + node.data.trim().slice(0, 40) + " / " + lies.data.trim().slice(0, 40));
            }
        }
    });
    return found;
}"""


@pytest.fixture(scope="module")
def live_site(
    tmp_path_factory: pytest.TempPathFactory, neutral_site: str, django_db_blocker: DjangoDbBlocker
) -> Iterator[LiveSite]:
    """The site with two languages more: their translations, and the contents in them, and nothing else."""
    sources = (ROOT / "pnav" / "locale").glob("*/LC_MESSAGES/django.po")
    locale = pseudo_languages.write(tmp_path_factory.mktemp("locale"), sorted(sources))
    folder = tmp_path_factory.mktemp("site")
    with running_site(folder, neutral_site, django_db_blocker, "languages", PSEUDO_LANGUAGES=str(locale)) as site:
        with site.database():
            for model in (ContentBlock, HelpNumber):
                for row in model.objects.prefetch_related("text_rows"):
                    for part in model.text_fields:
                        for code, _name in LANGUAGES:
                            if own := getattr(row, part):
                                row.text_rows.create(language=code, part=part, text=translated(code, own))
        yield site


@pytest.fixture
def reader(page_factory: PageFactory, live_site: LiveSite, language: str) -> Page:
    """Somebody who reads in this language, on a telephone."""
    page = page_factory(width=320)
    name = "django_language"
    page.context.add_cookies([{"name": name, "value": language, "url": live_site.url}])
    return page


def looked_at(page: Page, language: str, axe: Axe) -> None:
    """What must hold of every page in every language."""
    for details in page.locator("main details").all():
        details.evaluate("element => { element.open = true; }")
    root = page.locator("html")
    expect(root).to_have_attribute("lang", language)
    assert root.evaluate("element => getComputedStyle(element).direction") == ("rtl" if language == "ar" else "ltr")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320, page.url
    assert page.evaluate(MISPLACED) == [], page.url
    for details in page.locator("details").all():  # the menu too, which lies on the page when it is open
        details.evaluate("element => { element.open = true; }")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320, page.url
    axe(page)


@BOTH
@pytest.mark.parametrize("address", ADDRESSES)
def test_page_is_whole_in_a_language_more(reader: Page, live_site: LiveSite, axe: Axe, language: str, address: str):
    reader.goto(live_site.url + address)
    looked_at(reader, language, axe)


@BOTH
def test_orientation_is_whole_to_its_result(reader: Page, live_site: LiveSite, axe: Axe, language: str):
    reader.goto(live_site.url + "/orientation/")
    for _question in range(30):
        looked_at(reader, language, axe)
        choices = reader.locator("main input[type=radio]")
        if choices.count() == 0:
            if reader.locator("main form[method=post] button[type=submit]").count() == 0:
                break
        else:
            choices.first.check(force=True)
        with goes_on(reader):
            reader.locator("main form[method=post] button[type=submit], main a.fr-btn").first.click()
    assert "/orientation/" in reader.url


@BOTH
def test_language_is_in_the_menu_and_chosen_there(page_factory: PageFactory, live_site: LiveSite, language: str):
    page = page_factory(width=320)
    page.goto(live_site.url + "/")
    own = dict(LANGUAGES)[language]
    assert own in page.locator("#menu").inner_html()
    page.goto(live_site.url + "/parametres-affichage/")
    page.get_by_label(own).check(force=True)
    with goes_on(page):
        page.locator("main button[type=submit]").click()
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator("main h1")).to_have_text(translated(language, "Face au cyberharcèlement, parlez-en."))


def test_page_written_from_the_right_begins_at_the_right(page_factory: PageFactory, live_site: LiveSite):
    page = page_factory(width=320)
    page.context.add_cookies([{"name": "django_language", "value": "ar", "url": live_site.url}])
    page.goto(live_site.url + "/parametres-affichage/")
    box = page.locator("main h1").evaluate(
        "e => { const range = document.createRange(); range.selectNodeContents(e);"
        " const box = range.getBoundingClientRect(); return [box.left, box.right]; }"
    )
    assert 320 - box[1] < 40, box


@pytest.mark.parametrize("language", ["ar"])
def test_check_sees_what_lies_on_another(reader: Page, live_site: LiveSite):
    reader.goto(live_site.url + "/parametres-affichage/")
    assert reader.evaluate(MISPLACED) == []
    title = reader.locator("main h1")
    title.evaluate("e => { e.style.transform = 'translateY(5rem)'; }")
    assert any(one.startswith("on one another") for one in reader.evaluate(MISPLACED))
    title.evaluate("e => { e.style.transform = 'translateX(4rem)'; }")
    assert any(one.startswith("out") for one in reader.evaluate(MISPLACED))

"""Charts in a real browser: figures by touch, keys and mouse, a board that is read again while it is used,
and paper.
"""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from chat.models import Conversation, Unit
from chat.statistics import charts
from chat.statistics.charts import Row
from pnav.accounts.models import Role
from tests.browser.conftest import Axe, LiveSite, PageFactory
from tests.browser.test_console import Work, an_agent, at, be_signed_in  # noqa: F401  `at`: a fixture
from tests.factories import chat as make

pytestmark = pytest.mark.slow


def a_busy_board() -> None:
    """Let three people wait, who stay where they are however slow the machine is: nobody is available."""
    for minutes in (1, 4, 9):
        make.waiting(queued_at=make.long_ago(minutes), urgency=minutes % 2)
    Conversation.objects.update(reporter_seen_at=timezone.now() + timedelta(hours=1))


def reads_again(page: Page) -> None:
    """Wait for the next reading of the board."""
    before = page.locator("#tableau > .fr-hint-text").inner_text()
    expect(page.locator("#tableau > .fr-hint-text")).not_to_have_text(before, timeout=20_000)


def test_figures_come_by_mouse_keys_and_touch_and_survive_the_board_s_next_reading(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
    axe_in_both_themes: Axe,
):
    chief = at(an_agent, role=Role.SUPERVISOR)
    at(a_busy_board)
    page = page_factory(width=1280, height=900)
    be_signed_in(page, live_site, chief)
    page.goto(f"{live_site.url}/console/tableau/")
    heat = page.locator("#semaine-zone")
    said = page.locator("figure:has(#semaine-zone) [data-said]")
    heat.hover()
    expect(said).to_contain_text(" h : ")
    # Tab and arrows of a screen reader meet one image, with the words of the caption, and nothing of the drawing.
    figure = page.locator("figure:has(#semaine-zone)")
    caption = figure.locator("figcaption")
    expect(heat).to_have_role("img")
    expect(heat).to_have_accessible_name(caption.locator("strong").text_content())
    expect(heat).to_have_accessible_description(caption.locator("span").text_content())
    assert figure.aria_snapshot().count("img") == 1 and "text:" not in figure.aria_snapshot().split("img")[0]
    # By keys: from the last point to its neighbour, with the words of the table.
    heat.focus()
    page.keyboard.press("Home")
    expect(said).to_have_text("Lundi, 0 h : " + page.locator("#tableau-semaine tbody td").first.text_content())
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(said).to_contain_text("Mardi, 1 h : ")
    # One drawing is marked at a time. Back in this one, keys go on from where they were.
    other = page.locator("[data-chart]:not(#semaine-zone)").first
    other.focus()
    page.keyboard.press("Home")
    expect(page.locator(".chart__cursor")).to_have_count(1)
    expect(said).to_have_text("")
    heat.focus()
    page.keyboard.press("ArrowRight")
    expect(said).to_contain_text("Mardi, 2 h : ")
    expect(page.locator(".chart__cursor")).to_have_count(1)
    words = said.inner_text()
    page.evaluate("() => { window.marked = document.querySelector('#semaine-zone svg') }")
    bars = page.locator(".charts > li").first.locator(".chart__bar, .chart__over").count()
    at(lambda: Conversation.objects.filter(urgency=1).delete())
    reads_again(page)
    expect(page.locator(".charts > li").first.locator(".chart__promise")).to_have_count(1)
    assert page.locator(".charts > li").first.locator(".chart__bar, .chart__over").count() < bars
    expect(heat).to_be_focused()
    expect(said).to_have_text(words)
    expect(page.locator("#semaine-zone .chart__cursor")).to_have_count(1)
    assert page.evaluate("() => document.querySelector('#semaine-zone svg') === window.marked"), (
        "drawn anew: it flashes"
    )
    axe_in_both_themes(page)
    page.emulate_media(media="print")
    expect(page.locator("#semaine-zone svg")).to_be_visible()
    expect(page.locator(".console-top")).to_be_hidden()
    page.emulate_media(media="screen")
    # On a telephone, all of the chart is within the width of the screen, with names of units, and its letters can be
    # read.
    long_name = "Section des enquêtes numériques du groupement d'Ille-et-Vilaine, à Rennes"
    at(lambda: Unit.objects.filter(pk=chief.unit_id).update(name=long_name))
    page.set_viewport_size({"width": 320, "height": 800})
    for address in ("tableau", "historique", "effectifs"):
        page.goto(f"{live_site.url}/console/{address}/")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        small = page.evaluate(
            """[...document.querySelectorAll(".chart__svg text")].filter((one) => one.checkVisibility()
                && parseFloat(getComputedStyle(one).fontSize) * one.ownerSVGElement.clientWidth / 320 < 8.5).length"""
        )
        assert small == 0, address
        page.emulate_media(media="print")
        expect(page.locator("figure svg").first).to_be_visible()
        expect(page.locator(".console-top")).to_be_hidden()
        page.emulate_media(media="screen")
    band, words = page.locator("#aujourdhui-zone"), page.locator("figure:has(#aujourdhui-zone) [data-said]")
    band.locator("svg").dispatch_event(
        "pointerdown", {"pointerType": "touch", "clientX": 160, "clientY": 200, "bubbles": True}
    )
    expect(words).to_contain_text("Prudent : ")
    assert "Prudent\xa0: " in words.text_content()  # a figure is not parted from its colon


LONG_NAMES = (
    "Échanges tenus avec un seul interlocuteur",
    "■ Normale · Paris 11e arrondissement (75), mineur",
    "▲ Élevée · Saint-Remy-en-Bouzemont-Saint-Genest-et-Isson (51), mineur",
    "MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM WWWWWWWWWWWW",
    "illilliillilliillilliillilliillilliillilliillilliillilliillilliillilliillilliillilliillilli",
    "Łódź Œuvre № ‰ Škoda Ǽ Ẁẃ Œuvre № ‰ Škoda Ǽ Ẁẃ Œuvre № ‰ Škoda",
)
GAPS = """() => [...document.querySelectorAll("#essai svg")].flatMap((svg) => {
  const [texts, found] = [[...svg.querySelectorAll("text")], []];
  const scale = svg.getBoundingClientRect().width / 320;
  for (let at = 0; at < texts.length; at += 2) {
    const [label, said] = [texts[at].getBoundingClientRect(), texts[at + 1].getBoundingClientRect()];
    found.push({ gap: (said.left - label.right) / scale, text: texts[at].textContent });
  }
  return found;
})"""


@pytest.mark.parametrize("width", [360, 1280])
def test_labels_are_cut_where_they_would_touch_the_figure_and_nowhere_else(live_site, page_factory: PageFactory, width):
    rows = [Row(name, 1, said) for name in LONG_NAMES for said in ("4 min", "62,5 %", "Absent, 0 sur 3")]
    drawn = charts.draw_rows(charts.Words("essai", "Essai"), rows)
    page = page_factory(width=width, height=800)
    page.goto(f"{live_site.url}/chiffres/")
    sheet = page.locator("link[href*=charts]").first.get_attribute("href")
    html = page.request.get(f"{live_site.url}/chiffres/").text()
    bare = re.sub(
        r"<main.*</main>",
        lambda _main: f'<main id="essai"><div class="chart">{drawn.svg}</div></main>',
        html,
        flags=re.S,
    )
    assert sheet and sheet in bare
    page.route("**/essai-des-dessins/", lambda route: route.fulfill(body=bare, content_type="text/html; charset=utf-8"))
    page.goto(f"{live_site.url}/essai-des-dessins/")
    page.evaluate("document.fonts.ready")
    found = page.evaluate(GAPS)
    assert len(found) == len(rows)
    assert not [one for one in found if one["gap"] < 2], "a label touches its figure"
    # What is cut fills its line but for a few letters. (Kerning makes a line of narrow letters alone narrower still.)
    cut = [one for one in found if one["text"].endswith("…") and one["text"][0] in "É■▲"]
    assert cut and not [one for one in cut if one["gap"] > 30]
    whole = [one["text"].replace("\xa0", " ") for one in found]
    assert whole[0] == whole[1] == LONG_NAMES[0]

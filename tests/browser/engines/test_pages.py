"""The layout of a visitor's pages in each engine: nothing lies outside and nothing is cut, whatever a person has
changed.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import LiveSite
from tests.browser.engines.conftest import KINDS, EngineFactory
from tests.browser.engines.engine import Engine
from tests.browser.engines.firefox import DARK, FORCED_COLOURS, STILL

PAGES = [
    "/",
    "/orientation/",
    "/point-d-accueil/",
    "/loi/",
    "/retrait/",
    "/numeros/",
    "/mineurs/",
    "/mineurs/plus-simple/",
    "/professionnels/",
    "/avis/",
    "/quitter/",
    "/parametres-affichage/",
    "/accessibilite/",
    "/donnees-personnelles/",
]
# What lies beyond the right edge, except elements that are there on purpose for screen readers, and folded ones: a box
# in a closed fold has a position all the same.
OUTSIDE = """[...document.querySelectorAll("body *")].filter(node => {
    const box = node.getBoundingClientRect();
    return box.width > 0 && node.checkVisibility() && box.right > document.documentElement.clientWidth + 1
        && !node.closest(".fr-sr-only, .fr-skiplinks, .pnav-table, .pnav-exit-first");
}).slice(0, 5).map(node => node.outerHTML.slice(0, 120))"""
# Texts that are cut: the text is larger than its box, and the box does not scroll.
CUT = """[...document.querySelectorAll("button, .fr-btn, label, h1, h2, summary, a")].filter(node => {
    const style = getComputedStyle(node);
    return node.clientWidth > 1 && node.checkVisibility()
        && style.overflow !== "visible" && node.scrollWidth > node.clientWidth + 2;
}).slice(0, 5).map(node => node.outerHTML.slice(0, 120))"""


def fits(engine: Engine) -> None:
    where = engine.url()
    assert engine.script("document.documentElement.scrollWidth <= document.documentElement.clientWidth + 1"), where
    assert engine.script(OUTSIDE) == [], where
    assert engine.script(CUT) == [], where


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [320, 375, 1280])
def test_pages_fit(live_site: LiveSite, engines: EngineFactory, kind: str, width: int):
    browser = engines(kind)
    browser.resize(width, 667)
    for page in PAGES:
        browser.open(live_site.url + page)
        fits(browser)
        if browser.script("document.querySelector('.pnav-menu').checkVisibility()"):
            browser.click(".pnav-menu > summary")
            assert browser.script("document.querySelector('.pnav-menu .pnav-nav__end').checkVisibility()"), "unfolded"
            fits(browser)


@pytest.mark.parametrize("kind", KINDS)
def test_text_twice_as_large_fits(live_site: LiveSite, engines: EngineFactory, kind: str):
    """Only the text grows, as with « zoom text only » and larger letters of a telephone: RGAA 10.4."""
    browser = engines(kind)
    browser.resize(375, 667)
    for page in PAGES:
        browser.open(live_site.url + page)
        browser.script("document.documentElement.style.setProperty('font-size', '200%', 'important')")
        fits(browser)


@pytest.mark.parametrize("kind", KINDS)
def test_zoom_of_400_per_cent_fits(live_site: LiveSite, engines: EngineFactory, kind: str):
    """A window of 1280 × 1024 magnified four times is one of 320 × 256: RGAA 10.11."""
    browser = engines(kind)
    if kind == "webkit":
        pytest.skip("the window of MiniBrowser is never so low")
    browser.resize(320, 256)
    for page in PAGES:
        browser.open(live_site.url + page)
        fits(browser)
        covered = browser.script("document.querySelector('.pnav-exit').getBoundingClientRect().height / innerHeight")
        assert covered < 0.3, "the way out leaves something to read"


def opened(engines: EngineFactory, live_site: LiveSite, page: str, **preferences: Any) -> Any:
    browser = engines("firefox", **preferences)
    browser.resize(375, 667)
    browser.open(live_site.url + page)
    return browser


EDGES = """[...document.querySelectorAll("main .fr-btn, .pnav-menu > summary, .pnav-exit__button")]
    .filter(node => node.offsetWidth > 0)
    .filter(node => ["Top", "Right", "Bottom", "Left"].some(side => {
        const style = getComputedStyle(node);
        return style[`border${side}Style`] === "none" || parseFloat(style[`border${side}Width`]) < 1;
    })).map(node => node.outerHTML.slice(0, 100))"""


@pytest.mark.parametrize("page", ["/", "/mineurs/", "/avis/"])
def test_forced_colours_leave_each_button_its_edges(live_site: LiveSite, engines: EngineFactory, page: str):
    browser = opened(engines, live_site, page, **FORCED_COLOURS)
    assert browser.script("matchMedia('(forced-colors: active)').matches")
    assert browser.script(EDGES) == []


def test_reduced_motion_moves_nothing(live_site: LiveSite, engines: EngineFactory):
    for page in PAGES[:3]:
        browser = opened(engines, live_site, page, **STILL)
        assert browser.script("matchMedia('(prefers-reduced-motion: reduce)').matches")
        assert browser.script("document.getAnimations().length") == 0
        assert browser.script("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_dark_theme_follows_the_system(live_site: LiveSite, engines: EngineFactory):
    browser = opened(engines, live_site, "/mineurs/", **DARK)
    red, green, blue = browser.script("getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)")
    assert max(red, green, blue) < 64


def test_paper_shows_what_is_folded(live_site: LiveSite, engines: EngineFactory, tmp_path: Path):
    from pypdf import PdfReader

    browser = opened(engines, live_site, "/loi/")
    path = tmp_path / "page.pdf"
    path.write_bytes(browser.printed())
    text = " ".join(" ".join(page.extract_text() for page in PdfReader(path).pages).split())
    assert "Une personne mineure était présente" in text, "folded on the screen"
    assert "Parler à quelqu" not in text, "a button leads nowhere on paper"


@pytest.mark.parametrize("kind", KINDS)
def test_boxes_of_minors_show_their_advice(live_site: LiveSite, engines: EngineFactory, kind: str):
    browser = engines(kind)
    browser.open(live_site.url + "/mineurs/")
    shown = "[...document.querySelectorAll('.pnav-boxes__advice > p')].filter(node => node.offsetHeight > 0).length"
    assert browser.script(shown) == 0
    browser.click(".pnav-boxes li:nth-child(2) label")
    assert browser.script(shown) == 1
    browser.press("\ue007")
    assert browser.url() == live_site.url + "/mineurs/", "nothing is sent"
    browser.reload()
    assert browser.script(shown) == 0, "nothing is kept"


def test_boxes_of_minors_show_their_advice_without_scripts(live_site: LiveSite, engines: EngineFactory):
    """What is shown cannot be asked of a page without scripts; a picture can be looked at (PNAV_PICTURES)."""
    browser = engines("firefox", scripts=False)
    browser.resize(375, 4000)
    browser.open(live_site.url + "/mineurs/")
    browser.click(".pnav-boxes li:nth-child(2) label")
    assert browser.count(".pnav-boxes input:checked") == 1

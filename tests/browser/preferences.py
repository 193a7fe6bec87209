"""What a person may have set in the browser or on the machine: no movement, their own colours, a page on paper. Each
page of a visitor respects it: `tests/browser/test_accessibility.py` asks for each page, and calls these functions.
"""

from io import BytesIO

import pytest
from playwright.sync_api import Page
from pypdf import PdfReader

# Elements that move, or would move when they change. A thousandth of a second is no movement.
MOVING = """() => [document.documentElement, ...document.querySelectorAll("body, body *")].flatMap((node) =>
    ["", "::before", "::after"].filter((part) => {
        const style = getComputedStyle(node, part || null);
        const lasts = (times) => times.split(",").some((one) => parseFloat(one) > 0.001);
        return style.animationName !== "none" && lasts(style.animationDuration)
            || lasts(style.transitionDuration) || style.scrollBehavior === "smooth";
    }).map((part) => node.outerHTML.slice(0, 80) + part))"""
# Buttons and what looks like one, speech bubbles, fields: with forced colours there is no background and no shadow,
# only borders.
EDGELESS = """() => [...document.querySelectorAll(`.fr-btn, .pnav-menu > summary, .home-door, .home-bubble, .pnav-chip,
        .pnav-message:not([data-author=system]), .pnav-calls__link, .pnav-answer-button, .pnav-age, .fr-input,
        .fr-select`)]
    .filter((node) => node.checkVisibility()
        && !node.matches(".pnav-exit-first, .fr-btn--tertiary-no-outline, .fr-btn--close"))
    .filter((node) => {
        const style = getComputedStyle(node);
        return ["Top", "Right", "Bottom", "Left"].some((side) => style[`border${side}Style`] === "none"
            || parseFloat(style[`border${side}Width`]) < 1
            || style[`border${side}Color`] === style.backgroundColor);
    }).map((node) => node.outerHTML.slice(0, 100))"""
PRINTED_FIELDS = """() => [...document.querySelectorAll(
        "main :is(input:not([type=hidden]), select, textarea, button), .pnav-exit, .pnav-safety")]
    .filter((node) => node.checkVisibility() && !node.closest("form:has(h1), .pnav-boxes"))
    .map((node) => node.outerHTML.slice(0, 100))"""


FOLD = "document.querySelectorAll('details').forEach((one) => { one.open = false; })"


def ask_for_stillness(page: Page) -> None:
    """Ask for it before a page is loaded, because what moves on it would move at once. The theme is the light one,
    whatever a check that failed has left.
    """
    page.emulate_media(media="screen", color_scheme="light", reduced_motion="reduce", forced_colors="none")


def keeps_still_and_has_edges(page: Page, address: str, subtests: pytest.Subtests) -> None:
    """Check a page that was loaded after `ask_for_stillness`, unfolded. Afterwards nothing is asked of it any more."""
    with subtests.test(f"nothing moves for who asked for that: {address}"):
        assert page.evaluate("matchMedia('(prefers-reduced-motion: reduce)').matches")
        assert page.evaluate(MOVING) == []
        assert page.evaluate("document.getAnimations().length") == 0
    with subtests.test(f"forced colours leave edges: {address}"):
        page.emulate_media(reduced_motion="no-preference", forced_colors="active")
        assert page.evaluate("matchMedia('(forced-colors: active)').matches")
        assert page.evaluate(EDGELESS) == []
    page.emulate_media(forced_colors="none")


def is_whole_on_paper(page: Page, address: str, subtests: pytest.Subtests) -> None:
    """Check the page, unfolded. It is left as on paper and folded."""
    if address in ("/composants/", "/compte/login/"):  # the page of every component, and a page of the staff
        return
    with subtests.test(f"paper has no field, and what was folded: {address}"):
        page.set_viewport_size({"width": 718, "height": 800})  # A4 without its margins
        folded = page.locator("main details p").all_inner_texts()
        page.evaluate(FOLD)
        page.emulate_media(media="print")
        assert page.evaluate("matchMedia('print').matches")
        assert page.evaluate(PRINTED_FIELDS) == []
        if address in ("/", "/loi/"):
            assert folded
            printed = "".join("".join(one.extract_text() for one in PdfReader(BytesIO(page.pdf())).pages).split())
            for text in folded:
                assert "".join(text.split()) in printed

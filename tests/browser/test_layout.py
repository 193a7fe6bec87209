"""What asks about several parts of a page at once sees each that is wrong."""

import pytest
from playwright.sync_api import Error, Page

from tests.browser import layout
from tests.browser.layout import are_in_view, boxes

PARTS = """
<style>#scrolls { height: 100px; overflow: auto; } #long { height: 300px; } .part { height: 20px; }</style>
<p class=part id=first>a</p><p class=part id=second>b</p>
<div id=scrolls><div id=long></div><p class=part id=inside>c</p></div>
"""


@pytest.fixture
def parts(page: Page) -> Page:
    page.goto("about:blank")  # it has no policy, which would refuse these styles
    page.set_content(PARTS)
    return page


def test_part_out_of_view_is_seen_beside_others(parts: Page, monkeypatch: pytest.MonkeyPatch):
    first, second, inside = (parts.locator(one) for one in ("#first", "#second", "#inside"))
    are_in_view(first, second)
    monkeypatch.setattr(layout, "PATIENCE_SECONDS", 0)
    with pytest.raises(AssertionError, match="inside"):
        are_in_view(first, inside, second)  # it is within the viewport, and scrolled out of its box
    inside.evaluate("one => one.scrollIntoView()")
    are_in_view(first, inside, second)
    for wrong in ("transform: translateY(-90px)", "display: none", "transform: translateX(-9px)"):
        second.evaluate("(one, wrong) => { one.style.cssText = wrong; }", wrong)
        with pytest.raises(AssertionError, match="second"):
            are_in_view(first, second)
    with pytest.raises(AssertionError, match="first"):
        are_in_view(first, parts.locator("#nobody"))


def test_boxes_are_those_of_the_parts_in_their_order(parts: Page):
    second, first = boxes(parts, "#second", "#first")
    assert second == parts.locator("#second").bounding_box() | {side: second[side] for side in second}
    assert first["height"] == second["height"] == 20 and first["bottom"] <= second["top"]
    with pytest.raises(Error, match="3 elements"):
        boxes(parts, "#first", ".part")
    with pytest.raises(Error, match="0 elements"):
        boxes(parts, "#nobody")
    parts.locator("#second").evaluate("one => { one.hidden = true; }")
    with pytest.raises(AssertionError, match="#second"):
        boxes(parts, "#first", "#second")

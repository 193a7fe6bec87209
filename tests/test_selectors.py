"""Finds selectors for which a browser would compute the styles of everything beside an inserted element."""

import re
from pathlib import Path

import pytest

from tests.test_names import ROOT

# Without scripts nothing is inserted into a page.
SHEETS = sorted(path for path in (ROOT / "static" / "pnav").rglob("*.css") if "noscript" not in path.name)
# After `+` or `~`, a `*` or a `:not(…)` alone names no element, and neither does a `:has()` that counts the children of
# a whole screen. For one message that was put into a thread of forty, the styles of all of them, three hundred
# elements, were computed again.
ANYTHING_BESIDE = re.compile(r"[+~]\s*(?:\*|:not\()")
COUNTED_FROM_AFAR = re.compile(r"\.console-(?:grid|screen)[^{},]*:has\([^{}]*:nth-")
# A line of the list, and the screen that asks for its notices, are asked again at each change of anything in them. The
# state is an attribute of the line itself, and a notice stands before what makes room for it.
ASKED_AT_EACH_CHANGE = re.compile(
    r"\.console-entry[\w-]*[^{},\s>]*:has\(|\.console-screen:has\(> \.console-(?:undo|notice)"
)


def selectors_of(sheet: str) -> list[str]:
    """Return the selectors before each `{`."""
    bare = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)
    return [one.strip() for one in re.findall(r"([^{};]+)\{", bare) if not one.strip().startswith("@")]


def too_wide(sheet: str) -> list[str]:
    kinds = (ANYTHING_BESIDE, COUNTED_FROM_AFAR, ASKED_AT_EACH_CHANGE)
    return [one for one in selectors_of(sheet) if any(kind.search(one) for kind in kinds)]


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.name)
def test_no_selector_reaches_everything_beside(path: Path):
    assert too_wide(path.read_text()) == []


@pytest.mark.parametrize(
    "sheet",
    [
        ".a > * + * { margin: 0; }",
        ".more + :not(.more) { margin: 0; }",
        "@media print { .a ~ * { margin: 0; } }",
        ".console-grid:has(#list > .one:nth-child(4)) > .queue { margin: 0; }",
        ".console-entry:has([data-level=broken]:not([hidden])) > a { margin: 0; }",
        ".console-entry__last:not(:has(.words:not(:empty))) { display: none; }",
        ".console-screen:has(> .console-notice:not([hidden])) .queue { margin: 0; }",
    ],
)
def test_selector_that_is_too_wide_is_found(sheet: str):
    assert len(too_wide(sheet)) == 1


def test_selector_that_names_what_it_means_passes():
    assert not too_wide(".console-entry[data-late=broken] > a { margin: 0; }")
    assert not too_wide(".a + .b { margin: 0; } th + th { margin: 0; } .a > * { content: '+ *'; }")

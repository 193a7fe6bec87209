import re

import pytest

from pnav.pages.build import stylesheet

CSS = (
    '@charset "UTF-8";/*! notice */:root{--used:#fff;--through:var(--used);--unused:#000}'
    ":root[data-fr-theme=dark]{--used:#000;--unused:#fff}"
    ".fr-btn,.fr-tag{color:var(--through)}.fr-btn:not(.fr-btn--lg):hover{color:red}.fr-btn .fr-tag{color:blue}"
    ".fr-icon-a:before{-webkit-mask-image:url(../icons/a.svg);mask-image:url(../icons/a.svg)}"
    ".fr-x\\@md{color:pink}"
    '@media (min-width:48em){.fr-tag{top:0}.fr-btn{content:"};"}}@media (min-width:0\\0){.fr-btn{top:1px}}'
    "@keyframes gone{0%{top:0}to{top:1px}}@font-face{font-family:Other;src:url(other.woff2)}"
    '[class*=" fr-icon-"]{width:1px}[class*=" fr-fi-"]{width:2px}a{color:inherit}'
)


def read(address: str) -> str:
    assert address == "../icons/a.svg"
    return '<svg viewBox="0 0 2 2">\n <path d="M0 0#"/></svg>'


def built(*used: str, wanted: frozenset[str] = frozenset()) -> str:
    return stylesheet.build(CSS, used=set(used), wanted=set(wanted), read=read)


def test_build_keeps_used_selectors_only():
    css = built("fr-btn")
    assert ".fr-btn{color:var(--through)}" in css
    assert ".fr-tag" not in css
    assert "a{color:inherit}" in css


def test_build_keeps_selector_whose_negation_is_unused():
    assert ".fr-btn:not(.fr-btn--lg):hover" in built("fr-btn")


def test_build_keeps_strings_with_braces():
    assert '@media (min-width:48em){.fr-btn{content:"};"}}' in built("fr-btn")


def test_build_reads_escaped_class_names():
    assert "pink" in built("fr-x@md")
    assert "pink" not in built("fr-x")


def test_build_drops_unused_variables_and_keeps_those_reached_through_others():
    css = built("fr-btn")
    assert "--used:#fff" in css and "--through" in css
    assert "--unused" not in css


def test_build_keeps_variables_that_other_sheets_want():
    assert "--unused:#000" in built("fr-btn", wanted=frozenset({"--unused"}))


def test_build_dark_theme_follows_the_system():
    css = built("fr-btn")
    assert "@media screen and (prefers-color-scheme:dark){:root[data-fr-scheme=system]{--used:#000}}" in css


def test_build_keeps_the_dark_theme_off_paper():
    css = built("fr-btn")
    assert "@media screen{:root[data-fr-theme=dark]{--used:#000}}" in css and css.count("data-fr-theme") == 1
    both = "a,[data-fr-theme=dark] a{color:red}"
    assert stylesheet.build(both, used=set(), wanted=set(), read=read).startswith("a{color:red}@media screen{[data-fr")


def test_build_inlines_icons_once():
    css = built("fr-icon-a")
    assert css.count("data:image/svg+xml,%3Csvg viewBox='0 0 2 2'%3E%3Cpath d='M0 0%23'/%3E%3C/svg%3E") == 1
    assert "mask-image:url(../" not in css


def test_build_attribute_selectors_need_a_class_that_starts_so():
    css = built("fr-icon-a")
    assert '[class*=" fr-icon-"]' in css
    assert "fr-fi-" not in css


def test_build_drops_what_no_browser_of_today_reads():
    css = built("fr-btn")
    assert "0\\0" not in css and "@keyframes" not in css and "@font-face" not in css and "@charset" not in css


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('<p class="fr-mt-2w fr-col-md-6">', {"fr-mt-2w", "fr-col-md-6"}),
        ("element.classList.add('fr-input--error')", {"fr-input--error"}),
        ("not-fr-btn", set()),
        ('class="fr-unhidden@md"', {"fr-unhidden@md"}),
    ],
)
def test_class_tokens(text: str, expected: set[str]):
    assert stylesheet.class_tokens(text) == expected


def test_split_ignores_separators_inside():
    assert stylesheet.split('a[b="x,y"],c:is(d,e),f', ",") == ['a[b="x,y"]', "c:is(d,e)", "f"]


def test_render_is_balanced():
    css = built("fr-btn", "fr-tag", "fr-icon-a")
    bare = re.sub(r'"[^"]*"', "", css)
    assert bare.count("{") == bare.count("}")

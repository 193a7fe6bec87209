"""Left and right follow the direction of the text."""

import re
from pathlib import Path

import pytest

from pnav.pages.build import stylesheet
from pnav.pages.build.directions import logical_properties

STATIC = Path(__file__).resolve().parents[2] / "static" / "pnav"
DECLARATION = re.compile(r"(?<=[{;\s])([a-z-]+)\s*:\s*([^;{}]+?)(?=\s*[;}])")


@pytest.mark.parametrize(
    ("declaration", "expected"),
    [
        ("margin-left: 1rem", "margin-inline-start: 1rem"),
        ("padding-right: 0!important", "padding-inline-end: 0!important"),
        ("scroll-padding-left: 9rem", "scroll-padding-inline-start: 9rem"),
        ("border-left: 1px solid red", "border-inline-start: 1px solid red"),
        ("border-right-color: red", "border-inline-end-color: red"),
        ("left: 0", "inset-inline-start: 0"),
        ("left: 50%", "left: 50%"),
        ("right: -2rem", "inset-inline-end: -2rem"),
        ("border-top-left-radius: 1px", "border-start-start-radius: 1px"),
        ("border-bottom-right-radius: 1px", "border-end-end-radius: 1px"),
        ("text-align: right", "text-align: end"),
        ("text-align: left !important", "text-align: start !important"),
        ("text-align: center", "text-align: center"),
        ("float: left", "float: inline-start"),
        ("margin: 0 1px 0 2px", "margin-block: 0; margin-inline: 2px 1px"),
        ("margin: 1px auto 2px 0!important", "margin-block: 1px 2px!important; margin-inline: 0 auto!important"),
        ("padding: 0 calc(var(--a) + 1px) 0 0", "padding-block: 0; padding-inline: 0 calc(var(--a) + 1px)"),
        ("margin: 0 1px 2px", "margin: 0 1px 2px"),
        ("margin: 0 1px 2px 1px", "margin: 0 1px 2px 1px"),
        ("inset: 0 1px 0 2px", "inset-block: 0; inset-inline: 2px 1px"),
        ("border-width: 0 1px 0 0", "border-block-width: 0; border-inline-width: 0 1px"),
        ("border-radius: 1px 1px 0 0", "border-radius: 1px 1px 0 0"),
        ("border-radius: 1px", "border-radius: 1px"),
        (
            "border-radius: 2px 1px 0",
            "border-start-start-radius: 2px; border-start-end-radius: 1px; border-end-end-radius: 0; "
            "border-end-start-radius: 1px",
        ),
        ("border-radius: 50% / 20% 10%", "border-radius: 50% / 20% 10%"),
        ("--left: 1px", "--left: 1px"),
    ],
)
def test_declaration_follows_the_direction(declaration: str, expected: str):
    name, _colon, value = declaration.partition(": ")
    assert "; ".join(f"{one}: {said}" for one, said in logical_properties(name, value)) == expected


def test_sheet_of_the_design_system_follows_it_too():
    css = ".fr-a{margin-left:1px;color:red}@media (min-width:1em){.fr-a:before{left:0}}"
    built = stylesheet.build(css, used={"fr-a"}, wanted=set(), read=str)
    assert ".fr-a{margin-inline-start:1px;color:red}" in built and "{inset-inline-start:0}" in built


@pytest.mark.parametrize("path", sorted(STATIC.glob("*.css")), ids=lambda path: path.name)
def test_our_sheets_say_neither_left_nor_right(path: Path):
    """Nothing is left to turn around: a page written from the right is the mirror of the others."""
    found = [
        (name, value)
        for name, value in DECLARATION.findall(path.read_text())
        if logical_properties(name, value) != [(name, value)]
    ]
    assert found == []

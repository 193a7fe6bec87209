"""Reads the charts of a page, and the tables with the same figures."""

import re
from html import unescape
from xml.etree import ElementTree


def pictures_of(html: str) -> dict[str, ElementTree.Element]:
    """Return each drawing by the key of its chart, in the order of the page. Fail when one has no name on the page."""
    found = {}
    for text in re.findall(r'<svg class="chart__svg".*?</svg>', html, re.DOTALL):
        svg = ElementTree.fromstring(text)  # noqa: S314  our own page
        key = svg.attrib["aria-labelledby"].removesuffix("-titre")
        assert f'id="{key}-titre"' in html and svg.get("role") == "img"
        assert key not in found, f"two charts are called {key}"
        if described := svg.get("aria-describedby"):
            assert f'id="{described}"' in html
        found[key] = svg
    return found


def shapes(svg: ElementTree.Element, name: str) -> int:
    """Return how many closed shapes of this class a drawing has; one path may hold several."""
    paths = [part for part in svg.iter("path") if name in (part.get("class") or "").split()]
    return sum(part.get("d", "").lower().count("z") for part in paths)


def rows_of(html: str, table: str) -> list[list[str]]:
    """Return the cells of the body of this table."""
    [text] = re.findall(rf'<table[^>]*id="{table}".*?</table>', html, re.DOTALL)
    body = text[text.index("<tbody") :]
    return [
        [
            " ".join(unescape(re.sub(r"<[^>]+>", "", cell)).split())
            for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)
        ]
        for row in re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    ]


def column_of(html: str, table: str, column: int) -> list[str]:
    return [row[column] for row in rows_of(html, table)]

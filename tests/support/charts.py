"""Reads the charts of a page, and the tables with the same figures."""

import re
from html import unescape
from xml.etree import ElementTree


def pictures_of(html: str) -> dict[str, ElementTree.Element]:
    """Return each drawing by the key of its chart, in the order of the page.

    Fail when a screen reader would say the words of its caption twice, or not at all.
    """
    found = {}
    for text in re.findall(r'<figure class="chart.*?</figure>', html, re.DOTALL):
        [(key, drawn)] = re.findall(
            r'<strong id="([^"]+)-titre">.*?(<svg class="chart__svg".*?</svg>)', text, re.DOTALL
        )
        svg = ElementTree.fromstring(drawn)  # noqa: S314  our own page
        assert key not in found, f"two charts are called {key}"
        found[key] = svg
        caption = re.search(r'<figcaption aria-hidden="true">(.*?)</figcaption>', text, re.DOTALL)
        shown = [unescape(part) for part in re.findall(r"<(?:strong|span)[^>]*>(.*?)</", caption[1])] if caption else []
        images = re.findall(r'<\w+[^>]* role="img"[^>]*>', text, re.DOTALL)
        assert 'role="none"' in text and len(images) == 1, f"{key} is said as {len(images)} images"
        said = [unescape(part) for part in re.findall(r'aria-(?:label|description)="([^"]*)"', images[0])]
        assert said == shown, f"{key} shows {shown} and is said as {said}"
        assert (svg.get("aria-hidden") == "true") is (svg.get("role") is None), f"{key} is said inside its image"
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

"""The site of the documents is built strictly, contains a search, and loads nothing from elsewhere (`make docs`)."""

import json
from pathlib import Path

import pytest
from mkdocs.exceptions import Abort

from tests import documents


@pytest.mark.slow
def test_every_document_is_a_page_with_a_search_and_nothing_comes_from_elsewhere(tmp_path):
    site = documents.build(tmp_path)
    assert list(documents.from_elsewhere(site)) == []
    drawn = {str(page.relative_to(site)) for page in site.rglob("*.html")}
    expected = {name.removesuffix(".md") + ".html" for name in documents.pages()}
    indexes = {name for name in expected if name.endswith("README.html")}
    expected = expected - indexes | {name.replace("README.html", "index.html") for name in indexes}
    assert drawn == expected | {"404.html"}
    found = json.loads((site / "search/search_index.json").read_text())
    assert set(found["config"]["lang"]) == {"fr", "en"} and any("pgbouncer" in one["text"] for one in found["docs"])
    home = (site / "index.html").read_text()
    assert '<html lang="fr"' in home and "docs/guide-agent.html" in home


@pytest.mark.parametrize(
    ("text", "is_whole"),
    [
        ("# A\n\n[b](B.md#une-tête-à-nommer), [c](c.txt)\n", True),
        ("# A\n\n[b](Z.md)\n", False),
        ("# A\n\n[b](B.md#nowhere)\n", False),
        ("# A\n\n[c](d.txt)\n", False),
    ],
)
def test_link_that_leads_nowhere_fails_the_build(tmp_path, monkeypatch, text, is_whole):
    root = tmp_path / "repository"
    root.mkdir()
    (root / "README.md").write_text(text)
    (root / "B.md").write_text("# B\n\n## Une tête à nommer\n")
    (root / "c.txt").write_text("c")
    (root / "mkdocs.yml").write_text((documents.ROOT / "mkdocs.yml").read_text())
    monkeypatch.setattr(documents, "ROOT", root)
    monkeypatch.setattr(documents, "pages", lambda: ["README.md", "B.md"])
    monkeypatch.setattr(documents, "menu", lambda: ["README.md", "B.md"])
    if is_whole:
        assert (documents.build(tmp_path) / "B.html").is_file()
    else:
        with pytest.raises(Abort):
            documents.build(tmp_path)


def test_page_that_loads_something_from_elsewhere_is_found(tmp_path):
    (tmp_path / "a.html").write_text(
        '<script src="https://unpkg.com/a.js"></script><link href=//fonts.example/a.css rel=stylesheet>'
        '<a href="https://www.legifrance.gouv.fr/">lien</a><img src="b.png">'
    )
    assert list(documents.from_elsewhere(tmp_path)) == [
        "a.html: https://unpkg.com/a.js",
        "a.html: //fonts.example/a.css",
    ]


def test_each_document_stands_once_in_the_menu():
    named: list[str] = []
    for part in documents.menu():
        (names,) = part.values()
        named += [names] if isinstance(names, str) else names
    assert sorted(named) == sorted(documents.pages())
    assert all((Path(documents.ROOT) / name).is_file() for names in documents.MENU.values() for name in names)

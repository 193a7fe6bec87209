"""CONTRIBUTING has recipes that its index leads to, and that say what fails when a step is forgotten.

That the files and the tests they name exist is asked of every document by `test_documents`.
"""

import re

import pytest

from tests.docs.names import ROOT
from tests.docs.test_documents import anchors

TEXT = (ROOT / "CONTRIBUTING.md").read_text()
INDEX = "\n".join(re.findall(r"^\|.*", TEXT.partition("## Recipes")[2].partition("\n## ")[0], re.MULTILINE))
RECIPES = {
    title: body
    for title, _newline, body in (part.partition("\n") for part in re.split(r"^### ", TEXT, flags=re.MULTILINE)[1:])
}


def test_there_are_recipes():
    assert len(RECIPES) >= 20


def test_index_leads_to_each_recipe():
    linked = set(re.findall(r"\]\(#([\w-]+)\)", INDEX))
    assert linked == {anchor for title in RECIPES for anchor in anchors(f"# {title}")}


@pytest.mark.parametrize("title", RECIPES)
def test_recipe_names_files_and_what_fails(title: str):
    body = RECIPES[title]
    assert re.search(r"`[\w./…-]+\.(?:py|md|js|html|toml|json)`|\]\([\w./#-]+\)|`…/", body), "the files, in order"
    says = re.search(r"`tests/|make check|which test fails|\(docs/languages.md|fails? until", body, re.IGNORECASE)
    assert says, "the test that fails when a step is forgotten"

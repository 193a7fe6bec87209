"""docs/glossary.md is sorted by subject, and has each word of the screen once, with the module where it begins."""

import re

from tests.docs.names import ROOT
from tests.docs.test_documents import anchors

TEXT = (ROOT / "docs" / "glossary.md").read_text()
INDEX, _heading, SUBJECTS = TEXT.partition("\n## ")
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in SUBJECTS.splitlines()
    if line.startswith("| ") and not line.startswith(("| on screen", "| ---"))
]
NOTHING = "–"


def test_index_leads_to_each_subject():
    assert set(re.findall(r"\]\(#([\w-]+)\)", INDEX)) == anchors(f"## {SUBJECTS}")


def test_each_word_of_the_screen_stands_once():
    words = [row[0] for row in ROWS if row[0] != NOTHING]
    assert len(words) > 130
    assert sorted({word for word in words if words.count(word) > 1}) == []


def test_each_word_has_the_module_where_it_begins():
    assert [row for row in ROWS if len(row) != 4 or not row[2].startswith("`")] == []

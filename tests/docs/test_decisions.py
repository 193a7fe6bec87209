"""The decisions of docs/adr have one form, and the index says the same as they do."""

import re
from collections import Counter

from tests.docs.names import ROOT

FOLDER = ROOT / "docs" / "adr"
INDEX = FOLDER / "README.md"
ROW = re.compile(r"^\| \[(\d{4})\]\(([\w-]+\.md)\) \| (.+?) \| (.+?) \|$", re.MULTILINE)
HEAD = re.compile(r"# (\d{4}) – (.+)\n\n\*\*In short\.\*\* (.+)\n")


def decisions() -> dict[str, tuple[str, str, str]]:
    """Return file, title, and what is said in short, by number."""
    found = {}
    for path in sorted(FOLDER.glob("[0-9]*.md")):
        head = HEAD.match(path.read_text())
        assert head, f"{path.name} begins with « # NUMBER – title », a blank line, and « **In short.** » in one line"
        assert path.name.startswith(head[1]), path.name
        found[head[1]] = (path.name, head[2], head[3])
    return found


def test_numbers_are_given_once():
    counted = Counter(path.name[:4] for path in FOLDER.glob("[0-9]*.md"))
    assert [number for number, times in counted.items() if times > 1] == []


def test_index_says_what_the_decisions_say():
    rows = {number: (name, title, short) for number, name, title, short in ROW.findall(INDEX.read_text())}
    assert rows == decisions(), "docs/adr/README.md: a line for each decision, under its subject, with its own words"


def test_decisions_named_anywhere_exist():
    """Documents and the code name them as « ADR 0042 »."""
    from tests.docs import names

    known, wrong = set(decisions()), []
    for name in names.files():
        if name.endswith((".py", ".md", ".js", ".html", ".toml", ".yml", ".sh", "Makefile", "Caddyfile")):
            text = (ROOT / name).read_text()
            for number in re.findall(r"\bADRs? (\d{4})\b|docs/adr/(\d{4})", text):
                if (one := number[0] or number[1]) not in known:
                    wrong.append(f"{name}: ADR {one}")
    assert sorted(wrong) == []

"""docs/security.md has all of ASVS 5.0.0, levels 1 and 2, and each row that says « met » names what shows it.

Ids and levels are those of OWASP's `OWASP_Application_Security_Verification_Standard_5.0.0_en.csv`; nothing else of it
is kept here.
"""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "security.md").read_text()

# A section, then the levels of its requirements in their order: « 1.2 112 » stands for 1.2.1, 1.2.2 and 1.2.3.
STANDARD = """
1.1   22                  1.2   1111122223          1.3   112222222223        1.4   222
1.5   123                 2.1   122                 2.2   112                 2.3   12223
2.4   23                  3.1   3                   3.2   113                 3.3   12223
3.4   11222233            3.5   11122333            3.6   3                   3.7   22333
4.1   12233               4.2   23333               4.3   22                  4.4   1222
5.1   2                   5.2   112333              5.3   113                 5.4   222
6.1   122                 6.2   111111112222        6.3   11223333            6.4   112233
6.5   22222333            6.6   2223                6.7   33                  6.8   2222
7.1   222                 7.2   1111                7.3   22                  7.4   11222
7.5   223                 7.6   22                  8.1   1233                8.2   1123
8.3   133                 8.4   23                  9.1   111                 9.2   1222
10.1  22                  10.2  223                 10.3  22223               10.4  1111122222233333
10.5  22222               10.6  22                  10.7  222                 11.1  2233
11.2  22233               11.3  11233               11.4  1222                11.5  23
11.6  23                  11.7  33                  12.1  12233               12.2  11
12.3  22223               13.1  2333                13.2  222223              13.3  2233
13.4  1222233             14.1  22                  14.2  12223333            14.3  122
15.1  12233               15.2  12233               15.3  1222222             15.4  3333
16.1  2                   16.2  22222               16.3  2222                16.4  222
16.5  2223                17.1  23                  17.2  22223333            17.3  22
"""
LEVELS = {
    f"V{section}.{number}": int(level)
    for section, levels in re.findall(r"([\d.]+) +(\d+)", STANDARD)
    for number, level in enumerate(levels, start=1)
}
STATES = ("met", "not met", "operator", "not applicable")
HEADING, OPEN_WORK = "## The standard, row by row", "## Open work"


class Row(NamedTuple):
    """One line of the table. shown: the tests and files that show it, or the reason."""

    id: str
    level: str
    asks: str
    state: str
    shown: str


def section(text: str, heading: str) -> str:
    """Return the text below a heading, up to the next heading of its kind."""
    return text.partition(f"\n{heading}\n")[2].partition("\n## ")[0]


def rows_of(text: str) -> list[Row]:
    lines = [line for line in section(text, HEADING).splitlines() if line.startswith("| V")]
    return [Row(*(cell.strip() for cell in line.strip().strip("|").split(" | "))) for line in lines]


def references(text: str) -> list[str]:
    """Return the files and tests that a text names: words in backquotes with a folder or an ending that we use."""
    quoted = re.findall(r"`([^`\s]+)`", text)
    return [
        one for one in quoted if re.fullmatch(r"[\w./-]+\.(py|md|js|txt|yml|toml|sql|html)(::\w+)?|deploy/\w+", one)
    ]


@cache
def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def exists(reference: str) -> bool:
    """Return whether the file exists and, when a function of it is named, defines it."""
    name, _, function = reference.partition("::")
    path = ROOT / name
    return path.is_file() and (not function or function in functions(path))


def faults(text: str) -> set[str]:
    """Return the faults in the table of this text: a kind and what it concerns, as « kind id »."""
    rows, found = rows_of(text), set()
    wanted = {id for id, level in LEVELS.items() if level < 3}
    counted = Counter(row.id for row in rows)
    found |= {f"missing {id}" for id in wanted - set(counted)}
    found |= {f"twice {id}" for id, number in counted.items() if number > 1}
    found |= {f"unknown {id}" for id in set(counted) - wanted}
    for row in rows:
        if not all(row):
            found.add(f"empty {row.id}")
        if row.level != str(LEVELS.get(row.id)):
            found.add(f"level {row.id}")
        if row.state not in STATES:
            found.add(f"state {row.id}")
        named = references(row.shown)
        if row.state == "met" and not named:
            found.add(f"unshown {row.id}")
        found |= {f"absent {row.id}" for reference in named if not exists(reference)}
    open_work = set(re.findall(r"\bV\d+\.\d+\.\d+\b", section(text, OPEN_WORK)))
    not_met = {row.id for row in rows if row.state == "not met"}
    found |= {f"unlisted {id}" for id in not_met - open_work}
    found |= {f"listed {id}" for id in open_work - not_met}
    return found


def test_ids_are_those_of_the_standard():
    """5.0.0 has 70 requirements of level 1, 183 of level 2 and 92 of level 3."""
    assert Counter(LEVELS.values()) == {1: 70, 2: 183, 3: 92}


def test_table_is_whole_and_what_it_names_exists():
    assert faults(TEXT) == set()


def test_threats_name_what_exists():
    assert [one for one in references(TEXT) if "/" in one and not exists(one)] == []


def test_counts_said_at_the_top_are_those_of_the_table():
    counted = Counter(row.state for row in rows_of(TEXT))
    said = {
        state: int(number)
        for number, state in re.findall(r"\*\*(\d+)\*\* ([a-z ]+?)[,.;:]", TEXT.partition("\n## ")[0])
    }
    assert said == {state: counted[state] for state in STATES}


def replaced(id: str, change) -> str:
    """Return the document with one row of the table changed."""
    (line,) = (line for line in TEXT.splitlines() if line.startswith(f"| {id} |"))
    cells = change(line.strip().strip("|").split(" | "))
    return TEXT.replace(line, "| " + " | ".join(cell.strip() for cell in cells) + " |")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (lambda: replaced("V1.5.2", lambda row: ["V1.5.20", *row[1:]]), {"missing V1.5.2", "unknown V1.5.20"}),
        (lambda: replaced("V1.5.2", lambda row: ["V1.5.1", *row[1:]]), {"missing V1.5.2", "twice V1.5.1"}),
        (lambda: replaced("V1.5.2", lambda row: [row[0], "1", *row[2:]]), {"level V1.5.2"}),
        (lambda: replaced("V1.5.2", lambda row: [*row[:3], "perhaps", row[4]]), {"state V1.5.2"}),
        (lambda: replaced("V1.5.2", lambda row: [*row[:4], "it was looked at"]), {"unshown V1.5.2"}),
        (lambda: replaced("V1.5.2", lambda row: [*row[:4], "`tests/test_nothing.py::test_it`"]), {"absent V1.5.2"}),
        (lambda: replaced("V1.5.2", lambda row: [*row[:4], "`tests/test_cache.py::test_nothing`"]), {"absent V1.5.2"}),
        (lambda: replaced("V1.5.2", lambda row: [*row[:2], " ", *row[3:]]), {"empty V1.5.2"}),
        (lambda: replaced("V1.5.2", lambda row: [*row[:3], "not met", "not yet"]), {"unlisted V1.5.2"}),
        (lambda: TEXT.replace(f"{OPEN_WORK}\n", f"{OPEN_WORK}\n\n- V1.5.2: nothing\n", 1), {"listed V1.5.2"}),
    ],
)  # fmt: skip
def test_check_can_fail(text, kind):
    assert kind <= faults(text()) - faults(TEXT)

"""What one version stored by name, another one reads: in a session, sealed in a row, or in Redis."""

import ast
import re
from dataclasses import dataclass

import pytest

from common.kept_values import known_to
from tests.docs.names import ROOT, files

PACKAGES = ("pnav/", "chat/", "reports/", "triage/", "locations/", "common/")
# Where a value may come from that another process has stored.
KEPT = re.compile(r"\bkept\b|json\.loads|\bsession\b|\.content\(\)|\.words\b|cache\.get|signing\.loads")


@dataclass
class Two:
    one: int
    two: int = 2


def f(*, one: int, two: int = 2) -> tuple[int, int]:
    return one, two


@pytest.mark.parametrize("function", [Two, f])
def test_unknown_names_are_left_out_and_missing_ones_have_their_default(function):
    assert known_to(function, {"one": 1, "three": 3}) == {"one": 1}
    assert function(**known_to(function, {"one": 1, "three": 3})) == function(one=1)


def spread(text: str) -> list[str]:
    """Return what a call of this code spreads over a function by `**` as it was kept."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and not _makes_a_mapping(node):
            found += [ast.unparse(one.value) for one in node.keywords if one.arg is None]
    return [one for one in found if KEPT.search(one) and not one.startswith("known_to(")]


def _makes_a_mapping(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == "dict"


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_kept_is_spread_over_a_function_unread(package):
    names = [name for name in files() if name.startswith(package) and name.endswith(".py")]
    assert names
    assert {name: wrong for name in names if (wrong := spread((ROOT / name).read_text()))} == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("file(visit, **kept.fields)", ["kept.fields"]),
        ("Grounds(**json.loads(text))", ["json.loads(text)"]),
        ("Own(public_id=1, **row.content())", ["row.content()"]),
        ("Grounds(**known_to(Grounds, kept))", []),
        ("dict(**kept)", []),
        ("draw(**options)", []),
    ],
)
def test_what_is_spread_is_found(text, found):
    assert spread(text) == found

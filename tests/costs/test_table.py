"""The table of costs has a line for every act, and every bound that it names exists."""

import ast
import importlib
from pathlib import Path
from typing import Any, get_args

import pytest

from benchmarks.costs import table
from benchmarks.costs.document import drawn
from chat.messages import protocol
from chat.realtime.routing import websocket_urlpatterns
from tests.access.test_routes import ADDRESSES, DECISIONS

ROOT = Path(__file__).resolve().parents[2]
HOW = (
    "{name} has no line in the table of costs. Choose a budget, name what bounds it, then write in "
    "benchmarks/costs/table.py (docs/costs.md says how)."
)
LINES = {
    **table.ROUTES, "a class of the admin": table.ADMIN_CLASS,
    **{f"frame {name}": line for name, line in table.FRAMES.items()},
    **{f"socket {name}": line for name, line in table.SOCKETS.items()},
    **{f"upload {name}": line for name, line in table.UPLOADS.items()},
}  # fmt: skip
BOUNDS = sorted({bound for line in LINES.values() for bound in line.bounds} | set(table.ALWAYS))


def without_a_line(names: Any) -> list[str]:
    return [HOW.format(name=name) for name in names if table.line_of(name) is None]


def named(bound: str) -> Any:
    """Return what a bound names. Raises for one that is not there."""
    module, _colon, path = bound.partition(":")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return found


def test_every_address_has_a_line():
    assert without_a_line(ADDRESSES) == []


def test_every_line_has_an_address():
    assert sorted(set(table.ROUTES) - set(ADDRESSES)) == []


def test_address_without_a_line_is_told_what_to_write():
    (said,) = without_a_line([*ADDRESSES, "chat:export"])
    assert said.startswith("chat:export has no line in the table of costs.")
    assert without_a_line(["admin:accounts_user_purge"]) != [], "a page of its own is not one of the five of a class"


def test_every_frame_has_a_line():
    assert {value.__name__.lower() for value in get_args(protocol.Frame)} == set(table.FRAMES)


def test_every_socket_has_a_line():
    assert {str(pattern.pattern) for pattern in websocket_urlpatterns} == set(table.SOCKETS)


def test_every_upload_has_a_line():
    """Every name is looked at that the code takes from `request.FILES`."""
    names = set()
    for room in ("chat", "reports", "triage", "locations", "pnav", "common"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                match node:
                    case (
                        ast.Call(
                            func=ast.Attribute(attr="get", value=ast.Attribute(attr="FILES")),
                            args=[ast.Constant(value=str(name)), *_],
                        )
                        | ast.Subscript(value=ast.Attribute(attr="FILES"), slice=ast.Constant(value=str(name)))
                    ):
                        names.add(name)
                    case ast.Attribute(attr="FILES"):
                        names.add("FILES")
    assert names - {"FILES"} == set(table.UPLOADS) and "FILES" in names


@pytest.mark.parametrize("bound", BOUNDS)
def test_bound_exists(bound):
    assert named(bound) is not None


def test_bound_that_is_gone_is_missed():
    with pytest.raises(AttributeError):
        named("chat.messages.transcript:PIECE_WORDS")


def test_every_line_names_a_bound():
    assert [name for name, line in LINES.items() if not line.bounds] == []


def test_acts_of_visitors_keep_to_the_goals():
    """They take 20 ms and 8 MiB, but for what a person asks for seldom and says why."""
    apart = {"chat:messages": table.WHOLE, "chat:slip_paper": table.HEAVY, "chat:facts": table.JOURNAL}
    apart |= {"chat:captures": table.CAPTURE_FORM, "chat:copy": table.COPY, "chat:receipt_paper": table.HEAVY}
    apart |= {"pages:figures_csv": table.OPEN_DATA}
    visitors = [
        name for name, route in DECISIONS.items() if route.who("visitor") == "in" or route.who("reporter") == "in"
    ]
    assert len(visitors) > 40
    for name in visitors:
        line = table.line_of(name)
        assert line is not None
        if name.startswith(("account_", "mfa_")):
            continue  # pages of the sign-in, which visitors see as well
        assert line.read == line.write == apart.get(name, table.VISITOR), name
    assert (table.VISITOR.ms, table.VISITOR.kib, table.WHOLE.kib) == (20, 8192, 8192)


def test_no_act_takes_more_than_eight_mebibytes():
    """The documents of the longest exchange neither (docs/adr/0149)."""
    assert {max(line.read.kib, line.write.kib) for line in LINES.values()} == {8192}


def test_document_shows_the_table():
    """docs/costs.md holds it as `python -m benchmarks.costs --document` writes it."""
    assert drawn() in (ROOT / "docs" / "costs.md").read_text()

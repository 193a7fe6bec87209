"""The table of costs as docs/costs.md shows it, between two marks."""

from pathlib import Path

from benchmarks.costs import table
from benchmarks.costs.table import Budget, Line, Stores

PATH = Path(__file__).resolve().parents[2] / "docs" / "costs.md"
BEGIN, END = "<!-- table: python -m benchmarks.costs --document -->", "<!-- end of the table -->"


def _budget(budget: Budget) -> str:
    return f"{budget.ms:g} ms, {budget.statements} statements, {budget.rows} rows, {budget.kib // 1024} MiB"


def _stores(stores: Stores) -> str:
    if stores == table.NOTHING:
        return "nothing"
    return f"{stores.rows} rows, {stores.changed} changed, {stores.kib} KiB, {stores.keys} keys"


def _row(name: str, line: Line) -> str:
    budget = _budget(line.read) if line.read == line.write else f"{_budget(line.read)}; sent: {_budget(line.write)}"
    bounds = ", ".join(f"`{bound}`" for bound in line.bounds)
    return f"| {name} | {budget} | {_stores(line.stores)} | {bounds} |"


def drawn() -> str:
    """Return the whole, marks included. Acts that share a line stand together."""
    groups: dict[int, list[str]] = {}
    lines: dict[int, Line] = {}
    for name, line in table.ROUTES.items():
        groups.setdefault(id(line), []).append(f"`{name}`")
        lines[id(line)] = line
    rows = [_row(", ".join(names), lines[key]) for key, names in groups.items()]
    rows.append(_row("the pages of a class of the admin", table.ADMIN_CLASS))
    rows += [_row(f"frame `{name}`", line) for name, line in table.FRAMES.items()]
    rows += [_row(f"socket `{name or 'any other address'}`", line) for name, line in table.SOCKETS.items()]
    rows += [_row(f"upload `{name}`", line) for name, line in table.UPLOADS.items()]
    head = [
        "| act | the most that one costs | what it leaves behind, at most | what holds it |",
        "| --- | --- | --- | --- |",
    ]
    always = ", ".join(f"`{bound}`" for bound in table.ALWAYS)
    return "\n".join([BEGIN, "", f"For every act: {always}.", "", *head, *rows, "", END])


def write() -> None:
    """Put the table where it belongs in docs/costs.md."""
    before, _begin, rest = PATH.read_text().partition(BEGIN)
    _old, _end, after = rest.partition(END)
    PATH.write_text(before + drawn() + after)

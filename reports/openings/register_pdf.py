"""Renders the register of openings as a PDF for screen readers (PDF/UA, with Typst in a child process)."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from common.offload import pool
from common.offload.tables import WHOLE_ROWS
from reports import letterhead

ROWS_AT_MOST = 1_000  # how many rows a document has, the newest ones: some sixty pages

SOURCE = (
    """
#let data = json(bytes(sys.inputs.data))
#set document(title: data.title, date: none)
#set page(paper: "a4", flipped: true, margin: 1.5cm, numbering: "1 / 1")
#set text(lang: "fr", size: 7pt)
#set table(inset: 3pt, fill: (_, row) => if row == 0 { luma(238) })
"""
    + letterhead.SOURCE
    + WHOLE_ROWS
    + """
#title()
#data.at
// An identifier, or the name of an account, is longer than its column: it goes on below, at a hyphen if there is one.
#show table: it => {
  show regex("-|[^ -]{12}"): part => part + box()
  it
}
#table(
  columns: data.heads.map(_ => 1fr),
  table.header(..data.heads.map(strong)),
  ..data.rows.map(row => cells(row, row.map(_ => 100 / row.len()), 35)).flatten(),
)
"""
)


def _counted(count: int) -> str:
    return "Aucune demande." if not count else "1 demande." if count == 1 else f"{count} demandes."


def prepare_register(
    *, heads: list[str], rows: Sequence[list[str]], at: datetime, who: str = ""
) -> Callable[[], bytes]:
    """Return the work that makes the PDF, for `common.offload.background_jobs.ask`.

    The contents of `rows` are data, which Typst treats as text, never as markup.

    rows: oldest first; of more than ROWS_AT_MOST the newest are drawn, and the document says so. who: whoever asks. The
    work raises common.offload.pool.NotDone.
    """
    asked = {"source": SOURCE, "data": on_paper(heads, rows, at)}
    return lambda: pool.run("common.offload.pdf", asked, who=who, is_patient=True)[1]


def on_paper(heads: list[str], rows: Sequence[list[str]], at: datetime) -> dict[str, Any]:
    """Return the contents of the document, for Typst."""
    counted = _counted(len(rows))
    if len(rows) > ROWS_AT_MOST:
        counted = f"Les {ROWS_AT_MOST} plus récentes sont ici ; pour les autres, choisissez une date sur la page."
    return {
        "title": "Registre des levées d'anonymat",
        "at": f"Établi le {at:%d/%m/%Y} à {at:%H:%M} (Paris). {counted} Heures du tableau : UTC.",
        "letterhead": list(letterhead.lines()),
        "heads": heads,
        "rows": list(rows[-ROWS_AT_MOST:]),
    }

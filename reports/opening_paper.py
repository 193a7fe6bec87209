"""The register of openings as a PDF that a screen reader can read (PDF/UA), made by Typst."""

import json
from datetime import datetime

import typst

SOURCE = """
#let data = json(bytes(sys.inputs.data))
#set document(title: data.title, date: none)
#set page(paper: "a4", flipped: true, margin: 1.5cm, numbering: "1 / 1")
#set text(lang: "fr", size: 8pt)
#set table(fill: (_, row) => if row == 0 { luma(238) })
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
  ..data.rows.flatten().map(text),
)
"""


def _counted(count: int) -> str:
    return "Aucune demande." if not count else "1 demande." if count == 1 else f"{count} demandes."


def register_on_paper(*, heads: list[str], rows: list[list[str]], at: datetime) -> bytes:
    """The pages. What is in `rows` goes in as data: it is text to Typst, never markup."""
    data = {
        "title": "Registre des levées d'anonymat",
        "at": f"Établi le {at:%d/%m/%Y} à {at:%H:%M} (Paris). {_counted(len(rows))} Heures du tableau : UTC.",
        "heads": heads,
        "rows": rows,
    }
    return typst.compile(
        SOURCE.encode(), format="pdf", pdf_standards=["ua-1"], sys_inputs={"data": json.dumps(data, ensure_ascii=False)}
    )

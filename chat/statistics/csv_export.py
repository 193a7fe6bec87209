"""This module writes CSV for French spreadsheets: semicolons, a byte-order mark, and no cell that begins as a
formula."""

import csv
from collections.abc import Iterable, Sequence

from django.http import HttpResponse


def answer(name: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """Return the download. name: that of the file, without its extension."""
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"},
    )
    response.write("\ufeff")
    writer = csv.writer(response, delimiter=";")
    writer.writerow([plain(cell) for cell in heads])
    writer.writerows([plain(cell) for cell in row] for row in rows)
    return response


def plain(cell: object) -> str:
    """Return a cell as text. What a spreadsheet would take for a formula is quoted; numbers have a decimal comma."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.1f}".replace(".", ",")
    text = str(cell)
    return f"'{text}" if text.lstrip(" ")[:1] in {"=", "+", "-", "@", "\t", "\r", "\n", "|"} else text

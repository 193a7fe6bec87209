"""The list of disclosures on paper: no column lies over another."""

import io
import json
import uuid
from datetime import UTC, datetime

import pytest
import typst
from PIL import Image

from reports.openings import register_pdf
from reports.openings.views import register_heads

HEADS = ["Demande", "Signalement", "Objet", "Danger imminent", "Demandée le (UTC)", "Par", "Contresignée par",
         "Accords", "Confiée par", "Ouverte par", "Lue par", "État", "Depuis le (UTC)", "Examen (UTC)",
         "Examinée par"]  # fmt: skip
REST = ["Nom laissé par la personne", "non", "2026-11-11 00:42", "police1", "superviseur", "referent, referent2",
        "superviseur", "referent, referent2", "police2", "Expirée", "2026-11-26 00:42", "2026-11-26 00:42",
        "referent3"]  # fmt: skip
DARK = 140


def drawn(rows: list[list[str]]) -> Image.Image:
    """Return the first page as a picture, of the very source that makes the PDF."""

    data = register_pdf.on_paper(HEADS, rows, datetime(2026, 11, 26, tzinfo=UTC))
    picture = typst.compile(
        register_pdf.SOURCE.encode(), format="png", ppi=150, sys_inputs={"data": json.dumps(data, ensure_ascii=False)}
    )
    return Image.open(io.BytesIO(picture)).convert("L")


def dark(picture: Image.Image) -> bytes:
    """Return one byte for each point, row after row: 1 where it is dark."""
    return picture.point([int(grey < DARK) for grey in range(256)]).tobytes()


def lines_of(picture: Image.Image, top: int, bottom: int) -> list[int]:
    """Return where the lines between columns stand: dark from top to bottom."""
    points, width = dark(picture), picture.width
    counts = [points[top * width + x : bottom * width : width].count(1) for x in range(width)]
    found = [x for x, count in enumerate(counts) if count > 0.98 * (bottom - top)]
    return [x for x in found if x - 1 not in found]


def rules_of(picture: Image.Image) -> list[int]:
    """Return where the lines between rows stand."""
    points, width = dark(picture), picture.width
    counts = [points[y * width : (y + 1) * width].count(1) for y in range(picture.height)]
    found = [y for y, count in enumerate(counts) if count > 0.8 * width]
    return [y for y in found if y - 1 not in found]


def test_heads_are_those_of_the_register():
    assert register_heads() == HEADS


@pytest.mark.parametrize(
    "long",
    [
        "529d8ed2-2251-4688-88cd-7f1a04913463",
        "2c4f24ad-bbca-4dfa-9844-148b6102610d",
        str(uuid.UUID(int=1)),
        "un-compte-au-nom-bien-long.qui-ne-finit-pas-avant-la-marge-de-droite",
        "x" * 60,
    ],
)
def test_long_cell_stays_in_its_column(long):
    picture = drawn([[long, "", *REST]])
    top, *_others, bottom = rules_of(picture)
    first_row = rules_of(picture)[1]
    _left, start, end, *_right = lines_of(picture, top + 5, bottom - 2)
    beside = picture.crop((start + 6, first_row + 6, end - 3, bottom - 3))
    assert beside.getextrema()[0] > DARK, "the empty column beside it is white"


def test_register_of_many_openings_is_cut_to_the_newest_and_says_so():
    rows = [[str(number)] for number in range(register_pdf.ROWS_AT_MOST + 5)]
    data = register_pdf.on_paper(["Demande"], rows, datetime(2026, 11, 26, tzinfo=UTC))
    assert data["rows"] == rows[5:] and f"Les {register_pdf.ROWS_AT_MOST} plus récentes" in data["at"]
    assert "demandes." not in data["at"], "how many there are in all is not known here"

"""Spreadsheets as Excel and LibreOffice write them, and files that are none, or that unpack to too much."""

import io
import time
import zipfile
from xml.sax.saxutils import escape

import pytest

from pnav.accounts.admin_site import spreadsheets
from pnav.accounts.admin_site.spreadsheets import SpreadsheetError, read_rows

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def book(sheet: str, *, strings: str = "", target: str = "worksheets/sheet1.xml", **parts: str) -> bytes:
    """Return a file with these rows as its first sheet; parts: others, by their names."""
    found = {
        "[Content_Types].xml": "<Types/>",
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        '<sheet name="Un" sheetId="1" r:id="a"/><sheet name="Deux" sheetId="2" r:id="b"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">'
        f'<Relationship Id="b" Target="worksheets/no.xml"/><Relationship Id="a" Target="{target}"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{sheet}</sheetData></worksheet>',
    } | parts
    if strings:
        found["xl/sharedStrings.xml"] = f'<sst xmlns="{MAIN}">{strings}</sst>'
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in found.items():
            packed.writestr(name, text)
    return content.getvalue()


def of_rows(rows: list[list[str]]) -> bytes:
    """Return these rows as a file, with texts in their cells."""
    cells = "".join(
        f"<row>{''.join(f'<c t="inlineStr"><is><t>{escape(cell)}</t></is></c>' for cell in row)}</row>" for row in rows
    )
    return book(cells)


def test_shared_texts_numbers_and_gaps_are_where_they_say():
    strings = "<si><t>Nom</t></si><si><r><t>Le </t></r><r><t>Goff</t></r><rPh><t>x</t></rPh></si>"
    sheet = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="s"><v>1</v></c></row>'
        '<row r="4"><c r="B4"><v>12</v></c><c r="AA4" t="str"><f>A1</f><v>calculé</v></c><c r="D4" s="1"/></row>'
    )
    first, second, third, fourth = read_rows(book(sheet, strings=strings))
    assert first == ["Nom", "", "Le Goff"] and second == third == []
    assert fourth[1] == "12" and fourth[26] == "calculé" and len(fourth) == 27


def test_texts_in_their_cells_and_an_absolute_target():
    rows = [["Nom", "Prénom"], [], ["Martin & fils", "Al\nice"]]
    assert read_rows(of_rows(rows)) == rows
    assert read_rows(book("<row><c><v>1</v></c></row>", target="/xl/worksheets/sheet1.xml")) == [["1"]]
    assert read_rows(book("")) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04nothing",
        b"nom;prenom",
        book("")[:-40],
        book("<row>", target="worksheets/none.xml"),
        book("<row><c><v>1</v></row>"),
        book('<row><c t="s"><v>9</v></c></row>'),
        book('<row r="x"><c><v>1</v></c></row>'),
        book(f'<row r="{spreadsheets.MOST_ROWS + 1}"><c><v>1</v></c></row>'),
        book('<row r="1"><c r="XFD1"><v>1</v></c></row>'),
        book(f"<row><c><v>{'1' * (spreadsheets.MOST_SIGNS + 1)}</v></c></row>"),
        book("", strings="<si><t>" + "x" * (spreadsheets.MOST_SIGNS + 1) + "</t></si>"),
        b"x" * (spreadsheets.MOST_BYTES + 1),
    ],
)
def test_what_is_no_sheet_is_refused(content: bytes):
    with pytest.raises(SpreadsheetError):
        read_rows(content)


def test_small_file_that_unpacks_to_much_is_refused():
    content = book("<row><c><v>1</v></c></row>" + " " * (spreadsheets.MOST_UNPACKED + 1))
    assert len(content) < 100_000
    with pytest.raises(SpreadsheetError):
        read_rows(content)


def test_entities_that_grow_are_refused():
    grows = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><worksheet><row><c><v>&b;</v></c></row></worksheet>'
    with pytest.raises(SpreadsheetError):
        read_rows(book("", **{"xl/worksheets/sheet1.xml": grows}))


def test_longest_texts_are_read_in_a_straight_line():
    """There are as many lines as a cell may have: each is not copied again with all that came before."""

    def seconds(count: int) -> float:
        content = book("", strings="".join(f"<si><t>{'x&#10;' * 1_000}</t></si>" for _one in range(count)))
        began = time.thread_time()
        read_rows(content)
        return time.thread_time() - began

    seconds(50)
    assert seconds(400) < 60 * max(seconds(50), 0.001)

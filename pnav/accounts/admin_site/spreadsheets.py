"""This module reads the cells of a spreadsheet's first sheet (.xlsx, ECMA-376) as texts. No formula is computed, no
macro run.

Such a file is a ZIP of XML. A small file may unpack to a huge one, and XML may define entities that grow without end.
So what is unpacked is bounded, a document type definition is refused, and the file is read once, as a stream.
"""

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable
from xml.parsers import expat  # it parses a stream; entities are refused below

MOST_BYTES = 1_000_000  # the most bytes of the file
MOST_UNPACKED = 8_000_000  # the most bytes of each part that is read, once it is unpacked
MOST_ROWS, MOST_COLUMNS = 2_000, 50
MOST_SIGNS = 32_767  # the most characters of a cell, as many as the format allows
MAGIC = b"PK\x03\x04"
OLD_MAGIC = b"\xd0\xcf\x11\xe0"  # how an .xls file begins, the format of Excel before 2007

_NAME = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_WORKBOOK, _STRINGS = "xl/workbook.xml", "xl/sharedStrings.xml"


class SpreadsheetError(Exception):
    """The file is no spreadsheet that can be read, or exceeds the bounds of this module."""


def read_rows(content: bytes) -> list[list[str]]:
    """Return the rows of the first sheet, each up to its last cell; a row that the file leaves out is empty.

    Numbers are returned as they are stored (« 12 »), not as they are shown. This takes some tenths of a second at most.
    Raises SpreadsheetError.
    """
    if len(content) > MOST_BYTES:
        raise SpreadsheetError
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            strings = _Strings.read(book, _STRINGS).found if _STRINGS in book.namelist() else []
            return _Cells.read(book, _first_sheet(book), strings).rows
    except (zipfile.BadZipFile, zipfile.LargeZipFile, KeyError, NotImplementedError, RuntimeError, EOFError) as error:
        raise SpreadsheetError from error  # the file is damaged, encrypted, or of another kind
    except (expat.ExpatError, zlib.error, ValueError, IndexError) as error:
        raise SpreadsheetError from error


def _part(book: zipfile.ZipFile, name: str) -> bytes:
    """Unpack one part of the file, and never more than MOST_UNPACKED bytes, whatever size the file states."""
    with book.open(name) as part:
        content = part.read(MOST_UNPACKED + 1)
    if len(content) > MOST_UNPACKED:
        raise SpreadsheetError
    return content


def _parse(content: bytes, *, start: Callable[[str, dict[str, str]], None], **handlers: Callable[..., None]) -> None:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True  # otherwise the parser would hand over each line of a text by itself
    parser.StartElementHandler = lambda name, attributes: start(name.rpartition(" ")[2], attributes)
    if end := handlers.get("end"):
        parser.EndElementHandler = lambda name: end(name.rpartition(" ")[2])
    if text := handlers.get("text"):
        parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse
    parser.Parse(content, True)


def _refuse(*_declared: object) -> None:
    """Raise SpreadsheetError for a document type definition, with which entities could be defined."""
    raise SpreadsheetError


def _first_sheet(book: zipfile.ZipFile) -> str:
    """Return the name of the part with the first sheet, according to the workbook."""
    ids: list[str] = []
    targets: dict[str, str] = {}

    def of_workbook(name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            ids.extend(value for key, value in attributes.items() if key.rpartition(" ")[2] == "id")

    def of_relations(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            targets[attributes["Id"]] = attributes["Target"]

    _parse(_part(book, _WORKBOOK), start=of_workbook)
    _parse(_part(book, "xl/_rels/workbook.xml.rels"), start=of_relations)
    target = targets[ids[0]]
    return target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")


class _Strings:
    """Parses the texts that cells share, in order, without phonetic readings (rPh)."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._is_text = False
        self._is_reading = False

    @classmethod
    def read(cls, book: zipfile.ZipFile, name: str) -> "_Strings":
        made = cls()
        _parse(_part(book, name), start=made.start, end=made.end, text=made.text)
        return made

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        if name == "si":
            self.found.append("")
        self._is_reading = self._is_reading or name == "rPh"
        self._is_text = name == "t" and not self._is_reading

    def end(self, name: str) -> None:
        if name == "rPh":
            self._is_reading = False
        self._is_text = False

    def text(self, data: str) -> None:
        if self._is_text and self.found:
            self.found[-1] = _longer(self.found[-1], data)


class _Cells:
    """Parses the cells of a sheet, by the position that each states."""

    def __init__(self, strings: list[str]) -> None:
        self.rows: list[list[str]] = []
        self._strings = strings
        self._kind = ""
        self._value: str | None = None
        self._is_text = False
        self._row = self._column = 0

    @classmethod
    def read(cls, book: zipfile.ZipFile, name: str, strings: list[str]) -> "_Cells":
        made = cls(strings)
        _parse(_part(book, name), start=made.start, end=made.end, text=made.text)
        return made

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "row":
            self._row = int(attributes["r"]) if "r" in attributes else self._row + 1
            self._column = 0
        elif name == "c":
            self._kind, self._value = attributes.get("t", "n"), ""
            place = _NAME.fullmatch(attributes.get("r", ""))
            self._column = _number_of(place[1]) if place else self._column + 1
        self._is_text = name in {"v", "t"} and self._value is not None

    def end(self, name: str) -> None:
        if name == "c":
            if self._value:
                self._put(self._strings[int(self._value)] if self._kind == "s" else self._value)
            self._value = None
        self._is_text = False

    def text(self, data: str) -> None:
        if self._is_text and self._value is not None:
            self._value = _longer(self._value, data)

    def _put(self, value: str) -> None:
        if not 0 < self._row <= MOST_ROWS or not 0 < self._column <= MOST_COLUMNS:
            raise SpreadsheetError
        self.rows += [[] for _row in range(self._row - len(self.rows))]
        row = self.rows[self._row - 1]
        row += [""] * (self._column - len(row))
        row[self._column - 1] = value


def _longer(text: str, data: str) -> str:
    if len(text) + len(data) > MOST_SIGNS:
        raise SpreadsheetError
    return text + data


def _number_of(letters: str) -> int:
    """Return the number of a column: « A » is 1, « AA » is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number

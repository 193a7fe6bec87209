"""This module finds data files, recognises them by their header and reads them as a stream of rows. It makes no query.

A file may be CSV (« ; », « , » or tabs) or JSON (a list of objects, or `{"service": […]}`), plain or compressed, or an
archive of such files. What it is called says nothing; its columns say what it is.
"""

import bz2
import csv
import gzip
import io
import json
import lzma
import re
import tarfile
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

HEAD_BYTES = 1 << 16
CHUNK = 1 << 20
# It is the only « column » of DILA's directory, one object `{"service": […]}` whose services are read one by one.
SERVICE_LIST = "{service}"
_READERS: dict[str, Callable[[Any], Any]] = {
    ".gz": lambda stream: gzip.GzipFile(fileobj=stream),
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
}


class UnreadableFile(ValueError):
    """A file cannot be read to its end. The message says why, in French."""


@dataclass(frozen=True)
class Row:
    """It is one row: where it was (the line of a CSV, the rank in a JSON list) and its cells by normalised column name.

    problem says why the row cannot be understood at all; its cells are then empty.
    """

    line: int
    cells: dict[str, Any]
    problem: str = ""


@dataclass
class Document:
    """It is a readable file, or one member of an archive.

    columns are the normalised names of its columns, in order; they are empty when nothing was recognised.
    progress gives the share of the file read so far, from 0 to 1.
    """

    name: str
    columns: tuple[str, ...]
    rows: Iterator[Row]
    progress: Callable[[], float]


def column_name(header: str) -> str:
    """Return a header cell in the form used everywhere here: `#Code_commune_INSEE` is "code_commune_insee"."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", header) if not unicodedata.combining(char))
    return re.sub(r"[^a-z0-9]+", "_", plain.casefold()).strip("_")


def read_documents(path: Path) -> Iterator[Document]:
    """Yield the documents in a file: itself, or the CSV and JSON members of an archive. Read each before the next."""
    size = path.stat().st_size or 1
    with path.open("rb") as raw:

        def progress() -> float:
            return min(1.0, raw.tell() / size)

        if _is_tar(path):
            with tarfile.open(fileobj=raw, mode="r|*") as archive:
                for member in archive:
                    if member.isfile() and member.name.endswith((".csv", ".json")):
                        stream = archive.extractfile(member)
                        yield _document(f"{path.name}:{member.name}", stream, progress)
            return
        wrap = _READERS.get(path.suffix)
        yield _document(path.name, wrap(raw) if wrap else raw, progress)


def _is_tar(path: Path) -> bool:
    return path.suffix == ".tar" or (len(path.suffixes) > 1 and path.suffixes[-2] == ".tar") or path.suffix == ".tgz"


def _document(name: str, stream: Any, progress: Callable[[], float]) -> Document:
    head = stream.read(HEAD_BYTES)
    whole = io.BufferedReader(_Rejoined(head, stream), CHUNK)
    start = head.decode("utf-8-sig", errors="replace").lstrip()
    if start.startswith(("{", "[")):
        service = re.match(r'\{\s*"service"\s*:\s*\[', start)
        columns: tuple[str, ...] = ()
        if service:
            columns = (SERVICE_LIST,)
        elif start.startswith("["):
            first = _first_object(start)
            columns = tuple(column_name(key) for key in first)
        return Document(name, columns, _json_rows(whole, nested=bool(service)), progress)
    line = start.split("\n", 1)[0].rstrip("\r")
    delimiter = max(";,\t", key=line.count)
    headers = next(csv.reader([line], delimiter=delimiter), [])
    columns = tuple(column_name(header) for header in headers)
    return Document(name, columns, _csv_rows(whole, delimiter), progress)


class _Rejoined(io.RawIOBase):
    """It is a stream whose beginning was already read."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self.head, self.rest = head, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.head:
            part, self.head = self.head[: len(buffer)], self.head[len(buffer) :]
        else:
            part = self.rest.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)


def _csv_rows(stream: BinaryIO, delimiter: str) -> Iterator[Row]:
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    reader = csv.reader(text, delimiter=delimiter)
    try:
        columns = [column_name(header) for header in next(reader, [])]
        for cells in reader:
            if not any(cells):
                continue
            if len(cells) != len(columns):
                yield Row(reader.line_num, {}, f"{len(cells)} colonnes au lieu de {len(columns)}")
            else:
                yield Row(reader.line_num, dict(zip(columns, cells, strict=True)))
    except UnicodeDecodeError as error:
        raise UnreadableFile("le fichier n'est pas en UTF-8") from error
    except (csv.Error, EOFError, OSError, lzma.LZMAError) as error:
        raise UnreadableFile(f"le fichier est abîmé après la ligne {reader.line_num}") from error
    finally:
        text.detach()


def _first_object(start: str) -> dict[str, Any]:
    try:
        first, _end = json.JSONDecoder().raw_decode(start[1:].lstrip())
    except json.JSONDecodeError:
        return {}
    return first if isinstance(first, dict) else {}


def _json_rows(stream: BinaryIO, *, nested: bool) -> Iterator[Row]:
    """Yield the objects of the list, one at a time: DILA's file is 273 MB and is never whole in memory."""
    text = io.TextIOWrapper(stream, encoding="utf-8-sig")
    decoder = json.JSONDecoder()
    buffer, rank, is_at_end = "", 0, False
    try:
        buffer = text.read(CHUNK)
        buffer = buffer[buffer.index("[") + 1 :]
        while True:
            buffer = buffer.lstrip(" \t\r\n,")
            if buffer.startswith("]"):
                return
            try:
                item, end = decoder.raw_decode(buffer)
            except json.JSONDecodeError as error:
                if is_at_end:
                    raise UnreadableFile(f"le fichier JSON est abîmé après l'objet {rank}") from error
                more = text.read(CHUNK)
                is_at_end = not more
                buffer += more
                continue
            rank += 1
            buffer = buffer[end:]
            if not isinstance(item, dict):
                yield Row(rank, {}, "l'élément n'est pas un objet")
            elif nested:
                yield Row(rank, item)
            else:
                yield Row(rank, {column_name(key): _cell(value) for key, value in item.items()})
    except UnicodeDecodeError as error:
        raise UnreadableFile("le fichier n'est pas en UTF-8") from error
    except (EOFError, OSError, lzma.LZMAError) as error:
        raise UnreadableFile(f"le fichier est abîmé après l'objet {rank}") from error
    finally:
        text.detach()


def _cell(value: Any) -> str:
    """Return a value of a JSON row as a CSV would hold it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def files_in(folder: Path) -> Iterable[Path]:
    """Return the files directly in a folder that may hold data, by name."""
    wanted = (".csv", ".json", ".csv.gz", ".json.gz", ".csv.bz2", ".json.bz2", ".csv.xz", ".json.xz")
    for path in sorted(folder.iterdir()):
        if path.is_file() and (path.name.endswith(wanted) or _is_tar(path)):
            yield path

"""Files are found, recognised by their header, and read as a stream."""

import bz2
import gzip
import io
import json
import tarfile

import pytest

from locations.importing import reading
from locations.importing.formats import recognise_format
from locations.importing.reading import SERVICE_LIST, UnreadableFile, column_name, files_in, read_documents

COMPETENCE = (
    "code_commune;libelle_commune;institution;id_service;service;code_postal;codes_postaux\n"
    '"2A004";"Ajaccio";"PN";"";"Commissariat de police d\'Ajaccio";"20000";"20000-20090-20167"\n'
)


def rows_of(path):
    # Each document is read before the next one is asked for, which closes its file.
    return [row for document in read_documents(path) for row in document.rows]


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("x.csv", lambda data: data),
        ("x.csv.gz", gzip.compress),
        ("x.csv.bz2", bz2.compress),
        ("bom.csv", lambda data: b"\xef\xbb\xbf" + data),
        ("crlf.csv", lambda data: data.replace(b"\n", b"\r\n")),
    ],
)
def test_documents_csv_in_every_wrapping(tmp_path, name, pack):
    path = tmp_path / name
    path.write_bytes(pack(COMPETENCE.encode()))
    (row,) = rows_of(path)
    assert row.line == 2
    assert row.cells["code_commune"] == "2A004"
    assert row.cells["id_service"] == ""


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_documents_csv_delimiters(tmp_path, delimiter):
    path = tmp_path / "x.csv"
    path.write_text(delimiter.join(["#Code_commune_INSEE", "Libellé_d_acheminement"]) + "\n" + delimiter.join("ab"))
    (row,) = rows_of(path)
    assert row.cells == {"code_commune_insee": "a", "libelle_d_acheminement": "b"}


def test_documents_csv_row_with_a_missing_column(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a;b;c\n1;2;3\n1;2\n")
    first, second = rows_of(path)
    assert not first.problem
    assert second.line == 3
    assert second.problem == "2 colonnes au lieu de 3"


def test_documents_csv_that_is_not_utf8(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes("a;b\nété;1\n".encode("latin-1"))
    with pytest.raises(UnreadableFile, match="UTF-8"):
        rows_of(path)


def test_documents_gzip_that_is_cut(tmp_path):
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress((COMPETENCE * 9000).encode())[:-40])
    with pytest.raises(UnreadableFile, match="abîmé"):
        rows_of(path)


def test_documents_json_list_of_rows(tmp_path):
    path = tmp_path / "x.json"
    path.write_text(json.dumps([{"Service": "A", "n": None, "list": [1]}]))
    for document in read_documents(path):
        assert document.columns == ("service", "n", "list")
        (row,) = document.rows
        assert row.cells == {"service": "A", "n": "", "list": "[1]"}


def test_documents_services_are_read_one_by_one(tmp_path, monkeypatch):
    """The list is longer than what is ever held in memory."""
    monkeypatch.setattr(reading, "CHUNK", 64)
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"service": [{"nom": f"n{rank}", "text": "é]}," * 30} for rank in range(50)]}, indent=1))
    for document in read_documents(path):
        assert document.columns == (SERVICE_LIST,)
        rows = list(document.rows)
        assert [row.line for row in rows] == list(range(1, 51))
        assert rows[-1].cells["nom"] == "n49"


def test_documents_json_that_is_cut(tmp_path):
    path = tmp_path / "x.json"
    path.write_text('{"service": [{"nom": "a"}, {"nom": ')
    with pytest.raises(UnreadableFile, match="après l'objet 1"):
        rows_of(path)


def test_documents_members_of_an_archive(tmp_path):
    path = tmp_path / "x.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, data in (("a/one.csv", COMPETENCE.encode()), ("a/two.xml", b"<x/>")):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    found = []
    for document in read_documents(path):
        found.append((document.name, recognise_format(document.columns).key, len(list(document.rows))))
    assert found == [("x.tar.gz:a/one.csv", "competence", 1)]


def test_files_in_leaves_others_alone(tmp_path):
    for name in ("b.csv", "a.json.gz", "README.md", "c.geojson", "d.tar.gz"):
        (tmp_path / name).write_text("x")
    (tmp_path / "e.csv").mkdir()
    assert [path.name for path in files_in(tmp_path)] == ["a.json.gz", "b.csv", "d.tar.gz"]


def test_column_name_forgets_decoration():
    assert column_name("\ufeff#Code_commune_INSEE ") == "code_commune_insee"
    assert column_name("lieux-fuisonés") == "lieux_fuisones"
    assert column_name("geocodage_x_GPS") == "geocodage_x_gps"

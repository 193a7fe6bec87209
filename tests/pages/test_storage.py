"""What a build of static files leaves alone of the build before."""

import gzip
from pathlib import Path

import brotli
import pytest

from pnav.pages.build.storage import KeepingCompressor, Storage

CONTENT = b"a line of a script;\n" * 200


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file that was compressed."""
    path = tmp_path / "site.0123456789ab.js"
    path.write_bytes(CONTENT)
    made = KeepingCompressor(quiet=True).compress(str(path))
    assert made == [f"{path}.br", f"{path}.gz"]
    return path


def forms(path: Path) -> tuple[bytes, bytes]:
    """Return what the compressed forms of this file open to."""
    br, gz = (path.with_name(path.name + suffix) for suffix in (".br", ".gz"))
    return brotli.decompress(br.read_bytes()), gzip.decompress(gz.read_bytes())


def refuse(_data: bytes) -> bytes:
    raise AssertionError("it was compressed already")


def test_file_is_compressed_in_both_ways(file: Path):
    assert forms(file) == (CONTENT, CONTENT)


def test_compressed_file_is_left_alone(file: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("compress_brotli", "compress_gzip"):
        monkeypatch.setattr(KeepingCompressor, name, staticmethod(refuse))
    assert KeepingCompressor(quiet=True).compress(str(file)) == [f"{file}.br", f"{file}.gz"]
    assert forms(file) == (CONTENT, CONTENT)


@pytest.mark.parametrize("suffix", [".br", ".gz"])
@pytest.mark.parametrize("left", [None, b"", CONTENT], ids=["none", "empty", "no such form"])
def test_form_that_is_missing_or_broken_is_made_anew(file: Path, suffix: str, left: bytes | None):
    form = file.with_name(file.name + suffix)
    form.unlink()
    if left is not None:
        form.write_bytes(left)
    KeepingCompressor(quiet=True).compress(str(file))
    assert forms(file) == (CONTENT, CONTENT)


@pytest.mark.parametrize("suffix", [".br", ".gz"])
def test_beginning_of_a_form_and_form_of_another_file_are_made_anew(file: Path, suffix: str):
    """A build that was killed leaves the one; the other would need a hash that two files have."""
    form = file.with_name(file.name + suffix)
    other = {".br": brotli.compress, ".gz": gzip.compress}[suffix](b"another file" * 99)
    for left in (form.read_bytes()[:-9], other):
        form.write_bytes(left)
        KeepingCompressor(quiet=True).compress(str(file))
        assert forms(file) == (CONTENT, CONTENT)


def test_static_files_are_compressed_by_it():
    assert isinstance(Storage().create_compressor(quiet=True), KeepingCompressor)

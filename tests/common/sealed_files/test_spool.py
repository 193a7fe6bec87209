"""What a request carries is nowhere on a disk in clear while it is served."""

import errno
import io
import tempfile
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock

import pytest
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.http.multipartparser import MultiPartParser
from hypothesis import given, settings
from hypothesis import strategies as st

from common.offload import long_results, pool
from common.sealed_files import spool as spools
from common.sealed_files.spool import IN_MEMORY, Spool, SpooledFile, SpoolHandler

MARK = b"MARQUE-en-clair."


@pytest.fixture
def files(monkeypatch):
    """Return the temporary files that spools open, still open to be looked into."""
    opened, really = [], tempfile.TemporaryFile

    def opening(*args, **kwargs):
        file = really(*args, **kwargs)
        opened.append(file)
        return file

    monkeypatch.setattr(spools.tempfile, "TemporaryFile", opening)
    return opened


def test_small_body_touches_no_disk(files):
    spool = Spool()
    spool.write(b"a" * IN_MEMORY)
    spool.seek(0)
    assert spool.read() == b"a" * IN_MEMORY and not files


def test_long_body_is_sealed_on_the_disk_and_read_back(files, monkeypatch):
    content = MARK * (4 * IN_MEMORY // len(MARK)) + b"fin"
    spool = Spool()
    for start in range(0, len(content), 10_000):
        spool.write(content[start : start + 10_000])
    [file] = files
    file.seek(0)
    on_disk = file.read()
    assert len(on_disk) >= 3 * IN_MEMORY and MARK not in on_disk
    spool.seek(0)
    assert spool.read() == content and spool.size == len(content)
    spool.seek(-3, 2)
    assert (spool.read(10), spool.read(10), spool.tell()) == (b"fin", b"", len(content))
    spool.close()
    assert file.closed


@given(st.lists(st.integers(0, 3 * IN_MEMORY), max_size=5), st.data())
@settings(max_examples=40, deadline=None)
def test_reads_as_a_file_in_memory_does(lengths, data):
    whole = b"".join(bytes([65 + number]) * length for number, length in enumerate(lengths))
    spool, model = Spool(), io.BytesIO(whole)
    start = 0
    for length in lengths:
        spool.write(whole[start : start + length])
        start += length
    for _ in range(4):
        place = data.draw(st.integers(0, len(whole) + 10))
        count = data.draw(st.integers(0, 2 * IN_MEMORY + 3))
        spool.seek(place)
        model.seek(place)
        assert spool.read(count) == model.read(count)
    spool.close()


def test_is_written_at_its_end_alone():
    spool = Spool()
    spool.write(b"abc")
    spool.seek(0)
    with pytest.raises(OSError, match="at its end"):
        spool.write(b"x")


def form_of(content):
    limit = b"----limite"
    head = b'Content-Disposition: form-data; name="capture"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
    return b"--" + limit + b"\r\n" + head + content + b"\r\n--" + limit + b"--\r\n", limit


def test_file_of_a_form_comes_piece_by_piece_from_a_spool(files, rf):
    content = MARK * (3 * IN_MEMORY // len(MARK))
    body, limit = form_of(content)
    meta = {"CONTENT_TYPE": f"multipart/form-data; boundary={limit.decode()}", "CONTENT_LENGTH": str(len(body))}
    _post, sent = MultiPartParser(meta, io.BytesIO(body), [SpoolHandler()]).parse()
    file = sent["capture"]
    assert isinstance(file, SpooledFile) and file.size == len(content)
    assert b"".join(file.chunks()) == content and b"".join(file.chunks(1000)) == content
    for one in files:
        one.seek(0)
        assert MARK not in one.read()


def test_no_other_handler_takes_files(settings):
    from django.core.files.uploadhandler import load_handler

    [name] = settings.FILE_UPLOAD_HANDLERS
    handler = load_handler(name)
    assert isinstance(handler, SpoolHandler) and not isinstance(handler, MemoryFileUploadHandler)


# --- parts ------------------------------------------------------------------------------------------------------------


def test_parts_are_read_again_and_again_while_more_is_written(files):
    spool, contents = Spool(), [b"", b"a" * 10, MARK * IN_MEMORY, b"b" * IN_MEMORY, b"fin"]
    parts = []
    for content in contents:
        parts.append(spool.append((content[:7], content[7:]), most=10**8))
        assert [part.read() for part in parts] == contents[: len(parts)]
        assert [b"".join(part.pieces()) for part in parts] == contents[: len(parts)]
    assert max(len(piece) for part in parts for piece in part.pieces()) == IN_MEMORY
    assert MARK not in files[0].read(), "it is encrypted there"


def test_parts_are_read_by_several_threads():
    spool = Spool()
    contents = [bytes([number]) * (IN_MEMORY + 999 * number) for number in range(6)]
    parts = [spool.append((content,), most=10**8) for content in contents]
    with ThreadPoolExecutor(6) as threads:
        for _turn in range(20):
            found = threads.map(lambda part: b"".join(part.pieces()), parts)
            assert list(found) == contents


def test_part_is_cut_and_read_in_lines():
    lines = [b"", b"un", b"d" * 3 * IN_MEMORY, b"trois", b""]
    spool = Spool()
    spool.append((b"avant\n",), most=10**8)
    part = spool.append((b"\n".join(lines) + b"\n",), most=10**8)
    assert list(part.lines()) == lines
    whole = part.read()
    assert [one.read() for one in part.cut([3, 0, len(whole) - 3])] == [whole[:3], b"", whole[3:]]
    assert list(spool.append((b"sans fin",), most=10**8).lines()) == [b"sans fin"]


def test_spool_that_would_be_too_long_is_refused_and_what_is_in_it_stays():
    spool = Spool()
    part = spool.append((b"a" * 60,), most=100)
    with pytest.raises(OSError, match="full"):
        spool.append((b"b" * 30, b"c" * 30), most=100)
    assert part.read() == b"a" * 60


def test_disk_that_is_full_is_a_document_that_failed(monkeypatch):
    monkeypatch.setattr(spools.tempfile, "TemporaryFile", Mock(side_effect=OSError(errno.ENOSPC, "full")))
    with pytest.raises(pool.Failed) as failed:
        long_results.keep_pieces(Spool(), (b"a" * 3 * IN_MEMORY,))
    assert failed.value.why == "error"

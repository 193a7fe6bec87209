"""« unscannable is never clean », with a real clamd and a signature of our own.

`make test-versions CLAMD=1 ARGS=tests/chat/captures` brings Debian's; elsewhere the one of the machine is asked.
"""

import io
import secrets
import struct
import zipfile
from collections.abc import Callable, Iterator

import pytest

from chat.captures import scanner, scanning
from chat.models import ScanResult
from tests.factories import captures as make_captures
from tests.factories import chat as make
from tests.support import clamd
from tests.support.clamd import MARK, Clamd

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not clamd.program(), reason="clamd is not there: make test-versions CLAMD=1"),
]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clamd]:
    server = Clamd(tmp_path_factory.mktemp("clamd"))
    yield server
    server.stop()


def zipped(content: bytes, *, count: int = 1) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(count):
            archive.writestr(f"fichier-{number}.txt", content)
    return made.getvalue()


def nested(levels: int) -> bytes:
    content = MARK
    for _level in range(levels):
        content = zipped(content)
    return content


def encrypted() -> bytes:
    """Return a ZIP that says of its one member that it is encrypted: nobody looks into it without its word."""
    content = bytearray(zipped(secrets.token_bytes(500)))
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.index(signature) + place
        content[at : at + 2] = struct.pack("<H", struct.unpack("<H", content[at : at + 2])[0] | 1)
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "result"),
    [
        pytest.param(make_captures.png, ScanResult.CLEAN, id="nothing"),
        pytest.param(lambda: b"avant " + MARK + b" apres", ScanResult.FOUND, id="plain"),
        pytest.param(lambda: zipped(MARK), ScanResult.FOUND, id="in a ZIP"),
        pytest.param(lambda: make_captures.png() + MARK, ScanResult.FOUND, id="behind a PNG"),
        pytest.param(encrypted, ScanResult.UNSCANNABLE, id="encrypted"),
        pytest.param(lambda: b"x" * 17_000_000, ScanResult.UNSCANNABLE, id="longer than it reads"),
        pytest.param(lambda: zipped(b"x", count=12_000), ScanResult.UNSCANNABLE, id="more files than it reads"),
        pytest.param(lambda: nested(25), ScanResult.UNSCANNABLE, id="deeper than it reads"),
    ],
)
def test_what_it_did_not_look_at_is_never_clean(settings, running, content: Callable[[], bytes], result):
    settings.CLAMD = str(running.socket)
    whole = content()
    pieces = (whole[at : at + 200_000] for at in range(0, len(whole), 200_000))
    assert scanner.scan(pieces) == result


@pytest.mark.django_db
def test_original_is_scanned_by_the_worker_and_waits_while_it_is_away(settings, tmp_path):
    server = Clamd(tmp_path / "own")
    settings.CLAMD = str(server.socket)
    found, clean = (make_captures.received(make.waiting(), make_captures.png() + end) for end in (MARK, b""))
    server.stop()
    with pytest.raises(scanner.ScannerAway):
        scanning.scan_some()
    again = Clamd(tmp_path / "again")
    settings.CLAMD = str(again.socket)
    try:
        assert scanning.scan_some() == 2
    finally:
        again.stop()
    found.refresh_from_db()
    clean.refresh_from_db()
    assert (found.scan, clean.scan) == (ScanResult.FOUND, ScanResult.CLEAN)

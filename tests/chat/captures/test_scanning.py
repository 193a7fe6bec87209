"""The worker has originals scanned. What was not read to its end is never clean, and no file makes the others wait."""

import contextlib
import socket
import threading

import pytest

from chat.captures import receiving, scanner, scanning, store
from chat.conversations import worker_status
from chat.management.commands import run_worker
from chat.models import Capture, ScanResult, WorkerDuty
from common import clock
from common.data_keys.keys import KeysAway
from tests.factories import captures as make_captures
from tests.factories import chat as make

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (b"stream: OK\0", ScanResult.CLEAN),
        (b"stream: Pnav.Test FOUND\0", ScanResult.FOUND),
        (b"stream: Heuristics.Encrypted.PDF FOUND\0", ScanResult.UNSCANNABLE),
        (b"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0", ScanResult.UNSCANNABLE),
        (b"INSTREAM size limit exceeded. ERROR\0", ScanResult.UNSCANNABLE),
        (b"stream: Can't allocate memory ERROR\0", ScanResult.UNSCANNABLE),
        (b"OK\0", ScanResult.UNSCANNABLE),
        (b"stream: OK but not quite\0", ScanResult.UNSCANNABLE),
        (b"\xff\xfe\0", ScanResult.UNSCANNABLE),
    ],
)
def test_only_ok_is_clean(answer, result):
    assert scanner.read_verdict(answer) == result


class Clamd(threading.Thread):
    """Speaks INSTREAM as clamd(8) does, and finds one signature."""

    def __init__(self, path, *, answer=b"", most=10**9):
        super().__init__(daemon=True)
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(path))
        self.listening.listen()
        self.answer, self.most, self.heard = answer, most, b""

    def run(self):
        # A client that closes its end too early is an error of no test, and is seen by what was heard.
        with contextlib.suppress(ConnectionError):
            self.answer_one()

    def answer_one(self):
        line, _address = self.listening.accept()
        with line, line.makefile("rb") as file:
            assert file.read(10) == b"zINSTREAM\0"
            while (length := int.from_bytes(file.read(4), "big")) and len(self.heard) < self.most:
                self.heard += file.read(length)
            if not self.heard:
                return  # the client has closed the connection
            if self.answer is None:  # it ends, and nobody listens any more
                self.listening.close()
                return
            found = b"stream: Pnav.Test FOUND\0" if b"MARQUE" in self.heard else b"stream: OK\0"
            line.sendall(self.answer or found)


@pytest.mark.parametrize(
    ("more", "answer", "result"),
    [
        (b"", b"", ScanResult.CLEAN),
        (b"MARQUE", b"", ScanResult.FOUND),
        (b"", b"INSTREAM size limit exceeded. ERROR\0", ScanResult.UNSCANNABLE),
    ],
)
def test_originals_are_scanned_where_there_is_a_scanner(settings, tmp_path, more, answer, result):
    settings.CLAMD = str(tmp_path / "clamd")
    content = make_captures.png() + more
    capture = make_captures.received(make.waiting(), content)
    server = Clamd(settings.CLAMD, answer=answer)
    server.start()
    assert scanning.scan_some() == 1
    server.join(20)
    capture.refresh_from_db()
    assert (capture.scan, server.heard) == (result, content)
    assert scanning.scan_some() == 0


def test_original_that_does_not_open_is_unscannable(settings, tmp_path, folder):
    settings.CLAMD = str(tmp_path / "clamd")
    capture = make_captures.received(make.waiting())
    [path] = [path for path in folder.rglob("*") if path.is_file()]
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    Clamd(settings.CLAMD).start()
    assert scanning.scan_some() == 1
    capture.refresh_from_db()
    assert capture.scan == ScanResult.UNSCANNABLE


def test_scanner_that_is_away_has_said_nothing(settings, tmp_path):
    settings.CLAMD = str(tmp_path / "clamd")
    capture = make_captures.received(make.waiting())
    with pytest.raises(scanner.ScannerAway):
        scanning.scan_some()
    capture.refresh_from_db()
    assert (capture.scan, capture.scan_tries, capture.scan_after) == (ScanResult.WAITING, 0, None)
    with pytest.raises(ValueError, match="said nothing"):
        scanner.read_verdict(b"\0")


@pytest.mark.parametrize("error", [store.StoreAway, KeysAway])
def test_store_or_server_of_the_keys_that_is_away_costs_no_try(monkeypatch, settings, error):
    settings.CLAMD = "127.0.0.1:1"
    capture = make_captures.received(make.waiting())

    def away(*_arguments, **_named):
        raise error

    monkeypatch.setattr(*((store, "read_chunk") if error is store.StoreAway else (receiving, "key_of")), away)
    monkeypatch.setattr(scanner, "scan", list)
    assert scanning.scan_some() == 0
    capture.refresh_from_db()
    assert (capture.scan, capture.scan_tries) == (ScanResult.WAITING, 0)
    assert capture.scan_after > clock.now(), "it is put off, or five of them would stop all others"


def without_verdict_for(monkeypatch, *numbers):
    """Let clamd say nothing of the captures with these numbers in the list that is returned, and « OK » of others."""
    asked = []

    def scan(pieces):
        asked.append(pieces)
        if pieces in numbers:
            raise scanner.NoVerdict
        return ScanResult.CLEAN

    monkeypatch.setattr(scanner, "scan", scan)
    monkeypatch.setattr(scanning.queries, "read_original", lambda capture: capture.pk)
    return asked


def test_file_of_which_the_scanner_says_nothing_stops_no_other(monkeypatch, settings):
    """It comes again after a pause that grows, and is « unscannable » after its last try, never clean."""
    settings.CLAMD = "127.0.0.1:1"
    one, other = make_captures.received(make.waiting()), make_captures.received(make.waiting())
    asked = without_verdict_for(monkeypatch, one.pk)
    assert scanning.scan_some() == 1 and asked == [one.pk, other.pk]
    other.refresh_from_db()
    assert other.scan == ScanResult.CLEAN
    pauses = []
    for _each in range(scanning.TRIES_MOST - 1):
        one.refresh_from_db()
        assert one.scan == ScanResult.WAITING
        assert scanning.scan_some() == 0, "not before its time"
        pauses.append(round((one.scan_after - clock.now()) / scanning.PAUSE))
        Capture.objects.filter(pk=one.pk).update(scan_after=clock.now())
        scanning.scan_some()
    one.refresh_from_db()
    assert one.scan == ScanResult.UNSCANNABLE and pauses == [1, 2, 4, 8]
    assert asked.count(one.pk) == scanning.TRIES_MOST


def test_files_of_one_exchange_delay_another_person_by_one_of_them(monkeypatch, settings):
    settings.CLAMD = "127.0.0.1:1"
    sender = make.waiting()
    many = [make_captures.received(sender) for _each in range(3)]
    other = make_captures.received(make.waiting())
    asked = without_verdict_for(monkeypatch, *(one.pk for one in many))
    assert scanning.scan_some() == 1
    assert asked == [many[0].pk, other.pk, many[1].pk, many[2].pk]


def test_file_that_ends_the_scanner_costs_a_try(settings, tmp_path):
    """Its connection ends without an answer; the next file finds nobody and has had no try."""
    settings.CLAMD = str(tmp_path / "clamd")
    one, other = make_captures.received(make.waiting()), make_captures.received(make.waiting())
    server = Clamd(settings.CLAMD, answer=None)
    server.start()
    with pytest.raises(scanner.ScannerAway):
        scanning.scan_some()
    server.join(20)
    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.scan, one.scan_tries) == (ScanResult.WAITING, 1)
    assert (other.scan, other.scan_tries) == (ScanResult.WAITING, 0)


def test_scanner_has_more_time_than_it_takes_by_default_and_is_reached_in_little():
    """MaxScanTime is 120 s: what takes longer is answered by clamd itself, as a limit that was exceeded."""
    assert scanner.SECONDS > 120 > scanner.CONNECT_SECONDS


def test_scanner_that_was_never_reached_makes_its_duty_late_for_as_long_as_it_is_away(settings, tmp_path):
    settings.CLAMD = str(tmp_path / "nobody-listens")
    make_captures.received(make.waiting())
    command = run_worker.Command()
    command._scan()
    command._report.write()
    (duty,) = worker_status.duties()
    assert (duty.name, duty.succeeded_at, duty.errors) == ("captures_scan", None, 0)
    WorkerDuty.objects.update(succeeded_at=clock.now() - 2 * worker_status.DUTY_KEPT)
    command._scan()
    command._report._forgot_at = float("-inf")
    command._report.write()
    (duty,) = worker_status.duties()
    assert clock.now() - duty.succeeded_at > worker_status.DUTY_KEPT, "the alert does not end before the outage"


def test_worker_says_which_of_its_threads_of_captures_fails(monkeypatch, settings):
    command = run_worker.Command()
    monkeypatch.setattr(run_worker.scanning, "scan_some", lambda: 0)
    command._scan()
    monkeypatch.setattr(run_worker.scanning, "scan_some", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        command._scan()
    command._note_turn(run_worker.CAPTURES, True)
    command._report.write()
    assert {one.name: one.errors for one in worker_status.duties()} == {"captures": 0, "captures_scan": 1}
    # Where there are no captures any more, their duties are not late for a month.
    settings.CAPTURES, settings.CAPTURES_DIR, settings.CAPTURES_S3_BUCKET = False, "", ""
    later = run_worker.Command()
    later._start_captures(threading.Event())
    later._report.write()
    assert worker_status.duties() == []

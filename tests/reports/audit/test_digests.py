"""The digest of the audit log is published by itself: to a file, an HTTPS address, a folder of pages; and it can be
read back.
"""

import http.server
import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from common import qr_code
from common.offload import pool
from deploy import authority
from reports.audit import digest_destinations, digests
from reports.audit import log as audit_log
from reports.audit.digest_destinations import NotDelivered
from reports.models import AccessKind, AccessRecord, DigestDelivery, RegisterDigest
from reports.rules import signed_digests
from tests.chat.conversations.test_actions import in_threads
from tests.reports.rules.test_signed_digests import KEY, PUBLIC
from tests.test_settings import refusal

KEY_TEXT = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@pytest.fixture(autouse=True)
def named(settings, tmp_path):
    settings.REGISTER_DIGEST_KEY = KEY_TEXT
    settings.REGISTER_DIGEST_TO = [f"file:{tmp_path}/empreintes.txt"]
    return tmp_path / "empreintes.txt"


def recorded(count=1):
    for _one in range(count):
        with transaction.atomic():
            audit_log.record(kind=AccessKind.READING, by=None, motive="contrôle")


def drawn(count=1):
    return [digests.draw(KEY, force=True) for _one in range(count)]


# --- drawing --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_statement_says_where_the_register_stands():
    recorded(3)
    (first,) = drawn()
    last = AccessRecord.objects.order_by("number").last()
    assert (first.number, first.line, first.head) == (1, last.number, last.digest)
    assert first.is_signed_by(PUBLIC)
    assert abs(first.at - datetime.now(UTC)) < timedelta(minutes=5)


@pytest.mark.django_db
def test_empty_register_has_a_statement_too():
    (first,) = drawn()
    assert (first.line, first.head) == (0, "0" * 64)


@pytest.mark.django_db
def test_nothing_is_drawn_before_its_time_and_something_after_even_of_a_register_that_did_not_grow():
    recorded()
    assert digests.draw(KEY) is not None
    assert digests.draw(KEY) is None
    RegisterDigest.objects.update(at=datetime.now(UTC) - digests.period())
    again = digests.draw(KEY)
    assert again is not None and again.number == 2


@pytest.mark.django_db(transaction=True)
def test_two_workers_draw_one_number_once():
    """They run in real threads, with a connection each, at once."""
    found = in_threads(6, lambda _one: digests.draw(KEY))
    assert sum(one is not None for one in found) == 1
    forced = in_threads(6, lambda _one: digests.draw(KEY, force=True))
    assert sorted(one.number for one in forced) == [2, 3, 4, 5, 6, 7]
    rows = [row.read() for row in RegisterDigest.objects.order_by("number")]
    assert signed_digests.read([one.text for one in rows], PUBLIC).faults == ()


# --- a file ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_file_gets_each_statement_once_in_order(named):
    drawn(3)
    digests.run()
    digests.run()
    lines = named.read_text().splitlines()
    assert lines == [row.text for row in RegisterDigest.objects.order_by("number")] and len(lines) == 3
    delivery = DigestDelivery.objects.get()
    assert (delivery.number, delivery.failures) == (3, 0) and delivery.delivered_at is not None
    assert named.stat().st_mode & 0o777 & ~0o640 == 0


@pytest.mark.django_db(transaction=True)
def test_two_workers_write_each_line_once(named):
    drawn(20)
    in_threads(4, lambda _one: digests.run())
    digests.run()
    assert named.read_text().splitlines() == [row.text for row in RegisterDigest.objects.order_by("number")]


@pytest.mark.django_db
def test_crash_between_writing_and_noting_writes_nothing_twice(named, monkeypatch):
    drawn(2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digests, "_now", lambda: (_ for _ in ()).throw(DatabaseError("away")))
        with pytest.raises(DatabaseError), transaction.atomic():
            digests.run()
    assert len(named.read_text().splitlines()) == 1 and not DigestDelivery.objects.filter(number__gt=0)
    digests.run()
    assert named.read_text().splitlines() == [row.text for row in RegisterDigest.objects.order_by("number")]


@pytest.mark.django_db
def test_files_of_two_machines_under_one_name_both_get_everything(named, tmp_path):
    """Two workers on two machines take turns, and each has a disk of its own."""
    first, second = tmp_path / "first", tmp_path / "second"
    for turn, machine in enumerate((first, second, second, first, second)):
        drawn(1 + turn % 2)
        if machine.exists():
            machine.rename(named)
        digests.run()
        whole = [row.text for row in RegisterDigest.objects.order_by("number")]
        assert named.read_text().splitlines() == whole
        named.rename(machine)
    assert DigestDelivery.objects.get().number == len(whole) == 7


@pytest.mark.django_db
def test_statements_after_a_restored_database_are_written_although_the_file_has_their_numbers(named):
    drawn(3)
    digests.run()
    before = named.read_text().splitlines()
    RegisterDigest.objects.filter(number__gt=1).delete()
    DigestDelivery.objects.update(number=1)
    recorded()
    again = drawn(2)
    digests.run()
    assert named.read_text().splitlines() == [*before, *(one.text for one in again)]
    assert signed_digests.Fault.FORKED in {
        fault for fault, _number in signed_digests.read(named.read_text().splitlines(), PUBLIC).faults
    }


@pytest.mark.django_db
def test_file_that_was_moved_away_is_written_again_from_the_first_one(named, tmp_path):
    drawn(2)
    digests.run()
    named.rename(tmp_path / "kept")
    digests.run()
    assert named.read_text() == (tmp_path / "kept").read_text()
    named.write_text("no line of ours\n")
    digests.run()
    assert named.read_text() == "no line of ours\n", "what it has is not known, so only the next ones follow"


@pytest.mark.django_db
def test_torn_line_is_ended_and_written_again(named):
    one, two = drawn(2)
    named.write_text(f"{one.text}\n{two.text[:50]}")
    DigestDelivery.objects.create(destination=f"file:{named}", number=1)
    digests.run()
    assert named.read_text() == f"{one.text}\n{two.text[:50]}\n{two.text}\n"
    assert signed_digests.read(named.read_text().splitlines(), PUBLIC).faults == ()


@pytest.mark.django_db
def test_link_in_the_place_of_the_file_is_not_followed(named, tmp_path):
    other = tmp_path / "other"
    other.write_text("kept")
    named.symlink_to(other)
    drawn()
    digests.run()
    assert other.read_text() == "kept" and DigestDelivery.objects.get().failures == 1


@pytest.mark.django_db
def test_failure_is_counted_told_and_tried_again(named, tmp_path, settings, caplog):
    settings.REGISTER_DIGEST_TO = [f"file:{tmp_path}/absent/empreintes.txt"]
    drawn(2)
    digests.run()
    digests.run()
    assert (DigestDelivery.objects.get().number, DigestDelivery.objects.get().failures) == (0, 2)
    told = [record.getMessage() for record in caplog.records if record.name == "reports.audit.digests"]
    assert told[-1] == "register_digest: not delivered kind=file number=1 failures=2 error=FileNotFoundError"
    assert str(tmp_path) not in "".join(told)
    (tmp_path / "absent").mkdir()
    digests.run()
    assert (DigestDelivery.objects.get().number, DigestDelivery.objects.get().failures) == (2, 0)


@pytest.mark.django_db
def test_one_destination_that_is_away_does_not_keep_the_others(named, tmp_path, settings):
    settings.REGISTER_DIGEST_TO = [f"file:{tmp_path}/absent/x", f"file:{named}"]
    drawn()
    digests.run()
    assert len(named.read_text().splitlines()) == 1


# --- HTTPS ----------------------------------------------------------------------------------------------------------


class Receiver(http.server.BaseHTTPRequestHandler):
    """Keeps what is posted, and answers as the test says."""

    def do_POST(self):
        time.sleep(self.server.delay)
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.got.append((self.path, self.headers["Idempotency-Key"], body))
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("Location", "https://elsewhere.invalid/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args):
        pass


@contextmanager
def receiver(folder, *, status=200, delay=0.0):
    """Give a real HTTPS server on this machine, with a certificate of an authority of its own."""
    authority.make(folder, now=datetime.now(UTC), owners=dict.fromkeys(authority.PARTS, os.geteuid()))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "web/certificate.pem", folder / "web/key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.got, server.status, server.delay = [], status, delay
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def tls(tmp_path):
    (tmp_path / "tls").mkdir()
    return tmp_path / "tls"


def at(server, path="/registre?de=pnav"):
    return f"https://localhost:{server.server_port}{path}"


@pytest.mark.django_db
def test_https_address_gets_each_statement_in_order(tls, settings):
    with receiver(tls) as server:
        settings.REGISTER_DIGEST_TO = [at(server)]
        settings.REGISTER_DIGEST_CA = str(tls / "proxy/authority.pem")
        one, two = drawn(2)
        digests.run()
        digests.run()
    path = "/registre?de=pnav"
    assert server.got == [(path, '"1"', f"{one.text}\n"), (path, '"2"', f"{two.text}\n")]


@pytest.mark.django_db
@pytest.mark.parametrize("status", [302, 404, 500])
def test_https_address_that_does_not_take_it_is_asked_again(tls, settings, status):
    with receiver(tls, status=status) as server:
        settings.REGISTER_DIGEST_TO = [at(server)]
        settings.REGISTER_DIGEST_CA = str(tls / "proxy/authority.pem")
        drawn()
        digests.run()
        assert (DigestDelivery.objects.get().number, DigestDelivery.objects.get().failures) == (0, 1)
        server.status = 204
        digests.run()
    assert DigestDelivery.objects.get().number == 1 and len(server.got) == 2


@pytest.mark.django_db
def test_https_address_that_is_not_the_right_one_gets_nothing(tls, settings, caplog):
    with receiver(tls) as server:
        settings.REGISTER_DIGEST_TO = [at(server)]  # the authorities of the machine do not know this one
        drawn()
        digests.run()
        settings.REGISTER_DIGEST_CA = str(tls / "proxy/authority.pem")
        settings.REGISTER_DIGEST_TO = [at(server).replace("localhost", "127.0.0.1")]  # another name
        digests.run()
    assert server.got == [] and "SSLCertVerificationError" in caplog.text and "registre" not in caplog.text


def test_https_address_that_does_not_answer_is_left(tls, monkeypatch):
    monkeypatch.setattr(digest_destinations, "HTTPS_SECONDS", 0.3)
    statement = signed_digests.sign(KEY, line=1, head="a" * 64, at=datetime.now(UTC))
    with receiver(tls, delay=3) as server:
        destination = digest_destinations.parse(at(server), authority=str(tls / "proxy/authority.pem"))
        with pytest.raises(NotDelivered, match="TimeoutError"):  # the answer would come, and be believed
            destination.deliver(statement, [statement])


# --- pages ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_pages_of_codes_fill_and_are_drawn_in_a_child(tmp_path, settings):
    settings.REGISTER_DIGEST_TO = [f"qr:{tmp_path}"]
    drawn(digest_destinations.A_PAGE + 1)
    before = pool.ENDED.labels("done")._value.get()
    digests.run()
    pages = sorted(path.name for path in tmp_path.glob("*.pdf"))
    assert pages == ["empreintes-000001-000006.pdf", "empreintes-000007-000012.pdf"]
    assert all((tmp_path / name).read_bytes().startswith(b"%PDF") for name in pages)
    assert pool.ENDED.labels("done")._value.get() == before + digest_destinations.A_PAGE + 1
    assert not list(tmp_path.glob("*.tmp"))


def test_code_holds_the_statement_with_its_quiet_zone():
    """The code is read back module by module: a camera would see what qrcode computed, four modules from the edge."""
    statement = signed_digests.sign(KEY, line=1, head="a" * 64, at=datetime.now(UTC))
    svg = qr_code.svg(statement.text)
    code = qr_code.qrcode.QRCode(error_correction=qr_code.ERROR_CORRECT_M, border=4)
    code.add_data(statement.text)
    dark = {(x, y) for y, row in enumerate(code.get_matrix()) for x, is_dark in enumerate(row) if is_dark}
    found = {
        tuple(map(int, dot.split("h")[0].split())) for dot in svg.partition('d="M')[2].partition('"')[0].split("M")
    }
    assert found == dark and min(map(min, found)) == 4


# --- where to -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["", "file:relative", "qr:", "http://clear.example/", "https://", "https://user:word@host/", "ftp://x", "/path"],
)
def test_destination_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="a destination is"):
        digest_destinations.parse(text)


def test_start_refuses_what_is_no_destination_without_repeating_it():
    said = refusal(REGISTER_DIGEST_TO="file:/a,https://user:motdepasse@host/")
    assert "REGISTER_DIGEST_TO" in said and "motdepasse" not in said
    assert "REGISTER_DIGEST_MINUTES" in refusal(REGISTER_DIGEST_MINUTES="0")


# --- the worker -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_worker_does_not_start_with_destinations_and_without_a_key(settings):
    settings.REGISTER_DIGEST_KEY = ""
    with pytest.raises(CommandError, match="REGISTER_DIGEST_KEY"):
        call_command("run_worker", ticks=1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_worker_brings_them_away_beside_its_ticks_and_a_killed_one_is_followed_by_another(named, tmp_path):
    """A real worker is killed with SIGKILL in the middle, then another runs: each number is once in the file, none
    missing.
    """
    recorded()
    environment = {
        **os.environ,
        "REGISTER_DIGEST_TO": f"file:{named}",
        "REGISTER_DIGEST_KEY": KEY_TEXT,
        "DATABASE_URL": os.environ["DATABASE_URL"].replace("/pnav?", f"/{connection.settings_dict['NAME']}?"),
        "DJANGO_SETTINGS_MODULE": "pnav.settings",
    }
    for turn in (1, 2):
        drawn()  # something is due
        with subprocess.Popen(
            [sys.executable, "manage.py", "run_worker"], cwd=pool.ROOT, env=environment, stderr=subprocess.DEVNULL
        ) as worker:
            deadline = time.monotonic() + 30
            while not (named.exists() and len(named.read_text().splitlines()) >= turn):
                assert worker.poll() is None and time.monotonic() < deadline
                time.sleep(0.05)
            os.kill(worker.pid, signal.SIGKILL)
    digests.run()
    found = signed_digests.read(named.read_text().splitlines(), PUBLIC)
    assert found.faults == () and [one.number for one in found.statements] == [1, 2]
    assert len(named.read_text().splitlines()) == 2


# --- reading them back ----------------------------------------------------------------------------------------------


def verified(*arguments):
    out = StringIO()
    try:
        call_command("verify_register", *arguments, stdout=out, stderr=out)
    except SystemExit as ended:
        return ended.code, out.getvalue()
    return 0, out.getvalue()


def cut_tail(count):
    """Cut the tail, as the owner of the table does it."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE reports_accessrecord DISABLE TRIGGER USER")
        cursor.execute(
            "DELETE FROM reports_accessrecord WHERE number > (SELECT max(number) FROM reports_accessrecord) - %s",
            [count],
        )
        cursor.execute("ALTER TABLE reports_accessrecord ENABLE TRIGGER USER")


@pytest.mark.django_db
def test_whole_register_is_told_with_what_was_kept(named):
    recorded(5)
    drawn(2)
    digests.run()
    status, said = verified("--digests", str(named), "--key", signed_digests.text_of(PUBLIC))
    assert status == 0 and "Empreintes signées : 2, de la n° 1 à la n° 2" in said
    assert "Conforme aux empreintes publiées, jusqu'à la ligne 5" in said


@pytest.mark.django_db
def test_tail_that_was_cut_is_seen_by_what_left(named):
    """Ten lines are cut, and the command said that the register was whole (findings 10)."""
    recorded(15)
    drawn()
    digests.run()
    cut_tail(10)
    assert verified()[0] == 0  # nothing inside the database can tell
    status, said = verified("--digests", str(named))
    assert status == 1 and "la ligne 6 a été supprimée" in said


@pytest.mark.django_db
def test_register_that_was_cut_and_went_on_is_seen(named):
    recorded(5)
    drawn()
    cut_tail(2)
    recorded(4)
    drawn()
    digests.run()
    status, said = verified("--digests", str(named))
    assert status == 1 and "le registre a été réécrit" in said


@pytest.mark.django_db
def test_forged_and_missing_statements_are_named(named):
    recorded()
    drawn(3)
    digests.run()
    lines = named.read_text().splitlines()
    named.write_text("\n".join([lines[0], lines[2]]))
    status, said = verified("--digests", str(named))
    assert status == 1 and "l'empreinte n° 2 manque" in said
    named.write_text("\n".join([*lines, lines[2].replace("pnav-digest-1 3 ", "pnav-digest-1 4 ")]))
    status, said = verified("--digests", str(named))
    assert status == 1 and "l'empreinte n° 4 n'est pas signée par cette clé" in said


@pytest.mark.django_db
def test_key_is_shown_and_must_be_given_where_it_is_not(named, settings):
    assert verified("--show-key") == (0, f"{signed_digests.text_of(PUBLIC)}\n")
    drawn()
    digests.run()
    settings.REGISTER_DIGEST_KEY = ""
    with pytest.raises(CommandError, match="--key"):
        verified("--digests", str(named))
    assert verified("--digests", str(named), "--key", signed_digests.text_of(PUBLIC))[0] == 0
    with pytest.raises(CommandError, match="aucune empreinte"):
        verified("--digests", str(named), "--key", "A" * 43)


# --- how old --------------------------------------------------------------------------------------------------------


def gauge(client, name):
    text = client.get("/metrics", headers={"Authorization": "Bearer jeton"}).content.decode()
    return {
        line.split("{")[1].split("}")[0]: float(line.split()[-1])
        for line in text.splitlines()
        if line.startswith(f"{name}{{")
    }


@pytest.mark.django_db(transaction=True)
def test_health_and_metrics_say_how_old_the_last_one_is(client, settings, named, tmp_path, monkeypatch):
    from pnav import health

    monkeypatch.setattr(health, "KEPT_SECONDS", 0)
    settings.METRICS_TOKEN = "jeton"
    settings.REGISTER_DIGEST_TO = [f"file:{named}", f"qr:{tmp_path}/absent"]
    answer = json.loads(client.get("/health/ready").content)
    assert answer["register_digest"] == {"number": 0, "age_seconds": None, "late": ["1:file", "2:qr"]}
    drawn(2)
    digests.run()
    RegisterDigest.objects.filter(number=2).update(at=datetime.now(UTC) - 3 * digests.period())
    assert gauge(client, "pnav_register_digest_number") == {'destination="1:file"': 2, 'destination="2:qr"': 0}
    ages = gauge(client, "pnav_register_digest_age_seconds")
    assert ages['destination="2:qr"'] == -1 and 3 * 3600 <= ages['destination="1:file"'] < 3 * 3600 + 60
    assert gauge(client, "pnav_register_digest_failures")['destination="2:qr"'] == 1
    late = json.loads(client.get("/health/ready").content)["register_digest"]["late"]
    assert late == ["1:file", "2:qr"]
    RegisterDigest.objects.filter(number=2).update(at=datetime.now(UTC))
    settings.REGISTER_DIGEST_TO = [f"file:{named}"]
    told = json.loads(client.get("/health/ready").content)["register_digest"]
    assert (told["number"], told["late"]) == (2, []) and 0 <= told["age_seconds"] < 60
    assert str(tmp_path) not in client.get("/health/ready").content.decode()

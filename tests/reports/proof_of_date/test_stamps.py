"""What two authorities sign about a day: asked for over HTTP, transferred as files, and refused when it is wrong."""

import socket
import threading
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from chat.proof_of_date import proofs, sources
from pnav import health, service_metrics
from reports.models import ProofDay, ProofToken
from reports.proof_of_date import authorities, days, stamps
from reports.rules import date_proofs, timestamp_tokens
from tests.chat.proof_of_date.test_days import yesterday
from tests.factories import chat as make
from tests.reports.rules import proof_corpus as corpus
from tests.support.time_stamping import serving
from tests.test_settings import refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def local(settings):
    """Give both authorities, each behind an address of this machine."""
    first, second = corpus.authorities()
    for one in (first, second):
        one.mode, one.asked = "well", []
    with serving(first) as at_first, serving(second) as at_second:
        settings.TIMESTAMP_AUTHORITIES = [f"first {at_first} {first.trusted}", f"second {at_second} {second.trusted}"]
        yield first, second


@pytest.fixture
def carried(settings):
    first, second = corpus.authorities()
    settings.TIMESTAMP_AUTHORITIES = [f"first - {first.trusted}", f"second - {second.trusted}"]
    return first, second


@pytest.fixture
def thread():
    found = make.thread(make.waiting(), ["Un", "Deux"])
    yesterday(found)
    days.run_all(sources.sources)
    return found


def again():
    """Run again, as if the wait after a failure were over."""
    ProofToken.objects.filter(failed_at__isnull=False).update(failed_at=timezone.now() - timedelta(days=1))
    stamps.run()


def dated(thread):
    """Return how many authorities vouch for each proof, in order."""
    found = [date_proofs.verify(proof.as_json()) for proof in proofs.proofs_of(thread)]
    assert all(verdict.is_whole for verdict in found)
    return [sum(stamp.ok for stamp in verdict.stamps) for verdict in found]


def test_two_authorities_sign_a_day_once_and_every_proof_of_it_is_dated(local, thread):
    first, second = local
    assert dated(thread) == [0, 0]
    stamps.run()
    assert dated(thread) == [2, 2]
    stamps.run()
    assert len(first.asked) == len(second.asked) == 1
    day = ProofDay.objects.get()
    for one in (first, second):
        assert day.statement.encode() not in one.asked[0], "an authority reads a digest alone"
    row = ProofToken.objects.get(authority="first")
    assert row.signer == "Première" and row.failures == 0 and row.stamped_at is not None
    assert len(row.certificates) == 3 and len(ProofToken.objects.get(authority="second").certificates) == 2


@pytest.mark.parametrize("mode", ["away", "moved", "junk", "long", "other"])
def test_authority_that_fails_holds_up_no_other_and_is_asked_again_later(local, thread, mode, caplog):
    first, second = local
    first.asked.append(authorities_request(b"something else"))
    first.mode = mode
    stamps.run()
    assert dated(thread) == [1, 1]
    assert "not stamped authority=first" in caplog.text and "127.0.0.1" not in caplog.text
    asked = len(first.asked)
    stamps.run()
    assert len(first.asked) == asked, "it is not asked again at once"
    row = ProofToken.objects.get(authority="first")
    assert row.failures == 1 and row.token is None
    again()
    assert ProofToken.objects.get(authority="first").failures == 2
    first.mode = "well"
    again()
    assert dated(thread) == [2, 2] and len(second.asked) == 1


def authorities_request(content):
    return timestamp_tokens.build_request(content, with_nonce=False)[0]


def test_authority_that_nobody_trusts_is_refused(local, thread, settings):
    first, second = local
    one = settings.TIMESTAMP_AUTHORITIES[0].replace(str(first.trusted), str(second.trusted))
    settings.TIMESTAMP_AUTHORITIES = [one]
    stamps.run()
    assert dated(thread) == [0, 0]
    settings.TIMESTAMP_AUTHORITIES = [one.replace(str(second.trusted), "/nowhere.pem")]
    again()
    assert ProofToken.objects.get().failures == 2


def test_answer_that_comes_byte_by_byte_is_cut(monkeypatch, local, thread):
    monkeypatch.setattr(authorities, "ALL_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        stop = threading.Event()

        def drip():
            line, _address = server.accept()
            with line:
                line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
                while not stop.wait(0.02):
                    try:
                        line.sendall(b"x")
                    except OSError:
                        return

        thread_of_server = threading.Thread(target=drip)
        thread_of_server.start()
        try:
            with pytest.raises(authorities.NotStamped):
                authorities.ask_authority(f"http://127.0.0.1:{server.getsockname()[1]}/", b"request")
        finally:
            stop.set()
            thread_of_server.join()


def test_how_late_each_authority_is_is_said(local, thread, settings, monkeypatch):
    def note():
        with connection.cursor() as cursor:
            cursor.execute(stamps.STATE, stamps.state_values())
            monkeypatch.setattr(health, "_stamped", stamps.state_of(cursor.fetchall()))
        return health._proof_note()

    first, _second = local
    first.mode = "away"
    stamps.run()
    yesterdays = ProofDay.objects.get().day.isoformat()
    assert note() == {"proof_of_date": {"day": yesterdays, "late": []}}, "one night is no delay"
    ProofDay.objects.create(
        day=timezone.localdate() - timedelta(days=2), statement="older", digest="0" * 64, closed_at=timezone.now()
    )
    ProofToken.objects.create(day_id=timezone.localdate() - timedelta(days=2), authority="second", token=b"a token")
    assert note() == {"proof_of_date": {"day": yesterdays, "late": ["first"]}}
    told = {
        (sample.name, *sample.labels.values()): sample.value
        for metric in service_metrics._proofs()
        for sample in metric.samples
    }
    assert told == {
        ("pnav_proof_day_age_days",): 1,
        ("pnav_proof_days_not_stamped", "first"): 2,
        ("pnav_proof_days_not_stamped", "second"): 0,
        ("pnav_proof_stamp_failures", "first"): 1,
        ("pnav_proof_stamp_failures", "second"): 0,
    }
    settings.TIMESTAMP_AUTHORITIES = []
    assert health._proof_note() == {}


# --- files ------------------------------------------------------------------------------------------------------------


def command(*arguments):
    out, err = StringIO(), StringIO()
    status = 0
    try:
        call_command("timestamp_requests", *arguments, stdout=out, stderr=err)
    except SystemExit as ended:
        status = int(ended.code or 0)
    return status, out.getvalue(), err.getvalue()


def test_files_are_carried_where_there_is_no_way_out(carried, thread, tmp_path):
    stamps.run()
    assert not ProofToken.objects.exists(), "nobody is asked"
    assert command("--export", str(tmp_path)) == (0, "Demandes écrites : 2.\n", "")
    day = ProofDay.objects.get()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"{day}-first.tsq", f"{day}-second.tsq"]
    for one, name in zip(carried, names, strict=True):
        (tmp_path / name).with_suffix(".tsr").write_bytes(one.reply((tmp_path / name).read_bytes()))
    (tmp_path / "lisez-moi.txt").write_text("Rien.")
    assert command("--import", str(tmp_path)) == (0, "Réponses gardées : 2.\n", "")
    assert dated(thread) == [2, 2]
    assert command("--import", str(tmp_path))[0] == 0, "once or again"
    assert command("--export", str(tmp_path)) == (0, "Demandes écrites : 0.\n", "")


def test_files_that_do_not_hold_are_refused_by_name(carried, thread, tmp_path):
    day = ProofDay.objects.get()
    first, _second = carried
    other = first.reply(authorities_request(b"something else"))
    (tmp_path / f"{day}-first.tsr").write_bytes(other)
    (tmp_path / f"{day}-second.tsr").write_bytes(b"Bonjour")
    (tmp_path / f"{day}-third.tsr").write_bytes(other)
    (tmp_path / "2020-01-01-first.tsr").write_bytes(other)
    (tmp_path / "x.tsr").write_bytes(other)
    status, out, err = command("--import", str(tmp_path))
    assert (status, out) == (1, "Réponses gardées : 0.\n")
    assert len(err.splitlines()) == 5
    assert dated(thread) == [0, 0]
    with pytest.raises(CommandError):
        command("--export", str(tmp_path / "nowhere"))


# --- what the operator names ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "first",
        "first https://example.org/",
        "first http://example.org/tsr /c.pem",
        "first https://user:word@example.org/ /c.pem",
        "first https:///tsr /c.pem",
        "first https://example.org:99999/ /c.pem",
        "first https://example.org/#part /c.pem",
        "first https://example.org/ c.pem",
        "First https://example.org/ /c.pem",
        "../x https://example.org/ /c.pem",
        "first ftp://example.org/ /c.pem",
        "first https://example.org/ /c.pem more",
        "",
    ],
)
def test_authority_that_is_none_is_refused(text):
    with pytest.raises(ValueError):
        authorities.parse(text)


def test_authorities_are_read_from_the_environment_and_errors_do_not_repeat_them():
    assert authorities.parse_all(["a https://example.org/tsr /c.pem", "b - /d.pem"]) == [
        authorities.Authority("a", "https://example.org/tsr", "/c.pem"),
        authorities.Authority("b", "", "/d.pem"),
    ]
    with pytest.raises(ValueError):
        authorities.parse_all(["a - /c.pem", "a - /d.pem"])
    said = refusal(TIMESTAMP_AUTHORITIES="first http://internal.example/ /c.pem")
    assert "TIMESTAMP_AUTHORITIES" in said and "internal.example" not in said

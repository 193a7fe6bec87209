"""What can name a person arrives sealed, in the same size for everybody."""

import json
import re
import threading
import time
import uuid
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from common.client_address import Connection
from common.data_keys import keys as data_keys
from common.data_keys.models import WrappedKey
from common.encryption import UnsealError
from reports import reporter_identity
from reports.actions import IdentityNotSealed, add_to_report
from reports.models import Report, SealedField, SealedValue
from reports.models.seal import KEYED_BYTES
from reports.openings import actions as opening_actions
from reports.reporter_identity import Arrival
from reports.seal.sealing import (
    SEALED_BYTES,
    TEXT_MAX_BYTES,
    Context,
    DoesNotOpen,
    NotSealed,
    TextRefused,
    key_id,
    unseal_text,
)
from tests.chat.conversations.test_actions import in_threads
from tests.factories import chat as make
from tests.reports.openings.acts import ask
from tests.reports.test_actions import file
from tests.support.variables import SEAL_KEY

HERE = Connection("203.0.113.77", "51234")


def opened(report: Report, field: str) -> list[str]:
    """Return the values of a field, in the order of their arrival, with the key that the site does not have."""
    values = SealedValue.objects.filter(report=report, field=field).select_related("report").order_by("pk")
    return [
        unseal_text(
            value.for_custodians, private_key=SEAL_KEY, context=Context(report.public_id, value.field, value.version)
        )
        for value in values
    ]


@pytest.mark.django_db
def test_report_comes_with_its_three_sealed_values():
    report = file(uuid.uuid4(), name="Anaïs Martin", contact="06 00 00 00 00", connection=HERE)
    assert opened(report, SealedField.NAME) == ["Anaïs Martin"]
    assert opened(report, SealedField.CONTACT) == ["06 00 00 00 00"]
    [text] = opened(report, SealedField.CONNECTION)
    assert text.startswith("adresse : 203.0.113.77\nport : 51234\nle : ")
    assert re.search(r"le : \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", text)


@pytest.mark.django_db
def test_nothing_in_the_table_tells_who_left_something():
    given = file(uuid.uuid4(), name="Anaïs Martin", contact="x" * TEXT_MAX_BYTES, connection=HERE)
    nothing = file(uuid.uuid4())
    shapes = []
    for report in (given, nothing):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT field, octet_length(sealed), octet_length(sealed::text) FROM reports_sealedvalue"
                " WHERE report_id = %s ORDER BY id",
                [report.pk],
            )
            shapes.append(cursor.fetchall())
    assert shapes[0] == shapes[1]
    assert {size for _field, size, _text in shapes[0]} == {KEYED_BYTES}
    assert opened(nothing, SealedField.NAME) == [""]


GIVEN = [{}, {"name": "Anaïs"}, {"contact": "06"}, {"name": "Anaïs", "contact": "06"}]


def seen_of(report):
    """Return what somebody who reads the tables sees of a report: transaction, version and bytes of its rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT field, xmin::text, version, sealed FROM reports_sealedvalue WHERE report_id = %s", [report.pk]
        )
        seen = {field: (xmin, version, bytes(sealed)) for field, xmin, version, sealed in cursor.fetchall()}
        cursor.execute("SELECT xmin::text FROM reports_report WHERE id = %s", [report.pk])
        return {**seen, "report": cursor.fetchone()}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_changed", [True, False])
@pytest.mark.parametrize("given", GIVEN)
def test_neither_transaction_nor_version_nor_bytes_tell_what_was_added_later(given, is_changed):
    report = file(uuid.uuid4(), name="Avant", connection=HERE)
    before = seen_of(report)
    facts = ["insults"] if is_changed else report.facts
    said = {"facts": facts, "platforms": report.platforms, "since": report.since, "expectations": report.expectations}
    assert add_to_report(report_id=report.pk, **said, **given) is is_changed
    after = seen_of(report)
    name, contact = after["name"], after["contact"]
    assert name[0] == contact[0] == after["report"][0] != before["name"][0], "one transaction wrote all three"
    assert [after[field][1] for field in before if field != "report"] == [
        before[field][1] for field in before if field != "report"
    ], "the register may have said the version"
    assert name[2] != before["name"][2] and contact[2] != before["contact"][2]
    assert after["connection"] == before["connection"]
    assert opened(report, SealedField.NAME) == [given.get("name", "Avant")]
    assert opened(report, SealedField.CONTACT) == [given.get("contact", "")]


@pytest.mark.django_db
@pytest.mark.parametrize("given", GIVEN)
def test_value_that_is_asked_for_stays_and_is_written_again_like_the_other(given):
    report = file(uuid.uuid4(), name="Avant")
    request = ask(make.agent().user, report=report)
    before = seen_of(report)
    for _time in range(2):
        reporter_identity.replace_identity(report, **{"name": "", "contact": "", **given})
        assert opened(report, SealedField.NAME) == ["Avant"]
        assert opened(report, SealedField.CONTACT) == [given.get("contact", "")]
        after = seen_of(report)
        assert all(after[field][2] != before[field][2] for field in ("name", "contact"))
        assert after["name"][0] == after["contact"][0]
    opening_actions.withdraw_request(request_id=request.pk, by=request.asked_by)
    reporter_identity.replace_identity(report, name="Après", contact="")
    assert opened(report, SealedField.NAME) == ["Après"]
    assert report.sealed_values.get(field=SealedField.NAME).version == request.version


@pytest.mark.django_db
def test_choices_are_saved_although_what_is_under_seal_cannot_be_written_again(caplog):
    report = file(uuid.uuid4(), name="Avant")
    before = seen_of(report)
    data_keys.erase([report.data_key])
    said = {"facts": ["insults"], "platforms": [], "since": "", "expectations": []}
    assert add_to_report(report_id=report.pk, **said)
    with pytest.raises(IdentityNotSealed):
        add_to_report(report_id=report.pk, **said, contact="06")
    report.refresh_from_db()
    after = seen_of(report)
    assert report.facts == ["insults"] and all(after[field] == before[field] for field in ("name", "contact"))
    assert len(set(re.findall("what is under seal.*", caplog.text))) == 1, "the log does not tell what was given"


# --- the key of the exchange beside that of the custodians (docs/adr/0114) --------------------------------------------


@pytest.mark.django_db
def test_custodians_open_nothing_once_the_key_of_the_exchange_is_erased():
    report = file(uuid.uuid4(), name="Anaïs Martin", connection=HERE)
    kept = file(uuid.uuid4(), name="Bruno")
    reporter_identity.record([Arrival(report.public_id, HERE, timezone.now())])
    assert report.identity_key_since is not None and opened(report, SealedField.NAME) == ["Anaïs Martin"]
    assert len(opened(report, SealedField.CONNECTION)) == 2
    data_keys.erase([report.data_key])
    for value in report.sealed_values.all():
        assert value.is_keyed
        with pytest.raises(UnsealError):
            _ = value.for_custodians
        with pytest.raises(NotSealed):  # the value in the table, given to the custodians as it is
            key_id(bytes(value.sealed))
    assert opened(kept, SealedField.NAME) == ["Bruno"]


@pytest.mark.django_db
def test_what_the_version_before_sealed_opens_and_moves_once(settings):
    settings.IDENTITY_KEYS = "read"
    report = file(uuid.uuid4(), name="Anaïs", contact="06", connection=HERE)
    assert report.data_key is not None and report.identity_key_since is None
    assert {len(value.sealed) for value in report.sealed_values.all()} == {SEALED_BYTES}
    before = [opened(report, field) for field in SealedField]
    reporter_identity.record([Arrival(report.public_id, HERE, timezone.now())])
    assert {len(value.sealed) for value in report.sealed_values.all()} == {SEALED_BYTES}, "all of a report alike"
    assert reporter_identity.not_keyed(0, 9) == [report.pk]
    assert [reporter_identity.key_identity(report.pk) for _each in range(2)] == [4, 0]
    assert reporter_identity.not_keyed(0, 9) == [] and reporter_identity.key_identity(10**9) == 0
    assert [opened(report, field)[:1] for field in SealedField] == before
    # From then on every value is like that, whatever this process was told about new reports.
    reporter_identity.record([Arrival(report.public_id, HERE, timezone.now())])
    report.refresh_from_db()
    reporter_identity.replace_identity(report, name="Camille", contact="")
    assert {len(value.sealed) for value in report.sealed_values.all()} == {KEYED_BYTES}
    assert opened(report, SealedField.NAME) == ["Camille"] and len(opened(report, SealedField.CONNECTION)) == 3


@pytest.mark.django_db
def test_value_moved_to_another_row_does_not_open_with_the_key_of_its_exchange():
    report = file(uuid.uuid4(), name="Anaïs", contact="06")
    name, contact = (report.sealed_values.get(field=field) for field in (SealedField.NAME, SealedField.CONTACT))
    contact.sealed = name.sealed
    with pytest.raises(UnsealError):
        _ = contact.for_custodians


@pytest.mark.django_db
def test_connection_whose_key_cannot_be_read_comes_again(rf, monkeypatch):
    monkeypatch.setattr(reporter_identity, "_seen", {})
    mute, other = file(uuid.uuid4()), file(uuid.uuid4())
    wrapped = WrappedKey.objects.get(pk=mute.data_key)
    data_keys.erase([mute.data_key])
    arrived = [Arrival(one.public_id, HERE, timezone.now()) for one in (mute, other)]
    assert reporter_identity.record(arrived) == arrived[:1]
    assert mute.sealed_values.filter(field="connection").count() == 1 and len(opened(other, "connection")) == 2
    reporter_identity.record_request(rf.get("/", REMOTE_ADDR="203.0.113.9"), mute.public_id)
    assert not reporter_identity._seen, "the next page says it again"
    wrapped.save(force_insert=True)
    data_keys.forget_all()
    assert reporter_identity.record(arrived[:1]) == [] and len(opened(mute, "connection")) == 2


@pytest.mark.django_db(transaction=True)
def test_who_comes_while_the_values_move_is_sealed_as_they_are(settings):
    """Real threads are used: the values of the report are being moved, and the transaction is not yet committed."""
    settings.IDENTITY_KEYS = "read"
    report = file(uuid.uuid4(), connection=HERE)
    is_moved = threading.Event()

    def move() -> None:
        with transaction.atomic():
            assert reporter_identity.key_identity(report.pk) == 3
            is_moved.set()
            _until_somebody_waits()

    def arrive() -> None:
        assert is_moved.wait(10)
        assert reporter_identity.record([Arrival(report.public_id, HERE, timezone.now())]) == []

    in_threads(2, lambda number: (move, arrive)[number]())
    assert {len(value.sealed) for value in report.sealed_values.all()} == {KEYED_BYTES}
    assert len(opened(report, SealedField.CONNECTION)) == 2


@pytest.mark.django_db
def test_form_sent_twice_keeps_the_first_name():
    submission_id = uuid.uuid4()
    report = file(submission_id, name="Anaïs")
    file(submission_id, name="Quelqu'un d'autre")
    assert opened(report, SealedField.NAME) == ["Anaïs"]


@pytest.mark.django_db
def test_too_long_a_name_files_nothing():
    with pytest.raises(TextRefused):
        file(uuid.uuid4(), name="é" * TEXT_MAX_BYTES)
    assert not Report.objects.exists()


@pytest.mark.django_db
def test_value_put_in_another_row_does_not_open():
    one, other = file(uuid.uuid4(), name="Anaïs"), file(uuid.uuid4(), name="Bruno")
    mine, theirs = (report.sealed_values.get(field=SealedField.NAME) for report in (one, other))
    with pytest.raises(DoesNotOpen):
        unseal_text(
            theirs.for_custodians, private_key=SEAL_KEY, context=Context(one.public_id, SealedField.NAME, mine.version)
        )


@pytest.mark.django_db
def test_value_of_another_size_is_refused_by_the_database():
    report = make.report()
    with pytest.raises(IntegrityError, match="sealed_of_two_sizes"), transaction.atomic():
        SealedValue.objects.create(report=report, field=SealedField.NAME, version=1, sealed=b"Anais")


@pytest.mark.django_db
def test_later_connections_are_sealed_in_their_order():
    report = file(uuid.uuid4(), connection=HERE)
    at = datetime(2026, 11, 25, 3, 4, 5, 678000, tzinfo=UTC)
    reporter_identity.record(
        [Arrival(report.public_id, Connection("2001:db8::7", "4444"), at), Arrival(uuid.uuid4(), HERE, at)]
    )
    assert opened(report, SealedField.CONNECTION)[1:] == [
        "adresse : 2001:db8::7\nport : 4444\nle : 2026-11-25T03:04:05.678Z"
    ]
    assert SealedValue.objects.filter(field=SealedField.CONNECTION).count() == 2


@pytest.mark.django_db
def test_whoever_reconnects_without_end_fills_no_disk(monkeypatch):
    monkeypatch.setattr(reporter_identity, "MOST", 8)
    monkeypatch.setattr(reporter_identity, "FIRST", 5)
    report = file(uuid.uuid4(), name="Anaïs", connection=Connection("198.51.100.0", "1"))
    for number in range(1, 30):
        reporter_identity.record(
            [Arrival(report.public_id, Connection(f"198.51.100.{number}", "1"), datetime.now(UTC))]
        )
    assert report.sealed_values.count() <= 9
    assert opened(report, SealedField.NAME) == ["Anaïs"]
    lasts = [text.splitlines()[0].rpartition(".")[2] for text in opened(report, SealedField.CONNECTION)]
    # The first and the present connection are kept.
    assert lasts[:3] == ["0", "1", "2"] and lasts[-3:] == ["27", "28", "29"]


@pytest.mark.django_db
@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_what_was_sealed_is_not_sealed_again_because_old_values_could_not_go(monkeypatch, caplog, error):
    """Whoever waits for the database keeps the connections and comes again with them
    (`chat.realtime.authentication`)."""
    monkeypatch.setattr(reporter_identity, "MOST", 4)
    monkeypatch.setattr(reporter_identity, "FIRST", 3)
    reports = [file(uuid.uuid4(), connection=HERE) for _time in range(2)]
    arrived = [Arrival(report.public_id, HERE, datetime.now(UTC)) for report in reports]
    with monkeypatch.context() as broken:

        def gone(report_id: int) -> None:
            raise error("the connection is lost")

        broken.setattr(reporter_identity, "_let_go", gone)
        for _time in range(4):
            reporter_identity.record(arrived)
    assert [len(opened(report, SealedField.CONNECTION)) for report in reports] == [5, 5], "each once"
    assert error.__name__ in caplog.text and "lost" not in caplog.text
    reporter_identity.record(arrived)
    assert [report.sealed_values.count() for report in reports] == [4, 4], "they go at the next arrival"


@pytest.mark.django_db
def test_page_that_asks_again_says_nothing_new_for_a_while_and_nothing_to_redis(rf, monkeypatch, settings):
    monkeypatch.setattr(reporter_identity, "_seen", {})
    settings.CACHES = {"default": {"BACKEND": "tests.nowhere"}}  # any use of it would fail
    one, other = file(uuid.uuid4()), file(uuid.uuid4())
    for report, address in ((one, "203.0.113.9"), (one, "203.0.113.9"), (one, "203.0.113.8"), (other, "203.0.113.9")):
        reporter_identity.record_request(rf.get("/", REMOTE_ADDR=address), report.public_id)
    assert len(opened(one, SealedField.CONNECTION)) == 3 and len(opened(other, SealedField.CONNECTION)) == 2
    assert not any(str(one.public_id).encode() in mark for mark in reporter_identity._seen)
    monkeypatch.setattr(reporter_identity, "SAME_ADDRESS_SECONDS", -1)
    reporter_identity._seen.clear()
    reporter_identity.record_request(rf.get("/", REMOTE_ADDR="203.0.113.9"), one.public_id)
    reporter_identity.record_request(rf.get("/", REMOTE_ADDR="203.0.113.9"), one.public_id)
    assert len(opened(one, SealedField.CONNECTION)) == 5
    monkeypatch.setattr(reporter_identity, "SAME_ADDRESS_SECONDS", 600)
    monkeypatch.setattr(reporter_identity, "SEEN_AT_MOST", 3)
    assert all(reporter_identity._is_new(bytes([number])) for number in range(9)) and len(reporter_identity._seen) == 3


def test_memory_of_who_came_is_let_go_when_it_is_old(monkeypatch):
    """It tells of the last ten minutes to whoever reads the memory of the process, not of days."""
    monkeypatch.setattr(reporter_identity, "_seen", {})
    clock = [0.0]
    monkeypatch.setattr(reporter_identity.time, "monotonic", lambda: clock[0])
    assert all(reporter_identity._is_new(b"early %d" % number) for number in range(10))
    clock[0] = reporter_identity.SAME_ADDRESS_SECONDS + 1.0
    assert all(reporter_identity._is_new(b"late %d" % number) for number in range(5))
    assert sorted(reporter_identity._seen) == [b"late %d" % number for number in range(5)]
    assert not reporter_identity._is_new(b"late 0") and reporter_identity._is_new(b"early 0")


@pytest.mark.django_db
def test_page_that_could_not_say_where_it_comes_from_says_so_again(rf, monkeypatch):
    monkeypatch.setattr(reporter_identity, "_seen", {})
    report = file(uuid.uuid4())

    def away(_statement: str, _values: object) -> None:
        raise OperationalError

    with monkeypatch.context() as broken, pytest.raises(OperationalError):
        broken.setattr(reporter_identity, "fetch_rows", away)
        reporter_identity.record_request(rf.get("/", REMOTE_ADDR="203.0.113.9"), report.public_id)
    for _time in range(2):
        reporter_identity.record_request(rf.get("/", REMOTE_ADDR="203.0.113.9"), report.public_id)
    assert len(opened(report, SealedField.CONNECTION)) == 2


@pytest.mark.django_db
def test_form_that_waits_holds_nothing_in_clear_and_opens_once_filed():
    fields = {"role": "witness", "name": "Anaïs Martin", "contact": "06 11 22 33 44"}
    kept = json.loads(json.dumps(reporter_identity.set_aside(fields)))  # as a session stores it
    assert "Anaïs" not in str(kept) and "06 11" not in str(kept)
    report = file(uuid.uuid4(), connection=HERE, **kept)
    assert report.role == "witness"
    assert opened(report, SealedField.NAME) == ["Anaïs Martin"]
    assert opened(report, SealedField.CONTACT) == ["06 11 22 33 44"]
    assert opened(report, SealedField.CONNECTION)[0].startswith("adresse : 203.0.113.77")


@pytest.mark.django_db(transaction=True)
def test_report_that_goes_meanwhile_keeps_no_other_from_being_sealed():
    """Its row is locked by a deletion that is not yet committed: the foreign key would be looked at afterwards."""
    going, staying = file(uuid.uuid4()), file(uuid.uuid4())
    is_deleted = threading.Event()

    def delete() -> None:
        with transaction.atomic():
            Report.objects.filter(pk=going.pk).delete()
            is_deleted.set()
            _until_somebody_waits()

    def arrive() -> None:
        assert is_deleted.wait(10)
        reporter_identity.record([Arrival(one.public_id, HERE, timezone.now()) for one in (going, staying)])

    in_threads(2, lambda number: (delete, arrive)[number]())
    assert len(opened(staying, SealedField.CONNECTION)) == 2
    assert not SealedValue.objects.exclude(report=staying).exists()


def _until_somebody_waits() -> None:
    """Wait until somebody waits for a lock of ours."""
    for _attempt in range(200):
        with connection.cursor() as cursor:
            # Not pg_stat_activity, which shows one transaction the same rows until it ends.
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.05)
    raise AssertionError("Nobody waits.")

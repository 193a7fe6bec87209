"""The audit log: nothing happens without its line, no line can be changed, and each break of the chain is named."""

import contextlib
import re
import threading
import uuid
import weakref
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, ProgrammingError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from pnav.accounts.models import Role, User
from reports.audit import log as audit_log
from reports.audit.log import Break, Digest, Verdict
from reports.models import AccessKind, AccessRecord, Motive
from tests.chat.conversations.test_actions import in_threads
from tests.factories import register as written

WORDS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)
COMMON = {"kind": AccessKind.READING, "motive": "contrôle hiérarchique"}


def line(number: int = 1, previous: str = AccessRecord.GENESIS, **values) -> AccessRecord:
    """Return a sound line, unsaved."""
    made = AccessRecord(
        **{
            "number": number,
            "version": 1,
            "at": datetime(2026, 11, 25, 10, 0, number % 60, 5, tzinfo=UTC),
            "kind": AccessKind.READING,
            "account_id": 5,
            "role": "supervisor",
            "subject": "0b5f6f9e-3c8e-4d4e-9d38-0f4f8ad7a8b1",
            "motive": Motive.CONTROL,
            "detail": "",
            "salt": f"{number:032x}",
            "previous": previous,
        }
        | values
    )
    made.digest = audit_log.digest_of(made)
    return made


def chain(length: int = 6) -> list[AccessRecord]:
    lines: list[AccessRecord] = []
    for number in range(1, length + 1):
        lines.append(line(number, lines[-1].digest if lines else AccessRecord.GENESIS))
    return lines


def digests(lines: list[AccessRecord]) -> list[Digest]:
    return [Digest(one.number, one.digest) for one in lines]


# --- the form of a line ---------------------------------------------------------------------------------------------


def test_encode_is_what_an_auditor_writes_again():
    """Changing this breaks every register: a new form is a new version."""
    one = line(subject="accounts.User 7", motive="« écrit »", account_id=None, role="service")
    assert audit_log.encode(one) == (
        b'["pnav-register-1",1,"0000000000000000000000000000000000000000000000000000000000000000",'
        b'"2026-11-25T10:00:01.000005Z","reading",null,"service","accounts.User 7",'
        b'"\\u00ab \\u00e9crit \\u00bb","","00000000000000000000000000000001"]'
    )
    assert one.digest == "0351f70ced245822b142d187469b45d0c75fe366cb58f223205475e72c928663"


def test_encode_is_the_same_in_any_time_zone():
    one = line()
    moved = line(at=one.at.astimezone(timezone(timedelta(hours=-9))))
    assert audit_log.encode(one) == audit_log.encode(moved)


@given(st.tuples(WORDS, WORDS, WORDS, WORDS), st.tuples(WORDS, WORDS, WORDS, WORDS))
def test_encode_gives_no_form_to_two_lines(first, second):
    names = ("role", "subject", "motive", "detail")
    one, two = (audit_log.encode(line(**dict(zip(names, values, strict=True)))) for values in (first, second))
    assert (one == two) == (first == second)


def test_encode_changes_with_every_field():
    """A field that the digest forgot could be changed in silence."""
    changes = {
        "number": 2,
        "version": 2,
        "at": datetime(2026, 11, 25, 10, 0, 1, 6, tzinfo=UTC),
        "kind": AccessKind.SEARCH,
        "account_id": 6,
        "role": "agent",
        "subject": "x",
        "motive": "x",
        "detail": "x",
        "salt": "x",
        "previous": "x",
    }
    assert {*changes, "digest"} == {field.name for field in AccessRecord._meta.concrete_fields}
    forms = {audit_log.encode(line(**{name: value})) for name, value in changes.items()}
    assert len(forms | {audit_log.encode(line())}) == len(changes) + 1


def test_parse_digest():
    digest = Digest(42, "ab" * 32)
    assert Digest.parse(f" {str(digest).upper()}\n") == digest
    for wrong in ("", "42", "0:" + "a" * 64, "42:" + "a" * 63, "42:" + "g" * 64, "-1:" + "a" * 64, "42:" + "a" * 65):
        with pytest.raises(ValueError, match="NUMBER:DIGEST"):
            Digest.parse(wrong)


# --- verifying, over lines in memory --------------------------------------------------------------------------------


def found(lines: list[AccessRecord], *published: Digest) -> tuple[str, int]:
    verdict = audit_log.verify(sorted(lines, key=lambda one: one.number), published)
    assert verdict.first_break is not None and not verdict.is_whole and verdict.last is None
    return verdict.first_break, verdict.number


def relink(lines: list[AccessRecord]) -> None:
    """Do what a forger who computes does: every line is numbered, chained and digested again."""
    previous = AccessRecord.GENESIS
    for number, one in enumerate(lines, 1):
        one.number, one.previous = number, previous
        one.digest = previous = audit_log.digest_of(one)


def renumber(lines: list[AccessRecord]) -> None:
    """Do what a forger who does not compute can do."""
    for number, one in enumerate(lines, 1):
        one.number = number


def test_verify_whole():
    lines = chain()
    assert audit_log.verify(lines) == Verdict(count=6, last=digests(lines)[-1])
    assert audit_log.verify(lines, digests(lines)[1:4]) == Verdict(count=6, last=digests(lines)[-1], since=4)
    assert audit_log.verify([]) == Verdict(count=0)


CHANGES = {
    "at": datetime(2026, 11, 25, 9, tzinfo=UTC),
    "kind": AccessKind.SEARCH,
    "account_id": 6,
    "role": "agent",
    "subject": "",
    "motive": Motive.TERM,
    "detail": "un mot",
    "salt": "f" * 32,
    "version": 2,
    "previous": "f" * 64,
    "digest": "f" * 64,
}


@pytest.mark.parametrize("field", CHANGES)
@pytest.mark.parametrize("number", [1, 3, 6])
def test_verify_changed(field, number):
    lines = chain()
    setattr(lines[number - 1], field, CHANGES[field])
    assert found(lines) == (Break.CHANGED, number)


def test_verify_keeps_no_line_after_the_break():
    """A service has millions of lines after some years. Those after a break took 5.8 GB of memory at 5 million."""
    alive: weakref.WeakSet[AccessRecord] = weakref.WeakSet()
    most = 0

    def read() -> Iterator[AccessRecord]:
        nonlocal most
        previous = AccessRecord.GENESIS
        for number in range(1, 61):
            one = line(number, previous)
            previous = one.digest
            if number == 2:
                one.detail = "un mot"
            alive.add(one)
            most = max(most, len(alive))
            yield one

    assert audit_log.verify(read()) == Verdict(count=1, first_break=Break.CHANGED, number=2)
    assert most < 10


@pytest.mark.parametrize("number", [1, 3, 5])
def test_verify_changed_with_its_digest(number):
    lines = chain()
    lines[number - 1].motive = "autre"
    lines[number - 1].digest = audit_log.digest_of(lines[number - 1])
    assert found(lines) == (Break.CHANGED, number)


@pytest.mark.parametrize("number", [1, 3, 5])
@pytest.mark.parametrize("is_hidden", [True, False], ids=["renumbered", "gap"])
def test_verify_removed(number, is_hidden):
    lines = chain()
    del lines[number - 1]
    if is_hidden:
        renumber(lines)
    assert found(lines) == (Break.REMOVED, number)


@pytest.mark.parametrize("kept", [0, 5])
def test_verify_removed_at_the_end_is_seen_by_a_published_digest_only(kept):
    lines = chain()
    published = digests(lines)[-1]
    assert audit_log.verify(lines[:kept]).is_whole
    assert found(lines[:kept], published) == (Break.REMOVED, kept + 1)


@pytest.mark.parametrize("number", [1, 3, 6])
@pytest.mark.parametrize("is_forged_with_care", [True, False])
def test_verify_inserted(number, is_forged_with_care):
    lines = chain()
    before = lines[number - 2].digest if number > 1 else AccessRecord.GENESIS
    new = line(number, before if is_forged_with_care else "e" * 64, motive="faux")
    lines.insert(number - 1, new)
    renumber(lines)
    assert found(lines) == (Break.INSERTED, number)


def test_verify_inserted_without_a_digest():
    lines = chain()
    lines.insert(2, line(3, lines[1].digest))
    lines[2].digest = "e" * 64
    renumber(lines)
    assert found(lines) == (Break.INSERTED, 3)


def test_verify_inserted_twice_the_same_number():
    lines = chain()
    assert found([*lines, line(3)]) == (Break.INSERTED, 3)


def test_verify_is_not_held_up_by_a_line_at_the_end_of_all_numbers(monkeypatch):
    monkeypatch.setattr(audit_log, "FAR", 1000)
    lines = [*chain(3), line(2**63 - 1)]
    lines[1].detail = "autre chose"
    assert found(lines) == (Break.CHANGED, 2)


@pytest.mark.parametrize("pair", [(0, 1), (1, 4), (4, 5)])
def test_verify_reordered(pair):
    lines = chain()
    first, second = pair
    lines[first], lines[second] = lines[second], lines[first]
    renumber(lines)
    assert found(lines) == (Break.REORDERED, first + 1)


@pytest.mark.parametrize("number", [1, 3, 6])
def test_verify_rewritten_whole_is_seen_by_a_published_digest_only(number):
    lines = chain()
    published = digests(lines)
    lines[number - 1].subject = "autre"
    relink(lines)
    assert audit_log.verify(lines).is_whole
    assert found(lines, published[-1]) == (Break.REWRITTEN, 6)
    # With one digest a day, the days of the first change are known.
    verdict = audit_log.verify(lines, published)
    assert (verdict.first_break, verdict.number, verdict.since) == (Break.REWRITTEN, number, number - 1)
    if number > 1:
        assert audit_log.verify(lines, published[: number - 1]).is_whole


def test_verify_removed_and_rewritten():
    lines = chain()
    published = digests(lines)
    del lines[2]
    relink(lines)
    assert audit_log.verify(lines).is_whole
    assert found(lines, published[3]) == (Break.REWRITTEN, 4)
    assert found(lines, published[5]) == (Break.REMOVED, 6)


def test_verify_two_published_for_one_line():
    lines = chain()
    assert found(lines, Digest(3, lines[2].digest), Digest(3, "a" * 64)) == (Break.REWRITTEN, 3)


# --- writing --------------------------------------------------------------------------------------------------------


def account(role: Role = Role.SUPERVISOR) -> User:
    return User.objects.create_user(f"compte-{uuid.uuid4().hex[:8]}", password="x", role=role)


def verdict(*published: Digest) -> Verdict:
    return audit_log.verify(audit_log.read_lines(), published)


@pytest.mark.django_db
def test_record_keeps_who_what_whose_why_and_when():
    user = account()
    subject = str(uuid.uuid4())
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (before,) = cursor.fetchone()
    written.record(by=user, subject=subject, **COMMON)
    written.record(kind=AccessKind.RETENTION, by=None, motive=Motive.TERM, detail="reports=2")
    first, second = AccessRecord.objects.order_by("number")
    assert (first.number, first.account_id, first.role, first.kind) == (1, user.pk, "supervisor", "reading")
    assert (first.subject, first.motive, first.motive_label) == (subject, "contrôle hiérarchique", first.motive)
    assert first.previous == AccessRecord.GENESIS and before < first.at < second.at
    assert (second.number, second.account_id, second.role, second.previous) == (2, None, "service", first.digest)
    assert second.motive_label == "Terme de la conservation"
    assert verdict() == Verdict(count=2, last=Digest(2, second.digest))


@pytest.mark.django_db
def test_record_keeps_the_account_and_the_role_of_that_moment():
    user = account()
    written.record(by=user, **COMMON)
    pk = user.pk
    user.role = Role.AGENT
    user.save()
    written.record(by=user, **COMMON)
    user.delete()
    kept = AccessRecord.objects.order_by("number").values_list("account_id", "role")
    assert list(kept) == [(pk, "supervisor"), (pk, "agent")]
    assert verdict().is_whole


@pytest.mark.django_db
def test_record_many_numbers_without_gaps():
    written.record_many(by=None, subjects=[f"a.B {number}" for number in range(2500)], **COMMON)
    written.record_many(by=None, subjects=[], **COMMON)
    assert verdict().count == 2500
    assert AccessRecord.objects.get(number=2500).subject == "a.B 2499"


@pytest.mark.django_db
def test_record_needs_a_motive():
    with pytest.raises(IntegrityError), transaction.atomic():
        audit_log.record(kind=AccessKind.READING, by=None, motive="")
    assert verdict().count == 0


@pytest.mark.django_db(transaction=True)
def test_record_outside_a_transaction_is_refused():
    with pytest.raises(audit_log.Unrecorded):
        audit_log.record(by=None, **COMMON)
    assert AccessRecord.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_record_rolled_back_leaves_no_line_and_no_gap():
    def attempt(is_kept: bool) -> None:
        with transaction.atomic():
            audit_log.record(by=None, **COMMON)
            if not is_kept:
                raise ZeroDivisionError

    for is_kept in (True, False, False, True):
        with contextlib.suppress(ZeroDivisionError):
            attempt(is_kept)
    assert list(AccessRecord.objects.order_by("number").values_list("number", flat=True)) == [1, 2]
    assert verdict().is_whole


@pytest.mark.django_db(transaction=True)
def test_record_from_many_threads_never_forks_the_chain():
    def write(number: int) -> None:
        for turn in range(10):
            with transaction.atomic():
                audit_log.record(by=None, subject=f"t.Thread {number}.{turn}", **COMMON)
                if turn % 5 == 4:
                    transaction.set_rollback(True)

    in_threads(8, write)
    assert verdict().count == 64 and verdict().is_whole
    times = AccessRecord.objects.order_by("number").values_list("at", flat=True)
    assert list(times) == sorted(times)


@pytest.mark.django_db(transaction=True)
def test_record_waits_for_the_transaction_before_it():
    """Without the lock both would take the same number."""
    is_written, may_commit = threading.Event(), threading.Event()

    def write(number: int) -> None:
        if number == 0:
            with transaction.atomic():
                audit_log.record(by=None, subject="first", **COMMON)
                is_written.set()
                assert may_commit.wait(10)
        elif number == 1:
            assert is_written.wait(10)
            with transaction.atomic():
                audit_log.record(by=None, subject="second", **COMMON)
        else:
            assert is_written.wait(10)
            for _turn in range(200):
                with connection.cursor() as cursor:
                    cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
                    if cursor.fetchone()[0]:
                        break
            may_commit.set()

    in_threads(3, write)
    assert list(AccessRecord.objects.order_by("number").values_list("subject", flat=True)) == ["first", "second"]
    assert verdict().is_whole


# --- the table ------------------------------------------------------------------------------------------------------

REFUSED = [
    "UPDATE reports_accessrecord SET motive = 'autre'",
    "UPDATE reports_accessrecord SET motive = 'autre' WHERE false",
    "DELETE FROM reports_accessrecord",
    "DELETE FROM reports_accessrecord WHERE number = 1",
    "TRUNCATE reports_accessrecord",
    "INSERT INTO reports_accessrecord SELECT * FROM reports_accessrecord"
    " ON CONFLICT (number) DO UPDATE SET motive = 'autre'",
    "MERGE INTO reports_accessrecord r USING (SELECT 1 AS n) s ON r.number = s.n WHEN MATCHED THEN DELETE",
]


@pytest.mark.django_db
@pytest.mark.parametrize("statement", REFUSED)
@pytest.mark.parametrize("replication", ["origin", "replica"])
def test_table_is_append_only(statement, replication):
    written.record(by=None, **COMMON)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE reports_accessrecord ENABLE ALWAYS TRIGGER register_is_not_emptied")
        cursor.execute(f"SET LOCAL session_replication_role = {replication}")
        with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
            cursor.execute(statement)
    assert verdict().count == 1 and verdict().is_whole


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["number", "previous", "digest"])
def test_table_refuses_a_fork(field):
    """Whatever writes it, there is one line for each number, and one line after each."""
    written.record(by=None, **COMMON)
    first = AccessRecord.objects.get()
    forged = line(2, first.digest)
    setattr(forged, field, getattr(first, field))
    with pytest.raises(IntegrityError), transaction.atomic():
        AccessRecord.objects.bulk_create([forged])


def inserted(**values) -> str:
    """Return how PostgreSQL answers whoever may insert and knows the chain: "" when it takes the line."""
    last = AccessRecord.objects.order_by("number").last()
    number, previous = (last.number + 1, last.digest) if last else (1, AccessRecord.GENESIS)
    columns = {
        "number": number, "version": 1, "at": "now", "kind": "reading", "account_id": None, "role": "service",
        "subject": "", "motive": "faux", "detail": "", "salt": "a" * 32, "previous": previous, "digest": "b" * 64,
    } | values  # fmt: skip
    names, places = ", ".join(columns), ", ".join(["%s"] * len(columns))
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            statement = f"INSERT INTO reports_accessrecord ({names}) VALUES ({places})"  # noqa: S608  names of ours
            cursor.execute(statement, list(columns.values()))
    except IntegrityError as refused:
        return str(refused)
    return ""


@pytest.mark.django_db
@pytest.mark.parametrize(
    "values",
    [
        # The last possible one, one after a gap, and one that is taken.
        {"number": 2**63 - 1}, {"number": 4}, {"number": 2},
        {"previous": "c" * 64}, {"previous": AccessRecord.GENESIS},
        {"digest": AccessRecord.GENESIS},  # the next line would contain it, as the first one does
        {"previous": "c" * 64, "digest": "c" * 64},  # this line contains it, too
        {"at": "infinity"}, {"at": "-infinity"}, {"at": "0044-03-15 BC"},  # nobody could read it
    ],
    ids=repr,
)  # fmt: skip
def test_table_takes_the_next_line_only(values):
    """Nobody who may insert can keep what comes after from being recorded, or the register from being read."""
    for _time in range(2):
        written.record(by=None, **COMMON)
    assert inserted(**values)
    written.record(by=None, **COMMON)
    assert verdict().count == 3 and verdict().is_whole


@pytest.mark.django_db
def test_table_takes_a_false_line_and_goes_on():
    """The register shows what was hidden, not what was invented: a false line at its end is one that says so."""
    written.record(by=None, **COMMON)
    assert not inserted()
    written.record_many(by=None, subjects=["t.T 1", "t.T 2"], **COMMON)
    assert AccessRecord.objects.count() == 4
    assert (verdict().first_break, verdict().number) == (Break.CHANGED, 2)


@pytest.mark.django_db
def test_table_is_not_misled_by_another_of_its_name():
    written.record(by=None, **COMMON)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE reports_accessrecord (number bigint, digest text) ON COMMIT DROP")
        cursor.execute("INSERT INTO pg_temp.reports_accessrecord VALUES (%s, %s)", [2**63 - 2, "d" * 64])
        with pytest.raises(IntegrityError, match="next line only"), transaction.atomic():
            cursor.execute(
                "INSERT INTO public.reports_accessrecord SELECT %s, version, at, kind, account_id, role, subject,"
                " motive, detail, salt, %s, %s FROM public.reports_accessrecord",
                [2**63 - 1, "d" * 64, "e" * 64],
            )


def test_table_points_to_nothing():
    """A line survives what it names, and `TRUNCATE … CASCADE` elsewhere does not reach it."""
    assert not [field for field in AccessRecord._meta.get_fields() if field.is_relation]


# --- somebody with full SQL access ----------------------------------------------------------------------------------


@pytest.fixture
def opened():
    """Return a register of six lines whose triggers somebody disabled; its newest digest, published before."""
    for number in range(1, 7):
        written.record(by=None, subject=f"r.R {number}", **COMMON)
    published = verdict().last
    with connection.cursor() as cursor:
        for trigger in ("register_keeps_its_lines", "register_takes_the_next_line"):
            cursor.execute(f"ALTER TABLE reports_accessrecord DISABLE TRIGGER {trigger}")
    return published


def sql(*statements: str) -> Callable[[], None]:
    def run() -> None:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    return run


def rewrite() -> None:
    """Write the whole chain again, coherent, with another story at line 3."""
    lines = list(AccessRecord.objects.order_by("number"))
    lines[2].subject = "r.R 99"
    relink(lines)
    sql("DELETE FROM reports_accessrecord")()
    AccessRecord.objects.bulk_create(lines)


SHIFT = "UPDATE reports_accessrecord SET number = number + 1000 WHERE number >= 3"
BACK = "UPDATE reports_accessrecord SET number = number - 999 WHERE number > 1000"
CLOSER = "UPDATE reports_accessrecord SET number = number - 1001 WHERE number > 1000"
FORGED = """
INSERT INTO reports_accessrecord
    (number, version, at, kind, account_id, role, subject, motive, detail, salt, previous, digest)
SELECT 3, 1, now(), 'reading', NULL, 'service', '', 'faux', '', repeat('a', 32), repeat('a', 64), repeat('b', 64)
"""
LATER = "UPDATE reports_accessrecord SET at = at + interval '1 microsecond' WHERE number = 6"
SIGNED = "UPDATE reports_accessrecord SET account_id = 1, role = 'agent' WHERE number = 2"
TAMPERED = {
    "changed": (sql("UPDATE reports_accessrecord SET subject = 'r.R 9' WHERE number = 3"), Break.CHANGED, 3),
    "a microsecond later": (sql(LATER), Break.CHANGED, 6),
    "signed by another": (sql(SIGNED), Break.CHANGED, 2),
    "removed": (sql("DELETE FROM reports_accessrecord WHERE number = 3"), Break.REMOVED, 3),
    "removed and renumbered": (
        sql("DELETE FROM reports_accessrecord WHERE number = 3", SHIFT, CLOSER),
        Break.REMOVED,
        3,
    ),
    "removed at the end": (sql("DELETE FROM reports_accessrecord WHERE number > 4"), Break.REMOVED, 5),
    "emptied": (sql("DELETE FROM reports_accessrecord"), Break.REMOVED, 1),
    "inserted": (sql(SHIFT, BACK, FORGED), Break.INSERTED, 3),
    "reordered": (
        sql(
            "UPDATE reports_accessrecord SET number = 99 WHERE number = 3",
            "UPDATE reports_accessrecord SET number = 3 WHERE number = 5",
            "UPDATE reports_accessrecord SET number = 5 WHERE number = 99",
        ),
        Break.REORDERED,
        3,
    ),
    "rewritten": (rewrite, Break.REWRITTEN, 6),
}


@pytest.mark.django_db
@pytest.mark.parametrize("tampered", TAMPERED)
def test_verify_register_names_what_raw_sql_did(opened, tampered):
    act, first_break, number = TAMPERED[tampered]
    act()
    assert (verdict(opened).first_break, verdict(opened).number) == (first_break, number)
    status, out = run_verify("--published", str(opened))
    assert status == 1
    assert f"ligne {number}" in out and not re.search(r"[0-9a-f]{64}", out), "nobody publishes a broken chain"


# --- the command ----------------------------------------------------------------------------------------------------


def run_verify(*arguments: str) -> tuple[int, str]:
    """Exit status and what was said."""
    out = StringIO()
    try:
        call_command("verify_register", *arguments, stdout=out, stderr=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


@pytest.mark.django_db
def test_verify_register_prints_what_to_publish():
    assert run_verify() == (0, "Le registre est vide.\n")
    written.record(by=None, **COMMON)
    first = verdict().last
    written.record(by=None, **COMMON)
    status, out = run_verify("--published", str(first))
    assert status == 0
    assert out.splitlines()[-1] == str(verdict().last)
    assert "2 ligne(s)" in out


@pytest.mark.django_db
def test_verify_register_refuses_a_digest_that_is_none():
    with pytest.raises(CommandError, match="N:EMPREINTE"):
        call_command("verify_register", "--published", "42")

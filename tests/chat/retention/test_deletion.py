"""What is deleted and what stays, when the command runs as the worker runs it."""

import inspect
from dataclasses import replace
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import CommandError
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from chat.models import Conversation, Message
from chat.retention import deletion
from chat.rules.lifecycle import Author
from reports.actions import (
    answer_erasure,
    ask_erasure,
)
from reports.models import (
    AccessRecord,
    Erased,
    ErasureRequest,
    OpeningRequest,
    Report,
    RetentionRule,
    Tombstone,
)
from reports.openings import actions as opening_actions
from reports.openings.actions import Grounds
from reports.retention import tombstones
from reports.rules.retention import DAYS_MAX, DEFAULTS, Kind
from tests.chat.retention.acts import ask_opening, freeze, kept, run, told
from tests.factories import chat as make

pytestmark = pytest.mark.django_db


# --- what is due ------------------------------------------------------------------------------------------------------


def test_retention_deletes_what_has_served_and_nothing_else():
    old, recent, open_ = make.age(make.closed(), days=366), make.closed(), make.waiting()
    make.message(open_)
    grace = make.age(make.closed(), days=340)
    assert Report.objects.count() == 4
    assert kept() == {recent, open_, grace}
    assert not Message.objects.filter(conversation_id=old.pk).exists()
    assert Report.objects.count() == 3


def test_what_is_due_and_still_there_is_counted(chief, django_assert_max_num_queries, monkeypatch):
    """It is for /metrics: an act of an agent puts it off, a freeze holds it, and at most that many are looked at."""
    now = timezone.now()
    assert deletion.count_due(now) == 0
    frozen, spoken, _due = (make.age(make.closed(), days=366) for _number in range(3))
    make.closed()
    freeze(frozen, chief)
    make.thread(spoken, ["Bonjour"], author=Author.AGENT)
    with django_assert_max_num_queries(2):
        assert deletion.count_due(now) == 1
    for _number in range(2):
        make.age(make.closed(), days=366)
    monkeypatch.setattr(deletion, "DUE_AT_MOST", 2)
    assert deletion.count_due(now) <= 2
    run()
    assert deletion.count_due(timezone.now()) == 0


def test_retention_takes_reports_that_opened_nothing():
    report = make.report()
    run()
    assert Report.objects.filter(pk=report.pk).exists()
    Report.objects.update(filed_at=make.long_ago(366 * 24 * 60))
    run()
    assert not Report.objects.exists()
    assert Tombstone.objects.get().kind == "report"


@pytest.mark.parametrize("trait", [make.waiting, make.assigned, make.closed])
def test_retention_takes_what_was_never_ended_too(trait):
    make.age(trait(), days=366)
    assert kept() == set()


@pytest.mark.parametrize("author", [Author.REPORTER, Author.AGENT])
def test_an_addition_of_either_side_moves_the_end(author):
    conversation = make.age(make.assigned(), days=364)
    make.message(conversation, author=author)
    # The message itself decides, and not the lease that a message renews.
    Conversation.objects.update(reporter_seen_at=make.long_ago(366 * 24 * 60))
    Report.objects.update(filed_at=make.long_ago(366 * 24 * 60))
    assert kept() == {conversation}


def test_being_there_and_coming_back_move_the_end():
    here, back = make.age(make.closed(), days=366), make.age(make.assigned(), days=366)
    Conversation.objects.filter(pk=here.pk).update(reporter_seen_at=make.long_ago(60))
    back.events.create(kind="resumed", detail="code", at=make.long_ago(60))
    assert kept() == {here, back}


def test_what_pnav_does_by_itself_moves_nothing():
    conversation = make.age(make.waiting(), days=366)
    for kind in ("abandoned", "released"):
        conversation.events.create(kind=kind, at=timezone.now())
    Message.objects.create(
        conversation=conversation, seq=1, author=Author.SYSTEM, sealed_body=b"x", sent_at=timezone.now()
    )
    assert kept() == set()


def test_rule_of_the_administrator_decides():
    conversation = make.age(make.closed(), days=50)
    RetentionRule.objects.update_or_create(kind="exchange", defaults={"days": 30, "grace_days": 10, "digest_days": 5})
    RetentionRule.objects.update(in_force_at=timezone.now() + timedelta(hours=1))
    assert kept() == {conversation}
    RetentionRule.objects.update(in_force_at=timezone.now() - timedelta(hours=1))
    assert kept() == set()
    assert Tombstone.objects.get().rule == "30+10"


@pytest.fixture
def first_rules(monkeypatch):
    """Give `first_rules(**variables)`: the rows that the migration writes where the environment says this."""

    def write(**variables: str) -> dict[str, RetentionRule]:
        for name in ("RETENTION_DAYS", "FEEDBACK_DAYS"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        RetentionRule.objects.all().delete()
        import_module("reports.migrations.0008_first_rules").write_rules(apps, None)
        return {row.kind: row for row in RetentionRule.objects.all()}

    return write


def test_site_after_all_migrations_has_the_decided_rules():
    """A kind that no migration gives its row is kept by the default, which no administrator finds in the admin.

    From when a rule deletes, and what holds until then, are left out: a migration may say both for a kind that was kept
    for longer before.
    """
    before = {"in_force_at": None, "former_days": None, "former_grace_days": None}
    rules = {row.kind: replace(row.rule, **before) for row in RetentionRule.objects.all()}
    assert rules == dict(DEFAULTS)


@pytest.mark.parametrize("kind", sorted(set(Kind) - {Kind.EXCHANGE, Kind.REPORT, Kind.ERASURE}))
def test_kind_is_deleted_by_a_keeper(kind):
    """The other three end a whole report (`chat.retention.schedule`). A module that is no keeper deletes nothing."""
    keepers = [inspect.getsource(import_module(name)) for name in settings.KEEPERS]
    assert any(f"Kind.{kind.name}" in source for source in keepers)


def test_first_rules_are_the_defaults(first_rules):
    """It holds for the first eight kinds; each later one has a migration of its own."""
    rows = first_rules()
    assert len(rows) == 8
    assert {kind: row.rule for kind, row in rows.items()} == {kind: DEFAULTS[kind] for kind in rows}
    assert all(row.is_to_verify and row.source for row in rows.values())


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, {"exchange": (335, 30), "report": (335, 30), "opinion": (365, 0)}),
        ({"RETENTION_DAYS": "180"}, {"exchange": (150, 30), "report": (150, 30), "opinion": (365, 0)}),
        ({"RETENTION_DAYS": "10"}, {"exchange": (1, 9), "report": (1, 9), "opinion": (365, 0)}),
        (
            {"RETENTION_DAYS": "un an", "FEEDBACK_DAYS": "90"},
            {"exchange": (335, 30), "report": (335, 30), "opinion": (90, 0)},
        ),
    ],
)
def test_first_rules_keep_what_the_environment_said(told, expected, first_rules):
    """A site that kept things for less must not keep them longer after an update."""
    rows = first_rules(**told)
    assert {kind: (rows[kind].days, rows[kind].grace_days) for kind in expected} == expected


def test_tombstone_tells_nothing_of_anybody():
    conversation = make.age(make.closed(), days=366)
    public_ids = {str(conversation.public_id), str(conversation.report.public_id)}
    run()
    stone = Tombstone.objects.get()
    assert (stone.kind, stone.rule, stone.cause) == ("exchange", "335+30", "term")
    assert stone.month == timezone.localdate().replace(day=1)
    rows = repr(list(Tombstone.objects.values()) + list(AccessRecord.objects.values()) + list(Erased.objects.values()))
    assert not any(public_id in rows for public_id in public_ids)
    assert {field.name for field in Tombstone._meta.fields} == {"id", "kind", "month", "rule", "cause"}


def test_retention_in_batches_and_resumed(monkeypatch):
    for _ in range(5):
        make.age(make.closed(), days=366)
    monkeypatch.setattr(deletion, "BATCH", 2)
    delete, batches = deletion._delete, []

    def then_stop(*arguments):
        if len(batches) == 1:
            raise ZeroDivisionError
        batches.append(1)
        delete(*arguments)

    monkeypatch.setattr(deletion, "_delete", then_stop)
    with pytest.raises(CommandError):
        run()
    assert Report.objects.count() == 3, "what was done stays done"
    monkeypatch.setattr(deletion, "_delete", delete)
    run()
    assert not Report.objects.exists()
    assert Tombstone.objects.count() == 5
    assert [detail for _role, _subject, detail in told("retention")] == ["reports: 2", "reports: 2", "reports: 1"]


def test_a_report_that_cannot_go_keeps_none_of_the_others(monkeypatch, caplog):
    held, others = make.age(make.closed(), days=366), [make.age(make.closed(), days=366) for _ in range(3)]
    delete = deletion._delete

    def unless_held(gone):
        if any(report.pk == held.report_id for report, _decision in gone):
            raise ProtectedError("held by a table that is not named", set())
        delete(gone)

    monkeypatch.setattr(deletion, "_delete", unless_held)
    assert kept() == {held}
    assert str(held.report.public_id) in caplog.text and len(caplog.records) == 1
    assert Tombstone.objects.count() == len(others)


def test_a_keeper_that_fails_stops_no_other(monkeypatch, caplog):
    from pnav.pages import deletion as opinions

    def fail(now):
        raise OverflowError("what somebody typed")

    monkeypatch.setattr(deletion, "forget", fail)
    asked = []
    monkeypatch.setattr(opinions, "forget", asked.append)
    with pytest.raises(CommandError, match=r"chat\.retention\.deletion"):
        run()
    assert len(asked) == 1
    assert "chat.retention.deletion failed (OverflowError)" in caplog.text and "typed" not in caplog.text


@pytest.mark.parametrize("name", ["days", "grace_days", "digest_days"])
def test_rule_is_a_date_of_the_calendar(name):
    RetentionRule.objects.filter(kind="exchange").delete()
    rule = RetentionRule(kind="exchange", **{"days": 1, "grace_days": 0, "digest_days": 0, name: DAYS_MAX + 1})
    with pytest.raises(ValidationError) as refused:
        rule.full_clean()
    assert name in refused.value.message_dict
    with pytest.raises(IntegrityError), transaction.atomic():
        rule.save()


def test_longest_rule_there_may_be_is_applied():
    longest = {"days": DAYS_MAX, "grace_days": DAYS_MAX, "digest_days": DAYS_MAX}
    for kind in Kind:
        RetentionRule.objects.update_or_create(kind=kind, defaults=longest)
    conversation = make.age(make.closed(), days=4000)
    assert kept() == {conversation}
    assert "Signalement et échange" in run("--plan")


@pytest.mark.django_db(transaction=True)
def test_no_transaction_joins_a_trace_to_what_went(chief):
    """PostgreSQL keeps in each row which transaction wrote it: `xmin`."""
    for _time in range(3):
        conversation = make.closed()
        agent = conversation.assigned_to.user
        opening_actions.withdraw_request(request_id=ask_opening(conversation, agent).pk, by=agent)
        ask_erasure(report_id=conversation.report_id)
        answer_erasure(report_id=conversation.report_id, by=chief, is_granted=True)
        make.age(conversation, days=9)
    ErasureRequest.objects.update(answered_at=make.long_ago(8 * 24 * 60))
    run()
    assert Tombstone.objects.count() == Erased.objects.count() == 3 and not Report.objects.exists()
    with connection.cursor() as cursor:
        for trace in ("tombstone", "erased"):
            for other in ("openingrequest", "accessrecord"):
                cursor.execute(f"SELECT count(*) FROM reports_{trace} t JOIN reports_{other} o ON o.xmin = t.xmin")  # noqa: S608
                assert cursor.fetchone() == (0,), (trace, other)


def test_traces_lie_in_no_order():
    for number in range(40):
        make.report() if number % 2 else make.closed()
    Report.objects.update(filed_at=make.long_ago(366 * 24 * 60))
    for conversation in Conversation.objects.all():
        make.age(conversation, days=366)
    run()
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind FROM reports_tombstone ORDER BY ctid")
        kinds = [kind for (kind,) in cursor.fetchall()]
    assert sorted(kinds) == ["exchange"] * 20 + ["report"] * 20
    assert kinds not in (["exchange", "report"] * 20, sorted(kinds), sorted(kinds, reverse=True))


def test_erasure_is_remembered_before_it_goes(chief, monkeypatch):
    """Were the run killed after it, a backup would bring nothing back."""
    conversation = make.closed()
    ask_erasure(report_id=conversation.report_id)
    answer_erasure(report_id=conversation.report_id, by=chief, is_granted=True)
    make.age(conversation, days=9)
    ErasureRequest.objects.update(answered_at=make.long_ago(8 * 24 * 60))
    known, digest = [], tombstones.digest_of(conversation.report.public_id)
    delete = deletion._delete

    def looking(gone):
        known.extend(Erased.objects.values_list("digest", flat=True))
        delete(gone)

    monkeypatch.setattr(deletion, "_delete", looking)
    assert kept() == set()
    assert known == [digest]


@pytest.mark.django_db
def test_report_whose_opening_goes_on_is_not_taken_under_the_custodians_hands():
    agent = make.agent()
    conversation = make.sealed(make.closed(agent))
    report = conversation.report
    opening = opening_actions.ask_opening(
        report=report, field="name", grounds=Grounds("m", "t", "r", "2026-01-01"), is_urgent=False, recipient=None,
        by=agent.user,
    )  # fmt: skip
    later = timezone.now() + timedelta(days=3 * 365)
    OpeningRequest.objects.filter(pk=opening.pk).update(asked_at=later - timedelta(days=1))
    deletion.forget(later)
    assert Report.objects.filter(pk=report.pk).exists()
    opening_actions.withdraw_request(request_id=opening.pk, by=agent.user)
    deletion.forget(later)
    assert not Report.objects.filter(pk=report.pk).exists()
    assert OpeningRequest.objects.get().report_public_id == report.public_id

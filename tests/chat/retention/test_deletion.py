"""What goes and what stays: through the command, as the worker runs it."""

import json
import threading
import uuid
from datetime import timedelta
from importlib import import_module
from io import StringIO

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, connections, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from chat.conversations import actions
from chat.database import in_db
from chat.models import Conversation, ConversationEvent, EventKind, Message
from chat.retention import deletion, schedule
from chat.rules.lifecycle import Author
from chat.visitor import page_state
from pnav.accounts.models import Role
from reports.actions import (
    Answered,
    Changed,
    Frozen,
    Gone,
    NotAllowed,
    answer_erasure,
    ask_erasure,
    ask_freeze,
    lift_freeze,
    set_freeze,
)
from reports.audit import log as audit_log
from reports.models import (
    AccessRecord,
    Erased,
    ErasureRequest,
    Freeze,
    OpeningRequest,
    Report,
    RetentionRule,
    Tombstone,
)
from reports.openings import actions as opening_actions
from reports.openings.actions import Grounds
from reports.retention import tombstones
from reports.retention.deletion import TURN
from reports.rules import openings as opening_rules
from reports.rules.retention import DAYS_MAX, DEFAULTS, Kind
from tests.chat.sockets import Closed, Line, visit
from tests.factories import chat as make

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("retention", *arguments, stdout=out)
    return out.getvalue()


def kept() -> set[Conversation]:
    run()
    return set(Conversation.objects.all())


def freeze(conversation: Conversation, by, *, days: float = 10) -> Freeze:
    until = timezone.now() + timedelta(days=days)
    values = {"motive": "enquête", "reference": "2026/123", "authority": "parquet"}
    return ask_freeze(report_id=conversation.report_id, by=by, until=until, **values)


@pytest.fixture
def chief():
    return make.agent(role=Role.SUPERVISOR).user


def told(kind: str) -> list[tuple[str, str, str]]:
    return list(AccessRecord.objects.filter(kind=kind).order_by("number").values_list("role", "subject", "detail"))


# --- what is due ------------------------------------------------------------------------------------------------------


def test_retention_deletes_what_has_served_and_nothing_else():
    old, recent, open_ = make.age(make.closed(), days=366), make.closed(), make.waiting()
    make.message(open_)
    grace = make.age(make.closed(), days=340)
    assert Report.objects.count() == 4
    assert kept() == {recent, open_, grace}
    assert not Message.objects.filter(conversation_id=old.pk).exists()
    assert Report.objects.count() == 3


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
    # Not by the lease that goes with a message: by the message itself.
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
    """`first_rules(**variables)`: the rows that the migration writes where the environment says this."""

    def write(**variables: str) -> dict[str, RetentionRule]:
        for name in ("RETENTION_DAYS", "FEEDBACK_DAYS"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        RetentionRule.objects.all().delete()
        import_module("reports.migrations.0008_first_rules").write_rules(apps, None)
        return {row.kind: row for row in RetentionRule.objects.all()}

    return write


def test_first_rules_are_the_defaults(first_rules):
    rows = first_rules()
    assert {kind: row.rule for kind, row in rows.items()} == dict(DEFAULTS)
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
        opening_actions.withdraw(request_id=ask_opening(conversation, agent).pk, by=agent)
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


# --- plan and proof ---------------------------------------------------------------------------------------------------


def test_plan_says_what_why_and_when(chief):
    due, grace = make.age(make.closed(), days=366), make.age(make.closed(), days=340)
    soon, recent = make.age(make.closed(), days=320), make.closed()
    frozen = make.age(make.closed(), days=366)
    freeze(frozen, chief)
    plan = {item["subject"]: item for item in json.loads(run("--plan", "--json"))}
    states = {subject: item["state"] for subject, item in plan.items()}
    expected = {due: "due", grace: "grace", soon: "ending", frozen: "frozen"}
    assert states == {str(one.report.public_id): state for one, state in expected.items()}
    assert plan[str(grace.report.public_id)]["rule"] == "335+30"
    text = run("--plan")
    assert str(recent.report.public_id) not in text
    assert "1 à supprimer maintenant, 3 annoncé(s)." in text
    assert Report.objects.count() == 5


def test_proof_of_a_month(chief):
    for _ in range(2):
        make.age(make.closed(), days=366)
    asked = make.closed()
    ask_erasure(report_id=asked.report_id)
    answer_erasure(report_id=asked.report_id, by=chief, is_granted=True)
    make.age(asked, days=8)
    ErasureRequest.objects.update(answered_at=make.long_ago(8 * 24 * 60))
    run()
    month = f"{timezone.localdate():%Y-%m}"
    text = run("--proof", month)
    assert "Signalements supprimés : 3" in text
    assert "2 – Signalement et échange ; règle 335+30 jours ; Terme de la conservation" in text
    assert "1 – Signalement et échange ; règle 30+7 jours ; Effacement demandé et accordé" in text
    assert "concorde avec les traces. Registre entier." in text and "provisoire" in text
    last = AccessRecord.objects.first()
    assert f"{last.number}:{last.digest}" in text
    assert "Signalements supprimés : 0" in run("--proof", "2001-01")


@pytest.mark.parametrize("touch", ["remove", "add"])
def test_proof_sees_a_tombstone_that_was_touched(touch):
    make.age(make.closed(), days=366)
    run()
    if touch == "remove":
        Tombstone.objects.all().delete()
    else:
        Tombstone.objects.create(kind="exchange", month=Tombstone.objects.get().month, rule="1+0", cause="term")
    with pytest.raises(CommandError):
        run("--proof", f"{timezone.localdate():%Y-%m}")


@pytest.mark.parametrize("detail", ["quelques-uns", "reports: beaucoup", "", "reports: 1, ", "reports: ٣"])
def test_proof_is_made_whatever_somebody_put_into_the_register(detail):
    """The role of the web processes may add a false line: it is named, and keeps nobody from the rest."""
    make.age(make.closed(), days=366)
    run()
    with transaction.atomic():
        audit_log.record(kind="retention", by=None, motive="term", detail=detail)
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("retention", "--proof", f"{timezone.localdate():%Y-%m}", stdout=out, stderr=out)
    assert "Signalements supprimés : 1" in out.getvalue() and "ILLISIBLES : 1 ligne(s)" in out.getvalue()


def test_proof_digest_follows_the_tombstones():
    make.age(make.closed(), days=366)
    run()
    month = f"{timezone.localdate():%Y-%m}"
    before = run("--proof", month).splitlines()[-1]
    Tombstone.objects.update(rule="1+1")
    assert run("--proof", month).splitlines()[-1] != before


@pytest.mark.parametrize("wrong", [["--proof", "novembre"], ["--proof", "2026-13"], ["--json"]])
def test_command_refuses_what_it_does_not_understand(wrong):
    with pytest.raises(CommandError):
        run(*wrong)


# --- freeze -----------------------------------------------------------------------------------------------------------


def test_nothing_frozen_is_deleted_and_it_ends_by_itself(chief):
    conversation = make.age(make.closed(), days=500)
    subject = str(conversation.report.public_id)
    freeze(conversation, chief)
    assert kept() == {conversation}
    with pytest.raises(ProtectedError):
        Report.objects.all().delete()
    Freeze.objects.update(asked_at=make.long_ago(60 * 24 * 60), until=make.long_ago(24 * 60))
    assert kept() == {conversation}, "the grace runs again"
    Freeze.objects.update(until=make.long_ago(31 * 24 * 60))
    assert kept() == set()
    assert not Freeze.objects.exists()
    assert told("freeze")[0][:2] == ("supervisor", subject)


def test_freeze_asked_by_an_agent_waits_for_a_supervisor(chief):
    agent = make.agent()
    conversation = make.age(make.closed(agent), days=500)
    asked = freeze(conversation, agent.user)
    assert asked.is_asked and not asked.is_running(timezone.now())
    assert kept() == {conversation}, "asking gives the time to decide"
    this = {"report_id": conversation.report_id, "asked_at": asked.asked_at}
    with pytest.raises(NotAllowed):
        set_freeze(by=agent.user, **this)
    set_freeze(by=chief, **this)
    with pytest.raises(Frozen):
        freeze(conversation, agent.user)
    with pytest.raises(NotAllowed):
        lift_freeze(by=agent.user, **this)
    lift_freeze(by=chief, **this)
    with pytest.raises(Answered):
        lift_freeze(by=chief, **this)
    subject, until = str(conversation.report.public_id), timezone.localdate(asked.until)
    assert told("freeze") == [
        ("agent", subject, f"asked, until {until}"),
        ("supervisor", subject, f"set, until {until}"),
        ("supervisor", subject, "lifted"),
    ]


def test_freeze_is_decided_as_it_was_read(chief):
    """An agent may ask again at any moment, with other words and another date."""
    agent = make.agent()
    conversation = make.age(make.closed(agent), days=500)
    read, now = freeze(conversation, agent.user), freeze(conversation, agent.user)
    for act in (set_freeze, lift_freeze):
        with pytest.raises(Changed):
            act(report_id=conversation.report_id, by=chief, asked_at=read.asked_at)
    assert Freeze.objects.get().is_asked and len(told("freeze")) == 2
    set_freeze(report_id=conversation.report_id, by=chief, asked_at=now.asked_at)
    again = freeze(conversation, chief)
    with pytest.raises(Changed):
        lift_freeze(report_id=conversation.report_id, by=chief, asked_at=now.asked_at)
    assert Freeze.objects.get().is_running(timezone.now())
    lift_freeze(report_id=conversation.report_id, by=chief, asked_at=again.asked_at)


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.CUSTODIAN])
def test_freeze_is_for_agents_and_supervisors(role):
    conversation = make.closed()
    other = make.agent(role=role).user
    with pytest.raises(NotAllowed):
        freeze(conversation, other)
    assert not Freeze.objects.exists() and told("freeze") == []


def test_freeze_of_what_is_gone():
    with pytest.raises(Gone):
        ask_freeze(report_id=0, by=make.agent().user, motive="m", reference="r", authority="a", until=timezone.now())


def test_freeze_needs_its_line(chief, monkeypatch):
    conversation = make.closed()

    def fail(**_values: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(audit_log, "record", fail)
    with pytest.raises(ZeroDivisionError):
        freeze(conversation, chief)
    assert not Freeze.objects.exists()


# --- erasure ----------------------------------------------------------------------------------------------------------


def test_erasure_granted_goes_after_a_short_grace(chief):
    conversation, other = make.closed(), make.closed()
    ask_erasure(report_id=conversation.report_id)
    assert kept() == {conversation, other}
    answer_erasure(report_id=conversation.report_id, by=chief, is_granted=True)
    assert kept() == {conversation, other}
    make.age(conversation, days=9)
    ErasureRequest.objects.update(answered_at=make.long_ago(8 * 24 * 60))
    # That they look at the page does not put it off.
    Conversation.objects.filter(pk=conversation.pk).update(reporter_seen_at=timezone.now())
    public_id = conversation.report.public_id
    assert kept() == {other}
    assert Tombstone.objects.get().cause == "erasure"
    assert Erased.objects.get().digest == tombstones.digest_of(public_id)
    assert [(role, detail) for role, _subject, detail in told("erasure")] == [
        ("service", "asked"),
        ("supervisor", "granted"),
    ]


def test_register_tells_what_was_erased_from_what_came_to_its_term(chief):
    for _ in range(2):
        make.age(make.closed(), days=366)
    asked = make.age(make.closed(), days=9)
    ask_erasure(report_id=asked.report_id)
    answer_erasure(report_id=asked.report_id, by=chief, is_granted=True)
    ErasureRequest.objects.update(answered_at=make.long_ago(8 * 24 * 60))
    run()
    lines = AccessRecord.objects.filter(kind="retention").order_by("number")
    assert [(line.motive_label, line.detail) for line in lines] == [
        ("Terme de la conservation", "reports: 2"),
        ("Effacement demandé et accordé", "reports: 1"),
    ]
    assert {str(line.get_kind_display()) for line in lines} == {"Suppression"}
    assert "concorde avec les traces" in run("--proof", f"{timezone.localdate():%Y-%m}")


def test_person_is_told_no_date_that_has_passed(chief):
    """It would say that something holds the exchange, which is the justice's to tell."""
    conversation = make.age(make.closed(), days=400)
    freeze(conversation, chief)
    assert page_state.read_page_state(conversation, now := timezone.now()).decision.due_at == now


def test_agent_and_supervisor_are_told_what_ends_soon_and_what_waits(chief):
    over, agent, now = chief.agent, make.agent(), timezone.now()
    soon, past, held, _fresh = (make.age(make.closed(agent), days=days) for days in (320, 340, 321, 3))
    make.age(make.closed(), days=322)
    assert schedule.notice(agent, now) == schedule.Notice(to_decide=0, soon=3)
    assert schedule.notice(over, now) == schedule.Notice(to_decide=0, soon=4)
    freeze(held, agent.user)
    ask_erasure(report_id=soon.report_id)
    now = timezone.now()
    assert schedule.notice(agent, now) == schedule.Notice(to_decide=0, soon=2)
    assert schedule.notice(over, now) == schedule.Notice(to_decide=2, soon=3)
    freeze(past, chief)
    assert schedule.notice(over, timezone.now()) == schedule.Notice(to_decide=2, soon=2)


def test_notice_of_each_page_counts_what_the_page_of_endings_shows_in_one_query(chief, django_assert_num_queries):
    """Two readings, one written by hand: whatever is near its end for one of them is for the other, and what is said
    elsewhere puts off nothing."""
    agent = make.agent()
    make.message(make.assigned(make.agent()), "à l’instant, ailleurs")
    for days in (0, 20, 29, 31, 304, 306, 334, 336, 364, 366):
        plain, asked, granted, refused, frozen, lifted, spoken = (
            make.age(make.closed(None if days % 3 else agent), days=days) for _ in range(7)
        )
        for conversation, is_granted in ((asked, None), (granted, True), (refused, False)):
            ask_erasure(report_id=conversation.report_id)
            if is_granted is not None:
                answer_erasure(report_id=conversation.report_id, by=chief, is_granted=is_granted, motive="Enquête.")
        freeze(frozen, chief)
        freeze(lifted, chief)
        Freeze.objects.filter(report=lifted.report_id).update(lifted_at=make.long_ago(days * 24 * 60))
        half = make.long_ago(days * 12 * 60)
        ConversationEvent.objects.create(conversation=spoken, kind=EventKind.NOTED, at=half)
        Conversation.objects.filter(pk=plain.pk).update(reporter_seen_at=make.long_ago(days * 18 * 60))
    for age in (0, 5, 10):
        ErasureRequest.objects.filter(is_granted=True).update(answered_at=make.long_ago(age * 24 * 60))
        for who in (agent, chief.agent):
            now = timezone.now()
            soon = [one for one in schedule.endings(who, now) if one.freeze is None]
            with django_assert_num_queries(0):  # of the ORM's: by hand, below it
                told = schedule.notice(who, now)
            assert told == schedule.Notice(to_decide=10 if who == chief.agent else 0, soon=len(soon))
            assert soon
    RetentionRule.objects.filter(kind="exchange").update(days=40, grace_days=400, digest_days=5)
    now = timezone.now()
    soon = [one for one in schedule.endings(agent, now) if one.freeze is None]
    assert schedule.notice(agent, now).soon == len(soon) > 0


def test_erasure_refused_says_why_and_keeps(chief):
    conversation = make.closed()
    ask_erasure(report_id=conversation.report_id)
    answer_erasure(report_id=conversation.report_id, by=chief, is_granted=False, motive="Une enquête est en cours.")
    request = ErasureRequest.objects.get()
    assert (request.is_granted, request.motive) == (False, "Une enquête est en cours.")
    with pytest.raises(Answered):
        answer_erasure(report_id=conversation.report_id, by=chief, is_granted=True)
    assert "enquête" not in repr(list(AccessRecord.objects.values()))


def test_erasure_of_what_is_frozen_cannot_be_granted(chief):
    conversation = make.closed()
    ask_erasure(report_id=conversation.report_id)
    asked_at = freeze(conversation, chief).asked_at
    with pytest.raises(Frozen):
        answer_erasure(report_id=conversation.report_id, by=chief, is_granted=True)
    lift_freeze(report_id=conversation.report_id, by=chief, asked_at=asked_at)
    answer_erasure(report_id=conversation.report_id, by=chief, is_granted=True)


@pytest.mark.parametrize("role", [Role.AGENT, Role.ADMINISTRATOR, Role.CUSTODIAN])
def test_erasure_is_answered_by_supervisors(role):
    conversation = make.closed()
    ask_erasure(report_id=conversation.report_id)
    with pytest.raises(NotAllowed):
        answer_erasure(report_id=conversation.report_id, by=make.agent(role=role).user, is_granted=True)


def test_erasure_asked_twice_is_one_request():
    conversation = make.closed()
    first = ask_erasure(report_id=conversation.report_id, code_digest="a" * 64)
    again = ask_erasure(report_id=conversation.report_id, code_digest="b" * 64)
    assert first.pk == again.pk and again.asked_at == first.asked_at
    assert ErasureRequest.objects.get().code_digest == "b" * 64
    assert len(told("erasure")) == 1


# --- after a restore --------------------------------------------------------------------------------------------------


def test_replay_forgets_again_what_a_backup_brought_back(chief, tmp_path):
    back, frozen, other = make.closed(), make.closed(), make.closed()
    freeze(frozen, chief)
    tombstones.keep_digests([back.report.public_id, frozen.report.public_id, uuid.uuid4()], on=timezone.localdate())
    kept_elsewhere = tmp_path / "effaces"
    kept_elsewhere.write_text(run("--erased"))
    Erased.objects.all().delete()  # the backup does not know
    assert "1 signalement(s) effacé(s) de nouveau, 1 gelé(s), sur 3" in run("--replay", str(kept_elsewhere))
    assert set(Conversation.objects.all()) == {frozen, other}
    assert str(back.report.public_id) not in kept_elsewhere.read_text()
    assert "0 signalement(s)" in run("--replay", str(kept_elsewhere))


def test_replay_refuses_another_file(tmp_path):
    wrong = tmp_path / "liste"
    wrong.write_text("ceci n'est pas une liste")
    with pytest.raises(CommandError):
        run("--replay", str(wrong))


# --- races, with real threads -----------------------------------------------------------------------------------------


class Elsewhere(threading.Thread):
    """Work on another connection; an error is raised by `done`."""

    def __init__(self, work) -> None:
        super().__init__(daemon=True)
        self.work, self.error, self.result = work, None, None
        self.start()

    def run(self) -> None:
        try:
            self.result = self.work()
        except Exception as error:  # noqa: BLE001  raised by `done`
            self.error = error
        finally:
            connections.close_all()

    def done(self):
        self.join(20)
        assert not self.is_alive()
        if self.error is not None:
            raise self.error
        return self.result


def post(conversation: Conversation):
    return actions.post_message(
        conversation_id=conversation.pk, client_id=uuid.uuid4(), body="encore là", author=Author.REPORTER
    )


def at_the_last_moment(what: str, conversation: Conversation, chief):
    return (lambda: post(conversation)) if what == "message" else (lambda: freeze(conversation, chief))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["message", "freeze"])
def test_race_committed_just_before_the_lock(what, chief, monkeypatch):
    """The run has begun, the rules are read; then somebody writes, or a freeze is set: it is seen."""
    conversation, other = make.age(make.assigned(), days=366), make.age(make.closed(), days=366)
    lock = deletion._lock_reports

    def after_somebody(*arguments):
        Elsewhere(at_the_last_moment(what, conversation, chief)).done()
        monkeypatch.setattr(deletion, "_lock_reports", lock)
        return lock(*arguments)

    monkeypatch.setattr(deletion, "_lock_reports", after_somebody)
    assert kept() == {conversation}
    assert not Conversation.objects.filter(pk=other.pk).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["message", "freeze"])
def test_race_between_the_two_locks(what, chief, monkeypatch):
    """The report is locked and the conversation not yet: a message that comes in between is read after the lock; a
    freeze waits for the lock of the report, and finds that it is gone."""
    conversation = make.age(make.assigned(), days=366)
    lock, started = deletion._lock_conversations, []

    def after_somebody(*arguments):
        started.append(Elsewhere(at_the_last_moment(what, conversation, chief)))
        started[0].join(20 if what == "message" else 0.5)
        return lock(*arguments)

    monkeypatch.setattr(deletion, "_lock_conversations", after_somebody)
    if what == "message":
        assert kept() == {conversation}
        started[0].done()
    else:
        assert kept() == set()
        with pytest.raises(Gone):
            started[0].done()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["message", "freeze"])
def test_race_not_committed_yet(what, chief):
    """Somebody holds the row while the run passes: it is passed over, nobody waits, and what was written counts."""
    conversation = make.age(make.assigned(), days=366)
    written, passed = threading.Event(), threading.Event()

    def slowly():
        with transaction.atomic():
            at_the_last_moment(what, conversation, chief)()
            written.set()
            assert passed.wait(20)

    other = Elsewhere(slowly)
    assert written.wait(20)
    assert kept() == {conversation}
    passed.set()
    other.done()
    assert kept() == {conversation}


@pytest.mark.django_db(transaction=True)
def test_race_a_message_after_the_decision_is_refused(monkeypatch):
    """Decided under the lock: who writes then waits, and is told that there is nothing to write to."""
    conversation = make.age(make.assigned(), days=366)
    delete, late = deletion._delete, []

    def with_somebody_at_the_door(*arguments):
        late.append(Elsewhere(lambda: post(conversation)))
        late[0].join(0.5)
        assert late[0].is_alive(), "it waits for the lock"
        delete(*arguments)

    monkeypatch.setattr(deletion, "_delete", with_somebody_at_the_door)
    assert kept() == set()
    with pytest.raises(actions.NotYours):
        late[0].done()
    assert not Message.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_delete_once():
    for _ in range(30):
        make.age(make.closed(), days=366)
    workers = [Elsewhere(run) for _ in range(4)]
    for worker in workers:
        worker.done()
    run()
    assert not Report.objects.exists()
    assert Tombstone.objects.count() == 30
    removed = [int(detail.removeprefix("reports: ")) for _role, _subject, detail in told("retention")]
    assert sum(removed) == 30


@pytest.mark.django_db(transaction=True)
def test_a_worker_leaves_the_work_to_the_one_that_is_at_it():
    conversation = make.age(make.closed(), days=366)
    ours, over = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TURN])
            ours.set()
            assert over.wait(20)

    holder = Elsewhere(hold)
    assert ours.wait(20)
    assert kept() == {conversation}
    over.set()
    holder.done()
    assert kept() == set()


@pytest.mark.django_db(transaction=True)
async def test_open_page_of_what_goes_is_sent_away():
    """Erased on request while their page is open: the socket ends, and nothing fails for anybody else."""
    agent = await in_db(make.agent)
    conversation, other = await in_db(make.assigned, agent), await in_db(make.assigned, agent)
    keys = [await in_db(visit, one) for one in (conversation, other)]
    path, digest = "/ws/conversation/", tombstones.digest_of(conversation.report.public_id)
    async with Line(path, keys[0]) as line, Line(path, keys[1]) as next_to_it:
        await line.send(type="sync", after=0)
        await line.until("state")
        await next_to_it.send(type="sync", after=0)
        await next_to_it.until("state")
        assert await in_db(lambda: deletion.forget_again([digest], now=timezone.now())) == (1, 0)
        with pytest.raises(Closed):
            while True:
                await line.send(type="beat")
                await line.receive()
        await next_to_it.send(type="post", client_id=str(uuid.uuid4()), body="encore là")
        await next_to_it.until("messages")


@pytest.mark.django_db
def test_report_whose_opening_goes_on_is_not_taken_under_the_custodians_hands():
    agent = make.agent()
    conversation = make.sealed(make.closed(agent))
    report = conversation.report
    opening = opening_actions.ask(
        report=report, field="name", grounds=Grounds("m", "t", "r", "2026-01-01"), is_urgent=False, recipient=None,
        by=agent.user,
    )  # fmt: skip
    later = timezone.now() + timedelta(days=3 * 365)
    OpeningRequest.objects.filter(pk=opening.pk).update(asked_at=later - timedelta(days=1))
    deletion.forget(later)
    assert Report.objects.filter(pk=report.pk).exists()
    opening_actions.withdraw(request_id=opening.pk, by=agent.user)
    deletion.forget(later)
    assert not Report.objects.filter(pk=report.pk).exists()
    assert OpeningRequest.objects.get().report_public_id == report.public_id


def ask_opening(conversation, by) -> OpeningRequest:
    grounds = Grounds("m", "t", "r", "2026-01-01")
    if not conversation.report.sealed_values.exists():
        make.sealed(conversation)
    return opening_actions.ask(
        report=conversation.report, field="name", grounds=grounds, is_urgent=False, recipient=None, by=by
    )


def test_opening_that_only_its_agent_wants_holds_two_days_and_once(chief):
    agent = make.agent()
    conversation = make.age(make.closed(agent), days=500)
    opening = ask_opening(conversation, agent.user)
    asked_at = opening.asked_at
    assert kept() == {conversation}
    deletion.forget(asked_at + timedelta(hours=47))
    assert Conversation.objects.exists()
    opening_actions.withdraw(request_id=opening.pk, by=agent.user)
    again = ask_opening(conversation, agent.user)
    with transaction.atomic():
        deletion.forget(timezone.now())
        assert not Conversation.objects.exists(), "asked again, it holds nothing"
        transaction.set_rollback(True)
    opening_actions.countersign(request_id=again.pk, by=chief)
    deletion.forget(asked_at + timedelta(days=13))
    assert Conversation.objects.exists(), "a supervisor found it right"


@pytest.mark.parametrize("days, last", [(3, "opening"), (20, "freeze")])
def test_frozen_and_opened_is_kept_until_the_later_end(chief, days, last):
    agent = make.agent()
    conversation = make.age(make.closed(agent), days=500)
    opening = ask_opening(conversation, agent.user)
    opening_actions.countersign(request_id=opening.pk, by=chief)
    frozen_until = freeze(conversation, chief, days=days).frozen_until
    ends = {"opening": OpeningRequest.objects.get().asked_at + opening_rules.TERM, "freeze": frozen_until}
    assert max(ends, key=lambda name: ends[name]) == last
    due_at = ends[last] + timedelta(days=DEFAULTS[Kind.EXCHANGE].grace_days)
    deletion.forget(due_at - timedelta(hours=1))
    assert Conversation.objects.exists()
    deletion.forget(due_at + timedelta(hours=1))
    assert not Conversation.objects.exists()


def test_opening_that_waits_for_its_supervisor_holds_no_longer_than_two_days():
    agent = make.agent()
    conversation = make.age(make.closed(agent), days=500)
    opening = ask_opening(conversation, agent.user)
    deletion.forget(opening.asked_at + timedelta(hours=49))
    assert not Conversation.objects.exists()


def test_agent_alone_does_not_put_off_what_was_granted(chief, monkeypatch):
    """Every two days a freeze and an opening are asked for, again and again."""
    agent = make.agent()
    conversation = make.closed(agent)
    ask_erasure(report_id=conversation.report_id)
    answer_erasure(report_id=conversation.report_id, by=chief, is_granted=True)
    start, days = timezone.now(), 0
    while Report.objects.exists() and days < 60:
        now = start + timedelta(days=days)
        monkeypatch.setattr("django.utils.timezone.now", lambda now=now: now)
        monkeypatch.setattr("reports.retention.deletion.moment", lambda now=now: now)
        opening_actions.expire(now=now)
        freeze(conversation, agent.user, days=days + 90)
        if not OpeningRequest.objects.filter(state="asked").exists():
            ask_opening(conversation, agent.user)
        deletion.forget(now)
        days += 2
    assert days <= 10, "the grace of the erasure, and two days"


def test_freeze_asked_for_after_another_keeps_what_that_one_held(chief):
    agent = make.agent()
    conversation = make.age(make.closed(agent), days=500)
    freeze(conversation, chief)
    Freeze.objects.update(asked_at=make.long_ago(60 * 24 * 60), until=make.long_ago(5 * 24 * 60))
    freeze(conversation, agent.user)
    assert kept() == {conversation}, "the grace after the first still runs"


@pytest.mark.django_db
def test_what_the_staff_wrote_is_sealed_and_rotates(chief, settings, capsys):
    one, other = make.closed(), make.closed().report
    freeze(one, chief)
    ask_erasure(report_id=other.pk)
    answer_erasure(report_id=other.pk, by=chief, is_granted=False, motive="Marque du refus")
    with connection.cursor() as cursor:
        cursor.execute("SELECT f::text, e::text FROM reports_freeze f, reports_erasurerequest e")
        kept = "".join(cursor.fetchone())
    for mark in ("enquête", "2026/123", "parquet", "Marque"):
        assert mark not in kept and mark.encode().hex() not in kept
    settings.CONTENT_KEYS = f"new:QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=,{settings.CONTENT_KEYS}"
    call_command("rotate_keys")
    settings.CONTENT_KEYS = settings.CONTENT_KEYS.split(",")[0]
    assert Freeze.objects.get().reasons["authority"] == "parquet"
    assert ErasureRequest.objects.get().motive == "Marque du refus"
    capsys.readouterr()

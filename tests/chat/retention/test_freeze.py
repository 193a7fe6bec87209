"""What delays a deletion, and what makes it happen earlier: freezes, disclosures, requests for erasure."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from chat.models import Conversation, ConversationEvent, EventKind
from chat.retention import deletion, schedule
from chat.visitor import page_state
from pnav.accounts.models import Role
from reports.actions import (
    Answered,
    Changed,
    Frozen,
    Gone,
    NotAllowed,
    Replaced,
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
from reports.retention import deletion as rows_of_reports
from reports.retention import tombstones
from reports.rules import openings as opening_rules
from reports.rules.retention import DEFAULTS, Kind
from tests.chat.retention.acts import ask_opening, freeze, kept, run, told
from tests.factories import chat as make

pytestmark = pytest.mark.django_db


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
    # Looking at the page does not delay it.
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
            with django_assert_num_queries(0):  # none by the ORM: it uses SQL below it
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


def test_freeze_asked_again_shortens_none_that_runs(chief, client):
    """A second authority's freeze took the place of a longer one, and what the first counted on was deleted early."""
    conversation = make.age(make.closed(), days=500)
    first = freeze(conversation, chief, days=300)
    second = freeze(conversation, chief, days=5)
    assert (second.pk, second.until) == (first.pk, first.until)
    assert freeze(conversation, chief, days=400).until > first.until
    lift_freeze(report_id=conversation.report_id, by=chief, asked_at=Freeze.objects.get().asked_at)
    assert freeze(conversation, chief, days=5).until < first.until, "one that was lifted holds no other"


def test_erasure_is_granted_once_a_freeze_that_nobody_decided_is_past(chief):
    conversation = make.closed()
    ask_erasure(report_id=conversation.report_id)
    freeze(conversation, make.agent().user)
    with pytest.raises(Frozen):
        answer_erasure(report_id=conversation.report_id, by=chief, is_granted=True)
    asked_at = make.long_ago(60)
    Freeze.objects.update(asked_at=asked_at, until=make.long_ago(1))
    with pytest.raises(Answered):
        set_freeze(report_id=conversation.report_id, by=chief, asked_at=asked_at)
    answer_erasure(report_id=conversation.report_id, by=chief, is_granted=True)


def test_run_ends_with_its_month(chief, monkeypatch):
    """A tombstone has the month in which the run began, the audit log that of the deletion: both proofs differed."""
    for _each in range(2):
        make.age(make.closed(), days=500)
    monkeypatch.setattr(deletion, "BATCH", 1)
    moments = iter([datetime(2026, 11, 30, 22, 59, tzinfo=UTC)] * 2 + [datetime(2026, 11, 30, 23, 1, tzinfo=UTC)])
    monkeypatch.setattr(rows_of_reports, "moment", lambda: next(moments))
    deletion.forget(timezone.now())
    assert Conversation.objects.count() == 1
    monkeypatch.undo()
    deletion.forget(timezone.now())
    assert not Conversation.objects.exists()


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


def test_words_of_the_later_press_stay_whichever_hash_is_ready_first():
    conversation, other = make.closed(), make.closed()
    now = timezone.now()
    ask_erasure(report_id=other.report_id, code_digest="c" * 64, code_asked_at=now + timedelta(seconds=9))
    ask_erasure(report_id=conversation.report_id, code_digest="b" * 64, code_asked_at=now + timedelta(seconds=1))
    for asked_at in (now, now + timedelta(seconds=1)):
        with pytest.raises(Replaced):
            ask_erasure(report_id=conversation.report_id, code_digest="a" * 64, code_asked_at=asked_at)
    assert ErasureRequest.objects.get(report=conversation.report_id).code_digest == "b" * 64
    ask_erasure(report_id=conversation.report_id, code_digest="d" * 64, code_asked_at=now + timedelta(seconds=2))
    assert ErasureRequest.objects.get(report=conversation.report_id).code_digest == "d" * 64


@pytest.mark.parametrize("was_frozen", [False, True])
def test_erasure_that_was_refused_is_asked_for_again_after_thirty_days(chief, was_frozen):
    """A freeze that ended since changes nothing of that day, because it would tell the person that there was one."""
    conversation = make.closed()
    report = conversation.report_id
    ask_erasure(report_id=report, code_digest="a" * 64)
    if was_frozen:
        asked_at = freeze(conversation, chief).asked_at
    answer_erasure(report_id=report, by=chief, is_granted=False, motive="Une enquête est en cours.")
    if was_frozen:
        lift_freeze(report_id=report, by=chief, asked_at=asked_at)
    ErasureRequest.objects.update(answered_at=make.long_ago(29 * 24 * 60))
    assert ask_erasure(report_id=report, again=True).motive == "Une enquête est en cours."
    ErasureRequest.objects.update(answered_at=make.long_ago(31 * 24 * 60))
    refused = ask_erasure(report_id=report, code_digest="b" * 64)
    assert refused.is_granted is False, "who only wants another code keeps the answer"
    asked = ask_erasure(report_id=report, again=True)
    assert (asked.answered_at, asked.is_granted, asked.sealed_motive) == (None, None, None)
    assert asked.asked_at > refused.asked_at and asked.code_digest == "b" * 64
    asked.refresh_from_db()
    assert asked.sealed_motive is None and len(told("erasure")) == 3
    answer_erasure(report_id=report, by=chief, is_granted=True)
    ErasureRequest.objects.update(answered_at=make.long_ago(31 * 24 * 60))
    assert ask_erasure(report_id=report, again=True).is_granted, "what was granted stays granted"


def test_opening_that_only_its_agent_wants_holds_two_days_and_once(chief):
    agent = make.agent()
    conversation = make.age(make.closed(agent), days=500)
    opening = ask_opening(conversation, agent.user)
    asked_at = opening.asked_at
    assert kept() == {conversation}
    deletion.forget(asked_at + timedelta(hours=47))
    assert Conversation.objects.exists()
    opening_actions.withdraw_request(request_id=opening.pk, by=agent.user)
    again = ask_opening(conversation, agent.user)
    with transaction.atomic():
        deletion.forget(timezone.now())
        assert not Conversation.objects.exists(), "asked again, it holds nothing"
        transaction.set_rollback(True)
    opening_actions.countersign_request(request_id=again.pk, by=chief)
    deletion.forget(asked_at + timedelta(days=13))
    assert Conversation.objects.exists(), "a supervisor found it right"


@pytest.mark.parametrize("days, last", [(3, "opening"), (20, "freeze")])
def test_frozen_and_opened_is_kept_until_the_later_end(chief, days, last):
    agent = make.agent()
    conversation = make.age(make.closed(agent), days=500)
    opening = ask_opening(conversation, agent.user)
    opening_actions.countersign_request(request_id=opening.pk, by=chief)
    frozen_until = freeze(conversation, chief, days=days).frozen_until
    ends = {"opening": OpeningRequest.objects.get().asked_at + opening_rules.TERM, "freeze": frozen_until}
    assert max(ends, key=lambda name: ends[name]) == last
    due_at = ends[last] + timedelta(days=DEFAULTS[Kind.EXCHANGE].grace_days)
    assert opening_actions.expire_requests(now=ends["opening"] + timedelta(minutes=1)) == 1
    deletion.forget(ends["opening"] + timedelta(minutes=2))
    deletion.forget(due_at - timedelta(hours=1))
    assert Conversation.objects.exists()
    deletion.forget(due_at + timedelta(hours=1))
    assert not Conversation.objects.exists()


def test_answer_that_was_read_leaves_the_term_of_its_request_and_the_grace(chief):
    """The exchange of the person whose name was just read went within the hour, with all captures."""
    agent = make.agent()
    conversation = make.age(make.closed(agent), days=362)
    opening = ask_opening(conversation, agent.user)
    opening_actions.countersign_request(request_id=opening.pk, by=chief)
    OpeningRequest.objects.update(state=opening_rules.State.SHOWN)
    due_at = opening.asked_at + opening_rules.TERM + timedelta(days=DEFAULTS[Kind.EXCHANGE].grace_days)
    deletion.forget(due_at - timedelta(hours=1))
    assert Conversation.objects.exists()
    deletion.forget(due_at + timedelta(hours=1))
    assert not Conversation.objects.exists()


def test_opening_that_ended_otherwise_holds_nothing(chief):
    """One that no supervisor countersigned holds nothing when it has expired, else an agent alone would keep things."""
    agent, later = make.agent(), timezone.now() + opening_rules.TERM + timedelta(hours=1)
    expired, withdrawn, refused = (make.age(make.closed(agent), days=500) for _ in range(3))
    ask_opening(expired, agent.user)
    opening = ask_opening(withdrawn, agent.user)
    opening_actions.countersign_request(request_id=opening.pk, by=chief)
    opening_actions.withdraw_request(request_id=opening.pk, by=agent.user)
    opening_actions.refuse_request(request_id=ask_opening(refused, agent.user).pk, by=chief, reason="Non.")
    with transaction.atomic():
        deletion.forget(timezone.now())
        assert set(Conversation.objects.all()) == {expired}, "its agent's first request has two days"
        transaction.set_rollback(True)
    assert opening_actions.expire_requests(now=later) == 1
    deletion.forget(later)
    assert not Conversation.objects.exists()


@pytest.mark.parametrize("state, is_kept", [("agreed", True), ("shown", False), ("expired", False)])
def test_erased_report_comes_back_from_no_backup_for_a_request_that_has_ended(chief, state, is_kept):
    agent = make.agent()
    conversation = make.closed(agent)
    opening = ask_opening(conversation, agent.user)
    opening_actions.countersign_request(request_id=opening.pk, by=chief)
    OpeningRequest.objects.update(state=state)
    digest = tombstones.digest_of(conversation.report.public_id)
    assert deletion.forget_again([digest], now=timezone.now()) == ((0, 1) if is_kept else (1, 0))
    assert Conversation.objects.exists() is is_kept


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
        monkeypatch.setattr("common.clock.now", lambda now=now: now)
        monkeypatch.setattr("reports.retention.deletion.moment", lambda now=now: now)
        opening_actions.expire_requests(now=now)
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

"""A supervisor decides about another unit only while they are on call for it, and nobody else does."""

import re
import uuid
from copy import deepcopy
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from chat.captures import opening as captures
from chat.decisions import deciders, on_call
from chat.models import Agent, Conversation, OnCall, Unit
from chat.retention import deletion, schedule
from common import clock
from pnav.accounts.models import Role, User
from reports import actions
from reports.audit import wording as audit_wording
from reports.deciders import Title
from reports.models import AccessKind, AccessRecord, ErasureRequest, Freeze, OpeningRequest, Report
from reports.openings import actions as opening_actions
from reports.rules.openings import NotAllowed, State
from tests.access.people import (
    ADMINISTRATOR,
    ASSIGNED,
    CUSTODIAN,
    OTHER_AGENT,
    OTHER_SUPERVISOR,
    PEOPLE,
    PSYCHOLOGIST,
    REPORTER,
    SUPERVISOR,
    SUPERVISORS,
    UNPROVED,
    Cast,
)  # fmt: skip
from tests.access.test_deciders import drawn_name
from tests.access.test_openings import NEAR
from tests.access.test_routes import browser
from tests.factories import captures as make_captures
from tests.factories import chat as make
from tests.support.moments import clock_change, shown_once
from tests.support.reading import squeezed

ENDINGS, ON_CALL = "/console/conservation/", "/console/astreintes/"


@pytest.fixture
def cast(cast_of_module: Cast, db: None, proofs_last: None) -> Cast:
    """Return the cast that was created once: each test is undone, and looks at a copy of what Python has of it."""
    return deepcopy(cast_of_module)


def name_on_call(cast: Cast, *, by: str = SUPERVISOR, starts: float = -0.5, hours: float = 24, who: str = "") -> OnCall:
    """Return the supervisor of elsewhere, for the unit of the conversation; starts: hours from now."""
    now = timezone.now()
    agent = Agent.objects.get(user=cast.users[who or OTHER_SUPERVISOR])
    unit = Unit.objects.get(name="Ici")
    row = OnCall(supervisor=agent, unit=unit, motive="seule de permanence",
                 starts_at=now + timedelta(hours=starts), ends_at=now + timedelta(hours=starts + hours))  # fmt: skip
    return on_call.name(on_call=row, by=cast.users[by])


def age(row: OnCall, **until: datetime) -> None:
    OnCall.objects.filter(pk=row.pk).update(**until)


def at_another_time(cast: Cast, when: str) -> None:
    """Move the duty into the past or the future, or let the unit's supervisor end it a moment ago."""
    now = timezone.now()
    row = name_on_call(cast, starts=1 if when == "to come" else -0.5)
    if when == "over":
        age(row, starts_at=now - timedelta(days=2), ends_at=now - timedelta(minutes=1))
    if when == "ended":
        assert on_call.end(public_id=row.public_id, by=cast.users[SUPERVISOR]) is not None


def decisions(cast: Cast) -> dict[str, tuple[str, dict[str, str]]]:
    """Return each page or act that decides about the conversation of the cast: its address, and what is posted."""
    opening, key = cast.opening.public_id, cast.conversation.public_id
    until = f"{timezone.localdate() + timedelta(days=60):%Y-%m-%d}"
    return {
        "opening": (f"/levees/{opening}/", {}),
        "countersign": (f"/levees/{opening}/contresigner/", {"": ""}),
        "refuse": (f"/levees/{opening}/refuser/", {"reason": "non"}),
        "freeze page": (f"{ENDINGS}{key}/gel/", {}),
        "freeze": (f"{ENDINGS}{key}/gel/", {"motive": "m", "reference": "1", "authority": "p", "until": until}),
        "lift": (f"{ENDINGS}{key}/gel/decision/", {"lever": "1", "asked_at": ""}),
        "erasure page": (f"{ENDINGS}{key}/effacement/", {}),
        "grant": (f"{ENDINGS}{key}/effacement/", {"answer": "grant"}),
    }


def knock(cast: Cast, person: str, *, freeze: bool = False) -> dict[str, bool]:
    """Return for each decision whether this person can reach it at all. Each try is undone."""
    there = {}
    for name, (address, sent) in decisions(cast).items():
        with transaction.atomic():
            client = browser(cast, person)
            answer = client.post(address, sent) if sent else client.get(address)
            there[name] = answer.status_code in {200, 302} and not answer.headers.get("Location", "").startswith(
                "/compte/"
            )
            transaction.set_rollback(True)
    return there


# --- who decides ------------------------------------------------------------------------------------------------------


def test_supervisor_of_the_unit_decides(cast):
    assert all(knock(cast, SUPERVISOR).values())


def test_supervisor_of_another_unit_finds_nothing(cast):
    assert not any(knock(cast, OTHER_SUPERVISOR).values())
    client = browser(cast, OTHER_SUPERVISOR)
    pages = client.get("/levees/").text + client.get(ENDINGS).text + client.get("/console/").text
    pages = re.sub(r'data-danger-phrases="[^"]*"', "", pages)  # the phrases that are searched for contain « essaie »
    assert str(cast.opening.public_id) not in pages and "essai" not in pages
    assert str(cast.conversation.public_id) not in pages and "à décider" not in pages
    assert "effacement attend" not in client.get("/console/tableau/").text


def test_supervisor_on_call_decides_meanwhile(cast):
    name_on_call(cast)
    assert all(knock(cast, OTHER_SUPERVISOR).values())
    client = browser(cast, OTHER_SUPERVISOR)
    assert str(cast.opening.public_id) in client.get("/levees/").text
    assert str(cast.conversation.public_id) in client.get(ENDINGS).text
    assert "à décider" in client.get("/console/").text


@pytest.mark.parametrize("when", ["over", "to come", "ended"])
def test_supervisor_who_is_not_on_call_now_finds_nothing(cast, when):
    at_another_time(cast, when)
    assert not any(knock(cast, OTHER_SUPERVISOR).values())


def test_supervisor_on_call_may_step_in_and_reads_nothing_before(cast):
    """They are as the unit's own supervisors (ADR 0074): the board says who and when; words are read once one has
    joined.
    """
    client = browser(cast, OTHER_SUPERVISOR)
    key = cast.conversation.public_id
    make.message(cast.conversation, "une phrase que personne ne lit ici")
    assert client.get(f"/console/tableau/echange/{key}/").status_code == 404
    name_on_call(cast)
    assert client.get(f"/console/echange/{key}/").status_code == 404
    page = client.get(f"/console/tableau/echange/{key}/")
    assert page.status_code == 200
    assert "une phrase que personne" not in page.text


def test_on_call_changes_nothing_for_anybody_else(cast):
    """Nothing changes for everybody else, before and while somebody is on call.

    Of those whom the doors of these areas stop, which ask nothing of the kind (tests/access/test_routes.py), some are
    tried.
    """
    others = {REPORTER, PSYCHOLOGIST, UNPROVED, *NEAR} - {OTHER_SUPERVISOR}
    before = {person: knock(cast, person) for person in others}
    name_on_call(cast)
    assert {person: knock(cast, person) for person in others} == before
    assert not any(before[OTHER_AGENT].values()) and not any(before[ADMINISTRATOR].values())
    assert before[CUSTODIAN]["opening"] and not before[CUSTODIAN]["grant"]


def test_asker_does_not_choose_who_countersigns(cast):
    """Who asked for an opening named a colleague on call: that colleague decides about everything but this request."""
    asker = cast.users[ASSIGNED]
    User.objects.filter(pk=asker.pk).update(role=Role.SUPERVISOR)
    asker.refresh_from_db()
    name_on_call(cast, by=ASSIGNED)
    friend = cast.users[OTHER_SUPERVISOR]
    assert opening_actions.find_request(friend, cast.opening.public_id) is None
    with pytest.raises(NotAllowed):
        opening_actions.countersign_request(request_id=cast.opening.pk, by=friend)
    with pytest.raises(NotAllowed):
        opening_actions.countersign_request(request_id=cast.opening.pk, by=asker)
    assert deciders.title_for_report(friend, cast.conversation.report_id, timezone.now())
    assert OpeningRequest.objects.get(pk=cast.opening.pk).state == State.ASKED


def test_who_takes_a_request_over_does_not_choose_who_countersigns(cast):
    """A supervisor who named a colleague on call takes the exchange, with a request that nobody countersigned yet.

    As soon as they ask to take it over, and once it is theirs, that colleague decides nothing of it.
    """
    name_on_call(cast)
    chief, friend, key = cast.users[SUPERVISOR], cast.users[OTHER_SUPERVISOR], cast.opening.pk
    other_chief = make.agent(role=Role.SUPERVISOR, unit_name="Ici").user

    def is_theirs() -> bool:
        request = OpeningRequest.objects.get(pk=key)
        found = opening_actions.find_request(friend, request.public_id) is not None
        assert found is (opening_actions.title_of(friend, request) is not None)
        assert found is bool(opening_actions.standby_of(request))
        assert found is (request in opening_actions.waiting_for(friend))
        return found

    assert is_theirs()
    Conversation.objects.filter(pk=cast.conversation.pk).update(assigned_to=Agent.objects.get(user=chief))
    opening_actions.claim_request(request_id=key, by=chief, recipient=None)
    assert not is_theirs()
    with pytest.raises(NotAllowed):
        opening_actions.hand_over_request(request_id=key, by=friend, to=chief.pk)
    opening_actions.hand_over_request(request_id=key, by=other_chief, to=chief.pk)
    assert not is_theirs()
    with pytest.raises(NotAllowed):
        opening_actions.countersign_request(request_id=key, by=friend)
    third = make.agent(role=Role.SUPERVISOR, unit_name="Ici").user
    opening_actions.countersign_request(request_id=key, by=third)


@pytest.mark.parametrize("hours", [-48, 48])
def test_clock_of_a_process_begins_and_ends_no_duty(cast, monkeypatch, hours):
    """The clock of this process is two days off: who is on call decides all the same, and nobody else does."""
    friend, row = cast.users[OTHER_SUPERVISOR], name_on_call(cast)
    other = name_on_call(cast, starts=hours - 1, hours=3, who=ASSIGNED)
    from_then, at = clock.now(), timezone.now() + timedelta(hours=hours)
    monkeypatch.setattr("django.utils.timezone.now", lambda: at)
    assert opening_actions.find_request(friend, cast.opening.public_id) == cast.opening
    assert opening_actions.title_of(friend, cast.opening) == Title(on_call=row.pk)
    assert cast.opening in opening_actions.list_visible(friend, 10)
    assert cast.opening in opening_actions.waiting_for(friend)
    assert [one.until for one in opening_actions.standby_of(cast.opening)] == [row.ends_at]
    ended = on_call.end(public_id=row.public_id, by=cast.users[SUPERVISOR])
    assert ended is not None and from_then <= ended.ended_at <= clock.now()
    assert (on_call.end(public_id=other.public_id, by=cast.users[SUPERVISOR]) is None) is (hours < 0), "it is over"
    with pytest.raises(NotAllowed):
        opening_actions.countersign_request(request_id=cast.opening.pk, by=friend)


def test_actions_ask_again_whatever_the_page_allowed(cast):
    """An on-call duty that ended between page and button decides nothing."""
    friend, report = cast.users[OTHER_SUPERVISOR], cast.conversation.report_id
    until = timezone.now() + timedelta(days=9)
    asked = actions.ask_freeze(report_id=report, by=cast.users[ASSIGNED], motive="m", reference="1", authority="p",
                               until=until)  # fmt: skip
    acts = (
        lambda: actions.set_freeze(report_id=report, by=friend, asked_at=asked.asked_at),
        lambda: actions.lift_freeze(report_id=report, by=friend, asked_at=asked.asked_at),
        lambda: actions.answer_erasure(report_id=report, by=friend, is_granted=False, motive="m"),
    )
    for act in acts:
        with pytest.raises(actions.NotAllowed), transaction.atomic():
            act()
    assert Freeze.objects.get().is_asked and ErasureRequest.objects.get().answered_at is None


def test_supervisor_of_several_units_decides_for_all_of_them(cast):
    friend = Agent.objects.get(user=cast.users[OTHER_SUPERVISOR])
    friend.supervised_units.add(Unit.objects.get(name="Ici"))
    assert all(knock(cast, OTHER_SUPERVISOR).values())


def test_unit_of_a_conversation_that_lost_its_agent_is_that_of_the_last_one(cast):
    """Whoever waits again stays with the unit that answered.

    For who was never answered a unit is drawn (`test_deciders`).
    """
    Conversation.objects.filter(pk=cast.conversation.pk).update(assigned_to=None, assigned_at=None, status="waiting")
    now, friend = timezone.now(), cast.users[OTHER_SUPERVISOR]
    assert deciders.title_for_report(friend, cast.conversation.report_id, now) is None
    assert deciders.title_for_report(cast.users[SUPERVISOR], cast.conversation.report_id, now) is not None
    never = make.waiting()
    theirs = [deciders.title_for_report(cast.users[person], never.report_id, now) for person in SUPERVISORS]
    assert len([one for one in theirs if one is not None]) == 1
    assert deciders.title_for_report(cast.users[ASSIGNED], never.report_id, now) is None


def test_notice_and_page_agree(cast):
    """The count in the header is written in SQL, the page in the ORM: they say the same of each supervisor."""
    nobodys = make.waiting().report_id  # a unit is drawn by lot
    actions.ask_erasure(report_id=nobodys)
    actions.ask_erasure(report_id=cast.other.report_id)
    now = timezone.now()
    for duty in (False, True):
        if duty:
            name_on_call(cast)
        for person in SUPERVISORS:
            agent = Agent.objects.get(user=cast.users[person])
            counted = schedule.notice(agent, now).to_decide
            assert counted == len(schedule.requests(agent, now)) == schedule.oldest_request(agent)[0]
            # A supervisor decides about exchanges of their own unit, of the other unit while on call for it, and of no
            # unit.
            own = {agent.unit.name}
            is_drawn = drawn_name(nobodys) in (own | {"Ici"} if duty and person == OTHER_SUPERVISOR else own)
            assert counted == 1 + is_drawn + (duty and person == OTHER_SUPERVISOR)


# --- what is recorded and shown ---------------------------------------------------------------------------------------


def test_acts_on_call_are_recorded_as_such(cast):
    row = name_on_call(cast)
    friend, report = cast.users[OTHER_SUPERVISOR], cast.conversation.report_id
    opening_actions.countersign_request(request_id=cast.opening.pk, by=friend)
    freeze = actions.ask_freeze(report_id=report, by=friend, motive="m", reference="1", authority="p",
                                until=timezone.now() + timedelta(days=9))  # fmt: skip
    actions.lift_freeze(report_id=report, by=friend, asked_at=freeze.asked_at)
    actions.answer_erasure(report_id=report, by=friend, is_granted=False, motive="m")
    lines = AccessRecord.objects.filter(account_id=friend.pk).order_by("number")
    assert [line.kind for line in lines] == [
        AccessKind.OPENING,
        AccessKind.FREEZE,
        AccessKind.FREEZE,
        AccessKind.ERASURE,
    ]
    for line in lines:
        assert line.detail.endswith(f", on call {row.pk}")
        assert audit_wording.in_words(line.kind, line.detail).endswith(" ; au titre de l'astreinte")
    assert cast.opening.steps.get(act="countersign").on_call == row.pk
    # The unit's own supervisor reads it afterwards too, when the duty is over.
    age(row, starts_at=row.starts_at - timedelta(days=1), ends_at=timezone.now())
    page = browser(cast, SUPERVISOR).get(ON_CALL).text
    for words in ("Contresignée", "posé, jusqu", "levé", "refusée", "seule de permanence", "Passée"):
        assert words in page, words
    assert "au titre de l'astreinte" in browser(cast, SUPERVISOR).get(f"/levees/{cast.opening.public_id}/").text


def test_unit_reads_what_was_decided_about_captures_set_aside(cast):
    """They are of an exchange, and each of them is there: one given back, one deleted."""
    name_on_call(cast)
    friend, now = cast.users[OTHER_SUPERVISOR], timezone.now()
    for capture, act in (
        (cast.capture, captures.unlock_capture),
        (make_captures.seen(cast.conversation), captures.delete_locked),
    ):
        captures.lock_capture(capture, motive="m", by=cast.users[ASSIGNED])
        found = captures.locked_one(friend, cast.conversation.public_id, capture.public_id, now)
        assert found is not None
        act(found[0], motive="m", by=friend, told=found[1])
    (duty,) = on_call.duties_of(Agent.objects.get(user=cast.users[SUPERVISOR]), now)
    told = [(one.act, one.subject, one.is_of_exchange) for one in duty.decisions]
    subject = str(cast.conversation.public_id)[:8]
    assert told == [
        ("capture n° 2 supprimée, la personne désignée étant prévenue", subject, True),
        ("capture n° 1 rendue", subject, True),
    ]
    page = squeezed(browser(cast, SUPERVISOR).get(ON_CALL).text)
    assert "Capture mise de côté : capture n° 1 rendue" in page and f"échange {subject}" in page


def test_rota_of_a_year_hides_no_duty_that_runs(cast):
    row, now = name_on_call(cast), timezone.now()
    rota = [
        OnCall(supervisor=row.supervisor, unit=row.unit, motive="rota", named_by=row.named_by, named_at=now,
               starts_at=now + timedelta(days=day), ends_at=now + timedelta(days=day, hours=12))
        for day in (*range(-3, 0), *range(1, on_call.SHOWN + 2))
    ]  # fmt: skip
    OnCall.objects.bulk_create(rota)
    duties = on_call.duties_of(Agent.objects.get(user=cast.users[SUPERVISOR]), now)
    assert duties[0].on_call == row and duties[0].is_running
    days = [round((duty.on_call.starts_at - now) / timedelta(days=1)) for duty in duties[1:]]
    assert days == [-1, -2, -3, *range(1, on_call.SHOWN + 1)]
    assert not any(duty.is_running for duty in duties[1:]) and all(duty.is_to_come for duty in duties[4:])


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": Role.AGENT}])
def test_nobody_is_told_of_a_duty_whose_account_no_longer_decides(cast, change):
    name_on_call(cast)
    reader, now = Agent.objects.get(user=cast.users[SUPERVISOR]), timezone.now()
    assert len(on_call.shown_to(reader, now)) == 1
    User.objects.filter(pk=cast.users[OTHER_SUPERVISOR].pk).update(**change)
    assert on_call.shown_to(reader, now) == []
    assert not deciders.standby_for_report(cast.conversation.report_id, now)


def test_acts_of_ones_own_unit_are_recorded_as_before(cast):
    opening_actions.countersign_request(request_id=cast.opening.pk, by=cast.users[SUPERVISOR])
    assert "on call" not in AccessRecord.objects.order_by("-number")[0].detail


def test_reading_a_request_on_call_is_recorded_as_such(cast):
    row = name_on_call(cast)
    browser(cast, OTHER_SUPERVISOR).get(f"/levees/{cast.opening.public_id}/")
    assert AccessRecord.objects.order_by("-number")[0].detail.endswith(f", on call {row.pk}")


def test_it_is_shown_who_is_on_call_and_until_when(cast):
    row = name_on_call(cast)
    name = row.supervisor.public_name
    shown = f"Astreinte : {name} peut aussi décider pour « Ici », jusqu"
    key = cast.conversation.public_id
    for person, address in (
        (ASSIGNED, f"/levees/{cast.opening.public_id}/"),
        (SUPERVISOR, f"/levees/{cast.opening.public_id}/"),
        (SUPERVISOR, f"{ENDINGS}{key}/gel/"),
        (SUPERVISOR, f"{ENDINGS}{key}/effacement/"),
    ):
        assert shown in browser(cast, person).get(address).text, address
    board = f"Astreinte : {name} décide pour « Ici », jusqu"
    for person in SUPERVISORS:
        assert board in browser(cast, person).get("/console/tableau/").text
    age(row, ends_at=timezone.now())
    assert "Astreinte :" not in browser(cast, SUPERVISOR).get("/console/tableau/").text
    assert shown not in browser(cast, SUPERVISOR).get(f"/levees/{cast.opening.public_id}/").text


# --- naming -----------------------------------------------------------------------------------------------------------

SPRING, AUTUMN = clock_change(3), clock_change(10)
DAY = timedelta(days=1)


def sent(cast: Cast, **changed: object) -> dict[str, object]:
    now = timezone.now()
    values = {
        "unit": Unit.objects.get(name="Ici").pk,
        "supervisor": Agent.objects.get(user=cast.users[OTHER_SUPERVISOR]).pk,
        "starts_at": f"{shown_once(now):%Y-%m-%dT%H:%M}",
        "ends_at": f"{shown_once(now + timedelta(days=2)):%Y-%m-%dT%H:%M}",
        "motive": "seule de permanence",
    }
    return values | changed


def test_supervisor_names_for_their_unit(cast):
    answer = browser(cast, SUPERVISOR).post(ON_CALL, sent(cast), follow=True)
    assert "Astreinte enregistrée" in answer.text
    row = OnCall.objects.get()
    assert row.named_by == cast.users[SUPERVISOR]
    line = AccessRecord.objects.order_by("-number")[0]
    assert (line.kind, line.subject, line.motive) == (
        AccessKind.ON_CALL,
        f"chat.OnCall {row.pk}",
        "seule de permanence",
    )
    assert audit_wording.in_words(line.kind, line.detail).startswith("désignée, jusqu'au ")
    again = browser(cast, SUPERVISOR).post(ON_CALL, sent(cast)).text.replace("&#x27;", "'")
    assert "déjà d'astreinte pour cette unité" in again and OnCall.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"supervisor": ""}, "Choisissez un superviseur d'une autre unité"),
        ({"supervisor": "own"}, "Choisissez un superviseur d'une autre unité"),
        ({"supervisor": "agent"}, "Choisissez un superviseur d'une autre unité"),
        ({"unit": "other"}, "Choisissez l'une de vos unités"),
        ({"motive": "  "}, "Écrivez pourquoi"),
        ({"starts_at": "demain"}, "Écrivez le début"),
        ({"starts_at": "2001-01-01T10:00"}, "un début à venir"),
        ({"ends_at": "2001-01-01T10:00"}, "une fin après le début"),
        ({"ends_at": "15 days"}, "Quatorze jours au plus"),
        (
            {"starts_at": f"{AUTUMN - 6 * DAY}T08:00", "ends_at": f"{AUTUMN + 8 * DAY}T08:00"},
            "de vingt-quatre heures chacun",
        ),
        ({"starts_at": f"{SPRING}T02:30", "ends_at": f"{SPRING}T08:00"}, "L'heure change cette nuit-là"),
        ({"starts_at": f"{AUTUMN - DAY}T20:00", "ends_at": f"{AUTUMN}T02:30"}, "L'heure change cette nuit-là"),
    ],
)
def test_form_says_what_is_wrong_and_loses_nothing(cast, wrong, words):
    named = {
        "own": Agent.objects.get(user=cast.users[SUPERVISOR]).pk,
        "agent": Agent.objects.get(user=cast.users[OTHER_AGENT]).pk,
        "other": Unit.objects.get(name="Ailleurs").pk,
        "15 days": f"{shown_once(timezone.now() + 15 * DAY):%Y-%m-%dT%H:%M}",
    }
    values = sent(cast, **{name: named.get(value, value) for name, value in wrong.items()})
    answer = browser(cast, SUPERVISOR).post(ON_CALL, values)
    page = answer.text.replace("&#x27;", "'")
    assert answer.status_code == 200 and words in page and "aria-invalid" in page
    assert "motive" in wrong or "seule de permanence" in page
    assert not OnCall.objects.exists()


def test_duty_over_the_night_of_twenty_five_hours_ends_an_hour_earlier_by_the_clock(cast):
    values = sent(cast, starts_at=f"{AUTUMN - 6 * DAY}T08:00", ends_at=f"{AUTUMN + 8 * DAY}T07:00")
    assert "Astreinte enregistrée" in browser(cast, SUPERVISOR).post(ON_CALL, values, follow=True).text
    row = OnCall.objects.get()
    assert row.ends_at - row.starts_at == timedelta(days=14)


def test_what_the_database_alone_refuses_is_said(cast, monkeypatch):
    monkeypatch.setattr(OnCall, "clean", lambda _self: None)
    later = f"{shown_once(timezone.now() + 15 * DAY):%Y-%m-%dT%H:%M}"
    page = browser(cast, SUPERVISOR).post(ON_CALL, sent(cast, ends_at=later)).text
    assert re.search(r'role="alert"[^>]*>[^<]*on_call_is_short', page) and not OnCall.objects.exists()


def test_nobody_names_for_a_unit_that_is_not_theirs(cast):
    """Nobody names themselves either, and neither an agent nor a custodian names anybody."""
    for by, who in ((OTHER_SUPERVISOR, SUPERVISOR), (OTHER_SUPERVISOR, OTHER_SUPERVISOR), (ASSIGNED, OTHER_SUPERVISOR),
                    (CUSTODIAN, OTHER_SUPERVISOR)):  # fmt: skip
        with pytest.raises(on_call.NotAllowed):
            name_on_call(cast, by=by, who=who)
    assert not OnCall.objects.exists()


def test_administrator_names_and_ends(cast):
    now = timezone.localtime()
    client = browser(cast, ADMINISTRATOR)
    values = sent(cast) | {"starts_at_0": f"{now:%d/%m/%Y}", "starts_at_1": f"{now:%H:%M}",
                           "ends_at_0": f"{now + timedelta(days=2):%d/%m/%Y}", "ends_at_1": "12:00"}  # fmt: skip
    assert client.post("/admin/chat/oncall/add/", values).status_code == 302
    row = OnCall.objects.get()
    assert row.named_by == cast.users[ADMINISTRATOR]
    kinds = list(AccessRecord.objects.order_by("-number").values_list("kind", flat=True)[:2])
    assert AccessKind.ON_CALL in kinds
    client.post("/admin/chat/oncall/", {"action": "end_now", "_selected_action": [row.pk]})
    row.refresh_from_db()
    assert row.ended_by == cast.users[ADMINISTRATOR] and row.ended_at is not None


def test_ending_is_for_the_units_supervisors(cast):
    row = name_on_call(cast)
    address = reverse("console:on_call_end", args=[row.public_id])
    for person in PEOPLE:
        if person != SUPERVISOR:
            browser(cast, person).post(address)
            row.refresh_from_db()
            assert row.ended_at is None, person
    assert browser(cast, OTHER_SUPERVISOR).post(address).status_code == 404
    assert browser(cast, SUPERVISOR).post(reverse("console:on_call_end", args=[uuid.uuid4()])).status_code == 404
    assert "Astreinte terminée" in browser(cast, SUPERVISOR).post(address, follow=True).text
    assert browser(cast, SUPERVISOR).post(address).status_code == 404, "it is over"


def test_database_keeps_it_short(cast):
    with pytest.raises(IntegrityError), transaction.atomic():
        name_on_call(cast, hours=24 * 14 + 1)


def test_page_asks_no_more_for_more_duties(cast, django_assert_max_num_queries):
    """There is one query for each duty that has begun (what was decided), and no more of anything else."""
    client = browser(cast, SUPERVISOR)
    client.get(ON_CALL)
    counts = []
    for many in (1, 4):
        for _ in range(many):
            name_on_call(cast)
        with django_assert_max_num_queries(60) as queries:
            client.get(ON_CALL)
        counts.append(len(queries))
    assert counts[1] - counts[0] == 4
    assert on_call.SHOWN == 50


def test_it_is_forgotten_a_year_after_its_end(cast):
    now = timezone.now()
    kept, gone = name_on_call(cast), name_on_call(cast)
    age(gone, starts_at=now - timedelta(days=370), ends_at=now - timedelta(days=366))
    deletion.forget(now)
    assert list(OnCall.objects.all()) == [kept]
    assert AccessRecord.objects.filter(kind=AccessKind.RETENTION, detail__contains="on_calls: 1").exists()
    assert Report.objects.exists() and connection.is_usable()

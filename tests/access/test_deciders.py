"""Each decision about what is kept is tried by each kind of supervisor: for an exchange that somebody answers, one that
somebody has answered, and one that nobody ever did or whose unit has no supervisor, for which a unit is drawn by lot
(docs/adr/0118).
"""

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from chat.captures import opening as captures
from chat.conversations.actions import close_conversation
from chat.decisions import deciders
from chat.models import Agent, Capture, Conversation, OnCall, Unit
from chat.retention import ending_without_agent, schedule
from chat.rules.lifecycle import Author, Outcome
from common.sql import fetch_rows
from locations.models import Force
from pnav.accounts.models import Role, User
from reports import actions
from reports.models import ErasureRequest, OpeningField, Report
from reports.openings import actions as opening_actions
from reports.rules.openings import NotAllowed
from tests.chat.console.agents import signed_in
from tests.factories import captures as make_captures
from tests.factories import chat as make
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db

ALLOWED = ("of the unit", "of several units", "on call for it")
REFUSED = (
    "of another unit", "of the other force", "on call for it no more", "on call for another unit", "agent of the unit",
    "administrator", "custodian",
)  # fmt: skip
SITUATIONS = ("answered", "left by its agent", "never answered", "without a place", "of a unit without a supervisor")


def supervisor(unit: str, *, force: str = Force.POLICE) -> Agent:
    return make.agent(role=Role.SUPERVISOR, unit_name=unit, force=force)


def name_on_call(agent: Agent, unit: Unit, *, hours: int = 24) -> None:
    """Name somebody on call since two days. hours: until its end."""
    now = timezone.now()
    OnCall.objects.create(supervisor=agent, unit=unit, starts_at=now - timedelta(days=2), named_by=agent.user,
                          ends_at=now + timedelta(hours=hours), motive="essai", named_at=now)  # fmt: skip


@pytest.fixture
def people() -> dict[str, User]:
    """Return everybody who may want to decide; « Nord » is the unit that does."""
    north, south = make.unit(name="Nord"), make.unit(name="Sud")
    found = {
        "of the unit": supervisor("Nord"),
        "of several units": supervisor("Sud"),
        "on call for it": supervisor("Ouest"),
        "of another unit": supervisor("Sud"),
        "of the other force": supervisor("Est", force=Force.GENDARMERIE),
        "on call for it no more": supervisor("Ouest"),
        "on call for another unit": supervisor("Ouest"),
        "agent of the unit": make.agent(unit_name="Nord"),
    }
    found["of several units"].supervised_units.add(north)
    name_on_call(found["on call for it"], north)
    name_on_call(found["on call for it no more"], north, hours=-1)
    name_on_call(found["on call for another unit"], south)
    others = {role: User.objects.create_user(role, role=role) for role in (Role.ADMINISTRATOR, Role.CUSTODIAN)}
    return {name: agent.user for name, agent in found.items()} | {
        "administrator": others[Role.ADMINISTRATOR],
        "custodian": others[Role.CUSTODIAN],
    }


def drawn_name(report_id: int) -> str:
    """Return the name of the unit that is drawn for a report; "" when none is."""
    drawn = deciders.drawn_unit(report_id)
    return "" if drawn is None else drawn.unit


def draw(report: Report, unit: str) -> None:
    """Give the report an identifier for which this unit is drawn."""
    for _each in range(500):
        if drawn_name(report.pk) == unit:
            report.refresh_from_db()
            return
        Report.objects.filter(pk=report.pk).update(public_id=uuid.uuid4())
    raise AssertionError(f"{unit} is never drawn")


def in_situation(situation: str) -> Conversation:
    """Return an exchange about which « Nord » decides."""
    if situation in {"never answered", "without a place"}:
        conversation = make.waiting(force=Force.POLICE if situation == "never answered" else "")
        draw(conversation.report, "Nord")
    elif situation == "of a unit without a supervisor":
        conversation = make.assigned(make.agent(unit_name="Centre"))
        draw(conversation.report, "Nord")
    else:
        conversation = make.assigned(make.agent(unit_name="Nord"))
    if situation == "left by its agent":
        Conversation.objects.filter(pk=conversation.pk).update(assigned_to=None, assigned_at=None, status="waiting")
    return conversation


def is_done(act: Callable[[], object]) -> bool:
    """Return whether this act is allowed; it is undone."""
    with transaction.atomic():
        try:
            found = act()
        except (actions.NotAllowed, NotAllowed):
            return False
        finally:
            transaction.set_rollback(True)
    return found is not False


def decisions(conversation: Conversation) -> dict[str, Callable[[User], object]]:
    """Return each decision about it, by whoever is given."""
    report, key, now = conversation.report_id, conversation.public_id, timezone.now()
    capture = make_captures.drawn(conversation)
    Capture.objects.filter(pk=capture.pk).update(locked_at=now)
    actions.ask_erasure(report_id=report)
    told = {"motive": "m", "reference": "1", "authority": "p", "until": now + timedelta(days=9)}
    asked_at = actions.ask_freeze(report_id=report, by=make.agent(unit_name="Nord").user, **told).asked_at

    def agent_of(user: User) -> Agent | None:
        return Agent.objects.filter(user=user).first()

    def is_listed(user: User) -> bool:
        """Return whether it is on its page, among the requests, and counted by the header of each console page."""
        agent = agent_of(user)
        if agent is None or not user.is_supervisor:
            return False
        page = schedule.ending_of(agent, key, now) is not None
        listed = key in {one.conversation for one, _asked in schedule.requests(agent, now)}
        frozen = key in {one.conversation for one in schedule.endings(agent, now)}
        counted = schedule.notice(agent, now).to_decide
        assert page is listed is frozen and counted == 2 * page, "they say the same"
        assert schedule.oldest_request(agent)[0] == page
        return page

    def may_end_capture(user: User) -> bool:
        found = captures.locked_one(user, key, capture.public_id, now) is not None
        assert captures.count_locked(user, now) == found if user.is_supervisor else not found
        return found

    return {
        "set a freeze": lambda user: actions.set_freeze(report_id=report, by=user, asked_at=asked_at),
        "lift a freeze": lambda user: actions.lift_freeze(report_id=report, by=user, asked_at=asked_at),
        "answer an erasure": lambda user: actions.answer_erasure(
            report_id=report, by=user, is_granted=False, motive="m"
        ),
        "end a capture": may_end_capture,
        "list": is_listed,
    }


def test_one_kind_of_supervisor_or_another_is_allowed_or_refused(people):
    assert set(people) == {*ALLOWED, *REFUSED}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_each_decision_is_of_one_unit_and_of_whoever_is_on_call_for_it(people, situation):
    conversation = in_situation(situation)
    found = decisions(conversation)
    for name, decide in found.items():
        for person, user in people.items():
            assert is_done(lambda d=decide, u=user: d(u)) == (person in ALLOWED), (situation, name, person)


def test_opening_is_decided_in_the_unit_of_who_asked(people):
    asker = make.agent(unit_name="Nord")
    conversation = make.sealed(make.assigned(asker))
    grounds = opening_actions.Grounds(
        motive="essai", legal_ground="essai", prosecutor_reference="1", prosecutor_on="2026-11-25"
    )
    request = opening_actions.ask_opening(
        report=conversation.report, field=OpeningField.NAME, grounds=grounds, is_urgent=False, recipient=None,
        by=asker.user,
    )  # fmt: skip
    for person, user in people.items():
        countersign = lambda user=user: opening_actions.countersign_request(request_id=request.pk, by=user)  # noqa: E731
        assert is_done(countersign) == (person in ALLOWED), person


def test_what_is_decided_on_call_about_a_drawn_unit_is_recorded_as_such(people):
    conversation = in_situation("never answered")
    title = deciders.title_for_report(people["on call for it"], conversation.report_id, timezone.now())
    assert title is not None and title.on_call == OnCall.objects.get(supervisor__user=people["on call for it"]).pk
    own = deciders.title_for_report(people["of the unit"], conversation.report_id, timezone.now())
    assert own is not None and own.on_call is None
    names = [one.name for one in deciders.standby_for_report(conversation.report_id, timezone.now())]
    assert len(names) == 1, "and whoever may also decide is shown"


# --- the draw ---------------------------------------------------------------------------------------------------------


def drawn(**fields: object) -> str:
    """Return the name of the unit that is drawn for a new report."""
    return drawn_name(make.waiting(**fields).report_id)


def test_unit_is_drawn_among_those_of_the_force_that_have_a_supervisor():
    for name in ("Nord", "Sud"):
        supervisor(name)
    supervisor("Est", force=Force.GENDARMERIE)
    make.agent(unit_name="Ouest")  # without a supervisor, so that the unit that is drawn can decide
    former = supervisor("Centre")
    User.objects.filter(pk=former.user_id).update(is_active=False)
    assert {drawn(force=Force.POLICE) for _each in range(40)} == {"Nord", "Sud"}
    assert {drawn(force=Force.GENDARMERIE) for _each in range(4)} == {"Est"}
    assert {drawn(force="") for _each in range(60)} == {"Nord", "Sud", "Est"}
    supervisor("Bourg").supervised_units.add(Unit.objects.get(name="Ouest"))
    assert {drawn(force=Force.POLICE) for _each in range(80)} == {"Nord", "Sud", "Bourg", "Ouest"}


def test_force_without_a_supervisor_is_as_none():
    """Whoever would answer there is of the other force, after a delay: so is who decides."""
    make.agent(unit_name="Est", force=Force.GENDARMERIE)
    north, south = supervisor("Nord"), supervisor("Sud")
    conversation = make.waiting(force=Force.GENDARMERIE)
    draw(conversation.report, "Sud")
    actions.ask_erasure(report_id=conversation.report_id)
    now = timezone.now()
    for agent, is_theirs in ((north, False), (south, True)):
        assert (deciders.title_for_report(agent.user, conversation.report_id, now) is not None) is is_theirs
        assert schedule.notice(agent, now).to_decide == len(schedule.requests(agent, now)) == is_theirs


def test_nobody_decides_where_there_is_no_supervisor():
    agent, conversation = make.agent(), make.waiting()
    assert deciders.drawn_unit(conversation.report_id) is None
    assert deciders.title_for_report(agent.user, conversation.report_id, timezone.now()) is None
    assert list(deciders.standby_for_report(conversation.report_id, timezone.now())) == []
    assert deciders.drawn_unit(0) is None, "a report that is gone"


def test_draw_gives_each_report_to_exactly_one_unit():
    units = [supervisor(f"Unité {number}") for number in range(7)]
    reports = [make.waiting(force=force).report for force in (Force.POLICE, "", Force.GENDARMERIE) for _ in range(20)]
    now = timezone.now()
    shares = [set(deciders.reports_of(agent.user, Report.objects.all(), now)) for agent in units]
    assert sum(map(len, shares)) == len(set().union(*shares)) == len(reports)
    for agent, share in zip(units, shares, strict=True):
        assert {one.pk for one in share} == {one.pk for one in reports if drawn_name(one.pk) == agent.unit.name}


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def test_header_of_a_supervisor_draws_units_for_the_reports_it_asks_about_alone(monkeypatch):
    """Without `OFFSET 0` PostgreSQL draws one for every report there is, once as many requests wait."""
    agent, now = supervisor("Nord"), timezone.now()
    ErasureRequest.objects.bulk_create(ErasureRequest(report=one, asked_at=now) for one in make.reports(200))
    plans = []

    def fetch(statement, values):
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE reports_erasurerequest")
            cursor.execute("SET LOCAL enable_seqscan = off")  # PostgreSQL would read so few reports whole to find one
        [(plan,)] = fetch_rows(f"EXPLAIN (COSTS OFF, FORMAT JSON) {statement}", values)
        plans.append((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
        return fetch_rows(statement, values)

    monkeypatch.setattr(ending_without_agent, "fetch_rows", fetch)
    assert schedule.notice(agent, now).to_decide == 200
    assert len(plans) == 2, "the keys of exchanges without an agent, and the header itself"
    for plan in plans:
        looks = [one for one in nodes(plan) if one.get("Relation Name") == "reports_report" and one["Alias"][0] == "n"]
        assert looks and all("Index Cond" in one for one in looks), json.dumps(plan, indent=1)


def test_it_is_told_which_unit_was_drawn(people):
    conversation = in_situation("never answered")
    assert deciders.drawn_unit(conversation.report_id) == deciders.Drawn("Nord", "")
    assert deciders.drawn_unit(in_situation("answered").report_id) is None
    assert deciders.drawn_unit(0) is None


@pytest.mark.parametrize(
    ("situation", "told"),
    [
        ("never answered", "Personne n'a répondu à cet échange : « Nord » décide, par tirage au sort."),
        (
            "of a unit without a supervisor",
            "« Centre », qui a répondu, n'a pas de superviseur : « Nord » décide, par tirage au sort.",
        ),
    ],
)
def test_page_says_which_unit_was_drawn_and_why(people, situation, told):
    conversation = in_situation(situation)
    actions.ask_erasure(report_id=conversation.report_id)
    page = signed_in(people["of the unit"]).get(f"/console/conservation/{conversation.public_id}/effacement/")
    assert told in squeezed(unescape(page.text))


# --- a unit that loses its supervisor ---------------------------------------------------------------------------------


def deactivate(agent: Agent) -> None:
    User.objects.filter(pk=agent.user_id).update(is_active=False)


def demote(agent: Agent) -> None:
    User.objects.filter(pk=agent.user_id).update(role=Role.AGENT)


def move(agent: Agent) -> None:
    Agent.objects.filter(pk=agent.pk).update(unit=make.unit(name="Bourg"))


def take_unit(agent: Agent) -> None:
    """Take the unit away that they supervised as another one than their own."""
    agent.supervised_units.clear()


def who_decides(conversation: Conversation) -> set[str]:
    """Return the names of the supervisors who decide, of whom page, list and count say the same."""
    now, found = timezone.now(), set()
    for agent in Agent.objects.filter(user__role=Role.SUPERVISOR, user__is_active=True).select_related("user"):
        title = deciders.title_for_report(agent.user, conversation.report_id, now)
        is_theirs = title is not None
        assert (schedule.ending_of(agent, conversation.public_id, now) is not None) is is_theirs
        assert schedule.notice(agent, now).to_decide == len(schedule.requests(agent, now)) == is_theirs
        assert schedule.oldest_request(agent)[0] == captures.count_locked(agent.user, now) == is_theirs
        if is_theirs:
            found.add(agent.public_name)
    return found


@pytest.mark.parametrize("lose", [deactivate, demote, move, take_unit])
def test_unit_that_loses_its_only_supervisor_is_decided_for_by_one_other(lose):
    """The request was in nobody's list, and the person read that a supervisor would decide."""
    only = supervisor("Mairie" if lose is take_unit else "Centre")
    Agent.objects.filter(pk=only.pk).update(public_name="only")
    if lose is take_unit:
        only.supervised_units.add(make.unit(name="Centre"))
    for name in ("Nord", "Sud"):
        Agent.objects.filter(pk=supervisor(name).pk).update(public_name=name)
    agent = make.agent(unit_name="Centre")
    conversation = make.assigned(agent)
    Capture.objects.filter(pk=make_captures.drawn(conversation).pk).update(locked_at=timezone.now())
    close_conversation(conversation_id=conversation.pk, by_author=Author.AGENT, by=agent.user, outcome=Outcome.ADVISED)
    actions.ask_erasure(report_id=conversation.report_id)
    assert who_decides(conversation) == {"only"}
    lose(only)
    draw(conversation.report, "Nord")
    assert who_decides(conversation) == {"Nord"}
    guard = supervisor("Ouest")
    Agent.objects.filter(pk=guard.pk).update(public_name="guard")
    draw(conversation.report, "Nord")
    name_on_call(guard, make.unit(name="Centre"))
    assert who_decides(conversation) == {"Nord", "guard"}, "and who is on call for the unit itself"
    Agent.objects.filter(pk=supervisor("Centre").pk).update(public_name="new")
    assert who_decides(conversation) == {"new", "guard"}, "once it has one again, nobody else"

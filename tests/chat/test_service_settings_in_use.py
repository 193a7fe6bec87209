"""A changed setting of the service changes what the service does: one case for each subject of the page, and who reads
it when.
"""

import re
import uuid
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat.casework import urgency
from chat.casework.notes_forms import HoldForm
from chat.console.forms import AvailabilityForm, StaffingForm, capacity_choices
from chat.conversations import actions, dispatcher, pauses, position, resume
from chat.models import Agent, Conversation, Unit
from chat.rules.lifecycle import HEAVY, LIGHT, Author, Availability, Status, UrgencyReason
from chat.rules.service_level import Level
from chat.statistics import history
from chat.statistics.staffing import recorded
from chat.supervision import live_board
from chat.wellbeing import debriefs
from common import rate_limits
from common.service_settings import definitions, values
from locations.models import Force
from pnav.accounts.models import Role, User
from pnav.pages.models import HelpNumber
from reports import proof_of_work
from tests.chat.console.agents import page_of, signed_in
from tests.factories import chat as make
from triage.rules import Urgency, assess_answers

pytestmark = pytest.mark.django_db


# --- places -----------------------------------------------------------------------------------------------------------


def test_capacity_of_a_new_agent(set_rule):
    user = [User.objects.create_user(name, password="x", role=Role.AGENT) for name in ("un", "deux")]
    unit = Unit.objects.create(name="Équipe", force=Force.POLICE)
    assert Agent.objects.create(user=user[0], unit=unit, public_name="A").capacity == 3
    set_rule(definitions.CAPACITY_FIRST, 2)
    assert Agent.objects.create(user=user[1], unit=unit, public_name="B").capacity == 2
    assert StaffingForm.asked({}).data["capacity"] == 2
    chief = signed_in(User.objects.create_user("chef", password="x", role=Role.ADMINISTRATOR))
    (field,) = re.findall(r'<input[^>]*name="agent-0-capacity"[^>]*>', chief.get("/admin/accounts/user/add/").text)
    assert 'value="2"' in field


def test_capacity_that_may_be_chosen(set_rule):
    agent = make.agent(capacity=6)
    client = signed_in(agent.user)
    set_rule(definitions.CAPACITY_MOST, 4)
    assert [number for number, _label in capacity_choices(6)] == [1, 2, 3, 4, 6], "what an agent has stays"
    page = client.get("/console/").text
    assert '<option value="4">' in page and '<option value="5">' not in page and '<option value="6" selected>' in page
    for wanted, is_valid in (("4", True), ("5", False), ("6", True), ("7", False)):
        form = AvailabilityForm({"availability": "available", "capacity": wanted}, initial={"capacity": 6})
        assert form.is_valid() is is_valid
    client.post("/console/disponibilite/", {"availability": "available", "capacity": "5"})
    agent.refresh_from_db()
    assert agent.capacity == 6


def test_weight_of_a_critical_conversation(set_rule):
    def opened() -> Conversation:
        return actions.open_conversation(report=make.report(urgency=Urgency.CRITICAL))

    assert opened().weight == HEAVY
    set_rule(definitions.CRITICAL_WEIGHT, LIGHT)
    assert opened().weight == LIGHT
    agent = make.agent()
    conversation = make.assigned(agent)
    urgency.set_urgency(conversation_id=conversation.pk, urgency=2, reason=UrgencyReason.DANGER, by=agent.user)
    conversation.refresh_from_db()
    assert conversation.weight == LIGHT


# --- the queue --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "after", "given"), [(60, 59, 0), (60, 60, 1), (10, 9, 0), (10, 10, 1), (0, 0, 1)])
def test_overflow(set_rule, seconds, after, given):
    set_rule(definitions.OVERFLOW, seconds)
    make.assigned(make.agent(force=Force.GENDARMERIE, capacity=1), force=Force.GENDARMERIE)
    make.agent(force=Force.POLICE)
    person = make.waiting(force=Force.GENDARMERIE)
    Agent.objects.update(seen_at=timezone.now() + timedelta(seconds=after))
    assert dispatcher.dispatch(now=person.queued_at + timedelta(seconds=after)) == given


def test_staffing_judges_by_the_same_delay(set_rule):
    chief = make.agent(role=Role.SUPERVISOR)
    client = signed_in(chief.user)
    address = "/console/effectifs/?minutes=3"
    assert not client.get(address).context["answer"].is_too_short
    set_rule(definitions.OVERFLOW, 300)
    assert client.get(address).context["answer"].is_too_short
    set_rule(definitions.PROMISED, 7)
    assert client.get("/console/effectifs/").context["form"]["minutes"].value() == 7


def test_wait_that_is_shown(set_rule):
    agent = make.agent(capacity=1)
    make.assigned(agent)
    person = make.waiting()
    usual = dispatcher.read_board().wait_minutes(1)
    set_rule(definitions.AVERAGE_LENGTH, 120)
    longer = dispatcher.read_board().wait_minutes(1)
    assert longer[1] > usual[1] and position.queue_position(person)[1] == longer


def test_place_kept_and_abandoned(set_rule):
    def gone(minutes: int) -> Conversation:
        person = make.waiting()
        Conversation.objects.filter(pk=person.pk).update(reporter_seen_at=make.long_ago(minutes))
        return person

    person = gone(25)
    assert dispatcher.abandon_absent() == 0
    set_rule(definitions.ABANDONED, 20)
    assert dispatcher.abandon_absent() == 1
    person.refresh_from_db()
    assert person.status == Status.ABANDONED
    set_rule(definitions.ABANDONED, 5)
    set_rule(definitions.PLACE_KEPT, 15)
    gone(10)
    assert dispatcher.abandon_absent() == 0, "what is promised comes first"
    set_rule(definitions.PLACE_KEPT, 5)
    assert dispatcher.abandon_absent() == 1
    assert recorded.count_recorded(timezone.now()) is not None


# --- promise, board ---------------------------------------------------------------------------------------------------


def test_promise_counts_who_was_answered_in_time(set_rule):
    conversation = make.assigned(queued_at=make.long_ago(4))
    Conversation.objects.filter(pk=conversation.pk).update(opened_at=make.long_ago(4))
    now = timezone.now()
    assert history.read(now - timedelta(days=1), now + timedelta(minutes=1)).whole.in_time == 0
    set_rule(definitions.PROMISED, 5)
    assert history.read(now - timedelta(days=1), now + timedelta(minutes=1)).whole.in_time == 1
    chief = make.agent(role=Role.SUPERVISOR)
    assert "En moins de 5 min (%)" in signed_in(chief.user).get("/console/historique/").text


@pytest.mark.parametrize(
    ("rule", "number", "level"), [(None, 0, Level.BROKEN), ("WAIT", 10, None), ("WAIT", 5, Level.NEAR)]
)
def test_alert_of_the_board(set_rule, rule, number, level):
    make.agent()
    make.agent()
    make.waiting(queued_at=make.long_ago(4))
    if rule:
        set_rule(getattr(definitions, rule), number)
    alerts = live_board.read(timezone.now(), units=()).alerts
    assert [alert.level for alert in alerts] == ([level] if level is not None else [])


def test_agents_that_the_board_wants(set_rule):
    make.agent()
    assert [one.level for one in live_board.read(timezone.now(), units=()).alerts] == [Level.NEAR]
    set_rule(definitions.ON_DUTY, 2)
    assert [one.level for one in live_board.read(timezone.now(), units=()).alerts] == [Level.BROKEN]


# --- pauses, promises of return ---------------------------------------------------------------------------------------


def test_pauses_that_are_offered(set_rule):
    agent = make.agent()
    now = timezone.now()
    set_rule(definitions.PAUSE_OFFERED, 7)
    set_rule(definitions.PAUSE_CHOICES[2], 40)
    pauses.offer_pause(agent_id=agent.pk, now=now)
    agent.refresh_from_db()
    assert agent.pause_until == now + timedelta(minutes=7)
    page = signed_in(agent.user).get("/console/").text
    assert 'value="40"' in page and 'name="minutes" value="15"' not in page
    with pytest.raises(ValueError, match="length"):
        pauses.take_pause(agent_id=agent.pk, minutes=15)
    assert pauses.take_pause(agent_id=agent.pk, minutes=40, now=now).pause_until == now + timedelta(minutes=40)


def test_returns_that_may_be_promised(set_rule):
    set_rule(definitions.HOLD_CHOICES[3], 30)
    assert [HoldForm({"minutes": minutes}).is_valid() for minutes in ("15", "30")] == [False, True]
    agent = make.agent()
    conversation = make.assigned(agent)
    page = signed_in(agent.user).get(page_of(conversation)).text
    assert "30 minutes" in page and "15 minutes" not in page


# --- code, requests ---------------------------------------------------------------------------------------------------


def test_life_of_a_code(set_rule):
    set_rule(definitions.CODE_LIFE, 5)
    conversation = make.waiting()
    asked_at = timezone.now()
    until = resume.issue_code(conversation_id=conversation.pk).until
    assert timedelta(hours=5) - timedelta(minutes=2) <= until - asked_at <= timedelta(hours=5, minutes=2)


def test_request_for_a_talk_without_an_answer(set_rule):
    set_rule(definitions.DEBRIEF_KEPT, 10)
    request = debriefs.ask_for_talk(agent=make.agent(), words="x")
    assert request.ends_at - request.asked_at == timedelta(days=10)


def test_fact_to_be_checked_again(set_rule):
    number = HelpNumber.objects.all()[0]
    number.verified_on = timezone.localdate() - timedelta(days=40)
    assert not number.is_overdue(timezone.localdate())
    set_rule(definitions.REVIEW, 30)
    assert number.is_overdue(timezone.localdate())


# --- raid, limits -----------------------------------------------------------------------------------------------------


@pytest.fixture
def _own_counters(settings):
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": f"house-{uuid.uuid4().hex}"}}
    cache.clear()


@pytest.mark.usefixtures("_own_counters")
def test_raid(set_rule, monkeypatch):
    monkeypatch.setattr(rate_limits.time, "time", lambda: 1_800_000_100.0)
    assessment = assess_answers({"danger": "no"})
    for _each in range(12):
        proof_of_work.count_filed()
    assert not proof_of_work.is_asked_of(assessment, discreet=False)
    set_rule(definitions.RAID, 12)
    assert proof_of_work.is_asked_of(assessment, discreet=False)
    assert not proof_of_work.is_asked_of(assess_answers({"danger": "yes"}), discreet=False)


@pytest.mark.usefixtures("_own_counters")
def test_opinions_of_a_network(set_rule):
    set_rule(definitions.OPINIONS_OF_NETWORK, 2)
    opinion = {"rating": "yes", "page": "other"}
    assert [Client().post("/avis/", opinion).status_code for _each in range(3)] == [302, 302, 429]
    set_rule(definitions.OPINIONS_OF_NETWORK, 4)
    assert [Client().post("/avis/", opinion).status_code for _each in range(2)] == [302, 429]


# --- who asks, and when -----------------------------------------------------------------------------------------------


def asked(queries) -> list[int]:
    """Return where among these statements the rules were read."""
    return [number for number, query in enumerate(queries) if "reports_houserule" in query["sql"]]


@pytest.mark.django_db(transaction=True)
def test_dispatch_reads_the_rules_before_its_locks():
    make.agent()
    make.waiting()
    values.forget()
    with CaptureQueriesContext(connection) as queries:
        assert dispatcher.dispatch() == 1
    statements = queries.captured_queries
    (read,) = asked(statements)
    lock = min(number for number, query in enumerate(statements) if "advisory" in query["sql"])
    assert read < lock
    with CaptureQueriesContext(connection) as queries:
        dispatcher.dispatch()
    assert asked(queries.captured_queries) == []


@pytest.mark.django_db(transaction=True)
def test_message_asks_no_rule_even_when_none_was_read():
    conversation = make.assigned()
    values.forget()
    with CaptureQueriesContext(connection) as queries:
        make.message(conversation)
        make.message(conversation, author=Author.AGENT)
    assert asked(queries.captured_queries) == []


@pytest.mark.django_db(transaction=True)
def test_end_of_a_grave_exchange_reads_the_rules_once():
    agent = make.agent()
    conversation = make.assigned(agent, urgency=Urgency.CRITICAL)
    values.forget()
    with CaptureQueriesContext(connection) as queries:
        actions.close_conversation(
            conversation_id=conversation.pk, by_author=Author.AGENT, by=agent.user, outcome="advised"
        )
    agent.refresh_from_db()
    assert agent.availability == Availability.PAUSE
    assert len(asked(queries.captured_queries)) == 1

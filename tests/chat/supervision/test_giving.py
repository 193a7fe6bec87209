"""A supervisor gives somebody who waits to an agent, out of turn: who may, to whom, races, and what is told."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from chat.conversations import dispatcher
from chat.decisions import on_call as on_call_duties
from chat.models import Agent, Conversation, EventKind, OnCall
from chat.models.transfer import Direction, Whisper
from chat.rules.lifecycle import Availability, Status
from chat.supervision import giving
from locations.models import Force
from pnav.accounts.models import Role
from reports.audit import wording as audit_wording
from reports.models import AccessKind, AccessRecord
from tests.chat.console.agents import page_of, signed_in
from tests.factories import chat as make
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db
BOARD = "/console/tableau/"


@pytest.fixture
def camille():
    """Return an available agent whose only place is taken."""
    agent = make.agent(public_name="Camille", unit_name="Ici", capacity=1)
    make.assigned(agent)
    return agent


@pytest.fixture
def dominique():
    return make.agent(public_name="Dominique", role=Role.SUPERVISOR, unit_name="Ici", availability=Availability.AWAY)


def give(person, agent, by, motive="Trop longtemps"):
    return giving.give_person(public_id=person.public_id, agent_id=agent.pk, by=by, motive=motive)


def names(person, by):
    return [one.public_name for one in giving.find_receivers(person, by, timezone.now())]


def address_of(person):
    return f"{BOARD}attente/{person.public_id}/"


def test_agent_without_a_place_gets_them_and_everybody_is_told(camille, dominique):
    first, person = make.waiting(), make.waiting()
    give(person, camille, dominique)
    person.refresh_from_db()
    first.refresh_from_db()
    assert (person.status, person.assigned_to, first.status) == (Status.ACTIVE, camille, Status.WAITING)
    kinds = list(person.events.order_by("pk").values_list("kind", "by"))
    assert kinds[-3:] == [
        (EventKind.GIVEN, dominique.user_id),
        (EventKind.ASSIGNED, camille.user_id),
        (EventKind.WHISPERED, dominique.user_id),
    ]
    assert Whisper.objects.get().shown == "Trop longtemps" and Whisper.objects.get().agent == camille
    line = AccessRecord.objects.get()
    assert (line.kind, line.account_id, line.subject) == (AccessKind.GIVEN, dominique.user_id, str(person.public_id))
    assert line.motive == "Trop longtemps"
    assert audit_wording.in_words(line.kind, line.detail) == "confiée sans attendre son tour"


def test_supervisor_takes_them_whatever_their_availability(camille, dominique):
    person = make.waiting()
    answer = signed_in(dominique.user).post(address_of(person), {"agent": dominique.pk, "motive": "Danger"})
    assert answer.url == page_of(person)
    person.refresh_from_db()
    assert (person.status, person.assigned_to) == (Status.ACTIVE, dominique)
    assert not Whisper.objects.exists(), "nobody whispers to themself"
    assert AccessRecord.objects.get().kind == AccessKind.GIVEN


# --- to whom --------------------------------------------------------------------------------------------------------


def test_only_available_agents_of_the_units_are_offered_those_with_room_first(camille, dominique):
    make.agent(public_name="Paul", unit_name="Ici", availability=Availability.PAUSE)
    make.agent(public_name="Loin", unit_name="Ailleurs")
    make.agent(public_name="Absent", unit_name="Ici", present=False)
    make.agent(public_name="Zoé", unit_name="Ici")
    person = make.waiting()
    assert names(person, dominique) == ["Dominique", "Zoé", "Camille"]
    assert names(person, camille) == [], "an agent gives nobody"
    for other in Agent.objects.exclude(public_name__in=["Dominique", "Zoé", "Camille"]):
        with pytest.raises(giving.NotForThem):
            give(person, other, dominique)
    with pytest.raises(giving.NotForThem):
        give(person, camille, camille)
    person.refresh_from_db()
    assert person.status == Status.WAITING and not AccessRecord.objects.exists()


@pytest.mark.parametrize(("seconds", "urgency", "offered"), [(0, 0, False), (3600, 0, True), (0, 1, True)])
def test_the_other_force_may_take_them_by_the_rule_of_the_queue_alone(camille, dominique, seconds, urgency, offered):
    make.agent(unit_name="Gendarmerie", force=Force.GENDARMERIE, capacity=1)
    person = make.waiting(
        force=Force.GENDARMERIE, urgency=urgency, queued_at=timezone.now() - timedelta(seconds=seconds)
    )
    assert ("Camille" in names(person, dominique)) == offered
    assert ("Dominique" in names(person, dominique)) == offered


def test_who_passed_them_on_does_not_get_them_back(camille, dominique):
    now, person = timezone.now(), make.waiting()
    Direction.objects.create(
        conversation=person, avoided=make.agent(unit_name="Ici"), avoided_before=[camille.pk], at=now,
        until=now + timedelta(minutes=5),
    )  # fmt: skip
    assert names(person, dominique) == ["Dominique"]


def test_on_call_for_the_agent_s_unit_is_recorded(camille):
    stranger = make.agent(role=Role.SUPERVISOR, unit_name="Ailleurs")
    person, now = make.waiting(), timezone.now()
    with pytest.raises(giving.NotForThem):
        give(person, camille, stranger)
    duty = OnCall.objects.create(
        supervisor=stranger, unit=camille.unit, named_by=stranger.user, named_at=now, motive="seul cette nuit",
        starts_at=now - timedelta(hours=1), ends_at=now + timedelta(days=1),
    )  # fmt: skip
    give(person, camille, stranger)
    line = AccessRecord.objects.get(kind=AccessKind.GIVEN)
    assert line.detail == f"give, on call {duty.pk}"
    assert [one.act for one in on_call_duties.decisions(duty)] == ["confiée sans attendre son tour"]


# --- who is no longer there -----------------------------------------------------------------------------------------


def test_who_left_is_given_to_nobody_and_has_no_link(camille, dominique):
    person = make.waiting()
    client = signed_in(dominique.user)
    assert address_of(person) in client.get(BOARD).text
    Conversation.objects.filter(pk=person.pk).update(reporter_seen_at=timezone.now() - timedelta(minutes=20))
    page = client.get(BOARD).text
    assert address_of(person) not in page and "data-urgency" in page
    with pytest.raises(giving.NotWaiting):
        give(person, camille, dominique)
    for where in (address_of(person), f"{BOARD}attente/{uuid.uuid4()}/"):
        for answer in (client.get(where), client.post(where, {"agent": camille.pk, "motive": "x"})):
            assert (answer.status_code, answer.url) == (302, BOARD)


def test_page_shows_what_the_queue_shows_and_says_what_is_wrong(camille, dominique):
    person = make.waiting(urgency=1)
    client = signed_in(dominique.user)
    page = squeezed(unescape(client.get(address_of(person)).text))
    assert "Moi-même : Dominique" in page and "Camille" in page and "1/1" in page
    page = unescape(client.post(address_of(person), {"agent": "999999", "motive": ""}).text)
    assert (
        "Cet agent n'est plus là" in page
        and "Ce champ est vide. Donnez une raison" in page
        and "<title>Erreur :" in page
    )
    Agent.objects.filter(pk=camille.pk).update(availability=Availability.PAUSE)
    page = unescape(client.post(address_of(person), {"agent": camille.pk, "motive": "Trop long"}).text)
    assert "choisissez-en un autre" in page
    person.refresh_from_db()
    assert person.status == Status.WAITING


def test_an_agent_finds_no_such_page_and_no_link(camille):
    person, client = make.waiting(), signed_in(camille.user)
    assert client.get(address_of(person)).status_code == 403
    assert client.post(address_of(person), {"agent": camille.pk, "motive": "x"}).status_code == 403
    assert "/attente/" not in client.get("/console/").text


# --- at the same time -----------------------------------------------------------------------------------------------


def _together(*acts):
    """Run these in threads of their own, at once, and return what each returned or raised."""
    begin = Barrier(len(acts))

    def run(act):
        begin.wait(10)
        try:
            return act()
        except (giving.NotWaiting, giving.NotForThem) as refused:
            return type(refused)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as threads:
        return [done.result(60) for done in [threads.submit(run, act) for act in acts]]


@pytest.mark.django_db(transaction=True)
def test_dispatcher_and_two_supervisors_at_once_give_them_to_one():
    """Whoever comes second finds that the person waits no longer; nobody waits for ever, and nobody has two agents."""
    first, second = (make.agent(unit_name="Ici", capacity=10) for _each in range(2))
    chiefs = [make.agent(role=Role.SUPERVISOR, unit_name="Ici", availability=Availability.AWAY) for _each in range(2)]
    for _round in range(5):
        person = make.waiting()
        _given, *said = _together(
            dispatcher.dispatch,
            lambda person=person: give(person, first, chiefs[0]),
            lambda person=person: give(person, second, chiefs[1]),
        )
        person.refresh_from_db()
        assert person.status == Status.ACTIVE
        assert person.events.filter(kind=EventKind.ASSIGNED).count() == 1
        done = [one for one in said if isinstance(one, Agent)]
        assert len(done) <= 1 and said.count(giving.NotWaiting) == 2 - len(done)
        assert person.events.filter(kind=EventKind.GIVEN).count() == len(done)
        assert not done or person.assigned_to == done[0]
    assert AccessRecord.objects.count() == Conversation.objects.filter(events__kind=EventKind.GIVEN).count()

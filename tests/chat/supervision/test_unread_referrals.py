"""A summary that no unit reads is named to supervisors, who withdraw it where nobody else can."""

import uuid
from datetime import datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from chat.conversations import dispatcher
from chat.models import Agent, EventKind, Transmission
from chat.referral import actions as referral_actions
from chat.referral import queries as referral_queries
from chat.rules.referral import Basis, State
from chat.rules.service_level import Level, Limit
from chat.supervision import unread_referrals
from pnav.accounts.models import Role
from tests.chat.console.agents import signed_in
from tests.chat.supervision.test_intervention import recused
from tests.factories import chat as make
from tests.factories import transmissions as hand
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db
PAGE = "/console/tableau/transmissions/"
LIMIT = Limit(120, 70)
PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def agent():
    return make.agent(unit_name="Ici", public_name="Louise")


@pytest.fixture
def chief(agent):
    return make.agent(role=Role.SUPERVISOR, unit_name="Ici", public_name="Dominique")


@pytest.fixture
def elsewhere():
    return make.agent(role=Role.SUPERVISOR, unit_name="Ailleurs", public_name="Sacha")


@pytest.fixture
def unit():
    return hand.account(hand.station(opening_hours=None))


@pytest.fixture
def late(agent, unit):
    return sent_before(hand.sent(make.assigned(agent), unit), hours=3)


def sent_before(row: Transmission, hours: float) -> Transmission:
    at = timezone.now() - timedelta(hours=hours)
    Transmission.objects.filter(pk=row.pk).update(sent_at=at, made_at=at)
    row.refresh_from_db()
    return row


def page_of(client: Client) -> str:
    return unescape(squeezed(client.get(PAGE).text))


def test_alert_leads_to_the_summary_with_its_unit_and_telephone(late, unit, chief):
    client = signed_in(chief.user)
    board = client.get("/console/tableau/").text
    alerts = board[board.index("data-alerts") : board.index("console-figures")]
    assert f'id="non-lues-broken" href="{PAGE}"' in alerts, "the id names the alert, wherever it stands"
    page = page_of(client)
    assert f"{late.file_number}, {unit.point.name}" in page and "échange de Louise" in page
    assert 'href="tel:0100000000"' in page and "Dépassé" in page
    assert hand.SUMMARY not in page and "n'a plus de compte" not in page


def test_supervisor_withdraws_it_and_the_person_is_told(late, chief):
    conversation = late.conversation
    client = signed_in(chief.user)
    answer = client.post(PAGE, {"transmission": late.public_id}, follow=True)
    assert "Résumé retiré." in unescape(answer.text) and late.file_number not in answer.text
    late.refresh_from_db()
    assert late.state == State.WITHDRAWN
    event = conversation.events.filter(kind=EventKind.TRANSMISSION).latest("pk")
    assert (event.by, event.detail) == (chief.user, State.WITHDRAWN)
    conversation.refresh_from_db()
    assert "Personne ne l'avait lue" in conversation.messages.latest("seq").body
    again = client.post(PAGE, {"transmission": late.public_id}, follow=True)
    assert "rien n'a changé" in unescape(again.text)


@pytest.mark.parametrize("sent", [{}, {"transmission": "x"}, {"transmission": str(uuid.uuid4())}])
def test_nothing_changes_without_a_summary(late, chief, sent):
    assert "rien n'a changé" in unescape(signed_in(chief.user).post(PAGE, sent, follow=True).text)
    assert Transmission.objects.get().state == State.SENT


def test_summary_of_another_unit_is_counted_and_cannot_be_withdrawn(late, elsewhere, agent):
    client = signed_in(elsewhere.user)
    page = page_of(client)
    assert late.file_number not in page and "Louise" not in page and "1 autre, " in page
    client.post(PAGE, {"transmission": late.public_id})
    with pytest.raises(unread_referrals.NotUnread):
        unread_referrals.withdraw(public_id=late.public_id, by=agent)
    assert Transmission.objects.get().state == State.SENT
    assert signed_in(agent.user).get(PAGE).status_code == 403


def test_summary_whose_agent_is_gone_is_every_supervisors(late, elsewhere):
    Agent.objects.filter(unit__name="Ici").update(seen_at=make.long_ago(60))
    assert dispatcher.release_stale() == 1
    assert late.file_number in page_of(signed_in(elsewhere.user))
    unread_referrals.withdraw(public_id=late.public_id, by=elsewhere)
    assert Transmission.objects.get().state == State.WITHDRAWN


def test_who_knows_somebody_concerned_sees_and_withdraws_no_summary_of_the_exchange(late, chief):
    """They passed it on for that reason. It is counted, and another supervisor of the unit withdraws it."""
    recused(late.conversation, chief)
    assert late.file_number not in page_of(signed_in(chief.user))
    found = unread_referrals.read_unread(chief, timezone.now(), LIMIT)
    assert (found.rows, found.others) == ([], 1)
    with pytest.raises(unread_referrals.NotUnread):
        unread_referrals.withdraw(public_id=late.public_id, by=chief)
    assert Transmission.objects.get().state == State.SENT
    other = make.agent(role=Role.SUPERVISOR, unit_name="Ici", public_name="Claude")
    assert late.file_number in page_of(signed_in(other.user))
    unread_referrals.withdraw(public_id=late.public_id, by=other)
    assert Transmission.objects.get().state == State.WITHDRAWN


def test_who_knows_somebody_concerned_withdraws_none_whose_agent_is_gone(late, chief):
    recused(late.conversation, chief)
    Agent.objects.filter(public_name="Louise").update(seen_at=make.long_ago(60))
    assert dispatcher.release_stale() == 1
    assert unread_referrals.read_unread(chief, timezone.now(), LIMIT).rows == []
    with pytest.raises(unread_referrals.NotUnread):
        unread_referrals.withdraw(public_id=late.public_id, by=chief)


def test_summary_that_was_read_is_not_withdrawn(late, unit, chief):
    referral_actions.mark_read(transmission=late, by=unit.user)
    with pytest.raises(unread_referrals.NotUnread):
        unread_referrals.withdraw(public_id=late.public_id, by=chief)
    assert unread_referrals.read_unread(chief, timezone.now(), LIMIT).rows == []


def test_unit_that_nobody_can_read_for_is_told_apart(late, unit, chief):
    unit.user.is_active = False
    unit.user.save()
    client, name = signed_in(chief.user), unit.point.name
    assert "Cette unité n'a plus de compte ouvert" in page_of(client)
    unit.point.delete()
    page = page_of(client)
    assert "Ce point d'accueil n'existe plus" in page
    assert f"{late.file_number}, {name}" in page and 'href="tel:0100000000"' in page, "its words name it"


def test_summary_waits_while_its_unit_is_open_unless_it_is_urgent(agent, chief):
    """The unit is open from 8 to 12 on weekdays."""
    row = hand.sent(make.assigned(agent), hand.account())
    friday = datetime(2026, 11, 27, 11, 0, tzinfo=PARIS)
    Transmission.objects.update(sent_at=friday, made_at=friday)
    row.refresh_from_db()

    def level(day: int, hour: int, minute: int = 0) -> Level:
        return referral_queries.level_of(row, now=datetime(2026, 11, day, hour, minute, tzinfo=PARIS), limit=LIMIT)

    assert level(27, 11, 59) is level(28, 15) is level(29, 23) is level(30, 8, 20) is Level.KEPT
    assert (level(30, 8, 24), level(30, 8, 59), level(30, 9)) == (Level.NEAR, Level.NEAR, Level.BROKEN)
    row.basis = Basis.URGENT
    assert (level(27, 12, 59), level(27, 13)) == (Level.NEAR, Level.BROKEN)


def test_closed_unit_says_when_it_opens(agent, chief):
    row = hand.sent(make.assigned(agent), hand.account())
    sunday = datetime(2026, 11, 29, 12, 0, tzinfo=PARIS)
    Transmission.objects.update(sent_at=sunday - timedelta(days=9), made_at=sunday - timedelta(days=9))
    (shown,) = unread_referrals.read_unread(chief, sunday, LIMIT).rows
    assert (shown.public_id, shown.level) == (row.public_id, Level.BROKEN)
    assert shown.obstacle == "L'unité est fermée. Elle ouvre demain à 8 h."


def test_what_is_shown_and_looked_at_is_bounded(agent, chief, unit, monkeypatch, django_assert_max_num_queries):
    rows = [sent_before(hand.sent(make.assigned(agent), unit), hours=hours) for hours in (3, 5, 4)]
    monkeypatch.setattr(unread_referrals, "SHOWN", 2)
    with django_assert_max_num_queries(5):
        found = unread_referrals.read_unread(chief, timezone.now(), LIMIT)
    assert [one.public_id for one in found.rows] == [rows[1].public_id, rows[2].public_id] and found.others == 1
    monkeypatch.setattr(referral_queries, "COUNTED", 1)
    assert referral_queries.unread_levels(timezone.now(), LIMIT) == [Level.BROKEN]

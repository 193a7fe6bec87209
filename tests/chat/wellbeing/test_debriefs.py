"""A talk with the psychologist, which the hierarchy does not see."""

from datetime import timedelta
from html import unescape

import pytest
from django.contrib import admin
from django.utils import timezone

from chat.models import Debrief
from chat.wellbeing import debriefs
from pnav.accounts.models import Role, User
from reports.models import AccessRecord
from tests.chat.console.agents import signed_in
from tests.factories import chat as make
from tests.support.moments import clock_change, shown_once

pytestmark = pytest.mark.django_db
WORDS = "Une nuit difficile"


def psychologist(name: str = "psy") -> User:
    return User.objects.create_user(name, password="a password for tests", role=Role.PSYCHOLOGIST)


@pytest.fixture
def agent():
    agent = make.agent()
    debriefs.ask_for_talk(agent=agent, words=WORDS)
    return agent


def test_ask_words_are_sealed_for_their_row(agent):
    row = debriefs.request_of(agent)
    assert WORDS.encode() not in bytes(row.sealed_words)
    other = make.agent()
    debriefs.ask_for_talk(agent=other, words="autre")
    Debrief.objects.filter(agent=other).update(sealed_words=row.sealed_words)
    words = {one.public_id: one.words for one in debriefs.for_psychologist(psychologist())}
    assert words == {row.public_id: WORDS, debriefs.request_of(other).public_id: None}


def test_psychologist_sees_what_cannot_be_seen(agent):
    debriefs.ask_for_talk(agent=agent, words="Une nuit\r\n\u202eelicffid")
    [one] = debriefs.for_psychologist(psychologist())
    assert one.words == "Une nuit\n⟦U+202E⟧elicffid"


@pytest.mark.parametrize("role", [role for role in Role if role != Role.PSYCHOLOGIST])
def test_nobody_else_reads_or_answers(agent, role):
    user = User.objects.create_user("autre", password="a password for tests", role=role)
    key = debriefs.request_of(agent).public_id
    with pytest.raises(debriefs.NotForYou):
        debriefs.for_psychologist(user)
    with pytest.raises(debriefs.NotForYou):
        debriefs.answer_request(public_id=key, meet_at=timezone.now(), meet_how="phone", by=user)
    with pytest.raises(debriefs.NotForYou):
        debriefs.finish_request(public_id=key, by=user)


def test_no_page_of_the_admin_and_no_line_of_the_register(agent):
    assert Debrief not in admin.site._registry
    client = signed_in(psychologist())
    assert WORDS in client.get("/ecoute/").text
    assert not AccessRecord.objects.exists()


def test_pages_from_the_request_to_the_talk(agent):
    Debrief.objects.all().delete()
    client, other = signed_in(agent.user), signed_in(psychologist())
    html = client.post("/console/prendre-soin/debriefer/", {"words": WORDS}, follow=True).text
    assert "Demande envoyée au psychologue" in html and WORDS not in html
    key = debriefs.request_of(agent).public_id
    html = other.post(f"/ecoute/{key}/", {"meet_at": "2020-01-01T10:00", "meet_how": "phone"}).text
    assert "Choisissez un moment à venir" in html and WORDS in html
    html = other.post(f"/ecoute/{key}/", {"meet_at": f"{clock_change(3)}T02:30", "meet_how": "phone"}).text
    assert "heure change cette nuit-là" in html and WORDS in html
    when = shown_once(timezone.now() + timedelta(days=2))
    other.post(f"/ecoute/{key}/", {"meet_at": f"{when:%Y-%m-%dT%H:%M}", "meet_how": "phone"})
    html = client.get("/console/prendre-soin/").text
    assert f"{when:%H:%M}" in html and "par téléphone" in html
    supervisor = signed_in(make.agent(role=Role.SUPERVISOR).user)
    for address in ("/console/", "/console/tableau/", "/console/prendre-soin/"):
        assert "propose le" not in supervisor.get(address).text
    assert supervisor.get("/ecoute/").status_code == 403
    other.post(f"/ecoute/{key}/", {"supprimer": "1"})
    assert not Debrief.objects.exists()
    assert other.post(f"/ecoute/{key}/", {"supprimer": "1"}).status_code == 404


def test_withdraw_leaves_nothing(agent):
    signed_in(agent.user).post("/console/prendre-soin/debriefer/", {"retirer": "1"})
    assert not Debrief.objects.exists()


def test_ask_too_long_says_so_and_keeps_the_words(agent):
    html = signed_in(make.agent().user).post("/console/prendre-soin/debriefer/", {"words": "é" * 1001}).text
    assert "Mille caractères au plus" in html and "é" * 1001 in html


def test_ends_the_day_after_the_talk_or_unanswered(agent):
    row = debriefs.request_of(agent)
    assert debriefs.forget_ended(row.asked_at + timedelta(days=59)) == 0
    meet_at = timezone.now() + timedelta(days=1)
    debriefs.answer_request(public_id=row.public_id, meet_at=meet_at, meet_how="video", by=psychologist())
    assert debriefs.forget_ended(meet_at + timedelta(hours=23)) == 0
    assert debriefs.forget_ended(meet_at + timedelta(hours=25)) == 1


def test_over_but_not_yet_deleted_is_not_read(agent):
    Debrief.objects.update(ends_at=make.long_ago(1))
    assert debriefs.request_of(agent) is None and debriefs.for_psychologist(psychologist()) == []


def answered(agent, by=None, days: int = 2) -> None:
    meet_at = timezone.now() + timedelta(days=days)
    key = debriefs.request_of(agent).public_id
    debriefs.answer_request(public_id=key, meet_at=meet_at, meet_how="phone", by=by or psychologist())


MARK = ">nouveau</span>"


def test_answer_is_marked_on_the_way_to_it_until_it_is_read(agent):
    client, other = signed_in(agent.user), signed_in(make.agent(role=Role.SUPERVISOR).user)
    assert MARK not in client.get("/console/aide/").text, "nobody has answered"
    by = psychologist()
    answered(agent, by)
    assert client.get("/console/aide/").text.count(MARK) == 2, "« Plus », and the link in it"
    assert MARK not in other.get("/console/tableau/").text, "it is the agent's alone"
    assert "Le psychologue vous propose" in client.get("/console/prendre-soin/").text
    assert MARK not in client.get("/console/aide/").text
    answered(agent, by, days=3)
    assert MARK in client.get("/console/aide/").text, "another hour is news"
    client.post("/console/prendre-soin/debriefer/", {"retirer": "1"})
    assert MARK not in client.get("/console/aide/").text


def test_withdrawal_of_a_talk_is_told_to_the_psychologist_without_its_words(agent):
    by = psychologist()
    answered(agent, by)
    key = debriefs.request_of(agent).public_id
    client, other = signed_in(agent.user), signed_in(by)
    assert "que ce moment n'a plus lieu" in unescape(client.get("/console/prendre-soin/").text)
    html = unescape(client.post("/console/prendre-soin/debriefer/", {"retirer": "1"}, follow=True).text)
    assert "Le psychologue lit que ce moment" in html and "Demander un échange" in html
    page = unescape(other.get("/ecoute/").text)
    assert "Demande retirée par l'agent" in page and WORDS not in page and "Proposer ce moment" not in page
    [one] = debriefs.for_psychologist(by)
    assert (one.is_withdrawn, one.words) == (True, "")
    with pytest.raises(debriefs.Gone):
        debriefs.answer_request(public_id=key, meet_at=timezone.now(), meet_how="phone", by=by)
    when = shown_once(timezone.now() + timedelta(days=2))
    sent = {"meet_at": f"{when:%Y-%m-%dT%H:%M}", "meet_how": "phone"}
    assert "Rien n'a été proposé" in unescape(other.post(f"/ecoute/{key}/", sent, follow=True).text)
    assert debriefs.forget_ended(one.meet_at + timedelta(hours=25)) == 1


def test_withdrawal_after_the_hour_of_the_talk_leaves_nothing(agent):
    answered(agent)
    Debrief.objects.update(meet_at=make.long_ago(1))
    assert debriefs.withdraw_request(agent=agent) is False and not Debrief.objects.exists()

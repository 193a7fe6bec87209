"""A talk with the psychologist, which the hierarchy does not see."""

from datetime import timedelta
from html import unescape

import pytest
from django.contrib import admin
from django.utils import timezone

from chat.console import wellbeing
from chat.models import Debrief
from chat.wellbeing import debriefs
from pnav.accounts.models import Role, User
from reports.models import AccessRecord
from tests.chat.console.agents import signed_in
from tests.chat.conversations.test_actions import in_threads
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


@pytest.mark.parametrize("is_withdrawn", [True, False])
def test_asking_again_tells_the_psychologist_that_the_former_hour_does_not_take_place(agent, is_withdrawn):
    """The former request was deleted, and the psychologist waited. Not withdrawn: asked again from an old page."""
    by = psychologist()
    answered(agent, by)
    client, other = signed_in(agent.user), signed_in(by)
    if is_withdrawn:
        client.post("/console/prendre-soin/debriefer/", {"retirer": "1"})
    again = "Plutôt le matin"
    html = unescape(client.post("/console/prendre-soin/debriefer/", {"words": again}, follow=True).text)
    assert "La réponse viendra ici" in html and "vous propose" not in html and MARK not in html
    page = unescape(other.get("/ecoute/").text)
    assert "n'a plus lieu : l'agent demande un autre moment" in page and again in page
    assert "Proposer ce moment" in page and "Vous avez proposé" not in page and WORDS not in page
    debriefs.ask_for_talk(agent=agent, words="Encore")
    assert "n'a plus lieu : l'agent demande un autre moment" in unescape(other.get("/ecoute/").text)
    client.post("/console/prendre-soin/debriefer/", {"retirer": "1"})
    [one] = debriefs.for_psychologist(by)
    assert (one.is_withdrawn, one.is_asked_again, one.words) == (True, False, "")
    assert debriefs.request_of(agent) is None
    assert debriefs.forget_ended(one.meet_at + timedelta(hours=25)) == 1, "not kept as long as an unanswered request"


def test_request_asked_again_is_answered_as_any_other(agent):
    by = psychologist()
    answered(agent, by)
    debriefs.withdraw_request(agent=agent)
    debriefs.ask_for_talk(agent=agent, words=WORDS)
    answered(agent, by, days=3)
    [one] = debriefs.for_psychologist(by)
    assert (one.is_withdrawn, one.is_asked_again, one.words) == (False, False, WORDS)
    assert debriefs.has_unread_answer(agent)
    assert "Le psychologue vous propose" in signed_in(agent.user).get("/console/prendre-soin/").text


def test_asking_again_after_the_hour_says_nothing_of_it(agent):
    by = psychologist()
    answered(agent, by)
    Debrief.objects.update(meet_at=make.long_ago(1))
    debriefs.ask_for_talk(agent=agent, words=WORDS)
    [one] = debriefs.for_psychologist(by)
    assert (one.meet_at, one.is_asked_again) == (None, False)


def test_page_promises_that_the_withdrawal_is_read_only_before_the_hour(agent):
    answered(agent)
    client = signed_in(agent.user)
    assert "que ce moment n'a plus lieu" in unescape(client.get("/console/prendre-soin/").text)
    Debrief.objects.update(meet_at=make.long_ago(1))
    page = unescape(client.get("/console/prendre-soin/").text)
    assert "Le psychologue vous propose" in page and "que ce moment n'a plus lieu" not in page


@pytest.mark.parametrize("changed", [{"days": 3}, {"how": "video"}])
def test_answer_that_comes_while_the_page_is_drawn_is_not_noted_as_read(agent, changed, monkeypatch):
    by = psychologist()
    answered(agent, by)
    draw = wellbeing.render

    def drawn_then_answered(*args, **kwargs):
        page = draw(*args, **kwargs)
        row = Debrief.objects.get()
        meet_at = row.meet_at + timedelta(days=changed.get("days", 0))
        debriefs.answer_request(public_id=row.public_id, meet_at=meet_at, meet_how=changed.get("how", "phone"), by=by)
        return page

    client = signed_in(agent.user)
    with monkeypatch.context() as patched:
        patched.setattr(wellbeing, "render", drawn_then_answered)
        client.get("/console/prendre-soin/")
    assert debriefs.has_unread_answer(agent)
    client.get("/console/prendre-soin/")
    assert not debriefs.has_unread_answer(agent)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("has_former", [False, True])
def test_request_that_is_sent_several_times_at_once_is_one(has_former):
    """Whoever pressed twice on a slow line read an error, although their request was there."""
    agent = make.agent()
    if has_former:
        debriefs.ask_for_talk(agent=agent, words="avant")
    in_threads(4, lambda _index: debriefs.ask_for_talk(agent=agent, words="mot").pk)
    assert Debrief.objects.filter(agent=agent).count() == 1

"""The lease on pages other than the console: it is renewed while somebody depends on it, and shown as it is."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import html5lib
import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from chat.casework.holds import promise_return
from chat.conversations import presence
from chat.conversations.actions import AGENTS_SEEN
from chat.conversations.presence import BEAT, Standing
from chat.models import Agent, Conversation, DangerMark, Hold
from chat.rules.lifecycle import Author, Availability
from common.sql import fetch_rows
from pnav.accounts.models import Role
from pnav.sessions import begin_shift
from tests.chat.console.agents import signed_in
from tests.factories import chat as make
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db
ADDRESS = "/console/presence/"
IN_JSON = {"Accept": "application/json"}


def late(agent: Agent, seconds: float) -> None:
    Agent.objects.filter(pk=agent.pk).update(seen_at=timezone.now() - timedelta(seconds=seconds))


def is_fresh(agent: Agent) -> bool:
    agent.refresh_from_db()
    return agent.seen_at is not None and timezone.now() - agent.seen_at < timedelta(seconds=10)


@pytest.mark.parametrize(
    ("availability", "holds", "kept"),
    [
        (Availability.AVAILABLE, False, True),
        (Availability.PAUSE, False, True),
        (Availability.AWAY, True, True),
        (Availability.AWAY, False, False),
    ],
)
def test_beat_renews_the_lease_while_somebody_depends_on_it(availability, holds, kept):
    agent = make.agent()
    if holds:
        make.assigned(agent)
    Agent.objects.update(availability=availability)
    late(agent, 30)
    standing = presence.renew_lease(user_id=agent.user_id)
    assert standing == Standing(held=int(holds), unread=0, is_kept=kept, was_over=False, owed=int(holds))
    assert is_fresh(agent) == kept


def test_both_statements_that_renew_a_lease_write_the_same_of_an_agent():
    """The console's, and that of every other page: whoever adds a column to one thinks of the other."""
    first, second = (
        re.findall(r"UPDATE chat_agent a SET (.+?) FROM late", " ".join(one.split())) for one in (AGENTS_SEEN, BEAT)
    )
    assert len(first) == 1 and first == second and "seen_at" in first[0] and "sign_at" in first[0]


def test_beat_says_what_is_new_and_that_the_lease_was_over():
    agent = make.agent()
    first, _second = make.assigned(agent), make.assigned(agent)
    make.message(first, "vous êtes là ?")
    late(agent, 90)
    told = Standing(held=2, unread=1, is_kept=True, was_over=True, owed=2)
    assert presence.renew_lease(user_id=agent.user_id) == told
    assert presence.renew_lease(user_id=agent.user_id) == replace(told, was_over=False)


def test_beat_is_one_statement_and_one_write_in_five_seconds(monkeypatch):
    sent: list[str] = []
    monkeypatch.setattr(presence, "fetch_rows", lambda *args: sent.append(args[0]) or fetch_rows(*args))
    agent = make.agent()
    conversation = make.assigned(agent)
    for number in range(30):
        make.message(conversation, f"mot {number}", author=Author.REPORTER)
    late(agent, 3)
    before = Agent.objects.get(pk=agent.pk).seen_at
    presence.renew_lease(user_id=agent.user_id)
    assert len(sent) == 1
    assert Agent.objects.get(pk=agent.pk).seen_at == before, "so soon, nothing is written"
    late(agent, 30)
    presence.renew_lease(user_id=agent.user_id)
    assert len(sent) == 2 and is_fresh(agent)


def test_beat_of_an_account_without_an_agent_is_none():
    assert presence.renew_lease(user_id=0) is None


def test_page_beats_in_json_and_is_told_in_the_frame():
    agent = make.agent()
    make.message(make.assigned(agent), "vous êtes là ?")
    late(agent, 30)
    client = signed_in(agent.user)
    answer = client.get(ADDRESS, headers=IN_JSON)
    told = {"kept": True, "held": 1, "unread": 1, "in_danger": 0, "dangers": [], "late": 0, "promises": 0}
    told |= {"was_over": False, "paused": "", "phone": ""}
    assert json.loads(answer.content) == told
    assert is_fresh(agent)
    assert "Présent, vérifié à" in client.get(ADDRESS).text
    Agent.objects.update(availability=Availability.AWAY)
    agent.conversations.all().delete()
    assert "« Absent »" in client.get(ADDRESS).text


def test_beat_of_another_page_marks_and_tells_words_of_danger_that_are_not_read():
    """An agent who reads « Historique » during a pause reads no list: nothing was marked, and the board was silent. The
    page itself said for minutes only that a message had come."""
    agent = make.agent()
    calm, grave = make.assigned(agent), make.assigned(agent)
    Agent.objects.update(availability=Availability.PAUSE)
    make.message(calm, "bonsoir")
    make.message(grave, "je veux mourir")
    client = signed_in(agent.user)
    standing = client.get(ADDRESS, headers=IN_JSON).json()
    assert (standing["unread"], standing["in_danger"]) == (2, 1)
    assert client.get(ADDRESS).text.count("mots de suicide ou de danger") == 1
    grave.refresh_from_db()
    assert list(DangerMark.objects.values_list("conversation", "seqs")) == [(grave.pk, [grave.last_seq])]
    Conversation.objects.update(agent_read_seq=F("last_seq"))
    standing = client.get(ADDRESS, headers=IN_JSON).json()
    assert (standing["unread"], standing["in_danger"]) == (0, 1), "it is read, and nobody has dealt with it"
    DangerMark.objects.update(dealt_seq=grave.last_seq)
    for one in (calm, grave):
        make.message(one, "je suis là", author=Author.AGENT)
    with CaptureQueriesContext(connection) as queries:
        client.get(ADDRESS, headers=IN_JSON)
    assert not any("sealed_body" in query["sql"] for query in queries), "nothing is read where nothing is new"


def test_beat_of_another_page_names_each_message_of_danger():
    """A second one of the same exchange changed no count, and no page said it."""
    agent = make.agent()
    grave = make.assigned(agent)
    client = signed_in(agent.user)
    told = []
    for _each in range(2):
        make.message(grave, "je veux mourir")
        told.append(client.get(ADDRESS, headers=IN_JSON).json())
    grave.refresh_from_db()
    assert [one["in_danger"] for one in told] == [1, 1]
    assert [one["dangers"] for one in told] == [[f"1:{grave.last_seq - 1}"], [f"1:{grave.last_seq}"]]


def test_beat_of_another_page_tells_of_a_promise_that_is_late_and_of_who_waits_too_long():
    agent = make.agent(capacity=4)
    promised, slow, in_time = make.assigned(agent), make.assigned(agent), make.assigned(agent)
    promise_return(conversation_id=promised.pk, minutes=5, by=agent.user)
    for one in (slow, in_time, promised):
        make.message(one, "vous êtes là ?")
    Conversation.objects.update(agent_read_seq=F("last_seq"))
    client = signed_in(agent.user)
    told = client.get(ADDRESS, headers=IN_JSON).json()
    assert (told["unread"], told["late"], told["promises"]) == (0, 0, 0)
    slow.messages.update(sent_at=make.long_ago(30))
    promised.messages.update(sent_at=make.long_ago(30))
    Hold.objects.update(held_at=make.long_ago(9), until=make.long_ago(4))
    Conversation.objects.update(assigned_at=make.long_ago(31))
    told = client.get(ADDRESS, headers=IN_JSON).json()
    assert (told["unread"], told["late"], told["promises"]) == (0, 1, 1), "who was promised a return is counted once"
    frame = client.get(ADDRESS).text
    assert frame.count("promesse dépassée") == 1 and frame.count("délai de réponse dépassé") == 1
    words = ("promesse dépassée", "délai de réponse dépassé", "Présent, vérifié à")
    assert max(map(frame.index, words)) == frame.index(words[-1]), "a telephone shows the first lines of the frame"
    for one in (slow, in_time, promised):
        make.message(one, "je suis là", author=Author.AGENT)
    with CaptureQueriesContext(connection) as queries:
        told = client.get(ADDRESS, headers=IN_JSON).json()
    assert (told["late"], told["promises"]) == (0, 0)
    assert not any("sealed_body" in query["sql"] for query in queries), "nothing is read where nobody waits"


def test_beat_of_another_page_tells_of_a_promise_that_is_late_although_the_agent_wrote_last():
    """A macro promises and sends its reply at once, which ends nothing: then the last words are the agent's."""
    agent = make.agent()
    promised = make.assigned(agent)
    promise_return(conversation_id=promised.pk, minutes=5, by=agent.user, spares_reply=True)
    make.message(promised, "je reviens", author=Author.AGENT)
    then = make.long_ago(9)
    promised.messages.update(sent_at=then)
    Hold.objects.update(held_at=then, until=make.long_ago(4))
    Conversation.objects.update(agent_read_seq=F("last_seq"), assigned_at=make.long_ago(10))
    assert signed_in(agent.user).get(ADDRESS, headers=IN_JSON).json()["promises"] == 1


@pytest.mark.parametrize("kept", [True, False])
def test_open_page_is_use_of_the_session_only_while_somebody_depends_on_it(kept):
    agent = make.agent(availability=Availability.AVAILABLE if kept else Availability.AWAY)
    client = signed_in(agent.user)
    session = client.session
    begin_shift(session)
    session.save()
    soon = timezone.now() + timedelta(minutes=2)
    Session.objects.update(expire_date=soon)
    client.get(ADDRESS, headers=IN_JSON)
    assert (Session.objects.get().expire_date > soon) == kept


@pytest.mark.parametrize(
    "path", ["/levees/", "/compte/2fa/", "/parametres-affichage/", "/accessibilite/", "/console/prendre-soin/"]
)
def test_every_page_of_an_agent_keeps_the_lease_with_and_without_a_script(path):
    agent = make.agent()
    html = signed_in(agent.user).get(path).text
    assert html.count('id="presence"') == 1 and "pnav/staff/presence.js" in html
    assert '<noscript><iframe class="pnav-presence__frame" src="/console/presence/"' in html


def test_page_that_is_not_there_keeps_it_too_and_asks_nothing_for_it():
    html = signed_in(make.agent().user).get("/levees/nulle-part/").text
    assert html.count('id="presence"') == 1


def test_every_page_that_the_menus_lead_to_keeps_it_too():
    """They are followed from the console on, as a supervisor; what signs out is left out.

    That such pages beat is seen in a browser (tests/browser/test_presence.py), of one page of each part.
    """
    client = signed_in(make.agent(role=Role.SUPERVISOR).user)
    found = ["/console/"]
    for path in found:  # the list grows meanwhile
        page = html5lib.parse(client.get(path).text, namespaceHTMLElements=False)
        assert path == "/console/" or page.findall(".//*[@id='presence']"), path
        assert page.findall(f".//noscript/iframe[@src='{ADDRESS}']"), path
        menu = page.findall(".//nav[@class='console-top__nav']//a")
        addresses = [urlsplit(link.get("href", "")).path for link in menu]
        found += [one for one in dict.fromkeys(addresses) if one not in found and "logout" not in one]
    assert len(found) >= 12, found


@pytest.mark.parametrize("path", ["/levees/", "/compte/2fa/"])
def test_request_outside_the_console_renews_the_lease(path):
    agent = make.agent()
    client = signed_in(agent.user)
    late(agent, 30)
    client.get(path)
    assert is_fresh(agent)


def test_frame_of_a_page_without_scripts_says_that_the_session_has_ended(client):
    """The sign-in page, to which other requests are led, may stand in no frame."""
    answer = client.get(ADDRESS, headers={"Sec-Fetch-Dest": "iframe"})
    assert answer.status_code == 403 and answer["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in answer["Content-Security-Policy"]
    told = squeezed(answer.text)
    assert "Votre session a pris fin : cette page ne garde plus vos échanges." in told.replace("\xa0", " ")
    assert f'<a target="_top" href="{reverse("account_login")}?next={reverse("console:home")}">' in told
    assert "refresh" not in answer.text  # nothing would change
    led = client.get(ADDRESS, headers={"Sec-Fetch-Dest": "document"})
    assert led.status_code == 302 and led["Location"].startswith(reverse("account_login"))


def test_console_s_screen_has_its_own_line():
    html = signed_in(make.agent().user).get("/console/").text
    assert 'id="presence"' not in html and "pnav-presence__frame" in html


def test_visitors_and_other_accounts_have_none_of_it_and_it_costs_them_nothing(client):
    with CaptureQueriesContext(connection) as before:
        html = client.get("/accessibilite/").text
    assert "presence" not in html and not any("accounts_user" in query["sql"] for query in before.captured_queries)
    custodian = make.agent(role=Role.CUSTODIAN)
    assert 'id="presence"' not in signed_in(custodian.user).get("/levees/").text

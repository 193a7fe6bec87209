"""Which exchanges an agent lost while away, when, and to whom, until the agent has read it."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection, transaction
from django.utils import timezone

from chat.conversations import actions, dispatcher, losses
from chat.models import Agent, Conversation, ConversationEvent, EventKind
from chat.rules.lifecycle import Author, Status
from pnav.accounts.models import Role
from tests.chat.console.agents import signed_in
from tests.factories import chat as make
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db


def away(agent: Agent, seconds: float = 95) -> int:
    """Let their lease end, and the worker take back what they had."""
    Agent.objects.filter(pk=agent.pk).update(seen_at=timezone.now() - timedelta(seconds=seconds))
    return dispatcher.release_stale()


def back(agent: Agent) -> losses.Absence | None:
    actions.agents_seen(agent_ids=[agent.pk])
    Agent.objects.filter(pk=agent.pk).update(availability="available")  # as the agent says after coming back
    agent.refresh_from_db()
    return losses.unread_losses(agent, timezone.now())


def lost_on_the_page(agent: Agent) -> tuple[str, str]:
    """Return what the notice of the console says while it is folded, and what it says below that when it is not."""
    html = squeezed(signed_in(agent.user).get("/console/").text)
    notice = html[html.index('id="partis"') :]
    title, _between, below = notice[notice.index("<details") :].partition("</summary>")
    return title, below.partition("</details>")[0]


def test_return_says_how_long_and_which_and_who_has_them():
    agent, colleague = make.agent(), make.agent(public_name="Louise")
    first, second = make.assigned(agent, postal_code="93200"), make.assigned(agent, postal_code="33000")
    kept = make.assigned(colleague)
    assert away(agent) == 2
    assert dispatcher.claim_conversation(conversation_id=second.pk, agent_id=colleague.pk, now=timezone.now())
    absence = back(agent)
    assert absence is not None and absence.lasted == "1 min 35" and absence.count == 2
    assert [(line.conversation.pk, line.where, line.url_name) for line in absence.lines] == [
        (first.pk, "dans la file d'attente", ""),
        (second.pk, "avec Louise, police nationale", ""),
    ]
    assert kept.pk not in {line.conversation.pk for line in absence.lines}


def test_most_urgent_of_what_was_lost_is_said_first():
    """Of three, the last one was below the foot of the notice, also where a minor was in danger."""
    agent = make.agent(capacity=10)
    calm, high, other = (make.assigned(agent, urgency=urgency) for urgency in (0, 1, 0))
    away(agent)
    absence = back(agent)
    assert absence is not None
    assert [line.conversation.pk for line in absence.lines] == [high.pk, calm.pk, other.pk]


def test_disclosure_is_asked_for_of_what_nobody_has_by_now():
    agent, colleague = make.agent(), make.agent(public_name="Louise")
    first, second = make.assigned(agent, postal_code="93200"), make.assigned(agent, postal_code="33000")
    away(agent)
    assert dispatcher.claim_conversation(conversation_id=second.pk, agent_id=colleague.pk, now=timezone.now())
    absence = back(agent)
    assert absence is not None
    assert {line.conversation.pk: line.may_ask for line in absence.lines} == {first.pk: True, second.pk: False}
    page = signed_in(agent.user).get("/console/").text
    assert f"/console/echange/{first.public_id}/levee/" in page
    assert f"/console/echange/{second.public_id}/levee/" not in page


def test_what_came_back_is_one_press_away_and_what_a_supervisor_may_see_too():
    chief = make.agent(role=Role.SUPERVISOR, unit_name="Ici")
    colleague = make.agent(public_name="Louise", unit_name="Ici")
    again, other = make.assigned(chief), make.assigned(chief)
    away(chief)
    now = timezone.now()
    assert dispatcher.claim_conversation(conversation_id=other.pk, agent_id=colleague.pk, now=now)
    actions.agents_seen(agent_ids=[chief.pk])
    actions.set_availability(agent_id=chief.pk, availability="available")
    assert dispatcher.claim_conversation(conversation_id=again.pk, agent_id=chief.pk, now=now)
    chief.refresh_from_db()
    absence = losses.unread_losses(chief, timezone.now())
    assert {line.conversation.pk: line.url_name for line in absence.lines} == {
        again.pk: "console:conversation",
        other.pk: "console:watched",
    }
    assert {line.conversation.pk: line.where for line in absence.lines}[again.pk] == "de nouveau avec vous"


def test_console_says_it_until_it_is_read_without_a_script_too():
    agent = make.agent()
    make.message(make.assigned(agent), "un mot privé")
    away(agent)
    client = signed_in(agent.user)
    for _each in range(2):
        html = client.get("/console/").content.decode()
        assert "Vous étiez sans console 1 min 3" in html and "1 échange est reparti dans la file" in html
        assert "93200" in html and "un mot privé" not in html
    until = re.search(r'name="until" value="([^"]+)"', html)[1]
    assert client.post("/console/absence/lue/", {"until": until}).url == "/console/"
    assert "sans console" not in client.get("/console/").content.decode()


def test_of_who_gave_no_place_the_list_says_so():
    """Two people in danger were two lines that began with a dash, and nothing told which was which kind of person."""
    agent = make.agent()
    for each in ("93200", "", ""):
        make.assigned(agent, postal_code=each, municipality=None)
    away(agent)
    _title, fold = lost_on_the_page(agent)
    assert re.findall(r"<li> ?<strong>([^<]*)</strong>", fold).count("lieu inconnu") == 2
    assert "<strong></strong>" not in fold


def test_folded_notice_says_how_many_when_and_where_they_are():
    """Unfolded for up to three, it took 240 of the 500 px of the list. Who never opens it knows what came back."""
    agent = make.agent()
    again, _other = make.assigned(agent), make.assigned(agent)
    away(agent)
    back(agent)
    assert dispatcher.claim_conversation(conversation_id=again.pk, agent_id=agent.pk, now=timezone.now())
    title, below = lost_on_the_page(agent)
    assert title.startswith('<details id="partis-liste">') and "2 échanges repartis dans la file" in title
    assert re.search(r"\d\d:\d\d à \d\d:\d\d\s: 1 de nouveau avec vous, 1 y attend", title)
    assert "2 échanges sont repartis dans la file (1 de nouveau avec vous, 1 y attend)" in below
    several = make.agent(capacity=4)
    for _each in range(4):
        make.assigned(several)
    away(several)
    back(several)
    title, below = lost_on_the_page(several)
    assert title.startswith('<details id="partis-liste">') and ": 4 y attendent" in title.replace("\u00a0", " ")
    assert "4 échanges sont repartis dans la file (4 y attendent)" in below
    alone = make.agent()
    make.assigned(alone)
    away(alone)
    back(alone)
    title, below = lost_on_the_page(alone)
    assert "1 échange reparti dans la file" in title and "1 y attend" in title and "93200" not in title
    assert "93200" in below and "Lever l'anonymat" in below


def test_every_place_is_counted():
    agent, colleague = make.agent(capacity=9), make.agent()
    lost = [make.assigned(agent) for _each in range(6)]
    away(agent)
    back(agent)
    now = timezone.now()
    held = {"status": Status.ACTIVE, "assigned_at": now}
    theirs = {**held, "assigned_to": colleague}
    mine = {**held, "assigned_to": agent}
    ended = {**theirs, "status": Status.CLOSED, "closed_at": now}
    for conversation, fields in zip(lost, (theirs, theirs, mine, ended, {"status": Status.ABANDONED}), strict=False):
        Conversation.objects.filter(pk=conversation.pk).update(**fields)
    absence = losses.unread_losses(agent, timezone.now())
    assert absence.count == 6
    assert absence.places == [
        "1 de nouveau avec vous",
        "2 avec des collègues",
        "1 y attend",
        "1 terminé",
        "1 abandonné",
    ]


def test_what_was_lost_twice_is_counted_once():
    agent = make.agent()
    conversation = make.assigned(agent)
    away(agent)
    back(agent)
    assert dispatcher.claim_conversation(conversation_id=conversation.pk, agent_id=agent.pk, now=timezone.now())
    away(agent)
    absence = back(agent)
    assert (absence.count, len(absence.lines), absence.places) == (1, 1, ["1 y attend"])


def test_two_absences_with_work_between_are_not_told_as_one_long_one():
    agent = make.agent()
    make.assigned(agent)
    away(agent)
    assert back(agent).times == 1
    make.assigned(agent)
    away(agent)
    absence = back(agent)
    assert (absence.times, absence.count) == (2, 2)
    _title, below = lost_on_the_page(agent)
    assert "Vous étiez sans console 2 fois entre " in below and "sans console 1 min" not in below


def test_each_of_several_absences_says_how_many_it_lost_and_when():
    agent, at = make.agent(capacity=4), timezone.now().replace(second=0, microsecond=0)
    for minutes, number in ((40, 2), (10, 1)):
        lost = [make.assigned(agent) for _each in range(number)]
        away(agent)
        back(agent)
        went = at - timedelta(minutes=minutes)
        given = ConversationEvent.objects.filter(conversation__in=lost)
        given.filter(kind=EventKind.ASSIGNED).update(at=went - timedelta(minutes=5))
        given.filter(kind=EventKind.RELEASED).update(at=went)
    Agent.objects.filter(pk=agent.pk).update(absent_from=at - timedelta(minutes=42))
    first, second = (timezone.localtime(at - timedelta(minutes=minutes)).strftime("%H:%M") for minutes in (40, 10))
    title, below = lost_on_the_page(agent)
    assert "2 fois, " in title
    assert re.search(rf"sont repartis dans la file \(2 à {first}, 1 à {second}\s; 3 y attendent\)", below)


def test_absence_that_lost_only_what_was_held_since_before_counts_as_one_of_its_own():
    """A page saw no sign of the agent and gave back whom nobody had looked at. The others stayed, until they left."""
    agent = make.agent(capacity=4)
    held = make.assigned(agent)
    make.message(held, "mot", author=Author.AGENT)
    Agent.objects.update(sign_at=timezone.now())
    last_sign = timezone.now()
    new = make.assigned(agent)
    later = timezone.now() + timedelta(minutes=6)
    with transaction.atomic():
        assert dispatcher.release_unopened(agent, since=last_sign, now=timezone.now()) == 1
    losses.record_losses(returns=[(agent.pk, last_sign, later)])
    assert away(agent) == 1
    absence = back(agent)
    assert {line.conversation.pk for line in absence.lines} == {held.pk, new.pk}
    assert (absence.times, absence.is_idle, absence.is_mixed) == (2, False, True)
    _title, below = lost_on_the_page(agent)
    assert "Sans console ou sans signe de vous, 2 fois entre " in below and "Vous étiez sans console" not in below


def test_all_who_are_back_at_once_are_told_by_one_statement_each_of_their_own_losses(monkeypatch):
    """After an outage everybody is back in one moment: statements for each of them held up who connects after them."""
    lost, before, none = make.agent(), make.agent(public_name="Louise"), make.agent(public_name="Sami")
    make.assigned(before)
    away(before)
    earlier = back(before)
    for agent in (lost, before):
        make.assigned(agent)
    make.waiting()
    Agent.objects.update(seen_at=timezone.now() - timedelta(seconds=95))
    assert dispatcher.release_stale() == 2
    Agent.objects.filter(pk=none.pk).update(seen_at=timezone.now() - timedelta(seconds=95))
    statements = []
    fetch_rows = losses.fetch_rows
    monkeypatch.setattr(losses, "fetch_rows", lambda sql, values: statements.append(sql) or fetch_rows(sql, values))
    actions.agents_seen(agent_ids=[lost.pk, before.pk, none.pk])
    assert len(statements) == 1
    for agent in (lost, before, none):
        agent.refresh_from_db()
    assert (none.absent_from, none.absent_until) == (None, None)
    assert earlier is not None and before.absent_from == earlier.absent_from, "what is unread is told with it"
    assert lost.absent_from > before.absent_from and lost.absent_until == before.absent_until


def test_where_they_are_is_said_with_its_hour():
    agent = make.agent()
    make.assigned(agent)
    away(agent)
    back(agent)
    _title, below = lost_on_the_page(agent)
    assert re.search(r"parti à \d\d:\d\d ; à \d\d:\d\d : dans la file d'attente", unescape(below))


def test_reading_an_older_page_does_not_hide_a_later_absence():
    agent = make.agent()
    make.assigned(agent)
    away(agent)
    first = back(agent)
    make.assigned(agent)
    away(agent)
    second = back(agent)
    assert (first.count, second.count) == (1, 2)
    assert second.absent_from == first.absent_from and second.absent_until > first.absent_until
    losses.mark_read(agent_id=agent.pk, until=first.absent_until)
    agent.refresh_from_db()
    assert losses.unread_losses(agent, timezone.now()).count == 2
    losses.mark_read(agent_id=agent.pk, until=second.absent_until)
    agent.refresh_from_db()
    assert losses.unread_losses(agent, timezone.now()) is None


@pytest.mark.parametrize("situation", ["nobody lost", "passed on", "ended", "lease never over"])
def test_nothing_is_said_of_what_was_not_lost(situation):
    agent = make.agent()
    if situation == "ended":
        make.closed(agent)
    elif situation == "passed on":
        conversation = make.assigned(agent)
        other = make.agent()
        Conversation.objects.filter(pk=conversation.pk).update(assigned_to=other)
        conversation.events.create(kind="assigned", at=timezone.now(), by=other.user)
    away(agent, 20 if situation == "lease never over" else 95)
    assert back(agent) is None
    assert agent.absent_from is None


def test_first_day_and_absence_of_a_night_say_nothing():
    agent = make.agent(present=False)
    assert back(agent) is None
    make.assigned(agent)
    away(agent, 14 * 3600)
    assert back(agent) is None


def test_normal_page_asks_nothing(django_assert_num_queries):
    agent = make.agent()
    with django_assert_num_queries(0):
        assert losses.unread_losses(agent, timezone.now()) is None


def test_list_is_bounded_and_says_how_many():
    agent = make.agent(capacity=10)
    for _round in range(3):
        for _each in range(8):
            make.assigned(agent)
        away(agent)
        absence = back(agent)
    assert absence.count == 24 and len(absence.lines) == losses.SHOWN_AT_MOST == 20
    assert absence.places == ["24 y attendent"]


def test_outage_of_everything_is_a_loss_like_any_other():
    """Nobody could beat; the worker took everything back; two agents return at once."""
    agents = [make.agent(), make.agent()]
    for agent in agents:
        make.message(make.assigned(agent), "mot", author=Author.AGENT)
    Agent.objects.update(seen_at=timezone.now() - timedelta(seconds=75))
    assert dispatcher.release_stale() == 2
    actions.agents_seen(agent_ids=[agent.pk for agent in agents])
    for agent in agents:
        agent.refresh_from_db()
        assert losses.unread_losses(agent, timezone.now()).count == 1


def test_looking_for_losses_reads_by_the_index_of_what_was_given_also_by_the_plan_for_any_values():
    """PostgreSQL takes that plan after five calls. By it all that the agents had ever done was read, each time."""
    agent = make.agent()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # with so few rows, PostgreSQL would read the whole table
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        losses.record_losses(returns=[(agent.pk, timezone.now() - timedelta(minutes=5), timezone.now())])
        own = "SELECT name, cardinality(parameter_types) FROM pg_prepared_statements WHERE statement LIKE %s"
        cursor.execute(own, ["%WITH back AS%"])
        ((name, number),) = cursor.fetchall()
        cursor.execute(f'EXPLAIN EXECUTE "{name}" ({", ".join(["NULL"] * number)})')
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "event_given" in plan, plan

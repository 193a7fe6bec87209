"""Arrivals that look alike are shown as a group, asked for a word, and closed together. No real person waits
for them.
"""

import re
import uuid
from datetime import timedelta
from html import unescape

import pytest
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.test import Client

from chat.conversations import actions, dispatcher, lookalikes, resume, waiting_list
from chat.journal.actions import note_fact
from chat.journal.facts import Told
from chat.models import Agent, ArrivalGroup, Conversation, ConversationEvent, DangerMark, EventKind
from chat.rules.lifecycle import Author, Outcome, Status
from common import clock
from pnav.accounts.models import Role
from reports import texts as report_texts
from reports.audit import wording as audit_wording
from reports.forms import AddedForm
from reports.models import AccessKind, AccessRecord, Fact, Platform, Report
from tests.chat.console.agents import CONSOLE, signed_in
from tests.chat.conversations.test_actions import in_threads
from tests.chat.sockets import visit
from tests.factories import captures as make_captures
from tests.factories import chat as make
from tests.reports.test_choices import FOR_CUSTODIANS, NOT_TICKED
from tests.support.reading import squeezed
from triage.rules import Urgency

pytestmark = pytest.mark.django_db

HELPED_CHILD = {"danger": "no", "who": "helper", "helped": "relative_15_17"}
HELPED_ADULT = {"danger": "no", "who": "helper", "helped": "relative_adult"}


def raid(count: int = 20, minutes: float = 5, **fields) -> list[Conversation]:
    """Return so many arrivals of one place, two seconds apart, that have said nothing."""
    first = make.long_ago(minutes)
    return [make.waiting(queued_at=first + timedelta(seconds=2 * each), **fields) for each in range(count)]


def marked() -> set[int]:
    return set(Conversation.objects.filter(lookalike_group__isnull=False).values_list("pk", flat=True))


def answer_time_passes() -> None:
    """Let ANSWER_TIME pass for whoever was asked; all of them are still there."""
    now = clock.now()
    Conversation.objects.filter(lookalike_asked_at__isnull=False).update(
        lookalike_asked_at=now - lookalikes.ANSWER_TIME - timedelta(seconds=1), reporter_seen_at=now
    )


def only_group() -> ArrivalGroup:
    return ArrivalGroup.objects.get()


# --- finding ----------------------------------------------------------------------------------------------------------


def test_twenty_alike_are_one_group_and_others_are_not_in_it():
    people = raid()
    elsewhere = make.waiting(postal_code="35000", queued_at=make.long_ago(5))
    facts = make.waiting(facts=["threats"], queued_at=make.long_ago(5))
    spoke = make.waiting(queued_at=make.long_ago(5))
    make.message(spoke, "il est devant ma porte")
    minor = make.waiting(age_band="under_15", queued_at=make.long_ago(5))
    assert lookalikes.mark_lookalikes() == 20
    assert marked() == {one.pk for one in people}
    assert not marked() & {elsewhere.pk, facts.pk, spoke.pk, minor.pk}
    (shown,) = lookalikes.waiting_groups(clock.now())
    assert (shown.count, shown.here, shown.seconds, shown.group.place) == (20, 20, 38, "93200")
    assert lookalikes.mark_lookalikes() == 0  # each group is marked once


def test_autre_chose_is_no_fact():
    """The orientation asks everybody who is safe what it is about: a raid that says nothing answers that."""
    people = raid(12, facts=["other"])
    assert lookalikes.mark_lookalikes() == 12
    assert lookalikes.waiting_groups(clock.now())[0].count == 12
    Report.objects.filter(pk=people[3].report_id).update(facts=["other", "threats"])
    lookalikes.mark_lookalikes()
    assert len(marked()) == 11 and people[3].pk not in marked()


def test_telephone_that_follows_from_the_orientation_is_no_answer():
    """Whoever answers « Des SMS non voulus » and wants to talk all the same has this tick, and touched nothing."""
    people = raid(12, platforms=["phone"])
    assert lookalikes.mark_lookalikes() == 12
    Report.objects.filter(pk=people[3].report_id).update(platforms=["phone", "social"])
    lookalikes.mark_lookalikes()
    assert len(marked()) == 11 and people[3].pk not in marked()


def test_nine_are_no_group():
    raid(9)
    assert lookalikes.mark_lookalikes() == 0 and not ArrivalGroup.objects.exists()


def test_later_ones_join_the_group_and_an_old_group_takes_nobody():
    raid(12, minutes=5)
    lookalikes.mark_lookalikes()
    late = make.waiting(queued_at=make.long_ago(4.5))
    lookalikes.mark_lookalikes()
    assert late.pk in marked() and ArrivalGroup.objects.count() == 1
    ArrivalGroup.objects.update(last_at=make.long_ago(11))
    raid(12, minutes=2)
    lookalikes.mark_lookalikes()
    assert ArrivalGroup.objects.count() == 2


@pytest.mark.parametrize("how", ["message", "fact", "since", "hope", "journal", "capture"])
def test_whoever_says_something_is_one_of_many_no_more(how):
    people = raid(facts=["other"])
    lookalikes.mark_lookalikes()
    real = people[7]
    if how == "message":
        make.message(real, "aidez-moi")
    elif how == "journal":
        note_fact(conversation_id=real.pk, public_id=uuid.uuid4(), told=Told("Un mot"))
    elif how == "capture":
        make_captures.received(real)
    else:
        told = {"fact": {"facts": ["threats"]}, "since": {"since": "week"}, "hope": {"expectations": ["advice"]}}
        Report.objects.filter(pk=real.report_id).update(**told[how])
    lookalikes.mark_lookalikes()
    real.refresh_from_db()
    assert (real.lookalike_group, real.is_crowded) == (None, False)
    assert len(marked()) == 19


FILLED_BY_THE_ORIENTATION = {("facts", Fact.OTHER), ("platforms", Platform.PHONE)}
TICKED = [
    (name, value)
    for name in AddedForm.TOUCHED
    for value in report_texts.OPTIONS[name]
    if (name, value) not in FILLED_BY_THE_ORIENTATION
]
TYPED = [(f"{name}_sealed", b"words") for name in sorted(NOT_TICKED - FOR_CUSTODIANS)]


@pytest.mark.parametrize(("name", "value"), TICKED + TYPED)
def test_every_answer_that_may_be_added_to_the_report_is_an_answer(name, value):
    """A new field that is not looked at would let the group be closed over whoever answered it alone."""
    person = make.waiting()
    assert lookalikes._silent(Conversation.objects.all()).exists()
    is_list = isinstance(Report._meta.get_field(name), ArrayField)
    Report.objects.filter(pk=person.report_id).update(**{name: [value] if is_list else value})
    assert not lookalikes._silent(Conversation.objects.all()).exists()


def test_crowded_network_stays_marked_when_its_person_speaks():
    people = raid(is_crowded=True)
    lookalikes.mark_lookalikes()
    make.message(people[0], "aidez-moi")
    lookalikes.mark_lookalikes()
    people[0].refresh_from_db()
    assert (people[0].lookalike_group, people[0].is_crowded) == (None, True)


def test_group_is_forgotten_a_day_after_its_last_arrival():
    raid()
    lookalikes.mark_lookalikes()
    ArrivalGroup.objects.update(last_at=make.long_ago(24 * 60 + 1))
    Conversation.objects.update(status=Status.ABANDONED)
    lookalikes.mark_lookalikes()
    assert not ArrivalGroup.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_workers_side_by_side_make_one_mark_for_each():
    raid()
    in_threads(2, lambda _index: lookalikes.mark_lookalikes())
    assert len(marked()) == 20
    groups = set(Conversation.objects.values_list("lookalike_group", flat=True))
    assert groups <= set(ArrivalGroup.objects.values_list("public_id", flat=True))


def test_group_that_is_marked_costs_no_more_statements_at_each_tick(django_assert_max_num_queries, monkeypatch):
    """A raid of which nobody says a word is looked at every two seconds. Those who have an agent are in no group."""
    people = raid()
    with_agent = {"status": Status.ACTIVE, "assigned_to": make.agent(), "assigned_at": clock.now()}
    Conversation.objects.filter(pk=people[0].pk).update(**with_agent)
    lookalikes.mark_lookalikes()
    with monkeypatch.context() as patched, django_assert_max_num_queries(7):
        patched.setattr(lookalikes, "_mark", None)
        assert lookalikes.mark_lookalikes() == 0
    raid(1)
    assert lookalikes.mark_lookalikes() == 1


def test_where_nobody_is_in_a_group_nobody_is_let_go(monkeypatch):
    raid(2)
    monkeypatch.setattr(lookalikes, "_let_go", None)
    assert lookalikes.mark_lookalikes() == 0


def test_queries_do_not_grow_with_the_raid(django_assert_max_num_queries):
    raid(60)
    with django_assert_max_num_queries(16):
        lookalikes.mark_lookalikes()
    now = clock.now()
    with django_assert_max_num_queries(2):
        lookalikes.waiting_groups(now)


# --- nobody real waits for them -----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_raid_takes_its_share_alone_and_a_real_one_is_not_delayed():
    """A raid that came before stands behind everybody but for its share: one of them."""
    raid(urgency=Urgency.NORMAL)
    lookalikes.mark_lookalikes()
    real = [make.waiting(postal_code="35000", queued_at=make.long_ago(1)) for _each in range(3)]
    for capacity in (2, 2):
        make.agent(capacity=capacity)
    dispatcher.dispatch()
    given = set(Conversation.objects.filter(status=Status.ACTIVE).values_list("pk", flat=True))
    assert {one.pk for one in real} <= given
    assert len(given - {one.pk for one in real}) == 1


def test_who_is_in_danger_keeps_their_turn_among_those_who_look_alike():
    """They are shown as a group; a real one among them has said no more than the others (ADR 0053, `make siege`)."""
    people = raid(urgency=Urgency.CRITICAL)
    lookalikes.mark_lookalikes()
    rows = Conversation.objects.filter(pk__in=[one.pk for one in people])
    assert set(rows.values_list("is_crowded", flat=True)) == {False}
    assert rows.filter(lookalike_group__isnull=False).count() == len(people)
    (shown,) = lookalikes.waiting_groups(clock.now())
    assert shown.count == shown.critical == len(people)
    told = {True: "20 se disent en danger, et gardent leur tour.", False: "ne retardent personne"}
    client = signed_in(make.agent(role=Role.SUPERVISOR).user)
    for path in ("tableau/", f"semblables/{only_group().public_id}/"):
        page = squeezed(unescape(client.get(CONSOLE + path).text))
        assert {is_told: words in page for is_told, words in told.items()} == {True: True, False: False}, path


def test_somebody_in_danger_who_waits_stands_before_a_group_on_the_board():
    raid()
    lookalikes.mark_lookalikes()
    lost = make.waiting(postal_code="35000")
    make.message(lost, "Je veux mourir.")
    DangerMark.objects.create(conversation=lost, seqs=[1])
    page = unescape(signed_in(make.agent(role=Role.SUPERVISOR).user).get(CONSOLE + "tableau/").text)
    alerts = page[page.index("data-alerts") :]
    assert alerts.index("mots de suicide ou de danger, et n'a pas d'agent") < alerts.index("arrivées semblables")


@pytest.mark.django_db(transaction=True)
def test_real_one_in_the_raid_has_their_turn_with_their_first_word():
    agent = make.agent(capacity=2)
    busy = [make.assigned(agent), make.assigned(agent)]
    people = raid()
    lookalikes.mark_lookalikes()
    behind = make.waiting(postal_code="35000", queued_at=make.long_ago(1))
    real = people[3]
    make.message(real, "c'est vrai, pour moi")
    lookalikes.mark_lookalikes()
    ended = {"status": Status.CLOSED, "closed_at": clock.now(), "outcome": Outcome.OTHER}
    Conversation.objects.filter(pk__in=[one.pk for one in busy]).update(**ended)
    dispatcher.dispatch()
    real.refresh_from_db()
    behind.refresh_from_db()
    # One place is the share of the raid, and the other is theirs, because they came before the one behind them.
    assert (real.status, behind.status) == (Status.ACTIVE, Status.WAITING)


# --- taken and closed ---------------------------------------------------------------------------------------------


def lines(conversation: Conversation) -> list[str]:
    return [message.body for message in conversation.messages.filter(author=Author.SYSTEM)]


def test_group_is_asked_for_a_word_once_and_in_each_persons_voice():
    grown = raid(12)
    lookalikes.mark_lookalikes()
    agent, colleague = make.agent(public_name="Camille"), make.agent(public_name="Louise")
    assert lookalikes.take_group(public_id=only_group().public_id, by=agent) == 12
    assert lookalikes.take_group(public_id=only_group().public_id, by=colleague) == 0
    assert only_group().taken_by == agent
    [said] = lines(grown[0])
    assert said.startswith("Beaucoup de demandes semblables") and "vous arrive" in said
    (shown,) = lookalikes.waiting_groups(clock.now())
    assert (shown.asked, shown.due) == (12, 0)


def test_who_ticks_a_fact_while_the_group_is_locked_is_not_asked(monkeypatch):
    people = raid(12)
    lookalikes.mark_lookalikes()
    silent, calls = lookalikes._silent, []

    def ticked_meanwhile(rows):
        calls.append(rows)
        if len(calls) == 2:  # the rows are locked, and the next statement sees what was committed until now
            Report.objects.filter(pk=people[0].report_id).update(facts=["threats"])
        return silent(rows)

    monkeypatch.setattr(lookalikes, "_silent", ticked_meanwhile)
    assert lookalikes.take_group(public_id=only_group().public_id, by=make.agent()) == 11
    assert lines(people[0]) == [] and len(lines(people[1])) == 1


def test_minor_is_asked_in_their_voice():
    people = raid(12, age_band="15_17")
    lookalikes.mark_lookalikes()
    lookalikes.take_group(public_id=only_group().public_id, by=make.agent())
    assert "t'arrive" in lines(people[0])[0].replace("’", "'")


@pytest.mark.parametrize(
    ("fields", "is_familiar"),
    [
        ({"role": "relative", "age_band": "15_17", "answers": HELPED_CHILD}, False),
        ({"role": "relative", "age_band": "adult", "answers": HELPED_ADULT | {"own_age": "minor"}}, True),
    ],
)
def test_who_helps_is_asked_and_closed_in_their_own_voice(fields, is_familiar):
    people = raid(12, **fields)
    lookalikes.mark_lookalikes()
    agent, group = make.agent(), only_group()
    lookalikes.take_group(public_id=group.public_id, by=agent)
    answer_time_passes()
    lookalikes.close_group(public_id=group.public_id, by=agent, motive="raid")
    said = lines(people[0])
    assert len(said) == 2
    for line in said:
        assert bool(re.search(r"\bt(u|e|on|a|es)\b|\bt['’]", line)) is is_familiar, line
        assert bool(re.search(r"\bv(ous|otre|os)\b", line, re.IGNORECASE)) is not is_familiar, line


def test_group_is_closed_with_one_motive_and_a_line_of_the_register_for_each():
    people = raid()
    lookalikes.mark_lookalikes()
    agent, group = make.agent(), only_group()
    lookalikes.take_group(public_id=group.public_id, by=agent)
    make.message(people[5], "je suis là, aidez-moi")
    Report.objects.filter(pk=people[6].report_id).update(facts=["threats"])
    Report.objects.filter(pk=people[7].report_id).update(platforms=["social"])
    answer_time_passes()
    assert lookalikes.close_group(public_id=group.public_id, by=agent, motive="raid depuis un salon") == 17
    for one in people:
        one.refresh_from_db()
    ended = [one for one in people if one.status == Status.CLOSED]
    assert len(ended) == 17 and {people[each].status for each in (5, 6, 7)} == {Status.WAITING}
    assert {(one.closed_by, one.outcome) for one in ended} == {(Author.AGENT, Outcome.OTHER)}
    assert lines(ended[0])[-1].startswith("Fin de l'échange, avec d'autres demandes semblables")
    records = AccessRecord.objects.filter(kind=AccessKind.GROUP_CLOSED)
    assert {line.subject for line in records} == {str(one.public_id) for one in ended}
    assert {(line.motive, line.account_id) for line in records} == {("raid depuis un salon", agent.user_id)}
    assert audit_wording.in_words(AccessKind.GROUP_CLOSED, records[0].detail) == "17 échanges terminés ensemble"
    events = ConversationEvent.objects.filter(kind=EventKind.CLOSED, by=agent.user)
    assert events.count() == 17


def test_nobody_is_closed_who_was_not_asked_or_a_moment_ago():
    people = raid()
    lookalikes.mark_lookalikes()
    agent, group = make.agent(), only_group()
    with pytest.raises(lookalikes.TooSoon):
        lookalikes.close_group(public_id=group.public_id, by=agent, motive="raid")
    lookalikes.take_group(public_id=group.public_id, by=agent)
    with pytest.raises(lookalikes.TooSoon):
        lookalikes.close_group(public_id=group.public_id, by=agent, motive="raid")
    answer_time_passes()
    late = make.waiting(queued_at=make.long_ago(4.5))
    lookalikes.mark_lookalikes()
    lookalikes.close_group(public_id=group.public_id, by=agent, motive="raid")
    late.refresh_from_db()
    assert late.status == Status.WAITING and late.lookalike_group == group.public_id
    assert all(Conversation.objects.get(pk=one.pk).status == Status.CLOSED for one in people)


def test_who_is_in_danger_has_a_code_or_was_not_there_to_read_it_is_not_closed_with_the_others():
    people = raid()
    danger, coded, gone, left, hidden = people[:5]
    Conversation.objects.filter(pk=danger.pk).update(urgency=Urgency.CRITICAL)
    resume.issue_code(conversation_id=coded.pk)
    lookalikes.mark_lookalikes()
    agent, group = make.agent(), only_group()
    lookalikes.take_group(public_id=group.public_id, by=agent)
    answer_time_passes()
    Conversation.objects.filter(pk=gone.pk).update(reporter_seen_at=make.long_ago(10))
    Conversation.objects.filter(pk=left.pk).update(reporter_seen_at=make.long_ago(1))
    actions.reporters_seen(conversation_ids=[hidden.pk], hidden=[hidden.pk])
    (shown,) = lookalikes.waiting_groups(clock.now())
    assert (shown.asked, shown.due, shown.kept) == (20, 15, 5)
    assert (shown.kept_in_danger, shown.kept_with_code, shown.kept_unread) == (1, 1, 3)
    html = squeezed(unescape(signed_in(agent.user).get(f"{CONSOLE}semblables/{group.public_id}/").text))
    assert "5 personnes restent dans la file" in html and "1 se dit en danger." in html
    assert "1 a un code de reprise" in html and "3 n'avaient pas la page sous les yeux" in html
    assert lookalikes.close_group(public_id=group.public_id, by=agent, motive="raid") == 15
    with pytest.raises(lookalikes.TooSoon):
        lookalikes.close_group(public_id=group.public_id, by=agent, motive="raid")
    rows = Conversation.objects.filter(pk__in=[one.pk for one in people[:5]])
    assert {row.status for row in rows} == {Status.WAITING}
    assert rows.get(pk=coded.pk).has_code(clock.now())


@pytest.mark.parametrize("how", ["seen", "seen a moment too late", "in sight again", "revived", "waits, with a code"])
def test_whoever_comes_back_has_the_whole_time_to_answer(how, settings):
    settings.ABSENT_SECONDS = 900  # it may be longer than the time to answer
    people = raid(12)
    lookalikes.mark_lookalikes()
    agent, group = make.agent(), only_group()
    lookalikes.take_group(public_id=group.public_id, by=agent)
    answer_time_passes()
    away = Conversation.objects.filter(pk=people[0].pk)
    if how == "in sight again":
        actions.reporters_seen(conversation_ids=[people[0].pk], hidden=[people[0].pk])
        actions.reporters_seen(conversation_ids=[people[0].pk, people[1].pk])
    elif how.startswith("seen"):
        away.update(reporter_seen_at=make.long_ago(10 if how == "seen" else 1.2))
        actions.reporters_seen(conversation_ids=[people[0].pk, people[1].pk])
    else:
        if how == "revived":
            away.update(status=Status.ABANDONED)
        away.update(reporter_seen_at=make.long_ago(40))
        resume.revive_conversation(conversation_id=people[0].pk)
    (shown,) = lookalikes.waiting_groups(clock.now())
    assert (shown.count, shown.asked, shown.due, shown.kept) == (12, 12, 11, 0)
    answer_time_passes()
    assert lookalikes.waiting_groups(clock.now())[0].due == 12


def test_one_act_is_bounded(django_assert_max_num_queries, monkeypatch):
    raid(50)
    lookalikes.mark_lookalikes()
    agent, group = make.agent(), only_group()
    with django_assert_max_num_queries(120):
        assert lookalikes.take_group(public_id=group.public_id, by=agent) == lookalikes.AT_ONCE
    lookalikes.take_group(public_id=group.public_id, by=agent)
    answer_time_passes()
    with django_assert_max_num_queries(120):
        closed = lookalikes.close_group(public_id=group.public_id, by=agent, motive="raid")
    assert closed == lookalikes.AT_ONCE
    assert lookalikes.close_group(public_id=group.public_id, by=agent, motive="raid") == 50 - lookalikes.AT_ONCE


@pytest.mark.django_db(transaction=True)
def test_group_closed_twice_at_once_ends_each_exchange_once():
    raid()
    lookalikes.mark_lookalikes()
    agent, group = make.agent(), only_group()
    lookalikes.take_group(public_id=group.public_id, by=agent)
    answer_time_passes()

    def close(_index: int) -> int:
        try:
            return lookalikes.close_group(public_id=group.public_id, by=agent, motive="raid")
        except lookalikes.TooSoon:
            return 0

    assert sorted(in_threads(2, close)) == [0, 20]
    assert AccessRecord.objects.filter(kind=AccessKind.GROUP_CLOSED).count() == 20


def test_agent_who_is_given_one_of_them_reads_that_it_came_among_many():
    people = raid()
    lookalikes.mark_lookalikes()
    agent = make.agent()
    dispatcher.claim_conversation(conversation_id=people[0].pk, agent_id=agent.pk, now=clock.now())
    html = signed_in(agent.user).get(f"/console/echange/{people[0].public_id}/").text
    dossier = html[html.index("console-dossier") :]
    assert "Arrivée en même temps que beaucoup" in dossier and "signalements du même réseau en une heure" not in dossier


# --- pages --------------------------------------------------------------------------------------------------------


def test_queue_says_the_group_once_and_not_its_members():
    people = raid()
    lookalikes.mark_lookalikes()
    other = make.waiting(postal_code="35000")
    queue = waiting_list.read_waiting()
    assert [person.conversation for person in queue.people] == [other.public_id]
    assert (queue.total, queue.present, queue.apart) == (21, 21, 0)
    [group] = queue.frame(is_closed=False)["groups"]
    assert (group["count"], group["place"], group["seconds"], group["taken_by"]) == (20, "93200", 38, "")
    html = squeezed(signed_in(make.agent().user).get(CONSOLE).text)
    assert "20 arrivées semblables en 38 s" in html.replace("\xa0", " ").replace("\u202f", " ")
    assert str(people[0].public_id) not in html


def test_queue_says_how_many_of_a_group_say_that_they_are_in_danger():
    """They are in no other line of the queue. Eleven such people were a grey line like that of a raid."""
    raid(11, minutes=8, urgency=Urgency.CRITICAL, municipality=None, postal_code="")
    raid(15)
    lookalikes.mark_lookalikes()
    groups = waiting_list.read_waiting().frame(is_closed=False)["groups"]
    assert [(one["place"], one["count"], one["critical"]) for one in groups] == [
        ("lieu inconnu", 11, 11),
        ("93200", 15, 0),
    ]
    html = squeezed(signed_in(make.agent().user).get(CONSOLE).text).replace("\xa0", " ")
    shown = html[html.index('id="semblables"') : html.index('id="attente"')]
    groups = re.findall(r"<li [^>]*console-alike.*?</li>", shown)
    assert ["11 se disent en danger" in one for one in groups] == [True, False]


def test_group_is_taken_and_closed_by_its_page():
    raid()
    lookalikes.mark_lookalikes()
    agent = make.agent(public_name="Camille")
    client, address = signed_in(agent.user), f"{CONSOLE}semblables/{only_group().public_id}/"
    html = squeezed(client.get(address).text)
    assert "sans faits" in html and "Personne encore" in html and "Terminer 0" not in html
    assert "Prendre, et demander un mot" in html
    unasked = client.post(f"{address}terminer/", {"motive": "raid"})
    assert "demandez d&#x27;abord un mot, et laissez le temps de répondre" in unasked.text
    client.post(f"{address}prendre/")
    taken = squeezed(unescape(client.get(address).text))
    assert "Camille" in taken and "Un mot a déjà été demandé à chacune" in taken
    assert "Prendre, et demander un mot" not in taken, "it would ask nobody"
    early = client.post(f"{address}terminer/", {"motive": "raid"})
    assert "encore le temps de répondre" in early.text and "abord un mot" not in early.text
    assert "Personne encore" in early.text and "Actualiser" in early.text
    answer_time_passes()
    empty = client.post(f"{address}terminer/", {"motive": " "})
    assert "Écrivez pourquoi" in empty.text and 'aria-invalid="true"' in empty.text
    done = client.post(f"{address}terminer/", {"motive": "raid"}, follow=True)
    assert "20 échanges terminés ensemble" in done.text.replace("\xa0", " ").replace("\u202f", " ")
    assert done.redirect_chain[-1][0] == CONSOLE
    assert not Conversation.objects.filter(status=Status.WAITING).exists()
    gone = client.get(address, follow=True)
    assert "Plus personne n" in gone.text


def test_page_of_a_group_whose_people_are_all_kept_offers_no_waiting():
    """They had the time already; between the page and the press the last one may have become one of them."""
    people = raid(12)
    lookalikes.mark_lookalikes()
    agent, group = make.agent(), only_group()
    lookalikes.take_group(public_id=group.public_id, by=agent)
    answer_time_passes()
    Conversation.objects.filter(pk__in=[one.pk for one in people]).update(urgency=Urgency.CRITICAL)
    client, address = signed_in(agent.user), f"{CONSOLE}semblables/{group.public_id}/"
    late = client.post(f"{address}terminer/", {"motive": "raid"})
    for html in (client.get(address).text, late.text):
        said = squeezed(unescape(html))
        assert "12 se disent en danger." in said and "Personne encore" not in said and "Actualiser" not in said
    said = squeezed(unescape(late.text))
    assert "restent dans la file pour ce qui est dit plus bas" in said and "abord un mot" not in said


def test_person_who_was_closed_in_a_group_reads_how_to_come_back():
    people = raid(12)
    lookalikes.mark_lookalikes()
    agent, group = make.agent(), only_group()
    lookalikes.take_group(public_id=group.public_id, by=agent)
    answer_time_passes()
    lookalikes.close_group(public_id=group.public_id, by=agent, motive="raid")
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = visit(people[0])
    page = client.get("/tchat/")
    assert page.status_code == 200 and "restées sans un mot" in page.text
    said = squeezed(unescape(page.text))
    assert "<title>Échange terminé – Pnav</title>" in said and "quitté la file" not in said
    assert re.search(r'<h1[^>]* id="closed-title"[^>]*>L\'échange est terminé</h1>', said)
    assert "Aucun agent n'avait encore pu vous répondre" in said and "Revenir dans la file" in said
    assert not Agent.objects.filter(conversations=people[0]).exists()

"""The live board: what it counts, what it warns of, whom it names."""

import pytest
from django.utils import timezone

from chat.models import Conversation, Message
from chat.rules import service_level
from chat.rules.lifecycle import Author
from chat.rules.service_level import Level
from chat.supervision import live_board
from common.service_settings import definitions
from pnav.accounts.models import Role
from tests.chat.console.agents import signed_in
from tests.factories import chat as make
from triage.rules import Urgency

pytestmark = pytest.mark.django_db


def read(units=()):
    return live_board.read(timezone.now(), units=units)


def silent_for(minutes: float, agent=None, **who):
    """A conversation whose person wrote so long ago and has had no answer."""
    conversation = make.assigned(agent or make.agent(**who))
    make.message(conversation, "un mot privé")
    Conversation.objects.filter(pk=conversation.pk).update(assigned_at=make.long_ago(minutes + 1))
    Message.objects.filter(conversation=conversation).update(sent_at=make.long_ago(minutes))
    return conversation


def test_waiting_by_urgency_and_zone():
    make.waiting(urgency=Urgency.CRITICAL, force="gendarmerie", queued_at=make.long_ago(4))
    make.waiting(queued_at=make.long_ago(1))
    make.waiting(force="", age_band="under_15")
    board = read()
    zones = {line.label: line.zones for line in board.lines}
    assert list(zones) == ["Critique", "Élevée", "Normale"]
    assert sum(zones["Normale"]) == 2 and sum(zones["Critique"]) == 1 and zones["Normale"][-1] == 1
    assert (board.waiting, board.minors, board.longest_wait) == (3, 1, "4 min")
    assert [line.level for line in board.lines] == [Level.BROKEN, Level.KEPT, Level.KEPT]


@pytest.mark.parametrize(
    ("minutes", "words", "level"),
    [(2.0, None, None), (2.2, "attendra bientôt", Level.NEAR), (3.1, "attend depuis plus", Level.BROKEN)],
)
def test_alert_comes_before_the_promise_is_broken(minutes, words, level):
    for _each in range(2):
        make.agent()
    make.waiting(queued_at=make.long_ago(minutes))
    alerts = read().alerts
    assert [(alert.level, words in alert.text) for alert in alerts] == ([(level, True)] if words else [])


def test_alert_follows_the_administrators_rule(set_rule):
    make.agent()
    make.agent()
    make.waiting(queued_at=make.long_ago(4))
    assert [alert.level for alert in read().alerts] == [Level.BROKEN]
    set_rule(definitions.WAIT, 10)
    set_rule(definitions.WAIT_WARN, 50)
    assert read().alerts == []
    set_rule(definitions.WAIT_WARN, 30)
    assert [alert.level for alert in read().alerts] == [Level.NEAR]


def test_alert_nobody_available_then_everybody_full():
    assert [alert.text for alert in read().alerts] == ["Aucun agent n'est disponible."]
    for _each in range(2):
        make.assigned(make.agent(capacity=1))
    assert "Toutes les places sont prises." in [alert.text for alert in read().alerts]


def test_silence_is_of_who_waits_for_an_answer_and_is_here():
    agent = make.agent(unit_name="Ici", capacity=9)
    make.agent()
    silent_for(6, agent)
    answered = silent_for(6, agent)
    make.message(answered, "réponse", author=Author.AGENT)
    gone = silent_for(6, agent)
    Conversation.objects.filter(pk=gone.pk).update(reporter_seen_at=make.long_ago(5))
    silent_for(1, agent)
    (silence,) = read(units={agent.unit_id}).silences
    assert (silence.name, silence.since, silence.level) == ("Camille", "6 min", Level.BROKEN)
    assert any("sans mot de l'agent" in alert.text for alert in read().alerts)


def test_silence_counts_from_what_nobody_answered():
    conversation = silent_for(9)
    make.message(conversation, "réponse", author=Author.AGENT)
    make.message(conversation, "encore")
    Message.objects.filter(conversation=conversation, seq=4).update(sent_at=make.long_ago(4))
    (silence,) = read().silences
    assert (silence.since, silence.level) == ("4 min", Level.NEAR)


def test_silence_of_an_agent_who_has_not_said_a_word_counts_from_their_coming():
    conversation = make.assigned()
    Conversation.objects.filter(pk=conversation.pk).update(assigned_at=make.long_ago(7))
    (silence,) = read().silences
    assert silence.since == "7 min"


def test_names_are_of_one_s_own_units_alone():
    here = make.agent(unit_name="Ici", public_name="Louise")
    there = make.agent(unit_name="Ailleurs", public_name="Yann", capacity=2)
    silent_for(8, here)
    silent_for(9, there)
    board = read(units={here.unit_id})
    assert [one.name for one in board.members] == ["Louise"]
    assert [(one.name, one.present, one.load, one.capacity) for one in board.others] == [("Ailleurs", 1, 1, 2)]
    assert [(one.name, one.unit) for one in board.silences] == [("", "Ailleurs"), ("Louise", "Ici")]
    chief = make.agent(role=Role.SUPERVISOR, unit_name="Ici", public_name="Dominique")
    html = signed_in(chief.user).get("/console/tableau/").content.decode()
    assert "Louise" in html and "Yann" not in html and "mot privé" not in html
    assert "■" in html and "Dépassé" in html and "À jour à" in html


def test_load_is_in_places():
    agent = make.agent()
    make.assigned(agent, urgency=Urgency.CRITICAL)
    (member,) = read(units={agent.unit_id}).members
    assert (member.held, member.load, member.capacity, member.is_full) == (1, 2, 3, False)


def test_every_measure_has_its_limit():
    """And each limit its words: a count of agents has no « bientôt »."""
    assert set(live_board.LIMITS) == set(service_level.Measure.values)
    counted = [kind for kind, (_limit, warn) in live_board.LIMITS.items() if warn is None]
    assert counted == [service_level.Measure.ON_DUTY]


def test_board_queries_do_not_grow(django_assert_num_queries):
    for _each in range(3):
        silent_for(6)
        make.waiting()
    with django_assert_num_queries(4):
        read()

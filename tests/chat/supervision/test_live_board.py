"""The live board: what it counts, what it warns of, whom it names."""

import re
from dataclasses import replace
from html import unescape

import pytest
from django.utils import timezone

from chat.casework import emergencies
from chat.console import inbox
from chat.conversations import dispatcher, lookalikes, phone_calls, resume, waiting_list, wording
from chat.models import Agent, Conversation, DangerMark, Message
from chat.models.casework import Emergency
from chat.rules import service_level
from chat.rules.emergency import Situation
from chat.rules.lifecycle import Author, Availability
from chat.rules.service_level import Level
from chat.supervision import board_charts, live_board
from common.service_settings import definitions
from pnav.accounts.models import Role
from reports.models import AgeBand, Report
from tests.chat.console.agents import signed_in
from tests.chat.conversations.test_lookalikes import raid
from tests.factories import chat as make
from tests.support.reading import squeezed
from triage.rules import Urgency

pytestmark = pytest.mark.django_db

WHOLE = '<span class="console-waiting__whole">'  # words that a console shortens in sight


def read(units=()):
    return live_board.read(timezone.now(), units=units)


def silent_for(minutes: float, agent=None, **who):
    """Return a conversation whose person wrote so long ago and has had no answer."""
    conversation = make.assigned(agent or make.agent(**who))
    make.message(conversation, "un mot privé")
    Conversation.objects.filter(pk=conversation.pk).update(assigned_at=make.long_ago(minutes + 1))
    Message.objects.filter(conversation=conversation).update(sent_at=make.long_ago(minutes))
    return conversation


def mark_danger(conversation) -> DangerMark:
    """Mark the last message, as a list of the console does when it reads it."""
    conversation.refresh_from_db()
    return DangerMark.objects.create(conversation=conversation, seqs=[conversation.last_seq])


def test_exchanges_at_rest_are_counted_and_fill_no_place():
    chief = make.agent(role=Role.SUPERVISOR, availability="away", present=False, unit_name="Une")
    mine, other = make.agent(capacity=2, unit_name="Une"), make.agent(capacity=3, unit_name="Autre")
    for agent in (mine, mine, other):
        make.assigned(agent)
    first = Conversation.objects.filter(pk__in=[mine.conversations.first().pk, other.conversations.first().pk])
    first.update(reporter_seen_at=make.long_ago(15), dormant_since=make.long_ago(14))
    board = read([mine.unit_id])
    assert (board.under_way, board.dormant, board.free) == (3, 2, 4)
    [member], [unit] = board.members, board.others
    assert (member.load, member.held, member.dormant, member.is_full) == (1, 2, 1, False)
    assert (unit.load, unit.capacity, unit.dormant) == (0, 3, 1)
    html = squeezed(signed_in(chief.user).get("/console/tableau/").text)
    assert "1 sur 2, et 1 en veille" in html and "0 sur 3, et 1 en veille" in html
    assert "dont 2 en veille, sans place" in html
    assert html.count("Échange en veille, sans place") == 1, "of the units that this supervisor may step into"


def first_figures(client) -> dict[str, str]:
    """Return the five figures with which the board begins: the word, then the number and what stands below."""
    page = unescape(squeezed(client.get("/console/tableau/").text))
    assert page.index("data-alerts") < page.index('id="moment"') < page.index('<ul class="charts')
    tiles = re.findall(r"<dt>(.*?)</dt>(.*?)</div>", page[page.index('id="moment"') :].split("</dl>")[0])
    return {word: re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", rest)).strip() for word, rest in tiles}


def test_board_begins_with_five_figures_each_with_its_word():
    chief = make.agent(role=Role.SUPERVISOR, availability="away", present=False)
    client = signed_in(chief.user)
    words = ["En attente", "Échanges en cours", "Places libres", "En danger", "Échanges silencieux"]
    figures = first_figures(client)
    assert list(figures) == words and [figures[word][0] for word in words] == ["0"] * 5
    assert "data-overdue" not in client.get("/console/tableau/").text, "colour only where something is late"
    make.waiting(queued_at=make.long_ago(6))
    make.waiting(urgency=Urgency.CRITICAL, queued_at=make.long_ago(5))
    conversation = silent_for(20, unit_name="Une")
    mark_danger(conversation)
    promised = live_board.limit_of(service_level.Measure.WAIT_URGENT).limit
    board = read()
    assert (board.worst_wait.since, board.worst_wait.promised) == ("5 min", promised), "that of the urgent person"
    assert (board.in_danger_now, board.danger_owed, board.silent_broken) == (2, 1, 1)
    figures = first_figures(client)
    assert f"Dépassé : l'une depuis 5 min (promis : {promised} min)" in figures["En attente"]
    assert figures["En danger"] == "2 ■ 1 à prendre en compte Voir la première – En danger"
    assert figures["Échanges silencieux"] == "1 ■ Dépassé : 1"
    assert client.get("/console/tableau/").text.count(" data-overdue") == 3


def much_happens() -> None:
    """Make three open procedures, five other alerts, of which one is of an urgent person, and a group of arrivals."""
    for minutes in (None, None, None, 9, 4.5):
        agent = make.agent(unit_name="Ici", capacity=1)
        if minutes:
            silent_for(minutes, agent)
            continue
        conversation = make.assigned(agent)
        emergencies.start(conversation_id=conversation.pk, situation=Situation.DANGER, by=agent.user)
    make.waiting(queued_at=make.long_ago(9))
    make.waiting(queued_at=make.long_ago(2.2))
    make.waiting(urgency=Urgency.CRITICAL, queued_at=make.long_ago(0.9))
    raid(14, minutes=1, postal_code="38000")
    lookalikes.mark_lookalikes()


def test_of_many_alerts_those_of_danger_stay_in_sight_and_others_are_folded():
    """With eleven of them no figure was on the first screen of a laptop."""
    much_happens()
    board = read()
    assert (len(board.emergencies), len(board.alerts), len(board.groups)) == (3, 6, 1)
    assert [one.text for one in board.in_sight.alerts] == [
        "1 personne attend depuis plus de 3 min.",
        "1 personne en urgence attendra bientôt depuis 1 min.",
    ]
    assert [(one.level, one.stays) for one in board.folded.alerts] == [
        (Level.BROKEN, False),
        *[(Level.NEAR, False)] * 3,
    ]
    assert (len(board.folded.groups), board.folded.count, board.folded.broken) == (1, 5, 1)
    chief = make.agent(role=Role.SUPERVISOR, unit_name="Ici", availability="away", present=False)
    page = unescape(squeezed(signed_in(chief.user).get("/console/tableau/").text))
    fold = page[page.index('<details class="console-alerts-folded"') : page.index('id="moment"')]
    assert "Voir les 5 autres alertes" in fold and "Dépassé : 1</span></summary>" in fold
    assert fold.count('<li class="console-alert"') == 5 and "Regrouper" in fold
    assert page[: page.index("console-alerts-folded")].count('<li class="console-alert"') == 5

    alerts = [replace(board.alerts[0], label="Danger")] * 7
    grave = replace(board, alerts=alerts, groups=[])
    assert grave.in_sight.alerts == alerts and not grave.folded.count, "nothing of danger is folded"
    nobody = replace(board.alerts[0], text="Aucun agent n'est disponible.", is_of_duty=True)
    assert nobody in replace(board, alerts=[*board.alerts, nobody]).in_sight.alerts, "nobody answers"
    three = replace(board, alerts=board.folded.alerts[:3], groups=[])
    assert three.in_sight.alerts == three.alerts and not three.folded.count, "one alone would be as high as its title"


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


def test_alert_of_urgent_people_comes_before_that_of_others():
    """Their sentences were in the order of the alphabet."""
    for _each in range(2):
        make.agent()
    make.waiting(queued_at=make.long_ago(9))
    make.waiting(urgency=Urgency.CRITICAL, queued_at=make.long_ago(4))
    assert ["en urgence" in alert.text for alert in read().alerts] == [True, False]


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


@pytest.mark.parametrize(("limit", "warn"), [(5, 70), (9, 20), (2, 100)])
def test_entry_of_the_list_has_the_level_of_the_board(limit, warn, set_rule):
    set_rule(definitions.SILENCE, limit)
    set_rule(definitions.SILENCE_WARN, warn)
    agent = make.agent(capacity=9)
    for minutes in (0.5, 1.9, 3, 4, 6, 12):
        silent_for(minutes, agent)
    gone = silent_for(20, agent)
    Conversation.objects.filter(pk=gone.pk).update(reporter_seen_at=make.long_ago(5))
    entries = inbox.open_entries(agent, timezone.now())
    assert sorted(one.level for one in entries if one.level) == sorted(one.level for one in read().silences)
    [away] = [one for one in entries if one.conversation.pk == gone.pk]
    assert away.level == Level.KEPT and away.waited == "20 min"
    html = squeezed(signed_in(agent.user).get("/console/").text)
    for level in (Level.NEAR, Level.BROKEN):
        seen = html.count(f'data-slot="late" data-level="{level.name.lower()}">')
        assert seen == sum(one.level == level for one in entries)
    assert f'data-near="{limit * 600 * warn}" data-broken="{limit * 60_000}"' in html


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


def test_absent_are_counted_apart_and_break_no_promise():
    """Somebody away for twenty minutes stood in red beside free places: a false alarm teaches to ignore alarms."""
    for _each in range(2):
        make.agent()
    offline = make.waiting(urgency=Urgency.CRITICAL, queued_at=make.long_ago(22))
    Conversation.objects.filter(pk=offline.pk).update(reporter_seen_at=make.long_ago(20))
    left = make.waiting(queued_at=make.long_ago(9))
    resume.park_conversation(report=left.report)
    board = read()
    assert (board.waiting, board.urgent, board.longest_wait) == (0, 0, "")
    assert (board.offline, board.left, board.apart) == (1, 1, 2)
    assert board.alerts == []
    assert [(line.total, line.apart, line.level) for line in board.lines] == [
        (0, 1, Level.KEPT),
        (0, 0, Level.KEPT),
        (0, 1, Level.KEPT),
    ]
    asleep = make.waiting(queued_at=make.long_ago(4))
    Conversation.objects.filter(pk=asleep.pk).update(reporter_seen_at=make.long_ago(3), reporter_is_hidden=True)
    board = read()
    assert (board.waiting, board.asleep, board.longest_wait) == (1, 1, "4 min")  # their turn comes: they are waited for
    assert [alert.level for alert in board.alerts] == [Level.BROKEN]


def test_board_without_anybody_counts_zero_in_the_singular():
    chief = make.agent(role=Role.SUPERVISOR, present=False)
    client = signed_in(chief.user)
    page = squeezed(client.get("/console/tableau/").text)
    assert not re.search(r"<strong>0</strong>\s?personne attend", page), "the figures say it"
    assert re.search(r'data-size="(.)"', page)[1] == "6", "what stood beside it has the whole width"
    Agent.objects.filter(pk=chief.pk).update(board_layout=["-chiffres"])
    page = squeezed(client.get("/console/tableau/").text)
    assert re.search(r"<strong>0</strong>\s?personne attend", page) and "charts__short" in page
    assert not re.search(r"<strong>0</strong>\s?(personnes|agents|prises|places)", page)


def test_who_is_in_danger_is_waited_for_among_arrivals_that_look_alike(django_assert_num_queries):
    """« 0 personnes attendent » stood beside eleven people in danger, whom no alert told of."""
    for _each in range(2):
        make.agent()
    raid(11, minutes=8, urgency=Urgency.CRITICAL, municipality=None, postal_code="")
    calm = raid(20, minutes=7)
    assert lookalikes.mark_lookalikes() == 31
    with django_assert_num_queries(11):  # one more than without groups, for their places
        board = read()
    assert (board.waiting, board.alike, board.urgent, board.longest_wait, board.apart) == (11, 11, 11, "8 min", 0)
    assert [(line.total, line.level) for line in board.lines] == [
        (11, Level.BROKEN), (0, Level.KEPT), (0, Level.KEPT),
    ]  # fmt: skip
    [alert] = board.alerts
    assert (alert.level, alert.is_urgent, alert.text.split()[0]) == (Level.BROKEN, True, "11")
    assert [(one.count, one.critical) for one in board.groups] == [(11, 11), (20, 0)]
    client = signed_in((chief := make.agent(role=Role.SUPERVISOR)).user)
    said = first_figures(client)["En attente"]
    assert said.startswith("31 ■ Dépassé")
    assert "dont 11 d'arrivées semblables, en danger dont 20 d'arrivées semblables, sans délai" in said
    assert "<strong>11</strong>" not in squeezed(client.get("/console/tableau/").text), "a figure stands once"
    Agent.objects.filter(pk=chief.pk).update(board_layout=["-chiffres"])
    page = squeezed(client.get("/console/tableau/").text)
    assert "<strong>31</strong>personnes attendent" in page and "Dont 20 d'arrivées semblables" in unescape(page)
    assert "Dont 11 d'arrivées semblables, qui se disent en danger" in unescape(page)
    Conversation.objects.filter(pk__in=[one.pk for one in calm]).update(urgency=Urgency.HIGH)
    assert (read().waiting, read().alike) == (11, 11), "the calm ones stay counted apart"


def test_absent_among_arrivals_that_look_alike_are_counted_as_the_queue_counts_them():
    """The board said « 0 » beside « 11 absentes, à part » in the queue."""
    people = raid(20) + raid(11, urgency=Urgency.CRITICAL, municipality=None, postal_code="")
    lookalikes.mark_lookalikes()
    gone, asleep = [one.pk for one in people[15:25]], [one.pk for one in people[10:12] + people[29:]]
    Conversation.objects.filter(pk__in=gone + asleep).update(reporter_seen_at=make.long_ago(3))
    Conversation.objects.filter(pk__in=asleep).update(reporter_is_hidden=True)
    board, queue = read(), waiting_list.read_waiting()
    assert (board.apart, board.offline, queue.apart) == (10, 10, 10)
    assert (board.waiting, board.asleep, queue.present) == (6, 2, 21)
    assert board.in_queue == queue.present


def test_tile_of_who_waits_says_who_is_in_a_group_and_leads_there():
    """The board and the strip over the console said « 0 » beside the console's 14."""
    client = signed_in(make.agent(role=Role.SUPERVISOR).user)
    assert "voir-semblables" not in client.get("/console/tableau/").text
    raid(14)
    lookalikes.mark_lookalikes()
    [group] = read().groups
    assert waiting_list.read_waiting().present == 14
    assert first_figures(client)["En attente"] == "14 dont 14 d'arrivées semblables, sans délai Voir le groupe"
    assert "<dt>En attente</dt><dd>14</dd>" in squeezed(client.get("/console/tableau/?partie=chiffres").text)
    page = squeezed(client.get("/console/tableau/").text)
    address = f"/console/semblables/{group.group.public_id}/"
    assert re.search(rf'id="voir-semblables"\s*href="{address}"', page)
    raid(12, municipality=None, postal_code="")
    lookalikes.mark_lookalikes()
    assert first_figures(client)["En attente"] == "26 dont 26 d'arrivées semblables, sans délai Voir les groupes"


def test_silent_people_who_are_offline_are_counted_apart():
    conversation = silent_for(9)
    Conversation.objects.filter(pk=conversation.pk).update(reporter_seen_at=make.long_ago(8))
    board = read()
    assert (board.silences, board.silent_apart) == ([], 1)


def test_open_emergency_is_the_first_alert_with_its_clock_and_the_way_to_it():
    here, there = (
        make.agent(unit_name="Ici", public_name="Louise"),
        make.agent(unit_name="Ailleurs", public_name="Yann"),
    )
    own, other = make.assigned(here), make.assigned(there)
    for conversation, agent in ((own, here), (other, there)):
        emergencies.start(conversation_id=conversation.pk, situation=Situation.DANGER, by=agent.user)
    Emergency.objects.filter(conversation=own).update(started_at=make.long_ago(3.2))
    board = read(units={here.unit_id})
    assert [(one.name, one.unit, one.place, one.conversation) for one in board.emergencies] == [
        ("Louise", "Ici", "93200", own.public_id),
        ("", "Ailleurs", "", None),
    ]
    assert board.emergencies[0].since == "03:12"
    chief = make.agent(role=Role.SUPERVISOR, unit_name="Ici", public_name="Dominique")
    html = squeezed(signed_in(chief.user).get("/console/tableau/").text)
    alerts = html[html.index("data-alerts") : html.index("console-figures")]
    assert alerts.index("Procédure d'urgence") < alerts.index("Yann" if "Yann" in alerts else "Ailleurs")
    assert (
        f"/console/tableau/echange/{own.public_id}/" in alerts
        and str(other.public_id) not in html
        and "Yann" not in html
    )
    assert alerts.count("Rejoindre") == 1 and alerts.count('href="/console/astreintes/"') == 1, "who may join the other"
    emergencies.finish(conversation_id=own.pk, by=here.user)
    assert [one.unit for one in read().emergencies] == ["Ailleurs"]


def test_each_way_out_of_an_alert_says_where_it_leads():
    """A list of links, as a screen reader gives it, is read without what stands around them."""
    chief = make.agent(role=Role.SUPERVISOR, unit_name="Ici")
    for unit_name in ("Ici", "Ailleurs", "Plus loin"):
        agent = make.agent(unit_name=unit_name)
        conversation = make.assigned(agent)
        emergencies.start(conversation_id=conversation.pk, situation=Situation.DANGER, by=agent.user)
    html = squeezed(signed_in(chief.user).get("/console/tableau/").text)
    alerts = html[html.index("data-alerts") : html.index("console-figures")]
    names = [re.sub("<[^>]*>", "", link) for link in re.findall("<a [^>]*>(.*?)</a>", alerts)]
    assert len(names) == len(set(names)) == 3, names


def test_emergency_of_somebody_whose_agent_was_lost_is_still_said():
    agent = make.agent()
    conversation = make.assigned(agent)
    emergencies.start(conversation_id=conversation.pk, situation=Situation.SUICIDE, by=agent.user)
    type(agent).objects.filter(pk=agent.pk).update(seen_at=make.long_ago(2))
    dispatcher.release_stale()
    (one,) = read(units={agent.unit_id}).emergencies
    assert (one.unit, one.name, one.conversation) == ("", "", None)


def test_load_is_in_places():
    agent = make.agent()
    make.assigned(agent, urgency=Urgency.CRITICAL)
    (member,) = read(units={agent.unit_id}).members
    assert (member.held, member.load, member.capacity, member.is_full) == (1, 2, 3, False)


def test_an_exchange_that_got_heavier_goes_beyond_the_places_and_is_not_counted_among_them():
    agent = make.agent(capacity=1)
    conversation = make.assigned(agent)
    Conversation.objects.filter(pk=conversation.pk).update(weight=2)
    board = read(units={agent.unit_id})
    (member,) = board.members
    assert (member.load, member.taken, member.beyond, member.is_full) == (2, 1, 1, True)
    now = timezone.now()
    drawn = board_charts.draw_board(board, waiting_list.read_waiting(), now)
    assert (drawn.taken, drawn.capacity, drawn.beyond) == (1, 1, 1)


def test_board_says_who_holds_more_than_their_places():
    """Whoever was given somebody in danger beyond their places is the last whom one gives another (docs/adr/0145)."""
    chief = make.agent(role=Role.SUPERVISOR, unit_name="Une")
    client = signed_in(chief.user)
    assert "Au-delà" not in first_figures(client)["Places libres"]
    mine = make.agent(capacity=1, unit_name="Une", public_name="Camille")
    other = make.agent(capacity=1, unit_name="Autre")
    make.agent(capacity=5, unit_name="Autre")  # whose free places hide what the other one holds
    for agent in (mine, other):
        Conversation.objects.filter(pk=make.assigned(agent).pk).update(weight=2)
    board = read([chief.unit_id])
    assert [(one.name, one.taken, one.beyond) for one in board.over] == [("Camille", 1, 1)]
    assert (board.over_elsewhere, board.others[0].beyond) == (1, 0)
    said = first_figures(client)["Places libres"]
    assert "Au-delà de leurs places : Camille (1 + 1), 1 agent d'une autre unité" in said
    assert "Au-delà de ses places" in client.get("/console/tableau/").text


def test_every_measure_has_its_limit():
    """Each limit has its words: a count of agents has no « bientôt »."""
    assert set(live_board.LIMITS) == set(service_level.Measure.values)
    counted = [kind for kind, (_limit, warn) in live_board.LIMITS.items() if warn is None]
    assert counted == [service_level.Measure.ON_DUTY]


def test_board_queries_do_not_grow(django_assert_num_queries):
    for _each in range(3):
        mark_danger(silent_for(6))
        make.waiting()
    with django_assert_num_queries(10):
        read()


@pytest.mark.parametrize("availability", [Availability.PAUSE, Availability.AWAY])
def test_who_wrote_of_danger_to_an_agent_who_is_not_available_is_said_after_a_minute(availability):
    """The board said nothing for four minutes, and then not of what."""
    agent = make.agent(unit_name="Ici", public_name="Louise")
    conversation = silent_for(0.5, agent)
    type(agent).objects.filter(pk=agent.pk).update(availability=availability)
    marked = mark_danger(conversation)
    assert "Danger" not in [one.label for one in read().alerts], "the agent may be answering"
    Message.objects.filter(conversation=conversation).update(sent_at=make.long_ago(1.1))
    other = silent_for(9, make.agent(unit_name="Ici", public_name="Yann"))
    board = read(units={agent.unit_id})
    first, second = board.silences
    assert (first.conversation, first.is_left, first.is_marked) == (conversation.public_id, True, True)
    assert (second.conversation, second.is_left, second.is_marked) == (other.public_id, False, False)
    alert, silence = board.alerts[:2]
    assert (alert.level, alert.label) == (Level.BROKEN, "Danger")
    assert alert.text.startswith("1 personne a écrit des mots de suicide ou de danger")
    assert silence.text.startswith("1 échange sans mot"), "each is counted once"
    chief = make.agent(unit_name="Ici", public_name="Dominique", role=Role.SUPERVISOR)
    page = squeezed(signed_in(chief.user).get("/console/tableau/").text)
    assert "<strong>Danger :</strong>1 personne a écrit" in page
    assert ">Mots de suicide ou de danger</span>" in page
    DangerMark.objects.update(dealt_seq=marked.seqs[-1])
    assert not any(one.is_marked for one in read().silences)


def test_marked_silence_of_an_agent_who_is_available_keeps_its_limit_and_comes_first():
    conversation = silent_for(4.5, make.agent(unit_name="Ici", public_name="Louise"))
    silent_for(9, make.agent(unit_name="Ici", public_name="Yann"))
    mark_danger(conversation)
    board = read()
    assert [(one.is_marked, one.is_left, one.level) for one in board.silences] == [
        (True, False, Level.NEAR), (False, False, Level.BROKEN),
    ]  # fmt: skip
    assert not any(one.label for one in board.alerts)


def left_in_danger(minutes: float = 2, **who):
    """Return an exchange whose person wrote of danger so long ago, to an agent in a pause."""
    conversation = silent_for(minutes, make.agent(**who))
    Agent.objects.filter(pk=conversation.assigned_to_id).update(availability=Availability.PAUSE)
    mark_danger(conversation)
    return conversation


def dangers(board) -> list[str]:
    return [one.text for one in board.alerts if one.label == "Danger"]


def test_who_wrote_of_danger_and_put_the_phone_away_is_not_passed_over():
    """The page of a locked phone sends no beat: the alert lasted five seconds."""
    conversation = left_in_danger(unit_name="Ici", public_name="Louise")
    calm = silent_for(9, make.agent(unit_name="Ici"))
    Conversation.objects.update(reporter_seen_at=make.long_ago(2))
    board = read()
    assert [(one.conversation, one.is_left, one.is_offline) for one in board.silences] == [
        (conversation.public_id, True, True)
    ]
    assert (len(dangers(board)), board.silent_apart) == (1, 1), f"{calm} alone is counted apart"
    chief = make.agent(unit_name="Ici", role=Role.SUPERVISOR)
    page = squeezed(signed_in(chief.user).get("/console/tableau/").text)
    assert page.count("personne hors ligne") == 1
    DangerMark.objects.update(dealt_seq=99)
    assert (read().silences, read().silent_apart) == ([], 2)


def test_agent_whose_lease_is_over_counts_as_not_available():
    """While no worker puts people back into the queue, an agent who is gone stays « Disponible »."""
    conversation = left_in_danger()
    Agent.objects.update(availability=Availability.AVAILABLE)
    assert dangers(read()) == []
    for seen_at in (make.long_ago(2), None):
        Agent.objects.filter(pk=conversation.assigned_to_id).update(seen_at=seen_at)
        assert len(dangers(read())) == 1


def test_who_wrote_of_danger_and_has_no_agent_any_more_is_said_at_once_and_marked_in_the_queue():
    """The mark went with the agent: the board said that one person waits."""
    conversation = left_in_danger(0.1)
    other = make.waiting()
    agent = conversation.assigned_to
    type(agent).objects.filter(pk=agent.pk).update(seen_at=make.long_ago(2))
    assert dispatcher.release_stale() == 1
    Conversation.objects.filter(pk=conversation.pk).update(reporter_seen_at=make.long_ago(2))
    board = read()
    assert dangers(board) == ["1 personne a écrit des mots de suicide ou de danger, et n'a pas d'agent."]
    assert board.marked == {conversation.public_id} and other.public_id not in board.marked
    chief = make.agent(role=Role.SUPERVISOR)
    Agent.objects.filter(pk=chief.pk).update(board_layout=["-file"])
    client = signed_in(chief.user)
    for query in ("", f"?unite={chief.unit_id}", "?urgence=critical"):
        page = squeezed(client.get(f"/console/tableau/{query}").text)
        marked = page.count(f'data-slot="marked">{WHOLE}Mots de suicide ou de danger')
        assert marked == 1, "whatever is hidden or filtered"
        assert 'href="#file"' in page and 'id="file"' in page
    DangerMark.objects.update(dealt_seq=99)
    assert dangers(read()) == []
    assert 'id="file"' not in client.get("/console/tableau/").text, "hidden as it was arranged"


def test_alert_of_danger_leads_to_who_it_is_and_to_what_can_be_done():
    here = left_in_danger(unit_name="Ici", public_name="Louise")
    there = left_in_danger(3, unit_name="Ailleurs", public_name="Yann")
    chief = make.agent(role=Role.SUPERVISOR, unit_name="Ici", public_name="Dominique")
    Agent.objects.filter(pk=chief.pk).update(board_layout=["-silences"])
    client = signed_in(chief.user)
    for query in ("", f"?unite={chief.unit_id}"):
        page = squeezed(client.get(f"/console/tableau/{query}").text)
        alerts = page[page.index("data-alerts") : page.index('id="silences"')]
        assert 'href="#silences">Voir ces personnes</a>' in alerts
        lines = page[page.index('id="silences"') : page.index('id="en-cours"')]
        assert f'id="rejoindre-silence-{here.public_id}" href="/console/tableau/echange/{here.public_id}/"' in lines
        assert f'id="astreinte-silence-{there.public_id}" href="/console/astreintes/"' in lines
        assert f"/console/tableau/echange/{there.public_id}/" not in page and "Yann" not in page
        running = page[page.index('id="en-cours"') :]
        badge = (
            '<span class="fr-badge fr-badge--sm fr-badge--error fr-badge--no-icon">Mots de suicide ou de danger</span>'
        )
        assert (lines.count(badge), running.count(badge)) == (2, 1), "the red badge of everywhere else"
    assert client.get(f"/console/tableau/echange/{here.public_id}/").status_code == 200


def test_silent_exchange_says_where_it_is_and_one_joins_it_first():
    here, there = silent_for(20, unit_name="Ici", public_name="Louise"), silent_for(20, unit_name="Ailleurs")
    chief = make.agent(role=Role.SUPERVISOR, unit_name="Ici")
    client = signed_in(chief.user)
    page = unescape(squeezed(client.get("/console/tableau/").text))
    assert 'id="voir-silences-broken" href="#silences">Voir ces personnes</a>' in page[: page.index('id="silences"')]
    lines = page[page.index('id="silences"') : page.index('id="en-cours"')]
    [own] = [line for line in lines.split("<li ") if str(here.public_id) in line]
    place = wording.place_of(here.report)
    assert f"<strong>{place}</strong>," in own and f'data-slot="urgency">{here.get_urgency_display()}</span>' in own
    assert own.index("Rejoindre, confier…") < own.index("Mettre en pause")
    assert lines.count("Rejoindre, confier…") == 1 and str(there.public_id) not in lines, "another unit's is not told"
    Agent.objects.filter(pk=chief.pk).update(board_layout=["-silences"])
    assert 'href="#silences"' not in client.get("/console/tableau/").text, "hidden: the link would lead nowhere"


def test_board_has_the_marks_of_the_console_for_urgency_and_lateness():
    """« Élevée » and a wait above its limit were plain words in the table, and a black sign among the silences."""
    late = silent_for(20, unit_name="Ici", public_name="Louise")
    Conversation.objects.filter(pk=late.pk).update(urgency=Urgency.HIGH)
    Report.objects.filter(conversation=late).update(**AgeBand.as_stored(AgeBand.FROM_15_TO_17))
    silent_for(0.5, late.assigned_to)
    chief = make.agent(role=Role.SUPERVISOR, unit_name="Ici")
    page = unescape(squeezed(signed_in(chief.user).get("/console/tableau/").text))
    lines = page[page.index('id="silences"') : page.index('id="en-cours"')]
    running = page[page.index('id="en-cours"') :].split("</table>")[0]
    for part in (lines, running):
        assert part.count('<span class="console-urgency" data-urgency="high">') == 1
        assert part.count('data-slot="urgency">Élevée</span>') == 1
        assert part.count('<span class="console-entry__late" data-level="broken">') == 1, "the other is not late"
        assert part.count('fr-badge--purple-glycine">Mineur</span>') == 1, "it was « Élevée , mineur »"
    assert '<li data-level="broken">' in lines


def test_figure_of_people_in_danger_leads_to_the_first_of_them():
    calm = make.assigned(make.agent(unit_name="Ici", public_name="Louise", capacity=9))
    chief = make.agent(role=Role.SUPERVISOR, unit_name="Ici")
    client = signed_in(chief.user)

    def leads_to() -> list[str]:
        page = client.get("/console/tableau/").text
        found = re.findall(r'id="voir-danger" href="#([^"]*)"', page)
        assert all(f'id="{one}"' in page for one in found)
        return found

    assert leads_to() == []
    conversation = make.assigned(calm.assigned_to)
    make.message(conversation, "un mot privé")
    mark_danger(conversation)
    assert leads_to() == [f"suivre-{conversation.public_id}"]
    Agent.objects.filter(pk=chief.pk).update(board_layout=["-en-cours"])
    assert leads_to() == [], "nothing that is shown is of that person"
    make.waiting(urgency=Urgency.CRITICAL)
    assert leads_to() == ["file"]


def test_silence_is_one_line_with_the_unit_said_once():
    for minutes in (20, 9):
        silent_for(minutes, unit_name="Ici-même")
    silent_for(8, unit_name="Ailleurs")
    chief = make.agent(role=Role.SUPERVISOR, unit_name="Ici-même")
    page = unescape(squeezed(signed_in(chief.user).get("/console/tableau/").text))
    lines = page[page.index('id="silences"') : page.index('id="en-cours"')]
    assert lines.count("Ici-même") == 1 and lines.count("attend une réponse") == 1
    assert [line.count("Ailleurs") for line in lines.split("<li ")[1:]] == [0, 0, 1]


def test_supervisor_is_not_led_to_join_an_exchange_of_their_own():
    conversation = left_in_danger(unit_name="Ici", role=Role.SUPERVISOR)
    page = signed_in(conversation.assigned_to.user).get("/console/tableau/").text
    assert "mots de suicide ou de danger" in page and "rejoindre-silence" not in page


def test_agent_who_telephones_is_not_called_absent():
    conversation = left_in_danger(unit_name="Ici")
    agent = conversation.assigned_to
    Agent.objects.filter(pk=agent.pk).update(availability=Availability.AVAILABLE)
    phone_calls.begin_phone_call(agent_id=agent.pk)
    chief = make.agent(role=Role.SUPERVISOR, unit_name="Ici")
    page = squeezed(signed_in(chief.user).get("/console/tableau/").text)
    assert len(dangers(read())) == 1
    assert "agent au téléphone" in page and "agent en pause ou absent" not in page

"""The pictures of the board: what they draw, what their tables say, and what they cost."""

import re
from datetime import datetime, timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat.conversations import phone_calls, waiting_list
from chat.models import Conversation, ConversationEvent, DangerMark
from chat.rules.lifecycle import Availability
from chat.statistics.history import Measures
from chat.supervision import board_charts, live_board
from pnav.accounts.models import Role
from tests.chat.console.agents import signed_in
from tests.factories import chat as make
from tests.support.charts import column_of, pictures_of, rows_of, shapes
from tests.support.moments import yesterday_noon
from tests.support.reading import squeezed
from triage.rules import Urgency

pytestmark = pytest.mark.django_db
BOARD = "/console/tableau/"
PAGE_BYTES = 60_000  # the most bytes of a board with a full week, everybody's places and eight waits


@pytest.fixture
def chief():
    return make.agent(role=Role.SUPERVISOR, unit_name="Ici", public_name="Dominique", availability=Availability.AWAY)


def answered(at, seconds: float) -> None:
    row = make.waiting(queued_at=at)
    ConversationEvent.objects.create(conversation=row, kind="assigned", at=at + timedelta(seconds=seconds))
    Conversation.objects.filter(pk=row.pk).update(status="closed", closed_at=at + timedelta(hours=1))


def just_now() -> datetime:
    """Return the moment two seconds ago, or the beginning of today."""
    now = timezone.localtime()
    return max(now - timedelta(seconds=2), now.replace(hour=0, minute=0, second=0, microsecond=0))


def texts(svg) -> list[str]:
    return [(part.text or "").replace("\xa0", " ") for part in svg.iter("text")]


def test_each_person_who_waits_is_a_bar_with_the_promise_marked(chief):
    make.waiting(urgency=Urgency.CRITICAL, queued_at=make.long_ago(7.5), age_band="under_15")
    make.waiting(queued_at=make.long_ago(1.5))
    absent = make.waiting(queued_at=make.long_ago(50))
    Conversation.objects.filter(pk=absent.pk).update(reporter_seen_at=make.long_ago(20))
    html = signed_in(chief.user).get(BOARD).text
    waits = pictures_of(html)["attentes-dessin"]
    assert texts(waits) == ["■ Critique · 93200, mineur", "7 min", "● Normale · 93200", "1 min"]
    assert len([one for one in waits.iter("rect") if one.get("class") == "chart__over"]) == 1
    assert len([one for one in waits.iter("path") if one.get("class") == "chart__promise"]) == 2
    table = html[html.index('id="attentes-personnes-zone"') :]
    said = [
        " ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL)[1:3]
    ]
    assert said[0].startswith("Critique · 93200, mineur 7 min") and said[0].endswith("■ Dépassé")
    assert said[1].startswith("Normale · 93200 1 min") and said[1].endswith("● Tenu")


def test_waits_beyond_the_picture_are_counted_and_stay_in_the_table(chief):
    for number in range(board_charts.WAITS_SHOWN + 3):
        make.waiting(queued_at=make.long_ago(number + 1))
    html = signed_in(chief.user).get(BOARD).text
    waits = pictures_of(html)["attentes-dessin"]
    assert len(texts(waits)) == 2 * board_charts.WAITS_SHOWN and "11 min" in texts(waits)[1]
    assert "3 autres personnes sont dans le tableau" in squeezed(html)


def test_who_is_in_danger_has_a_bar_however_late_they_came(chief):
    for number in range(board_charts.WAITS_SHOWN):
        make.waiting(queued_at=make.long_ago(number + 2))
    make.waiting(queued_at=make.long_ago(1.2), urgency=Urgency.CRITICAL)
    marked = make.waiting(queued_at=make.long_ago(0.5))
    DangerMark.objects.create(conversation=marked, seqs=[1])
    waits = texts(pictures_of(signed_in(chief.user).get(BOARD).text)["attentes-dessin"])
    assert waits[0].endswith("Critique · 93200") and waits[1] == "1 min"
    assert waits[2].endswith("Normale · 93200") and waits[3] == "< 1 min", "the one with words of danger"
    assert waits[5] == "9 min", "then who came first"


def test_places_are_of_who_may_be_given_somebody(chief):
    here = make.agent(unit_name="Ici", public_name="Louise")
    make.assigned(here)
    make.agent(unit_name="Ici", public_name="Yann", availability=Availability.PAUSE)
    phone_calls.begin_phone_call(agent_id=make.agent(unit_name="Ici", public_name="Awa").pk)
    make.assigned(make.agent(unit_name="Ailleurs", public_name="Karim", capacity=2))
    board = live_board.read(timezone.now(), units={here.unit_id})
    drawn = board_charts.draw_board(board, waiting_list.read_waiting(), timezone.now())
    assert (drawn.taken, drawn.capacity) == (2, 5), "whoever telephones is given nobody"
    html = signed_in(chief.user).get(BOARD).text
    places = pictures_of(html)["places"]
    said = texts(places)
    assert "Karim" not in html and said[said.index("Louise") + 1] == "1 sur 3"
    assert said[said.index("Ailleurs") + 1] == "1 sur 2" and said[said.index("Yann") + 1] == "En pause, 0 sur 3"
    assert said[said.index("Awa") + 1] == "Au téléphone, 0 sur 3"
    kinds = [one.get("class") for one in places.iter("rect")]
    assert sorted(kinds) == ["chart__bar"] * 2 + ["chart__free"] * 3


@pytest.mark.parametrize(("held", "said"), [(1, "1</strong> prise sur 3"), (2, "2</strong> prises sur 3")])
def test_places_taken_are_said_as_one_or_several(chief, held, said):
    here = make.agent(unit_name="Ici")
    for _ in range(held):
        make.assigned(here)
    assert said in signed_in(chief.user).get(BOARD).text


def test_today_is_one_of_seven_days_of_the_promise(chief):
    answered(just_now(), 0)
    for seconds in (30, 60, 600, 700):
        answered(yesterday_noon(), seconds)
    html = signed_in(chief.user).get(BOARD).text
    shares = column_of(html, "tableau-promesse", 3)
    assert shares == ["–"] * 5 + ["50", "100"]
    promise = pictures_of(html)["promesse"]
    assert shapes(promise, "chart__bar") == 2 and shapes(promise, "chart__bar--pale") == 1
    said = squeezed(re.sub(r"<[^>]+>", "", html))
    assert "100 % à temps aujourd'hui, de la seule personne prise en charge" in said
    assert "Pris en charge à temps, 7 jours" in said and "même s'il n'a encore rien écrit" in unescape(said)
    assert "ne l'a pas été" not in said and "ne l'ont pas été" not in said


def test_share_in_time_says_of_whom_and_how_many_had_no_answer(chief):
    """At night, one who was answered at once is 100 %, while ten wait or are gone."""
    answered(just_now(), 0)
    for _person in range(3):
        make.waiting(queued_at=just_now())
    said = squeezed(re.sub(r"<[^>]+>", "", signed_in(chief.user).get(BOARD).text))
    assert "100 % à temps aujourd'hui, de la seule personne prise en charge ; 3 ne l'ont pas été" in said.replace(
        "\xa0", " "
    )


def test_share_in_time_is_rounded_down():
    assert Measures(opened=250, answered=250, in_time=249).in_time_percent_floored == 99
    assert Measures(opened=2, answered=2, in_time=2).in_time_percent_floored == 100
    assert Measures().in_time_percent_floored is None


def test_bar_of_today_says_the_same_share_as_the_figure_above_it(chief):
    """Two of three are 66.7 per cent, which the figure gives as 66."""
    for seconds in (0, 0, 600):
        answered(just_now(), seconds)
    html = signed_in(chief.user).get(BOARD).text
    assert "<strong>66 %</strong>" in squeezed(html).replace("\xa0", " ")
    shares = texts(pictures_of(html)["promesse"])
    assert "66" in shares and "67" not in shares


def test_heat_map_says_what_its_table_says(chief):
    monday = timezone.localtime().replace(hour=13, minute=5)
    monday -= timedelta(days=monday.weekday() + 7)
    for day, people in ((0, 3), (5, 1)):
        for _person in range(people):
            answered(monday + timedelta(days=day), 60)
    html = signed_in(chief.user).get(BOARD).text
    rows = rows_of(html, "tableau-semaine")
    assert (rows[13][1], rows[13][6]) == ("3", "1") and sum(int(cell) for row in rows for cell in row[1:]) == 4
    assert "Le plus : lundi à 13 h, 3 personnes." in squeezed(html)
    heat = pictures_of(html)["semaine"]
    assert sum(shapes(heat, f"chart__heat--{level}") for level in range(1, 6)) == 2


def test_the_plan_of_today_is_a_band_whose_table_stands_below(chief):
    make.agent(unit_name="Ici", public_name="Louise")
    client, hour = signed_in(chief.user), -1
    while hour != timezone.localtime().hour:  # the hour may strike while the page is drawn
        hour = timezone.localtime().hour
        html = client.get(BOARD).text
    rows = rows_of(html, "tableau-aujourdhui")
    assert len(rows) == 24 and all(row[3] == "–" for row in rows[hour + 1 :])
    band = pictures_of(html)["aujourdhui"]
    assert shapes(band, "chart__band") == 1
    words = squeezed(re.sub(r"<[^>]+>", "", html))
    least, most = int(rows[hour][1]), int(rows[hour][2])
    assert f"il en faut {least if least == most else f'{least} à {most}'} à cette heure" in words
    assert "1 agent disponible" in words and "le calcul repose en partie sur des hypothèses" in words
    assert (f"il en manque {least - 1}" in words) == (least > 1)


def test_board_read_again_costs_no_statement_for_what_is_of_many_days(chief):
    client = signed_in(chief.user)
    client.get(BOARD)  # this reads the session and the trends
    with CaptureQueriesContext(connection) as quiet:
        client.get(BOARD)
    for _person in range(board_charts.WAITS_SHOWN + 2):
        make.waiting(queued_at=make.long_ago(3))
    for number in range(board_charts.PLACES_SHOWN + 4):
        make.agent(unit_name="Ici", public_name=f"Agent {number}")
    with CaptureQueriesContext(connection) as busy:
        answer = client.get(BOARD)
    assert len(busy) == len(quiet)
    assert not [one for one in busy.captured_queries if "isodow" in one["sql"] or "generate_series" in one["sql"]]
    drawings = re.findall(r"<svg.*?</svg>", answer.text, re.DOTALL)
    assert sum(map(len, drawings)) < PAGE_BYTES
    assert "lignes sont dans le tableau" in answer.text


def test_strip_of_the_console_draws_nothing(chief):
    assert "<svg" not in signed_in(chief.user).get(BOARD + "?partie=chiffres").text

"""Counts by hour and day, their charts, and the file for a spreadsheet."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html import unescape

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from chat.models import ClosedDay, Conversation, ConversationEvent, EventKind, figures
from chat.rules.lifecycle import Outcome, Status
from chat.statistics import charts, csv_export, daily, history, pictures
from common.dates import format_date
from common.service_settings import definitions
from pnav.accounts.models import Role
from reports.models import AccessRecord, Report
from tests.chat.console.agents import signed_in
from tests.factories import chat as make
from tests.support.charts import column_of, pictures_of, rows_of, shapes
from tests.support.reading import squeezed

START = datetime(2026, 3, 1, tzinfo=UTC)
END = START + timedelta(days=30)
MIDNIGHT = daily.midnight(START.date())


def past(at, *, wait=None, length=None, agents=(), outcome=Outcome.ADVISED, **fields):
    """Create a conversation of then: seconds until an answer, minutes until its end, who answered it in turn."""
    conversation = make.waiting(queued_at=at, **fields)
    rows = Conversation.objects.filter(pk=conversation.pk)
    if wait is None:
        rows.update(status=Status.ABANDONED)
        return
    first = at + timedelta(seconds=wait)
    ConversationEvent.objects.bulk_create(
        ConversationEvent(
            conversation=conversation, kind=EventKind.ASSIGNED, at=first + timedelta(minutes=n), by=agent.user
        )
        for n, agent in enumerate(agents)
    )
    end = first + timedelta(minutes=length)
    rows.update(status=Status.CLOSED, closed_at=end, outcome=outcome, assigned_to=agents[-1], assigned_at=first)


@pytest.fixture
def month(db):
    one, other = make.agent(), make.agent()
    day = datetime(2026, 3, 10, 12, tzinfo=UTC)  # 13 h in Paris
    past(day, wait=60, length=30, agents=[one])
    past(day, wait=120, length=50, agents=[one, other], outcome=Outcome.COMPLAINT, age_band="under_15")
    past(day.replace(hour=23, minute=30), wait=600, length=10, agents=[other])  # the 11th, 0 h 30 in Paris
    past(day)
    past(START - timedelta(seconds=1), wait=1, length=1, agents=[one])


def test_read_counts_waits_ends_and_interlocutors(month):
    found = history.read(START, END)
    whole = found.whole
    assert (whole.opened, whole.answered, whole.gave_up, whole.in_time) == (4, 3, 1, 2)
    assert (whole.wait_median, whole.length_median) == (120.0, 30 * 60.0)
    assert whole.wait_p95 == pytest.approx(552)
    assert (whole.ended, whole.one_person) == (3, 2)
    assert whole.one_person_percent == pytest.approx(66.67, abs=0.01)
    assert [(day.isoformat(), one.opened) for day, one in found.days] == [("2026-03-10", 3), ("2026-03-11", 1)]
    assert [(hour, one.opened) for hour, one in found.hours] == [(0, 1), (13, 3)]
    assert found.outcomes == [("advised", 2), ("complaint", 1)]
    assert found.orientations == [("chat", 4)] and found.minors == 1


def test_read_agent_who_came_back_is_one_interlocutor(db):
    agent = make.agent()
    past(START, wait=1, length=30, agents=[agent, agent])
    assert history.read(START, END).whole.one_person == 1


def test_ends_and_orientations_of_another_version_are_other(month):
    Conversation.objects.filter(outcome=Outcome.COMPLAINT).update(outcome="former")
    Report.objects.filter(age_band="under_15").update(outcome="former")
    found = history.read(START, END)
    assert found.outcomes == [("advised", 2), ("other", 1)] and found.orientations == [("chat", 3), ("other", 1)]
    assert history.outcome_label("other") == history.orientation_label("other") == "Autre"


def test_read_nothing(db, django_assert_num_queries):
    with django_assert_num_queries(3):
        found = history.read(START, END)
    assert found.whole.opened == 0 and found.whole.wait_median is None and found.whole.in_time_percent is None


def test_page_and_file(db):
    now = datetime.now(tz=UTC)
    past(now - timedelta(days=2), wait=60, length=30, agents=[make.agent()])
    client = signed_in(make.agent(role=Role.SUPERVISOR).user)
    html = client.get("/console/historique/?periode=7").content.decode()
    assert "style=" not in html.split("<main")[1] and "7 derniers jours" in html
    assert "confié à un agent, même s'il n'a encore rien écrit" in unescape(html), "and nobody has written"
    assert "les journées closes ne gardent ni l'une ni l'autre." in unescape(html)
    answer = client.get("/console/historique/chiffres.csv?periode=7")
    text = answer.content.decode()
    assert text.startswith("\ufeffPériode;Échanges ouverts") and "Toute la période;1;1;1,0" in text
    line = AccessRecord.objects.get()
    assert (line.kind, line.detail) == ("export", "7 days")


@pytest.mark.parametrize("days", [7, 365])
def test_page_is_pictures_first_and_its_tables_say_the_same(db, days):
    now = datetime.now(tz=UTC)
    agent = make.agent()
    for number in range(3):
        past(now - timedelta(days=2), wait=60 + 60 * number, length=30, agents=[agent])
    past(now - timedelta(days=3))
    html = signed_in(make.agent(role=Role.SUPERVISOR).user).get(f"/console/historique/?periode={days}").text
    drawn = pictures_of(html)
    assert html.index("<svg") < html.index('<table class="console-table" id="tableau-heure"')
    assert next(iter(drawn)) == "semaine" and {"heure-ouverts", "jour-attentes", "jour-partis", "issues"} <= set(drawn)
    # A bar, a mark or a square for each figure of its table that is not zero, and for nothing else.
    for key, table, column, shape in (
        ("heure-ouverts", "tableau-heure", 1, "chart__bar"),
        ("jour-ouverts", "tableau-jour", 1, "chart__bar"),
        ("jour-attentes", "tableau-jour", 3, "chart__bar"),
        ("jour-partis", "tableau-jour", 6, "chart__bar"),
    ):
        figures = column_of(html, table, column)
        assert len(figures) == int(drawn[key].get("data-points").split()[0])
        told = [one for one in figures if one not in {"–", "0"}]
        assert shapes(drawn[key], shape) == len(told) > 0
    week = [int(cell) for row in rows_of(html, "tableau-semaine") for cell in row[1:]]
    assert len(week) == 168 and sum(week) == 4
    assert sum(shapes(drawn["semaine"], f"chart__heat--{level}") for level in range(1, 6)) == len(
        [n for n in week if n]
    )
    # The waits have one scale, however the time is divided.
    scales = [
        [text.text for text in drawn[key].iter("text") if text.get("text-anchor") == "end"]
        for key in ("heure-attentes", "jour-attentes")
    ]
    assert scales[0] == scales[1] and "0" not in scales[0]
    # A line of too many points has no marks, and nothing says that it has.
    # Each is written twice: in the caption, and in what a screen reader says in its place.
    assert html.count("Ligne à points ronds") == (4 if days == 7 else 2)
    assert ("chart__line--long" in html) == ("Ligne : 95 %" in html) == (days == 365)


LARGE = "18\u00a0854"


def test_thousands_are_apart_as_in_the_public_figures():
    """In the tables, and in what is said at the end of a bar."""
    row = ["Toute la période", 18854, 18854.4, None]
    assert f"<td>{LARGE}</td>" in render_to_string("console/_history_row.html", {"row": row})
    week = {"week": [("0 h", [18854, 12])], "day_names": ["lundi", "mardi"]}
    assert f"<td>{LARGE}</td><td>12</td>" in render_to_string("console/_week_table.html", week)
    chart = pictures.draw_ends("fin", "Fins", [("Conseil", 18854, 61.0)])
    assert f"{LARGE} (61\u00a0%)" in chart.svg


def test_page_sets_the_thousands_of_each_count_apart(db, monkeypatch):
    read = history.read
    counted = {"whole": history.Measures(opened=18854), "outcomes": [("advised", 18854)]}
    monkeypatch.setattr(history, "read", lambda *span: replace(read(*span), **counted))
    monkeypatch.setattr(history, "rests", lambda *_span: history.Rests(18854, 60, 18854 * 3600, 18854))
    html = signed_in(make.agent(role=Role.SUPERVISOR).user).get("/console/historique/").text
    assert squeezed(html).count("18 854") == 6 and "18854" not in html


def test_arrivals_are_by_hour_of_the_week_in_paris(month, django_assert_num_queries):
    with django_assert_num_queries(2):
        counts = history.arrivals_by_hour_of_week(START, END)
    assert (len(counts), {len(row) for row in counts}) == (7, {24})
    # 10 March 2026 is a Tuesday, and the last of the four came on the 11th at 0 h 30.
    assert counts[1][13] == 3 and counts[2][0] == 1 and sum(map(sum, counts)) == 4


@pytest.mark.django_db
def test_rests_are_counted_with_those_that_go_on():
    agent = make.agent()
    at = datetime(2026, 3, 10, 12, tzinfo=UTC)
    past(at)  # never answered, and never at rest
    for steps in (
        [("assigned", 0), ("dormant", 10), ("awake", 30), ("dormant", 60), ("closed", 100)],
        [("assigned", 0), ("dormant", 20)],
    ):
        conversation = make.waiting(queued_at=at)
        ConversationEvent.objects.bulk_create(
            ConversationEvent(conversation=conversation, kind=kind, at=at + timedelta(minutes=minutes), by=agent.user)
            for kind, minutes in steps
        )
    found = history.rests(START, END, at + timedelta(minutes=80))
    assert (found.exchanges, found.came_back, found.median) == (2, 1, 40 * 60)
    assert found.hours == pytest.approx((20 + 40 + 60) / 60)
    assert history.rests(START, at, at).exchanges == 0


@pytest.mark.django_db
def test_rest_ends_where_the_exchange_is_passed_on_by_the_queue():
    at = datetime(2026, 3, 10, 12, tzinfo=UTC)
    conversation = make.waiting(queued_at=at)
    for kind, minutes in (("assigned", 0), ("dormant", 10), ("transferred", 20), ("assigned", 70)):
        ConversationEvent.objects.create(conversation=conversation, kind=kind, at=at + timedelta(minutes=minutes))
    assert history.rests(START, END, at + timedelta(minutes=80)).seconds == 10 * 60


def test_answered_in_time_is_what_the_history_says(month):
    found = history.read(START, END)
    days = history.answered_in_time_by_day(START, END)
    assert [(day, one.opened, one.answered, one.in_time) for day, one in days] == [
        (day, one.opened, one.answered, one.in_time) for day, one in found.days
    ]


# --- closed days ------------------------------------------------------------------------------------------------------


@pytest.fixture
def closed_month(db, monkeypatch):
    """Create a month whose days until the 11th are closed.

    The 10th has thirty people, the 11th ten; the 20th is open.
    """
    monkeypatch.setattr(figures, "draw_digit", lambda: 0)
    one, other = make.agent(), make.agent()
    day = datetime(2026, 3, 10, 12, tzinfo=UTC)  # a Tuesday, 13 h in Paris
    for _person in range(20):
        past(day, wait=60, length=30, agents=[one])
    for _person in range(10):
        past(day, wait=400, length=50, agents=[one, other], outcome=Outcome.COMPLAINT, age_band="under_15")
        past(day + timedelta(days=1, hours=2))
    past(day + timedelta(days=10), wait=50, length=10, agents=[one])
    for number in range(1, 12):
        daily.close_day(day.replace(day=number).date())


def test_history_of_closed_and_open_days_has_the_sums_of_both(closed_month, django_assert_num_queries):
    with django_assert_num_queries(5) as seen:
        found = history.read(MIDNIGHT, MIDNIGHT + timedelta(days=30))
    assert sum("FROM chat_conversation c" in one["sql"] for one in seen.captured_queries) == 2
    whole = found.whole
    assert (whole.opened, whole.answered, whole.gave_up, whole.in_time) == (41, 31, 10, 21)
    assert (whole.wait_median, whole.wait_p95, whole.length_median) == (60, 600, 30 * 60)
    assert (whole.ended, whole.one_person) == (31, 21)
    assert [(day.day, one.opened, one.wait_median) for day, one in found.days] == [
        (10, 30, 60), (11, 10, None), (20, 1, 50),
    ]  # fmt: skip
    assert [(hour, one.opened, one.answered) for hour, one in found.hours] == [(13, 31, 31), (15, 10, 0)]
    assert found.outcomes == [("advised", 21), ("complaint", 10)]
    assert found.orientations == [("chat", 41)] and found.minors == 10
    assert found.exact_from == date(2026, 3, 12)


@pytest.mark.parametrize(("minutes", "in_time"), [(3, 21), (10, 31), (5, 21), (7, None)])
def test_closed_days_are_counted_for_the_promise_of_now(closed_month, set_rule, minutes, in_time):
    """They were closed with three minutes; `promise` would say 21 whatever the table's head says."""
    set_rule(definitions.PROMISED, minutes)
    found = history.read(MIDNIGHT, MIDNIGHT + timedelta(days=30))
    assert (found.whole.answered, found.whole.in_time) == (31, in_time)
    assert dict(found.hours)[13].in_time == in_time
    by_day = history.answered_in_time_by_day(MIDNIGHT, MIDNIGHT + timedelta(days=30))
    assert by_day[0][1].in_time == (None if in_time is None else in_time - 1) and by_day[-1][1].in_time == 1
    if in_time is None:
        assert found.whole.in_time_percent is None


def test_history_of_open_days_alone_is_exact(closed_month):
    found = history.read(MIDNIGHT + timedelta(days=11), MIDNIGHT + timedelta(days=30))
    assert found.exact_from is None and found.whole.wait_median == 50


def test_deleting_changes_nothing_of_closed_days(closed_month):
    span = MIDNIGHT, MIDNIGHT + timedelta(days=19)
    before = history.read(*span), history.arrivals_by_hour_of_week(*span), history.one_voice(*span)
    days = history.answered_in_time_by_day(*span)
    assert before[1][1][13] == 30 and before[1][2][15] == 10 and (before[2].ended, before[2].one_person) == (30, 20)
    assert [(day.day, one.opened, one.answered, one.in_time) for day, one in days] == [(10, 30, 30, 20), (11, 10, 0, 0)]
    Report.objects.all().delete()
    assert (history.read(*span), history.arrivals_by_hour_of_week(*span), history.one_voice(*span)) == before
    assert history.answered_in_time_by_day(*span) == days


def test_page_says_from_which_day_it_is_exact(db):
    now = datetime.now(tz=UTC)
    past(now - timedelta(days=20), wait=60, length=30, agents=[make.agent()])
    client = signed_in(make.agent(role=Role.SUPERVISOR).user)
    assert "tout est exact" not in client.get("/console/historique/").text
    daily.close_due(now)
    assert "tout est exact" in client.get("/console/historique/").text
    assert "tout est exact" not in client.get("/console/historique/?periode=7").text


def test_page_says_when_closed_days_do_not_know_the_promise(chief_of_a_month, set_rule):
    page = "/console/historique/"
    assert "Aucune tranche" not in chief_of_a_month.get(page).text
    set_rule(definitions.PROMISED, 7)
    assert "Aucune tranche ne finit à 7 min" in squeezed(unescape(chief_of_a_month.get(page).text))


def test_history_is_for_supervisors(db):
    client = signed_in(make.agent().user)
    assert client.get("/console/historique/").status_code == 403
    assert client.get("/console/historique/chiffres.csv").status_code == 403


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", " =", "\n", "|"])
def test_spreadsheet_no_cell_is_a_formula(start):
    assert csv_export.plain(f"{start}cmd()")[0] == "'"


def test_spreadsheet_numbers_are_french():
    assert [csv_export.plain(cell) for cell in (1.25, 3, None, "Nuit")] == ["1,2", "3", "", "Nuit"]


# --- from one day to another ------------------------------------------------------------------------------------------


@pytest.fixture
def chief_of_a_month(db):
    """Return a supervisor's browser; one person came 20 days ago, in a day that is closed, and one two days ago."""
    now = datetime.now(tz=UTC)
    for days in (20, 2):
        past(now - timedelta(days=days), wait=60, length=30, agents=[make.agent()])
    daily.close_due(now)
    return signed_in(make.agent(role=Role.SUPERVISOR).user)


def own(first, last):
    return f"?du={first.isoformat()}&au={last.isoformat()}"


def test_page_and_file_of_a_period_of_ones_own(chief_of_a_month):
    today = timezone.localdate()
    first, last = today - timedelta(days=24), today - timedelta(days=16)
    html = unescape(chief_of_a_month.get("/console/historique/" + own(first, last)).text)
    assert f'value="{first.isoformat()}"' in html and f'value="{last.isoformat()}"' in html
    assert len(rows_of(html, "tableau-jour")) == 9 and "Le jour en cours est compris" not in html
    assert '<details class="console-data" id="mes-jours" open>' in html
    assert f"chiffres.csv{own(first, last)}" in html
    answer = chief_of_a_month.get("/console/historique/chiffres.csv" + own(first, last))
    assert f"historique-{first}-{last}" in answer["Content-Disposition"]
    assert AccessRecord.objects.get().detail == f"{first} to {last}"
    whole = unescape(chief_of_a_month.get("/console/historique/" + own(today - timedelta(days=59), today)).text)
    assert "Le jour en cours est compris" in whole and len(rows_of(whole, "tableau-jour")) == 60


@pytest.mark.parametrize(
    ("first", "last", "wrong"),
    [
        (-30, 1, "Ce jour n'est pas encore venu"),
        (-10, -20, "Le premier jour est après le dernier"),
        (-400, -20, "366 jours au plus"),
        (-20, -1, "se comptent ensemble"),
        (-2, 0, "se comptent ensemble"),
        (-2, -2, "se comptent ensemble"),
    ],
)
def test_period_that_cannot_be_shown_says_why_beside_its_day(chief_of_a_month, first, last, wrong):
    today = timezone.localdate()
    address = own(today + timedelta(days=first), today + timedelta(days=last))
    html = unescape(chief_of_a_month.get("/console/historique/" + address).text)
    assert wrong in html and 'aria-invalid="true"' in html and "<title>Erreur" in squeezed(html)
    assert len(rows_of(html, "tableau-jour")) == 30, "the usual period is shown"
    assert (
        "historique-30-jours"
        in chief_of_a_month.get("/console/historique/chiffres.csv" + address)["Content-Disposition"]
    )


@pytest.mark.parametrize(
    "query", ["?du=&au=", "?du=hier&au=2026-13-45", "?du=0001-01-01&au=0001-02-01", "?du=%00&au=1"]
)
def test_days_that_are_none_are_refused_beside_them(chief_of_a_month, query):
    answer = chief_of_a_month.get("/console/historique/" + query)
    assert answer.status_code == 200 and 'id="du-error"' in answer.text


def test_open_days_are_told_together_or_not_at_all(chief_of_a_month):
    """The difference of two periods would else say how the exchanges of one open day ended, perhaps of one person."""
    today = timezone.localdate()
    settled = daily.settled_days()
    open_from = today - timedelta(days=settled - 1)
    page = "/console/historique/"
    for first, last, is_shown in (
        (open_from - timedelta(days=9), open_from - timedelta(days=1), True),
        (open_from - timedelta(days=9), open_from, False),
        (open_from, today, True),
        (open_from + timedelta(days=1), today, False),
        (open_from - timedelta(days=9), today, True),
    ):
        html = chief_of_a_month.get(page + own(first, last)).text
        assert ('aria-invalid="true"' not in html) is is_shown, (first, last)


def days_shown(client, query):
    html = unescape(client.get("/console/historique/" + query).text)
    said = re.search(r"Personnes arrivées du (.*?) au ", squeezed(html)).group(1)
    return said, len(rows_of(html, "tableau-jour"))


def test_usual_period_begins_at_the_first_open_day_while_more_days_are_open(chief_of_a_month):
    """From midnight until the worker closes a day there are eight: « 7 derniers jours » and eight days of one's own
    would tell of the first of them."""
    today = timezone.localdate()
    ClosedDay.objects.filter(day__gte=today - timedelta(days=8)).delete()
    first = today - timedelta(days=8)
    assert days_shown(chief_of_a_month, "?periode=7") == (format_date(first, "j F Y"), 9)
    assert days_shown(chief_of_a_month, own(first, today)) == days_shown(chief_of_a_month, "?periode=7")
    assert days_shown(chief_of_a_month, "?periode=30")[1] == 30
    answer = chief_of_a_month.get("/console/historique/chiffres.csv?periode=7")
    assert "historique-9-jours" in answer["Content-Disposition"]
    assert AccessRecord.objects.get().detail == "9 days"


@pytest.mark.parametrize("query", ["", "?periode=7", "?periode=365"])
def test_more_open_days_than_a_chart_has_points_are_counted_and_the_last_ones_drawn(chief_of_a_month, query):
    """A service of two years closes its first days at sixty an hour; the page was a 500 meanwhile."""
    ClosedDay.objects.all().delete()
    past(datetime.now(tz=UTC) - timedelta(days=700), wait=60, length=30, agents=[make.agent()])
    answer = chief_of_a_month.get("/console/historique/" + query)
    html = squeezed(unescape(answer.text))
    assert answer.status_code == 200 and len(rows_of(html, "tableau-jour")) == charts.POINTS_AT_MOST
    assert "les 366 derniers jours sont montrés" in html and "<dt>Échanges ouverts</dt><dd>3</dd>" in html
    assert (
        "historique-701-jours"
        in chief_of_a_month.get("/console/historique/chiffres.csv" + query)["Content-Disposition"]
    )


def test_open_days_begin_with_who_came_first_until_a_day_is_closed(chief_of_a_month):
    ClosedDay.objects.all().delete()
    today = timezone.localdate()
    came = timezone.localdate(Conversation.objects.earliest("opened_at").opened_at)
    assert days_shown(chief_of_a_month, "?periode=7") == (format_date(came, "j F Y"), (today - came).days + 1)
    for first in (came + timedelta(days=1), today - timedelta(days=6)):
        assert 'aria-invalid="true"' in chief_of_a_month.get("/console/historique/" + own(first, today)).text
    Report.objects.all().delete()
    assert days_shown(chief_of_a_month, "?periode=7")[1] == 7

"""What is counted by hour and day, charts and the file for a spreadsheet."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.models import Conversation, ConversationEvent, EventKind
from chat.rules.lifecycle import Outcome, Status
from chat.statistics import charts, csv_export, history
from pnav.accounts.models import Role
from reports.models import AccessRecord
from tests.chat.console.agents import signed_in
from tests.factories import chat as make

START = datetime(2026, 3, 1, tzinfo=UTC)
END = START + timedelta(days=30)


def past(at, *, wait=None, length=None, agents=(), outcome=Outcome.ADVISED, **fields):
    """A conversation of then: seconds until an answer, minutes until its end, who answered it in turn."""
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
    past(day.replace(hour=23, minute=30), wait=600, length=10, agents=[other])  # the 11th at 0 h 30 in Paris
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


def test_read_nothing(db, django_assert_num_queries):
    with django_assert_num_queries(2):
        found = history.read(START, END)
    assert found.whole.opened == 0 and found.whole.wait_median is None and found.whole.in_time_percent is None


def test_page_and_file(db):
    now = datetime.now(tz=UTC)
    past(now - timedelta(days=2), wait=60, length=30, agents=[make.agent()])
    client = signed_in(make.agent(role=Role.SUPERVISOR).user)
    html = client.get("/console/historique/?periode=7").content.decode()
    assert html.count("<svg") == 4 and html.count("<table") >= 4 and "style=" not in html.split("<main")[1]
    assert 'x="' in html and ',5" y=' not in html  # coordinates are not in French
    assert "7 derniers jours" in html
    answer = client.get("/console/historique/chiffres.csv?periode=7")
    text = answer.content.decode()
    assert text.startswith("\ufeffPériode;Échanges ouverts") and "Toute la période;1;1;1,0" in text
    line = AccessRecord.objects.get()
    assert (line.kind, line.detail) == ("export", "7 days")


def test_history_is_for_supervisors(db):
    client = signed_in(make.agent().user)
    assert client.get("/console/historique/").status_code == 403
    assert client.get("/console/historique/chiffres.csv").status_code == 403


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", " =", "\n", "|"])
def test_spreadsheet_no_cell_is_a_formula(start):
    assert csv_export.plain(f"{start}cmd()")[0] == "'"


def test_spreadsheet_numbers_are_french():
    assert [csv_export.plain(cell) for cell in (1.25, 3, None, "Nuit")] == ["1,2", "3", "", "Nuit"]


@given(st.lists(st.none() | st.floats(0, 1e6), max_size=40), st.lists(st.none() | st.floats(0, 1e6), max_size=40))
def test_charts_stay_in_their_frame(values, marks):
    drawn = charts.draw([str(n) for n in range(len(values))], values, marks)
    for bar in drawn.bars:
        assert 0 <= bar.x <= bar.x + bar.width <= charts.WIDTH + 0.1
        assert 0 < bar.y <= bar.y + bar.height <= drawn.base + 0.1
        assert bar.mark is None or 0 < bar.mark <= drawn.base


def test_charts_line_is_broken_where_there_is_nothing():
    drawn = charts.draw(["a", "b", "c"], [1, 1, 1], [1, None, 1])
    assert drawn.line.count("M") == 2 and "L" not in drawn.line


def test_charts_write_their_first_and_last_label_whole():
    drawn = charts.draw([f"{n:02}/11" for n in range(90)], [1.0] * 90)
    assert drawn.bars[0].centre >= charts.SIDE and drawn.bars[-1].centre <= charts.WIDTH - charts.SIDE


def test_charts_draw_a_wait_of_seconds_as_a_short_bar():
    drawn = charts.draw(["a", "b"], [0.05, None], [0.1, None])
    assert drawn.bars[0].height < charts.HEIGHT / 10
    assert drawn.base - drawn.bars[0].mark < charts.HEIGHT / 5
    assert charts.draw(["a"], [12.0]).bars[0].height == charts.HEIGHT - charts.TOP - charts.BOTTOM

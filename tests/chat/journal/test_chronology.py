"""What the chronology shows at a glance, and what it suggests."""

import uuid
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chat.journal import chronology
from chat.journal.dates import Moment, Precision
from chat.journal.facts import Fact, Told, in_order
from tests.chat.journal.test_dates import moments

NOTED = datetime(2027, 4, 1, tzinfo=UTC)
MONDAY = date(2027, 3, 1)


def fact(number: int, day: date | None = None, *, account: str = "", platform: str = "", about: bool = False) -> Fact:
    precision = Precision.UNKNOWN if day is None else Precision.ABOUT if about else Precision.DAY
    told = Told("…", Moment(precision, day), platform=platform, account=account)
    return Fact(uuid.uuid4(), number, told, NOTED)


def test_one_account_that_comes_back_is_a_repetition_however_it_is_typed():
    facts = [
        fact(n, MONDAY + timedelta(days=n), account=name) for n, name in enumerate(["@Lea_92", " lea_92 ", "LEA_92"])
    ]
    found = chronology.find(facts)
    assert [(one.account, one.numbers) for one in found.repeated] == [("@Lea_92", (0, 1, 2))]
    assert found.accounts == 1 and not found.is_group


def test_several_accounts_are_a_group_and_no_repetition():
    found = chronology.find([fact(n, MONDAY, account=f"compte {n}") for n in range(3)])
    assert found.repeated == () and found.is_group and found.accounts == 3


def test_facts_without_an_account_are_nobodys():
    found = chronology.find([fact(1, MONDAY), fact(2, MONDAY), fact(3)])
    assert found.repeated == () and found.accounts == 0 and found.days == 0


def test_how_long_it_lasts_counts_both_days_and_leaves_out_what_is_unknown():
    found = chronology.find([fact(1, MONDAY), fact(2, MONDAY + timedelta(days=9)), fact(3)])
    assert (found.first, found.last, found.days) == (MONDAY, MONDAY + timedelta(days=9), 10)


def test_rows_go_by_number_of_facts_and_what_is_unnamed_comes_last():
    names = ["a", "b", "b", "", "", ""]
    chart = chronology.draw([fact(n, MONDAY, account=name) for n, name in enumerate(names)], chronology.by_account)
    assert [(row.label, row.count) for row in chart.rows] == [("b", 2), ("a", 1), ("", 3)]


def test_too_many_accounts_share_a_row():
    facts = [fact(n, MONDAY, account=f"compte {n:03}") for n in range(chronology.ROWS_MOST + 5)]
    rows = chronology.draw(facts, chronology.by_account).rows
    assert len(rows) == chronology.ROWS_MOST + 1
    assert rows[-1].is_rest and (rows[-1].label, rows[-1].count) == ("5", 5)


def test_facts_of_one_moment_are_one_mark_with_their_number():
    (row,) = chronology.draw([fact(n, MONDAY, account="a") for n in range(4)], chronology.by_account).rows
    (mark,) = row.marks
    assert mark.number == "4" and not mark.is_about


def test_unknown_dates_stand_apart():
    chart = chronology.draw([fact(1, MONDAY), fact(2)], chronology.by_account)
    known, unknown = chart.rows[0].marks
    assert unknown.is_unknown and unknown.x > chart.right > known.x and chart.unknown == 1


def test_what_is_about_a_date_is_drawn_so():
    (row,) = chronology.draw([fact(1, MONDAY, about=True)], chronology.by_account).rows
    assert row.marks[0].is_about


def test_gaps_are_whole_days_between_two_facts():
    days = [0, 1, 40, 41, 49]  # 38 days without a fact, then 7
    gaps = chronology.draw([fact(n, MONDAY + timedelta(days=n)) for n in days], chronology.by_account).gaps
    assert [gap.days for gap in gaps] == [38, 7]
    assert chronology.draw([fact(1, MONDAY), fact(2, MONDAY + timedelta(days=7))], chronology.by_account).gaps == ()


def test_minutes_count_in_a_drawing_of_one_day():
    told = [Told("…", Moment(Precision.MINUTE, MONDAY, time(hour))) for hour in (8, 20)]
    facts = [Fact(uuid.uuid4(), n, one, NOTED) for n, one in enumerate(told)]
    (row,) = chronology.draw(facts, chronology.by_account).rows
    assert row.marks[0].x < row.marks[1].x


def test_nothing_known_is_drawn_all_the_same():
    chart = chronology.draw([Fact(uuid.uuid4(), 1, None, NOTED), fact(2)], chronology.by_account)
    assert chart.first is None and chart.unknown == 2 and chart.rows[0].marks[0].number == "2"
    assert chronology.draw([], chronology.by_account).rows == ()


@given(st.lists(st.tuples(moments(), st.sampled_from(["", "a", "b", *map(str, range(20))])), max_size=40))
def test_every_fact_is_drawn_once_within_the_drawing(told):
    facts = in_order(
        Fact(uuid.uuid4(), n, Told("…", moment, account=name), NOTED) for n, (moment, name) in enumerate(told)
    )
    chart = chronology.draw(facts, chronology.by_account)
    assert sum(row.count for row in chart.rows) == len(facts)
    assert len(chart.rows) <= chronology.ROWS_MOST + 2 and len(chart.gaps) <= chronology.GAPS_MOST
    for row in chart.rows:
        assert sum(int(mark.number or 1) for mark in row.marks) == row.count
        assert len(row.marks) <= chronology.COLUMNS + 1
        for mark in row.marks:
            assert mark.radius <= mark.x <= chart.width - mark.radius and 0 <= mark.y <= chart.height

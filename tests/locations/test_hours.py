"""Opening hours: how they are read, shown, and asked about."""

from datetime import UTC, date, datetime, timedelta

import pytest

from locations import hours
from locations.hours import UnreadableHours

OFFICE = {
    "mon": [["08:00", "12:00"], ["14:00", "18:00"]],
    "tue": [["08:00", "12:00"], ["14:00", "18:00"]],
    "wed": [["14:00", "18:00"]],
    "thu": [["08:00", "12:00"], ["14:00", "18:00"]],
    "fri": [["08:00", "12:00"], ["14:00", "18:00"]],
    "sat": [],
    "sun": [],
}


@pytest.mark.parametrize("separator", ["$", " ", " ; "])
def test_parse_text_in_its_three_forms(separator):
    text = separator.join(["", "Lundi : 8h00-12h00 14h00-18h00", "Mercredi : 14h00-18h00", "Jours Fériés : 9h00-12h00"])
    week = hours.parse_text(text)
    assert week["mon"] == [["08:00", "12:00"], ["14:00", "18:00"]]
    assert week["wed"] == [["14:00", "18:00"]]
    assert week["tue"] == []
    assert week["holidays"] == [["09:00", "12:00"]]


@pytest.mark.parametrize("text", ["", "  ", "Lundi : 0h00-0h00 Mardi : 0h00-0h00", "$Lundi : $Mardi : "])
def test_parse_text_unknown_or_placeholder(text):
    assert hours.parse_text(text) is None


@pytest.mark.parametrize("text", ["sur rendez-vous", "Lundi : le matin", "Lundi : 26h00-27h00", "Lundi : 8h70-9h00"])
def test_parse_text_unreadable(text):
    with pytest.raises(UnreadableHours):
        hours.parse_text(text)


def test_parse_text_past_midnight():
    week = hours.parse_text("Samedi : 22h00-2h00")
    assert week["sat"] == [["22:00", "24:00"]]
    assert week["sun"] == [["00:00", "02:00"]]


def columns(**given):
    return {f"{key}": value for key, value in given.items()}


def test_parse_columns_structured():
    row = columns(
        lundi_plage1_debut="08h00",
        lundi_plage1_fin="12h00",
        lundi_plage2_debut="14h0",
        lundi_plage2_fin="18h30",
        jours_feries_plage1_debut="9h",
        jours_feries_plage1_fin="12h00",
    )
    week = hours.parse_columns(row)
    assert week["mon"] == [["08:00", "12:00"], ["14:00", "18:30"]]
    assert week["holidays"] == [["09:00", "12:00"]]


def test_parse_columns_day_and_night():
    days = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
    row = {f"{day}_plage1_{edge}": clock for day in days for edge, clock in (("debut", "00:00"), ("fin", "24:00"))}
    week = hours.parse_columns(row)
    assert [(line.days, line.hours) for line in hours.describe(week)] == [("tous les jours", "24 heures sur 24")]
    night = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
    assert hours.opening_at(week, night, department_code="75").is_open is True


def test_parse_columns_empty():
    assert hours.parse_columns({}) is None


def test_parse_columns_half_a_slot():
    with pytest.raises(UnreadableHours):
        hours.parse_columns({"lundi_plage1_debut": "08h00", "lundi_plage1_fin": ""})


def test_parse_ranges_of_days():
    week = hours.parse_ranges(
        [
            {
                "nom_jour_debut": "Lundi",
                "nom_jour_fin": "Mercredi",
                "valeur_heure_debut_1": "09:00:00",
                "valeur_heure_fin_1": "12:00:00",
                "valeur_heure_debut_2": "",
                "valeur_heure_fin_2": "",
                "commentaire": "Demander Mme X",
            }
        ]
    )
    assert week["tue"] == [["09:00", "12:00"]]
    assert week["thu"] == []
    assert "Mme" not in str(week)


def test_parse_ranges_placeholder():
    placeholder = {
        "nom_jour_debut": "Lundi",
        "nom_jour_fin": "Dimanche",
        "valeur_heure_debut_1": "00:00:00",
        "valeur_heure_fin_1": "00:00:00",
    }
    assert hours.parse_ranges([placeholder]) is None


def test_describe_groups_neighbouring_days():
    assert [(line.days, line.hours) for line in hours.describe(OFFICE)] == [
        ("lundi et mardi", "de 8 h à 12 h et de 14 h à 18 h"),
        ("mercredi", "de 14 h à 18 h"),
        ("jeudi et vendredi", "de 8 h à 12 h et de 14 h à 18 h"),
        ("samedi et dimanche", "fermé"),
    ]


@pytest.mark.parametrize(
    ("moment", "is_open", "until", "next_day", "next_time"),
    [
        (datetime(2026, 11, 23, 9, 0, tzinfo=UTC), True, "12 h", "", ""),  # Monday, 10:00 in Paris
        (datetime(2026, 11, 23, 11, 30, tzinfo=UTC), False, "", "aujourd'hui", "14 h"),
        (datetime(2026, 11, 24, 20, 0, tzinfo=UTC), False, "", "demain", "14 h"),
        (datetime(2026, 11, 27, 20, 0, tzinfo=UTC), False, "", "lundi", "8 h"),
    ],
)
def test_opening_at_on_an_ordinary_day(moment, is_open, until, next_day, next_time):
    opening = hours.opening_at(OFFICE, moment, department_code="75")
    assert (opening.is_open, opening.until, opening.next_day, opening.next_time) == (
        is_open,
        until,
        next_day,
        next_time,
    )


NIGHTS = {day: [["00:00", "24:00"]] for day in hours.DAYS}


@pytest.mark.parametrize(
    ("week", "until"),
    [
        (NIGHTS, ""),
        ({**NIGHTS, "tue": []}, "minuit"),
        ({**NIGHTS, "tue": [["08:00", "12:00"]]}, "minuit"),
        ({**NIGHTS, "tue": [["00:00", "02:00"]]}, ""),
        ({"mon": [["18:00", "24:00"]]}, "minuit"),
    ],
)
def test_opening_at_says_until_midnight_where_a_place_does_not_go_on(week, until):
    monday = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)  # 23:30 in Paris
    assert hours.opening_at(week, monday, department_code="75") == hours.Opening(is_open=True, until=until)


def test_opening_at_says_until_midnight_before_a_public_holiday_that_is_closed():
    eve = datetime(2026, 12, 24, 22, 30, tzinfo=UTC)
    assert hours.opening_at(NIGHTS, eve, department_code="75").until == ""
    assert hours.opening_at({**NIGHTS, "holidays": []}, eve, department_code="75").until == "minuit"
    assert hours.opening_at({**NIGHTS, "holidays": [["00:00", "12:00"]]}, eve, department_code="75").until == ""


def test_opening_at_is_told_in_local_time():
    """9:30 in Paris on a Monday is past noon in La Réunion, and still Sunday night in Tahiti."""
    moment = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
    assert hours.opening_at(OFFICE, moment, department_code="75").is_open is True
    assert hours.opening_at(OFFICE, moment, department_code="974").is_open is False
    assert hours.opening_at(OFFICE, moment, department_code="987").next_day == "demain"


HOUR = 3600


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        # In UTC; Paris is an hour ahead. The place is open from 8 to 12 and from 14 to 18.
        (datetime(2026, 11, 23, 6, tzinfo=UTC), datetime(2026, 11, 23, 9, tzinfo=UTC), 2 * HOUR),
        (datetime(2026, 11, 23, 9, tzinfo=UTC), datetime(2026, 11, 23, 9, 30, tzinfo=UTC), HOUR / 2),
        (datetime(2026, 11, 23, 10, tzinfo=UTC), datetime(2026, 11, 23, 14, tzinfo=UTC), 2 * HOUR),
        (datetime(2026, 11, 28, 8, tzinfo=UTC), datetime(2026, 11, 29, 20, tzinfo=UTC), 0),  # a weekend
        (datetime(2026, 11, 23, 0, tzinfo=UTC), datetime(2026, 11, 27, 0, tzinfo=UTC), 10 * HOUR),  # no more is counted
        (datetime(2026, 12, 25, 0, tzinfo=UTC), datetime(2026, 12, 25, 22, tzinfo=UTC), 8 * HOUR),  # a holiday, untold
    ],
)
def test_open_seconds(start, end, expected):
    week = {day: [["08:00", "12:00"], ["14:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    week |= {"sat": [], "sun": []}
    assert hours.open_seconds(week, start, end, department_code="75", at_most=10 * HOUR) == expected


def test_open_seconds_of_a_place_that_never_closes_count_a_public_holiday_of_which_nothing_is_said():
    always = {day: [["00:00", "24:00"]] for day in hours.DAYS}
    start, end = datetime(2026, 12, 24, 18, tzinfo=UTC), datetime(2026, 12, 26, 18, tzinfo=UTC)
    assert hours.open_seconds(always, start, end, department_code="75", at_most=99 * HOUR) == 48 * HOUR
    closed = {**always, "holidays": []}
    assert hours.open_seconds(closed, start, end, department_code="75", at_most=99 * HOUR) == 24 * HOUR


def test_open_seconds_of_a_night_in_which_clocks_change_and_of_a_long_time():
    """In Paris the night to 25 October 2026 has 25 hours."""
    start, end = datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)
    assert hours.open_seconds(NIGHTS, start, end, department_code="75", at_most=99 * HOUR) == 25 * HOUR
    never = {day: [] for day in hours.DAYS}
    days = hours.DAYS_COUNTED
    for ahead, expected in ((days - 1, 0), (days + 2, HOUR)):
        end = start + timedelta(days=ahead)
        assert hours.open_seconds(never, start, end, department_code="75", at_most=HOUR) == expected


def test_opening_at_on_a_public_holiday_of_which_nothing_is_said():
    christmas = datetime(2026, 12, 25, 9, 0, tzinfo=UTC)
    assert hours.opening_at(OFFICE, christmas, department_code="75").is_open is None


def test_opening_at_on_a_public_holiday_that_the_source_tells():
    christmas = datetime(2026, 12, 25, 9, 0, tzinfo=UTC)
    week = {**OFFICE, "holidays": [["09:00", "12:00"]]}
    assert hours.opening_at(week, christmas, department_code="75").is_open is True


@pytest.mark.parametrize(
    ("day", "department", "expected"),
    [
        (date(2026, 4, 6), "75", True),  # Easter Monday
        (date(2026, 5, 14), "75", True),  # Ascension
        (date(2026, 5, 25), "75", True),  # Whit Monday
        (date(2026, 4, 3), "75", False),
        (date(2026, 4, 3), "67", True),  # Good Friday in Alsace
        (date(2026, 12, 20), "974", True),  # abolition of slavery
        (date(2026, 12, 20), "75", False),
        (date(2027, 3, 29), "13", True),
    ],
)
def test_is_public_holiday(day, department, expected):
    assert hours.is_public_holiday(day, department) is expected


# Article L3133-1 of the code du travail, for the two following years.
EVERYWHERE = {
    2026: ["01-01", "04-06", "05-01", "05-08", "05-14", "05-25", "07-14", "08-15", "11-01", "11-11", "12-25"],
    2027: ["01-01", "03-29", "05-01", "05-06", "05-08", "05-17", "07-14", "08-15", "11-01", "11-11", "12-25"],
}
# Article L3422-2 (abolition of slavery), and article L3134-13 for Alsace and Moselle: Good Friday and 26 December.
SOMEWHERE = {
    "971": ["05-27"], "972": ["05-22"], "973": ["06-10"], "974": ["12-20"], "976": ["04-27"], "977": ["10-09"],
    "978": ["05-28"], "57": ["friday", "12-26"], "67": ["friday", "12-26"], "68": ["friday", "12-26"],
}  # fmt: skip
GOOD_FRIDAY = {2026: "04-03", 2027: "03-26"}
DEPARTMENTS = [
    *(f"{number:02}" for number in range(1, 96) if number != 20), "2A", "2B",
    *(str(number) for number in range(971, 990)),
]  # fmt: skip


@pytest.mark.parametrize("year", EVERYWHERE)
def test_public_holidays_of_every_department_on_every_day(year, subtests):
    days = [date(year, 1, 1) + timedelta(days=count) for count in range(365)]
    assert days[-1] == date(year, 12, 31)
    for department in DEPARTMENTS:
        with subtests.test(department=department):
            own = [GOOD_FRIDAY[year] if day == "friday" else day for day in SOMEWHERE.get(department, [])]
            found = [f"{day:%m-%d}" for day in days if hours.is_public_holiday(day, department)]
            assert found == sorted([*EVERYWHERE[year], *own])


@pytest.mark.parametrize(
    ("year", "sunday"),
    # The earliest and the latest possible dates of Easter, and each exception of the calendar between them.
    [(1818, "03-22"), (1943, "04-25"), (1954, "04-18"), (1981, "04-19"), (2000, "04-23"), (2008, "03-23"),
     (2024, "03-31"), (2038, "04-25"), (2049, "04-18"), (2076, "04-19"), (2100, "03-28")],
)  # fmt: skip
def test_easter_monday_follows_the_calendar(year, sunday):
    month, day = map(int, sunday.split("-"))
    monday = date(year, month, day) + timedelta(days=1)
    assert hours.is_public_holiday(monday, "75")
    assert not hours.is_public_holiday(monday - timedelta(days=7), "75")


def test_check_week_takes_each_minute_of_the_day_and_no_other():
    """Each minute is tried in either place of a slot whose order is right, so that nothing but the clock is wrong."""
    clocks = [f"{hour:02}:{minute:02}" for hour in range(100) for minute in range(100)]
    minutes = {f"{hour:02}:{minute:02}" for hour in range(24) for minute in range(60)}
    as_end = {clock for clock in clocks if hours.check_week({"mon": [["00:00", clock]]}) is None}
    assert as_end == minutes - {"00:00"} | {"24:00"}
    as_start = {clock for clock in clocks if hours.check_week({"mon": [[clock, "24:00"]]}) is None}
    assert as_start == minutes


@pytest.mark.parametrize(
    "clock", ["8:00", "08:0", "8h", "08h00", "08-00", " 08:00", "08:00 ", "08:00\n", "0٨:00", "08:00:00", 8, None, ""]
)
def test_check_week_refuses_what_is_no_clock(clock):
    assert hours.check_week({"mon": [[clock, "24:00"]]})
    assert hours.check_week({"mon": [["00:00", clock]]})


@pytest.mark.parametrize(
    "value",
    [
        [],
        {"lundi": []},
        {"mon": "8h"},
        {"mon": [["8:00", "12:00"]]},
        {"mon": [["12:00", "08:00"]]},
        {"mon": [["08:00", "12:00"], ["11:00", "13:00"]]},
        {"mon": []},
    ],
)
def test_check_week_refuses(value):
    assert hours.check_week(value)


def test_check_week_accepts():
    assert hours.check_week(OFFICE) is None


@pytest.mark.parametrize(
    ("department", "winter", "summer"),
    [("988", 10, 9), ("974", 3, 2), ("975", -4, -4), ("987", -11, -12), ("971", -5, -6), ("75", 0, 0), ("2A", 0, 0)],
)
def test_clocks_differ_from_those_of_paris(department, winter, summer):
    ahead = [
        hours.ahead_of_paris(department, datetime(2026, month, 15, 12, tzinfo=UTC)) // timedelta(hours=1)
        for month in (1, 7)
    ]
    assert ahead == [winter, summer]


def test_every_difference_is_of_whole_hours():
    """The console says « 10 h de plus »."""
    for department in hours._ZONES:
        for month in (1, 7):
            ahead = hours.ahead_of_paris(department, datetime(2026, month, 15, tzinfo=UTC))
            assert ahead % timedelta(hours=1) == timedelta(), department

"""This module makes the charts of « Historique » and those that the board shows too, with their words.

A chart and its table are made from the same rows, which have only counts, minutes and shares.
"""

import math
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.utils.dates import WEEKDAYS
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from chat.statistics import charts
from chat.statistics.charts import Chart, Row, Table, Words
from chat.statistics.history import Measures

HOURS = [f"{hour} h" for hour in range(charts.HOURS)]
# A label takes some forty units of a chart's 320.
LABELS_AT_MOST = 6
# How high the pictures along time are, in units of a chart's width of 320: in a card of a third of 1,440 px the drawing
# without its scale is then 180 px high. At 130 it had 110 px of the 300 that its row gave it.
SERIES_HEIGHT = 195


def day_names() -> list[str]:
    """Return the names of the days, « lundi » first, as in the table of a week."""
    return [str(WEEKDAYS[day]) for day in range(charts.DAYS)]


def every(count: int) -> int:
    """Return the n for which every n-th label is written below so many bars."""
    return max(1, -(-count // LABELS_AT_MOST))


def draw_arrivals(counts: Sequence[Sequence[int]], *, key: str, title: str, table: str) -> Chart:
    """Draw the hours of the week at which people come."""
    names = day_names()
    busiest = max(((count, -day, -hour) for day, row in enumerate(counts) for hour, count in enumerate(row)))
    count, day, hour = busiest[0], -busiest[1], -busiest[2]
    if count:
        most = ngettext(
            "Le plus : %(day)s à %(hour)s h, %(count)s personne.",
            "Le plus : %(day)s à %(hour)s h, %(count)s personnes.",
            count,
        ) % {"day": names[day], "hour": hour, "count": count}
        said = most + " " + _("Plus un carré est grand, plus il est venu de personnes.")
    else:
        said = _("Personne n'est venu dans cette période.")
    return charts.draw_heat_map(Words(key, title, said), counts, [name[:3] for name in names], table=Table(table))


def rows_of_week(counts: Sequence[Sequence[int]]) -> list[tuple[str, list[int]]]:
    """Return the table of `draw_arrivals`: a row for each hour, a column for each day."""
    return [(HOURS[hour], [counts[day][hour] for day in range(charts.DAYS)]) for hour in range(charts.HOURS)]


def draw_promise(days: Sequence[tuple[date, Measures]], *, key: str, title: str, table: Table) -> Chart:
    """Draw the share that was answered in time, for each of these days, of which the last is today. The shares are
    rounded down, as is the figure above the picture.
    """
    return charts.draw_bars(
        Words(
            key,
            title,
            _(
                "En pourcentage, de 0 à 100. Barre pleine : aujourd'hui. Pris en charge : confié à un agent, même s'il "
                "n'a encore rien écrit."
            ),
        ),
        [one.in_time_percent_floored for _day, one in days],
        [f"{day:%d/%m}" for day, _one in days],
        table=table,
        top=100,
        dark=len(days) - 1,
        every=every(len(days)),
    )


def draw_series(key: str, title: str, labels: Sequence[str], rows: Sequence[Measures], top: float) -> list[Chart]:
    """Draw people who came, waits, and the share that gave up, along the same time. top: the top of the scale of waits,
    in minutes, which several series share. The share that gave up has its own scale, because a few percent on 0 to 100
    are a flat line.

    The columns are those of the history's tables (`console/_history_row.html`).
    """
    table, step = f"tableau-{key}", every(len(rows))
    opened = charts.draw_bars(
        Words(f"{key}-ouverts", _("%(where)s : échanges ouverts") % {"where": title}),
        [one.opened for one in rows], labels, table=Table(table, (1,)), every=step, height=SERIES_HEIGHT,
    )  # fmt: skip
    waits = charts.draw_bars(
        Words(
            f"{key}-attentes",
            _("%(where)s : attente en minutes") % {"where": title},
            _("Barre : une personne sur deux. Ligne à points ronds : 95 % des personnes. La même échelle partout.")
            if len(rows) <= charts.MARKS_AT_MOST
            else _("Barre : une personne sur deux. Ligne : 95 % des personnes. La même échelle partout."),
        ),
        [minutes(one.wait_median) for one in rows],
        labels, table=Table(table, (3, 4)), marks=[minutes(one.wait_p95) for one in rows], top=top, every=step,
        height=SERIES_HEIGHT,
    )  # fmt: skip
    shares = [one.gave_up_percent for one in rows]
    gave_up = charts.draw_bars(
        Words(
            f"{key}-partis", _("%(where)s : partis avant une prise en charge") % {"where": title},
            _("En pourcentage, de 0 à %(top)d.") % {"top": charts.round_top(charts.top_of(shares))},
        ),
        shares, labels, table=Table(table, (6,)), every=step, height=SERIES_HEIGHT,
    )  # fmt: skip
    return [opened, waits, gave_up]


def top_of_waits(*series: Sequence[Measures]) -> float:
    """Return the common scale of several charts of waits, in minutes."""
    return charts.top_of(*([minutes(one.wait_p95) for one in rows] for rows in series))


def draw_ends(key: str, title: str, rows: Sequence[tuple[str, int, float]]) -> Chart:
    """Draw how many of each there were. rows: label, count, percent, of which the first ROWS_AT_MOST are drawn."""
    return charts.draw_rows(
        Words(key, title, _("Les mêmes nombres sont dans le tableau plus bas.")),
        [
            Row(str(label), count, f"{number_format(count, force_grouping=True)} ({math.floor(percent + 0.5)} %)")
            for label, count, percent in rows[: charts.ROWS_AT_MOST]
        ],
    )


def minutes(seconds: float | None) -> float | None:
    """Return seconds as minutes; None for None."""
    return None if seconds is None else seconds / 60


def last_days_filled(days: Sequence[tuple[date, Measures]], all_days: Sequence[date]) -> list[tuple[date, Any]]:
    """Return each of these days, with empty measures where nobody came."""
    known = dict(days)
    return [(day, known.get(day, Measures())) for day in all_days]

"""The public page « Les chiffres du service » and its open data: rounded, and the same for a week.

Both read what is stored of closed days (`chat.statistics.daily`), which was rounded before it was stored, so that
deletions change none of it. Periods end on a Monday at midnight. Small counts are also hidden by
`chat.rules.small_counts`.
"""

import csv
import io
import threading
import time
from datetime import date, datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Case, CharField, F, Func, Max, Min, Sum, Value, When
from django.db.models.functions import TruncMonth
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import number_format
from django.views.decorators.http import require_safe

from chat.models import ClosedDay, DailyFigure
from chat.referral import removal
from chat.rules import daily_figures, small_counts
from chat.rules.lifecycle import Outcome
from chat.rules.removal import DAYS, Answer
from chat.statistics import charts
from chat.statistics.charts import Chart, Row, Words
from common.cached_reading import CachedReading, reading_for_others
from common.service_settings import definitions, values
from common.texts.catalogue import Sentence
from pnav.pages import open_data
from pnav.pages.texts import obligatory as words

PERIODS = {"month": 30, "year": 365}
# Outcomes of contents are counted by whole weeks (chat.models.figures), so their periods are whole weeks too.
WEEKS = {"month": 4, "year": 52}
YEARS_AT_MOST = 10  # how many years are compared, the last ones
KEPT_SECONDS = 8 * 24 * 60 * 60
# How long figures are kept whose last days the worker has not closed yet, and how long those of the file.
KEPT_SHORTLY = 10 * 60
FILE_SECONDS = 60 * 60
DAY = timedelta(days=1)

type Figures = dict[str, Any]

# By key: the figures, and the time of the monotonic clock until which they are kept.
_kept: dict[str, tuple[Figures, float]] = {}
_lock = threading.Lock()


def last_monday(now: datetime) -> date:
    """Return the day at whose beginning the periods end: the last Monday before which every day is settled."""
    return _monday_of(timezone.localdate(now) - (daily_figures.SETTLED_DAYS - 1) * DAY)


def _monday_of(day: date) -> date:
    return day - day.weekday() * DAY


def of_this_week(now: datetime) -> Figures:
    """Return the figures of this week from this process, from the cache, or computed, in which case both keep them.

    While Redis is away each process computes them once. Where the worker has not closed the last days yet, or none,
    they end sooner and are kept for KEPT_SHORTLY.
    """
    end = last_monday(now)
    key = f"figures:3:{end:%Y-%m-%d}"
    with _lock, reading_for_others():
        found, until = _kept.get(key, (None, 0.0))
        if found is None or time.monotonic() >= until:
            found = cache.get(key)
            if found is None:
                found = compute(end, now)
                cache.set(key, found, timeout=_seconds_kept(found))
            _kept.clear()
            _kept[key] = found, time.monotonic() + _seconds_kept(found)
        return found


def _seconds_kept(found: Figures) -> int:
    return KEPT_SECONDS if found["is_whole"] else KEPT_SHORTLY


def forget(now: datetime) -> None:
    """Delete the kept figures, so that the next page computes them again.

    For a demonstration, whose past is replaced.
    """
    cache.delete(f"figures:3:{last_monday(now):%Y-%m-%d}")
    _kept.clear()
    _file.forget()


def compute(end: date, now: datetime) -> Figures:
    """Compute the figures in the form in which JSON holds them: only what may be published. Six statements, and one a
    year.
    """
    asked, (first, end, is_closed) = end, _closed_until(end)
    return {
        "is_whole": is_closed and end == asked,
        "computed_at": now.isoformat(),
        "end": end.isoformat(),
        "promised_minutes": values.get(definitions.PROMISED),
        "periods": [{"key": key, "days": days, **_period(end - days * DAY, end)} for key, days in PERIODS.items()],
        "years": _years(first, end),
        "removals": [_removals(end, weeks) for weeks in WEEKS.values()],
    }


def _closed_until(end: date) -> tuple[date, date, bool]:
    """Return the first closed day, the Monday at which the periods end, and whether any day is closed. One statement.

    The Monday is `end`, or an earlier one while days are not closed.
    """
    span = ClosedDay.objects.aggregate(first=Min("day"), last=Max("day"))
    if span["first"] is None:
        return end, end, False
    return span["first"], min(end, _monday_of(span["last"] + DAY)), True


def _years(first: date, end: date) -> list[Figures]:
    """Return the calendar years since the opening, the last one first, each until `end`."""
    found = []
    for year in range((end - DAY).year, first.year - 1, -1)[:YEARS_AT_MOST]:
        begin, after = date(year, 1, 1), date(year + 1, 1, 1)
        is_whole = first <= begin and after <= end
        found.append({"key": str(year), "is_whole": is_whole, **_period(max(first, begin), min(after, end))})
    return found if first < end else []


def _removals(end: date, weeks: int) -> list[tuple[str, int]]:
    """Return how many contents were removed and how many were not, if both may be published: each tells the other."""
    counts = removal.count_answers(end, weeks)
    return small_counts.parts([(answer, counts[answer]) for answer in Answer.values]).shown


def _period(first: date, before: date) -> Figures:
    """Return what may be published of these days. Each share belongs to one series, whose parts make its whole.

    Who was answered in time is read from the ranges of waits, for the promise that the page names (docs/adr/0083).
    """
    found = DailyFigure.objects.between(first, before, daily_figures.CHAINS).totals()
    people = sum(found.get("people", {}).values())
    waits = found.get("wait", {})
    came, gave_up = sum(waits.values()), waits.get(daily_figures.GAVE_UP, 0)
    answered = came - gave_up - waits.get(daily_figures.WAITING, 0)
    in_time = daily_figures.answered_within(waits, 60 * values.get(definitions.PROMISED))
    voices, ages = found.get("voices", {}), found.get("age", {})
    one, several = (voices.get(key, 0) for key in (daily_figures.ONE_VOICE, daily_figures.SEVERAL_VOICES))
    counts = daily_figures.first_parts(found.get("end", {}))
    outcomes = small_counts.parts([(value, counts.get(value, 0)) for value in Outcome.values])
    return {
        "opened": small_counts.rounded(people),
        "answered": small_counts.percent(answered, came),
        "in_time": None if in_time is None else small_counts.percent(in_time, answered),
        "gave_up": small_counts.percent(gave_up, came),
        "one_person": small_counts.percent(one, one + several),
        "minors": small_counts.percent(ages.get(daily_figures.MINOR, 0), sum(ages.values())),
        "wait": _minutes(daily_figures.quantile(waits, daily_figures.WAITS, 0.5), answered),
        "length": _minutes(daily_figures.quantile(found.get("length", {}), daily_figures.LENGTHS, 0.5), one + several),
        "outcomes": outcomes.shown,
        "other_outcomes": outcomes.others,
        "has_other_outcomes": outcomes.has_others,
    }


def _minutes(seconds: int | None, people: int) -> int | None:
    """Return the upper end of the median's range; None when it covers too few people, or is beyond the last range."""
    return None if seconds is None or people < small_counts.AT_LEAST else seconds // 60


# The lines of a period, in order: key, label, form of the number.
LINES = (
    ("opened", words.OPENED, words.ABOUT),
    ("minors", words.MINORS, words.PERCENT),
    ("answered", words.ANSWERED, words.PERCENT),
    ("in_time", words.IN_MINUTES, words.PERCENT),
    ("wait", words.WAIT, words.MINUTES),
    ("gave_up", words.GAVE_UP, words.PERCENT),
    ("length", words.LENGTH, words.MINUTES),
    ("one_person", words.ONE_PERSON, words.PERCENT),
)

TITLES = {"month": words.LAST_MONTH, "year": words.LAST_YEAR}


def _said(value: int | None, how: Sentence) -> str:
    """Return the number in words, its thousands apart as in the active language."""
    return words.NOT_PUBLISHED.say() if value is None else how.say(n=number_format(value, force_grouping=True))


def draw_shares(periods: list[Figures], promise: str) -> list[Chart]:
    """Draw the shares of each period, all from 0 to 100, from the rounded values of the table and nothing else."""
    # In the table « dont mineurs » stands under the people of whom it is a part. No bar stands above it.
    alone = {"minors": words.MINORS_ALONE}
    shares = [(key, alone.get(key, label)) for key, label, how in LINES if how is words.PERCENT]
    return [
        charts.draw_rows(
            Words(f"parts-{one['key']}", TITLES[one["key"]].say(), words.SHARES_DRAWN.say()),
            [
                Row(promise if key == "in_time" else label.say(), one[key], _said(one[key], words.PERCENT))
                for key, label in shares
            ],
            top=100,
        )
        for one in periods
    ]


def draw_outcomes(period: Figures) -> Chart | None:
    """Draw the published counts of one period; None when none is published. Hidden counts are left out."""
    labels = words.OPTIONS["outcome"]
    rows = [Row(labels[value].say(), count, _said(count, words.ABOUT)) for value, count in period["outcomes"]]
    if not rows:
        return None
    key = period["key"]
    return charts.draw_rows(Words(f"suites-{key}", TITLES[key].say(), words.OUTCOMES_DRAWN.say()), rows)


def draw_years(years: list[Figures]) -> Chart | None:
    """Draw the published people of each year; None unless there are two years to compare."""
    if len(years) < 2:
        return None
    rows = [Row(one["key"], one["opened"], _said(one["opened"], words.ABOUT)) for one in years]
    return charts.draw_rows(Words("annees-dessin", words.OPENED.say(), words.YEARS_DRAWN.say()), rows)


def _lines(columns: list[Figures], promise: str) -> list[tuple[str, list[str]]]:
    return [
        (promise if key == "in_time" else label.say(), [_said(one[key], how) for one in columns])
        for key, label, how in LINES
    ]


@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """Show the figures of thirty days and of twelve months, side by side, then each year since the opening."""
    return render(request, "pages/figures.html", figures_page(of_this_week(timezone.now())))


def figures_page(found: Figures) -> dict[str, Any]:
    """Return what the page of the figures shows. found: as `of_this_week` returns them."""
    periods, years = found["periods"], found["years"]
    ends = [dict(one["outcomes"]) for one in periods]
    minutes = found["promised_minutes"]
    promise = words.IN_ONE_MINUTE.say() if minutes == 1 else words.IN_MINUTES.say(minutes=minutes)
    outcomes: list[tuple[str, list[str]]] = [
        (outcome.say(), [_said(one.get(value), words.ABOUT) for one in ends])
        for value, outcome in words.OPTIONS["outcome"].items()
        if any(value in one for one in ends)
    ]
    if any(one["has_other_outcomes"] for one in periods):
        rest = [_said(one["other_outcomes"], words.ABOUT) if one["has_other_outcomes"] else "–" for one in periods]
        outcomes.append((words.OTHERS.say(), rest))
    removals = [dict(one) for one in found["removals"]]
    return {
        "removals": [
            (answer.say(), [_said(one.get(value), words.ABOUT) for one in removals])
            for value, answer in words.OPTIONS["removal"].items()
        ],
        "removal_days": DAYS[-1],
        "end": date.fromisoformat(found["end"]),
        "computed_at": timezone.localtime(datetime.fromisoformat(found["computed_at"])),
        "lines": _lines(periods, promise),
        "shares": draw_shares(periods, promise),
        "drawn_outcomes": [chart for one in periods if (chart := draw_outcomes(one))],
        "outcomes": outcomes,
        "years": [(one["key"], one["is_whole"]) for one in years],
        "year_lines": _lines(years, promise),
        "drawn_years": draw_years(years),
        "at_least": small_counts.AT_LEAST,
    }


# --- open data --------------------------------------------------------------------------------------------------------


def _read_file() -> str:
    """Return the file: whole months until the Monday at which the page's periods end.

    It takes two statements, whose sums PostgreSQL makes, and at most as many rows as `open_data.MONTHS_AT_MOST` months
    have keys. Hours of the week become hours of the day.
    """
    _first, end, _is_closed = _closed_until(last_monday(timezone.now()))
    before = end.replace(day=1)
    hour = Func(F("key"), Value(":"), Value(2), function="split_part", output_field=CharField())
    rows = (
        DailyFigure.objects.between(open_data.first_month(before), before, open_data.SERIES)
        .annotate(month=TruncMonth("day"), value=Case(When(series="hour", then=hour), default="key"))
        .values_list("month", "series", "value")
        .annotate(people=Sum("count"))
        .order_by("month", "series", "value")
    )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(field["name"] for field in open_data.FIELDS)
    writer.writerows((f"{month:%Y-%m}", series, value, people) for month, series, value, people in rows)
    return text.getvalue()


_file: CachedReading[str] = CachedReading(_read_file, FILE_SECONDS, name="open data")


@require_safe
def figures_csv(request: HttpRequest) -> HttpResponse:
    """Send the months since the opening as open data: see `pnav.pages.open_data`."""
    return HttpResponse(
        _file.get(),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{open_data.FILE_NAME}"',
            "Link": f'<{open_data.SCHEMA_PATH}>; rel="describedby"; type="application/json"',
        },
    )


@require_safe
def figures_schema(request: HttpRequest) -> HttpResponse:
    """Send the meaning of that file's columns, in the Table Schema format."""
    return JsonResponse(open_data.schema(), json_dumps_params={"ensure_ascii": False, "indent": 2})

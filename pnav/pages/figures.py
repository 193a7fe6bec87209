"""The page « Les chiffres du service », for everybody: its figures are honest, rounded, and the same for a week.

Each process computes them once a week, for periods that end on Monday at midnight: a page that moved every day would
tell what happened on each day, by subtraction. Small counts are hidden by `chat.rules.small_counts`.
"""

import logging
import threading
from datetime import datetime, time, timedelta
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from chat.referral import removal
from chat.rules import small_counts
from chat.rules.lifecycle import Outcome
from chat.rules.removal import DAYS, Answer
from chat.statistics import charts, history
from chat.statistics.charts import Chart, Row, Words
from common.service_settings import definitions, values
from common.texts.catalogue import Sentence
from pnav.pages.texts import obligatory as words

logger = logging.getLogger(__name__)

PERIODS = {"month": 30, "year": 365}
# What became of contents is counted by whole weeks (chat.models.removal), so its periods are whole weeks too.
WEEKS = {"month": 4, "year": 52}
KEPT_SECONDS = 8 * 24 * 60 * 60

type Figures = dict[str, Any]

_kept: dict[str, Figures] = {}
_lock = threading.Lock()


def last_monday(now: datetime) -> datetime:
    """Return the end of the periods: the last Monday, at midnight in Paris."""
    today = timezone.localdate(now)
    return timezone.make_aware(datetime.combine(today - timedelta(days=today.weekday()), time()))


def of_this_week(now: datetime) -> Figures:
    """Return the figures of this week from this process, from the cache, or computed, in which case both keep them.

    While Redis is away each process computes them once.
    """
    end = last_monday(now)
    key = f"figures:{end:%Y-%m-%d}"
    with _lock:
        if key not in _kept:
            found = _from_cache(key)
            if found is None:
                found = compute(end, now)
                _to_cache(key, found)
            _kept.clear()
            _kept[key] = found
        return _kept[key]


def _from_cache(key: str) -> Figures | None:
    try:
        found: Figures | None = cache.get(key)
    except (RedisError, OSError) as error:
        logger.warning("figures not read: the cache does not answer (%s)", type(error).__name__)
        return None
    return found


def _to_cache(key: str, found: Figures) -> None:
    try:
        cache.set(key, found, timeout=KEPT_SECONDS)
    except (RedisError, OSError) as error:
        logger.warning("figures not kept: the cache does not answer (%s)", type(error).__name__)


def compute(end: datetime, now: datetime) -> Figures:
    """Compute the figures as JSON holds them: only what may be published."""
    return {
        "computed_at": now.isoformat(),
        "end": end.isoformat(),
        "promised_minutes": values.get(definitions.PROMISED),
        "periods": [{"key": key, "days": days, **_period(end, days)} for key, days in PERIODS.items()],
        "removals": [_removals(end, weeks) for weeks in WEEKS.values()],
    }


def _removals(end: datetime, weeks: int) -> list[tuple[str, int]]:
    """Return how many contents were removed and how many not, where both may be said: one would tell the other."""
    counts = removal.count_answers(timezone.localdate(end), weeks)
    return small_counts.parts([(answer, counts[answer]) for answer in Answer.values]).shown


def _period(end: datetime, days: int) -> Figures:
    found = history.read(end - timedelta(days=days), end)
    whole = found.whole
    counts = dict(found.outcomes)
    outcomes = small_counts.parts([(value, counts.get(value, 0)) for value in Outcome.values])
    return {
        "opened": small_counts.rounded(whole.opened),
        "answered": small_counts.percent(whole.answered, whole.opened),
        "in_time": small_counts.percent(whole.in_time, whole.answered),
        "gave_up": small_counts.percent(whole.gave_up, whole.opened),
        "one_person": small_counts.percent(whole.one_person, whole.ended),
        "minors": small_counts.percent(found.minors, whole.opened),
        "wait": _minutes(whole.wait_median, whole.answered, 1),
        "length": _minutes(whole.length_median, whole.ended, 5),
        "outcomes": outcomes.shown,
        "other_outcomes": outcomes.others,
        "has_other_outcomes": outcomes.has_others,
    }


def _minutes(seconds: float | None, people: int, step: int) -> int | None:
    """Return a median, rounded up to the next `step` minutes; None when it is of too few people."""
    if seconds is None or people < small_counts.AT_LEAST:
        return None
    return max(step, -(-int(seconds) // (60 * step)) * step)


# What is said of a period, in this order: key, label, how the number is said.
LINES = (
    ("opened", words.OPENED, words.AT_LEAST),
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
    return words.NOT_PUBLISHED.say() if value is None else how.say(n=value)


def draw_shares(periods: list[Figures], promise: str) -> list[Chart]:
    """Draw the shares of each period, all from 0 to 100: of what was rounded for the table, and of nothing else."""
    shares = [(key, label) for key, label, how in LINES if how is words.PERCENT]
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
    """Draw the published counts of one period; None when none is published. What is hidden is left out."""
    labels = words.OPTIONS["outcome"]
    rows = [Row(labels[value].say(), count, _said(count, words.AT_LEAST)) for value, count in period["outcomes"]]
    if not rows:
        return None
    key = period["key"]
    return charts.draw_rows(Words(f"suites-{key}", TITLES[key].say(), words.OUTCOMES_DRAWN.say()), rows)


@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """Show the figures of thirty days and of twelve months, side by side."""
    found = of_this_week(timezone.now())
    periods = found["periods"]
    ends = [dict(one["outcomes"]) for one in periods]
    # The promise that the week was counted by; a week that was counted before it could be set had the default.
    minutes = found.get("promised_minutes", definitions.PROMISED.default)
    promise = words.IN_ONE_MINUTE.say() if minutes == 1 else words.IN_MINUTES.say(minutes=minutes)
    outcomes: list[tuple[str, list[str]]] = [
        (outcome.say(), [_said(one.get(value), words.AT_LEAST) for one in ends])
        for value, outcome in words.OPTIONS["outcome"].items()
        if any(value in one for one in ends)
    ]
    if any(one["has_other_outcomes"] for one in periods):
        rest = [_said(one["other_outcomes"], words.AT_LEAST) if one["has_other_outcomes"] else "–" for one in periods]
        outcomes.append((words.OTHERS.say(), rest))
    removals = [dict(one) for one in found.get("removals", [])]  # none in a week that the version before counted
    context = {
        "removals": [
            (answer.say(), [_said(one.get(value), words.AT_LEAST) for one in removals])
            for value, answer in words.OPTIONS["removal"].items()
            if removals
        ],
        "removal_days": DAYS[-1],
        "end": timezone.localtime(datetime.fromisoformat(found["end"])),
        "computed_at": timezone.localtime(datetime.fromisoformat(found["computed_at"])),
        "lines": [
            (promise if key == "in_time" else label.say(), [_said(one[key], how) for one in periods])
            for key, label, how in LINES
        ],
        "shares": draw_shares(periods, promise),
        "drawn_outcomes": [chart for one in periods if (chart := draw_outcomes(one))],
        "outcomes": outcomes,
        "at_least": small_counts.AT_LEAST,
    }
    return render(request, "pages/figures.html", context)

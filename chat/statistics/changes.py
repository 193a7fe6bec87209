"""This module compares a period of the history with the one before, as long, and says in words what changed.

The period before has closed days alone, whose numbers were rounded day by day (`chat.rules.daily_figures`), and the
period itself may have some too. What rounding alone may have made is not called a change (docs/adr/0136).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from chat.rules import daily_figures as rules
from chat.statistics.history import Measures

MINUTE = 60
# Of a change that is smaller than half of a percent, « 0 % » would be said.
LEAST_PERCENT, LEAST_POINTS = 0.5, 0.5


@dataclass(frozen=True, slots=True)
class Compared:
    """These are two periods of the same length.

    days: how many days each has. closed_days: how many days of `now` are closed, whose numbers are rounded; where there
    are some, its waits and lengths are ends of ranges. is_to_today: whether `now` has the present day, which is not
    over.
    """

    now: Measures
    before: Measures
    days: int
    closed_days: int
    is_to_today: bool = False

    @property
    def off_everybody(self) -> int:
        """Return by how many people rounding may make the sums of everybody differ: less than ten for each period."""
        return rules.ROUNDING * (2 if self.closed_days else 1)

    @property
    def off_parts(self) -> tuple[float, float]:
        """Return by how many people of one kind `now` and `before` may be off because of rounding.

        Of one day they are off by less than ten, with a standard deviation of five at most. This is two of those of all
        rounded days together, and nothing where all days are counted exactly.
        """
        return rules.ROUNDING * math.sqrt(self.closed_days), rules.ROUNDING * math.sqrt(self.days)


def in_words(compared: Compared) -> list[str]:
    """Return the change of each measure, in the order of a row of the history; "" where one period has no such figure.

    Numbers of people are not compared while the last day is not over: it would be called a fall every morning.
    """
    now, before = compared.now, compared.before
    answered, ended = (now.answered, before.answered), (now.ended, before.ended)
    return [
        "" if compared.is_to_today else _people(now.opened, before.opened, compared.off_everybody),
        "" if compared.is_to_today else _people(*answered, math.hypot(*compared.off_parts)),
        _time(compared, (now.wait_median, before.wait_median), rules.WAITS, answered, 0.5),
        _time(compared, (now.wait_p95, before.wait_p95), rules.WAITS, answered, 0.95),
        _share(compared, (now.in_time_percent, before.in_time_percent), answered),
        _share(compared, (now.gave_up_percent, before.gave_up_percent), (now.opened, before.opened)),
        _time(compared, (now.length_median, before.length_median), rules.LENGTHS, ended, 0.5),
        _share(compared, (now.one_person_percent, before.one_person_percent), ended),
    ]


def _signed(amount: str, more: float) -> str:
    """Return « +6 %, en hausse »: the sign and the words say the same, and no colour does."""
    if more > 0:
        return _("+%(amount)s, en hausse") % {"amount": amount}
    return _("−%(amount)s, en baisse") % {"amount": amount}


def _too_small() -> str:
    return _("≈ écart trop faible")


def _people(now: int, before: int, off: float) -> str:
    more = now - before
    if abs(more) < max(off, before * LEAST_PERCENT / 100):
        return _too_small()
    if not before:
        return _signed(number_format(more, force_grouping=True), more)
    return _signed(_("%(percent)s %%") % {"percent": math.floor(100 * abs(more) / before + 0.5)}, more)


def _share(compared: Compared, percents: tuple[float | None, float | None], people: tuple[int, int]) -> str:
    """Return the change in points. people: how many people each of the two is a share of."""
    now, before = percents
    if now is None or before is None:
        return ""
    more = now - before
    off = math.hypot(*(part / of for part, of in zip(compared.off_parts, people, strict=True)))
    if abs(more) < max(LEAST_POINTS, 100 * off):
        return _too_small()
    points = math.floor(abs(more) + 0.5)
    return _signed(ngettext("%(points)s point", "%(points)s points", points) % {"points": points}, more)


def _time(
    compared: Compared,
    seconds: tuple[float | None, float | None],
    ends: Sequence[int],
    people: tuple[int, int],
    share: float,
) -> str:
    """Return by how many minutes a quantile changed at least. share: which quantile, from 0 to 1.

    Of a closed day only ranges are known, so two quantiles differ by what lies between their ranges. With so few people
    that rounding could move more than half of those above the quantile, nothing is said of it.
    """
    now, before = seconds
    if now is None or before is None:
        return ""
    low_before, high_before = _range(before, ends)
    low_now, high_now = _range(now, ends) if compared.closed_days else (now, now)
    up, down = low_now - high_before, low_before - high_now
    is_loose = any(part > (1 - share) / 2 * of for part, of in zip(compared.off_parts, people, strict=True))
    if is_loose or max(up, down) < MINUTE:
        return _too_small()
    return _signed(_("%(minutes)s min au moins") % {"minutes": int(max(up, down) // MINUTE)}, up - down)


def _range(end: float, ends: Sequence[int]) -> tuple[float, float]:
    """Return the range of which this is the upper end."""
    return max((one for one in ends if one < end), default=0), end

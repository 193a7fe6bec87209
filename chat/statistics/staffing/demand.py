"""This module says who comes and when, how long they stay patient, how long an exchange lasts: fitted on counts and
sums. Pure.

Hours of the week are numbered from 0 (Monday, 0 h to 1 h) to 167; times are in hours, rates per hour. What was seen
too seldom is not fitted: an assumption takes its place, and says that it is one (`Basis`).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

HOURS = 168
# One-sided: the true mean of an hour is above the cautious figure one time in ten.
CONFIDENCE = 0.9
HOURS_OF_A_YEAR = 365.25 * 24
# Fewer than these, and nothing is fitted: an hour of the week must have been seen often enough to have a mean, a
# proportion of one person in ten must not be of three people.
ENOUGH_WEEKS, ENOUGH_PEOPLE, ENOUGH_GONE, ENOUGH_ENDED = 8, 500, 30, 100
# What is known of the service without a recording: about 25,000 people a year, 55 minutes on average (Le Parisien,
# 05/10/2021). Nothing is published of the hours at which they come, nor of those who give up.
ASSUMED_PER_YEAR, ASSUMED_LENGTH = 25_000, 55 / 60
# « Sometimes hours »: as spread as an exponential length.
ASSUMED_VARIATION = 1.0
QUARTERS = 4  # the load is followed by quarters of an hour
MEMORY_HOURS = 72  # what began longer ago no longer weighs on the load

_normal = NormalDist()


class Basis(StrEnum):
    """It is the origin of a figure."""

    RECORDED = "recorded"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Counted:
    """It is the recording, as counts and sums that identify nobody.

    weeks: whole weeks looked at. came: by (week, hour of the week), from 0; absent when nobody came.
    gone, waited: how many gave up, and the hours that everybody waited, answered or not.
    ended, held, held_squared: exchanges that ended, the sum of their lengths and of the squares of these.
    rounding: what each count of `came` is a multiple of; 1 where they are exact.
    """

    weeks: int
    came: Mapping[tuple[int, int], int]
    gone: int = 0
    waited: float = 0.0
    ended: int = 0
    held: float = 0.0
    held_squared: float = 0.0
    rounding: int = 1

    @property
    def people(self) -> int:
        """Return how many people came in the whole period."""
        return sum(self.came.values())


# --- arrivals ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Arrivals:
    """It is the number of people an hour, for each hour of the week. cautious: what the true mean hardly exceeds.

    dispersion: how much more the weeks differ than chance alone would make them (1: not at all).
    """

    basis: Basis
    expected: tuple[float, ...]
    cautious: tuple[float, ...]
    dispersion: float = 1.0

    @property
    def per_week(self) -> float:
        """Return how many people are expected in a week."""
        return sum(self.expected)


def gamma_below(shape: float, value: float) -> float:
    """Return the regularised lower incomplete gamma function: 1 − P(a Poisson count of mean `value` < shape)."""
    if value <= 0:
        return 0.0
    term, total, k = 1.0, 1.0, 0
    while term > 1e-17 * total:
        k += 1
        term *= value / (shape + k)
        total += term
    return min(1.0, math.exp(shape * math.log(value) - value - math.lgamma(shape + 1) + math.log(total)))


def _gamma_quantile(shape: float, chance: float) -> float:
    low, high = 0.0, shape + 1
    while gamma_below(shape, high) < chance:
        low, high = high, 2 * high
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if gamma_below(shape, middle) < chance else (low, middle)
    return high


def poisson_above(count: float, confidence: float) -> float:
    """Return the mean that a Poisson count of `count` leaves possible with this confidence, on one side.

    Source: F. Garwood, « Fiducial limits for the Poisson distribution », Biometrika 28, 1936. Between two whole counts
    it is interpolated by the gamma law.
    """
    return _gamma_quantile(count + 1, confidence)


def poisson_below(count: float, confidence: float) -> float:
    """Return the least mean, likewise; 0 when nothing was counted."""
    return _gamma_quantile(count, 1 - confidence) if count > 0 else 0.0


def arrivals_of(counted: Counted, *, confidence: float) -> Arrivals:
    """Fit arrivals on the counts. Weeks that differ more than by chance widen the interval (quasi-Poisson)."""
    totals = [0] * HOURS
    for (_week, hour), count in counted.came.items():
        totals[hour] += count
    dispersion = _dispersion(counted, totals)
    cautious = (dispersion * poisson_above(total / dispersion, confidence) / counted.weeks for total in totals)
    return Arrivals(Basis.RECORDED, tuple(total / counted.weeks for total in totals), tuple(cautious), dispersion)


def _dispersion(counted: Counted, totals: Sequence[int]) -> float:
    """Return Pearson's statistic over its degrees of freedom, for the hours that saw anybody; at least 1."""
    seen = [hour for hour in range(HOURS) if totals[hour]]
    if counted.weeks < 2 or not seen:
        return 1.0
    squares = 0.0
    for hour in seen:
        mean = totals[hour] / counted.weeks
        squares += sum((counted.came.get((week, hour), 0) - mean) ** 2 / mean for week in range(counted.weeks))
        squares -= (counted.weeks - 1) * rounding_variance(mean, counted.rounding) / mean
    return max(1.0, squares / (len(seen) * (counted.weeks - 1)))


def rounding_variance(mean: float, rounding: int) -> float:
    """Return what rounding adds to the variance of a Poisson count: one multiple of `rounding` or the next, right on
    average.

    A count that is `rest` above the multiple below it is rounded up with the chance rest / rounding, so that its
    variance is rest × (rounding − rest).
    """
    total, count, chance = 0.0, 0, math.exp(-mean)
    while count < mean + 12 * math.sqrt(mean) + rounding:
        rest = count % rounding
        total += chance * rest * (rounding - rest)
        count += 1
        chance *= mean / count
    return total


def assumed_arrivals(per_year: float = ASSUMED_PER_YEAR, profile: Iterable[float] | None = None) -> Arrivals:
    """Assume so many a year, all hours alike, or in these proportions, one for each hour of the week."""
    weights = list(profile) if profile is not None else [1.0] * HOURS
    if len(weights) != HOURS or min(weights) < 0 or not sum(weights):
        raise ValueError("A profile has 168 weights, none negative, not all zero.")
    week = per_year * HOURS / HOURS_OF_A_YEAR
    rates = tuple(week * weight / sum(weights) for weight in weights)
    return Arrivals(Basis.ASSUMED, rates, rates)


# --- patience ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Patience:
    """It is the rate at which whoever waits gives up; 0: never. low, high: what the data leave possible."""

    basis: Basis
    giving_up: float
    low: float
    high: float


def patience_of(gone: int, waited: float, *, confidence: float) -> Patience:
    """Return the likeliest exponential patience: those who left over the hours that everybody waited.

    Whoever was answered tells that they would have stayed at least so long: their wait counts, their end does not
    (censored). Source: Mandelbaum and Zeltyn 2007; the interval is that of a Poisson count.
    """
    return Patience(
        Basis.RECORDED,
        gone / waited,
        poisson_below(gone, confidence) / waited,
        poisson_above(gone, confidence) / waited,
    )


NOBODY_GIVES_UP = Patience(Basis.ASSUMED, 0.0, 0.0, 0.0)


# --- lengths ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Length:
    """It says how long an exchange holds a place: mean in hours; variation: the standard deviation over the mean, 1 for
    an exponential length. cautious: what the true mean hardly exceeds.
    """

    basis: Basis
    mean: float
    variation: float
    cautious: float

    def held_within(self, hours: float, mean: float) -> float:
        """Return ∫₀^hours P(length > u) du, for a log-normal length with this mean: how long a place is held until
        then.
        """
        if hours <= 0:
            return 0.0
        spread = math.sqrt(math.log1p(self.variation**2))
        if spread == 0:
            return min(hours, mean)
        middle = math.log(mean) - spread**2 / 2
        ended = (math.log(hours) - middle) / spread
        return mean * _normal.cdf(ended - spread) + hours * (1 - _normal.cdf(ended))


def length_of(ended: int, held: float, held_squared: float, *, confidence: float) -> Length:
    """Return the length of an exchange from what was recorded: its mean, its spread, and a cautious upper mean."""
    mean = held / ended
    deviation = math.sqrt(max(0.0, held_squared / ended - mean**2))
    upper = mean + _normal.inv_cdf(confidence) * deviation / math.sqrt(ended)
    return Length(Basis.RECORDED, mean, deviation / mean, upper)


ASSUMED = Length(Basis.ASSUMED, ASSUMED_LENGTH, ASSUMED_VARIATION, ASSUMED_LENGTH)


# --- together ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Demand:
    """It is what people ask of the service: how many come, how long they wait, and how long exchanges last."""

    arrivals: Arrivals
    patience: Patience
    length: Length

    @property
    def is_assumed(self) -> bool:
        """Return whether at least one of the three was not recorded often enough."""
        return Basis.ASSUMED in {self.arrivals.basis, self.patience.basis, self.length.basis}


def fit_demand(counted: Counted, *, confidence: float) -> Demand:
    """Return what the recording tells, each of the three by itself, and an assumption where it tells too little."""
    is_enough = counted.weeks >= ENOUGH_WEEKS and counted.people >= ENOUGH_PEOPLE
    return Demand(
        arrivals=arrivals_of(counted, confidence=confidence) if is_enough else assumed_arrivals(),
        patience=patience_of(counted.gone, counted.waited, confidence=confidence)
        if counted.gone >= ENOUGH_GONE and counted.waited > 0
        else NOBODY_GIVES_UP,
        length=length_of(counted.ended, counted.held, counted.held_squared, confidence=confidence)
        if counted.ended >= ENOUGH_ENDED and counted.held > 0
        else ASSUMED,
    )


def load_within(rates: Sequence[float], length: Length, *, mean: float) -> list[tuple[float, ...]]:
    """Return how many places would be taken if there were enough for everybody.

    There is a figure for each quarter of an hour, for each hour of the week, from its first minute to its last. An
    exchange lasts about as long as the hours differ, so those of two hours ago are still there. What counts is the
    load, not the arrivals of the hour (« modified offered load »: O. Jennings, A. Mandelbaum, W. Massey, W. Whitt, «
    Server staffing to meet time-varying demand », Management Science 42 (10), 1996). It is exact for any law of the
    length, if the week is repeated without end.
    """
    held = [length.held_within(quarter / QUARTERS, mean) for quarter in range(QUARTERS * (MEMORY_HOURS + 2))]
    # Of who came in an hour, the share that is still there so many hours later, from one hour ago on, at each quarter.
    steps = [held[since] - held[since - QUARTERS] for since in range(QUARTERS, len(held))]
    left = [steps[quarter::QUARTERS][:MEMORY_HOURS] for quarter in range(QUARTERS + 1)]
    # The hours before this one, from the last one on.
    backwards = [rates[-1 - hour % HOURS] for hour in range(2 * HOURS)]
    loads = []
    for hour in range(HOURS):
        before = backwards[HOURS - hour : HOURS - hour + MEMORY_HOURS]
        quarters = (rates[hour] * now + math.sumprod(before, then) for now, then in zip(held, left, strict=False))
        loads.append(tuple(max(0.0, load) for load in quarters))  # a difference that was rounded may be below zero
    return loads


def highest_load(rates: Sequence[float], length: Length, *, mean: float) -> list[float]:
    """Return the highest in each hour: who is there the whole hour must do for its worst moment."""
    return [max(quarters) for quarters in load_within(rates, length, mean=mean)]

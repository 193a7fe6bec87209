"""Erlang-A (M/M/n+M): the steady state of a queue whose people may give up. Pure; times in any unit, always the same.

People come at `arrivals` a unit of time, each place ends an exchange at rate `ending`, whoever waits gives up at rate
`giving_up` (0: never, which is Erlang-C). The *offered wait* V is how long somebody would wait who never gave up; on
x > 0 it has the density

    v(x) = arrivals · P(places − 1 are taken) · exp(arrivals · (1 − e^(−giving_up·x)) / giving_up − places·ending·x)

so that the chance to be answered in time is an integral, not a rule of thumb. Each integral of this kind (`_mass`) is
a series of positive terms. After a raid of patient people that has millions of them; the integral itself is as exact in
some tens of points, whatever the rates. All by their logarithms: nothing overflows in a raid, and nothing is subtracted
but one probability from another.

Sources: C. Palm, « Research on telephone traffic carried by full availability groups », Tele 1957 (Swedish 1946);
O. Garnett, A. Mandelbaum, M. Reiman, « Designing a call center with impatient customers », M&SOM 4 (3), 2002;
F. Baccelli, G. Hebuterne, « On queues with impatient customers », 1981 (the density); A. Mandelbaum, S. Zeltyn,
« Service engineering in action: the Palm/Erlang-A queue », 2007.
"""

import math
from dataclasses import dataclass
from functools import cache, lru_cache

# A term so small beside the sum no longer changes it.
NEGLIGIBLE = 1e-17
# From here on an integral of some points is quicker than what it stands for: places counted one by one, and a series.
# MANY_TERMS is how many people come, or leave, while one loses patience; about nine times its root of terms count.
MANY_PLACES, MANY_TERMS = 100, 60
# Gauss and Legendre's sixteen points, those of one half, of a panel from −1 to 1, with their weights.
POINTS = (
    (0.0950125098376374, 0.1894506104550685), (0.2816035507792589, 0.1826034150449236),
    (0.4580167776572274, 0.1691565193950025), (0.6178762444026438, 0.1495959888165768),
    (0.7554044083550030, 0.1246289712555339), (0.8656312023878318, 0.0951585116824928),
    (0.9445750230732326, 0.0622535239386479), (0.9894009349916499, 0.0271524594117541),
)  # fmt: skip
# What is integrated is followed until it has fallen to e^(−DEPTH), 1e-16 of its top. PANELS for each side on which it
# falls, and one for an exponent that changes by CHANGE_OF_A_PANEL, are as exact.
DEPTH, PANELS, CHANGE_OF_A_PANEL = 37.0, 2, 12.0


@cache  # at most four of these are asked for
def _points(panels: int) -> tuple[tuple[float, float], ...]:
    """Return where to look between 0 and 1, and with which weight."""
    sides = [(side * place, weight) for place, weight in POINTS for side in (-1, 1)]
    return tuple(
        ((2 * panel + 1 + place) / panels / 2, weight / panels / 2)
        for panel in range(panels)
        for place, weight in sides
    )


def _panels(left: float, right: float) -> int:
    """Return how many panels reach from so far before the highest point to so far behind it."""
    return PANELS + round(PANELS * left / right)


def _fallen(slope: float, curvature: float) -> float:
    """Return a place at which slope·x + curvature·x²/(2 + 4x/3) has reached DEPTH.

    x − log(1 + x) and x − 1 + e^(−x), by which the two integrals fall, are no less than x²/(2 + 4x/3).
    """
    linear, square = 2 * slope - 4 / 3 * DEPTH, 4 / 3 * slope + curvature
    root = math.hypot(linear, math.sqrt(8 * DEPTH * square))  # hypot does not overflow, whatever the rates are
    return 4 * DEPTH / (linear + root) if linear > 0 else (root - linear) / (2 * square)


def erlang_b(places: int, load: float) -> float:
    """Return the chance that somebody who cannot wait finds every place taken. load: arrivals × mean length (erlangs).

    Of many places: 1 / ∫₀^∞ e^(−t)·(1 + t/load)^places dt, from around its highest point (R. Fortet, 1948).
    """
    if places >= MANY_PLACES and load > 0:
        top = max(0.0, places - load)
        held = load + top
        right = held * _fallen(held - places, places)
        left = min(top, right)
        total = 0.0
        for place, weight in _points(_panels(left, right)):
            away = (left + right) * place - left
            total += weight * math.exp(places * math.log1p(away / held) - away)
        return math.exp(top - places * math.log(held / load)) / ((left + right) * total)
    blocked = 1.0
    for place in range(1, places + 1):
        blocked = load * blocked / (place + load * blocked)
    return blocked


def _mass(arrivals: float, leaving: float, giving_up: float) -> tuple[float, float]:
    """Return the logarithm of ∫₀^∞ exp(arrivals·(1 − e^(−giving_up·x))/giving_up − leaving·x) dx, and the mean number.

    The integral is the sum over k ≥ 0 of arrivals^k / (leaving · (leaving + giving_up) … (leaving + k·giving_up)); the
    mean number is that of k, weighted by these terms: people who wait, of those who must. Infinite when nobody gives
    up and more come than leave.
    """
    if giving_up == 0:
        if arrivals >= leaving:
            return math.inf, math.inf
        return -math.log(leaving - arrivals), arrivals / (leaving - arrivals)
    if min(arrivals, leaving) > MANY_TERMS * giving_up:
        return _integral(arrivals, leaving, giving_up)
    term, total, weighted, scale, k = 1.0, 1.0, 0.0, -math.log(leaving), 0
    while True:
        k += 1
        ratio = arrivals / (leaving + k * giving_up)
        term *= ratio
        total += term
        weighted += k * term
        if ratio < 1 and k * term < NEGLIGIBLE * total * (1 - ratio):
            return scale + math.log(total), weighted / total
        if total > 1e200:
            term, total, weighted, scale = term * 1e-200, total * 1e-200, weighted * 1e-200, scale + 200 * math.log(10)


def _integral(arrivals: float, leaving: float, giving_up: float) -> tuple[float, float]:
    """Compute `_mass` from values around its highest point.

    arrivals and leaving: at least MANY_TERMS times giving_up.
    """
    excess = max(0.0, arrivals / leaving - 1)
    top = math.log1p(excess) / giving_up  # here as many people who have not given up come as leave
    come = arrivals / (1 + excess)
    right = _fallen((leaving - come) / giving_up, come / giving_up) / giving_up
    left = min(top, right)
    total, weighted = 0.0, 0.0
    for place, weight in _points(_panels(left, right)):
        away = (left + right) * place - left
        fallen = math.expm1(-giving_up * away) / giving_up
        height = weight * math.exp(-come * fallen - leaving * away)
        total += height
        weighted -= height * fallen
    # Of those who come, 1 − e^(−giving_up·x) no longer wait, which is what is left of that at the top, and more.
    gone, stay = -math.expm1(-giving_up * top), math.exp(-giving_up * top)
    highest = leaving / giving_up * (excess - math.log1p(excess))
    return highest + math.log((left + right) * total), arrivals * (gone / giving_up + stay * weighted / total)


def _is_short(arrivals: float, leaving: float, giving_up: float, wait: float) -> bool:
    """Return whether `_soon` is exact: the exponent, which bends one way, changes little, and few lose their patience.

    Its slope is arrivals·e^(−giving_up·x) − leaving.
    """
    if not 0 < giving_up * wait <= 1:
        return False
    steepest = max(abs(arrivals - leaving), leaving - arrivals * math.exp(-giving_up * wait))
    return steepest * wait <= CHANGE_OF_A_PANEL


def _soon(arrivals: float, leaving: float, giving_up: float, wait: float) -> float:
    """Return ∫₀^wait exp(arrivals·(1 − e^(−giving_up·x))/giving_up − leaving·x) dx, for a short wait."""
    total = 0.0
    for place, weight in _points(1):
        at = wait * place
        total += weight * math.exp(-arrivals * math.expm1(-giving_up * at) / giving_up - leaving * at)
    return wait * total


@dataclass(frozen=True, slots=True)
class Queue:
    """It is a queue in its steady state. The chances concern everybody who comes, those who give up included.

    places: exchanges that can be held together, 0 or more.
    """

    arrivals: float
    ending: float
    giving_up: float
    places: int

    def __post_init__(self) -> None:
        if not (self.arrivals >= 0 and self.ending > 0 and self.giving_up >= 0 and self.places >= 0):
            raise ValueError("Rates are positive, and so is the number of places.")

    @property
    def load(self) -> float:
        """Return how many places would be taken on average if there were enough for everybody (erlangs)."""
        return self.arrivals / self.ending

    def _busy(self) -> tuple[float, float, float]:
        """Return the logarithm of the odds to find all places taken, that of `_mass`, and the mean number."""
        return _busy_of(self)

    @property
    def has_to_wait(self) -> float:
        """Return the chance that everybody's place is taken when one comes."""
        if self.places == 0:
            return 1.0
        return _share(self._busy()[0])

    @property
    def waiting(self) -> float:
        """Return how many wait, on average. Infinite when nobody gives up and too many come."""
        if self.places == 0:
            return self.arrivals / self.giving_up if self.giving_up else math.inf
        odds, _mass_of, waiting = self._busy()
        share = _share(odds)
        return share * waiting if share else 0.0

    @property
    def mean_wait(self) -> float:
        """Return the mean wait of everybody, until they are answered or give up (Little's law)."""
        return self.waiting / self.arrivals if self.arrivals else 0.0

    @property
    def gives_up(self) -> float:
        """Return the chance to leave without an answer: as many leave as give up."""
        return self.giving_up * self.mean_wait if self.giving_up else 0.0

    def answered_within(self, wait: float) -> float:
        """Return the chance to be answered after at most this wait. Whoever gave up before was not."""
        if self.places == 0:
            return 0.0
        odds, mass, _waiting = self._busy()
        if odds == -math.inf:
            return 1.0
        if odds == math.inf:
            return 0.0
        # Answered at x > 0: offered that wait, and still there. ∫₀^wait v(x)·e^(−giving_up·x) dx.
        has_to = _share(odds)
        stays = self.places * self.ending
        leaving = stays + self.giving_up
        if _is_short(self.arrivals, leaving, self.giving_up, wait):
            return min(1.0, 1 - has_to + has_to * _soon(self.arrivals, leaving, self.giving_up, wait) * math.exp(-mass))
        # As what is left beyond 0 less what is left beyond `wait`: the same integral, of fewer arrivals, moved. The one
        # beyond 0 is that of `mass` without the first term of its series.
        later = math.exp(-self.giving_up * wait)
        came = self.arrivals * wait if self.giving_up == 0 else self.arrivals * (1 - later) / self.giving_up
        beyond = -math.expm1(-math.log(stays) - mass)
        if beyond <= 0 or has_to < NEGLIGIBLE:  # those who come or wait are too few to differ from none
            return 1 - has_to
        from_now = mass + math.log(stays / self.arrivals) + math.log(beyond)
        from_then, _waiting = _mass(self.arrivals * later, leaving, self.giving_up)
        soon = math.exp(from_now - mass) - math.exp(from_then + came - leaving * wait - mass)
        return min(1.0, max(0.0, 1 - has_to + has_to * soon))


@lru_cache(maxsize=1024)  # a plan asks twice for each queue: for those answered in time, and for those who give up
def _busy_of(queue: Queue) -> tuple[float, float, float]:
    mass, waiting = _mass(queue.arrivals, queue.places * queue.ending, queue.giving_up)
    blocked = erlang_b(queue.places - 1, queue.load)
    if blocked == 0 or queue.arrivals == 0:
        return -math.inf, mass, waiting
    return math.log(blocked) + math.log(queue.arrivals) + mass, mass, waiting


def _share(log_odds: float) -> float:
    """Return the chance of which this is the logarithm of the odds."""
    if log_odds > 0:
        return 1 / (1 + math.exp(-log_odds))
    return math.exp(log_odds) / (1 + math.exp(log_odds))


def places_for(
    *,
    arrivals: float,
    ending: float,
    giving_up: float,
    within: float,
    target: float,
    at_least: int = 0,
    at_most: int = 1_000_000,
    near: int = 0,
) -> int:
    """Return the fewest places, `at_least` or more, with which at least `target` of those who come are answered within
    this wait; 0 or `at_least` when nobody comes.

    near: where the search begins, if something is known; the result is the same.
    Raises ValueError when `at_most` places do not suffice: a target of 1, or nearly.
    """
    if not 0 < target < 1:
        raise ValueError("A target lies between 0 and 1.")
    if arrivals == 0:
        return at_least

    def suffices(places: int) -> bool:
        return Queue(arrivals, ending, giving_up, places).answered_within(within) >= target

    if at_least and suffices(at_least):
        return at_least
    # More places never answer fewer, so the search goes away by ever longer steps, then halves. Nobody is answered but
    # by a place: places that end fewer exchanges than are to be answered do not suffice. What is needed is near the
    # load, as its root is.
    load = arrivals / ending
    low = max(at_least, math.ceil(target * load) - 1)
    high, step = max(low + 1, near or math.ceil(load)), 1 if near else max(1, round(math.sqrt(load)))
    while not suffices(high):
        low, high, step = high, high + step, 2 * step
        if low >= at_most:
            raise ValueError(f"{at_most} places do not suffice.")
    while (middle := high - step) > low and suffices(middle):
        high, step = middle, 2 * step
    low = max(low, middle)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if suffices(middle) else (middle, high)
    return high

"""Defines what a process counts for /metrics, with names, units and labels in one place (ADR 0087).

A label has a bounded number of values, all of them words of the code, never a conversation, an account or an address.
Events of single messages are counted once for each batch, so a histogram of our own (`LatencyHistogram`) takes many
values at once.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from threading import Lock

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics_core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

REGISTRY = CollectorRegistry()

# Bounds around what docs/performance.md measures (2 to 5 ms at a low load) and what the broadcaster promises: a message
# is written within PATIENCE_SECONDS (3 s), or its sender is told that it was not.
MESSAGE_SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0, 10.0)
PAGE_SECONDS_BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# A pass of the dispatcher waits at most three seconds for the one before, and makes ten transactions at most.
DISPATCH_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0, 10.0)
BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
OTHER = "other"


class LatencyHistogram(Collector):
    """It is a histogram of seconds that takes many values in one call, at a sixth of the cost of calling `observe` for
    each.

    name, text: as Prometheus shows them. bounds: in seconds, ascending; « +Inf » is added. Any thread may use it.
    """

    def __init__(self, name: str, text: str, bounds: Sequence[float], *, registry: CollectorRegistry) -> None:
        self._name, self._text, self._bounds = name, text, tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self._sum = 0.0
        self._lock = Lock()
        registry.register(self)

    def observe_all(self, seconds: Iterable[float]) -> None:
        """Count these values."""
        bounds, counts, total = self._bounds, self._counts, 0.0
        with self._lock:
            for value in seconds:
                counts[bisect_left(bounds, value)] += 1
                total += value
            self._sum += total

    def collect(self) -> Iterator[Metric]:
        """Yield what was counted so far, as the Prometheus client expects it."""
        with self._lock:
            counts, total = list(self._counts), self._sum
        rows, seen = [], 0
        for bound, count in zip((*map(str, self._bounds), "+Inf"), counts, strict=True):
            seen += count
            rows.append((bound, seen))
        family = HistogramMetricFamily(self._name, self._text)
        family.add_metric([], rows, total)
        yield family


class BoundedLabels:
    """Bounds the values of a label: the first `most` different values are kept, and any further one becomes OTHER."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[str] = set()

    def __call__(self, value: str) -> str:
        if value not in self._known:
            if len(self._known) >= self._most:
                return OTHER
            self._known.add(value)
        return value


# -- the exchange ---

SOCKETS = Gauge("pnav_sockets", "Open sockets, by kind.", ["kind"], registry=REGISTRY)
SOCKETS_CLOSED = Counter(
    "pnav_sockets_closed", "Sockets that ended, by the code of whoever hung up.", ["code"], registry=REGISTRY
)
SOCKET, PAGE = "socket", "page"  # how a message came: over a WebSocket, or by HTTP (frames over HTTP, and forms)
MESSAGES_OFFERED = Counter(
    "pnav_messages_offered", "Messages that were taken in to be written.", ["way"], registry=REGISTRY
)
MESSAGES = Counter(
    "pnav_messages", "What became of messages: written, repeated, refused, given_back.", ["way", "outcome"],
    registry=REGISTRY,
)  # fmt: skip
DELIVERIES = Counter("pnav_message_deliveries", "Messages handed to a socket, once for each socket.", registry=REGISTRY)
ACKNOWLEDGEMENTS = LatencyHistogram(
    "pnav_acknowledgement_seconds", "From a message's arrival to its acknowledgement, after COMMIT.",
    MESSAGE_SECONDS, registry=REGISTRY,
)  # fmt: skip
BATCH_ITEMS = Histogram(
    "pnav_batch_items", "How many things one crossing to the database was for.", ["batch"],
    buckets=BATCH_SIZES, registry=REGISTRY,
)  # fmt: skip
BATCH_SECONDS = Histogram(
    "pnav_batch_seconds", "How long a crossing took; of « writer », until COMMIT returned.", ["batch"],
    buckets=MESSAGE_SECONDS, registry=REGISTRY,
)  # fmt: skip
DISPATCHES = Histogram(
    "pnav_dispatch_seconds", "A pass that gave somebody an agent, from the change that called for it to its end.",
    buckets=DISPATCH_SECONDS, registry=REGISTRY,
)  # fmt: skip
NOTIFICATIONS = Counter(
    "pnav_notifications", "Notifications between processes: published, received, lost.", ["way"], registry=REGISTRY
)
POLLS = Counter("pnav_pubsub_polls", "Times that the database was asked for want of a notification.", registry=REGISTRY)
RESYNCS = Counter("pnav_pubsub_resyncs", "Times that all sockets read everything again.", registry=REGISTRY)
DISCONNECTED = Gauge("pnav_pubsub_disconnected", "1 while nothing is heard of other processes.", registry=REGISTRY)
DISCONNECTED_SECONDS = Counter(
    "pnav_pubsub_disconnected_seconds", "How long nothing was heard of other processes, in all.", registry=REGISTRY
)

# -- pages and refusals ------------------------------------------------------------------------------------------------

PAGES = Counter(
    "pnav_pages", "Pages answered, by the view's name and the status.", ["view", "status"], registry=REGISTRY
)
PAGE_SECONDS = Histogram(
    "pnav_page_seconds", "From a request's arrival to its answer, by the part of the site.", ["part"],
    buckets=PAGE_SECONDS_BOUNDS, registry=REGISTRY,
)  # fmt: skip
SECURITY_EVENTS = Counter(
    "pnav_security_events", "Security events, also those that the log left out.", ["event"], registry=REGISTRY
)
LIMITS = Counter("pnav_limits_reached", "Limits that somebody met, by the limit's name.", ["limit"], registry=REGISTRY)
LIMIT_NAMES = BoundedLabels(100)
VIEW_NAMES = BoundedLabels(500)
PARTS = BoundedLabels(30)

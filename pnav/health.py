"""Three pages for the operator: whether this process runs, whether it can serve, and the metrics of the service.

The first two say nothing but names of states. /metrics answers only a request with METRICS_TOKEN. The proxy does not
pass any of them on to the public.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from typing import Any

import psycopg
import redis.asyncio
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connection, connections
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from psycopg_pool import ConnectionPool

from chat import pubsub
from common import database_errors, private_addresses
from common.data_keys import router as data_keys_router
from common.database_errors import describe_error, failure_of
from common.watchdog import Turns
from pnav import service_metrics
from pnav.logs import POOL_FAILURES
from pnav.metrics_token import holds_token
from pnav.server.page_handler import PAGES, THREADS
from reports.audit import digests
from reports.proof_of_date import stamps

logger = logging.getLogger(__name__)

# A part that has not answered after this time counts as failing; the proxy asks again a few seconds later.
PROBE_SECONDS = 2
# A result is used again for this long, so that asking in a loop costs no more than asking once.
KEPT_SECONDS = 1.5


# A statement of a page takes at most eight seconds, and few pages have many slow ones. A request that waits for a
# thread is refused after 25 seconds (`pnav.server.page_handler.WAIT_SECONDS`).
STUCK_SECONDS = 60.0

PAGE_TURNS = Turns(THREADS)


async def are_pages_stuck() -> bool:
    """Return whether no page thread has ended anything for STUCK_SECONDS although the database answers.

    That a piece of work gets no turn is not enough to say so: under load each thread takes the next request by itself,
    and the pool's own queue may wait as long as the load lasts (`pnav.server.admission.Lane`). Threads that all wait
    for a database that hangs are no reason to restart a process, because the next one would wait as well, and all
    sockets would be closed for nothing.
    """
    if PAGE_TURNS.waited() <= STUCK_SECONDS or time.monotonic() - PAGES.ended_at <= STUCK_SECONDS:
        return False
    return VITAL.isdisjoint(await READINESS.failing())


def _for_the_operator(
    view: Callable[[HttpRequest], Awaitable[HttpResponse]],
) -> Callable[[HttpRequest], Coroutine[Any, Any, HttpResponse]]:
    """Answer 404 to an address that is not written as it is (`/%68ealth/ready`).

    A proxy hides these pages by their address. Not every proxy decodes an address before it compares.
    """

    @require_safe
    @wraps(view)
    async def hidden(request: HttpRequest) -> HttpResponse:
        written = getattr(request, "scope", {}).get("raw_path") or request.path.encode()
        return await view(request) if written == request.path.encode() else HttpResponse(status=404)

    return hidden


@_for_the_operator
async def live(request: HttpRequest) -> HttpResponse:
    """Answer 200 if the page threads of this process work, and 503 if they are stuck, so that it is restarted.

    Nothing else is checked, because a database that is away is no reason for a restart.
    """
    if await are_pages_stuck():
        return JsonResponse({"status": STUCK}, status=503)
    return JsonResponse({"status": "ok"})


def pool() -> ConnectionPool[Any]:
    """Return the connection pool of this process, from which Django takes the connections of pages."""
    lent: ConnectionPool[Any] | None = connection.pool  # type: ignore[attr-defined]
    if lent is None:
        raise ImproperlyConfigured("DATABASES has no pool.")
    lent.open()  # Django does so with its first query
    return lent


# There is one thread, so that a probe that is stuck makes the next ones fail, and stuck probes do not add up.
_THREAD = ThreadPoolExecutor(1, thread_name_prefix="readiness")


# How old the audit log's digests are, by destination; read with the same connection, and empty without destinations.
_ages: list[digests.Age] = []
# Which days are closed, and which of them each time-stamping authority has signed; None without authorities.
_stamped: stamps.State | None = None


# False for a standby, and for a primary that was demoted: they answer, but nothing can be written there.
WRITABLE = "SELECT NOT pg_is_in_recovery() AND NOT current_setting('transaction_read_only')::boolean"


class ReadOnlyDatabase(Exception):
    """PostgreSQL answers, but accepts no writes."""


def _borrow() -> None:
    global _ages, _stamped
    lender = pool()
    with lender.connection(timeout=PROBE_SECONDS) as lent:
        [is_writable] = lent.execute(WRITABLE).fetchone() or [False]
        if is_writable and settings.REGISTER_DIGEST_TO:
            _ages = digests.ages(lent.execute(digests.AGES).fetchall())
        if is_writable and settings.TIMESTAMP_AUTHORITIES:
            _stamped = stamps.state_of(lent.execute(stamps.STATE, stamps.state_values()).fetchall())
    if not is_writable:
        lender.drain()  # new connections go to the server to which the address leads now
        raise ReadOnlyDatabase


def _digest_note() -> dict[str, Any]:
    """Return the oldest of the destinations' last digests: its number, its age, and which destinations are late."""
    if not settings.REGISTER_DIGEST_TO or not _ages:
        return {}
    oldest = min(_ages, key=lambda age: age.number)
    age = None if oldest.seconds is None else round(oldest.seconds)
    late = [one.label for one in _ages if one.is_late]
    return {"register_digest": {"number": oldest.number, "age_seconds": age, "late": late}}


def _proof_note() -> dict[str, Any]:
    """Return the last closed day of the proof of date, and which time-stamping authorities are late."""
    if not settings.TIMESTAMP_AUTHORITIES or _stamped is None:
        return {}
    day = None if _stamped.day is None else _stamped.day.isoformat()
    return {"proof_of_date": {"day": day, "late": _stamped.late()}}


async def _ask_postgresql() -> None:
    """Query PostgreSQL through the pool, because a process whose pool is empty cannot serve anybody."""
    await asyncio.get_running_loop().run_in_executor(_THREAD, _borrow)


async def _ask_redis() -> None:
    client = redis.asyncio.Redis.from_url(
        settings.REDIS_URL, socket_timeout=PROBE_SECONDS, socket_connect_timeout=PROBE_SECONDS
    )
    try:
        await client.ping()
    finally:
        await client.aclose()


# If the separate key server hangs, only this thread waits, and only its own part fails.
_KEYS_THREAD = ThreadPoolExecutor(1, thread_name_prefix="readiness-keys")


def _ask_keys_server() -> None:
    keys = connections[data_keys_router.ALIAS]
    try:
        with keys.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        keys.close()  # so that the next probe opens a new connection
        raise


async def _ask_data_keys() -> None:
    await asyncio.get_running_loop().run_in_executor(_KEYS_THREAD, _ask_keys_server)


PARTS: dict[str, Callable[[], Awaitable[None]]] = {"postgresql": _ask_postgresql, "redis": _ask_redis}
if data_keys_router.is_apart():
    PARTS["data_keys"] = _ask_data_keys  # without it, exchanges whose key is in memory go on, and nobody can file
VITAL = {"postgresql"}  # without these parts nothing is served
STUCK = "stuck"  # deploy/probe.py looks for this word


def _kind_of(part: str, error: Exception) -> str:
    """Return the kind of a part's failure as one of our own words, because drivers' messages contain addresses."""
    if isinstance(error, ReadOnlyDatabase):
        return database_errors.READ_ONLY
    failure = failure_of(error)
    kind = failure.category if failure else type(error).__name__
    if isinstance(error, TimeoutError):
        kind = database_errors.TIMED_OUT
    if part == "postgresql" and kind in {database_errors.POOL_EMPTY, database_errors.TIMED_OUT}:
        # The pool writes into its own log why it has no connection, and does not tell its caller.
        return POOL_FAILURES.latest() or kind
    return kind


async def _wait_of(part: str) -> str | None:
    """Return the kind of failure of this part; None when it answers."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await PARTS[part]()
    except (TimeoutError, OSError, psycopg.Error, Error, redis.RedisError, ReadOnlyDatabase) as error:
        kind = _kind_of(part, error)
        logger.warning("not_ready part=%s error=%s waits_for=%s", part, describe_error(error), kind)
        return kind
    return None


class Readiness:
    """It knows which parts do not answer, and asks them once for all callers, however many and frequent they are."""

    def __init__(self) -> None:
        self._failing: dict[str, str] = {}
        self._until = 0.0
        self._asking: asyncio.Task[dict[str, str]] | None = None

    async def failing(self) -> dict[str, str]:
        """Return the parts that do not answer, and the kind of each failure, as of at most KEPT_SECONDS ago."""
        if time.monotonic() < self._until:
            return self._failing
        asking = self._asking
        if asking is None or asking.done() or asking.get_loop() is not asyncio.get_running_loop():
            asking = self._asking = asyncio.create_task(self._ask())
        return await asyncio.shield(asking)  # a caller that disconnects does not cancel it for the others

    async def _ask(self) -> dict[str, str]:
        waits = await asyncio.gather(*map(_wait_of, PARTS))
        self._failing = {part: kind for part, kind in zip(PARTS, waits, strict=True) if kind is not None}
        self._until = time.monotonic() + KEPT_SECONDS
        return self._failing


READINESS = Readiness()


@_for_the_operator
async def ready(request: HttpRequest) -> HttpResponse:
    """Say whether this process can serve.

    The answer is 503 when PostgreSQL does not answer within PROBE_SECONDS or takes no writes; and, with the status
    STUCK, when page threads are stuck although it does. Without Redis the site still works, more slowly between
    processes. The answer is then a 200 that says so, because a load balancer would otherwise remove every process.

    failing: the parts that do not answer. waiting_for: for each of these the kind of failure, by a name of ours.
    notifications: « polling » while this process does not hear the others, and polls the database instead.
    """
    failing = await READINESS.failing()
    if await are_pages_stuck():
        return JsonResponse({"status": STUCK}, status=503)
    notes = _digest_note() | _proof_note()
    if private_addresses.is_private():
        notes["client_addresses"] = "private"
    if pubsub.is_disconnected():
        notes["notifications"] = "polling"
    if failing:
        notes |= {"failing": list(failing), "waiting_for": failing}
    if not VITAL.isdisjoint(failing):
        return JsonResponse({"status": "unavailable", **notes}, status=503)
    is_degraded = failing or "notifications" in notes
    return JsonResponse({"status": "degraded" if is_degraded else "ok", **notes})


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return the metrics of the service and of this process, in Prometheus' text format; 404 without the token."""
    if not holds_token(request):
        raise Http404
    return HttpResponse(generate_latest(service_metrics.REGISTRY), content_type=CONTENT_TYPE_LATEST)

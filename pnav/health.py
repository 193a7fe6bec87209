"""Three pages for the operator: does this process run, can it serve, how does the service do.

The first two are public and say nothing but a name; /metrics answers only to who holds METRICS_TOKEN.
"""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import psycopg
import redis.asyncio
from django.conf import settings
from django.db import connection
from django.db.models import Count, F, Min, Q, Sum
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from chat.models import Agent, Conversation

logger = logging.getLogger(__name__)

# A probe that waits longer than this is a failure: the proxy asks again a few seconds later.
PROBE_SECONDS = 2


@require_safe
async def live(request: HttpRequest) -> HttpResponse:
    """This process answers. Nothing else is asked: a database that is away is no reason to restart it."""
    return JsonResponse({"status": "ok"})


def postgresql_address() -> dict[str, Any]:
    """What psycopg needs to connect, as Django would."""
    parameters = connection.get_connection_params()
    for name in ("cursor_factory", "context"):  # Django's, for synchronous connections
        parameters.pop(name, None)
    return parameters


async def _ask_postgresql() -> None:
    """On a connection of its own: a pool that is all in use is busy, not broken."""
    probe = await psycopg.AsyncConnection.connect(**postgresql_address() | {"connect_timeout": PROBE_SECONDS})
    try:
        await probe.execute("SELECT 1")
    finally:
        await probe.close()


async def _ask_redis() -> None:
    client = redis.asyncio.Redis.from_url(
        settings.REDIS_URL, socket_timeout=PROBE_SECONDS, socket_connect_timeout=PROBE_SECONDS
    )
    try:
        await client.ping()
    finally:
        await client.aclose()


PARTS: dict[str, Callable[[], Awaitable[None]]] = {"postgresql": _ask_postgresql, "redis": _ask_redis}


async def _answers(part: str) -> bool:
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await PARTS[part]()
    except (TimeoutError, OSError, psycopg.Error, redis.RedisError) as error:
        # The class only: messages of drivers hold addresses and names.
        logger.warning("not_ready part=%s error=%s", part, type(error).__name__)
        return False
    return True


@require_safe
async def ready(request: HttpRequest) -> HttpResponse:
    """200 when PostgreSQL and Redis answer within PROBE_SECONDS; otherwise 503 with the names of the silent parts."""
    answers = await asyncio.gather(*map(_answers, PARTS))
    failing = [part for part, answered in zip(PARTS, answers, strict=True) if not answered]
    if failing:
        return JsonResponse({"status": "unavailable", "failing": failing}, status=503)
    return JsonResponse({"status": "ok"})


class ServiceCollector(Collector):
    """The state of the service as gauges, read from the database at each scrape: the same from every process."""

    def collect(self) -> Iterator[Metric]:
        now = timezone.now()
        waiting = Conversation.objects.waiting().order_by().aggregate(number=Count("pk"), since=Min("queued_at"))
        oldest = (now - waiting["since"]).total_seconds() if waiting["since"] else 0
        active = Conversation.objects.active().count()
        on_duty = Agent.objects.on_duty(now).with_load()
        room = on_duty.filter(load__lt=F("capacity")).aggregate(free=Sum(F("capacity") - F("load")))["free"] or 0
        present = Agent.objects.present(now).filter(Q(user__is_active=True)).count()
        yield GaugeMetricFamily("pnav_conversations_waiting", "People who wait.", waiting["number"])
        yield GaugeMetricFamily("pnav_oldest_wait_seconds", "How long the first of them has waited.", oldest)
        yield GaugeMetricFamily("pnav_conversations_active", "Conversations under way.", active)
        yield GaugeMetricFamily("pnav_agents_present", "Agents whose console is open.", present)
        yield GaugeMetricFamily("pnav_agents_free_places", "Conversations that agents on duty could still take.", room)


REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)
REGISTRY.register(ServiceCollector())


def holds_token(request: HttpRequest) -> bool:
    """Whether the request carries METRICS_TOKEN as a bearer; never, when none is set."""
    expected = f"Bearer {settings.METRICS_TOKEN}".encode()
    given = request.headers.get("Authorization", "").encode()
    return hmac.compare_digest(given, expected) and bool(settings.METRICS_TOKEN)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The gauges of the service and of this process, in Prometheus' text format. 404 without the token."""
    if not holds_token(request):
        raise Http404
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)

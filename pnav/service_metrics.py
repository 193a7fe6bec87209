"""This module reads the metrics that no process counts: the state of the service, from the database, and of this
process.

They are read at each request for /metrics. What comes from the database is the same from every process; while it is
away this part is left out, and `pnav_database_up` is 0. The others are about this process's pool of connections, its
certificates and its release. `common.metrics` has what a process counts.
"""

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Avg, Count, F, Max, Min, Q, Sum
from django.utils import timezone
from prometheus_client import GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from psycopg_pool import PoolTimeout

from chat.conversations import worker_status
from chat.models import Agent, Conversation, WebHeartbeat
from chat.models.conversation import is_here
from chat.retention import deletion as retention
from common import private_addresses
from common.database_errors import describe_error
from common.metrics import REGISTRY
from common.offload import pool as pool_of_children
from pnav import certificates
from pnav.version import REVISION, VERSION
from reports.audit import digests
from reports.models import BackupStatus
from reports.openings import actions as opening_actions
from reports.proof_of_date import stamps
from triage.questionnaire.outcomes import Urgency

logger = logging.getLogger(__name__)
RECENT = timedelta(minutes=5)


def _labelled(family: Any, values: Iterable[tuple[str, float]]) -> Metric:
    """Add these pairs of a label and a value to a metric family, and return it."""
    for label, value in values:
        family.add_metric([label], value)
    filled: Metric = family
    return filled


class ServiceCollector(Collector):
    """Collects the state of the service, with some fifteen queries, each of a few rows or an index."""

    def collect(self) -> Iterator[Metric]:
        """Read the state of the service from PostgreSQL. If that fails, yield only `pnav_database_up` with 0."""
        is_up, families = 1, []
        try:
            now = timezone.now()
            families = [*_queue(now), *_agents(now), *_openings(now), *_worker(), *_web(), *_digests(), *_proofs()]
            families += [*_retention(now), *_backups()]
        except (DatabaseError, InterfaceError, PoolTimeout) as error:
            logger.warning("metrics: the database failed (%s)", describe_error(error))
            is_up = 0
        yield GaugeMetricFamily("pnav_database_up", "1: PostgreSQL answered this scrape.", is_up)
        yield from families


def _queue(now: datetime) -> Iterator[Metric]:
    here = is_here(now)
    rows = (
        Conversation.objects.waiting()
        .order_by()
        .values("urgency")
        .annotate(
            number=Count("pk"),
            since=Min("queued_at"),
            here=Count("pk", filter=here),
            here_since=Min("queued_at", filter=here),
        )
    )
    waiting = {row["urgency"]: row for row in rows}
    yield GaugeMetricFamily(
        "pnav_conversations_waiting", "People who wait.", sum(row["number"] for row in waiting.values())
    )
    yield GaugeMetricFamily(
        "pnav_oldest_wait_seconds", "How long the person has waited who waits longest.",
        _longest(now, (row["since"] for row in waiting.values())),
    )  # fmt: skip
    yield GaugeMetricFamily(
        "pnav_oldest_wait_here_seconds", "How long the person has waited who waits longest and may be given an agent.",
        _longest(now, (row["here_since"] for row in waiting.values() if row["here"])),
    )  # fmt: skip
    yield _labelled(
        GaugeMetricFamily("pnav_waiting_by_urgency", "People who wait, by urgency.", labels=["urgency"]),
        [(one.name.lower(), waiting[one]["number"] if one in waiting else 0) for one in Urgency],
    )
    yield _labelled(
        GaugeMetricFamily(
            "pnav_waiting_here_by_urgency", "People who wait and may be given an agent, by urgency.",
            labels=["urgency"],
        ),
        [(one.name.lower(), waiting[one]["here"] if one in waiting else 0) for one in Urgency],
    )  # fmt: skip
    active = Conversation.objects.active()
    yield GaugeMetricFamily("pnav_conversations_active", "Conversations under way.", active.count())
    wait = F("assigned_at") - F("queued_at")
    given = active.order_by().filter(assigned_at__gt=now - RECENT).aggregate(mean=Avg(wait), longest=Max(wait))
    yield _labelled(
        GaugeMetricFamily(
            "pnav_given_wait_seconds", "How long those who were given an agent in the last 5 minutes had waited.",
            labels=["stat"],
        ),
        [(stat, length.total_seconds() if length else 0) for stat, length in given.items()],
    )  # fmt: skip


def _longest(now: datetime, since: Iterable[datetime]) -> float:
    """Return the seconds since the first of these moments, 0 if there is none."""
    return (now - min(since, default=now)).total_seconds()


def _agents(now: datetime) -> Iterator[Metric]:
    on_duty = Agent.objects.on_duty(now).with_load()
    room = on_duty.filter(load__lt=F("capacity")).aggregate(free=Sum(F("capacity") - F("load")))["free"] or 0
    present = Agent.objects.present(now).filter(Q(user__is_active=True)).count()
    yield GaugeMetricFamily("pnav_agents_present", "Agents whose console is open.", present)
    yield GaugeMetricFamily("pnav_agents_free_places", "Conversations that agents on duty could still take.", room)


def _openings(now: datetime) -> Iterator[Metric]:
    late = opening_actions.late_requests(now)
    urgent = sum(one.is_urgent for one in late)
    yield _labelled(
        GaugeMetricFamily("pnav_openings_late", "Identity disclosure requests that wait too long.", labels=["urgent"]),
        [("yes", urgent), ("no", len(late) - urgent)],
    )


def _retention(now: datetime) -> Iterator[Metric]:
    due = retention.count_due(now)
    yield GaugeMetricFamily(
        "pnav_retention_due", f"Reports past their term that are still there; {retention.DUE_AT_MOST}: or more.", due
    )


def _worker() -> Iterator[Metric]:
    status, duties = worker_status.status(), worker_status.duties()
    yield GaugeMetricFamily("pnav_workers", "Workers that live.", status.workers)
    seen_at = status.seen_at.timestamp() if status.seen_at else 0
    yield GaugeMetricFamily(
        "pnav_worker_last_beat_timestamp_seconds", "When a worker was last seen; 0: never.", seen_at
    )
    yield _labelled(
        GaugeMetricFamily(
            "pnav_worker_duty_last_success_timestamp_seconds", "When this duty was last done; 0: never.",
            labels=["duty"],
        ),
        [(duty.name, duty.succeeded_at.timestamp() if duty.succeeded_at else 0) for duty in duties],
    )  # fmt: skip
    yield _labelled(
        CounterMetricFamily("pnav_worker_duty_errors", "How often this duty failed.", labels=["duty"]),
        [(duty.name, duty.errors) for duty in duties],
    )


def _web() -> Iterator[Metric]:
    rows = WebHeartbeat.objects.order_by("role")[:2]
    yield _labelled(
        GaugeMetricFamily(
            "pnav_web_last_beat_timestamp_seconds", "When a web process of this role was last seen.", labels=["role"]
        ),
        [(row.role, row.seen_at.timestamp()) for row in rows],
    )


def _digests() -> Iterator[Metric]:
    """Yield the number, age and failures of the audit log's digests at each destination."""
    number = GaugeMetricFamily(
        "pnav_register_digest_number", "The number of the register's last digest at this destination.",
        labels=["destination"],
    )  # fmt: skip
    age = GaugeMetricFamily(
        "pnav_register_digest_age_seconds", "The age of the register's last digest at this destination; -1: none.",
        labels=["destination"],
    )  # fmt: skip
    failures = GaugeMetricFamily(
        "pnav_register_digest_failures", "Deliveries to this destination that failed in a row.",
        labels=["destination"],
    )  # fmt: skip
    if settings.REGISTER_DIGEST_TO:
        with connection.cursor() as cursor:
            cursor.execute(digests.AGES)
            rows = cursor.fetchall()
        for one in digests.ages(rows):
            number.add_metric([one.label], one.number)
            age.add_metric([one.label], -1 if one.seconds is None else one.seconds)
            failures.add_metric([one.label], one.failures)
    yield from (number, age, failures)


def _proofs() -> Iterator[Metric]:
    """Yield the age of the last closed day, and what each time-stamping authority has not stamped yet."""
    closed = GaugeMetricFamily("pnav_proof_day_age_days", "Days since the last day that is closed; -1: none.")
    lacking = GaugeMetricFamily(
        "pnav_proof_days_not_stamped", "Closed days that this authority has not stamped.", labels=["authority"]
    )
    failures = GaugeMetricFamily(
        "pnav_proof_stamp_failures", "Stamps of this authority that failed in a row.", labels=["authority"]
    )
    if settings.TIMESTAMP_AUTHORITIES:
        with connection.cursor() as cursor:
            cursor.execute(stamps.STATE, stamps.state_values())
            state = stamps.state_of(cursor.fetchall())
        closed.add_metric([], -1 if state.day is None else (timezone.localdate() - state.day).days)
        for name, (_last, lacks, failed) in state.stamped.items():
            lacking.add_metric([name], lacks)
            failures.add_metric([name], failed)
    yield from (closed, lacking, failures)


def _backups() -> Iterator[Metric]:
    """Yield when backups were last taken, for each server that `deploy/backup` copies."""
    rows = BackupStatus.objects.order_by("name")[:2]
    gauges: list[tuple[str, str, list[tuple[str, float]]]] = [
        ("pnav_backup_last_base_timestamp_seconds", "When a base backup last ended; 0: never.", _at(rows, "base_at")),
        ("pnav_backup_last_wal_timestamp_seconds", "When WAL was last in the store; 0: never.", _at(rows, "wal_at")),
        ("pnav_backup_oldest_timestamp_seconds", "The oldest point to go back to; 0: none.", _at(rows, "since")),
        (
            "pnav_backup_told_days",
            "For how many days backups are kept, as people are told.",
            [("content", settings.BACKUP_DAYS), ("keys", settings.DATA_KEYS_BACKUP_DAYS)],
        ),
        ("pnav_backup_base_bytes", "What the last base backup copied.", [(row.name, row.base_bytes) for row in rows]),
        (
            "pnav_backup_base_seconds",
            "How long the last base backup took.",
            [(row.name, row.base_seconds) for row in rows],
        ),
        (
            "pnav_backup_failures",
            "Attempts that failed in a row of one duty (WAL, base backup, deletion): the longest row.",
            [(row.name, row.failures) for row in rows],
        ),
    ]
    for name, help_text, values in gauges:
        yield _labelled(GaugeMetricFamily(name, help_text, labels=["of"]), values)


def _at(rows: Iterable[BackupStatus], field: str) -> list[tuple[str, float]]:
    instants = [(row.name, getattr(row, field)) for row in rows]
    return [(name, at.timestamp() if at else 0) for name, at in instants]


class ClientCollector(Collector):
    """It counts clients by the kind of address with which they reached this process; a private one is not their own."""

    def collect(self) -> Iterator[Metric]:
        """Yield how many clients came, by the kind of their address. No address is given."""
        yield _labelled(
            CounterMetricFamily(
                "pnav_client_addresses", "Clients seen by this process, by the kind of their address.", labels=["kind"]
            ),
            private_addresses.counts().items(),
        )


class PoolCollector(Collector):
    """Reports on the pool of connections for pages; the threads that serve sockets have connections of their own."""

    def collect(self) -> Iterator[Metric]:
        """Yield the state of this process's pool of connections."""
        pool = connection.pool  # type: ignore[attr-defined]
        found = pool.get_stats() if pool is not None else {}
        yield GaugeMetricFamily("pnav_pool_connections", "Connections of the pool.", found.get("pool_size", 0))
        yield GaugeMetricFamily(
            "pnav_pool_available", "Connections of the pool that are not lent.", found.get("pool_available", 0)
        )
        yield GaugeMetricFamily(
            "pnav_pool_waiting", "Threads that wait for a connection.", found.get("requests_waiting", 0)
        )
        yield CounterMetricFamily(
            "pnav_pool_wait_seconds", "How long threads waited for a connection, in all.",
            found.get("requests_wait_ms", 0) / 1000,
        )  # fmt: skip
        yield CounterMetricFamily(
            "pnav_pool_timeouts", "Threads that were lent no connection in time.", found.get("requests_errors", 0)
        )
        yield CounterMetricFamily(
            "pnav_pool_connection_failures", "Connections that could not be made.", found.get("connections_errors", 0)
        )


class CertificateCollector(Collector):
    """Reports when the certificates that this process's settings name expire."""

    def collect(self) -> Iterator[Metric]:
        """Yield when each certificate expires."""
        yield _labelled(
            GaugeMetricFamily(
                "pnav_certificate_ends_timestamp_seconds", "When this certificate ends; 0: it cannot be read.",
                labels=["use"],
            ),
            [(use, end.timestamp() if end else 0) for use, end in certificates.read_ends().items()],
        )  # fmt: skip


class BuildCollector(Collector):
    """Reports which release this process runs, and its role."""

    def collect(self) -> Iterator[Metric]:
        """Yield the version, the revision and the role of this process."""
        build = GaugeMetricFamily("pnav_build_info", "Always 1.", labels=["version", "revision", "role"])
        build.add_metric([VERSION, REVISION, settings.PROCESS_ROLE], 1)
        yield build


def register() -> None:
    """Add the collectors of this module to the registry of `common.metrics`. Called once in a process."""
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=REGISTRY)
    for own in (ServiceCollector, ClientCollector, PoolCollector, CertificateCollector, BuildCollector):
        REGISTRY.register(own())
    REGISTRY.register(pool_of_children.ENDED)


register()

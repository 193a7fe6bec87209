import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from unittest.mock import AsyncMock

import pytest
from django.db import connection
from django.test import AsyncRequestFactory
from django.utils import timezone
from psycopg_pool import ConnectionPool

from chat.models import Conversation
from chat.rules.lifecycle import Availability
from common.watchdog import Turns
from pnav import health
from tests.factories import chat as factory
from tests.support import pooler
from triage.questionnaire.outcomes import Urgency

TOKEN = "a token of the operator"


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch) -> None:
    """Forget the answers of other tests, and wait for each part however slow the machine is."""
    monkeypatch.setattr(health, "READINESS", health.Readiness())
    monkeypatch.setattr(health, "PROBE_SECONDS", 30)


def failing(error: Exception):
    async def probe() -> None:
        raise error

    return probe


async def well() -> None:
    """Answer at once, in the place of a part for which the time of a test would be too short."""


def test_live_asks_nobody(client):
    """There is no database fixture, so a query would fail the test."""
    answer = client.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.fixture
def held(monkeypatch) -> Iterator[None]:
    """Give page threads that are all busy for longer than a page may take."""
    over = Event()
    with ThreadPoolExecutor(1) as threads:
        turns = Turns(threads)
        monkeypatch.setattr(health, "PAGE_TURNS", turns)
        monkeypatch.setattr(health, "STUCK_SECONDS", 0.0)
        monkeypatch.setattr(health.PAGES, "ended_at", float("-inf"))
        threads.submit(over.wait)
        turns.waited()
        yield
        over.set()


@pytest.mark.django_db
def test_page_threads_that_take_no_turns_are_told(client, held):
    for probe in ("live", "ready"):
        answer = client.get(f"/health/{probe}")
        assert (answer.status_code, answer.json()) == (503, {"status": "stuck"})


@pytest.mark.django_db
def test_crowd_that_leaves_no_turn_to_the_pool_ends_no_process(client, held, monkeypatch):
    """Each thread goes on with the next request by itself: pages are served, while the pool's own queue waits."""
    monkeypatch.setattr(health, "STUCK_SECONDS", 60.0)
    monkeypatch.setattr(health.PAGE_TURNS, "waited", lambda: 61.0)
    monkeypatch.setattr(health.PAGES, "ended_at", time.monotonic() - 1)
    assert client.get("/health/live").status_code == 200
    monkeypatch.setattr(health.PAGES, "ended_at", time.monotonic() - 61)
    assert client.get("/health/live").status_code == 503


@pytest.mark.django_db
def test_page_threads_that_wait_for_the_database_end_no_process(client, held, monkeypatch):
    """The next request would wait as well."""
    monkeypatch.setitem(health.PARTS, "postgresql", failing(OSError("away")))
    assert client.get("/health/live").status_code == 200
    assert client.get("/health/ready").json()["status"] == "unavailable"


@pytest.mark.django_db
def test_ready(client):
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
@pytest.mark.parametrize("part, status, word", [("postgresql", 503, "unavailable"), ("redis", 200, "degraded")])
def test_ready_names_the_failing_part_and_nothing_else(client, monkeypatch, caplog, part, status, word):
    monkeypatch.setitem(health.PARTS, part, failing(OSError("server at db.internal refused")))
    answer = client.get("/health/ready")
    said = {"status": word, "failing": [part], "waiting_for": {part: "OSError"}}
    assert (answer.status_code, answer.json()) == (status, said)
    assert "db.internal" not in caplog.text and f"part={part}" in caplog.text


@pytest.mark.django_db
def test_ready_asks_the_keys_server_where_there_is_one(client, monkeypatch):
    """Without the table, the site serves those who have a session already."""
    monkeypatch.setitem(health.PARTS, "data_keys", failing(ConnectionError("keys.internal refused")))
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "degraded", "failing": ["data_keys"], "waiting_for": {"data_keys": "ConnectionError"}},
    )
    assert "data_keys" not in health.VITAL


@pytest.mark.django_db
def test_ready_redis_really_away(client, settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["failing"]) == (200, ["redis"])


def pool_of_one(**changes) -> ConnectionPool:
    parameters = connection.get_connection_params() | changes
    return ConnectionPool(kwargs=parameters, min_size=1, max_size=1, reconnect_timeout=0.1, open=False)


@pytest.fixture
def only_connection(db, monkeypatch) -> Iterator[ConnectionPool]:
    """Give a pool of one connection to this process."""
    with pool_of_one() as pool:
        pool.wait(30)
        monkeypatch.setattr(health, "pool", lambda: pool)
        yield pool


def test_ready_postgresql_really_away(client, db, monkeypatch, tmp_path):
    monkeypatch.setattr(health, "PROBE_SECONDS", 0.2)
    monkeypatch.setitem(health.PARTS, "redis", well)
    monkeypatch.setattr(health.POOL_FAILURES, "_latest", None)
    with pool_of_one(host=str(tmp_path)) as pool:
        monkeypatch.setattr(health, "pool", lambda: pool)
        while health.POOL_FAILURES.latest() is None:  # a thread of the pool tries to connect
            time.sleep(0.01)
        answer = client.get("/health/ready")
        assert (answer.status_code, answer.json()["waiting_for"]) == (503, {"postgresql": "refused"})


@pooler.needs_own_connection
@pytest.mark.parametrize("how", ["default_transaction_read_only=on", "standby"])
def test_ready_refuses_a_postgresql_that_takes_no_writing(client, db, monkeypatch, how):
    """A standby, or a primary that was demoted, is like this: a process that talks to it can write nothing."""
    monkeypatch.setattr(health, "KEPT_SECONDS", 0)
    options = f"-c {how}" if "=" in how else ""
    if how == "standby":
        monkeypatch.setattr(health, "WRITABLE", health.WRITABLE.replace("pg_is_in_recovery()", "true"))
    with pool_of_one(options=options) as pool:
        monkeypatch.setattr(health, "pool", lambda: pool)
        answer = client.get("/health/ready")
        assert (answer.status_code, answer.json()["waiting_for"]) == (503, {"postgresql": "read_only"})


@pooler.needs_own_connection
def test_ready_drops_the_connections_to_a_server_that_takes_no_writing(client, db, monkeypatch):
    monkeypatch.setattr(health, "KEPT_SECONDS", 0)
    with pool_of_one(options="-c default_transaction_read_only=on") as pool:
        monkeypatch.setattr(health, "pool", lambda: pool)
        assert client.get("/health/ready").status_code == 503
        while not pool.get_stats().get("pool_available"):  # a thread of the pool makes a new one
            time.sleep(0.01)
        pool.kwargs = {**pool.kwargs, "options": ""}  # the same as when a name leads to another server
        assert client.get("/health/ready").status_code == 503  # one connection was made before that
        assert client.get("/health/ready").json() == {"status": "ok"}


@pytest.mark.django_db
def test_ready_says_when_nothing_is_heard_of_the_other_processes(client, monkeypatch):
    monkeypatch.setattr(health.pubsub, "is_disconnected", lambda: True)
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "degraded", "notifications": "polling"})


def test_ready_gives_its_connection_back(client, only_connection, monkeypatch):
    monkeypatch.setattr(health, "KEPT_SECONDS", 0)
    assert [client.get("/health/ready").status_code for _ in range(3)] == [200] * 3


def test_ready_not_while_the_pool_has_nothing_to_lend(client, only_connection, monkeypatch):
    monkeypatch.setattr(health, "KEPT_SECONDS", 0)
    monkeypatch.setitem(health.PARTS, "redis", well)
    with only_connection.connection(), monkeypatch.context() as patch:
        patch.setattr(health, "PROBE_SECONDS", 0.2)
        assert client.get("/health/ready").json()["failing"] == ["postgresql"]
    assert client.get("/health/ready").status_code == 200


@pytest.fixture
def questions(monkeypatch) -> list[str]:
    """Return the parts asked, in order."""
    asked: list[str] = []

    def noting(part: str):
        async def probe() -> None:
            asked.append(part)
            await asyncio.sleep(0.05)

        return probe

    for part in health.PARTS:
        monkeypatch.setitem(health.PARTS, part, noting(part))
    return asked


async def test_ready_asks_once_for_all_who_want_to_know(async_client, questions, monkeypatch):
    monkeypatch.setattr(health, "KEPT_SECONDS", 1_000)  # a busy machine may take longer for twenty requests
    answers = await asyncio.gather(*(async_client.get("/health/ready") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(questions) == ["postgresql", "redis"]


async def test_ready_asks_again_when_the_answer_is_old(async_client, questions, monkeypatch):
    monkeypatch.setattr(health, "KEPT_SECONDS", 1_000)
    await async_client.get("/health/ready")
    await async_client.get("/health/ready")
    assert len(questions) == 2
    health.READINESS._until -= 1_000  # as if so many seconds had passed
    await async_client.get("/health/ready")
    assert len(questions) == 4


async def test_ready_goes_on_for_the_others_when_one_hangs_up(async_client, questions):
    first, second = (asyncio.create_task(health.READINESS.failing()) for _ in range(2))
    await asyncio.sleep(0.01)
    first.cancel()
    assert await second == {}
    assert sorted(questions) == ["postgresql", "redis"]


@pytest.mark.django_db
def test_ready_does_not_wait_for_a_silent_part(client, monkeypatch):
    async def silent() -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(health, "PROBE_SECONDS", 0.05)
    monkeypatch.setitem(health.PARTS, "redis", silent)
    monkeypatch.setitem(health.PARTS, "postgresql", well)
    assert client.get("/health/ready").json()["failing"] == ["redis"]


def test_health_is_exempt_from_the_redirect_to_https(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/health/live").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Bearer wrong", TOKEN, f"Basic {TOKEN}", "Bearer é"])
def test_metrics_is_not_there_without_the_token(client, settings, header):
    settings.METRICS_TOKEN = TOKEN
    headers = {} if header is None else {"Authorization": header}
    assert client.get("/metrics", headers=headers).status_code == 404


@pytest.mark.django_db
def test_metrics_is_never_there_without_a_configured_token(client, settings):
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.django_db
def test_metrics_are_given_at_any_address_of_the_process_to_who_holds_the_token(client, settings):
    """Prometheus sends the address that it scrapes as `Host`, and can be told no other."""
    settings.METRICS_TOKEN, settings.ALLOWED_HOSTS = TOKEN, ["pnav.example"]
    token = {"Authorization": f"Bearer {TOKEN}"}
    assert client.get("/metrics", headers=token | {"Host": "192.0.2.7:8000"}).status_code == 200
    assert client.get("/metrics", headers=token | {"Host": "pnav.example"}).status_code == 200
    assert client.get("/metrics", headers={"Host": "192.0.2.7:8000"}).status_code == 400
    assert client.get("/", headers=token | {"Host": "192.0.2.7:8000"}).status_code == 400


def read(text: str) -> dict[str, float]:
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if line.startswith(("pnav_", "process_"))]
    return {name: float(value) for name, value in lines}


@pytest.fixture
def gauges(client, settings):
    settings.METRICS_TOKEN = TOKEN

    def get() -> dict[str, float]:
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/plain")
        return read(answer.content.decode())

    return get


@pytest.mark.django_db
def test_metrics_of_an_empty_service(gauges):
    values = gauges()
    assert values["pnav_conversations_waiting"] == values["pnav_oldest_wait_seconds"] == 0
    assert values["pnav_agents_free_places"] == 0
    assert values["process_resident_memory_bytes"] > 0


@pytest.mark.django_db
def test_metrics_count_agents(gauges):
    factory.agent(capacity=3)
    factory.agent(capacity=2)
    factory.agent(capacity=5, availability=Availability.PAUSE)
    factory.agent(capacity=5, present=False)
    values = gauges()
    assert values["pnav_agents_present"] == 3
    assert values["pnav_agents_free_places"] == 5


@pytest.mark.django_db
def test_metrics_count_conversations(gauges):
    factory.waiting(queued_at=timezone.now() - timedelta(seconds=90))
    factory.waiting(queued_at=timezone.now() - timedelta(seconds=10))
    factory.assigned(factory.agent(capacity=2))
    factory.closed(factory.agent(capacity=1))
    values = gauges()
    assert values["pnav_conversations_waiting"] == 2
    assert 90 <= values["pnav_oldest_wait_seconds"] < 120
    assert values["pnav_conversations_active"] == 1
    assert values["pnav_agents_free_places"] == 2


@pytest.mark.django_db
def test_metrics_tell_those_who_wait_and_are_there_from_those_who_closed_the_page(gauges, settings):
    now = timezone.now()
    gone = now - timedelta(seconds=settings.ABSENT_SECONDS + 60)
    left = factory.waiting(queued_at=now - timedelta(seconds=900), urgency=Urgency.CRITICAL)
    Conversation.objects.filter(pk=left.pk).update(reporter_seen_at=gone)
    assert gauges()["pnav_oldest_wait_here_seconds"] == 0
    factory.waiting(queued_at=now - timedelta(seconds=90), urgency=Urgency.CRITICAL)
    asleep = factory.waiting(queued_at=now - timedelta(seconds=120))
    Conversation.objects.filter(pk=asleep.pk).update(reporter_seen_at=gone, reporter_is_hidden=True)
    values = gauges()
    assert values["pnav_conversations_waiting"] == 3
    assert 900 <= values["pnav_oldest_wait_seconds"] < 930
    assert 120 <= values["pnav_oldest_wait_here_seconds"] < 150
    assert values['pnav_waiting_by_urgency{urgency="critical"}'] == 2
    assert values['pnav_waiting_here_by_urgency{urgency="critical"}'] == 1
    assert sum(count for name, count in values.items() if name.startswith("pnav_waiting_here_by_urgency")) == 2


@pytest.mark.parametrize("view", [health.live, health.ready])
async def test_address_that_is_written_otherwise_is_none_of_ours(view, monkeypatch):
    """A proxy that compares what it was sent would let it through, and we decode it."""
    monkeypatch.setattr(health.READINESS, "failing", AsyncMock(return_value={}))
    path = f"/health/{view.__name__}"
    for written, status in ((path, 200), (path.replace("h", "%68"), 404), (f"/health%2F{view.__name__}", 404)):
        request = AsyncRequestFactory().get(path)
        request.scope["raw_path"] = written.encode()
        answer = await view(request)
        assert answer.status_code == status and (b"status" in answer.content) is (status == 200), written

"""What /metrics says about a real exchange, and that rules and panels ask for metrics that exist.

The sockets, the pages and the database are real. `tests.support.promql` does what Prometheus would do over two scrapes.
promtool has read the same files (docs/operations.md, « Alerts »).
"""

import asyncio
import inspect
import json
import re
import shutil
import subprocess
import uuid
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.exposition import generate_latest

from chat.conversations import actions, dispatcher, web_heartbeat, worker_status
from chat.management.commands import run_worker
from chat.messages import writing
from chat.realtime import connection
from chat.realtime.broadcaster import ensure_broadcaster
from chat.rules.lifecycle import Author
from common import metrics, security_log
from common.data_keys import copies
from common.security_log import Event
from deploy import authority
from pnav import service_metrics
from pnav.server.page_handler import PageHandler
from reports.models import BackupStatus
from tests.chat.sockets import Line, in_db, signed_in, visit
from tests.docs.names import ROOT
from tests.factories import chat as make
from tests.support.promql import Query, Scrape

RULES: dict[str, Any] = {
    rule.get("alert") or rule["record"]: rule
    for group in yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"]
    for rule in group["rules"]
}
ALERTS = {name: rule for name, rule in RULES.items() if "alert" in rule}
PANELS = [
    (panel["title"], target["expr"])
    for panel in json.loads((ROOT / "deploy/grafana/dashboard.json").read_text())["panels"]
    for target in panel.get("targets", ())
]
OPERATIONS = (ROOT / "docs/operations.md").read_text()
TABLE = OPERATIONS.partition("### Alerts")[2].partition("\n### ")[0]
RECORDED = {name for name, rule in RULES.items() if "record" in rule}
OF_PROMETHEUS = {"up"}


def exposition() -> str:
    return generate_latest(service_metrics.REGISTRY).decode()


def scrape(at: float) -> Scrape:
    return Scrape.read(exposition(), at=at)


async def page(path: str, *headers: tuple[bytes, bytes]) -> int:
    """Return the status of a page that the real handler serves in its threads."""
    return (await answer(path, *headers))["status"]


async def answer(path: str, *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    """Return the first message of the answer to this page."""
    sent = []

    async def receive():
        await asyncio.sleep(0 if not sent else 3600)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(event):
        sent.append(event)

    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"", "scheme": "http",
        "headers": [(b"host", b"localhost"), *headers], "client": ("192.0.2.1", 1), "server": ("localhost", 80),
        "root_path": "", "http_version": "1.1",
    }  # fmt: skip
    await PageHandler()(scope, receive, send)
    return sent[0]


def changed(before: Scrape, after: Scrape, name: str, **labels: str) -> float:
    """Return by how much the samples with this name and these labels grew."""
    return sum(
        value - before.samples.get(name, {}).get(known, 0.0)
        for known, value in after.samples[name].items()
        if labels.items() <= dict(known).items()
    )


# -- the exchange ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
async def test_exchange_is_counted_from_its_arrival_to_its_delivery():
    agent = await in_db(make.agent)
    conversation = await in_db(make.assigned, agent)
    before = await in_db(scrape, 0)
    async with (
        Line("/ws/console/", await in_db(signed_in, agent)) as console,
        Line("/ws/conversation/", await in_db(visit, conversation)) as line,
    ):
        for each in (console, line):
            await each.send(type="sync", conversation=str(conversation.public_id), after=0)
            await each.until("state")
        await line.post("Bonjour", client_id="7d9f9f4e-7a64-4a35-8f28-6a4a6b6a4a11")
        await console.hears("Bonjour")
        await line.post("Bonjour", client_id="7d9f9f4e-7a64-4a35-8f28-6a4a6b6a4a11")  # as when the answer was lost
        await line.post("Encore")
        await console.hears("Encore")
        open_now = await in_db(scrape, 60)
    closed = await in_db(scrape, 120)
    assert changed(before, open_now, "pnav_sockets", kind="conversation") == 1
    assert changed(before, open_now, "pnav_sockets", kind="console") == 1
    assert changed(before, closed, "pnav_sockets") == 0
    assert changed(before, closed, "pnav_sockets_closed_total") == 2
    assert changed(before, open_now, "pnav_messages_offered_total") == 3
    assert changed(before, open_now, "pnav_messages_total", outcome="written") == 2
    assert changed(before, open_now, "pnav_messages_total", outcome="repeated") == 1
    assert changed(before, open_now, "pnav_messages_total", outcome="refused") == 0
    assert changed(before, open_now, "pnav_message_deliveries_total") >= 4  # two messages, each to both sides
    assert changed(before, open_now, "pnav_acknowledgement_seconds_count") == 2
    assert changed(before, open_now, "pnav_batch_items_sum", batch="writer") == 3
    assert changed(before, open_now, "pnav_messages_total", way="page") == 0


@pytest.mark.django_db
def test_pass_of_the_dispatcher_that_gives_somebody_is_timed():
    before = scrape(0)
    dispatcher.dispatch()
    make.waiting()
    dispatcher.dispatch()
    assert changed(before, scrape(30), "pnav_dispatch_seconds_count") == 0, "nobody was given"
    make.agent()
    dispatcher.dispatch()
    assert changed(before, scrape(60), "pnav_dispatch_seconds_count") == 1


@pytest.mark.django_db
def test_message_of_a_page_without_a_socket_is_counted_apart(monkeypatch):
    conversation = make.waiting()
    before = scrape(0)
    first = {"conversation_id": conversation.pk, "client_id": uuid.uuid4(), "author": Author.REPORTER}
    for _time in range(2):
        actions.post_message(**first, body="Bonjour")
    with monkeypatch.context() as outage, pytest.raises(OperationalError):
        outage.setattr(actions, "write_messages", lambda _drafts: raise_away())
        actions.post_message(**{**first, "client_id": uuid.uuid4()}, body="Encore")
    after = scrape(60)
    assert changed(before, after, "pnav_messages_offered_total", way="page") == 3
    for outcome in ("written", "repeated", "given_back"):
        assert changed(before, after, "pnav_messages_total", way="page", outcome=outcome) == 1


def raise_away() -> None:
    raise OperationalError


@pytest.mark.django_db(transaction=True)
async def test_deliveries_that_stop_fire_their_alert_and_those_that_go_on_do_not(monkeypatch):
    conversation = await in_db(make.waiting)
    alert = Query(ALERTS["PnavDeliveriesStopped"]["expr"])
    given_back = Query(ALERTS["PnavMessagesGivenBack"]["expr"])
    broadcaster = ensure_broadcaster()
    monkeypatch.setattr(broadcaster.writer, "_patience", 0)
    async with Line("/ws/conversation/", await in_db(visit, conversation)) as line:
        await line.send(type="sync", conversation=str(conversation.public_id), after=0)
        await line.until("state")
        first = await in_db(scrape, 0)
        await line.post("un")
        well = await in_db(scrape, 120)
        assert not alert.evaluate(first, well) and not given_back.evaluate(first, well)

        with monkeypatch.context() as outage:
            outage.setattr(writing, "write_messages", lambda *_args, **_options: raise_away())
            await line.send(type="post", client_id="7d9f9f4e-7a64-4a35-8f28-6a4a6b6a4a12", body="deux")
            assert (await line.until("error"))["code"] == "unavailable"
            stopped = await in_db(scrape, 240)
        assert alert.evaluate(well, stopped) and given_back.evaluate(well, stopped)
        await line.post("deux", client_id="7d9f9f4e-7a64-4a35-8f28-6a4a6b6a4a12")
        assert not alert.evaluate(stopped, await in_db(scrape, 360))


@pytest.mark.django_db(transaction=True)
async def test_message_that_is_rightly_refused_calls_nobody():
    """At night it may be the only one: somebody writes to an exchange that has ended meanwhile."""
    conversation = await in_db(make.closed)
    alert = Query(ALERTS["PnavDeliveriesStopped"]["expr"])
    before = await in_db(scrape, 0)

    def post() -> None:
        with pytest.raises(actions.ConversationClosed):
            actions.post_message(
                conversation_id=conversation.pk, client_id=uuid.uuid4(), body="Encore", author=Author.REPORTER
            )

    await in_db(post)
    after = await in_db(scrape, 120)
    assert changed(before, after, "pnav_messages_total", outcome="refused") == 1
    assert changed(before, after, "pnav_messages_offered_total") == 1
    assert not alert.evaluate(before, after)


def of_deaf(before: int, after: int) -> tuple[Scrape, Scrape]:
    def text(polls: int) -> str:
        return (
            "# TYPE pnav_pubsub_disconnected gauge\npnav_pubsub_disconnected 1.0\n"
            f"# TYPE pnav_pubsub_polls counter\npnav_pubsub_polls_total {polls}.0\n"
        )

    return Scrape.read(text(before), at=0), Scrape.read(text(after), at=120)


def test_process_that_is_deaf_and_polls_delivers_and_one_that_does_not_poll_does_not():
    alert = Query(ALERTS["PnavDeliveriesStopped"]["expr"])
    assert not alert.evaluate(*of_deaf(5, 900))
    assert alert.evaluate(*of_deaf(5, 5))


# -- rules and panels --------------------------------------------------------------------------------------------------


@pytest.fixture
def _certificates(settings, monkeypatch, tmp_path):
    authority.make(tmp_path, now=authority.datetime.now(authority.UTC))
    options = {"sslrootcert": str(tmp_path / "web/authority.pem"), "sslcert": str(tmp_path / "web/certificate.pem")}
    ours = settings.DATABASES["default"]
    monkeypatch.setitem(settings.DATABASES, "default", {**ours, "OPTIONS": {**ours["OPTIONS"], **options}})


@pytest.mark.django_db(transaction=True)
async def test_every_rule_and_panel_is_answered_by_a_real_scrape(_certificates, settings, tmp_path):
    """After an exchange, pages, a tick of the worker and an event, each query finds its metrics, and each panel a
    value.
    """
    before = await in_db(scrape, 0)
    conversation = await in_db(make.waiting)
    async with Line("/ws/conversation/", await in_db(visit, conversation)) as line:
        await line.send(type="sync", conversation=str(conversation.public_id), after=0)
        await line.until("state")
        await line.post("Bonjour")
        assert await page("/") == 200
        assert await page("/nulle-part/") == 404
        security_log.log(Event.LIMIT_REACHED, limit="frames")
        await in_db(call_command, "run_worker", ticks=1)
        await in_db(web_heartbeat.write_heartbeat, ["pages", "sockets"])
        settings.REGISTER_DIGEST_TO = [f"file:{tmp_path}/digests.txt"]
        settings.TIMESTAMP_AUTHORITIES = ["first - /certs/first.pem"]
        now = timezone.now()
        await in_db(BackupStatus.objects.create, name="content", base_at=now, wal_at=now, base_bytes=9)
        after = await in_db(scrape, 300)
    known = {*after.samples, *RECORDED, *OF_PROMETHEUS}
    # A metric of which a process has counted nothing has no sample, but its family is announced.
    announced = set(re.findall(r"^# TYPE (\w+) ", await in_db(exposition), re.MULTILINE))
    for name, text in [*((name, rule["expr"]) for name, rule in RULES.items()), *PANELS]:
        query = Query(text)
        assert query.names and query.names <= known | announced, (name, query.names - known - announced)
    silent = [(title, text) for title, text in PANELS if not Query(text).evaluate(before, after)]
    # Other processes, child processes and strange clients are not part of this test, nor is a digest that was sent.
    assert {title for title, _text in silent} <= {
        "Notifications", "Sockets closed, by code", "Clients by kind of address", "Documents in child processes",
        "Wait of those who were given an agent",
    }, silent  # fmt: skip


def test_every_alert_is_explained_and_none_that_is_not_there():
    explained = [
        name for line in TABLE.splitlines() if line.startswith("| `Pnav")
        for name in re.findall(r"`(Pnav\w+)`", line.split("|")[1])
    ]  # fmt: skip
    assert sorted(explained) == sorted(ALERTS)
    for name, rule in ALERTS.items():
        assert rule["labels"]["severity"] in {"critical", "warning"}, name
        assert rule["annotations"]["summary"].endswith("."), name
        assert rule["annotations"]["runbook"] == "docs/operations.md#alerts", name


def test_hourly_duties_are_late_after_hours_and_the_others_after_minutes(settings):
    """A new duty of every hour has its place in both rules. Otherwise one of them would raise an alarm every hour."""
    late, hourly = (
        re.findall(r'duty[=!]~"([^"]+)"', ALERTS[name]["expr"]) for name in ("PnavDutyLate", "PnavRetentionLate")
    )
    assert set(hourly[0].split("|")) == set(settings.PURGE_COMMANDS)
    # While no web process receives beats, nobody counts as gone, and these duties are not done (ADR 0074).
    spared = re.findall(
        r'^ {12}is_done &= self\._do\("(\w+)"', inspect.getsource(run_worker.Command._do_duties), re.MULTILINE
    )
    assert "release_stale" in spared
    # All that the worker does once an hour: each purge, by its name, and these.
    long = re.findall(r"self\._do_long\(([\w.]+), ", inspect.getsource(run_worker.Command.handle))
    assert sorted(long) == ["name", "worker_status.FIGURES"]
    assert set(late[0].split("|")) == {worker_status.FIGURES, copies.DUTY, *settings.PURGE_COMMANDS, *spared}
    assert set(late[1].split("|")) == {worker_status.FIGURES, copies.DUTY}
    # A copy that never succeeded has no time of its last success, so its failures call.
    assert f'{{duty="{copies.DUTY}"}}' in ALERTS["PnavDutyFails"]["expr"]


# A setting of time, in seconds, and the alert that calls when what it sets is late: the number of the rule is fixed.
PERIODS = {
    "BACKUP_EVERY_HOURS": (3600, "PnavBackupLate"),
    "BACKUP_WAL_SECONDS": (1, "PnavBackupWalLate"),
    "REGISTER_DIGEST_MINUTES": (60, "PnavRegisterDigestLate"),
    "DATA_KEYS_COPY_MINUTES": (60, "PnavDutyLate"),
}


@pytest.mark.parametrize("name", PERIODS)
def test_who_makes_a_period_longer_is_told_which_alert_would_call_in_vain(name):
    unit, alert = PERIODS[name]
    before, _name, after = (ROOT / ".env.example").read_text().partition(f"\n# {name}=")
    told, default = before.rpartition("\n\n")[2].replace("\n# ", " "), int(after.partition("\n")[0])
    numbers = re.findall(r"> (\d+)(?: \* (\d+))?(?!\d)", ALERTS[alert]["expr"])
    calls = max(int(number) * int(factor or 1) for number, factor in numbers)
    above = re.search(rf"above (\d+)(?: \w+)?, (?:raise )?the [^;.]*{alert}.*alerts\.yml", told, re.IGNORECASE)
    assert above is not None, "the line of .env.example names neither the alert nor its file"
    assert default * unit <= int(above[1]) * unit < calls


TRIED = [ROOT / "deploy/prometheus/alerts_test.yml", ROOT / "deploy/prometheus/alerts_days_test.yml"]


def test_rules_that_are_tried_by_promtool_are_ours():
    """The file expects what the rules say. For each alert it has a moment when it fires and one when it does not."""
    tests = [test for path in TRIED for test in yaml.safe_load(path.read_text())["tests"]]
    expected = [case for test in tests for case in test["alert_rule_test"]]
    calling = {case["alertname"] for case in expected if case["exp_alerts"]}
    assert calling == set(ALERTS)
    always = {"PnavDeaf", "PnavNobodyIsGiven", "PnavCertificateEnds"}  # silent in all the other tests
    assert calling - {case["alertname"] for case in expected if not case["exp_alerts"]} == always
    for case in expected:
        for alert in case["exp_alerts"]:
            assert alert["exp_annotations"] == ALERTS[case["alertname"]]["annotations"]


@pytest.mark.skipif(not shutil.which("promtool"), reason="no promtool here (Debian: promtool)")
def test_promtool_finds_the_rules_right_and_each_alert_calls():
    folder = ROOT / "deploy/prometheus"
    for command in (["check", "rules", "alerts.yml"], ["test", "rules", *(path.name for path in TRIED)]):
        done = subprocess.run(["promtool", *command], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


# -- what counts -------------------------------------------------------------------------------------------------------


def test_histogram_of_many_values_says_what_that_of_prometheus_says():
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    values = [0.0, 0.0025, 0.003, 0.5, 1.0, 2.9, 3.0, 3.1, 99.0, *[0.01] * 50]
    many = metrics.LatencyHistogram("tried_seconds", "Tried.", metrics.MESSAGE_SECONDS, registry=ours)
    many.observe_all(values[:10])
    many.observe_all(values[10:])
    many.observe_all([])
    one = Histogram("tried_seconds", "Tried.", buckets=metrics.MESSAGE_SECONDS, registry=theirs)
    for value in values:
        one.observe(value)

    def lines(registry: CollectorRegistry) -> list[str]:
        text = generate_latest(registry).decode()
        return [line for line in text.splitlines() if "_created" not in line and "_sum " not in line]

    assert lines(ours) == lines(theirs)
    assert ours.get_sample_value("tried_seconds_sum") == pytest.approx(sum(values))


@pytest.mark.django_db(transaction=True)
def test_help_of_a_metric_is_understood_alone():
    """Prometheus shows each by itself, so none speaks of what the one before it named."""
    told = dict(re.findall(r"^# HELP (pnav_\w+) (.+)$", exposition(), re.MULTILINE))
    assert len(told) > 40
    of_others = re.compile(r"\b(they|them|these|that took|last one|for one|lent none|one was)\b|^Failures")
    assert [name for name, text in told.items() if of_others.search(text)] == []


def test_values_of_a_label_are_bounded():
    bounded = metrics.BoundedLabels(2)
    assert [bounded(value) for value in ("a", "b", "c", "a", "d")] == ["a", "b", "other", "a", "other"]


@pytest.mark.django_db(transaction=True)
async def test_pages_are_counted_by_names_of_ours_and_never_by_what_was_asked():
    before = await in_db(scrape, 0)
    for path in ("/", "/MARQUE/", "/orientation/MARQUE/"):
        await page(path)
    after = await in_db(scrape, 60)
    assert changed(before, after, "pnav_pages_total") == 3
    assert changed(before, after, "pnav_pages_total", view="none", status="404") >= 1
    assert changed(before, after, "pnav_pages_total", view="pages:home", status="200") == 1
    assert changed(before, after, "pnav_page_seconds_count") == 3
    assert "MARQUE" not in await in_db(exposition)


@pytest.mark.django_db(transaction=True)
async def test_each_answer_has_an_id_of_ours_whatever_the_client_says_of_one():
    ids = []
    for _request in range(2):
        begun = await answer("/", (b"x-request-id", b"MARQUE"))
        ids.append({name.lower(): value for name, value in begun["headers"]}[b"x-request-id"])
    assert len(set(ids)) == 2 and all(re.fullmatch(rb"[0-9a-f]{16}", each) for each in ids)


@pytest.mark.django_db
def test_database_that_is_away_takes_nothing_but_its_own_part(monkeypatch):
    def away(_now):
        raise OperationalError("MARQUE")

    monkeypatch.setattr(service_metrics, "_agents", away)
    found = scrape(0)
    assert found.samples["pnav_database_up"] == {frozenset(): 0.0}
    assert "pnav_conversations_waiting" not in found.samples and "pnav_build_info" in found.samples
    assert Query(ALERTS["PnavDatabaseAway"]["expr"]).evaluate(found, found)


def test_close_codes_that_a_client_makes_up_are_one():
    def others() -> float:
        return metrics.SOCKETS_CLOSED.labels(metrics.OTHER)._value.get()

    before = others()
    for code in (4999, 3000, None):
        connection._count_close(code)
    assert others() == before + 3
    assert "4999" not in {sample.labels["code"] for sample in next(iter(metrics.SOCKETS_CLOSED.collect())).samples}

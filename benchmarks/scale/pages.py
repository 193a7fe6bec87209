"""Asks for every page of the access table in two databases of different sizes, and compares its costs and query plans.

There is one process for each database. Both are asked in turn for the same page, so that whatever else the machine does
slows both. A cost is the processor time of the thread that serves the page, and of the PostgreSQL process that answers
it, from /proc. Neither counts what others take. The people of the tests act; their agent has an agent's exchanges of a
year, and their supervisor a unit.
"""

import json
import logging
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from benchmarks.scale import generator, ground

RATIO_MAX = 1.5
MEASURABLE_MS = 1.0  # for a smaller difference, a ratio says nothing
GROWN = 3  # a table that has this many times the rows grows with the year
ROWS_LEAST = 5_000  # reading the whole of a smaller table takes a millisecond
PROVED_SECONDS = 60  # a proof older than this is renewed; it lapses after `reauthentication.OPENS_SECONDS`
# Pages that somebody is led to who is not signed in, or has not proved lately who they are.
DOORS = (
    "account_login", "account_reauthenticate", "mfa_authenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn",
)  # fmt: skip
# A page that a supervisor asks with an address of its own: the name begins with that of the page.
ASKED_OTHERWISE = {
    "console:staffing, for another target": "?share=90&minutes=5&capacity=2&pauses=10",
    "console:staffing_csv, for another target": "?share=90&minutes=5&capacity=2&pauses=10",
}
# What grows up to a bound: where the bound is, and what it counts.
EQUAL_ROWS = 100  # how many rows a document of each year is given, where its own number of rows differs
BOUNDED = {
    "openings:register_csv": ("reports.openings.register_pdf:ROWS_AT_MOST", "rows"),
    "openings:register_pdf": ("reports.openings.register_pdf:ROWS_AT_MOST", "rows"),
}


@dataclass(frozen=True, slots=True)
class Cost:
    """One page, in ms of processor time. web: that of our thread. sql: that of PostgreSQL.

    refusal: how it was refused, in which case this is no time of the page; "" for the page itself.
    """

    web: float
    sql: float
    statements: int
    status: int
    refusal: str = ""

    @property
    def whole(self) -> float:
        return self.web + self.sql


@dataclass(frozen=True, slots=True)
class Scan:
    """A plan of PostgreSQL that reads the whole of a table that grows. statement: the beginning of its text."""

    table: str
    rows: int
    statement: str


@dataclass
class Growth:
    """What one page costs in the smaller and in the larger year: medians of all rounds in which it was answered.

    answers: the status of each answer, refusals included, in the one and in the other. refusals: how it was refused.
    bound: what holds its growth, in words; "" when nothing does.
    """

    act: str
    small: list[Cost] = field(default_factory=list)
    large: list[Cost] = field(default_factory=list)
    scans: list[Scan] = field(default_factory=list)
    answers: tuple[list[int], list[int]] = field(default_factory=lambda: ([], []))
    refusals: list[str] = field(default_factory=list)
    bound: str = ""

    def add(self, small: Cost, large: Cost) -> None:
        """Add one round. A refusal in either year leaves no time of both."""
        for answers, cost in zip(self.answers, (small, large), strict=True):
            answers.append(cost.status)
        refusals = [cost.refusal for cost in (small, large) if cost.refusal]
        self.refusals += refusals
        if not refusals:
            self.small.append(small)
            self.large.append(large)

    @property
    def is_measured(self) -> bool:
        """Return whether it was answered in both years in one of the rounds."""
        return bool(self.small and self.large)

    @property
    def told(self) -> str:
        """Return the statuses of its answers, in the smaller and in the larger year."""
        small, large = ("/".join(map(str, sorted(set(answers)))) for answers in self.answers)
        return small if small == large else f"{small} → {large}"

    def ms(self, of: str) -> tuple[float, float]:
        """Return the median of `web`, `sql` or `whole` in each year; 0 for a page that was never answered."""
        if not self.is_measured:
            return 0.0, 0.0
        small, large = (statistics.median(getattr(cost, of) for cost in costs) for costs in (self.small, self.large))
        return small, large

    def ratio(self, of: str) -> float:
        small, large = self.ms(of)
        return large / small if small else 1.0

    @property
    def breaches(self) -> list[str]:
        found = []
        for of, said in (("whole", "page"), ("sql", "PostgreSQL")):
            small, large = self.ms(of)
            if large - small > MEASURABLE_MS and large / max(small, 1e-9) > RATIO_MAX:
                found.append(f"{said} {small:.1f} → {large:.1f} ms, × {large / max(small, 1e-9):.1f}")
        found += [f"reads all {scan.rows:,} rows of {scan.table}: {scan.statement}" for scan in self.scans]
        return found


# --- in the process of one database -----------------------------------------------------------------------------------


def serve(pipe: Connection, url: str, redis_url: str) -> None:
    """Answer what the parent process asks, in one transaction that is undone, so that the database does not change."""
    ground.use(url, redis_url)
    from django.db import transaction

    from benchmarks.costs import situation

    logging.disable(logging.ERROR)  # no key opens the texts of such a year
    with situation.nothing_refused(), transaction.atomic():
        house = House()
        pipe.send(sorted(house.acts))
        while (asked := pipe.recv()) is not None:
            name, *arguments = asked
            pipe.send(getattr(house, name)(*arguments))
        transaction.set_rollback(True)
    pipe.close()


class House:
    """The people of the tests among the rows of a year, and the pages that they ask for."""

    def __init__(self) -> None:
        from django.apps import apps

        from tests.access.people import create_cast
        from tests.access.test_routes import values_of
        from tests.accounts.test_audited_admin import ROWS

        generator.refresh()
        self.cast = create_cast()
        # The places are imported, so what the tests would make exists already.
        places = {
            label: partial(apps.get_model(label)._default_manager.order_by("pk").first)
            for label in ROWS
            if label.startswith("locations.") and apps.get_model(label)._default_manager.exists()
        }
        with patch.dict(ROWS, places):
            self._values = values_of(self.cast)
        self._move_in()
        self._proved_at: dict[str, float] = {}
        asked = dict(self._pages())
        self.acts: dict[str, partial[tuple[int, str]]] = {
            **{name: partial(self._get, path, person) for name, (path, person) in asked.items()},
            **{
                f"{EQUAL_ROWS} rows of {name}": partial(self._get_some, path, person)
                for name, (path, person) in asked.items()
                if name.startswith("openings:register_csv ")
            },
            **{f"worker: {name}": partial(self._do, duty) for name, duty in _duties().items()},
            **{name: partial(self._do, document) for name, document in _documents().items()},
        }

    def _move_in(self) -> None:
        """Give the test's agent what one of the year's agents did, in the unit of that agent."""
        from django.db import connection

        from chat.models import Agent
        from tests.access.people import ASSIGNED

        own = self.cast.users[ASSIGNED].agent
        former = Agent.objects.filter(unit__name="Unité 0").order_by("pk")[1]
        moves = {
            "UPDATE chat_agent SET unit_id = %s WHERE unit_id = %s": (own.unit_id, former.unit_id),
            "UPDATE chat_conversation SET assigned_to_id = %s WHERE assigned_to_id = %s": (own.pk, former.pk),
            "UPDATE chat_conversationhandle SET agent_id = %s WHERE agent_id = %s": (own.pk, former.pk),
            "UPDATE chat_conversationevent SET by_id = %s WHERE by_id = %s": (own.user_id, former.user_id),
            "UPDATE chat_message SET agent_id = %s WHERE agent_id = %s": (own.pk, former.pk),
        }
        with connection.cursor() as cursor:
            for statement, values in moves.items():
                cursor.execute(statement, values)

    def _pages(self) -> Iterator[tuple[str, tuple[str, str]]]:
        """Yield each page by its name and by who asks: the person who sees most of it, and a supervisor where an agent
        may ask too.
        """
        from benchmarks.costs import situation
        from tests.access.people import ASSIGNED, SUPERVISOR
        from tests.access.table import IN
        from tests.access.test_routes import ADDRESSES, DECISIONS, path_of

        for name in ADDRESSES:
            route = DECISIONS[name]
            if "GET" not in route.methods:
                continue
            people = [situation.who(route)]
            if people == [ASSIGNED] and route.who(SUPERVISOR) == IN:
                people.append(SUPERVISOR)
            for person in people:
                yield f"{name} ({person})", (path_of(name, self._values, route), person)
        for name, query in ASKED_OTHERWISE.items():
            page, person = name.partition(",")[0], SUPERVISOR
            yield f"{name} ({person})", (path_of(page, self._values, DECISIONS[page]) + query, person)

    def prove(self, person: str, *, older_than: float = PROVED_SECONDS) -> None:
        """Renew the second factor of somebody who is signed in, as they would, unless that was just done."""
        from pnav.accounts.second_factor import record_enrolment
        from pnav.sessions import SessionStore
        from tests.access.people import SIGNED_IN

        now = time.monotonic()
        if person in SIGNED_IN and now - self._proved_at.get(person, float("-inf")) >= older_than:
            session = SessionStore(self.cast.keys[person])
            record_enrolment(self.cast.users[person], session)
            session.save()
            self._proved_at[person] = now

    def _get(self, path: str, person: str) -> tuple[int, str]:
        from benchmarks.costs import drive
        from benchmarks.costs.inputs import Request

        answer = drive.send(path, "GET", self.cast.keys.get(person, ""), Request())
        return int(answer.status_code), refusal_in(answer)

    def _get_some(self, path: str, person: str) -> tuple[int, str]:
        """Ask for a document of the register, of EQUAL_ROWS at most."""
        with patch("reports.openings.views.ROWS_AT_MOST", EQUAL_ROWS):
            return self._get(path, person)

    def _do(self, duty: Callable[[], object]) -> tuple[int, str]:
        """Do a duty of the worker, and undo what it changed, so that nobody is notified."""
        from django.db import transaction

        with transaction.atomic():
            duty()
            transaction.set_rollback(True)
        return 200, ""

    def refresh(self) -> None:
        """Refresh the figures, as the worker would have left them a moment ago."""
        from chat.statistics import kept

        generator.refresh()
        kept.make_all()

    def cost(self, act: str) -> Cost:
        """Return what an act costs. A page that refuses is asked once more, with a new proof of who asks."""
        asks = self.acts[act]
        person = asks.args[1] if asks.func in (self._get, self._get_some) else ""
        self.prove(person)
        cost = self._cost(asks)
        if cost.refusal:
            self.prove(person, older_than=0)
            cost = self._cost(asks)
        return cost

    def _cost(self, asks: Callable[[], tuple[int, str]]) -> Cost:
        from django.core.cache import cache
        from django.db import connection

        from benchmarks.costs import drive

        cache.clear()  # a limit that was counted before would refuse it
        connection.ensure_connection()
        backend = connection.connection.info.backend_pid
        with drive.counted() as counter:
            sql, web = processor_ns(backend), time.thread_time_ns()
            status, refusal = asks()
            web, sql = time.thread_time_ns() - web, processor_ns(backend) - sql
        return Cost(web / 1e6, sql / 1e6, counter.statements, status, refusal)

    def plans(self, act: str, growing: Mapping[str, int]) -> list[Scan]:
        """Return which of these tables PostgreSQL would read whole for this page."""
        with _explained() as plans:
            self.acts[act]()
        return [
            Scan(table, growing[table], " ".join(statement.split())[:160])
            for statement, plan in plans.items()
            for table in read_whole(plan)
            if table in growing
        ]

    @staticmethod
    def bounds() -> dict[str, str]:
        """Return what holds the growth of pages, in words, by their names."""
        found = {}
        for page, (where, what) in BOUNDED.items():
            module, constant = where.split(":")
            found[page] = f"{getattr(import_module(module), constant):,} {what} at most"
        return found

    def rows(self) -> dict[str, int]:
        """Return how many rows each table has, according to PostgreSQL's estimate."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT relname, reltuples::bigint FROM pg_class"
                " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            )
            return dict(cursor.fetchall())


def _duties() -> dict[str, Callable[[], object]]:
    """Return what a worker does at each tick, and each hour, when nothing is due."""
    from django.utils import timezone

    from chat.casework import waiting_danger
    from chat.conversations import (
        closure_notice,
        departures,
        dispatcher,
        dormancy,
        language_guess,
        lookalikes,
        pauses,
    )
    from chat.retention import deletion
    from chat.statistics import daily, kept
    from chat.supervision import intervention
    from chat.transfer import actions as transfer
    from reports.openings import actions as openings

    return {
        "release_stale": dispatcher.release_stale,
        "release_asleep": dispatcher.release_asleep,
        "abandon_absent": dispatcher.abandon_absent,
        "put_to_rest": dormancy.put_to_rest,
        "tell_returns": dormancy.tell_returns,
        "departures": departures.tell_departures,
        "end_pauses": pauses.end_pauses,
        "handover": transfer.advance_handovers,
        "end_watches": intervention.end_watches,
        "lookalikes": lookalikes.mark_lookalikes,
        "dispatch": dispatcher.dispatch,
        "over_capacity": dormancy.give_over_capacity,
        "closures": closure_notice.tell_who_waits,
        "danger words": waiting_danger.mark_who_waits,
        "languages": language_guess.guess_languages,
        "openings": lambda: openings.expire_requests(now=timezone.now()),
        "figures, each hour": lambda: daily.close_due(timezone.now()),
        "kept figures, every five minutes": kept.make_all,
        "proof_of_date, each day": _leafless,
        "retention, each hour": lambda: deletion.forget(timezone.now()),
    }


def _documents() -> dict[str, Callable[[], object]]:
    """Return the drawing of the register, with the same number of rows in each year.

    It is what the child process does, done here, where it is counted.
    """
    from django.utils import timezone

    from common.offload.pdf import compile_pdf
    from reports.openings import actions, register_pdf, views

    def draw() -> bytes:
        rows = views.register_rows(actions.register_lines(EQUAL_ROWS)[::-1])
        data = register_pdf.on_paper(views.register_heads(), rows, timezone.localtime())
        return compile_pdf(register_pdf.SOURCE, data)

    return {f"document: {EQUAL_ROWS} rows of the register, drawn": draw}


def _leafless() -> object:
    """Ask which rows have no leaf in the tree of a day yet, where all rows have one.

    It asks about two hours ago, before the live exchanges began.
    """
    from django.utils import timezone

    from chat.proof_of_date import sources

    before = timezone.now() - timedelta(hours=2)
    return [source.take(1_000) for source in sources.sources(before)]


def refusal_in(answer: Any) -> str:
    """Return how an answer refuses its page: an error, or the way to a sign-in or to a proof; "" for the page itself.

    answer: one of Django.
    """
    from django.urls import Resolver404, resolve

    if answer.status_code >= 400:
        return str(answer.status_code)
    if not 300 <= answer.status_code < 400:
        return ""
    try:
        name = resolve(urlsplit(answer.headers.get("Location", "")).path).view_name
    except Resolver404:
        return ""
    return f"{answer.status_code} to {name}" if name in DOORS else ""


def processor_ns(pid: int) -> int:
    """Return the processor time of this process in ns, as the kernel's scheduler counts it."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])


class _explained:  # noqa: N801  a context manager
    """Ask PostgreSQL for the plan of each SELECT that is sent meanwhile, with its values; the plans are kept by its
    text.
    """

    def __enter__(self) -> dict[str, Any]:
        import psycopg

        self._plans: dict[str, Any] = {}
        self._execute = execute = psycopg.Cursor.execute
        plans = self._plans

        def explaining(cursor: Any, query: Any, params: Any = None, **kwargs: Any) -> Any:
            text = query if isinstance(query, str) else ""
            if text.lstrip().upper().startswith(("SELECT", "WITH")) and text not in plans:
                plans[text] = None
                asked = type(cursor)(cursor.connection)
                execute(asked, "SAVEPOINT explaining")
                try:
                    execute(asked, f"EXPLAIN (FORMAT JSON) {text}", params)
                    (plan,) = asked.fetchone()
                    plans[text] = plan if isinstance(plan, list) else json.loads(plan)
                except psycopg.Error:  # the statement cannot be explained, and its page is measured all the same
                    execute(asked, "ROLLBACK TO SAVEPOINT explaining")
            return execute(cursor, query, params, **kwargs)

        psycopg.Cursor.execute = explaining  # type: ignore[method-assign,assignment]
        return plans

    def __exit__(self, *_error: object) -> None:
        import psycopg

        psycopg.Cursor.execute = self._execute  # type: ignore[method-assign]
        for text in [text for text, plan in self._plans.items() if plan is None]:
            del self._plans[text]


def read_whole(plan: Any) -> Iterator[str]:
    """Yield the tables that a plan reads row by row."""
    nodes = [part["Plan"] for part in plan]
    while nodes:
        node = nodes.pop()
        if node["Node Type"] == "Seq Scan":
            yield node["Relation Name"]
        nodes += node.get("Plans", [])


# --- in the process that compares -------------------------------------------------------------------------------------


class Child:
    """The process of one database."""

    def __init__(self, url: str, redis_url: str) -> None:
        spawn = get_context("spawn")
        self._pipe, other = spawn.Pipe()
        self._process = spawn.Process(target=serve, args=(other, url, redis_url), daemon=True)
        self._process.start()
        other.close()
        self.acts: list[str] = self._pipe.recv()

    def ask(self, *asked: Any) -> Any:
        self._pipe.send(asked)
        return self._pipe.recv()

    def end(self) -> None:
        self._pipe.send(None)
        self._process.join(60)


def compare(small: Child, large: Child, *, only: str, rounds: int) -> list[Growth]:
    """Compare each page whose name contains `only`, or one of several between bars, this many times in each database,
    in turn.
    """
    before, now = small.ask("rows"), large.ask("rows")
    growing = {
        table: rows for table, rows in now.items() if rows >= max(ROWS_LEAST, GROWN * max(1, before.get(table, 0)))
    }
    bounds = small.ask("bounds")
    found = [
        Growth(act, bound=bounds.get(act.partition(" ")[0], ""))
        for act in small.acts
        if any(part in act for part in only.split("|"))
    ]
    small.ask("refresh"), large.ask("refresh")
    for one in found:  # this reads what a process reads only once, and the plans
        small.ask("cost", one.act)
        one.scans = large.ask("plans", one.act, growing)
    for _round in range(rounds):
        small.ask("refresh"), large.ask("refresh")
        for one in found:
            one.add(small.ask("cost", one.act), large.ask("cost", one.act))
    return found


def table(found: Sequence[Growth]) -> str:
    """Return the growth as Markdown, the page that grows most first."""
    lines = [
        "| page (who asks) | ms | | × | PostgreSQL, ms | | × | statements | answers | bound |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    measured = [one for one in found if one.is_measured]
    for one in sorted(measured, key=lambda one: one.ms("whole")[0] - one.ms("whole")[1]):
        whole, sql = one.ms("whole"), one.ms("sql")
        lines.append(
            f"| {one.act} | {whole[0]:.1f} | {whole[1]:.1f} | {one.ratio('whole'):.2f} "
            f"| {sql[0]:.1f} | {sql[1]:.1f} | {one.ratio('sql'):.2f} | {one.large[-1].statements} | {one.told} "
            f"| {one.bound} |"
        )
    for one in found:
        if not one.is_measured:
            lines.append(f"| {one.act} | refused | | | | | | | {one.told}: {', '.join(sorted(set(one.refusals)))} | |")
    return "\n".join(lines) + "\n"

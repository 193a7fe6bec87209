"""Drives acts in this process and measures what each costs: processor time of its thread, statements, rows, memory,
answer, and what it leaves behind.

Each request is served by Django's own handler, with the whole stack, and what it changed is undone.
"""

import gc
import gzip
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

import psycopg
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.test.client import ClientHandler

from benchmarks.costs import stored
from benchmarks.costs.inputs import Kind, Request
from benchmarks.costs.noise import Noise
from benchmarks.costs.stored import Stored
from benchmarks.costs.table import Budget, Stores
from common import rate_limits

GROWTH_MAX = 2.5  # the most that cost(2n) ÷ cost(n) may be
# (cost(4n) - cost(2n)) ÷ (cost(2n) - cost(n)), which a constant part of the cost does not hide: 2 for linear growth and
# 4 for quadratic growth.
INCREMENT_MAX = 3.0
# A ratio says nothing when the difference between n and 4n is below this. For processor time `Noise` decides.
MEASURABLE_ROWS, MEASURABLE_STATEMENTS, MEASURABLE_BYTES = 20, 5, 8192
# For processor time, in ms: whatever the noise was, a page that cost 1.4 ms, and 2.2 ms a moment later, has not grown.
MEASURABLE_MS = 1.0
TRIES_IN_DOUBT = 7  # the best of so many counts, when one of them says that a bound of processor time was crossed
NOTHING_LEFT = Stored()
STILL = Noise()  # for a machine without any noise


@dataclass
class Cost:
    """One act. ms: processor time of this thread. rows: rows that were fetched or changed. kib: peak of memory; 0 when
    it was not asked for.
    """

    ms: float
    statements: int
    rows: int
    answer_bytes: int
    status: int
    kib: int = 0
    is_between: bool = False  # it was not measured, because it lies between two that are alike
    stored: Stored = NOTHING_LEFT


@dataclass
class Counter:
    """Counts the statements of an act and their rows. tables: the tables that the statements may have written."""

    statements: int = 0
    rows: int = 0
    tables: set[str] = field(default_factory=set)


@contextmanager
def counted() -> Iterator[Counter]:
    """Count statements and their rows: Django's, and those of `common.sql`, which go by no cursor of Django."""
    counter, execute = Counter(), psycopg.Cursor.execute
    # Statements of a pipeline, whose number of rows is known when they are fetched.
    late: list[psycopg.Cursor[Any]] = []

    def counting(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        result = execute(self, query, *args, **kwargs)
        counter.statements += 1
        counter.rows += max(0, self.rowcount)
        counter.tables |= stored.tables_written(query)
        if self.rowcount < 0:
            late.append(self)
        return result

    with patch.object(psycopg.Cursor, "execute", counting):
        yield counter
    counter.rows += sum(max(0, cursor.rowcount) for cursor in late)


HANDLERS: list[ClientHandler] = []


def _handler() -> ClientHandler:
    """Return the one handler, which reads the stack of middleware once."""
    if not HANDLERS:
        HANDLERS.append(ClientHandler(enforce_csrf_checks=False))
    return HANDLERS[0]


def _ask(path: str, method: str, key: str, request: Request, encoding: str) -> Any:
    client = Client(raise_request_exception=False)
    client.handler = _handler()
    if key:
        client.cookies[settings.SESSION_COOKIE_NAME] = key
    for name, value in request.cookies.items():
        client.cookies[name] = value
    address = f"{path}?{urlencode(request.query)}" if request.query else path
    headers = {**request.headers, **({"Accept-Encoding": encoding} if encoding else {})}
    if method == "GET":
        return client.get(address, headers=headers)
    body: Any = request.body
    kind = request.content_type or "application/x-www-form-urlencoded"
    if request.form is not None:
        body = urlencode(request.form)
    return client.generic("POST", address, body, content_type=kind, headers=headers)


def send(path: str, method: str, key: str, request: Request, *, encoding: str = "") -> Any:
    """Return the answer, and undo whatever the request changed. key: the key of the session, or none. encoding: the
    encodings that the browser accepts.
    """
    with transaction.atomic():
        answer = _ask(path, method, key, request, encoding)
        transaction.set_rollback(True)
    return answer


def _in_bytes(request: Request) -> Request:
    """Return the request as a browser sends it, because encoding a form is the browser's cost."""
    return request if request.form is None else request._replace(form=None, body=urlencode(request.form).encode())


def once(path: str, method: str, key: str, request: Request) -> tuple[Cost, set[str]]:
    """Run an act once, and return its cost, with the answer compressed, and the tables that it may have written."""
    cache.clear()  # a limit that was counted before would refuse the act
    request = _in_bytes(request)
    with counted() as counter:
        gc.disable()  # a collection walks through everything that this process has loaded, whichever act triggers it
        try:
            before = time.thread_time()
            answer = send(path, method, key, request, encoding="gzip")
            content = b"".join(answer.streaming_content) if answer.streaming else answer.content
            ms = (time.thread_time() - before) * 1000
        finally:
            gc.enable()
    if answer.headers.get("Content-Encoding") == "gzip":
        content = gzip.decompress(content)
    return Cost(ms, counter.statements, counter.rows, len(content), answer.status_code), counter.tables


def peak_kib(path: str, method: str, key: str, request: Request) -> int:
    """Return the largest amount of Python memory that an act holds at one moment, including the answer.

    The body is not: Django's client holds a copy of it, which a server does not.
    """
    cache.clear()
    tracemalloc.start()
    try:
        answer = send(path, method, key, request)
        if answer.streaming:
            for _piece in answer.streaming_content:
                pass  # one piece is in memory at a time, as when it is sent
        return max(0, tracemalloc.get_traced_memory()[1] - len(request.body)) // 1024
    finally:
        tracemalloc.stop()


def left_by(path: str, method: str, key: str, request: Request, tables: set[str]) -> Stored:
    """Return what an act leaves in these tables and in Valkey, then undo it."""
    cache.clear()
    with transaction.atomic():
        before = stored.look(tables)
        _ask(path, method, key, request, "")
        left = stored.since(before)
        transaction.set_rollback(True)
    return left


type Three = tuple[Cost, Cost, Cost]


def measure(path: str, method: str, key: str, requests: Sequence[Request], *, tries: int = 1) -> tuple[Three, set[str]]:
    """Measure each of three requests in turn, several times, and keep the best of each: a disturbance is not its cost.

    The tables are those that the last request may have written.
    """
    best: list[Cost] = []
    tables: set[str] = set()
    for number in range(tries):
        for place, request in enumerate(requests):
            cost, tables = once(path, method, key, request)
            if number == 0:
                best.append(cost)
            else:
                best[place].ms = min(best[place].ms, cost.ms)
                # Something that is read now and then for everybody was read in the other try.
                if cost.rows < best[place].rows:
                    best[place].rows, best[place].statements = cost.rows, cost.statements
    first, second, third = best
    return (first, second, third), tables


def patiently(path: str, method: str, key: str, requests: Sequence[Request]) -> Three:
    """Return the best of TRIES_IN_DOUBT."""
    return measure(path, method, key, requests, tries=TRIES_IN_DOUBT)[0]


def steadily(path: str, method: str, key: str, request: Request, *, noise: Noise) -> Cost:
    """Measure one act until its two best results agree within the noise, when it cannot be measured again later.

    What is read now and then for everybody (texts, settings) falls on one of the tries and is not part of this act, so
    the try that read least says what is read.
    """
    best, _tables = once(path, method, key, request)
    found = [best.ms]
    for _try in range(TRIES_IN_DOUBT):
        again, _tables = once(path, method, key, request)
        found.append(again.ms)
        if again.rows < best.rows:
            best = again
        first, second = sorted(found)[:2]
        if second - first <= noise.of(first):
            break
    best.ms = min(found)
    return best


def look_at_noise(noise: Noise, *, cheap: tuple[str, str], dear: tuple[str, str]) -> None:
    """Measure twice three times the same, and how slow the machine is. cheap, dear: addresses, each with the key of a
    session.
    """
    found = []
    for path, key in (cheap, dear):
        costs, _tables = measure(path, "GET", key, [Request()] * 3, tries=TRIES_IN_DOUBT)
        found.append(tuple(one.ms for one in costs))
    noise.learn(cheap=found[0], dear=found[1])
    noise.look_at_slowness()


def ratio(costs: Three, noise: Noise = STILL) -> float:
    """Return the larger of cost(2n) ÷ cost(n) and cost(4n) ÷ cost(2n), of processor, were each measure off by the
    noise."""
    pairs = ((costs[0].ms, costs[1].ms), (costs[1].ms, costs[2].ms))
    return max((more - noise.of(more)) / max(less + noise.of(less), 0.01) for less, more in pairs)


def increment(costs: Three, noise: Noise = STILL) -> float:
    """Return (cost(4n) - cost(2n)) ÷ (cost(2n) - cost(n)) of processor time, with each difference off by the noise.

    It is 2 for linear growth and 4 for quadratic growth, whatever the fixed cost of the act.
    """
    first, second, third = (one.ms for one in costs)
    if third - first < MEASURABLE_MS:
        return 0.0
    off = noise.of(third)
    return (third - second - off) / max(max(0.0, second - first) + off, 0.01)


def increment_counted(costs: Three) -> float:
    """Return the largest such increment of what is counted, without noise: rows, statements, bytes of the answer."""
    found = [0.0]
    for of, least in (
        ("rows", MEASURABLE_ROWS),
        ("statements", MEASURABLE_STATEMENTS),
        ("answer_bytes", MEASURABLE_BYTES),
    ):
        first, second, third = (getattr(one, of) for one in costs)
        if third - first > least:
            found.append((third - second) / max(second - first, least / 3))
    return max(found)


@dataclass
class Verdict:
    """What was measured of one act with one kind of input at n, 2n and 4n, and which bounds it crosses.

    doubts: breaches of processor time, which count once they are found again.
    """

    act: str
    kind: str
    costs: Three
    budget: Budget
    breaches: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def unless_found_again(self, again: "Verdict") -> None:
        """Drop the doubts when the same act, measured at another time, has none: they were noise.

        again: the other measurement.
        """
        if not again.doubts:
            self.breaches = [one for one in self.breaches if one not in self.doubts]
            self.doubts = []


def judge(
    act: str, kind: str, costs: Three, budget: Budget, *, stores: Stores | None = None, noise: Noise = STILL
) -> Verdict:
    """Return the breaches, each in words. stores: what the act may leave behind; None when this is not judged."""
    worst = costs[-1]
    sure: list[str] = []
    doubts: list[str] = []
    # From some size on, a form that is too long is answered by another page. That is a step, and no growth.
    if len({one.status for one in costs}) == 1:
        if (grown := ratio(costs, noise)) > GROWTH_MAX:
            doubts.append(f"grows {grown:.1f} ×")
        if (grown := increment(costs, noise)) > INCREMENT_MAX:
            doubts.append(f"what is added grows {grown:.1f} ×")
        if (grown := increment_counted(costs)) > INCREMENT_MAX:
            sure.append(f"what is read or answered grows {grown:.1f} ×")
    # As a rule at 4n, and at less when 4n is refused.
    most, bound_ms = max(one.ms for one in costs), budget.ms * noise.slowness
    if most > bound_ms:
        doubts.append(f"{most:.0f} ms, and {bound_ms:.0f} at most")
    bounds = [
        ("statements", max(one.statements for one in costs), budget.statements),
        ("rows", max(one.rows for one in costs), budget.rows),
        ("KiB", worst.kib, budget.kib),
    ]
    if stores is not None:
        left = worst.stored
        bounds += [
            ("rows added", left.rows, stores.rows),
            ("rows written anew", left.changed, stores.changed),
            ("KiB stored", -(-left.size // 1024), stores.kib),
            ("keys in Valkey", left.keys, stores.keys),
            ("keys in Valkey without an end", left.endless, 0),
        ]
    sure += [f"{got} {name}, and {bound} at most" for name, got, bound in bounds if got > bound]
    if worst.status >= 500:
        sure.append(f"status {worst.status}")
    return Verdict(act, kind, costs, budget, [*doubts, *sure], doubts)


def reads_more(first: Cost, last: Cost) -> bool:
    """Return whether the second one reads measurably more rows, or asks more statements, than the first."""
    return last.rows - first.rows > MEASURABLE_ROWS or last.statements - first.statements > MEASURABLE_STATEMENTS


def _grows(first: Cost, last: Cost, noise: Noise) -> bool:
    """Return whether the costs differ by more than the noise."""
    return (
        last.ms - first.ms > noise.of(last.ms)
        or reads_more(first, last)
        or last.answer_bytes - first.answer_bytes > MEASURABLE_BYTES
    )


def drive(
    act: str,
    path: str,
    method: str,
    key: str,
    kind: Kind,
    budget: Budget,
    *,
    stores: Stores | None = None,
    noise: Noise = STILL,
    is_weighed: bool = True,
    base: Cost | None = None,
    known: dict[tuple[int, frozenset[str]], Stored] | None = None,
) -> Verdict:
    """Measure one act with one kind of input. What seems to cross a bound is measured again, with more tries.

    is_weighed: its memory too, which takes as long as everything else. base: the act with the least that is ever sent:
    what costs no more with 4n has not grown, and n and 2n need not be measured. known: what earlier kinds of input left
    behind, of an act that keeps nothing of what is sent, by its answer and the tables that it wrote.
    """
    last, tables = once(path, method, key, kind.requests[2])
    if base is not None and base.status == last.status and not _grows(base, last, noise):
        first = second = replace(base, is_between=True)
    else:
        first, _tables = once(path, method, key, kind.requests[0])
        if first.status == last.status and not _grows(first, last, noise):
            second = replace(first, is_between=True)
        else:
            second, _tables = once(path, method, key, kind.requests[1])
    costs = first, second, last
    if judge(act, kind.name, costs, budget, noise=noise).breaches:
        costs, tables = measure(path, method, key, kind.requests, tries=TRIES_IN_DOUBT)
    worst = costs[-1]
    if stores is not None and (tables or rate_limits.server().dbsize()):
        signature = (worst.status, frozenset(tables))
        if known is None or signature not in known:
            left = left_by(path, method, key, kind.requests[-1], tables)
            if known is not None:
                known[signature] = left
        worst.stored = left if known is None else known[signature]
    if is_weighed:
        worst.kib = peak_kib(path, method, key, kind.requests[-1])
    return judge(act, kind.name, costs, budget, stores=stores, noise=noise)

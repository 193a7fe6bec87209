"""Driving acts in this process, and what each costs: processor of its thread, statements, rows, memory, answer.

Each request is served by Django's own handler, with the whole stack, and what it changed is undone.
"""

import gc
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

import psycopg
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.test.client import ClientHandler

from benchmarks.costs.inputs import Kind, Request
from benchmarks.costs.table import Budget

GROWTH_MAX = 2.5  # cost(2n) ÷ cost(n)
# (cost(4n) - cost(2n)) ÷ (cost(2n) - cost(n)), where a base hides nothing: 2 of a line, 4 of a square.
INCREMENT_MAX = 3.0
# Below so much of a difference between n and 4n a ratio says nothing but noise; of processor, below a seventh of the
# act as well: a page of 60 ms is not measured to 3 ms on a machine that does something else.
MEASURABLE_MS, MEASURABLE_ROWS, MEASURABLE_STATEMENTS, MEASURABLE_BYTES = 3.0, 20, 5, 8192
TRIES = 1  # the best of so many; of more when the first says that a bound was crossed
TRIES_IN_DOUBT = 7


@dataclass
class Cost:
    """One act. ms: of processor of this thread. rows: fetched or changed. kib: peak of memory; 0 when not asked for."""

    ms: float
    statements: int
    rows: int
    answer_bytes: int
    status: int
    kib: int = 0


@dataclass
class _Counter:
    statements: int = 0
    rows: int = 0


@contextmanager
def counted() -> Iterator[_Counter]:
    """Count statements and their rows: Django's, and those of `reports.statements`, which go by no cursor of Django."""
    counter, execute = _Counter(), psycopg.Cursor.execute

    def counting(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = execute(self, *args, **kwargs)
        counter.statements += 1
        counter.rows += max(0, self.rowcount)
        return result

    with patch.object(psycopg.Cursor, "execute", counting):
        yield counter


HANDLERS: list[ClientHandler] = []


def _handler() -> ClientHandler:
    """One for all: it reads the stack once."""
    if not HANDLERS:
        HANDLERS.append(ClientHandler(enforce_csrf_checks=False))
    return HANDLERS[0]


def send(path: str, method: str, key: str, request: Request, *, encoding: str = "") -> Any:
    """The answer; whatever it changed is undone. key: of the session, or none. encoding: what the browser accepts."""
    client = Client(raise_request_exception=False)
    client.handler = _handler()
    if key:
        client.cookies[settings.SESSION_COOKIE_NAME] = key
    for name, value in request.cookies.items():
        client.cookies[name] = value
    address = f"{path}?{urlencode(request.query)}" if request.query else path
    headers = {"Accept-Encoding": encoding} if encoding else {}
    with transaction.atomic():
        if method == "GET":
            answer = client.get(address, headers=headers)
        else:
            body: Any = request.body
            kind = request.content_type or "application/x-www-form-urlencoded"
            if request.form is not None:
                body = urlencode(request.form)
            answer = client.generic("POST", address, body, content_type=kind, headers=headers)
        transaction.set_rollback(True)
    return answer


def cost_of(
    path: str, method: str, key: str, request: Request, *, tries: int = TRIES, is_weighed: bool = False
) -> Cost:
    """Statements, rows and answer as it is; processor with the answer compressed, the best of some tries: what stands
    in the way of one is not its cost."""
    with counted() as counter:
        if is_weighed:
            tracemalloc.start()
        try:
            cache.clear()
            answer = send(path, method, key, request)
            kib = tracemalloc.get_traced_memory()[1] // 1024 if is_weighed else 0
        finally:
            tracemalloc.stop()
    best = float("inf")
    for _try in range(tries):
        gc.disable()  # a collection walks through all that this process has loaded, whoever set it off
        try:
            cache.clear()  # what was counted before would refuse it
            before = time.thread_time()
            send(path, method, key, request, encoding="gzip")
            best = min(best, (time.thread_time() - before) * 1000)
        finally:
            gc.enable()
    return Cost(best, counter.statements, counter.rows, len(answer.content), answer.status_code, kib)


type Three = tuple[Cost, Cost, Cost]


def ratio(costs: Three) -> float:
    """The larger of cost(2n) ÷ cost(n) and cost(4n) ÷ cost(2n), of processor; 0 when nothing measurable grows."""
    first, second, third = (one.ms for one in costs)
    return max(second / first, third / second) if third - first > MEASURABLE_MS else 0.0


def increments(costs: Three) -> float:
    """The largest growth of what is added, of processor, rows, statements and answer: 2 of a line, 4 of a square."""
    found = [0.0]
    for of, least in (
        ("ms", MEASURABLE_MS),
        ("rows", MEASURABLE_ROWS),
        ("statements", MEASURABLE_STATEMENTS),
        ("answer_bytes", MEASURABLE_BYTES),
    ):
        first, second, third = (getattr(one, of) for one in costs)
        if of == "ms":
            least = max(least, third / 7)
        if third - first > least:
            found.append((third - second) / max(second - first, least / 3))
    return max(found)


@dataclass
class Verdict:
    """What was measured of one act with one kind of input, at n, 2n and 4n, and which bounds it crosses."""

    act: str
    kind: str
    costs: Three
    budget: Budget
    breaches: list[str] = field(default_factory=list)


def judge(act: str, kind: str, costs: Three, budget: Budget) -> Verdict:
    """The breaches, each in words."""
    worst = costs[-1]
    breaches = []
    # A form that is too long from some size on is answered by another page: that is a step, and no growth.
    is_one_answer = len({one.status for one in costs}) == 1
    if is_one_answer and ratio(costs) > GROWTH_MAX:
        breaches.append(f"grows {ratio(costs):.1f} ×")
    if is_one_answer and increments(costs) > INCREMENT_MAX:
        breaches.append(f"what is added grows {increments(costs):.1f} ×")
    for name, got, most in (
        ("ms", worst.ms, budget.ms),
        ("statements", worst.statements, budget.statements),
        ("rows", worst.rows, budget.rows),
        ("KiB", worst.kib, budget.kib),
    ):
        if got > most:
            breaches.append(f"{got:.0f} {name}, and {most:.0f} at most")
    if worst.status >= 500:
        breaches.append(f"status {worst.status}")
    return Verdict(act, kind, costs, budget, breaches)


def drive(act: str, path: str, method: str, key: str, kind: Kind, budget: Budget) -> Verdict:
    """Measure one act with one kind of input; what seems to cross a bound is measured again, with more patience."""
    verdict = None
    for tries in (TRIES, TRIES_IN_DOUBT):
        first, second, third = (
            cost_of(path, method, key, request, tries=tries, is_weighed=number == 2)
            for number, request in enumerate(kind.requests)
        )
        verdict = judge(act, kind.name, (first, second, third), budget)
        if not verdict.breaches:
            break
    assert verdict is not None
    return verdict

"""`python -m benchmarks.bounds` measures what each bound costs an ordinary act, with the bound and without it.

An ordinary act is one that no bound refuses: a message, a connection, a page, a report, a code, a document. For each
bound that such an act meets, this is measured: the processor time of this process and of the processes that it waits
for (its PostgreSQL backend, children), the time inside Valkey as Valkey reports it, the round trips to Valkey, and the
statements. The run takes a minute, with a PostgreSQL and a Valkey of its own. Each time is the least of several rounds,
so two variants can be compared on one machine; `chrt -r 5 python -m benchmarks.bounds` keeps other processes away
meanwhile. The results are in docs/performance.md, « What each bound costs ».
"""

import asyncio
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch
from uuid import uuid4

from benchmarks.site import ROOT, stage

ROUNDS = 7
NETWORKS = ["2001:db8:7::/48", "2001:db8:7:1::/56", "2001:db8:7:1::/64"]
SCOPE = {
    "type": "http", "method": "GET", "path": "/tchat/", "client": ["2001:db8:7:1::9", 4711],
    "headers": [(b"host", b"localhost"), (b"cookie", b"sessionid=" + b"a" * 32), (b"user-agent", b"Mozilla/5.0")],
}  # fmt: skip
# The value of `chat.messages.reading.AFTER` before the bytes of one reading were bounded.
UNBOUNDED_AFTER = """
SELECT a.n, c.last_seq, m.seq, m.client_id::text, m.author, m.sent_at, 0, m.sealed_body
FROM unnest(%s::int[], %s::bigint[], %s::int[], %s::bigint[]) AS a(n, conversation_id, after, agent_id)
JOIN chat_conversation c ON c.id = a.conversation_id AND (a.agent_id IS NULL OR c.assigned_to_id = a.agent_id)
CROSS JOIN LATERAL (
    SELECT seq, client_id, author, sent_at, sealed_body FROM chat_message
    WHERE conversation_id = a.conversation_id AND seq > a.after ORDER BY seq LIMIT %s
) AS m
ORDER BY a.n, m.seq
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one call, on average over a round.

    own, backend: microseconds of this process and its children, and of its PostgreSQL backend; valkey: microseconds
    inside Valkey. The others are round trips to Valkey, and statements.
    """

    own: float = 0.0
    backend: float = 0.0
    valkey: float = 0.0
    trips: float = 0.0
    statements: float = 0.0

    @property
    def total(self) -> float:
        """Return the microseconds of processor of all processes."""
        return self.own + self.backend + self.valkey

    def minus(self, other: "Cost") -> "Cost":
        """Return what one way takes more than the other."""
        return Cost(*(getattr(self, name) - getattr(other, name) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Bound:
    """One bound that an act meets. where: the constant or function that holds it. made: the act with the bound.
    without: the same act without it, None when nothing is left. times: calls in one round. often: how many of these
    bounds one act meets.
    """

    act: str
    name: str
    where: str
    made: Callable[[], object]
    without: Callable[[], object] | None = None
    times: int = 2_000
    often: str = "1"


class Meter:
    """Counts and clocks of what a call uses."""

    def __init__(self) -> None:
        import psycopg
        from django.db import connection
        from redis.connection import AbstractConnection

        from common import rate_limits

        self.trips = self.statements = 0
        self._client = rate_limits.server()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            self._backend = Path(f"/proc/{cursor.fetchone()[0]}/schedstat")
        send, execute = AbstractConnection.send_packed_command, psycopg.Cursor.execute

        def count_trip(*args: Any, **kwargs: Any) -> Any:
            self.trips += 1
            return send(*args, **kwargs)

        def count_statement(*args: Any, **kwargs: Any) -> Any:
            self.statements += 1
            return execute(*args, **kwargs)

        self._patches = [
            patch.object(AbstractConnection, "send_packed_command", count_trip),
            patch.object(psycopg.Cursor, "execute", count_statement),
        ]

    def _in_valkey(self) -> float:
        """Return the microseconds that its commands have taken so far."""
        stats = cast("dict[str, dict[str, float]]", self._client.info("commandstats"))
        return sum(one["usec"] for name, one in stats.items() if not name.endswith("_info"))

    def cost_of(self, bound: Bound) -> tuple[Cost, Cost]:
        """Measure the cost with this bound and without it, in turn: the least of ROUNDS rounds of each, each clock by
        itself.
        """
        ways = [bound.made] if bound.without is None else [bound.made, bound.without]
        for call in ways:
            call()
        rounds: list[list[Cost]] = [[] for _way in ways]
        for _round in range(ROUNDS):
            for found, call in zip(rounds, ways, strict=True):
                found.append(self._round(call, bound.times))
        made, *without = map(_least, rounds)
        return made, (without or [Cost()])[0]

    def _round(self, call: Callable[[], object], times: int) -> Cost:
        in_valkey, backend = self._in_valkey(), _nanoseconds(self._backend)
        self.trips = self.statements = 0
        with ExitStack() as stack:
            for one in self._patches:
                stack.enter_context(one)
            begun = _own_seconds()
            for _call in range(times):
                call()
            own = _own_seconds() - begun
        spent = (own * 1e6, (_nanoseconds(self._backend) - backend) / 1e3, self._in_valkey() - in_valkey)
        return Cost(*(one / times for one in (*spent, self.trips, self.statements)))


def _least(rounds: list[Cost]) -> Cost:
    """Return the least of each clock; counts of the last round."""
    clocks = [min(getattr(one, name) for one in rounds) for name in ("own", "backend", "valkey")]
    return Cost(*clocks, rounds[-1].trips, rounds[-1].statements)


def _own_seconds() -> float:
    """Return the processor seconds of all threads of this process, and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _nanoseconds(schedstat: Path) -> int:
    return int(schedstat.read_text().split()[0])


# --- what is on the way of each act -----------------------------------------------------------------------------------


def of_a_message() -> Iterator[Bound]:
    """Yield the bounds from a frame that came to the row that is written, and to the frame that goes out."""
    from django.conf import settings

    from chat import token_bucket
    from chat.realtime.connection import POSTS_A_SECOND, POSTS_AT_ONCE
    from chat.realtime.send_backlog import SendBacklog
    from chat.token_bucket import Bucket

    act, plenty = "message", 1e12  # the arithmetic is the same whatever the message says
    assert settings.FRAMES_AT_ONCE and POSTS_AT_ONCE and POSTS_A_SECOND
    yield Bound(act, "frames of a socket", "chat.realtime.connection: FRAMES_AT_ONCE", Bucket(plenty, plenty).take)
    yield Bound(act, "posts of a person", "chat.realtime.connection: POSTS_AT_ONCE", Bucket(plenty, plenty).take)
    with patch.object(token_bucket, "AGENT_POSTS_AT_ONCE", plenty):
        agents = token_bucket.of_agent(-1)
    yield Bound(act, "posts of an agent", "chat.token_bucket: AGENT_POSTS_AT_ONCE", agents.take)
    drafts = _Drafts()
    yield Bound(act, "size and pace of an exchange", "chat.rules.message_limits: in the statement that writes",
                drafts.write_metered, drafts.write_unmetered, times=200)  # fmt: skip
    backlog, socket, transport = SendBacklog(), _Socket(), _Transport()
    yield Bound(act, "what waits for a client", "chat.realtime.send_backlog: VISIT_BYTES",
                lambda: backlog.weigh(socket, transport), often="1 in 8 KiB sent")  # type: ignore[arg-type]  # fmt: skip


def of_a_reading() -> Iterator[Bound]:
    """Yield the bounds of what a page that connects, or a process that wrote no message, reads after a cursor."""
    from chat.messages import reading
    from chat.messages.reading import Ask
    from chat.realtime.connection import PAGES_A_SECOND, PAGES_AT_ONCE
    from chat.token_bucket import BucketsByKey
    from tests.factories import chat as make

    act = "reading"
    buckets: BucketsByKey[str] = BucketsByKey(1e12, PAGES_A_SECOND)
    assert PAGES_AT_ONCE
    held = buckets.of("a visit")
    yield Bound(act, "pages of a visit", "chat.realtime.connection: PAGES_AT_ONCE",
                lambda: (buckets.of("a visit"), held.take()), often="1 a page after the first")  # fmt: skip
    threads = [make.thread(make.waiting(), ["a" * 120] * 50) for _each in range(100)]
    for what, asks in (
        ("one message", [Ask(threads[0].pk, threads[0].public_id, threads[0].last_seq - 1, None, False)]),
        ("100 askers × 1", [Ask(one.pk, one.public_id, one.last_seq - 1, None, False) for one in threads]),
        ("100 askers × 50", [Ask(one.pk, one.public_id, 0, None, False) for one in threads]),
    ):
        yield Bound(act, f"bytes of a crossing, {what}", "chat.messages.reading: CROSSING_BYTES",
                    lambda asks=asks: reading.read_messages(asks), lambda asks=asks: _read_unbounded(asks),
                    times=max(10, 1_000 // len(asks)))  # type: ignore[misc]  # fmt: skip


def of_a_connect() -> Iterator[Bound]:
    """Yield the bounds from the connection to the socket that is open."""
    from twisted.internet.task import Clock

    from chat.realtime import connection as sockets
    from chat.token_bucket import BucketsByKey
    from pnav.server.admission import buckets_of
    from pnav.server.http_channel import REQUEST_SECONDS, Channel

    act = "connect"
    channel: Any = Channel()
    clock = Clock()
    channel.callLater = clock.callLater

    def wait() -> None:
        channel._wait()
        channel.waiting.pop(channel)

    def shorten() -> None:
        channel.setTimeout(REQUEST_SECONDS)

    yield Bound(act, "connections that wait", "pnav.server.http_channel: WAITING_AT_MOST", wait)
    yield Bound(act, "time of a request", "pnav.server.http_channel: REQUEST_SECONDS", shorten)
    yield Bound(act, "networks of a socket", "pnav.server.admission: buckets_of", lambda: buckets_of(SCOPE))
    counters: list[tuple[Counter[Any], Any, int]] = [(Counter(), "key", sockets.SOCKETS_A_SESSION)]
    counters += [(Counter(), (width, 7), sockets.SOCKETS_A_NETWORK >> width) for width in range(3)]

    def count() -> None:
        with ExitStack() as counted:
            for counter, key, most in counters:
                counted.enter_context(sockets._one_more(counter, key, most))

    yield Bound(act, "open sockets", "chat.realtime.connection: SOCKETS_A_SESSION, SOCKETS_A_NETWORK", count)
    posts: BucketsByKey[object] = BucketsByKey(0.001, 1_000)

    def hold() -> None:
        posts.let_go(posts.of(key))

    key = uuid4()
    yield Bound(act, "the measure of an exchange", "chat.token_bucket: BucketsByKey", hold)


def of_a_page() -> Iterator[Bound]:
    """Yield the bounds from the head of a request to the thread that makes its page."""
    from pnav.server.admission import Lane, Ticket, may_give_way, network_of
    from pnav.server.body_limits import body_max_bytes
    from pnav.server.page_handler import PageHandler, is_slice
    from pnav.server.slow_requests import device_of, is_slow
    from pnav.server.watermark import MEMORY

    act = "page"
    handler, form = cast(Any, PageHandler), SCOPE | {"method": "POST"}
    yield Bound(act, "bytes of a body", "pnav.server.body_limits: body_max_bytes", lambda: body_max_bytes("/tchat/"))
    yield Bound(act, "memory of the process", "pnav.server.watermark: MEMORY", MEMORY.is_over)
    yield Bound(act, "which lane and queue", "pnav.server.page_handler: lane_of", lambda: handler.lane_of(None, SCOPE))
    assert network_of(SCOPE) and not device_of(SCOPE)
    yield Bound(act, "which lane, of a form", "the same; is_slow, is_slice", lambda: (is_slow(form), is_slice(form)))
    threads = ThreadPoolExecutor(1)
    lane = Lane(threads, 1, each=8, in_all=8)

    def admitted() -> None:
        ticket = Ticket(7, _nothing, wider=((3,), (3, 4)))
        lane.enter(ticket)
        ticket.result.result()

    yield Bound(act, "each network in its turn", "pnav.server.admission: Lane",
                admitted, lambda: threads.submit(_nothing).result())  # fmt: skip
    yield Bound(act, "room for who has used little", "pnav.server.admission: may_give_way", may_give_way)


def of_a_report() -> Iterator[Bound]:
    """Yield the counters in Valkey, and the work that is asked for during a raid."""
    from django.core.cache import cache

    from common import network_limits, rate_limits
    from common.client_address import Networks
    from reports import proof_of_work
    from triage.rules import Assessment, Outcome, Urgency

    act, networks = "report", Networks(NETWORKS)
    network_limits.prepare_windows()
    for name, where, given in (
        ("reports of a network, IPv6", network_limits.REPORTS, networks),
        ("reports of a network, IPv4", network_limits.REPORTS, Networks(["192.0.2.1"])),
        ("dangers of a network, IPv6", network_limits.DANGERS, networks),
    ):
        yield Bound(act, name, "common.network_limits: count", times=500,
                    made=lambda where=where, given=given: network_limits.count(where, given, most=10**6))  # type: ignore[misc]  # fmt: skip
    ordinary = cast(Assessment, _Ordinary(Urgency.NORMAL))
    assert Outcome
    yield Bound(act, "is there a raid?", "reports.proof_of_work: is_asked_of", times=500,
                made=lambda: proof_of_work.is_asked_of(ordinary, discreet=False))  # fmt: skip
    yield Bound(act, "reports of everybody", "reports.proof_of_work: count_filed", proof_of_work.count_filed, times=500)
    cache.clear()
    form = str(uuid4())
    token, _bits = proof_of_work.make_challenge(form)
    yield Bound(act, "work, set", "reports.proof_of_work: make_challenge", times=500, often="1 in a raid",
                made=lambda: proof_of_work.make_challenge(form))  # fmt: skip
    yield Bound(act, "work, verified", "reports.proof_of_work: is_solved", often="1 in a raid",
                made=lambda: proof_of_work.is_solved(token, "7", submission_id=form))  # fmt: skip
    yield Bound("any other act of an exchange", "acts of one exchange", "common.rate_limits: is_over", times=500,
                made=lambda: rate_limits.is_over("bench:1", limit=10**9, seconds=600))  # fmt: skip


def of_what_is_heavy() -> Iterator[Bound]:
    """Yield the bounds of slow hashes and of child processes."""
    import hashlib

    from chat.conversations import resume
    from common import network_limits, slow_hashes
    from common.client_address import Networks
    from common.offload import pdf, pool

    act, networks = "code", Networks(NETWORKS)
    yield Bound(act, "tries of a network, IPv6", "common.network_limits: count", times=500,
                made=lambda: network_limits.count(network_limits.CODES, networks, most=10**6))  # fmt: skip
    yield Bound(act, "threads of their own", "common.slow_hashes: compute", lambda: slow_hashes.compute(_nothing))
    yield Bound(act, "the slow hash itself", "chat.conversations.resume: slow_hash", times=1,
                made=lambda: resume.slow_hash(["cheval", "bleu", "pomme", "rond", "nuage"]),
                without=lambda: hashlib.sha256(b"cheval bleu pomme rond nuage").digest())  # fmt: skip
    source = '#set document(title: "Essai")\n#let data = json(bytes(sys.inputs.data))\n#data.text'
    asked = {"source": source, "data": {"text": "Un document."}}
    yield Bound("document", "a child of its own", "common.offload.pool: run", times=2,
                made=lambda: pool.run("common.offload.pdf", asked), without=lambda: pdf.work(asked))  # fmt: skip


def _nothing() -> None:
    """Do nothing, which takes no time."""


class _Socket:
    """The part of a connection that `SendBacklog` uses."""

    visit, transport = "a visit", None


class _Transport:
    """A client that has read everything."""

    waiting = 0


@dataclass(frozen=True)
class _Ordinary:
    """The part of an assessment that `proof_of_work` uses."""

    urgency: object


class _Drafts:
    """Messages of a person, one at a time, into exchanges that somebody answers, so that no pace limit applies. Half of
    the exchanges have the limits of an exchange, and the other half has none. Each exchange in turn gets `BURST`
    messages.
    """

    BURST = 50

    def __init__(self) -> None:
        from tests.factories import chat as make

        self._agent = make.agent(capacity=10)
        self._make = make
        # Conversation, number of its last message, how many more it takes.
        self._open: dict[bool, list[Any]] = {True: [], False: []}

    def _write(self, *, is_metered: bool) -> None:
        from django.utils import timezone

        from chat.messages.writing import Draft, Written, write_messages
        from chat.models import Conversation

        place = self._open[is_metered]
        if not place or not place[2]:
            conversation = self._make.waiting()
            Conversation.objects.filter(pk=conversation.pk).update(
                status="active", assigned_to=self._agent, assigned_at=timezone.now()
            )
            place[:] = [conversation, conversation.last_seq, self.BURST]
        conversation, seq, left = place
        draft = Draft(conversation.pk, str(conversation.public_id), "reporter", None, str(uuid4()), "a" * 120)
        draft.is_metered = is_metered
        (answer,) = write_messages([draft], {conversation.pk: seq})
        if not isinstance(answer, Written):
            raise SystemExit(f"a message was refused ({answer}): the figures would be worth nothing")
        place[1:] = answer.seq, left - 1

    def write_metered(self) -> None:
        """Write messages as a person's are written."""
        self._write(is_metered=True)

    def write_unmetered(self) -> None:
        """Write messages as those of a measurement are written."""
        self._write(is_metered=False)


def _read_unbounded(asks: list[Any]) -> object:
    """Read as before the bytes of one reading were bounded."""
    from chat.messages import reading

    fetch = reading.fetch_rows

    def fetch_unbounded(_statement: object, values: list[Any]) -> list[tuple[Any, ...]]:
        return fetch(UNBOUNDED_AFTER, values[1:])

    with patch.object(reading, "fetch_rows", fetch_unbounded):
        return reading.read_messages(asks)


# --- the table --------------------------------------------------------------------------------------------------------


HEADS = (
    "act", "bound", "held by", "an act meets", "own µs", "PostgreSQL µs", "Valkey µs", "round trips", "statements",
    "the same without it, µs",
)  # fmt: skip


def told(bound: Bound, more: Cost, without: Cost) -> tuple[str, ...]:
    """Return a row of the table. more: what the bound adds; without: what the way takes anyhow, 0 when the bound is
    all."""
    figures = (f"{more.own:.1f}", f"{more.backend:.1f}", f"{more.valkey:.1f}", f"{more.trips:.2g}")
    anyhow = f"{without.total:.0f}" if bound.without is not None else ""
    return (bound.act, bound.name, f"`{bound.where}`", bound.often, *figures, f"{more.statements:.2g}", anyhow)


def table(rows: list[tuple[str, ...]]) -> str:
    """Return the rows as Markdown."""
    lines = [HEADS, tuple("---" for _head in HEADS), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


@contextmanager
def _open_loop() -> Iterator[None]:
    """Set an event loop, which some of what is measured needs."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def main() -> int:
    with stage(), _open_loop():
        meter, rows = Meter(), []
        for part in (of_a_message, of_a_reading, of_a_connect, of_a_page, of_a_report, of_what_is_heavy):
            for bound in part():
                made, without = meter.cost_of(bound)
                rows.append(told(bound, made.minus(without), without))
                sys.stderr.write(f"{bound.act}, {bound.name}: {made.total:.1f} µs, {without.total:.1f} without\n")
    text = table(rows)
    sys.stdout.write(text)
    out = ROOT / "benchmarks" / "results"
    out.mkdir(exist_ok=True)
    (out / "bounds.md").write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

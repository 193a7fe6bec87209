"""Serves an HTTP request in a thread for pages, with a single change of threads, whatever MIDDLEWARE holds.

Django's own handler changes to a thread for each synchronous middleware, for the view and for its rendering, and makes
a thread for each request. Here everything that a WSGI server would run, from `request_started` to `request_finished`,
runs without interruption in one of PAGE_THREADS threads. In that thread the page takes its database connection from the
pool, and returns it before the first byte is sent. So a client that reads slowly holds no connection, and a slow query
holds one thread, never the event loop of the sockets (docs/adr/0026).

`pnav.server.admission` decides which request a thread serves next: each network in its turn, within bounds. Requests
that compute a slow hash have threads of their own. A refused request gets the page of `pnav.server.busy`.
"""

import asyncio
import io
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext
from contextvars import Context
from functools import partial
from typing import IO, Any, cast

from django.conf import settings
from django.core.exceptions import BadRequest, RequestAborted, RequestDataTooBig
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.exception import response_for_exception
from django.core.signals import request_started
from django.db import connection
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseBase
from django.urls import set_script_prefix

from common import metrics, security_log, slow_hashes, tracing
from common.cached_reading import is_reading_for_others
from common.postgresql import waiting_once
from common.sealed_files.answer import PieceByPiece
from common.sealed_files.spool import Spool
from common.security_log import Event
from common.texts import cache as text_cache
from pnav import addresses
from pnav.logs import begin_request
from pnav.metrics_token import is_token
from pnav.middleware.headers import add_headers
from pnav.server import busy
from pnav.server.admission import BUCKETS, Lane, Refused, Ticket, Wider, give_way, may_give_way, network_of
from pnav.server.body_limits import BODY, body_max_bytes
from pnav.server.process_role import refuse_page
from pnav.server.slow_requests import device_of, is_slow
from pnav.server.watermark import MEMORY

logger = logging.getLogger(__name__)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

PROBES = {"/health/live", "/health/ready"}  # the views that are asynchronous
METRICS = "/metrics"
THREADS = ThreadPoolExecutor(max_workers=settings.PAGE_THREADS, thread_name_prefix="page")
# The quick exit waits for no page. Each of these threads is held for `quick_exit.PATIENCE_SECONDS` at most, and does
# not wait for the database. While the database hangs, a process lets 20 people a second leave.
EXIT_THREADS = ThreadPoolExecutor(max_workers=4, thread_name_prefix="exit")
EXITS = Lane(EXIT_THREADS, 4, each=100, in_all=400)
# An office of fifty people behind one address may open its pages at one moment, and each browser sends six requests at
# once. Nobody who reads uses more than a tenth of a processor for long. A network that uses a quarter of one counts as
# heavy after four seconds. One with more than twelve requests under way comes after those with fewer, for two seconds.
PAGES = Lane(
    THREADS,
    settings.PAGE_THREADS,
    each=16 * settings.PAGE_THREADS,
    in_all=64 * settings.PAGE_THREADS,
    heavy=0.6,
    worked_off=0.1,
    few=12,
)
# What a network is charged for a connection that was cut because its request came in too many pieces, or more came
# while it was answered. Nobody waits for that page. After three of them the network counts as heavy.
CUT_SECONDS = 0.25
WAIT_SECONDS = 25.0  # a request that waited so long gets the page that says to come back; browsers give up after thirty
# Slices of files (`is_slice`) wait for the disk. They never run in the threads of pages, and so few run at once that
# their flushing delays nobody's message for long. A page sends one slice at a time, so ten people have a place in a
# process; a further one is told to wait (`PageHandler.refuse_slice`). A slice of 240 KiB costs the loop and its thread
# some 9 ms of processor time (docs/adr/0082). So 12 a second are 3 MB, and leave nine tenths of a core to pages. One
# person with 10 Mbit/s sends 5 a second.
SLICES_AT_ONCE, SLICES_WAITING, SLICES_A_SECOND = 2, 8, 12
SLICE_THREADS = ThreadPoolExecutor(SLICES_AT_ONCE, thread_name_prefix="slice")
SLICES = Lane(
    SLICE_THREADS,
    SLICES_AT_ONCE,
    each=SLICES_WAITING,
    in_all=SLICES_WAITING,
    behind=PAGES,
    a_second=SLICES_A_SECOND,
)
SLICE_RETRY_SECONDS = 2
PIECE_THREADS = ThreadPoolExecutor(2, thread_name_prefix="pieces")  # each thread reads one piece of a file, of 240 KiB
PIECES_AHEAD_BYTES = 512 * 1024  # how much of a file may wait for its client to read
# A client that takes nothing of a file for so long is cut. The proxy leaves an answer an hour, because a copy with its
# captures takes that long on a slow line (deploy/Caddyfile). Between a process and a client that reads 24 kbit/s, the
# buffers of the kernel may free nothing for nearly five minutes.
UNREAD_SECONDS = 300.0
# Each hash takes half a second of a processor: twenty of one network take ten seconds, a hundred in all half a minute.
SLOW_THREADS = ThreadPoolExecutor(max_workers=slow_hashes.AT_ONCE, thread_name_prefix="slow-page")
BUSY_THREAD = ThreadPoolExecutor(1, thread_name_prefix="busy")
# Whoever watches asks while pages wait and memory is short, which is when somebody must be told. A scrape that comes
# while another one waits for the database, for the pool's time-out (5 s) at most, waits for it.
SCRAPES = Lane(ThreadPoolExecutor(1, thread_name_prefix="scrape"), 1, each=4, in_all=4)
SLOW = Lane(SLOW_THREADS, slow_hashes.AT_ONCE, each=20, in_all=100, light=2.0, heavy=6.0, held=1.0, prefers=True)


def is_idle() -> bool:
    """Return whether no page is under way in this process."""
    return all(lane.is_idle for lane in (PAGES, SLOW, SLICES, EXITS, SCRAPES))


def _whole(response: HttpResponseBase) -> HttpResponse:
    """Return the response with its whole body.

    A streaming response (a file) is read here, because a page thread may wait. Only a file that may be long is left,
    and sent as it is read (`PageHandler.send_response`).
    """
    if not response.streaming or isinstance(response, PieceByPiece):
        return response  # type: ignore[return-value]
    if isinstance(response, FileResponse):
        response.block_size = ASGIHandler.chunk_size
    whole = HttpResponse(b"".join(response), status=response.status_code)
    whole.headers, whole.cookies = response.headers, response.cookies
    return whole


async def _leave_when_gone(receive: Receive, lane: Lane, ticket: Ticket) -> None:
    """Take a waiting request back when its client disconnects. One that a thread has begun goes on to its end."""
    while (await receive())["type"] != "http.disconnect":
        pass  # this is the rest of a body that is too large, which is thrown away
    if lane.leave(ticket):
        ticket.result.cancel()


def _give_up(lane: Lane, ticket: Ticket) -> None:
    if lane.leave(ticket):
        ticket.result.set_exception(Refused())


def _giving_way(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Execute a statement, after giving way to light networks (`give_way`).

    It gives no way in a transaction, nor while this thread reads something that the pages of others wait for.
    """
    if not context["connection"].in_atomic_block and not is_reading_for_others():
        give_way()
    return execute(sql, params, many, context)


def _count_page(request: HttpRequest | None, status: int, seconds: float) -> None:
    """Count a response by the name of its view; an address that is not ours counts as « none »."""
    match = getattr(request, "resolver_match", None)
    view = (match.view_name if match is not None else "") or "none"
    metrics.PAGES.labels(metrics.VIEW_NAMES(view), str(status)).inc()
    metrics.PAGE_SECONDS.labels(metrics.PARTS(view.rpartition(":")[0] or "site")).observe(seconds)


def _trace_page(span: tracing.Span, request: HttpRequest | None, status: int) -> None:
    """Add view, method and status to the trace of a page. A view that is not ours is « other »."""
    match = getattr(request, "resolver_match", None)
    span.set(tracing.VIEW, (match.view_name if match is not None else "") or tracing.OTHER)
    span.set(tracing.METHOD, getattr(request, "method", None) or tracing.OTHER)
    span.set(tracing.STATUS, status)
    if status >= 500:
        span.failed()


def is_slice(scope: Scope) -> bool:
    """Return whether this request begins an upload or carries the next slice of one."""
    return scope["method"] == "POST" and scope["path"] in addresses.every_address("chat:captures_upload")


class PageHandler(ASGIHandler):
    """It is Django's handler for HTTP with the synchronous stack, in a page thread."""

    is_always_taken = False  # whether requests are taken however much memory this process uses
    is_dropped_with_its_client = True  # whether a request that has not begun is dropped when its client disconnects

    def prepare(self) -> None:
        """Read the texts from the database, once, before the first page."""
        text_cache.read_first()

    def lane_of(self, scope: Scope) -> tuple[Lane, int, bool, Wider]:
        """Return the lane of a request, its queue there, whether it goes before others, and its wider networks."""
        # A device from which somebody signed in has a queue of its own, by its signed cookie. So agents behind one
        # address do not count as one network, and a flood from that address is not charged to them.
        known = device_of(scope)
        bucket, wider = (hash(known) % BUCKETS, ()) if known else network_of(scope)
        if is_slice(scope):
            return SLICES, bucket, False, wider
        return (SLOW, bucket, bool(known), wider) if is_slow(scope) else (PAGES, bucket, False, wider)

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. A client that disconnects before a thread is free is not served at all.

        When the server stops and cancels what runs, a response under way is still finished and sent. A request with
        more than `body_max_bytes` gets the page of a bad request, without running its view.
        """
        arrived_at = time.perf_counter()
        is_too_large = False
        body_file: IO[bytes]
        try:
            body_file = await self._body_of(scope, receive)
        except RequestAborted:
            return
        except RequestDataTooBig:
            body_file, is_too_large = io.BytesIO(), True
        lane, bucket, is_preferred, wider = self.lane_of(scope)
        # The work runs in an empty context, so that language and table of addresses of another request cannot reach it.
        work = partial(Context().run, self.answer, scope, body_file, is_too_large, arrived_at)
        ticket = Ticket(bucket, work, is_preferred, wider)
        try:
            if not self.is_always_taken and MEMORY.is_over():
                raise Refused
            has_begun = lane.enter(ticket)
        except Refused:
            await self.refuse(scope, body_file, send)
            return
        answered = asyncio.wrap_future(ticket.result)
        loop = asyncio.get_running_loop()
        leaving = None
        if self.is_dropped_with_its_client and not has_begun:
            leaving = loop.create_task(_leave_when_gone(receive, lane, ticket))
        patience = None if has_begun else loop.call_later(WAIT_SECONDS, _give_up, lane, ticket)
        try:
            response = await asyncio.shield(answered)
        except Refused:
            await self.refuse(scope, body_file, send)
            return
        except asyncio.CancelledError:
            if ticket.result.cancelled():
                body_file.close()
                return
            response = await answered
        finally:
            if leaving is not None:
                leaving.cancel()
            if patience is not None:
                patience.cancel()
            if getattr(scope.get("transport"), "was_cut", False):
                lane.charge(bucket, CUT_SECONDS)
        if isinstance(response, PieceByPiece):
            response.line = scope.get("transport")
        await self.send_response(response, send)

    async def _body_of(self, scope: Scope, receive: Receive) -> IO[bytes]:
        """Return the body of a request. Our server has already spooled one that is too long for memory.

        Another server hands the body over in pieces, which are encrypted as they come, in the event loop, 64 KiB at a
        time. Raises RequestAborted when the client disconnects, and RequestDataTooBig for more than `body_max_bytes`.
        """
        most = body_max_bytes(scope["path"])
        spool: Spool = scope.pop(BODY, None) or Spool()
        try:
            is_more = True
            while is_more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise RequestAborted
                if body := message.get("body", b""):
                    spool.write(body)
                if spool.size > most:
                    raise RequestDataTooBig("The body of this request is larger than its bound.")
                is_more = message.get("more_body", False)
        except BaseException:
            spool.close()
            raise
        spool.seek(0)
        return cast("IO[bytes]", spool)

    async def send_response(self, response: Any, send: Send) -> None:
        """Send a response as Django does. A long file is sent in pieces, each when most of the previous ones were sent.

        Daphne does not wait for slow clients, so that the whole file would otherwise be in this process's memory. When
        a piece cannot be read, the connection is cut: its client knows the length, and would wait for the rest without
        end. Daphne does not close it, because it can send no other answer once this one has begun.
        """
        if not isinstance(response, PieceByPiece):
            await super().send_response(response, send)
            return
        headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in response.items()]
        headers += [(b"Set-Cookie", one.output(header="").strip().encode("ascii")) for one in response.cookies.values()]
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        loop = asyncio.get_running_loop()
        line = response.line
        while True:
            try:
                piece = await loop.run_in_executor(PIECE_THREADS, next, response.pieces, None)
            except Exception as error:
                if line is None:
                    raise
                logger.error("file: a piece could not be read, its connection is cut (%s)", type(error).__name__)
                line.abortConnection()
                return
            if piece is None:
                break
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            if line is not None and not await self._is_taken(line):
                return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _is_taken(self, line: Any) -> bool:
        """Wait until the client has taken most of what was sent; return False when it is gone, or cut (UNREAD_SECONDS).

        It looks fifty times a second, and holds no thread.
        """
        loop = asyncio.get_running_loop()
        left, since = line.waiting, loop.time()
        while line.connected and line.waiting > PIECES_AHEAD_BYTES:
            if line.waiting != left:
                left, since = line.waiting, loop.time()
            elif loop.time() - since > UNREAD_SECONDS:
                security_log.log(Event.LIMIT_REACHED, limit="unread")
                line.abortConnection()
                return False
            await asyncio.sleep(0.02)
        return bool(line.connected)

    async def refuse(self, scope: Scope, body_file: IO[bytes], send: Send) -> None:
        """Answer 503, with what was typed where that is cheap. Nothing of the request was done."""
        if is_slice(scope):
            body_file.close()
            await self.refuse_slice(send)
            return
        with closing(body_file):
            body = body_file.read(busy.FORM_BYTES + 1) if scope["method"] == "POST" else b""
        security_log.log(Event.LIMIT_REACHED, limit="admission")
        if body:  # it takes some milliseconds, a few times a second, so it is not done in the loop
            loop = asyncio.get_running_loop()
            headers, content = await loop.run_in_executor(BUSY_THREAD, busy.answer, scope, body)
        else:
            headers, content = busy.answer(scope)
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})

    async def refuse_slice(self, send: Send) -> None:
        """Answer 503 to the script that uploads a file, which then sends the same slice again. All places are taken."""
        security_log.log(Event.LIMIT_REACHED, limit="slices_at_once")
        headers = [
            (b"content-type", b"application/json"),
            (b"cache-control", b"no-store"),
            (b"retry-after", str(SLICE_RETRY_SECONDS).encode()),
        ]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"busy": true}'})

    def answer(
        self, scope: Scope, body_file: IO[bytes], is_too_large: bool = False, arrived_at: float | None = None
    ) -> HttpResponse:
        """Run a request in a page thread, from `request_started` to `request_finished`, and close the response.

        arrived_at: the time of arrival by `time.perf_counter`; None means now. The duration that is counted includes
        the wait for a thread.

        While the database is away, the thread waits for the pool's time-out (5 s) once, however many queries it sends.
        """
        began_at = time.perf_counter() if arrived_at is None else arrived_at
        request_id = begin_request()
        gives_way = connection.execute_wrapper(_giving_way) if may_give_way() else nullcontext()
        traced = tracing.begin_span(tracing.PAGE, began_at=began_at)
        with traced as span, closing(body_file), gives_way, waiting_once(), tracing.trace_statements(connection):
            with tracing.begin_span(tracing.WAIT, began_at=began_at):
                pass  # this span is the time until a thread was free
            set_script_prefix(get_script_prefix(scope))
            request_started.send(sender=self.__class__, scope=scope)
            response: Any
            try:
                request, response = self.create_request(scope, body_file)
            except (BadRequest, ValueError) as error:  # headers that Django cannot read are the sender's mistake
                logger.info("request refused: its headers cannot be read (%s)", type(error).__name__)
                request, response = None, add_headers("", HttpResponseBadRequest())
            if request is not None:
                self.prepare()
                if is_too_large:
                    with addresses.drawn_in(addresses.table_at(request.path)):
                        response = add_headers(request.path, response_for_exception(request, RequestDataTooBig()))
                else:
                    response = self.get_response(request)
            response._handler_class = self.__class__
            with closing(response):
                response.headers["X-Request-Id"] = request_id
                whole = _whole(response)
            _trace_page(span, request, response.status_code)
        _count_page(request, response.status_code, time.perf_counter() - began_at)
        return whole


class ExitHandler(PageHandler):
    """Serves the quick exit in threads of its own, which no other page and no query occupies."""

    is_always_taken = True
    is_dropped_with_its_client = False  # false, because a page that is left does not wait for an answer

    def lane_of(self, scope: Scope) -> tuple[Lane, int, bool, Wider]:
        bucket, wider = network_of(scope)
        return EXITS, bucket, False, wider

    async def refuse(self, scope: Scope, body_file: IO[bytes], send: Send) -> None:
        """Redirect to QUICK_EXIT_URL all the same. A visit that could not be forgotten ends with the browser."""
        body_file.close()
        security_log.log(Event.LIMIT_REACHED, limit="admission")
        headers = [(b"location", settings.QUICK_EXIT_URL.encode()), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    def prepare(self) -> None:
        """Do nothing: the response needs no texts, and reading them could wait for the database."""


class ScrapeHandler(PageHandler):
    """Serves the metrics to whoever holds their token, in a thread of its own, however full the process is."""

    is_always_taken = True

    def lane_of(self, scope: Scope) -> tuple[Lane, int, bool, Wider]:
        return SCRAPES, 0, False, ()

    def prepare(self) -> None:
        """Do nothing: the response needs no texts."""


def is_scrape(scope: Scope) -> bool:
    """Return whether this request asks for the metrics and holds their token."""
    return scope["path"] == METRICS and is_token(dict(scope["headers"]).get(b"authorization", b""))


class Pages:
    """It is the HTTP handler of a process that serves pages.

    Pages run in their threads, quick exits and metrics in others, and health probes in the event loop. So a process
    whose page threads are all busy still answers exits, metrics and probes.
    """

    def __init__(self) -> None:
        self.pages, self.exits, self.probes = PageHandler(), ExitHandler(), ASGIHandler()
        self.scrapes = ScrapeHandler()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        handler: ASGIHandler = self.pages
        if scope["path"] in PROBES:
            handler = self.probes
        elif scope["path"] in addresses.every_address("pages:quit") and scope["method"] == "POST":
            handler = self.exits
        elif is_scrape(scope):
            handler = self.scrapes
        await handler(scope, receive, send)


class OperatorPages(Pages):
    """It is the HTTP handler of a process that serves only sockets: it answers probes and metrics, and 421 to any
    page."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] in PROBES or scope["path"] == METRICS:
            await super().__call__(scope, receive, send)
        else:
            await refuse_page(send)

"""A page is one piece of work: nothing leaks between requests, connections come back, and a slow page delays nobody
else.
"""

import asyncio
import threading
import time
import tracemalloc
from io import BytesIO

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.signals import request_finished
from django.db import connection
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.middleware.csp import get_nonce
from django.template import engines
from django.urls import include, path
from django.utils import translation

from chat.realtime.broadcaster import close_broadcaster
from pnav.asgi import application
from pnav.server.body_limits import ADMIN_BODY_MAX_BYTES, BODY_MAX_BYTES
from pnav.server.page_handler import THREADS, OperatorPages, PageHandler, Pages
from pnav.server.watermark import MEMORY
from tests.chat.sockets import signed_in
from tests.factories import chat as make
from tests.test_errors import in_use

pytestmark = pytest.mark.django_db(transaction=True)
SECONDS = 15
SLOW = 4711  # the number for which the query of the slow page waits
threads: list[str] = []
started, go_on = threading.Event(), threading.Event()


def where(request):
    threads.append(threading.current_thread().name)
    return HttpResponse("here")


def language(request):
    """Answer so slowly that another request is under way in another thread, or comes next in this one."""
    before = translation.get_language()
    time.sleep(0.01)
    assert translation.get_language() == before
    return HttpResponse(before)


def says_nothing_of_language(request):
    """Answer as a view without our middleware, to see what state the thread was left in."""
    before = translation.get_language()
    translation.activate("en")
    return HttpResponse(before)


def slow(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [SLOW])
        cursor.execute("SELECT pg_advisory_unlock(%s)", [SLOW])
    return HttpResponse("slow")


def waits(request):
    started.set()
    assert go_on.wait(SECONDS)
    return HttpResponse("waited")


def asks_later(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        waits(request)
    return HttpResponse("asked")


def asks(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("asked")


def breaks(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    raise RuntimeError("broken on purpose")


def echoes(request):
    return HttpResponse(request.POST["text"] + request.FILES["file"].read().decode() if request.FILES else request.body)


def sends_a_file(request):
    return FileResponse(BytesIO(b"a" * 200_000), filename="a.txt")


def streams(request):
    def parts():
        threads.append(threading.current_thread().name)
        yield b"one "
        yield b"two"

    return StreamingHttpResponse(parts())


def tells_nonce(request):
    return HttpResponse(str(get_nonce(request)))


def tells_user(request):
    time.sleep(0.01)
    return HttpResponse(request.user.get_username())


urlpatterns = [
    path("where", where),
    path("language", language),
    path("nothing-of-language", says_nothing_of_language),
    path("slow", slow),
    path("waits", waits),
    path("asks", asks),
    path("asks-later", asks_later),
    path("breaks", breaks),
    path("echoes", echoes),
    path("file", sends_a_file),
    path("streams", streams),
    path("nonce", tells_nonce),
    path("user", tells_user),
    path("", include("pnav.urls")),
]
handler404, handler500 = "pnav.errors.page_not_found", "pnav.errors.server_error"


@pytest.fixture(autouse=True)
def _own_addresses(settings):
    settings.ROOT_URLCONF = __name__
    threads.clear()
    started.clear()
    go_on.clear()


class Request:
    """One request to an application and its answer, as a server handles them."""

    def __init__(self, application, path, *, method="GET", body=b"", headers=(), parts=1):
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "headers": [(b"host", b"testserver"), (b"content-length", str(len(body)).encode()), *headers],
            "client": ["127.0.0.1", 1],
        }
        self.line = ApplicationCommunicator(application, scope)
        self.body, self.parts = body, parts

    async def begin(self):
        size = max(1, -(-len(self.body) // self.parts))
        pieces = [self.body[at : at + size] for at in range(0, len(self.body), size)] or [b""]
        for number, piece in enumerate(pieces, 1):
            more = number < len(pieces)
            await self.line.send_input({"type": "http.request", "body": piece, "more_body": more})
        return self

    async def end(self):
        """Return status, headers and body."""
        start = await self.line.receive_output(SECONDS)
        body = b""
        while True:
            part = await self.line.receive_output(SECONDS)
            body += part["body"]
            if not part.get("more_body"):
                break
        await self.line.wait(SECONDS)
        return start["status"], {name.lower(): value for name, value in start["headers"]}, body


async def get(application, path, **more):
    return await (await Request(application, path, **more).begin()).end()


@pytest.fixture
def pages():
    return Pages()


async def test_page_runs_in_one_page_thread(pages):
    status, headers, body = await get(pages, "/where")
    assert (status, body) == (200, b"here")
    assert headers[b"content-length"] == b"4"
    assert threads[0].startswith("page")


async def test_stack_crosses_once(pages, monkeypatch):
    """Whatever MIDDLEWARE contains, a page is one piece of work."""
    submitted = []
    submit = THREADS.submit
    monkeypatch.setattr(THREADS, "submit", lambda *args: submitted.append(1) or submit(*args))
    await get(pages, "/where")
    assert submitted == [1]


async def test_probes_answer_while_every_page_thread_is_busy(pages, settings):
    busy = [await Request(pages, "/waits").begin() for _each in range(settings.PAGE_THREADS)]
    await asyncio.to_thread(started.wait, SECONDS)
    try:
        status, _headers, _body = await get(pages, "/health/live")
        assert status == 200
    finally:
        go_on.set()
        for request in busy:
            await request.end()


async def test_whoever_watches_is_answered_by_a_process_that_is_full_and_whose_pages_wait(pages, settings):
    """Without the token it is a page like any other."""
    settings.METRICS_TOKEN = "a-token-of-this-test"
    token = [(b"authorization", b"Bearer a-token-of-this-test")]
    busy = [await Request(pages, "/waits").begin() for _thread in range(settings.PAGE_THREADS)]
    await asyncio.to_thread(started.wait, SECONDS)
    settings.WEB_MEMORY_MIB = 1
    MEMORY._read_at = float("-inf")
    try:
        for application in (pages, OperatorPages()):
            assert (await get(application, "/metrics", headers=token))[0] == 200
            for wrong in ([], [(b"authorization", b"Bearer another")]):
                assert (await get(application, "/metrics", headers=wrong))[0] == 503
        settings.METRICS_TOKEN = ""
        assert (await get(pages, "/metrics", headers=[(b"authorization", b"Bearer ")]))[0] == 503
    finally:
        settings.WEB_MEMORY_MIB = 100_000
        MEMORY._read_at = float("-inf")
        go_on.set()
        for request in busy:
            await request.end()
        MEMORY._read_at = float("-inf")


async def test_process_that_is_full_takes_nothing_new_and_keeps_what_it_has(pages, settings):
    begun = await Request(pages, "/waits").begin()
    await asyncio.to_thread(started.wait, SECONDS)
    settings.WEB_MEMORY_MIB = 1
    MEMORY._read_at = float("-inf")
    try:
        status, headers, body = await get(pages, "/where")
        assert status == 503 and headers[b"retry-after"] == b"5" and b">17</a>" in body and threads == []
        assert (await get(pages, "/health/live"))[0] == 200
        go_on.set()
        assert (await begun.end())[0] == 200
        settings.WEB_MEMORY_MIB = 100_000
        MEMORY._read_at = float("-inf")
        assert (await get(pages, "/where"))[0] == 200
    finally:
        MEMORY._read_at = float("-inf")


async def test_every_page_gives_its_connection_back(pages):
    for address in ["/asks", "/breaks", "/nothing-here/", "/point-d-accueil/nothing/"]:
        for request in [await Request(pages, address).begin() for _each in range(8)]:
            await request.end()
    assert await asyncio.to_thread(in_use) == 0


async def test_errors_are_pages(pages):
    for address, expected in [("/nothing-here/", 404), ("/breaks", 500)]:
        status, headers, body = await get(pages, address)
        assert status == expected
        assert b"17" in body
        assert headers[b"content-type"].startswith(b"text/html")


async def test_query_that_is_no_text_is_a_bad_request():
    request = Request(PageHandler(), "/where")
    request.line.scope["query_string"] = b"\xff"
    assert (await (await request.begin()).end())[0] == 400


async def test_form_too_large_is_refused(pages, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    finished = []
    request_finished.connect(lambda **_kwargs: finished.append(1), weak=False, dispatch_uid="size")
    try:
        status, _headers, _body = await get(pages, "/echoes", method="POST", body=b"a" * 1001, headers=FORM)
    finally:
        request_finished.disconnect(dispatch_uid="size")
    assert status in {400, 403, 413}
    assert finished == [1]


FORM = [(b"content-type", b"application/x-www-form-urlencoded")]
BOUNDARY = [(b"content-type", b"multipart/form-data; boundary=b")]


async def test_upload_larger_than_memory(pages, settings):
    """The body comes in pieces, goes to a file, and is read in the page thread."""
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1000
    settings.MIDDLEWARE = []
    content = b"c" * 50_000
    head = b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nhello\r\n'
    file = b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n' + content + b"\r\n--b--\r\n"
    status, _headers, body = await get(Pages(), "/echoes", method="POST", body=head + file, headers=BOUNDARY, parts=7)
    assert (status, body) == (200, b"hello" + content)


@pytest.mark.parametrize("headers", [FORM, BOUNDARY])
@pytest.mark.parametrize(
    ("address", "most"),
    [("/echoes", BODY_MAX_BYTES), ("/admin/rien/", ADMIN_BODY_MAX_BYTES), ("/rien/", BODY_MAX_BYTES)],
)
async def test_body_larger_than_its_bound_is_not_read(pages, headers, address, most):
    """This is so whatever the form says about its content: files count too.

    The page says so; at the bound itself it is served.
    """
    tracemalloc.start()
    try:
        status, answered, body = await get(
            pages, address, method="POST", body=b"a" * (8 * most), headers=headers, parts=64
        )
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (status, answered[b"cache-control"]) == (400, b"no-store") and body
    assert peak < 26 * most  # what this test itself writes to the line, twice, and one bound
    assert (await get(pages, address, method="POST", body=b"a" * most, headers=FORM))[0] != 400


async def test_length_that_is_a_lie_does_not_pass_the_bound(pages):
    lying = Request(pages, "/echoes", method="POST", body=b"a" * (2 * BODY_MAX_BYTES), headers=FORM, parts=20)
    lying.line.scope["headers"] = [(b"host", b"testserver"), (b"content-length", b"10"), *FORM]
    assert (await (await lying.begin()).end())[0] == 400


async def test_file_and_stream_are_sent_whole(pages):
    status, headers, body = await get(pages, "/file")
    assert (status, body) == (200, b"a" * 200_000)
    assert headers[b"content-length"] == b"200000"
    status, headers, body = await get(pages, "/streams")
    assert (status, body) == (200, b"one two")
    assert threads[0].startswith("page")


async def test_client_that_leaves_before_a_thread_is_free_is_not_served(pages, settings):
    busy = [await Request(pages, "/waits").begin() for _each in range(settings.PAGE_THREADS)]
    await asyncio.to_thread(started.wait, SECONDS)
    gone = await Request(pages, "/where").begin()
    await gone.line.send_input({"type": "http.disconnect"})
    await gone.line.wait(SECONDS)
    go_on.set()
    for request in busy:
        assert (await request.end())[0] == 200
    await get(pages, "/asks")
    assert threads == []


async def test_client_that_leaves_later_is_served_to_nobody(pages):
    gone = await Request(pages, "/asks-later").begin()
    await asyncio.to_thread(started.wait, SECONDS)
    await gone.line.send_input({"type": "http.disconnect"})
    await asyncio.sleep(0.05)
    go_on.set()
    assert (await gone.end())[2] == b"asked"  # the server drops it
    async with asyncio.timeout(SECONDS):
        while await asyncio.to_thread(in_use):
            await asyncio.sleep(0.01)


async def test_client_that_leaves_while_sending(pages):
    request = Request(pages, "/echoes", method="POST")
    await request.line.send_input({"type": "http.request", "body": b"half", "more_body": True})
    await request.line.send_input({"type": "http.disconnect"})
    await request.line.wait(SECONDS)
    assert await request.line.receive_nothing()


async def test_server_that_stops_finishes_what_was_begun(pages):
    request = await Request(pages, "/waits").begin()
    await asyncio.to_thread(started.wait, SECONDS)
    request.line.future.cancel()
    await asyncio.sleep(0.05)
    go_on.set()
    assert (await request.line.receive_output(SECONDS))["status"] == 200
    assert (await request.line.receive_output(SECONDS))["body"] == b"waited"


async def test_languages_of_concurrent_requests_do_not_mix(pages):
    async def ask(wanted):
        cookie = [(b"cookie", f"django_language={wanted}".encode())]
        _status, headers, body = await get(pages, "/language", headers=cookie)
        return headers[b"content-language"].decode(), body.decode()

    wanted = ["fr", "en"] * 30
    assert await asyncio.gather(*map(ask, wanted)) == [(language, language) for language in wanted]


async def test_language_that_a_view_activates_ends_with_its_request(settings):
    settings.MIDDLEWARE = []
    pages = Pages()
    for _each in range(3 * settings.PAGE_THREADS):
        assert (await get(pages, "/nothing-of-language"))[2] == b"fr"


async def test_each_answer_has_its_own_nonce(pages):
    nonces = [(await get(pages, "/nonce"))[2] for _each in range(20)]
    assert len(set(nonces)) == 20


@pytest.fixture
def people():
    """Return session keys, and who they are: two agents and a visitor."""
    agents = [make.agent(), make.agent()]
    return {**{signed_in(agent): agent.user.username for agent in agents}, "nobody": ""}


async def test_users_of_concurrent_requests_do_not_mix(pages, people, settings):
    async def ask(key):
        cookie = [(b"cookie", f"{settings.SESSION_COOKIE_NAME}={key}".encode())]
        return (await get(pages, "/user", headers=cookie))[2].decode()

    wanted = list(people) * 10
    assert await asyncio.gather(*map(ask, wanted)) == [people[key] for key in wanted]


async def test_slow_query_stalls_neither_the_loop_nor_other_pages(pages):
    held, let_go = threading.Event(), threading.Event()

    def hold():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [SLOW])
            held.set()
            let_go.wait(SECONDS)
            cursor.execute("SELECT pg_advisory_unlock(%s)", [SLOW])
        connection.close()

    holding = asyncio.create_task(asyncio.to_thread(hold))
    try:
        assert await asyncio.to_thread(held.wait, SECONDS)
        slow_page = await Request(pages, "/slow").begin()
        for _each in range(20):
            assert (await get(pages, "/asks"))[2] == b"asked"
        assert await slow_page.line.receive_nothing()  # it waits all the time
    finally:
        let_go.set()
        await holding
    assert (await slow_page.end())[2] == b"slow"


async def test_no_header_leads_our_addresses_elsewhere():
    """Daphne makes `root_path` of a header that anybody may send, and templates are cached for each of its values."""
    loader = engines["django"].engine.template_loaders[0]

    async def home(root_path):
        request = Request(application, "/")
        request.line.scope["root_path"] = root_path
        return (await (await request.begin()).end())[2]

    try:
        await home("")
        kept = len(loader.get_template_cache)
        assert b"/elsewhere" not in await home("/elsewhere")
        assert len(loader.get_template_cache) == kept
    finally:
        await close_broadcaster()


@pytest.mark.parametrize("content_type", [b"x" * 10_001, b"x; charset*=utf-8''%00"])
async def test_headers_that_cannot_be_read_are_the_senders_mistake(pages, caplog, content_type):
    status, _headers, _body = await get(pages, "/where/", headers=[(b"content-type", content_type)])
    assert status == 400
    assert not any(record.exc_info for record in caplog.records)

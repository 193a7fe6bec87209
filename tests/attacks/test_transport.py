"""Requests that no browser sends, to a real server. Each gets a clear answer, and other clients notice nothing."""

import contextlib
import json
import re
import socket
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.conf import settings

from chat.models import Conversation, Message
from pnav.server.body_limits import BODY_MAX_BYTES
from tests.chat.sockets import visit
from tests.factories import chat as make
from tests.scenarios.browser import Browser
from tests.scenarios.conftest import PlainSite

pytestmark = pytest.mark.slow
MARK = "Zqwxjkvbz"


@dataclass
class Stage:
    site: PlainSite
    conversation: Conversation
    key: str

    @property
    def port(self) -> int:
        return self.site.webs[0].port

    def log(self) -> str:
        return self.site.webs[0].log.read_text(errors="replace")


@pytest.fixture(scope="module")
def stage(tmp_path_factory, django_db_blocker) -> Iterator[Stage]:
    site = PlainSite(tmp_path_factory.mktemp("attacked"), django_db_blocker, 1, LOG_LEVEL="INFO")
    try:
        site.start()
        with site.database():
            conversation = make.assigned()
            key = visit(conversation)
        yield Stage(site, conversation, key)
    finally:
        site.stop()


@pytest.fixture(autouse=True)
def _goes_on(stage) -> Iterator[None]:
    """Check after each attack that somebody writes and is heard, in the process that was there before."""
    before = stage.site.webs[0].process
    yield
    with stage.site.line(0, "/ws/conversation/", stage.key) as line:
        line.acknowledged(line.post("Je suis toujours là"), 5)
    assert stage.site.webs[0].process is before and before.poll() is None
    assert Browser(stage.port).get("/health/live").status == 200


def say(port: int, raw: bytes, seconds: float = 5) -> bytes:
    """Send bytes as they are, and return what comes back until the server hangs up or is silent for a while."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as line, contextlib.suppress(OSError):
        line.sendall(raw)
        line.settimeout(min(seconds, 1.5))
        while part := line.recv(65536):
            answer += part
    return answer


def statuses(answer: bytes) -> list[int]:
    return [int(code) for code in re.findall(rb"HTTP/1\.[01] (\d{3}) ", answer)]


def request(method: str, path: str, *lines: str, body: bytes = b"") -> bytes:
    head = "\r\n".join([f"{method} {path} HTTP/1.1", *lines])
    return head.encode("latin-1") + b"\r\n\r\n" + body


HOST, CLOSE = "Host: 127.0.0.1", "Connection: close"

# --- header and host tricks -------------------------------------------------------------------------------------------

REFUSED = {
    "another host": request("GET", "/", f"Host: {MARK}.example", CLOSE),
    "an empty host": request("GET", "/", "Host:", CLOSE),
    "a host with a path": request("GET", "/", f"Host: 127.0.0.1/{MARK}", CLOSE),
    "a host with a name before it": request("GET", "/", "Host: evil@127.0.0.1", CLOSE),
    "a host with another after it": request("GET", "/", "Host: 127.0.0.1, evil.example", CLOSE),
    "a host whose port is a word": request("GET", "/", "Host: 127.0.0.1:port", CLOSE),
    "two different hosts": request("GET", "/", HOST, f"Host: {MARK}.example", CLOSE),
    "another method": request("BREW", "/", HOST, CLOSE),
    "TRACE, which would show the cookies": request("TRACE", "/", HOST, f"Cookie: a={MARK}", CLOSE),
    "a length that is no number": request("POST", "/avis/", HOST, CLOSE, "Content-Length: ten", body=b"a=1"),
    "a negative length": request("POST", "/avis/", HOST, CLOSE, "Content-Length: -5", body=b"a=1"),
    "two lengths": request("POST", "/avis/", HOST, CLOSE, "Content-Length: 3", "Content-Length: 5", body=b"a=1"),
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200) + b"\r\n\r\n",
    "a line that is none": b"GARBAGE\r\n\r\n",
    "a header without a colon": request("GET", "/", HOST, CLOSE, "this is no header"),
    "a path that leads out": request("GET", "/static/../../../../etc/passwd", HOST, CLOSE),
    "a path that leads out, coded": request("GET", "/static/%2e%2e/%2e%2e/%2e%2e/etc/passwd", HOST, CLOSE),
    "a path that leads out, twice coded": request("GET", "/static/%252e%252e/%252e%252e/etc/passwd", HOST, CLOSE),
    "a NUL in the path": request("GET", "/tchat/%00", HOST, CLOSE),
    "a path that is no text": request("GET", "/%ff%fe/", HOST, CLOSE),
    "a very long path": request("GET", "/" + "a" * 12_000, HOST, CLOSE),
    "a very long header": request("GET", "/", HOST, CLOSE, "X-Long: " + "a" * 40_000),
    "a thousand headers": request("GET", "/", HOST, CLOSE, *[f"X-{n}: a" for n in range(1000)]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(stage, name, tried):
    """The answer is a status of the client's mistake, or silence: never a page, never a failure of ours."""
    answer = say(stage.port, REFUSED[name])
    assert all(400 <= status < 500 for status in statuses(answer)), answer[:300]
    assert MARK.encode() not in answer and b"root:" not in answer
    assert MARK.lower() not in stage.log().lower()
    tried("attacks on the transport", 1)


TAKEN = {
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Server": "evil.example",
    "X-Forwarded-Port": "81",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Proto": "gopher",
    "X-Original-Url": "/admin/",
    "X-Rewrite-Url": "/admin/",
    "X-Http-Method-Override": "DELETE",
    "Forwarded": "host=evil.example;proto=https",
    "Daphne-Root-Path": "/evil",
    "X-Script-Name": "/evil",
    "Remote-User": "admin",
    "X-Real-Ip": "evil.example",
}


def test_headers_of_proxies_change_nothing(stage, tried):
    """Whoever sends them is no proxy of ours: the same page, whatever they say."""
    for path in ("/", "/tchat/reprendre/", "/console/"):
        plain = Browser(stage.port).get(path)
        for name, value in TAKEN.items():
            answer = Browser(stage.port).get(path, **{name.replace("-", "_"): value})
            assert answer.status == plain.status, name
            assert answer.headers.get("Location") == plain.headers.get("Location"), name
            assert "evil" not in answer.body and "evil" not in str(answer.headers), name
            tried("attacks on the transport", 1)


# --- bodies -----------------------------------------------------------------------------------------------------------


def test_two_requests_in_one_are_not_taken_for_one_another(stage, tried):
    """A length and chunks come at once, in every order: what a proxy would take for a body is never served as a
    request.
    """
    smuggled = b"GET /console/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    chunks = b"0\r\n\r\n" + smuggled
    pairs = [
        ["Transfer-Encoding: chunked", f"Content-Length: {len(chunks)}"],
        [f"Content-Length: {len(chunks)}", "Transfer-Encoding: chunked"],
        [f"Content-Length: {len(chunks)}", "Transfer-Encoding: xchunked"],
        [f"Content-Length: {len(chunks)}", "Transfer-Encoding : chunked"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: identity", f"Content-Length: {len(chunks)}"],
    ]
    for lines in pairs:
        answer = say(stage.port, request("POST", "/avis/", HOST, *lines, body=chunks))
        assert b"/compte/login/" not in answer, lines
        tried("attacks on the transport", 1)
    assert b"/compte/login/" in say(stage.port, smuggled), "the request that was hidden would be answered"


def test_slow_bodies_hold_up_nobody(stage, tried):
    """Two hundred senders begin a form and never end it; meanwhile pages and messages go on."""
    begun = request("POST", "/avis/", HOST, "Content-Type: application/x-www-form-urlencoded", "Content-Length: 100000")
    lines = []
    try:
        for _each in range(200):
            lines.append(socket.create_connection(("127.0.0.1", stage.port), timeout=5))
            lines[-1].sendall(begun + b"text=")
        for _turn in range(3):
            for line in lines:
                line.sendall(b"a")
            began = time.monotonic()
            assert Browser(stage.port).get("/avis/").status == 200
            with stage.site.line(0, "/ws/conversation/", stage.key) as chat:
                chat.acknowledged(chat.post("pendant que d'autres traînent"), 15)
            assert time.monotonic() - began < 15  # waiting for these senders would take for ever
    finally:
        for line in lines:
            line.close()
    tried("attacks on the transport", len(lines))


def test_slow_heads_hold_up_nobody(stage, tried):
    lines = []
    try:
        for _each in range(200):
            lines.append(socket.create_connection(("127.0.0.1", stage.port), timeout=5))
            lines[-1].sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-")
        assert Browser(stage.port).get("/avis/").status == 200
    finally:
        for line in lines:
            line.close()
    tried("attacks on the transport", len(lines))


def test_oversized_bodies_are_refused(stage, tried):
    me = Browser(stage.port)
    me.get("/avis/")
    form = "application/x-www-form-urlencoded"
    for body in ("text=" + "a" * 3_000_000, "&".join(f"a{n}=1" for n in range(1100))):
        answer = me.ask("POST", "/avis/", body, Content_Type=form, X_CSRFToken=me.token)
        assert answer.status in {400, 413}, answer.status
        assert "n&#x27;a pas pu être lu" in answer.body or "n'a pas pu être lu" in answer.body
    me.cookies[settings.SESSION_COOKIE_NAME] = stage.key
    assert me.get("/tchat/").status == 200
    assert me.frame("/tchat/trames/", '{"type":"beat","x":"' + "a" * BODY_MAX_BYTES + '"}').status == 413
    for body in ('{"type":"beat","x":"' + "a" * 200_000 + '"}', "[" * 100_000, '{"a":' * 20_000):
        answer = me.frame("/tchat/trames/", body)
        assert [frame["type"] for frame in json.loads(answer.body)["frames"]] == ["error"]
    tried("attacks on the transport", 6)


# --- sockets ----------------------------------------------------------------------------------------------------------

COMMON = [
    "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
]  # fmt: skip
BROKEN = [
    b"\x81", b"\x81\xfe", b"\x81\x85\x00\x00\x00\x00ab", b"\xff" * 50, b"\x88\x00", b"\x89\xfe\xff\xff",
    b"\x81\x05hello",
    b"\x83\x80\x00\x00\x00\x00", b"\x01\x80\x00\x00\x00\x00" * 40, b"\x81\xff" + (2**62).to_bytes(8, "big") + bytes(4),
]  # fmt: skip


def handshake(stage: Stage, origin: str) -> bytes:
    key = f"Cookie: {settings.SESSION_COOKIE_NAME}={stage.key}"
    return request("GET", "/ws/conversation/", f"Host: 127.0.0.1:{stage.port}", key, *COMMON, f"Origin: {origin}")


def test_connections_that_break_off_lose_nothing(stage, tried):
    """The page hangs up in the middle of a frame, of a handshake; or sends what is no frame."""
    upgrade = handshake(stage, f"http://127.0.0.1:{stage.port}")
    for broken in BROKEN:
        say(stage.port, upgrade + broken, 0.3)
        tried("attacks on the transport", 1)
    for cut in range(10, len(upgrade), 40):
        with socket.create_connection(("127.0.0.1", stage.port), timeout=5) as line:
            line.sendall(upgrade[:cut])
        tried("attacks on the transport", 1)


def test_handshakes_of_foreign_pages(stage, tried):
    """The real server opens no socket for them, whatever the cookie."""
    origin = f"http://127.0.0.1:{stage.port}"
    assert b" 101 " in say(stage.port, handshake(stage, origin), 0.5)
    for foreign in (
        "https://evil.example", "null", f"{origin}.evil.example", f"{origin}@evil.example", "file://",
        origin.replace("http", "https"), f"{origin}0", "http://127.0.0.1",
    ):  # fmt: skip
        answer = say(stage.port, handshake(stage, foreign), 0.5)
        # 400 when the server finds no address at all.
        assert statuses(answer) in ([403], [400]), (foreign, answer[:200])
        tried("handshakes of foreign pages", 1)


def test_replayed_message_is_there_once(stage, tried):
    """The same frame comes by two sockets, by requests and by the form, and is one message."""
    client_id, body = str(uuid.uuid4()), f"Une seule fois {uuid.uuid4().hex}"
    me = Browser(stage.port, cookies={settings.SESSION_COOKIE_NAME: stage.key})
    me.get("/tchat/")
    frame = json.dumps({"type": "post", "client_id": client_id, "body": body})
    with (
        stage.site.line(0, "/ws/conversation/", stage.key) as one,
        stage.site.line(0, "/ws/conversation/", stage.key) as other,
    ):
        for _each in range(10):
            for line in (one, other):
                line.post(body, client_id)
            assert me.frame("/tchat/trames/", frame).status == 200
        one.acknowledged(client_id)
        other.acknowledged(client_id)
    assert me.post("/tchat/message/", {"client_id": client_id, "body": body}).status == 302
    with stage.site.database():
        assert Message.objects.filter(client_id=client_id).count() == 1
    assert me.get("/tchat/").body.count(body) == 1
    tried("replayed messages", 31)

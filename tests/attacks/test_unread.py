"""Clients that never read, on a real server: the memory that they use is bounded, and other clients notice nothing."""

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import settings

from chat.realtime.connection import SOCKETS_A_SESSION
from chat.realtime.send_backlog import VISIT_BYTES
from pnav.server.identity import UNMETERED
from tests.attacks.test_transport import COMMON, Stage, request
from tests.chat.sockets import visit
from tests.factories import chat as make
from tests.scenarios.conftest import PlainSite

pytestmark = pytest.mark.slow
MIB = 1024 * 1024
MOST_TURNS = 100
ESTABLISHED = 1  # the state of TCP, as the kernel numbers them
SOCKETS = SOCKETS_A_SESSION - 2
CLIENT_BYTES = 8 * MIB  # the server's memory for one client; asking for data is bounded as every act is


@pytest.fixture(scope="module")
def stage(tmp_path_factory, django_db_blocker) -> Iterator[Stage]:
    site = PlainSite(tmp_path_factory.mktemp("unread"), django_db_blocker, 1, LOG_LEVEL="INFO")
    try:
        site.start()
        with site.database():
            make.agent()
            conversation = make.waiting()
            for _each in range(60):
                make.message(conversation, "é" * 3_900)
            key = unmeasured(visit(conversation))
        yield Stage(site, conversation, key)
    finally:
        site.stop()


def unmeasured(key: str) -> str:
    """Return the key of this session, whose sockets may ask as often as they like.

    The measure of readings would keep them far from the bound that is tried here, which must hold without it.
    """
    session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    session[UNMETERED] = True
    session.save()
    return session.session_key


def frame(text: bytes) -> bytes:
    """Return a masked text frame; the mask is nought, which is one."""
    size = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2, "big")
    return b"\x81" + size + bytes(4) + text


def unread_socket(stage: Stage) -> socket.socket:
    """Return an open socket of the visit that will never read, and of which the system takes little."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.settimeout(10)
    line.connect(("127.0.0.1", stage.port))
    key = f"Cookie: {settings.SESSION_COOKIE_NAME}={stage.key}"
    line.sendall(request("GET", "/ws/conversation/", f"Host: 127.0.0.1:{stage.port}", key, *COMMON))
    assert line.recv(12).startswith(b"HTTP/1.1 101")
    line.setblocking(False)
    return line


def memory(stage: Stage, kind: str = "VmRSS") -> int:
    """Return the bytes of the process that are in memory now; VmHWM: the most that ever were."""
    process = stage.site.webs[0].process
    assert process is not None
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split(f"{kind}:")[1].split()[0]) * 1024


def has_gone(line: socket.socket) -> bool:
    """Return whether the server has hung up, as far as the kernel knows without reading what was sent."""
    return line.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != ESTABLISHED


def is_cut(line: socket.socket) -> bool:
    """Return whether the server has hung up: what it sent before is read away first."""
    with contextlib.suppress(BlockingIOError):
        while True:
            try:
                if not line.recv(MIB):
                    return True
            except ConnectionError:
                return True
    return False


def ask(lines: list[socket.socket], raw: bytes) -> None:
    for line in lines:
        with contextlib.suppress(OSError):
            line.sendall(raw)


def test_client_that_never_reads_has_a_bound_of_memory(stage, tried):
    """All the sockets of a visit ask for all there is, turn after turn, until half of them are cut.

    Compared with as many that ask for the same and read it. What asks while a reading is under way goes together in the
    next one, so the busier the machine, the more messages are in memory at once, whoever reads them.
    """
    sync = frame(json.dumps({"type": "sync", "after": 0}).encode())
    with contextlib.ExitStack() as readers:
        lines_read = [
            readers.enter_context(stage.site.line(0, "/ws/conversation/", stage.key)) for _each in range(SOCKETS)
        ]
        for _each in range(2):
            for line in lines_read:
                line.send(type="sync", after=0)
            for line in lines_read:
                line.until(lambda answer: answer["type"] == "state")
    before, read = memory(stage), memory(stage, "VmHWM")
    lines: list[socket.socket] = []
    try:
        lines += [unread_socket(stage) for _each in range(SOCKETS)]
        for _turn in range(MOST_TURNS):
            ask(lines, sync)
            with stage.site.line(0, "/ws/conversation/", stage.key) as honest:
                honest.send(type="sync", after=0)  # what was asked for before is read before this, or with it
                honest.until(lambda answer: answer["type"] == "state", 30)
            if sum(map(has_gone, lines)) >= SOCKETS // 2:
                break
            time.sleep(0.2)
        cut = sum(is_cut(line) for line in lines)
    finally:
        for line in lines:
            line.close()
    assert "limit=unread" in stage.log()
    assert cut >= len(lines) // 2, cut
    most = memory(stage, "VmHWM")
    assert most - read < CLIENT_BYTES + VISIT_BYTES, (read, most)  # the allocator keeps some of what was given back
    deadline = time.monotonic() + 60
    # Nothing was added since. The allocator keeps more of a busier moment: four times what one client may use, which is
    # far less than what all these sockets asked for.
    while memory(stage) - before > 4 * CLIENT_BYTES + VISIT_BYTES:
        assert time.monotonic() < deadline, (before, memory(stage))
        time.sleep(0.5)
    tried("sockets that never read", len(lines))


def test_thousands_of_frames_in_one_segment_are_not_kept(stage, tried):
    """Frames are so tiny that each read of the server brings thousands: the line is cut, and nobody waits."""
    line = unread_socket(stage)
    before = memory(stage)
    with contextlib.suppress(OSError):
        line.setblocking(True)
        line.settimeout(5)
        line.sendall(frame(b"{}") * 100_000)
    with stage.site.line(0, "/ws/conversation/", stage.key) as honest:
        honest.send(type="beat")
        honest.until(lambda answer: answer["type"] == "beat", 30)
    line.setblocking(False)
    deadline = time.monotonic() + 30
    while not is_cut(line):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    line.close()
    assert memory(stage) - before < CLIENT_BYTES
    tried("frames in one segment", 100_000)


def test_message_in_parts_has_an_end(stage, tried):
    """Parts that never make a whole are cut after 128 KiB.

    What is sent is less than Daphne's own MiB, which cuts nothing of it, however busy the server is.
    """
    line = unread_socket(stage)
    line.setblocking(True)
    part = b"\x01\xfe" + (1000).to_bytes(2, "big") + bytes(4) + b"a" * 1000
    line.settimeout(5)
    with contextlib.suppress(OSError):
        for _each in range(600):
            line.sendall(part)
            part = b"\x00" + part[1:]
    line.setblocking(False)
    deadline = time.monotonic() + 30
    while not is_cut(line):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    line.close()
    tried("endless messages", 1)

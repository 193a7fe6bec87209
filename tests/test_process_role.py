"""What a process of each role serves. scenarios/test_roles.py tests it with real processes."""

import gc
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import Mock

import pytest
from asgiref.testing import ApplicationCommunicator

from chat.realtime.broadcaster import close_broadcaster, ensure_broadcaster
from chat.realtime.garbage import Garbage
from pnav import asgi
from pnav.asgi import application_for
from pnav.server import watermark
from pnav.server.process_role import PAGES_NICENESS, ProcessRole
from pnav.server.serving import Server
from pnav.server.watermark import MEMORY
from tests.test_http import get
from tests.test_settings import refusal

pytestmark = pytest.mark.django_db(transaction=True)

UPGRADE = {
    "type": "websocket",
    "path": "/ws/conversation/",
    "query_string": b"",
    "subprotocols": [],
    "headers": [(b"host", b"testserver")],
    "client": ["127.0.0.1", 1],
}


@pytest.fixture(autouse=True)
def _settings_of_the_interpreter():
    """Restore what an application changes as it settles its process, which is the process of the tests here."""
    thresholds, interval = gc.get_threshold(), sys.getswitchinterval()
    yield
    gc.set_threshold(*thresholds)
    sys.setswitchinterval(interval)


@pytest.fixture(autouse=True)
async def _no_broadcaster():
    await close_broadcaster()
    yield
    await close_broadcaster()


async def shake_hands(role):
    """Return the answer to a socket without a session."""
    line = ApplicationCommunicator(application_for(role), dict(UPGRADE))
    await line.send_input({"type": "websocket.connect"})
    answer = await line.receive_output(30)
    await line.send_input({"type": "websocket.disconnect", "code": 1001})
    await line.wait(5)
    return answer


@pytest.mark.parametrize(
    ("role", "page", "listens"), [("all", 200, True), ("sockets", 421, True), ("pages", 200, False)]
)
async def test_pages_and_listening(role, page, listens):
    application = application_for(role)
    assert (await get(application, "/mentions-legales/"))[0] == page
    assert (await get(application, "/health/live"))[0] == 200
    assert (await get(application, "/metrics"))[0] == 404
    assert ensure_broadcaster().hub.listens is listens


async def test_misdirected_page_says_so_and_is_kept_by_nobody():
    status, headers, body = await get(application_for("sockets"), "/tchat/trames/", method="POST", body=b"{}")
    assert status == 421
    assert headers[b"cache-control"] == b"no-store" and b"default-src 'none'" in headers[b"content-security-policy"]
    assert int(headers[b"content-length"]) == len(body)


async def test_sockets_are_refused_by_pages_alone(monkeypatch):
    told = []
    monkeypatch.setattr("pnav.asgi.security_log.log", lambda _event, **facts: told.append(facts))
    assert (await shake_hands("pages"))["type"] == "websocket.close"
    assert told == [{"why": "process_role"}]
    for role in ("all", "sockets"):
        told.clear()
        await shake_hands(role)
        assert {"why": "process_role"} not in told


async def test_full_process_opens_no_socket(monkeypatch, settings):
    told = []
    monkeypatch.setattr("pnav.asgi.security_log.log", lambda _event, **facts: told.append(facts))
    settings.WEB_MEMORY_MIB = 1
    monkeypatch.setattr(MEMORY, "_is_over", False)
    monkeypatch.setattr(MEMORY, "_read_at", float("-inf"))
    monkeypatch.setattr(Garbage, "hurry", lambda _garbage: told.append("garbage"))
    assert (await shake_hands("sockets"))["type"] == "websocket.close"
    assert told == [{"limit": "memory"}, "garbage"]


@pytest.mark.parametrize(("text", "expected"), [("max\n", float("inf")), ("1000\n", 850), (None, float("inf"))])
def test_mark_is_most_of_what_the_container_may_use(monkeypatch, tmp_path, settings, text, expected):
    file = tmp_path / "memory.max"
    if text is not None:
        file.write_text(text)
    monkeypatch.setattr(watermark, "GROUPS", tmp_path)
    assert watermark._limit() == expected
    settings.WEB_MEMORY_MIB = 2
    assert watermark._limit() == 2 * 1024 * 1024
    assert watermark.resident_bytes() > 10 * 1024 * 1024


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("0::/system.slice/pnav-pages@8001.service\n", 850),
        ("9:name=systemd:/\n0::/system.slice/pnav-pages@8001.service\n", 850),
        ("0::/system.slice\n", 3400),
        ("0::/\n", float("inf")),
        ("0::/../system.slice/pnav-pages@8001.service\n", float("inf")),
        ("0::/system.slice/other.service\n", 3400),
        ("", float("inf")),
        (None, float("inf")),
    ],
)
def test_mark_is_most_of_what_the_unit_of_systemd_may_use(monkeypatch, tmp_path, own, expected):
    """Outside of a container the root of the tree is the machine, and the unit is where the process says."""
    groups = tmp_path / "groups"
    unit = groups / "system.slice" / "pnav-pages@8001.service"
    unit.mkdir(parents=True)
    (unit / "memory.max").write_text("1000\n")
    (unit.parent / "memory.max").write_text("4000\n")
    if own is not None:
        (tmp_path / "cgroup").write_text(own)
    monkeypatch.setattr(watermark, "GROUPS", groups)
    monkeypatch.setattr(watermark, "OWN_GROUP", tmp_path / "cgroup")
    assert watermark._limit() == expected


ARENAS = """
import ctypes, sys, threading
from django.conf import settings
settings.configure(WEB_MEMORY_MIB=0)
from pnav.server import watermark
if sys.argv[1] == "one":
    watermark.use_one_arena()
libc, together = ctypes.CDLL(None), threading.Barrier(4)

def hold():
    libc.malloc(5000)
    together.wait()

threads = [threading.Thread(target=hold) for _each in range(4)]
[thread.start() for thread in threads], [thread.join() for thread in threads]
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library has no such places")
@pytest.mark.parametrize(("how", "is_one"), [("one", True), ("as it comes", False)])
def test_threads_of_a_web_process_take_memory_from_one_place(how, is_one):
    done = subprocess.run([sys.executable, "-c", ARENAS, how], capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout.count("<heap nr=") == 1) == is_one
    assert "use_one_arena()" in Path(asgi.__file__).read_text(encoding="utf-8").split("\ndef ")[0]


FULL_ONCE = """
import random, threading, time
from django.conf import settings
settings.configure(WEB_MEMORY_MIB=0)
from pnav.server import watermark
before, kept = watermark.resident_bytes(), []

def serve(number):
    sizes, held = random.Random(number), []
    for each in range(1000):
        held.append(bytearray(sizes.choice((20_000, 48_000, 70_000, 100_000))))
        if each % 50 == 0:
            kept.append(bytearray(600))

threads = [threading.Thread(target=serve, args=(number,)) for number in range(4)]
[thread.start() for thread in threads], [thread.join() for thread in threads]
settings.WEB_MEMORY_MIB = before // 2**20 + 30
mark, asked = watermark.Watermark(), []
for _each in range(40):
    asked.append(mark.is_over())
    if not asked[-1]:
        break
    time.sleep(0.25)
print(asked[0], asked[-1])
"""


def test_process_that_was_full_once_takes_new_work_again():
    """Nothing runs any more, and hardly any memory is used: what the C library keeps is no reason to refuse anybody."""
    done = subprocess.run([sys.executable, "-c", FULL_ONCE], capture_output=True, text=True, check=True)
    assert done.stdout.split()[1] == "False"


CROWD_IS_GONE = """
import sys, threading, time
from django.conf import settings
settings.configure(WEB_MEMORY_MIB=0)
from pnav.server import watermark

crowd = [bytearray(20_000) for _each in range(3_000)]
kept = [bytearray(600) for _each in range(2)]
for number in range(0, len(crowd), 50):  # what is still in use lies between what is freed
    crowd[number] = bytearray(crowd[number])
kept += crowd[::50]
full = watermark.resident_bytes()
del crowd
if sys.argv[1] == "regularly":
    watermark.REGULARLY_SECONDS = 0.05
    watermark.keep_giving_back()
deadline = time.monotonic() + (20 if sys.argv[1] == "regularly" else 1)
while time.monotonic() < deadline and (returned := full - watermark.resident_bytes()) < 40 * 2**20:
    time.sleep(0.05)
print(returned // 2**20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library returns memory in its own way")
@pytest.mark.parametrize(("how", "is_returned"), [("regularly", True), ("as it comes", False)])
def test_memory_of_a_crowd_is_returned_although_nobody_asks(how, is_returned):
    done = subprocess.run([sys.executable, "-c", CROWD_IS_GONE, how], capture_output=True, text=True, check=True)
    assert (int(done.stdout) >= 40) == is_returned


def test_returning_memory_takes_a_five_hundredth_of_the_time_at_most():
    assert watermark.pause_after(0.0) == watermark.pause_after(0.01) == watermark.REGULARLY_SECONDS
    assert watermark.pause_after(0.5) == 250


def test_call_that_takes_no_processor_and_yet_long_puts_the_next_one_off(monkeypatch):
    """Other threads that need memory may wait for it meanwhile, whatever it does itself."""

    class Over(Exception):
        pass

    def sleep(seconds):
        paused.append(seconds)
        if len(paused) == 2:
            raise Over

    paused, begun = [], Mock()
    monkeypatch.setattr(watermark, "threading", begun)
    monkeypatch.setattr(watermark, "time", Mock(wraps=time, sleep=sleep))
    monkeypatch.setattr(watermark, "give_back", lambda: time.sleep(0.1))
    watermark.keep_giving_back()
    with pytest.raises(Over):
        begun.Thread.call_args.kwargs["target"]()
    assert paused[0] == watermark.REGULARLY_SECONDS and paused[1] >= 0.09 / watermark.REGULARLY_SHARE


def test_every_web_process_returns_memory_before_it_serves(monkeypatch):
    begun = []
    monkeypatch.setattr("pnav.server.serving.keep_giving_back", lambda: begun.append("gives back"))
    monkeypatch.setattr("daphne.server.Server.run", lambda _server: begun.append("serves"))
    Server(application=None, endpoints=["tcp:0"]).run()
    assert begun == ["gives back", "serves"]


@pytest.mark.parametrize(("has_sockets", "thresholds"), [(True, (10_000, 10, 10)), (False, (2_000, 5, 1_000))])
async def test_process_of_pages_looks_more_often_for_what_is_unreachable(has_sockets, thresholds, monkeypatch):
    collector = Mock()
    monkeypatch.setattr(asgi, "gc", collector)
    role = ProcessRole.SOCKETS if has_sockets else ProcessRole.PAGES
    await get(application_for(role), "/health/live")
    assert [call[0] for call in collector.method_calls] == ["collect", "freeze", "set_threshold"]
    collector.set_threshold.assert_called_once_with(*thresholds)


def test_role_that_does_not_exist_is_refused_at_the_start():
    assert "PROCESS_ROLE must be" in refusal(PROCESS_ROLE="web")
    assert list(ProcessRole) == ["all", "sockets", "pages"]


@pytest.mark.parametrize(("role", "steps"), [("pages", PAGES_NICENESS), ("sockets", 0), ("all", 0)])
def test_pages_stand_behind_the_others_for_the_processor(role, steps):
    code = (
        "import os, threading; before = os.nice(0); import pnav.asgi\n"
        "print(os.nice(0) - before, [one.name for one in threading.enumerate()].count('page-garbage'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PROCESS_ROLE": role},
        capture_output=True,
        text=True,
        check=True,
        start_new_session=True,  # like a service of its own, it is not in the scheduler's group of the tests
    )
    assert done.stdout.split() == [str(steps), str(int(role == ProcessRole.PAGES))]

"""However many requests one stranger sends, and however heavy, nobody else has to wait: real processes, real hashes."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode

import pytest
from django.conf import settings
from pytest_django import DjangoDbBlocker

from tests.chat.sockets import visit
from tests.factories import chat as make
from tests.scenarios.conftest import Site, SiteOfRoles, Web

pytestmark = pytest.mark.slow
SOCKETS, PAGES, HEAVY = 0, 1, 2
TOKEN = "t" * 32


class WebWithHeavyPages(Web):
    application = "benchmarks.slow_site:application"


class SiteWithHeavyPages(SiteOfRoles):
    web = WebWithHeavyPages


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Iterator[Site]:
    site = SiteWithHeavyPages(tmp_path_factory.mktemp("fair"), django_db_blocker, TRUSTED_PROXY_COUNT="1")
    try:
        site.start()
        site.collect_static()
        for web in (PAGES, HEAVY):
            assert ask(site, "/", "192.0.2.250", web=web)[0] == 200  # the first page of a process is slow
        yield site
    finally:
        site.stop()


def headers_for(address: str, network: str) -> dict[str, str]:
    """Return the headers that our proxy writes for a client of this network."""
    return {
        "X-Forwarded-For": network,
        "Origin": f"http://{address}",
        "Cookie": f"{settings.CSRF_COOKIE_NAME}={TOKEN}",
        "Content-Type": "application/x-www-form-urlencoded",
    }


def ask(
    site: Site, path: str, network: str, body: str | None = None, seconds: float = 60, web: int = PAGES
) -> tuple[int, bytes]:
    address = f"127.0.0.1:{site.webs[web].port}"
    line = HTTPConnection(address, timeout=seconds)
    try:
        line.request("POST" if body else "GET", path, body, headers_for(address, network))
        answer = line.getresponse()
        return answer.status, answer.read()
    finally:
        line.close()


def sign_in(site: Site, network: str) -> tuple[int, bytes]:
    """Sign in with a name that does not exist, which is as slow as any other."""
    form = {"csrfmiddlewaretoken": TOKEN, "login": "nobody-of-this-name", "password": "not the password"}
    return ask(site, "/compte/login/", network, urlencode(form))


def begin_sign_in(site: Site, network: str) -> socket.socket:
    """Send the form and wait for nothing: hung up by closing, as an attacker would."""
    address = f"127.0.0.1:{site.webs[PAGES].port}"
    form = urlencode({"csrfmiddlewaretoken": TOKEN, "login": "nobody-of-this-name", "password": "not the password"})
    lines = [f"{name}: {value}" for name, value in headers_for(address, network).items()]
    head = "\r\n".join(["POST /compte/login/ HTTP/1.1", f"Host: {address}", f"Content-Length: {len(form)}", *lines])
    line = socket.create_connection(("127.0.0.1", site.webs[PAGES].port))
    line.sendall(f"{head}\r\n\r\n{form}".encode())
    line.setblocking(False)
    return line


def answered(lines: list[socket.socket]) -> list[int]:
    """Return the statuses that came so far."""
    statuses = []
    for line in lines:
        try:
            statuses.append(int(line.recv(16, socket.MSG_PEEK).split()[1]))
        except BlockingIOError:
            continue
    return statuses


def until_refused(lines: list[socket.socket], number: int, seconds: float = 60) -> int:
    """Wait until so many of them were told to come back; how many were."""
    deadline = time.monotonic() + seconds
    while (refused := answered(lines).count(503)) < number:
        assert time.monotonic() < deadline, f"{refused} were refused"
        time.sleep(0.05)
    return refused


@pytest.fixture
def computing(site) -> Iterator[ThreadPoolExecutor]:
    """Let people ask for pages that compute far longer than a test lasts; their process is replaced afterwards."""
    with ThreadPoolExecutor(12) as people:
        yield people
        site.webs[HEAVY].kill()
    site.webs[HEAVY].start()


def compute(site: Site, network: str) -> None:
    """Ask for such a page, until its process is gone."""
    with suppress(OSError, HTTPException):
        ask(site, "/bench/computing/?seconds=600", network, web=HEAVY, seconds=600)


def test_pages_that_compute_hold_up_no_message(site, computing):
    with site.database():
        key = visit(make.assigned())
    with site.line(SOCKETS, "/ws/conversation/", key) as line:
        line.acknowledged(line.post("avant"))
        heavy = [computing.submit(compute, site, "192.0.2.1") for _each in range(4)]
        time.sleep(0.5)
        for _each in range(10):
            line.acknowledged(line.post("toujours là"))
            time.sleep(0.05)
        assert not any(page.done() for page in heavy)


def test_pages_that_compute_leave_threads_to_other_networks(site, computing):
    heavy = [computing.submit(compute, site, "192.0.2.2") for _each in range(12)]
    time.sleep(0.5)
    for _each in range(3):
        assert ask(site, "/mentions-legales/", "192.0.2.60", web=HEAVY)[0] == 200
    assert not any(page.done() for page in heavy), (
        "it came before the first of them, and they are more than the threads"
    )


@pytest.mark.parametrize("flood", ["192.0.2.3", "2001:db8:77:{:x}::1"])
def test_sign_ins_without_end_of_one_network_keep_nobody_waiting(site, flood):
    """They come from one IPv4 address, or each from a fresh /64 of one /48."""
    number = 40
    lines = [begin_sign_in(site, flood.format(each)) for each in range(number)]
    try:
        refused = until_refused(lines, number - 21 - 2)  # one runs and twenty wait, and two may have ended meanwhile
        for _each in range(3):
            assert ask(site, "/mentions-legales/", "192.0.2.61")[0] == 200
        status, page = sign_in(site, "192.0.2.62")
        assert status == 200 and b"Identifiant ou mot de passe incorrect" in page
        done = len(answered(lines)) - refused
        assert done <= 15, "somebody else signed in long before the flood had its twenty"
    finally:
        for line in lines:
            line.close()
    while sign_in(site, flood.format(9999))[0] != 200:  # wait until the process has noticed that they closed
        time.sleep(0.5)


def test_refused_sign_in_gets_the_page_that_says_when_to_come_back(site):
    lines = [begin_sign_in(site, "192.0.2.4") for _each in range(30)]
    try:
        until_refused(lines, 30 - 21 - 2)
        status, page = sign_in(site, "192.0.2.4")
        assert status == 503 and b"not the password" not in page
        for number in (b"17", b"112", b"114", b"119"):
            assert b">" + number + b"</a>" in page
    finally:
        for line in lines:
            line.close()

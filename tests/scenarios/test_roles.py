"""Sockets and pages in separate processes: a message that a form sends reaches a socket, and each process refuses what
belongs to the other.
"""

import os
import time
import urllib.error
import uuid
from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.request import Request, urlopen

import pytest
from django.conf import settings
from pytest_django import DjangoDbBlocker
from websockets.exceptions import ConnectionClosed, InvalidStatus

from chat.messages.protocol import CLOSE_AGAIN
from chat.models import Message
from pnav.demo.run import Daphne, Front
from pnav.demo.services import free_port
from pnav.server.process_role import ProcessRole
from tests.chat.sockets import visit
from tests.factories import chat as make
from tests.scenarios.conftest import Client, Site, SiteOfRoles

pytestmark = pytest.mark.slow
SOCKETS, PAGES, OTHER_PAGES = 0, 1, 2
HANDSHAKE = {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Iterator[Site]:
    site = SiteOfRoles(tmp_path_factory.mktemp("roles"), django_db_blocker)
    try:
        site.start()
        site.collect_static()
        yield site
    finally:
        site.stop()


def status(site: Site, web: int, path: str) -> int:
    request = Request(f"http://127.0.0.1:{site.webs[web].port}{path}")
    try:
        with urlopen(request, timeout=20) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return int(error.code)


def send_form(site: Site, web: int, key: str, body: str) -> int:
    """Send a message as a page without a script does, and return the answer's status."""
    address = f"127.0.0.1:{site.webs[web].port}"
    line = HTTPConnection(address, timeout=20)
    token = "t" * 32
    form = f"csrfmiddlewaretoken={token}&client_id={uuid.uuid4()}&body={body}"
    line.request(
        "POST",
        "/tchat/message/",
        form,
        {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"{settings.SESSION_COOKIE_NAME}={key}; {settings.CSRF_COOKIE_NAME}={token}",
            "Origin": f"http://{address}",
        },
    )
    try:
        return line.getresponse().status
    finally:
        line.close()


def test_each_role_refuses_what_another_serves(site):
    with site.database():
        key = visit(make.assigned())
    assert status(site, SOCKETS, "/") == 421
    assert status(site, SOCKETS, "/tchat/trames/") == 421
    assert status(site, PAGES, "/") == 200
    for web in (SOCKETS, PAGES):
        assert status(site, web, "/health/live") == status(site, web, "/health/ready") == 200
        assert status(site, web, "/metrics") == 404  # neither process answers without its token
    with pytest.raises(InvalidStatus):
        site.line(PAGES, "/ws/conversation/", key)
    with site.line(SOCKETS, "/ws/conversation/", key) as line:
        line.acknowledged(line.post("bonjour"))


def test_message_of_a_form_reaches_the_socket_at_once(site):
    with site.database():
        conversation = make.assigned()
        key = visit(conversation)
    with site.line(SOCKETS, "/ws/conversation/", key) as line:
        line.send(type="sync", after=0)
        line.until(lambda frame: frame["type"] == "state")
        for web in (PAGES, OTHER_PAGES):
            assert send_form(site, web, key, f"par-{web}") == 302
            line.hears(f"par-{web}")  # this line sends no beats, so it would never find out about a lost notification


def test_message_of_a_form_reaches_the_socket_while_redis_is_away(site):
    with site.database():
        key = visit(make.assigned())
    with site.line(SOCKETS, "/ws/conversation/", key) as line:
        line.send(type="sync", after=0)
        line.until(lambda frame: frame["type"] == "state")
        site.valkey.kill()
        try:
            time.sleep(1)
            assert send_form(site, PAGES, key, "sans-sonnette") == 302
            line.hears("sans-sonnette")
        finally:
            site.valkey.start()
        time.sleep(2)
        assert send_form(site, PAGES, key, "avec-sonnette") == 302
        line.hears("avec-sonnette")


def test_process_of_pages_that_dies_leaves_nothing_unseen(site):
    """It is killed between the commit and the ring: the process of sockets misses it, and looks."""
    with site.database():
        conversation = make.assigned()
        key = visit(conversation)
    with site.line(SOCKETS, "/ws/conversation/", key) as line:
        line.send(type="sync", after=0)
        line.until(lambda frame: frame["type"] == "state")
        assert send_form(site, OTHER_PAGES, key, "avant") == 302
        line.hears("avant")
        site.webs[OTHER_PAGES].kill()
        with site.database():
            make.message(conversation, "jamais-sonne")  # it is committed, and nobody is notified
            assert Message.objects.filter(conversation=conversation).count() >= 2
        line.hears("jamais-sonne")
        site.webs[OTHER_PAGES].start()


def test_socket_of_a_process_that_is_replaced_is_told_to_come_back(site):
    """It gets SIGTERM, as every supervisor begins: the socket closes by the code that says so, and nothing is lost by
    it.
    """
    with site.database():
        key = visit(make.assigned())
    with site.line(SOCKETS, "/ws/conversation/", key) as line:
        line.acknowledged(line.post("avant l'arrêt"))
        last = line.post("pendant l'arrêt")
        site.webs[SOCKETS].stop()
        try:
            with pytest.raises(ConnectionClosed) as closed:
                while True:
                    line.receive()
            assert closed.value.rcvd is not None and closed.value.rcvd.code == CLOSE_AGAIN
        finally:
            site.webs[SOCKETS].start()
    with site.line(SOCKETS, "/ws/conversation/", key) as line:
        line.acknowledged(line.post("pendant l'arrêt", last))  # whether it was answered before or not, it is there once


def test_one_address_for_both_as_make_run_has_it(site, tmp_path, monkeypatch):
    with site.database():
        key = visit(make.assigned())
    monkeypatch.setattr(os, "environ", os.environ | site.environment)
    pages, sockets = (Daphne(tmp_path, role) for role in (ProcessRole.PAGES, ProcessRole.SOCKETS))
    front = Front(tmp_path, free_port(), pages, sockets)
    try:
        for web in (pages, sockets):
            web.start()
        for web in (pages, sockets):
            web.wait()
        front.start()
        kept = HTTPConnection(f"127.0.0.1:{front.port}", timeout=20)
        for _again in range(2):
            kept.request("GET", "/")
            assert kept.getresponse().read().startswith(b"<!doctype html>")
        with Client(front.port, "/ws/conversation/", key) as line:
            line.acknowledged(line.post("par la même adresse"))
        # On a connection of a page, a request for a socket is refused, and nothing else happens to the connection.
        kept.request("GET", "/ws/conversation/", headers={"Upgrade": "websocket", "Connection": "Upgrade"} | HANDSHAKE)
        assert kept.getresponse().status == 403
        kept.close()
    finally:
        for service in (front, sockets, pages):
            service.stop()
    assert not pages.path.parent.exists()

"""What happens to a conversation when something dies. Every process here is really killed."""

import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack

import pytest
from django.conf import settings

from chat.captures import receiving, store
from chat.models import Capture, Message
from chat.visitor import captures as pages
from common.sealed_files.chunks import CHUNK_BYTES
from common.sealed_files.folder import Folder
from pnav.sessions import SessionStore
from tests.chat.sockets import signed_in, visit
from tests.factories import captures as make_captures
from tests.factories import chat as make
from tests.scenarios.browser import Browser
from tests.scenarios.conftest import Site, restart_in_place

REPORTER = "/ws/conversation/"
CONSOLE = "/ws/console/"
UPLOAD = "/tchat/captures/envoi/"
TOKEN = "a" * 32

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def silence(tmp_path_factory, django_db_blocker):
    """Open fifty sockets of another site, where nothing else happens, and keep them silent since this moment.

    Begun before the first test of this module, for the last one: the minute goes by while processes are killed here.
    """
    site = Site(tmp_path_factory.mktemp("silent"), django_db_blocker, 1)
    try:
        site.start()
        with site.database():
            keys = [visit(make.waiting(queued_at=make.long_ago(1))) for _each in range(50)]
        with ExitStack() as stack:
            lines = [stack.enter_context(site.line(0, REPORTER, key)) for key in keys]
            yield lines, time.monotonic()
    finally:
        site.stop()


@pytest.fixture
def pair(site):
    """Return a conversation under way: its key, the two session keys."""
    with site.database():
        agent = make.agent()
        conversation = make.assigned(agent)
        return conversation, visit(conversation), signed_in(agent)


def bodies(site, conversation):
    with site.database():
        messages = Message.objects.select_related("conversation").filter(conversation=conversation)
        return [(message.seq, message.body) for message in messages if message.author != "system"]


def test_message_crosses_processes(site, pair):
    conversation, reporter_key, agent_key = pair
    with site.line(0, REPORTER, reporter_key) as reporter, site.line(1, CONSOLE, agent_key) as agent:
        agent.until(lambda frame: frame["type"] == "queue")
        time.sleep(1)  # both processes have joined the channel
        reporter.post("d'un processus à l'autre")
        # Neither line sends beats, so one that is not notified would never receive it.
        agent.hears("d'un processus à l'autre")
        agent.post("et retour", conversation=str(conversation.public_id))
        reporter.hears("et retour")


def test_long_messages_reach_the_other_side_of_a_real_server(site, pair):
    """Daphne's limit on a frame holds for what the server sends too: a page of long messages must stay below it."""
    conversation, reporter_key, agent_key = pair
    with site.database():
        for number in range(30):
            make.message(conversation, f"{number} " + "é" * 3990)
    for path, key in ((REPORTER, reporter_key), (CONSOLE, agent_key)):
        with site.line(0, path, key) as line:
            line.send(type="sync", conversation=str(conversation.public_id), after=0)
            line.until(lambda frame: frame["type"] == "state")
            assert sorted(line.items) == list(range(1, 32))


def test_valkey_killed_messages_still_arrive_and_fast_again_after(site, pair):
    _conversation, reporter_key, agent_key = pair
    with site.line(0, REPORTER, reporter_key) as reporter, site.line(1, CONSOLE, agent_key) as agent:
        agent.until(lambda frame: frame["type"] == "queue")
        site.valkey.kill()
        try:
            time.sleep(4)  # wait until both processes notice
            mine = reporter.post("sans Valkey")
            reporter.acknowledged(mine)
            agent.hears("sans Valkey")
        finally:
            site.valkey.start()
        time.sleep(8)
        reporter.post("Valkey revenu")
        agent.hears("Valkey revenu")


def test_web_process_killed_nothing_lost_nothing_doubled(site, pair):
    conversation, reporter_key, _agent_key = pair
    sent = []
    with site.line(0, REPORTER, reporter_key) as reporter:
        for number in range(20):
            sent.append((reporter.post(f"message {number}"), f"message {number}"))
        reporter.acknowledged(sent[3][0])
        site.webs[0].kill()
    seen = {item["client_id"] for item in reporter.items.values()}
    with site.line(1, REPORTER, reporter_key) as reporter:
        reporter.send(type="sync", after=max(reporter.items, default=0))
        for client_id, body in sent:
            if client_id not in seen:
                reporter.post(body, client_id)
                reporter.acknowledged(client_id)
    site.webs[0].start()
    kept = bodies(site, conversation)
    assert sorted(body for _seq, body in kept) == sorted(body for _client_id, body in sent)
    assert [seq for seq, _body in kept] == list(range(kept[0][0], kept[0][0] + 20))


def test_web_process_killed_during_an_upload_each_slice_is_there_once(site, pair, monkeypatch):
    """The script begins again and goes on where the server says. The process dies between two answers."""
    conversation, reporter_key, _agent_key = pair
    content, key = make_captures.png(more=11 * CHUNK_BYTES), str(uuid.uuid4())
    with site.database():
        visit_of_both = SessionStore(reporter_key)
        visit_of_both[pages.ANSWER] = {"of": str(conversation.public_id), "answer": "no"}
        visit_of_both.save()
    cookies = {settings.SESSION_COOKIE_NAME: reporter_key, settings.CSRF_COOKIE_NAME: TOKEN}
    ways = [Browser(web.port, cookies=dict(cookies), token=TOKEN) for web in site.webs]

    def told(answer):
        assert answer.status == 200, answer.body
        return json.loads(answer.body)["received"]

    def begin(way):
        asked = json.dumps({"id": key, "size": len(content), "name": "a.png"})
        return told(way.frame(UPLOAD, asked))

    def send(way, offset):
        where = {"Upload_Id": key, "Upload_Offset": str(offset), "X_CSRFToken": way.token}
        piece = content[offset : offset + CHUNK_BYTES]
        return told(way.ask("POST", UPLOAD, piece, Content_Type="application/octet-stream", **where))

    received = begin(ways[0])
    while received < 4 * CHUNK_BYTES:
        received = send(ways[0], received)
    with ThreadPoolExecutor(1) as thread:
        lost = thread.submit(send, ways[0], received)
        site.webs[0].kill()
        wait([lost])  # the answer either came or did not
    site.webs[0].start()
    received = begin(ways[1])
    assert received in {4 * CHUNK_BYTES, 5 * CHUNK_BYTES}
    while received < len(content):
        received = send(ways[1], received)
        assert send(ways[0], received - CHUNK_BYTES) == received  # sent again by the other process, it changes nothing
    monkeypatch.setattr(store, "storage", lambda: Folder(location=str(site.folder / "captures")))
    with site.database():
        capture = Capture.objects.select_related("conversation").get(conversation=conversation)
        sealer, files = receiving.sealer_of(capture), list((site.folder / "captures").rglob(f"{capture.store_id}/0/*"))
        kept = b"".join(store.read_file(sealer, capture.store_id, store.ORIGINAL, capture.tokens))
    assert kept == content and capture.received == len(content)
    # `store.sweep` finds the one that was never acknowledged.
    assert len(capture.tokens) == 12 and len(files) in {12, 13}


def test_postgres_killed_says_unavailable_and_recovers(site, pair):
    conversation, reporter_key, _agent_key = pair
    with site.line(0, REPORTER, reporter_key) as reporter:
        reporter.acknowledged(reporter.post("avant"))
        site.postgres.process.kill()
        site.postgres.process.wait()
        client_id = reporter.post("pendant")
        error = reporter.until(lambda frame: frame["type"] == "error", 20)
        assert (error["code"], error["client_id"]) == ("unavailable", client_id)
        restart_in_place(site.postgres)
        deadline = time.monotonic() + 30
        while True:  # keep it and try again, as the page does
            reporter.post("pendant", client_id)
            answer = reporter.until(lambda frame: frame["type"] in {"error", "messages"}, 20)
            if answer["type"] == "messages":
                break
            assert time.monotonic() < deadline
            time.sleep(0.5)
    assert [body for _seq, body in bodies(site, conversation)] == ["avant", "pendant"]


def test_idle_sockets_stay_open(silence):
    """redis-py 8 closed about one waiting socket every five seconds; a minute of silence shows it."""
    lines, since = silence
    time.sleep(max(0, since + 65 - time.monotonic()))
    for line in lines:
        line.send(type="beat")
    for line in lines:
        assert line.until(lambda frame: frame["type"] == "beat", 10)

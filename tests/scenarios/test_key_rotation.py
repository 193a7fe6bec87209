"""Keys are rotated while people write. The command is killed halfway, and then goes on."""

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.utils import timezone

from chat.messages import protocol
from chat.models import Conversation, Message
from chat.rules.message_limits import ANSWERED
from common import encryption
from pnav.pages.actions import give_feedback
from pnav.pages.models import Feedback
from reports.models import Report
from tests.chat.sockets import visit
from tests.factories import chat as make
from tests.scenarios.conftest import ROOT, Client, Site
from tests.scenarios.watched_site import NEW_KEY, watched_site

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def watched(tmp_path_factory, django_db_blocker) -> Iterator[Site]:
    with watched_site(tmp_path_factory.mktemp("watched"), django_db_blocker) as site:
        yield site


MANY, BATCH = 1600, 500  # messages, and how many of them a transaction of `rotate_keys` takes


def keys_of(site: Site) -> dict[str, int]:
    """Return how many messages each key has sealed."""
    rows = Message.objects.values_list("sealed_body", flat=True)
    with site.database():
        return dict(Counter(encryption.key_name(bytes(sealed)) for sealed in rows))


def rotate(site: Site) -> subprocess.Popen[bytes]:
    command = [sys.executable, "manage.py", "rotate_keys"]
    return subprocess.Popen(command, cwd=ROOT, env=site.environment, stdout=subprocess.PIPE)


def write_many(conversation: Conversation, count: int) -> list[str]:
    """Write messages of the person, sealed with the older key, and return their bodies."""
    first = conversation.last_seq + 1
    bodies = [f"message {number}" for number in range(first, first + count)]
    Message.objects.bulk_create(
        Message(
            conversation=conversation,
            seq=seq,
            author="reporter",
            sealed_body=encryption.seal(body, context=Message.context_of(conversation.public_id, seq, "reporter")),
            sent_at=timezone.now(),
        )
        for seq, body in enumerate(bodies, first)
    )
    Conversation.objects.filter(pk=conversation.pk).update(last_seq=first + count - 1)
    return bodies


class Writer(threading.Thread):
    """A person who goes on writing, each message after the acknowledgement of the last one.

    A message that was too fast for the pace of a person is sent again, as the page does.
    """

    def __init__(self, site: Site, key: str) -> None:
        super().__init__(daemon=True)
        self.site, self.key = site, key
        self.sent: list[str] = []
        self.is_over = False

    def run(self) -> None:
        with self.site.line(0, "/ws/conversation/", self.key) as line:
            while not self.is_over:
                body = f"pendant {len(self.sent)}"
                if self._is_kept(line, line.post(body)):
                    self.sent.append(body)
                    time.sleep(0.06)
                else:
                    time.sleep(ANSWERED.interval_seconds)

    @staticmethod
    def _is_kept(line: Client, client_id: str) -> bool:
        """Return whether it was acknowledged; the only other answer is that it came too fast, and then nothing was
        written.
        """

        def is_it(frame: dict[str, Any]) -> bool:
            return any(one.get("client_id") == client_id for one in (frame, *frame.get("items", [])))

        frame = line.until(is_it)
        assert frame["type"] != "error" or frame["code"] == protocol.RATE_LIMITED, frame
        return frame["type"] != "error"


def read_all(site: Site, key: str, last_seq: int) -> list[str]:
    """Return every body, as a page reads them from the server."""
    with site.line(0, "/ws/conversation/", key) as line:
        line.send(type="sync", after=0)
        while len([seq for seq in line.items if seq <= last_seq]) < last_seq:  # a new one may come before the old ones
            line.receive()
        return [line.items[seq]["body"] for seq in range(1, last_seq + 1)]


def test_rotation_is_killed_halfway_and_goes_on_while_people_write(watched, tried, settings):
    """It is killed while it waits for a row that somebody holds, in a later batch: the first ones are done, none is
    lost.
    """
    with watched.database():
        conversation = make.assigned()
        conversation.refresh_from_db()
        bodies = write_many(conversation, MANY)
        key = visit(conversation)
        opinion = give_feedback(rating="yes", page="other", text="à garder")
    before = conversation.last_seq
    writer = Writer(watched, key)
    writer.start()
    with psycopg.connect(watched.postgres.url) as holder:
        holder.execute("SELECT 1 FROM chat_message WHERE conversation_id = %s AND seq = %s FOR UPDATE",
                       [conversation.pk, before + MANY - 100])  # fmt: skip
        killed = rotate(watched)
        deadline = time.monotonic() + 30
        while keys_of(watched).get("new", 0) < BATCH + len(writer.sent):
            assert killed.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        killed.kill()
        assert killed.wait(5) == -9
    halfway = keys_of(watched)
    assert halfway["new"] >= BATCH and halfway["test"] > 100, halfway
    assert read_all(watched, key, before + MANY)[before:] == bodies, "both keys open"

    assert rotate(watched).wait(60) == 0
    writer.is_over = True
    writer.join(20)
    assert set(keys_of(watched)) == {"new"}
    assert len(writer.sent) > 5, "nobody wrote meanwhile"
    after = read_all(watched, key, before + MANY + len(writer.sent))
    assert after[before:] == [*bodies, *writer.sent]
    settings.CONTENT_KEYS = NEW_KEY  # the older key was removed
    with watched.database():
        assert all(message.body for message in Message.objects.select_related("conversation"))
        assert Report.objects.get(pk=conversation.report_id).triage_answers() == {}
        assert Feedback.objects.get(pk=opinion.pk).text == "à garder"
    tried("messages sealed again, the command killed halfway", MANY)

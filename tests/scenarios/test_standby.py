"""The primary PostgreSQL is lost while people write, and its standby is promoted: nothing acknowledged is lost."""

import time

import pytest

from benchmarks.faults.standby import Pair
from chat.models import Message
from tests.chat.sockets import visit
from tests.factories import chat as make
from tests.scenarios.conftest import Site

pytestmark = pytest.mark.slow


class SiteOfTwo(Site):
    """A site with a primary, and a standby that has each commit before it is acknowledged. One address names both."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.postgres = Pair(self.folder / "state")

    def stop(self):
        super().stop()
        self.postgres.remove()


@pytest.fixture
def site(tmp_path_factory, django_db_blocker):
    site = SiteOfTwo(tmp_path_factory.mktemp("two"), django_db_blocker, webs=1)
    try:
        site.start()
        yield site
    finally:
        site.stop()


def write(line, body):
    """Write as the page does: keep it, send it again under the same id, until it is acknowledged."""
    client_id = line.post(body)
    deadline = time.monotonic() + 60
    while True:
        answer = line.until(lambda frame: frame["type"] in {"error", "messages"}, 30)
        if any(item.get("client_id") == client_id for item in answer.get("items", [])):
            return
        if answer["type"] == "error":
            assert answer["code"] == "unavailable" and time.monotonic() < deadline, answer
            time.sleep(0.2)
            line.post(body, client_id)


def test_primary_lost_and_standby_promoted_nothing_acknowledged_is_lost(site):
    pair = site.postgres
    with site.database():
        conversation = make.assigned(make.agent())
        key = visit(conversation)
    lost = pair.primary
    with site.line(0, "/ws/conversation/", key) as line:
        for number in range(20):
            write(line, f"avant {number}")
        lost.lose()
        unsure = line.post("pendant")  # nobody can tell yet what became of it
        pair.fail_over()
        assert pair.primary is not lost
        write(line, "après")
        line.post("pendant", unsure)
        line.acknowledged(unsure)
    wanted = {*(f"avant {number}" for number in range(20)), "pendant", "après"}
    with site.database():
        rows = Message.objects.select_related("conversation").filter(conversation=conversation).order_by("seq")
        kept = [(row.seq, row.body) for row in rows if row.author != "system"]
    assert sorted(body for _seq, body in kept) == sorted(wanted)
    assert [seq for seq, _body in kept] == list(range(kept[0][0], kept[0][0] + len(wanted)))

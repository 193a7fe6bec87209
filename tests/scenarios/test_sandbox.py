"""The people of the sandbox on a real site: they come through the pages, answer over the socket, and leave."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from chat.models import Conversation, Message
from chat.rules.lifecycle import Author, Availability, Status
from pnav.demo import script
from reports.models import Report
from tests.factories import chat as make
from tests.factories import locations as places
from tests.scenarios.conftest import ROOT, Client, PlainSite

pytestmark = pytest.mark.slow

NAMES = ("calme", "mineur", "agressif")
ASKED = "Bonjour. Vous êtes en sécurité ? On vous a menacé ? Le 3018 est gratuit."


@pytest.fixture(scope="module")
def site(tmp_path_factory, django_db_blocker) -> Iterator[PlainSite]:
    site = PlainSite(tmp_path_factory.mktemp("site"), django_db_blocker, webs=1)
    try:
        site.start()
        yield site
    finally:
        site.stop()


def test_three_people_come_answer_and_take_leave(site):
    with site.database():
        from tests.chat.sockets import signed_in

        for number, name in enumerate(NAMES):
            commune = places.municipality(f"Commune {number}", f"9512{number}", (script.read(name).place,))
            places.reception_point(f"Commissariat {number}", for_=commune)
        agent = make.agent(availability=Availability.AVAILABLE, capacity=3)
        key = signed_in(agent)
    command = ["--only", ",".join(NAMES), "--speed", "25", "--seed", "1", "--minutes", "1"]
    address = f"http://127.0.0.1:{site.webs[0].port}"
    people = subprocess.Popen(
        [sys.executable, "-m", "pnav.demo.sandbox", *command, "--site", address],
        cwd=ROOT,
        env=site.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        with site.line(0, "/ws/console/", key) as console:
            answered = _answer_each(console)
        people.send_signal(signal.SIGINT)
        said, _nothing = people.communicate(timeout=20)
    finally:
        people.kill()
        people.wait()
    assert people.returncode == 0, said
    assert len(answered) == len(NAMES)
    with site.database():
        found = {report.age: report for report in Report.objects.all()}
        assert len(Report.objects.all()) == len(NAMES) and {"adult", "under_18"} == set(found)
        bodies = [
            message.body for message in Message.objects.filter(author=Author.REPORTER).select_related("conversation")
        ]
        assert set(Conversation.objects.values_list("status", "closed_by")) == {(Status.CLOSED, Author.REPORTER)}
    for name in NAMES:
        one = script.read(name)
        heard = next(reply for reply in one.replies if reply.are_in(ASKED))
        assert set(one.openings[0]) | set(heard.say) <= set(bodies), name


def _answer_each(console: Client) -> set[str]:
    """Ask everybody the same, once they wrote; whose answers came afterwards."""
    asked: dict[str, int] = {}
    answered: set[str] = set()
    deadline = time.monotonic() + 30
    while len(answered) < len(NAMES):
        frame = console.receive(max(0.01, deadline - time.monotonic()))
        if frame["type"] == "assigned":
            console.send(type="sync", conversation=frame["conversation"], after=0)
        if frame["type"] != "messages":
            continue
        key = frame["conversation"]
        theirs = [item["seq"] for item in frame["items"] if item["author"] == "reporter"]
        if theirs and key not in asked:
            asked[key] = 0
            console.post(ASKED, conversation=key)
        for item in frame["items"]:
            if item["author"] == "agent":
                asked[key] = item["seq"]
        # The two lines after the question are what each of these scripts answers.
        after = [seq for seq in theirs if asked.get(key) and seq > asked[key]]
        if after:
            answered.add(key)
    time.sleep(1.5)  # the second line of the last one
    return answered

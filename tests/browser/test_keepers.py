"""The attacker « keepers » of the siege against one site: each of its acts is answered, or refused because there are
too many.
"""

from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import pytest

from benchmarks.siege import ground
from benchmarks.siege.attackers import Tally, Target, keepers
from chat.models import JournalFact
from tests.browser.exchange import in_site
from tests.chat.sockets import visit
from tests.factories import chat as make

FACTS = 499
ACTS = {"note", "show", "read", "copy", "ask_receipt", "ask_removal"}
EACH = 3  # how often each act is answered at least: the journal is full after the first fact
TURN_SECONDS, TURNS = 2.0, 10  # a busy machine answers less in a turn
UNANSWERED = "TimeoutError"


def begun() -> dict[str, Any]:
    """Return an exchange with a full journal, whose agent reads nothing meanwhile."""
    conversation = make.assigned()
    ground.fill_facts(str(conversation.public_id), FACTS)
    return {"conversation": str(conversation.public_id), "reporter": visit(conversation), "agent": ""}


@pytest.mark.slow
def test_every_act_of_keepers_is_answered_and_bounded(live_site) -> None:
    own, tally = in_site(live_site, begun), Tally()
    port = urlsplit(live_site.url).port
    assert port is not None
    for _turn in range(TURNS):
        keepers(Target(port, port, seconds=TURN_SECONDS, visits=[own], strength=0.5), tally)
        said = [one.split(maxsplit=1) for one in tally.answers.elements()]
        acts = Counter(act for act, status in said if status != UNANSWERED)
        if min(acts[act] for act in ACTS) >= EACH:
            break
    answers = dict(tally.answers)
    assert set(acts) == ACTS and min(acts.values()) >= EACH, answers
    assert answers.keys() >= {"show 200", "read 200"}, "what is kept is shown all the same"
    # A copy that a busy machine makes late is said to be under way (202).
    # An act may be refused as too much (413, 429, 503), as no such item (422) or as full (409), and never with an error
    # of the site.
    refused = {status for _act, status in said} - {"200", "202", UNANSWERED}
    assert refused <= {"409", "413", "422", "429", "503"}, answers
    facts = JournalFact.objects.filter(conversation__public_id=own["conversation"])
    assert in_site(live_site, facts.count) <= FACTS + 1, "no more facts than there may be"

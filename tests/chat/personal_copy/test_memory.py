"""Documents of the longest exchange are made in the memory that the table of costs allows them.

`make costs` asks for them with every kind of input, and its exchanges are short. The child processes that draw the PDFs
are played: what they are sent is made and measured, and what they return is as long as the longest part was.
"""

import tracemalloc
import uuid
from collections.abc import Callable, Iterable
from typing import Any

import orjson
import pytest
from django.utils import timezone

from benchmarks.costs import table
from chat.journal import actions as journal_actions
from chat.journal.facts import ACCOUNT_MAX, LINK_MAX, PLATFORM_MAX, SEEN_BY_MAX, WHAT_MAX, Told
from chat.models import Conversation, JournalFact
from chat.rules.lifecycle import Author
from chat.rules.message_limits import AGENT
from common.offload import pool
from common.service_settings import definitions, values
from tests.chat.console.agents import signed_in
from tests.factories import chat as make
from tests.factories import transmissions as hand
from tests.support import strict_html

pytestmark = pytest.mark.django_db

COPY = "/tchat/copie/"
WORDS = {"lock": "on", "words": "cheval bleu pomme ete nuage"}
# On 2 December 2026 the longest part of a document, 1,000 messages of 212 letters, was drawn in 979,209 bytes, and one
# of emoji in less than what the child was sent.
PAPER_BYTES = 1_000_000


@pytest.fixture
def sent(monkeypatch) -> list[int]:
    """Play the child processes. Returns how many bytes each was sent."""
    found: list[int] = []

    def run(module: str, data: Any, **_options: Any) -> tuple[Any, bytes]:
        found.append(len(orjson.dumps(data)))
        assert found[-1] <= pool.INPUT_AT_MOST
        return {}, b"k" * 32 if module.endswith("lock") else b"%PDF" + b"x" * min(PAPER_BYTES, found[-1])

    monkeypatch.setattr(pool, "run", run)
    # The tests' own parser of pages would be measured too.
    monkeypatch.setattr(strict_html, "check", lambda *_page: None)
    return found


def full(conversation: Conversation, letter: str) -> Conversation:
    """Return this exchange as full as both sides can make it, with all its facts shown to the agent and read."""
    long = AGENT.characters // AGENT.messages
    make.thread(conversation, [letter * long] * (AGENT.messages - conversation.last_seq))
    told = Told(
        what=letter * WHAT_MAX,
        platform=letter * PLATFORM_MAX,
        account=letter * ACCOUNT_MAX,
        link=letter * LINK_MAX,
        seen_by=letter * SEEN_BY_MAX,
    )
    for _each in range(values.get(definitions.FACTS_MOST)):
        journal_actions.note_fact(conversation_id=conversation.pk, public_id=uuid.uuid4(), told=told)
    now = timezone.now()
    JournalFact.objects.filter(conversation=conversation).update(shown_at=now, read_at=now)
    return conversation


def peak_kib(ask: Callable[[], Any]) -> tuple[Any, int]:
    """Return the answer, read to its end as a browser does, and the most Python memory that it needed, in KiB."""
    tracemalloc.start()
    try:
        answer = ask()
        if answer.streaming:
            pieces: Iterable[bytes] = answer.streaming_content
            assert sum(map(len, pieces)) == int(answer["Content-Length"])
        return answer, tracemalloc.get_traced_memory()[1] // 1024
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("letter", ["a", "🙂"])
def test_documents_of_the_longest_exchange_fit_their_budget(as_reporter, sent, letter, tried):
    unit = hand.account()
    conversation = full(make.assigned(reception_point=unit.point), letter)
    row = hand.opened(conversation, unit)
    assert conversation.assigned_to is not None and conversation.messages.filter(author=Author.REPORTER).count() > 3_000
    person, agent = as_reporter(conversation), signed_in(conversation.assigned_to.user)
    document = f"/console/echange/{conversation.public_id}/document/"
    asked: dict[str, tuple[Callable[[], Any], table.Line]] = {
        "copy": (lambda: person.post(COPY, {"device": "mine"}), table.ROUTES["chat:copy"]),
        "closed by words": (lambda: person.post(COPY, {"device": "mine", **WORDS}), table.ROUTES["chat:copy"]),
        "part": (lambda: agent.post(document, {"motive": "person", "part": "1"}), table.ROUTES["console:paper"]),
        "archive": (lambda: agent.post(document, {"motive": "person", "archive": "on"}), table.ROUTES["console:paper"]),
        "dossier": (
            lambda: signed_in(unit.user).post(f"/unite/{row.public_id}/dossier/"),
            table.ROUTES["unit:dossier"],
        ),
    }
    measured = {}
    for name, (ask, line) in asked.items():
        answer, kib = peak_kib(ask)
        assert answer.status_code == 200, name
        measured[name] = (kib, line.write.kib)
    assert [name for name, (kib, most) in measured.items() if kib > most] == [], measured
    tried("costs: document of the longest exchange", len(asked))

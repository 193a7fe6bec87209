"""Documents of the longest exchange are made in the 8 MiB that the table of costs allows every act.

`make costs` asks for them with every kind of input, and its exchanges are short. The child processes that draw the PDFs
are played: what they are sent is made and measured, and what they return is as long as the longest part was.
"""

import uuid
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from benchmarks.costs import table
from chat.journal import actions as journal_actions
from chat.journal import queries as journal_queries
from chat.journal.facts import ACCOUNT_MAX, LINK_MAX, PLATFORM_MAX, SEEN_BY_MAX, WHAT_MAX, Told
from chat.models import Conversation, JournalFact, Transmission, UnitAccount
from chat.proof_of_date import sources
from chat.referral import actions as referral_actions
from chat.referral.queries import AgreedFacts
from chat.rules.lifecycle import Author
from chat.rules.message_limits import AGENT
from common.offload import pool
from common.service_settings import definitions, values
from reports.proof_of_date import days
from tests.chat.console.agents import signed_in
from tests.factories import chat as make
from tests.factories import transmissions as hand
from tests.support import strict_html
from tests.support.act_cost import cost_of
from tests.support.moments import yesterday_noon

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


def full(conversation: Conversation, text: Callable[[int], str]) -> Conversation:
    """Return this exchange as full as both sides can make it, with all its facts shown to the agent and read.

    text: returns a text of so many characters.
    """
    long = AGENT.characters // AGENT.messages
    make.thread(conversation, [text(long)] * (AGENT.messages - conversation.last_seq))
    told = Told(
        what=text(WHAT_MAX),
        platform=text(PLATFORM_MAX),
        account=text(ACCOUNT_MAX),
        link=text(LINK_MAX),
        seen_by=text(SEEN_BY_MAX),
    )
    for _each in range(values.get(definitions.FACTS_MOST)):
        journal_actions.note_fact(conversation_id=conversation.pk, public_id=uuid.uuid4(), told=told)
    then = yesterday_noon()
    JournalFact.objects.filter(conversation=conversation).update(noted_at=then, shown_at=then, read_at=then)
    conversation.messages.update(sent_at=then)
    days.run_all(sources.sources)  # each of them has a proof of date
    return conversation


def agreed(conversation: Conversation, unit: UnitAccount) -> Transmission:
    """Return a summary that the unit has read, and with which all facts went."""
    row, facts = hand.asked(conversation, unit), AgreedFacts(*journal_queries.count_read(conversation))
    referral_actions.answer_consent(conversation=conversation, public_id=row.public_id, agrees=True, facts=facts)
    row = Transmission.objects.select_related("conversation__report", "point").get(pk=row.pk)
    referral_actions.mark_read(transmission=row, by=unit.user)
    return Transmission.objects.get(pk=row.pk)


def warm_up(as_reporter: Any, unit: UnitAccount) -> None:
    """Make each document once, so that what a process loads with its first one is not counted."""
    conversation = make.assigned(reception_point=unit.point)
    assert conversation.assigned_to is not None
    page = f"/console/echange/{conversation.public_id}/"
    agent = signed_in(conversation.assigned_to.user)
    assert agent.get(page).status_code == 200
    for client, address, form in (
        (as_reporter(conversation), COPY, {"device": "mine", **WORDS}),
        (agent, f"{page}document/", {"motive": "person", "archive": "on"}),
    ):
        assert b"".join(client.post(address, form).streaming_content)


# Four bytes a letter; and four in memory, one in JSON and little on paper, because a single emoji widens a whole text.
# Texts of one byte a letter take less (3.7 MiB at most on 3 December 2026).
TEXTS: dict[str, Callable[[int], str]] = {
    "emoji": lambda size: "🙂" * size,
    "widened": lambda size: "a" * (size - 1) + "🙂",
}


@pytest.mark.parametrize("text", TEXTS)
def test_documents_of_the_longest_exchange_fit_their_budget(as_reporter, sent, text, tried):
    unit = hand.account()
    warm_up(as_reporter, unit)
    conversation = full(make.assigned(reception_point=unit.point), TEXTS[text])
    row = agreed(conversation, unit)
    assert conversation.assigned_to is not None and conversation.messages.filter(author=Author.REPORTER).count() > 3_000
    person, agent = as_reporter(conversation), signed_in(conversation.assigned_to.user)
    of_unit = signed_in(unit.user)
    screen = f"/console/echange/{conversation.public_id}/"
    document = f"{screen}document/"
    asked: dict[str, tuple[Callable[[], Any], table.Line]] = {
        "copy": (lambda: person.post(COPY, {"device": "mine"}), table.ROUTES["chat:copy"]),
        "closed by words": (lambda: person.post(COPY, {"device": "mine", **WORDS}), table.ROUTES["chat:copy"]),
        "part": (lambda: agent.post(document, {"motive": "person", "part": "1"}), table.ROUTES["console:paper"]),
        "archive": (lambda: agent.post(document, {"motive": "person", "archive": "on"}), table.ROUTES["console:paper"]),
        "dossier": (
            lambda: of_unit.post(f"/unite/{row.public_id}/dossier/"),
            table.ROUTES["unit:dossier"],
        ),
        # The pages that read the same facts.
        "console": (lambda: agent.get(screen), table.ROUTES["console:conversation"]),
        "summary": (lambda: of_unit.get(f"/unite/{row.public_id}/"), table.ROUTES["unit:detail"]),
    }
    measured = {}
    for name, (ask, line) in asked.items():
        answer, kib, statements = cost_of(ask)
        assert answer.status_code == 200, name
        assert line.read.kib == line.write.kib == 8 * 1024
        measured[name] = (kib, statements, line.write.statements)
    assert [name for name, (kib, _count, _most) in measured.items() if kib > 8 * 1024] == [], measured
    assert [name for name, (_kib, count, most) in measured.items() if count > most] == [], measured
    tried("costs: document of the longest exchange", len(asked))

"""Noting, correcting, erasing, showing and taking back facts; and reading them, after which none of that is
possible.
"""

import threading
import uuid
from datetime import date, time, timedelta
from time import thread_time

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from chat.journal import actions, panel, queries
from chat.journal.dates import Moment, Precision
from chat.journal.facts import Told
from chat.models import JournalFact
from common.service_settings import definitions
from tests.factories import chat as make

pytestmark = pytest.mark.django_db
EVENING = Moment(Precision.MINUTE, date(2027, 3, 12), time(18, 5))


def note(conversation, what="Un mot", moment=EVENING, **words):
    told = Told(what, moment, **words)
    return actions.note_fact(conversation_id=conversation.pk, public_id=uuid.uuid4(), told=told)


@pytest.fixture
def told(monkeypatch):
    """Return the conversations whose agent's page was told."""
    found = []
    monkeypatch.setattr(actions.pubsub, "state_changed", found.append)
    return found


def test_fact_is_sealed_for_its_row_and_its_date_too(told):
    conversation = make.waiting()
    fact = note(conversation, "Insultes", account="@lea", platform="Jeu", link="exemple.fr", seen_by="Sam")
    row = JournalFact.objects.get()
    for word in (b"Insultes", b"2027-03-12", b"18:05", b"@lea", b"Jeu", b"exemple.fr", b"Sam"):
        assert word not in bytes(row.sealed_words)
    (shown,), _earlier = queries.own_piece(conversation)
    assert shown.told == Told("Insultes", EVENING, "Jeu", "@lea", "exemple.fr", "Sam")
    other = note(make.waiting())
    other.sealed_words = fact.sealed_words
    other.save()
    assert queries.own_fact(other.conversation, other.public_id).told is None, "it opens in its own row alone"
    assert told == [], "what is private is told to nobody"


def test_same_form_twice_is_one_fact_and_another_text_is_another():
    conversation, key = make.waiting(), uuid.uuid4()
    for what in ("Un mot", "Un mot", "Un autre"):
        actions.note_fact(conversation_id=conversation.pk, public_id=key, told=Told(what))
    found, _earlier = queries.own_piece(conversation)
    assert [(fact.number, fact.told.what) for fact in found] == [(2, "Un autre"), (1, "Un mot")]


def test_id_of_another_exchange_is_no_fact_of_this_one():
    fact = note(make.waiting())
    other = make.waiting()
    actions.note_fact(conversation_id=other.pk, public_id=fact.public_id, told=Told("Ailleurs"))
    with pytest.raises(actions.FactGone):
        actions.change_fact(conversation_id=other.pk, public_id=note(fact.conversation).public_id, told=Told("x"))
    assert queries.own_fact(fact.conversation, fact.public_id).told.what == "Un mot"


def test_journal_is_bounded(set_rule):
    set_rule(definitions.FACTS_MOST, 20)
    conversation = make.waiting()
    for _each in range(20):
        note(conversation)
    with pytest.raises(actions.JournalFull):
        note(conversation)
    note(make.waiting())


def test_what_is_shown_is_read_once_it_goes_to_the_agents_page(told):
    conversation = make.assigned()
    told.clear()
    first, second = note(conversation), note(conversation)
    assert actions.show_facts(conversation=conversation, only=[first.public_id]) == 1
    assert told == [conversation.public_id]
    unseen = panel.read_panel(conversation, is_looked_at=False)
    assert (unseen.total, unseen.unread) == (0, 1) and queries.count_facts(conversation).read == 0
    seen = panel.read_panel(conversation, is_looked_at=True)
    assert [line.number for line in seen.lines] == [first.number] and seen.new == 1
    again = panel.read_panel(conversation, is_looked_at=True)
    assert (again.total, again.new, again.lines[0].is_new) == (1, 0, False)
    assert queries.own_fact(conversation, second.public_id).shown_at is None


def test_what_is_taken_back_before_is_never_read(told):
    conversation = make.assigned()
    told.clear()
    fact = note(conversation)
    actions.show_facts(conversation=conversation)
    assert actions.take_back(conversation=conversation, only=[fact.public_id]) == 1 and len(told) == 2
    assert not panel.read_panel(conversation, is_looked_at=True).is_there
    assert actions.take_back(conversation=conversation) == 0


def test_what_was_read_stays_as_it_is():
    conversation = make.assigned()
    fact = note(conversation)
    actions.show_facts(conversation=conversation)
    actions.mark_read(conversation)
    assert actions.take_back(conversation=conversation, only=[fact.public_id]) == 0
    for act in (
        lambda: actions.change_fact(conversation_id=conversation.pk, public_id=fact.public_id, told=Told("Autre")),
        lambda: actions.erase_fact(conversation_id=conversation.pk, public_id=fact.public_id),
    ):
        with pytest.raises(actions.FactRead):
            act()
    assert queries.own_fact(conversation, fact.public_id).told.what == "Un mot"


def test_own_fact_is_corrected_and_erased_before(told):
    conversation = make.assigned()
    told.clear()
    fact = note(conversation)
    actions.change_fact(conversation_id=conversation.pk, public_id=fact.public_id, told=Told("Autre"))
    assert queries.own_fact(conversation, fact.public_id).told.what == "Autre" and told == []
    actions.show_facts(conversation=conversation)
    actions.change_fact(conversation_id=conversation.pk, public_id=fact.public_id, told=Told("Encore"))
    actions.erase_fact(conversation_id=conversation.pk, public_id=fact.public_id)
    actions.erase_fact(conversation_id=conversation.pk, public_id=fact.public_id)
    assert len(told) == 3 and queries.count_facts(conversation).all == 0


def test_nobody_elses_facts_are_shown_or_taken_back():
    mine, other = make.assigned(), make.assigned()
    fact = note(other)
    assert actions.show_facts(conversation=mine, only=[fact.public_id]) == 0
    actions.show_facts(conversation=other)
    assert actions.take_back(conversation=mine, only=[fact.public_id]) == 0
    assert not panel.read_panel(mine, is_looked_at=True).is_there


def test_facts_go_with_their_exchange():
    conversation = make.waiting()
    note(conversation)
    conversation.report.delete()
    assert not JournalFact.objects.exists()


def test_agent_reads_them_by_date_whatever_order_they_were_noted_in():
    conversation = make.assigned()
    days = [date(2027, 3, 20), None, date(2027, 1, 2)]
    for day in days:
        note(conversation, moment=Moment() if day is None else Moment(Precision.DAY, day))
    actions.show_facts(conversation=conversation)
    lines = panel.read_panel(conversation, is_looked_at=True).lines
    assert [line.number for line in lines] == [3, 1, 2]
    assert [line.when for line in lines] == ["2 janvier 2027", "20 mars 2027", "Date inconnue"]


def test_reading_costs_the_same_statements_for_one_fact_and_for_many():
    counts = []
    for many in (1, 60):
        conversation = make.assigned()
        for _each in range(many):
            note(conversation)
        actions.show_facts(conversation=conversation)
        with CaptureQueriesContext(connection) as asked:
            found = panel.read_panel(conversation, is_looked_at=True)
        counts.append(len(asked))
        assert len(found.lines) == min(many, panel.SHOWN) and found.later == max(0, many - panel.SHOWN)
    assert counts[0] == counts[1] == 4
    with CaptureQueriesContext(connection) as asked:
        panel.read_panel(make.waiting(), is_looked_at=True)
    assert sum("journalfact" in query["sql"] for query in asked) == 1, "who has no facts costs one statement"


def test_five_hundred_facts_stay_quick():
    """As many facts as a journal holds are shown and opened at once.

    The time is that of this thread's processor, the least of three.
    """

    def seconds(many):
        conversation = make.assigned()
        day, account = date(2026, 1, 1), "@compte"
        for n in range(many):
            when = Moment(Precision.DAY, day + timedelta(days=n % 200))
            note(conversation, what="é" * 500, moment=when, account=f"{account}{n % 7}")
        actions.show_facts(conversation=conversation)
        found = []
        for _each in range(3):
            begun = thread_time()
            shown = panel.read_panel(conversation, is_looked_at=True)
            found.append(thread_time() - begun)
        assert (shown.total, len(shown.lines), shown.later) == (many, panel.SHOWN, many - panel.SHOWN)
        return min(found)

    assert definitions.FACTS_MOST.most == 500
    half, whole = seconds(250), seconds(500)
    assert whole < 0.06, "half of what the page may cost (benchmarks.costs.table), of which it is a part"
    assert whole < 2.5 * half + 0.005, "it grows as they do"


def test_pieces_of_a_long_journal():
    conversation = make.waiting()
    for _each in range(queries.PIECE + 3):
        note(conversation)
    first, before = queries.own_piece(conversation)
    second, end = queries.own_piece(conversation, before=before)
    assert [fact.number for fact in first + second] == list(range(queries.PIECE + 3, 0, -1)) and end == 0
    actions.show_facts(conversation=conversation)
    (whole, total, later), (rest, _total, end) = (panel.read_page(conversation, after) for after in (0, panel.A_PAGE))
    assert len(whole) == total == queries.PIECE + 3 and rest == [] and later == end == 0


@pytest.mark.django_db(transaction=True)
def test_taken_back_while_it_is_read_is_one_or_the_other():
    """Real threads are used: whoever comes second waits for the first, and finds the fact taken back, or read."""
    conversation = make.assigned()
    fact = note(conversation)
    actions.show_facts(conversation=conversation)
    begun, results = threading.Event(), {}

    def read() -> None:
        begun.wait(10)
        try:
            results["read"] = actions.mark_read(conversation)
        finally:
            connection.close()

    reader = threading.Thread(target=read)
    reader.start()
    with transaction.atomic():
        results["taken"] = actions.take_back(conversation=conversation)
        begun.set()
        # The row is locked until here, so the reader waits or comes later.
        reader.join(0.2)
    reader.join(10)
    assert results == {"taken": 1, "read": 0}
    assert queries.own_fact(conversation, fact.public_id).read_at is None

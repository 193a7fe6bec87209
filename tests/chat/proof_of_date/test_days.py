"""Each closed day has one tree of what was written on it, and each item of it has a proof that reveals no
other item.
"""

import itertools
import json
import threading
import uuid
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat.journal import actions as journal
from chat.journal.facts import Told
from chat.models import Capture, Conversation, ItemShare, JournalFact, Message
from chat.proof_of_date import proofs, sources
from common import encryption
from common.data_keys import keys as data_keys
from reports.audit import log as audit_log
from reports.models import AccessKind, AccessRecord, ProofChunk, ProofDay, Report
from reports.proof_of_date import days
from reports.proof_of_date.proofs import proof_of_line
from reports.rules import date_proofs, merkle
from tests.chat.conversations.test_actions import in_threads
from tests.factories import captures
from tests.factories import chat as make
from tests.support.moments import tomorrow_noon, yesterday_noon

pytestmark = pytest.mark.django_db


@pytest.fixture
def chunks_of_four(monkeypatch):
    monkeypatch.setattr(days, "CHUNK", 4)
    monkeypatch.setattr("reports.proof_of_date.proofs.CHUNK", 4)


def yesterday(*conversations):
    """Move all of these to noon of the day before, long before it ended."""
    then = yesterday_noon()
    for conversation in conversations:
        Message.objects.filter(conversation=conversation).update(sent_at=then)
        JournalFact.objects.filter(conversation=conversation).update(noted_at=then)


def note(conversation, what="Un fait"):
    return journal.note_fact(conversation_id=conversation.pk, public_id=uuid.uuid4(), told=Told(what))


def recorded(count=1):
    for _one in range(count):
        with transaction.atomic():
            audit_log.record(kind=AccessKind.READING, by=None, motive="contrôle")


def made():
    """Make trees of all that is due, and return the newest day."""
    days.run_all(sources.sources)
    return ProofDay.objects.last()


def verified(proof):
    verdict = date_proofs.verify(proof.as_json())
    assert verdict.is_whole, verdict.checks
    return verdict


def test_each_message_and_fact_of_a_closed_day_has_its_proof(chunks_of_four):
    threads = [make.thread(make.waiting(), [f"Message {n} de {m}" for n in range(3)]) for m in range(3)]
    facts = [note(thread, f"Fait de {n}") for n, thread in enumerate(threads)]
    yesterday(*threads)
    day = made()
    assert (day.size, day.chunks.count()) == (12, 3)
    assert day.day == timezone.localdate() - timedelta(days=1)
    places = set()
    for number, thread in enumerate(threads):
        found = list(proofs.proofs_of(thread))
        assert [proof.name for proof in found] == ["message-1", "message-2", "message-3", "fait-1"]
        for proof in found:
            verdict = verified(proof)
            assert verdict.day == day.day and not verdict.is_dated
            places.add(proof.index)
        assert json.loads(found[1].item)["text"] == f"Message 1 de {number}"
        assert json.loads(found[3].item)["told"]["what"] == f"Fait de {number}"
        assert "de " not in "".join(found[1].as_json().split(found[1].item.replace('"', '\\"'))), "nothing of another"
        message = thread.messages.get(seq=2)
        assert proofs.proof_of(message) == found[1]
        assert proofs.proof_of(JournalFact.objects.get(pk=facts[number].pk)) == found[3]
    assert places == set(range(12)), "each leaf is of one item"


def test_what_is_of_today_waits_and_an_empty_day_is_stamped_too():
    thread = make.thread(make.waiting(), ["Aujourd'hui"])
    fact = note(thread)
    day = made()
    assert (day.size, day.read().root) == (0, merkle.EMPTY.hex())
    assert proofs.proof_of(thread.messages.get()) is None
    assert proofs.proof_of(fact) is None
    assert list(proofs.proofs_of(thread)) == []


def test_second_run_adds_nothing_and_the_next_day_only_what_is_new(monkeypatch):
    thread = make.thread(make.waiting(), ["Hier"])
    yesterday(thread)
    first = made()
    assert made() == first and ItemShare.objects.count() == 1
    make.message(thread, "Aujourd'hui")
    tomorrow = tomorrow_noon()
    monkeypatch.setattr(days, "next_day", lambda _now, real=days.next_day: real(tomorrow))
    second = made()
    assert second.day == first.day + timedelta(days=1)
    assert second.read().previous == first.digest, "a day holds those before it"
    assert [share.day_id for share in ItemShare.objects.order_by("first_seq")] == [first.day, second.day]
    assert [date_proofs.verify(proof.as_json()).day for proof in proofs.proofs_of(thread)] == [first.day, second.day]


def test_stored_leaves_say_nothing_without_the_exchange():
    """A short message is not found by trying all short messages, whoever has the leaves."""
    thread = make.thread(make.waiting(), ["oui"])
    yesterday(thread)
    made()
    leaf = bytes(ProofChunk.objects.get().hashes)
    message = thread.messages.get()
    item = sources.message_item(exchange=thread.public_id, seq=1, author=message.author, at=message.sent_at, text="oui")
    assert leaf != date_proofs.digest_of(item) != merkle.hash_leaf(bytes(32), date_proofs.digest_of(item))
    share = ItemShare.objects.get()
    share.conversation = thread
    seed = bytes.fromhex(share.words["seed"])
    assert leaf == merkle.hash_leaf(sources.salt_of(seed, "1"), date_proofs.digest_of(item))
    assert seed not in bytes(share.sealed_words) and share.words["seed"].encode() not in bytes(share.sealed_words)


def test_erased_exchange_takes_its_share_and_leaves_the_other_proofs_whole(chunks_of_four):
    gone = make.thread(make.waiting(), ["Un", "Deux", "Trois"])
    stays = make.thread(make.waiting(), ["Quatre", "Cinq", "Six"])
    yesterday(gone, stays)
    day = made()
    before = [proof.as_json() for proof in proofs.proofs_of(stays)]
    chunks = list(ProofChunk.objects.values_list("hashes", flat=True))
    Report.objects.get(conversation=gone).delete()
    assert set(ItemShare.objects.values_list("conversation", flat=True)) == {stays.pk}
    assert list(ProofChunk.objects.values_list("hashes", flat=True)) == chunks
    assert [proof.as_json() for proof in proofs.proofs_of(stays)] == before
    assert ProofDay.objects.get() == day


def test_corrected_fact_loses_its_first_proof_and_an_erased_one_all(monkeypatch):
    thread = make.waiting()
    changed, erased = note(thread, "Un"), note(thread, "Deux")
    yesterday(thread)
    made()
    assert len(list(proofs.proofs_of(thread))) == 2
    journal.change_fact(conversation_id=thread.pk, public_id=changed.public_id, told=Told("Corrigé"))
    journal.erase_fact(conversation_id=thread.pk, public_id=erased.public_id)
    assert not ItemShare.objects.exists()
    changed.refresh_from_db()
    assert proofs.proof_of(changed) is None
    tomorrow = tomorrow_noon()
    monkeypatch.setattr(days, "next_day", lambda _now, real=days.next_day: real(tomorrow))
    day = made()
    (proof,) = proofs.proofs_of(thread)
    assert json.loads(proof.item)["told"]["what"] == "Corrigé"
    assert verified(proof).day == day.day == timezone.localdate(), "of the day on which it was corrected"


def test_capture_is_proven_by_its_file_and_goes_with_its_row():
    thread = make.waiting()
    content = captures.png(more=7)
    drawn, arriving = captures.drawn(thread, content), captures.received(thread)
    Capture.objects.update(received_at=yesterday_noon())
    assert made().size == 1, "one that was not read yet waits"
    drawn = captures.fresh(drawn)
    proof = proofs.proof_of(drawn)
    assert proof is not None and [proof] == list(proofs.proofs_of(thread))
    assert proof.name == f"capture-{drawn.number}" and proofs.proof_of(captures.fresh(arriving)) is None
    verdict = date_proofs.verify(proof.as_json(), content=content)
    assert verdict.is_whole and verdict.item["size"] == len(content)
    assert date_proofs.verify(proof.as_json(), content=content + b"x").failed == "bytes"
    drawn.delete()
    assert not ItemShare.objects.exists()


def test_words_that_are_not_those_of_the_leaf_have_no_proof():
    """They were written by the version before, which knows no leaf; or by whoever owns the database and the keys."""
    thread = make.thread(make.waiting(), ["Un mot"])
    yesterday(thread)
    made()
    message = thread.messages.get()
    message.sealed_body = Message.sealed(
        "Autre", conversation=thread.public_id, seq=1, author=message.author, data_key=thread.data_key
    )
    message.save()
    assert proofs.proof_of(message) is None


def test_message_that_no_key_opens_keeps_no_other_from_its_proof():
    thread = make.thread(make.waiting(), ["Un", "Deux", "Trois", "Quatre"])
    thread.messages.filter(seq__in=(2, 4)).update(sealed_body=b"\x01nothing")
    yesterday(thread)
    assert made().size == 2
    assert [proof.name for proof in proofs.proofs_of(thread)] == ["message-1", "message-3"]
    assert ItemShare.objects.get().last_seq == 3, "the last one may open tomorrow"


def keyed(thread):
    """Give the thread a key of its own, which seals what follows."""
    (key,) = data_keys.make()
    Conversation.objects.filter(pk=thread.pk).update(data_key=key)
    Report.objects.filter(conversation=thread).update(data_key=key)
    thread.refresh_from_db()
    return key


def test_exchange_whose_key_is_erased_has_no_leaf_and_no_proof_and_holds_up_no_other():
    thread, mute, other = (make.waiting() for _n in range(3))
    key, gone = keyed(thread), keyed(mute)
    for one in (thread, mute, other):
        make.message(one, "Un mot")
        note(one)
    yesterday(thread, mute, other)
    data_keys.erase([gone])
    assert made().size == 4
    assert len(list(proofs.proofs_of(thread))) == len(list(proofs.proofs_of(other))) == 2
    share = ItemShare.objects.filter(conversation=thread).first()
    assert encryption.data_key_of(bytes(share.sealed_words)) == key
    data_keys.erase([key])
    assert list(proofs.proofs_of(thread)) == [], "its seeds are mute too, in every backup"


def test_keys_that_cannot_be_read_now_hold_the_day_open(monkeypatch):
    thread = make.waiting()
    keyed(thread)
    make.message(thread, "Un mot")
    yesterday(thread)
    data_keys.forget_all()

    def fail(_labels):
        raise data_keys.KeysAway

    with monkeypatch.context() as away:
        away.setattr(data_keys, "_read", fail)
        with pytest.raises(OperationalError):
            made()
    assert not ProofDay.objects.exists()
    assert made().size == 1


def test_lines_of_the_register_are_the_first_leaves(chunks_of_four):
    before = AccessRecord.objects.count()
    recorded(6)
    thread = make.thread(make.waiting(), ["Un"])
    yesterday(thread)
    tomorrow = days.end_of(timezone.localdate())
    days.run_all(lambda _before: sources.sources(tomorrow))
    lines = list(AccessRecord.objects.order_by("number"))
    assert len(lines) == before + 6
    for line in lines:
        proof = proof_of_line(line)
        assert proof is not None and proof.index == line.number - lines[0].number
        item = verified(proof).item
        assert json.loads(item["line"])[1] == line.number
    recorded()
    assert proof_of_line(AccessRecord.objects.order_by("number").last()) is None


def test_item_that_came_late_is_of_the_next_day(monkeypatch):
    """Its transaction was committed after the tree was closed."""
    thread = make.thread(make.waiting(), ["Un"])
    yesterday(thread)
    first = made()
    late = make.message(thread, "Deux")
    Message.objects.filter(pk=late.pk).update(sent_at=yesterday_noon())
    tomorrow = tomorrow_noon()
    monkeypatch.setattr(days, "next_day", lambda _now, real=days.next_day: real(tomorrow))
    made()
    late.refresh_from_db()
    proof = proofs.proof_of(late)
    assert proof is not None and proof.statement.day > first.day


def test_messages_before_and_after_midnight_are_told_apart_in_their_order():
    thread = make.thread(make.waiting(), ["Un", "Deux", "Trois"])
    then = yesterday_noon()
    thread.messages.filter(seq__in=(1, 3)).update(sent_at=then)
    assert made().size == 1, "the third follows one that is of today: it waits with it"


def test_days_that_the_worker_missed_are_made_one_after_the_other():
    thread = make.thread(make.waiting(), ["Un"])
    yesterday(thread)
    made()
    first = ProofDay.objects.get()
    assert first.closed_at is not None
    moved = first.day - timedelta(days=3)
    ItemShare.objects.all().delete()
    ProofChunk.objects.all().delete()
    ProofDay.objects.filter(pk=first.day).update(day=moved, marks=None)
    made()
    found = list(ProofDay.objects.all())
    assert [day.day for day in found] == [moved + timedelta(days=n) for n in range(4)]
    assert [day.size for day in found] == [1, 0, 0, 1]
    assert all(later.read().previous == earlier.digest for earlier, later in itertools.pairwise(found))


def test_run_that_ends_in_the_middle_goes_on_after_its_last_chunk(chunks_of_four):
    threads = [make.thread(make.waiting(), ["Un", "Deux", "Trois"]) for _n in range(4)]
    yesterday(*threads)
    day = timezone.localdate() - timedelta(days=1)
    assert days.grow(sources.sources(days.end_of(day)), day), "and the worker dies here"
    assert ProofDay.objects.get().closed_at is None
    assert proofs.proof_of(threads[0].messages.first()) is None, "the day is not closed"
    assert made().size == 12
    for thread in threads:
        assert len([verified(proof) for proof in proofs.proofs_of(thread)]) == 3


def test_duty_asks_nothing_between_two_days_and_a_chunk_costs_the_same_however_many_there_are():
    def statements(count):
        threads = [make.thread(make.waiting(), ["Un", "Deux"]) for _n in range(count)]
        yesterday(*threads)
        ProofDay.objects.all().delete()
        duty = days.Duty(sources.sources)
        with CaptureQueriesContext(connection) as seen:
            duty.run()
        return duty, len(seen)

    duty, few = statements(1)
    _duty, many = statements(12)
    assert many == few
    duty.run()  # it finds out whether a day is missing
    with CaptureQueriesContext(connection) as seen:
        duty.run()
        duty.run()
    assert len(seen) == 0


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_make_one_tree(chunks_of_four):
    threads = [make.thread(make.waiting(), ["Un", "Deux", "Trois"]) for _n in range(5)]
    yesterday(*threads)
    day = timezone.localdate() - timedelta(days=1)
    before = days.end_of(day)

    def work(_n):
        for _turn in range(30):
            days.grow(sources.sources(before), day)

    in_threads(2, work)
    made()
    assert ProofDay.objects.get().size == 15
    assert sum(len(list(proofs.proofs_of(thread))) for thread in threads) == 15


@pytest.mark.django_db(transaction=True)
def test_exchange_that_is_held_by_somebody_waits_for_the_next_day_and_holds_up_nobody():
    held, free = (make.thread(make.waiting(), ["Un"]) for _n in range(2))
    fact = note(held)
    yesterday(held, free)

    def work(number):
        if number == 0:
            with transaction.atomic():
                Conversation.objects.select_for_update().get(pk=held.pk)
                is_held.set()
                assert is_done.wait(20)
        else:
            assert is_held.wait(20)
            made()
            is_done.set()

    is_held, is_done = threading.Event(), threading.Event()
    in_threads(2, work)
    assert proofs.proof_of(free.messages.get()) is not None
    assert proofs.proof_of(held.messages.get()) is None and proofs.proof_of(fact) is None


# --- what a tree asks -------------------------------------------------------------------------------------------------


def kept_of(day):
    """Return how many of each kind the next tree has to ask again."""
    return {kind: len(mark["left"]) for kind, mark in day.marks.items()}


def test_tree_asks_what_came_since_the_one_before_and_nothing_of_before():
    old = [make.thread(make.waiting(), ["Un"]) for _n in range(3)]
    for one in old:
        note(one)
    yesterday(*old)
    day = made()
    assert kept_of(day) == {"message": 0, "fact": 0, "capture": 0}
    new = make.thread(make.waiting(), ["Deux"])
    fact = note(new)
    before = days.end_of(timezone.localdate())
    assert [source.keys for source in sources.sources(before)[1:]] == [
        [new.pk],
        [JournalFact.objects.get(pk=fact.pk).pk],
        [],
    ]


def test_marks_are_of_the_newest_day_alone(monkeypatch):
    thread = make.thread(make.waiting(), ["Un"])
    yesterday(thread)
    made()
    then = tomorrow_noon()
    monkeypatch.setattr(days, "next_day", lambda _now, real=days.next_day: real(then))
    made()
    assert [row.marks is not None for row in ProofDay.objects.all()] == [False, True]
    assert set(ProofDay.objects.last().marks) == {"message", "fact", "capture"}


def test_worker_of_the_version_before_leaves_no_mark_and_the_next_tree_asks_from_the_one_before(monkeypatch):
    first = make.thread(make.waiting(), ["Un"])
    yesterday(first)
    made()
    second = make.thread(make.waiting(), ["Deux"])
    then = tomorrow_noon()
    today = timezone.localdate()
    # And it contained nothing of `second`.
    ProofDay.objects.create(day=today, statement="x", digest="y", closed_at=then)
    before = days.end_of(today + timedelta(days=1))
    assert sources.Messages(before).keys == [second.pk]


def test_what_could_not_be_taken_is_asked_again_by_the_next_tree(monkeypatch):
    """No key opened it on its day; its message is older than whatever the next tree reads by itself."""
    thread, other = (make.thread(make.waiting(), ["Un"]) for _n in range(2))
    sealed = thread.messages.get().sealed_body
    thread.messages.update(sealed_body=b"\x01nothing")
    yesterday(thread, other)
    day = made()
    assert day.size == 1 and day.marks["message"]["left"] == [thread.pk]
    assert day.marks["message"]["to"] >= thread.messages.get().pk
    thread.messages.update(sealed_body=sealed)
    then = tomorrow_noon()
    monkeypatch.setattr(days, "next_day", lambda _now, real=days.next_day: real(then))
    assert made().size == 1
    assert proofs.proof_of(thread.messages.get()) is not None
    assert kept_of(ProofDay.objects.last())["message"] == 0


def test_capture_that_is_read_later_is_asked_again(monkeypatch):
    thread = make.waiting()
    arriving = captures.received(thread)
    Capture.objects.update(received_at=yesterday_noon())
    assert made().marks["capture"]["left"] == [arriving.pk]


def test_more_than_is_remembered_leaves_the_mark_where_it_was(monkeypatch):
    monkeypatch.setattr(sources, "LEFT_MOST", 1)
    threads = [make.thread(make.waiting(), ["Un"]) for _n in range(2)]
    Message.objects.update(sealed_body=b"\x01nothing")
    yesterday(*threads)
    assert "message" not in made().marks
    assert sources.Messages(days.end_of(timezone.localdate())).keys == [thread.pk for thread in threads]


def test_full_tree_leaves_no_mark(monkeypatch, chunks_of_four):
    monkeypatch.setattr(days, "SIZE_MOST", 4)
    threads = [make.thread(make.waiting(), ["Un", "Deux"]) for _n in range(3)]
    yesterday(*threads)
    assert (made().size, made().marks) == (4, None)


def test_message_written_around_the_end_of_a_day_is_below_no_mark():
    """Its transaction was open while others, with later keys, were committed: an hour is left between."""
    early, late = (make.thread(make.waiting(), ["Un"]) for _n in range(2))
    midnight = days.end_of(timezone.localdate() - timedelta(days=1))
    early.messages.update(sent_at=midnight - timedelta(minutes=59))
    late.messages.update(sent_at=midnight - timedelta(minutes=61))
    assert made().marks["message"]["to"] == late.messages.get().pk


@pytest.mark.parametrize(
    ("statement", "values", "index"),
    [
        (sources.MESSAGES_SINCE, [1, timezone.now()], "chat_message_pkey"),
        (sources.MESSAGES_UP_TO, [timezone.now()], "chat_message_pkey"),
        (sources.FACTS_SINCE, [timezone.now(), timezone.now()], "journalfact_moved"),
        (sources.CAPTURES_SINCE, [timezone.now(), timezone.now()], "capture_received"),
    ],
    ids=["messages", "newest message", "facts", "captures"],
)
def test_what_a_day_brought_is_found_by_an_index(statement, values, index):
    make.thread(make.waiting(), ["Un"] * 300)
    newest = Message.objects.order_by("-pk")[0].pk
    values = [newest - 2 if value == 1 else value for value in values]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE chat_message")  # for an empty table, any index is as good
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {statement}", values)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert index in plan and "Seq Scan" not in plan, plan

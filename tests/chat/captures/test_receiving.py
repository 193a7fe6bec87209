"""Captures arrive in slices: each slice counts once, is sealed, stays within the limits of the service, and is erased
with its row.
"""

import queue
import threading
import uuid
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection, transaction

from chat.captures import drawing, queries, receiving, store
from chat.models import Capture, CaptureState, ScanResult
from chat.retention import moving
from common import clock, encryption
from common.data_keys import keys as data_keys
from common.encryption import UnsealError
from common.sealed_files.chunks import CHUNK_BYTES
from common.service_settings import definitions
from tests.factories import captures as make_captures
from tests.factories import chat as make

pytestmark = pytest.mark.django_db
MARK = b"MARQUE-de-capture"
LONG = make_captures.png(more=2 * CHUNK_BYTES + 11) + MARK


def opened(capture):
    """Return the original, as whoever has the key reads it."""
    sealer = receiving.sealer_of(capture)
    return b"".join(store.read_file(sealer, capture.store_id, store.ORIGINAL, capture.tokens))


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_file_is_sealed_slice_by_slice_and_comes_back(folder):
    capture = make_captures.received(make.waiting(), LONG, "IMG_MARQUE.png")
    assert (capture.state, capture.received, len(capture.tokens)) == (CaptureState.RECEIVED, len(LONG), 3)
    assert capture.received_at is not None and opened(capture) == LONG
    assert len(files(folder)) == 3
    for path in files(folder):
        assert MARK not in path.read_bytes() and path.stat().st_size <= CHUNK_BYTES + 29
        assert "MARQUE" not in str(path.relative_to(folder))
    assert b"MARQUE" not in bytes(capture.sealed_words) and capture.words["name"] == "IMG_MARQUE.png"


def test_chunks_are_mute_once_the_key_of_their_exchange_is_erased(folder):
    """The chunks lie in a store with backups of its own: they need not be found and erased there (ADR 0081)."""
    conversation = make.waiting()
    moving.give_keys([conversation.report_id])
    capture = make_captures.fresh(make_captures.received(conversation, LONG))
    key = capture.conversation.data_key
    assert key is not None and encryption.data_key_of(capture.sealed_words) == key and opened(capture) == LONG
    data_keys.erase([key])
    with pytest.raises(UnsealError):
        opened(make_captures.fresh(capture))
    assert len(files(folder)) == 3, "they are all there"
    [seen] = queries.own_captures(make_captures.fresh(capture).conversation)
    assert not seen.is_readable and seen.name == ""


def test_sending_goes_on_where_it_was_cut():
    conversation = make.waiting()
    capture = make_captures.begun(conversation, LONG)
    make_captures.send(conversation, capture.public_id, LONG, 0)
    again = receiving.begin_capture(
        conversation_id=conversation.pk, public_id=capture.public_id, size=len(LONG), name="autre.png"
    )
    assert (again.pk, again.received, again.state) == (capture.pk, CHUNK_BYTES, CaptureState.ARRIVING)
    for offset in (CHUNK_BYTES, 2 * CHUNK_BYTES):
        again = make_captures.send(conversation, capture.public_id, LONG, offset)
    assert opened(again) == LONG and Capture.objects.count() == 1


def test_slice_that_comes_again_changes_nothing(folder):
    conversation = make.waiting()
    capture = make_captures.begun(conversation, LONG)
    first = make_captures.send(conversation, capture.public_id, LONG, 0)
    again = make_captures.send(conversation, capture.public_id, b"x" * len(LONG), 0)
    assert (again.received, again.tokens) == (first.received, first.tokens) and len(files(folder)) == 1


@pytest.mark.parametrize(
    ("offset", "length"),
    [(CHUNK_BYTES, CHUNK_BYTES), (5, CHUNK_BYTES), (0, 5), (0, CHUNK_BYTES + 1), (10**9, 1), (-1, 3)],
)
def test_slice_out_of_its_place_is_answered_with_where_sending_goes_on(folder, offset, length):
    conversation = make.waiting()
    capture = make_captures.begun(conversation, LONG)
    asked = {"conversation_id": conversation.pk, "public_id": capture.public_id}
    if offset < 0:  # before what is there, so it is treated as a repetition
        assert receiving.take_slice(**asked, offset=offset, data=b"a" * length).received == 0
    else:
        with pytest.raises(receiving.WrongSlice) as error:
            receiving.take_slice(**asked, offset=offset, data=b"a" * length)
        assert error.value.received == 0
    assert not files(folder)


@pytest.mark.django_db(transaction=True)
def test_slice_that_comes_by_two_ways_at_once_is_there_once(folder, monkeypatch):
    """Both are sealed and written, one is acknowledged, and nothing of the other stays."""
    conversation = make.waiting()
    capture = make_captures.begun(conversation, LONG)
    both = threading.Barrier(2, timeout=20)
    really = store.write_chunk

    def write_chunk(*arguments):
        really(*arguments)
        both.wait()

    monkeypatch.setattr(store, "write_chunk", write_chunk)
    ends = []

    def send():
        try:
            ends.append(make_captures.send(conversation, capture.public_id, LONG, 0).received)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    capture.refresh_from_db()
    assert ends == [CHUNK_BYTES, CHUNK_BYTES]
    assert (capture.received, len(capture.tokens), len(files(folder))) == (CHUNK_BYTES, 1, 1)


def test_chunks_of_two_captures_do_not_open_in_each_others_place():
    conversation = make.waiting()
    one, other = (make_captures.received(conversation, LONG) for _ in range(2))
    sealed = store.read_chunk(one.store_id, store.ORIGINAL, 0, one.tokens[0])
    with pytest.raises(UnsealError):
        receiving.sealer_of(other).open(0, one.tokens[0], sealed)


def test_key_of_a_row_opens_in_that_row_alone():
    one, other = (make_captures.received(make.waiting(), LONG) for _ in range(2))
    other.sealed_words = one.sealed_words
    with pytest.raises(UnsealError):
        receiving.key_of(other)


# --- the numbers of the service ---------------------------------------------------------------------------------------


def begin(conversation, size=1000):
    return receiving.begin_capture(conversation_id=conversation.pk, public_id=uuid.uuid4(), size=size, name="a")


def test_no_capture_before_the_operator_has_decided(settings):
    settings.CAPTURES = False
    with pytest.raises(receiving.NotTaken):
        begin(make.waiting())
    assert not receiving.are_taken()


def test_no_capture_when_the_service_takes_none(set_rule):
    set_rule(definitions.CAPTURES_MOST, 0)
    with pytest.raises(receiving.NotTaken):
        begin(make.waiting())


def test_numbers_of_the_service_hold(set_rule):
    conversation = make.waiting()
    set_rule(definitions.CAPTURES_MOST, 3)
    set_rule(definitions.CAPTURE_SIZE, 2)
    set_rule(definitions.CAPTURES_SIZE, 4)
    with pytest.raises(receiving.Empty):
        begin(conversation, 0)
    with pytest.raises(receiving.TooLarge):
        begin(conversation, 2_000_001)
    begin(conversation, 2_000_000)
    begin(conversation, 1_500_000)
    with pytest.raises(receiving.NoRoomLeft):
        begin(conversation, 500_001)
    begin(conversation, 400_000)
    with pytest.raises(receiving.TooMany):
        begin(conversation, 10)
    numbers = list(Capture.objects.values_list("number", flat=True))
    assert numbers == [1, 2, 3]
    begin(make.waiting(), 10)  # another exchange has limits of its own


def test_id_of_another_file_is_taken_for_none():
    conversation = make.waiting()
    capture = begin(conversation, 10)
    with pytest.raises(receiving.CaptureGone):
        receiving.begin_capture(conversation_id=conversation.pk, public_id=capture.public_id, size=11, name="a")


@pytest.mark.parametrize("content", [b"<svg onload=x>", b"MZ\x90\0", b"\0" * 40, b"a", b"GIF88a....", b" %PDF-1.7"])
def test_what_begins_like_nothing_that_is_taken_is_refused_at_once(folder, content):
    conversation = make.waiting()
    capture = make_captures.begun(conversation, content, "vacances.png")
    with pytest.raises(receiving.UnknownKind):
        make_captures.send(conversation, capture.public_id, content, 0)
    assert not Capture.objects.exists() and not files(folder)


def test_scan_is_waited_for_where_there_is_a_scanner(settings):
    settings.CLAMD = "127.0.0.1:3310"
    assert begin(make.waiting()).scan == ScanResult.WAITING


# --- others -----------------------------------------------------------------------------------------------------------


def test_id_that_another_exchange_has_reaches_none_of_its_files(folder, django_capture_on_commit_callbacks):
    """An id is its sender's choice: whoever learnt one erases, alters and reads nothing by it."""
    mine, other = make.waiting(), make.waiting()
    capture = make_captures.received(mine, LONG)
    theirs = receiving.begin_capture(
        conversation_id=other.pk, public_id=capture.public_id, size=len(LONG), name="a.png"
    )
    assert theirs.store_id != capture.store_id
    make_captures.send(other, capture.public_id, LONG, 0)
    with django_capture_on_commit_callbacks(execute=True):
        receiving.erase_capture(conversation_id=other.pk, public_id=capture.public_id)
    assert opened(capture) == LONG and len(files(folder)) == 3


def test_capture_of_another_exchange_is_none():
    mine, other = make.waiting(), make.waiting()
    capture = make_captures.begun(mine, LONG)
    with pytest.raises(receiving.CaptureGone):
        make_captures.send(other, capture.public_id, LONG, 0)
    receiving.erase_capture(conversation_id=other.pk, public_id=capture.public_id)
    assert Capture.objects.filter(pk=capture.pk).exists()
    assert receiving.show_captures(conversation=other) == 0


# --- the end ----------------------------------------------------------------------------------------------------------


def test_erasing_takes_the_chunks_after_commit(folder, django_capture_on_commit_callbacks):
    conversation = make.waiting()
    capture = make_captures.received(conversation, LONG)
    with django_capture_on_commit_callbacks(execute=True):
        receiving.erase_capture(conversation_id=conversation.pk, public_id=capture.public_id)
    assert not files(folder) and not Capture.objects.exists()
    # Erasing it again changes nothing.
    receiving.erase_capture(conversation_id=conversation.pk, public_id=capture.public_id)


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_erases_nothing(folder):
    conversation = make.waiting()
    capture = make_captures.received(conversation, LONG)
    with pytest.raises(RuntimeError), transaction.atomic():
        receiving.erase_capture(conversation_id=conversation.pk, public_id=capture.public_id)
        raise RuntimeError
    assert opened(capture) == LONG


def test_seen_capture_stays():
    conversation = make.assigned()
    capture = make_captures.shown(conversation)
    Capture.objects.filter(pk=capture.pk).update(read_at=clock.now())
    with pytest.raises(receiving.CaptureSeen):
        receiving.erase_capture(conversation_id=conversation.pk, public_id=capture.public_id)
    assert receiving.take_back(conversation=conversation) == 0


def test_only_whole_captures_are_shown_and_taken_back():
    conversation = make.assigned()
    make_captures.begun(conversation, LONG)
    capture = make_captures.received(conversation)
    assert receiving.show_captures(conversation=conversation) == 1
    capture.refresh_from_db()
    assert capture.shown_at is not None
    assert receiving.take_back(conversation=conversation, only=[capture.public_id]) == 1


def test_what_nobody_goes_on_sending_is_forgotten(folder, django_capture_on_commit_callbacks):
    conversation = make.waiting()
    late, whole = make_captures.begun(conversation, LONG), make_captures.received(conversation)
    make_captures.send(conversation, late.public_id, LONG, 0)
    begun(late, whole, ago=timedelta(hours=25))
    young = make_captures.begun(conversation, LONG)
    with django_capture_on_commit_callbacks(execute=True):
        assert receiving.forget_unfinished(clock.now()) == 1
    assert set(Capture.objects.values_list("pk", flat=True)) == {whole.pk, young.pk}
    assert len(files(folder)) == 1


def begun(*captures, ago):
    Capture.objects.filter(pk__in=[one.pk for one in captures]).update(begun_at=clock.now() - ago)


# --- the sweep --------------------------------------------------------------------------------------------------------


def sweep_all():
    now = clock.now()
    return sum(store.sweep(now + timedelta(hours=hour)) for hour in range(store.SHARDS // store.SHARDS_A_RUN))


def test_sweep_erases_what_no_row_names_and_nothing_else(folder, monkeypatch):
    conversation = make.waiting()
    kept, gone, on_its_way = (make_captures.received(conversation, LONG) for _ in range(3))
    store.write_chunk(kept.store_id, store.ORIGINAL, 1, "0" * 32, b"a slice whose process was killed")
    store.write_chunk(kept.store_id, 3, 0, "0" * 32, b"a page whose row was never written")
    Capture.objects.filter(pk=gone.pk).delete()  # the row is deleted without its files
    monkeypatch.setattr(store, "ORPHAN_AFTER", timedelta(hours=20))
    assert sweep_all() == 0  # they are too young, because their row may not be written yet
    monkeypatch.setattr(store, "ORPHAN_AFTER", timedelta(seconds=-60))
    assert sweep_all() == 5
    assert opened(kept) == opened(on_its_way) == LONG and len(files(folder)) == 6
    assert not (folder / gone.store_id.hex[:2] / str(gone.store_id)).exists()


def test_worker_erases_what_ended_in_turns_of_its_own(folder, monkeypatch, django_capture_on_commit_callbacks):
    conversation = make.waiting()
    for _each in range(3):
        make_captures.received(conversation)
    monkeypatch.setattr(store, "later", queue.SimpleQueue())
    monkeypatch.setattr(store, "ERASED_A_TURN", 2)
    with django_capture_on_commit_callbacks(execute=True):
        store.erase_after_commit(store.of_reports([conversation.report_id]))
    assert len(files(folder)) == 3
    assert [store.erase_some() for _turn in range(3)] == [2, 1, 0] and not files(folder)


def test_files_that_the_last_tick_of_a_worker_deletes_are_left_to_the_sweep(
    folder, monkeypatch, django_capture_on_commit_callbacks
):
    """The thread has heard the signal and ended. The ticks' own end would be late, and the process be killed."""
    capture = make_captures.received(make.waiting())
    monkeypatch.setattr(store, "later", None)  # which the thread changes
    stopped = threading.Event()
    stopped.set()
    drawing.Turns(stopped, print).run()
    with django_capture_on_commit_callbacks(execute=True):
        store.erase_after_commit([capture.store_id])
    assert len(files(folder)) == 1
    Capture.objects.filter(pk=capture.pk).delete()
    monkeypatch.setattr(store, "ORPHAN_AFTER", timedelta(seconds=-60))
    assert sweep_all() == 1 and not files(folder)


def test_store_that_cannot_be_looked_at_ends_no_sweep(monkeypatch):
    def away(*_arguments):
        raise OSError("no route")

    monkeypatch.setattr(store, "_sweep_shard", away)
    assert store.sweep(clock.now()) == 0


def test_each_shard_is_swept_once_in_sixteen_hours(monkeypatch):
    swept = []
    monkeypatch.setattr(store, "_sweep_shard", lambda shard, _now: swept.append(shard) or 0)
    sweep_all()
    assert sorted(swept) == [f"{number:02x}" for number in range(256)]
    assert all(one < other for one, other in pairwise(sorted(swept)))


def test_store_that_is_away_acknowledges_nothing(monkeypatch):
    conversation = make.waiting()
    capture = make_captures.begun(conversation, LONG)

    def away(*_arguments, **_named):
        raise OSError("no route")

    monkeypatch.setattr(type(store.storage()), "save", away)
    with pytest.raises(store.StoreAway):
        make_captures.send(conversation, capture.public_id, LONG, 0)
    capture.refresh_from_db()
    assert (capture.received, capture.tokens) == (0, [])
    monkeypatch.undo()


def test_chunk_that_was_changed_on_the_disk_is_noticed(folder):
    capture = make_captures.received(make.waiting(), LONG)
    path = files(folder)[1]
    path.chmod(0o600)
    changed = bytearray(path.read_bytes())
    changed[500] ^= 1
    path.write_bytes(changed)
    with pytest.raises(UnsealError):
        opened(capture)
    path.unlink()
    with pytest.raises(store.StoreAway):
        opened(capture)

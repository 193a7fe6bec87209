"""The worker draws a capture in a child process and seals it. One that cannot be read is « illisible », never
« sain »."""

import hashlib
import threading
from datetime import timedelta

import pytest
from django.db import OperationalError

from chat.captures import drawing, queries, receiving, store
from chat.models import Capture, CaptureDrawing, CaptureState
from common import clock
from common.data_keys.keys import KeysAway
from common.offload import pool
from common.sealed_files.chunks import CHUNK_BYTES
from pnav.server.process_role import PAGES_NICENESS
from tests.factories import captures as make_captures
from tests.factories import chat as make
from tests.factories.capture_corpus import pdf, png_that_says

pytestmark = pytest.mark.django_db
WEBP = b"RIFF" + (4).to_bytes(4, "little") + b"WEBP"


def pixels(capture, page=1):
    return queries.read_drawing(capture, page)


def test_capture_is_drawn_and_its_drawing_is_sealed(folder):
    content = make_captures.png()
    capture = make_captures.received(make.waiting(), content)
    assert drawing.draw_next() and not drawing.draw_next()
    capture.refresh_from_db()
    assert capture.state == CaptureState.DRAWN
    assert capture.words["sha256"] == hashlib.sha256(content).hexdigest() and capture.words["kind"] == "png"
    assert capture.words["name"] == "capture.png"
    drawn = pixels(capture)
    assert drawn[8:12] == b"WEBP"
    assert all(b"WEBP" not in path.read_bytes() for path in folder.rglob("*") if path.is_file())
    [row] = capture.drawings.all()
    assert (row.width, row.height, row.size) == (8, 6, len(drawn))


def test_each_page_of_a_document_is_a_drawing_of_its_own():
    capture = make_captures.received(make.waiting(), pdf(pages=3), "lettre.pdf")
    drawing.draw_next()
    capture.refresh_from_db()
    assert list(capture.drawings.values_list("page", flat=True)) == [1, 2, 3]
    assert [pixels(capture, page)[8:12] for page in (1, 2, 3)] == [b"WEBP"] * 3


def test_what_cannot_be_read_is_unreadable_and_its_original_stays():
    content = png_that_says(100_000, 100_000)
    capture = make_captures.received(make.waiting(), content)
    drawing.draw_next()
    capture.refresh_from_db()
    assert capture.state == CaptureState.UNREADABLE and not capture.drawings.exists()
    assert b"".join(queries.read_original(capture)) == content
    assert not drawing.draw_next()  # it is not tried again


def test_each_exchange_has_its_turn_whoever_sent_first_and_most():
    """Twenty that take long hold up another person's by one of them."""
    crowd, other, last = make.waiting(), make.waiting(), make.waiting()
    many = [make_captures.received(crowd) for _ in range(4)]
    theirs = [make_captures.received(other) for _ in range(2)]
    alone = make_captures.received(last)
    names = {one.pk: name for name, some in (("many", many), ("theirs", theirs), ("alone", [alone])) for one in some}
    order = []
    while (capture := drawing._claim()) is not None:
        order.append(names[capture.pk])
        Capture.objects.filter(pk=capture.pk).update(state=CaptureState.UNREADABLE)
    assert order == ["many", "theirs", "alone", "many", "theirs", "many", "many"]


def test_people_who_come_later_put_nobody_off_for_ever():
    """The second one of an exchange goes before what came after its first was taken up."""
    one, at = make.waiting(), clock.now() - timedelta(minutes=10)
    first, second = make_captures.received(one), make_captures.received(one)
    Capture.objects.filter(pk=first.pk).update(claimed_at=at, state=CaptureState.UNREADABLE)
    Capture.objects.filter(pk=second.pk).update(received_at=at - timedelta(minutes=1))
    later = make_captures.received(make.waiting())
    Capture.objects.filter(pk=later.pk).update(received_at=at + timedelta(seconds=1))
    assert drawing._claim() == second
    assert drawing._claim() == later


@pytest.mark.parametrize(("why", "tries"), [("memory", 1), ("time", 3), ("killed", 3)])
def test_child_that_fails_is_tried_as_often_as_it_makes_sense(monkeypatch, why, tries):
    def run(*_arguments, **_named):
        raise pool.Failed(why)

    monkeypatch.setattr(drawing.pool, "run", run)
    monkeypatch.setattr(drawing, "CLAIM", timedelta(seconds=-1))
    capture = make_captures.received(make.waiting())
    turns = 0
    while drawing.draw_next():
        turns += 1
    capture.refresh_from_db()
    assert turns == tries and capture.state == CaptureState.UNREADABLE
    assert len(capture.words["sha256"]) == 64  # its original can still be opened


@pytest.mark.parametrize("error", [pool.Failed("slow"), pool.Busy()])
def test_machine_that_is_too_slow_makes_no_capture_unreadable(monkeypatch, error):
    """« Illisible » is final, and says something of the file. What is tried again gets another priority and time."""
    asked, is_calm = [], False
    real = pool.run

    def run(*arguments, niceness, seconds, **named):
        asked.append((niceness, seconds))
        if not is_calm:
            raise error
        return real(*arguments, **named)

    monkeypatch.setattr(drawing.pool, "run", run)
    capture = make_captures.received(make.waiting())
    for _each in range(drawing.ATTEMPTS_MOST + 2):
        assert drawing.draw_next()
        assert not drawing.draw_next(), "others are drawn meanwhile"
        Capture.objects.filter(pk=capture.pk).update(claimed_at=clock.now() - 2 * drawing.CLAIM)
    capture.refresh_from_db()
    assert (capture.state, capture.attempts) == (CaptureState.RECEIVED, 0)
    is_calm = True
    assert drawing.draw_next()
    capture.refresh_from_db()
    assert capture.state == CaptureState.DRAWN
    assert asked[0] == (pool.LOWEST_NICENESS, pool.WALL_SECONDS)
    assert set(asked[1:]) == {(drawing.LATE_NICENESS, drawing.LATE_SECONDS)}
    assert PAGES_NICENESS < drawing.LATE_NICENESS < pool.NICENESS
    assert drawing.CLAIM.total_seconds() > drawing.LATE_SECONDS, "nobody else takes it meanwhile"


@pytest.mark.parametrize("error", [pool.Failed("slow"), pool.Busy()])
def test_workers_that_started_again_do_not_add_up_on_a_slow_machine(monkeypatch, error):
    def run(*_arguments, **_named):
        raise error

    monkeypatch.setattr(drawing.pool, "run", run)
    capture = make_captures.received(make.waiting())
    for _day in range(drawing.ATTEMPTS_MOST + 1):
        for is_ended_meanwhile in (True, True, False):
            Capture.objects.filter(pk=capture.pk).update(claimed_at=clock.now() - 2 * drawing.CLAIM)
            assert drawing._claim() is not None if is_ended_meanwhile else drawing.draw_next()
    capture.refresh_from_db()
    assert (capture.state, capture.attempts) == (CaptureState.RECEIVED, 0)


def test_machine_that_stays_too_slow_is_asked_less_and_less_and_draws_it_once_it_is_calm(monkeypatch):
    """What its page says meanwhile is said of the machine, not of the file."""
    now, is_calm = [clock.now()], False
    real = pool.run

    def run(*arguments, **named):
        if is_calm:
            return real(*arguments, **named)
        raise pool.Failed("slow")

    monkeypatch.setattr(drawing.pool, "run", run)
    monkeypatch.setattr(drawing.clock, "now", lambda: now[0])
    capture = make_captures.received(make.waiting())
    pauses, late = [], []

    def seen():
        [one] = queries.open_rows(capture.conversation, Capture.objects.filter(pk=capture.pk))
        return one

    for _each in range(drawing.SLOW_OFTEN + 3):
        assert drawing.draw_next()
        capture.refresh_from_db()
        due = capture.claimed_at + drawing.CLAIM
        pauses.append((due - now[0]) // timedelta(minutes=1))
        late.append(seen().is_late)
        now[0] = due
        assert not drawing.draw_next(), "not before"
        now[0] += timedelta(seconds=1)
    assert pauses == [5, 10, 20] + [40] * 20 + [6 * 60] * 4
    assert late == [False, False] + [True] * 25
    assert (capture.state, seen().is_unreadable) == (CaptureState.RECEIVED, False)
    assert (len(capture.words["sha256"]), seen().kind) == (64, "png"), "the unit can open its original"
    is_calm = True
    assert drawing.draw_next()
    assert seen().is_drawn and not seen().is_late


def test_capture_that_failed_after_slow_tries_is_unreadable_and_not_late(monkeypatch):
    errors = ["slow"] * queries.LATE_TRIES + ["memory"]

    def run(*_arguments, **_named):
        raise pool.Failed(errors.pop(0))

    monkeypatch.setattr(drawing.pool, "run", run)
    capture = make_captures.received(make.waiting())
    while errors:
        assert drawing.draw_next()
        Capture.objects.update(claimed_at=clock.now() - 2 * drawing.CLAIM)
    [seen] = queries.open_rows(capture.conversation, Capture.objects.all())
    assert seen.is_unreadable and not seen.is_late


def test_captures_tried_before_delay_another_person_by_one_of_them():
    """They are put off, and all are due together after a pause of the worker."""
    one = make.waiting()
    many = [make_captures.received(one) for _ in range(3)]
    Capture.objects.update(claimed_at=clock.now() - timedelta(hours=2))
    new = [make_captures.received(make.waiting()) for _ in range(2)]
    assert drawing._claim() == new[0]
    assert drawing._claim(again_first=True) in many, "and those who come later put none off for ever"
    assert drawing._claim() == new[1]
    assert drawing._claim() in many


def test_one_turn_in_four_begins_with_those_tried_before(monkeypatch):
    asked = []
    monkeypatch.setattr(drawing, "draw_next", lambda *, again_first: asked.append(again_first))
    monkeypatch.setattr(store, "erase_some", lambda: 0)
    monkeypatch.setattr(store, "sweep", lambda _now: None)
    monkeypatch.setattr(drawing, "close_old_connections", lambda: None)
    turns = drawing.Turns(threading.Event(), print)
    for _each in range(8):
        turns._turn()
    assert asked == [False, False, False, True] * 2


def test_a_try_that_found_no_child_free_is_not_counted(monkeypatch):
    def run(*_arguments, **_named):
        raise pool.Busy

    monkeypatch.setattr(drawing.pool, "run", run)
    monkeypatch.setattr(drawing, "CLAIM", timedelta(seconds=-1))
    capture = make_captures.received(make.waiting())
    for _each in range(drawing.SLOW_OFTEN + 1):
        assert drawing.draw_next()
    capture.refresh_from_db()
    assert capture.state == CaptureState.RECEIVED and "slow" not in capture.words


def test_capture_that_is_put_off_puts_off_no_other_of_its_exchange():
    one, at = make.waiting(), clock.now()
    put_off, second = make_captures.received(one), make_captures.received(one)
    Capture.objects.filter(pk=put_off.pk).update(claimed_at=at + drawing.SLOW_PAUSE_MOST)
    Capture.objects.filter(pk=second.pk).update(received_at=at - timedelta(minutes=1))
    make_captures.received(make.waiting())
    assert drawing._claim() == second


def test_files_that_waited_in_a_crowd_are_tried_first_as_any_other(monkeypatch):
    """Or somebody who sends many would have them drawn at a priority at which they slow pages."""
    asked = []

    def run(*_arguments, niceness, seconds, **_named):
        asked.append((niceness, seconds))
        raise pool.Failed("slow")

    monkeypatch.setattr(drawing.pool, "run", run)
    make_captures.received(make.waiting())
    Capture.objects.update(received_at=clock.now() - timedelta(hours=2))
    assert drawing.draw_next()
    assert asked == [(pool.LOWEST_NICENESS, pool.WALL_SECONDS)]


def test_capture_that_kills_whoever_draws_it_is_given_up(monkeypatch):
    capture = make_captures.received(make.waiting())
    Capture.objects.filter(pk=capture.pk).update(attempts=drawing.ATTEMPTS_MOST)
    monkeypatch.setattr(drawing.pool, "run", None)  # nobody may be asked
    assert drawing.draw_next()
    capture.refresh_from_db()
    assert capture.state == CaptureState.UNREADABLE


def test_capture_that_somebody_draws_is_nobody_elses(monkeypatch):
    make_captures.received(make.waiting())
    assert drawing._claim() is not None and drawing._claim() is None
    monkeypatch.setattr(drawing, "CLAIM", timedelta(seconds=-1))
    assert drawing._claim() is not None  # the worker that had it was killed


@pytest.mark.parametrize(
    ("told", "content"),
    [
        ({"pages": [{"size": 5, "width": 1, "height": 1}]}, b"<svg>"),
        ({"pages": [{"size": 14, "width": 1, "height": 1}]}, WEBP + b"PK"),
        ({"pages": [{"size": 99, "width": 1, "height": 1}]}, WEBP),
        ({"pages": [{"size": 12, "width": 70_000, "height": 1}]}, WEBP),
        ({"pages": [{"size": 12, "width": 0, "height": 1}]}, WEBP),
        ({"pages": [{"size": 12, "width": 1, "height": 1}]}, WEBP * 2),
        ({"pages": [{"size": 12, "width": 1, "height": 1}] * 21}, WEBP * 21),
        ({"pages": [{"size": "a"}]}, WEBP),
        ({"pages": 5}, WEBP),
        ({"pages": None, "more": None}, b""),
        ({}, b""),
    ],
)
def test_child_that_was_taken_over_gives_no_drawing(monkeypatch, folder, told, content):
    """What it answers is bounded and checked: one WebP file a page and nothing else, or nothing at all."""
    answer = {"is_readable": True, "more": False, **told}

    def run(*_arguments, **named):
        list(named["content"])
        return answer, content

    monkeypatch.setattr(drawing.pool, "run", run)
    capture = make_captures.received(make.waiting())
    drawing.draw_next()
    capture.refresh_from_db()
    assert capture.state == CaptureState.UNREADABLE and not CaptureDrawing.objects.exists()


def test_digest_is_of_what_was_received_not_of_what_the_child_says(monkeypatch):
    content = make_captures.png(more=CHUNK_BYTES)

    def run(*_arguments, content, **_named):
        next(iter(content))  # the reader gives up before the end
        return {"sha256": "0" * 64, "is_readable": False, "more": False, "pages": []}, b""

    monkeypatch.setattr(drawing.pool, "run", run)
    capture = make_captures.received(make.waiting(), content)
    drawing.draw_next()
    capture.refresh_from_db()
    assert capture.words["sha256"] == hashlib.sha256(content).hexdigest()


def test_capture_that_is_erased_meanwhile_leaves_nothing(monkeypatch, folder, django_capture_on_commit_callbacks):
    conversation = make.waiting()
    capture = make_captures.received(conversation)
    really = drawing._ask_child

    def ask(current, kind):
        answer = really(current, kind)
        receiving.erase_capture(conversation_id=conversation.pk, public_id=capture.public_id)
        return answer

    monkeypatch.setattr(drawing, "_ask_child", ask)
    with django_capture_on_commit_callbacks(execute=True):
        drawing.draw_next()
    assert not Capture.objects.exists() and not [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("error", [store.StoreAway, KeysAway])
def test_store_or_server_of_the_keys_that_is_away_costs_no_attempt(monkeypatch, error):
    """Neither is the capture's fault: it is not « illisible »."""
    capture = make_captures.received(make.waiting())

    def away(*_arguments, **_named):
        raise error

    monkeypatch.setattr(*((store, "read_chunk") if error is store.StoreAway else (receiving, "key_of")), away)
    drawing.draw_next()
    capture.refresh_from_db()
    assert (capture.state, capture.attempts) == (CaptureState.RECEIVED, 0)


def test_original_that_was_altered_is_unreadable_and_said_in_the_log(folder, caplog):
    capture = make_captures.received(make.waiting())
    [path] = [path for path in folder.rglob("*") if path.is_file()]
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    drawing.draw_next()
    capture.refresh_from_db()
    assert capture.state == CaptureState.UNREADABLE
    assert "does not open" in caplog.text and "capture.png" not in caplog.text


@pytest.mark.parametrize(
    ("error", "later", "words"),
    [
        (OperationalError("texte"), [], "the database does not answer (OperationalError)"),
        (KeyError("texte"), ["erased"], "an error in a turn; the next ones go on (KeyError)"),
    ],
)
def test_no_error_ends_the_thread_and_the_worker_hears_of_it(monkeypatch, caplog, error, later, words):
    """One of a single capture stops neither erasing nor sweeping; the next turn comes after a pause."""
    done, told, stop = [], [], threading.Event()

    def draw_next(**_named):
        if not told:
            raise error
        stop.set()

    monkeypatch.setattr(drawing, "draw_next", draw_next)
    monkeypatch.setattr(drawing, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(store, "sweep", lambda _now: None)
    monkeypatch.setattr(store, "later", None)  # which the thread changes
    monkeypatch.setattr(store, "erase_some", lambda: done.append("erased"))
    turns = drawing.Turns(stop, told.append)
    turns.start()
    turns.join(20)
    assert not turns.is_alive() and told == [False, True]
    assert done == [*later, "erased"]
    assert words in caplog.text and "texte" not in caplog.text


def test_capture_whose_child_answers_nonsense_is_illisible(monkeypatch):
    monkeypatch.setattr(
        drawing.pool, "run", lambda *_given, **_named: ({"is_readable": True, "more": 0, "pages": 5}, b"")
    )
    capture = make_captures.received(make.waiting())
    assert drawing.draw_next()
    capture.refresh_from_db()
    assert capture.state == CaptureState.UNREADABLE


def test_drawn_or_not_its_person_may_have_shown_it_meanwhile():
    capture = make_captures.shown(make.assigned())
    drawing.draw_next()
    capture.refresh_from_db()
    assert capture.state == CaptureState.DRAWN and capture.shown_at is not None
    assert capture.received_at <= clock.now()

"""Which numbers are guessed, for whom and when. test_writing.py tests `write` itself."""

from types import SimpleNamespace

import psycopg
import pytest
from django.db import OperationalError
from django.utils import timezone

from chat.database import CROWD
from chat.messages.writing import Draft, Refusal, Written
from chat.realtime import sequence_cache
from chat.rules.lifecycle import Author


class Writer:
    """Replaces the module that writes: it records what was guessed, and gives numbers as it is told."""

    def __init__(self) -> None:
        self.guesses: list[dict[int, int]] = []
        self.free: list[int] = []
        self.answers: dict[int, Written | Refusal] = {}
        self.error: Exception | None = None

    def write_messages(self, drafts, expected, *, may_put_off):
        assert may_put_off is (len(drafts) >= CROWD)
        self.guesses.append(dict(expected))
        if self.error:
            raise self.error
        return [self.answer(draft) for draft in drafts]

    def write_what_is_free(self, drafts):
        self.free.append(len(drafts))
        return [self.answer(draft) for draft in drafts]

    def answer(self, draft):
        return self.answers.get(draft.conversation_id, written(1))


def written(seq: int, *, is_repeat: bool = False) -> Written:
    return Written(seq, timezone.now(), "", None, is_repeat=is_repeat)


def post(pk: int, cursor: int = 0):
    return Draft(pk, str(pk), Author.REPORTER, None, "1", ""), cursor


@pytest.fixture
def writer(monkeypatch):
    writer = Writer()
    monkeypatch.setattr(sequence_cache, "writing", writer)
    return writer


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(sequence_cache, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def test_number_guessed_is_the_last_that_was_seen_or_written(writer):
    guess = sequence_cache.SequenceCache()
    writer.answers = {1: written(5), 2: written(8)}
    guess([post(1, cursor=4), post(2, cursor=7)])
    guess([post(1, cursor=3), post(2, cursor=11)])
    assert writer.guesses == [{1: 4, 2: 7}, {1: 5, 2: 11}]


def test_answer_that_is_late_takes_no_number_back(writer):
    guess = sequence_cache.SequenceCache()
    for seq in (9, 3):
        writer.answers = {1: written(seq, is_repeat=True)}
        guess([post(1)])
    guess([post(1)])
    assert writer.guesses == [{1: 0}, {1: 9}, {1: 9}]


def test_wrong_guess_is_not_made_again_for_a_moment(writer, clock):
    guess = sequence_cache.SequenceCache()
    writer.answers = {1: written(7), 2: written(1)}
    guess([post(1), post(2)])  # another process wrote six into the first conversation
    clock.now += sequence_cache.AGAIN_SECONDS
    guess([post(1), post(2)])
    clock.now += 0.001
    guess([post(1)])
    assert writer.guesses == [{1: 0, 2: 0}, {2: 1}, {1: 7}]


def test_repeat_is_no_wrong_guess(writer, clock):
    guess = sequence_cache.SequenceCache()
    writer.answers = {1: written(2, is_repeat=True)}
    guess([post(1, cursor=6)])
    guess([post(1, cursor=6)])
    assert writer.guesses == [{1: 6}, {1: 6}]


def test_refusal_teaches_nothing(writer, clock):
    guess = sequence_cache.SequenceCache()
    writer.answers = {1: Refusal.CLOSED}
    assert guess([post(1, cursor=6)]) == [Refusal.CLOSED]
    guess([post(1)])
    assert writer.guesses == [{1: 6}, {1: 0}]


def test_crowd_guesses_each_time(writer, clock):
    guess = sequence_cache.SequenceCache()
    writer.answers = {1: written(7)}
    crowd = [post(1)] * CROWD
    guess(crowd)
    guess(crowd)
    guess(crowd[1:])
    assert writer.guesses == [{1: 0}, {1: 7}, {}]


def test_cursor_of_a_client_that_lies_is_no_guess(writer):
    guess = sequence_cache.SequenceCache()
    guess([post(1, cursor=sequence_cache.BELOW), post(2, cursor=sequence_cache.BELOW - 1)])
    assert writer.guesses == [{2: sequence_cache.BELOW - 1}]


def test_lock_that_is_held_holds_up_its_own_conversation_alone(writer, clock):
    guess = sequence_cache.SequenceCache()
    writer.error = OperationalError()
    writer.error.__cause__ = psycopg.errors.LockNotAvailable()
    writer.answers = {1: Refusal.HELD, 2: written(9)}
    assert guess([post(1), post(2)])[0] is Refusal.HELD
    assert writer.free == [2]
    writer.error = None
    guess([post(2)])
    assert writer.guesses[-1] == {2: 9}, "nothing was guessed wrong"


def test_other_errors_are_told(writer):
    writer.error = OperationalError("the database is away")
    with pytest.raises(OperationalError, match="away"):
        sequence_cache.SequenceCache()([post(1)])
    assert writer.free == []


def test_memory_is_bounded(writer, monkeypatch, clock):
    monkeypatch.setattr(sequence_cache, "KEPT", 3)
    guess = sequence_cache.SequenceCache()
    writer.answers = {pk: written(5) for pk in range(1, 5)}
    guess([post(pk) for pk in range(1, 4)])
    clock.now += 1
    guess([post(1)])  # three are kept
    guess([post(4)])
    guess([post(1)])  # four were too many
    assert [one for one in writer.guesses[1:] if one] == [{1: 5}, {4: 0}, {1: 0}]

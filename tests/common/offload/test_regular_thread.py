"""A thread that does one thing again and again goes on after whatever happens in a turn."""

import threading

import pytest
from django.db import DatabaseError

from common.offload.regular_thread import RegularThread


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (DatabaseError, "WARNING|a turn failed and will be tried again (DatabaseError category=other)"),
        (TypeError, "ERROR|an error in a turn; the next ones go on (TypeError)"),
    ],
)
def test_a_turn_that_fails_or_hangs_ends_nothing(caplog, error, told):
    stop, turns = threading.Event(), []

    def turn():
        turns.append(1)
        if len(turns) == 1:
            raise error("texte qui ne doit pas sortir")
        if len(turns) == 3:
            stop.set()

    thread = RegularThread(stop, turn=turn, seconds=0.01, label="tried")
    thread.start()
    thread.join(10)
    assert not thread.is_alive() and len(turns) == 3
    level, words = told.split("|")
    assert [one.levelname for one in caplog.records if words in one.getMessage()] == [level]
    assert "sortir" not in caplog.text

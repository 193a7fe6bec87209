"""Security events are lines that nobody can make many, and that hold nothing of anybody."""

import logging
import threading
import time

import pytest

from reports import events, limits
from reports.events import Event, Window


def test_tell_is_one_line_by_name(told):
    events.tell(Event.SIGN_IN_FAILED, account=12, way="password")
    events.tell(Event.SIGN_IN_FAILED, account=None, way="password")
    assert told() == ["sign_in_failed account=12 way=password", "sign_in_failed account=unknown way=password"]


@pytest.mark.parametrize("sent", ["camille dupont", "é", "a\nevent=sign_in", "", "x" * 121, "a=b"])
def test_tell_what_is_no_word_of_ours_is_not_repeated(told, sent):
    events.tell(Event.FORM_REFUSED, why=sent)
    assert told() == ["form_refused why=unsaid"]


def test_refusals_warn_and_what_people_do_all_day_does_not(caplog):
    with caplog.at_level(logging.INFO):
        for event in Event:
            events.tell(event)
    warned = {one.getMessage() for one in caplog.records if one.levelno == logging.WARNING}
    assert "event=sign_in_failed" in warned and "event=limit_reached" in warned and "event=factor_removed" in warned
    assert "event=sign_in" not in warned and len(caplog.records) == len(Event)


def test_flood_of_one_kind_is_counted(told):
    for _time in range(4_711):
        events.tell(Event.FRAME_REFUSED, line="conversation", why="bad_frame")
    assert len(told()) == events.LINES
    events.tell(Event.FRAME_REFUSED, line="console", why="bad_frame", account=3)
    assert len(told()) == events.LINES + 1, "another kind is told"
    events.flush()
    assert told()[-1] == f"frame_refused line=conversation why=bad_frame times={4_711 - events.LINES} seconds=60"
    events.flush()
    assert len(told()) == events.LINES + 2, "it is told once"


def test_flood_of_many_kinds_stays_bounded(told):
    for account in range(10_000):
        events.tell(Event.SIGN_IN_FAILED, account=account, way="password")
    assert len(told()) == events.EVENT_LINES
    events.flush()
    counted = told()[events.EVENT_LINES :]
    assert len(counted) == events.KINDS + 1
    times = sum(int(line.partition("times=")[2].split()[0]) for line in counted)
    assert times == 10_000 - events.EVENT_LINES and counted[-1].startswith("sign_in_failed others times=")


def test_what_only_its_owner_causes_is_always_told(told):
    for _time in range(200):
        events.tell(Event.SIGN_IN, account=1, way="passkey")
    assert len(told()) == 200


def test_window_tells_at_its_end_without_anybody_coming(told, monkeypatch):
    monkeypatch.setattr(events, "WINDOW_SECONDS", 0.3)
    window = Window()
    for _time in range(20):
        window.tell(Event.SOCKET_REFUSED, "why=origin")
    deadline = time.monotonic() + 10
    while len(told()) == events.LINES and time.monotonic() < deadline:
        time.sleep(0.02)
    assert told()[-1] == f"socket_refused why=origin times={20 - events.LINES} seconds=0.3"
    window.tell(Event.SOCKET_REFUSED, "why=origin")
    assert told()[-1] == "socket_refused why=origin", "the next window is a new one"


def test_many_threads_lose_no_count(told):
    window = Window()

    def flood():
        for _time in range(500):
            window.tell(Event.LIMIT_REACHED, "limit=code")

    threads = [threading.Thread(target=flood) for _each in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    window.close()
    assert told()[-1] == f"limit_reached limit=code times={4_000 - events.LINES} seconds=60"
    assert len(told()) == events.LINES + 1


def test_limit_that_is_reached_is_told_without_whose(told):
    for _time in range(3):
        limits.is_over("feedback:0123456789abcdef", limit=2, seconds=60)
    assert told() == ["limit_reached limit=feedback"]

"""Nobody can cause many lines of security events, and these contain nothing about anybody."""

import logging
import threading
import time

import pytest
from django.db import connection, transaction

from common import rate_limits, security_log
from common.security_log import Event, Window


def test_tell_is_one_line_by_name(told):
    security_log.log(Event.SIGN_IN_FAILED, account=12, way="password")
    security_log.log(Event.SIGN_IN_FAILED, account=None, way="password")
    assert told() == ["sign_in_failed account=12 way=password", "sign_in_failed account=unknown way=password"]


@pytest.mark.parametrize("sent", ["camille dupont", "é", "a\nevent=sign_in", "", "x" * 121, "a=b"])
def test_tell_what_is_no_word_of_ours_is_not_repeated(told, sent):
    security_log.log(Event.FORM_REFUSED, why=sent)
    assert told() == ["form_refused why=unsaid"]


def test_refusals_warn_and_what_people_do_all_day_does_not(caplog):
    with caplog.at_level(logging.INFO):
        for event in Event:
            security_log.log(event)
    warned = {one.getMessage() for one in caplog.records if one.levelno == logging.WARNING}
    assert "event=sign_in_failed" in warned and "event=limit_reached" in warned and "event=factor_removed" in warned
    assert "event=sign_in" not in warned and len(caplog.records) == len(Event)


def test_flood_of_one_kind_is_counted(told):
    for _time in range(4_711):
        security_log.log(Event.FRAME_REFUSED, line="conversation", why="bad_frame")
    assert len(told()) == security_log.LINES
    security_log.log(Event.FRAME_REFUSED, line="console", why="bad_frame", account=3)
    assert len(told()) == security_log.LINES + 1, "another kind is told"
    security_log.flush()
    assert told()[-1] == f"frame_refused line=conversation why=bad_frame times={4_711 - security_log.LINES} seconds=60"
    security_log.flush()
    assert len(told()) == security_log.LINES + 2, "it is told once"


def test_flood_of_many_kinds_stays_bounded(told):
    for account in range(10_000):
        security_log.log(Event.SIGN_IN_FAILED, account=account, way="password")
    assert len(told()) == security_log.EVENT_LINES
    security_log.flush()
    counted = told()[security_log.EVENT_LINES :]
    assert len(counted) == security_log.KINDS + 1
    times = sum(int(line.partition("times=")[2].split()[0]) for line in counted)
    assert times == 10_000 - security_log.EVENT_LINES and counted[-1].startswith("sign_in_failed others times=")


def test_what_only_its_owner_causes_is_always_told(told):
    for _time in range(200):
        security_log.log(Event.SIGN_IN, account=1, way="passkey")
    assert len(told()) == 200


@pytest.mark.django_db(transaction=True)
def test_what_is_undone_is_not_told_and_what_was_tried_is(told):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        security_log.log(Event.PASSWORD_CHANGED, account=1, by=2)
        security_log.log(Event.PROOF_FAILED, account=2, way="code")
        raise ZeroDivisionError
    assert told() == ["proof_failed account=2 way=code"]
    with transaction.atomic():
        security_log.log(Event.PASSWORD_CHANGED, account=1, by=2)
        assert not caught(told)
    assert told("password_changed") == ["password_changed account=1 by=2"]


def caught(told) -> list[str]:
    """Return what is told so far, while a transaction is open."""
    waiting, connection.run_on_commit = connection.run_on_commit, []
    try:
        return told("password_changed")
    finally:
        connection.run_on_commit = waiting


def test_window_tells_at_its_end_without_anybody_coming(told, monkeypatch):
    monkeypatch.setattr(security_log, "WINDOW_SECONDS", 0.3)
    window = Window()
    for _time in range(20):
        window.write_or_hold(Event.SOCKET_REFUSED, "why=origin")
    deadline = time.monotonic() + 10
    while len(told()) == security_log.LINES and time.monotonic() < deadline:
        time.sleep(0.02)
    assert told()[-1] == f"socket_refused why=origin times={20 - security_log.LINES} seconds=0.3"
    window.write_or_hold(Event.SOCKET_REFUSED, "why=origin")
    assert told()[-1] == "socket_refused why=origin", "the next window is a new one"


def test_many_threads_lose_no_count(told):
    window = Window()

    def flood():
        for _time in range(500):
            window.write_or_hold(Event.LIMIT_REACHED, "limit=code")

    threads = [threading.Thread(target=flood) for _each in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    window.close()
    assert told()[-1] == f"limit_reached limit=code times={4_000 - security_log.LINES} seconds=60"
    assert len(told()) == security_log.LINES + 1


def test_limit_that_is_reached_is_told_without_whose(told):
    for _time in range(3):
        rate_limits.is_over("feedback:0123456789abcdef", limit=2, seconds=60)
    assert told() == ["limit_reached limit=feedback"]
